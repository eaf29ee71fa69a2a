//! Convolutions in groups: every block of output channels with the blocks of input channels it depends on.

use std::sync::Arc;

use super::gemm::collect;
use super::part;
use crate::graph::engine::weights::ConvSpec;
use crate::kernels::activation::Act;
use crate::kernels::gemm::{Gemm, Start};
use crate::kernels::layout::Taps;
use crate::kernels::panels::{Panel, Panels};
use crate::kernels::program::{Io, Op};
use crate::kernels::{Isa, Lanes, Window};

/// A convolution in groups; tasks are ranges of pixels × blocks of output channels.
pub(in super::super) struct Grouped {
    pub(in super::super) spec: ConvSpec,
    pub(in super::super) taps: Taps,
    /// Blocks of input channels.
    pub(in super::super) blocks: usize,
    pub(in super::super) pixels: usize,
    /// Into how many ranges the pixels are split.
    pub(in super::super) parts: usize,
    pub(in super::super) panels: Arc<Panels>,
    pub(in super::super) bias: Arc<[Lanes]>,
    pub(in super::super) has_residual: bool,
    pub(in super::super) act: Act,
}

impl Grouped {
    /// The tasks' windows in a result that starts at `start` (in blocks of lanes).
    pub(in super::super) fn windows(&self, start: usize) -> Vec<Window> {
        (0..self.parts * self.panels.count())
            .map(|task| {
                let pixels = part(self.pixels, self.parts, task % self.parts);
                let first = start + task / self.parts * self.pixels + pixels.start;
                super::super::plan::window(first, 1, pixels.len(), pixels.len())
            })
            .collect()
    }

    /// Blocks of lanes that a task needs for collected taps.
    pub(in super::super) fn scratch(&self) -> usize {
        self.pixels.div_ceil(self.parts) * self.spec.taps() * self.spec.blocks_read()
    }
}

impl Op for Grouped {
    fn run(&self, isa: Isa, task: usize, io: Io<'_>) {
        let block = task / self.parts;
        let pixels = part(self.pixels, self.parts, task % self.parts);
        let (first, count) = (self.spec.first_block_read(block), self.spec.blocks_read());
        collect(
            &self.taps,
            io.reads.lanes(0),
            self.blocks,
            first..first + count,
            pixels.start,
            pixels.len(),
            io.scratch,
        );
        let residual = self.has_residual.then(|| [&io.reads.lanes(1)[block * self.pixels..][pixels.clone()]]);
        let Panel::One(weights) = self.panels.rows_of(block, 0..self.panels.rows()) else {
            unreachable!("grouped weights are packed by single blocks")
        };
        let mut out = io.out.lanes();
        isa.run(Gemm::<1> {
            input: io.scratch,
            input_stride: pixels.len(),
            weights,
            start: Start::Bias(std::array::from_ref(&self.bias[block])),
            residual,
            act: self.act,
            out: out.rows_from::<1>(0),
            next_weights: &[],
            fresh_input: false,
            far_output: true,
        });
    }
}
