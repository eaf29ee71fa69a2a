//! Samples that this room's tests share.

use crate::analysis::{SampleScore, Score};
use crate::dataset::{ClassId, SampleId};
use crate::fit::Fit;

/// A sample of a class with a fit on half of the view, or without a region; it is predicted as class 1.
pub(super) fn sample(class: &str, fit: Option<f64>) -> SampleScore {
    let fit = fit.map_or(Fit::NoRoi, |fit| Fit::Measured { roi: 0, fit, area_share: 0.5 });
    let score = Score { predicted: ClassId(1), confidence: 0.5, target: ClassId(1), correct: None, fit, source: None };
    SampleScore { id: SampleId(0), path: "a.jpg".into(), label: Some(class.into()), score: Some(score) }
}
