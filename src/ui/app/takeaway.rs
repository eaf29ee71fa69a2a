//! What the menu of files asks for and what its jobs report.
//!
//! Comes in: [`TakeCommand`]s, [`TakeEvent`]s. Goes out: jobs, a changed dialog. May not live here: drawing, formats.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::process::{Command as Process, Stdio};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::App;
use super::events::Event;
use crate::overlay::Style;
use crate::report::PageProgress;
use crate::ui::takeaway::{Refused, Source, TakeCommand, What, write};

/// What a job that writes a file reports. Numbers tell which file it is about.
#[derive(Debug)]
pub(super) enum TakeEvent {
    /// A place was chosen, or none, after this time.
    Chosen(Option<PathBuf>, Duration),
    /// Photos were drawn.
    Progress(u64, PageProgress),
    /// It is written, or not.
    Ended(u64, Result<(), Refused>),
    /// The folder cannot be shown.
    NoFolder(String),
}

impl From<TakeEvent> for Event {
    fn from(event: TakeEvent) -> Self {
        Self::Take(event)
    }
}

impl App {
    /// Carries a wish out.
    pub(super) fn take_command(&mut self, command: TakeCommand) {
        match command {
            TakeCommand::Ask(what) => {
                if let Some(project) = &self.session.project
                    && !self.dialogs.takeaway.is_working()
                {
                    self.dialogs.takeaway.ask(what, &project.file);
                }
            }
            TakeCommand::Browse => self.browse(),
            TakeCommand::Save { replace } => self.save(replace),
            TakeCommand::Cancel | TakeCommand::Dismiss => self.dialogs.takeaway.cancel(),
            TakeCommand::ShowFolder => self.show_folder(),
        }
    }

    /// Deals with what a job reports.
    pub(super) fn take_told(&mut self, event: TakeEvent) {
        match event {
            TakeEvent::Chosen(Some(path), _) => self.dialogs.takeaway.place_chosen(&path),
            TakeEvent::Chosen(None, after) => self.told_of_dialog(after),
            TakeEvent::Progress(generation, at) => self.dialogs.takeaway.progressed(generation, at),
            TakeEvent::Ended(generation, result) => self.dialogs.takeaway.ended(generation, result),
            TakeEvent::NoFolder(reason) => self.dialogs.tell(reason),
        }
    }

    fn browse(&mut self) {
        let Some((what, path)) = self.dialogs.takeaway.question() else { return };
        let mut dialog = rfd::FileDialog::new().set_title(format!("Save {}", what.name()));
        if let Some(folder) = path.parent() {
            dialog = dialog.set_directory(folder);
        }
        if let Some(name) = path.file_name() {
            dialog = dialog.set_file_name(name.to_string_lossy());
        }
        self.jobs.spawn("showing a file dialog", move |reporter| {
            let shown = Instant::now();
            let path = dialog.save_file();
            reporter.send(TakeEvent::Chosen(path, shown.elapsed()).into());
        });
    }

    fn save(&mut self, replace: bool) {
        let Some(project) = self.session.project.clone() else { return };
        let Some((what, path, stop)) = self.dialogs.takeaway.begin() else { return };
        let generation = self.dialogs.takeaway.generation;
        let launcher = Arc::clone(&self.outside.launcher);
        let layers = self.panes.sample.layers;
        let thresholds = *self.panes.classes.thresholds();
        let compared = self.panes.compare.runs();
        let choice = self.panes.classes.measure();
        let means = self.session.measured.means().filter(|means| means.choice() == choice && !choice.is_fit()).cloned();
        let other_map = match &what {
            What::Picture(sample, _) => self.panes.sample.other.measured(*sample).cloned(),
            _ => None,
        };
        let style = Style { heat_map: layers.heat.then(|| layers.style()), boxes: layers.boxes, view: layers.view };
        self.jobs.spawn("writing a file", move |reporter| {
            let source = Source {
                file: project.file.clone(),
                notes: launcher.model_notes(&project.run.settings),
                run: project.run.clone(),
                rois: project.rois,
                style,
                compared,
                means,
                other_map,
                thresholds,
            };
            let result = write(&what, &source, &path, replace, &mut |at| {
                reporter.send(TakeEvent::Progress(generation, at).into());
                if stop.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            });
            reporter.send(TakeEvent::Ended(generation, result).into());
        });
    }

    fn show_folder(&mut self) {
        let Some(folder) = self.dialogs.takeaway.written().and_then(|path| path.parent()).map(PathBuf::from) else {
            return;
        };
        let opener = if cfg!(target_os = "macos") {
            "open"
        } else if cfg!(windows) {
            "explorer"
        } else {
            "xdg-open"
        };
        self.jobs.spawn("showing a folder", move |reporter| {
            let shown = Process::new(opener).arg(&folder).stdout(Stdio::null()).stderr(Stdio::null()).status();
            // Explorer's status is 1 whatever it did.
            if !shown.as_ref().is_ok_and(|status| status.success() || cfg!(windows)) {
                let reason = format!("The folder cannot be shown on this desktop. It is {}", folder.display());
                reporter.send(TakeEvent::NoFolder(reason).into());
            }
        });
    }
}
