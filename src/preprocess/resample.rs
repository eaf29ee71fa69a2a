//! Pillow's separable, antialiased resampling of 8-bit pictures, bit for bit.
//!
//! The filter is as wide as one output pixel when shrinking, so that every input pixel counts. Its weights are rounded to 22
//! bits after the point, the columns are filtered first and rounded to 8 bits, then the rows: the arithmetic of
//! `Image.resize` in Pillow (`src/libImaging/Resample.c`), which training pipelines use.

use image::RgbImage;

use crate::geometry::Size;

/// A kernel, widened when shrinking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Filter {
    /// Pillow's `BILINEAR`.
    Triangle,
    /// Pillow's `BICUBIC`.
    Cubic,
}

/// A rectangle of the resized picture, in its pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) x: u32,
    pub(super) y: u32,
    pub(super) width: u32,
    pub(super) height: u32,
}

/// Bits after the point of the weights: 8 bits of value and 2 of headroom are left in an `i32`.
const PRECISION_BITS: u32 = 32 - 8 - 2;

/// The pixels inside `window` of `image` resized to `resized`; no other pixel is computed.
pub(super) fn resample(image: &RgbImage, resized: Size, window: Window, filter: Filter) -> RgbImage {
    let columns = Taps::new(image.width(), resized.width, window.x, window.width, filter);
    let rows = Taps::new(image.height(), resized.height, window.y, window.height, filter);
    // Only the rows that the output rows are made of are filtered.
    let (first, last) = (rows.first_source(), rows.end_source());
    let narrow = filter_columns(image, &columns, first..last);
    RgbImage::from_raw(window.width, window.height, filter_rows(&narrow, 3 * window.width as usize, &rows, first))
        .expect("the rows of the window make the picture")
}

/// The input pixels that make up each output pixel on one axis.
struct Taps {
    /// Per output pixel the first input pixel and where its weights begin and end.
    spans: Vec<Span>,
    weights: Vec<i32>,
}

struct Span {
    source: usize,
    weights: std::ops::Range<usize>,
}

impl Taps {
    /// For the `count` output pixels from `start` on, of an axis that goes from `from` to `to` pixels.
    fn new(from: u32, to: u32, start: u32, count: u32, filter: Filter) -> Self {
        let scale = f64::from(from) / f64::from(to);
        let widening = scale.max(1.0);
        let support = filter.support() * widening;
        let mut taps = Self { spans: Vec::with_capacity(count as usize), weights: Vec::new() };
        let mut raw = Vec::new();
        for out in start..start + count {
            let centre = (f64::from(out) + 0.5) * scale;
            // Casts cut towards zero, and a negative number becomes 0.
            let source = (centre - support + 0.5) as usize;
            let end = ((centre + support + 0.5) as usize).min(from as usize);
            raw.clear();
            raw.extend((source..end).map(|at| filter.weight((at as f64 - centre + 0.5) * widening.recip())));
            let sum: f64 = raw.iter().sum();
            let begin = taps.weights.len();
            taps.weights.extend(raw.iter().map(|w| fixed_point(if sum == 0.0 { *w } else { w / sum })));
            taps.spans.push(Span { source, weights: begin..taps.weights.len() });
        }
        taps
    }

    fn first_source(&self) -> usize {
        self.spans.first().map_or(0, |s| s.source)
    }

    fn end_source(&self) -> usize {
        self.spans.last().map_or(0, |s| s.source + s.weights.len())
    }

    /// Each output pixel's first input pixel and its weights.
    fn iter(&self) -> impl Iterator<Item = (usize, &[i32])> {
        self.spans.iter().map(|s| (s.source, &self.weights[s.weights.clone()]))
    }
}

impl Filter {
    /// Reach of the filter to each side at full resolution, in pixels.
    fn support(self) -> f64 {
        match self {
            Self::Triangle => 1.0,
            Self::Cubic => 2.0,
        }
    }

    /// Weight at `x` pixels from the centre.
    fn weight(self, x: f64) -> f64 {
        let x = x.abs();
        match self {
            Self::Triangle => (1.0 - x).max(0.0),
            Self::Cubic => {
                const A: f64 = -0.5;
                if x < 1.0 {
                    ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0
                } else if x < 2.0 {
                    (((x - 5.0) * x + 8.0) * x - 4.0) * A
                } else {
                    0.0
                }
            }
        }
    }
}

/// A weight with [`PRECISION_BITS`] bits after the point, rounded half away from zero.
fn fixed_point(weight: f64) -> i32 {
    let scaled = weight * f64::from(1 << PRECISION_BITS);
    (scaled + 0.5f64.copysign(weight)) as i32
}

/// Half a unit of the result, so that cutting off the bits after the point rounds.
const HALF: i32 = 1 << (PRECISION_BITS - 1);

/// The 8-bit value of a sum of weighted values.
fn to_8_bits(sum: i32) -> u8 {
    (sum >> PRECISION_BITS).clamp(0, 255) as u8
}

/// Each of the input's `rows` with its columns filtered: `(rows, columns, 3)`.
fn filter_columns(image: &RgbImage, columns: &Taps, rows: std::ops::Range<usize>) -> Vec<u8> {
    let (row_len, out_len) = (3 * image.width() as usize, 3 * columns.spans.len());
    let mut out = vec![0; rows.len() * out_len];
    let sources = image.as_raw().chunks_exact(row_len).skip(rows.start);
    for (row, out) in sources.zip(out.chunks_exact_mut(out_len)) {
        let pixels = row.as_chunks::<3>().0;
        for ((source, weights), out) in columns.iter().zip(out.as_chunks_mut::<3>().0) {
            let (mut red, mut green, mut blue) = (HALF, HALF, HALF);
            for ([r, g, b], weight) in pixels[source..source + weights.len()].iter().zip(weights) {
                red += i32::from(*r) * weight;
                green += i32::from(*g) * weight;
                blue += i32::from(*b) * weight;
            }
            *out = [to_8_bits(red), to_8_bits(green), to_8_bits(blue)];
        }
    }
    out
}

/// The rows of `source` filtered; `source` begins with input row `first` and has rows of `row_len` values.
fn filter_rows(source: &[u8], row_len: usize, rows: &Taps, first: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(rows.spans.len() * row_len);
    let mut sums = vec![0; row_len];
    for (start, weights) in rows.iter() {
        sums.fill(HALF);
        let inputs = source[(start - first) * row_len..].chunks_exact(row_len);
        for (input, weight) in inputs.zip(weights) {
            for (sum, value) in sums.iter_mut().zip(input) {
                *sum += i32::from(*value) * weight;
            }
        }
        out.extend(sums.iter().map(|sum| to_8_bits(*sum)));
    }
    out
}
