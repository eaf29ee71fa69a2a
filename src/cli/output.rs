//! Standard output and files, without panics when a reader goes away and without overwriting.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use anyhow::{Context as _, Result};

/// Writes to standard output.
pub(super) fn print(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).context("cannot write to standard output")
}

/// Hands `write` a new file, or standard output where there is no path. A file that cannot be completed is removed.
pub(super) fn write_to(path: Option<&Path>, write: impl FnOnce(&mut (dyn Write + Send)) -> Result<()>) -> Result<()> {
    let Some(path) = path else {
        let mut out = BufWriter::new(io::stdout());
        write(&mut out)?;
        return out.flush().context("cannot write to standard output");
    };
    let file = File::create_new(path).with_context(|| format!("cannot make the file {}", path.display()))?;
    let mut out = BufWriter::new(file);
    let written = write(&mut out).and_then(|()| out.flush().map_err(Into::into));
    if written.is_err() {
        drop(out);
        std::fs::remove_file(path).with_context(|| format!("cannot remove the incomplete file {}", path.display()))?;
    }
    written.with_context(|| format!("cannot write {}", path.display()))
}

/// Whether an error only says that the reader of a pipe has gone, as `head` does.
pub(super) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let broken = |cause: &(dyn std::error::Error + 'static)| {
        cause.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe)
    };
    error.chain().any(broken)
}
