//! Listing the photos of a folder.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

use super::{ClassGroups, Dataset, GroupsError, Sample};

/// Endings of the files that count as photos, whatever they contain, compared without regard to case.
pub const IMAGE_EXTENSIONS: &[&str] = &["jpg", "jpeg", "jpe", "jfif", "png", "webp", "gif", "bmp", "tif", "tiff"];

/// A file of class groups with this name in a data set's folder is used without being asked for.
const GROUPS_FILE: &str = "groups.json";

/// Why a folder is no data set.
#[derive(Debug, thiserror::Error)]
pub enum DatasetError {
    /// Nothing is there, or it may not be looked at.
    #[error("cannot open the data set: {}", path.display())]
    Open {
        /// What was asked for.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// No file that looks like a photo.
    #[error("no images found (looked for {}): {}", IMAGE_EXTENSIONS.join(", "), path.display())]
    NoImages {
        /// The folder.
        path: PathBuf,
    },
    /// The folder's `groups.json` is of no use.
    #[error("cannot use the class groups: {}", path.display())]
    Groups {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: GroupsError,
    },
}

/// An entry of the folder that is no sample although it may have been meant as one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unlisted {
    /// The entry.
    pub path: PathBuf,
    /// Why it is left out.
    pub reason: String,
}

impl Dataset {
    /// Lists the photos of a folder, or takes a single file as a data set of one unlabelled photo.
    ///
    /// A photo is a file with one of [`IMAGE_EXTENSIONS`], be it readable or not, so that a damaged one is noticed when it is
    /// opened; a link that leads nowhere is listed as well. The folders right below `path` are the classes, whatever lies deeper belongs to
    /// them. Hidden files and folders are left out. Links to folders are followed, but not in circles.
    ///
    /// # Errors
    /// If `path` cannot be opened, holds no photo, or has a `groups.json` that cannot be used.
    pub fn scan(path: &Path) -> Result<Self, DatasetError> {
        let open = |source| DatasetError::Open { path: path.to_owned(), source };
        if std::fs::metadata(path).map_err(open)?.is_file() {
            return Ok(Self::of_one_file(path));
        }
        // A folder that cannot be read is reported here, those inside it are only left out.
        std::fs::read_dir(path).map_err(open)?;
        let (mut samples, mut unlisted) = (BTreeSet::new(), Vec::new());
        let entries = WalkDir::new(path).follow_links(true).sort_by_file_name().into_iter();
        for entry in entries.filter_entry(|e| e.depth() == 0 || !is_hidden(e.path())) {
            match listed(path, entry) {
                Ok(Some(relative)) => drop(samples.insert(relative)),
                Ok(None) => {}
                Err(entry) => unlisted.push(entry),
            }
        }
        if samples.is_empty() {
            return Err(DatasetError::NoImages { path: path.to_owned() });
        }
        let samples = samples.into_iter().map(|path| Sample { label: label_of(&path), path }).collect();
        Ok(Self { root: path.to_owned(), samples, groups: groups_of(path)?, unlisted })
    }

    fn of_one_file(path: &Path) -> Self {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let root = path.parent().unwrap_or(Path::new("")).to_owned();
        Self { root, samples: vec![Sample { path: name, label: None }], groups: None, unlisted: Vec::new() }
    }
}

/// The names of a folder's folders in byte order, which is how training scripts number classes; hidden ones are left out.
///
/// # Errors
/// If the folder cannot be read.
pub fn folder_names(path: &Path) -> std::io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(path)? {
        let path = entry?.path();
        if path.is_dir() && !is_hidden(&path) {
            names.extend(path.file_name().map(|name| name.to_string_lossy().into_owned()));
        }
    }
    names.sort();
    Ok(names)
}

/// The path of a sample relative to `root`, or `None` for what is none and was not meant to be.
fn listed(root: &Path, entry: walkdir::Result<DirEntry>) -> Result<Option<String>, Unlisted> {
    let path = match entry {
        Ok(entry) if entry.file_type().is_dir() || !is_image(entry.path()) => return Ok(None),
        Ok(entry) if entry.file_type().is_file() => entry.into_path(),
        Ok(entry) => return Err(Unlisted { path: entry.into_path(), reason: "not a regular file".into() }),
        // What the link leads back to is being listed already.
        Err(error) if error.loop_ancestor().is_some() => return Ok(None),
        Err(error) => {
            let path = error.path().unwrap_or(root).to_owned();
            let dangling = std::fs::symlink_metadata(&path).is_ok_and(|m| m.file_type().is_symlink());
            match (is_hidden(&path), is_image(&path), dangling) {
                (true, ..) | (false, false, true) => return Ok(None),
                (false, true, true) => path,
                (false, _, false) => return Err(Unlisted { path, reason: error.to_string() }),
            }
        }
    };
    match relative_name(root, &path) {
        Some(name) => Ok(Some(name)),
        None => Err(Unlisted { path, reason: "its name is not valid Unicode".into() }),
    }
}

/// `path` relative to `root` with `/` between its parts.
fn relative_name(root: &Path, path: &Path) -> Option<String> {
    let parts: Option<Vec<_>> = path.strip_prefix(root).ok()?.iter().map(|part| part.to_str()).collect();
    Some(parts?.join("/"))
}

fn label_of(relative: &str) -> Option<String> {
    relative.split_once('/').map(|(folder, _)| folder.to_owned())
}

fn is_hidden(path: &Path) -> bool {
    // macOS puts a folder of that name with copies of the real files' attributes into its archives.
    path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b".") || name == "__MACOSX")
}

fn is_image(path: &Path) -> bool {
    let extension = path.extension().and_then(|e| e.to_str());
    extension.is_some_and(|e| IMAGE_EXTENSIONS.iter().any(|known| e.eq_ignore_ascii_case(known)))
}

fn groups_of(root: &Path) -> Result<Option<ClassGroups>, DatasetError> {
    let path = root.join(GROUPS_FILE);
    if !path.is_file() {
        return Ok(None);
    }
    ClassGroups::read(&path).map(Some).map_err(|source| DatasetError::Groups { path, source })
}
