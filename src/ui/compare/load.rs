//! Reading what is compared; on worker threads.

use std::path::PathBuf;
use std::sync::Arc;

use crate::analysis::RoiChoice;
use crate::report::run_line;
use crate::store::{RunId, Store};
use crate::summary::{Comparison, Side, compare};
use crate::ui::project::{Detail, Snapshot};

/// Another run of the open project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OtherRun {
    /// Its number.
    pub(crate) id: RunId,
    /// What it was run with, in one line.
    pub(crate) line: String,
}

/// What the open run is compared with.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Other {
    /// Its project.
    pub(crate) file: PathBuf,
    /// Its number; `None` for the latest.
    pub(crate) run: Option<RunId>,
    /// Which of its regions count.
    pub(crate) rois: RoiChoice,
}

/// Two runs, or one with two choices of regions, and how they differ.
#[derive(Debug)]
pub(crate) struct Runs {
    /// The one to compare with, and the open one.
    pub(crate) sides: [Arc<Snapshot>; 2],
    /// Differences are those of the second less the first.
    pub(crate) comparison: Comparison,
}

/// A photo in both runs.
#[derive(Debug)]
pub(crate) struct PairDetail {
    /// Its place among the photos that both have.
    pub(crate) place: usize,
    /// In each of them.
    pub(crate) sides: [Detail; 2],
}

fn side(snapshot: &Snapshot) -> Side<'_> {
    Side { scores: &snapshot.samples, class_names: &snapshot.run.settings.classifier.class_names }
}

impl OtherRun {
    /// The runs of a project beside the open one, the latest first.
    ///
    /// # Errors
    /// If the project cannot be read.
    pub(crate) fn list(open: &Snapshot) -> anyhow::Result<Vec<Self>> {
        let runs = Store::open_read_only(&open.file)?.runs()?;
        let others = runs.into_iter().filter(|run| run.id != open.run.id);
        Ok(others.map(|run| Self { id: run.id, line: run_line(&run.settings) }).collect())
    }
}

impl Runs {
    /// Reads what is to be compared with the open run, and compares it.
    ///
    /// # Errors
    /// If a project cannot be read, or has no such run.
    pub(crate) fn load(other: &Other, open: Arc<Snapshot>) -> anyhow::Result<Self> {
        let other = Arc::new(Snapshot::load_run(&other.file, other.run, other.rois)?);
        let hashes = |snapshot: &Snapshot| Store::open_read_only(&snapshot.file)?.content_hashes();
        let (first, second) = (hashes(&other)?, hashes(&open)?);
        let comparison = compare(side(&other), side(&open), |path| first.get(path) == second.get(path));
        Ok(Self { sides: [other, open], comparison })
    }

    /// Whether the sides differ by their regions alone.
    pub(crate) fn is_one_run(&self) -> bool {
        self.sides[0].shows_same_run(&self.sides[1])
    }

    /// Reads a photo in both runs.
    ///
    /// # Errors
    /// If a project cannot be read.
    pub(crate) fn pair(&self, place: usize) -> anyhow::Result<PairDetail> {
        let sample = &self.comparison.samples[place];
        let detail = |i: usize, id| Detail::load(&self.sides[i], id);
        Ok(PairDetail { place, sides: [detail(0, sample.first.id)?, detail(1, sample.second.id)?] })
    }
}
