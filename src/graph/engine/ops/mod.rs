//! The computations of a plan's steps: each says how a layer is split into tasks and computes one of them with kernels.

pub(super) mod depthwise;
pub(super) mod gemm;
pub(super) mod grouped;
pub(super) mod layout;
pub(super) mod maps;
pub(super) mod stem;
pub(super) mod winograd;

use std::ops::Range;

/// Part `index` of `count` items split into `parts` nearly equal ranges.
pub(super) fn part(count: usize, parts: usize, index: usize) -> Range<usize> {
    count * index / parts..count * (index + 1) / parts
}

/// Where a map lies in the arena, in blocks of lanes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Map {
    /// Its first block of lanes.
    pub(super) start: usize,
    /// Blocks of channels.
    pub(super) blocks: usize,
    /// Images.
    pub(super) batch: usize,
    /// Height and width.
    pub(super) size: [usize; 2],
}

impl Map {
    /// Pixels of an image.
    pub(super) fn pixels(&self) -> usize {
        self.size[0] * self.size[1]
    }

    /// Pixels of a block's plane over all images.
    pub(super) fn plane(&self) -> usize {
        self.batch * self.pixels()
    }

    /// Its length in the arena.
    pub(super) fn len(&self) -> usize {
        self.blocks * self.plane()
    }
}
