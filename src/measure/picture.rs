//! A map on the pixels that measures are computed on.
//!
//! Comes in: a map. Goes out: its [`Picture`]. May not live here: regions, what is measured.

use crate::geometry::Size;
use crate::saliency::SaliencyMap;
use crate::saliency::resample::{Alignment, bilinear};

/// A map, enlarged to a grid of pixels over the view; values `>= 0`.
#[derive(Clone, Debug)]
pub(super) struct Picture {
    size: Size,
    values: Vec<f32>,
    /// Where equal values are, in rising order of the values; only of pictures that are used again and again.
    groups: Option<Vec<Vec<usize>>>,
}

impl Picture {
    /// The map at `size`, bilinear with half-pixel centres and clamped edges.
    pub(super) fn new(map: &SaliencyMap, size: Size) -> Self {
        let to = [size.height as usize, size.width as usize];
        Self { size, values: bilinear(map.values(), [map.height(), map.width()], to, Alignment::Edges), groups: None }
    }

    /// The same picture, with the order of its pixels worked out for all uses to come.
    pub(super) fn grouped(mut self) -> Self {
        let mut order: Vec<usize> = (0..self.values.len()).collect();
        order.sort_by(|a, b| self.values[*a].total_cmp(&self.values[*b]));
        let groups = order.chunk_by(|a, b| self.values[*a] >= self.values[*b]);
        self.groups = Some(groups.map(<[usize]>::to_vec).collect());
        self
    }

    /// Where equal values are, in rising order of the values, if that is known.
    pub(super) fn groups(&self) -> Option<&[Vec<usize>]> {
        self.groups.as_deref()
    }

    /// Width in pixels.
    pub(super) fn width(&self) -> usize {
        self.size.width as usize
    }

    /// Row-major values.
    pub(super) fn values(&self) -> &[f32] {
        &self.values
    }

    /// The largest value.
    pub(super) fn max(&self) -> f32 {
        self.values.iter().copied().fold(0.0, f32::max)
    }
}
