//! Work off the drawing thread.
//!
//! Comes in: closures. Goes out: the events they report, in the order they arrive. May not live here: what the work is.
//!
//! Each job runs on a thread of its own and reports through a [`Reporter`], which asks for a repaint on every event and once
//! more when it is dropped, also by a panic; a panic arrives as [`Crashed`].

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crossbeam_channel::{Receiver, Sender};
use eframe::egui::Context;

/// A job ended by a panic.
#[derive(Debug)]
pub(crate) struct Crashed {
    /// What the job was doing.
    pub(crate) job: &'static str,
}

/// The window's background work; `E` is what it reports.
#[derive(Debug)]
pub(crate) struct Jobs<E> {
    ctx: Context,
    sender: Sender<E>,
    receiver: Receiver<E>,
    running: Arc<AtomicUsize>,
}

impl<E: From<Crashed> + Send + 'static> Jobs<E> {
    pub(crate) fn new(ctx: Context) -> Self {
        let (sender, receiver) = crossbeam_channel::unbounded();
        Self { ctx, sender, receiver, running: Arc::default() }
    }

    /// Starts `work`; `job` says in words what it does ("opening the project").
    pub(crate) fn spawn(&self, job: &'static str, work: impl FnOnce(&Reporter<E>) + Send + 'static) {
        self.running.fetch_add(1, Ordering::SeqCst);
        let reporter =
            Reporter { job, ctx: self.ctx.clone(), sender: self.sender.clone(), running: Arc::clone(&self.running) };
        // Where no thread can be had, the closure is dropped, and with it the reporter counts the job as ended.
        let thread = std::thread::Builder::new().name(job.to_owned()).spawn(move || work(&reporter));
        if thread.is_err() {
            self.sender.send(Crashed { job }.into()).ok();
        }
    }

    /// What has been reported since the last call.
    pub(crate) fn drain(&self) -> Vec<E> {
        self.receiver.try_iter().collect()
    }

    /// Jobs that have not ended, or whose reports wait to be drained.
    pub(crate) fn running(&self) -> usize {
        self.running.load(Ordering::SeqCst).max(usize::from(!self.receiver.is_empty()))
    }
}

/// A job's way back to the window.
#[derive(Debug)]
pub(crate) struct Reporter<E: From<Crashed>> {
    job: &'static str,
    ctx: Context,
    sender: Sender<E>,
    running: Arc<AtomicUsize>,
}

impl<E: From<Crashed>> Reporter<E> {
    /// Reports an event and has the window drawn again.
    pub(crate) fn send(&self, event: E) {
        // The window may be gone; then nobody is interested.
        self.sender.send(event).ok();
        self.ctx.request_repaint();
    }
}

impl<E: From<Crashed>> Drop for Reporter<E> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.sender.send(Crashed { job: self.job }.into()).ok();
        }
        self.running.fetch_sub(1, Ordering::SeqCst);
        self.ctx.request_repaint();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq)]
    enum Event {
        Done(u32),
        Crashed(&'static str),
    }

    impl From<Crashed> for Event {
        fn from(crashed: Crashed) -> Self {
            Self::Crashed(crashed.job)
        }
    }

    fn wait(jobs: &Jobs<Event>) -> Vec<Event> {
        while jobs.running.load(Ordering::SeqCst) > 0 {
            std::thread::yield_now();
        }
        jobs.drain()
    }

    #[test]
    fn a_job_reports() {
        let jobs = Jobs::new(Context::default());
        jobs.spawn("counting", |reporter| reporter.send(Event::Done(3)));
        assert_eq!(wait(&jobs), [Event::Done(3)]);
        assert_eq!(jobs.running(), 0);
    }

    #[test]
    fn a_panic_is_reported_and_ends_the_job() {
        let jobs = Jobs::<Event>::new(Context::default());
        jobs.spawn("failing", |_| panic!("on purpose"));
        assert_eq!(wait(&jobs), [Event::Crashed("failing")]);
        assert_eq!(jobs.running(), 0);
    }
}
