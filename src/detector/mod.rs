//! Object detectors: image in, boxes of objects out.
//!
//! Comes in: an upright RGB image. Goes out: [`Detection`]s in image pixels, best first. May not live here: saliency, what
//! counts as a region (see [`crate::roi`]).

pub mod anchors;
mod architecture;
pub mod batch;
pub mod coding;
pub mod nanodet;
pub mod nms;
pub mod one_stage;
pub mod paste;
pub mod presets;
pub mod pyramid;
pub mod rcnn;
mod recognise;
pub mod roi_align;

pub use architecture::{DETECTORS, DetectorArchitecture, Load, detector_architecture};
pub use recognise::{Recognised, recognise};

use std::sync::Arc;

use crate::card::Classes;
use crate::geometry::{BBox, Size};
use crate::mask::Mask;
use crate::preprocess::{NetworkInput, Preprocessing};

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
    /// Its pixels, from a detector that finds them.
    pub mask: Option<Arc<Mask>>,
}

/// What a detector is, besides its network.
#[derive(Clone, Debug)]
pub struct DetectorSpec {
    /// What people call it.
    pub name: String,
    /// Identity of the weights.
    pub weights_key: String,
    /// What it wants of a picture.
    pub preprocessing: Preprocessing,
    /// What its classes are called.
    pub classes: Classes,
    /// The score from which its detections count as regions of interest, unless the user says otherwise.
    pub roi_score: f32,
}

/// Finds objects.
pub trait Detector: Send + Sync {
    /// What it is, besides its network.
    fn spec(&self) -> &DetectorSpec;

    /// What people call it.
    fn name(&self) -> &str {
        &self.spec().name
    }

    /// What it wants of a picture.
    fn preprocessing(&self) -> &Preprocessing {
        &self.spec().preprocessing
    }

    /// Names of its classes; [`Detection::class`] counts them.
    fn class_names(&self) -> &[String] {
        &self.spec().classes.names
    }

    /// The score from which its detections count as regions of interest, unless the user says otherwise.
    fn roi_score(&self) -> f32 {
        self.spec().roi_score
    }

    /// Identity of everything that changes a number: weights, preprocessing, thresholds. Results are stored under it.
    fn key(&self) -> String;

    /// The objects in each image, best first. A result depends on its own image only.
    ///
    /// `inputs` are prepared by [`Detector::preprocessing`] from images of the sizes `images`, one each.
    ///
    /// # Errors
    /// If an input does not fit the network, or the device fails.
    fn detect(&self, inputs: &[NetworkInput], images: &[Size]) -> candle_core::Result<Vec<Vec<Detection>>>;
}
