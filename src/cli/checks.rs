//! `camroi sanity`, `camroi faithfulness` and `camroi agreement`.

use std::path::PathBuf;

use anyhow::{Result, ensure};
use serde_json::json;

use super::args::{AgreementArgs, CheckArgs, CheckFormatArg};
use super::progress::watched;
use super::tables::latest_run;
use super::{Status, output};
use crate::inquiry::{
    Case, Check, CheckRow, Networks, Subset, Watch, by_methods, cases, faithfulness, rank_correlations, sanity, unmoved,
};
use crate::report::{Column, table};
use crate::run::Control;
use crate::saliency::Recipe;
use crate::store::{RunInfo, Store};
use crate::summary::{ClassRow, Finding, MeasureMean, NoRoi, Thresholds, class_rows, findings};

/// A project, opened for a check.
struct Opened {
    root: PathBuf,
    run: RunInfo,
    cases: Vec<Case>,
    networks: Networks,
    control: Control,
}

impl Opened {
    fn new(args: &CheckArgs) -> Result<Self> {
        let store = Store::open_read_only(&args.file)?;
        let run = latest_run(&store)?;
        let per_class = (!args.all).then_some(args.per_class.get());
        let cases = cases(&store, &run, &Subset { classes: args.classes.clone(), per_class })?;
        let networks = Networks::new(args.device);
        Ok(Self { root: store.root()?, run, cases, networks, control: Control::default() })
    }

