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
            let plane = &plane[rows.range.start * width..rows.range.end * width];
            for (columns, out) in columns.iter().zip(out) {
                let first = &plane[columns.range.start..];
                let v = match (rows.range.len(), columns.range.len()) {
                    (3, 3) => square::<S, 3>(s, first, width, max),
                    (2, 2) => square::<S, 2>(s, first, width, max),
                    (_, n) => window(s, first, width, n, max),
                };
                let count = s.splat((rows.size * columns.size) as f32);
                s.store(out, if max { v } else { s.div(v, count) });
            }
        }
    }
}

/// The largest value or the sum of a window of `columns` columns and all rows that begin in `pixels`. The sum is that of the
/// rows' sums: of a map of 14×14 pixels no value is rounded more than 28 times, instead of 196.
#[inline(always)]
fn window<S: Simd>(s: S, pixels: &[Lanes], width: usize, columns: usize, max: bool) -> S::V {
    let mut v = start(s, max);
    for row in pixels.chunks(width) {
        let mut of_row = start(s, max);
        for pixel in &row[..columns] {
            of_row = add(s, of_row, pixel, max);
        }
        v = if max { s.max(v, of_row) } else { s.add(v, of_row) };
    }
    v
}

/// The same for a square of a size that the compiler knows.
#[inline(always)]
fn square<S: Simd, const N: usize>(s: S, pixels: &[Lanes], width: usize, max: bool) -> S::V {
    let mut v = start(s, max);
    for y in 0..N {
        let row: &[Lanes; N] = pixels[y * width..].first_chunk().expect("a window is inside of its plane");
        for pixel in row {
            v = add(s, v, pixel, max);
        }
    }
    v
}

#[inline(always)]
fn start<S: Simd>(s: S, max: bool) -> S::V {
    s.splat(if max { f32::NEG_INFINITY } else { 0.0 })
}

#[inline(always)]
fn add<S: Simd>(s: S, v: S::V, pixel: &Lanes, max: bool) -> S::V {
    if max { s.max(v, s.load(pixel)) } else { s.add(v, s.load(pixel)) }
}
