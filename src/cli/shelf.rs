//! The models that the window offers.

use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use image::imageops::thumbnail;

use super::add_model::class_list;
use super::models::input_line;
use super::preview::preview;
use crate::card::{ClassSource, ModelCard, ModelKind};
use crate::classifier::Classifier;
use crate::device::DeviceChoice;
use crate::models::{self, Draft, Published, bundled_names, card, load_classifier, published, pull};
use crate::run::Control;
use crate::ui::{Found, KnownModel, Layers, ModelUse, Place, Preview};

/// Longest side of a photo in the preview, in pixels.
const THUMBNAIL: u32 = 144;

/// The bundled models, and those on the user's shelf.
pub(super) struct Shelf(pub(super) models::Shelf);

impl crate::ui::Shelf for Shelf {
    fn list(&self) -> Vec<KnownModel> {
        let bundled = bundled_names().into_iter().filter_map(|name| {
            let card = card(name).ok()?;
            Some(KnownModel { id: name.to_owned(), ..known(&card, Place::Program, None) })
        });
        let own = self.0.cards().into_iter().map(|shelved| {
            let place = Place::File(shelved.path.clone());
            match shelved.card {
                Ok(card) => known(&card, place, Some(&shelved.path)),
                Err(error) => broken(place, &shelved.path, error.to_string()),
            }
        });
        let mut models: Vec<_> = bundled.chain(own).collect();
        let more = published().iter().filter(|p| models.iter().all(|m| m.name != p.name));
        let more: Vec<_> = more.map(downloadable).collect();
        models.extend(more);
        models
    }

    fn layers(&self, classifier: &str) -> Result<Layers> {
        Ok(layers_of(&load_classifier(classifier, None, &DeviceChoice::Cpu.open()?)?))
    }

    fn read(&self, file: &Path) -> Result<Arc<dyn crate::ui::Draft>> {
        let draft = Draft::read(file)?;
        let card = draft.card();
        let used_as = use_of(&card);
        let layers = match used_as {
            ModelUse::Classifier => layers_of(&draft.classifier(&card, &DeviceChoice::Cpu.open()?)?),
            ModelUse::Detector => Layers::default(),
        };
        let cards = draft.architectures().into_iter().filter_map(|name| draft.card_of(name).ok()).collect();
        let found = Found { cards, used_as, outputs: draft.outputs(), bytes: draft.bytes(), layers };
        Ok(Arc::new(ReadFile { draft, found, shelf: self.0.clone() }))
    }

    fn class_names(&self, path: &Path) -> Result<Vec<String>> {
        Ok(class_list(path)?.names)
    }

    fn download(&self, id: &str, control: &Control, progress: &mut dyn FnMut(u64, Option<u64>)) -> Result<String> {
        let path = pull(id, None, &self.0, &mut |done, total| {
            progress(done, total);
            !control.is_cancelled()
        })?;
        Ok(models::durable_name(&path.to_string_lossy()))
    }
}

/// A weights file that was read.
#[derive(Debug)]
struct ReadFile {
    draft: Draft,
    found: Found,
    shelf: models::Shelf,
}

impl crate::ui::Draft for ReadFile {
    fn found(&self) -> &Found {
        &self.found
    }

    fn preview(&self, card: &ModelCard, dataset: Option<&Path>) -> Result<Vec<Preview>> {
        let classifier = self.draft.classifier(card, &DeviceChoice::Cpu.open()?)?;
        let photos = preview(classifier, dataset)?.into_iter().map(|photo| Preview {
            path: photo.path,
            result: photo.result.map_err(|e| format!("{e:#}")).map(|(image, top)| {
                let scale = f64::from(THUMBNAIL) / f64::from(image.width().max(image.height()));
                let side = |n: u32| ((f64::from(n) * scale).round() as u32).max(1);
                (thumbnail(&image, side(image.width()), side(image.height())), top)
            }),
        });
        Ok(photos.collect())
    }

    fn add(&self, card: &ModelCard) -> Result<String> {
        let path = self.draft.add(card, &self.shelf)?;
        Ok(models::durable_name(&path.to_string_lossy()))
    }
}

fn layers_of(classifier: &Classifier) -> Layers {
    let all = classifier.layers().iter().cloned().zip(classifier.grids().iter().copied()).collect();
    Layers { all, default: classifier.layer().to_owned() }
}

fn use_of(card: &ModelCard) -> ModelUse {
    match card.kind {
        ModelKind::Classifier { .. } => ModelUse::Classifier,
        ModelKind::Detector { .. } => ModelUse::Detector,
    }
}

/// What people want to know of a card, which lies at `path` unless it is part of the program.
fn known(card: &ModelCard, place: Place, path: Option<&Path>) -> KnownModel {
    let weights = path.map(|path| path.with_file_name(&card.weights_file));
    let bytes = weights.as_ref().and_then(|file| std::fs::metadata(file).ok()).map(|m| m.len());
    let missing = weights.filter(|_| bytes.is_none()).map(|file| format!("its weights are gone: {}", file.display()));
    let id = path.map_or_else(|| card.name.clone(), |path| path.to_string_lossy().into_owned());
    KnownModel {
        name: card.name.clone(),
        used_as: use_of(card),
        place,
        architecture: card.architecture.clone(),
        description: card.description.clone(),
        classes: match &card.classes {
            ClassSource::Names(names) => Some(names.len()),
            ClassSource::BuiltIn(list) => Some(list.count()),
            ClassSource::File(_) => models::classes(&id).ok().map(|classes| classes.names.len()),
        },
        bytes,
        input: input_line(&card.input),
        licence: card.licence.clone(),
        source: card.source.clone(),
        problem: missing,
        id,
    }
}

/// Weights that are not here yet.
fn downloadable(published: &Published) -> KnownModel {
    KnownModel {
        id: published.name.clone(),
        name: published.name.clone(),
        used_as: if published.input.is_some() { ModelUse::Classifier } else { ModelUse::Detector },
        place: Place::Download(published.url.clone()),
        architecture: published.architecture.clone(),
        description: String::new(),
        classes: published.input.map(|_| 1000),
        bytes: published.about_bytes,
        input: published.input.as_ref().map(input_line).unwrap_or_default(),
        licence: published.licence.clone(),
        source: published.source.clone(),
        problem: None,
    }
}

/// A card that cannot be read is listed all the same, so that somebody can mend it.
fn broken(place: Place, path: &Path, problem: String) -> KnownModel {
    KnownModel {
        id: path.to_string_lossy().into_owned(),
        name: path.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
        used_as: ModelUse::Classifier,
        place,
        architecture: String::new(),
        description: String::new(),
        classes: None,
        bytes: None,
        input: String::new(),
        licence: String::new(),
        source: String::new(),
        problem: Some(problem),
    }
}
