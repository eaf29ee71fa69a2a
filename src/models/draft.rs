//! A weights file before it has a card: everything that names and shapes of its tensors or its graph tell, and what must be asked.

use std::path::{Path, PathBuf};

use candle_core::Device;

use super::network::{Network, ONNX};
use super::shelf::Shelf;
use super::{ModelError, Parts, classifier_from, read, sha256};
use crate::card::{BuiltInClasses, ClassSource, Classes, ModelCard, ModelKind};
use crate::classifier::{Architecture, Classifier, candidates, naming_of, torchvision_names};
use crate::detector;
use crate::geometry::Size;
use crate::onnx::{Imported, PixelRange};
use crate::preprocess::{ChannelOrder, Interpolation, Preprocessing, Resize};

/// A weights file that was read and recognised.
#[derive(Debug)]
pub struct Draft {
    file: PathBuf,
    bytes: u64,
    /// A classifier's weights are under torchvision's names.
    network: Network,
    /// SHA-256 of the file.
    hash: String,
    found: Found,
}

/// What a weights file holds.
#[derive(Debug)]
enum Found {
    /// The architectures that it can be of, the likeliest first.
    Classifier {
        architectures: Vec<&'static Architecture>,
        outputs: usize,
    },
    Detector(Box<detector::Recognised>),
    Onnx {
        outputs: usize,
        card: Box<Noted>,
    },
}

/// What an ONNX file tells for its card.
#[derive(Debug)]
struct Noted {
    target_layer: String,
    input: Preprocessing,
    /// Empty if it names none.
    classes: Vec<String>,
}

impl Draft {
    /// Reads a weights file.
    ///
    /// # Errors
    /// If it cannot be read, or is of no known architecture.
    pub fn read(file: &Path) -> Result<Self, ModelError> {
        let shown = || file.display().to_string();
        let content = read(file)?;
        let hash = sha256(&content);
        let bytes = content.len() as u64;
        let network = Network::read(file, &content, None)?;
        drop(content);
        let weights = match network {
            Network::Weights(weights) => weights,
            Network::Onnx { network, beside } => {
                let found = Found::Onnx { outputs: network.classes, card: Box::new(Noted::new(&network)) };
                let network = Network::Onnx { network, beside };
                return Ok(Self { file: file.to_owned(), bytes, network, hash, found });
            }
        };
        let (weights, found) = match detector::recognise(&weights) {
            Some(found) => (weights, Found::Detector(Box::new(found))),
            None => {
                let naming = naming_of(&weights);
                let weights =
                    torchvision_names(weights).map_err(|e| ModelError::Build { model: shown(), source: e.into() })?;
                let mut architectures = candidates(&weights, naming)
                    .map_err(|e| ModelError::Unrecognised { file: shown(), source: Box::new(e) })?;
                // What no tensor shows is in the names that timm gives its files.
                let is_tensorflow = part(file.file_name()).contains("tf_");
                architectures.sort_by_key(|a| a.name.starts_with("tf_") != is_tensorflow);
                let outputs = architectures.first().and_then(|a| a.classes(&weights)).unwrap_or(0);
                (weights, Found::Classifier { architectures, outputs })
            }
        };
        Ok(Self { file: file.to_owned(), bytes, network: Network::Weights(weights), hash, found })
    }

