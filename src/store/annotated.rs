//! Regions from annotations.

use rusqlite::{Connection, params};

use super::codec;
use super::error::Result;
use super::project::Store;
use crate::dataset::SampleId;
use crate::roi::{Roi, RoiSource};

impl Store {
    /// Makes `rois` the regions that the annotations called `name` have for samples, instead of what was known from them.
    /// They belong to the samples alone: every run, whatever its networks, finds them.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn set_annotated(&mut self, name: &str, rois: &[(SampleId, Vec<Roi>)]) -> Result<()> {
        self.write(|t| {
            let file: i64 = t.query_row(
                "INSERT INTO annotation_files (name) VALUES (?1) ON CONFLICT (name) DO UPDATE SET name = ?1 RETURNING id",
                [name],
                |row| row.get(0),
            )?;
            t.execute("DELETE FROM annotated WHERE file = ?1", [file])?;
            let mut insert = t.prepare("INSERT INTO annotated (sample, file, rois) VALUES (?1, ?2, ?3)")?;
            for (sample, rois) in rois {
                insert.execute(params![sample.0, file, codec::rois_to_bytes(rois)])?;
            }
            Ok(())
        })
    }

    /// Takes the regions of the annotations called `name` out of the project; does nothing where there are none.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn remove_annotated(&mut self, name: &str) -> Result<()> {
        self.write(|t| {
            t.execute("DELETE FROM annotated WHERE file = (SELECT id FROM annotation_files WHERE name = ?1)", [name])?;
            t.execute("DELETE FROM annotation_files WHERE name = ?1", [name])?;
            Ok(())
        })
    }

    /// The annotations that the project has regions from, each with the number of samples that they are about, in order of
    /// their names.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn annotation_files(&self) -> Result<Vec<(String, usize)>> {
        self.read(|c| {
            let mut query = c.prepare(
                "SELECT name, (SELECT count(*) FROM annotated WHERE file = id) FROM annotation_files ORDER BY name",
            )?;
            query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
        })
    }
}

/// The regions of a sample from all annotations, in order of the annotations' numbers.
pub(super) fn annotated(c: &Connection, sample: SampleId) -> rusqlite::Result<Vec<Roi>> {
    let mut query = c.prepare_cached("SELECT rois FROM annotated WHERE sample = ?1 ORDER BY file")?;
    let mut rows = query.query([sample.0])?;
    let mut rois = Vec::new();
    while let Some(row) = rows.next()? {
        rois.extend(codec::rois_from_bytes(row.get_ref(0)?.as_blob()?, RoiSource::Annotation)?);
    }
    Ok(rois)
}
