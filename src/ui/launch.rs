//! What the window needs of the outside to start runs.
//!
//! Comes in: nothing. Goes out: [`Launcher`], which the caller of the window implements where networks are loaded, and
//! [`Request`], what it is asked for. May not live here: drawing, loading.

use std::path::PathBuf;

use super::models::Shelf;
use crate::inquiry::Explain;
use crate::report::ModelNote;
use crate::run::{Control, RunEvent};
use crate::store::{RunSettings, TargetRule};

/// A run as a person asks for it: names, not networks.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// The folder of photos.
    pub dataset: PathBuf,
    /// The project file.
    pub file: PathBuf,
    /// A bundled classifier's name, or a file.
    pub classifier: String,
    /// The target layer; `None` for the classifier's own choice.
    pub layer: Option<String>,
    /// A saliency method's name.
    pub method: String,
    /// Which class the saliency explains.
    pub target: TargetRule,
    /// A bundled detector's name or a file; `None` for no regions.
    pub detector: Option<String>,
    /// A device's name.
    pub device: String,
    /// Images that go through a network together; `None` for the device's own choice.
    pub batch: Option<usize>,
    /// Images of each class to analyse; `None` for all.
    pub limit_per_class: Option<usize>,
}

impl Request {
    /// What completes a run that was begun with these settings.
    pub(crate) fn to_complete(settings: &RunSettings, dataset: PathBuf, file: PathBuf, device: String) -> Self {
        Self {
            dataset,
            file,
            classifier: settings.classifier.name.clone(),
            layer: Some(settings.layer.clone()),
            method: settings.method.clone(),
            target: settings.target,
            detector: settings.detector.as_ref().map(|d| d.name.clone()),
            device,
            batch: None,
            limit_per_class: None,
        }
    }
}

/// What a run can be made of; the first of each is the default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choices {
    /// Names of classifiers.
    pub classifiers: Vec<String>,
    /// Names of detectors.
    pub detectors: Vec<String>,
    /// Names of saliency methods.
    pub methods: Vec<String>,
    /// Names of devices.
    pub devices: Vec<String>,
}

/// Whose work the program contains: a heading and a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Credits {
    /// What these are.
    pub title: String,
    /// The works.
    pub works: Vec<Credit>,
}

/// A work by others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Credit {
    /// Its name.
    pub work: String,
    /// Who made it.
    pub author: String,
    /// Under which licence it is here.
    pub licence: String,
    /// Where it comes from.
    pub source: String,
}

/// Starts runs; its methods are called on worker threads, except for [`Launcher::choices`] and [`Launcher::credits`], which
/// must not take long.
pub trait Launcher: Send + Sync {
    /// What runs can be made of.
    fn choices(&self) -> Choices;

    /// Whose work the program contains.
    fn credits(&self) -> Vec<Credits>;

    /// The models that there are, and the way to more.
    fn shelf(&self) -> &dyn Shelf;

    /// What is known of the models of a run, for reports; called on worker threads.
    fn model_notes(&self, _settings: &RunSettings) -> Vec<ModelNote> {
        Vec::new()
    }

    /// What explains single photos otherwise than a run did.
    fn explainer(&self) -> &dyn Explain;

    /// The run over the bundled photos.
    ///
    /// # Errors
    /// If there is no place for its project file.
    fn demo(&self) -> anyhow::Result<Request>;

    /// Loads what a run needs and runs it to its end.
    ///
    /// # Errors
    /// If it cannot be begun, or not be continued.
    fn launch(&self, request: &Request, control: &Control, events: &mut dyn FnMut(RunEvent)) -> anyhow::Result<()>;
}
