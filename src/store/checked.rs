//! What checks found out about the maps of single samples; see the room that asks for what the numbers mean.

use rusqlite::params;

use super::codec::damaged;
use super::error::Result;
use super::project::Store;
use super::runs::RunId;
use crate::dataset::{ClassId, SampleId};

/// The numbers of one check of one sample's map.
#[derive(Clone, Debug, PartialEq)]
pub struct Checked {
    /// The sample.
    pub sample: SampleId,
    /// The class that the map explains.
    pub class: ClassId,
    /// Which check.
    pub kind: String,
    /// Its numbers; `None` where one does not exist.
    pub numbers: Vec<Option<f64>>,
}

impl Store {
    /// Keeps what a check of a run found, over what it found before.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn save_checked(&mut self, run: RunId, checked: &Checked) -> Result<()> {
        let class = i64::try_from(checked.class.0).unwrap_or(i64::MAX);
        let values = checked.numbers.iter().map(|number| number.unwrap_or(f64::NAN));
        let bytes: Vec<u8> = values.flat_map(f64::to_le_bytes).collect();
        self.write(|t| {
            t.execute(
                "INSERT OR REPLACE INTO checked (run, sample, kind, hash, class, numbers)
                 SELECT ?1, id, ?3, hash, ?4, ?5 FROM samples WHERE id = ?2 AND hash IS NOT NULL",
                params![run.0, checked.sample.0, checked.kind, class, bytes],
            )?;
            Ok(())
        })
    }

    /// What checks of a run found about the listed samples whose files have not changed since, in path order and by kind.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn checked(&self, run: RunId) -> Result<Vec<Checked>> {
        self.read(|c| {
            let mut query = c.prepare(
                "SELECT c.sample, c.class, c.kind, c.numbers FROM checked c JOIN samples s ON s.id = c.sample
                 WHERE c.run = ?1 AND s.listed AND s.hash = c.hash ORDER BY s.path, c.kind",
            )?;
            let rows = query.query_map([run.0], |row| {
                let (words, rest) = row.get_ref(3)?.as_blob()?.as_chunks::<8>();
                if !rest.is_empty() {
                    return Err(damaged("a list of numbers is cut off"));
                }
                let numbers =
                    words.iter().map(|word| Some(f64::from_le_bytes(*word)).filter(|number| !number.is_nan()));
                Ok(Checked {
                    sample: SampleId(row.get(0)?),
                    class: ClassId(row.get(1)?),
                    kind: row.get(2)?,
                    numbers: numbers.collect(),
                })
            })?;
            rows.collect()
        })
    }
}
