//! How close this program comes to an independent reference: the networks on stored inputs, and the whole pipeline on photos.
//!
//! Usage: `cargo run --release --example parity -- REFERENCE PHOTOS`, where REFERENCE has `nanodet_efflite0.safetensors` and
//! `pipeline_sample.json`, and PHOTOS the folders of photos that the latter names. Neither can be part of the repository.
#![expect(clippy::print_stdout, reason = "an example prints its result")]

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use camroi::analysis::{Measured, Models, Target};
use camroi::classifier::Classifier;
use camroi::dataset::ClassId;
use camroi::detector::DetectorSpec;
use camroi::detector::nanodet::NanoDet;
use camroi::fit::Fit;
use camroi::geometry::Size;
use camroi::models::{self, DEFAULT_CLASSIFIER, DEFAULT_DETECTOR, load_classifier, load_detector};
use camroi::preprocess::{Resize, decode};
use camroi::roi::rois_from_detections;
use camroi::saliency::{Method, Recipe, Subject, saliency};
use camroi::weights::Weights;
use candle_core::{Device, Tensor};
use serde_json::Value;

fn main() -> Result<()> {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [reference, photos] = arguments.as_slice() else { bail!("usage: parity REFERENCE PHOTOS") };
    networks(reference)?;
    pipeline(reference, photos)
}

/// The largest absolute difference of two tensors of one number of values.
fn difference(a: &Tensor, b: &Tensor) -> Result<f32> {
    Ok((a.flatten_all()? - b.flatten_all()?)?.abs()?.max_all()?.to_scalar()?)
}

/// The networks on the stored inputs.
fn networks(reference: &Path) -> Result<()> {
    let stored = candle_core::safetensors::load(reference.join("nanodet_efflite0.safetensors"), &Device::Cpu)?;
    let tensor = |name: &str| stored.get(name).with_context(|| format!("no tensor {name}"));
    let last = load_classifier(DEFAULT_CLASSIFIER, None, &Device::Cpu)?;
    let inner = load_classifier(DEFAULT_CLASSIFIER, Some("_conv_head"), &Device::Cpu)?;
    let detector = nanodet()?;
    for photo in ["n01580077", "n02437312", "n04228054"] {
        for mode in ["A", "B"] {
            let of = |name: &str| tensor(&format!("{photo}.efflite0.{mode}.{name}"));
            let features = last.features(of("input")?)?;
            let logits = last.head(&features)?;
            let class = ClassId(logits.argmax(1)?.get(0)?.to_scalar::<u32>()? as usize);
            let cam = |classifier: &Classifier| -> Result<Tensor> {
                let features = classifier.features(of("input")?)?;
                let subject = Subject { input: of("input")?, features: &features, head: None, targets: &[class] };
                let map = saliency(classifier, &subject, &Recipe::new(Method::GradCam), &|| false)?.swap_remove(0);
                Ok(Tensor::from_slice(map.values(), (map.height(), map.width()), &Device::Cpu)?)
            };
            println!(
                "{photo} {mode}: logits {:.1e}, features {:.1e}, cam {:.1e}, cam_conv {:.1e}",
                difference(&logits, of("logits")?)?,
                difference(&features, of("features")?)?,
                difference(&cam(&last)?, of("cam")?)?,
                difference(&cam(&inner)?, of("cam_conv")?)?,
            );
        }
        let levels = detector.levels(tensor(&format!("{photo}.nanodet.input"))?)?;
        for (level, stride) in levels.iter().zip([8, 16, 32]) {
            // (1, 124, h, w) -> (cells, 124)
            let cells = level.squeeze(0)?.flatten_from(1)?.t()?;
            let scores = candle_nn::ops::sigmoid(&cells.narrow(1, 0, 80)?.contiguous()?)?;
            let edges = cells.narrow(1, 80, 44)?.contiguous()?;
            println!(
                "{photo} stride {stride}: scores {:.1e}, edges {:.1e}",
                difference(&scores, tensor(&format!("{photo}.nanodet.cls_{stride}"))?)?,
                difference(&edges, tensor(&format!("{photo}.nanodet.reg_{stride}"))?)?,
            );
        }
    }
    Ok(())
}

/// The bundled detector as itself, so that its raw output can be seen.
fn nanodet() -> Result<NanoDet> {
    let card = models::card(DEFAULT_DETECTOR)?;
    let weights = Weights::from_safetensors(include_bytes!("../weights/nanodet-g-416.safetensors"))?;
    let spec = DetectorSpec {
        name: card.name,
        weights_key: String::new(),
        preprocessing: card.input,
        classes: camroi::card::Classes::from_names(vec![String::new(); 80]),
        roi_score: 0.35,
    };
    Ok(NanoDet::new(&weights, spec, &Device::Cpu)?)
}

