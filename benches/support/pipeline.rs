//! What a user waits for: a classifier's explanation and a detector's objects, not the networks alone.

use std::time::Instant;

use anyhow::{Context as _, Result};
use camroi::analysis::{Models, Target};
use camroi::card::Classes;
use camroi::classifier::{BuildOptions, Classifier, ClassifierSpec, architecture};
use camroi::detector::{Detector, DetectorSpec, detector_architecture, presets, recognise};
use camroi::geometry::{Affine, Size};
use camroi::preprocess::{NetworkInput, Preprocessing};
use camroi::saliency::{Method, Recipe};
use candle_core::Device;
use image::RgbImage;

use super::{numbers, with_weights};

#[path = "../../tests/it/fill.rs"]
#[expect(clippy::unwrap_used, reason = "it is the tests' own")]
mod fill;

/// A classifier whose predicted class is explained by Grad-CAM at its usual layer.
pub(crate) struct Explained {
    models: Models,
    side: u32,
}

impl Explained {
    /// The classifier of an architecture's name, with weights that look random.
    pub(crate) fn new(name: &str) -> Result<Self> {
        let found = architecture(name).with_context(|| format!("no architecture {name}"))?;
        let options = BuildOptions { input: Size::new(found.side, found.side), classes: 1000 };
        let graph = with_weights(found.head, |w| (found.build)(w, &options))?;
        let spec = ClassifierSpec {
            name: name.to_owned(),
            weights_key: "made up".into(),
            preprocessing: Preprocessing { input: options.input, ..presets::ssdlite() },
            classes: Classes::from_names((0..1000).map(|i| i.to_string()).collect()),
        };
        let classifier = Classifier::new(spec, &graph, found.target_layer, &Device::Cpu)?;
        let models = Models { classifier, detector: None, recipe: Recipe::new(Method::GradCam) };
        Ok(Self { models, side: found.side })
    }

    /// Milliseconds of one forward pass and the maps of a batch.
    pub(crate) fn explain_ms(&self, batch: usize) -> Result<f64> {
        let size = Size::new(self.side, self.side);
        let count = 3 * size.area() as usize;
        let input = |i: usize| NetworkInput {
            values: numbers(count, i as u64).collect(),
            size,
            input_from_image: Affine::IDENTITY,
            view: size.bounds(),
        };
        let inputs: Vec<_> = (0..batch).map(input).collect();
        let (sizes, targets) = (vec![size; batch], vec![Target::Predicted; batch]);
        let start = Instant::now();
        std::hint::black_box(self.models.explain(&inputs, &sizes, &targets, &|| false)?);
        Ok(1e3 * start.elapsed().as_secs_f64())
    }
}

/// torchvision's Faster R-CNN with a ResNet-50 and its pyramid, at its usual size.
pub(crate) struct FasterRcnn {
    detector: Box<dyn Detector>,
    picture: RgbImage,
}

impl FasterRcnn {
    /// With the tests' weights, which are made of the tensors' names.
    pub(crate) fn new() -> Result<Self> {
        let weights = fill::weights("detectors/names.json.gz", "fasterrcnn_resnet50_fpn");
        let classes = recognise(&weights).context("the weights are torchvision's")?.classes;
        let spec = DetectorSpec {
            name: "Faster R-CNN".into(),
            weights_key: "made up".into(),
            preprocessing: presets::torchvision(800, 1333),
            classes,
            roi_score: 0.5,
        };
        let load = detector_architecture("rcnn-fpn").context("there is such an architecture")?.load;
        let bytes = numbers(640 * 480 * 3, 1).map(|v| (127.5 + 127.0 * v) as u8).collect();
        let picture = RgbImage::from_raw(640, 480, bytes).context("three bytes a pixel")?;
        Ok(Self { detector: load(&weights, spec, &Device::Cpu)?, picture })
    }

    /// Milliseconds from a picture of 640 × 480 pixels, enlarged to 1066 × 800, to its objects.
    pub(crate) fn detect_ms(&self) -> Result<f64> {
        let size = Size::new(self.picture.width(), self.picture.height());
        let start = Instant::now();
        let input = self.detector.preprocessing().apply(&self.picture);
        std::hint::black_box(self.detector.detect(&[input], &[size])?);
        Ok(1e3 * start.elapsed().as_secs_f64())
    }
}
