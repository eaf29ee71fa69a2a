//! The loop: a data set through the networks into its project.
//!
//! Comes in: a [`Job`] and the project it is kept in. Goes out: [`RunEvent`]s, each sent only when what it tells is saved. May
//! not live here: what a network computes, SQL, drawing.
//!
//! ```text
//! readers (read, hash, decode, prepare) -> networks (in batches) -> the caller's thread (save, tell)
//! ```
//!
//! The queues between them are bounded, so memory does not grow with the data set. Each half of a result is computed only
//! where the project lacks it.

mod annotate;
mod control;
mod networks;
mod pipeline;
mod progress;
mod session;
mod source;

#[cfg(test)]
mod tests;

use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use image::RgbImage;

pub use annotate::{Annotated, annotate, may_be_annotations};
pub use control::Control;
pub use progress::Progress;
pub use session::{ModelRequest, Request, Session, load_models};
pub use source::photo;

use crate::analysis::{Explanation, SampleScore, Target};
use crate::dataset::{Dataset, Sample, SampleId};
use crate::detector::Detection;
use crate::geometry::Size;
use crate::preprocess::NetworkInput;
use crate::store::{RunId, RunSettings, Store, TargetRule};

/// What a run tells while it goes on.
#[derive(Clone, Debug, PartialEq)]
pub enum RunEvent {
    /// The samples are listed.
    Started {
        /// The run in the project.
        run: RunId,
        /// Samples of the data set.
        total: usize,
        /// Those of them that need nothing more.
        done: usize,
    },
    /// A sample is analysed and saved.
    Sample(SampleScore),
    /// A sample cannot be used; that is saved.
    Failed {
        /// The sample.
        id: SampleId,
        /// Relative to the data set's folder.
        path: String,
        /// Why not.
        reason: String,
    },
    /// Nothing more will come.
    Finished(Finished),
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Finished {
    /// The run in the project.
    pub run: RunId,
    /// Samples of the data set.
    pub total: usize,
    /// Samples that still lack a result because the run was cancelled.
    pub pending: usize,
    /// Samples of the data set that could not be used.
    pub failed: usize,
    /// How long it took.
    pub elapsed: Duration,
}

/// The networks of a run.
pub trait Networks: Sync {
    /// The image as the classifier wants it.
    fn classifier_input(&self, image: &RgbImage) -> NetworkInput;

    /// The image as the detector wants it; `None` without a detector.
    fn detector_input(&self, image: &RgbImage) -> Option<NetworkInput>;

    /// The classifier's halves; `sizes` are those of the images. Each result depends on its own input only. `cancelled` is asked
    /// from time to time by what takes long.
    ///
    /// # Errors
    /// If the computation fails, or was cancelled.
    fn explain(
        &self,
        inputs: &[NetworkInput],
        sizes: &[Size],
        targets: &[Target<'_>],
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Vec<Explanation>>;

    /// The detector's halves; `sizes` are those of the images. Each result depends on its own input only.
    ///
    /// # Errors
    /// If the computation fails.
    fn detect(&self, inputs: &[NetworkInput], sizes: &[Size]) -> Result<Vec<Vec<Detection>>>;
}

/// How the work is divided; changes no number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Division {
    /// Images that go through a network together, at most.
    pub batch: NonZeroUsize,
    /// Threads that read and decode.
    pub readers: NonZeroUsize,
    /// Threads that run networks.
    pub workers: NonZeroUsize,
}

impl Division {
    /// How many of this machine's processors can be busy together.
    pub fn processors(self) -> usize {
        let threads = self.readers.get() + self.workers.get();
        std::thread::available_parallelism().map_or(threads, |processors| processors.get().min(threads))
    }
}

/// What a run does.
#[derive(Clone, Copy)]
#[expect(missing_debug_implementations, reason = "networks have none")]
pub struct Job<'a> {
    /// Where the photos are.
    pub dataset: &'a Dataset,
    /// Everything that changes a number; describes `networks`.
    pub settings: &'a RunSettings,
    /// What computes.
    pub networks: &'a dyn Networks,
    /// How the work is divided.
    pub division: Division,
}

/// Analyses the samples that `store` has no result of. Failed ones are tried again.
///
/// # Errors
/// If the project cannot be written, a network fails, or a label has no class although the saliency shall explain it. What
/// was told is saved.
pub fn run(store: &mut Store, job: &Job<'_>, control: &Control, events: &mut dyn FnMut(RunEvent)) -> Result<Finished> {
    let start = Instant::now();
    check_labels(job.dataset, job.settings)?;
    let total = list_samples(store, job.dataset)?;
    let run = store.begin_run(job.settings)?;
    let pending = store.pending(run)?;
    events(RunEvent::Started { run, total, done: total - pending.len() });
    pipeline::process(store, run, &pending, job, control, events)?;
    let failed = store.failures(run)?.len();
    let pending = store.pending(run)?.len().saturating_sub(failed);
    let finished = Finished { run, total, pending, failed, elapsed: start.elapsed() };
    events(RunEvent::Finished(finished.clone()));
    Ok(finished)
}

/// Makes the photos of a data set the samples of its project; returns how many they are.
fn list_samples(store: &mut Store, dataset: &Dataset) -> Result<usize> {
    let stamped = |sample: &Sample| (sample.clone(), source::stamp(&dataset.path_of(sample)));
    let samples: Vec<_> = dataset.samples.iter().map(stamped).collect();
    store.list_samples(&samples)?;
    Ok(samples.len())
}

/// A run that explains labels needs to know what each of them means.
fn check_labels(dataset: &Dataset, settings: &RunSettings) -> Result<()> {
    if settings.target == TargetRule::Labelled {
        for sample in &dataset.samples {
            let label = sample.label.as_deref().with_context(|| {
                format!("the saliency of labels needs class folders, and none is above {}", sample.path)
            })?;
            let known = settings.hits.get(label).is_some_and(|classes| !classes.is_empty());
            ensure!(
                known,
                "the label {label} is no class of the classifier; give its classes with a file of class groups"
            );
        }
    }
    Ok(())
}
