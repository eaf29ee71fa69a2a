//! Class groups: which of a classifier's classes count as a hit for a label.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;

use super::ClassId;
use super::classes::{ClassName, find_class, plain};

/// For each label the classes that count as a hit, as a file says it: ImageNet-9 style.
///
/// The file is a JSON object, either with the labels as keys or with such an object under `groups`; beside it, other keys
/// are ignored. A label's value is a list of class indices, inclusive ranges `[first, last]` of indices, and class names or
/// WordNet ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassGroups(BTreeMap<String, Vec<Entry>>);

/// One item of a group.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
enum Entry {
    Index(usize),
    Range(usize, usize),
    Name(String),
}

/// What is wrong with class groups.
#[derive(Debug, thiserror::Error)]
pub enum GroupsError {
    /// The file cannot be read.
    #[error("cannot be read")]
    Read(#[from] std::io::Error),
    /// Not JSON, or of another form.
    #[error("not class groups (a label with a list of indices, [first, last] ranges or class names)")]
    Format(#[from] serde_json::Error),
    /// A range that ends before it starts.
    #[error("the range [{first}, {last}] in group {group:?} is empty")]
    EmptyRange {
        /// Label of the group.
        group: String,
        /// Start of the range.
        first: usize,
        /// End of the range, included.
        last: usize,
    },
    /// A class that the classifier does not have.
    #[error("group {group:?} names class {class}, which the classifier does not have (it has {classes} classes)")]
    NoSuchClass {
        /// Label of the group.
        group: String,
        /// Index or name as the file has it.
        class: String,
        /// How many the classifier has.
        classes: usize,
    },
}

impl ClassGroups {
    /// Reads a file of class groups.
    ///
    /// # Errors
    /// If it cannot be read or is of another form; the path is left to the caller.
    pub fn read(path: &Path) -> Result<Self, GroupsError> {
        Self::from_json(&std::fs::read(path)?)
    }

    /// Reads class groups from JSON.
    ///
    /// # Errors
    /// If the bytes are not JSON, of another form, or a range is empty.
    pub fn from_json(json: &[u8]) -> Result<Self, GroupsError> {
        #[derive(Deserialize)]
        struct Wrapped {
            groups: BTreeMap<String, Vec<Entry>>,
        }
        let value: serde_json::Value = serde_json::from_slice(json)?;
        let groups = if value.get("groups").is_some_and(serde_json::Value::is_object) {
            Wrapped::deserialize(value)?.groups
        } else {
            BTreeMap::deserialize(value)?
        };
        for (group, entry) in groups.iter().flat_map(|(group, entries)| entries.iter().map(move |e| (group, e))) {
            if let Entry::Range(first, last) = *entry
                && first > last
            {
                return Err(GroupsError::EmptyRange { group: group.clone(), first, last });
            }
        }
        Ok(Self(groups))
    }

    /// The classes of each label, by the label's [`plain`] form.
    pub(super) fn resolve(&self, classes: &[ClassName]) -> Result<BTreeMap<String, BTreeSet<ClassId>>, GroupsError> {
        let mut resolved = BTreeMap::new();
        for (group, entries) in &self.0 {
            let missing =
                |class: String| GroupsError::NoSuchClass { group: group.clone(), class, classes: classes.len() };
            let mut ids = BTreeSet::new();
            for entry in entries {
                let (first, last) = match entry {
                    Entry::Index(index) => (*index, *index),
                    Entry::Range(first, last) => (*first, *last),
                    Entry::Name(name) => {
                        let found = find_class(name, classes);
                        if found.is_empty() {
                            return Err(missing(format!("{name:?}")));
                        }
                        ids.extend(found);
                        continue;
                    }
                };
                if last >= classes.len() {
                    return Err(missing(last.to_string()));
                }
                ids.extend((first..=last).map(ClassId));
            }
            resolved.insert(plain(group), ids);
        }
        Ok(resolved)
    }
}
