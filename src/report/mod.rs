//! Results for other programs and for the terminal.
//!
//! Comes in: class rows, and the samples of a run from its project. Goes out: CSV, JSON, text and a page in HTML, written to
//! whatever writes. May not live here: averages, SQL, how a heat map looks. The names of columns and fields are promised to scripts.
//!
//! Floats are written in the shortest form that reads back as the same number; what does not exist is empty or `null`.

mod compare;
mod csv;
mod file;
#[cfg(test)]
mod fixture;
mod html;
mod json;
mod measures;
mod parquet;
mod photos;
mod sheet;
mod text;
mod words;

use std::collections::BTreeMap;
use std::io::{self, Write};

pub use compare::{
    ComparisonFormat, comparison_table, run_line, side_lines, write_class_differences, write_sample_differences,
};
pub use file::{FileError, write_file};
pub use html::{
    ComparedRun, ComparisonOptions, HtmlOptions, ModelNote, PageProgress, write_comparison_html, write_html,
};
pub use sheet::{SheetOptions, class_sheet, sample_picture};
pub use text::{Column, class_table, finding_text, table};

use crate::analysis::Outcome;
use crate::dataset::{ATTRIBUTION_FILE, ClassId, SampleId};
use crate::store::{RunId, SampleResult, Store, StoreError};
use crate::summary::ClassRow;
use crate::verdict::{Judgement, Subject};

pub use words::{points, sources_in_short};

/// Why a report is not complete.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The project cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The receiver takes no more.
    #[error("cannot write the report")]
    Write(#[from] io::Error),
    /// The data set's table of who made its photos cannot be used.
    #[error("cannot use the data set's {ATTRIBUTION_FILE}: {0}")]
    Attribution(#[source] ::csv::Error),
    /// A class that the run does not have.
    #[error("the project has no class {0}")]
    NoSuchClass(String),
    /// A sheet of this many photos would be too large for a picture.
    #[error("a sheet of {0} photos is too large, ask for fewer or smaller ones")]
    SheetSize(usize),
    /// There is no picture of a photo.
    #[error("there is no picture of {0}: {1}")]
    NoPicture(String, String),
    /// A picture cannot be encoded.
    #[error("cannot encode a picture: {0}")]
    Picture(#[source] image::ImageError),
    /// The columns of a Parquet file cannot be written.
    #[error("cannot write Parquet: {0}")]
    Parquet(#[source] ::parquet::errors::ParquetError),
    /// Somebody ended the work.
    #[error("cancelled")]
    Cancelled,
}

/// How class rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClassFormat {
    /// With a header; shares are `0..=1`.
    Csv,
    /// One array of objects, with more fields than the CSV.
    Json,
    /// The fields of the JSON as typed columns.
    Parquet,
}

/// How samples are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SampleFormat {
    /// One object a line.
    JsonLines,
    /// One array of the same objects.
    Json,
    /// With a header; without single regions and maps.
    Csv,
    /// The fields of the JSON as typed columns, lists and groups.
    Parquet,
}

/// What is written of samples besides their numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SampleExtras {
    /// The raw maps, for which CSV has no place.
    pub saliency: bool,
    /// The localisation measures of the map and of the baselines.
    pub measures: bool,
}

/// Writes class rows in the order they come.
///
/// # Errors
/// If `out` takes no more.
pub fn write_classes(rows: &[ClassRow], format: ClassFormat, out: &mut (dyn Write + Send)) -> Result<(), ReportError> {
    match format {
        ClassFormat::Csv => csv::classes(rows, out)?,
        ClassFormat::Json => json::classes(rows, out)?,
        ClassFormat::Parquet => parquet::classes(rows.iter().map(json::Class::from), out).map_err(parquet::error)?,
    }
    Ok(())
}

/// Writes every sample of a run that has an outcome, in path order. Memory does not grow with their number.
///
/// # Errors
/// If the project cannot be read, or `out` takes no more.
pub fn write_samples(
    store: &Store,
    run: RunId,
    format: SampleFormat,
    with: SampleExtras,
    out: &mut (dyn Write + Send),
) -> Result<(), ReportError> {
    let names = store.class_names(run)?;
    let verdicts = sample_verdicts(store.verdicts(run)?);
    match format {
        SampleFormat::Csv => {
            let mut table = csv::SampleTable::new(out, with.measures)?;
            store.for_each_result(run, |sample| {
                Ok::<_, ReportError>(table.row(&sample, verdicts.get(&sample.id), &names)?)
            })?;
            table.finish()?;
        }
        SampleFormat::Parquet => {
            let mut file = parquet::SampleFile::new(out, with.measures).map_err(parquet::error)?;
            store.for_each_result(run, |sample| {
                file.row(&json::record(&sample, verdicts.get(&sample.id), &names, with)).map_err(parquet::error)
            })?;
            file.finish().map_err(parquet::error)?;
        }
        SampleFormat::JsonLines => {
            store.for_each_result(run, |sample| {
                json::sample(&sample, verdicts.get(&sample.id), &names, with, out)?;
                Ok::<_, ReportError>(out.write_all(b"\n")?)
            })?;
        }
        SampleFormat::Json => {
            let mut before: &[u8] = b"[\n";
            store.for_each_result(run, |sample| {
                out.write_all(before)?;
                before = b",\n";
                Ok::<_, ReportError>(json::sample(&sample, verdicts.get(&sample.id), &names, with, out)?)
            })?;
            out.write_all(if before == b"[\n" { b"[]\n" } else { b"\n]\n" })?;
        }
    }
    Ok(())
}

/// What was decided about single samples.
fn sample_verdicts(verdicts: Vec<(Subject, Judgement)>) -> BTreeMap<SampleId, Judgement> {
    let of_sample = |(subject, judgement)| match subject {
        Subject::Sample(id) => Some((id, judgement)),
        Subject::Class(_) => None,
    };
    verdicts.into_iter().filter_map(of_sample).collect()
}

/// The word for what became of a sample.
fn status(sample: &SampleResult) -> &'static str {
    match &sample.outcome {
        Outcome::Failed(_) => "failed",
        Outcome::Measured(measured) => measured.fit.status(),
    }
}

/// The name of a class; empty where the list of names is too short, which only a damaged project has.
fn class_name(names: &[String], class: ClassId) -> &str {
    names.get(class.0).map_or("", String::as_str)
}
