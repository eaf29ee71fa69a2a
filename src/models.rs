//! Models by name or card: the bundled ones, which are part of the program, and the user's own.
//!
//! Comes in: a bundled model's name, that of one on the user's [`Shelf`], or the path of a model card, weights file or ONNX file. Goes
//! out: a loaded [`Classifier`] or [`Detector`]; from a file without a card, a [`Draft`] of one; and from a name in the catalogue,
//! a downloaded file with its card. May not live here:
//! architectures, formats of weights, choosing a device.

mod catalogue;
mod draft;
mod error;
mod network;
mod pull;
mod shelf;

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use candle_core::Device;
use network::{Network, ONNX};
use sha2::{Digest as _, Sha256};

use crate::card::{BuiltInClasses, ClassSource, Classes, ModelCard, ModelKind};
use crate::classifier::{
    ARCHITECTURES, BuildOptions, Classifier, ClassifierSpec, architecture, recognise, torchvision_names,
};
use crate::detector::{DETECTORS, Detector, DetectorSpec, detector_architecture};
use crate::onnx::Imported;
use crate::weights::Weights;

pub use catalogue::{Published, published};
pub use draft::{Draft, card_path};
pub use error::ModelError;
pub use pull::pull;
pub use shelf::{FOLDER_VARIABLE, Shelf, Shelved};

/// The classifier that is used unless another is asked for.
pub const DEFAULT_CLASSIFIER: &str = "efficientnet-lite0";

/// The detector that is used unless another is asked for.
pub const DEFAULT_DETECTOR: &str = "nanodet-g-416";

/// What follows a detector's name where only its region proposals are wanted: boxes around anything, of no class.
pub const PROPOSALS: &str = "#proposals";

/// The notices of the bundled networks' authors, for people.
pub const NOTICES: &str = include_str!("../weights/NOTICES.txt");

/// The licence that the notices name.
pub const APACHE_2_0: &str = include_str!("../LICENSE-APACHE");

/// ImageNet-1k's classes: WordNet id, tab, name.
const IMAGENET_1K: &str = include_str!("../weights/imagenet-1k.tsv");

/// COCO's 80 classes.
const COCO_80: &str = include_str!("../weights/coco-80.txt");

/// A model that is part of the program.
struct Bundled {
    name: &'static str,
    card: &'static str,
    classes: &'static str,
    weights: &'static [u8],
}

const BUNDLED: &[Bundled] = &[
    Bundled {
        name: DEFAULT_CLASSIFIER,
        card: include_str!("../weights/efficientnet-lite0.toml"),
        classes: IMAGENET_1K,
        weights: include_bytes!("../weights/efficientnet-lite0.safetensors"),
    },
    Bundled {
        name: DEFAULT_DETECTOR,
        card: include_str!("../weights/nanodet-g-416.toml"),
        classes: COCO_80,
        weights: include_bytes!("../weights/nanodet-g-416.safetensors"),
    },
];

/// The names of the bundled models.
pub fn bundled_names() -> Vec<&'static str> {
    BUNDLED.iter().map(|b| b.name).collect()
}

/// The architectures that a classifier's weights can be of.
pub fn architecture_names() -> impl Iterator<Item = &'static str> {
    ARCHITECTURES.iter().map(|a| a.name)
}

/// The card of a bundled model's name, of one on the shelf, or the one at a path. A weights file without a card beside it gets
/// the one that a [`Draft`] has by itself.
///
/// # Errors
/// If there is no such model, or the card cannot be used.
pub fn card(name_or_path: &str) -> Result<ModelCard, ModelError> {
    Ok(Source::open(name_or_path)?.card)
}

/// What finds a model again from any folder: a bundled model's name, or the whole path of a card or weights file.
pub fn durable_name(name_or_path: &str) -> String {
    if let Some(detector) = name_or_path.strip_suffix(PROPOSALS) {
        return durable_name(detector) + PROPOSALS;
    }
    if bundled(name_or_path).is_some() {
        return name_or_path.to_owned();
    }
    let path = located(name_or_path).and_then(|path| path.canonicalize().ok());
    path.and_then(|path| path.to_str().map(str::to_owned)).unwrap_or_else(|| name_or_path.to_owned())
}

