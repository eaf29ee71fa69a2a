//! Whether the maps of a run are about its network: the sanity check and the faithfulness of [`crate::validity`], and maps by other
//! methods, over some of its samples.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result, anyhow};

use super::Explain;
use super::networks::Networks;
use super::subset::Case;
use crate::analysis::{Target, explain, input_batch};
use crate::classifier::Classifier;
use crate::geometry::Size;
use crate::preprocess::NetworkInput;
use crate::run::photo;
use crate::saliency::{Method, Recipe, Subject};
use crate::store::{Checked, RunSettings};
use crate::validity::faithfulness::Question;
use crate::validity::sanity::agreement;

/// What is told while a check goes on, and asked whether it shall.
pub struct Watch<'a> {
    /// How many of how many samples are done.
    pub progress: &'a mut dyn FnMut(usize, usize),
    /// Whether somebody wants it to end.
    pub cancelled: &'a dyn Fn() -> bool,
}

/// A check of one sample's map.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum CheckKind {
    /// For each level of randomisation the rank correlation between the map and the one with random weights.
    Sanity,
    /// Areas under the curves of deletion and insertion, the ROAD score, and the points of both curves.
    Faithfulness,
    /// Height, width and values of the map by another method.
    Map(Recipe),
}

impl CheckKind {
    /// What it is kept under.
    pub fn key(&self) -> String {
        match self {
            Self::Sanity => SANITY.to_owned(),
            Self::Faithfulness => FAITHFULNESS.to_owned(),
            Self::Map(recipe) => format!("{MAP}{recipe}"),
        }
    }
}

pub(super) const SANITY: &str = "sanity";
pub(super) const FAITHFULNESS: &str = "faithfulness";
/// What the keys of maps begin with.
pub(super) const MAP: &str = "map ";

/// Some samples of a run.
#[derive(Clone, Copy, Debug)]
pub struct CheckedRun<'a> {
    /// How it was run.
    pub settings: &'a RunSettings,
    /// The folder of its photos.
    pub root: &'a Path,
    /// The samples.
    pub cases: &'a [Case],
}

/// Makes checks of samples, all kinds of one sample before the next one. What is in `known` is not computed again; what is new is
/// handed to `keep` at once, so that nothing is lost where somebody cancels.
///
/// # Errors
/// If the classifier cannot be loaded, a photo cannot be read, a method is not defined for the classifier, `keep` fails, or somebody
/// cancels.
pub fn run_checks(
    explain: &dyn Explain,
    run: CheckedRun<'_>,
    kinds: &[CheckKind],
    known: &[Checked],
    watch: &mut Watch<'_>,
    keep: &mut dyn FnMut(Checked) -> Result<()>,
) -> Result<()> {
    let known: BTreeMap<_, _> = known.iter().map(|one| ((one.sample, one.kind.as_str()), one.class)).collect();
    for (done, case) in run.cases.iter().enumerate() {
        (watch.progress)(done, run.cases.len());
        let (sample, class) = (case.score.id, case.measured.explanation.target);
        for kind in kinds {
            let key = kind.key();
            if known.get(&(sample, key.as_str())) == Some(&class) {
                continue;
            }
            let numbers = explain.check(run.settings, run.root, *kind, case, watch.cancelled);
            let numbers = numbers.with_context(|| case.score.path.clone())?;
            keep(Checked { sample, class, kind: key, numbers })?;
        }
    }
    (watch.progress)(run.cases.len(), run.cases.len());
    Ok(())
}

/// The numbers of a check of one sample.
pub(super) fn numbers(
    networks: &Networks,
    run: &RunSettings,
    root: &Path,
    kind: CheckKind,
    case: &Case,
    cancelled: &dyn Fn() -> bool,
) -> Result<Vec<Option<f64>>> {
    let classifier = networks.of_run(run)?;
    let (input, size) = prepared(&classifier, root, case)?;
    match kind {
        CheckKind::Sanity => {
            let others = networks.randomised(run)?;
            let recipe = run.recipe()?;
            let input = input_batch(&[input])?;
            let features = classifier.features(&input)?;
            let targets = [case.measured.explanation.target];
            let subject = Subject { input: &input, features: &features, head: None, targets: &targets };
            let of =
                |other: &Classifier| agreement(&classifier, other, &subject, &recipe, cancelled).map(|found| found[0]);
            Ok(others.iter().map(of).collect::<Result<Vec<_>, _>>()?)
        }
        CheckKind::Faithfulness => {
            let input = input_batch(&[input])?;
            let (map, class) = (&case.measured.explanation.map, case.measured.explanation.target);
            let batch = Recipe::new(Method::GradCam).batch;
            let question = Question { classifier: &classifier, input: &input, map, class, batch };
            let (deletion, insertion) = (question.deletion(cancelled)?, question.insertion(cancelled)?);
            let head = [deletion.area(), insertion.area(), question.road(cancelled)?];
            let curves = [&deletion, &insertion].into_iter().flat_map(|curve| curve.probabilities());
            Ok(head.iter().chain(curves).copied().map(Some).collect())
        }
        CheckKind::Map(recipe) => {
            let target = [case.measured.explanation.target];
            let targets = [Target::BestOf(&target)];
            let explained = explain(&classifier, &recipe, &[input], &[size], &targets, cancelled)?;
            let map = explained.into_iter().next().context("a photo has one explanation")?.map;
            let sides = [map.height() as f64, map.width() as f64];
            let values = map.values().iter().map(|value| f64::from(*value));
            Ok(sides.into_iter().chain(values).map(Some).collect())
        }
    }
}

/// The photo as the classifier wants it, and its size.
fn prepared(classifier: &Classifier, root: &Path, case: &Case) -> Result<(NetworkInput, Size)> {
    let file = root.join(&case.score.path);
    let image = photo(&file).map_err(|reason| anyhow!("{reason}: {}", file.display()))?;
    Ok((classifier.preprocessing().apply(&image), Size::new(image.width(), image.height())))
}
