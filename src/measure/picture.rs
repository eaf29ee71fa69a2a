//! The pixels that measures are computed on.
//!
//! Comes in: a map, a view and a region. Goes out: the map's [`Picture`] and which of its pixels are in the region. May not live
//! here: what is measured.

use crate::geometry::{Affine, BBox, Size};
use crate::saliency::SaliencyMap;
use crate::saliency::resample::{Alignment, bilinear};

/// A map, enlarged to a grid of pixels over the view; values `>= 0`.
#[derive(Clone, Debug)]
pub struct Picture {
    size: Size,
    values: Vec<f32>,
}

impl Picture {
    /// The map at `size`, bilinear with half-pixel centres and clamped edges.
    pub fn new(map: &SaliencyMap, size: Size) -> Self {
        let to = [size.height as usize, size.width as usize];
        Self { size, values: bilinear(map.values(), [map.height(), map.width()], to, Alignment::Edges) }
    }

    /// Width in pixels.
    pub fn width(&self) -> usize {
        self.size.width as usize
    }

    /// Row-major values.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// The largest value.
    pub fn max(&self) -> f32 {
        self.values.iter().copied().fold(0.0, f32::max)
    }
}

/// Which pixels of a picture of `view` have their centre in `roi`, row-major; both boxes in image pixels.
pub(super) fn pixels_inside(view: BBox, roi: BBox, size: Size) -> Vec<bool> {
    let picture_from_image = Affine::between(view, size.bounds());
    let b = picture_from_image.bbox(roi);
    let within = |i: u32, low: f32, high: f32| (low..high).contains(&(i as f32 + 0.5));
    let columns: Vec<_> = (0..size.width).map(|x| within(x, b.x0, b.x1)).collect();
    (0..size.height)
        .flat_map(|y| {
            let row = within(y, b.y0, b.y1);
            columns.iter().map(move |column| row && *column)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pixel_is_inside_by_its_centre() {
        let view = BBox::new(10.0, 10.0, 18.0, 18.0);
        // Two image pixels a picture pixel: centres at 11, 13, 15, 17.
        let inside = pixels_inside(view, BBox::new(11.0, 12.9, 15.0, 13.1), Size::new(4, 4));
        let expected = [false, false, false, false, true, true, false, false];
        assert_eq!(inside[..8], expected);
        assert!(inside[8..].iter().all(|i| !i));
    }
}
