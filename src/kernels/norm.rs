//! Normalisation over the channels of each pixel.

use super::simd::{Kernel, LANES, Lanes, Simd};
use super::window::WindowMut;

/// Layer normalisation: the channels of a pixel less their mean, over `sqrt(variance + eps)`, times `weight` plus `bias`.
///
/// Source: Ba, Kiros and Hinton, *Layer Normalization*, 2016, equation 4.
pub struct LayerNorm<'a> {
    /// The map's planes, one for each block of channels.
    pub map: &'a [Lanes],
    /// Pixels of a plane.
    pub plane: usize,
    /// The first pixel of `out`.
    pub first: usize,
    /// Channels; the last block's lanes beyond them do not count.
    pub channels: usize,
    /// One value for each channel, zero beyond them.
    pub weight: &'a [Lanes],
    /// One value for each channel, zero beyond them.
    pub bias: &'a [Lanes],
    /// Added to the variance.
    pub eps: f32,
    /// One row for each block, one column for each pixel.
    pub out: WindowMut<'a, Lanes>,
}

impl Kernel for LayerNorm<'_> {
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Self { map, plane, first, channels, weight, bias, eps, mut out } = self;
        let blocks = weight.len();
        let mut counted = [0.0; LANES];
        counted[..channels - (blocks - 1) * LANES].fill(1.0);
        let counted = s.load(&counted);
        let count = channels as f32;
        for column in 0..out.len() {
            let pixel = first + column;
            let mut sum = s.splat(0.0);
            for block in 0..blocks {
                let x = s.load(&map[block * plane + pixel]);
                sum = if block + 1 == blocks { s.fma(x, counted, sum) } else { s.add(sum, x) };
            }
            let mean = s.splat(sum_of_lanes(s, sum) / count);
            let mut squares = s.splat(0.0);
            for block in 0..blocks {
                let mut d = s.sub(s.load(&map[block * plane + pixel]), mean);
                if block + 1 == blocks {
                    d = s.mul(d, counted);
                }
                squares = s.fma(d, d, squares);
            }
            let scale = s.splat(1.0 / (sum_of_lanes(s, squares) / count + eps).sqrt());
            for block in 0..blocks {
                let d = s.mul(s.sub(s.load(&map[block * plane + pixel]), mean), scale);
                s.store(out.at(block, column), s.fma(d, s.load(&weight[block]), s.load(&bias[block])));
            }
        }
    }
}

/// The sum of all lanes, in their order.
#[inline(always)]
fn sum_of_lanes<S: Simd>(s: S, v: S::V) -> f32 {
    let mut lanes = [0.0; LANES];
    s.store(&mut lanes, v);
    let mut sum = 0.0;
    for lane in lanes {
        sum += lane;
    }
    sum
}
