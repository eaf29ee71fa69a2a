//! The product at the heart of convolutions and linear layers: pixels × weights, with the work that follows fused in.
//!
//! For every pixel `p` of a run and every channel of `B` blocks of output channels,
//! `out[b][p] = act(start[b] + sum_k input[k][p] * weights[k][b] + residual[b][p])`.
//! The sum runs over `k` in order, whatever the number of pixels: a result does not depend on what else is computed.

use super::activation::{Act, ApplyInPlace};
use super::simd::{Kernel, LANES, Lanes, Simd};

/// Where the sum starts.
#[derive(Clone, Copy)]
pub enum Start<'a, const B: usize> {
    /// At zero.
    Zero,
    /// At one value for each channel.
    Bias(&'a [Lanes; B]),
    /// At what `out` holds: the sum over earlier `k`.
    Accumulate,
}

/// A product of a run of pixels with the weights of `B` blocks of output channels.
pub struct Gemm<'a, const B: usize> {
    /// Input channels `16 i .. 16 (i + 1)` of pixel `p` are `input[i * input_stride + p]`.
    pub input: &'a [Lanes],
    /// From one block of input channels to the next.
    pub input_stride: usize,
    /// One row of `B` blocks for each input channel: their number is the length of the sum.
    pub weights: &'a [[Lanes; B]],
    /// Where the sum starts.
    pub start: Start<'a, B>,
    /// Added before the activation; each as long as a row of `out`.
    pub residual: Option<[&'a [Lanes]; B]>,
    /// Applied before the result is stored.
    pub act: Act,
    /// One row of pixels for each block of output channels, all of one length.
    pub out: [&'a mut [Lanes]; B],
    /// Weights that will be needed next, brought nearer meanwhile.
    pub next_weights: &'a [[Lanes; B]],
    /// Whether the pixels are read for the first time, so that they are worth asking for ahead.
    pub fresh_input: bool,
    /// Whether `out` is far from the processor.
    pub far_output: bool,
}

/// Most pixels that a register tile covers.
const MAX_PIXELS: usize = 14;

impl<const B: usize> Kernel for Gemm<'_, B> {
    #[inline(always)]
    fn run<S: Simd>(mut self, s: S) {
        let pixels = self.out[0].len();
        assert!(self.out.iter().all(|o| o.len() == pixels), "rows of different length");
        if let Some(residual) = &self.residual {
            assert!(residual.iter().all(|r| r.len() >= pixels), "a residual of another length");
        }
        if pixels == 0 {
            return;
        }
        let most = (S::ACCUMULATORS / B).clamp(1, MAX_PIXELS);
        let tiles = pixels.div_ceil(most);
        let (least, larger) = (pixels / tiles, pixels % tiles);
        let mut p0 = 0;
        for t in 0..tiles {
            let count = least + usize::from(t < larger);
            let ahead = self.next_weights.as_flattened().get(t * self.weights.len()..).unwrap_or(&[]);
            dispatch(s, &mut self, Place { p0, count, ahead });
            p0 += count;
        }
    }
}

/// Where a register tile lies.
struct Place<'a> {
    p0: usize,
    count: usize,
    /// Weights to ask for, one line a step.
    ahead: &'a [Lanes],
}

/// Chooses the variant for the number of pixels.
#[inline(always)]
fn dispatch<S: Simd, const B: usize>(s: S, gemm: &mut Gemm<'_, B>, place: Place<'_>) {
    macro_rules! variants {
        ($($n:literal)*) => {
            match place.count {
                $($n => s.vectorize(Tile::<'_, '_, $n, B> { gemm, place }),)*
                _ => unreachable!("a tile has 1 to 14 pixels"),
            }
        };
    }
    variants!(1 2 3 4 5 6 7 8 9 10 11 12 13 14)
}

/// A register tile of `P` pixels and `B` blocks.
struct Tile<'a, 'g, const P: usize, const B: usize> {
    gemm: &'a mut Gemm<'g, B>,
    place: Place<'a>,
}

