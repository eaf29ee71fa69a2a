//! Whether the maps of a run are about its network: the sanity check and the faithfulness of [`crate::validity`], over some of
//! its samples.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow};

use super::networks::Networks;
use super::subset::Case;
use crate::analysis::{Target, explain, input_batch};
use crate::classifier::Classifier;
use crate::geometry::Size;
use crate::preprocess::NetworkInput;
use crate::run::photo;
use crate::saliency::{Method, Recipe, SaliencyMap, Subject};
use crate::store::RunSettings;
use crate::summary::{MeasureMean, class_means};
use crate::validity::faithfulness::Question;
use crate::validity::rank_correlation;
use crate::validity::sanity::{Level, UNMOVED, agreement, randomised};

/// Where the random weights start.
const SEED: u64 = 1;

/// What is told while a check goes on, and asked whether it shall.
pub struct Watch<'a> {
    /// How many of how many samples are done.
    pub progress: &'a mut dyn FnMut(usize, usize),
    /// Whether somebody wants it to end.
    pub cancelled: &'a dyn Fn() -> bool,
}

/// A class, or the whole run, with the mean of each number.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckRow {
    /// Name of the class.
    pub class: String,
    /// In the order of the check's columns.
    pub means: Vec<MeasureMean>,
}

/// What a check found: a row for each class, in order of their names, and one over all samples.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// What the numbers are.
    pub columns: Vec<&'static str>,
    /// The classes.
    pub classes: Vec<CheckRow>,
    /// All samples.
    pub total: CheckRow,
}

/// The columns of the faithfulness: areas under the curves of deletion (lower is better) and insertion (higher is better), and the
/// ROAD score (above 0 is better than the opposite map).
const FAITHFULNESS: [&str; 3] = ["deletion", "insertion", "ROAD"];

/// For each level of randomisation the mean rank correlation between a sample's map and the one with random weights.
///
/// # Errors
/// If the classifier cannot be loaded, a photo cannot be read, or somebody cancels.
pub fn sanity(
    networks: &Networks,
    run: &RunSettings,
    root: &Path,
    cases: &[Case],
    watch: &mut Watch<'_>,
) -> Result<Check> {
    let classifier = networks.of_run(run)?;
    let recipe = run.recipe()?;
    let others = Level::ALL.map(|level| randomised(&classifier, level, SEED));
    let others = others.into_iter().collect::<Result<Vec<_>, _>>()?;
    let values = each(cases, watch, |case, cancelled| {
        let input = input_batch(&[prepared(&classifier, root, case)?.0])?;
        let features = classifier.features(&input)?;
        let targets = [case.measured.explanation.target];
        let subject = Subject { input: &input, features: &features, targets: &targets };
        let of = |other: &Classifier| agreement(&classifier, other, &subject, &recipe, cancelled).map(|found| found[0]);
        Ok(others.iter().map(of).collect::<Result<Vec<_>, _>>()?)
    })?;
    Ok(check(Level::ALL.map(Level::name).to_vec(), cases, &values))
}

/// The levels of a sanity check at which the maps stay much the same, each with the mean rank correlation.
pub fn unmoved(check: &Check) -> Vec<(&'static str, f64)> {
    let means = check.columns.iter().zip(&check.total.means);
    means.filter_map(|(level, mean)| Some((*level, mean.mean.filter(|mean| *mean >= UNMOVED)?))).collect()
}

/// Deletion, insertion and ROAD of the run's own maps.
///
/// # Errors
/// As [`sanity`].
pub fn faithfulness(
    networks: &Networks,
    run: &RunSettings,
    root: &Path,
    cases: &[Case],
    watch: &mut Watch<'_>,
) -> Result<Check> {
    let classifier = networks.of_run(run)?;
    let batch = Recipe::new(Method::GradCam).batch;
    let values = each(cases, watch, |case, cancelled| {
        let input = input_batch(&[prepared(&classifier, root, case)?.0])?;
        let (map, class) = (&case.measured.explanation.map, case.measured.explanation.target);
        let question = Question { classifier: &classifier, input: &input, map, class, batch };
        let deletion = question.deletion(cancelled)?.area();
        let insertion = question.insertion(cancelled)?.area();
        Ok(vec![Some(deletion), Some(insertion), Some(question.road(cancelled)?)])
    })?;
    Ok(check(FAITHFULNESS.to_vec(), cases, &values))
}

