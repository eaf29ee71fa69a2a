//! Enlarging a map, lane by lane.

use super::simd::{Kernel, Lanes, Simd};

/// Where an output row or column comes from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tap {
    /// The nearer to the start of two rows or columns.
    pub low: usize,
    /// The other one.
    pub high: usize,
    /// Weight of `high`, 0..1; `low` has the rest.
    pub weight: f32,
}

/// Bilinear interpolation of one block of channels of one image.
pub struct Resample<'a> {
    /// The block's plane of this image.
    pub plane: &'a [Lanes],
    /// Width of the plane.
    pub width: usize,
    /// One for each output row.
    pub rows: &'a [Tap],
    /// One for each output column.
    pub columns: &'a [Tap],
    /// The output's rows.
    pub out: &'a mut [Lanes],
}

impl Kernel for Resample<'_> {
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Self { plane, width, rows, columns, out } = self;
        for (row, out) in rows.iter().zip(out.chunks_exact_mut(columns.len())) {
            let (upper, lower) = (&plane[row.low * width..][..width], &plane[row.high * width..][..width]);
            if row.weight == 0.0 && columns.iter().all(|c| c.weight == 0.0) {
                for (column, out) in columns.iter().zip(out) {
                    *out = upper[column.low];
                }
                continue;
            }
            let (y0, y1) = (s.splat(1.0 - row.weight), s.splat(row.weight));
            for (column, out) in columns.iter().zip(out) {
                let (x0, x1) = (s.splat(1.0 - column.weight), s.splat(column.weight));
                let a = s.fma(s.load(&upper[column.high]), x1, s.mul(s.load(&upper[column.low]), x0));
                let b = s.fma(s.load(&lower[column.high]), x1, s.mul(s.load(&lower[column.low]), x0));
                s.store(out, s.fma(b, y1, s.mul(a, y0)));
            }
        }
    }
}
