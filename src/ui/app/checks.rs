//! The checks of the run's maps.
//!
//! Comes in: the state of [`crate::ui::checks`]. Goes out: jobs, what they found. May not live here: drawing, networks.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::App;
use super::events::Event;
use crate::inquiry::{CheckedRun, Found, Watch, cases, run_checks};
use crate::store::Store;
use crate::ui::checks::{Job, Wish};
use crate::ui::launch::Launcher;
use crate::ui::project::Snapshot;

/// What the jobs are called.
pub(super) const CHECKING: &str = "checking maps";
const READING: &str = "reading the checks";

/// What a job reports; the number tells which run it is about.
#[derive(Debug)]
pub(super) enum CheckEvent {
    /// So many of so many samples are checked.
    Progress(u64, usize, usize),
    /// The check has ended.
    Ended(u64, Result<(), String>),
    /// What is stored.
    Found(u64, Result<Box<Found>, String>),
}

impl App {
    /// Has read what checks found, where that is not known.
    pub(super) fn read_checks(&mut self) {
        let Some(project) = self.session.project.clone() else { return };
        let Some(generation) = self.panes.checks.wants_reading(&project.classes) else { return };
        self.jobs.spawn(READING, move |reporter| {
            let read = || Found::read(&project.store()?, &project.run);
            let found = read().map(Box::new).map_err(|err| format!("{err:#}"));
            reporter.send(Event::Check(CheckEvent::Found(generation, found)));
        });
    }

    /// Begins a check.
    pub(super) fn check(&mut self, wish: Wish) {
        let Some(project) = self.session.project.clone() else { return };
        let class = self.selection.class.as_deref();
        let method = &project.run.settings.method;
        let Some(job) = self.panes.checks.begin(wish, self.selection.sample, class, method) else { return };
        let launcher = Arc::clone(&self.outside.launcher);
        self.jobs.spawn(CHECKING, move |reporter| {
            let generation = job.generation;
            let mut progress = |done, of| reporter.send(Event::Check(CheckEvent::Progress(generation, done, of)));
            let result = check(&project, &*launcher, &job, &mut progress).map_err(|err| format!("{err:#}"));
            reporter.send(Event::Check(CheckEvent::Ended(generation, result)));
        });
    }

    /// Takes what a job reports.
    pub(super) fn check_told(&mut self, event: CheckEvent) {
        let checks = &mut self.panes.checks;
        match event {
            CheckEvent::Progress(generation, done, of) => checks.progressed(generation, done, of),
            CheckEvent::Ended(generation, result) => checks.ended(generation, result),
            CheckEvent::Found(generation, found) => checks.take_found(generation, found.map(|found| *found)),
        }
    }
}

/// Makes the checks of a job and keeps each in the project the moment it is there.
fn check(
    project: &Snapshot,
    launcher: &dyn Launcher,
    job: &Job,
    progress: &mut dyn FnMut(usize, usize),
) -> anyhow::Result<()> {
    let store = project.store()?;
    let cases = cases(&store, &project.run, &job.subset)?;
    let known = store.checked(project.run.id)?;
    let run = CheckedRun { settings: &project.run.settings, root: &project.root, cases: &cases };
    let mut kept = Store::open(&project.file)?;
    let mut watch = Watch { progress, cancelled: &|| job.cancel.load(Ordering::Relaxed) };
    run_checks(launcher.explainer(), run, &job.kinds, &known, &mut watch, &mut |found| {
        Ok(kept.save_checked(project.run.id, &found)?)
    })
}
