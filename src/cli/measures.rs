//! `camroi measures`.

use anyhow::Result;

use super::args::MeasuresArgs;
use super::progress::watched;
use super::tables::latest_run;
use super::{Status, output};
use crate::inquiry::Measurer;
use crate::measure::Measure;
use crate::report::{Column, table};
use crate::run::Control;
use crate::store::{RunInfo, Store};
use crate::summary::{MeasureMean, SampleMeasures, measure_rows};

pub(super) fn measures_command(args: &MeasuresArgs) -> Result<Status> {
    let store = args.rois.open(&args.file)?;
    let run = latest_run(&store)?;
    let Some(samples) = samples(&store, &run)? else { return Ok(Status::Interrupted) };
    let mut columns = vec![Column::Left("class"), Column::Right("n")];
    columns.extend(Measure::ALL.map(|measure| Column::Right(measure.name())));
    let rows: Vec<Vec<String>> = measure_rows(&samples, args.minus.into())
        .into_iter()
        .map(|row| {
            let n = row.means.iter().map(|m| m.n).max().unwrap_or(0);
            [row.class, n.to_string()].into_iter().chain(row.means.iter().map(cell)).collect()
        })
        .collect();
    output::print(&table(&columns, &rows))?;
    Ok(Status::Fine)
}

/// The measures of a run's samples, with progress on standard error; `None` where it was interrupted.
pub(super) fn samples(store: &Store, run: &RunInfo) -> Result<Option<Vec<SampleMeasures>>> {
    let control = Control::default();
    watched(&control, |watch| Measurer::default().samples(store, run, watch))
}

/// A mean with half the width of its interval.
pub(super) fn cell(mean: &MeasureMean) -> String {
    match (mean.mean, mean.ci) {
        (Some(mean), Some((low, high))) => format!("{mean:.2} ± {:.2}", (high - low) / 2.0),
        (Some(mean), None) => format!("{mean:.2}"),
        (None, _) => "–".into(),
    }
}