    /// Runs a check with its progress on standard error; `None` where it was cancelled.
    fn watched<T>(&self, work: impl FnOnce(&mut Watch<'_>) -> Result<T>) -> Result<Option<T>> {
        watched(&self.control, work)
    }
}

pub(super) fn sanity_command(args: &CheckArgs) -> Result<Status> {
    let project = Opened::new(args)?;
    let settings = &project.run.settings;
    let found = project.watched(|watch| sanity(&project.networks, settings, &project.root, &project.cases, watch))?;
    let Some(check) = found else { return Ok(Status::Interrupted) };
    output::print(&check_text(&check, args.format)?)?;
    for (level, mean) in unmoved(&check) {
        eprintln!(
            "warning: the maps of {} hardly change where the weights are random ({level}): mean rank correlation {mean:.2}; they say \
             little about that part of the network",
            settings.method
        );
    }
    Ok(Status::Fine)
}

pub(super) fn faithfulness_command(args: &CheckArgs) -> Result<Status> {
    let project = Opened::new(args)?;
    let settings = &project.run.settings;
    let found =
        project.watched(|watch| faithfulness(&project.networks, settings, &project.root, &project.cases, watch))?;
    let Some(check) = found else { return Ok(Status::Interrupted) };
    output::print(&check_text(&check, args.format)?)?;
    Ok(Status::Fine)
}

fn check_text(check: &Check, format: CheckFormatArg) -> Result<String> {
    let rows = || check.classes.iter().chain(std::iter::once(&check.total));
    if format == CheckFormatArg::Json {
        let mean = |(column, mean): (&&str, &MeasureMean)| {
            ((*column).to_owned(), json!({"mean": mean.mean, "n": mean.n, "ci": mean.ci}))
        };
        let row = |row: &CheckRow| {
            let values: serde_json::Map<_, _> = check.columns.iter().zip(&row.means).map(mean).collect();
            json!({"class": row.class, "values": values})
        };
        let (classes, all): (Vec<_>, _) = (check.classes.iter().map(row).collect(), row(&check.total));
        return Ok(serde_json::to_string_pretty(&json!({"classes": classes, "all": all}))? + "\n");
    }
    let mut columns = vec![Column::Left("class"), Column::Right("n")];
    columns.extend(check.columns.iter().map(|name| Column::Right(name)));
    let text = |row: &CheckRow| {
        let n = row.means.iter().map(|mean| mean.n).max().unwrap_or(0);
        [row.class.clone(), n.to_string()].into_iter().chain(row.means.iter().map(super::measures::cell)).collect()
    };
    Ok(table(&columns, &rows().map(text).collect::<Vec<_>>()))
}

pub(super) fn agreement_command(args: &AgreementArgs) -> Result<Status> {
    ensure!(args.methods.len() >= 2, "an agreement needs at least two methods");
    let project = Opened::new(&args.check)?;
    let settings = &project.run.settings;
    let found = project.watched(|watch| {
        by_methods(&project.networks, settings, &project.root, &project.cases, &args.methods, watch)
    })?;
    let Some(found) = found else { return Ok(Status::Interrupted) };
    let rows: Vec<Vec<ClassRow>> = found.iter().map(|cases| class_rows_of(cases, &project.run)).collect();
    output::print(&agreement_text(&args.methods, &rows, args.check.format)?)?;
    Ok(Status::Fine)
}

fn class_rows_of(cases: &[Case], run: &RunInfo) -> Vec<ClassRow> {
    let scores: Vec<_> = cases.iter().map(|case| case.score.clone()).collect();
    class_rows(&scores, &run.settings.classifier.class_names, NoRoi::Exclude)
}

/// How many methods call each class suspect; `rows` are the classes under each method, in one order.
fn support(rows: &[Vec<ClassRow>]) -> Vec<usize> {
    let classes = rows.first().map_or(0, Vec::len);
    let is_suspect = |row: &ClassRow| findings(row, &Thresholds::default()).contains(&Finding::Suspect);
    (0..classes).map(|class| rows.iter().filter(|rows| is_suspect(&rows[class])).count()).collect()
}

fn agreement_text(methods: &[Recipe], rows: &[Vec<ClassRow>], format: CheckFormatArg) -> Result<String> {
    let support = support(rows);
    let fits: Vec<Vec<Option<f64>>> = rows.iter().map(|rows| rows.iter().map(|row| row.mean_fit).collect()).collect();
    let correlations = rank_correlations(&fits);
    let names: Vec<String> = methods.iter().map(Recipe::brief).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let classes = rows.first().map_or(&[][..], Vec::as_slice);
    if format == CheckFormatArg::Json {
        let class = |(i, row): (usize, &ClassRow)| {
            let fits: serde_json::Map<_, _> =
                names.iter().zip(&fits).map(|(name, fits)| ((*name).to_owned(), json!(fits[i]))).collect();
            json!({"class": row.class, "samples": row.samples, "fit": fits, "suspect_by": support[i]})
        };
        let classes: Vec<_> = classes.iter().enumerate().map(class).collect();
        let all = json!({"methods": names, "classes": classes, "rank_correlation": correlations});
        return Ok(serde_json::to_string_pretty(&all)? + "\n");
    }
    let share = |fit: Option<f64>| fit.map_or_else(|| "–".to_owned(), |fit| format!("{:.0}\u{a0}%", fit * 100.0));
    let mut columns = vec![Column::Left("class"), Column::Right("n")];
    columns.extend(names.iter().map(|name| Column::Right(name)));
    columns.push(Column::Left("suspect by"));
    let line = |(i, row): (usize, &ClassRow)| {
        let mut cells = vec![row.class.clone(), row.samples.to_string()];
        cells.extend(fits.iter().map(|fits| share(fits[i])));
        cells.push(match support[i] {
            0 => String::new(),
            n => format!("{n} of {} methods", methods.len()),
        });
        cells
    };
    let by_class = table(&columns, &classes.iter().enumerate().map(line).collect::<Vec<_>>());
    let mut columns = vec![Column::Left("rank correlation")];
    columns.extend(names.iter().map(|name| Column::Right(name)));
    let number = |value: &Option<f64>| value.map_or_else(|| "–".to_owned(), |value| format!("{value:.2}"));
    let line = |(name, values): (&&str, &Vec<Option<f64>>)| {
        std::iter::once((*name).to_owned()).chain(values.iter().map(number)).collect::<Vec<_>>()
    };
    Ok(by_class + "\n" + &table(&columns, &names.iter().zip(&correlations).map(line).collect::<Vec<_>>()))
}
