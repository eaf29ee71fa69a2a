//! An R-CNN as a detector: from prepared pictures to objects in image pixels.

use std::sync::Arc;

use candle_core::{Device, Result, bail};

use super::proposals::sigmoid;
use super::{BoxHead, ClassBox, DetectionRules, Library, MASK_SIDE, ProposalRules, Proposals, RcnnNetwork, Trunk};
use crate::card::Classes;
use crate::detector::batch::{Seen, detect_together};
use crate::detector::{Detection, Detector, DetectorSpec};
use crate::geometry::{BBox, Size};
use crate::preprocess::NetworkInput;
use crate::weights::Weights;

/// Pixels that the sides of an input are padded to a multiple of.
const DIVISOR: usize = 32;

/// Most proposals of an image that are kept. The libraries pass 1000 or 2000 on to a box head; below the best few hundred are
/// further boxes around the same objects.
const MOST_PROPOSALS: usize = 300;

/// The score from which a proposal counts as a region of interest, unless the user says otherwise.
pub(in crate::detector) const PROPOSAL_SCORE: f32 = 0.9;

/// What proposals are called: they are of one class.
pub(in crate::detector) fn proposal_classes() -> Classes {
    Classes::from_names(vec!["object".to_owned()])
}

/// Faster R-CNN, Mask R-CNN or region proposals alone.
#[derive(Debug)]
pub struct Rcnn {
    spec: DetectorSpec,
    network: RcnnNetwork,
    /// Of the backbone's batch norms.
    eps: f64,
    proposals: ProposalRules,
    detections: DetectionRules,
}

impl Rcnn {
    /// Builds the network that the names and shapes of `weights` describe; `eps` is that of the backbone's batch norms.
    ///
    /// # Errors
    /// If the weights are of another network or another number of classes, or the device refuses.
    pub fn new(weights: &Weights, spec: DetectorSpec, eps: f64, device: &Device) -> Result<Self> {
        let network = RcnnNetwork::new(weights, eps, device)?;
        let names = spec.classes.names.len();
        let needed = match (&network.box_head, network.library) {
            (None, _) => 1,
            (Some(head), Library::Detectron2) => head.classes,
            // The background has a name too.
            (Some(head), Library::Torchvision) => head.classes + 1,
        };
        if names != needed {
            bail!("the detector has {needed} classes, but {names} names are given")
        }
        Self::of_network(network, spec, eps)
    }

    /// The network's region proposals alone: boxes that may hold anything, of one class. Class names and score of `spec` are
    /// those of the whole network, and not used.
    ///
    /// # Errors
    /// If the weights are of another network, or the device refuses.
    pub fn proposing(weights: &Weights, spec: DetectorSpec, eps: f64, device: &Device) -> Result<Self> {
        let spec = DetectorSpec { classes: proposal_classes(), roi_score: PROPOSAL_SCORE, ..spec };
        Self::of_network(RcnnNetwork::proposing(weights, eps, device)?, spec, eps)
    }

    fn of_network(network: RcnnNetwork, spec: DetectorSpec, eps: f64) -> Result<Self> {
        let proposals = network.proposal_rules()?;
        Ok(Self { spec, network, eps, proposals, detections: DetectionRules::default() })
    }

    /// The objects of one image.
    fn objects(&self, trunk: &Trunk, seen: Seen<'_>) -> Result<Vec<Detection>> {
        let proposals = self.proposals.propose(trunk, seen.input.size, seen.padded);
        match &self.network.box_head {
            Some(head) => self.classified(head, trunk, &proposals, seen),
            None => Ok(self.unclassified(&proposals, seen)),
        }
    }

    fn classified(
        &self,
        head: &BoxHead,
        trunk: &Trunk,
        proposals: &Proposals,
        Seen { input, image, .. }: Seen<'_>,
    ) -> Result<Vec<Detection>> {
        let strides = &self.network.pooled_strides;
        let scores = head.scores(head.pool(trunk, strides, &proposals.boxes))?;
        let found = head.detections(&scores, &proposals.boxes, input.size, self.detections);
        let masks = match &self.network.mask_head {
            Some(mask_head) => mask_head.logits(trunk, strides, &found)?,
            None => Vec::new(),
        };
        let mut masks = masks.chunks_exact(MASK_SIDE * MASK_SIDE);
        let mut detections = Vec::new();
        for ClassBox { bbox, score, label } in found {
            let (bbox, logits) = (in_image(bbox, input, image), masks.next());
            if bbox.is_empty() {
                continue;
            }
            let name = self.spec.classes.names[label].clone();
            let mask =
                self.network.mask_head.as_ref().zip(logits).map(|(head, logits)| head.paste(logits, bbox, image));
            detections.push(Detection { bbox, score, class: label, name, mask: mask.map(Arc::new) });
        }
        Ok(detections)
    }

    /// The best of the proposals themselves, all of one class.
    fn unclassified(&self, proposals: &Proposals, Seen { input, image, .. }: Seen<'_>) -> Vec<Detection> {
        let name = &self.spec.classes.names[0];
        let all = proposals.boxes.iter().zip(&proposals.logits).map(|(bbox, logit)| Detection {
            bbox: in_image(*bbox, input, image),
            score: sigmoid(*logit),
            class: 0,
            name: name.clone(),
            mask: None,
        });
        all.filter(|d| !d.bbox.is_empty() && d.score > self.detections.min_score).take(MOST_PROPOSALS).collect()
    }
}

/// A box of the network's input in image pixels, inside the image.
fn in_image(bbox: BBox, input: &NetworkInput, image: Size) -> BBox {
    input.input_from_image.inverse().bbox(bbox).clamp_to(image.bounds())
}

impl Detector for Rcnn {
    fn spec(&self) -> &DetectorSpec {
        &self.spec
    }

    fn key(&self) -> String {
        let kind = if self.network.box_head.is_some() { "rcnn" } else { "proposals" };
        format!("{} {kind} eps {} {:?}", self.spec.weights_key, self.eps, self.spec.preprocessing)
    }

    fn detect(&self, inputs: &[NetworkInput], images: &[Size]) -> Result<Vec<Vec<Detection>>> {
        let forward = |batch: &_| self.network.trunk(batch);
        detect_together(inputs, images, DIVISOR, forward, |trunk, seen| self.objects(trunk, seen))
    }
}
