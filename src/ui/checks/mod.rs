//! The panel of checks: can these maps be believed?
//!
//! Comes in: what checks found about the run, how far one is. Goes out: the check that is asked for. May not live here: networks,
//! reading, saving (see [`super::app`]).

mod agreement;
mod curves;
mod panel;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::dataset::SampleId;
use crate::inquiry::{CheckKind, Found, Subset};
use crate::saliency::{Method, Recipe};
use crate::summary::ClassRow;

pub(crate) use panel::Shown;

/// The samples that a check is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Scope {
    /// The shown one.
    Image,
    /// The first of the chosen class.
    #[default]
    Class,
    /// The first of each class.
    Run,
}

/// A check, in the words of its section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    /// Random weights.
    Sanity,
    /// Pixels that go and come.
    Faithfulness,
    /// Other methods.
    Agreement,
}

#[derive(Debug)]
struct Working {
    wish: Wish,
    at: (usize, usize),
    cancel: Arc<AtomicBool>,
}

/// What a job shall do.
#[derive(Debug)]
pub(crate) struct Job {
    /// Rises with every job.
    pub(crate) generation: u64,
    /// The checks of each sample.
    pub(crate) kinds: Vec<CheckKind>,
    /// The samples.
    pub(crate) subset: Subset,
    /// Set where nobody waits any more.
    pub(crate) cancel: Arc<AtomicBool>,
}

/// View state of the panel, and what is known.
#[derive(Debug)]
pub(crate) struct Checks {
    /// Whether it is shown in the place of an image.
    pub(crate) is_open: bool,
    scope: Scope,
    /// Samples of each class, where whole classes are checked.
    per_class: usize,
    /// What the run's method is compared with.
    methods: Vec<Method>,
    found: Arc<Found>,
    /// The rows of the snapshot that `found` is of; none where something was found since.
    read_of: Option<Arc<[ClassRow]>>,
    reading: bool,
    working: Option<Working>,
    problem: Option<(Wish, String)>,
    generation: u64,
}

impl Default for Checks {
    fn default() -> Self {
        Self {
            is_open: false,
            scope: Scope::default(),
            per_class: 5,
            methods: vec![Method::GradCamPlusPlus, Method::LayerCam, Method::EigenCam],
            found: Arc::default(),
            read_of: None,
            reading: false,
            working: None,
            problem: None,
            generation: 0,
        }
    }
}

impl Checks {
    /// Forgets what was found: another run is shown.
    pub(crate) fn clear(&mut self) {
        self.cancel();
        let Self { is_open, scope, per_class, ref methods, generation, .. } = *self;
        let methods = methods.clone();
        *self = Self { is_open, scope, per_class, methods, generation: generation + 1, ..Self::default() };
    }

    /// What was found about the run.
    pub(crate) fn found(&self) -> &Arc<Found> {
        &self.found
    }

    /// Whether what is stored has to be read now.
    pub(crate) fn wants_reading(&mut self, rows: &Arc<[ClassRow]>) -> Option<u64> {
        let is_read = self.read_of.as_ref().is_some_and(|read| Arc::ptr_eq(read, rows));
        if is_read || self.reading {
            return None;
        }
        (self.reading, self.read_of) = (true, Some(Arc::clone(rows)));
        Some(self.generation)
    }

    /// Takes what was read.
    pub(crate) fn take_found(&mut self, generation: u64, found: Result<Found, String>) {
        self.reading = false;
        if generation != self.generation {
            self.read_of = None;
            return;
        }
        match found {
            Ok(found) => self.found = Arc::new(found),
            Err(reason) => self.problem = Some((Wish::Sanity, reason)),
        }
    }

