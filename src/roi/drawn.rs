//! Regions as a person draws them.

use super::polygon::Ring;
use super::{Roi, RoiSource};
use crate::geometry::{BBox, Size};

/// What was drawn, in image pixels.
#[derive(Clone, Debug, PartialEq)]
pub enum Outline {
    /// A box.
    Box(BBox),
    /// A polygon of at least three corners.
    Polygon(Ring),
}

/// A region that a person drew.
#[derive(Clone, Debug, PartialEq)]
pub struct DrawnRoi {
    /// Its edge.
    pub outline: Outline,
    /// What the person calls it; may be empty.
    pub name: String,
}

impl DrawnRoi {
    /// The region in an image of `size`, as the fit is computed on it; `None` where nothing of it lies inside the image.
    pub fn roi(&self, size: Size) -> Option<Roi> {
        match &self.outline {
            Outline::Box(bbox) => {
                let inside = bbox.intersection(size.bounds())?;
                Some(Roi::of_box(inside, 1.0, self.name.clone(), RoiSource::Hand))
            }
            Outline::Polygon(ring) => {
                Roi::of_polygon(vec![ring.clone()], size, 1.0, self.name.clone(), RoiSource::Hand)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(outline: Outline) -> DrawnRoi {
        DrawnRoi { outline, name: "web".into() }
    }

    #[test]
    fn a_box_is_clipped_to_the_image() {
        let size = Size::new(10, 8);
        let roi = drawn(Outline::Box(BBox::new(-3.0, 2.5, 6.0, 90.0))).roi(size);
        assert_eq!(roi, Some(Roi::of_box(BBox::new(0.0, 2.5, 6.0, 8.0), 1.0, "web", RoiSource::Hand)));
        assert_eq!(drawn(Outline::Box(BBox::new(10.0, 0.0, 12.0, 8.0))).roi(size), None);
    }

    #[test]
    fn a_polygon_covers_the_pixels_inside() {
        let ring = vec![[0.0, 0.0], [4.0, 0.0], [4.0, 2.0], [0.0, 2.0]];
        let roi = drawn(Outline::Polygon(ring)).roi(Size::new(10, 8));
        assert_eq!(roi.and_then(|roi| Some((roi.mask()?.area(), roi.source))), Some((8, RoiSource::Hand)));
    }
}
