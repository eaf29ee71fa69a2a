//! Class rows: what the samples of a class have in common.
//!
//! Comes in: [`SampleScore`]s. Goes out: a [`ClassRow`] for each class, and what about it a person should look at. May not
//! live here: networks, storage, text formats.
//!
//! No number depends on the order of the samples: values are sorted before they are added.

mod bootstrap;
mod compare;
mod confusion;
#[cfg(test)]
mod fixture;
mod measures;
mod sort;
mod sources;
mod spread;
mod support;

use std::collections::BTreeMap;

pub use compare::{
    ClassDifference, Comparison, DifferenceColumn, Paired, SampleDifference, Side, compare, sort_differences,
};
pub use confusion::{Confusion, confusions};
pub use measures::{
    ChosenMean, ChosenMeans, MeasureMean, MeasureRow, SampleMeasures, class_means, measure_rows, sample_measures,
};
pub use sort::{SortKey, sort_rows, sort_rows_by};
pub use sources::FitSources;
pub use spread::{BINS, Spread};
pub use support::{MethodMeans, Support};

use crate::analysis::{SampleScore, Score};
use crate::fit::UNINFORMATIVE_AREA_SHARE;
use crate::verdict::{Judgement, Subject, Verdict};

/// What a sample without a region adds to the mean fit of its class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NoRoi {
    /// Nothing: the mean is over the samples with a region.
    #[default]
    Exclude,
    /// A fit of 0.
    Zero,
}

/// A class of the data set: a label, or for samples without labels a predicted class.
///
/// A mean is `None` where there is nothing to average.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassRow {
    /// Name of the class.
    pub class: String,
    /// Samples that were looked at, the failed ones included.
    pub samples: usize,
    /// Samples that could not be used.
    pub failed: usize,
    /// Samples with a region inside the view.
    pub with_roi: usize,
    /// Share of the usable samples with a region inside the view.
    pub coverage: Option<f64>,
    /// Mean fit, with samples without a region counted as [`NoRoi`] said.
    pub mean_fit: Option<f64>,
    /// The 95 % interval of `mean_fit` (percentile bootstrap); `None` below two values.
    pub ci: Option<(f64, f64)>,
    /// Mean fit with samples without a region counted as 0.
    pub mean_fit_zero: Option<f64>,
    /// Mean of fit over area share.
    pub mean_lift: Option<f64>,
    /// Mean share of the view that the best region covers.
    pub mean_area_share: Option<f64>,
    /// Mean probability of the predicted class.
    pub mean_confidence: Option<f64>,
    /// Share of the usable samples whose predicted class counts as the label; `None` without labels that the classifier knows.
    pub accuracy: Option<f64>,
    /// Samples whose best region covers nearly the whole view, so that its fit says nothing.
    pub uninformative: usize,
    /// How the fits of the samples with a region are spread.
    pub spread: Spread,
    /// Mean of the measure that was chosen beside the fit; see [`ChosenMeans`].
    pub measure: Option<ChosenMean>,
    /// Whose regions the fits are of.
    pub sources: FitSources,
    /// What several methods say of the class, where that was checked.
    pub support: Option<Support>,
    /// What a reviewer decided about the class; see [`add_verdicts`].
    pub judgement: Option<Judgement>,
}

/// The class that a sample is counted under: its label, or without one the predicted class, named from `class_names`; `None`
/// for a failed sample without a label.
pub fn class_of<'a>(sample: &'a SampleScore, class_names: &'a [String]) -> Option<&'a str> {
    class_by(sample.label.as_deref(), sample.score.as_ref(), class_names)
}

/// The class that a sample with this label and score is counted under, by the rule of [`class_of`].
pub fn class_by<'a>(label: Option<&'a str>, score: Option<&Score>, class_names: &'a [String]) -> Option<&'a str> {
    label.or_else(|| class_names.get(score?.predicted.0).map(String::as_str))
}

