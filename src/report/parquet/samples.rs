//! The samples of a run.

use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DoubleType, FloatType, Int64Type};

use super::column::{Column, Leaf};
use crate::report::json::Sample;
use crate::report::measures;

/// The columns of `Rows`, in its order. What JSON has as an array of four numbers is a group with their names.
const SCHEMA: &str = "
    required binary path (STRING);
    optional binary label (STRING);
    required binary status (STRING);
    optional binary error (STRING);
    optional int64 width;
    optional int64 height;
    optional group view { required float x0; required float y0; required float x1; required float y1; }
    optional binary predicted (STRING);
    optional float probability;
    required group top (LIST) { repeated group list { required group element {
        required int64 index;
        required binary name (STRING);
        required float probability;
    } } }
    optional group target { required int64 index; required binary name (STRING); }
    optional boolean correct;
    required group rois (LIST) { repeated group list { required group element {
        required group box { required float x0; required float y0; required float x1; required float y1; }
        required float score;
        required binary name (STRING);
        required binary source (STRING);
        optional double fit;
    } } }
    optional double fit;
    optional double area_share;
    optional double lift;
    optional binary verdict (STRING);
    optional binary note (STRING);
";

/// The columns behind those of the measures.
const SALIENCY: &str = "optional group saliency {
    required int64 height;
    required int64 width;
    required group values (LIST) { repeated group list { required float element; } }
}";

#[derive(Default)]
pub(super) struct Rows {
    with_measures: bool,
    /// Rows that were pushed and not yet written.
    pub(super) pushed: usize,
    /// Values of their saliency maps.
    pub(super) values: usize,
    path: Column<ByteArrayType>,
    label: Column<ByteArrayType>,
    status: Column<ByteArrayType>,
    error: Column<ByteArrayType>,
    /// Width and height.
    size: [Column<Int64Type>; 2],
    view: [Column<FloatType>; 4],
    predicted: Column<ByteArrayType>,
    probability: Column<FloatType>,
    top: (Column<Int64Type>, Column<ByteArrayType>, Column<FloatType>),
    target: (Column<Int64Type>, Column<ByteArrayType>),
    correct: Column<BoolType>,
    boxes: [Column<FloatType>; 4],
    roi_score: Column<FloatType>,
    roi_name: Column<ByteArrayType>,
    roi_source: Column<ByteArrayType>,
    roi_fit: Column<DoubleType>,
    /// Fit, area share and lift.
    fit: [Column<DoubleType>; 3],
    /// Verdict and note.
    judgement: [Column<ByteArrayType>; 2],
    /// In the order of their names.
    measures: [Column<DoubleType>; measures::COUNT],
    /// Height and width.
    grid: [Column<Int64Type>; 2],
    saliency: Column<FloatType>,
}

impl Rows {
    /// Rows with the measures or without them.
    pub(super) fn new(with_measures: bool) -> Self {
        Self { with_measures, ..Self::default() }
    }

    /// The schema of its columns.
    pub(super) fn schema(&self) -> String {
        let fields = measures::names().map(|name| format!("optional double {name};")).concat();
        let group = if self.with_measures { format!("required group measures {{ {fields} }}") } else { String::new() };
        format!("message samples {{ {SCHEMA} {group} {SALIENCY} }}")
    }

    pub(super) fn push(&mut self, sample: &Sample<'_>) {
        let text = |text: &str| ByteArray::from(text);
        self.pushed += 1;
        self.path.push(text(sample.path));
        self.label.push_optional(sample.label.map(text));
        self.status.push(text(sample.status));
        self.error.push_optional(sample.error.map(text));
        for (column, side) in self.size.iter_mut().zip([sample.width, sample.height]) {
            column.push_optional(side.map(i64::from));
        }
        for (i, column) in self.view.iter_mut().enumerate() {
            column.push_optional(sample.view.map(|view| view[i]));
        }
        let best = sample.top.first();
        self.predicted.push_optional(best.map(|best| text(best.name)));
        self.probability.push_optional(best.map(|best| best.probability));
        self.top.0.push_list(sample.top.iter().map(|top| top.index as i64));
        self.top.1.push_list(sample.top.iter().map(|top| text(top.name)));
        self.top.2.push_list(sample.top.iter().map(|top| top.probability));
        self.target.0.push_optional(sample.target.as_ref().map(|target| target.index as i64));
        self.target.1.push_optional(sample.target.as_ref().map(|target| text(target.name)));
        self.correct.push_optional(sample.correct);
        self.push_rois(sample);
        for (column, value) in self.fit.iter_mut().zip([sample.fit, sample.area_share, sample.lift]) {
            column.push_optional(value);
        }
        for (column, words) in self.judgement.iter_mut().zip([sample.verdict, sample.note]) {
            column.push_optional(words.map(text));
        }
        if let Some(values) = sample.measures.filter(|_| self.with_measures) {
            self.measures.iter_mut().zip(values).for_each(|(column, value)| column.push_optional(value));
        }
        let map = sample.saliency.as_ref();
        self.grid[0].push_optional(map.map(|map| map.height as i64));
        self.grid[1].push_optional(map.map(|map| map.width as i64));
        self.values += map.map_or(0, |map| map.values.len());
        self.saliency.push_optional_list(map.map(|map| map.values.iter().copied()));
    }

    fn push_rois(&mut self, sample: &Sample<'_>) {
        let rois = &sample.rois;
        for (i, column) in self.boxes.iter_mut().enumerate() {
            column.push_list(rois.iter().map(|roi| roi.bbox[i]));
        }
        self.roi_score.push_list(rois.iter().map(|roi| roi.score));
        self.roi_name.push_list(rois.iter().map(|roi| ByteArray::from(roi.name)));
        self.roi_source.push_list(rois.iter().map(|roi| ByteArray::from(roi.source)));
        self.roi_fit.push_list_of_optional(rois.iter().map(|roi| roi.fit));
    }

    pub(super) fn leaves(&mut self) -> Vec<&mut dyn Leaf> {
        fn all<L: Leaf>(columns: &mut [L]) -> impl Iterator<Item = &mut dyn Leaf> {
            columns.iter_mut().map(|column| column as &mut dyn Leaf)
        }
        let mut leaves: Vec<&mut dyn Leaf> = vec![&mut self.path, &mut self.label, &mut self.status, &mut self.error];
        leaves.extend(all(&mut self.size));
        leaves.extend(all(&mut self.view));
        leaves.extend([&mut self.predicted as &mut dyn Leaf, &mut self.probability]);
        leaves.extend([&mut self.top.0 as &mut dyn Leaf, &mut self.top.1, &mut self.top.2]);
        leaves.extend([&mut self.target.0 as &mut dyn Leaf, &mut self.target.1, &mut self.correct]);
        leaves.extend(all(&mut self.boxes));
        leaves.extend([
            &mut self.roi_score as &mut dyn Leaf,
            &mut self.roi_name,
            &mut self.roi_source,
            &mut self.roi_fit,
        ]);
        leaves.extend(all(&mut self.fit));
        leaves.extend(all(&mut self.judgement));
        if self.with_measures {
            leaves.extend(all(&mut self.measures));
        }
        leaves.extend(all(&mut self.grid));
        leaves.push(&mut self.saliency);
        leaves
    }
}
