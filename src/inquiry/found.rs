//! What the checks of a run found, put together for tables and plots from what is stored of single samples.

use std::collections::BTreeMap;

use super::checks::{FAITHFULNESS, MAP, SANITY};
use super::subset::Case;
use crate::analysis::{Explanation, Outcome, SampleScore};
use crate::dataset::SampleId;
use crate::saliency::{Recipe, SaliencyMap};
use crate::store::{Checked, Result, RunInfo, Store};
use crate::summary::{ClassRow, MeasureMean, MethodMeans, NoRoi, Support, class_means, class_of, class_rows};
use crate::validity::faithfulness::STEPS;
use crate::validity::rank_correlation;
use crate::validity::sanity::{Level, UNMOVED};

/// A class, or all samples, with the mean of each number.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckRow {
    /// Name of the class.
    pub class: String,
    /// The check's columns, and what it has besides.
    pub means: Vec<MeasureMean>,
}

/// What a check found: a row for each class, in order of their names, and one over all samples.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// What the first numbers of a row are.
    pub columns: Vec<&'static str>,
    /// The classes.
    pub classes: Vec<CheckRow>,
    /// All samples.
    pub total: CheckRow,
    /// The numbers of each sample.
    pub samples: BTreeMap<SampleId, Vec<Option<f64>>>,
}

/// Areas under the curves of deletion (lower is better) and insertion (higher is better), and the ROAD score (above 0 is better than
/// the opposite map). Behind them stand the points of the two curves.
const FAITHFULNESS_COLUMNS: [&str; 3] = ["deletion", "insertion", "ROAD"];

/// The points of the curves of deletion and insertion, from no pixel changed to all; `None` where the numbers are not those of a
/// faithfulness.
pub fn curves<T>(numbers: &[T]) -> Option<[&[T]; 2]> {
    let points = numbers.get(FAITHFULNESS_COLUMNS.len()..)?;
    (points.len() == 2 * (STEPS + 1)).then(|| points.split_at(STEPS + 1).into())
}

/// The fits of a run's classes under several methods.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Agreement {
    /// The methods with their settings, as [`Recipe`] writes itself; the run's own first.
    pub methods: Vec<String>,
    /// In order of their names.
    pub classes: Vec<AgreedClass>,
    /// For each two methods the rank correlation of the classes' fits; `None` where too few classes have both.
    pub correlations: Vec<Vec<Option<f64>>>,
}

impl Agreement {
    /// The methods as people call them.
    pub fn names(&self) -> Vec<String> {
        self.methods
            .iter()
            .map(|method| method.parse::<Recipe>().map_or_else(|_| method.clone(), |r| r.brief()))
            .collect()
    }

    /// The same for these methods alone, in their order; those that were not computed are left out.
    #[must_use]
    pub fn of(&self, methods: &[String]) -> Self {
        let places: Vec<usize> =
            methods.iter().filter_map(|m| self.methods.iter().position(|known| known == m)).collect();
        let class = |class: &AgreedClass| AgreedClass {
            class: class.class.clone(),
            rows: places.iter().map(|place| class.rows[*place].clone()).collect(),
        };
        Self {
            methods: places.iter().map(|place| self.methods[*place].clone()).collect(),
            classes: self.classes.iter().map(class).collect(),
            correlations: places.iter().map(|a| places.iter().map(|b| self.correlations[*a][*b]).collect()).collect(),
        }
    }
}

/// A class under several methods.
#[derive(Clone, Debug, PartialEq)]
pub struct AgreedClass {
    /// Its row under each method, in the order of the methods; `None` where no sample was computed by it.
    pub rows: Vec<Option<ClassRow>>,
    /// Its name.
    pub class: String,
}

impl AgreedClass {
    /// Mean fit under each method.
    pub fn fits(&self) -> Vec<Option<f64>> {
        self.rows.iter().map(|row| row.as_ref()?.mean_fit).collect()
    }

    /// Samples that were looked at.
    pub fn samples(&self) -> usize {
        self.rows.iter().flatten().map(|row| row.samples).max().unwrap_or(0)
    }

    /// What the methods say of the class.
    pub fn support(&self) -> Support {
        let means = |row: &ClassRow| MethodMeans { fit: row.mean_fit, lift: row.mean_lift };
        Support { methods: self.rows.iter().flatten().map(means).filter(|means| means.fit.is_some()).collect() }
    }
}

/// All that checks found about a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// Whether maps react to random weights.
    pub sanity: Option<Check>,
    /// Whether the score depends on the salient pixels.
    pub faithfulness: Option<Check>,
    /// Whether methods agree.
    pub agreement: Option<Agreement>,
}

