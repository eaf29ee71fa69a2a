//! Regions of interest: where in an image a classifier's evidence should lie.
//!
//! Comes in: detections, annotations, what a person draws. Goes out: [`Roi`] in image pixels, each with its shape and
//! source. May not live here: saliency, networks, file formats.

mod drawn;
mod polygon;

pub use drawn::{DrawnRoi, Outline};
pub use polygon::{Ring, pixels_inside, ring_bounds};

use std::sync::Arc;

use crate::detector::Detection;
use crate::geometry::{BBox, Size};
use crate::mask::Mask;

/// Where an ROI comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RoiSource {
    /// An object detector.
    Detector,
    /// A file of annotations.
    Annotation,
    /// Drawn by hand.
    Hand,
}

impl RoiSource {
    /// The word of exports and project files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Detector => "detector",
            Self::Annotation => "annotation",
            Self::Hand => "hand",
        }
    }
}

/// What of its box a region covers.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Shape {
    /// All of it.
    #[default]
    Box,
    /// Some of its pixels.
    Mask(Arc<Mask>),
    /// What lies inside any of the rings.
    Polygon {
        /// In image pixels.
        rings: Arc<[Ring]>,
        /// The pixels whose centre lies inside: what counts.
        pixels: Arc<Mask>,
    },
}

/// A region that should matter.
#[derive(Clone, Debug, PartialEq)]
pub struct Roi {
    /// The smallest box around it, in image pixels, inside the image.
    pub bbox: BBox,
    /// What of the box it covers.
    pub shape: Shape,
    /// Confidence of the source, `0.0..=1.0`.
    pub score: f32,
    /// What the source takes it for; the fit ignores it.
    pub name: String,
    /// Who says so.
    pub source: RoiSource,
}

impl Roi {
    /// A region that is a whole box.
    pub fn of_box(bbox: BBox, score: f32, name: impl Into<String>, source: RoiSource) -> Self {
        Self { bbox, shape: Shape::Box, score, name: name.into(), source }
    }

    /// A region of pixels; `None` if there are none.
    pub fn of_mask(mask: Mask, score: f32, name: impl Into<String>, source: RoiSource) -> Option<Self> {
        let bbox = mask.bounds()?;
        Some(Self { bbox, shape: Shape::Mask(Arc::new(mask)), score, name: name.into(), source })
    }

    /// The region inside any of `rings`, in pixels of an image of `size`; `None` if no pixel's centre lies inside.
    pub fn of_polygon(
        rings: Vec<Ring>,
        size: Size,
        score: f32,
        name: impl Into<String>,
        source: RoiSource,
    ) -> Option<Self> {
        let pixels = pixels_inside(&rings, size);
        if pixels.is_empty() {
            return None;
        }
        let bbox = ring_bounds(&rings)?.intersection(size.bounds())?;
        let shape = Shape::Polygon { rings: rings.into(), pixels: Arc::new(pixels) };
        Some(Self { bbox, shape, score, name: name.into(), source })
    }

    /// The pixels that count, where they are not all those of the box.
    pub fn mask(&self) -> Option<&Mask> {
        match &self.shape {
            Shape::Box => None,
            Shape::Mask(mask) | Shape::Polygon { pixels: mask, .. } => Some(mask),
        }
    }
}

/// The region of a detection: its pixels, where its detector found some, or its box.
fn of_detection(detection: &Detection) -> Roi {
    let Detection { bbox, score, name, mask, .. } = detection;
    let of_box = Roi::of_box(*bbox, *score, name.clone(), RoiSource::Detector);
    match mask.as_ref().and_then(|mask| Some((mask.bounds()?, mask))) {
        Some((bbox, mask)) => Roi { bbox, shape: Shape::Mask(Arc::clone(mask)), ..of_box },
        None => of_box,
    }
}

/// The detections that count as regions: those of at least `min_score`, best first, in the order they came in.
pub fn rois_from_detections(detections: &[Detection], min_score: f32) -> Vec<Roi> {
    let counted = detections.iter().filter(|d| d.score >= min_score);
    counted.map(of_detection).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn detections_below_the_score_are_no_regions() {
        let detection =
            |score| Detection { bbox: BBox::new(0.0, 0.0, 1.0, 1.0), score, class: 0, name: "dog".into(), mask: None };
        let rois = rois_from_detections(&[detection(0.9), detection(0.35), detection(0.349)], 0.35);
        assert_eq!(rois.iter().map(|r| r.score).collect::<Vec<_>>(), [0.9, 0.35]);
    }

    #[test]
    fn a_detection_with_pixels_is_a_region_of_them() {
        let of_mask = |inside: bool| {
            let mask = Mask::of_window(Size::new(9, 9), 2..4, 3..8, |_, _| inside);
            let bbox = BBox::new(1.0, 2.5, 5.0, 8.5);
            let mask = Some(Arc::new(mask));
            of_detection(&Detection { bbox, score: 0.9, class: 0, name: "dog".into(), mask })
        };
        assert_eq!(
            (of_mask(true).bbox, of_mask(true).mask().map(Mask::area)),
            (BBox::new(2.0, 3.0, 4.0, 8.0), Some(10))
        );
        assert_eq!((of_mask(false).bbox, of_mask(false).mask()), (BBox::new(1.0, 2.5, 5.0, 8.5), None));
    }

    #[test]
    fn regions_without_a_pixel_are_none() {
        let size = Size::new(4, 4);
        let sliver: Ring = vec![[1.0, 1.0], [1.2, 1.0], [1.2, 3.0]];
        assert!(Roi::of_polygon(vec![sliver], size, 1.0, "dog", RoiSource::Hand).is_none());
        let empty = Mask::of_window(size, 0..4, 0..4, |_, _| false);
        assert!(Roi::of_mask(empty, 1.0, "dog", RoiSource::Hand).is_none());
    }
}