/// The classes that a model's outputs stand for.
///
/// # Errors
/// As [`card`], and if the list of classes cannot be used.
pub fn classes(name_or_path: &str) -> Result<Classes, ModelError> {
    Source::open(name_or_path)?.classes()
}

/// Loads a classifier by its bundled name, its name on the shelf, the path of its card, or that of its weights file, cut at
/// `layer` or, without one, at the card's or the architecture's own choice.
///
/// # Errors
/// If a file is missing or of another network, there is no such layer, or the device refuses.
pub fn load_classifier(name_or_path: &str, layer: Option<&str>, device: &Device) -> Result<Classifier, ModelError> {
    let mut source = Source::open(name_or_path)?;
    let model = name_or_path.to_owned();
    let ModelKind::Classifier { target_layer } = source.card.kind.clone() else {
        return Err(ModelError::Kind { model, found: "detector", needed: "classifier" });
    };
    let architecture_is_known = architecture(&source.card.architecture).is_some() || source.card.architecture == ONNX;
    if !architecture_is_known {
        return Err(source.unknown_architecture(architecture_names().chain([ONNX])));
    }
    let (classes, (network, hash)) = (source.classes()?, source.network()?);
    let network = match network {
        Network::Weights(weights) => Network::Weights(
            torchvision_names(weights).map_err(|e| ModelError::Build { model: model.clone(), source: e.into() })?,
        ),
        onnx => onnx,
    };
    let parts = Parts { model, card: &source.card, classes, network: &network, hash: &hash };
    classifier_from(parts, layer.or(target_layer.as_deref()), device)
}

/// What a classifier is made of.
struct Parts<'a> {
    /// Name or path, for messages.
    model: String,
    card: &'a ModelCard,
    classes: Classes,
    /// Weights are under torchvision's names.
    network: &'a Network,
    /// SHA-256 of the file.
    hash: &'a str,
}

/// Builds a classifier, cut at `layer` or, without one, where its architecture proposes.
fn classifier_from(parts: Parts<'_>, layer: Option<&str>, device: &Device) -> Result<Classifier, ModelError> {
    let weights = match parts.network {
        Network::Weights(weights) => weights,
        Network::Onnx { network, beside } => {
            let weights_key = [&[ONNX.to_owned(), parts.hash.to_owned()], beside.as_slice()].concat().join(" ");
            return imported(parts, network, weights_key, layer, device);
        }
    };
    let Parts { model, card, classes, hash, .. } = parts;
    let Some(network) = architecture(&card.architecture) else {
        return Err(unknown_architecture(&model, card, architecture_names()));
    };
    let mismatch = network.compare(weights);
    if !mismatch.is_none() {
        return Err(match recognise(weights) {
            Ok(found) => ModelError::OtherArchitecture { model, named: network.name, found: found.name },
            Err(_) => ModelError::Mismatch { model, mismatch: mismatch.into() },
        });
    }
    let options =
        BuildOptions { input: card.input.input, classes: network.classes(weights).unwrap_or(classes.names.len()) };
    let graph =
        (network.build)(weights, &options).map_err(|e| ModelError::Build { model: model.clone(), source: e.into() })?;
    let weights_key = format!("{} {hash}", card.architecture);
    let spec = ClassifierSpec { name: card.name.clone(), weights_key, preprocessing: card.input, classes };
    Classifier::new(spec, &graph, layer.unwrap_or(network.target_layer), device)
        .map_err(|e| ModelError::Classifier { model, source: e.into() })
}

