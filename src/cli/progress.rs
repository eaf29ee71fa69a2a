//! How far a run or another long work is, on standard error: a bar on a terminal, plain lines elsewhere.

use std::io::{IsTerminal as _, stderr};
use std::time::{Duration, Instant};

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};

use super::interrupt;
use crate::inquiry::Watch;
use crate::run::{Control, Progress, RunEvent};

/// Time between plain lines.
const BETWEEN_LINES: Duration = Duration::from_secs(10);

/// Shows the events of a run.
pub(super) struct Display {
    progress: Progress,
    /// Hidden where standard error is no terminal.
    bar: ProgressBar,
    on_terminal: bool,
    last_line: Instant,
}

impl Display {
    pub(super) fn new() -> Self {
        let on_terminal = stderr().is_terminal();
        let bar = if on_terminal { ProgressBar::new(0) } else { ProgressBar::hidden() };
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos} of {len} {msg}") {
            bar.set_style(style);
        }
        Self { progress: Progress::default(), bar, on_terminal, last_line: Instant::now() }
    }

    /// Takes note of an event.
    pub(super) fn update(&mut self, event: &RunEvent) {
        let now = Instant::now();
        self.progress.update(event, now);
        match event {
            RunEvent::Started { total, done, .. } => {
                self.bar.set_length(*total as u64);
                if !self.on_terminal {
                    eprintln!("{} photos, {} to analyse", total, total - done);
                }
            }
            RunEvent::Failed { path, reason, .. } => self.line(&format!("failed: {path}: {reason}")),
            RunEvent::Sample(_) => {}
            RunEvent::Finished(_) => self.bar.finish_and_clear(),
        }
        self.bar.set_position(self.progress.done() as u64);
        self.bar.set_message(self.pace());
        let is_due = now.duration_since(self.last_line) >= BETWEEN_LINES;
        if !self.on_terminal && is_due && !matches!(event, RunEvent::Finished(_)) {
            self.last_line = now;
            eprintln!("{} of {} {}", self.progress.done(), self.progress.total(), self.pace());
        }
    }

    fn line(&self, text: &str) {
        if self.on_terminal {
            self.bar.println(text);
        } else {
            eprintln!("{text}");
        }
    }

    fn pace(&self) -> String {
        match (self.progress.rate(), self.progress.secs_left()) {
            (Some(rate), Some(left)) => format!("({rate:.1} a second, {} left)", duration(left)),
            _ => String::new(),
        }
    }
}

/// Seconds as people say them: `42 s`, `3 min 20 s`, `2 h 5 min`.
pub(super) fn duration(secs: f64) -> String {
    let secs = secs.round().max(0.0) as u64;
    match (secs / 3600, secs / 60 % 60, secs % 60) {
        (0, 0, s) => format!("{s} s"),
        (0, min, s) => format!("{min} min {s} s"),
        (h, min, _) => format!("{h} h {min} min"),
    }
}

/// Does work over photos with its progress on standard error; `None` where Ctrl+C, or `control`, ended it.
pub(super) fn watched<T>(control: &Control, work: impl FnOnce(&mut Watch<'_>) -> Result<T>) -> Result<Option<T>> {
    let _interrupt = interrupt::cancel_on_interrupt(control)?;
    let bar = if stderr().is_terminal() { ProgressBar::new(0) } else { ProgressBar::hidden() };
    let mut last = Instant::now();
    let mut progress = |done: usize, of: usize| {
        bar.set_length(of as u64);
        bar.set_position(done as u64);
        if bar.is_hidden() && last.elapsed() >= BETWEEN_LINES {
            last = Instant::now();
            eprintln!("{done} of {of} photos");
        }
    };
    let result = work(&mut Watch { progress: &mut progress, cancelled: &|| control.is_cancelled() });
    bar.finish_and_clear();
    match result {
        Err(_) if control.is_cancelled() => Ok(None),
        other => other.map(Some),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_told_in_their_two_largest_units() {
        let cases = [(0.4, "0 s"), (42.0, "42 s"), (200.0, "3 min 20 s"), (7500.0, "2 h 5 min"), (-1.0, "0 s")];
        for (secs, text) in cases {
            assert_eq!(duration(secs), text);
        }
    }
}
