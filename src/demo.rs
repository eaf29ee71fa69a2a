//! The photos that come with the program, and who made them.
//!
//! Comes in: `assets/demo`, compiled in. Goes out: a folder on disk with the photos, so that they are a data set like any
//! other, and their [`Attribution`]s. May not live here: what is done with the data set.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use include_dir::{Dir, File, include_dir};

use crate::dataset::{ATTRIBUTION_FILE, Attribution};

static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/assets/demo");

static ATTRIBUTIONS: LazyLock<Vec<Attribution>> = LazyLock::new(|| {
    let csv = FILES.get_file(ATTRIBUTION_FILE).expect("the attribution is compiled in").contents();
    Attribution::parse(csv).expect("the compiled-in attribution is valid CSV")
});

/// The attribution of every photo.
pub fn attributions() -> &'static [Attribution] {
    &ATTRIBUTIONS
}

/// A folder with the photos: in the user's data folder, or where that cannot be written, in the one for temporary files. A
/// folder that is complete already is used as it is.
///
/// # Errors
/// If no place can be written; the message names the last one tried.
pub fn folder() -> std::io::Result<PathBuf> {
    let temporary = std::env::temp_dir();
    // Somebody else may own the plain name in a shared folder.
    let names = [temporary.join("camroi/demo"), temporary.join(format!("camroi-{}/demo", std::process::id()))];
    let candidates = dirs::data_local_dir().map(|data| data.join("camroi/demo")).into_iter().chain(names);
    let mut result = Err(std::io::ErrorKind::NotFound.into());
    for candidate in candidates {
        result = write_to(&candidate).map(|()| candidate);
        if result.is_ok() {
            break;
        }
    }
    result
}

/// Makes `folder` hold the photos, their attribution and their class groups; what it holds already is not written again.
///
/// # Errors
/// If a file cannot be written; the message names it.
pub fn write_to(folder: &Path) -> std::io::Result<()> {
    let mut open = vec![&FILES];
    while let Some(dir) = open.pop() {
        open.extend(dir.dirs());
        for file in dir.files() {
            let path = folder.join(file.path());
            write_file(file, &path).map_err(|e| {
                std::io::Error::new(e.kind(), format!("cannot write a demo photo: {e}: {}", path.display()))
            })?;
        }
    }
    Ok(())
}

/// Writes a file unless it is there with the same content; whoever reads it meanwhile finds it whole.
fn write_file(file: &File<'_>, path: &Path) -> std::io::Result<()> {
    if std::fs::read(path).is_ok_and(|there| there == file.contents()) {
        return Ok(());
    }
    let parent = path.parent().unwrap_or(Path::new(""));
    std::fs::create_dir_all(parent)?;
    let partial = parent.join(format!(".{}.{}", path.file_name().unwrap_or_default().display(), std::process::id()));
    let written = std::fs::File::create(&partial).and_then(|mut out| out.write_all(file.contents()));
    written.and_then(|()| std::fs::rename(&partial, path)).inspect_err(|_| drop(std::fs::remove_file(&partial)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn photos() -> BTreeSet<String> {
        let photos = FILES.dirs().flat_map(Dir::files).map(|f| f.path());
        photos.map(|p| p.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/")).collect()
    }

    #[test]
    fn every_photo_has_one_complete_attribution() {
        let named: Vec<_> = attributions().iter().map(|a| a.file.clone()).collect();
        assert_eq!(named.len(), 87);
        assert_eq!(named.into_iter().collect::<BTreeSet<_>>(), photos());
        let complete =
            |a: &Attribution| !a.author.is_empty() && !a.licence.is_empty() && a.source.starts_with("https://");
        assert!(attributions().iter().all(complete));
    }

    #[test]
    fn the_folder_holds_every_photo_and_is_written_once() -> std::io::Result<()> {
        let root = tempfile::tempdir()?;
        write_to(root.path())?;
        let a_photo = root.path().join("bird/owl.jpg");
        let first = std::fs::metadata(&a_photo)?.modified()?;
        std::fs::write(root.path().join("bird/heron.jpg"), b"cut off")?;
        write_to(root.path())?;
        assert_eq!(std::fs::metadata(&a_photo)?.modified()?, first);
        let written: usize = std::fs::read_dir(root.path())?
            .map(|entry| Ok(std::fs::read_dir(entry?.path()).map_or(0, Iterator::count)))
            .sum::<std::io::Result<_>>()?;
        assert_eq!(written, photos().len());
        assert_eq!(
            std::fs::read(root.path().join("bird/heron.jpg"))?,
            FILES.get_file("bird/heron.jpg").map_or(&[][..], File::contents)
        );
        Ok(())
    }

    #[test]
    fn a_place_that_cannot_be_written_is_named() -> std::io::Result<()> {
        let file = tempfile::NamedTempFile::new()?;
        let error = write_to(file.path()).expect_err("a file is no folder");
        assert!(error.to_string().contains(&file.path().display().to_string()), "{error}");
        Ok(())
    }
}
