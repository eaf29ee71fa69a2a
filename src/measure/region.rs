//! The pixels of a region, on the grid that measures are computed on.
//!
//! Comes in: a view and regions of the image. Goes out: which pixels of the view are in one of them, and how far from the next
//! one a pixel is. May not live here: maps, what is measured.

use crate::geometry::{Affine, BBox, Size};
use crate::roi::Roi;

/// Which pixels of a picture of a view are in a region.
#[derive(Clone, Debug)]
pub(super) struct Region {
    width: usize,
    /// Row-major.
    inside: Vec<bool>,
    count: usize,
    /// Least and greatest column and row.
    bounds: Option<[usize; 4]>,
}

impl Region {
    /// The pixels of a picture of `view` (in image pixels) that have their centre in any of `rois`.
    pub(super) fn new(view: BBox, rois: &[&Roi], size: Size) -> Self {
        let mut inside = vec![false; size.area() as usize];
        rois.iter().for_each(|roi| mark(&mut inside, view, roi, size));
        Self::of_pixels(size.width as usize, inside)
    }

    /// A region of these pixels, row-major.
    pub(super) fn of_pixels(width: usize, inside: Vec<bool>) -> Self {
        let count = inside.iter().filter(|i| **i).count();
        let bounds = inside.iter().enumerate().filter(|(_, inside)| **inside).fold(None, |bounds, (at, _)| {
            let (x, y) = (at % width, at / width);
            let [x0, y0, x1, y1] = bounds.unwrap_or([x, y, x, y]);
            Some([x0.min(x), y0.min(y), x1.max(x), y1.max(y)])
        });
        Self { width, inside, count, bounds }
    }

    /// One flag a pixel, row-major.
    pub(super) fn inside(&self) -> &[bool] {
        &self.inside
    }

    /// Number of pixels in the region.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// Least column and row, greatest column and row; `None` for a region of no pixels.
    pub(super) fn bounds(&self) -> Option<[usize; 4]> {
        self.bounds
    }

    /// For each pixel the distance to the next one of the region in its row; as wide as the picture or more where there is none.
    pub(super) fn gaps(&self) -> Vec<usize> {
        let mut gaps = Vec::with_capacity(self.inside.len());
        for row in self.inside.chunks_exact(self.width) {
            let start = gaps.len();
            let mut gap = self.width;
            for inside in row {
                gap = if *inside { 0 } else { gap + 1 };
                gaps.push(gap);
            }
            for at in (start..gaps.len() - 1).rev() {
                gaps[at] = gaps[at].min(gaps[at + 1] + 1);
            }
        }
        gaps
    }
}

/// Marks the pixels that have their centre in `roi`.
fn mark(inside: &mut [bool], view: BBox, roi: &Roi, size: Size) {
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
    for (row, y) in inside.chunks_exact_mut(size.width as usize).zip(0u32..).map(|(row, y)| (row, y as f32 + 0.5)) {
        if (b.y0..b.y1).contains(&y) {
            for (pixel, x) in row.iter_mut().zip(0u32..).map(|(pixel, x)| (pixel, x as f32 + 0.5)) {
                *pixel |= (b.x0..b.x1).contains(&x) && covered(x, y);
            }
        }
    }
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
        let region = Region::new(view, &[&roi], Size::new(4, 4));
        let expected = [false, false, false, false, true, true, false, false];
        assert_eq!(region.inside()[..8], expected);
        assert_eq!(region.count(), 2);
    }

    #[test]
    fn a_mask_takes_out_what_it_does_not_cover() -> anyhow::Result<()> {
        // The left half of a view of two by two picture pixels, without its lower part.
        let mask = Mask::of_window(Size::new(4, 4), 0..2, 0..2, |_, _| true);
        let roi = Roi::of_mask(mask, 1.0, "", RoiSource::Detector).ok_or_else(|| anyhow::anyhow!("it has pixels"))?;
        let roi = Roi { bbox: BBox::new(0.0, 0.0, 2.0, 4.0), ..roi };
        let region = Region::new(BBox::new(0.0, 0.0, 4.0, 4.0), &[&roi], Size::new(2, 2));
        assert_eq!(region.inside(), [true, false, false, false]);
        Ok(())
    }

    #[test]
    fn gaps_are_distances_in_the_row() {
        let inside = [false, true, false, false, true, false, false, false, false, false];
        assert_eq!(Region::of_pixels(5, inside.to_vec()).gaps()[..5], [1, 0, 1, 1, 0]);
        let last = Region::of_pixels(5, inside.to_vec()).gaps();
        assert!(last[5..].iter().all(|gap| *gap >= 5), "{last:?}");
    }
}
