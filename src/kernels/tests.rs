//! Every kernel against its definition on single numbers, on every instruction set that the processor has.

use proptest::prelude::*;

use super::activation::Act;
use super::depthwise::{Depthwise, copy_padded, pack_filters};
use super::elementwise::{Combine, Operand};
use super::layout::{Taps, block_to_planes, copy_lanes, planes_to_block};
use super::norm::LayerNorm;
use super::pool::{Extent, Pool};
use super::resample::{Resample, Tap};
use super::stem::{StemRow, pad_plane};
use super::winograd::{InputTransform, OutputTransform, Scheme, Tiling, transform_filter};
use super::{Isa, LANES, Lanes, WindowMut};

/// Numbers in -1..1 that are the same on every run.
fn numbers(seed: u64, len: usize) -> Vec<f32> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    };
    (0..len).map(|_| next()).collect()
}

fn pixels(seed: u64, len: usize) -> Vec<Lanes> {
    numbers(seed, len * LANES).as_chunks().0.to_vec()
}

/// A value of a plane, zero outside.
fn at(plane: &[Lanes], [h, w]: [usize; 2], y: isize, x: isize, lane: usize) -> f64 {
    let inside = (0..h as isize).contains(&y) && (0..w as isize).contains(&x);
    if inside { f64::from(plane[y as usize * w + x as usize][lane]) } else { 0.0 }
}

