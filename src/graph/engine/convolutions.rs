//! Which algorithm computes a convolution, and how its work is split.
//!
//! The algorithm depends on the layer's shape alone, never on the batch or the number of threads: results must not.

use std::sync::Arc;

use candle_core::Result;

use super::network::Kind;
use super::ops::Map;
use super::ops::depthwise::DepthwiseConv;
use super::ops::gemm::{CollectTaps, Product, Source};
use super::ops::grouped::Grouped;
use super::ops::maps::{PoolPlanes, plane_windows};
use super::ops::stem::{PadInput, Stem};
use super::ops::winograd::{TransformInput, Winograd};
use super::plan::Planner;
use super::shapes::pool_windows;
use super::weights::{ConvSpec, ConvWeights, LinearWeights};
use crate::graph::{Padding, Pool2d};
use crate::kernels::activation::Act;
use crate::kernels::depthwise::Depthwise;
use crate::kernels::layout::Taps;
use crate::kernels::panels::Panels;
use crate::kernels::program::{Buffer, Span, Step};
use crate::kernels::stem::StemRow;
use crate::kernels::winograd::{Scheme, Tiling};
use crate::kernels::{LANES, Lanes};

/// Input channels up to which the first layer reads planes.
const STEM_CHANNELS: usize = 4;

/// How a convolution is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Algorithm {
    /// A product with the pixels as they lie.
    Pointwise,
    /// A product with collected taps.
    Collected,
    /// Minimal filtering.
    Winograd(Scheme),
    /// Lane by lane.
    Depthwise,
    /// Block by block.
    Grouped,
}

/// Whether a layer reads the input's planes.
pub(super) fn is_stem(planner: &Planner<'_>, layer: usize) -> bool {
    let layer = &planner.network.layers[layer];
    match &layer.kind {
        Kind::Conv { weights, .. } => {
            let spec = &weights.spec;
            layer.inputs[..] == [0]
                && spec.inputs <= STEM_CHANNELS
                && spec.groups == 1
                && StemRow::<1>::supports(spec.stride[1])
        }
        _ => false,
    }
}

fn algorithm(spec: &ConvSpec, output: [usize; 2]) -> Algorithm {
    let [kh, kw] = spec.kernel;
    let plain = spec.dilation == [1, 1];
    let square = kh == kw && spec.stride[0] == spec.stride[1];
    if spec.is_pointwise() {
        Algorithm::Pointwise
    } else if spec.is_depthwise() && plain && square && Depthwise::supports(kh, spec.stride[0]) {
        Algorithm::Depthwise
    } else if spec.groups > 1 {
        Algorithm::Grouped
    } else if [kh, kw] == [3, 3] && square && plain && spec.inputs >= LANES && spec.outputs >= LANES {
        fastest_3x3(spec, output)
    } else {
        Algorithm::Collected
    }
}

/// The least estimated time for one image: products at the processor's rate, weights from memory once.
fn fastest_3x3(spec: &ConvSpec, [h, w]: [usize; 2]) -> Algorithm {
    const PRODUCTS_PER_SECOND: f64 = 200e9;
    const BYTES_PER_SECOND: f64 = 35e9;
    const TRANSFORM_BYTES_PER_SECOND: f64 = 200e9;
    let weights = (spec.inputs * spec.outputs) as f64;
    let seconds = |scheme: Option<Scheme>| {
        let (tiles, positions) = match scheme {
            Some(scheme) => (h.div_ceil(scheme.edge()) * w.div_ceil(scheme.edge()), scheme.positions()),
            None => (h * w, 9),
        };
        let (tiles, positions) = (tiles as f64, positions as f64);
        let products = tiles * positions * weights / PRODUCTS_PER_SECOND;
        let memory = positions * weights * 4.0 / BYTES_PER_SECOND;
        let channels = (spec.inputs + spec.outputs) as f64;
        let transforms =
            if scheme.is_some() { tiles * positions * channels * 8.0 / TRANSFORM_BYTES_PER_SECOND } else { 0.0 };
        products.max(memory) + 0.3 * products.min(memory) + transforms
    };
    let schemes = Scheme::ALL.into_iter().filter(|scheme| spec.stride == [scheme.stride(); 2]).map(Some);
    let best = [None].into_iter().chain(schemes).min_by(|a, b| seconds(*a).total_cmp(&seconds(*b)));
    best.flatten().map_or(Algorithm::Collected, Algorithm::Winograd)
}

