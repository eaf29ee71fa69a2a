//! Reading a file or folder of annotations, whose format is recognised by content.

use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use super::yolo::{ClassNames, names_from_text, names_from_yaml};
use super::{AnnotatedImage, Fault, coco, cvat, kaggle, labelme, results, voc, xml, yolo};

/// A format of annotations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the formats' own names")]
pub enum Format {
    PascalVoc,
    Cvat,
    KaggleImageNet,
    Coco,
    CocoResults,
    LabelMe,
    Yolo,
}

/// Why annotations cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum AnnotationError {
    /// The file or folder cannot be read.
    #[error("cannot read annotations: {}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Content of none of the formats.
    #[error("no known format of annotations: {}", path.display())]
    UnknownFormat {
        /// The file, or a folder without any annotations.
        path: PathBuf,
    },
    /// The content contradicts its format.
    #[error("broken annotations, {place}: {reason}: {}", path.display())]
    Broken {
        /// The file.
        path: PathBuf,
        /// Line or key.
        place: String,
        /// What is wrong there.
        reason: String,
    },
}

/// What a file or folder of annotations holds.
#[derive(Debug, Default)]
pub struct Annotations {
    /// In the order of the files and of the images in each.
    pub images: Vec<AnnotatedImage>,
    /// The formats found, each once.
    pub formats: Vec<Format>,
    /// Files of a folder that cannot be used; the others are.
    pub problems: Vec<AnnotationError>,
}

/// Reads the annotations of a file, or of all files in a folder and the folders in it.
///
/// # Errors
/// If the file is broken or of no known format, or the folder cannot be read or holds no annotations. Broken files in a folder
/// are listed as problems.
pub fn load(path: &Path) -> Result<Annotations, AnnotationError> {
    let metadata = std::fs::metadata(path).map_err(|source| AnnotationError::Read { path: path.to_owned(), source })?;
    let mut all = Annotations::default();
    if metadata.is_file() {
        let folder = path.parent().unwrap_or(Path::new(""));
        let classes = class_names(&sorted_files(folder, 1));
        all.add(read_file(path, folder, &classes)?);
        return Ok(all);
    }
    let files = sorted_files(path, usize::MAX);
    let classes = class_names(&files);
    for file in files.iter().filter(|file| !holds_class_names(file)) {
        match read_file(file, path, &classes) {
            Ok(read) => all.add(read),
            // A folder may hold anything else.
            Err(AnnotationError::UnknownFormat { .. }) => {}
            Err(problem) => all.problems.push(problem),
        }
    }
    if all.formats.is_empty() && all.problems.is_empty() {
        return Err(AnnotationError::UnknownFormat { path: path.to_owned() });
    }
    Ok(all)
}

impl Annotations {
    fn add(&mut self, (format, images): (Format, Vec<AnnotatedImage>)) {
        if !self.formats.contains(&format) {
            self.formats.push(format);
        }
        self.images.extend(images);
    }
}

/// The files of a folder that may have to do with annotations, down to `depth`, in the order of their names.
fn sorted_files(folder: &Path, depth: usize) -> Vec<PathBuf> {
    let entries = WalkDir::new(folder).max_depth(depth).follow_links(true).sort_by_file_name().into_iter().flatten();
    let files = entries.filter(|entry| entry.file_type().is_file()).map(walkdir::DirEntry::into_path);
    files
        .filter(|f| matches!(extension(f).as_str(), "xml" | "json" | "csv" | "txt" | "yaml" | "yml" | "names"))
        .collect()
}

fn extension(path: &Path) -> String {
    path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase()
}

/// Whether a file is one of YOLO's with the names of classes.
fn holds_class_names(path: &Path) -> bool {
    matches!(extension(path).as_str(), "yaml" | "yml" | "names") || path.file_name().is_some_and(|n| n == "classes.txt")
}

/// The class names of the first file that has some.
fn class_names(files: &[PathBuf]) -> ClassNames {
    let names = |file: &PathBuf| {
        let text = std::fs::read_to_string(file).ok()?;
        match extension(file).as_str() {
            "yaml" | "yml" => names_from_yaml(&text),
            _ => Some(names_from_text(&text)),
        }
    };
    files.iter().filter(|file| holds_class_names(file)).find_map(names).unwrap_or_default()
}

/// The images of one file; its own name, relative to `root`, may be what an image goes by.
fn read_file(path: &Path, root: &Path, classes: &ClassNames) -> Result<(Format, Vec<AnnotatedImage>), AnnotationError> {
    let bytes = std::fs::read(path).map_err(|source| AnnotationError::Read { path: path.to_owned(), source })?;
    let relative = path.strip_prefix(root).unwrap_or(path);
    let name = relative.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/");
    let parsed = match extension(path).as_str() {
        "xml" => parse_xml(&bytes, &name),
        "json" => parse_json(&bytes, &name),
        "csv" => parse_csv(&bytes),
        "txt" if !holds_class_names(path) => parse_text(&bytes, &name, classes),
        _ => Ok(None),
    };
    match parsed {
        Ok(Some(read)) => Ok(read),
        Ok(None) => Err(AnnotationError::UnknownFormat { path: path.to_owned() }),
        Err(Fault { place, reason }) => Err(AnnotationError::Broken { path: path.to_owned(), place, reason }),
    }
}

/// What a file holds, or nothing where it is of another kind.
type Parsed = Result<Option<(Format, Vec<AnnotatedImage>)>, Fault>;

fn utf8(bytes: &[u8]) -> Result<&str, Fault> {
    let text = std::str::from_utf8(bytes).map_err(|e| {
        let line = 1 + bytes[..e.valid_up_to()].iter().filter(|b| **b == b'\n').count();
        Fault::new(format!("line {line}"), "not UTF-8 text")
    })?;
    Ok(text.trim_start_matches('\u{feff}'))
}

fn parse_xml(bytes: &[u8], name: &str) -> Parsed {
    let document = xml::parse(utf8(bytes)?)?;
    match document.root_element().tag_name().name() {
        "annotation" => Ok(Some((Format::PascalVoc, vec![voc::parse(&document, name)?]))),
        "annotations" => Ok(Some((Format::Cvat, cvat::parse(&document)?))),
        _ => Ok(None),
    }
}

fn parse_json(bytes: &[u8], name: &str) -> Parsed {
    let value: serde_json::Value = serde_json::from_str(utf8(bytes)?)?;
    if value.is_array() {
        Ok(Some((Format::CocoResults, results::parse(value)?)))
    } else if value.get("shapes").is_some() {
        Ok(Some((Format::LabelMe, vec![labelme::parse(value, name)?])))
    } else if value.get("images").is_some() || value.get("annotations").is_some() {
        Ok(Some((Format::Coco, coco::parse(value)?)))
    } else {
        Ok(None)
    }
}

fn parse_csv(bytes: &[u8]) -> Parsed {
    let text = utf8(bytes)?;
    if text.lines().next().is_some_and(kaggle::is_header) {
        Ok(Some((Format::KaggleImageNet, kaggle::parse(text)?)))
    } else {
        Ok(None)
    }
}

/// A text file is a label file if its first line begins with a number; a read-me does not.
fn parse_text(bytes: &[u8], name: &str, classes: &ClassNames) -> Parsed {
    let Ok(text) = utf8(bytes) else { return Ok(None) };
    match text.split_whitespace().next() {
        Some(word) if word.parse::<f32>().is_err() => Ok(None),
        _ => Ok(Some((Format::Yolo, vec![yolo::parse(text, name, classes)?]))),
    }
}
