//! What the comparison asks for and what its jobs report.
//!
//! Comes in: [`CompareCommand`]s, [`CompareEvent`]s. Goes out: jobs, a changed comparison. May not live here: drawing.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use eframe::egui::Context;

use super::App;
use super::events::Event;
use crate::ui::command::Command;
use crate::ui::compare::{CompareCommand, Other, OtherRun, PairDetail, Runs};
use crate::ui::project::Snapshot;
use crate::ui::takeaway::{TakeCommand, What};

/// What a job of the comparison reports. Numbers tell which wish it answers.
#[derive(Debug)]
pub(super) enum CompareEvent {
    /// The other runs of the open project.
    Listed(anyhow::Result<Vec<OtherRun>>),
    /// A project was chosen, or none, after this time.
    Chosen(Option<PathBuf>, Duration),
    /// Two runs were read and compared, or not.
    Loaded(u64, anyhow::Result<Box<Runs>>),
    /// A photo was read in both runs, or not.
    Detail(u64, Box<Result<PairDetail, String>>),
}

impl From<CompareEvent> for Event {
    fn from(event: CompareEvent) -> Self {
        Self::Compare(event)
    }
}

impl App {
    /// Carries a wish out.
    pub(super) fn compare_command(&mut self, command: CompareCommand) {
        match command {
            CompareCommand::Ask => self.ask_comparison(),
            CompareCommand::Browse => {
                self.jobs.spawn("showing a file dialog", |reporter| {
                    let shown = Instant::now();
                    let dialog = rfd::FileDialog::new().set_title("Project to compare with");
                    let path = dialog.add_filter("camroi projects", &["camroi"]).pick_file();
                    reporter.send(CompareEvent::Chosen(path, shown.elapsed()).into());
                });
            }
            CompareCommand::AskRegions => {
                if let Some(open) = &self.session.project {
                    self.panes.compare.ask_regions(open.rois);
                }
            }
            CompareCommand::With(file, run) => {
                let Some(open) = self.session.project.clone() else { return };
                self.compare_with(Other { file, run, rois: open.rois }, open);
            }
            CompareCommand::WithRegions(rois) => {
                let Some(open) = self.session.project.clone() else { return };
                self.compare_with(Other { file: open.file.clone(), run: Some(open.run.id), rois }, open);
            }
            CompareCommand::Close => self.panes.compare.close(),
            CompareCommand::TakeAlong => self.take_command(TakeCommand::Ask(What::Comparison)),
            CompareCommand::Class(class) => {
                if let Some(next) = self.panes.compare.select_class(&class) {
                    self.compare_command(next);
                }
            }
            CompareCommand::Pair(place) => {
                let Some(runs) = self.panes.compare.select_pair(place) else { return };
                let generation = self.panes.compare.generation;
                self.jobs.spawn("reading a photo's numbers", move |reporter| {
                    let detail = runs.pair(place).map_err(|err| format!("{err:#}"));
                    reporter.send(CompareEvent::Detail(generation, Box::new(detail)).into());
                });
            }
        }
    }

    /// Deals with what a job reports.
    pub(super) fn compare_told(&mut self, ctx: &Context, event: CompareEvent) {
        match event {
            CompareEvent::Listed(Ok(runs)) => self.panes.compare.list(runs),
            CompareEvent::Listed(Err(err)) => self.dialogs.tell(format!("{err:#}")),
            CompareEvent::Chosen(Some(path), _) => self.panes.compare.file_chosen(&path),
            CompareEvent::Chosen(None, after) => self.told_of_dialog(after),
            CompareEvent::Loaded(generation, _) if generation != self.panes.compare.generation => {}
            CompareEvent::Loaded(_, Ok(runs)) => {
                if let Some(first) = self.panes.compare.show(ctx, *runs) {
                    self.compare_command(first);
                }
            }
            CompareEvent::Loaded(_, Err(err)) => self.dialogs.tell(format!("{err:#}")),
            CompareEvent::Detail(generation, detail) => self.panes.compare.detailed(generation, *detail),
        }
    }

    /// A key while two runs are compared: it steps there, or changes what is laid over photos everywhere.
    pub(super) fn key_while_comparing(&mut self, ctx: &Context, command: Command) {
        if let Some(step) = self.panes.compare.step(&command) {
            self.compare_command(step);
        } else if matches!(
            command,
            Command::ToggleHeat | Command::ToggleBoxes | Command::ToggleFullScreen | Command::Show(_)
        ) {
            self.apply(ctx, command);
        }
    }

    fn compare_with(&mut self, other: Other, open: Arc<Snapshot>) {
        self.panes.compare.generation += 1;
        let generation = self.panes.compare.generation;
        self.jobs.spawn("comparing two runs", move |reporter| {
            let runs = Runs::load(&other, open).map(Box::new);
            reporter.send(CompareEvent::Loaded(generation, runs).into());
        });
    }

    fn ask_comparison(&mut self) {
        let Some(open) = self.session.project.clone() else { return };
        self.panes.compare.ask();
        self.jobs.spawn("listing the runs of the project", move |reporter| {
            reporter.send(CompareEvent::Listed(OtherRun::list(&open)).into());
        });
    }
}
