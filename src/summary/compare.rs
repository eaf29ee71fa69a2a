//! Two runs over the same photos, or one run with two choices of regions: where they differ, and how sure that is.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::{bootstrap, class_of, mean, sorted};
use crate::analysis::SampleScore;

/// A run to compare, with the regions that its scores were made from.
#[derive(Clone, Copy, Debug)]
pub struct Side<'a> {
    /// Its samples, each path once.
    pub scores: &'a [SampleScore],
    /// Names of its classifier's classes, by index.
    pub class_names: &'a [String],
}

/// A number of two runs over the samples that have it in both.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Paired {
    /// Samples that have the number in both.
    pub n: usize,
    /// Common samples that have it in the first run only.
    pub only_first: usize,
    /// Common samples that have it in the second run only.
    pub only_second: usize,
    /// Mean of the first run; `None` where `n` is 0.
    pub first: Option<f64>,
    /// Mean of the second run.
    pub second: Option<f64>,
    /// Mean of second less first, sample by sample.
    pub difference: Option<f64>,
    /// The 95 % interval of the difference (percentile bootstrap over the samples' differences); `None` below two samples.
    pub ci: Option<(f64, f64)>,
}

impl Paired {
    fn of(pairs: &[(Option<f64>, Option<f64>)]) -> Self {
        let only = |one: fn(&(Option<f64>, Option<f64>)) -> bool| pairs.iter().filter(|pair| one(pair)).count();
        let (only_first, only_second) =
            (only(|(a, b)| a.is_some() && b.is_none()), only(|(a, b)| a.is_none() && b.is_some()));
        let (first, second): (Vec<f64>, Vec<f64>) = pairs.iter().filter_map(|(a, b)| (*a).zip(*b)).unzip();
        let differences = sorted(first.iter().zip(&second).map(|(a, b)| b - a));
        Self {
            n: differences.len(),
            only_first,
            only_second,
            first: mean(&sorted(first.into_iter())),
            second: mean(&sorted(second.into_iter())),
            difference: mean(&differences),
            ci: bootstrap::interval(&differences),
        }
    }

    /// Whether the interval leaves 0 out.
    pub fn is_clear(&self) -> bool {
        self.ci.is_some_and(|(low, high)| low > 0.0 || high < 0.0)
    }
}

/// A class in two runs.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassDifference {
    /// Name of the class.
    pub class: String,
    /// Samples that both runs have.
    pub common: usize,
    /// Samples that only the first run has.
    pub only_first: usize,
    /// Samples that only the second run has.
    pub only_second: usize,
    /// Mean fits.
    pub fit: Paired,
    /// Accuracies.
    pub accuracy: Paired,
}

/// A sample in two runs.
#[derive(Clone, Debug, PartialEq)]
pub struct SampleDifference {
    /// In the first run.
    pub first: SampleScore,
    /// In the second run; under the same path.
    pub second: SampleScore,
    /// The class that the first run counts it under; `None` for a failed sample without a label.
    pub class: Option<String>,
}

impl SampleDifference {
    /// Fit of the second run less that of the first, where both have one.
    pub fn fit(&self) -> Option<f64> {
        Some(fit(&self.second)? - fit(&self.first)?)
    }
}

/// Two runs side by side.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// In order of their names.
    pub classes: Vec<ClassDifference>,
    /// The same over all samples.
    pub total: ClassDifference,
    /// The samples of both runs, in path order.
    pub samples: Vec<SampleDifference>,
    /// Samples of both runs by path whose photo is not the same; they count as two.
    pub changed: usize,
}

