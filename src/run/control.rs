//! Stopping and holding a run from another thread.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// A handle on a run: every clone steers the same one.
#[derive(Clone, Debug, Default)]
pub struct Control(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    wish: Mutex<Wish>,
    changed: Condvar,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Wish {
    #[default]
    Go,
    Pause,
    Cancel,
}

impl Control {
    /// Ends the run after the samples in hand; what is done is saved. There is no way back.
    pub fn cancel(&self) {
        *self.wish() = Wish::Cancel;
        self.0.changed.notify_all();
    }

    /// Holds the run after the samples in hand, or lets it go on.
    pub fn pause(&self, pause: bool) {
        let mut wish = self.wish();
        if *wish != Wish::Cancel {
            *wish = if pause { Wish::Pause } else { Wish::Go };
            self.0.changed.notify_all();
        }
    }

    /// Whether the run is to end.
    pub fn is_cancelled(&self) -> bool {
        *self.wish() == Wish::Cancel
    }

    /// Whether the run is held.
    pub fn is_paused(&self) -> bool {
        *self.wish() == Wish::Pause
    }

    /// Waits while the run is held; `false` when it is to end.
    pub(super) fn may_go_on(&self) -> bool {
        let mut wish = self.wish();
        while *wish == Wish::Pause {
            wish = self.0.changed.wait(wish).unwrap_or_else(PoisonError::into_inner);
        }
        *wish == Wish::Go
    }

    fn wish(&self) -> MutexGuard<'_, Wish> {
        self.0.wish.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
