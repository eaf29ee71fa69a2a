//! `camroi sanity`, `camroi faithfulness` and `camroi agreement`.

use anyhow::{Context as _, Result, ensure};
use serde_json::json;

use super::args::{AgreementArgs, CheckArgs, CheckFormatArg};
use super::progress::watched;
use super::tables::latest_run;
use super::{Status, output};
use crate::inquiry::{
    AgreedClass, Agreement, Check, CheckKind, CheckRow, CheckedRun, Explainer, Found, Subset, cases, run_checks,
    unmoved,
};
use crate::report::{Column, table};
use crate::run::Control;
use crate::saliency::Recipe;
use crate::store::{RunInfo, Store};
use crate::summary::{MeasureMean, Thresholds};

/// Makes checks of the samples that are asked for, keeps them in the project, and reads all that is known of these samples; `None`
/// where it was interrupted.
fn checked(args: &CheckArgs, kinds: impl FnOnce(&RunInfo) -> Vec<CheckKind>) -> Result<Option<(Found, RunInfo)>> {
    let store = Store::open_read_only(&args.file)?;
    let run = latest_run(&store)?;
    let per_class = (!args.all).then_some(args.per_class.get());
    let subset = Subset { classes: args.classes.clone(), per_class, ..Subset::default() };
    let cases = cases(&store, &run, &subset)?;
    let (root, known) = (store.root()?, store.checked(run.id)?);
    let explainer = Explainer::new(args.device);
    let mut kept = match Store::open(&args.file) {
        Ok(store) => Some(store),
        Err(err) => {
            eprintln!("warning: what is found is not kept: {err}");
            None
        }
    };
    let mut all = known.clone();
    let checked_run = CheckedRun { settings: &run.settings, root: &root, cases: &cases };
    let kinds = kinds(&run);
    let done = watched(&Control::default(), |watch| {
        run_checks(&explainer, checked_run, &kinds, &known, watch, &mut |found| {
            if let Some(kept) = &mut kept {
                kept.save_checked(run.id, &found)?;
            }
            all.retain(|one| (one.sample, &one.kind) != (found.sample, &found.kind));
            all.push(found);
            Ok(())
        })
    })?;
    if done.is_none() {
        return Ok(None);
    }
    let ids: Vec<_> = cases.iter().map(|case| case.score.id).collect();
    all.retain(|one| ids.contains(&one.sample));
    all.sort_by_key(|one| one.sample);
    let found = Found::of(&store, &run, all)?;
    Ok(Some((found, run)))
}

pub(super) fn sanity_command(args: &CheckArgs) -> Result<Status> {
    let Some((found, run)) = checked(args, |_| vec![CheckKind::Sanity])? else { return Ok(Status::Interrupted) };
    let check = found.sanity.context("no photo was checked")?;
    output::print(&check_text(&check, args.format)?)?;
    for (level, mean) in unmoved(&check) {
        eprintln!(
            "warning: the maps of {} hardly change where the weights are random ({level}): mean rank correlation {mean:.2}; they say \
             little about that part of the network",
            run.settings.method
        );
    }
    Ok(Status::Fine)
}

pub(super) fn faithfulness_command(args: &CheckArgs) -> Result<Status> {
    let Some((found, _)) = checked(args, |_| vec![CheckKind::Faithfulness])? else { return Ok(Status::Interrupted) };
    let check = found.faithfulness.context("no photo was checked")?;
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
    let of = |run: &RunInfo| {
        // The run's own maps are known.
        let others = args.methods.iter().filter(|recipe| recipe.to_string() != run.settings.method);
        others.map(|recipe| CheckKind::Map(*recipe)).collect()
    };
    let Some((found, _)) = checked(&args.check, of)? else { return Ok(Status::Interrupted) };
    let agreement = found.agreement.context("no photo was computed by another method")?;
    let wanted: Vec<String> = args.methods.iter().map(Recipe::to_string).collect();
    output::print(&agreement_text(&agreement.of(&wanted), args.check.format)?)?;
    Ok(Status::Fine)
}

fn agreement_text(agreement: &Agreement, format: CheckFormatArg) -> Result<String> {
    let Agreement { classes, correlations, .. } = agreement;
    let methods = &agreement.names();
    let low_by = |class: &AgreedClass| class.support().low_by(&Thresholds::default());
    if format == CheckFormatArg::Json {
        let class = |class: &AgreedClass| {
            let fits: serde_json::Map<_, _> =
                methods.iter().cloned().zip(class.fits()).map(|(name, fit)| (name, json!(fit))).collect();
            json!({"class": class.class, "samples": class.samples(), "fit": fits, "low_by": low_by(class)})
        };
        let classes: Vec<_> = classes.iter().map(class).collect();
        let all = json!({"methods": methods, "classes": classes, "rank_correlation": correlations});
        return Ok(serde_json::to_string_pretty(&all)? + "\n");
    }
    let share = |fit: &Option<f64>| fit.map_or_else(|| "–".to_owned(), |fit| format!("{:.0}\u{a0}%", fit * 100.0));
    let mut columns = vec![Column::Left("class"), Column::Right("n")];
    columns.extend(methods.iter().map(|name| Column::Right(name)));
    columns.push(Column::Left("fit or lift low"));
    let line = |class: &AgreedClass| {
        let mut cells = vec![class.class.clone(), class.samples().to_string()];
        cells.extend(class.fits().iter().map(share));
        let words = || class.support().words(&Thresholds::default());
        cells.push(if low_by(class) > 0 { words() } else { String::new() });
        cells
    };
    let by_class = table(&columns, &classes.iter().map(line).collect::<Vec<_>>());
    let mut columns = vec![Column::Left("rank correlation")];
    columns.extend(methods.iter().map(|name| Column::Right(name)));
    let number = |value: &Option<f64>| value.map_or_else(|| "–".to_owned(), |value| format!("{value:.2}"));
    let line = |(name, values): (&String, &Vec<Option<f64>>)| {
        std::iter::once(name.clone()).chain(values.iter().map(number)).collect::<Vec<_>>()
    };
    Ok(by_class + "\n" + &table(&columns, &methods.iter().zip(correlations).map(line).collect::<Vec<_>>()))
}
