//! The class table.

use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};

use super::column::{Column, Leaf};
use crate::report::json::Class;

/// The columns of `Rows`, in its order.
pub(super) const SCHEMA: &str = "message classes {
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
    optional binary verdict (STRING);
    optional binary note (STRING);
}";

#[derive(Default)]
pub(super) struct Rows {
    class: Column<ByteArrayType>,
    /// `samples`, `failed` and `with_roi`.
    counts: [Column<Int64Type>; 3],
    /// From `coverage` to `accuracy`.
    means: [Column<DoubleType>; 9],
    uninformative: Column<Int64Type>,
    /// Verdict and note.
    judgement: [Column<ByteArrayType>; 2],
}

impl Rows {
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
    }

    pub(super) fn leaves(&mut self) -> Vec<&mut dyn Leaf> {
        let mut leaves: Vec<&mut dyn Leaf> = vec![&mut self.class];
        leaves.extend(self.counts.iter_mut().map(|c| c as &mut dyn Leaf));
        leaves.extend(self.means.iter_mut().map(|c| c as &mut dyn Leaf));
        leaves.push(&mut self.uninformative);
        leaves.extend(self.judgement.iter_mut().map(|c| c as &mut dyn Leaf));
        leaves
    }
}