/// Compares two runs over the samples that both have, by path. `is_same` says whether a path names the same photo in both.
pub fn compare(first: Side<'_>, second: Side<'_>, is_same: impl Fn(&str) -> bool) -> Comparison {
    let by_path: BTreeMap<&str, &SampleScore> = second.scores.iter().map(|s| (s.path.as_str(), s)).collect();
    let mut classes: BTreeMap<&str, Group<'_>> = BTreeMap::new();
    let mut total = Group::default();
    let mut matched = std::collections::BTreeSet::new();
    let mut changed = 0;
    for sample in first.scores {
        let class = class_of(sample, first.class_names);
        let mut groups: Vec<&mut Group<'_>> = vec![&mut total];
        groups.extend(class.map(|class| classes.entry(class).or_default()));
        match by_path.get(sample.path.as_str()) {
            Some(other) if is_same(&sample.path) => {
                matched.insert(sample.path.as_str());
                groups.into_iter().for_each(|group| group.common.push((sample, other)));
            }
            other => {
                changed += usize::from(other.is_some());
                groups.into_iter().for_each(|group| group.only_first += 1);
            }
        }
    }
    for sample in second.scores.iter().filter(|s| !matched.contains(s.path.as_str())) {
        total.only_second += 1;
        if let Some(class) = class_of(sample, second.class_names) {
            classes.entry(class).or_default().only_second += 1;
        }
    }
    let mut samples: Vec<SampleDifference> = total
        .common
        .iter()
        .map(|(a, b)| SampleDifference {
            first: (*a).clone(),
            second: (*b).clone(),
            class: class_of(a, first.class_names).map(str::to_owned),
        })
        .collect();
    samples.sort_by(|a, b| a.first.path.cmp(&b.first.path));
    Comparison {
        classes: classes.into_iter().map(|(class, group)| group.difference(class)).collect(),
        total: total.difference("all"),
        samples,
        changed,
    }
}

/// The samples of a class in two runs.
#[derive(Default)]
struct Group<'a> {
    common: Vec<(&'a SampleScore, &'a SampleScore)>,
    only_first: usize,
    only_second: usize,
}

impl Group<'_> {
    fn difference(&self, class: &str) -> ClassDifference {
        let pairs = |number: fn(&SampleScore) -> Option<f64>| {
            let pairs: Vec<_> = self.common.iter().map(|(a, b)| (number(a), number(b))).collect();
            Paired::of(&pairs)
        };
        ClassDifference {
            class: class.to_owned(),
            common: self.common.len(),
            only_first: self.only_first,
            only_second: self.only_second,
            fit: pairs(fit),
            accuracy: pairs(accuracy),
        }
    }
}

fn fit(sample: &SampleScore) -> Option<f64> {
    sample.score?.fit.value()
}

/// 1 where the prediction is right, and 0 where it is wrong.
fn accuracy(sample: &SampleScore) -> Option<f64> {
    Some(if sample.score?.correct? { 1.0 } else { 0.0 })
}

/// What class differences can be sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum DifferenceColumn {
    /// Name of the class.
    Class,
    /// Difference of the fits.
    #[default]
    Fit,
    /// Difference of the accuracies.
    Accuracy,
    /// Samples that both runs have.
    Common,
    /// Samples with a fit in both runs.
    FitBoth,
    /// Samples with a fit in the first run only.
    FitOnlyFirst,
    /// Samples with a fit in the second run only.
    FitOnlySecond,
}