    /// The file.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Size of the file.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The architectures that it can be of, the likeliest first: tensors alone do not always tell.
    pub fn architectures(&self) -> Vec<&'static str> {
        match &self.found {
            Found::Classifier { architectures, .. } => architectures.iter().map(|a| a.name).collect(),
            Found::Detector(found) => vec![found.architecture],
            Found::Onnx { .. } => vec![ONNX],
        }
    }

    /// How many classes it tells apart.
    pub fn outputs(&self) -> usize {
        match &self.found {
            Found::Classifier { outputs, .. } | Found::Onnx { outputs, .. } => *outputs,
            Found::Detector(found) => found.classes.names.len(),
        }
    }

    /// The card that the file alone would get: all as for the architecture's published weights. Where nobody knows what the
    /// outputs are, the list of classes is empty, which no card may have: [`Draft::named`] fills it.
    pub fn card(&self) -> ModelCard {
        self.card_with(0)
    }

    /// The same for one of [`Draft::architectures`].
    ///
    /// # Errors
    /// If it is none of them.
    pub fn card_of(&self, architecture: &str) -> Result<ModelCard, ModelError> {
        let known = self.architectures();
        match known.iter().position(|name| *name == architecture) {
            Some(place) => Ok(self.card_with(place)),
            None => Err(ModelError::OtherCandidates {
                file: self.file.display().to_string(),
                architecture: architecture.to_owned(),
                known,
            }),
        }
    }

    /// The card for the candidate at `place`.
    fn card_with(&self, place: usize) -> ModelCard {
        let (architecture, input, classes, kind) = match &self.found {
            Found::Classifier { architectures, outputs } => {
                let architecture = architectures[place];
                let target_layer = Some(architecture.target_layer.to_owned());
                let classes = usual_classes(*outputs);
                (architecture.name, architecture.preprocessing(), classes, ModelKind::Classifier { target_layer })
            }
            Found::Onnx { outputs, card } => {
                let target_layer = Some(card.target_layer.clone());
                let classes = match &card.classes[..] {
                    names if names.len() == *outputs => ClassSource::Names(names.to_vec()),
                    _ => usual_classes(*outputs),
                };
                (ONNX, card.input, classes, ModelKind::Classifier { target_layer })
            }
            Found::Detector(found) => {
                let kind = ModelKind::Detector { roi_score: found.roi_score };
                (found.architecture, found.preprocessing, ClassSource::Names(found.classes.names.clone()), kind)
            }
        };
        let what = if architecture == ONNX { "ONNX graph" } else { architecture };
        ModelCard {
            name: part(self.file.file_stem()),
            description: format!("{what}, {} classes", self.outputs()),
            architecture: architecture.to_owned(),
            licence: String::new(),
            source: String::new(),
            weights_file: part(self.file.file_name()),
            weights_sha256: Some(self.hash.clone()),
            input,
            classes,
            kind,
        }
    }

    /// The same card with the classes of a list, if there is one.
    ///
    /// # Errors
    /// If the list has another length than the file has outputs, or none is given where one is needed.
    pub fn named(&self, classes: Option<&Classes>) -> Result<ModelCard, ModelError> {
        let mut card = self.card();
        if let Some(classes) = classes {
            card.classes = ClassSource::Names(classes.names.clone());
        }
        self.check(&card)?;
        Ok(card)
    }

    /// Whether a card has as many classes as the file has outputs.
    ///
    /// # Errors
    /// If it has not.
    pub fn check(&self, card: &ModelCard) -> Result<(), ModelError> {
        let (file, outputs) = (self.file.display().to_string(), self.outputs());
        match &card.classes {
            ClassSource::Names(names) if names.is_empty() => Err(ModelError::ClassesUnknown { file, outputs }),
            ClassSource::Names(names) if names.len() != outputs => {
                Err(ModelError::ClassCount { file, outputs, names: names.len() })
            }
            _ => Ok(()),
        }
    }

    /// The classifier that a card makes of this file, without reading it again. Classes without names are called by number.
    ///
    /// # Errors
    /// If it is a detector, or the card does not fit the file.
    pub fn classifier(&self, card: &ModelCard, device: &Device) -> Result<Classifier, ModelError> {
        let (model, stated) = (self.file.display().to_string(), card.input.input);
        let ModelKind::Classifier { target_layer } = &card.kind else {
            return Err(ModelError::Kind { model, found: "detector", needed: "classifier" });
        };
        let classes = match &card.classes {
            ClassSource::BuiltIn(list) => super::built_in_classes(*list),
            ClassSource::Names(names) if !names.is_empty() => Classes::from_names(names.clone()),
            _ => Classes::from_names((0..self.outputs()).map(|class| format!("class {class}")).collect()),
        };
        // A network that leaves the size of its input open is read anew for another one.
        let other = match &self.network {
            Network::Onnx { network, .. } if network.size != [stated.height as usize, stated.width as usize] => {
                Some(Network::read(&self.file, &read(&self.file)?, Some(stated))?)
            }
            _ => None,
        };
        let network = other.as_ref().unwrap_or(&self.network);
        let parts = Parts { model, card, classes, network, hash: &self.hash };
        classifier_from(parts, target_layer.as_deref(), device)
    }

    /// Writes a card beside the file, and where that folder cannot be written, on the shelf; either way the shelf knows it
    /// afterwards. Returns the card's path.
    ///
    /// # Errors
    /// If the card does not fit the file, there is one already, or no place can be written.
    pub fn add(&self, card: &ModelCard, shelf: &Shelf) -> Result<PathBuf, ModelError> {
        self.check(card)?;
        let beside = card_path(&self.file);
        match self.write(card, &beside) {
            Err(ModelError::Write { source, .. }) if source.kind() != std::io::ErrorKind::StorageFull => {
                let whole = self.file.canonicalize();
                let whole = whole.map_err(|source| ModelError::Read { path: self.file.clone(), source })?;
                let card = ModelCard { weights_file: whole.to_string_lossy().into_owned(), ..card.clone() };
                let folder = shelf.folder()?;
                let path = folder.join(beside.file_name().unwrap_or_default());
                let made = std::fs::create_dir_all(folder);
                made.map_err(|source| ModelError::Write { path: folder.to_owned(), source })?;
                self.write(&card, &path)?;
                Ok(path)
            }
            written => {
                written?;
                shelf.remember(&beside)?;
                Ok(beside)
            }
        }
    }

    /// A card is not overwritten.
    pub(super) fn write(&self, card: &ModelCard, path: &Path) -> Result<(), ModelError> {
        use std::io::Write as _;
        let text = card.to_toml();
        let text = text.map_err(|e| ModelError::Card { model: self.file.display().to_string(), source: e.into() })?;
        let opened = std::fs::OpenOptions::new().write(true).create_new(true).open(path);
        match opened.and_then(|mut file| file.write_all(text.as_bytes())) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                Err(ModelError::CardExists { path: path.to_owned() })
            }
            Err(source) => Err(ModelError::Write { path: path.to_owned(), source }),
            Ok(()) => Ok(()),
        }
    }

    /// What was read, and its SHA-256, for a loader that needs no card file.
    pub(super) fn into_network(self) -> (Network, String) {
        (self.network, self.hash)
    }
}