impl Found {
    /// Reads what is stored of a run.
    ///
    /// # Errors
    /// If the project cannot be read.
    pub fn read(store: &Store, run: &RunInfo) -> Result<Self> {
        Self::of(store, run, store.checked(run.id)?)
    }

    /// Puts together what checks found, those of one sample next to each other; what is not about its map as it is now is left out.
    ///
    /// # Errors
    /// If the project cannot be read.
    pub fn of(store: &Store, run: &RunInfo, mut checked: Vec<Checked>) -> Result<Self> {
        let mut ids: Vec<SampleId> = checked.iter().map(|one| one.sample).collect();
        ids.dedup();
        let names = &run.settings.classifier.class_names;
        let cases = store.results_of(run.id, &ids)?.into_iter().filter_map(|result| {
            let Outcome::Measured(measured) = result.outcome else { return None };
            let score = SampleScore { id: result.id, path: result.path, label: result.label, score: result.score };
            Some((score.id, Case { class: class_of(&score, names)?.to_owned(), score, measured: *measured }))
        });
        let cases: BTreeMap<SampleId, Case> = cases.collect();
        let is_current =
            |one: &Checked| cases.get(&one.sample).is_some_and(|case| case.measured.explanation.target == one.class);
        checked.retain(is_current);
        let sanity = check(Level::ALL.map(Level::name).to_vec(), &of_kind(&checked, SANITY), &cases);
        let faithfulness = check(FAITHFULNESS_COLUMNS.to_vec(), &of_kind(&checked, FAITHFULNESS), &cases);
        Ok(Self { sanity, faithfulness, agreement: agreement(&checked, &cases, run) })
    }

    /// Tells each row what several methods say of its class, where that was checked.
    pub fn add_support(&self, rows: &mut [ClassRow]) {
        let classes = self.agreement.iter().flat_map(|agreement| &agreement.classes);
        let support: BTreeMap<&str, Support> = classes.map(|class| (class.class.as_str(), class.support())).collect();
        for row in rows {
            row.support = support.get(row.class.as_str()).cloned();
        }
    }
}

fn of_kind<'a>(checked: &'a [Checked], kind: &str) -> Vec<&'a Checked> {
    checked.iter().filter(|one| one.kind == kind).collect()
}

/// The means over classes and all samples; `None` where nothing was checked.
fn check(columns: Vec<&'static str>, checked: &[&Checked], cases: &BTreeMap<SampleId, Case>) -> Option<Check> {
    let of = |one: &&'_ Checked| Some((cases.get(&one.sample)?.class.as_str(), one.numbers.clone()));
    let numbers: Vec<_> = checked.iter().filter_map(of).collect();
    let named: Vec<_> = numbers.iter().map(|(class, numbers)| (*class, numbers.as_slice())).collect();
    let all: Vec<_> = numbers.iter().map(|(_, numbers)| ("all", numbers.as_slice())).collect();
    let row = |(class, means): (&str, Vec<MeasureMean>)| CheckRow { class: class.to_owned(), means };
    let total = class_means(&all).into_iter().map(row).next()?;
    let samples = checked.iter().map(|one| (one.sample, one.numbers.clone())).collect();
    Some(Check { columns, classes: class_means(&named).into_iter().map(row).collect(), total, samples })
}

/// The levels of a sanity check at which the maps stay much the same, each with the mean rank correlation.
pub fn unmoved(check: &Check) -> Vec<(&'static str, f64)> {
    let means = check.columns.iter().zip(&check.total.means);
    means.filter_map(|(level, mean)| Some((*level, mean.mean.filter(|mean| *mean >= UNMOVED)?))).collect()
}

