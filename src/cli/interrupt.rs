//! Ctrl+C.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context as _, Result};

use crate::run::Control;

/// While this lives, Ctrl+C is understood as: stop the run.
pub(super) struct Watch {
    over: Arc<AtomicBool>,
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
    }
}

/// Makes Ctrl+C (and the signals that ask a program to end) cancel the run; a second one, or one after the run, ends the
/// program at once. May be called once in a program's life.
pub(super) fn cancel_on_interrupt(control: &Control) -> Result<Watch> {
    let over = Arc::new(AtomicBool::new(false));
    let (control, seen) = (control.clone(), Arc::clone(&over));
    let handler = move || {
        if control.is_cancelled() || seen.load(Ordering::Relaxed) {
            std::process::exit(130);
        }
        control.cancel();
    };
    ctrlc::set_handler(handler).context("cannot watch for Ctrl+C")?;
    Ok(Watch { over })
}
