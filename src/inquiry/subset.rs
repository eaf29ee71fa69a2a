//! Some samples of a run: the checks cost far more than a map, so that they are made for a few classes first.

use anyhow::{Result, bail, ensure};

use crate::analysis::{Measured, Outcome, SampleScore};
use crate::dataset::SampleId;
use crate::store::{RunInfo, Store};
use crate::summary::class_of;

/// Which samples are looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subset {
    /// These samples alone; all of them where there is none.
    pub samples: Vec<SampleId>,
    /// Names of classes; all of them where there is none.
    pub classes: Vec<String>,
    /// The first so many of each class, in path order; all of them where there is none.
    pub per_class: Option<usize>,
}

/// A sample with what the run says of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// The class that it is counted under.
    pub class: String,
    /// Its numbers for tables.
    pub score: SampleScore,
    /// Map and regions.
    pub measured: Measured,
}

/// The samples of a run that belong to a subset, in path order; failed ones belong to none.
///
/// # Errors
/// If the project cannot be read, a class has no sample, or no sample is left.
pub fn cases(store: &Store, run: &RunInfo, subset: &Subset) -> Result<Vec<Case>> {
    let names = &run.settings.classifier.class_names;
    let mut taken = std::collections::BTreeMap::<String, usize>::new();
    let mut cases = Vec::new();
    store.for_each_result(run.id, |result| {
        let score = SampleScore { id: result.id, path: result.path, label: result.label, score: result.score };
        let Outcome::Measured(measured) = result.outcome else { return Ok(()) };
        let Some(class) = class_of(&score, names).map(str::to_owned) else { return Ok(()) };
        let count = taken.entry(class.clone()).or_default();
        let is_wanted = (subset.classes.is_empty() || subset.classes.contains(&class))
            && (subset.samples.is_empty() || subset.samples.contains(&score.id));
        if is_wanted && subset.per_class.is_none_or(|limit| *count < limit) {
            *count += 1;
            cases.push(Case { class, score, measured: *measured });
        }
        Ok::<_, anyhow::Error>(())
    })?;
    if let Some(class) = subset.classes.iter().find(|class| !taken.contains_key(*class)) {
        let known: Vec<_> = taken.keys().map(String::as_str).collect();
        bail!("the run has no usable photo of the class {class}; it has {}", known.join(", "))
    }
    ensure!(!cases.is_empty(), "the run has no usable photo");
    Ok(cases)
}
