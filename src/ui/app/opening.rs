//! From a path to the project that is shown, and back to none.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use eframe::egui::{Context, ViewportCommand};

use super::App;
use super::events::Event;
use super::session::Selection;
use crate::dataset::SampleId;
use crate::ui::pictures::Library;
use crate::ui::project::Snapshot;
use crate::ui::verdicts::Verdicts;

impl App {
    pub(super) fn ask(&mut self, dialog: impl FnOnce() -> Option<PathBuf> + Send + 'static) {
        self.jobs.spawn("showing a file dialog", move |reporter| {
            let shown = Instant::now();
            let path = dialog();
            reporter.send(Event::Picked(path, shown.elapsed()));
        });
    }

    pub(super) fn open(&mut self, path: PathBuf) {
        if self.session.is_running() {
            self.dialogs
                .tell("A run is going on. Cancel it or wait for its end before you open something else.".into());
            return;
        }
        self.session.generation += 1;
        self.session.busy = Some("Opening…");
        let (generation, rois) = (self.session.generation, self.habits.regions_of(&path));
        self.jobs.spawn("opening the project", move |reporter| {
            reporter.send(if path.is_dir() {
                Event::Folder(generation, path)
            } else {
                let snapshot = Snapshot::load(&path, rois).map(Box::new);
                Event::Opened(generation, path, snapshot)
            });
        });
    }

    pub(super) fn opened(
        &mut self,
        ctx: &Context,
        generation: u64,
        path: &Path,
        result: anyhow::Result<Box<Snapshot>>,
    ) {
        if generation != self.session.generation {
            return;
        }
        self.session.busy = None;
        match result {
            Ok(snapshot) => {
                self.session.runner = None;
                self.present(ctx, Arc::from(snapshot));
            }
            Err(err) => {
                self.habits.forget(path);
                self.dialogs.tell(format!("{err:#}"));
            }
        }
    }

    /// Shows another project than before.
    pub(super) fn present(&mut self, ctx: &Context, snapshot: Arc<Snapshot>) {
        self.panes.compare.forget();
        let again = self.habits.project.as_deref() == Some(snapshot.file.as_path());
        self.selection = Selection { generation: self.selection.generation + 1, ..Selection::default() };
        self.start.form = None;
        self.session.verdicts = Verdicts::new(snapshot.verdicts.iter().cloned());
        self.panes.sample.drawing.reset();
        self.panes.sample.other.clear();
        self.session.measured.clear();
        self.panes.checks.clear();
        ctx.send_viewport_cmd(ViewportCommand::Title(format!("{} – camroi", snapshot.title())));
        self.habits.remember(&snapshot.file);
        self.textures.set_source(Some(Arc::new(Library::new(&snapshot))));
        self.show(Arc::clone(&snapshot));
        self.refresh_classes();
        if again && let Some(class) = self.habits.class.take() {
            let sample = self.habits.sample.take().map(SampleId);
            self.select_class(&class);
            if let Some(sample) = sample.filter(|id| snapshot.class_of(*id) == Some(class.as_str())) {
                self.select_sample(sample);
            }
        }
    }

    /// Shows a newer state of the open project.
    pub(super) fn show(&mut self, snapshot: Arc<Snapshot>) {
        if let Some(class) = &self.selection.class {
            self.selection.all = snapshot.of_class(class);
        }
        self.session.project = Some(snapshot);
        self.arrange();
    }

    pub(super) fn close(&mut self, ctx: &Context) {
        if self.session.is_running() {
            self.dialogs.tell("A run is going on. Cancel it or wait for its end before you close the project.".into());
            return;
        }
        self.session.generation += 1;
        self.panes.compare.forget();
        self.start.form = None;
        self.session.project = None;
        self.session.is_stale = false;
        self.session.runner = None;
        self.session.busy = None;
        self.selection = Selection { generation: self.selection.generation + 1, ..Selection::default() };
        self.textures.set_source(None);
        self.panes.sample.other.clear();
        self.session.measured.clear();
        self.panes.checks.clear();
        self.habits.project = None;
        ctx.send_viewport_cmd(ViewportCommand::Title("camroi".into()));
    }
}
