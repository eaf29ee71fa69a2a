//! Answers with networks.

use std::path::Path;

use anyhow::{Context as _, Result, anyhow};

use super::checks::numbers;
use super::networks::Networks;
use super::{Case, CheckKind, Explain, LayerGrid, Question, Wanted};
use crate::analysis::{Explanation, Target, explain};
use crate::device::DeviceChoice;
use crate::geometry::Size;
use crate::run::photo;
use crate::store::RunSettings;

/// Explains photos with the classifiers of runs.
#[expect(missing_debug_implementations, reason = "networks have none")]
pub struct Explainer {
    networks: Networks,
}

impl Explainer {
    /// Nothing is loaded before the first question.
    pub fn new(device: DeviceChoice) -> Self {
        Self { networks: Networks::new(device) }
    }
}

impl Explain for Explainer {
    fn layers(&self, run: &RunSettings) -> Result<Vec<LayerGrid>> {
        let classifier = self.networks.of_run(run)?;
        let layers = classifier.layers().iter().zip(classifier.grids());
        Ok(layers.map(|(name, grid)| LayerGrid { name: name.clone(), grid: *grid }).collect())
    }

    fn explain(&self, run: &RunSettings, question: &Question, cancelled: &dyn Fn() -> bool) -> Result<Explanation> {
        let file = &question.photo;
        let image = photo(file).map_err(|reason| anyhow!("{reason}: {}", file.display()))?;
        let classifier = self.networks.at_layer(run, &question.layer)?;
        let size = Size::new(image.width(), image.height());
        let input = classifier.preprocessing().apply(&image);
        let target = match &question.target {
            Wanted::Predicted => Target::Predicted,
            Wanted::BestOf(classes) => Target::BestOf(classes),
        };
        let explained = explain(&classifier, &question.recipe, &[input], &[size], &[target], cancelled)?;
        explained.into_iter().next().context("a photo has one explanation")
    }

    fn check(
        &self,
        run: &RunSettings,
        root: &Path,
        kind: CheckKind,
        case: &Case,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Vec<Option<f64>>> {
        numbers(&self.networks, run, root, kind, case, cancelled)
    }
}
