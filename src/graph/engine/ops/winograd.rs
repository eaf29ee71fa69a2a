//! 3×3 convolutions by Winograd's minimal filtering.

use std::ops::Range;
use std::sync::Arc;

use super::part;
use crate::kernels::activation::Act;
use crate::kernels::gemm::{Gemm, Start};
use crate::kernels::panels::{Panel, Panels};
use crate::kernels::program::{Io, Op};
use crate::kernels::winograd::{InputTransform, OutputTransform, Tiling};
use crate::kernels::{Isa, Lanes, Window, WindowMut};

/// Transforms the whole input of a layer whose products are split over their panels; tasks are blocks of channels × ranges of
/// tiles.
pub(in super::super) struct TransformInput {
    pub(in super::super) tiling: Tiling,
    /// Tiles of all images.
    pub(in super::super) tiles: usize,
    /// Blocks of channels.
    pub(in super::super) blocks: usize,
    /// Into how many ranges the tiles are split.
    pub(in super::super) parts: usize,
}

impl TransformInput {
    /// The tasks' windows in a result that starts at `start` (in blocks of lanes).
    pub(in super::super) fn windows(&self, start: usize) -> Vec<Window> {
        let row = self.blocks * self.tiles;
        (0..self.blocks * self.parts)
            .map(|task| {
                let tiles = part(self.tiles, self.parts, task % self.parts);
                let first = start + task / self.parts * self.tiles + tiles.start;
                super::super::plan::window(first, self.tiling.scheme.positions(), row, tiles.len())
            })
            .collect()
    }
}

impl Op for TransformInput {
    fn run(&self, isa: Isa, task: usize, io: Io<'_>) {
        let x = io.reads.lanes(0);
        let plane = x.len() / self.blocks;
        isa.run(InputTransform {
            tiling: self.tiling,
            plane: &x[task / self.parts * plane..][..plane],
            tiles: part(self.tiles, self.parts, task % self.parts),
            out: io.out.lanes(),
        });
    }
}

/// Products and output transforms; tasks are ranges of tile rows × ranges of panels. The input is transformed already, or
/// each task transforms the tiles it needs.
pub(in super::super) struct Winograd {
    pub(in super::super) tiling: Tiling,
    /// Images.
    pub(in super::super) batch: usize,
    /// Input channels.
    pub(in super::super) channels: usize,
    /// Blocks of input channels.
    pub(in super::super) blocks: usize,
    /// Whether the first span is the transformed input.
    pub(in super::super) transformed: bool,
    /// Into how many ranges tile rows and panels are split.
    pub(in super::super) parts: [usize; 2],
    /// Most tiles that are transformed and multiplied together.
    pub(in super::super) together: usize,
    /// For each position of a transformed tile.
    pub(in super::super) weights: Arc<[Panels]>,
    pub(in super::super) bias: Arc<[Lanes]>,
    pub(in super::super) has_residual: bool,
    pub(in super::super) act: Act,
    /// Whether a 2×2 maximum pooling follows.
    pub(in super::super) pool: bool,
}

/// What a task covers.
struct Part {
    tiles: Range<usize>,
    panels: Range<usize>,
    /// Output pixels, counted over all images.
    pixels: Range<usize>,
}

impl Winograd {
    /// Pixels of an output plane over all images.
    fn plane(&self) -> usize {
        let [h, w] = self.output();
        self.batch * h * w
    }

    fn output(&self) -> [usize; 2] {
        self.tiling.output.map(|n| if self.pool { n / 2 } else { n })
    }

    fn split(&self, task: usize) -> Part {
        let [rows, columns] = self.tiling.grid();
        let tile_rows = part(self.batch * rows, self.parts[0], task / self.parts[1]);
        let panels = part(self.weights[0].count(), self.parts[1], task % self.parts[1]);
        let [height, width] = self.output();
        let edge = if self.pool { self.tiling.scheme.edge() / 2 } else { self.tiling.scheme.edge() };
        // the first output row of a tile row, counted over all images
        let first_row = |row: usize| row / rows * height + (row % rows * edge).min(height);
        let pixels = first_row(tile_rows.start) * width..first_row(tile_rows.end) * width;
        Part { tiles: tile_rows.start * columns..tile_rows.end * columns, panels, pixels }
    }

    fn blocks_of(&self, panels: &Range<usize>) -> Range<usize> {
        if panels.is_empty() {
            return 0..0;
        }
        self.weights[0].blocks(panels.start).start..self.weights[0].blocks(panels.end - 1).end
    }

    /// The tasks' windows in a result that starts at `start` (in blocks of lanes).
    pub(in super::super) fn windows(&self, start: usize) -> Vec<Window> {
        (0..self.parts[0] * self.parts[1])
            .map(|task| {
                let Part { panels, pixels, .. } = self.split(task);
                let blocks = self.blocks_of(&panels);
                let first = start + blocks.start * self.plane() + pixels.start;
                super::super::plan::window(first, blocks.len(), self.plane(), pixels.len())
            })
            .collect()
    }

    /// Blocks of lanes that a task needs for products and for the tiles that it transforms itself.
    pub(in super::super) fn scratch(&self) -> usize {
        let own = if self.transformed { 0 } else { self.blocks };
        self.tiling.scheme.positions() * self.together * (2 + own)
    }
}

