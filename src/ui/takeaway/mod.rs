//! Taking results along: as tables, pictures and reports, into files.
//!
//! Comes in: what is open and chosen. Goes out: wishes of the menu, the question where to, a notice of what became of it. May
//! not live here: what is in the files (see [`crate::report`]), threads.

mod ask;
mod menu;
mod notice;
mod write;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use eframe::egui::Context;

pub(crate) use menu::menu_ui;
pub(crate) use write::{Refused, Source, write};

use crate::dataset::SampleId;
use crate::report::PageProgress;

/// What is taken along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// The class table.
    Classes(Format),
    /// All samples.
    Samples(Format),
    /// The run as one HTML file.
    Report,
    /// The open run and the one it is compared with as one HTML file.
    Comparison,
    /// The photos of a class on one picture.
    Sheet(String),
    /// One photo with what is laid over it; and its path.
    Picture(SampleId, String),
}

/// How tables are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// For spreadsheets.
    Csv,
    /// For programs.
    Json,
    /// For pandas, DuckDB and others.
    Parquet,
}

impl What {
    /// In words, as part of a sentence.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Classes(format) => format!("class table ({})", format.name()),
            Self::Samples(format) => format!("samples ({})", format.name()),
            Self::Report => "report".to_owned(),
            Self::Comparison => "comparison".to_owned(),
            Self::Sheet(class) => format!("sheet of {class}"),
            Self::Picture(_, path) => format!("picture of {path}"),
        }
    }

    /// What the file is called unless the user says otherwise.
    fn file_name(&self, project: &str) -> String {
        match self {
            Self::Classes(format) => format!("{project}-classes.{}", format.extension(false)),
            Self::Samples(format) => format!("{project}-samples.{}", format.extension(true)),
            Self::Report => format!("{project}-report.html"),
            Self::Comparison => format!("{project}-comparison.html"),
            Self::Sheet(class) => format!("{project}-{}.png", plain(class)),
            Self::Picture(_, path) => format!("{project}-{}.png", plain(path)),
        }
    }
}

impl Format {
    pub(crate) const ALL: [Self; 3] = [Self::Csv, Self::Json, Self::Parquet];

    fn name(self) -> &'static str {
        match self {
            Self::Csv => "CSV",
            Self::Json => "JSON",
            Self::Parquet => "Parquet",
        }
    }

    fn extension(self, samples: bool) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Json if samples => "jsonl",
            Self::Json => "json",
            Self::Parquet => "parquet",
        }
    }
}

/// A name with nothing in it that file systems mind.
fn plain(name: &str) -> String {
    name.chars().map(|c| if c.is_alphanumeric() || c == '-' { c } else { '_' }).collect()
}

/// What the menu, the question and the notice ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TakeCommand {
    /// Ask where this shall go.
    Ask(What),
    /// Let the user choose a place with a dialog.
    Browse,
    /// Write it; over what is there, if so.
    Save {
        /// Whether a file may be replaced.
        replace: bool,
    },
    /// End what is being written, or the question.
    Cancel,
    /// Show the folder of what was written.
    ShowFolder,
    /// Take the notice away.
    Dismiss,
}

/// How far it is.
#[derive(Debug, Default)]
enum Stage {
    #[default]
    Idle,
    /// The user says where.
    Asking {
        what: What,
        path: String,
        /// Whether there is a file already.
        taken: bool,
    },
    /// It is being written.
    Working { what: What, path: PathBuf, at: Option<PageProgress>, stop: Arc<AtomicBool> },
    /// It was written.
    Done { what: What, path: PathBuf },
    /// It could not be written, for this reason.
    Failed { what: What, reason: String },
}

/// View state of taking along.
#[derive(Debug, Default)]
pub(crate) struct Takeaway {
    stage: Stage,
    /// Rises with everything that is written: what is told of an earlier one is dropped.
    pub(crate) generation: u64,
}

impl Takeaway {
    /// Asks where something shall go; `beside` is the project file.
    pub(crate) fn ask(&mut self, what: What, beside: &Path) {
        let project = beside.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let path = beside.with_file_name(what.file_name(&project));
        self.stage = Stage::Asking { what, path: path.display().to_string(), taken: false };
    }

    /// Whether the question covers the panels.
    pub(crate) fn is_asking(&self) -> bool {
        matches!(self.stage, Stage::Asking { .. })
    }