/// Adds the steps of a convolution.
pub(super) fn conv(
    planner: &mut Planner<'_>,
    layer: usize,
    weights: &Arc<ConvWeights>,
    act: Act,
    pool: Option<Pool2d>,
) -> Result<()> {
    let spec = weights.spec;
    let input = planner.network.layers[layer].inputs[0];
    let output = spec.output(planner.shapes[input].size())?;
    if is_stem(planner, layer) {
        return stem(planner, layer, weights, act, pool);
    }
    let algorithm = algorithm(&spec, output);
    let in_transform = pool.is_some_and(|p| is_halving(&p, output)) && keeps_order(act);
    let fused = matches!(algorithm, Algorithm::Winograd(_)) && in_transform;
    // a pooling that the algorithm does not do itself reads the convolution's result from a temporary map
    let separate = pool.filter(|_| !fused);
    let conv = Conv {
        layer,
        weights,
        act,
        x: planner.at(input),
        output,
        has_residual: planner.network.layers[layer].inputs.len() > 1,
    };
    let start = match separate {
        Some(_) => planner.temporary(layer, conv.result(0).len()),
        None => planner.at(layer).start,
    };
    match algorithm {
        Algorithm::Pointwise => conv.product(planner, start, true)?,
        Algorithm::Collected => conv.product(planner, start, false)?,
        Algorithm::Winograd(scheme) => conv.winograd(planner, start, scheme, fused)?,
        Algorithm::Depthwise => conv.depthwise(planner, start)?,
        Algorithm::Grouped => conv.grouped(planner, start)?,
    }
    if let Some(pool) = separate {
        let [rows, columns] = pool_windows(&pool, output)?;
        let (x, to) = (conv.result(start), planner.at(layer));
        let windows = plane_windows(to.start, to.blocks * to.batch, to.pixels());
        planner.push(Box::new(PoolPlanes { x, max: true, rows, columns }), vec![Planner::span(x)], windows, 0);
    }
    Ok(())
}

/// Whether a pooling keeps the largest of each 2×2 pixels of a map with even edges.
fn is_halving(pool: &Pool2d, output: [usize; 2]) -> bool {
    pool.kernel == [2, 2]
        && pool.stride == [2, 2]
        && pool.padding == Padding::same(0)
        && output.iter().all(|n| n.is_multiple_of(2))
}

/// Whether the largest value stays the largest, so that a maximum may come before the activation.
fn keeps_order(act: Act) -> bool {
    match act {
        Act::Identity | Act::Relu | Act::Relu6 => true,
        Act::LeakyRelu(slope) => slope >= 0.0,
        _ => false,
    }
}

/// A convolution that reads a map in the arena.
struct Conv<'a> {
    layer: usize,
    weights: &'a ConvWeights,
    act: Act,
    x: Map,
    output: [usize; 2],
    has_residual: bool,
}

