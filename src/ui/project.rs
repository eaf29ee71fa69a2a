//! An open project as the window shows it.
//!
//! Comes in: the path of a project file. Goes out: [`Snapshot`]s and [`Detail`]s read on worker threads. May not live here:
//! drawing, writing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};

use crate::analysis::{Measured, Outcome, RoiChoice, SampleScore};
use crate::dataset::{ClassId, SampleId};
use crate::roi::DrawnRoi;
use crate::store::{RunId, RunInfo, Store};
use crate::summary::{ClassRow, NoRoi, class_of, class_rows, total_row};
use crate::ui::format;
use crate::verdict::{Judgement, Subject};

/// What the tables show of a project at one moment.
#[derive(Debug)]
pub(crate) struct Snapshot {
    /// The project file.
    pub(crate) file: PathBuf,
    /// The data set's folder.
    pub(crate) root: PathBuf,
    /// The run that is shown: the latest.
    pub(crate) run: RunInfo,
    /// Which regions the numbers are of.
    pub(crate) rois: RoiChoice,
    /// All samples that have an outcome, in path order.
    pub(crate) samples: Arc<[SampleScore]>,
    /// How many samples the project is about.
    pub(crate) listed: usize,
    /// The rows of the class table, in order of their names.
    pub(crate) classes: Arc<[ClassRow]>,
    /// One row over all samples.
    pub(crate) total: ClassRow,
    /// Path and reason of what could not be used.
    pub(crate) failures: Arc<[(String, String)]>,
    /// What reviewers decided.
    pub(crate) verdicts: Vec<(Subject, Judgement)>,
    by_class: BTreeMap<String, Arc<[usize]>>,
}

impl Snapshot {
    /// Reads the latest run of a project, with the regions that `rois` counts.
    ///
    /// # Errors
    /// If the file is no project, or no run was begun in it.
    pub(crate) fn load(file: &Path, rois: RoiChoice) -> anyhow::Result<Self> {
        Self::load_run(file, None, rois)
    }

    /// Reads a run of a project, by default the latest, with the regions that `rois` counts.
    ///
    /// # Errors
    /// If the file is no project, or has no such run.
    pub(crate) fn load_run(file: &Path, id: Option<RunId>, rois: RoiChoice) -> anyhow::Result<Self> {
        let mut store = Store::open_read_only(file)?;
        store.choose_rois(rois);
        let Some(run) = store.runs()?.into_iter().find(|run| id.is_none_or(|id| run.id == id)) else {
            bail!("nothing has been analysed in this project yet: {}", file.display())
        };
        let samples = store.scores(run.id)?;
        let names = &run.settings.classifier.class_names;
        let classes = class_rows(&samples, names, NoRoi::Exclude);
        let total = total_row("all", &samples, NoRoi::Exclude);
        let by_class = by_class(&samples, names);
        Ok(Self {
            file: file.to_owned(),
            root: store.root()?,
            listed: store.sample_count()?,
            failures: store.failures(run.id)?.into(),
            verdicts: store.verdicts(run.id)?,
            rois,
            run,
            samples: samples.into(),
            classes: classes.into(),
            total,
            by_class,
        })
    }

    /// The project, seen through the regions that count.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub(crate) fn store(&self) -> crate::store::Result<Store> {
        let mut store = Store::open_read_only(&self.file)?;
        store.choose_rois(self.rois);
        Ok(store)
    }

    /// The samples of a class, lowest fit first, then those without a fit, then the failed ones, as places in `samples`.
    pub(crate) fn of_class(&self, class: &str) -> Arc<[usize]> {
        self.by_class.get(class).cloned().unwrap_or_default()
    }

    /// The class that a sample is listed under.
    pub(crate) fn class_of(&self, id: SampleId) -> Option<&str> {
        let sample = self.samples.iter().find(|s| s.id == id)?;
        class_of(sample, &self.run.settings.classifier.class_names)
    }

    /// Names of the classifier's classes.
    pub(crate) fn names(&self) -> ClassNames<'_> {
        ClassNames(&self.run.settings.classifier.class_names)
    }

    /// Whether both are of one run of one project.
    pub(crate) fn shows_same_run(&self, other: &Self) -> bool {
        self.file == other.file && self.run.id == other.run.id
    }

    /// The project's name for titles.
    pub(crate) fn title(&self) -> String {
        self.file.file_stem().map_or_else(|| self.file.display().to_string(), |stem| stem.to_string_lossy().into())
    }
}

/// Names of a classifier's classes, by index.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClassNames<'a>(pub(crate) &'a [String]);

impl ClassNames<'_> {
    /// The name of a class as people write it: the lists of the field have underscores.
    pub(crate) fn of(&self, class: ClassId) -> String {
        self.0.get(class.0).map_or_else(|| "unknown class".to_owned(), |name| format::name(name))
    }
}

fn by_class(samples: &[SampleScore], names: &[String]) -> BTreeMap<String, Arc<[usize]>> {
    let mut classes: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (place, sample) in samples.iter().enumerate() {
        if let Some(class) = class_of(sample, names) {
            classes.entry(class).or_default().push(place);
        }
    }
    let rank = |place: &usize| match &samples[*place].score {
        Some(score) => (u8::from(score.fit.value().is_none()), score.fit.value().unwrap_or(0.0)),
        None => (2, 0.0),
    };
    let sorted = |mut places: Vec<usize>| {
        places.sort_by(|a, b| {
            let ((a_kind, a_fit), (b_kind, b_fit)) = (rank(a), rank(b));
            a_kind.cmp(&b_kind).then(a_fit.total_cmp(&b_fit)).then(a.cmp(b))
        });
        places.into()
    };
    classes.into_iter().map(|(class, places)| (class.to_owned(), sorted(places))).collect()
}

/// Everything about one sample.
#[derive(Debug)]
pub(crate) struct Detail {
    /// Its numbers for tables.
    pub(crate) sample: SampleScore,
    /// What the networks said, or why the image could not be used.
    pub(crate) outcome: Result<Box<Measured>, String>,
    /// What was drawn on it by hand.
    pub(crate) drawn: Vec<DrawnRoi>,
    /// Which regions count.
    pub(crate) rois: RoiChoice,
}

impl Detail {
    /// Reads a sample.
    ///
    /// # Errors
    /// If the project cannot be read or the sample is not in it.
    pub(crate) fn load(snapshot: &Snapshot, id: SampleId) -> anyhow::Result<Self> {
        let store = snapshot.store()?;
        let result = store.result(snapshot.run.id, id)?.context("the image is no longer in the project")?;
        let outcome = match result.outcome {
            Outcome::Measured(measured) => Ok(measured),
            Outcome::Failed(reason) => Err(reason),
        };
        let sample = SampleScore { id, path: result.path, label: result.label, score: result.score };
        Ok(Self { sample, outcome, drawn: store.drawn(id)?, rois: snapshot.rois })
    }
}
