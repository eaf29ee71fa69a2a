//! The bundled networks against another implementation (see `tests/data/networks/README.md`).

use std::collections::HashMap;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use camroi::card::Classes;
use camroi::classifier::Classifier;
use camroi::dataset::ClassId;
use camroi::detector::DetectorSpec;
use camroi::detector::nanodet::NanoDet;
use camroi::models::{DEFAULT_CLASSIFIER, DEFAULT_DETECTOR, card, load_classifier};
use camroi::preprocess::Preprocessing;
use camroi::saliency::{Method, Recipe, Subject, saliency};
use camroi::weights::Weights;
use candle_core::{Device, Tensor};

fn data(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/networks").join(name)
}

fn expected() -> Result<HashMap<String, Tensor>> {
    Ok(candle_core::safetensors::load(data("expected.safetensors"), &Device::Cpu)?)
}

/// A prepared picture of exactly the input's size as the network's input `(1, 3, h, w)`.
fn input(name: &str, preprocessing: &Preprocessing) -> Result<Tensor> {
    let picture = image::open(data(name))?.into_rgb8();
    let input = preprocessing.input;
    assert_eq!((picture.width(), picture.height()), (input.width, input.height));
    let bgr = preprocessing.channels == camroi::preprocess::ChannelOrder::Bgr;
    let values = (0..3).flat_map(|c| {
        let normalised = move |p: &image::Rgb<u8>| {
            let value = f64::from(p.0[if bgr { 2 - c } else { c }]) * f64::from(preprocessing.scale);
            ((value - f64::from(preprocessing.mean[c])) / f64::from(preprocessing.std[c])) as f32
        };
        picture.pixels().map(normalised)
    });
    let shape = (1, 3, input.height as usize, input.width as usize);
    Ok(Tensor::from_vec(values.collect::<Vec<_>>(), shape, &Device::Cpu)?)
}

fn assert_close(what: &str, found: &Tensor, expected: &Tensor, tolerance: f32) -> Result<()> {
    assert_eq!(found.elem_count(), expected.elem_count(), "{what}");
    let difference = (found.flatten_all()? - expected.flatten_all()?)?.abs()?.max_all()?.to_scalar::<f32>()?;
    assert!(difference <= tolerance, "{what}: {difference:e} is more than {tolerance:e}");
    Ok(())
}

fn grad_cam(classifier: &Classifier, input: &Tensor, target: ClassId) -> Result<Tensor> {
    let features = classifier.features(input)?;
    let subject = Subject { input, features: &features, head: None, targets: &[target] };
    let map = saliency(classifier, &subject, &Recipe::new(Method::GradCam), &|| false)?.swap_remove(0);
    Ok(Tensor::from_slice(map.values(), (map.height(), map.width()), &Device::Cpu)?)
}

fn nanodet() -> Result<NanoDet> {
    let card = card(DEFAULT_DETECTOR)?;
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("weights").join(&card.weights_file);
    let spec = DetectorSpec {
        name: card.name,
        weights_key: String::new(),
        preprocessing: card.input,
        classes: Classes::from_names(vec!["object".into(); 80]),
        roi_score: 0.35,
    };
    Ok(NanoDet::new(&Weights::from_safetensors(&std::fs::read(file)?)?, spec, &Device::Cpu)?)
}

#[test]
fn the_bundled_classifier_gives_the_scores_of_another_implementation() -> Result<()> {
    let classifier = load_classifier(DEFAULT_CLASSIFIER, None, &Device::Cpu)?;
    let input = input("classifier.png", classifier.preprocessing())?;
    let logits = classifier.head(&classifier.features(&input)?)?;
    assert_close("logits", &logits, &expected()?["logits"], 1e-4)
}

#[test]
fn grad_cam_gives_the_maps_of_another_implementation_behind_and_before_the_last_activation() -> Result<()> {
    let expected = expected()?;
    let class = ClassId(expected["logits"].argmax(1)?.get(0)?.to_scalar::<u32>()? as usize);
    for (layer, name) in [("head_act", "cam"), ("_conv_head", "cam_conv")] {
        let classifier = load_classifier(DEFAULT_CLASSIFIER, Some(layer), &Device::Cpu)?;
        let input = input("classifier.png", classifier.preprocessing())?;
        assert_close(name, &grad_cam(&classifier, &input, class)?, &expected[name], 1e-5)?;
    }
    Ok(())
}

#[test]
fn the_bundled_detector_gives_the_numbers_of_another_implementation() -> Result<()> {
    let expected = expected()?;
    let levels = nanodet()?.levels(&input("detector.png", &card(DEFAULT_DETECTOR)?.input)?)?;
    assert_eq!(levels.len(), 3);
    for (level, stride) in levels.iter().zip([8, 16, 32]) {
        // (1, 124, h, w) -> (cells, 124)
        let mut cells = level.squeeze(0)?.flatten_from(1)?.t()?.contiguous()?;
        if stride == 8 {
            let every_seventh: Vec<u32> = (0..cells.dim(0)? as u32).step_by(7).collect();
            cells = cells.index_select(&Tensor::new(every_seventh, &Device::Cpu)?, 0)?;
        }
        let scores = candle_nn::ops::sigmoid(&cells.narrow(1, 0, 80)?.contiguous()?)?;
        let edges = cells.narrow(1, 80, 44)?.contiguous()?;
        assert_close("scores", &scores, &expected[&format!("cls_{stride}")], 1e-5)?;
        assert_close("distribution logits", &edges, &expected[&format!("reg_{stride}")], 1e-4)?;
    }
    Ok(())
}

#[test]
fn results_of_the_bundled_networks_do_not_depend_on_the_batch() -> Result<()> {
    let classifier = load_classifier(DEFAULT_CLASSIFIER, None, &Device::Cpu)?;
    let photo = input("classifier.png", classifier.preprocessing())?;
    let (mirrored, dark) = (photo.flip(&[3])?.contiguous()?, (&photo * 0.5)?);
    let together = classifier.features(&Tensor::cat(&[&mirrored, &photo, &dark], 0)?)?;
    let logits = classifier.head(&together)?.get(1)?.to_vec1::<f32>()?;
    let alone = classifier.features(&photo)?;
    let values = |features: &Tensor| features.flatten_all()?.to_vec1::<f32>();
    assert_eq!(values(&together.get(1)?)?, values(&alone)?);
    assert_eq!(logits, classifier.head(&alone)?.get(0)?.to_vec1::<f32>()?);

    let detector = nanodet()?;
    let photo = input("detector.png", &card(DEFAULT_DETECTOR)?.input)?;
    let together = detector.levels(&Tensor::cat(&[&photo.flip(&[3])?.contiguous()?, &photo], 0)?)?;
    let alone = detector.levels(&photo)?;
    for (together, alone) in together.iter().zip(&alone) {
        assert_eq!(values(&together.get(1)?)?, values(alone)?);
    }
    Ok(())
}

#[test]
fn every_layer_of_the_bundled_classifier_can_be_the_target() -> Result<()> {
    let layers = load_classifier(DEFAULT_CLASSIFIER, None, &Device::Cpu)?.layers().to_vec();
    for expected in ["_conv_stem", "_blocks.0", "_blocks.15", "_conv_head", "_bn1", "head_act"] {
        assert!(layers.iter().any(|l| l == expected), "{expected} is missing");
    }
    for layer in layers {
        load_classifier(DEFAULT_CLASSIFIER, Some(&layer), &Device::Cpu).with_context(|| layer)?;
    }
    Ok(())
}
