//! What the dialog of models asks for and what its jobs report.
//!
//! Comes in: [`ModelCommand`]s, [`ModelEvent`]s. Goes out: jobs, a changed dialog and form. May not live here: drawing.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use eframe::egui::Context;

use super::App;
use super::events::Event;
use crate::card::ModelCard;
use crate::dataset::folder_names;
use crate::run::Control;
use crate::ui::models::{Adding, Download, Draft, KnownModel, Layers, ModelCommand, ModelUse, Place, Preview};

/// What a job about models reports. Numbers tell which file it is about: what is told of an earlier one is dropped.
#[derive(Debug)]
pub(super) enum ModelEvent {
    /// All models.
    Listed(Vec<KnownModel>),
    /// The layers of a classifier.
    Layers(String, Result<Layers, String>),
    /// A path was chosen, or none, after this time; and what to do with it.
    Picked(fn(PathBuf) -> ModelCommand, Option<PathBuf>, Duration),
    /// A weights file was read; and the names of the data set's folders.
    Read(u64, PathBuf, anyhow::Result<Arc<dyn Draft>>, Vec<String>),
    /// Class names were read.
    Named(u64, Result<Vec<String>, String>),
    /// A card was tried.
    Tried(u64, Box<ModelCard>, Result<Vec<Preview>, String>),
    /// A card was written.
    Added(u64, anyhow::Result<String>),
    /// A download goes on.
    Downloading(u64, Option<u64>),
    /// A download has ended.
    Downloaded(anyhow::Result<String>),
}

impl From<ModelEvent> for Event {
    fn from(event: ModelEvent) -> Self {
        Self::Model(event)
    }
}

impl App {
    /// Has the models listed anew.
    pub(super) fn list_models(&self) {
        let launcher = Arc::clone(&self.outside.launcher);
        self.jobs.spawn("listing the models", move |reporter| {
            reporter.send(ModelEvent::Listed(launcher.shelf().list()).into());
        });
    }

    /// Carries a wish of the dialog out.
    pub(super) fn model_command(&mut self, command: ModelCommand) {
        match command {
            ModelCommand::Open(used_as) => {
                let form = self.start.form.as_ref();
                let chosen = form.and_then(|form| match used_as {
                    ModelUse::Classifier => Some(form.classifier.clone()),
                    ModelUse::Detector => form.detector.clone(),
                });
                self.picker.show(used_as, chosen);
                self.list_models();
            }
            ModelCommand::Close => {
                self.picker.generation += 1;
                self.picker.close();
            }
            ModelCommand::Choose(used_as, id) => {
                if let Some(form) = &mut self.start.form {
                    match used_as {
                        ModelUse::Classifier => (form.classifier, form.layer) = (id, None),
                        ModelUse::Detector => form.detector = Some(id),
                    }
                }
                self.picker.close();
            }
            ModelCommand::AskFile => {
                let kinds = ["safetensors", "pth", "pt", "pkl", "bin", "onnx"];
                self.ask_for_model(ModelCommand::Read, move || {
                    rfd::FileDialog::new().set_title("Weights file").add_filter("Weights", &kinds).pick_file()
                });
            }
            ModelCommand::AskClasses => self.ask_for_model(ModelCommand::ReadClasses, || {
                rfd::FileDialog::new().set_title("Names of the classes").pick_file()
            }),
            ModelCommand::Read(file) => self.read_model(file),
            ModelCommand::ReadClasses(path) => {
                let (generation, launcher) = (self.picker.generation, Arc::clone(&self.outside.launcher));
                self.jobs.spawn("reading the names of classes", move |reporter| {
                    let names = launcher.shelf().class_names(&path).map_err(|e| format!("{e:#}"));
                    reporter.send(ModelEvent::Named(generation, names).into());
                });
            }
            ModelCommand::Add => self.add_model(),
            ModelCommand::Discard => {
                self.picker.generation += 1;
                self.picker.adding = None;
                self.picker.error = None;
            }
            ModelCommand::Download(id) => self.download(id),
            ModelCommand::StopDownload => {
                if let Some(download) = &self.picker.download {
                    download.control.cancel();
                }
            }
        }
    }

    fn ask_for_model(
        &self,
        wish: fn(PathBuf) -> ModelCommand,
        dialog: impl FnOnce() -> Option<PathBuf> + Send + 'static,
    ) {
        self.jobs.spawn("showing a file dialog", move |reporter| {
            let shown = Instant::now();
            let path = dialog();
            reporter.send(ModelEvent::Picked(wish, path, shown.elapsed()).into());
        });
    }

    fn read_model(&mut self, file: PathBuf) {
        self.picker.generation += 1;
        self.picker.busy = Some("Reading and recognising…");
        self.picker.error = None;
        let (generation, launcher) = (self.picker.generation, Arc::clone(&self.outside.launcher));
        let dataset = self.start.form.as_ref().map(|form| form.dataset.clone());
        self.jobs.spawn("reading a weights file", move |reporter| {
            let draft = launcher.shelf().read(&file);
            let folders = dataset.and_then(|folder| folder_names(&folder).ok()).unwrap_or_default();
            reporter.send(ModelEvent::Read(generation, file, draft, folders).into());
        });
    }

