//! Object detectors: image in, boxes of objects out.
//!
//! Comes in: an upright RGB image. Goes out: [`Detection`]s in image pixels, best first. May not live here: saliency, what
//! counts as a region (see [`crate::roi`]).

pub mod anchors;
pub mod coding;
pub mod nms;
pub mod paste;
pub mod roi_align;

use crate::geometry::BBox;

/// An object found in an image.
#[derive(Clone, Debug, PartialEq)]
pub struct Detection {
    /// In image pixels, inside the image.
    pub bbox: BBox,
    /// `0.0..=1.0`
    pub score: f32,
    /// Index in the detector's own list of classes.
    pub class: usize,
    /// Name of that class.
    pub name: String,
}
