//! The measures of the run's samples, computed when the class table shows one.
//!
//! Comes in: which measure of which snapshot is wanted, the answers of worker threads. Goes out: what has to be computed, how far
//! it is, and the newest means; those before stay until then. May not live here: how a measure is computed, drawing.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::class_table::Measuring;
use super::project::Snapshot;
use crate::inquiry::{Measurer, Watch};
use crate::measure::MeasureChoice;
use crate::summary::{ChosenMeans, ClassRow, SampleMeasures};

/// What was computed: the means of the chosen measure, and the samples' measures, from which those of others follow.
#[derive(Debug)]
pub(crate) struct Answer {
    samples: Arc<[SampleMeasures]>,
    means: Arc<ChosenMeans>,
}

/// What has to be computed.
#[derive(Debug)]
pub(crate) struct Wanted {
    /// Rises with every wish.
    pub(crate) generation: u64,
    choice: MeasureChoice,
    samples: Option<Arc<[SampleMeasures]>>,
    measurer: Arc<Mutex<Measurer>>,
    cancel: Arc<AtomicBool>,
}

/// The rows of a snapshot tell which one it is.
type Rows = Arc<[ClassRow]>;

#[derive(Debug)]
struct Pending {
    choice: MeasureChoice,
    rows: Rows,
    cancel: Arc<AtomicBool>,
    at: (usize, usize),
}

/// The measures of the open run.
#[derive(Debug, Default)]
pub(crate) struct Measured {
    measurer: Arc<Mutex<Measurer>>,
    known: Option<(Rows, Answer)>,
    pending: Option<Pending>,
    problem: Option<(MeasureChoice, Rows, String)>,
    generation: u64,
}

impl Measured {
    /// Forgets everything: another run is shown.
    pub(crate) fn clear(&mut self) {
        self.stop();
        *self = Self { generation: self.generation + 1, ..Self::default() };
    }

    /// What has to be computed now to show a measure of a snapshot.
    pub(crate) fn wanted(&mut self, rows: &Rows, choice: MeasureChoice) -> Option<Wanted> {
        if choice.is_fit() {
            self.stop();
            return None;
        }
        let is_known = |(of, answer): &(Rows, Answer)| Arc::ptr_eq(of, rows) && answer.means.choice() == choice;
        let has_failed = |(of, at, _): &(MeasureChoice, Rows, String)| *of == choice && Arc::ptr_eq(at, rows);
        if self.known.as_ref().is_some_and(is_known) || self.problem.as_ref().is_some_and(has_failed) {
            self.stop();
            return None;
        }
        // What was begun for an earlier state of a growing run is finished, so that there is something to show.
        if self.pending.as_ref().is_some_and(|pending| pending.choice == choice) {
            return None;
        }
        self.stop();
        self.generation += 1;
        let cancel = Arc::new(AtomicBool::new(false));
        let at = (0, 0);
        self.pending = Some(Pending { choice, rows: Arc::clone(rows), cancel: Arc::clone(&cancel), at });
        let of_these = self.known.as_ref().filter(|(of, _)| Arc::ptr_eq(of, rows));
        let samples = of_these.map(|(_, answer)| Arc::clone(&answer.samples));
        Some(Wanted { generation: self.generation, choice, samples, measurer: Arc::clone(&self.measurer), cancel })
    }

    /// Takes note of how far it is.
    pub(crate) fn progressed(&mut self, generation: u64, done: usize, of: usize) {
        if let Some(pending) = self.pending.as_mut().filter(|_| generation == self.generation) {
            pending.at = (done, of);
        }
    }

    /// Takes an answer, or the reason why there is none.
    pub(crate) fn take(&mut self, generation: u64, answer: Result<Answer, String>) {
        let Some(pending) = self.pending.take_if(|_| generation == self.generation) else { return };
        match answer {
            Ok(answer) => self.known = Some((pending.rows, answer)),
            Err(reason) => self.problem = Some((pending.choice, pending.rows, reason)),
        }
    }

    /// The computation ended by an internal error.
    pub(crate) fn crashed(&mut self) {
        self.take(self.generation, Err("an internal error ended the computation".into()));
    }

    /// The newest means, which may still be those of another measure.
    pub(crate) fn means(&self) -> Option<&Arc<ChosenMeans>> {
        self.known.as_ref().map(|(_, answer)| &answer.means)
    }

