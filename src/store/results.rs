//! The halves of results: saved one by one, read as one.

use rusqlite::{Connection, Row, Transaction, params};

use super::annotated::annotated;
use super::codec;
use super::drawn::drawn;
use super::error::{Result, StoreError};
use super::project::Store;
use super::runs::{RunId, RunSettings, settings};
use super::samples::ContentHash;
use crate::analysis::{Explanation, Measured, Outcome, RoiChoice, SampleScore, Score, Standing};
use crate::dataset::{ClassId, ClassObjects, SampleId};
use crate::detector::Detection;
use crate::fit::RoiRule;
use crate::geometry::{BBox, Size};
use crate::roi::{Roi, RoiSource, rois_from_detections};
use crate::saliency::SaliencyMap;

/// What a run found out about a sample.
#[derive(Clone, Debug, PartialEq)]
pub enum SampleRecord {
    /// Its image could be used.
    Analysed(Box<Analysed>),
    /// It could not.
    Failed {
        /// The sample.
        id: SampleId,
        /// Why not, in a short line that does not name the file.
        reason: String,
    },
}

impl SampleRecord {
    /// The sample that it is about.
    pub fn id(&self) -> SampleId {
        match self {
            Self::Analysed(analysed) => analysed.id,
            Self::Failed { id, .. } => *id,
        }
    }
}

/// The halves that were computed for a sample, none where both were known.
#[derive(Clone, Debug, PartialEq)]
pub struct Analysed {
    /// The sample.
    pub id: SampleId,
    /// Of the bytes that were read.
    pub hash: ContentHash,
    /// The classifier's half.
    pub explanation: Option<Explanation>,
    /// The detector's half: every candidate, also those below the run's score.
    pub detections: Option<Vec<Detection>>,
}

/// Which halves of a result are not stored yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Missing {
    /// The classifier's.
    pub explanation: bool,
    /// The detector's; never in a run without a detector.
    pub detections: bool,
}

/// A sample with its outcome in a run.
#[derive(Clone, Debug, PartialEq)]
pub struct SampleResult {
    /// The sample.
    pub id: SampleId,
    /// Relative to the data set's folder.
    pub path: String,
    /// Its label, if there is one.
    pub label: Option<String>,
    /// The numbers for tables; `None` where the outcome is a failure.
    pub score: Option<Score>,
    /// What became of it.
    pub outcome: Outcome,
}

impl SampleResult {
    /// The numbers for tables.
    pub fn into_score(self) -> SampleScore {
        SampleScore { id: self.id, path: self.path, label: self.label, score: self.score }
    }
}

impl Store {
    /// Which halves `run` lacks of an image with this content, for a sample with this label.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn missing(&self, run: RunId, label: Option<&str>, hash: &ContentHash) -> Result<Missing> {
        self.read(|c| {
            let mut query = c.prepare_cached(
                "SELECT
                    NOT EXISTS (SELECT 1 FROM explanations e WHERE e.network = r.classifier AND e.hash = ?3 AND e.target =
                        iif(r.target = 'predicted', 'predicted', (SELECT classes FROM labels WHERE run = ?1 AND label = ?2))),
                    r.detector IS NOT NULL
                        AND NOT EXISTS (SELECT 1 FROM detections d WHERE d.network = r.detector AND d.hash = ?3)
                 FROM runs r WHERE r.id = ?1",
            )?;
            query.query_row(params![run.0, label, hash.0], |row| {
                Ok(Missing { explanation: row.get(0)?, detections: row.get(1)? })
            })
        })
    }

    /// Keeps `records`, all or none of them; when this returns they survive a kill.
    ///
    /// # Errors
    /// If the file cannot be written, such as on a full disk; what was saved before is kept.
    pub fn save(&mut self, run: RunId, records: &[SampleRecord]) -> Result<()> {
        self.write(|t| {
            for record in records {
                match record {
                    SampleRecord::Analysed(analysed) => save_analysed(t, run, analysed)?,
                    SampleRecord::Failed { id, reason } => {
                        t.prepare_cached("INSERT OR REPLACE INTO failures (run, sample, reason) VALUES (?1, ?2, ?3)")?
                            .execute(params![run.0, id.0, reason])?;
                    }
                }
            }
            Ok(())
        })
    }

    /// Calls `each` with every sample of `run` that has an outcome, in path order.
    ///
    /// # Errors
    /// If the file cannot be read, and what `each` returns.
    pub fn for_each_result<E: From<StoreError>>(
        &self,
        run: RunId,
        mut each: impl FnMut(SampleResult) -> std::result::Result<(), E>,
    ) -> std::result::Result<(), E> {
        let at = |e| StoreError::new(&self.path, e);
        let reader = Reader::new(&self.connection, run, self.choice).map_err(at)?;
        let mut query = self.connection.prepare_cached(&select("ORDER BY path")).map_err(at)?;
        let mut rows = query.query([run.0]).map_err(at)?;
        while let Some(row) = rows.next().map_err(at)? {
            if let Some(result) = reader.result(row).map_err(at)? {
                each(result)?;
            }
        }
        Ok(())
    }

    /// The outcome of one sample; `None` while it is pending.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn result(&self, run: RunId, id: SampleId) -> Result<Option<SampleResult>> {
        self.read(|c| {
            let reader = Reader::new(c, run, self.choice)?;
            result_of(c, &reader, run, id)
        })
    }

    /// The numbers of every sample of `run` that has an outcome, in path order.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn scores(&self, run: RunId) -> Result<Vec<SampleScore>> {
        let mut scores = Vec::new();
        self.for_each_result(run, |result| {
            scores.push(result.into_score());
            Ok::<_, StoreError>(())
        })?;
        Ok(scores)
    }

    /// The outcomes of some samples of `run`, in the order of `ids`, without those still pending.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn results_of(&self, run: RunId, ids: &[SampleId]) -> Result<Vec<SampleResult>> {
        self.read(|c| {
            let reader = Reader::new(c, run, self.choice)?;
            ids.iter().filter_map(|id| result_of(c, &reader, run, *id).transpose()).collect()
        })
    }

    /// Path and reason of every failed sample of `run`, in path order.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn failures(&self, run: RunId) -> Result<Vec<(String, String)>> {
        self.read(|c| {
            let mut query = c.prepare(
                "SELECT s.path, f.reason FROM failures f JOIN samples s ON s.id = f.sample
                 WHERE f.run = ?1 AND s.listed ORDER BY s.path",
            )?;
            let rows = query.query_map([run.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
            rows.collect()
        })
    }
}

