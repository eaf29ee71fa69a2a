//! How far a run is, for whoever watches its events.

use std::collections::VecDeque;
use std::time::Instant;

use super::RunEvent;

/// Samples that the rate is taken over.
const WINDOW: usize = 64;

/// Counts the events of a run.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    total: usize,
    done: usize,
    failed: usize,
    recent: VecDeque<Instant>,
}

impl Progress {
    /// Takes note of an event that arrived `now`.
    pub fn update(&mut self, event: &RunEvent, now: Instant) {
        match event {
            RunEvent::Started { total, done, .. } => *self = Self { total: *total, done: *done, ..Self::default() },
            RunEvent::Sample(_) => self.count(now),
            RunEvent::Failed { .. } => {
                self.failed += 1;
                self.count(now);
            }
            RunEvent::Finished(_) => {}
        }
    }

    fn count(&mut self, now: Instant) {
        self.done += 1;
        self.recent.push_back(now);
        if self.recent.len() > WINDOW {
            self.recent.pop_front();
        }
    }

    /// Samples of the run.
    pub fn total(&self) -> usize {
        self.total
    }

    /// Samples looked at, those of earlier sessions and the failed ones included.
    pub fn done(&self) -> usize {
        self.done
    }

    /// Samples that failed in this session.
    pub fn failed(&self) -> usize {
        self.failed
    }

    /// Samples per second of late; `None` before the second one.
    pub fn rate(&self) -> Option<f64> {
        let (first, last) = (self.recent.front()?, self.recent.back()?);
        let secs = last.duration_since(*first).as_secs_f64();
        (secs > 0.0).then(|| (self.recent.len() - 1) as f64 / secs)
    }

    /// Seconds until the end at this rate.
    pub fn secs_left(&self) -> Option<f64> {
        let left = self.total.saturating_sub(self.done);
        self.rate().map(|rate| left as f64 / rate)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::dataset::SampleId;
    use crate::store::RunId;

    #[test]
    fn four_samples_a_second_of_ten_leave_a_second_and_a_quarter_after_the_fifth() {
        let start = Instant::now();
        let mut progress = Progress::default();
        progress.update(&RunEvent::Started { run: RunId(1), total: 10, done: 2 }, start);
        assert_eq!((progress.rate(), progress.secs_left()), (None, None));
        for i in 1..4 {
            let failed = RunEvent::Failed { id: SampleId(i), path: "a".into(), reason: "b".into() };
            progress.update(&failed, start + Duration::from_millis(250) * i as u32);
        }
        assert_eq!((progress.done(), progress.total(), progress.failed()), (5, 10, 3));
        assert_eq!(progress.rate(), Some(4.0));
        assert_eq!(progress.secs_left(), Some(1.25));
    }
}
