//! Small pictures of large photos.

use std::borrow::Cow;
use std::sync::Arc;

use image::RgbImage;
use image::imageops::{self, FilterType};

use crate::analysis::Measured;
use crate::geometry::{Affine, Size};
use crate::mask::Mask;
use crate::roi::Shape;

/// The photo, made smaller where its longest side is above `longest_px`; its proportions stay.
pub fn shrink(image: &RgbImage, longest_px: u32) -> Cow<'_, RgbImage> {
    let longest = image.width().max(image.height());
    if longest <= longest_px {
        return Cow::Borrowed(image);
    }
    let scale = f64::from(longest_px) / f64::from(longest);
    let side = |n: u32| ((f64::from(n) * scale).round() as u32).max(1);
    Cow::Owned(imageops::resize(image, side(image.width()), side(image.height()), FilterType::Triangle))
}

/// The same result over the same photo at another size: view and regions move with the pixels, no share changes.
pub fn resized(measured: &Measured, to: Size) -> Measured {
    let from = measured.explanation.image;
    let to_from_image = Affine::between(from.bounds(), to.bounds());
    let mut resized = measured.clone();
    resized.explanation.image = to;
    resized.explanation.view = to_from_image.bbox(measured.explanation.view);
    for region in &mut resized.rois {
        let roi = &mut region.roi;
        roi.bbox = to_from_image.bbox(roi.bbox);
        match &mut roi.shape {
            Shape::Box => {}
            Shape::Mask(mask) => *mask = Arc::new(resized_mask(mask, to)),
            Shape::Polygon { rings, pixels } => {
                let moved = |[x, y]: &[f32; 2]| <[f32; 2]>::from(to_from_image.point(*x, *y));
                *rings = rings.iter().map(|ring| ring.iter().map(moved).collect()).collect();
                *pixels = Arc::new(resized_mask(pixels, to));
            }
        }
    }
    resized
}

/// Each pixel as the one under its centre.
fn resized_mask(mask: &Mask, to: Size) -> Mask {
    let from = mask.size();
    let under = |at: u32, of: u32, n: u32| ((at as f32 + 0.5) * of as f32 / n as f32) as u32;
    Mask::of_window(to, 0..to.width, 0..to.height, |x, y| {
        mask.contains(under(x, from.width, to.width), under(y, from.height, to.height))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{Explanation, Prediction};
    use crate::dataset::ClassId;
    use crate::geometry::BBox;
    use crate::roi::{Roi, RoiSource};
    use crate::saliency::SaliencyMap;

    #[test]
    fn only_what_is_too_large_is_made_smaller() {
        let photo = RgbImage::new(400, 100);
        assert_eq!(shrink(&photo, 400).dimensions(), (400, 100));
        assert_eq!(shrink(&photo, 200).dimensions(), (200, 50));
        assert_eq!(shrink(&photo, 2).dimensions(), (2, 1), "a side never vanishes");
    }

    #[test]
    fn view_boxes_and_masks_move_with_the_pixels_and_shares_stay() -> anyhow::Result<()> {
        let size = Size::new(8, 4);
        let explanation = Explanation {
            image: size,
            view: BBox::new(2.0, 0.0, 6.0, 4.0),
            top: vec![Prediction { class: ClassId(0), probability: 1.0 }],
            target: ClassId(0),
            map: SaliencyMap::from_values(1, 1, vec![1.0]),
        };
        let mask = Mask::of_window(size, 4..8, 0..4, |_, _| true);
        let regions = [
            Some(Roi::of_box(BBox::new(2.0, 2.0, 4.0, 4.0), 0.9, "cat", RoiSource::Detector)),
            Roi::of_mask(mask, 0.8, "dog", RoiSource::Detector),
        ];
        let measured = Measured::new(explanation, regions.into_iter().flatten().collect());
        let small = resized(&measured, Size::new(4, 2));
        assert_eq!(small.explanation.view, BBox::new(1.0, 0.0, 3.0, 2.0));
        assert_eq!(small.rois[0].roi.bbox, BBox::new(1.0, 1.0, 2.0, 2.0));
        assert_eq!(small.rois[1].roi.mask().and_then(Mask::bounds), Some(BBox::new(2.0, 0.0, 4.0, 2.0)));
        assert_eq!(small.fit, measured.fit);
        assert_eq!(small.rois[0].share, measured.rois[0].share);
        Ok(())
    }
}
