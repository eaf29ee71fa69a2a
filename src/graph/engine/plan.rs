//! A network prepared for one batch size and one input size: steps over one arena.
//!
//! Large maps of many images do not stay in the processor's caches. So a plan for a batch takes the early layers image by
//! image, depth first, and the late layers, whose weights outweigh their maps, for the whole batch. It switches where one
//! result is all that later layers need.

use std::sync::Arc;

use candle_core::{Error, Result};

use super::network::{Kind, Network};
use super::ops::Map;
use super::ops::layout::{Concat, Flatten, Gather, PackInput, UnpackOutput};
use super::ops::maps::{NormaliseChannels, Other, Pixels, PoolPlanes, UpsamplePlanes, plane_windows};
use super::shapes::{Shape, adaptive_windows, pool_windows};
use super::{convolutions, memory::Allocator};
use crate::graph::{Interpolation, PoolKind};
use crate::kernels::activation::Act;
use crate::kernels::pool::Extent;
use crate::kernels::program::{Buffer, Op, Program, Sizes, Span, Step};
use crate::kernels::{LANES, Window};

/// Bytes of a batch's map that still stay near the processor.
const NEAR_BYTES: usize = 8 << 20;
/// Most images that one plan takes.
const MOST_IMAGES: usize = 32;

/// A window in units of blocks of lanes.
pub(super) fn window(start: usize, rows: usize, stride: usize, len: usize) -> Window {
    Window { start: start * LANES, rows, stride: stride * LANES, len: len * LANES }
}

/// How many images of a batch one plan takes, so that its memory stays bounded.
pub(super) fn images_per_plan(network: &Network, shapes: &[Shape], batch: usize) -> usize {
    let mut images = batch.min(MOST_IMAGES);
    while images > 1 {
        let late = boundary(network, shapes, images).map_or(0, |b| b + 1);
        let largest = shapes[late..].iter().map(bytes).max().unwrap_or(0);
        if images * largest <= 2 * NEAR_BYTES {
            break;
        }
        images = images.div_ceil(2);
    }
    images
}

fn bytes(shape: &Shape) -> usize {
    shape.blocks() * LANES * shape.pixels() * size_of::<f32>()
}

/// The last layer whose maps are too large for the caches in a batch, up to which images are taken one by one; only a layer
/// whose result alone is needed afterwards can be it.
fn boundary(network: &Network, shapes: &[Shape], images: usize) -> Option<usize> {
    if images == 1 {
        return None;
    }
    let last = last_uses(network);
    let mut latest = 0;
    let mut found = None;
    for layer in 1..network.layers.len().saturating_sub(1) {
        latest = latest.max(last[layer - 1]);
        let alone = latest <= layer;
        if alone && shapes[layer..].iter().any(|s| images * bytes(s) > NEAR_BYTES) {
            found = Some(layer);
        }
    }
    found
}

/// For each layer, the last one that reads it.
fn last_uses(network: &Network) -> Vec<usize> {
    let mut last: Vec<usize> = (0..network.layers.len()).collect();
    for (i, layer) in network.layers.iter().enumerate() {
        for input in &layer.inputs {
            last[*input] = i;
        }
    }
    last
}

/// Checks and lays out a plan's steps.
pub(super) struct Planner<'a> {
    pub(super) network: &'a Network,
    pub(super) shapes: &'a [Shape],
    pub(super) threads: usize,
    batch: usize,
    boundary: Option<usize>,
    last: Vec<usize>,
    homes: Vec<(usize, usize)>,
    allocator: Allocator,
    /// Where each layer's result lies, once it is known.
    places: Vec<Option<Map>>,
    steps: Vec<Step>,
    entries: Vec<Entry>,
    /// The name of the layer whose steps are added.
    pub(super) name: Arc<str>,
}

/// Steps in the order of execution within a pass.
enum Entry {
    /// The same step in every pass.
    Always(usize),
    /// A step for each pass.
    EachPass(Vec<usize>),
}

impl<'a> Planner<'a> {
    /// Plans `batch` images.
    pub(super) fn new(network: &'a Network, shapes: &'a [Shape], batch: usize, threads: usize) -> Self {
        let boundary = boundary(network, shapes, batch);
        let mut planner = Self {
            network,
            shapes,
            threads,
            batch,
            boundary,
            last: last_uses(network),
            homes: (0..shapes.len()).map(|i| (i, 0)).collect(),
            allocator: Allocator::default(),
            places: vec![None; shapes.len()],
            steps: Vec::new(),
            entries: Vec::new(),
            name: "".into(),
        };
        planner.find_homes();
        planner
    }

