//! Data sets: folders of labelled photos, and what their labels mean to a classifier.
//!
//! Comes in: a folder, the class names of a classifier, a file of class groups. Goes out: [`Sample`]s in path order with
//! their labels, and [`LabelClasses`], which says what counts as a hit. May not live here: decoding, networks, storage.

mod attribution;
mod classes;
mod groups;
mod objects;
mod scan;

pub use attribution::{ATTRIBUTION_FILE, Attribution};
pub use classes::{ClassName, LabelClasses, imagenet_names, readable_class, without_wordnet_id};
pub use groups::{ClassGroups, GroupsError};
pub use objects::ClassObjects;
pub use scan::{DatasetError, IMAGE_EXTENSIONS, Unlisted, folder_names};

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
    /// Name of the class folder, the first part of `path`; `None` for a photo that lies in no folder.
    pub label: Option<String>,
}

/// A folder with its samples, in path order.
#[derive(Clone, Debug)]
pub struct Dataset {
    /// The folder.
    pub root: PathBuf,
    /// In order of their paths, compared byte by byte; no path comes twice.
    pub samples: Vec<Sample>,
    /// What the folder's own `groups.json` says, if it has one.
    pub groups: Option<ClassGroups>,
    /// Entries that look like photos or folders but cannot be listed as samples, with the reason.
    pub unlisted: Vec<Unlisted>,
}

impl Dataset {
    /// Where a sample lies.
    pub fn path_of(&self, sample: &Sample) -> PathBuf {
        let mut path = self.root.clone();
        path.extend(sample.path.split('/'));
        path
    }

    /// The labels of the samples, each once, in byte order.
    pub fn labels(&self) -> Vec<&str> {
        let labels: std::collections::BTreeSet<_> = self.samples.iter().filter_map(|s| s.label.as_deref()).collect();
        labels.into_iter().collect()
    }

    /// Keeps the first `limit` samples of each label, and as many of those without one.
    pub fn keep_first_per_class(&mut self, limit: usize) {
        let mut seen = std::collections::BTreeMap::new();
        self.samples.retain(|sample| {
            let count = seen.entry(sample.label.clone()).or_insert(0);
            *count += 1;
            *count <= limit
        });
    }
}
