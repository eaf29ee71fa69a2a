//! What a window remembers of its class table.

use serde::{Deserialize, Serialize};

use super::arrangement::{Arrangement, StoredColumn};
use super::columns::{by_id, spec};
use super::filters::ClassFilter;
use super::{ClassTable, MAX_KEYS};
use crate::measure::{Baseline, MeasureChoice};
use crate::summary::{SortKey, Thresholds};

/// A key of the sort, by the id of its column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct StoredKey {
    id: String,
    descending: bool,
}

/// The thresholds, as shares and a factor.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct StoredThresholds {
    fit: f64,
    lift: f64,
    accuracy: f64,
    coverage: f64,
}

/// Sort, filter and columns; the names are those of the stored format.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct TableMemory {
    keys: Vec<StoredKey>,
    columns: Vec<StoredColumn>,
    text: String,
    filter: ClassFilter,
    thresholds: Option<StoredThresholds>,
    /// Names of the measure beside the fit and of its baseline.
    measure: Option<(String, Option<String>)>,
}

impl ClassTable {
    /// What the next window starts with.
    pub(crate) fn memory(&self) -> TableMemory {
        let key = |key: &SortKey| {
            spec(key.column).map(|spec| StoredKey { id: spec.id.to_owned(), descending: key.descending })
        };
        let Thresholds { fit, lift, accuracy, coverage } = self.filters.thresholds;
        TableMemory {
            keys: self.keys.iter().filter_map(key).collect(),
            columns: self.columns.stored(),
            text: self.text.clone(),
            filter: self.filters.chosen,
            thresholds: Some(StoredThresholds { fit, lift, accuracy, coverage }),
            measure: (!self.measure.is_fit()).then(|| {
                (self.measure.measure.name().to_owned(), self.measure.minus.map(|baseline| baseline.name().to_owned()))
            }),
        }
    }

    /// Takes up what an earlier window remembered; what makes no sense is left as it is.
    pub(crate) fn take_up(&mut self, memory: &TableMemory) {
        let key =
            |key: &StoredKey| by_id(&key.id).map(|spec| SortKey { column: spec.column, descending: key.descending });
        let keys: Vec<SortKey> = memory.keys.iter().filter_map(key).take(MAX_KEYS).collect();
        if !keys.is_empty() {
            self.keys = keys;
        }
        if !memory.columns.is_empty() {
            self.columns = Arrangement::restored(&memory.columns);
        }
        if let Some((name, minus)) = &memory.measure
            && let Ok(measure) = name.parse()
        {
            let minus = Baseline::ALL.into_iter().find(|baseline| Some(baseline.name()) == minus.as_deref());
            self.measure = MeasureChoice { measure, minus };
        }
        self.text.clone_from(&memory.text);
        self.filters.chosen = memory.filter;
        let sane = |lines: &StoredThresholds| {
            [lines.fit, lines.lift, lines.accuracy, lines.coverage].iter().all(|line| (0.0..=10.0).contains(line))
        };
        if let Some(StoredThresholds { fit, lift, accuracy, coverage }) = memory.thresholds.filter(sane) {
            self.filters.thresholds = Thresholds { fit, lift, accuracy, coverage };
        }
    }
}
