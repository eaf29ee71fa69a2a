//! One sample through all networks: what the parts before this one say about it, put together.
//!
//! Comes in: prepared images and the loaded models. Goes out: [`Explanation`] (the classifier's half), detections (the
//! detector's half) and the [`Measured`] result of both. May not live here: threads, files, storage; it computes nothing
//! itself.

mod choice;
mod models;
mod score;
mod target;

pub use choice::{RoiChoice, Sources};
pub use models::{Models, explain, explanation_key, input_batch};
pub use score::{SampleScore, Score};
pub use target::Target;

use crate::dataset::ClassId;
use crate::fit::{Fit, RoiRule, RoiShare, ShareRule, fit_by, region_share};
use crate::geometry::{BBox, Size};
use crate::roi::Roi;
use crate::saliency::SaliencyMap;

/// One of the classes a classifier thinks of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prediction {
    /// The class.
    pub class: ClassId,
    /// Softmax probability, `0.0..=1.0`.
    pub probability: f32,
}

/// What the classifier says of an image, and where it looked.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// Size of the upright image.
    pub image: Size,
    /// The part of it that the classifier saw, in image pixels.
    pub view: BBox,
    /// The five (or fewer) most probable classes, best first.
    pub top: Vec<Prediction>,
    /// The class that the saliency explains.
    pub target: ClassId,
    /// Over the view.
    pub map: SaliencyMap,
}

/// A region with its share of the saliency.
#[derive(Clone, Debug, PartialEq)]
pub struct MeasuredRoi {
    /// The region.
    pub roi: Roi,
    /// `None` where it lies outside the view.
    pub share: Option<RoiShare>,
}

/// Everything known of an analysed sample.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// The classifier's half.
    pub explanation: Explanation,
    /// The regions of the whole image, highest score first.
    pub rois: Vec<MeasuredRoi>,
    /// The fit of the region that counts; its index is one in `rois`.
    pub fit: Fit,
}

impl Measured {
    /// Puts an explanation and the image's regions (highest score first) together; the fit is that of the best region.
    pub fn new(explanation: Explanation, rois: Vec<Roi>) -> Self {
        Self::by_rule(explanation, rois, RoiRule::Best, |_| true, |_| true)
    }

    /// Puts an explanation and the image's regions (highest score first) together, with the fit by `rule` of those for which
    /// `counts` holds; `belongs` says whether a region belongs to the explained class.
    pub fn by_rule(
        explanation: Explanation,
        rois: Vec<Roi>,
        rule: RoiRule,
        counts: impl Fn(&Roi) -> bool,
        belongs: impl Fn(&Roi) -> bool,
    ) -> Self {
        let shares: Vec<_> = rois
            .iter()
            .map(|roi| region_share(&explanation.map, explanation.view, roi, ShareRule::default()))
            .collect();
        let all = rois.iter().zip(&shares).enumerate();
        let counted: Vec<_> =
            all.filter(|(_, (roi, _))| counts(roi)).map(|(i, (roi, share))| (i, roi, *share)).collect();
        let fit = fit_by(rule, &explanation.map, explanation.view, &counted, belongs);
        let rois = rois.into_iter().zip(shares).map(|(roi, share)| MeasuredRoi { roi, share }).collect();
        Self { explanation, rois, fit }
    }

    /// The same regions, of which the usual ones count, measured on another map.
    pub fn with_explanation(&self, explanation: Explanation) -> Self {
        let rois: Vec<_> = self.rois.iter().map(|region| region.roi.clone()).collect();
        let choice = RoiChoice::default();
        let counts = choice.counts(&rois);
        Self::by_rule(explanation, rois, choice.rule, counts, |_| true)
    }
}

/// What became of a sample.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Both networks ran.
    Measured(Box<Measured>),
    /// The image could not be used, for this reason.
    Failed(String),
}
