//! The box head: which class is in a proposal, and where exactly.

use candle_core::{Device, Result, Tensor, bail};

use super::{Library, Trunk};
use crate::blocks::Layers;
use crate::detector::coding::BoxCoding;
use crate::detector::nms;
use crate::detector::pyramid::CHANNELS;
use crate::detector::roi_align::{LevelRule, RoiAlign};
use crate::geometry::{BBox, Size};
use crate::graph::{Activation, Network, Op};
use crate::weights::Weights;

/// Side of the grid that a proposal is resampled to.
const POOLED: usize = 7;
/// Values of a pooled proposal.
const POOLED_VALUES: usize = CHANNELS * POOLED * POOLED;
/// Width of the two hidden layers.
const HIDDEN: usize = 1024;

/// The fully connected head on a device.
#[derive(Debug)]
pub struct BoxHead {
    library: Library,
    network: Network,
    /// Number of classes of objects, the background not counted.
    pub classes: usize,
}

/// What the head says of each proposal.
#[derive(Clone, Debug)]
pub struct BoxScores {
    /// `(proposals, HIDDEN)`: the last hidden layer.
    pub features: Vec<f32>,
    /// `(proposals, classes + 1)`; the background is first in torchvision and last in Detectron2.
    pub class_logits: Vec<f32>,
    /// Columns of `deltas`.
    pub delta_columns: usize,
    /// `(proposals, delta_columns)`: four for each class, in torchvision also for the background.
    pub deltas: Vec<f32>,
}

/// A box with its class.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClassBox {
    /// In network-input pixels, inside the picture.
    pub bbox: BBox,
    /// Probability.
    pub score: f32,
    /// Number of the class in the library's own counting: torchvision's objects start at 1.
    pub label: usize,
}

/// Which proposals become detections.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DetectionRules {
    /// Least probability, exclusive.
    pub min_score: f32,
    /// Overlap from which the lesser of two boxes of a class goes.
    pub overlap: f32,
    /// The best so many are returned.
    pub keep: usize,
}

impl Default for DetectionRules {
    /// Both libraries' defaults.
    fn default() -> Self {
        Self { min_score: 0.05, overlap: 0.5, keep: 100 }
    }
}

/// Resamples each of `boxes` from the level of the pyramid that suits its size: `(boxes, CHANNELS, side, side)`.
pub(super) fn pool(library: Library, trunk: &Trunk, strides: &[usize], boxes: &[BBox], side: usize) -> Vec<f32> {
    let (align, rule) = match library {
        Library::Detectron2 => (RoiAlign { output: side, samples: None, aligned: true }, LevelRule::Detectron2),
        Library::Torchvision => (RoiAlign { output: side, samples: Some(2), aligned: false }, LevelRule::Torchvision),
    };
    let maps: Vec<_> = trunk.levels.iter().zip(strides).map(|(level, stride)| level.feature_map(*stride)).collect();
    let (first, last) = (log2(strides.first()), log2(strides.last()));
    let levels: Vec<_> = boxes.iter().map(|bbox| rule.level(*bbox, first, last)).collect();
    align.pool(&maps, boxes, &levels)
}

/// Logarithm of a stride, a power of two.
fn log2(stride: Option<&usize>) -> u32 {
    stride.map_or(0, |stride| stride.ilog2())
}

impl BoxHead {
    /// The head of an R-CNN; `None` where the weights have only proposals.
    ///
    /// # Errors
    /// If weights are missing or of another shape, or the device refuses.
    pub fn new(weights: &Weights, library: Library, device: &Device) -> Result<Option<Self>> {
        let Some(shape) = weights.shape("roi_heads.box_predictor.cls_score.weight") else { return Ok(None) };
        let columns = match shape {
            [columns, _] if *columns > 1 => *columns,
            _ => bail!("roi_heads.box_predictor.cls_score.weight has shape {shape:?}, expected classes and features"),
        };
        let classes = columns - 1;
        let box_classes = match library {
            Library::Detectron2 => classes,
            Library::Torchvision => columns,
        };
        let head = "roi_heads.box_head";
        let first = weights.renamed(&format!("{head}.fc6"), &format!("{head}.fc1"));
        let second = weights.renamed(&format!("{head}.fc7"), &format!("{head}.fc2"));
        let mut layers = Layers::new(weights, CHANNELS);
        let x = layers.input();
        let x = layers.push("roi_heads.box_head.flatten", Op::Flatten, &[x]);
        let x = layers.linear(&first, x, POOLED_VALUES, HIDDEN)?;
        let x = layers.activation(format!("{first}.relu"), x, Activation::Relu);
        let x = layers.linear(&second, x, HIDDEN, HIDDEN)?;
        let features = layers.activation(format!("{second}.relu"), x, Activation::Relu);
        let logits = layers.linear("roi_heads.box_predictor.cls_score", features, HIDDEN, columns)?;
        let deltas = layers.linear("roi_heads.box_predictor.bbox_pred", features, HIDDEN, 4 * box_classes)?;
        let network = Network::new(&layers.finish(&[features, logits, deltas])?, device)?;
        Ok(Some(Self { library, network, classes }))
    }

