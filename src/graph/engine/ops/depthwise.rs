//! Depthwise convolutions.

use std::sync::Arc;

use super::{Map, part};
use crate::kernels::activation::Act;
use crate::kernels::depthwise::{Depthwise, copy_padded};
use crate::kernels::program::{Io, Op};
use crate::kernels::{Isa, Lanes, Window};

/// A square depthwise convolution; tasks are blocks × images × bands of output rows.
pub(in super::super) struct DepthwiseConv {
    pub(in super::super) x: Map,
    /// Height and width of the output.
    pub(in super::super) output: [usize; 2],
    pub(in super::super) kernel: usize,
    pub(in super::super) stride: usize,
    /// Rows of zeros above, columns of zeros left and right.
    pub(in super::super) padding: [usize; 3],
    /// Bands of an image.
    pub(in super::super) bands: usize,
    pub(in super::super) weights: Arc<[Lanes]>,
    pub(in super::super) bias: Arc<[Lanes]>,
    pub(in super::super) act: Act,
}

impl DepthwiseConv {
    /// The tasks' windows in a result that starts at `start` (in blocks of lanes).
    pub(in super::super) fn windows(&self, start: usize) -> Vec<Window> {
        let [oh, ow] = self.output;
        (0..self.x.blocks * self.x.batch * self.bands)
            .map(|task| {
                let rows = part(oh, self.bands, task % self.bands);
                let first = start + (task / self.bands * oh + rows.start) * ow;
                super::super::plan::window(first, 1, rows.len() * ow, rows.len() * ow)
            })
            .collect()
    }

    /// Blocks of lanes that a task needs for its padded band.
    pub(in super::super) fn scratch(&self) -> usize {
        self.band_rows(self.output[0].div_ceil(self.bands)) * self.width()
    }

    fn band_rows(&self, rows: usize) -> usize {
        if rows == 0 { 0 } else { (rows - 1) * self.stride + self.kernel }
    }

    fn width(&self) -> usize {
        let [_, left, right] = self.padding;
        left + self.x.size[1] + right
    }
}

impl Op for DepthwiseConv {
    fn run(&self, isa: Isa, task: usize, io: Io<'_>) {
        let rows = part(self.output[0], self.bands, task % self.bands);
        let plane = task / self.bands;
        let block = plane / self.x.batch;
        let [top, left, _] = self.padding;
        let taps = self.kernel * self.kernel;
        let x = &io.reads.lanes(0)[plane * self.x.pixels()..][..self.x.pixels()];
        let band = &mut io.scratch[..self.band_rows(rows.len()) * self.width()];
        copy_padded(x, self.x.size, [top, left], rows.start * self.stride, self.width(), band);
        isa.run(Depthwise {
            band,
            width: self.width(),
            kernel: self.kernel,
            stride: self.stride,
            weights: &self.weights[block * taps..][..taps],
            bias: &self.bias[block],
            act: self.act,
            out: io.out.lanes().row(0),
            out_width: self.output[1],
        });
    }
}
