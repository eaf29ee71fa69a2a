//! Writing files, on a worker thread.

use std::io::Write;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;

use super::{Format, What};
use crate::analysis::{Measured, Outcome, RoiChoice};
use crate::overlay::{Style, encode_png};
use crate::report::{
    ClassFormat, ComparedRun, ComparisonOptions, FileError, HtmlOptions, ModelNote, PageProgress, ReportError,
    SampleExtras, SampleFormat, SheetOptions, class_sheet, sample_picture, write_classes, write_comparison_html,
    write_file, write_html, write_samples,
};
use crate::store::{RunInfo, Store};
use crate::summary::{
    ChosenMeans, ClassColumn, ClassDifference, Comparison, NoRoi, Thresholds, add_verdicts, class_rows, sort_rows,
};
use crate::ui::compare::Runs;

/// What is written from.
#[derive(Debug)]
pub(crate) struct Source {
    /// The project file.
    pub(crate) file: PathBuf,
    /// The run that is shown.
    pub(crate) run: RunInfo,
    /// Which regions count.
    pub(crate) rois: RoiChoice,
    /// The map that is shown instead of the run's, of a picture.
    pub(crate) other_map: Option<Measured>,
    /// What is known of its models.
    pub(crate) notes: Vec<ModelNote>,
    /// What the window lays over photos.
    pub(crate) style: Style,
    /// What it is compared with, with the classes in the order of the window.
    pub(crate) compared: Option<(Arc<Runs>, Vec<ClassDifference>)>,
    /// Of the measure that the class table shows beside the fit.
    pub(crate) means: Option<Arc<ChosenMeans>>,
    /// Where the line between usual and remarkable is drawn.
    pub(crate) thresholds: Thresholds,
}

/// Why nothing was written.
#[derive(Debug)]
pub(crate) enum Refused {
    /// There is a file already.
    AlreadyThere,
    /// The user ended it.
    Cancelled,
    /// Something went wrong.
    Failed(anyhow::Error),
}

/// Writes a file; `progress` can end it by breaking.
pub(crate) fn write(
    what: &What,
    source: &Source,
    path: &Path,
    replace: bool,
    progress: &mut dyn FnMut(PageProgress) -> ControlFlow<()>,
) -> Result<(), Refused> {
    let written = write_file(path, replace, |out| write_into(what, source, progress, out));
    written.map_err(|error| match (error.downcast_ref(), error.downcast_ref()) {
        (Some(ReportError::Cancelled), _) => Refused::Cancelled,
        (_, Some(FileError::Exists(_))) => Refused::AlreadyThere,
        _ => Refused::Failed(error),
    })
}

fn write_into(
    what: &What,
    source: &Source,
    progress: &mut dyn FnMut(PageProgress) -> ControlFlow<()>,
    out: &mut (dyn Write + Send),
) -> anyhow::Result<()> {
    let mut store = Store::open_read_only(&source.file)?;
    store.choose_rois(source.rois);
    let run = &source.run;
    match what {
        What::Classes(format) => {
            let names = &run.settings.classifier.class_names;
            let mut rows = class_rows(&store.scores(run.id)?, names, NoRoi::default());
            let verdicts = store.verdicts(run.id)?;
            add_verdicts(&mut rows, verdicts.iter().map(|(subject, judgement)| (subject, judgement)));
            sort_rows(&mut rows, ClassColumn::Fit, false);
            if let Some(means) = &source.means {
                means.add_to(&mut rows);
            }
            let format = match format {
                Format::Csv => ClassFormat::Csv,
                Format::Json => ClassFormat::Json,
                Format::Parquet => ClassFormat::Parquet,
            };
            write_classes(&rows, format, out)?;
        }
        What::Samples(format) => {
            let format = match format {
                Format::Csv => SampleFormat::Csv,
                Format::Json => SampleFormat::JsonLines,
                Format::Parquet => SampleFormat::Parquet,
            };
            write_samples(&store, run.id, format, SampleExtras::default(), out)?;
        }
        What::Report => {
            let options = HtmlOptions { thresholds: source.thresholds, ..HtmlOptions::default() };
            write_html(&store, run, &source.notes, &options, progress, out)?;
        }
        What::Comparison => {
            let (runs, classes) = source.compared.as_ref().context("no runs are compared any more")?;
            let stores = [runs.sides[0].store()?, runs.sides[1].store()?];
            let side = |i: usize| ComparedRun { store: &stores[i], run: &runs.sides[i].run };
            let comparison = Comparison { classes: classes.clone(), ..runs.comparison.clone() };
            let options = ComparisonOptions::default();
            write_comparison_html([side(0), side(1)], &comparison, &options, progress, out)?;
        }
        What::Sheet(class) => {
            let options = SheetOptions { style: Some(source.style), ..SheetOptions::of_class(class.clone()) };
            out.write_all(&encode_png(&class_sheet(&store, run, &options, progress)?)?)?;
        }
        What::Picture(sample, _) => {
            let mut result = store.result(run.id, *sample)?.context("the image is no longer in the project")?;
            if let Some(measured) = &source.other_map {
                result.outcome = Outcome::Measured(Box::new(measured.clone()));
            }
            out.write_all(&encode_png(&sample_picture(&store, &result, &source.style)?)?)?;
        }
    }
    Ok(())
}
