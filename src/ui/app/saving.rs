//! Keeping what the person decides and draws, at once.
//!
//! Comes in: verdicts and regions. Goes out: jobs that write them into the project.

use super::App;
use super::events::Event;
use crate::ui::verdicts::{self, Outbox};
use crate::verdict::{Subject, Verdict};

impl App {
    pub(super) fn judge(&mut self, subject: Subject, verdict: Verdict) {
        if self.session.project.is_some() {
            let outbox = self.session.verdicts.give(subject, verdict);
            self.post(Some(outbox));
        }
    }

    pub(super) fn note(&mut self, subject: Subject, note: String) {
        if self.session.project.is_some() {
            let outbox = self.session.verdicts.note(subject, note);
            self.post(Some(outbox));
        }
    }

    /// Has verdicts written the moment they are given.
    pub(super) fn post(&mut self, outbox: Option<Outbox>) {
        let (Some(outbox), Some(project)) = (outbox, self.session.project.clone()) else { return };
        self.jobs.spawn("saving a verdict", move |reporter| {
            reporter.send(Event::Judged(verdicts::post(&outbox, &project.file, project.run.id)));
        });
    }

    /// Has drawn regions written the moment they change.
    pub(super) fn post_drawn(&mut self) {
        let (Some(outbox), Some(project)) = (self.panes.sample.drawing.news(), self.session.project.clone()) else {
            return;
        };
        self.jobs.spawn("saving drawn regions", move |reporter| {
            reporter.send(Event::Drawn(outbox.post(&project.file)));
        });
    }

    /// Writes what waits for its job, before the window is gone.
    pub(super) fn post_now(&mut self) {
        let Some(project) = self.session.project.clone() else { return };
        let drawn = self.panes.sample.drawing.unsaved().map_or(Ok(()), |outbox| outbox.post(&project.file));
        if let Err(err) = drawn {
            eprintln!("The drawn regions are not saved: {err:#}");
        }
        if let Err(err) = verdicts::post(self.session.verdicts.outbox(), &project.file, project.run.id) {
            eprintln!("The verdicts are not saved: {err:#}");
        }
    }
}
