//! The loaded models as the networks of a run.

use anyhow::{Context as _, Result};
use image::RgbImage;

use super::Networks;
use crate::analysis::{Explanation, Models, Target};
use crate::detector::Detection;
use crate::geometry::Size;
use crate::preprocess::NetworkInput;

impl Networks for Models {
    fn classifier_input(&self, image: &RgbImage) -> NetworkInput {
        self.classifier_input(image)
    }

    fn detector_input(&self, image: &RgbImage) -> Option<NetworkInput> {
        self.detector_input(image)
    }

    fn explain(
        &self,
        inputs: &[NetworkInput],
        sizes: &[Size],
        targets: &[Target<'_>],
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Vec<Explanation>> {
        self.explain(inputs, sizes, targets, cancelled).context("the classifier failed")
    }

    fn detect(&self, inputs: &[NetworkInput], sizes: &[Size]) -> Result<Vec<Vec<Detection>>> {
        self.detect(inputs, sizes).context("the detector failed")
    }
}
