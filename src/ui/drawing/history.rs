//! Changes that can be taken back and repeated.

use crate::roi::DrawnRoi;

/// Changes that follow each other are one step if they are of one sort and of one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Series {
    /// A region, or a corner of it, is moved by key.
    Nudge(usize, Option<usize>),
    /// A region is named.
    Rename(usize),
}

/// Changes that can be taken back.
const MOST: usize = 200;

/// The states before and after the present one.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct History {
    past: Vec<Vec<DrawnRoi>>,
    future: Vec<Vec<DrawnRoi>>,
    series: Option<Series>,
}

impl History {
    /// Keeps the state before a change, unless the change continues the one before.
    pub(super) fn record(&mut self, before: Vec<DrawnRoi>, series: Option<Series>) {
        if series.is_none() || series != self.series {
            self.past.push(before);
            if self.past.len() > MOST {
                self.past.remove(0);
            }
        }
        self.series = series;
        self.future.clear();
    }

    /// Goes from the state `now` to the one before; `None` if there is none.
    pub(super) fn back(&mut self, now: &[DrawnRoi]) -> Option<Vec<DrawnRoi>> {
        let state = self.past.pop()?;
        self.future.push(now.to_vec());
        self.series = None;
        Some(state)
    }

    /// Goes from the state `now` to the one after; `None` if there is none.
    pub(super) fn forth(&mut self, now: &[DrawnRoi]) -> Option<Vec<DrawnRoi>> {
        let state = self.future.pop()?;
        self.past.push(now.to_vec());
        self.series = None;
        Some(state)
    }

    /// Whether there is a state before.
    pub(super) fn has_past(&self) -> bool {
        !self.past.is_empty()
    }

    /// Whether there is a state after.
    pub(super) fn has_future(&self) -> bool {
        !self.future.is_empty()
    }
}
