//! Localisation measures by class, and what they have beyond maps that know nothing of the network.

use std::collections::BTreeMap;

use super::{ClassRow, bootstrap, mean, sorted};
use crate::analysis::Measured;
use crate::dataset::SampleId;
use crate::measure::{Baseline, Measure, MeasureChoice, WithBaselines, measures};

/// The measures of one sample.
#[derive(Clone, Debug, PartialEq)]
pub struct SampleMeasures {
    /// The sample.
    pub id: SampleId,
    /// The class that it is counted under.
    pub class: String,
    /// Of the regions that its fit is of.
    pub measures: WithBaselines,
}

/// The measures of the regions that a sample's fit is of; `None` where it has no fit.
pub fn sample_measures(measured: &Measured) -> Option<WithBaselines> {
    let rois = measured.fitted();
    if rois.is_empty() {
        return None;
    }
    measures(&measured.explanation.map, measured.explanation.view, &rois)
}

/// A mean with its number of values and 95 % interval (percentile bootstrap).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MeasureMean {
    /// Number of samples that have the measure.
    pub n: usize,
    /// `None` where none has.
    pub mean: Option<f64>,
    /// `None` below two values.
    pub ci: Option<(f64, f64)>,
}

/// The mean of a measure that was chosen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChosenMean {
    /// The measure.
    pub choice: MeasureChoice,
    /// Its mean.
    pub mean: MeasureMean,
}

impl ChosenMean {
    /// The mean in words.
    pub fn text(&self) -> String {
        self.mean.mean.map_or_else(|| "–".to_owned(), |mean| self.choice.text(mean))
    }
}

/// The measures of a class, in the order of [`Measure::ALL`].
#[derive(Clone, Debug, PartialEq)]
pub struct MeasureRow {
    /// Name of the class.
    pub class: String,
    /// One for each measure.
    pub means: [MeasureMean; Measure::ALL.len()],
}

impl MeasureMean {
    /// The mean of some values; no bit of it depends on their order.
    fn of(values: impl Iterator<Item = f64>) -> Self {
        let values = sorted(values);
        Self { n: values.len(), mean: mean(&values), ci: bootstrap::interval(&values) }
    }
}

/// For each class, in order of their names, the mean of each number of its samples, which are given with their classes; all samples
/// have as many.
pub fn class_means<'a>(samples: &[(&'a str, &[Option<f64>])]) -> Vec<(&'a str, Vec<MeasureMean>)> {
    let mut classes: BTreeMap<&str, Vec<&[Option<f64>]>> = BTreeMap::new();
    for (class, values) in samples {
        classes.entry(class).or_default().push(values);
    }
    let means = |samples: &[&[Option<f64>]]| {
        let columns = samples.iter().map(|values| values.len()).min().unwrap_or(0);
        (0..columns).map(|i| MeasureMean::of(samples.iter().filter_map(|values| values[i]))).collect()
    };
    classes.into_iter().map(|(class, samples)| (class, means(&samples))).collect()
}

/// A row for each class, in order of their names; of each measure what it has beyond a baseline, where one is given.
pub fn measure_rows(samples: &[SampleMeasures], minus: Option<Baseline>) -> Vec<MeasureRow> {
    let row = |(class, samples): (&str, Vec<&SampleMeasures>)| {
        let means = Measure::ALL.map(|measure| mean_of(&samples, MeasureChoice { measure, minus }).mean);
        MeasureRow { class: class.to_owned(), means }
    };
    by_class(samples).into_iter().map(row).collect()
}

/// A measure's means over the classes of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct ChosenMeans {
    choice: MeasureChoice,
    classes: BTreeMap<String, ChosenMean>,
    total: ChosenMean,
}

impl ChosenMeans {
    /// The means over the samples of each class, and over all of them.
    pub fn of(choice: MeasureChoice, samples: &[SampleMeasures]) -> Self {
        let mean = |(class, samples): (&str, Vec<&SampleMeasures>)| (class.to_owned(), mean_of(&samples, choice));
        Self {
            choice,
            classes: by_class(samples).into_iter().map(mean).collect(),
            total: mean_of(&samples.iter().collect::<Vec<_>>(), choice),
        }
    }

    /// The measure.
    pub fn choice(&self) -> MeasureChoice {
        self.choice
    }