    /// How far a measure is.
    pub(crate) fn state(&self, choice: MeasureChoice) -> Measuring {
        match (&self.pending, &self.problem) {
            (Some(Pending { at: (done, of), .. }), _) => Measuring::Working { done: *done, of: *of },
            (None, Some((failed, _, reason))) if *failed == choice => Measuring::Failed(reason.clone()),
            _ => Measuring::Idle,
        }
    }

    fn stop(&mut self) {
        if let Some(pending) = self.pending.take() {
            pending.cancel.store(true, Ordering::Relaxed);
        }
    }
}

/// Computes what is wanted; call on a worker thread.
///
/// # Errors
/// If the project cannot be read, or nobody waits any more.
pub(crate) fn compute(
    snapshot: &Snapshot,
    wanted: &Wanted,
    progress: &mut dyn FnMut(usize, usize),
) -> anyhow::Result<Answer> {
    let samples = match &wanted.samples {
        Some(samples) => Arc::clone(samples),
        None => {
            let mut watch = Watch { progress, cancelled: &|| wanted.cancel.load(Ordering::Relaxed) };
            let mut measurer = wanted.measurer.lock().unwrap_or_else(PoisonError::into_inner);
            measurer.samples(&snapshot.store()?, &snapshot.run, &mut watch)?.into()
        }
    };
    let means = Arc::new(ChosenMeans::of(wanted.choice, &samples));
    Ok(Answer { samples, means })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Measure;

    fn by(measure: Measure) -> MeasureChoice {
        MeasureChoice { measure, minus: None }
    }

    fn answer(choice: MeasureChoice) -> Answer {
        Answer { samples: [].into(), means: Arc::new(ChosenMeans::of(choice, &[])) }
    }

    #[test]
    fn the_fit_asks_for_nothing_and_a_measure_is_asked_for_once() {
        let (mut measured, rows) = (Measured::default(), Rows::from([]));
        assert!(measured.wanted(&rows, MeasureChoice::default()).is_none());
        let choice = by(Measure::TopK);
        let wanted = measured.wanted(&rows, choice).expect("nobody asked yet");
        assert!(measured.wanted(&rows, choice).is_none());
        measured.progressed(wanted.generation, 3, 9);
        assert_eq!(measured.state(choice), Measuring::Working { done: 3, of: 9 });
        measured.take(wanted.generation, Ok(answer(choice)));
        assert!(measured.wanted(&rows, choice).is_none());
        assert_eq!(measured.state(choice), Measuring::Idle);
    }

    #[test]
    fn another_measure_of_the_same_samples_follows_from_what_is_known() {
        let (mut measured, rows) = (Measured::default(), Rows::from([]));
        let first = measured.wanted(&rows, by(Measure::TopK)).expect("nobody asked yet");
        measured.take(first.generation, Ok(answer(by(Measure::TopK))));
        let second = measured.wanted(&rows, by(Measure::Lift)).expect("another measure");
        assert!(first.samples.is_none() && second.samples.is_some());
        let other: Rows = Rows::from(Vec::new());
        measured.take(second.generation, Ok(answer(by(Measure::Lift))));
        assert!(measured.wanted(&other, by(Measure::Lift)).is_some_and(|wanted| wanted.samples.is_none()));
    }

    #[test]
    fn turning_back_to_the_fit_ends_the_work_and_a_late_answer_is_dropped() {
        let (mut measured, rows) = (Measured::default(), Rows::from([]));
        let wanted = measured.wanted(&rows, by(Measure::TopK)).expect("nobody asked yet");
        measured.wanted(&rows, MeasureChoice::default());
        assert!(wanted.cancel.load(Ordering::Relaxed));
        measured.take(wanted.generation, Ok(answer(by(Measure::TopK))));
        assert!(measured.means().is_none());
    }

    #[test]
    fn what_failed_says_why_and_is_not_tried_again_by_itself() {
        let (mut measured, rows) = (Measured::default(), Rows::from([]));
        let choice = by(Measure::TopK);
        let wanted = measured.wanted(&rows, choice).expect("nobody asked yet");
        measured.take(wanted.generation, Err("no".into()));
        assert!(measured.wanted(&rows, choice).is_none());
        assert_eq!(measured.state(choice), Measuring::Failed("no".into()));
    }
}