impl Conv<'_> {
    /// Its result, at a place in the arena.
    fn result(&self, start: usize) -> Map {
        Map { start, blocks: self.weights.spec.outputs.div_ceil(LANES), batch: self.x.batch, size: self.output }
    }

    fn taps(&self) -> Taps {
        let ConvSpec { kernel, stride, dilation, padding, .. } = self.weights.spec;
        let padding = [padding.top, padding.left];
        Taps { input: self.x.size, output: self.output, kernel, stride, dilation, padding }
    }

    fn product(&self, planner: &mut Planner<'_>, start: usize, pointwise: bool) -> Result<()> {
        let panels = self.weights.gemm()?;
        let pixels = self.result(0).plane();
        let parts = product_parts(&panels, pixels, planner.threads);
        let mut spans = planner.spans(self.layer);
        let source = if pointwise {
            Source::InPlace(pixels)
        } else if parts[1] == 1 {
            Source::Collected(self.taps(), self.x.blocks)
        } else {
            let op = CollectTaps {
                taps: self.taps(),
                blocks: self.x.blocks,
                pixels,
                parts: (4 * planner.threads).min(self.x.blocks),
            };
            let collected = Map {
                start: planner.temporary(self.layer, self.weights.spec.taps() * self.x.blocks * pixels),
                blocks: self.weights.spec.taps() * self.x.blocks,
                batch: self.x.batch,
                size: self.output,
            };
            let windows = op.windows(collected.start);
            planner.push(Box::new(op), vec![Planner::span(self.x)], windows, 0);
            spans[0] = Planner::span(collected);
            Source::InPlace(pixels)
        };
        let (bias, has_residual, act) = (self.weights.bias(), self.has_residual, self.act);
        push_product(planner, spans, start, Product { source, pixels, parts, panels, bias, has_residual, act });
        Ok(())
    }

    fn winograd(&self, planner: &mut Planner<'_>, start: usize, scheme: Scheme, pool: bool) -> Result<()> {
        let spec = &self.weights.spec;
        let padding = [spec.padding.top, spec.padding.left];
        let tiling = Tiling { scheme, input: self.x.size, output: self.output, padding };
        let weights = self.weights.winograd(scheme)?;
        let threads = planner.threads;
        let [rows, columns] = tiling.grid();
        let all_rows = self.x.batch * rows;
        // transformed tiles and the products of one panel stay in the second-level cache; at least two register tiles
        let bytes = scheme.positions() * size_of::<Lanes>() * (self.x.blocks + 2);
        let together = (700_000 / bytes / 14 * 14).clamp(28, 112);
        let mut row_parts = all_rows.div_ceil((together / columns).max(1));
        if row_parts > 2 * threads {
            row_parts = row_parts.next_multiple_of(threads).min(all_rows);
        }
        let mut spans = planner.spans(self.layer);
        let transformed = row_parts < 4 * threads;
        let mut panel_parts = 1;
        if transformed {
            row_parts = all_rows.div_ceil((56 / columns).max(1));
            panel_parts = (4 * threads).div_ceil(row_parts).min(weights[0].count());
            let tiles = self.x.batch * tiling.tiles();
            let parts = if self.x.blocks < 8 { 2 } else { 1 };
            let op = TransformInput { tiling, tiles, blocks: self.x.blocks, parts };
            let len = scheme.positions() * self.x.blocks * tiles;
            let at = planner.temporary(self.layer, len);
            let windows = op.windows(at);
            planner.push(Box::new(op), vec![Planner::span(self.x)], windows, 0);
            spans[0] = Span { buffer: Buffer::Arena, range: at * LANES..(at + len) * LANES };
        }
        let op = Winograd {
            tiling,
            batch: self.x.batch,
            channels: spec.inputs,
            blocks: self.x.blocks,
            transformed,
            parts: [row_parts, panel_parts],
            together: together.min(all_rows.div_ceil(row_parts) * columns),
            weights,
            bias: self.weights.bias(),
            has_residual: self.has_residual,
            act: self.act,
            pool,
        };
        let (windows, scratch) = (op.windows(start), op.scratch());
        planner.push(Box::new(op), spans, windows, scratch);
        Ok(())
    }

    fn depthwise(&self, planner: &mut Planner<'_>, start: usize) -> Result<()> {
        let spec = &self.weights.spec;
        let Padding { top, left, right, .. } = spec.padding;
        let [oh, ow] = self.output;
        let op = DepthwiseConv {
            x: self.x,
            output: self.output,
            kernel: spec.kernel[0],
            stride: spec.stride[0],
            padding: [top, left, right],
            bands: (oh * ow).div_ceil(1568).clamp(1, oh),
            weights: self.weights.depthwise()?,
            bias: self.weights.bias(),
            act: if self.has_residual { Act::Identity } else { self.act },
        };
        let scratch = op.scratch();
        if !self.has_residual {
            let windows = op.windows(start);
            planner.push(Box::new(op), vec![Planner::span(self.x)], windows, scratch);
            return Ok(());
        }
        let alone = self.result(planner.temporary(self.layer, self.result(0).len()));
        let windows = op.windows(alone.start);
        planner.push(Box::new(op), vec![Planner::span(self.x)], windows, scratch);
        let residual = planner.spans(self.layer)[1].clone();
        planner.push_sum(alone, residual, self.act, start);
        Ok(())
    }

    fn grouped(&self, planner: &mut Planner<'_>, start: usize) -> Result<()> {
        let panels = self.weights.grouped()?;
        let pixels = self.result(0).plane();
        let together = (300_000 / (panels.rows() * 4)).clamp(28, 448);
        let op = Grouped {
            spec: self.weights.spec,
            taps: self.taps(),
            blocks: self.x.blocks,
            pixels,
            parts: pixels.div_ceil(together),
            panels,
            bias: self.weights.bias(),
            has_residual: self.has_residual,
            act: self.act,
        };
        let (windows, scratch) = (op.windows(start), op.scratch());
        let spans = planner.spans(self.layer);
        planner.push(Box::new(op), spans, windows, scratch);
        Ok(())
    }
}

