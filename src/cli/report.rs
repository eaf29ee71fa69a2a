//! `camroi report`.

use std::io::{IsTerminal as _, stderr};
use std::ops::ControlFlow;

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};

use super::args::ReportArgs;
use super::tables::latest_run;
use super::{Status, interrupt, output};
use crate::models::card;
use crate::report::{ModelNote, PageProgress, ReportError, write_html};
use crate::run::Control;
use crate::store::{NetworkInfo, RunSettings};

pub(super) fn report(args: &ReportArgs) -> Result<Status> {
    let store = args.rois.open(&args.file)?;
    let run = latest_run(&store)?;
    let notes = model_notes(&run.settings);
    with_progress(|progress| {
        output::write_to(args.out.as_deref(), |out| {
            Ok(write_html(&store, &run, &notes, &args.options(), progress, out)?)
        })
    })
}

/// Does work that draws photos, with a bar on a terminal; Ctrl+C ends it.
pub(super) fn with_progress(
    work: impl FnOnce(&mut dyn FnMut(PageProgress) -> ControlFlow<()>) -> Result<()>,
) -> Result<Status> {
    let control = Control::default();
    let watch = interrupt::cancel_on_interrupt(&control)?;
    let bar = if stderr().is_terminal() { ProgressBar::new(0) } else { ProgressBar::hidden() };
    bar.set_style(ProgressStyle::with_template("{bar:30} {pos} of {len} photos")?);
    let done = work(&mut |at: PageProgress| {
        bar.set_length(at.total as u64);
        bar.set_position(at.done as u64);
        if control.is_cancelled() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    bar.finish_and_clear();
    drop(watch);
    match done {
        Err(error) if matches!(error.downcast_ref(), Some(ReportError::Cancelled)) => Ok(Status::Interrupted),
        other => other.map(|()| Status::Fine),
    }
}

/// What the cards of a run's networks say, as far as they are the ones that were used.
pub(super) fn model_notes(settings: &RunSettings) -> Vec<ModelNote> {
    let note = |network: &NetworkInfo| {
        let card = card(&network.name).ok()?;
        let is_used = card.weights_sha256.as_ref().is_none_or(|hash| network.key.contains(hash.as_str()));
        is_used.then(|| ModelNote {
            name: network.name.clone(),
            description: card.description,
            licence: card.licence,
            source: card.source,
        })
    };
    [Some(&settings.classifier), settings.detector.as_ref()].into_iter().flatten().filter_map(note).collect()
}
