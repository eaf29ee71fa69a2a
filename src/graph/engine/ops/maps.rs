//! Layers that work on planes or on runs of pixels: pooling, enlarging, sums, products, activations.

use std::sync::Arc;

use super::{Map, part};
use crate::graph::engine::weights::LayerNormWeights;
use crate::kernels::activation::{Act, Apply};
use crate::kernels::elementwise::{Combine, Operand};
use crate::kernels::norm::LayerNorm;
use crate::kernels::pool::{Extent, Pool};
use crate::kernels::program::{Io, Op};
use crate::kernels::resample::{Resample, Tap};
use crate::kernels::{Isa, Lanes, Window};

/// Windows of all planes of `planes` (blocks × images) of `pixels` each, one plane a task.
pub(in super::super) fn plane_windows(start: usize, planes: usize, pixels: usize) -> Vec<Window> {
    (0..planes).map(|i| super::super::plan::window(start + i * pixels, 1, pixels, pixels)).collect()
}

/// Pooling of any windows; a task is a plane.
pub(in super::super) struct PoolPlanes {
    pub(in super::super) x: Map,
    pub(in super::super) max: bool,
    pub(in super::super) rows: Vec<Extent>,
    pub(in super::super) columns: Vec<Extent>,
}

impl Op for PoolPlanes {
    fn run(&self, isa: Isa, task: usize, io: Io<'_>) {
        let plane = &io.reads.lanes(0)[task * self.x.pixels()..][..self.x.pixels()];
        let (rows, columns) = (&self.rows[..], &self.columns[..]);
        isa.run(Pool { plane, width: self.x.size[1], max: self.max, rows, columns, out: io.out.lanes().row(0) });
    }
}

/// Enlarging; a task is a plane.
pub(in super::super) struct UpsamplePlanes {
    pub(in super::super) x: Map,
    pub(in super::super) rows: Vec<Tap>,
    pub(in super::super) columns: Vec<Tap>,
}

impl UpsamplePlanes {
    /// Rows or columns repeated `factor` times.
    pub(in super::super) fn nearest(n: usize, factor: usize) -> Vec<Tap> {
        (0..n * factor).map(|i| Tap { low: i / factor, high: i / factor, weight: 0.0 }).collect()
    }

    /// Rows or columns interpolated with half-pixel centres and clamped edges.
    pub(in super::super) fn bilinear(n: usize, factor: usize) -> Vec<Tap> {
        (0..n * factor)
            .map(|i| {
                let at = ((i as f32 + 0.5) / factor as f32 - 0.5).max(0.0);
                let low = (at as usize).min(n - 1);
                Tap { low, high: (low + 1).min(n - 1), weight: at - low as f32 }
            })
            .collect()
    }
}

impl Op for UpsamplePlanes {
    fn run(&self, isa: Isa, task: usize, io: Io<'_>) {
        let plane = &io.reads.lanes(0)[task * self.x.pixels()..][..self.x.pixels()];
        let (rows, columns) = (&self.rows[..], &self.columns[..]);
        isa.run(Resample { plane, width: self.x.size[1], rows, columns, out: io.out.lanes().row(0) });
    }
}

/// What a run of pixels is combined with.
pub(in super::super) enum Other {
    /// Nothing: the activation alone.
    Nothing,
    /// The same pixels of the second span, added.
    Sum,
    /// The same pixels of the second span, multiplied.
    Product,
    /// The second span's value of the same image and channel, multiplied.
    ChannelProduct,
    /// Scale and shift of each channel.
    Affine(Vec<Lanes>, Vec<Lanes>),
}

/// A value-by-value layer. Tasks are planes, or, where every pixel is treated alike, ranges of all pixels.
pub(in super::super) struct Pixels {
    pub(in super::super) x: Map,
    pub(in super::super) other: Other,
    pub(in super::super) act: Act,
    /// Number of tasks.
    pub(in super::super) parts: usize,
}

impl Pixels {
    /// How many tasks such a layer has for so many threads.
    pub(in super::super) fn parts(x: &Map, other: &Other, threads: usize) -> usize {
        match other {
            Other::ChannelProduct | Other::Affine(..) => x.blocks * x.batch,
            Other::Nothing | Other::Sum | Other::Product => (4 * threads).min(x.len().div_ceil(256)),
        }
    }

    /// The tasks' windows in a result that starts at `start` (in blocks of lanes).
    pub(in super::super) fn windows(&self, start: usize) -> Vec<Window> {
        (0..self.parts)
            .map(|task| {
                let range = part(self.x.len(), self.parts, task);
                super::super::plan::window(start + range.start, 1, range.len(), range.len())
            })
            .collect()
    }
}

impl Op for Pixels {
    fn run(&self, isa: Isa, task: usize, io: Io<'_>) {
        let range = part(self.x.len(), self.parts, task);
        let from = &io.reads.lanes(0)[range.clone()];
        let mut out = io.out.lanes();
        let (to, act) = (out.row(0), self.act);
        let operand = match &self.other {
            Other::Nothing => return isa.run(Apply { from, to, act }),
            Other::Sum => Operand::Add(&io.reads.lanes(1)[range]),
            Other::Product => Operand::Mul(&io.reads.lanes(1)[range]),
            Other::ChannelProduct => Operand::Scale(&io.reads.lanes(1)[task]),
            Other::Affine(scale, shift) => {
                let block = task / self.x.batch;
                Operand::Affine(&scale[block], &shift[block])
            }
        };
        isa.run(Combine { from, operand, act, to });
    }
}

/// Normalisation over the channels of each pixel; tasks are ranges of pixels.
pub(in super::super) struct NormaliseChannels {
    pub(in super::super) x: Map,
    pub(in super::super) weights: Arc<LayerNormWeights>,
    /// Number of tasks.
    pub(in super::super) parts: usize,
}

impl NormaliseChannels {
    /// The tasks' windows in a result that starts at `start` (in blocks of lanes).
    pub(in super::super) fn windows(&self, start: usize) -> Vec<Window> {
        (0..self.parts)
            .map(|task| {
                let pixels = part(self.x.plane(), self.parts, task);
                super::super::plan::window(start + pixels.start, self.x.blocks, self.x.plane(), pixels.len())
            })
            .collect()
    }
}

impl Op for NormaliseChannels {
    fn run(&self, isa: Isa, task: usize, io: Io<'_>) {
        let LayerNormWeights { channels, weight, bias, eps } = &*self.weights;
        isa.run(LayerNorm {
            map: io.reads.lanes(0),
            plane: self.x.plane(),
            first: part(self.x.plane(), self.parts, task).start,
            channels: *channels,
            weight,
            bias,
            eps: *eps,
            out: io.out.lanes(),
        });
    }
}