/// ImageNet's classes where there are as many as that; otherwise none, which must be asked for.
fn usual_classes(outputs: usize) -> ClassSource {
    match outputs {
        1000 => ClassSource::BuiltIn(BuiltInClasses::ImageNet1k),
        _ => ClassSource::Names(Vec::new()),
    }
}

impl Noted {
    /// What a file says, and the usual for what it does not: ImageNet's mean and deviation, unless the network prepares the
    /// values of the pixels by itself; and an eighth of the picture's shorter side cropped.
    fn new(network: &Imported) -> Self {
        const IMAGENET: ([f32; 3], [f32; 3]) = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]);
        let [height, width] = network.size.map(|side| side as u32);
        let (scale, (mean, std)) = match network.pixels {
            PixelRange::Unknown => (1.0 / 255.0, IMAGENET),
            PixelRange::Unit => (1.0 / 255.0, ([0.0; 3], [1.0; 3])),
            PixelRange::Bytes => (1.0, ([0.0; 3], [1.0; 3])),
        };
        let size = height.min(width);
        let input = Preprocessing {
            input: Size::new(width, height),
            resize: if height == width { Resize::ShorterSide { size: size + size / 7 } } else { Resize::Stretch },
            interpolation: Interpolation::Bilinear,
            channels: ChannelOrder::Rgb,
            mean,
            std,
            scale,
        };
        let classes = network.class_notes.as_deref().and_then(|text| Classes::parse(text).ok());
        let classes = classes.map(|classes| classes.names).unwrap_or_default();
        Self { target_layer: network.target_layer.clone(), input, classes }
    }
}

/// A part of a path as text.
fn part(part: Option<&std::ffi::OsStr>) -> String {
    part.unwrap_or_default().to_string_lossy().into_owned()
}

/// Where the card of a weights file is expected: beside it, with the extension `toml`.
pub fn card_path(weights: &Path) -> PathBuf {
    weights.with_extension("toml")
}

#[cfg(test)]
mod tests {
    use super::super::{BUNDLED, DEFAULT_CLASSIFIER, load_classifier};
    use super::*;

    /// Adds a file with the card that it gets by itself, but for the classes.
    fn add(file: &Path, classes: Option<&Classes>) -> Result<PathBuf, ModelError> {
        let draft = Draft::read(file)?;
        draft.add(&draft.named(classes)?, &shelf_of(file))
    }

