//! Depthwise convolution: every channel with its own filter, lane by lane.

use super::activation::Act;
use super::gemm::store_tile;
use super::simd::{Kernel, LANES, Lanes, Simd};

/// A square depthwise convolution of one block of channels over a band of rows that is already padded.
pub struct Depthwise<'a> {
    /// Rows of `width` pixels, from the first row that the first output row reads.
    pub band: &'a [Lanes],
    /// Padded width.
    pub width: usize,
    /// Edge of the filter.
    pub kernel: usize,
    /// Vertical and horizontal step.
    pub stride: usize,
    /// One vector for each tap, row by row.
    pub weights: &'a [Lanes],
    /// One value for each channel.
    pub bias: &'a Lanes,
    /// Applied last.
    pub act: Act,
    /// Output rows, whole.
    pub out: &'a mut [Lanes],
    /// Width of an output row.
    pub out_width: usize,
}

impl Depthwise<'_> {
    /// Whether there is a kernel for a square filter of this edge and step.
    pub fn supports(kernel: usize, stride: usize) -> bool {
        matches!((kernel, stride), (3 | 5 | 7, 1 | 2))
    }
}

impl Kernel for Depthwise<'_> {
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        match (self.kernel, self.stride) {
            (3, 1) => rows::<S, 3, 1>(s, self),
            (3, 2) => rows::<S, 3, 2>(s, self),
            (5, 1) => rows::<S, 5, 1>(s, self),
            (5, 2) => rows::<S, 5, 2>(s, self),
            (7, 1) => rows::<S, 7, 1>(s, self),
            (7, 2) => rows::<S, 7, 2>(s, self),
            (kernel, stride) => panic!("no depthwise kernel for edge {kernel} and stride {stride}"),
        }
    }
}

#[inline(always)]
fn rows<S: Simd, const K: usize, const ST: usize>(s: S, job: Depthwise<'_>) {
    let Depthwise { band, width, weights, bias, act, out, out_width, .. } = job;
    assert!(weights.len() == K * K, "a filter of another size");
    for (y, out) in out.chunks_exact_mut(out_width).enumerate() {
        let band = &band[y * ST * width..][..K * width];
        let mut x = 0;
        while x < out_width {
            let (band, out) = (&band[x * ST..], &mut out[x..]);
            if x + 7 <= out_width {
                s.vectorize(Run::<'_, K, ST, 7> { band, width, weights, bias, act, out });
                x += 7;
            } else if x + 4 <= out_width {
                s.vectorize(Run::<'_, K, ST, 4> { band, width, weights, bias, act, out });
                x += 4;
            } else {
                s.vectorize(Run::<'_, K, ST, 1> { band, width, weights, bias, act, out });
                x += 1;
            }
        }
    }
}

/// `T` output pixels; the first filter tap of the first one is the first pixel of `band`.
struct Run<'a, const K: usize, const ST: usize, const T: usize> {
    band: &'a [Lanes],
    width: usize,
    weights: &'a [Lanes],
    bias: &'a Lanes,
    act: Act,
    out: &'a mut [Lanes],
}

impl<const K: usize, const ST: usize, const T: usize> Kernel for Run<'_, K, ST, T> {
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Self { band, width, weights, bias, act, out } = self;
        let mut acc = [[s.load(bias); 1]; T];
        for ky in 0..K {
            let pixels = &band[ky * width..][..(T - 1) * ST + K];
            let taps = &weights[ky * K..][..K];
            for kx in 0..K {
                let w = s.load(&taps[kx]);
                for t in 0..T {
                    acc[t][0] = s.fma(s.load(&pixels[t * ST + kx]), w, acc[t][0]);
                }
            }
        }
        store_tile::<S, T, 1>(s, &acc, 0, act, out);
    }
}

/// Weights `(channels, 1, k, k)` as `[channels / 16][k * k]` vectors.
pub fn pack_filters(weights: &[f32], taps: usize) -> Vec<Lanes> {
    let channels = weights.len() / taps;
    let mut packed = vec![[0.0; LANES]; channels.div_ceil(LANES) * taps];
    for (c, filter) in weights.chunks_exact(taps).enumerate() {
        for (t, w) in filter.iter().enumerate() {
            packed[c / LANES * taps + t][c % LANES] = *w;
        }
    }
    packed
}

/// Copies rows `first..first + rows` of a padded plane into `out`: row `top` of it is the plane's first, column `left` its
/// first; zeros around. `out` has whole rows of the padded width.
///
/// # Panics
/// If the plane is not `size[0] * size[1]` pixels, or a padded row is shorter than `left` and a row of the plane together.
pub fn copy_padded(
    plane: &[Lanes],
    size: [usize; 2],
    [top, left]: [usize; 2],
    first: usize,
    width: usize,
    out: &mut [Lanes],
) {
    let [h, w] = size;
    assert!(plane.len() == h * w && left + w <= width, "a plane of another size");
    for (row, out) in (first..).zip(out.chunks_exact_mut(width)) {
        if row < top || row - top >= h {
            out.fill([0.0; LANES]);
            continue;
        }
        out[..left].fill([0.0; LANES]);
        out[left..left + w].copy_from_slice(&plane[(row - top) * w..][..w]);
        out[left + w..].fill([0.0; LANES]);
    }
}