    /// The program and the dimensions of its outputs.
    ///
    /// # Errors
    /// If weights cannot be packed; a program that does not pass its check would be an error of the planner.
    pub(super) fn plan(mut self) -> Result<Program> {
        let whole = self.boundary.map(|b| {
            let map = self.map(b, 0, self.batch);
            Map { start: self.allocator.get(map.len(), 0, self.last[b]), ..map }
        });
        let mut order = Vec::new();
        for layer in 0..self.network.layers.len() {
            self.place(layer);
            self.name = self.network.layers[layer].name.as_str().into();
            self.emit(layer).map_err(|e| e.context(format!("layer {}", self.network.layers[layer].name)))?;
            self.emit_outputs(layer);
            if let (Some(b), Some(whole)) = (self.boundary, whole)
                && b == layer
            {
                self.gather(layer, whole);
                self.places[layer] = Some(whole);
                self.finish_passes(&mut order, self.batch);
            }
        }
        self.finish_passes(&mut order, 1);
        let outputs = &self.network.outputs;
        let sizes = Sizes {
            input: self.batch * self.shapes[0].channels * self.shapes[0].pixels(),
            arena: self.allocator.peak() * LANES,
            outputs: outputs.iter().map(|o| self.shapes[*o].dims(self.batch).iter().product()).collect(),
        };
        Program::new(self.steps, order, sizes).map_err(Error::wrap)
    }

    /// Images that a layer takes at once.
    pub(super) fn images(&self, layer: usize) -> usize {
        if self.boundary.is_some_and(|b| layer <= b) { 1 } else { self.batch }
    }

    /// Images of the whole batch.
    pub(super) fn images_in_all(&self) -> usize {
        self.batch
    }

    fn passes(&self, layer: usize) -> usize {
        self.batch / self.images(layer)
    }

    fn map(&self, layer: usize, start: usize, batch: usize) -> Map {
        Map { start, blocks: self.shapes[layer].blocks(), batch, size: self.shapes[layer].size() }
    }

    /// Decides which results lie inside of another one: those that a concatenation joins at whole blocks, and flattened
    /// single pixels.
    fn find_homes(&mut self) {
        for (i, layer) in self.network.layers.iter().enumerate().rev() {
            match layer.kind {
                Kind::Concat => {
                    let mut channels = 0usize;
                    for (position, input) in layer.inputs.iter().enumerate() {
                        let shape = self.shapes[*input];
                        let last = position + 1 == layer.inputs.len();
                        let whole = channels.is_multiple_of(LANES) && (last || shape.channels.is_multiple_of(LANES));
                        let movable = self.homes[*input].0 == *input
                            && !matches!(self.network.layers[*input].kind, Kind::Input)
                            && !self.is_view(*input)
                            && self.boundary != Some(*input)
                            && self.images(*input) == self.images(i);
                        if whole && movable {
                            self.homes[*input] = (i, channels / LANES);
                        }
                        channels += shape.channels;
                    }
                }
                Kind::Flatten if self.is_view(i) => self.homes[i] = (layer.inputs[0], 0),
                _ => {}
            }
        }
    }

    /// Whether a layer's result is its input's memory.
    fn is_view(&self, layer: usize) -> bool {
        let Kind::Flatten = self.network.layers[layer].kind else { return false };
        let input = self.network.layers[layer].inputs[0];
        self.shapes[input].pixels() == 1 && self.boundary != Some(input)
    }

    /// The result that a layer's result lies in, and at which block.
    fn home(&self, layer: usize) -> (usize, usize) {
        let (mut root, mut block) = (layer, 0);
        while self.homes[root].0 != root {
            block += self.homes[root].1;
            root = self.homes[root].0;
        }
        (root, block)
    }

    /// Gives a layer's result its place, together with all that lie in the same one.
    fn place(&mut self, layer: usize) {
        let skip = layer == 0 && !self.needs_packed_input();
        if self.places[layer].is_some() || skip {
            return;
        }
        let (root, _) = self.home(layer);
        let members: Vec<usize> = (0..self.shapes.len()).filter(|i| self.home(*i).0 == root).collect();
        let last = members.iter().map(|i| if self.boundary == Some(*i) { *i } else { self.last[*i] }).max();
        let images = self.images(root);
        let len = self.map(root, 0, images).len();
        let start = self.allocator.get(len, layer, last.unwrap_or(layer));
        for member in members {
            let (_, block) = self.home(member);
            let plane = self.map(member, 0, images).plane();
            self.places[member] = Some(self.map(member, start + block * plane, images));
        }
    }