    /// A shelf beside a file.
    fn shelf_of(file: &Path) -> Shelf {
        Shelf::at(&file.with_file_name("shelf"))
    }

    fn file(folder: &Path, bytes: &[u8]) -> anyhow::Result<PathBuf> {
        let path = folder.join("mine.safetensors");
        std::fs::write(&path, bytes)?;
        Ok(path)
    }

    /// The bundled classifier with a head of three classes.
    fn retrained() -> anyhow::Result<Vec<u8>> {
        let tensors = candle_core::safetensors::load_buffer(BUNDLED[0].weights, &Device::Cpu)?;
        let three = |(name, tensor): (String, candle_core::Tensor)| {
            let tensor = if name.starts_with("_fc.") { tensor.narrow(0, 0, 3)?.contiguous()? } else { tensor };
            Ok((name, tensor))
        };
        let tensors = tensors.into_iter().map(three).collect::<candle_core::Result<Vec<_>>>()?;
        Ok(safetensors::serialize(tensors, None)?)
    }

    #[test]
    fn a_weights_file_is_a_model_without_or_with_its_card() -> anyhow::Result<()> {
        let folder = tempfile::tempdir()?;
        let path = file(folder.path(), BUNDLED[0].weights)?;
        let bundled = load_classifier(DEFAULT_CLASSIFIER, None, &Device::Cpu)?;
        let without = load_classifier(&path.to_string_lossy(), None, &Device::Cpu)?;
        assert_eq!((without.key(), without.name()), (bundled.key(), "mine"));
        assert_eq!(without.class_names(), bundled.class_names());
        let card = add(&path, None)?;
        assert_eq!(load_classifier(&card.to_string_lossy(), None, &Device::Cpu)?.key(), bundled.key());
        assert_eq!(load_classifier(&path.to_string_lossy(), None, &Device::Cpu)?.key(), bundled.key());
        Ok(())
    }

    #[test]
    fn a_card_is_not_overwritten() -> anyhow::Result<()> {
        let folder = tempfile::tempdir()?;
        let path = file(folder.path(), BUNDLED[0].weights)?;
        std::fs::write(card_path(&path), "mine")?;
        assert!(matches!(add(&path, None), Err(ModelError::CardExists { .. })));
        Ok(())
    }

    #[test]
    fn classes_of_a_retrained_head_must_be_named() -> anyhow::Result<()> {
        let folder = tempfile::tempdir()?;
        let path = file(folder.path(), &retrained()?)?;
        assert!(matches!(add(&path, None), Err(ModelError::ClassesUnknown { outputs: 3, .. })));
        let list = |names: &str| Classes::parse(names);
        let two = add(&path, Some(&list("cat\ndog")?));
        assert!(matches!(two, Err(ModelError::ClassCount { outputs: 3, names: 2, .. })));
        add(&path, Some(&list("cat\ndog\nfish")?))?;
        let classifier = load_classifier(&path.to_string_lossy(), None, &Device::Cpu)?;
        assert_eq!(classifier.class_names(), ["cat", "dog", "fish"]);
        Ok(())
    }

    #[test]
    fn an_added_model_is_on_the_shelf() -> anyhow::Result<()> {
        let folder = tempfile::tempdir()?;
        let path = file(folder.path(), BUNDLED[0].weights)?;
        let card = add(&path, None)?;
        assert_eq!(shelf_of(&path).find("mine"), Some(card.canonicalize()?));
        Ok(())
    }

    #[test]
    fn a_draft_without_class_names_calls_them_by_number() -> anyhow::Result<()> {
        let folder = tempfile::tempdir()?;
        let draft = Draft::read(&file(folder.path(), &retrained()?)?)?;
        assert_eq!((draft.outputs(), draft.bytes() > 1_000_000), (3, true));
        let classifier = draft.classifier(&draft.card(), &Device::Cpu)?;
        assert_eq!(classifier.class_names(), ["class 0", "class 1", "class 2"]);
        Ok(())
    }

    #[test]
    fn a_file_of_no_known_network_is_told_what_it_is_near_to() -> anyhow::Result<()> {
        let folder = tempfile::tempdir()?;
        let path = file(folder.path(), BUNDLED[1].weights)?;
        let message = add(&path, None).map_err(|e| e.to_string()).err().unwrap_or_default();
        assert!(message.contains("the weights belong to no known architecture; the nearest is"), "{message}");
        Ok(())
    }
}