/// Builds a classifier of an imported network, cut at `layer` or, without one, at its last feature map.
fn imported(
    parts: Parts<'_>,
    network: &Imported,
    weights_key: String,
    layer: Option<&str>,
    device: &Device,
) -> Result<Classifier, ModelError> {
    let Parts { model, card, classes, .. } = parts;
    let [height, width] = network.size;
    let stated = card.input.input;
    if [stated.height as usize, stated.width as usize] != network.size {
        let stated = format!("{} × {}", stated.width, stated.height);
        return Err(ModelError::InputSize { model, stated, needed: format!("{width} × {height}") });
    }
    let spec = ClassifierSpec { name: card.name.clone(), weights_key, preprocessing: card.input, classes };
    Classifier::new(spec, &network.graph, layer.unwrap_or(&network.target_layer), device)
        .map_err(|e| ModelError::Classifier { model, source: e.into() })
}

/// Loads a detector by its bundled name, its name on the shelf, or the path of its card or weights file (Detectron2's and
/// torchvision's need no card). With [`PROPOSALS`] after it, the part of it that proposes regions.
///
/// # Errors
/// If a file is missing or of another network, it has no part that proposes regions and is asked for that, or the device
/// refuses.
pub fn load_detector(name_or_path: &str, device: &Device) -> Result<Box<dyn Detector>, ModelError> {
    let whole = name_or_path.strip_suffix(PROPOSALS);
    let mut source = Source::open(whole.unwrap_or(name_or_path))?;
    let model = || name_or_path.to_owned();
    let ModelKind::Detector { roi_score } = source.card.kind else {
        return Err(ModelError::Kind { model: model(), found: "classifier", needed: "detector" });
    };
    let Some(network) = detector_architecture(&source.card.architecture) else {
        return Err(source.unknown_architecture(DETECTORS.iter().map(|d| d.name)));
    };
    let load = if whole.is_none() { Some(network.load) } else { network.proposals };
    let load = load.ok_or_else(|| ModelError::NoProposals { model: source.model.clone() })?;
    // A card is a person's word for what the file is; without one, all of it must be understood.
    let is_guessed = source.loaded.is_some() && whole.is_none();
    let (classes, (loaded, weights_key)) = (source.classes()?, source.network()?);
    let Network::Weights(weights) = loaded else {
        return Err(source.unknown_architecture(std::iter::once(ONNX)));
    };
    let name = source.card.name.clone();
    let spec = DetectorSpec { name, weights_key, preprocessing: source.card.input, classes, roi_score };
    let detector = load(&weights, spec, device).map_err(|e| ModelError::Build { model: model(), source: e.into() })?;
    let tensors = if is_guessed { surplus(&weights) } else { Vec::new() };
    if tensors.is_empty() {
        Ok(detector)
    } else {
        Err(ModelError::Surplus { model: model(), architecture: source.card.architecture, tensors })
    }
}

/// The tensors that a network had no use for, but for what the libraries keep beside weights: counters of training, anchors,
/// and the mean and deviation that pixels were prepared with.
fn surplus(weights: &Weights) -> Vec<String> {
    let is_beside = |name: &str| {
        name.ends_with("num_batches_tracked") || name.contains(".cell_anchors.") || name.starts_with("pixel_")
    };
    weights.unused().into_iter().filter(|name| !is_beside(name)).map(str::to_owned).collect()
}

/// A card and where the files that it names are.
struct Source {
    /// Name or path, for messages.
    model: String,
    card: ModelCard,
    files: Files,
    /// What had to be read to write the card, and the SHA-256 of its file.
    loaded: Option<(Network, String)>,
}

enum Files {
    Bundled(&'static Bundled),
    /// The card's folder.
    Folder(PathBuf),
}

impl Source {
    fn open(name_or_path: &str) -> Result<Self, ModelError> {
        let model = name_or_path.to_owned();
        if let Some(bundled) = bundled(name_or_path) {
            let card = ModelCard::parse(bundled.card)
                .map_err(|source| ModelError::Card { model: model.clone(), source: source.into() })?;
            return Ok(Self { model, card, files: Files::Bundled(bundled), loaded: None });
        }
        let Some(path) = located(name_or_path) else {
            return Err(ModelError::Unknown { name: model });
        };
        let files = Files::Folder(path.parent().map(Path::to_owned).unwrap_or_default());
        let card = card_path(&path);
        if card != path && !card.is_file() {
            let draft = Draft::read(&path)?;
            let card = draft.named(None)?;
            return Ok(Self { model, card, files, loaded: Some(draft.into_network()) });
        }
        Ok(Self { model, card: shelf::read_card(&card)?, files, loaded: None })
    }

