//! The run that the window starts, and the tables that grow with it.
//!
//! Comes in: requests, run events. Goes out: jobs, a state of the run, fresh tables. May not live here: what a run does,
//! drawing.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use eframe::egui::Context;

use super::App;
use super::events::Event;
use crate::run::RunEvent;
use crate::ui::launch::{Launcher, Request};
use crate::ui::pictures::Library;
use crate::ui::project::Snapshot;
use crate::ui::runner::{Phase, Runner};

/// While a run goes on or regions are drawn, the tables are read again after this time.
const REFRESH: Duration = Duration::from_millis(800);

/// What the job of a run is called.
const RUNNING: &str = "analysing photos";

impl App {
    /// Reads the tables again if the run or the reviewer has news for them and they are old enough.
    pub(super) fn read_again(&mut self, ctx: &Context) {
        let session = &mut self.session;
        let runner = session.runner.as_mut().filter(|runner| runner.news);
        let file = match (&runner, &session.project) {
            (Some(runner), _) => runner.file.clone(),
            (None, Some(project)) if session.is_stale => project.file.clone(),
            _ => return,
        };
        if session.reading {
            return;
        }
        // A run or a hand that goes on has more news soon.
        let has_ended = runner.as_ref().is_some_and(|runner| !runner.is_active());
        let age = session.read_at.map_or(REFRESH, |at| at.elapsed());
        if !has_ended && age < REFRESH {
            ctx.request_repaint_after(REFRESH - age);
            return;
        }
        if let Some(runner) = runner {
            runner.news = false;
        }
        session.is_stale = false;
        session.reading = true;
        let (generation, rois) = (session.generation, self.habits.regions_of(&file));
        self.jobs.spawn("reading the project", move |reporter| {
            reporter.send(Event::Refreshed(generation, Snapshot::load(&file, rois).map(Box::new)));
        });
    }

    pub(super) fn launch(&mut self, request: impl FnOnce(&dyn Launcher) -> anyhow::Result<Request> + Send + 'static) {
        if self.session.is_running() {
            return;
        }
        self.session.generation += 1;
        let generation = self.session.generation;
        let runner = Runner::new(PathBuf::new(), generation);
        let control = runner.control.clone();
        self.session.runner = Some(runner);
        self.session.reading = false;
        self.session.read_at = None;
        let launcher = Arc::clone(&self.outside.launcher);
        self.jobs.spawn(RUNNING, move |reporter| {
            let result = request(&*launcher).and_then(|request| {
                reporter.send(Event::RunFile(generation, request.file.clone()));
                launcher.launch(&request, &control, &mut |event| reporter.send(Event::Run(generation, event)))
            });
            reporter.send(Event::RunEnded(generation, result));
        });
    }

    pub(super) fn runner(&mut self, generation: u64) -> Option<&mut Runner> {
        self.session.runner.as_mut().filter(|runner| runner.generation == generation)
    }

    pub(super) fn steer(&mut self, steer: impl FnOnce(&Runner)) {
        if let Some(runner) = &self.session.runner {
            steer(runner);
        }
    }

    pub(super) fn run_told(&mut self, ctx: &Context, generation: u64, event: &RunEvent) {
        let now = self.session.frame_time(ctx);
        let Some(runner) = self.runner(generation) else { return };
        runner.update(event, now);
        if let RunEvent::Started { .. } = event {
            // The project exists from now on: it is opened at once, and read again as it grows.
            self.session.read_at = None;
        }
        ctx.request_repaint();
    }

    pub(super) fn refreshed(&mut self, ctx: &Context, generation: u64, result: anyhow::Result<Box<Snapshot>>) {
        if generation != self.session.generation {
            return;
        }
        self.session.reading = false;
        self.session.read_at = Some(Instant::now());
        match result {
            Ok(snapshot) if self.session.project.as_ref().is_some_and(|p| p.shows_same_run(&snapshot)) => {
                let snapshot: Arc<Snapshot> = Arc::from(snapshot);
                if self.session.project.as_ref().is_some_and(|p| p.rois != snapshot.rois) {
                    self.textures.set_source(Some(Arc::new(Library::new(&snapshot))));
                }
                self.show(snapshot);
                self.read_detail();
            }
            Ok(snapshot) => self.present(ctx, Arc::from(snapshot)),
            Err(err) => self.dialogs.tell(format!("{err:#}")),
        }
    }

    pub(super) fn run_ended(&mut self, generation: u64, result: anyhow::Result<()>) {
        let Some(runner) = self.runner(generation) else { return };
        if let Err(err) = result {
            let reason = format!("{err:#}");
            runner.phase = Phase::Broken(reason.clone());
            self.dialogs.tell(reason);
        }
    }

    pub(super) fn crashed(&mut self, job: &'static str) {
        if job == RUNNING
            && let Some(runner) = &mut self.session.runner
        {
            runner.phase = Phase::Broken("the run ended by an internal error".into());
        }
        self.session.busy = None;
        self.session.reading = false;
        self.dialogs.tell(format!("An internal error ended this: {job}."));
    }
}
