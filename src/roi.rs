//! Regions of interest: where in an image a classifier's evidence should lie.
//!
//! Comes in: detections. Goes out: [`Roi`] in image pixels, each with its source. May not live here: saliency, networks.

use crate::detector::Detection;
use crate::geometry::BBox;

/// Where an ROI comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RoiSource {
    /// An object detector.
    Detector,
}

impl RoiSource {
    /// The word of exports and project files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Detector => "detector",
        }
    }
}

/// A region that should matter.
#[derive(Clone, Debug, PartialEq)]
pub struct Roi {
    /// In image pixels, inside the image.
    pub bbox: BBox,
    /// Confidence of the source, `0.0..=1.0`.
    pub score: f32,
    /// What the source takes it for; the fit ignores it.
    pub name: String,
    /// Who says so.
    pub source: RoiSource,
}

/// The detections that count as regions: those of at least `min_score`, best first, in the order they came in.
pub fn rois_from_detections(detections: &[Detection], min_score: f32) -> Vec<Roi> {
    detections
        .iter()
        .filter(|d| d.score >= min_score)
        .map(|d| Roi { bbox: d.bbox, score: d.score, name: d.name.clone(), source: RoiSource::Detector })
        .collect()
}