/// The classes of `scores`, in order of their names. Samples without a label are counted under the predicted class, named
/// from `class_names`; those of them that failed have no class and are in no row.
pub fn class_rows(scores: &[SampleScore], class_names: &[String], no_roi: NoRoi) -> Vec<ClassRow> {
    let mut classes: BTreeMap<&str, Vec<Option<&Score>>> = BTreeMap::new();
    for sample in scores {
        if let Some(class) = class_of(sample, class_names) {
            classes.entry(class).or_default().push(sample.score.as_ref());
        }
    }
    classes.into_iter().map(|(class, scores)| class_row(class, &scores, no_roi)).collect()
}

/// One row over all of `scores`, the failed ones included, under the name `class`.
pub fn total_row(class: &str, scores: &[SampleScore], no_roi: NoRoi) -> ClassRow {
    let scores: Vec<_> = scores.iter().map(|s| s.score.as_ref()).collect();
    class_row(class, &scores, no_roi)
}

fn class_row(class: &str, scores: &[Option<&Score>], no_roi: NoRoi) -> ClassRow {
    let usable: Vec<&Score> = scores.iter().copied().flatten().collect();
    let without_roi = usable.iter().filter(|s| s.fit.lacks_roi()).count();
    let with_roi = usable.len() - without_roi;
    let fits = sorted(usable.iter().filter_map(|s| s.fit.value()));
    let mut fits_zero = vec![0.0; without_roi];
    fits_zero.extend_from_slice(&fits);
    let (mean_fit, mean_fit_zero) = (mean(&fits), mean(&fits_zero));
    let (mean_fit, ci) = match no_roi {
        NoRoi::Exclude => (mean_fit, bootstrap::interval(&fits)),
        NoRoi::Zero => (mean_fit_zero, bootstrap::interval(&fits_zero)),
    };
    let area_shares = sorted(usable.iter().filter_map(|s| s.fit.area_share()));
    let judged: Vec<bool> = usable.iter().filter_map(|s| s.correct).collect();
    ClassRow {
        class: class.to_owned(),
        samples: scores.len(),
        failed: scores.len() - usable.len(),
        with_roi,
        coverage: share(with_roi, usable.len()),
        mean_fit,
        ci,
        mean_fit_zero,
        mean_lift: mean(&sorted(usable.iter().filter_map(|s| s.fit.lift()))),
        mean_area_share: mean(&area_shares),
        mean_confidence: mean(&sorted(usable.iter().map(|s| f64::from(s.confidence)))),
        accuracy: share(judged.iter().filter(|c| **c).count(), judged.len()),
        uninformative: area_shares.iter().filter(|a| **a >= UNINFORMATIVE_AREA_SHARE).count(),
        spread: Spread::of(&fits),
        measure: None,
        sources: FitSources::of(usable.iter().filter_map(|s| s.source)),
        support: None,
        judgement: None,
    }
}

/// Puts into each row what was decided about its class, and takes out what is not in `verdicts`.
pub fn add_verdicts<'a>(rows: &mut [ClassRow], verdicts: impl IntoIterator<Item = (&'a Subject, &'a Judgement)>) {
    let of_class = |(subject, judgement): (&'a Subject, &'a Judgement)| match subject {
        Subject::Class(class) => Some((class.as_str(), judgement)),
        Subject::Sample(_) => None,
    };
    let given: BTreeMap<&str, &Judgement> = verdicts.into_iter().filter_map(of_class).collect();
    for row in rows {
        row.judgement = given.get(row.class.as_str()).map(|judgement| (*judgement).clone());
    }
}

fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

