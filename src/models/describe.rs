//! Cards of weights files that have none: everything that names and shapes of the tensors tell.

use std::path::{Path, PathBuf};

use super::{ModelError, read, sha256};
use crate::card::{BuiltInClasses, ClassSource, Classes, ModelCard, ModelKind};
use crate::classifier::{recognise, torchvision_names};
use crate::detector;
use crate::weights::Weights;

/// A weights file with the card that it would get.
pub(super) struct Described {
    pub(super) card: ModelCard,
    /// Under torchvision's names.
    pub(super) weights: Weights,
    /// SHA-256 of the file.
    pub(super) hash: String,
}

/// Reads a weights file and writes down what it shows. Classes are a published network's own unless others are given:
/// ImageNet's 1000 of a classifier, COCO's of a detector.
pub(super) fn describe(file: &Path, classes: Option<&Classes>) -> Result<Described, ModelError> {
    let shown = || file.display().to_string();
    let bytes = read(file)?;
    let hash = sha256(&bytes);
    let weights =
        Weights::from_checkpoint(&bytes).map_err(|e| ModelError::Weights { file: shown(), source: e.into() })?;
    drop(bytes);
    if let Some(found) = detector::recognise(&weights) {
        let card = detector_card(file, found, classes, &hash)?;
        return Ok(Described { card, weights, hash });
    }
    let weights = torchvision_names(weights).map_err(|e| ModelError::Build { model: shown(), source: e.into() })?;
    let architecture =
        recognise(&weights).map_err(|e| ModelError::Unrecognised { file: shown(), source: Box::new(e) })?;
    let outputs = architecture.classes(&weights).unwrap_or(0);
    let classes = match classes {
        Some(classes) if classes.names.len() != outputs => {
            return Err(ModelError::ClassCount { file: shown(), outputs, names: classes.names.len() });
        }
        Some(classes) => ClassSource::Names(classes.names.clone()),
        None if outputs == 1000 => ClassSource::BuiltIn(BuiltInClasses::ImageNet1k),
        None => return Err(ModelError::ClassesUnknown { file: shown(), outputs }),
    };
    let card = ModelCard {
        name: part(file.file_stem()),
        description: format!("{}, {outputs} classes", architecture.name),
        architecture: architecture.name.to_owned(),
        licence: String::new(),
        source: String::new(),
        weights_file: part(file.file_name()),
        weights_sha256: Some(hash.clone()),
        input: architecture.preprocessing(),
        classes,
        kind: ModelKind::Classifier { target_layer: Some(architecture.target_layer.to_owned()) },
    };
    Ok(Described { card, weights, hash })
}

/// The card of a detector.
fn detector_card(
    file: &Path,
    found: detector::Recognised,
    classes: Option<&Classes>,
    hash: &str,
) -> Result<ModelCard, ModelError> {
    let outputs = found.classes.names.len();
    let names = match classes {
        Some(Classes { names, .. }) if names.len() != outputs => {
            return Err(ModelError::ClassCount { file: file.display().to_string(), outputs, names: names.len() });
        }
        Some(classes) => classes.names.clone(),
        None => found.classes.names,
    };
    Ok(ModelCard {
        name: part(file.file_stem()),
        description: format!("{}, {outputs} classes", found.architecture),
        architecture: found.architecture.to_owned(),
        licence: String::new(),
        source: String::new(),
        weights_file: part(file.file_name()),
        weights_sha256: Some(hash.to_owned()),
        input: found.preprocessing,
        classes: ClassSource::Names(names),
        kind: ModelKind::Detector { roi_score: found.roi_score },
    })
}

/// A part of a path as text.
fn part(part: Option<&std::ffi::OsStr>) -> String {
    part.unwrap_or_default().to_string_lossy().into_owned()
}

/// Where the card of a weights file is expected: beside it, with the extension `toml`.
pub fn card_path(weights: &Path) -> PathBuf {
    weights.with_extension("toml")
}

/// Writes the card of a weights file beside it and returns the card's path. What the file does not show (how
/// pictures are to be prepared, say) is as for the architecture's published weights; the card can be edited.
///
/// # Errors
/// If the file cannot be read or is of no known architecture, its classes are not known, or there is a card already.
pub fn add(weights: &Path, classes: Option<&Classes>) -> Result<PathBuf, ModelError> {
    let path = card_path(weights);
    if path.exists() {
        return Err(ModelError::CardExists { path });
    }
    let described = describe(weights, classes)?;
    let text = described.card.to_toml();
    let text = text.map_err(|e| ModelError::Card { model: weights.display().to_string(), source: e.into() })?;
    std::fs::write(&path, text).map_err(|source| ModelError::Write { path: path.clone(), source })?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::super::{BUNDLED, DEFAULT_CLASSIFIER, load_classifier};
    use super::*;
    use candle_core::Device;

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
    fn a_file_of_no_known_network_is_told_what_it_is_near_to() -> anyhow::Result<()> {
        let folder = tempfile::tempdir()?;
        let path = file(folder.path(), BUNDLED[1].weights)?;
        let message = add(&path, None).map_err(|e| e.to_string()).err().unwrap_or_default();
        assert!(message.contains("the weights belong to no known architecture; the nearest is"), "{message}");
        Ok(())
    }
}