    /// Whether something is being written.
    pub(crate) fn is_working(&self) -> bool {
        matches!(self.stage, Stage::Working { .. })
    }

    /// Takes the place that was chosen with a dialog.
    pub(crate) fn place_chosen(&mut self, chosen: &Path) {
        if let Stage::Asking { path, taken, .. } = &mut self.stage {
            *path = chosen.display().to_string();
            *taken = false;
        }
    }

    /// What is asked for and the path as it stands.
    pub(crate) fn question(&self) -> Option<(&What, PathBuf)> {
        match &self.stage {
            Stage::Asking { what, path, .. } => Some((what, PathBuf::from(path.trim()))),
            _ => None,
        }
    }

    /// From the question to the work; the flag ends it when it is set.
    pub(crate) fn begin(&mut self) -> Option<(What, PathBuf, Arc<AtomicBool>)> {
        let (what, path) = self.question()?;
        let (what, stop) = (what.clone(), Arc::new(AtomicBool::new(false)));
        self.generation += 1;
        self.stage = Stage::Working { what: what.clone(), path: path.clone(), at: None, stop: Arc::clone(&stop) };
        Some((what, path, stop))
    }

    /// Takes note of the progress.
    pub(crate) fn progressed(&mut self, generation: u64, progress: PageProgress) {
        if let Stage::Working { at, .. } = &mut self.stage
            && generation == self.generation
        {
            *at = Some(progress);
        }
    }

    /// Takes note of the end.
    pub(crate) fn ended(&mut self, generation: u64, result: Result<(), Refused>) {
        if generation != self.generation {
            return;
        }
        let Stage::Working { what, path, .. } = std::mem::take(&mut self.stage) else { return };
        self.stage = match result {
            Ok(()) => Stage::Done { what, path },
            Err(Refused::Cancelled) => Stage::Idle,
            Err(Refused::AlreadyThere) => Stage::Asking { what, path: path.display().to_string(), taken: true },
            Err(Refused::Failed(error)) => Stage::Failed { what, reason: format!("{error:#}") },
        };
    }

    /// Ends the question or the work.
    pub(crate) fn cancel(&mut self) {
        match &self.stage {
            Stage::Working { stop, .. } => stop.store(true, Ordering::Relaxed),
            _ => self.stage = Stage::Idle,
        }
    }

    /// The file that was written last.
    pub(crate) fn written(&self) -> Option<&Path> {
        match &self.stage {
            Stage::Done { path, .. } => Some(path),
            _ => None,
        }
    }

    /// Draws the question or the notice.
    pub(crate) fn ui(&mut self, ctx: &Context) -> Option<TakeCommand> {
        match &mut self.stage {
            Stage::Idle => None,
            Stage::Asking { what, path, taken } => ask::ui(ctx, what, path, taken),
            Stage::Working { what, at, stop, .. } => notice::working_ui(ctx, what, *at, stop.load(Ordering::Relaxed)),
            Stage::Done { what, path } => notice::done_ui(ctx, what, path),
            Stage::Failed { what, reason } => notice::failed_ui(ctx, what, reason),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_named_after_the_project_and_what_they_hold() {
        let mut takeaway = Takeaway::default();
        for (what, name) in [
            (What::Report, "/data/pets-report.html"),
            (What::Samples(Format::Json), "/data/pets-samples.jsonl"),
            (What::Sheet("n1_<a/b>".into()), "/data/pets-n1__a_b_.png"),
        ] {
            takeaway.ask(what, Path::new("/data/pets.camroi"));
            assert_eq!(takeaway.question().map(|(_, path)| path), Some(PathBuf::from(name)));
        }
    }

    #[test]
    fn a_file_that_is_there_is_asked_about_and_news_of_earlier_work_is_dropped() {
        let mut takeaway = Takeaway::default();
        takeaway.ask(What::Report, Path::new("/data/pets.camroi"));
        assert!(takeaway.begin().is_some());
        takeaway.ended(takeaway.generation - 1, Ok(()));
        assert!(takeaway.is_working());
        takeaway.ended(takeaway.generation, Err(Refused::AlreadyThere));
        assert!(matches!(takeaway.stage, Stage::Asking { taken: true, .. }));
        takeaway.begin();
        takeaway.ended(takeaway.generation, Ok(()));
        assert_eq!(takeaway.written(), Some(Path::new("/data/pets-report.html")));
    }
}
