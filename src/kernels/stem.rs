//! The first convolution: few input channels, read from padded planes, so that they need not be filled up to sixteen.

use super::activation::Act;
use super::gemm::store_tile;
use super::simd::{Kernel, Lanes, Simd};

/// A row of output pixels of `B` blocks of output channels.
pub struct StemRow<'a, const B: usize> {
    /// Padded planes, from the row that the output row's first tap reads.
    pub planes: &'a [f32],
    /// For each step of the sum, where in `planes` the first output pixel finds its value.
    pub offsets: &'a [usize],
    /// Horizontal step: 1, 2 or 4.
    pub stride: usize,
    /// One row for each offset.
    pub weights: &'a [[Lanes; B]],
    /// One value for each channel.
    pub bias: &'a [Lanes; B],
    /// Applied last.
    pub act: Act,
    /// One row of pixels for each block, all of one length.
    pub out: [&'a mut [Lanes]; B],
}

impl<const B: usize> StemRow<'_, B> {
    /// Whether there is a kernel for this step.
    pub fn supports(stride: usize) -> bool {
        matches!(stride, 1 | 2 | 4)
    }
}

impl<const B: usize> Kernel for StemRow<'_, B> {
    #[inline(always)]
    fn run<S: Simd>(mut self, s: S) {
        let pixels = self.out[0].len();
        assert!(self.out.iter().all(|o| o.len() == pixels), "rows of different length");
        if pixels == 0 {
            return;
        }
        let most = (S::ACCUMULATORS / B).clamp(1, 14);
        let tiles = pixels.div_ceil(most);
        let (least, larger) = (pixels / tiles, pixels % tiles);
        let mut p0 = 0;
        for t in 0..tiles {
            let count = least + usize::from(t < larger);
            match self.stride {
                1 => dispatch::<S, B, 1>(s, &mut self, p0, count),
                2 => dispatch::<S, B, 2>(s, &mut self, p0, count),
                4 => dispatch::<S, B, 4>(s, &mut self, p0, count),
                stride => panic!("no stem kernel for stride {stride}"),
            }
            p0 += count;
        }
    }
}

#[inline(always)]
fn dispatch<S: Simd, const B: usize, const ST: usize>(s: S, row: &mut StemRow<'_, B>, p0: usize, count: usize) {
    macro_rules! variants {
        ($($n:literal)*) => {
            match count {
                $($n => s.vectorize(Tile::<'_, '_, $n, B, ST> { row, p0 }),)*
                _ => unreachable!("a tile has 1 to 14 pixels"),
            }
        };
    }
    variants!(1 2 3 4 5 6 7 8 9 10 11 12 13 14)
}

/// A register tile of `P` pixels.
struct Tile<'a, 'r, const P: usize, const B: usize, const ST: usize> {
    row: &'a mut StemRow<'r, B>,
    p0: usize,
}

impl<const P: usize, const B: usize, const ST: usize> Kernel for Tile<'_, '_, P, B, ST> {
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        if const { P > 1 && P * B > S::ACCUMULATORS } {
            // never asked for: keeps variants that the registers cannot hold out of the program
            return;
        }
        let Self { row, p0 } = self;
        let mut acc = [[s.splat(0.0); B]; P];
        for p in 0..P {
            for b in 0..B {
                acc[p][b] = s.load(&row.bias[b]);
            }
        }
        for (offset, w) in row.offsets.iter().zip(row.weights) {
            let values = &row.planes[offset + p0 * ST..][..(P - 1) * ST + 1];
            let mut weights = [s.splat(0.0); B];
            for b in 0..B {
                weights[b] = s.load(&w[b]);
            }
            for p in 0..P {
                let x = s.splat(values[p * ST]);
                for b in 0..B {
                    acc[p][b] = s.fma(x, weights[b], acc[p][b]);
                }
            }
        }
        for b in 0..B {
            store_tile::<S, P, B>(s, &acc, b, row.act, &mut row.out[b][p0..]);
        }
    }
}

/// Copies rows `first..` of a plane of f32 in the middle of zeros, as many as `out` has of the padded width; row `top` of the
/// padded plane is the plane's first, column `left` its first.
///
/// # Panics
/// If the plane is not `size[0] * size[1]` values, or a padded row is shorter than `left` and a row of the plane together.
pub fn pad_plane(
    plane: &[f32],
    size: [usize; 2],
    [top, left]: [usize; 2],
    first: usize,
    width: usize,
    out: &mut [f32],
) {
    let [h, w] = size;
    assert!(plane.len() == h * w && left + w <= width, "a plane of another size");
    for (row, out) in (first..).zip(out.chunks_exact_mut(width)) {
        if row < top || row - top >= h {
            out.fill(0.0);
            continue;
        }
        out[..left].fill(0.0);
        out[left..left + w].copy_from_slice(&plane[(row - top) * w..][..w]);
        out[left + w..].fill(0.0);
    }
}