fn save_analysed(t: &Transaction<'_>, run: RunId, analysed: &Analysed) -> rusqlite::Result<()> {
    let Analysed { id, hash, explanation, detections } = analysed;
    t.prepare_cached("UPDATE samples SET hash = ?2 WHERE id = ?1")?.execute(params![id.0, hash.0])?;
    t.prepare_cached("DELETE FROM failures WHERE run = ?1 AND sample = ?2")?.execute([run.0, id.0])?;
    if let Some(e) = explanation {
        t.prepare_cached(
            "INSERT OR IGNORE INTO explanations
                (network, hash, target, width, height, x0, y0, x1, y1, top, class, map_height, map_width, map)
             SELECT r.classifier, ?3, iif(r.target = 'predicted', 'predicted', l.classes),
                ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14
             FROM runs r JOIN samples s ON s.id = ?2 LEFT JOIN labels l ON l.run = r.id AND l.label = s.label
             WHERE r.id = ?1",
        )?
        .execute(params![
            run.0,
            id.0,
            hash.0,
            e.image.width,
            e.image.height,
            e.view.x0,
            e.view.y0,
            e.view.x1,
            e.view.y1,
            codec::predictions_to_bytes(&e.top),
            e.target.0,
            e.map.height(),
            e.map.width(),
            codec::floats_to_bytes(e.map.values()),
        ])?;
    }
    if let Some(d) = detections {
        t.prepare_cached(
            "INSERT OR IGNORE INTO detections (network, hash, candidates)
             SELECT detector, ?2, ?3 FROM runs WHERE id = ?1 AND detector IS NOT NULL",
        )?
        .execute(params![run.0, hash.0, codec::detections_to_bytes(d)])?;
    }
    Ok(())
}

fn select(rest: &str) -> String {
    format!(
        "SELECT sample, path, label, reason, width, height, x0, y0, x1, y1, top, class, map_height, map_width, map, candidates
         FROM results WHERE run = ?1 {rest}"
    )
}

fn result_of(c: &Connection, reader: &Reader<'_>, run: RunId, id: SampleId) -> rusqlite::Result<Option<SampleResult>> {
    let mut query = c.prepare_cached(&select("AND sample = ?2"))?;
    let mut rows = query.query([run.0, id.0])?;
    rows.next()?.map_or(Ok(None), |row| reader.result(row))
}

/// Puts the halves in a row together.
struct Reader<'a> {
    connection: &'a Connection,
    settings: RunSettings,
    choice: RoiChoice,
    /// What belongs to the classifier's classes, where the choice asks.
    objects: Option<ClassObjects>,
    /// Whether any sample has regions from annotations, or drawn ones.
    has_annotated: bool,
    has_drawn: bool,
}