    fn classes(&self) -> Result<Classes, ModelError> {
        let file = match &self.card.classes {
            ClassSource::Names(names) => return Ok(Classes::from_names(names.clone())),
            ClassSource::BuiltIn(list) => return Ok(built_in_classes(*list)),
            ClassSource::File(file) => file,
        };
        let text = match &self.files {
            Files::Bundled(bundled) => Cow::Borrowed(bundled.classes),
            Files::Folder(folder) => Cow::Owned(String::from_utf8_lossy(&read(&folder.join(file))?).into_owned()),
        };
        Classes::parse(&text).map_err(|e| ModelError::Card { model: self.model.clone(), source: e.into() })
    }

    /// The network's file, read, and its SHA-256.
    fn network(&mut self) -> Result<(Network, String), ModelError> {
        if let Some(loaded) = self.loaded.take() {
            return Ok(loaded);
        }
        let file = self.card.weights_file.clone();
        let (path, bytes) = match &self.files {
            Files::Bundled(bundled) => (PathBuf::from(&file), Cow::Borrowed(bundled.weights)),
            Files::Folder(folder) => (folder.join(&file), Cow::Owned(read(&folder.join(&file))?)),
        };
        let found = sha256(&bytes);
        if let Some(expected) = self.card.weights_sha256.clone().filter(|expected| *expected != found) {
            return Err(ModelError::Hash { file, found, expected });
        }
        Ok((Network::read(&path, &bytes, Some(self.card.input.input))?, found))
    }

    fn unknown_architecture(&self, known: impl Iterator<Item = &'static str>) -> ModelError {
        unknown_architecture(&self.model, &self.card, known)
    }
}

fn unknown_architecture(model: &str, card: &ModelCard, known: impl Iterator<Item = &'static str>) -> ModelError {
    let (model, architecture) = (model.to_owned(), card.architecture.clone());
    ModelError::Architecture { model, architecture, known: known.collect() }
}

fn bundled(name: &str) -> Option<&'static Bundled> {
    BUNDLED.iter().find(|bundled| bundled.name == name)
}

/// The card or weights file at a path, or the card of this name on the user's shelf.
fn located(name_or_path: &str) -> Option<PathBuf> {
    let path = Path::new(name_or_path);
    if path.is_file() { Some(path.to_owned()) } else { Shelf::of_user().find(name_or_path) }
}

fn read(path: &Path) -> Result<Vec<u8>, ModelError> {
    std::fs::read(path).map_err(|source| ModelError::Read { path: path.to_owned(), source })
}

/// A class list that is part of the program.
fn built_in_classes(list: BuiltInClasses) -> Classes {
    let text = match list {
        BuiltInClasses::ImageNet1k => IMAGENET_1K,
        BuiltInClasses::Coco80 => COCO_80,
    };
    Classes::parse(text).expect("the lists are part of the program")
}

