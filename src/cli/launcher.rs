//! What the window starts runs with.

use std::num::NonZeroUsize;

use anyhow::Result;

use super::analyze::demo_request;
use super::shelf::Shelf;
use crate::card::{ModelCard, ModelKind};
use crate::demo;
use crate::device::DeviceChoice;
use crate::inquiry::{Explain, Explainer};
use crate::models::{self, bundled_names, card};
use crate::report::ModelNote;
use crate::run::{Control, ModelRequest, Request, RunEvent, Session};
use crate::saliency::{Method, Recipe};
use crate::store::{RunSettings, Store};
use crate::ui;

/// The program's own networks and photos, and the user's networks.
pub(super) struct Program {
    shelf: Shelf,
    explainer: Explainer,
}

impl Program {
    /// With the models of a shelf.
    pub(super) fn new(shelf: models::Shelf) -> Self {
        Self { shelf: Shelf(shelf), explainer: Explainer::new(DeviceChoice::Auto) }
    }
}

impl ui::Launcher for Program {
    fn choices(&self) -> ui::Choices {
        let of_kind = |wanted: fn(&ModelKind) -> bool| {
            cards().filter(|card| wanted(&card.kind)).map(|card| card.name).collect::<Vec<_>>()
        };
        ui::Choices {
            classifiers: of_kind(|kind| matches!(kind, ModelKind::Classifier { .. })),
            detectors: of_kind(|kind| matches!(kind, ModelKind::Detector { .. })),
            methods: Method::ALL.iter().map(|method| method.name().to_owned()).collect(),
            devices: DeviceChoice::available().iter().map(ToString::to_string).collect(),
        }
    }

    fn credits(&self) -> Vec<ui::Credits> {
        let networks = cards().map(|card| ui::Credit {
            work: card.name,
            author: card.description,
            licence: card.licence,
            source: card.source,
        });
        let photos = demo::attributions().iter().map(|photo| ui::Credit {
            work: photo.file.clone(),
            author: photo.author.clone(),
            licence: photo.licence.clone(),
            source: photo.source.clone(),
        });
        vec![
            ui::Credits { title: "Networks".into(), works: networks.collect() },
            ui::Credits { title: "Photos".into(), works: photos.collect() },
        ]
    }

    fn shelf(&self) -> &dyn ui::Shelf {
        &self.shelf
    }

    fn model_notes(&self, settings: &RunSettings) -> Vec<ModelNote> {
        super::report::model_notes(settings)
    }

    fn explainer(&self) -> &dyn Explain {
        &self.explainer
    }

    fn demo(&self) -> Result<ui::Request> {
        let Request { dataset, file, models, target, .. } = demo_request(None)?;
        Ok(ui::Request {
            dataset,
            file,
            classifier: models.classifier,
            layer: models.layer,
            method: models.recipe.to_string(),
            target,
            detector: models.detector,
            device: models.device.to_string(),
            batch: None,
            limit_per_class: None,
        })
    }

    fn launch(&self, request: &ui::Request, control: &Control, events: &mut dyn FnMut(RunEvent)) -> Result<()> {
        let device = request.device.parse()?;
        let mut session = if completes_latest_run(request) {
            Session::resume(&request.file, device)?
        } else {
            Session::open(&full_request(request, device)?)?
        };
        session.run(control, events).map(drop)
    }
}

fn cards() -> impl Iterator<Item = ModelCard> {
    bundled_names().into_iter().filter_map(|name| card(name).ok())
}

/// Whether a request, down to its layer, is what the project was last used for. It is then completed over the samples that it
/// lists, with the class groups that it has.
fn completes_latest_run(request: &ui::Request) -> bool {
    let Ok(Some(run)) = Store::open_read_only(&request.file).and_then(|store| Ok(store.runs()?.into_iter().next()))
    else {
        return false;
    };
    let settings = run.settings;
    request.limit_per_class.is_none()
        && request.layer.as_ref() == Some(&settings.layer)
        && request.classifier == settings.classifier.name
        && request.method.parse::<Recipe>().is_ok_and(|recipe| recipe.to_string() == settings.method)
        && request.target == settings.target
        && request.detector == settings.detector.map(|d| d.name)
}

fn full_request(request: &ui::Request, device: DeviceChoice) -> Result<Request> {
    Ok(Request {
        dataset: request.dataset.clone(),
        file: request.file.clone(),
        models: ModelRequest {
            classifier: request.classifier.clone(),
            layer: request.layer.clone(),
            recipe: request.method.parse()?,
            detector: request.detector.clone(),
            device,
        },
        target: request.target,
        roi_min_score: None,
        groups: None,
        limit_per_class: request.limit_per_class,
        batch: request.batch.and_then(NonZeroUsize::new),
        threads: None,
    })
}
