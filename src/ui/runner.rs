//! The run that goes on while the window is open.
//!
//! Comes in: run events. Goes out: how far it is. May not live here: the work itself, drawing.

use std::path::PathBuf;
use std::time::Instant;

use crate::run::{Control, Finished, Progress, RunEvent};

/// What a run is doing.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Phase {
    /// Networks are being loaded and photos listed.
    Preparing,
    /// Photos are being analysed.
    Running,
    /// It has ended.
    Finished(Finished),
    /// It could not go on, for this reason.
    Broken(String),
}

/// A run, going on or ended.
#[derive(Debug)]
pub(crate) struct Runner {
    /// The project file that it writes.
    pub(crate) file: PathBuf,
    /// The way to hold and end it.
    pub(crate) control: Control,
    /// Counts and rate.
    pub(crate) progress: Progress,
    /// What it is doing.
    pub(crate) phase: Phase,
    /// Tells the events of this run from those of an earlier one.
    pub(crate) generation: u64,
    /// Whether something was saved since the tables were read.
    pub(crate) news: bool,
}

impl Runner {
    pub(crate) fn new(file: PathBuf, generation: u64) -> Self {
        Self {
            file,
            control: Control::default(),
            progress: Progress::default(),
            phase: Phase::Preparing,
            generation,
            news: false,
        }
    }

    /// Takes note of an event.
    pub(crate) fn update(&mut self, event: &RunEvent, now: Instant) {
        self.progress.update(event, now);
        match event {
            RunEvent::Started { .. } => self.phase = Phase::Running,
            RunEvent::Finished(finished) => self.phase = Phase::Finished(finished.clone()),
            RunEvent::Sample(_) | RunEvent::Failed { .. } => {}
        }
        self.news = true;
    }

    /// Whether it has not ended.
    pub(crate) fn is_active(&self) -> bool {
        matches!(self.phase, Phase::Preparing | Phase::Running)
    }
}
