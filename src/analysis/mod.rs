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
use crate::fit::{Counted, Fit, RoiRule, RoiShare, ShareRule, fit_by, region_share};
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
    /// What the fit makes of it.
    pub standing: Standing,
}

/// What a fit makes of a region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Whether its source counts in this sample.
    pub counts: bool,
    /// Whether it belongs to the explained class; only [`RoiRule::OfClass`] asks, under other rules it is true.
    pub belongs: bool,
}

impl Standing {
    /// Counts, and belongs to the class.
    pub const FULL: Self = Self { counts: true, belongs: true };
}

/// Everything known of an analysed sample.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// The classifier's half.
    pub explanation: Explanation,
    /// The regions of the whole image, highest score first.
    pub rois: Vec<MeasuredRoi>,
    /// How they become a fit.
    pub rule: RoiRule,
    /// The fit of the region that counts; its index is one in `rois`.
    pub fit: Fit,
}

impl Measured {
    /// Puts an explanation and the image's regions (highest score first) together; the fit is that of the best region.
    pub fn new(explanation: Explanation, rois: Vec<Roi>) -> Self {
        Self::by_rule(explanation, rois.into_iter().map(|roi| (roi, Standing::FULL)).collect(), RoiRule::Best)
    }

    /// Puts an explanation and the image's regions (of each source the highest score first) together, with the fit by `rule`
    /// of those that count.
    pub fn by_rule(explanation: Explanation, rois: Vec<(Roi, Standing)>, rule: RoiRule) -> Self {
        let share = |roi: &Roi| region_share(&explanation.map, explanation.view, roi, ShareRule::default());
        let rois: Vec<_> =
            rois.into_iter().map(|(roi, standing)| MeasuredRoi { share: share(&roi), roi, standing }).collect();
        let counted = rois.iter().enumerate().filter(|(_, region)| region.standing.counts);
        let counted: Vec<_> = counted
            .map(|(index, MeasuredRoi { roi, share, standing })| Counted {
                index,
                roi,
                share: *share,
                belongs: standing.belongs,
            })
            .collect();
        let fit = fit_by(rule, &explanation.map, explanation.view, &counted);
        Self { explanation, rois, rule, fit }
    }

    /// The regions that the fit is of: all that count under [`RoiRule::Union`], else one; none where there is no fit.
    pub fn fitted(&self) -> Vec<&Roi> {
        match (self.fit.roi(), self.rule) {
            (Some(_), RoiRule::Union) => {
                self.rois.iter().filter(|region| region.standing.counts).map(|region| &region.roi).collect()
            }
            (Some(one), _) => self.rois.get(one).map(|region| &region.roi).into_iter().collect(),
            (None, _) => Vec::new(),
        }
    }

    /// The same regions, with the same standing, measured on another map of the same image.
    pub fn with_explanation(&self, explanation: Explanation) -> Self {
        let rois = self.rois.iter().map(|region| (region.roi.clone(), region.standing)).collect();
        Self::by_rule(explanation, rois, self.rule)
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
