//! The few numbers of a sample that tables and averages need.

use super::Measured;
use crate::dataset::{ClassId, SampleId};
use crate::fit::Fit;
use crate::roi::RoiSource;

/// A sample with the numbers that its class row is made from.
#[derive(Clone, Debug, PartialEq)]
pub struct SampleScore {
    /// Its number in the project.
    pub id: SampleId,
    /// Relative to the data set's folder, with `/` between its parts.
    pub path: String,
    /// Name of its class folder; `None` in a data set without labels.
    pub label: Option<String>,
    /// `None` where the image could not be used.
    pub score: Option<Score>,
}

/// What the networks made of a sample, in short.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// The most probable class.
    pub predicted: ClassId,
    /// Its softmax probability, `0.0..=1.0`.
    pub confidence: f32,
    /// The class that the saliency explains.
    pub target: ClassId,
    /// Whether the predicted class counts as the label; `None` where the label stands for no class of the classifier.
    pub correct: Option<bool>,
    /// Fit, area share and lift of the best region.
    pub fit: Fit,
    /// Who says that there is this region; `None` without a fit.
    pub source: Option<RoiSource>,
}

impl Score {
    /// The numbers of a measured sample; `hits` are the classes that its label stands for, in rising order.
    ///
    /// # Panics
    /// If the explanation has no prediction.
    pub fn new(measured: &Measured, hits: Option<&[ClassId]>) -> Self {
        let best = measured.explanation.top.first().expect("a classifier has at least one class");
        Self {
            predicted: best.class,
            confidence: best.probability,
            target: measured.explanation.target,
            correct: hits.map(|hits| hits.binary_search(&best.class).is_ok()),
            fit: measured.fit,
            source: measured.fit.roi().map(|best| measured.rois[best].roi.source),
        }
    }
}