/// What the comparison of all photos found.
#[derive(Default)]
struct Tally {
    photos: usize,
    top1_equal: usize,
    /// Different although the reference's top two are more than 0.02 apart.
    top1_wrong: Vec<String>,
    same_state: usize,
    other_state: Vec<String>,
    fit_differences: Vec<f64>,
    without_fit: usize,
}

/// The whole pipeline on the photos, both ways of fitting a photo into the classifier's input.
fn pipeline(reference: &Path, photos: &Path) -> Result<()> {
    let text = std::fs::read_to_string(reference.join("pipeline_sample.json")).context("pipeline_sample.json")?;
    let reference: Value = serde_json::from_str(&text)?;
    let images = reference["images"].as_array().context("no list of images")?;
    let detector = load_detector(DEFAULT_DETECTOR, &Device::Cpu)?;
    let classifier = load_classifier(DEFAULT_CLASSIFIER, None, &Device::Cpu)?;
    let models = Models { classifier, detector: Some(detector), recipe: Recipe::new(Method::GradCam) };
    let (mut crop, mut whole) = (Tally::default(), Tally::default());
    for expected in images {
        let name = expected["file"].as_str().context("no file name")?;
        let folder = name.trim_end_matches(".JPEG");
        let bytes = std::fs::read(photos.join(folder).join(name)).with_context(|| name.to_owned())?;
        let image = decode(&bytes).with_context(|| name.to_owned())?;
        let size = Size::new(image.width(), image.height());
        let input = models.detector_input(&image).context("no detector")?;
        let detections = models.detect(&[input], &[size])?.swap_remove(0);
        let rois = rois_from_detections(&detections, 0.35);
        for (mode, tally) in [("A", &mut crop), ("B", &mut whole)] {
            let mut preprocessing = *models.classifier.preprocessing();
            if mode == "B" {
                preprocessing.resize = Resize::Stretch;
            }
            let input = preprocessing.apply(&image);
            let explanation = models.explain(&[input], &[size], &[Target::Predicted], &|| false)?.swap_remove(0);
            tally.add(name, &expected[mode], &Measured::new(explanation, rois.clone()))?;
        }
    }
    crop.report("A");
    whole.report("B");
    Ok(())
}

impl Tally {
    fn add(&mut self, name: &str, expected: &Value, measured: &Measured) -> Result<()> {
        self.photos += 1;
        let top = |i: usize, key: &str| expected["top5"][i][key].as_f64().context("no top-5");
        let found = measured.explanation.top[0].class.0;
        if found as f64 == top(0, "index")? {
            self.top1_equal += 1;
        } else if top(0, "probability")? - top(1, "probability")? > 0.02 {
            self.top1_wrong.push(name.to_owned());
        }
        let state = match measured.fit {
            Fit::Measured { .. } => "ok",
            Fit::NoRoi | Fit::OutsideView | Fit::Unrelated => "no_roi",
            Fit::FlatMap => "flat_map",
        };
        if expected["status"] != state {
            self.other_state.push(format!("{name}: {state} for {}", expected["status"]));
            return Ok(());
        }
        self.same_state += 1;
        match (measured.fit.value(), expected["m_fit"].as_f64()) {
            (Some(fit), Some(expected)) => self.fit_differences.push((fit - expected).abs()),
            (fit, expected) => {
                ensure!(fit.is_none() && expected.is_none(), "{name}: fit {fit:?} for {expected:?}");
                self.without_fit += 1;
            }
        }
        Ok(())
    }

    fn report(&mut self, mode: &str) {
        self.fit_differences.sort_by(f64::total_cmp);
        let n = self.fit_differences.len();
        let within = self.fit_differences.iter().filter(|d| **d <= 0.01).count();
        let at = |share: f64| self.fit_differences.get((n as f64 * share) as usize).copied().unwrap_or(0.0);
        println!(
            "{mode}: {} photos; top-1 equal {}, different beyond a tie {:?}",
            self.photos, self.top1_equal, self.top1_wrong
        );
        println!("{mode}: state equal {} ({:.1} %)", self.same_state, percent(self.same_state, self.photos));
        for line in &self.other_state {
            println!("{mode}:   {line}");
        }
        println!(
            "{mode}: fit within 0.01: {within} of {n} ({:.1} %); median {:.5}, 90 % {:.5}, largest {:.5}",
            percent(within, n),
            at(0.5),
            at(0.9),
            self.fit_differences.last().copied().unwrap_or(0.0)
        );
    }
}

fn percent(part: usize, whole: usize) -> f64 {
    100.0 * part as f64 / whole as f64
}
