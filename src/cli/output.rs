//! Standard output and files, without panics when a reader goes away and without overwriting.

use std::io::{self, BufWriter, Write};
use std::path::Path;

use anyhow::{Context as _, Result};

use crate::report::write_file;

/// Writes to standard output.
pub(super) fn print(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).context("cannot write to standard output")
}

/// Hands `write` a new file, or standard output where there is no path. A file is there when it is complete, or not at all.
pub(super) fn write_to(path: Option<&Path>, write: impl FnOnce(&mut (dyn Write + Send)) -> Result<()>) -> Result<()> {
    match path {
        Some(path) => write_file(path, false, write),
        None => {
            let mut out = BufWriter::new(io::stdout());
            write(&mut out)?;
            out.flush().context("cannot write to standard output")
        }
    }
}

/// Whether an error only says that the reader of a pipe has gone, as `head` does.
pub(super) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let broken = |cause: &(dyn std::error::Error + 'static)| {
        cause.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe)
    };
    error.chain().any(broken)
}