impl Op for Winograd {
    fn run(&self, isa: Isa, task: usize, io: Io<'_>) {
        let Part { tiles, panels, pixels } = self.split(task);
        let x = io.reads.lanes(0);
        let residual = self.has_residual.then(|| io.reads.lanes(1));
        let (products, own) = io.scratch.split_at_mut(self.tiling.scheme.positions() * self.together * 2);
        let all_tiles = self.batch * self.tiling.tiles();
        let mut out = io.out.lanes();
        let parts = tiles.len().div_ceil(self.together.max(1));
        for i in 0..parts {
            let some = part(tiles.len(), parts, i);
            let some = tiles.start + some.start..tiles.start + some.end;
            let v = if self.transformed {
                Transformed { data: x, first: some.start, block: all_tiles, position: self.blocks * all_tiles }
            } else {
                self.transform(isa, x, some.clone(), own);
                Transformed { data: own, first: 0, block: some.len(), position: self.blocks * some.len() }
            };
            let mut job =
                Job { op: self, isa, v, tiles: some, pixels: pixels.clone(), residual, products: &mut *products };
            for panel in panels.clone() {
                let first = self.blocks_of(&panels).start;
                job.panel(panel, panel + 1 == panels.end, first, &mut out);
            }
        }
    }
}

impl Winograd {
    /// Transforms some tiles of all blocks into `own`.
    fn transform(&self, isa: Isa, x: &[Lanes], tiles: Range<usize>, own: &mut [Lanes]) {
        let plane = x.len() / self.blocks;
        let count = tiles.len();
        for block in 0..self.blocks {
            isa.run(InputTransform {
                tiling: self.tiling,
                plane: &x[block * plane..][..plane],
                tiles: tiles.clone(),
                out: WindowMut::new(
                    &mut own[block * count..],
                    self.tiling.scheme.positions(),
                    self.blocks * count,
                    count,
                ),
            });
        }
    }
}

/// Transformed tiles: tile `t` of position `p` and block `b` is at `first + p * position + b * block + t`.
#[derive(Clone, Copy)]
struct Transformed<'a> {
    data: &'a [Lanes],
    first: usize,
    block: usize,
    position: usize,
}

/// The products of some tiles.
struct Job<'a> {
    op: &'a Winograd,
    isa: Isa,
    v: Transformed<'a>,
    tiles: Range<usize>,
    pixels: Range<usize>,
    residual: Option<&'a [Lanes]>,
    products: &'a mut [Lanes],
}

impl Job<'_> {
    /// One panel's products at all positions, and their way back into the map.
    fn panel(&mut self, panel: usize, last: bool, first_block: usize, out: &mut WindowMut<'_, Lanes>) {
        let op = self.op;
        let blocks = op.weights[0].blocks(panel);
        let count = self.tiles.len();
        for position in 0..op.tiling.scheme.positions() {
            let rows = &mut self.products[position * blocks.len() * count..][..blocks.len() * count];
            let next = op.weights.get(position + 1).or(op.weights.first().filter(|_| !last));
            let next_panel = if position + 1 < op.weights.len() { panel } else { panel + 1 };
            let ahead = next.map(|w| w.rows_of(next_panel, 0..w.rows()));
            let input = &self.v.data[self.v.first + position * self.v.position..];
            let shared = Shared { isa: self.isa, input, stride: self.v.block, fresh: op.transformed };
            match (op.weights[position].rows_of(panel, 0..op.channels), ahead) {
                (Panel::One(w), Some(Panel::One(ahead))) => shared.product(w, ahead, rows),
                (Panel::One(w), _) => shared.product(w, &[], rows),
                (Panel::Two(w), Some(Panel::Two(ahead))) => shared.product(w, ahead, rows),
                (Panel::Two(w), _) => shared.product(w, &[], rows),
            }
        }
        for (i, block) in blocks.clone().enumerate() {
            let plane = op.plane();
            self.isa.run(OutputTransform {
                tiling: op.tiling,
                products: WindowMut::new(
                    &mut self.products[i * count..],
                    op.tiling.scheme.positions(),
                    blocks.len() * count,
                    count,
                ),
                tiles: self.tiles.clone(),
                bias: &op.bias[block],
                residual: self.residual.map(|r| &r[block * plane..][self.pixels.clone()]),
                act: op.act,
                pool: op.pool,
                out: out.row(block - first_block),
                first_pixel: self.pixels.start,
            });
        }
    }
}

/// What the products of a position have in common.
struct Shared<'a> {
    isa: Isa,
    input: &'a [Lanes],
    stride: usize,
    fresh: bool,
}

impl Shared<'_> {
    fn product<const B: usize>(&self, weights: &[[Lanes; B]], ahead: &[[Lanes; B]], out: &mut [Lanes]) {
        let count = out.len() / B;
        let mut rows = WindowMut::new(out, B, count, count);
        self.isa.run(Gemm::<B> {
            input: self.input,
            input_stride: self.stride,
            weights,
            start: Start::Zero,
            residual: None,
            act: Act::Identity,
            out: rows.rows_from::<B>(0),
            next_weights: ahead,
            fresh_input: self.fresh,
            far_output: false,
        });
    }
}
