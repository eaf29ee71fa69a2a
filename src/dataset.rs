//! Data sets: folders of labelled photos.
//!
//! Comes in: a folder. Goes out: [`Sample`]s in path order with their labels, and [`ClassGroups`]. May not live here:
//! decoding, networks, storage.

use std::path::PathBuf;

/// Number of a sample in its project; stable once given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SampleId(pub i64);

/// Index of a class in the classifier's own list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClassId(pub usize);

/// One image of a data set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Relative to the data set's folder, with `/` between its parts.
    pub path: String,
    /// Name of the class folder; `None` in a data set without labels.
    pub label: Option<String>,
}

/// A folder with its samples, in path order.
#[derive(Clone, Debug)]
pub struct Dataset {
    /// The folder.
    pub root: PathBuf,
    /// In order of their paths, compared byte by byte.
    pub samples: Vec<Sample>,
}