/// Sorts class differences, rising or falling; those without the number come last either way, and equal ones by name.
pub fn sort_differences(rows: &mut [ClassDifference], by: DifferenceColumn, descending: bool) {
    let value = |row: &ClassDifference| match by {
        DifferenceColumn::Class => None,
        DifferenceColumn::Fit => row.fit.difference,
        DifferenceColumn::Accuracy => row.accuracy.difference,
        DifferenceColumn::Common => Some(row.common as f64),
        DifferenceColumn::FitBoth => Some(row.fit.n as f64),
        DifferenceColumn::FitOnlyFirst => Some(row.fit.only_first as f64),
        DifferenceColumn::FitOnlySecond => Some(row.fit.only_second as f64),
    };
    rows.sort_by(|a, b| {
        let names = a.class.cmp(&b.class);
        let order = match (value(a), value(b)) {
            _ if by == DifferenceColumn::Class => return if descending { names.reverse() } else { names },
            (Some(x), Some(y)) => x.total_cmp(&y),
            (Some(_), None) => return Ordering::Less,
            (None, Some(_)) => return Ordering::Greater,
            (None, None) => Ordering::Equal,
        };
        (if descending { order.reverse() } else { order }).then(names)
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::Score;
    use crate::dataset::{ClassId, SampleId};
    use crate::fit::Fit;

    fn sample(path: &str, fit: Option<f64>, correct: bool) -> SampleScore {
        let fit = fit.map_or(Fit::NoRoi, |fit| Fit::Measured { roi: 0, fit, area_share: 0.5 });
        let class = ClassId(0);
        let score =
            Score { predicted: class, confidence: 0.5, target: class, correct: Some(correct), fit, source: None };
        let label = path.split('/').next().map(str::to_owned);
        SampleScore { id: SampleId(0), path: path.into(), label, score: Some(score) }
    }

    fn side(scores: &[SampleScore]) -> Side<'_> {
        Side { scores, class_names: &[] }
    }

    #[test]
    fn differences_are_those_worked_out_by_hand() {
        let first = [
            sample("cat/a", Some(0.25), true),
            sample("cat/b", Some(0.5), true),
            sample("cat/c", None, true),
            sample("cat/gone", Some(0.9), true),
        ];
        let second = [
            sample("cat/a", Some(0.5), false),
            sample("cat/b", Some(1.0), true),
            sample("cat/c", Some(0.1), true),
            sample("dog/new", Some(0.9), true),
        ];
        let found = compare(side(&first), side(&second), |_| true);
        let cat = &found.classes[0];
        assert_eq!((cat.class.as_str(), cat.common, cat.only_first, cat.only_second), ("cat", 3, 1, 0));
        assert_eq!((cat.fit.n, cat.fit.only_first, cat.fit.only_second), (2, 0, 1));
        assert_eq!((cat.fit.first, cat.fit.second), (Some(0.375), Some(0.75)));
        assert_eq!((cat.fit.difference, cat.fit.ci), (Some(0.375), Some((0.25, 0.5))));
        assert!(cat.fit.is_clear());
        assert_eq!((cat.accuracy.n, cat.accuracy.second), (3, Some(2.0 / 3.0)));
        assert!(!cat.accuracy.is_clear());
        assert_eq!((found.classes[1].class.as_str(), found.classes[1].only_second), ("dog", 1));
        assert_eq!(found.classes[1].fit, Paired::of(&[]));
        assert_eq!((found.total.common, found.total.only_first, found.total.only_second), (3, 1, 1));
        assert_eq!(found.samples.iter().map(SampleDifference::fit).collect::<Vec<_>>(), [Some(0.25), Some(0.5), None]);
    }

    #[test]
    fn another_photo_under_the_same_path_is_not_compared() {
        let runs = [sample("cat/a", Some(0.25), true), sample("cat/b", Some(0.5), true)];
        let found = compare(side(&runs), side(&runs), |path| path != "cat/a");
        assert_eq!((found.changed, found.total.common, found.total.only_first, found.total.only_second), (1, 1, 1, 1));
    }

    #[test]
    fn a_run_does_not_differ_from_itself_and_the_order_of_samples_changes_no_bit() {
        let fits = (0..40).map(|i| f64::from(i * 7 % 40) / 41.0);
        let forward: Vec<_> = fits.enumerate().map(|(i, fit)| sample(&format!("a/{i}"), Some(fit), true)).collect();
        let halved: Vec<_> = forward
            .iter()
            .map(|s| sample(&s.path, s.score.and_then(|score| score.fit.value()).map(|fit| fit / 2.0), false))
            .collect();
        let same = compare(side(&forward), side(&forward), |_| true);
        assert_eq!((same.total.fit.difference, same.total.fit.ci), (Some(0.0), Some((0.0, 0.0))));
        let backward: Vec<_> = forward.iter().rev().cloned().collect();
        assert_eq!(compare(side(&forward), side(&halved), |_| true), compare(side(&backward), side(&halved), |_| true));
    }

    #[test]
    fn classes_without_a_difference_come_last_in_both_directions() {
        let first = [sample("a/1", None, true), sample("b/1", Some(0.2), true), sample("c/1", Some(0.9), true)];
        let second = [sample("a/1", None, true), sample("b/1", Some(0.9), true), sample("c/1", Some(0.2), true)];
        let mut rows = compare(side(&first), side(&second), |_| true).classes;
        let names = |rows: &[ClassDifference]| rows.iter().map(|r| r.class.clone()).collect::<String>();
        sort_differences(&mut rows, DifferenceColumn::Fit, false);
        assert_eq!(names(&rows), "cba");
        sort_differences(&mut rows, DifferenceColumn::Fit, true);
        assert_eq!(names(&rows), "bca");
        sort_differences(&mut rows, DifferenceColumn::Class, true);
        assert_eq!(names(&rows), "cba");
    }
}