    /// Over all samples.
    pub fn total(&self) -> &ChosenMean {
        &self.total
    }

    /// Puts into each row the mean of its class; a class without a measured sample has one of no values.
    pub fn add_to(&self, rows: &mut [ClassRow]) {
        for row in rows {
            let none = || ChosenMean { choice: self.choice, mean: MeasureMean { n: 0, mean: None, ci: None } };
            row.measure = Some(self.classes.get(&row.class).copied().unwrap_or_else(none));
        }
    }
}

fn by_class(samples: &[SampleMeasures]) -> BTreeMap<&str, Vec<&SampleMeasures>> {
    let mut classes: BTreeMap<&str, Vec<&SampleMeasures>> = BTreeMap::new();
    for sample in samples {
        classes.entry(&sample.class).or_default().push(sample);
    }
    classes
}

fn mean_of(samples: &[&SampleMeasures], choice: MeasureChoice) -> ChosenMean {
    ChosenMean { choice, mean: MeasureMean::of(samples.iter().filter_map(|sample| sample.measures.get(choice))) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Measures;
    use crate::summary::{ClassColumn, NoRoi, SortKey, class_rows, fixture, sort_rows_by};

    fn sample(class: &str, fit: Option<f64>, uniform: f64) -> SampleMeasures {
        let of = |fit| Measures::default().with(Measure::Fit, fit);
        let measures = WithBaselines { map: of(fit), baselines: [of(None), of(Some(uniform))] };
        SampleMeasures { id: SampleId(0), class: class.into(), measures }
    }

    #[test]
    fn each_column_has_its_own_mean_and_number_of_values() {
        let samples: [(&str, &[Option<f64>]); 3] =
            [("b", &[Some(1.0), None]), ("a", &[Some(4.0), Some(2.0)]), ("b", &[Some(2.0), Some(0.5)])];
        let means = class_means(&samples);
        let numbers = |i: usize| means[i].1.iter().map(|m| (m.n, m.mean)).collect::<Vec<_>>();
        assert_eq!((means[0].0, means[1].0), ("a", "b"));
        assert_eq!(numbers(0), [(1, Some(4.0)), (1, Some(2.0))]);
        assert_eq!(numbers(1), [(2, Some(1.5)), (1, Some(0.5))]);
    }

    #[test]
    fn means_and_differences_are_those_worked_out_by_hand() {
        let samples = [sample("b", Some(0.5), 0.25), sample("b", Some(0.75), 0.25), sample("a", None, 0.5)];
        let rows = measure_rows(&samples, None);
        assert_eq!(rows.iter().map(|r| r.class.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(rows[0].means[0], MeasureMean { n: 0, mean: None, ci: None });
        assert_eq!(rows[1].means[0], MeasureMean { n: 2, mean: Some(0.625), ci: Some((0.5, 0.75)) });
        assert_eq!(measure_rows(&samples, Some(Baseline::Uniform))[1].means[0].mean, Some(0.375));
        // A difference needs both sides.
        assert_eq!(measure_rows(&samples, Some(Baseline::Centre))[1].means[0].n, 0);
    }

    #[test]
    fn the_chosen_measure_stands_in_the_class_rows_and_sorts_them() {
        let scores = [fixture::sample("a", Some(0.1)), fixture::sample("b", Some(0.2)), fixture::sample("c", None)];
        let mut rows = class_rows(&scores, &[], NoRoi::Exclude);
        let samples = [sample("a", Some(0.75), 0.25), sample("b", Some(0.5), 0.25)];
        let choice = MeasureChoice { measure: Measure::Fit, minus: Some(Baseline::Uniform) };
        let means = ChosenMeans::of(choice, &samples);
        means.add_to(&mut rows);
        sort_rows_by(&mut rows, &[SortKey { column: ClassColumn::Measure, descending: false }]);
        let shown: Vec<_> = rows.iter().map(|r| (r.class.as_str(), r.measure.and_then(|m| m.mean.mean))).collect();
        assert_eq!(shown, [("b", Some(0.25)), ("a", Some(0.5)), ("c", None)]);
        assert_eq!((means.total().mean.n, means.total().mean.mean), (2, Some(0.375)));
        assert_eq!(rows[2].measure.map(|measure| measure.mean.n), Some(0));
    }
}