impl<'a> Reader<'a> {
    fn new(connection: &'a Connection, run: RunId, choice: RoiChoice) -> rusqlite::Result<Self> {
        let settings = settings(connection, run.0)?;
        let asks = choice.rule == RoiRule::OfClass;
        let objects = asks.then(|| ClassObjects::new(&settings.classifier.class_names));
        let (has_annotated, has_drawn) = connection.query_row(
            "SELECT EXISTS (SELECT 1 FROM annotated), EXISTS (SELECT 1 FROM drawn)",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        Ok(Self { connection, settings, choice, objects, has_annotated, has_drawn })
    }

    /// `None` while a half is missing.
    fn result(&self, row: &Row<'_>) -> rusqlite::Result<Option<SampleResult>> {
        let id = SampleId(row.get(0)?);
        let (path, label): (String, Option<String>) = (row.get(1)?, row.get(2)?);
        if let Some(reason) = row.get::<_, Option<String>>(3)? {
            return Ok(Some(SampleResult { id, path, label, score: None, outcome: Outcome::Failed(reason) }));
        }
        let Some(explanation) = explanation(row)? else { return Ok(None) };
        let mut rois = match (&self.settings.detector, row.get_ref(15)?.as_blob_or_null()?) {
            (None, _) => Vec::new(),
            (Some(_), None) => return Ok(None),
            (Some(detector), Some(blob)) => {
                let min_score = self.choice.min_score.unwrap_or(self.settings.roi_min_score);
                rois_from_detections(&codec::detections_from_bytes(blob, &detector.class_names, min_score)?, min_score)
            }
        };
        rois.extend(self.known_rois(id, explanation.image)?);
        let rois = self.choice.thinned(rois);
        let counts = self.choice.counts(&rois);
        let standing = |roi: &Roi| Standing {
            counts: counts(roi),
            belongs: self.belongs(roi, explanation.target, label.as_deref()),
        };
        let standings: Vec<_> = rois.iter().map(standing).collect();
        let rois = rois.into_iter().zip(standings).collect();
        let measured = Measured::by_rule(explanation, rois, self.choice.rule);
        let hits = label.as_ref().and_then(|label| self.settings.hits.get(label));
        let score = Some(Score::new(&measured, hits.map(Vec::as_slice)));
        Ok(Some(SampleResult { id, path, label, score, outcome: Outcome::Measured(Box::new(measured)) }))
    }

    /// The regions of a sample that no network found. Those annotated on an image of another size are left out: the image
    /// has changed since.
    fn known_rois(&self, id: SampleId, image: Size) -> rusqlite::Result<Vec<Roi>> {
        let mut rois = Vec::new();
        if self.has_annotated {
            rois = annotated(self.connection, id)?;
            rois.retain(|roi| roi.mask().is_none_or(|mask| mask.size() == image));
        }
        if self.has_drawn {
            rois.extend(drawn(self.connection, id)?.iter().filter_map(|drawn| drawn.roi(image)));
        }
        Ok(rois)
    }

    /// Whether a region belongs to the class that the saliency explains: by the name of either, by the label, or since a
    /// person drew it. True where the choice does not ask.
    fn belongs(&self, roi: &Roi, target: ClassId, label: Option<&str>) -> bool {
        self.objects.as_ref().is_none_or(|objects| {
            roi.source == RoiSource::Hand
                || objects.belongs(target, &roi.name)
                || label.is_some_and(|label| names_the_same(label, &roi.name))
        })
    }
}

/// Whether an object is called as a label is, or by the WordNet id that the label begins with.
fn names_the_same(label: &str, object: &str) -> bool {
    label.eq_ignore_ascii_case(object) || (object.starts_with('n') && label.split('_').next() == Some(object))
}

fn explanation(row: &Row<'_>) -> rusqlite::Result<Option<Explanation>> {
    let Some(top) = row.get_ref(10)?.as_blob_or_null()? else { return Ok(None) };
    let view = BBox::new(row.get(6)?, row.get(7)?, row.get(8)?, row.get(9)?);
    let (height, width): (usize, usize) = (row.get(12)?, row.get(13)?);
    let values = codec::floats_from_bytes(row.get_ref(14)?.as_blob()?)?;
    if height == 0 || width == 0 || height.checked_mul(width) != Some(values.len()) || view.is_empty() {
        return Err(codec::damaged("a saliency map of another size than said"));
    }
    Ok(Some(Explanation {
        image: Size::new(row.get(4)?, row.get(5)?),
        view,
        top: codec::predictions_from_bytes(top)?,
        target: ClassId(row.get(11)?),
        map: SaliencyMap::from_values(height, width, values),
    }))
}
