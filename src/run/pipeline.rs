//! The threads of a run and the queues between them.

use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use anyhow::{Result, anyhow};
use crossbeam_channel::{Receiver, Sender, bounded};

use super::{Control, Job, RunEvent, source};
use crate::analysis::{Outcome, Target};
use crate::geometry::Size;
use crate::preprocess::NetworkInput;
use crate::store::{Analysed, ContentHash, PendingSample, RunId, SampleRecord, Store, TargetRule};

/// Records that are saved together, at most.
const SAVED_TOGETHER: usize = 64;

/// An image that waits for the networks.
struct Prepared<'a> {
    sample: &'a PendingSample,
    hash: ContentHash,
    image: Size,
    /// `None` where the half is known.
    classifier_input: Option<NetworkInput>,
    detector_input: Option<NetworkInput>,
}

/// What readers and workers share.
struct Shared<'a> {
    job: &'a Job<'a>,
    run: RunId,
    pending: &'a [PendingSample],
    /// Index of the next sample that a reader takes.
    next: AtomicUsize,
    control: &'a Control,
    /// Set when the run ends by an error.
    stop: AtomicBool,
    /// A connection of its own, to look up what is known.
    known: Mutex<Store>,
}

impl Shared<'_> {
    /// Waits while the run is held; `false` when it is to end.
    fn goes_on(&self) -> bool {
        self.control.may_go_on() && !self.stop.load(Ordering::Relaxed)
    }

    /// Whether the run is to end; does not wait.
    fn is_over(&self) -> bool {
        self.control.is_cancelled() || self.stop.load(Ordering::Relaxed)
    }
}

/// A record, or what makes going on pointless.
type Record = Result<SampleRecord>;

/// Takes `pending` through the networks and saves what comes of it, until all is done, `control` says to stop, or an error.
pub(super) fn process(
    store: &mut Store,
    run: RunId,
    pending: &[PendingSample],
    job: &Job<'_>,
    control: &Control,
    events: &mut dyn FnMut(RunEvent),
) -> Result<()> {
    if pending.is_empty() {
        return Ok(());
    }
    let shared = Shared {
        job,
        run,
        pending,
        next: AtomicUsize::new(0),
        control,
        stop: AtomicBool::new(false),
        known: Mutex::new(Store::open_read_only(store.path())?),
    };
    thread::scope(|scope| {
        let (prepared, to_compute) = bounded(job.division.batch.get() * job.division.workers.get());
        let (records, to_save) = bounded(SAVED_TOGETHER);
        for _ in 0..job.division.readers.get() {
            let (prepared, records, shared) = (prepared.clone(), records.clone(), &shared);
            scope.spawn(move || guarded(&records, || read_all(shared, &prepared, &records)));
        }
        for _ in 0..job.division.workers.get() {
            let (to_compute, records, shared) = (to_compute.clone(), records.clone(), &shared);
            scope.spawn(move || guarded(&records, || compute_in_pool(shared, &to_compute, &records)));
        }
        // Only the threads hold ends now, so that each queue closes when those before it are done.
        drop((prepared, to_compute, records));
        let saved = save_all(store, run, to_save, events);
        shared.stop.store(true, Ordering::Relaxed);
        saved
    })
}

/// Turns a panic of a thread into an error of the run.
fn guarded(records: &Sender<Record>, work: impl FnOnce()) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(work)) {
        let what = panic.downcast_ref::<&str>().copied().map(str::to_owned);
        let what = what.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
        // Where nobody listens, the run has ended by another error.
        records.send(Err(anyhow!("internal error: {what}"))).unwrap_or_default();
    }
}

/// A reader: takes samples until there are no more.
fn read_all<'a>(shared: &Shared<'a>, prepared: &Sender<Prepared<'a>>, records: &Sender<Record>) {
    while shared.goes_on() {
        let Some(sample) = shared.pending.get(shared.next.fetch_add(1, Ordering::Relaxed)) else { return };
        let taken = match read_one(shared, sample) {
            Ok(Read::Prepared(image)) => prepared.send(*image).is_ok(),
            Ok(Read::Record(record)) => records.send(Ok(record)).is_ok(),
            Err(error) => records.send(Err(error)).is_ok(),
        };
        if !taken {
            return;
        }
    }
}

/// What reading a file leads to.
enum Read<'a> {
    /// Work for the networks.
    Prepared(Box<Prepared<'a>>),
    /// Nothing more to do: the file is unusable, or all is known of its content.
    Record(SampleRecord),
}

fn read_one<'a>(shared: &Shared<'a>, sample: &'a PendingSample) -> Result<Read<'a>> {
    let job = shared.job;
    let failed = |reason| Ok(Read::Record(SampleRecord::Failed { id: sample.id, reason }));
    let (bytes, hash) = match source::read(&job.dataset.root.join(&sample.path)) {
        Ok(read) => read,
        Err(reason) => return failed(reason),
    };
    let missing = {
        let known = shared.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.missing(shared.run, sample.label.as_deref(), &hash)?
    };
    if !missing.explanation && !missing.detections {
        let known = Analysed { id: sample.id, hash, explanation: None, detections: None };
        return Ok(Read::Record(SampleRecord::Analysed(Box::new(known))));
    }
    let image = match source::picture(&bytes) {
        Ok(image) => image,
        Err(reason) => return failed(reason),
    };
    Ok(Read::Prepared(Box::new(Prepared {
        sample,
        hash,
        image: Size::new(image.width(), image.height()),
        classifier_input: missing.explanation.then(|| job.networks.classifier_input(&image)),
        detector_input: if missing.detections { job.networks.detector_input(&image) } else { None },
    })))
}

