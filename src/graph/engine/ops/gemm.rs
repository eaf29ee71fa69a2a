//! Convolutions and linear layers as products over pixels.

use std::ops::Range;
use std::sync::Arc;

use super::part;
use crate::kernels::activation::Act;
use crate::kernels::gemm::{Gemm, Start};
use crate::kernels::layout::Taps;
use crate::kernels::panels::{Panel, Panels};
use crate::kernels::program::{Io, Op};
use crate::kernels::{Isa, Lanes, Window, WindowMut};

/// Steps of the sum that are done before the next panel, so that the pixels stay near.
const SUM_PART: usize = 2048;

/// What tasks of a product read besides their weights.
#[derive(Clone, Copy, Debug)]
pub(in super::super) enum Source {
    /// The pixels as they lie, planes of so many.
    InPlace(usize),
    /// Taps of maps of so many blocks, collected for each task.
    Collected(Taps, usize),
}

/// A product of all pixels with all weights; tasks are ranges of pixels × ranges of panels.
pub(in super::super) struct Product {
    pub(in super::super) source: Source,
    pub(in super::super) pixels: usize,
    /// Into how many ranges pixels and panels are split.
    pub(in super::super) parts: [usize; 2],
    pub(in super::super) panels: Arc<Panels>,
    pub(in super::super) bias: Arc<[Lanes]>,
    pub(in super::super) has_residual: bool,
    pub(in super::super) act: Act,
}

impl Product {
    /// The tasks' windows in a result that starts at `start` (in blocks of lanes).
    pub(in super::super) fn windows(&self, start: usize) -> Vec<Window> {
        (0..self.parts[0] * self.parts[1])
            .map(|task| {
                let (pixels, panels) = self.split(task);
                let blocks = self.blocks(&panels);
                super::super::plan::window(
                    start + blocks.start * self.pixels + pixels.start,
                    blocks.len(),
                    self.pixels,
                    pixels.len(),
                )
            })
            .collect()
    }

    /// Blocks of lanes that a task needs for collected taps.
    pub(in super::super) fn scratch(&self) -> usize {
        match self.source {
            Source::InPlace(_) => 0,
            Source::Collected(taps, blocks) => {
                self.pixels.div_ceil(self.parts[0]) * taps.kernel[0] * taps.kernel[1] * blocks
            }
        }
    }

    fn split(&self, task: usize) -> (Range<usize>, Range<usize>) {
        let [pixel_parts, panel_parts] = self.parts;
        let pixels = part(self.pixels, pixel_parts, task / panel_parts);
        (pixels, part(self.panels.count(), panel_parts, task % panel_parts))
    }

    fn blocks(&self, panels: &Range<usize>) -> Range<usize> {
        if panels.is_empty() {
            return 0..0;
        }
        self.panels.blocks(panels.start).start..self.panels.blocks(panels.end - 1).end
    }
}

impl Op for Product {
    fn run(&self, isa: Isa, task: usize, io: Io<'_>) {
        let (pixels, panels) = self.split(task);
        let x = io.reads.lanes(0);
        let residual = self.has_residual.then(|| io.reads.lanes(1));
        let (input, stride): (&[Lanes], usize) = match self.source {
            Source::InPlace(plane) => (&x[pixels.start..], plane),
            Source::Collected(taps, blocks) => {
                collect(&taps, x, blocks, 0..blocks, pixels.start, pixels.len(), io.scratch);
                (io.scratch, pixels.len())
            }
        };
        let mut job = Job {
            product: self,
            isa,
            input,
            stride,
            first_block: self.blocks(&panels).start,
            pixels,
            residual,
            out: io.out.lanes(),
        };
        let rows = self.panels.rows();
        for first in (0..rows).step_by(SUM_PART) {
            let sum = first..(first + SUM_PART).min(rows);
            for panel in panels.clone() {
                let next = if panel + 1 < panels.end { Some(panel + 1) } else { None };
                match self.panels.rows_of(panel, sum.clone()) {
                    Panel::One(w) => {
                        let ahead = match next.map(|n| self.panels.rows_of(n, sum.clone())) {
                            Some(Panel::One(w)) => w,
                            _ => &[],
                        };
                        job.panel::<1>(panel, w, ahead, &sum, panel == panels.start);
                    }
                    Panel::Two(w) => {
                        let ahead = match next.map(|n| self.panels.rows_of(n, sum.clone())) {
                            Some(Panel::Two(w)) => w,
                            _ => &[],
                        };
                        job.panel::<2>(panel, w, ahead, &sum, panel == panels.start);
                    }
                }
            }
        }
    }
}