/// Compares with the definition, which gives the value of a pixel and a lane.
fn close(out: &[Lanes], tolerance: f64, expected: impl Fn(usize, usize) -> f64) -> Result<(), TestCaseError> {
    for (p, pixel) in out.iter().enumerate() {
        for (lane, v) in pixel.iter().enumerate() {
            let expected = expected(p, lane);
            prop_assert!((f64::from(*v) - expected).abs() <= tolerance, "pixel {p} lane {lane}: {v} {expected}");
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn winograd_is_a_convolution(size in [1..19usize, 1..19usize], top in 0..3usize, left in 0..3usize, scheme in 0..3usize) {
        let [h, w] = size;
        let scheme = Scheme::ALL[scheme];
        let stride = scheme.stride();
        // more rows and columns of zeros at the end than the filter needs
        let output = [(h + top).div_ceil(stride), (w + left).div_ceil(stride)];
        let tiling = Tiling { scheme, input: size, output, padding: [top, left] };
        let images = 2;
        let tiles = images * tiling.tiles();
        let (plane, residual) = (pixels(1, images * h * w), pixels(2, images * output[0] * output[1]));
        let filter: [f32; 9] = *numbers(3, 9).first_chunk().expect("nine of them");
        let bias = pixels(4, 1)[0];
        let mut transformed_filter = vec![0.0; scheme.positions()];
        transform_filter(scheme, &filter, &mut transformed_filter);
        for isa in Isa::available() {
            let mut products = vec![[f32::NAN; LANES]; scheme.positions() * tiles];
            let out = WindowMut::new(&mut products, scheme.positions(), tiles, tiles);
            isa.run(InputTransform { tiling, plane: &plane, tiles: 0..tiles, out });
            for (row, factor) in products.chunks_exact_mut(tiles).zip(&transformed_filter) {
                row.as_flattened_mut().iter_mut().for_each(|v| *v *= factor);
            }
            let mut out = vec![[f32::NAN; LANES]; residual.len()];
            isa.run(OutputTransform {
                tiling,
                products: WindowMut::new(&mut products, scheme.positions(), tiles, tiles),
                tiles: 0..tiles,
                bias: &bias,
                residual: Some(&residual),
                act: Act::LeakyRelu(0.5),
                pool: false,
                out: &mut out,
                first_pixel: 0,
            });
            let [oh, ow] = tiling.output;
            close(&out, 2e-5, |p, lane| {
                let (image, y, x) = (p / (oh * ow), p / ow % oh, p % ow);
                let plane = &plane[image * h * w..][..h * w];
                let tap = |t: usize| {
                    let y = (stride * y + t / 3) as isize - top as isize;
                    let x = (stride * x + t % 3) as isize - left as isize;
                    f64::from(filter[t]) * at(plane, size, y, x, lane)
                };
                let sum: f64 = (0..9).map(tap).sum();
                Act::LeakyRelu(0.5).scalar(sum + f64::from(bias[lane]) + f64::from(residual[p][lane]))
            })?;
        }
    }

    #[test]
    fn depthwise_is_a_convolution_of_each_channel(
        size in [1..16usize, 1..16usize],
        kernel in 1..4usize,
        stride in 1..3usize,
        padding in [0..4usize, 0..4usize, 0..4usize, 0..4usize],
    ) {
        let kernel = 2 * kernel + 1;
        let ([h, w], [top, left, bottom, right]) = (size, padding);
        prop_assume!(h + top + bottom >= kernel && w + left + right >= kernel);
        let [oh, ow] = [(h + top + bottom - kernel) / stride + 1, (w + left + right - kernel) / stride + 1];
        let (plane, bias) = (pixels(1, h * w), pixels(2, 1)[0]);
        let weights = pack_filters(&numbers(3, LANES * kernel * kernel), kernel * kernel);
        let width = left + w + right;
        let mut band = vec![[f32::NAN; LANES]; ((oh - 1) * stride + kernel) * width];
        copy_padded(&plane, size, [top, left], 0, width, &mut band);
        for isa in Isa::available() {
            let mut out = vec![[f32::NAN; LANES]; oh * ow];
            let (weights, bias) = (&weights[..], &bias);
            isa.run(Depthwise { band: &band, width, kernel, stride, weights, bias, act: Act::Silu, out: &mut out, out_width: ow });
            close(&out, 2e-5, |p, lane| {
                let mut sum = f64::from(bias[lane]);
                for (t, w) in weights.iter().enumerate() {
                    let y = (p / ow * stride + t / kernel) as isize - top as isize;
                    let x = (p % ow * stride + t % kernel) as isize - left as isize;
                    sum += f64::from(w[lane]) * at(&plane, size, y, x, lane);
                }
                Act::Silu.scalar(sum)
            })?;
        }
    }

    #[test]
    fn a_stem_row_is_a_row_of_a_convolution(count in 1..60usize, kernel in 1..8usize, stride in 0..3usize, left in 0..3usize) {
        let stride = 1 << stride;
        let width = ((count - 1) * stride + kernel).saturating_sub(left).max(1);
        let padded = (left + width).max((count - 1) * stride + kernel);
        let planes = numbers(1, 2 * kernel * width);
        let mut all = vec![f32::NAN; 2 * kernel * padded];
        for (from, to) in planes.chunks(kernel * width).zip(all.chunks_mut(kernel * padded)) {
            pad_plane(from, [kernel, width], [0, left], 0, padded, to);
        }
        let offsets: Vec<usize> = (0..2 * kernel).flat_map(|row| (0..kernel).map(move |x| row * padded + x)).collect();
        let (weights, bias) = (pixels(2, offsets.len()), pixels(3, 1)[0]);
        let packed: Vec<[Lanes; 1]> = weights.iter().map(|w| [*w]).collect();
        for isa in Isa::available() {
            let mut out = vec![[f32::NAN; LANES]; count];
            let bias = [bias];
            let (planes, offsets) = (&all[..], &offsets[..]);
            isa.run(StemRow::<1> { planes, offsets, stride, weights: &packed, bias: &bias, act: Act::Relu6, out: [&mut out] });
            close(&out, 2e-5, |p, lane| {
                let products = offsets.iter().zip(&weights).map(|(o, w)| f64::from(all[o + p * stride]) * f64::from(w[lane]));
                Act::Relu6.scalar(f64::from(bias[0][lane]) + products.sum::<f64>())
            })?;
        }
    }

    #[test]
    fn pooling_takes_the_largest_or_the_mean(size in [1..9usize, 1..9usize], reach in 1..4usize, max: bool) {
        let [h, w] = size;
        let plane = pixels(1, h * w);
        let windows = |n: usize| (0..n).map(|i| Extent { range: i..(i + reach).min(n), size: reach }).collect::<Vec<_>>();
        let (rows, columns) = (windows(h), windows(w));
        for isa in Isa::available() {
            let mut out = vec![[f32::NAN; LANES]; h * w];
            isa.run(Pool { plane: &plane, width: w, max, rows: &rows, columns: &columns, out: &mut out });
            close(&out, 1e-6, |p, lane| {
                let columns = columns[p % w].range.clone();
                let values = rows[p / w].range.clone().flat_map(|y| columns.clone().map(move |x| (y, x)));
                let values = values.map(|(y, x)| f64::from(plane[y * w + x][lane]));
                if max { values.fold(f64::NEG_INFINITY, f64::max) } else { values.sum::<f64>() / (reach * reach) as f64 }
            })?;
        }
    }

    #[test]
    fn resampling_weighs_four_pixels(size in [1..9usize, 1..9usize], places in prop::collection::vec((0..8usize, 0..8usize, 0.0..1.0f32), 1..9)) {
        let [h, w] = size;
        let plane = pixels(1, h * w);
        let taps = |n: usize| places.iter().map(|(a, b, weight)| Tap { low: a % n, high: b % n, weight: *weight }).collect::<Vec<_>>();
        let (rows, columns) = (taps(h), taps(w));
        for isa in Isa::available() {
            let mut out = vec![[f32::NAN; LANES]; places.len() * places.len()];
            isa.run(Resample { plane: &plane, width: w, rows: &rows, columns: &columns, out: &mut out });
            close(&out, 1e-6, |p, lane| {
                let (row, column) = (rows[p / places.len()], columns[p % places.len()]);
                let (v, u) = (f64::from(row.weight), f64::from(column.weight));
                let value = |y: usize, x: usize| f64::from(plane[y * w + x][lane]);
                (1.0 - v) * ((1.0 - u) * value(row.low, column.low) + u * value(row.low, column.high))
                    + v * ((1.0 - u) * value(row.high, column.low) + u * value(row.high, column.high))
            })?;
        }
    }

    #[test]
    fn runs_are_combined_pixel_by_pixel(count in 1..40usize) {
        let (a, b, scale, shift) = (pixels(1, count), pixels(2, count), pixels(3, 1)[0], pixels(4, 1)[0]);
        for isa in Isa::available() {
            let run = |operand: Operand<'_>| {
                let mut to = vec![[f32::NAN; LANES]; count];
                isa.run(Combine { from: &a, operand, act: Act::Relu, to: &mut to });
                to
            };
            let x = |p: usize, l: usize| f64::from(a[p][l]);
            let y = |p: usize, l: usize| f64::from(b[p][l]);
            close(&run(Operand::Add(&b)), 1e-6, |p, l| (x(p, l) + y(p, l)).max(0.0))?;
            close(&run(Operand::Mul(&b)), 1e-6, |p, l| (x(p, l) * y(p, l)).max(0.0))?;
            close(&run(Operand::Scale(&scale)), 1e-6, |p, l| (x(p, l) * f64::from(scale[l])).max(0.0))?;
            let affine = |p, l: usize| (x(p, l) * f64::from(scale[l]) + f64::from(shift[l])).max(0.0);
            close(&run(Operand::Affine(&scale, &shift)), 1e-6, affine)?;
        }
    }

    #[test]
    fn layer_norm_takes_the_channels_that_exist(channels in 1..60usize, count in 1..9usize, first in 0..3usize) {
        let blocks = channels.div_ceil(LANES);
        let plane = first + count;
        let (map, weight, bias) = (pixels(1, blocks * plane), pixels(2, blocks), pixels(3, blocks));
        for isa in Isa::available() {
            let mut out = vec![[f32::NAN; LANES]; blocks * count];
            let window = WindowMut::new(&mut out, blocks, count, count);
            let (map, weight, bias) = (&map[..], &weight[..], &bias[..]);
            isa.run(LayerNorm { map, plane, first, channels, weight, bias, eps: 1e-3, out: window });
            for p in 0..count {
                let value = |c: usize| f64::from(map[c / LANES * plane + first + p][c % LANES]);
                let mean = (0..channels).map(value).sum::<f64>() / channels as f64;
                let variance = (0..channels).map(|c| (value(c) - mean).powi(2)).sum::<f64>() / channels as f64;
                for c in 0..channels {
                    let (w, b) = (f64::from(weight[c / LANES][c % LANES]), f64::from(bias[c / LANES][c % LANES]));
                    let expected = (value(c) - mean) / (variance + 1e-3).sqrt() * w + b;
                    let found = f64::from(out[c / LANES * count + p][c % LANES]);
                    prop_assert!((found - expected).abs() <= 1e-4, "{} channel {c}: {found} {expected}", isa.name());
                }
            }
        }
    }

    #[test]
    fn collected_taps_are_what_the_filter_sees(
        size in [1..12usize, 1..12usize],
        kernel in [1..4usize, 1..4usize],
        stride in [1..4usize, 1..4usize],
        dilation in [1..3usize, 1..3usize],
        padding in [0..4usize, 0..4usize],
        first in 0..50usize,
        count in 1..50usize,
    ) {
        let ([h, w], images) = (size, 3);
        let output: [usize; 2] = std::array::from_fn(|a| (size[a] + padding[a]).div_ceil(stride[a]));
        let all = images * output[0] * output[1];
        let (first, count) = (first.min(all - 1), count.min(all - first.min(all - 1)));
        let taps = Taps { input: size, output, kernel, stride, dilation, padding };
        let plane = pixels(1, images * h * w);
        for tap in 0..kernel[0] * kernel[1] {
            let (ky, kx) = (tap / kernel[1], tap % kernel[1]);
            let mut out = vec![[f32::NAN; LANES]; count];
            taps.collect(&plane, [ky, kx], first, &mut out);
            close(&out, 0.0, |p, lane| {
                let p = first + p;
                let (image, y, x) = (p / (output[0] * output[1]), p / output[1] % output[0], p % output[1]);
                let y = (y * stride[0] + ky * dilation[0]) as isize - padding[0] as isize;
                let x = (x * stride[1] + kx * dilation[1]) as isize - padding[1] as isize;
                at(&plane[image * h * w..][..h * w], size, y, x, lane)
            })?;
        }
    }

    #[test]
    fn planes_survive_the_way_through_blocks(channels in 1..=LANES, count in 1..30usize, lane in 0..8usize) {
        let planes = numbers(1, channels * count);
        let mut block = vec![[f32::NAN; LANES]; count];
        planes_to_block(&planes, &mut block);
        prop_assert!(block.iter().all(|pixel| pixel[channels..].iter().all(|v| *v == 0.0)));
        let mut back = vec![f32::NAN; planes.len()];
        block_to_planes(&block, &mut back);
        prop_assert_eq!(&back, &planes);
        let mut moved = vec![[0.0; LANES]; count];
        copy_lanes(&block, 0..LANES - lane, &mut moved, lane);
        prop_assert!(moved.iter().zip(&block).all(|(a, b)| a[lane..] == b[..LANES - lane]));
    }
}

#[test]
fn the_mean_of_a_large_map_keeps_its_last_digits() {
    let (side, value) = (64, 0.1f32);
    let plane = vec![[value; LANES]; side * side];
    let whole = [Extent { range: 0..side, size: side }];
    for isa in Isa::available() {
        let mut out = [[f32::NAN; LANES]];
        isa.run(Pool { plane: &plane, width: side, max: false, rows: &whole, columns: &whole, out: &mut out });
        // one sum over all pixels would be 3e-5 off
        assert!((out[0][0] - value).abs() <= 1e-6 * value, "{}: {}", isa.name(), out[0][0]);
    }
}
