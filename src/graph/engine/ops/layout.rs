//! Steps that only move values: in and out of blocks of channels, joined channels, flattened maps, gathered images.

use super::Map;
use crate::kernels::layout::{block_to_planes, copy_lanes, planes_to_block};
use crate::kernels::program::{Io, Op};
use crate::kernels::{Isa, LANES, Window};

/// Input planes into blocks of channels; tasks are blocks × images.
pub(in super::super) struct PackInput {
    /// The first image.
    pub(in super::super) first: usize,
    pub(in super::super) channels: usize,
    pub(in super::super) to: Map,
}

impl Op for PackInput {
    fn run(&self, _isa: Isa, task: usize, io: Io<'_>) {
        let (block, image) = (task / self.to.batch, self.first + task % self.to.batch);
        let channels = block * LANES..((block + 1) * LANES).min(self.channels);
        let first = (image * self.channels + channels.start) * self.to.pixels();
        let planes = &io.reads.floats(0)[first..][..channels.len() * self.to.pixels()];
        planes_to_block(planes, io.out.lanes().row(0));
    }
}

/// Blocks of channels into output planes; tasks are blocks.
pub(in super::super) struct UnpackOutput {
    /// The first image.
    pub(in super::super) first: usize,
    pub(in super::super) channels: usize,
    pub(in super::super) from: Map,
}

impl UnpackOutput {
    /// The tasks' windows in the output.
    pub(in super::super) fn windows(&self) -> Vec<Window> {
        let pixels = self.from.pixels();
        (0..self.from.blocks)
            .map(|block| {
                let channels = block * LANES..((block + 1) * LANES).min(self.channels);
                Window {
                    start: (self.first * self.channels + channels.start) * pixels,
                    rows: self.from.batch,
                    stride: self.channels * pixels,
                    len: channels.len() * pixels,
                }
            })
            .collect()
    }
}

impl Op for UnpackOutput {
    fn run(&self, _isa: Isa, task: usize, mut io: Io<'_>) {
        let x = io.reads.lanes(0);
        for image in 0..self.from.batch {
            let first = (task * self.from.batch + image) * self.from.pixels();
            block_to_planes(&x[first..][..self.from.pixels()], io.out.row(image));
        }
    }
}

/// Joined channels; a task is a block of the result.
pub(in super::super) struct Concat {
    /// The blocks that are not there already.
    pub(in super::super) blocks: Vec<usize>,
    /// The channels of each span.
    pub(in super::super) channels: Vec<usize>,
    /// Pixels of a block's plane.
    pub(in super::super) plane: usize,
}

impl Op for Concat {
    fn run(&self, _isa: Isa, task: usize, io: Io<'_>) {
        let mut out = io.out.lanes();
        let out = out.row(0);
        let block = self.blocks[task];
        let wanted = block * LANES..(block + 1) * LANES;
        let mut first = 0;
        out.fill([0.0; LANES]);
        for (span, channels) in self.channels.iter().enumerate() {
            let from = io.reads.lanes(span);
            // channels of the result that are both in this block and in this span
            let (mut at, end) = (wanted.start.max(first), wanted.end.min(first + channels));
            while at < end {
                let (block, lane) = ((at - first) / LANES, (at - first) % LANES);
                let count = (LANES - lane).min(end - at);
                let plane = &from[block * self.plane..][..self.plane];
                copy_lanes(plane, lane..lane + count, out, at - wanted.start);
                at += count;
            }
            first += channels;
        }
    }
}

/// A map as rows of values, one an image, in the order of `(c, h, w)`; the one task writes all.
pub(in super::super) struct Flatten {
    pub(in super::super) from: Map,
    pub(in super::super) channels: usize,
}

impl Op for Flatten {
    fn run(&self, _isa: Isa, _task: usize, io: Io<'_>) {
        let x = io.reads.lanes(0);
        let mut out = io.out.lanes();
        let out = out.row(0);
        out.fill([0.0; LANES]);
        let (batch, pixels) = (self.from.batch, self.from.pixels());
        for image in 0..batch {
            for c in 0..self.channels {
                let plane = &x[(c / LANES * batch + image) * pixels..][..pixels];
                for (p, pixel) in plane.iter().enumerate() {
                    let value = c * pixels + p;
                    out[value / LANES * batch + image][value % LANES] = pixel[c % LANES];
                }
            }
        }
    }
}

/// One pass's images into the map of the whole batch; a task is a block.
pub(in super::super) struct Gather {
    pub(in super::super) from: Map,
}

impl Op for Gather {
    fn run(&self, _isa: Isa, task: usize, io: Io<'_>) {
        let plane = self.from.plane();
        io.out.lanes().row(0).copy_from_slice(&io.reads.lanes(0)[task * plane..][..plane]);
    }
}
