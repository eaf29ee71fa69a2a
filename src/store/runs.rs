//! The runs of a project: which networks, with which settings.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension as _, params};

use super::codec::{classes_from_text, classes_to_text, damaged};
use super::error::Result;
use super::project::Store;
use crate::dataset::ClassId;
use crate::saliency::{Recipe, RecipeError};

/// Number of a run in its project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RunId(pub i64);

/// A network that took part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkInfo {
    /// What it is loaded by: a bundled name or a file.
    pub name: String,
    /// Identity of everything that changes its numbers: weights, layer, method, preprocessing.
    pub key: String,
    /// Names of its classes, by index.
    pub class_names: Vec<String>,
}

/// Which class a saliency map explains.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TargetRule {
    /// The most probable one.
    #[default]
    Predicted,
    /// The most probable of those that the label stands for.
    Labelled,
}

impl TargetRule {
    /// The word of flags and project files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Predicted => "predicted",
            Self::Labelled => "labelled",
        }
    }
}

/// Everything that a run's numbers depend on, besides the samples.
#[derive(Clone, Debug, PartialEq)]
pub struct RunSettings {
    /// The network under inspection; its key includes `layer` and `method`.
    pub classifier: NetworkInfo,
    /// Name of the layer that the saliency is computed on.
    pub layer: String,
    /// The saliency method with all its settings, as [`Recipe`] writes itself.
    pub method: String,
    /// Which class the saliency explains.
    pub target: TargetRule,
    /// Where regions come from; `None` for a run without any.
    pub detector: Option<NetworkInfo>,
    /// Detections below this score are no regions.
    pub roi_min_score: f32,
    /// The classes that count as a hit for each label, in rising order; a label that is missing cannot be judged.
    pub hits: BTreeMap<String, Vec<ClassId>>,
}

impl RunSettings {
    /// How the run's maps are computed.
    ///
    /// # Errors
    /// If the method is none that this program knows.
    pub fn recipe(&self) -> std::result::Result<Recipe, RecipeError> {
        self.method.parse()
    }
}

/// A run of a project.
#[derive(Clone, Debug, PartialEq)]
pub struct RunInfo {
    /// Its number.
    pub id: RunId,
    /// What it was run with.
    pub settings: RunSettings,
}

impl Store {
    /// The run with these settings, made if it is new; it becomes the latest. What counts as a hit is renewed.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn begin_run(&mut self, settings: &RunSettings) -> Result<RunId> {
        self.write(|t| {
            let classifier = network_id(t, "classifier", &settings.classifier)?;
            let detector = settings.detector.as_ref().map(|d| network_id(t, "detector", d)).transpose()?;
            let (target, min_score) = (settings.target.as_str(), f64::from(settings.roi_min_score));
            let known: Option<i64> = t
                .query_row(
                    "SELECT id FROM runs
                     WHERE classifier = ?1 AND target = ?2 AND detector IS ?3 AND roi_min_score = ?4",
                    params![classifier, target, detector, min_score],
                    |row| row.get(0),
                )
                .optional()?;
            let run = match known {
                Some(run) => run,
                None => {
                    t.execute(
                        "INSERT INTO runs (classifier, layer, method, target, detector, roi_min_score, used)
                         VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0)",
                        params![classifier, settings.layer, settings.method, target, detector, min_score],
                    )?;
                    t.last_insert_rowid()
                }
            };
            t.execute("UPDATE runs SET used = (SELECT max(used) + 1 FROM runs) WHERE id = ?1", [run])?;
            t.execute("DELETE FROM labels WHERE run = ?1", [run])?;
            for (label, classes) in &settings.hits {
                let values = params![run, label, classes_to_text(classes)];
                t.execute("INSERT INTO labels (run, label, classes) VALUES (?1, ?2, ?3)", values)?;
            }
            Ok(RunId(run))
        })
    }

    /// All runs, the latest first.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn runs(&self) -> Result<Vec<RunInfo>> {
        self.read(|c| {
            let ids: Vec<i64> = c
                .prepare("SELECT id FROM runs ORDER BY used DESC")?
                .query_map([], |row| row.get(0))?
                .collect::<rusqlite::Result<_>>()?;
            ids.into_iter().map(|id| Ok(RunInfo { id: RunId(id), settings: settings(c, id)? })).collect()
        })
    }

    /// The names of the classifier's classes, by index.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn class_names(&self, run: RunId) -> Result<Vec<String>> {
        self.read(|c| {
            let classifier = c.query_row("SELECT classifier FROM runs WHERE id = ?1", [run.0], |row| row.get(0))?;
            Ok(network(c, classifier)?.class_names)
        })
    }
}

/// The number of a network, which is added if it is new.
fn network_id(c: &Connection, role: &str, network: &NetworkInfo) -> rusqlite::Result<i64> {
    let names = serde_json::Value::from(network.class_names.as_slice()).to_string();
    c.query_row(
        "INSERT INTO networks (role, key, name, class_names) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (role, key) DO UPDATE SET name = ?3, class_names = ?4 RETURNING id",
        params![role, network.key, network.name, names],
        |row| row.get(0),
    )
}

fn network(c: &Connection, id: i64) -> rusqlite::Result<NetworkInfo> {
    let (key, name, names) = c.query_row("SELECT key, name, class_names FROM networks WHERE id = ?1", [id], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get::<_, String>(2)?))
    })?;
    let class_names = serde_json::from_str(&names).map_err(|_source| damaged("the class names are no list"))?;
    Ok(NetworkInfo { name, key, class_names })
}

pub(super) fn settings(c: &Connection, run: i64) -> rusqlite::Result<RunSettings> {
    let mut query =
        c.prepare_cached("SELECT classifier, layer, method, target, detector, roi_min_score FROM runs WHERE id = ?1")?;
    let mut rows = query.query([run])?;
    let row = rows.next()?.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
    let target = match row.get_ref(3)?.as_str()? {
        "predicted" => TargetRule::Predicted,
        "labelled" => TargetRule::Labelled,
        _ => return Err(damaged("an unknown rule for targets")),
    };
    let detector: Option<i64> = row.get(4)?;
    Ok(RunSettings {
        classifier: network(c, row.get(0)?)?,
        layer: row.get(1)?,
        method: row.get(2)?,
        target,
        detector: detector.map(|d| network(c, d)).transpose()?,
        roi_min_score: row.get(5)?,
        hits: hits(c, run)?,
    })
}

fn hits(c: &Connection, run: i64) -> rusqlite::Result<BTreeMap<String, Vec<ClassId>>> {
    let mut query = c.prepare_cached("SELECT label, classes FROM labels WHERE run = ?1")?;
    let mut rows = query.query([run])?;
    let mut hits = BTreeMap::new();
    while let Some(row) = rows.next()? {
        hits.insert(row.get(0)?, classes_from_text(row.get_ref(1)?.as_str()?)?);
    }
    Ok(hits)
}
