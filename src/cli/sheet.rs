//! `camroi sheet`.

use anyhow::Result;

use super::args::SheetArgs;
use super::report::with_progress;
use super::tables::latest_run;
use super::{Status, output};
use crate::overlay::encode_png;
use crate::report::class_sheet;
use crate::store::Store;

pub(super) fn sheet(args: &SheetArgs) -> Result<Status> {
    let store = Store::open_read_only(&args.file)?;
    let run = latest_run(&store)?;
    with_progress(|progress| {
        output::write_to(Some(&args.out), |out| {
            let sheet = class_sheet(&store, &run, &args.options(), progress)?;
            Ok(out.write_all(&encode_png(&sheet)?)?)
        })
    })
}
