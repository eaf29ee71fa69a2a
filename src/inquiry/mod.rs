//! Questions after a run: a photo explained otherwise, other measures of its maps, and checks of whether they can be believed.
//!
//! Comes in: the settings of a run and a [`Question`], or some samples of it. Goes out: the answer, computed with the run's own classifier
//! or from its stored maps. May not
//! live here: how a map is computed, drawing. Nothing here changes a run.

mod checks;
mod explainer;
mod found;
mod measured;
mod networks;
mod subset;

use std::path::{Path, PathBuf};

pub use checks::{CheckKind, CheckedRun, Watch, run_checks};
pub use explainer::Explainer;
pub use found::{AgreedClass, Agreement, Check, CheckRow, Found, curves, unmoved};
pub use measured::Measurer;
pub use networks::Networks;
pub use subset::{Case, Subset, cases};

use crate::analysis::Explanation;
use crate::dataset::ClassId;
use crate::geometry::Size;
use crate::saliency::Recipe;
use crate::store::RunSettings;

/// A layer that maps can be computed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerGrid {
    /// Its name.
    pub name: String,
    /// Columns and rows of its maps, for the classifier's usual input.
    pub grid: Size,
}

/// The class that a map shall explain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// The most probable one.
    Predicted,
    /// The most probable of these.
    BestOf(Vec<ClassId>),
}

/// How one photo shall be explained.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// The file.
    pub photo: PathBuf,
    /// The target layer.
    pub layer: String,
    /// The method and its settings.
    pub recipe: Recipe,
    /// The class.
    pub target: Wanted,
}

/// Answers questions; called on worker threads.
pub trait Explain: Send + Sync {
    /// The layers of a run's classifier, from input to output.
    ///
    /// # Errors
    /// If the classifier cannot be loaded, or is no longer the one that the run was made with.
    fn layers(&self, run: &RunSettings) -> anyhow::Result<Vec<LayerGrid>>;

    /// What the run's classifier says of a photo, and the map that is asked for. `cancelled` is asked between the passes of
    /// methods that need many.
    ///
    /// # Errors
    /// As [`Explain::layers`], and if the photo cannot be read, there is no such layer or class, the method is not defined for
    /// the classifier, or somebody cancels.
    fn explain(
        &self,
        run: &RunSettings,
        question: &Question,
        cancelled: &dyn Fn() -> bool,
    ) -> anyhow::Result<Explanation>;

    /// The numbers of a check of one sample's map; `root` is the folder of the run's photos. `cancelled` is asked between passes.
    ///
    /// # Errors
    /// As [`Explain::explain`].
    fn check(
        &self,
        run: &RunSettings,
        root: &Path,
        kind: CheckKind,
        case: &Case,
        cancelled: &dyn Fn() -> bool,
    ) -> anyhow::Result<Vec<Option<f64>>>;
}