/// A worker with its own share of the processor: images side by side need less waiting for each other than the parts of one.
fn compute_in_pool<'a>(shared: &Shared<'a>, prepared: &Receiver<Prepared<'a>>, records: &Sender<Record>) {
    let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let threads = (cores / shared.job.division.workers.get()).max(1);
    match rayon::ThreadPoolBuilder::new().num_threads(threads).build() {
        Ok(pool) => pool.install(|| compute_all(shared, prepared, records)),
        Err(error) => records.send(Err(error.into())).unwrap_or_default(),
    }
}

/// A worker: takes what is prepared, as much as there is up to a batch, until the readers are done.
fn compute_all<'a>(shared: &Shared<'a>, prepared: &Receiver<Prepared<'a>>, records: &Sender<Record>) {
    while let Ok(first) = prepared.recv() {
        if !shared.goes_on() {
            return;
        }
        let mut batch = vec![first];
        batch.extend(prepared.try_iter().take(shared.job.division.batch.get() - 1));
        match compute(shared, batch) {
            Ok(results) => {
                for analysed in results {
                    if records.send(Ok(SampleRecord::Analysed(Box::new(analysed)))).is_err() {
                        return;
                    }
                }
            }
            Err(_cancelled) if shared.is_over() => return,
            Err(error) => return records.send(Err(error)).unwrap_or_default(),
        }
    }
}

/// Both halves of a batch, each where it is missing.
fn compute(shared: &Shared<'_>, batch: Vec<Prepared<'_>>) -> Result<Vec<Analysed>> {
    let job = shared.job;
    let (mut to_explain, mut to_detect) = (Half::default(), Half::default());
    let mut targets = Vec::new();
    let mut results = Vec::with_capacity(batch.len());
    for (i, image) in batch.into_iter().enumerate() {
        if let Some(input) = image.classifier_input {
            to_explain.push(i, input, image.image);
            targets.push(target(job, image.sample));
        }
        if let Some(input) = image.detector_input {
            to_detect.push(i, input, image.image);
        }
        results.push(Analysed { id: image.sample.id, hash: image.hash, explanation: None, detections: None });
    }
    if !targets.is_empty() {
        let explanations =
            job.networks.explain(&to_explain.inputs, &to_explain.sizes, &targets, &|| shared.is_over())?;
        for (i, explanation) in to_explain.places.into_iter().zip(explanations) {
            results[i].explanation = Some(explanation);
        }
    }
    if !to_detect.places.is_empty() {
        let detections = job.networks.detect(&to_detect.inputs, &to_detect.sizes)?;
        for (i, detections) in to_detect.places.into_iter().zip(detections) {
            results[i].detections = Some(detections);
        }
    }
    Ok(results)
}

/// The images of a batch that one network has to see.
#[derive(Default)]
struct Half {
    /// Places in the batch.
    places: Vec<usize>,
    inputs: Vec<NetworkInput>,
    sizes: Vec<Size>,
}

impl Half {
    fn push(&mut self, place: usize, input: NetworkInput, size: Size) {
        self.places.push(place);
        self.inputs.push(input);
        self.sizes.push(size);
    }
}

fn target<'a>(job: &Job<'a>, sample: &PendingSample) -> Target<'a> {
    let label = sample.label.as_ref().filter(|_| job.settings.target == TargetRule::Labelled);
    label.and_then(|label| job.settings.hits.get(label)).map_or(Target::Predicted, |classes| Target::BestOf(classes))
}

/// Saves records as they come, many in one transaction where they come fast, and tells of them.
fn save_all(store: &mut Store, run: RunId, records: Receiver<Record>, events: &mut dyn FnMut(RunEvent)) -> Result<()> {
    while let Ok(first) = records.recv() {
        let together = std::iter::once(first).chain(records.try_iter().take(SAVED_TOGETHER - 1));
        let (mut batch, mut error) = (Vec::new(), None);
        for record in together {
            match record {
                Ok(record) => batch.push(record),
                Err(e) => error = error.or(Some(e)),
            }
        }
        store.save(run, &batch)?;
        let ids: Vec<_> = batch.iter().map(SampleRecord::id).collect();
        for result in store.results_of(run, &ids)? {
            events(match result.outcome {
                Outcome::Failed(reason) => RunEvent::Failed { id: result.id, path: result.path, reason },
                Outcome::Measured(_) => RunEvent::Sample(result.into_score()),
            });
        }
        if let Some(error) = error {
            return Err(error);
        }
    }
    Ok(())
}
