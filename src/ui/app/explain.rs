//! The maps that a person asks for instead of the run's.
//!
//! Comes in: the state of [`crate::ui::other_map`]. Goes out: jobs, answers. May not live here: drawing, networks.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::App;
use super::events::Event;
use crate::analysis::Measured;
use crate::inquiry::LayerGrid;
use crate::ui::other_map::{Key, Layers, question};

/// What the job of an explanation is called.
pub(super) const EXPLAINING: &str = "explaining an image";

/// What a job about maps reports; the number tells of which project it is.
#[derive(Debug)]
pub(super) enum MapEvent {
    /// The layers of the run's classifier.
    Layers(Result<Vec<LayerGrid>, String>),
    /// An image's numbers on another map.
    Answer(Key, Result<Measured, String>),
}

impl App {
    /// Has computed what is asked for.
    pub(super) fn explain(&mut self) {
        let Some(project) = self.session.project.clone() else { return };
        let Some(detail) = self.selection.detail.clone() else { return };
        let Ok(detail) = detail.as_ref() else { return };
        let Ok(measured) = detail.outcome.clone() else { return };
        let other = &mut self.panes.sample.other;
        let generation = self.session.generation;
        let launcher = Arc::clone(&self.outside.launcher);
        if let Layers::Asked = other.layers {
            other.layers = Layers::Coming;
            let (launcher, project) = (Arc::clone(&launcher), Arc::clone(&project));
            self.jobs.spawn("listing the layers", move |reporter| {
                let layers = launcher.explainer().layers(&project.run.settings).map_err(|e| format!("{e:#}"));
                reporter.send(Event::Map(generation, MapEvent::Layers(layers)));
            });
        }
        let Some((key, cancel)) = other.turn_to(detail.sample.id) else { return };
        let question = match question(&key.1, &project, detail) {
            Ok(question) => question,
            Err(reason) => return other.take(key, Err(reason)),
        };
        self.jobs.spawn(EXPLAINING, move |reporter| {
            let cancelled = || cancel.load(Ordering::Relaxed);
            let answer = launcher.explainer().explain(&project.run.settings, &question, &cancelled);
            let answer = answer.map(|other| measured.with_explanation(other)).map_err(|e| format!("{e:#}"));
            reporter.send(Event::Map(generation, MapEvent::Answer(key, answer)));
        });
    }

    /// Takes what a job about maps reports.
    pub(super) fn map_told(&mut self, generation: u64, event: MapEvent) {
        if generation != self.session.generation {
            return;
        }
        let other = &mut self.panes.sample.other;
        match event {
            MapEvent::Layers(Ok(layers)) => other.layers = Layers::Known(layers.into()),
            MapEvent::Layers(Err(reason)) => other.layers = Layers::Missing(reason),
            MapEvent::Answer(key, answer) => other.take(key, answer),
        }
    }
}
