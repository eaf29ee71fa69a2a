//! What can be wrong with a project file.

use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

/// Why a project file cannot be used; each message names the file and, where there is one, the way out.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum StoreError {
    #[error("no such project file: {}", .0.display())]
    Missing(PathBuf),
    #[error("the file exists already, name another one: {}", .0.display())]
    Exists(PathBuf),
    #[error("not a camroi project: {}", .0.display())]
    NotAProject(PathBuf),
    #[error("written by another version of camroi (format {found}, this one reads up to {expected}): {}", .path.display())]
    Version { found: i32, expected: i32, path: PathBuf },
    #[error(
        "the project belongs to another data set ({}), name another file with --out: {}", .root.display(), .path.display()
    )]
    OtherDataset { root: PathBuf, path: PathBuf },
    #[error("the data set's path is not valid Unicode: {}", .0.display())]
    RootName(PathBuf),
    #[error("the project cannot be written to: {}", .0.display())]
    ReadOnly(PathBuf),
    #[error("another program has locked the project, close it and try again: {}", .0.display())]
    Locked(PathBuf),
    #[error("no space left on the disk, what was saved so far is kept: {}", .0.display())]
    DiskFull(PathBuf),
    #[error("cannot open the file (do the folder and the right to write there exist?): {}", .0.display())]
    CannotOpen(PathBuf),
    #[error("the project is damaged: {}", .path.display())]
    Damaged { path: PathBuf, source: rusqlite::Error },
    #[error("the project cannot be read or written: {}", .path.display())]
    Sqlite { path: PathBuf, source: rusqlite::Error },
}

impl StoreError {
    /// Names what SQLite complains about.
    pub(super) fn new(path: &Path, source: rusqlite::Error) -> Self {
        let path = path.to_owned();
        if matches!(source, rusqlite::Error::FromSqlConversionFailure(..) | rusqlite::Error::InvalidColumnType(..)) {
            return Self::Damaged { path, source };
        }
        match source.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => Self::NotAProject(path),
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => Self::ReadOnly(path),
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::FileLockingProtocolFailed) => {
                Self::Locked(path)
            }
            Some(ErrorCode::DiskFull) => Self::DiskFull(path),
            Some(ErrorCode::CannotOpen) => Self::CannotOpen(path),
            Some(ErrorCode::DatabaseCorrupt) => Self::Damaged { path, source },
            _ => Self::Sqlite { path, source },
        }
    }
}

/// A result with a [`StoreError`].
pub type Result<T> = std::result::Result<T, StoreError>;
