//! `camroi annotate`, and what is told of annotations.

use std::io::{IsTerminal as _, stderr};

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};

use super::Status;
use super::args::AnnotateArgs;
use crate::run::{Annotated, Control, annotate};
use crate::store::Store;

/// Names that are listed before the rest is only counted.
const LISTED: usize = 20;

pub(super) fn annotate_command(args: &AnnotateArgs) -> Result<Status> {
    let mut store = Store::open(&args.file)?;
    let annotated = with_bar(|told| annotate(&mut store, &args.annotations, &Control::default(), told))?;
    Ok(tell(&annotated))
}

/// Does work that measures photos, with a bar on a terminal.
pub(super) fn with_bar<T>(work: impl FnOnce(&(dyn Fn(usize, usize) + Sync)) -> Result<T>) -> Result<T> {
    let bar = if stderr().is_terminal() { ProgressBar::new(0) } else { ProgressBar::hidden() };
    bar.set_style(ProgressStyle::with_template("{bar:30} {pos} of {len} annotated photos")?);
    let done = work(&|at, total| {
        bar.set_length(total as u64);
        bar.set_position(at as u64);
    });
    bar.finish_and_clear();
    done
}

/// Says what came of annotations on standard error.
pub(super) fn tell(annotated: &Annotated) -> Status {
    let Annotated { samples, regions, without, unmatched, unusable, problems } = annotated;
    eprintln!("{regions} annotated regions in {samples} photos, {without} photos without");
    for problem in problems.iter().take(LISTED) {
        eprintln!("left out: {problem}");
    }
    for (path, reason) in unusable.iter().take(LISTED) {
        eprintln!("left out: {path}: {reason}");
    }
    for name in unmatched.iter().take(LISTED) {
        eprintln!("no such photo: {name}");
    }
    for (what, all) in
        [("broken files", problems.len()), ("misfits", unusable.len()), ("unknown photos", unmatched.len())]
    {
        if all > LISTED {
            eprintln!("… {all} {what} in all");
        }
    }
    if problems.is_empty() && unusable.is_empty() { Status::Fine } else { Status::SomeFailed }
}