impl<const P: usize, const B: usize> Kernel for Tile<'_, '_, P, B> {
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        if const { P > 1 && P * B > S::ACCUMULATORS } {
            // never asked for: keeps variants that the registers cannot hold out of the program
            return;
        }
        let Place { p0, ahead, .. } = self.place;
        let gemm = self.gemm;
        let mut acc = start::<S, P, B>(s, gemm, p0);
        prefetch_tile::<S, P, B>(s, gemm, p0);
        let step = usize::from(!ahead.is_empty());
        let mut line = if ahead.is_empty() { gemm.weights.as_ptr().cast() } else { ahead.as_ptr() };
        let input_step = usize::from(gemm.fresh_input);
        let mut blocks = gemm.input.get(p0..).unwrap_or(&[]);
        for weights in gemm.weights.chunks(LANES) {
            let tile = tile_of::<P>(blocks);
            let next_pixels = tile.as_ptr().wrapping_add(P * input_step);
            for (i, w) in weights.iter().enumerate() {
                s.prefetch(line);
                line = line.wrapping_add(step);
                s.prefetch(next_pixels.wrapping_add(i * input_step));
                multiply::<S, P, B>(s, &mut acc, tile, i % LANES, w);
            }
            blocks = blocks.get(gemm.input_stride..).unwrap_or(&[]);
        }
        finish::<S, P, B>(s, acc, gemm, p0);
    }
}

/// The first `P` pixels of a run, of a number that the compiler knows.
#[inline(always)]
fn tile_of<const P: usize>(run: &[Lanes]) -> &[Lanes; P] {
    run.first_chunk().expect("a product has pixels for each of its weights and results")
}

/// `acc[p][b] += tile[p][i] * w[b]`
#[inline(always)]
fn multiply<S: Simd, const P: usize, const B: usize>(
    s: S,
    acc: &mut [[S::V; B]; P],
    tile: &[Lanes; P],
    i: usize,
    w: &[Lanes; B],
) {
    let mut weights = [s.splat(0.0); B];
    for b in 0..B {
        weights[b] = s.load(&w[b]);
    }
    for p in 0..P {
        let x = s.splat(tile[p][i]);
        for b in 0..B {
            acc[p][b] = s.fma(x, weights[b], acc[p][b]);
        }
    }
}

#[inline(always)]
fn start<S: Simd, const P: usize, const B: usize>(s: S, gemm: &Gemm<'_, B>, p0: usize) -> [[S::V; B]; P] {
    let mut acc = [[s.splat(0.0); B]; P];
    match gemm.start {
        Start::Zero => {}
        Start::Bias(bias) => {
            for b in 0..B {
                let v = s.load(&bias[b]);
                for row in &mut acc {
                    row[b] = v;
                }
            }
        }
        Start::Accumulate => {
            for b in 0..B {
                let row = tile_of::<P>(&gemm.out[b][p0..]);
                for p in 0..P {
                    acc[p][b] = s.load(&row[p]);
                }
            }
        }
    }
    acc
}

/// Asks for the lines that the end of the tile will touch: the sum hides the time they take.
#[inline(always)]
fn prefetch_tile<S: Simd, const P: usize, const B: usize>(s: S, gemm: &Gemm<'_, B>, p0: usize) {
    if let Some(residual) = &gemm.residual {
        for row in residual {
            for p in 0..P {
                s.prefetch(row.as_ptr().wrapping_add(p0 + p));
            }
        }
    }
    if gemm.far_output {
        for row in &gemm.out {
            for p in 0..P {
                s.prefetch(row.as_ptr().wrapping_add(p0 + p));
            }
        }
    }
}

/// Adds the residual, applies the activation and stores.
#[inline(always)]
fn finish<S: Simd, const P: usize, const B: usize>(s: S, mut acc: [[S::V; B]; P], gemm: &mut Gemm<'_, B>, p0: usize) {
    if let Some(residual) = &gemm.residual {
        for b in 0..B {
            let row = tile_of::<P>(&residual[b][p0..]);
            for p in 0..P {
                acc[p][b] = s.add(acc[p][b], s.load(&row[p]));
            }
        }
    }
    let act = gemm.act;
    for b in 0..B {
        store_tile::<S, P, B>(s, &acc, b, act, &mut gemm.out[b][p0..]);
    }
}