fn share(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// What class rows can be sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the fields of ClassRow")]
pub enum ClassColumn {
    Class,
    Samples,
    Failed,
    WithRoi,
    Coverage,
    Fit,
    FitZero,
    Lift,
    AreaShare,
    Confidence,
    Accuracy,
    Uninformative,
    Spread,
    Measure,
    Sources,
    Verdict,
}

impl ClassColumn {
    /// The number of a row in this column; `None` for a missing mean, for the name, and without a verdict.
    pub fn value(self, row: &ClassRow) -> Option<f64> {
        match self {
            Self::Class => None,
            Self::Samples => Some(row.samples as f64),
            Self::Failed => Some(row.failed as f64),
            Self::WithRoi => Some(row.with_roi as f64),
            Self::Coverage => row.coverage,
            Self::Fit => row.mean_fit,
            Self::FitZero => row.mean_fit_zero,
            Self::Lift => row.mean_lift,
            Self::AreaShare => row.mean_area_share,
            Self::Confidence => row.mean_confidence,
            Self::Accuracy => row.accuracy,
            Self::Uninformative => Some(row.uninformative as f64),
            Self::Spread => row.spread.deviation,
            Self::Measure => row.measure?.mean.mean,
            Self::Sources => row.sources.share_of_others(),
            Self::Verdict => place(row.judgement.as_ref()?.verdict),
        }
    }
}

/// A verdict's place in [`Verdict::ALL`].
fn place(verdict: Verdict) -> Option<f64> {
    Verdict::ALL.iter().position(|v| *v == verdict).map(|place| place as f64)
}

/// Why a person should look at a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Finding {
    /// Recognised well enough although the saliency is elsewhere: the network may go by something other than the object.
    Suspect,
    /// Few samples have a region: the class has no object, or the detector does not know it.
    NoObject,
    /// In most samples the region covers nearly the whole view, so that the fit says nothing.
    LargeRegions,
}

/// Where the line between usual and remarkable is drawn; all are shares except the lift.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Thresholds {
    /// A fit below this is low.
    pub fit: f64,
    /// A lift below this is low.
    pub lift: f64,
    /// An accuracy of at least this is high.
    pub accuracy: f64,
    /// A coverage of at least this is enough.
    pub coverage: f64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self { fit: 0.5, lift: 1.0, accuracy: 0.5, coverage: 0.5 }
    }
}

