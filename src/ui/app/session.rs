//! What is open and what is chosen.
//!
//! Comes in: snapshots, details. Goes out: [`Session`] and [`Selection`]. May not live here: reading, drawing.

use std::sync::Arc;
use std::time::{Duration, Instant};

use eframe::egui::Context;

use crate::dataset::SampleId;
use crate::ui::measured::Measured;
use crate::ui::project::{Detail, Snapshot};
use crate::ui::runner::Runner;
use crate::ui::verdicts::Verdicts;

/// The open project and the run that writes it.
#[derive(Debug, Default)]
pub(super) struct Session {
    /// What is shown.
    pub(super) project: Option<Arc<Snapshot>>,
    /// What the reviewer decided.
    pub(super) verdicts: Verdicts,
    /// The last run of this window.
    pub(super) runner: Option<Runner>,
    /// What is being waited for, in words.
    pub(super) busy: Option<&'static str>,
    /// Rises with every project that is opened: what was read for an earlier one is dropped.
    pub(super) generation: u64,
    /// Whether the tables are being read again.
    pub(super) reading: bool,
    /// Whether the reviewer changed what they show.
    pub(super) is_stale: bool,
    /// The measures of its samples, where the class table shows one.
    pub(super) measured: Measured,
    /// When they were last read.
    pub(super) read_at: Option<Instant>,
    /// What the times of frames are counted from.
    pub(super) origin: Option<Instant>,
}

impl Session {
    /// The time of this frame. Events that are taken in one frame have one time, and a test that counts frames has a clock.
    pub(super) fn frame_time(&mut self, ctx: &Context) -> Instant {
        let secs = ctx.input(|input| input.time).max(0.0);
        *self.origin.get_or_insert_with(Instant::now) + Duration::from_secs_f64(secs)
    }

    /// Whether a run is going on.
    pub(super) fn is_running(&self) -> bool {
        self.runner.as_ref().is_some_and(Runner::is_active)
    }
}

/// The chosen class and image.
#[derive(Debug, Default)]
pub(super) struct Selection {
    /// Name of the class.
    pub(super) class: Option<String>,
    /// Its samples, as places in the snapshot, in the gallery's order.
    pub(super) order: Arc<[usize]>,
    /// The same without the gallery's sort and filter.
    pub(super) all: Arc<[usize]>,
    /// The image.
    pub(super) sample: Option<SampleId>,
    /// All that is known of it, or why it cannot be read; that of the image before until it has been read.
    pub(super) detail: Option<Arc<Result<Detail, String>>>,
    /// Rises with every image that is asked for.
    pub(super) generation: u64,
}

impl Selection {
    /// The chosen image's place in the gallery.
    pub(super) fn place(&self, project: &Snapshot) -> Option<usize> {
        let sample = self.sample?;
        self.order.iter().position(|&place| project.samples[place].id == sample)
    }
}
