//! Regions that people drew.

use rusqlite::{Connection, params};

use super::codec::{damaged, floats_from_bytes, floats_to_bytes};
use super::error::Result;
use super::project::Store;
use crate::dataset::SampleId;
use crate::geometry::BBox;
use crate::roi::{DrawnRoi, Outline};

impl Store {
    /// Makes `drawn` the regions that people drew on a sample, in this order. They belong to the sample alone: every run,
    /// whatever its networks, finds them.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn set_drawn(&mut self, sample: SampleId, drawn: &[DrawnRoi]) -> Result<()> {
        self.write(|t| {
            t.execute("DELETE FROM drawn WHERE sample = ?1", [sample.0])?;
            let mut insert =
                t.prepare("INSERT INTO drawn (sample, place, outline, corners, name) VALUES (?1, ?2, ?3, ?4, ?5)")?;
            for (place, region) in drawn.iter().enumerate() {
                let (outline, corners) = match &region.outline {
                    Outline::Box(b) => ("box", floats_to_bytes(&[b.x0, b.y0, b.x1, b.y1])),
                    Outline::Polygon(ring) => ("polygon", floats_to_bytes(ring.as_flattened())),
                };
                insert.execute(params![sample.0, place, outline, corners, region.name])?;
            }
            Ok(())
        })
    }

    /// The regions that people drew on a sample, in the order of [`Store::set_drawn`].
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn drawn(&self, sample: SampleId) -> Result<Vec<DrawnRoi>> {
        self.read(|c| drawn(c, sample))
    }
}

pub(super) fn drawn(c: &Connection, sample: SampleId) -> rusqlite::Result<Vec<DrawnRoi>> {
    let mut query = c.prepare_cached("SELECT outline, corners, name FROM drawn WHERE sample = ?1 ORDER BY place")?;
    let rows = query.query_map([sample.0], |row| {
        let corners = floats_from_bytes(row.get_ref(1)?.as_blob()?)?;
        let outline = outline(row.get_ref(0)?.as_str()?, &corners);
        Ok(DrawnRoi { outline: outline.ok_or_else(|| damaged("a drawn region of no shape"))?, name: row.get(2)? })
    })?;
    rows.collect()
}

fn outline(word: &str, numbers: &[f32]) -> Option<Outline> {
    let (corners, rest) = numbers.as_chunks::<2>();
    if !rest.is_empty() || !numbers.iter().all(|v| v.is_finite()) {
        return None;
    }
    match (word, corners) {
        ("box", &[[x0, y0], [x1, y1]]) => Some(Outline::Box(BBox::new(x0, y0, x1, y1))),
        ("polygon", ring) if ring.len() >= 3 => Some(Outline::Polygon(ring.to_vec())),
        _ => None,
    }
}
