//! Weights in the order in which products read them.

use super::buffer::LaneBuffer;
use super::simd::{LANES, Lanes};

/// Weights of all output channels: panels of one or two blocks of output channels, each panel with one row for each step of
/// the sum.
#[derive(Debug)]
pub struct Panels {
    data: LaneBuffer,
    together: usize,
    blocks: usize,
    rows: usize,
}

/// The weights of one panel.
#[derive(Clone, Copy)]
pub enum Panel<'a> {
    /// For one block of output channels.
    One(&'a [[Lanes; 1]]),
    /// For two blocks of output channels.
    Two(&'a [[Lanes; 2]]),
}

impl Panels {
    /// Packs the weights of `outputs` channels with `rows` steps of the sum, `together` (1 or 2) blocks a panel;
    /// `weight(output, row)` gives a weight. Channels that fill up the last block get zeros.
    ///
    /// # Panics
    /// If `together` is neither 1 nor 2.
    pub fn new(together: usize, outputs: usize, rows: usize, weight: impl Fn(usize, usize) -> f32) -> Self {
        assert!(matches!(together, 1 | 2), "panels have one or two blocks");
        let blocks = outputs.div_ceil(LANES);
        let mut panels = Self { data: LaneBuffer::zeros(blocks * rows), together, blocks, rows };
        let data = panels.data.as_mut_slice();
        for first in (0..blocks).step_by(together) {
            let width = together.min(blocks - first);
            for (row, lanes) in data[first * rows..][..width * rows].chunks_mut(width).enumerate() {
                for (i, v) in lanes.as_flattened_mut().iter_mut().enumerate() {
                    let output = first * LANES + i;
                    *v = if output < outputs { weight(output, row) } else { 0.0 };
                }
            }
        }
        panels
    }

    /// Number of panels.
    pub fn count(&self) -> usize {
        self.blocks.div_ceil(self.together)
    }

    /// Steps of the sum.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The blocks of output channels of a panel.
    pub fn blocks(&self, panel: usize) -> std::ops::Range<usize> {
        let first = panel * self.together;
        first..(first + self.together).min(self.blocks)
    }

    /// A panel's rows `from..to`.
    ///
    /// # Panics
    /// If there is no such panel or row.
    pub fn rows_of(&self, panel: usize, rows: std::ops::Range<usize>) -> Panel<'_> {
        assert!(rows.end <= self.rows, "a panel has fewer rows");
        let blocks = self.blocks(panel);
        let width = blocks.len();
        let data = &self.data.as_slice()[blocks.start * self.rows + rows.start * width..][..rows.len() * width];
        if width == 2 { Panel::Two(data.as_chunks().0) } else { Panel::One(data.as_chunks().0) }
    }

    /// Bytes of memory.
    pub fn bytes(&self) -> usize {
        size_of_val(self.data.as_slice())
    }
}

/// One value for each channel, in blocks, filled up with zeros.
pub fn channel_blocks(values: &[f32]) -> Vec<Lanes> {
    let mut blocks = vec![[0.0; LANES]; values.len().div_ceil(LANES)];
    blocks.as_flattened_mut()[..values.len()].copy_from_slice(values);
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_weight_is_where_the_product_reads_it() {
        for together in [1, 2] {
            let panels = Panels::new(together, 40, 5, |o, k| (100 * o + k) as f32);
            for panel in 0..panels.count() {
                for k in 1..5 {
                    let lanes = match panels.rows_of(panel, k..5) {
                        Panel::One(w) => w[0].to_vec(),
                        Panel::Two(w) => w[0].to_vec(),
                    };
                    let outputs = panels.blocks(panel).start * LANES..;
                    for (o, v) in outputs.zip(lanes.as_flattened()) {
                        assert_eq!(*v, if o < 40 { (100 * o + k) as f32 } else { 0.0 });
                    }
                }
            }
        }
    }
}