/// Into how many ranges the pixels and the panels of a product are split.
fn product_parts(panels: &Panels, pixels: usize, threads: usize) -> [usize; 2] {
    if pixels <= 64 {
        return [1, (8 * threads).min(panels.count())];
    }
    // the pixels of a task and one panel stay in the second-level cache
    let together = (300_000 / (panels.rows() * 4) / 14 * 14).clamp(28, 448);
    let parts = pixels.div_ceil(together);
    let panel_parts = if parts < 4 * threads { (4 * threads).div_ceil(parts).min(panels.count()) } else { 1 };
    [parts, panel_parts]
}

fn push_product(planner: &mut Planner<'_>, spans: Vec<Span>, start: usize, product: Product) {
    let (windows, scratch) = (product.windows(start), product.scratch());
    planner.push(Box::new(product), spans, windows, scratch);
}

/// Adds the step of a linear layer.
pub(super) fn linear(planner: &mut Planner<'_>, layer: usize, weights: &LinearWeights, act: Act) -> Result<()> {
    let (panels, pixels) = (weights.panels()?, planner.images(layer));
    let parts = product_parts(&panels, pixels, planner.threads);
    let has_residual = planner.network.layers[layer].inputs.len() > 1;
    let (spans, start) = (planner.spans(layer), planner.at(layer).start);
    let source = Source::InPlace(pixels);
    push_product(
        planner,
        spans,
        start,
        Product { source, pixels, parts, panels, bias: weights.bias(), has_residual, act },
    );
    Ok(())
}

/// Adds the steps of a convolution that reads the input's planes.
fn stem(planner: &mut Planner<'_>, layer: usize, weights: &ConvWeights, act: Act, pool: Option<Pool2d>) -> Result<()> {
    let spec = weights.spec;
    let shape = planner.shapes[0];
    let [h, w] = shape.size();
    let Padding { top, left, bottom, right } = spec.padding;
    let padded = [h + top + bottom, w + left + right];
    let plane = padded[0] * padded[1];
    let images = planner.images(layer);
    let planes = images * spec.inputs;
    let at = planner.temporary(layer, (planes * plane).div_ceil(LANES)) * LANES;
    let input = 0..planner.images_in_all() * spec.inputs * shape.pixels();
    let name = planner.name.clone();
    planner.push_each_pass(layer, |first| {
        let op = PadInput { first: first * spec.inputs, planes, size: [h, w], padding: [top, left], padded };
        let windows = op.windows(at);
        let reads = vec![Span { buffer: Buffer::Input, range: input.clone() }];
        Step { name: name.clone(), op: Box::new(op), reads, writes: Buffer::Arena, windows, scratch: 0 }
    });
    let mut offsets = Vec::new();
    for c in 0..spec.inputs {
        for ky in 0..spec.kernel[0] {
            for kx in 0..spec.kernel[1] {
                offsets.push((c * padded[0] + ky * spec.dilation[0]) * padded[1] + kx * spec.dilation[1]);
            }
        }
    }
    let output = spec.output([h, w])?;
    let op = Stem {
        batch: images,
        padded,
        image: spec.inputs * plane,
        offsets,
        stride: spec.stride,
        output,
        band: if pool.is_some() { 4 } else { 8 },
        pool: pool.map(|p| pool_windows(&p, output)).transpose()?,
        panels: weights.stem()?,
        bias: weights.bias(),
        act,
    };
    let (windows, scratch) = (op.windows(planner.at(layer).start), op.scratch());
    let span = Span { buffer: Buffer::Arena, range: at..at + planes * plane };
    planner.push(Box::new(op), vec![span], windows, scratch);
    Ok(())
}
