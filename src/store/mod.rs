//! The project file: what is known of a data set, kept safe while runs go on.
//!
//! Comes in: samples, the halves of results, failures, verdicts, regions from annotations and drawn by hand. Goes out: what is missing, [`SampleResult`]s and
//! [`SampleScore`](crate::analysis::SampleScore)s. May not live here: networks, threads, averages.
//!
//! The file is a SQLite database with a write-ahead log: what [`Store::save`] returned for survives a kill at any moment, and
//! other connections (each thread opens its own) read while one writes. The two halves of a result are kept by what they
//! depend on: the classifier's by image content, classifier and target, the detector's by image content and detector. A
//! result is put together from them when it is asked for.

mod annotated;
mod checked;
mod codec;
mod drawn;
mod error;
mod mask_codec;
mod migrate;
mod project;
mod results;
mod runs;
mod samples;
mod schema;
mod verdicts;

#[cfg(test)]
mod tests;

pub use checked::Checked;
pub use error::{Result, StoreError};
pub use project::Store;
pub use results::{Analysed, Missing, SampleRecord, SampleResult};
pub use runs::{NetworkInfo, RunId, RunInfo, RunSettings, TargetRule};
pub use samples::{ContentHash, FileStamp, PendingSample};