/// The classes under the run's own method and all that others were computed by; `None` where there are none.
fn agreement(checked: &[Checked], cases: &BTreeMap<SampleId, Case>, run: &RunInfo) -> Option<Agreement> {
    let mut by_method: BTreeMap<&str, Vec<Case>> = BTreeMap::new();
    let mut own: BTreeMap<SampleId, &Case> = BTreeMap::new();
    for one in checked {
        let (Some(method), Some(case)) = (one.kind.strip_prefix(MAP), cases.get(&one.sample)) else { continue };
        let Some(map) = map(&one.numbers) else { continue };
        own.insert(one.sample, case);
        by_method.entry(method).or_default().push(case.with_map(map));
    }
    if by_method.is_empty() {
        return None;
    }
    let own: Vec<Case> = own.into_values().cloned().collect();
    let of_run = run.settings.method.as_str();
    let others = by_method.iter().filter(|(method, _)| **method != of_run);
    let columns: Vec<(&str, &[Case])> =
        std::iter::once((of_run, own.as_slice())).chain(others.map(|(method, cases)| (*method, &cases[..]))).collect();
    let names = &run.settings.classifier.class_names;
    let rows: Vec<Vec<ClassRow>> = columns
        .iter()
        .map(|(_, cases)| {
            let scores: Vec<_> = cases.iter().map(|case| case.score.clone()).collect();
            class_rows(&scores, names, NoRoi::Exclude)
        })
        .collect();
    let of_class = |class: &ClassRow| AgreedClass {
        class: class.class.clone(),
        rows: rows.iter().map(|rows| rows.iter().find(|row| row.class == class.class).cloned()).collect(),
    };
    let classes: Vec<AgreedClass> = rows[0].iter().map(of_class).collect();
    let fits = |method: usize| classes.iter().map(|class| class.fits()[method]).collect();
    let lists: Vec<Vec<Option<f64>>> = (0..columns.len()).map(fits).collect();
    let methods = columns.iter().map(|(method, _)| (*method).to_owned()).collect();
    Some(Agreement { methods, classes, correlations: rank_correlations(&lists) })
}

/// A map from its sides and values.
fn map(numbers: &[Option<f64>]) -> Option<SaliencyMap> {
    let [Some(height), Some(width), values @ ..] = numbers else { return None };
    let (height, width) = (*height as usize, *width as usize);
    let values: Vec<f32> = values.iter().map(|value| value.unwrap_or(0.0) as f32).collect();
    let is_whole = height > 0 && width > 0 && height.checked_mul(width) == Some(values.len());
    is_whole.then(|| SaliencyMap::from_values(height, width, values))
}

/// Rank correlations between lists of numbers about the same classes; classes that lack a number in one of the two are left out.
fn rank_correlations(lists: &[Vec<Option<f64>>]) -> Vec<Vec<Option<f64>>> {
    let between = |a: &Vec<Option<f64>>, b: &Vec<Option<f64>>| {
        let (a, b): (Vec<f64>, Vec<f64>) = a.iter().zip(b).filter_map(|(a, b)| Some(((*a)?, (*b)?))).unzip();
        rank_correlation(&a, &b)
    };
    lists.iter().map(|a| lists.iter().map(|b| between(a, b)).collect()).collect()
}

impl Case {
    /// The sample's numbers on another map.
    fn with_map(&self, map: SaliencyMap) -> Self {
        let measured = self.measured.with_explanation(Explanation { map, ..self.measured.explanation.clone() });
        let mut score = self.score.clone();
        if let Some(score) = &mut score.score {
            score.fit = measured.fit;
        }
        Self { class: self.class.clone(), score, measured }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn correlations_leave_out_classes_without_a_number() {
        let lists = [vec![Some(1.0), Some(2.0), None, Some(3.0)], vec![Some(3.0), Some(2.0), Some(9.0), Some(1.0)]];
        assert_eq!(rank_correlations(&lists), [[Some(1.0), Some(-1.0)], [Some(-1.0), Some(1.0)]]);
    }

    #[test]
    fn a_level_at_which_the_maps_stay_is_told() {
        let mean = |mean| MeasureMean { n: 2, mean: Some(mean), ci: None };
        let total = CheckRow { class: "all".into(), means: vec![mean(0.9), mean(0.1)] };
        let columns = vec!["last layer", "everything"];
        let check = Check { columns, classes: Vec::new(), total, samples: BTreeMap::new() };
        assert_eq!(unmoved(&check), [("last layer", 0.9)]);
    }

    #[test]
    fn a_map_of_another_size_than_said_is_none() {
        assert!(map(&[Some(1.0), Some(2.0), Some(0.5), Some(1.0)]).is_some_and(|map| map.width() == 2));
        assert!(map(&[Some(2.0), Some(2.0), Some(0.5), Some(1.0)]).is_none() && map(&[]).is_none());
    }

    #[test]
    fn the_points_of_both_curves_stand_behind_the_three_numbers() {
        let numbers: Vec<usize> = (0..3 + 2 * (STEPS + 1)).collect();
        let [deletion, insertion] = curves(&numbers).expect("all there");
        assert_eq!((deletion[0], insertion[0], insertion.last()), (3, STEPS + 4, numbers.last()));
        assert!(curves(&numbers[1..]).is_none());
    }
}