    fn add_model(&mut self) {
        let Some(adding) = &self.picker.adding else { return };
        self.picker.busy = Some("Writing the card…");
        let (generation, draft, card) = (self.picker.generation, Arc::clone(&adding.draft), adding.card.clone());
        self.jobs.spawn("writing a model card", move |reporter| {
            reporter.send(ModelEvent::Added(generation, draft.add(&card)).into());
        });
    }

    fn download(&mut self, id: String) {
        if self.picker.download.is_some() {
            return;
        }
        let control = Control::default();
        self.picker.error = None;
        self.picker.download = Some(Download { id: id.clone(), done: 0, total: None, control: control.clone() });
        let launcher = Arc::clone(&self.outside.launcher);
        self.jobs.spawn("downloading a model", move |reporter| {
            let mut told = Instant::now();
            let result = launcher.shelf().download(&id, &control, &mut |done, total| {
                if told.elapsed() > Duration::from_millis(50) {
                    told = Instant::now();
                    reporter.send(ModelEvent::Downloading(done, total).into());
                }
            });
            reporter.send(ModelEvent::Downloaded(result).into());
        });
    }

    /// Has the layers of the form's classifier listed, and a changed card tried.
    pub(super) fn try_models(&mut self) {
        let launcher = &self.outside.launcher;
        if let Some(classifier) = self.start.unlisted_classifier() {
            let launcher = Arc::clone(launcher);
            self.jobs.spawn("listing the layers", move |reporter| {
                let layers = launcher.shelf().layers(&classifier).map_err(|e| format!("{e:#}"));
                reporter.send(ModelEvent::Layers(classifier, layers).into());
            });
        }
        let Some(adding) = &mut self.picker.adding else { return };
        if let Some(card) = adding.begin_trial() {
            let (generation, draft) = (self.picker.generation, Arc::clone(&adding.draft));
            let dataset = self.start.form.as_ref().map(|form| form.dataset.clone());
            self.jobs.spawn("trying a classifier", move |reporter| {
                let photos = draft.preview(&card, dataset.as_deref()).map_err(|e| format!("{e:#}"));
                reporter.send(ModelEvent::Tried(generation, card.into(), photos).into());
            });
        }
    }

    /// Deals with what a job about models reports.
    pub(super) fn model_told(&mut self, ctx: &Context, event: ModelEvent) {
        let current = self.picker.generation;
        match event {
            ModelEvent::Listed(models) => self.listed(models),
            ModelEvent::Layers(classifier, layers) => self.start.listed_layers(classifier, layers),
            ModelEvent::Picked(wish, Some(path), _) => self.model_command(wish(path)),
            ModelEvent::Picked(_, None, after) => self.told_of_dialog(after),
            ModelEvent::Read(generation, file, Ok(draft), folders) if generation == current => {
                self.picker.begin(Adding::new(file, draft, folders));
            }
            ModelEvent::Read(generation, _, Err(error), _) | ModelEvent::Added(generation, Err(error))
                if generation == current =>
            {
                self.picker.busy = None;
                self.picker.error = Some(format!("{error:#}"));
            }
            ModelEvent::Named(generation, names) if generation == current => {
                if let Some(adding) = &mut self.picker.adding {
                    adding.listed(names);
                }
            }
            ModelEvent::Tried(generation, card, photos) if generation == current => {
                if let Some(adding) = &mut self.picker.adding {
                    adding.tried(ctx, *card, photos);
                }
            }
            ModelEvent::Added(generation, Ok(id)) if generation == current => self.is_here(id),
            ModelEvent::Downloading(done, total) => {
                if let Some(download) = &mut self.picker.download {
                    (download.done, download.total) = (done, total);
                }
            }
            ModelEvent::Downloaded(result) => {
                let stopped = self.picker.download.take().is_some_and(|d| d.control.is_cancelled());
                match result {
                    Ok(id) => self.is_here(id),
                    Err(_) if stopped => {}
                    Err(error) => self.picker.error = Some(format!("{error:#}")),
                }
            }
            ModelEvent::Read(..) | ModelEvent::Named(..) | ModelEvent::Tried(..) | ModelEvent::Added(..) => {}
        }
    }

    /// A model that was not there before: it is shown, ready to be used.
    fn is_here(&mut self, id: String) {
        self.picker.adding = None;
        self.picker.busy = None;
        self.picker.error = None;
        self.picker.shown = Some(id);
        self.list_models();
    }

    fn listed(&mut self, models: Vec<KnownModel>) {
        let usable = |used_as: ModelUse| {
            let models = models.iter().filter(move |m| m.used_as == used_as && m.problem.is_none());
            models.filter(|m| !matches!(m.place, Place::Download(_))).map(|m| m.id.clone()).collect::<Vec<_>>()
        };
        self.outside.choices.classifiers = usable(ModelUse::Classifier);
        self.outside.choices.detectors = usable(ModelUse::Detector);
        self.picker.known = models;
    }
}
