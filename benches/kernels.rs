//! The kernels against the processor's measured peak of fused multiply-adds, on one thread.
#![expect(clippy::print_stdout, reason = "a benchmark prints its result")]

use std::time::Instant;

use anyhow::Result;
use camroi::kernels::activation::Act;
use camroi::kernels::depthwise::Depthwise;
use camroi::kernels::gemm::{Gemm, Start};
use camroi::kernels::pool::{Extent, Pool};
use camroi::kernels::simd::{Kernel, Simd};
use camroi::kernels::stem::StemRow;
use camroi::kernels::winograd::{InputTransform, OutputTransform, Scheme, Tiling};
use camroi::kernels::{Isa, Lanes, WindowMut};

fn main() -> Result<()> {
    let isa = Isa::from_env()?;
    let peak = rate(|| isa.run(FmaPeak { rounds: 100_000 }), 100_000.0 * 24.0 * 32.0);
    println!("{}: peak {:.0} GFLOP/s of multiply-adds", isa.name(), peak / 1e9);
    for (name, bytes) in [("first-level cache", 16 << 10), ("second-level cache", 512 << 10), ("memory", 256 << 20)] {
        let data = vec![[1.0f32; 16]; bytes / 64];
        let rounds = ((256 << 20) / bytes).max(1);
        let read = || (0..rounds).for_each(|_| isa.run(ReadBandwidth { data: &data }));
        println!("{name}: {:.0} GB/s read", rate(read, (rounds * bytes) as f64) / 1e9);
    }
    let show = |name: String, flops_per_second: f64| {
        println!("{name:<44} {:>6.0} GFLOP/s {:>4.0} %", flops_per_second / 1e9, 100.0 * flops_per_second / peak);
    };
    for (k, pixels, panels) in [(64, 14, 4), (256, 14, 1), (256, 112, 4), (512, 49, 8), (512, 56, 64), (2048, 112, 4)] {
        let name = format!("product, sum of {k}, {pixels} pixels, {panels} panels");
        let speed = if isa.blocks_together() == 2 {
            product::<2>(isa, k, pixels, panels)
        } else {
            product::<1>(isa, k, pixels, panels)
        };
        show(name, speed);
    }
    for (kernel, stride, width) in [(3, 1, 112), (3, 2, 56), (5, 1, 14), (5, 2, 28), (7, 1, 56)] {
        show(
            format!("depthwise {kernel}x{kernel}, stride {stride}, {width} wide"),
            depthwise(isa, kernel, stride, width),
        );
    }
    for (side, stride, pixels) in [(3, 2, 112), (7, 2, 112), (3, 1, 224)] {
        show(format!("stem {side}x{side}, stride {stride}, {pixels} pixels"), stem(isa, side, stride, pixels));
    }
    for scheme in Scheme::ALL {
        let (input, output) = transforms(isa, scheme);
        println!("Winograd {scheme:?}: input {:.0} GB/s, output {:.0} GB/s", input / 1e9, output / 1e9);
    }
    println!("maximum 3x3, stride 2: {:.0} GB/s", pooling(isa) / 1e9);
    Ok(())
}

/// Units a second in the best of several runs, each long enough to time.
fn rate(mut work: impl FnMut(), units: f64) -> f64 {
    work();
    let mut best = f64::INFINITY;
    for _ in 0..9 {
        let start = Instant::now();
        let mut rounds = 0.0;
        while start.elapsed().as_secs_f64() < 0.02 {
            work();
            rounds += 1.0;
        }
        best = best.min(start.elapsed().as_secs_f64() / rounds);
    }
    units / best
}

/// Multiply-adds that wait for nothing but themselves: 24 a round, in as many vectors as the registers hold.
struct FmaPeak {
    rounds: usize,
}

impl Kernel for FmaPeak {
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let (a, b) = (s.splat(std::hint::black_box(0.999)), s.splat(std::hint::black_box(0.001)));
        if S::ACCUMULATORS >= 24 {
            multiply_adds::<S, 24>(s, self.rounds, a, b)
        } else {
            multiply_adds::<S, 6>(s, 4 * self.rounds, a, b)
        }
    }
}

#[inline(always)]
fn multiply_adds<S: Simd, const N: usize>(s: S, rounds: usize, a: S::V, b: S::V) {
    let mut acc = [s.splat(0.5); N];
    for _ in 0..rounds {
        for v in &mut acc {
            *v = s.fma(*v, a, b);
        }
    }
    let mut sum = acc[0];
    for v in acc {
        sum = s.add(sum, v);
    }
    let mut lanes = [0.0; 16];
    s.store(&mut lanes, sum);
    std::hint::black_box(lanes);
}

/// Reads everything once.
struct ReadBandwidth<'a> {
    data: &'a [Lanes],
}

