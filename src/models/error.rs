//! What can go wrong with a model, in the words of the person who chose it.

use std::path::PathBuf;

use super::bundled_names;
use crate::card::CardError;
use crate::classifier::{ClassifierError, Mismatch, Unrecognised};
use crate::download::DownloadError;
use crate::onnx::OnnxError;
use crate::weights::WeightsError;

/// Tensors that a message names, at most.
const NAMED: usize = 3;

/// Why a model cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// Neither a bundled name nor a file.
    #[error(
        "there is no model {name}: it is neither a bundled one ({}) nor one that was added, nor the path of a model card, \
         weights file or ONNX file",
        bundled_names().join(", ")
    )]
    Unknown {
        /// What was asked for.
        name: String,
    },
    /// Not a detector of two stages.
    #[error("{model} has no part that proposes regions; Faster R-CNN, Mask R-CNN and RPN have one")]
    NoProposals {
        /// The detector.
        model: String,
    },
    /// A file without a card that holds more than the detector it is taken for.
    #[error(
        "{model} looks like {architecture}, but {} of its tensors are not that network's: {}{}; if it is to be used all the same, \
         write it a card with camroi models add",
        tensors.len(),
        tensors[..tensors.len().min(NAMED)].join(", "),
        if tensors.len() > NAMED { ", …" } else { "" }
    )]
    Surplus {
        /// The file.
        model: String,
        /// What it was taken for.
        architecture: String,
        /// Names of what does not belong to that.
        tensors: Vec<String>,
    },
    /// A file of the model cannot be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A card cannot be written.
    #[error("cannot write {path}: {source}")]
    Write {
        /// The card.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A card is not overwritten.
    #[error("there is a model card already: {path}")]
    CardExists {
        /// The card.
        path: PathBuf,
    },
    /// The system has no folder for data, and none was named.
    #[error("there is no folder for models: name one in the environment variable {}", super::FOLDER_VARIABLE)]
    NoFolder,
    /// Nothing can be downloaded under this name.
    #[error(
        "nothing is published under the name {name}; {}camroi models list --published shows what can be downloaded",
        if similar.is_empty() { String::new() } else { format!("similar are {}; ", similar.join(", ")) }
    )]
    NotPublished {
        /// What was asked for.
        name: String,
        /// Names like it.
        similar: Vec<&'static str>,
    },
    /// A download that came to nothing.
    #[error(
        "cannot download {name}: {source}; by hand: download {url}, put it at {} and repeat this command",
        place.display()
    )]
    Download {
        /// The model.
        name: String,
        /// Where it is published.
        url: String,
        /// Where it belongs.
        place: PathBuf,
        /// What went wrong.
        source: Box<DownloadError>,
    },
    /// A weights file whose network is not known.
    #[error("{file}: {source}")]
    Unrecognised {
        /// The weights file.
        file: String,
        /// What it is near to.
        source: Box<Unrecognised>,
    },
    /// An ONNX file that cannot be used.
    #[error("{file}: {source}")]
    Onnx {
        /// The file.
        file: String,
        /// What is wrong.
        source: Box<OnnxError>,
    },
    /// A card asks for pictures of another size than the network reads.
    #[error("{model}: the card says {stated} pixels, but the network reads {needed}")]
    InputSize {
        /// Name or path.
        model: String,
        /// What the card says, width × height.
        stated: String,
        /// What the file says, width × height.
        needed: String,
    },
    /// A weights file was said to be of a network that it is not.
    #[error("{file} is not of {architecture}, but of {}", known.join(" or "))]
    OtherCandidates {
        /// The weights file.
        file: String,
        /// What was said.
        architecture: String,
        /// What it can be.
        known: Vec<&'static str>,
    },
    /// A weights file does not say what its outputs stand for.
    #[error("{file} does not say which {outputs} classes its outputs are: a list of them is needed")]
    ClassesUnknown {
        /// The weights file.
        file: String,
        /// Its classes.
        outputs: usize,
    },
    /// A class list of another length.
    #[error("{file} has {outputs} outputs, but {names} classes are named")]
    ClassCount {
        /// The weights file.
        file: String,
        /// Its classes.
        outputs: usize,
        /// The list's.
        names: usize,
    },
    /// The card or its class list says nothing usable.
    #[error("{model}: {source}")]
    Card {
        /// Name or path.
        model: String,
        /// What is wrong.
        source: Box<CardError>,
    },
    /// A detector was given where a classifier is needed, or the other way round.
    #[error("{model} is a {found}, but a {needed} is needed")]
    Kind {
        /// Name or path.
        model: String,
        /// What it is.
        found: &'static str,
        /// What was asked for.
        needed: &'static str,
    },
    /// The card names a network that the program does not know.
    #[error("{model}: unknown architecture {architecture}; known are {}", .known.join(", "))]
    Architecture {
        /// Name or path.
        model: String,
        /// What the card says.
        architecture: String,
        /// What it could say.
        known: Vec<&'static str>,
    },
    /// The weights file is not the one that the card was written for.
    #[error("{file} is not the file that its card describes: its SHA-256 is {found}, expected {expected}")]
    Hash {
        /// The weights file.
        file: String,
        /// Its hash.
        found: String,
        /// The card's.
        expected: String,
    },
    /// The weights cannot be read.
    #[error("{file}: {source}")]
    Weights {
        /// The weights file.
        file: String,
        /// What is wrong.
        source: Box<WeightsError>,
    },
    /// The weights are not those of the network that the card names.
    #[error("{model}: {mismatch}")]
    Mismatch {
        /// Name or path.
        model: String,
        /// The differences.
        mismatch: Box<Mismatch>,
    },
    /// The weights are those of another network than the card names.
    #[error("{model}: the card says {named}, but the weights are those of {found}")]
    OtherArchitecture {
        /// Name or path.
        model: String,
        /// What the card says.
        named: &'static str,
        /// What the weights are.
        found: &'static str,
    },
    /// The network cannot be built.
    #[error("{model}: {source}")]
    Build {
        /// Name or path.
        model: String,
        /// What is wrong.
        source: Box<candle_core::Error>,
    },
    /// The network is no usable classifier.
    #[error("{model}: {source}")]
    Classifier {
        /// Name or path.
        model: String,
        /// What is wrong.
        source: Box<ClassifierError>,
    },
}
