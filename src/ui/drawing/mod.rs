//! Regions drawn by hand: which images they are on, and how they get into the project.
//!
//! Comes in: what a project holds, and [`Input`]s. Goes out: an [`Editor`] for the image that is shown, and what has to be
//! saved. May not live here: painting, numbers. [`editor`] and [`outline`] know nothing of the window, [`pointer`] and
//! [`keys`] translate for them.

mod editor;
mod history;
mod input;
pub(crate) mod keys;
pub(crate) mod outline;
pub(crate) mod pointer;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::dataset::SampleId;
use crate::geometry::Size;
use crate::roi::DrawnRoi;
use crate::store::Store;

pub(crate) use editor::{Editor, Over};
pub(crate) use input::{Input, Tool};

/// Drawing in the open project.
#[derive(Debug, Default)]
pub(crate) struct Drawing {
    /// Whether pointer and keys draw.
    pub(crate) on: bool,
    /// What the pointer begins.
    pub(crate) tool: Tool,
    /// One for each image that was shown; its history lasts as long as the project is open.
    editors: BTreeMap<SampleId, Editor>,
    outbox: Arc<Outbox>,
    /// Whether something came into the outbox that no one was asked to write.
    has_news: bool,
}

impl Drawing {
    /// Has an editor for an image on which `stored` was drawn; one that is there stays as it is.
    pub(crate) fn open(&mut self, sample: SampleId, size: Size, stored: &[DrawnRoi]) {
        self.editors.entry(sample).or_insert_with(|| Editor::new(size, stored.to_vec()));
    }

    /// The editor of an image.
    pub(crate) fn editor(&self, sample: SampleId) -> Option<&Editor> {
        self.editors.get(&sample)
    }

    /// Deals with what a person does on an image.
    pub(crate) fn take(&mut self, sample: SampleId, input: Input) {
        let Some(editor) = self.editors.get_mut(&sample) else { return };
        editor.take(input);
        if let Some(regions) = editor.take_unsaved() {
            lock(&self.outbox.waiting).insert(sample, regions);
            self.has_news = true;
        }
    }

    /// Takes another tool in hand; what is being drawn on an image is given up.
    pub(crate) fn set_tool(&mut self, sample: SampleId, tool: Tool) {
        self.tool = tool;
        if self.editor(sample).is_some_and(Editor::is_busy) {
            self.take(sample, Input::Cancel);
        }
    }

    /// What has to be saved now, asked for once; `None` if nothing has.
    pub(crate) fn news(&mut self) -> Option<Arc<Outbox>> {
        std::mem::take(&mut self.has_news).then(|| Arc::clone(&self.outbox))
    }

    /// What waits to be saved; `None` if nothing does.
    pub(crate) fn unsaved(&self) -> Option<Arc<Outbox>> {
        (!lock(&self.outbox.waiting).is_empty()).then(|| Arc::clone(&self.outbox))
    }

    /// Turns to another project.
    pub(crate) fn reset(&mut self) {
        *self = Self { tool: self.tool, ..Self::default() };
    }
}

/// Drawn regions on their way into the project: of each image the latest.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    waiting: Mutex<BTreeMap<SampleId, Vec<DrawnRoi>>>,
    /// Held by the one who writes.
    writing: Mutex<()>,
}

impl Outbox {
    /// Writes what waits into a project. Called on a worker thread; several may call it at once.
    ///
    /// # Errors
    /// If the project cannot be written; what could not be written goes on waiting.
    pub(crate) fn post(&self, file: &Path) -> anyhow::Result<()> {
        let _one_at_a_time = lock(&self.writing);
        let first = || lock(&self.waiting).iter().next().map(|(sample, regions)| (*sample, regions.clone()));
        let Some(mut next) = first() else { return Ok(()) };
        let mut store = Store::open(file)?;
        loop {
            let (sample, regions) = next;
            store.set_drawn(sample, &regions)?;
            let mut waiting = lock(&self.waiting);
            // What has changed in the meantime is written once more.
            if waiting.get(&sample) == Some(&regions) {
                waiting.remove(&sample);
            }
            drop(waiting);
            match first() {
                Some(more) => next = more,
                None => return Ok(()),
            }
        }
    }
}

/// Every change under these locks is a single step, so that a panic leaves nothing half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
