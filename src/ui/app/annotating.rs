//! What the dialog of annotations asks for and what its jobs report.
//!
//! Comes in: [`AnnotateCommand`]s, [`AnnotateEvent`]s. Goes out: jobs, a changed dialog, tables that are read again. May not
//! live here: drawing.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::App;
use super::events::Event;
use crate::run::{Annotated, annotate};
use crate::store::Store;
use crate::ui::annotating::AnnotateCommand;
use crate::ui::pictures::Library;

/// Reports of progress for one file or folder, at most: each has the window drawn.
const REPORTS: usize = 200;

/// What a job about annotations reports. Numbers tell which of them it is about.
#[derive(Debug)]
pub(super) enum AnnotateEvent {
    /// A file or folder was chosen, or none, after this time.
    Chosen(Option<PathBuf>, Duration),
    /// What the project has, and for how many photos.
    Listed(anyhow::Result<Vec<(String, usize)>>),
    /// So many photos of so many are measured.
    Progress(u64, usize, usize),
    /// They are in the project, or not.
    Ended(u64, Box<Result<Annotated, String>>),
    /// Annotations were taken out of the project, or not; what it still has.
    Removed(anyhow::Result<Vec<(String, usize)>>),
}

impl From<AnnotateEvent> for Event {
    fn from(event: AnnotateEvent) -> Self {
        Self::Annotate(event)
    }
}

impl App {
    /// Carries a wish out.
    pub(super) fn annotate_command(&mut self, command: AnnotateCommand) {
        let Some(file) = self.session.project.as_ref().map(|project| project.file.clone()) else { return };
        match command {
            AnnotateCommand::Ask(path) => {
                self.dialogs.annotating.ask(path.as_deref());
                self.jobs.spawn("listing annotations", move |reporter| {
                    let listed = Store::open_read_only(&file).and_then(|store| store.annotation_files());
                    reporter.send(AnnotateEvent::Listed(listed.map_err(Into::into)).into());
                });
            }
            AnnotateCommand::Browse { folder } => {
                let dialog = rfd::FileDialog::new().set_title("Annotations");
                let files = dialog.clone().add_filter("annotations", &["xml", "json", "csv", "txt"]);
                self.jobs.spawn("showing a file dialog", move |reporter| {
                    let shown = Instant::now();
                    let path = if folder { dialog.pick_folder() } else { files.pick_file() };
                    reporter.send(AnnotateEvent::Chosen(path, shown.elapsed()).into());
                });
            }
            AnnotateCommand::Add(path) => self.add_annotations(file, path),
            AnnotateCommand::Remove(name) => self.jobs.spawn("taking annotations out", move |reporter| {
                let removed = Store::open(&file).and_then(|mut store| {
                    store.remove_annotated(&name)?;
                    store.annotation_files()
                });
                reporter.send(AnnotateEvent::Removed(removed.map_err(Into::into)).into());
            }),
            AnnotateCommand::Close => self.dialogs.annotating.close(),
        }
    }

    /// Deals with what a job reports.
    pub(super) fn annotate_told(&mut self, event: AnnotateEvent) {
        let annotating = &mut self.dialogs.annotating;
        match event {
            AnnotateEvent::Chosen(Some(path), _) => annotating.chosen(&path),
            AnnotateEvent::Chosen(None, after) => self.told_of_dialog(after),
            AnnotateEvent::Listed(Ok(known)) => annotating.list(known),
            AnnotateEvent::Progress(generation, done, total) => annotating.progressed(generation, done, total),
            AnnotateEvent::Ended(generation, result) => {
                let changed = result.is_ok();
                annotating.ended(generation, *result);
                if changed {
                    self.read_regions_again();
                }
            }
            AnnotateEvent::Removed(Ok(known)) => {
                annotating.list(known);
                self.read_regions_again();
            }
            AnnotateEvent::Listed(Err(err)) | AnnotateEvent::Removed(Err(err)) => self.dialogs.tell(format!("{err:#}")),
        }
    }

    fn add_annotations(&mut self, file: PathBuf, path: PathBuf) {
        let control = self.dialogs.annotating.begin();
        let generation = self.dialogs.annotating.generation;
        self.jobs.spawn("reading annotations", move |reporter| {
            let told = |done: usize, total: usize| {
                if done == total || done.is_multiple_of(total.div_ceil(REPORTS)) {
                    reporter.send(AnnotateEvent::Progress(generation, done, total).into());
                }
            };
            let annotated = Store::open(&file)
                .map_err(anyhow::Error::from)
                .and_then(|mut store| annotate(&mut store, &path, &control, &told));
            let result = annotated.map_err(|err| format!("{err:#}"));
            reporter.send(AnnotateEvent::Ended(generation, Box::new(result)).into());
        });
    }

    /// Has everything read again that depends on regions, however young it is.
    fn read_regions_again(&mut self) {
        let Some(project) = &self.session.project else { return };
        self.textures.set_source(Some(Arc::new(Library::new(project))));
        (self.session.is_stale, self.session.read_at) = (true, None);
    }
}
