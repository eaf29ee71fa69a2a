//! The detectors by the name of their architecture.

use candle_core::{Device, Result};

use super::nanodet::NanoDet;
use super::one_stage::OneStage;
use super::rcnn::Rcnn;
use super::{Detector, DetectorSpec};
use crate::weights::Weights;

/// Builds a detector with these weights on a device.
pub type Load = fn(&Weights, DetectorSpec, &Device) -> Result<Box<dyn Detector>>;

/// A detector that weights can belong to.
#[derive(Clone, Copy, Debug)]
pub struct DetectorArchitecture {
    /// The card's word for it.
    pub name: &'static str,
    /// Builds it.
    pub load: Load,
    /// Builds the part that proposes regions of no class, where it has one.
    pub proposals: Option<Load>,
}

/// Every detector, in the order that lists show them.
pub const DETECTORS: &[DetectorArchitecture] = &[
    DetectorArchitecture {
        name: "nanodet-g",
        load: |weights, spec, device| Ok(Box::new(NanoDet::new(weights, spec, device)?)),
        proposals: None,
    },
    // Faster R-CNN, Mask R-CNN or proposals alone with a feature pyramid: Detectron2's and torchvision's differ by their names.
    DetectorArchitecture {
        name: "rcnn-fpn",
        load: |weights, spec, device| Ok(Box::new(Rcnn::new(weights, spec, 1e-5, device)?)),
        proposals: Some(|weights, spec, device| Ok(Box::new(Rcnn::proposing(weights, spec, 1e-5, device)?))),
    },
    // torchvision's COCO_V1 weights of ResNet-50 were trained without this addition to the variance.
    DetectorArchitecture {
        name: "rcnn-fpn-eps0",
        load: |weights, spec, device| Ok(Box::new(Rcnn::new(weights, spec, 0.0, device)?)),
        proposals: Some(|weights, spec, device| Ok(Box::new(Rcnn::proposing(weights, spec, 0.0, device)?))),
    },
    DetectorArchitecture {
        name: "retinanet",
        load: |weights, spec, device| Ok(Box::new(OneStage::new(weights, spec, 1e-5, device)?)),
        proposals: None,
    },
    DetectorArchitecture {
        name: "retinanet-eps0",
        load: |weights, spec, device| Ok(Box::new(OneStage::new(weights, spec, 0.0, device)?)),
        proposals: None,
    },
    DetectorArchitecture {
        name: "ssdlite320",
        load: |weights, spec, device| Ok(Box::new(OneStage::new(weights, spec, 1e-3, device)?)),
        proposals: None,
    },
];

/// The detector of this name.
pub fn detector_architecture(name: &str) -> Option<&'static DetectorArchitecture> {
    DETECTORS.iter().find(|d| d.name == name)
}
