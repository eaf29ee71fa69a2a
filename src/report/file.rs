//! Files that are there when they are complete, or not at all.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Why there is no file.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// There is one of this name already, which nobody said to replace.
    #[error("exists already, nothing was written: {0}")]
    Exists(PathBuf),
    /// It cannot be written.
    #[error("cannot write {0}")]
    Write(PathBuf, #[source] io::Error),
}

/// Hands `write` a file of another name beside `path`, and gives it its name when all of it is on the disk. What cannot be
/// completed is removed; only a program that is killed leaves a file behind, whose name ends in `.part`.
///
/// # Errors
/// If there is a file at `path` already and it is not to be replaced, if nothing can be written there, or what `write` says.
pub fn write_file<E: From<FileError>>(
    path: &Path,
    replace: bool,
    write: impl FnOnce(&mut (dyn Write + Send)) -> Result<(), E>,
) -> Result<(), E> {
    let failed = |error| FileError::Write(path.to_owned(), error);
    let is_free = || if !replace && path.exists() { Err(FileError::Exists(path.to_owned())) } else { Ok(()) };
    is_free()?;
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    let file = File::create(&part).map_err(failed)?;
    let written = complete(file, write, failed).and_then(|()| {
        // Another program may have been faster.
        is_free()?;
        Ok(fs::rename(&part, path).map_err(failed)?)
    });
    if written.is_err() {
        // Where it cannot be removed, it is at least not taken for the file.
        fs::remove_file(&part).ok();
    }
    written
}

fn complete<E: From<FileError>>(
    file: File,
    write: impl FnOnce(&mut (dyn Write + Send)) -> Result<(), E>,
    failed: impl Fn(io::Error) -> FileError,
) -> Result<(), E> {
    let mut out = BufWriter::new(file);
    write(&mut out)?;
    let file = out.into_inner().map_err(|error| failed(error.into_error()))?;
    Ok(file.sync_all().map_err(failed)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> io::Result<Vec<String>> {
        let mut names: Vec<String> = fs::read_dir(folder)?
            .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
            .collect::<io::Result<_>>()?;
        names.sort();
        Ok(names)
    }

    #[test]
    fn a_file_has_its_name_when_it_is_complete() -> anyhow::Result<()> {
        let dir = tempfile::tempdir()?;
        let path = dir.path().join("a.csv");
        write_file(&path, false, |out| {
            out.write_all(b"all of it")?;
            assert_eq!(names(dir.path())?, ["a.csv.part"]);
            anyhow::Ok(())
        })?;
        assert_eq!((names(dir.path())?, fs::read(&path)?), (vec!["a.csv".to_owned()], b"all of it".to_vec()));
        Ok(())
    }

    #[test]
    fn what_is_there_is_kept_unless_it_is_replaced_by_a_complete_file() -> anyhow::Result<()> {
        let dir = tempfile::tempdir()?;
        let path = dir.path().join("a.csv");
        fs::write(&path, "mine")?;
        let write = |replace, result: anyhow::Result<()>| {
            write_file(&path, replace, |out| {
                out.write_all(b"new")?;
                result
            })
        };
        let refused = write(false, Ok(())).map_err(|e| e.downcast::<FileError>());
        assert!(matches!(refused, Err(Ok(FileError::Exists(_)))), "{refused:?}");
        assert!(write(true, Err(anyhow::anyhow!("half of it"))).is_err());
        assert_eq!((names(dir.path())?, fs::read(&path)?), (vec!["a.csv".to_owned()], b"mine".to_vec()));
        write(true, Ok(()))?;
        assert_eq!(fs::read(&path)?, b"new");
        Ok(())
    }

    #[test]
    fn a_place_that_takes_no_file_is_named() {
        let nowhere = Path::new("nowhere/at/all.csv");
        let refused = write_file(nowhere, false, |_| anyhow::Ok(())).map_err(|e| format!("{e:#}"));
        assert!(refused.is_err_and(|e| e.starts_with("cannot write nowhere/at/all.csv: ")));
    }
}