    fn needs_packed_input(&self) -> bool {
        let read =
            |(i, layer): (usize, &super::network::Layer)| layer.inputs.contains(&0) && !convolutions::is_stem(self, i);
        self.network.layers.iter().enumerate().any(read) || self.network.outputs.contains(&0)
    }

    /// Where a layer's result lies.
    ///
    /// # Panics
    /// If it has no place yet: layers are planned in order.
    pub(super) fn at(&self, layer: usize) -> Map {
        self.places[layer].expect("layers are planned after what they read")
    }

    /// Memory for one layer alone, in blocks of lanes.
    pub(super) fn temporary(&mut self, layer: usize, len: usize) -> usize {
        self.allocator.get(len, layer, layer)
    }

    /// What a step reads of a layer.
    pub(super) fn span(map: Map) -> Span {
        Span { buffer: Buffer::Arena, range: map.start * LANES..(map.start + map.len()) * LANES }
    }

    /// Adds a step that writes the arena.
    pub(super) fn push(&mut self, op: Box<dyn Op>, reads: Vec<Span>, windows: Vec<Window>, scratch: usize) {
        self.entries.push(Entry::Always(self.steps.len()));
        let name = self.name.clone();
        self.steps.push(Step { name, op, reads, writes: Buffer::Arena, windows, scratch });
    }

    /// Adds a step for each pass of the layer; `step` makes the one whose first image is given.
    pub(super) fn push_each_pass(&mut self, layer: usize, step: impl Fn(usize) -> Step) {
        let first = self.steps.len();
        let images = self.images(layer);
        self.steps.extend((0..self.passes(layer)).map(|pass| step(pass * images)));
        self.entries.push(Entry::EachPass((first..self.steps.len()).collect()));
    }

    /// Appends the steps since the last call to the order, in so many passes.
    fn finish_passes(&mut self, order: &mut Vec<usize>, passes: usize) {
        for pass in 0..passes {
            order.extend(self.entries.iter().map(|entry| match entry {
                Entry::Always(step) => *step,
                Entry::EachPass(steps) => steps[pass],
            }));
        }
        self.entries.clear();
    }

    fn emit_outputs(&mut self, layer: usize) {
        for (output, _) in self.network.outputs.iter().enumerate().filter(|(_, o)| **o == layer) {
            let from = self.at(layer);
            let channels = self.shapes[layer].channels;
            let name = self.name.clone();
            self.push_each_pass(layer, |first| {
                let op = UnpackOutput { first, channels, from };
                let windows = op.windows();
                Step {
                    name: name.clone(),
                    op: Box::new(op),
                    reads: vec![Self::span(from)],
                    writes: Buffer::Output(output),
                    windows,
                    scratch: 0,
                }
            });
        }
    }

    fn gather(&mut self, layer: usize, whole: Map) {
        let (from, name) = (self.at(layer), self.name.clone());
        self.push_each_pass(layer, |first| Step {
            name: name.clone(),
            op: Box::new(Gather { from }),
            reads: vec![Self::span(from)],
            writes: Buffer::Arena,
            windows: (0..from.blocks)
                .map(|b| {
                    let at = whole.start + b * whole.plane() + first * from.pixels();
                    window(at, 1, from.plane(), from.plane())
                })
                .collect(),
            scratch: 0,
        });
    }

    fn emit(&mut self, layer: usize) -> Result<()> {
        let network = self.network;
        let inputs = &network.layers[layer].inputs;
        match &network.layers[layer].kind {
            Kind::Input => self.pack_input(),
            Kind::Conv { weights, act, pool } => convolutions::conv(self, layer, weights, *act, *pool)?,
            Kind::Linear { weights, act } => convolutions::linear(self, layer, weights, *act)?,
            Kind::Affine { affine, act } => {
                let (scale, shift) = affine.blocks();
                self.pixels(layer, Other::Affine(scale, shift), *act);
            }
            Kind::Activation(act) => self.pixels(layer, Other::Nothing, *act),
            Kind::Add(act) => self.pixels(layer, Other::Sum, *act),
            Kind::Mul(act) => {
                let same = self.shapes[inputs[0]] == self.shapes[inputs[1]];
                self.pixels(layer, if same { Other::Product } else { Other::ChannelProduct }, *act);
            }
            Kind::Concat => self.concat(layer),
            Kind::Pool(pool) => {
                let [rows, columns] = pool_windows(pool, self.shapes[inputs[0]].size())?;
                self.pool(layer, pool.kind == PoolKind::Max, rows, columns);
            }
            Kind::AdaptiveAvgPool(output) => {
                let [h, w] = self.shapes[inputs[0]].size();
                self.pool(layer, false, adaptive_windows(h, output[0]), adaptive_windows(w, output[1]));
            }
            Kind::Upsample(interpolation, factor) => self.upsample(layer, *interpolation, *factor),
            Kind::LayerNorm(weights) => {
                let (x, to) = (self.at(inputs[0]), self.at(layer));
                let parts = (4 * self.threads).min(x.plane().div_ceil(64));
                let op = NormaliseChannels { x, weights: weights.clone(), parts };
                let (windows, spans) = (op.windows(to.start), self.spans(layer));
                self.push(Box::new(op), spans, windows, 0);
            }
            Kind::Flatten => self.flatten(layer),
        }
        Ok(())
    }