/// The samples' numbers on the maps of other methods, one list a method; regions, layer and explained classes stay those of the run.
///
/// # Errors
/// As [`sanity`], and if a method is not defined for the classifier.
pub fn by_methods(
    networks: &Networks,
    run: &RunSettings,
    root: &Path,
    cases: &[Case],
    methods: &[Recipe],
    watch: &mut Watch<'_>,
) -> Result<Vec<Vec<Case>>> {
    let classifier: Arc<Classifier> = networks.of_run(run)?;
    let found = each(cases, watch, |case, cancelled| {
        let (input, size) = prepared(&classifier, root, case)?;
        let target = [case.measured.explanation.target];
        let by = |method: &Recipe| -> Result<Case> {
            let (inputs, targets) = ([input.clone()], [Target::BestOf(&target)]);
            let explained = explain(&classifier, method, &inputs, &[size], &targets, cancelled)?;
            let explanation = explained.into_iter().next().context("a photo has one explanation")?;
            Ok(case.with_map(explanation.map))
        };
        methods.iter().map(by).collect::<Result<Vec<_>>>()
    })?;
    let mut methods: Vec<Vec<Case>> = methods.iter().map(|_| Vec::with_capacity(cases.len())).collect();
    for sample in found {
        methods.iter_mut().zip(sample).for_each(|(of_method, case)| of_method.push(case));
    }
    Ok(methods)
}

/// Rank correlations between lists of numbers about the same classes; classes that lack a number in one of the two are left out.
pub fn rank_correlations(lists: &[Vec<Option<f64>>]) -> Vec<Vec<Option<f64>>> {
    let between = |a: &Vec<Option<f64>>, b: &Vec<Option<f64>>| {
        let (a, b): (Vec<f64>, Vec<f64>) = a.iter().zip(b).filter_map(|(a, b)| Some(((*a)?, (*b)?))).unzip();
        rank_correlation(&a, &b)
    };
    lists.iter().map(|a| lists.iter().map(|b| between(a, b)).collect()).collect()
}

impl Case {
    fn with_map(&self, map: SaliencyMap) -> Self {
        let measured =
            self.measured.with_explanation(crate::analysis::Explanation { map, ..self.measured.explanation.clone() });
        let mut score = self.score.clone();
        if let Some(score) = &mut score.score {
            score.fit = measured.fit;
        }
        Self { class: self.class.clone(), score, measured }
    }
}

/// The photo as the classifier wants it, and its size.
fn prepared(classifier: &Classifier, root: &Path, case: &Case) -> Result<(NetworkInput, Size)> {
    let file = root.join(&case.score.path);
    let image = photo(&file).map_err(|reason| anyhow!("{reason}: {}", file.display()))?;
    Ok((classifier.preprocessing().apply(&image), Size::new(image.width(), image.height())))
}

fn each<T>(
    cases: &[Case],
    watch: &mut Watch<'_>,
    mut of: impl FnMut(&Case, &dyn Fn() -> bool) -> Result<T>,
) -> Result<Vec<T>> {
    let mut values = Vec::with_capacity(cases.len());
    for case in cases {
        (watch.progress)(values.len(), cases.len());
        values.push(of(case, watch.cancelled).with_context(|| case.score.path.clone())?);
    }
    (watch.progress)(cases.len(), cases.len());
    Ok(values)
}

fn check(columns: Vec<&'static str>, cases: &[Case], values: &[Vec<Option<f64>>]) -> Check {
    let named: Vec<_> = cases.iter().map(|case| case.class.as_str()).zip(values.iter().map(Vec::as_slice)).collect();
    let row = |(class, means): (&str, Vec<MeasureMean>)| CheckRow { class: class.to_owned(), means };
    let all: Vec<_> = named.iter().map(|(_, values)| ("all", *values)).collect();
    let mut total = class_means(&all).into_iter().map(row);
    let total = total.next().unwrap_or_else(|| CheckRow { class: "all".into(), means: Vec::new() });
    Check { columns, classes: class_means(&named).into_iter().map(row).collect(), total }
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
        let check = Check { columns: vec!["last layer", "everything"], classes: Vec::new(), total };
        assert_eq!(unmoved(&check), [("last layer", 0.9)]);
    }
}
