//! What jobs report, and what the window does about it.
//!
//! Comes in: [`Event`]s. Goes out: changed state, new jobs. May not live here: drawing.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use eframe::egui::Context;

use super::App;
use super::annotating::AnnotateEvent;
use super::checks::{CHECKING, CheckEvent};
use super::compare::CompareEvent;
use super::explain::{EXPLAINING, MapEvent};
use super::measure::{MEASURING, MeasureEvent};
use super::models::ModelEvent;
use super::takeaway::TakeEvent;
use crate::focus::ClassFocus;
use crate::run::RunEvent;
use crate::ui::command::Command;
use crate::ui::jobs::Crashed;
use crate::ui::project::{Detail, Snapshot};

/// What a job reports.
#[derive(Debug)]
pub(super) enum Event {
    /// The user chose a path, or none; and how long it took.
    Picked(Option<PathBuf>, Duration),
    /// A path turned out to be a folder of photos.
    Folder(u64, PathBuf),
    /// A project was opened, or not.
    Opened(u64, PathBuf, anyhow::Result<Box<Snapshot>>),
    /// The tables were read again.
    Refreshed(u64, anyhow::Result<Box<Snapshot>>),
    /// An image's numbers were read.
    Detail(u64, Result<Detail, String>),
    /// It is known where the network looks in a class.
    Focus(u64, Result<ClassFocus, String>),
    /// It is known where the run is kept.
    RunFile(u64, PathBuf),
    /// The run tells.
    Run(u64, RunEvent),
    /// The run has ended.
    RunEnded(u64, anyhow::Result<()>),
    /// Verdicts were written, or not.
    Judged(anyhow::Result<()>),
    /// A job about models tells.
    Model(ModelEvent),
    /// A job about maps tells; of the project of this number.
    Map(u64, MapEvent),
    /// A job about checks tells.
    Check(CheckEvent),
    /// A job about measures tells.
    Measure(MeasureEvent),
    /// Regions that were drawn by hand were written, or not.
    Drawn(anyhow::Result<()>),
    /// About the comparison with another run.
    Compare(CompareEvent),
    /// About a file that is taken along.
    Take(TakeEvent),
    /// About annotations that are added.
    Annotate(AnnotateEvent),
    /// A job ended by a panic.
    Crashed(&'static str),
}

impl From<Crashed> for Event {
    fn from(crashed: Crashed) -> Self {
        Self::Crashed(crashed.job)
    }
}

/// A file dialog that is gone sooner than this was never shown.
const UNSEEN: Duration = Duration::from_millis(150);

impl App {
    /// Deals with what a job reports.
    pub(super) fn take(&mut self, ctx: &Context, event: Event) {
        match event {
            Event::Picked(Some(path), _) => self.apply(ctx, Command::Open(path)),
            Event::Picked(None, after) => self.told_of_dialog(after),
            Event::Folder(generation, folder) => {
                if generation == self.session.generation {
                    self.session.busy = None;
                    self.start.set_up(folder, &self.outside.choices);
                }
            }
            Event::Opened(generation, path, result) => self.opened(ctx, generation, &path, result),
            Event::Refreshed(generation, result) => self.refreshed(ctx, generation, result),
            Event::Detail(generation, result) => {
                if generation == self.selection.generation {
                    self.selection.detail = Some(Arc::new(result));
                }
            }
            Event::Focus(generation, result) => self.panes.class_page.take(generation, result),
            Event::RunFile(generation, file) => {
                if let Some(runner) = self.runner(generation) {
                    runner.file = file;
                }
            }
            Event::Run(generation, event) => self.run_told(ctx, generation, &event),
            Event::RunEnded(generation, result) => self.run_ended(generation, result),
            Event::Judged(Ok(())) => {}
            Event::Judged(Err(err)) => self.dialogs.tell(format!("The verdict is not saved: {err:#}")),
            Event::Model(event) => self.model_told(ctx, event),
            Event::Map(generation, event) => self.map_told(generation, event),
            Event::Check(event) => self.check_told(event),
            Event::Measure(event) => self.measure_told(event),
            Event::Drawn(Ok(())) => self.session.is_stale = self.session.project.is_some(),
            Event::Drawn(Err(err)) => self.dialogs.tell(format!("The drawn regions are not saved: {err:#}")),
            Event::Compare(event) => self.compare_told(ctx, event),
            Event::Take(event) => self.take_told(event),
            Event::Annotate(event) => self.annotate_told(event),
            Event::Crashed(job) => {
                match job {
                    EXPLAINING => self.panes.sample.other.crashed(),
                    CHECKING => self.panes.checks.crashed(),
                    MEASURING => self.session.measured.crashed(),
                    _ => {}
                }
                self.crashed(job);
            }
        }
    }

    /// A file dialog was closed without a choice, or there was none.
    pub(super) fn told_of_dialog(&mut self, after: Duration) {
        if after < UNSEEN {
            self.dialogs.tell(
                "No file dialog is available on this desktop. Drop the folder or file on the window, or type its path."
                    .into(),
            );
        }
    }
}
