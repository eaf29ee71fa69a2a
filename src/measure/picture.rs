//! The pixels that measures are computed on.
//!
//! Comes in: a map, a view and a region. Goes out: the map's [`Picture`] and which of its pixels are in the region. May not live
//! here: what is measured.

use crate::geometry::{Affine, BBox, Size};
use crate::roi::Roi;
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

/// Which pixels of a picture of `view` (in image pixels) have their centre in a region, row-major.
pub(super) fn pixels_inside(view: BBox, roi: &Roi, size: Size) -> Vec<bool> {
    let picture_from_image = Affine::between(view, size.bounds());
    let image_from_picture = picture_from_image.inverse();
    let b = picture_from_image.bbox(roi.bbox);
    let covered = |x: f32, y: f32| match roi.mask() {
        None => true,
        Some(mask) => {
            let (x, y) = image_from_picture.point(x, y);
            x >= 0.0 && y >= 0.0 && mask.contains(x as u32, y as u32)
        }
    };
    let mut inside = Vec::with_capacity(size.area() as usize);
    for y in (0..size.height).map(|y| y as f32 + 0.5) {
        let row = (b.y0..b.y1).contains(&y);
        for x in (0..size.width).map(|x| x as f32 + 0.5) {
            inside.push(row && (b.x0..b.x1).contains(&x) && covered(x, y));
        }
    }
    inside
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mask::Mask;
    use crate::roi::RoiSource;

    #[test]
    fn a_pixel_is_inside_by_its_centre() {
        let view = BBox::new(10.0, 10.0, 18.0, 18.0);
        // Two image pixels a picture pixel: centres at 11, 13, 15, 17.
        let roi = Roi::of_box(BBox::new(11.0, 12.9, 15.0, 13.1), 1.0, "", RoiSource::Detector);
        let inside = pixels_inside(view, &roi, Size::new(4, 4));
        let expected = [false, false, false, false, true, true, false, false];
        assert_eq!(inside[..8], expected);
        assert!(inside[8..].iter().all(|i| !i));
    }

    #[test]
    fn a_mask_takes_out_what_it_does_not_cover() -> anyhow::Result<()> {
        // The left half of a view of two by two picture pixels, without its lower part.
        let mask = Mask::of_window(Size::new(4, 4), 0..2, 0..2, |_, _| true);
        let roi = Roi::of_mask(mask, 1.0, "", RoiSource::Detector).ok_or_else(|| anyhow::anyhow!("it has pixels"))?;
        let roi = Roi { bbox: BBox::new(0.0, 0.0, 2.0, 4.0), ..roi };
        let inside = pixels_inside(BBox::new(0.0, 0.0, 4.0, 4.0), &roi, Size::new(2, 2));
        assert_eq!(inside, [true, false, false, false]);
        Ok(())
    }
}