impl Kernel for ReadBandwidth<'_> {
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let mut acc = [s.splat(0.0); 4];
        for pixels in self.data.as_chunks::<4>().0 {
            for (acc, pixel) in acc.iter_mut().zip(pixels) {
                *acc = s.max(*acc, s.load(pixel));
            }
        }
        let mut lanes = [0.0; 16];
        s.store(&mut lanes, s.max(s.max(acc[0], acc[1]), s.max(acc[2], acc[3])));
        std::hint::black_box(lanes);
    }
}

fn product<const B: usize>(isa: Isa, k: usize, pixels: usize, panels: usize) -> f64 {
    let input = vec![[1.0; 16]; k.div_ceil(16) * pixels];
    let weights = vec![[[1.0; 16]; B]; k * panels];
    let bias = [[0.0; 16]; B];
    let mut out = vec![[0.0; 16]; pixels * B];
    let work = || {
        for panel in 0..panels {
            let mut rows = WindowMut::new(&mut out, B, pixels, pixels);
            isa.run(Gemm::<B> {
                input: &input,
                input_stride: pixels,
                weights: &weights[panel * k..][..k],
                start: Start::Bias(&bias),
                residual: None,
                act: Act::Relu,
                out: rows.rows_from::<B>(0),
                next_weights: weights.get((panel + 1) * k..(panel + 2) * k).unwrap_or(&[]),
                fresh_input: panel == 0,
                far_output: false,
            });
        }
    };
    rate(work, (2 * k * pixels * panels * 16 * B) as f64)
}

fn depthwise(isa: Isa, kernel: usize, stride: usize, out_width: usize) -> f64 {
    let width = (out_width - 1) * stride + kernel;
    let rows = 8;
    let band = vec![[1.0; 16]; ((rows - 1) * stride + kernel) * width];
    let weights = vec![[0.5; 16]; kernel * kernel];
    let mut out = vec![[0.0; 16]; rows * out_width];
    let bias = [0.0; 16];
    let work = || {
        isa.run(Depthwise {
            band: &band,
            width,
            kernel,
            stride,
            weights: &weights,
            bias: &bias,
            act: Act::Relu6,
            out: &mut out,
            out_width,
        });
    };
    rate(work, (2 * 16 * kernel * kernel * rows * out_width) as f64)
}

fn stem(isa: Isa, side: usize, stride: usize, pixels: usize) -> f64 {
    let width = (pixels - 1) * stride + side;
    let planes = vec![1.0; 3 * side * width];
    let offsets: Vec<usize> = (0..3 * side).flat_map(|row| (0..side).map(move |x| row * width + x)).collect();
    let weights = vec![[[0.5; 16]; 1]; offsets.len()];
    let bias = [[0.0; 16]];
    let mut out = vec![[0.0; 16]; pixels];
    let units = (2 * 16 * offsets.len() * pixels) as f64;
    let work = || {
        isa.run(StemRow::<1> {
            planes: &planes,
            offsets: &offsets,
            stride,
            weights: &weights,
            bias: &bias,
            act: Act::Relu,
            out: [&mut out],
        });
    };
    rate(work, units)
}

/// Bytes a second that the transforms of a 56×56 plane read and write.
fn transforms(isa: Isa, scheme: Scheme) -> (f64, f64) {
    let side = 56 / scheme.stride();
    let tiling = Tiling { scheme, input: [56, 56], output: [side, side], padding: [1, 1] };
    let (tiles, positions) = (tiling.tiles(), scheme.positions());
    let plane = vec![[1.0; 16]; 56 * 56];
    let mut transformed = vec![[0.0; 16]; positions * tiles];
    let mut out = vec![[0.0; 16]; side * side];
    let bytes = |pixels: usize| (64 * (pixels + positions * tiles)) as f64;
    let input = rate(
        || {
            let out = WindowMut::new(&mut transformed, positions, tiles, tiles);
            isa.run(InputTransform { tiling, plane: &plane, tiles: 0..tiles, out });
        },
        bytes(56 * 56),
    );
    let output = rate(
        || {
            isa.run(OutputTransform {
                tiling,
                products: WindowMut::new(&mut transformed, positions, tiles, tiles),
                tiles: 0..tiles,
                bias: &[0.0; 16],
                residual: None,
                act: Act::Relu,
                pool: false,
                out: &mut out,
                first_pixel: 0,
            });
        },
        bytes(side * side),
    );
    (input, output)
}

/// Bytes a second that a pooling of a 112×112 plane reads and writes.
fn pooling(isa: Isa) -> f64 {
    let plane = vec![[1.0; 16]; 112 * 112];
    let mut out = vec![[0.0; 16]; 56 * 56];
    let windows: Vec<Extent> =
        (0..56usize).map(|i| Extent { range: (2 * i).saturating_sub(1)..2 * i + 2, size: 3 }).collect();
    let work = || {
        isa.run(Pool { plane: &plane, width: 112, max: true, rows: &windows, columns: &windows, out: &mut out });
    };
    rate(work, (64 * (112 * 112 + 56 * 56)) as f64)
}