/// What is remarkable about a class. A class whose accuracy is unknown counts as recognised. Where several methods were asked, a class
/// is only suspect if more than one of them calls it low.
pub fn findings(row: &ClassRow, lines: &Thresholds) -> Vec<Finding> {
    let mut found = Vec::new();
    let covered = row.coverage.is_some_and(|c| c >= lines.coverage);
    let low = MethodMeans { fit: row.mean_fit, lift: row.mean_lift }.is_low(lines);
    let alone = row.support.as_ref().is_some_and(|support| support.is_alone(lines));
    if covered && low && !alone && row.accuracy.is_none_or(|a| a >= lines.accuracy) {
        found.push(Finding::Suspect);
    }
    if row.coverage.is_some() && !covered {
        found.push(Finding::NoObject);
    }
    if row.with_roi > 0 && 2 * row.uninformative > row.with_roi {
        found.push(Finding::LargeRegions);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::{ClassId, SampleId};
    use crate::fit::Fit;

    fn sample(label: Option<&str>, score: Option<Score>) -> SampleScore {
        SampleScore { id: SampleId(0), path: "a.jpg".into(), label: label.map(Into::into), score }
    }

    fn score(fit: Fit, correct: Option<bool>) -> Option<Score> {
        Some(Score { predicted: ClassId(1), confidence: 0.5, target: ClassId(1), correct, fit, source: None })
    }

    fn measured(fit: f64, area_share: f64) -> Fit {
        Fit::Measured { roi: 0, fit, area_share }
    }

    #[test]
    fn a_row_holds_the_means_worked_out_by_hand() {
        let scores = [
            sample(Some("bird"), score(measured(0.25, 0.5), Some(true))),
            sample(Some("bird"), score(measured(0.75, 0.5), Some(true))),
            sample(Some("bird"), score(Fit::NoRoi, Some(false))),
            sample(Some("bird"), score(Fit::FlatMap, Some(true))),
            sample(Some("bird"), None),
        ];
        let rows = class_rows(&scores, &[], NoRoi::Exclude);
        assert_eq!(rows.len(), 1);
        let row = &rows[0];
        assert_eq!((row.samples, row.failed, row.with_roi), (5, 1, 3));
        assert_eq!(row.coverage, Some(0.75));
        assert_eq!(row.mean_fit, Some(0.5));
        assert_eq!(row.mean_fit_zero, Some(1.0 / 3.0));
        assert_eq!(row.mean_lift, Some(1.0));
        assert_eq!(row.mean_area_share, Some(0.5));
        assert_eq!(row.mean_confidence, Some(0.5));
        assert_eq!(row.accuracy, Some(0.75));
        assert_eq!(row.ci, Some((0.25, 0.75)));
        assert_eq!(row.spread.bins, [0, 0, 1, 0, 0, 0, 0, 1, 0, 0]);
    }

    #[test]
    fn a_verdict_is_put_into_the_row_of_its_class_and_taken_out_again() {
        let scores = [sample(Some("a"), score(Fit::NoRoi, None)), sample(Some("b"), score(Fit::NoRoi, None))];
        let mut rows = class_rows(&scores, &[], NoRoi::Exclude);
        let judgement = Judgement { verdict: Verdict::NoObject, note: "a sky".into() };
        let given =
            [(Subject::Class("b".into()), judgement.clone()), (Subject::Sample(SampleId(0)), judgement.clone())];
        add_verdicts(&mut rows, given.iter().map(|(s, j)| (s, j)));
        assert_eq!((rows[0].judgement.as_ref(), rows[1].judgement.as_ref()), (None, Some(&judgement)));
        assert_eq!(ClassColumn::Verdict.value(&rows[1]), Some(2.0));
        add_verdicts(&mut rows, []);
        assert_eq!(rows[1].judgement, None);
    }

    #[test]
    fn counting_no_roi_as_zero_changes_the_mean_and_its_interval() {
        let scores =
            [sample(Some("alp"), score(measured(1.0, 0.5), None)), sample(Some("alp"), score(Fit::NoRoi, None))];
        let row = &class_rows(&scores, &[], NoRoi::Zero)[0];
        assert_eq!((row.mean_fit, row.ci), (Some(0.5), Some((0.0, 1.0))));
        assert_eq!(row.accuracy, None);
    }

    #[test]
    fn samples_without_labels_are_counted_under_the_predicted_class() {
        let scores = [sample(None, score(Fit::NoRoi, None)), sample(None, None)];
        let rows = class_rows(&scores, &["zero".into(), "one".into()], NoRoi::Exclude);
        assert_eq!(rows.iter().map(|r| (r.class.as_str(), r.samples)).collect::<Vec<_>>(), [("one", 1)]);
        assert_eq!(rows[0].mean_fit, None);
        let total = total_row("all", &scores, NoRoi::Exclude);
        assert_eq!((total.samples, total.failed), (2, 1));
    }

    #[test]
    fn the_order_of_samples_changes_no_bit() {
        let fits: Vec<f64> = (0..50).map(|i| f64::from(i * 37 % 50) / 49.0 + 1e-9 / f64::from(i + 1)).collect();
        let forward: Vec<_> = fits.iter().map(|f| sample(Some("a"), score(measured(*f, 0.3), None))).collect();
        let backward: Vec<_> = forward.iter().rev().cloned().collect();
        assert_eq!(class_rows(&forward, &[], NoRoi::Exclude), class_rows(&backward, &[], NoRoi::Exclude));
    }

    #[test]
    fn low_fit_is_suspect_only_where_the_class_is_recognised_and_covered() {
        let lines = Thresholds::default();
        let row =
            |fit, correct| class_rows(&[sample(Some("a"), score(fit, Some(correct)))], &[], NoRoi::Exclude).remove(0);
        assert_eq!(findings(&row(measured(0.2, 0.1), true), &lines), [Finding::Suspect]);
        let by = |fit| MethodMeans { fit: Some(fit), lift: None };
        for (others, expected) in [([0.9, 0.8], vec![]), ([0.9, 0.3], vec![Finding::Suspect])] {
            let methods = [0.2].into_iter().chain(others).map(by).collect();
            let row = ClassRow { support: Some(Support { methods }), ..row(measured(0.2, 0.1), true) };
            assert_eq!(findings(&row, &lines), expected, "low under one method alone says little");
        }
        assert_eq!(findings(&row(measured(0.2, 0.1), false), &lines), []);
        assert_eq!(findings(&row(measured(0.8, 0.4), true), &lines), []);
        assert_eq!(findings(&row(Fit::NoRoi, true), &lines), [Finding::NoObject]);
        assert_eq!(findings(&row(measured(0.99, 0.95), true), &lines), [Finding::LargeRegions]);
    }
}