    /// The pooled proposals, `(proposals, CHANNELS, 7, 7)`.
    pub fn pool(&self, trunk: &Trunk, strides: &[usize], boxes: &[BBox]) -> Vec<f32> {
        pool(self.library, trunk, strides, boxes, POOLED)
    }

    /// Runs the head on pooled proposals.
    ///
    /// # Errors
    /// If `pooled` is no whole number of proposals, or the device fails.
    pub fn scores(&self, pooled: Vec<f32>) -> Result<BoxScores> {
        let proposals = pooled.len() / POOLED_VALUES;
        if proposals == 0 {
            return Ok(BoxScores {
                features: Vec::new(),
                class_logits: Vec::new(),
                delta_columns: 4,
                deltas: Vec::new(),
            });
        }
        let input = Tensor::from_vec(pooled, (proposals, CHANNELS, POOLED, POOLED), &Device::Cpu)?;
        let results = self.network.forward(&input)?;
        let values = |i: usize| results[i].flatten_all()?.to_vec1();
        let delta_columns = results[2].dim(1)?;
        Ok(BoxScores { features: values(0)?, class_logits: values(1)?, delta_columns, deltas: values(2)? })
    }

    /// The detections among scored `proposals` of a `picture` (size in network pixels), best first.
    pub fn detections(
        &self,
        scores: &BoxScores,
        proposals: &[BBox],
        picture: Size,
        rules: DetectionRules,
    ) -> Vec<ClassBox> {
        let columns = self.classes + 1;
        let mut found: Vec<ClassBox> = Vec::new();
        let rows = scores.class_logits.chunks_exact(columns).zip(scores.deltas.chunks_exact(scores.delta_columns));
        for (proposal, (logits, deltas)) in proposals.iter().zip(rows) {
            let objects = match self.library {
                Library::Detectron2 => 0..self.classes,
                Library::Torchvision => 1..columns,
            };
            let probabilities = softmax(logits);
            for label in objects.filter(|label| probabilities[*label] > rules.min_score) {
                let delta = [0, 1, 2, 3].map(|c| deltas[4 * label + c]);
                let bbox = BoxCoding::TEN_FIVE.decode(*proposal, delta).clamp_to(picture.bounds());
                let sliver = self.library == Library::Torchvision && !(bbox.width() >= 1e-2 && bbox.height() >= 1e-2);
                if !sliver {
                    found.push(ClassBox { bbox, score: probabilities[label], label });
                }
            }
        }
        best_of_each_class(&found, rules)
    }
}

/// What is left after suppression within each class, best first.
pub(crate) fn best_of_each_class(found: &[ClassBox], rules: DetectionRules) -> Vec<ClassBox> {
    let boxes: Vec<_> = found.iter().map(|b| b.bbox).collect();
    let scores: Vec<_> = found.iter().map(|b| b.score).collect();
    let labels: Vec<_> = found.iter().map(|b| b.label).collect();
    let kept = nms::suppress(&boxes, &scores, &labels, rules.overlap);
    kept.into_iter().take(rules.keep).map(|i| found[i]).collect()
}

/// Probabilities that sum to 1.
pub(crate) fn softmax(logits: &[f32]) -> Vec<f32> {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut values: Vec<f32> = logits.iter().map(|v| (v - largest).exp()).collect();
    let sum: f32 = values.iter().sum();
    values.iter_mut().for_each(|v| *v /= sum);
    values
}
