//! Between planes of f32 and blocks of channels, and between blocks.

use std::ops::Range;

use super::simd::{LANES, Lanes};

/// Up to sixteen planes into one block of one image; channels that are missing become zeros.
///
/// # Panics
/// If `planes` has more than sixteen planes of `block.len()` values, or an incomplete one.
pub fn planes_to_block(planes: &[f32], block: &mut [Lanes]) {
    let pixels = block.len().max(1);
    assert!(planes.len().is_multiple_of(pixels) && planes.len() <= LANES * pixels, "not whole planes of a block");
    block.fill([0.0; LANES]);
    // sixteen pixels at a time: they stay in the first-level cache for all planes
    for (i, some) in block.chunks_mut(LANES).enumerate() {
        for (lane, plane) in planes.chunks_exact(pixels).enumerate() {
            for (pixel, v) in some.iter_mut().zip(&plane[i * LANES..]) {
                pixel[lane % LANES] = *v;
            }
        }
    }
}

/// One block of one image into planes; `planes` has as many as the block has channels.
///
/// # Panics
/// If `planes` has more than sixteen planes of `block.len()` values, or an incomplete one.
pub fn block_to_planes(block: &[Lanes], planes: &mut [f32]) {
    let pixels = block.len().max(1);
    assert!(planes.len().is_multiple_of(pixels) && planes.len() <= LANES * pixels, "not whole planes of a block");
    // sixteen pixels at a time: they stay in the first-level cache for all planes
    for (i, some) in block.chunks(LANES).enumerate() {
        for (lane, plane) in planes.chunks_exact_mut(pixels).enumerate() {
            for (pixel, v) in some.iter().zip(&mut plane[i * LANES..]) {
                *v = pixel[lane % LANES];
            }
        }
    }
}

/// Copies lanes `from_lanes` of every pixel to the lanes from `to_lane` on.
///
/// # Panics
/// If the lanes are not within a block or the runs have different lengths.
pub fn copy_lanes(from: &[Lanes], from_lanes: Range<usize>, to: &mut [Lanes], to_lane: usize) {
    assert!(from.len() == to.len(), "runs of different length");
    let to_lanes = to_lane..to_lane + from_lanes.len();
    for (from, to) in from.iter().zip(to) {
        to[to_lanes.clone()].copy_from_slice(&from[from_lanes.clone()]);
    }
}

/// Where the taps of a convolution lie in its input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taps {
    /// Height and width of the input.
    pub input: [usize; 2],
    /// Height and width of the output.
    pub output: [usize; 2],
    /// Height and width of the filter.
    pub kernel: [usize; 2],
    /// Vertical and horizontal step.
    pub stride: [usize; 2],
    /// Vertical and horizontal distance of taps.
    pub dilation: [usize; 2],
    /// Rows of zeros above and columns of zeros left of the input.
    pub padding: [usize; 2],
}

impl Taps {
    /// Collects what tap `[ky, kx]` reads for output pixels `first..first + out.len()` (counted over all images) of a block's
    /// plane.
    ///
    /// # Panics
    /// If the plane has fewer images.
    pub fn collect(&self, plane: &[Lanes], [ky, kx]: [usize; 2], first: usize, mut out: &mut [Lanes]) {
        let [oh, ow] = self.output;
        let [h, w] = self.input;
        let mut pixel = first;
        while !out.is_empty() {
            let (row, x0) = (pixel / ow, pixel % ow);
            let (image, y) = (row / oh, row % oh);
            let (run, rest) = out.split_at_mut((ow - x0).min(out.len()));
            pixel += run.len();
            let y = (y * self.stride[0] + ky * self.dilation[0]).checked_sub(self.padding[0]).filter(|y| *y < h);
            match y {
                Some(y) => self.collect_row(&plane[(image * h + y) * w..][..w], kx * self.dilation[1], x0, run),
                None => run.fill([0.0; LANES]),
            }
            out = rest;
        }
    }

    /// The same within one row: output pixel `x` reads input column `x * stride + offset - padding`.
    fn collect_row(&self, row: &[Lanes], offset: usize, x0: usize, out: &mut [Lanes]) {
        let (stride, left) = (self.stride[1], self.padding[1]);
        // output pixels first..end read inside the row
        let first = left.saturating_sub(offset).div_ceil(stride).max(x0) - x0;
        let end = (row.len() + left).saturating_sub(offset).div_ceil(stride).max(x0) - x0;
        let (first, end) = (first.min(out.len()), end.min(out.len()));
        let end = end.max(first);
        out[..first].fill([0.0; LANES]);
        out[end..].fill([0.0; LANES]);
        if first < end {
            let start = (x0 + first) * stride + offset - left;
            if stride == 1 {
                out[first..end].copy_from_slice(&row[start..][..end - first]);
            } else {
                for (to, from) in out[first..end].iter_mut().zip(row[start..].iter().step_by(stride)) {
                    *to = *from;
                }
            }
        }
    }
}