/// Stores one block's part of a tile through the activation, at the start of a row.
#[inline(always)]
pub(super) fn store_tile<S: Simd, const P: usize, const B: usize>(
    s: S,
    acc: &[[S::V; B]; P],
    b: usize,
    act: Act,
    row: &mut [Lanes],
) {
    let row: &mut [Lanes; P] = row.first_chunk_mut().expect("a tile does not reach beyond its row");
    macro_rules! store {
        ($act:expr) => {
            for p in 0..P {
                s.store(&mut row[p], $act.apply(s, acc[p][b]));
            }
        };
    }
    match act {
        Act::Relu => store!(Act::Relu),
        Act::Relu6 => store!(Act::Relu6),
        Act::LeakyRelu(slope) => store!(Act::LeakyRelu(slope)),
        _ => store!(Act::Identity),
    }
    // A long function must not be unrolled over the accumulators: a loop that indexes them would put them all on the stack
    // for the whole sum.
    if !act.is_short() {
        s.vectorize(ApplyInPlace { values: row, act });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::Isa;
    use proptest::prelude::*;

    fn values(seed: u64, len: usize) -> Vec<Lanes> {
        let mut state = seed;
        (0..len)
            .map(|_| {
                std::array::from_fn(|_| {
                    state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
                })
            })
            .collect()
    }

    /// The product on numbers, in f64.
    fn oracle(
        input: &[Lanes],
        stride: usize,
        w: &[Lanes],
        bias: Lanes,
        residual: &[Lanes],
        act: Act,
    ) -> Vec<[f64; 16]> {
        (0..residual.len())
            .map(|p| {
                std::array::from_fn(|l| {
                    let mut sum = f64::from(bias[l]) + f64::from(residual[p][l]);
                    for (k, w) in w.iter().enumerate() {
                        sum += f64::from(input[k / 16 * stride + p][k % 16]) * f64::from(w[l]);
                    }
                    act.scalar(sum)
                })
            })
            .collect()
    }

    fn product<const B: usize>(isa: Isa, k: usize, pixels: usize, split: usize, act: Act) -> (Vec<Lanes>, Vec<Lanes>) {
        let stride = pixels + 3;
        let input = values(1, k.div_ceil(16) * stride);
        let weights: Vec<[Lanes; B]> = values(2, k * B).as_chunks().0.to_vec();
        let bias: [Lanes; B] = *values(3, B).first_chunk().expect("B of them");
        let residual = values(4, B * pixels);
        let mut out = vec![[f32::NAN; 16]; B * pixels];
        for (from, to) in [(0, split), (split, k)] {
            let (first, last) = (from == 0, to == k);
            let mut rows = out.chunks_mut(pixels);
            isa.run(Gemm::<B> {
                input: &input[from / 16 * stride..],
                input_stride: stride,
                weights: &weights[from..to],
                start: if first { Start::Bias(&bias) } else { Start::Accumulate },
                residual: last.then(|| std::array::from_fn(|b| &residual[b * pixels..][..pixels])),
                act: if last { act } else { Act::Identity },
                out: std::array::from_fn(|_| rows.next().expect("B rows")),
                next_weights: &weights,
                fresh_input: true,
                far_output: true,
            });
        }
        let expected = (0..B)
            .flat_map(|b| {
                let w: Vec<_> = weights.iter().map(|w| w[b]).collect();
                oracle(&input, stride, &w, bias[b], &residual[b * pixels..][..pixels], act)
            })
            .map(|p| p.map(|v| v as f32))
            .collect();
        (out, expected)
    }

    proptest! {
        #[test]
        fn agrees_with_the_product_on_numbers(k in 17usize..200, pixels in 1usize..60, act in 0usize..4) {
            let act = [Act::Identity, Act::Relu6, Act::LeakyRelu(0.1), Act::Silu][act];
            for isa in Isa::available() {
                for (out, expected) in [product::<1>(isa, k, pixels, 16, act), product::<2>(isa, k, pixels, 16, act)] {
                    for (a, b) in out.as_flattened().iter().zip(expected.as_flattened()) {
                        prop_assert!((a - b).abs() <= 2e-5, "{}: {a} {b}", isa.name());
                    }
                }
            }
        }
    }

    #[test]
    fn a_pixel_does_not_depend_on_how_many_are_computed() {
        for isa in Isa::available() {
            let (input, weights) = (values(7, 3 * 40), values(8, 40));
            let weights: Vec<[Lanes; 1]> = weights.iter().map(|w| [*w]).collect();
            let run = |p0: usize, count: usize| {
                let mut out = vec![[0.0; 16]; count];
                isa.run(Gemm::<1> {
                    input: &input[p0..],
                    input_stride: 40,
                    weights: &weights,
                    start: Start::Zero,
                    residual: None,
                    act: Act::Identity,
                    out: [&mut out],
                    next_weights: &[],
                    fresh_input: false,
                    far_output: false,
                });
                out
            };
            let all = run(0, 40);
            for p in 0..40 {
                assert_eq!(run(p, 1)[0], all[p], "{}", isa.name());
            }
        }
    }
}
