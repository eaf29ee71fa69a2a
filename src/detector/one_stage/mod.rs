//! Detectors that classify and move every anchor at once, as torchvision computes them: RetinaNet (Lin et al. 2017) and
//! SSDlite (Sandler et al. 2018).

mod candidates;
mod network;

pub use candidates::anchors;
pub(crate) use network::family_of;
pub use network::{Family, OneStageNetwork, Scored};

use candle_core::{Device, Result, bail};

use self::candidates::candidates;
use super::batch::{Seen, detect_together};
use super::rcnn::{DetectionRules, best_of_each_class};
use super::{Detection, Detector, DetectorSpec};
use crate::geometry::Size;
use crate::preprocess::NetworkInput;
use crate::weights::Weights;

/// Pixels that the sides of an input are padded to a multiple of.
const DIVISOR: usize = 32;

/// RetinaNet or SSDlite.
#[derive(Debug)]
pub struct OneStage {
    spec: DetectorSpec,
    network: OneStageNetwork,
    /// Of the backbone's batch norms.
    eps: f64,
}

impl OneStage {
    /// Builds the network that the names and shapes of `weights` describe; `eps` is that of a residual backbone's batch norms.
    ///
    /// # Errors
    /// If the weights are of another network or another number of classes, or the device refuses.
    pub fn new(weights: &Weights, spec: DetectorSpec, eps: f64, device: &Device) -> Result<Self> {
        let network = OneStageNetwork::new(weights, eps, device)?;
        let names = spec.classes.names.len();
        if names != network.labels {
            bail!("the detector has {} classes, but {names} names are given", network.labels)
        }
        Ok(Self { spec, network, eps })
    }

    /// The objects of one image, best first.
    fn objects(&self, levels: &[Scored], seen: Seen<'_>) -> Vec<Detection> {
        let Seen { input, padded, image } = seen;
        let family = self.network.family;
        let found = candidates(family, levels, self.network.labels, input.size, padded);
        let rules = match family {
            Family::RetinaNet => DetectionRules { min_score: 0.05, overlap: 0.5, keep: 300 },
            Family::SsdLite => DetectionRules { min_score: 0.001, overlap: 0.55, keep: 300 },
        };
        let image_from_input = input.input_from_image.inverse();
        let objects = best_of_each_class(&found, rules).into_iter().map(|b| Detection {
            bbox: image_from_input.bbox(b.bbox).clamp_to(image.bounds()),
            score: b.score,
            class: b.label,
            name: self.spec.classes.names[b.label].clone(),
            mask: None,
        });
        objects.filter(|d| !d.bbox.is_empty()).collect()
    }
}

impl Detector for OneStage {
    fn spec(&self) -> &DetectorSpec {
        &self.spec
    }

    fn key(&self) -> String {
        let Self { spec, network, eps } = self;
        format!("{} {:?} eps {eps} {:?}", spec.weights_key, network.family, spec.preprocessing)
    }

    fn detect(&self, inputs: &[NetworkInput], images: &[Size]) -> Result<Vec<Vec<Detection>>> {
        let forward = |batch: &_| self.network.levels(batch);
        detect_together(inputs, images, DIVISOR, forward, |levels, seen| Ok(self.objects(levels, seen)))
    }
}
