//! The detectors by the name of their architecture.

use candle_core::{Device, Result};

use super::nanodet::NanoDet;
use super::{Detector, DetectorSpec};
use crate::weights::Weights;

/// A detector that weights can belong to.
#[derive(Clone, Copy, Debug)]
pub struct DetectorArchitecture {
    /// The card's word for it.
    pub name: &'static str,
    /// Builds it with these weights on a device.
    pub load: fn(&Weights, DetectorSpec, &Device) -> Result<Box<dyn Detector>>,
}

/// Every detector, in the order that lists show them.
pub const DETECTORS: &[DetectorArchitecture] = &[DetectorArchitecture {
    name: "nanodet-g",
    load: |weights, spec, device| Ok(Box::new(NanoDet::new(weights, spec, device)?)),
}];

/// The detector of this name.
pub fn detector_architecture(name: &str) -> Option<&'static DetectorArchitecture> {
    DETECTORS.iter().find(|d| d.name == name)
}
