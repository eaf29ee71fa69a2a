//! The first convolution, from the network's input planes.

use std::sync::Arc;

use super::part;
use crate::kernels::activation::Act;
use crate::kernels::panels::{Panel, Panels};
use crate::kernels::pool::{Extent, Pool};
use crate::kernels::program::{Io, Op};
use crate::kernels::stem::{StemRow, pad_plane};
use crate::kernels::{Isa, Lanes, Window};

/// Input planes with zeros around; tasks are planes × bands of rows.
pub(in super::super) struct PadInput {
    /// Planes before the first one of this step.
    pub(in super::super) first: usize,
    pub(in super::super) planes: usize,
    pub(in super::super) size: [usize; 2],
    pub(in super::super) padding: [usize; 2],
    pub(in super::super) padded: [usize; 2],
}

/// Bands of a plane.
const PAD_BANDS: usize = 4;

impl PadInput {
    /// The tasks' windows in a result that starts at `start` (in f32).
    pub(in super::super) fn windows(&self, start: usize) -> Vec<Window> {
        let [height, width] = self.padded;
        (0..self.planes * PAD_BANDS)
            .map(|task| {
                let rows = part(height, PAD_BANDS, task % PAD_BANDS);
                Window::run(start + (task / PAD_BANDS * height + rows.start) * width, rows.len() * width)
            })
            .collect()
    }
}

impl Op for PadInput {
    fn run(&self, _isa: Isa, task: usize, mut io: Io<'_>) {
        let plane = self.size[0] * self.size[1];
        let from = &io.reads.floats(0)[(self.first + task / PAD_BANDS) * plane..][..plane];
        let first = part(self.padded[0], PAD_BANDS, task % PAD_BANDS).start;
        pad_plane(from, self.size, self.padding, first, self.padded[1], io.out.row(0));
    }
}

/// A convolution of few channels, with a maximum pooling or without; tasks are images × bands of result rows.
pub(in super::super) struct Stem {
    /// Images.
    pub(in super::super) batch: usize,
    /// Height and width of a padded plane.
    pub(in super::super) padded: [usize; 2],
    /// Length of an image's padded planes.
    pub(in super::super) image: usize,
    /// For each step of the sum, where in an image's planes the first output pixel finds its value.
    pub(in super::super) offsets: Vec<usize>,
    pub(in super::super) stride: [usize; 2],
    /// Height and width of the convolution's output.
    pub(in super::super) output: [usize; 2],
    /// Windows of the pooling along both axes.
    pub(in super::super) pool: Option<[Vec<Extent>; 2]>,
    /// Result rows of a band.
    pub(in super::super) band: usize,
    pub(in super::super) panels: Arc<Panels>,
    pub(in super::super) bias: Arc<[Lanes]>,
    pub(in super::super) act: Act,
}

impl Stem {
    fn result(&self) -> [usize; 2] {
        match &self.pool {
            Some([rows, columns]) => [rows.len(), columns.len()],
            None => self.output,
        }
    }

    fn bands(&self) -> usize {
        self.result()[0].div_ceil(self.band)
    }

    /// Result rows of a band.
    fn rows(&self, band: usize) -> std::ops::Range<usize> {
        band * self.band..((band + 1) * self.band).min(self.result()[0])
    }

    /// The convolution's rows that a band needs.
    fn conv_rows(&self, band: usize) -> std::ops::Range<usize> {
        let rows = self.rows(band);
        match &self.pool {
            Some([extents, _]) => extents[rows.start].range.start..extents[rows.end - 1].range.end,
            None => rows,
        }
    }

    /// The tasks' windows in a result that starts at `start` (in blocks of lanes).
    pub(in super::super) fn windows(&self, start: usize) -> Vec<Window> {
        let [height, width] = self.result();
        (0..self.batch * self.bands())
            .map(|task| {
                let (image, rows) = (task / self.bands(), self.rows(task % self.bands()));
                let first = start + (image * height + rows.start) * width;
                super::super::plan::window(first, self.bias.len(), self.batch * height * width, rows.len() * width)
            })
            .collect()
    }

    /// Blocks of lanes that a task needs for rows that are pooled.
    pub(in super::super) fn scratch(&self) -> usize {
        if self.pool.is_none() {
            return 0;
        }
        let rows = (0..self.bands()).map(|b| self.conv_rows(b).len()).max().unwrap_or(0);
        2 * rows * self.output[1]
    }

    /// One output row of a panel.
    fn row<const B: usize>(&self, isa: Isa, planes: &[f32], panel: usize, w: &[[Lanes; B]], out: [&mut [Lanes]; B]) {
        let block = self.panels.blocks(panel).start;
        let Some(bias) = self.bias[block..].first_chunk::<B>() else { return };
        let stride = self.stride[1];
        isa.run(StemRow::<B> { planes, offsets: &self.offsets, stride, weights: w, bias, act: self.act, out });
    }
}

impl Op for Stem {
    fn run(&self, isa: Isa, task: usize, io: Io<'_>) {
        let (image, band) = (task / self.bands(), task % self.bands());
        let (rows, conv_rows) = (self.rows(band), self.conv_rows(band));
        let width = self.output[1];
        let image = &io.reads.floats(0)[image * self.image..][..self.image];
        let mut out = io.out.lanes();
        for panel in 0..self.panels.count() {
            let blocks = self.panels.blocks(panel);
            let weights = self.panels.rows_of(panel, 0..self.panels.rows());
            let mut into = match &self.pool {
                Some(_) => {
                    let len = conv_rows.len() * width;
                    crate::kernels::WindowMut::new(&mut *io.scratch, blocks.len(), len, len)
                }
                None => {
                    let len = out.len();
                    out.part(blocks.clone(), 0..len)
                }
            };
            for (i, y) in conv_rows.clone().enumerate() {
                let planes = &image[y * self.stride[0] * self.padded[1]..];
                let columns = i * width..(i + 1) * width;
                match weights {
                    Panel::One(w) => {
                        self.row::<1>(isa, planes, panel, w, into.part(0..1, columns).into_rows());
                    }
                    Panel::Two(w) => {
                        self.row::<2>(isa, planes, panel, w, into.part(0..2, columns).into_rows());
                    }
                }
            }
            let Some([pool_rows, pool_columns]) = &self.pool else { continue };
            let shift = |e: &Extent| Extent {
                range: e.range.start - conv_rows.start..e.range.end - conv_rows.start,
                size: e.size,
            };
            let pool_rows: Vec<Extent> = pool_rows[rows.clone()].iter().map(shift).collect();
            for (i, block) in blocks.enumerate() {
                let plane = &io.scratch[i * conv_rows.len() * width..][..conv_rows.len() * width];
                let (rows, columns) = (&pool_rows[..], &pool_columns[..]);
                isa.run(Pool { plane, width, max: true, rows, columns, out: out.row(block) });
            }
        }
    }
}
