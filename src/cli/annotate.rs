//! `camroi annotate`, and what is told of annotations.

use anyhow::Result;

use super::Status;
use super::args::AnnotateArgs;
use crate::run::{Annotated, annotate};
use crate::store::Store;

/// Names that are listed before the rest is only counted.
const LISTED: usize = 20;

pub(super) fn annotate_command(args: &AnnotateArgs) -> Result<Status> {
    let mut store = Store::open(&args.file)?;
    Ok(tell(&annotate(&mut store, &args.annotations)?))
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
