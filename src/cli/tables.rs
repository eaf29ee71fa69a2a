//! `camroi classes` and `camroi export`.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};

use super::args::{ClassesArgs, ExportArgs, ExportKind, SampleFormatArg, SortArg};
use super::measures::samples;
use super::regions::export_regions;
use super::{Status, output};
use crate::inquiry::Found;
use crate::report::{SampleExtras, class_table, write_classes, write_samples};
use crate::store::{RunInfo, Store};
use crate::summary::{ChosenMeans, add_verdicts, class_rows, sort_rows};

pub(super) fn classes(args: &ClassesArgs) -> Result<Status> {
    let store = args.rois.open(&args.file)?;
    let run = latest_run(&store)?;
    let scores = store.scores(run.id)?;
    let mut rows = class_rows(&scores, &run.settings.classifier.class_names, args.no_roi.into());
    let verdicts = store.verdicts(run.id)?;
    add_verdicts(&mut rows, verdicts.iter().map(|(subject, judgement)| (subject, judgement)));
    Found::read(&store, &run)?.add_support(&mut rows);
    ensure!(
        args.chosen().is_some() || !matches!(args.sort, SortArg::Measure),
        "--sort measure needs a measure: say which with --measure"
    );
    if let Some(choice) = args.chosen() {
        let Some(samples) = samples(&store, &run)? else { return Ok(Status::Interrupted) };
        ChosenMeans::of(choice, &samples).add_to(&mut rows);
    }
    sort_rows(&mut rows, args.sort.into(), args.reverse);
    match args.format.format() {
        None => output::write_to(args.out.as_deref(), |out| Ok(out.write_all(class_table(&rows).as_bytes())?))?,
        Some(format) => output::write_to(args.out.as_deref(), |out| Ok(write_classes(&rows, format, out)?))?,
    }
    Ok(Status::Fine)
}

pub(super) fn export(args: &ExportArgs) -> Result<Status> {
    ensure!(
        !args.saliency
            || matches!(args.format, SampleFormatArg::Jsonl | SampleFormatArg::Json | SampleFormatArg::Parquet),
        "only JSON and Parquet have a place for saliency grids, use jsonl"
    );
    ensure!(
        !args.measures || matches!(args.format.into(), ExportKind::Samples(_)),
        "files of regions have no place for measures, use jsonl, json, csv or parquet"
    );
    let store = args.rois.open(&args.file)?;
    let run = latest_run(&store)?;
    let out: Option<&Path> = args.out.as_deref();
    match args.format.into() {
        ExportKind::Regions(format) => export_regions(&store, run.id, format, out)?,
        ExportKind::Samples(format) => {
            let with = SampleExtras { saliency: args.saliency, measures: args.measures };
            output::write_to(out, |out| Ok(write_samples(&store, run.id, format, with, out)?))?;
        }
    }
    Ok(Status::Fine)
}

/// The run that was used last.
pub(super) fn latest_run(store: &Store) -> Result<RunInfo> {
    let latest = store.runs()?.into_iter().next();
    latest.with_context(|| format!("nothing has been analysed in this project yet: {}", store.path().display()))
}
