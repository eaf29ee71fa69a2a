//! The class table.

use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};

use super::column::{Column, Leaf};
use crate::report::json::Class;

/// The columns of `Rows`, in its order.
const SCHEMA: &str = "
    required binary class (STRING);
    required int64 samples;
    required int64 failed;
    required int64 with_roi;
    optional double coverage;
    optional double mean_fit;
    optional double ci_low;
    optional double ci_high;
    optional double mean_fit_zero;
    optional double mean_lift;
    optional double mean_area_share;
    optional double mean_confidence;
    optional double accuracy;
    required int64 uninformative;
    required int64 fits_detector;
    required int64 fits_annotation;
    required int64 fits_hand;
    optional binary verdict (STRING);
    optional binary note (STRING);
";

/// Those of a chosen measure.
const MEASURE: &str = "optional group measure {
    required binary name (STRING);
    optional binary minus (STRING);
    required int64 n;
    optional double mean;
    optional double ci_low;
    optional double ci_high;
}";

#[derive(Default)]
pub(super) struct Rows {
    has_measure: bool,
    class: Column<ByteArrayType>,
    /// `samples`, `failed` and `with_roi`.
    counts: [Column<Int64Type>; 3],
    /// From `coverage` to `accuracy`.
    means: [Column<DoubleType>; 9],
    uninformative: Column<Int64Type>,
    /// Verdict and note.
    judgement: [Column<ByteArrayType>; 2],
    /// Name and baseline.
    measure: [Column<ByteArrayType>; 2],
    n: Column<Int64Type>,
    /// The mean and its interval.
    measured: [Column<DoubleType>; 3],
    /// By source.
    fits: [Column<Int64Type>; 3],
}

impl Rows {
    /// Rows of which some have a measure, or none.
    pub(super) fn new(has_measure: bool) -> Self {
        Self { has_measure, ..Self::default() }
    }

    /// The schema of its columns.
    pub(super) fn schema(&self) -> String {
        format!("message classes {{ {SCHEMA} {} }}", if self.has_measure { MEASURE } else { "" })
    }

    pub(super) fn push(&mut self, row: &Class<'_>) {
        self.class.push(ByteArray::from(row.class));
        for (column, n) in self.counts.iter_mut().zip([row.samples, row.failed, row.with_roi]) {
            column.push(n as i64);
        }
        let means = [
            row.coverage,
            row.mean_fit,
            row.ci_low,
            row.ci_high,
            row.mean_fit_zero,
            row.mean_lift,
            row.mean_area_share,
            row.mean_confidence,
            row.accuracy,
        ];
        for (column, mean) in self.means.iter_mut().zip(means) {
            column.push_optional(mean);
        }
        self.uninformative.push(row.uninformative as i64);
        for (column, text) in self.judgement.iter_mut().zip([row.verdict, row.note]) {
            column.push_optional(text.map(ByteArray::from));
        }
        for (column, n) in self.fits.iter_mut().zip([row.fits_detector, row.fits_annotation, row.fits_hand]) {
            column.push(n as i64);
        }
        if self.has_measure {
            let measure = row.measure.as_ref();
            self.measure[0].push_optional(measure.map(|m| ByteArray::from(m.name)));
            self.measure[1].push_in_group(measure.map(|m| m.minus.map(ByteArray::from)));
            self.n.push_optional(measure.map(|m| m.n as i64));
            for (i, column) in self.measured.iter_mut().enumerate() {
                column.push_in_group(measure.map(|m| [m.mean, m.ci_low, m.ci_high][i]));
            }
        }
    }

    pub(super) fn leaves(&mut self) -> Vec<&mut dyn Leaf> {
        let mut leaves: Vec<&mut dyn Leaf> = vec![&mut self.class];
        leaves.extend(self.counts.iter_mut().map(|c| c as &mut dyn Leaf));
        leaves.extend(self.means.iter_mut().map(|c| c as &mut dyn Leaf));
        leaves.push(&mut self.uninformative);
        leaves.extend(self.fits.iter_mut().map(|c| c as &mut dyn Leaf));
        leaves.extend(self.judgement.iter_mut().map(|c| c as &mut dyn Leaf));
        if self.has_measure {
            leaves.extend(self.measure.iter_mut().map(|c| c as &mut dyn Leaf));
            leaves.push(&mut self.n);
            leaves.extend(self.measured.iter_mut().map(|c| c as &mut dyn Leaf));
        }
        leaves
    }
}
