//! Reading what the class page shows, on a worker thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::analysis::Outcome;
use crate::focus::{ClassFocus, FocusBuilder};
use crate::ui::project::Snapshot;

/// Results that are held in memory at once.
const CHUNK: usize = 64;

/// What the class page waits for.
pub(crate) struct Wanted {
    /// Rises with every wish.
    pub(crate) generation: u64,
    /// The samples of the class, as places in the snapshot.
    pub(super) places: Arc<[usize]>,
    /// Set when nobody waits any more.
    pub(super) stop: Arc<AtomicBool>,
}

/// Where the network looks in the samples of a class; `None` if nobody waits for it any more.
pub(crate) fn read(snapshot: &Snapshot, wanted: &Wanted) -> Option<anyhow::Result<ClassFocus>> {
    let mut places = wanted.places.to_vec();
    places.sort_unstable();
    let mut builder = FocusBuilder::default();
    let store = match snapshot.store() {
        Ok(store) => store,
        Err(err) => return Some(Err(err.into())),
    };
    for chunk in places.chunks(CHUNK) {
        if wanted.stop.load(Ordering::Relaxed) {
            return None;
        }
        let ids: Vec<_> = chunk.iter().filter_map(|place| snapshot.samples.get(*place)).map(|s| s.id).collect();
        let results = match store.results_of(snapshot.run.id, &ids) {
            Ok(results) => results,
            Err(err) => return Some(Err(err.into())),
        };
        for result in results {
            if let Outcome::Measured(measured) = &result.outcome {
                builder.add(result.id, measured);
            }
        }
    }
    Some(Ok(builder.finish()))
}
