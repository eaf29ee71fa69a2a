//! What the window needs of the outside to list, try and add models.
//!
//! Comes in: nothing. Goes out: the traits [`Shelf`] and [`Draft`], which the caller of the window implements where networks
//! are loaded, and what they tell. May not live here: drawing, loading.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use image::RgbImage;

use crate::card::ModelCard;
use crate::geometry::Size;
use crate::run::Control;

/// What a model is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModelUse {
    /// The network under inspection.
    Classifier,
    /// Where regions come from.
    Detector,
}

/// Where a model is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Part of the program.
    Program,
    /// Its card.
    File(PathBuf),
    /// Not here yet; published under this address.
    Download(String),
}

/// A model that can be chosen, or downloaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownModel {
    /// What a [`super::Request`] calls it.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// What it is used for.
    pub used_as: ModelUse,
    /// Where it is.
    pub place: Place,
    /// Which network.
    pub architecture: String,
    /// One line about it; empty if nobody wrote one.
    pub description: String,
    /// How many classes it tells apart, if that is known without loading it.
    pub classes: Option<usize>,
    /// Size of its weights, if known.
    pub bytes: Option<u64>,
    /// How pictures are prepared, in one line.
    pub input: String,
    /// Under which licence it may be used; empty if nobody said.
    pub licence: String,
    /// Where it comes from; empty if nobody said.
    pub source: String,
    /// Why it cannot be used.
    pub problem: Option<String>,
}

/// The layers that a classifier can be explained at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layers {
    /// Names and grids of cells, from input to output.
    pub all: Vec<(String, Size)>,
    /// The one that is taken unless another is asked for.
    pub default: String,
}

/// What a weights file shows.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The cards that it would get by itself, one for each architecture that it can be of, the likeliest first; their lists of classes are empty where
    /// nobody knows what the outputs are. Never empty itself.
    pub cards: Vec<ModelCard>,
    /// What it can be used for.
    pub used_as: ModelUse,
    /// How many classes it tells apart.
    pub outputs: usize,
    /// Size of the file.
    pub bytes: u64,
    /// Where it can be explained; none of a detector.
    pub layers: Layers,
}

/// A photo and what a classifier says of it.
#[derive(Clone, Debug)]
pub struct Preview {
    /// Relative to the data set.
    pub path: String,
    /// A small picture of it, and the most probable classes with their probabilities, `0.0..=1.0`; or why it cannot be read.
    pub result: Result<(RgbImage, Vec<(String, f32)>), String>,
}

/// A weights file that was read, before it has a card. Its methods are called on worker threads, but for [`Draft::found`].
pub trait Draft: std::fmt::Debug + Send + Sync {
    /// What the file shows.
    fn found(&self) -> &Found;

    /// What the classifier that `card` describes says of five photos of a data set, or of the bundled ones.
    ///
    /// # Errors
    /// If the card does not fit the file, or there are no photos.
    fn preview(&self, card: &ModelCard, dataset: Option<&Path>) -> anyhow::Result<Vec<Preview>>;

    /// Writes the card; what a request calls the model.
    ///
    /// # Errors
    /// If the card does not fit the file or cannot be written.
    fn add(&self, card: &ModelCard) -> anyhow::Result<String>;
}

/// The models that can be chosen, and the way to more. Its methods are called on worker threads.
pub trait Shelf: Send + Sync {
    /// All models, those that can be downloaded last.
    fn list(&self) -> Vec<KnownModel>;

    /// The layers that a classifier can be explained at.
    ///
    /// # Errors
    /// If it cannot be loaded.
    fn layers(&self, classifier: &str) -> anyhow::Result<Layers>;

    /// Reads and recognises a weights file.
    ///
    /// # Errors
    /// If it cannot be read, or is of no known architecture.
    fn read(&self, file: &Path) -> anyhow::Result<Arc<dyn Draft>>;

    /// The names of classes in a file, or those of a folder's folders.
    ///
    /// # Errors
    /// If there are none.
    fn class_names(&self, path: &Path) -> anyhow::Result<Vec<String>>;

    /// Downloads a model, telling how many bytes of how many are there; what a request calls it then.
    ///
    /// # Errors
    /// If it cannot be had; the message says what to do by hand.
    fn download(
        &self,
        id: &str,
        control: &Control,
        progress: &mut dyn FnMut(u64, Option<u64>),
    ) -> anyhow::Result<String>;
}
