//! `camroi measures`.

use anyhow::Result;

use super::args::MeasuresArgs;
use super::tables::latest_run;
use super::{Status, output};
use crate::analysis::Outcome;
use crate::fit::Fit;
use crate::measure::{Baseline, Measures, measures};
use crate::report::{Column, table};
use crate::store::SampleResult;
use crate::summary::{MeasureMean, SampleMeasures, class_by, measure_rows};

pub(super) fn measures_command(args: &MeasuresArgs) -> Result<Status> {
    let store = args.rois.open(&args.file)?;
    let run = latest_run(&store)?;
    let names = &run.settings.classifier.class_names;
    let mut samples = Vec::new();
    store.for_each_result(run.id, |result| {
        samples.extend(sample_measures(&result, names));
        Ok::<_, anyhow::Error>(())
    })?;
    let mut columns = vec![Column::Left("class"), Column::Right("n")];
    columns.extend(Measures::NAMES.map(Column::Right));
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

/// The measures of the region that the sample's fit is of; `None` without one.
fn sample_measures(result: &SampleResult, class_names: &[String]) -> Option<SampleMeasures> {
    let Outcome::Measured(measured) = &result.outcome else { return None };
    let Fit::Measured { roi, .. } = measured.fit else { return None };
    let class = class_by(result.label.as_deref(), result.score.as_ref(), class_names)?.to_owned();
    let (roi, view) = (&measured.rois.get(roi)?.roi, measured.explanation.view);
    Some(SampleMeasures {
        class,
        map: measures(&measured.explanation.map, view, roi)?,
        centre: measures(&Baseline::Centre.map(), view, roi)?,
        uniform: measures(&Baseline::Uniform.map(), view, roi)?,
    })
}

/// A mean with half the width of its interval.
pub(super) fn cell(mean: &MeasureMean) -> String {
    match (mean.mean, mean.ci) {
        (Some(mean), Some((low, high))) => format!("{mean:.2} ± {:.2}", (high - low) / 2.0),
        (Some(mean), None) => format!("{mean:.2}"),
        (None, _) => "–".into(),
    }
}
