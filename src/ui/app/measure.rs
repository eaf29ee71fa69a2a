//! The measures that the class table shows beside the fit.
//!
//! Comes in: the state of [`crate::ui::measured`]. Goes out: jobs, answers. May not live here: drawing, measures.

use std::sync::Arc;

use super::App;
use super::events::Event;
use crate::ui::class_table::Besides;
use crate::ui::measured::{Answer, compute};

/// What the job is called.
pub(super) const MEASURING: &str = "measuring images";

/// What the job reports; the number tells which wish it is about.
#[derive(Debug)]
pub(super) enum MeasureEvent {
    /// So many of so many samples are measured.
    Progress(u64, usize, usize),
    /// The measures, or why there are none.
    Answer(u64, Result<Answer, String>),
}

impl App {
    /// Has the measure computed that the class table shows.
    pub(super) fn measure(&mut self) {
        let Some(project) = self.session.project.clone() else { return };
        let choice = self.panes.classes.measure();
        let Some(wanted) = self.session.measured.wanted(&project.classes, choice) else { return };
        self.jobs.spawn(MEASURING, move |reporter| {
            let generation = wanted.generation;
            let mut progress = |done, of| reporter.send(Event::Measure(MeasureEvent::Progress(generation, done, of)));
            let answer = compute(&project, &wanted, &mut progress).map_err(|err| format!("{err:#}"));
            reporter.send(Event::Measure(MeasureEvent::Answer(generation, answer)));
        });
    }

    /// Takes what the job reports.
    pub(super) fn measure_told(&mut self, event: MeasureEvent) {
        match event {
            MeasureEvent::Progress(generation, done, of) => self.session.measured.progressed(generation, done, of),
            MeasureEvent::Answer(generation, answer) => self.session.measured.take(generation, answer),
        }
    }

    /// Shows the classes as they are now.
    pub(super) fn refresh_classes(&mut self) {
        let Some(project) = self.session.project.as_ref().map(Arc::clone) else { return };
        let besides = Besides { means: self.session.measured.means(), found: self.panes.checks.found() };
        self.panes.classes.refresh(&project.classes, besides, &self.session.verdicts);
    }
}
