//! Making, opening and watching a project file.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use super::error::{Result, StoreError};
use super::{migrate, schema};
use crate::analysis::RoiChoice;

/// How long a writer waits for another one before it calls the project locked.
const PATIENCE: Duration = Duration::from_secs(5);

/// An open project file. Each thread opens its own.
#[derive(Debug)]
pub struct Store {
    pub(super) connection: Connection,
    pub(super) path: PathBuf,
    pub(super) choice: RoiChoice,
}

impl Store {
    /// Makes the project of the data set at `root` in a new (or empty) file.
    ///
    /// # Errors
    /// If the file has any content, or cannot be written.
    pub fn create(path: &Path, root: &Path) -> Result<Self> {
        if path.is_dir() || path.metadata().is_ok_and(|m| m.len() > 0) {
            return Err(StoreError::Exists(path.to_owned()));
        }
        let root = root.to_str().ok_or_else(|| StoreError::RootName(root.to_owned()))?;
        let mut store = Self::connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
        store.write(|t| {
            t.execute_batch(schema::TABLES)?;
            t.execute_batch(schema::VIEWS)?;
            t.pragma_update(None, "application_id", schema::APPLICATION_ID)?;
            t.pragma_update(None, "user_version", schema::VERSION)?;
            t.execute("INSERT INTO project (root) VALUES (?1)", [root])?;
            Ok(())
        })?;
        store.set_up_writing()?;
        Ok(store)
    }

    /// Opens a project to read and write; one of an earlier version is migrated.
    ///
    /// # Errors
    /// If the file is missing, no project, of a newer version, or cannot be written; it is left as it was.
    pub fn open(path: &Path) -> Result<Self> {
        let mut store = Self::connect_existing(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        if store.read(|c| c.is_readonly("main"))? {
            return Err(StoreError::ReadOnly(path.to_owned()));
        }
        store.set_up_writing()?;
        migrate::migrate(&mut store.connection).map_err(|e| StoreError::new(path, e))?;
        Ok(store)
    }

    /// Opens the project of the data set at `root`, or makes it where the file is missing or empty.
    ///
    /// # Errors
    /// As [`Store::open`] and [`Store::create`], and if the project belongs to another data set.
    pub fn open_or_create(path: &Path, root: &Path) -> Result<Self> {
        let is_new = !path.is_dir() && path.metadata().map_or(true, |m| m.len() == 0);
        if is_new {
            return Self::create(path, root);
        }
        let store = Self::open(path)?;
        let known = store.root()?;
        if known == root { Ok(store) } else { Err(StoreError::OtherDataset { root: known, path: path.to_owned() }) }
    }

    /// Opens a project to read only, also where nothing can be written. One of an earlier version is migrated first; where it
    /// cannot be, it is read into memory and left as it was.
    ///
    /// # Errors
    /// If the file is missing, no project, or of a newer version.
    pub fn open_read_only(path: &Path) -> Result<Self> {
        let store = Self::connect_to_read(path)?;
        if store.read(migrate::version)? == schema::VERSION {
            return Ok(store);
        }
        match Self::open(path) {
            Ok(_) => Self::connect_to_read(path),
            Err(_) => {
                let connection = store.read(migrate::migrated_copy)?;
                Ok(Self { connection, path: path.to_owned(), choice: RoiChoice::default() })
            }
        }
    }

    fn connect_to_read(path: &Path) -> Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
        match Self::connect_existing(path, flags) {
            // Without a log and without the right to make one, the file is all there is: it may be read as it lies.
            Err(StoreError::CannotOpen(_) | StoreError::ReadOnly(_)) if !with_suffix(path, "-wal").exists() => {
                let uri = format!("file:{}?immutable=1", percent_encoded(path));
                Self::check(Connection::open_with_flags(uri, flags | OpenFlags::SQLITE_OPEN_URI), path)
            }
            other => other,
        }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// From now on results are put together from the regions that `choice` counts.
    pub fn choose_rois(&mut self, choice: RoiChoice) {
        self.choice = choice;
    }

    /// Which regions results are put together from.
    pub fn roi_choice(&self) -> RoiChoice {
        self.choice
    }

    /// The data set's folder.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn root(&self) -> Result<PathBuf> {
        self.read(|c| c.query_row("SELECT root FROM project", [], |row| row.get::<_, String>(0)).map(PathBuf::from))
    }

    /// A number that changes when another connection has written.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn generation(&self) -> Result<i64> {
        self.read(|c| c.pragma_query_value(None, "data_version", |row| row.get(0)))
    }

    fn connect(path: &Path, flags: OpenFlags) -> Result<Self> {
        let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)
            .map_err(|e| StoreError::new(path, e))?;
        let store = Self { connection, path: path.to_owned(), choice: RoiChoice::default() };
        store.read(|c| c.busy_timeout(PATIENCE))?;
        Ok(store)
    }

    fn connect_existing(path: &Path, flags: OpenFlags) -> Result<Self> {
        match path.metadata() {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Err(StoreError::Missing(path.to_owned())),
            Ok(m) if m.is_dir() => return Err(StoreError::NotAProject(path.to_owned())),
            _ => {}
        }
        Self::check(Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX), path)
    }

    /// Refuses what is not a project of this version or an earlier one; reads only.
    fn check(connection: rusqlite::Result<Connection>, path: &Path) -> Result<Self> {
        let connection = connection.map_err(|e| StoreError::new(path, e))?;
        let store = Self { connection, path: path.to_owned(), choice: RoiChoice::default() };
        let (id, version) = store.read(|c| {
            c.busy_timeout(PATIENCE)?;
            let id: i32 = c.pragma_query_value(None, "application_id", |row| row.get(0))?;
            Ok((id, migrate::version(c)?))
        })?;
        if id != schema::APPLICATION_ID {
            return Err(StoreError::NotAProject(path.to_owned()));
        }
        if !(1..=schema::VERSION).contains(&version) {
            return Err(StoreError::Version { found: version, expected: schema::VERSION, path: path.to_owned() });
        }
        Ok(store)
    }

    /// A log that survives a kill, and also a power cut once [`Store::save`] has returned.
    fn set_up_writing(&self) -> Result<()> {
        self.read(|c| {
            c.pragma_update(None, "journal_mode", "wal")?;
            c.pragma_update(None, "synchronous", "full")?;
            c.pragma_update(None, "foreign_keys", true)
        })
    }

    /// Runs statements that need no transaction.
    pub(super) fn read<T>(&self, f: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T> {
        f(&self.connection).map_err(|e| StoreError::new(&self.path, e))
    }

    /// Runs statements that take effect together or not at all.
    pub(super) fn write<T>(&mut self, f: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>) -> Result<T> {
        let run = |connection: &mut Connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let value = f(&transaction)?;
            transaction.commit()?;
            Ok(value)
        };
        run(&mut self.connection).map_err(|e| StoreError::new(&self.path, e))
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// A path as SQLite reads it in a URI.
fn percent_encoded(path: &Path) -> String {
    let mut uri = String::new();
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' => uri.push(char::from(*byte)),
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}
