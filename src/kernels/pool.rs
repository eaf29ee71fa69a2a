//! Pooling: the largest or the mean value of windows of a map, lane by lane.

use std::ops::Range;

use super::simd::{Kernel, Lanes, Simd};

/// A window's extent along one axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extent {
    /// Which rows or columns of the map it covers; not empty.
    pub range: Range<usize>,
    /// For how many the mean counts it.
    pub size: usize,
}

/// Pools one block of channels of one image.
pub struct Pool<'a> {
    /// The block's plane of this image.
    pub plane: &'a [Lanes],
    /// Width of the plane.
    pub width: usize,
    /// Whether the largest value is kept; else the mean.
    pub max: bool,
    /// The windows' rows, one for each output row.
    pub rows: &'a [Extent],
    /// The windows' columns, one for each output column.
    pub columns: &'a [Extent],
    /// The output's rows.
    pub out: &'a mut [Lanes],
}

impl Kernel for Pool<'_> {
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Self { plane, width, max, rows, columns, out } = self;
        for (rows, out) in rows.iter().zip(out.chunks_exact_mut(columns.len())) {
            for (columns, out) in columns.iter().zip(out) {
                let mut v = s.splat(if max { f32::NEG_INFINITY } else { 0.0 });
                for y in rows.range.clone() {
                    for pixel in &plane[y * width..][columns.range.clone()] {
                        let pixel = s.load(pixel);
                        v = if max { s.max(v, pixel) } else { s.add(v, pixel) };
                    }
                }
                if !max {
                    v = s.div(v, s.splat((rows.size * columns.size) as f32));
                }
                s.store(out, v);
            }
        }
    }
}