/// In lower-case hexadecimal digits.
fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(model: Result<Classifier, ModelError>) -> String {
        model.map_err(|e| e.to_string()).err().unwrap_or_default()
    }

    #[test]
    fn every_bundled_weights_file_has_its_notice() -> anyhow::Result<()> {
        for name in bundled_names() {
            let file = card(name)?.weights_file;
            assert!(NOTICES.contains(&file), "{file} has no notice");
        }
        Ok(())
    }

    #[test]
    fn the_bundled_models_load() -> anyhow::Result<()> {
        let classifier = load_classifier(DEFAULT_CLASSIFIER, None, &Device::Cpu)?;
        assert_eq!((classifier.layer(), classifier.class_names().len()), ("head_act", 1000));
        assert!(classifier.layers().iter().any(|l| l == "_blocks.15"));
        let detector = load_detector(DEFAULT_DETECTOR, &Device::Cpu)?;
        assert_eq!((detector.class_names().len(), detector.roi_score()), (80, 0.35));
        Ok(())
    }

    #[test]
    fn a_detector_without_proposals_says_so() {
        let name = format!("{DEFAULT_DETECTOR}{PROPOSALS}");
        assert_eq!(durable_name(&name), name);
        let message = load_detector(&name, &Device::Cpu).map_err(|e| e.to_string()).err().unwrap_or_default();
        assert!(message.starts_with("nanodet-g-416 has no part that proposes regions"), "{message}");
    }

    #[test]
    fn the_bundled_classifier_uses_all_its_weights() -> anyhow::Result<()> {
        let mut source = Source::open(DEFAULT_CLASSIFIER)?;
        let (Network::Weights(weights), _) = source.network()? else { anyhow::bail!("no weights") };
        let network = architecture(&source.card.architecture).ok_or_else(|| anyhow::anyhow!("not listed"))?;
        (network.build)(&weights, &BuildOptions { input: source.card.input.input, classes: 1000 })?;
        assert_eq!(weights.unused(), Vec::<&str>::new());
        Ok(())
    }

    #[test]
    fn a_detector_is_no_classifier() {
        let message = error(load_classifier(DEFAULT_DETECTOR, None, &Device::Cpu));
        assert_eq!(message, "nanodet-g-416 is a detector, but a classifier is needed");
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_bundled_ones() {
        let message = error(load_classifier("resnet", None, &Device::Cpu));
        assert!(message.contains("efficientnet-lite0, nanodet-g-416"), "{message}");
    }

    fn own_model(card: &str, weights: &[u8]) -> anyhow::Result<(tempfile::TempDir, String)> {
        let folder = tempfile::tempdir()?;
        std::fs::write(folder.path().join("efficientnet-lite0.safetensors"), weights)?;
        std::fs::write(folder.path().join("imagenet-1k.tsv"), IMAGENET_1K)?;
        let path = folder.path().join("own.toml");
        std::fs::write(&path, card)?;
        let path = path.to_string_lossy().into_owned();
        Ok((folder, path))
    }

    #[test]
    fn a_card_beside_its_files_loads_the_same_classifier() -> anyhow::Result<()> {
        let (_folder, path) = own_model(BUNDLED[0].card, BUNDLED[0].weights)?;
        let own = load_classifier(&path, None, &Device::Cpu)?;
        assert_eq!(own.key(), load_classifier(DEFAULT_CLASSIFIER, None, &Device::Cpu)?.key());
        Ok(())
    }

    #[test]
    fn a_file_with_another_hash_is_refused() -> anyhow::Result<()> {
        let (_folder, path) = own_model(BUNDLED[0].card, BUNDLED[1].weights)?;
        let message = error(load_classifier(&path, None, &Device::Cpu));
        assert!(
            message.starts_with("efficientnet-lite0.safetensors is not the file that its card describes"),
            "{message}"
        );
        Ok(())
    }

    #[test]
    fn a_file_of_another_network_is_told_by_the_first_differences() -> anyhow::Result<()> {
        let card: String = BUNDLED[0]
            .card
            .lines()
            .filter(|l| !l.starts_with("sha256"))
            .fold(String::new(), |text, line| text + line + "\n");
        let (_folder, path) = own_model(&card, BUNDLED[1].weights)?;
        let message = error(load_classifier(&path, None, &Device::Cpu));
        assert!(message.contains("0 of the 247 tensors of efficientnet-lite0 are there; missing (247)"), "{message}");
        for (named, expected) in [
            ("x", "unknown architecture x; known are efficientnet-lite0"),
            ("vgg11", "the card says vgg11, but the weights are those of efficientnet-lite0"),
        ] {
            let card = card.replace("architecture = \"efficientnet-lite0\"", &format!("architecture = \"{named}\""));
            let (_folder, path) = own_model(&card, BUNDLED[0].weights)?;
            let message = error(load_classifier(&path, None, &Device::Cpu));
            assert!(message.contains(expected), "{message}");
        }
        Ok(())
    }
}