    /// Begins a check of the shown sample, the chosen class or the run, whose method has this name.
    pub(crate) fn begin(
        &mut self,
        wish: Wish,
        sample: Option<SampleId>,
        class: Option<&str>,
        of_run: &str,
    ) -> Option<Job> {
        if self.working.is_some() {
            return None;
        }
        let per_class = Some(self.per_class);
        let subset = match self.scope {
            Scope::Image => Subset { samples: vec![sample?], ..Subset::default() },
            Scope::Class => Subset { classes: vec![class?.to_owned()], per_class, ..Subset::default() },
            Scope::Run => Subset { per_class, ..Subset::default() },
        };
        let kinds = match wish {
            Wish::Sanity => vec![CheckKind::Sanity],
            Wish::Faithfulness => vec![CheckKind::Faithfulness],
            Wish::Agreement => {
                let others = self.methods.iter().map(|method| Recipe::new(*method));
                others.filter(|recipe| recipe.to_string() != of_run).map(CheckKind::Map).collect()
            }
        };
        let cancel = Arc::new(AtomicBool::new(false));
        self.problem = None;
        self.working = Some(Working { wish, at: (0, 0), cancel: Arc::clone(&cancel) });
        Some(Job { generation: self.generation, kinds, subset, cancel })
    }

    /// Takes note of how far the check is.
    pub(crate) fn progressed(&mut self, generation: u64, done: usize, of: usize) {
        if let Some(working) = self.working.as_mut().filter(|_| generation == self.generation) {
            working.at = (done, of);
        }
    }

    /// The check has ended; what it found is read again.
    pub(crate) fn ended(&mut self, generation: u64, result: Result<(), String>) {
        if generation != self.generation {
            return;
        }
        self.read_of = None;
        let Some(working) = self.working.take() else { return };
        if let (Err(reason), false) = (result, working.cancel.load(Ordering::Relaxed)) {
            self.problem = Some((working.wish, reason));
        }
    }

    /// The check ended by an internal error.
    pub(crate) fn crashed(&mut self) {
        self.reading = false;
        self.ended(self.generation, Err("an internal error ended the check".into()));
    }

    /// Ends the check; what it has found stays.
    pub(crate) fn cancel(&self) {
        if let Some(working) = &self.working {
            working.cancel.store(true, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_is_of_what_is_shown_and_one_goes_on_at_a_time() {
        let mut checks = Checks { scope: Scope::Image, ..Checks::default() };
        assert!(checks.begin(Wish::Sanity, None, None, "gradcam").is_none(), "no image");
        let job = checks.begin(Wish::Sanity, Some(SampleId(3)), None, "gradcam").expect("an image");
        assert_eq!((job.subset.samples, job.kinds), (vec![SampleId(3)], vec![CheckKind::Sanity]));
        assert!(checks.begin(Wish::Sanity, Some(SampleId(3)), None, "gradcam").is_none(), "one goes on");
        checks.ended(job.generation, Err("no".into()));
        assert_eq!(checks.problem, Some((Wish::Sanity, "no".into())));
    }

    #[test]
    fn the_runs_own_method_is_not_computed_again() {
        let mut checks = Checks::default();
        let job = checks.begin(Wish::Agreement, None, Some("a"), "layercam").expect("a class");
        assert_eq!(job.kinds.len(), checks.methods.len() - 1);
        assert_eq!((job.subset.classes, job.subset.per_class), (vec!["a".to_owned()], Some(5)));
    }

    #[test]
    fn what_was_found_is_read_after_a_check_and_what_is_cancelled_is_no_problem() {
        let (mut checks, rows) = (Checks::default(), Arc::<[ClassRow]>::from([]));
        let generation = checks.wants_reading(&rows).expect("nothing is known");
        assert!(checks.wants_reading(&rows).is_none());
        checks.take_found(generation, Ok(Found::default()));
        assert!(checks.wants_reading(&rows).is_none());
        let job = checks.begin(Wish::Sanity, None, Some("a"), "gradcam").expect("a class");
        checks.cancel();
        assert!(job.cancel.load(Ordering::Relaxed));
        checks.ended(job.generation, Err("cancelled".into()));
        assert!(checks.problem.is_none() && checks.wants_reading(&rows).is_some());
    }
}
