//! The samples of a project, and how a changed file is told from an unchanged one.

use std::collections::BTreeMap;

use rusqlite::params;

use super::error::Result;
use super::project::Store;
use super::runs::RunId;
use crate::dataset::{Sample, SampleId};

/// SHA-256 of a file's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ContentHash(pub [u8; 32]);

/// Size and time of a file: while they stay, its content is taken to be the one that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileStamp {
    /// Size.
    pub bytes: i64,
    /// Time of the last change, nanoseconds since 1970.
    pub modified_ns: i64,
}

/// A sample that a run has still to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingSample {
    /// Its number.
    pub id: SampleId,
    /// Relative to the data set's folder.
    pub path: String,
    /// Its label, if there is one.
    pub label: Option<String>,
}

impl Store {
    /// Makes `samples` the ones that the project is about. Known ones keep their numbers; one whose stamp has changed has to
    /// be read again; one that is not in the list is set aside, with all that is known of it.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn list_samples(&mut self, samples: &[(Sample, Option<FileStamp>)]) -> Result<()> {
        self.write(|t| {
            t.execute("UPDATE samples SET listed = 0", [])?;
            let mut upsert = t.prepare(
                "INSERT INTO samples (path, label, bytes, modified_ns, listed) VALUES (?1, ?2, ?3, ?4, 1)
                 ON CONFLICT (path) DO UPDATE SET
                     hash = iif(bytes IS ?3 AND modified_ns IS ?4, hash, NULL),
                     label = ?2, bytes = ?3, modified_ns = ?4, listed = 1",
            )?;
            for (sample, stamp) in samples {
                let (bytes, modified_ns) = stamp.map(|s| (s.bytes, s.modified_ns)).unzip();
                upsert.execute(params![sample.path, sample.label, bytes, modified_ns])?;
            }
            Ok(())
        })
    }

    /// The samples of which `run` lacks a half, the failed ones included (they may have been mended), in path order.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn pending(&self, run: RunId) -> Result<Vec<PendingSample>> {
        self.read(|c| {
            let mut query = c.prepare(
                "SELECT sample, path, label FROM results
                 WHERE run = ?1
                     AND (reason IS NOT NULL OR top IS NULL OR (detector IS NOT NULL AND candidates IS NULL))
                 ORDER BY path",
            )?;
            let rows = query.query_map([run.0], |row| {
                Ok(PendingSample { id: SampleId(row.get(0)?), path: row.get(1)?, label: row.get(2)? })
            })?;
            rows.collect()
        })
    }

    /// The samples that the project is about, in path order.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn samples(&self) -> Result<Vec<Sample>> {
        self.read(|c| {
            let mut query = c.prepare("SELECT path, label FROM samples WHERE listed ORDER BY path")?;
            let rows = query.query_map([], |row| Ok(Sample { path: row.get(0)?, label: row.get(1)? }))?;
            rows.collect()
        })
    }

    /// The content of each listed file as it was last read, by path; files that were never read are left out.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn content_hashes(&self) -> Result<BTreeMap<String, ContentHash>> {
        self.read(|c| {
            let mut query = c.prepare("SELECT path, hash FROM samples WHERE listed AND hash IS NOT NULL")?;
            let rows = query.query_map([], |row| Ok((row.get(0)?, ContentHash(row.get(1)?))))?;
            rows.collect()
        })
    }

    /// The samples that the project is about with their numbers, in path order.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn numbered_samples(&self) -> Result<Vec<(SampleId, Sample)>> {
        self.read(|c| {
            let mut query = c.prepare("SELECT id, path, label FROM samples WHERE listed ORDER BY path")?;
            let rows = query
                .query_map([], |row| Ok((SampleId(row.get(0)?), Sample { path: row.get(1)?, label: row.get(2)? })))?;
            rows.collect()
        })
    }

    /// How many samples the project is about.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn sample_count(&self) -> Result<usize> {
        self.read(|c| c.query_row("SELECT count(*) FROM samples WHERE listed", [], |row| row.get(0)))
    }
}
