//! `camroi compare`.

use anyhow::{Context as _, Result, bail, ensure};

use super::args::{CompareArgs, ComparisonFormatArg};
use super::report::with_progress;
use super::tables::latest_run;
use super::{Status, output};
use crate::report::{
    ComparedRun, ComparisonFormat, comparison_table, side_lines, write_class_differences, write_comparison_html,
    write_sample_differences,
};
use crate::store::{RunId, RunInfo, Store};
use crate::summary::{Comparison, Side, compare, sort_differences};

pub(super) fn compare_command(args: &CompareArgs) -> Result<Status> {
    let mut stores =
        [Store::open_read_only(&args.first)?, Store::open_read_only(args.second.as_ref().unwrap_or(&args.first))?];
    for (store, choice) in stores.iter_mut().zip(args.choices()?) {
        store.choose_rois(choice);
    }
    let runs = chosen_runs(args, &stores)?;
    let sides = |i: usize| (&stores[i], runs[i].id);
    ensure!(!are_same(sides(0), sides(1)), "both sides are one run with the same regions");
    let mut comparison = compared(&stores, &runs)?;
    sort_differences(&mut comparison.classes, args.sort.into(), args.reverse);
    let format = args.format();
    ensure!(
        !args.samples || matches!(format, ComparisonFormatArg::Csv | ComparisonFormatArg::Json),
        "single samples are written as CSV or JSON, use --format csv"
    );
    let out = args.out.as_deref();
    let records = |format| {
        output::write_to(out, |out| {
            if args.samples {
                let names = [&runs[0], &runs[1]].map(|run| run.settings.classifier.class_names.as_slice());
                Ok(write_sample_differences(&comparison, names, format, out)?)
            } else {
                Ok(write_class_differences(&comparison.classes, format, out)?)
            }
        })
    };
    match format {
        ComparisonFormatArg::Table => {
            let text = text(&stores, &runs, &comparison);
            output::write_to(out, |out| Ok(out.write_all(text.as_bytes())?))?;
        }
        ComparisonFormatArg::Csv => records(ComparisonFormat::Csv)?,
        ComparisonFormatArg::Json => records(ComparisonFormat::Json)?,
        ComparisonFormatArg::Html => {
            let side = |i: usize| ComparedRun { store: &stores[i], run: &runs[i] };
            return with_progress(|progress| {
                output::write_to(out, |out| {
                    Ok(write_comparison_html([side(0), side(1)], &comparison, &args.page(), progress, out)?)
                })
            });
        }
    }
    Ok(Status::Fine)
}

/// The runs by number, or the latest of each project; of one project, the latest comes second and the one before it first,
/// unless its regions are compared.
fn chosen_runs(args: &CompareArgs, stores: &[Store; 2]) -> Result<[RunInfo; 2]> {
    if args.against.is_some() && args.second.is_none() {
        let (first, second) = (args.first_run.or(args.second_run), args.second_run.or(args.first_run));
        return Ok([chosen(&stores[0], first)?, chosen(&stores[1], second)?]);
    }
    let second = chosen(&stores[1], args.second_run)?;
    if args.second.is_some() || args.first_run.is_some() {
        return Ok([chosen(&stores[0], args.first_run)?, second]);
    }
    match stores[0].runs()?.into_iter().find(|run| run.id != second.id) {
        Some(first) => Ok([first, second]),
        None => {
            bail!(
                "the project has one run only, give a second project to compare it with, or other regions with --against: {}",
                args.first.display()
            )
        }
    }
}

/// Whether there is nothing to compare.
fn are_same((a, run_a): (&Store, RunId), (b, run_b): (&Store, RunId)) -> bool {
    a.path() == b.path() && run_a == run_b && a.roi_choice() == b.roi_choice()
}

fn chosen(store: &Store, number: Option<i64>) -> Result<RunInfo> {
    let Some(number) = number else { return latest_run(store) };
    let runs = store.runs()?;
    let known: Vec<String> = runs.iter().map(|run| run.id.0.to_string()).collect();
    runs.into_iter()
        .find(|run| run.id == RunId(number))
        .with_context(|| format!("there is no run {number}, only {}: {}", known.join(", "), store.path().display()))
}

fn compared(stores: &[Store; 2], runs: &[RunInfo; 2]) -> Result<Comparison> {
    let scores = [stores[0].scores(runs[0].id)?, stores[1].scores(runs[1].id)?];
    let hashes = [stores[0].content_hashes()?, stores[1].content_hashes()?];
    let side = |i: usize| Side { scores: &scores[i], class_names: &runs[i].settings.classifier.class_names };
    Ok(compare(side(0), side(1), |path| hashes[0].get(path) == hashes[1].get(path)))
}

fn text(stores: &[Store; 2], runs: &[RunInfo; 2], comparison: &Comparison) -> String {
    let lines = side_lines([0, 1].map(|i| (&runs[i].settings, stores[i].roi_choice())));
    let side =
        |name: &str, i: usize| format!("{name}: {}, run {}: {}\n", stores[i].path().display(), runs[i].id.0, lines[i]);
    let total = &comparison.total;
    let mut text = side("A", 0) + &side("B", 1);
    text.push_str(&format!(
        "{} photos in both, {} only in A, {} only in B",
        total.common, total.only_first, total.only_second
    ));
    if comparison.changed > 0 {
        text.push_str(&format!(", of which {} have the same name and another content", comparison.changed));
    }
    text.push_str("\n\n");
    text + &comparison_table(&comparison.classes, total)
}