    fn pack_input(&mut self) {
        let Some(to) = self.places[0] else { return };
        let shape = self.shapes[0];
        let input = 0..self.batch * shape.channels * shape.pixels();
        let name = self.name.clone();
        self.push_each_pass(0, |first| Step {
            name: name.clone(),
            op: Box::new(PackInput { first, channels: shape.channels, to }),
            reads: vec![Span { buffer: Buffer::Input, range: input.clone() }],
            writes: Buffer::Arena,
            windows: plane_windows(to.start, to.blocks * to.batch, to.pixels()),
            scratch: 0,
        });
    }

    /// The maps that a layer reads, as spans.
    pub(super) fn spans(&self, layer: usize) -> Vec<Span> {
        self.network.layers[layer].inputs.iter().map(|i| Self::span(self.at(*i))).collect()
    }

    fn pixels(&mut self, layer: usize, other: Other, act: Act) {
        let x = self.at(self.network.layers[layer].inputs[0]);
        let op = Pixels { parts: Pixels::parts(&x, &other, self.threads), x, other, act };
        let windows = op.windows(self.at(layer).start);
        let spans = self.spans(layer);
        self.push(Box::new(op), spans, windows, 0);
    }

    /// Adds a step that adds a span to a map and applies the activation; the result is put at `start`.
    pub(super) fn push_sum(&mut self, x: Map, other: Span, act: Act, start: usize) {
        let op = Pixels { parts: Pixels::parts(&x, &Other::Sum, self.threads), x, other: Other::Sum, act };
        let windows = op.windows(start);
        self.push(Box::new(op), vec![Self::span(x), other], windows, 0);
    }

    fn concat(&mut self, layer: usize) {
        let to = self.at(layer);
        let inputs = &self.network.layers[layer].inputs;
        let mut written = vec![false; to.blocks];
        for input in inputs {
            if self.homes[*input].0 == layer {
                let first = self.homes[*input].1;
                written[first..first + self.shapes[*input].blocks()].fill(true);
            }
        }
        let blocks: Vec<usize> = (0..to.blocks).filter(|b| !written[*b]).collect();
        if blocks.is_empty() {
            return;
        }
        let windows = blocks.iter().map(|b| window(to.start + b * to.plane(), 1, to.plane(), to.plane())).collect();
        let channels = inputs.iter().map(|i| self.shapes[*i].channels).collect();
        let spans = self.spans(layer);
        self.push(Box::new(Concat { channels, blocks, plane: to.plane() }), spans, windows, 0);
    }

    fn pool(&mut self, layer: usize, max: bool, rows: Vec<Extent>, columns: Vec<Extent>) {
        let (x, to) = (self.at(self.network.layers[layer].inputs[0]), self.at(layer));
        let windows = plane_windows(to.start, to.blocks * to.batch, to.pixels());
        let spans = self.spans(layer);
        self.push(Box::new(PoolPlanes { x, max, rows, columns }), spans, windows, 0);
    }

    fn upsample(&mut self, layer: usize, interpolation: Interpolation, factor: [usize; 2]) {
        let (x, to) = (self.at(self.network.layers[layer].inputs[0]), self.at(layer));
        let taps = match interpolation {
            Interpolation::Nearest => UpsamplePlanes::nearest,
            Interpolation::Bilinear => UpsamplePlanes::bilinear,
        };
        let [rows, columns] = [taps(x.size[0], factor[0]), taps(x.size[1], factor[1])];
        let windows = plane_windows(to.start, to.blocks * to.batch, to.pixels());
        let spans = self.spans(layer);
        self.push(Box::new(UpsamplePlanes { x, rows, columns }), spans, windows, 0);
    }

    fn flatten(&mut self, layer: usize) {
        if self.is_view(layer) {
            return;
        }
        let input = self.network.layers[layer].inputs[0];
        let (from, to) = (self.at(input), self.at(layer));
        let windows = vec![window(to.start, 1, to.len(), to.len())];
        let spans = self.spans(layer);
        self.push(Box::new(Flatten { from, channels: self.shapes[input].channels }), spans, windows, 0);
    }
}
