//! The normalisation of pytorch-grad-cam, for comparisons with it.
//!
//! Comes in: a [`SaliencyMap`]. Goes out: the picture that the package returns for it. May not live here: anything that a fit is
//! computed from: the package subtracts the smallest value, which moves a fit by up to 0.06.

use super::SaliencyMap;
use super::resample::{Alignment, bilinear};
use crate::geometry::Size;

/// The map at `size`, with its smallest value taken to 0 and its largest to (nearly) 1, before and after the bilinear resize, as
/// pytorch-grad-cam 1.5 does it. Row-major.
pub fn pytorch_grad_cam_picture(map: &SaliencyMap, size: Size) -> Vec<f32> {
    let mut values = map.values().to_vec();
    min_max(&mut values);
    let to = [size.height as usize, size.width as usize];
    let mut picture = bilinear(&values, [map.height(), map.width()], to, Alignment::Edges);
    min_max(&mut picture);
    picture
}

/// `(v - min) / (1e-7 + max(v - min))`
pub(crate) fn min_max(values: &mut [f32]) {
    let low = values.iter().copied().fold(f32::INFINITY, f32::min);
    let high = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let range = 1e-7 + (high - low);
    values.iter_mut().for_each(|v| *v = (*v - low) / range);
}
