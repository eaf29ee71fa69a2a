//! The window, as far as the command line knows it.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::Status;

/// Opens the window, on a project file or a folder of photos if there is one.
pub(super) fn open(path: Option<PathBuf>) -> Result<Status> {
    if let Some(path) = &path {
        path.metadata().with_context(|| format!("cannot open {}", path.display()))?;
    }
    show(path).context("cannot show the window; camroi --help lists the commands that need none")?;
    Ok(Status::Fine)
}

/// Opens the window on the demo's project, or says in one line why not; the results are on the terminal in any case.
pub(super) fn show_after_demo(file: &Path) {
    if let Err(error) = show(Some(file.to_owned())) {
        eprintln!("no window: {}", super::one_line(&error));
    }
}

#[cfg(feature = "gui")]
fn show(open: Option<PathBuf>) -> Result<()> {
    let launcher = super::launcher(crate::models::Shelf::of_user());
    crate::ui::run_window(crate::ui::Options { open, launcher })
}

#[cfg(not(feature = "gui"))]
fn show(_open: Option<PathBuf>) -> Result<()> {
    anyhow::bail!("this program was built without the window (cargo feature gui)")
}
