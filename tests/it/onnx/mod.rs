//! Networks that were exported to ONNX, against onnxruntime's scores and PyTorch's (or Keras's) Grad-CAM, and damaged files.
//!
//! `tests/data/onnx/make.py` and `keras.py` beside it made the files and the numbers.

mod damage;
mod operators;
mod written;

use std::path::{Path, PathBuf};

use camroi::card::{ModelCard, ModelKind};
use camroi::classifier::Classifier;
use camroi::dataset::ClassId;
use camroi::models::Draft;
use camroi::onnx::{Layout, import};
use camroi::saliency::{Method, Recipe, Subject, raw_saliency, saliency};
use candle_core::{Device, Tensor};
use serde_json::Value;

use crate::fill::uniform;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/onnx")
}

fn cases() -> Vec<Value> {
    serde_json::from_str(&std::fs::read_to_string(folder().join("expected.json")).unwrap()).unwrap()
}

fn numbers(value: &Value) -> Vec<f32> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap() as f32).collect()
}

fn largest_difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

/// The picture that the numbers were made with: -1..1, or for Keras 0..255.
fn picture(case: &Value) -> Tensor {
    let side = case["side"].as_u64().unwrap() as usize;
    let bytes = case["file"] == "keras.onnx";
    let scaled = |u: f64| if bytes { 255.0 * u as f32 } else { (2.0 * u - 1.0) as f32 };
    let values: Vec<f32> = uniform("onnx.input", 3 * side * side).into_iter().map(scaled).collect();
    Tensor::from_vec(values, (1, 3, side, side), &Device::Cpu).unwrap()
}

fn classifier(case: &Value) -> Classifier {
    let draft = Draft::read(&folder().join(case["file"].as_str().unwrap())).unwrap();
    let layer = case["layer"].as_str().unwrap().to_owned();
    let card = ModelCard { kind: ModelKind::Classifier { target_layer: Some(layer) }, ..draft.card() };
    draft.classifier(&card, &Device::Cpu).unwrap()
}

#[test]
fn logits_are_those_of_onnxruntime() {
    for case in cases() {
        let classifier = classifier(&case);
        let features = classifier.features(&picture(&case)).unwrap();
        let logits = classifier.head(&features).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
        let difference = largest_difference(&logits, &numbers(&case["logits"]));
        assert!(difference < 1e-4, "{}: {difference:e}", case["file"]);
    }
}

#[test]
fn grad_cam_is_that_of_the_frameworks() {
    for case in cases() {
        let classifier = classifier(&case);
        let input = picture(&case);
        let features = classifier.features(&input).unwrap();
        let target = ClassId(case["target"].as_u64().unwrap() as usize);
        let subject = Subject { input: &input, features: &features, head: None, targets: &[target] };
        let map = saliency(&classifier, &subject, &Recipe::new(Method::GradCam), &|| false).unwrap().swap_remove(0);
        let grid = numbers(&case["grid"]);
        assert_eq!([map.height() as f32, map.width() as f32], grid[..], "{}", case["file"]);
        let difference = largest_difference(map.values(), &numbers(&case["cam"]));
        assert!(difference < 1e-4, "{}: {difference:e}", case["file"]);
    }
}

#[test]
fn the_last_map_is_the_target_layer() {
    for case in cases() {
        let file = case["file"].as_str().unwrap();
        let card = Draft::read(&folder().join(file)).unwrap().card();
        // Keras's is the pooling behind the layer that its numbers are of.
        let expected = if file == "keras.onnx" {
            "functional_1/average_pooling2d_1/AvgPool"
        } else {
            case["layer"].as_str().unwrap()
        };
        assert_eq!(card.kind, ModelKind::Classifier { target_layer: Some(expected.to_owned()) }, "{file}");
    }
}

#[test]
fn convolutional_networks_run_on_the_engine_and_transformers_on_tensors() {
    for case in cases() {
        let file = case["file"].as_str().unwrap();
        let bytes = std::fs::read(folder().join(file)).unwrap();
        let imported = import(&bytes, &folder(), [1, 1]).unwrap();
        let transforms = ["vit", "deit", "swin"].iter().any(|name| file.starts_with(name));
        assert_eq!(camroi::graph::CpuNet::supports(&imported.graph), !transforms, "{file}");
        let layout = if file == "keras.onnx" { Layout::ChannelsLast } else { Layout::ChannelsFirst };
        assert_eq!((imported.layout, imported.classes), (layout, 7), "{file}");
    }
}

#[test]
fn a_head_of_means_and_one_linear_layer_is_recognised() {
    for case in cases() {
        let file = case["file"].as_str().unwrap();
        let closed = ["resnet18", "mobilenet", "efficientnet", "densenet", "swin"];
        let is_closed = closed.iter().any(|name| file.starts_with(name));
        assert_eq!(classifier(&case).linear_head().is_some(), is_closed, "{file}");
    }
}

#[test]
fn every_method_explains_an_imported_network() {
    for file in ["resnet18.dynamo.onnx", "keras.onnx", "vit_b_16.legacy.onnx"] {
        let case = cases().into_iter().find(|case| case["file"] == file).unwrap();
        let (classifier, input) = (classifier(&case), picture(&case));
        let features = classifier.features(&input).unwrap();
        let subject = Subject { input: &input, features: &features, head: None, targets: &[ClassId(1)] };
        for method in Method::ALL {
            let mut recipe = Recipe::new(method);
            (recipe.occlusion.window, recipe.occlusion.stride, recipe.rise.masks) = (24, 24, 10);
            let map = saliency(&classifier, &subject, &recipe, &|| false);
            let undefined = file.starts_with("vit") && method.to_string().contains("excitation");
            assert_eq!(map.is_err(), undefined, "{file}, {method}: {:?}", map.err());
        }
    }
}

#[test]
fn the_gradient_at_the_input_follows_the_class_token_too() {
    for file in ["vit_b_16.legacy.onnx", "vit_b_16.dynamo.onnx", "deit.dynamo.onnx"] {
        let case = cases().into_iter().find(|case| case["file"] == file).unwrap();
        let (classifier, input) = (classifier(&case), picture(&case));
        let features = classifier.features(&input).unwrap();
        let subject = Subject { input: &input, features: &features, head: None, targets: &[ClassId(1)] };
        let map = raw_saliency(&classifier, &subject, &Recipe::new(Method::GradientInput), &|| false).unwrap();
        let along: f64 = map[0].values.iter().map(|v| f64::from(*v)).sum();
        // Along the input itself the slope of the score is the sum of gradient times input.
        let score = |scale: f64| {
            let logits = classifier.head(&classifier.features(&(&input * scale).unwrap()).unwrap()).unwrap();
            f64::from(logits.to_vec2::<f32>().unwrap()[0][1])
        };
        let step = 3e-3;
        let slope = (score(1.0 + step) - score(1.0 - step)) / (2.0 * step);
        assert!((along - slope).abs() < 5e-3 * slope.abs(), "{file}: {along} for {slope}");
    }
}

/// A file's bytes with all of one text exchanged for another of the same length.
fn exchanged(file: &str, from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut bytes = std::fs::read(folder().join(file)).unwrap();
    let at: Vec<usize> = (0..bytes.len() - from.len()).filter(|i| bytes[*i..].starts_with(from.as_bytes())).collect();
    assert!(!at.is_empty());
    for i in at {
        bytes[i..i + to.len()].copy_from_slice(to.as_bytes());
    }
    bytes
}
