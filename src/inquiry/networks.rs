//! Classifiers, loaded when they are first needed and kept.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Result, ensure};

use crate::classifier::Classifier;
use crate::device::DeviceChoice;
use crate::models::load_classifier;
use crate::store::RunSettings;
use crate::validity::sanity::{Level, randomised};

/// Where the random weights start.
const SEED: u64 = 1;

/// The classifier of one run: as the run used it, and cut at the layer that was asked for last.
struct Kept {
    key: String,
    base: Arc<Classifier>,
    other: Option<Arc<Classifier>>,
    random: Option<Arc<[Classifier]>>,
}

/// Classifiers of runs; those of one run are kept in memory at a time.
#[expect(missing_debug_implementations, reason = "networks have none")]
pub struct Networks {
    device: DeviceChoice,
    kept: Mutex<Option<Kept>>,
}

impl Networks {
    /// Nothing is loaded yet.
    pub fn new(device: DeviceChoice) -> Self {
        Self { device, kept: Mutex::new(None) }
    }

    /// The run's classifier, cut at the run's own layer.
    ///
    /// # Errors
    /// If it cannot be loaded, or its weights or preprocessing are no longer those of the run.
    pub fn of_run(&self, run: &RunSettings) -> Result<Arc<Classifier>> {
        // Whoever loads holds the lock, so that two questions do not load the same network twice.
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kept) = kept.as_ref().filter(|kept| kept.key == run.classifier.key) {
            return Ok(Arc::clone(&kept.base));
        }
        *kept = None;
        let base = load_classifier(&run.classifier.name, Some(&run.layer), &self.device.open()?)?;
        ensure!(
            run.classifier.key.starts_with(&format!("{} ", base.key())),
            "the classifier is no longer the one that the run was made with: {}",
            run.classifier.name
        );
        let base = Arc::new(base);
        *kept = Some(Kept { key: run.classifier.key.clone(), base: Arc::clone(&base), other: None, random: None });
        Ok(base)
    }

    /// The run's classifier with random weights, one for each of [`Level::ALL`].
    ///
    /// # Errors
    /// As [`Networks::of_run`].
    pub fn randomised(&self, run: &RunSettings) -> Result<Arc<[Classifier]>> {
        let base = self.of_run(run)?;
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let mut kept = kept.as_mut().filter(|kept| kept.key == run.classifier.key);
        if let Some(random) = kept.as_ref().and_then(|kept| kept.random.as_ref()) {
            return Ok(Arc::clone(random));
        }
        let random =
            Level::ALL.map(|level| randomised(&base, level, SEED)).into_iter().collect::<Result<Vec<_>, _>>()?;
        let random: Arc<[Classifier]> = random.into();
        if let Some(kept) = &mut kept {
            kept.random = Some(Arc::clone(&random));
        }
        Ok(random)
    }

    /// The run's classifier, cut at a layer.
    ///
    /// # Errors
    /// As [`Networks::of_run`], and if the network cannot be cut there.
    pub fn at_layer(&self, run: &RunSettings, layer: &str) -> Result<Arc<Classifier>> {
        let base = self.of_run(run)?;
        if base.layer() == layer {
            return Ok(base);
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let known = kept.as_ref().filter(|kept| kept.key == run.classifier.key).and_then(|kept| kept.other.as_ref());
        if let Some(other) = known.filter(|other| other.layer() == layer) {
            return Ok(Arc::clone(other));
        }
        let other = Arc::new(base.at_layer(layer)?);
        if let Some(kept) = kept.as_mut().filter(|kept| kept.key == run.classifier.key) {
            kept.other = Some(Arc::clone(&other));
        }
        Ok(other)
    }
}