/// A task of a product.
struct Job<'a> {
    product: &'a Product,
    isa: Isa,
    input: &'a [Lanes],
    stride: usize,
    /// The first block of output channels of the window.
    first_block: usize,
    pixels: Range<usize>,
    residual: Option<&'a [Lanes]>,
    out: WindowMut<'a, Lanes>,
}

impl Job<'_> {
    /// One panel's product over a part of the sum.
    fn panel<const B: usize>(
        &mut self,
        panel: usize,
        weights: &[[Lanes; B]],
        ahead: &[[Lanes; B]],
        sum: &Range<usize>,
        fresh: bool,
    ) {
        let product = self.product;
        let block = product.panels.blocks(panel).start;
        let last = sum.end == product.panels.rows();
        let bias = product.bias[block..].first_chunk::<B>();
        let start = match bias {
            Some(bias) if sum.start == 0 => Start::Bias(bias),
            _ => Start::Accumulate,
        };
        let pixels = &self.pixels;
        let residual = self
            .residual
            .filter(|_| last)
            .map(|r| std::array::from_fn(|b| &r[(block + b) * product.pixels + pixels.start..][..pixels.len()]));
        self.isa.run(Gemm::<B> {
            input: self.input.get(sum.start / 16 * self.stride..).unwrap_or(&[]),
            input_stride: self.stride,
            weights,
            start,
            residual,
            act: if last { product.act } else { Act::Identity },
            out: self.out.rows_from::<B>(block - self.first_block),
            next_weights: ahead,
            fresh_input: fresh,
            far_output: true,
        });
    }
}

/// Collects all taps of some blocks for pixels `first..first + count`: `[tap][block][pixel]`.
pub(super) fn collect(
    taps: &Taps,
    x: &[Lanes],
    all_blocks: usize,
    blocks: Range<usize>,
    first: usize,
    count: usize,
    out: &mut [Lanes],
) {
    let plane = x.len() / all_blocks;
    let mut rows = out.chunks_exact_mut(count.max(1));
    for ky in 0..taps.kernel[0] {
        for kx in 0..taps.kernel[1] {
            for (block, row) in blocks.clone().zip(&mut rows) {
                taps.collect(&x[block * plane..][..plane], [ky, kx], first, row);
            }
        }
    }
}

/// Collects the taps of a whole layer for a product that is split over its panels; tasks are ranges of blocks.
pub(in super::super) struct CollectTaps {
    pub(in super::super) taps: Taps,
    pub(in super::super) blocks: usize,
    pub(in super::super) pixels: usize,
    pub(in super::super) parts: usize,
}

impl CollectTaps {
    /// The tasks' windows in a result that starts at `start` (in blocks of lanes).
    pub(in super::super) fn windows(&self, start: usize) -> Vec<Window> {
        let taps = self.taps.kernel[0] * self.taps.kernel[1];
        (0..self.parts)
            .map(|task| {
                let blocks = part(self.blocks, self.parts, task);
                let first = start + blocks.start * self.pixels;
                super::super::plan::window(first, taps, self.blocks * self.pixels, blocks.len() * self.pixels)
            })
            .collect()
    }
}

impl Op for CollectTaps {
    fn run(&self, _isa: Isa, task: usize, io: Io<'_>) {
        let x = io.reads.lanes(0);
        let plane = x.len() / self.blocks;
        let mut out = io.out.lanes();
        let [_, columns] = self.taps.kernel;
        for tap in 0..out.rows() {
            let rows = out.row(tap).chunks_exact_mut(self.pixels);
            for (block, row) in part(self.blocks, self.parts, task).zip(rows) {
                self.taps.collect(&x[block * plane..][..plane], [tap / columns, tap % columns], 0, row);
            }
        }
    }
}
