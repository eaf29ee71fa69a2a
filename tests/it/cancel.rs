//! How soon a method ends after somebody has cancelled it.

use std::cell::Cell;
use std::time::{Duration, Instant};

use camroi::card::Classes;
use camroi::classifier::{Classifier, ClassifierSpec};
use camroi::dataset::ClassId;
use camroi::geometry::Size;
use camroi::preprocess::{ChannelOrder, Interpolation, Preprocessing, Resize};
use camroi::saliency::{Method, Recipe, SaliencyError, Subject, saliency};
use candle_core::Device;

use crate::classifiers::{inputs, network};

/// ResNet-50 with weights by formula, cut in the middle.
fn resnet() -> Classifier {
    let preprocessing = Preprocessing {
        input: Size::new(224, 224),
        resize: Resize::Stretch,
        interpolation: Interpolation::Bilinear,
        channels: ChannelOrder::Rgb,
        mean: [0.0; 3],
        std: [1.0; 3],
        scale: 1.0,
    };
    let classes = Classes::from_names((0..1000).map(|i| i.to_string()).collect());
    let spec = ClassifierSpec { name: "resnet50".into(), weights_key: "resnet50".into(), preprocessing, classes };
    let (graph, _) = network("classifiers/names.json.gz", "resnet50");
    Classifier::new(spec, &graph, "layer2", &Device::Cpu).unwrap()
}

#[test]
fn every_method_asks_whether_to_go_on_at_least_once_a_second() {
    let classifier = resnet();
    let input = inputs(224).narrow(0, 0, 1).unwrap();
    let features = classifier.features(&input).unwrap();
    let subject = Subject { input: &input, features: &features, head: None, targets: &[ClassId(0)] };
    let start = Instant::now();
    classifier.head(&classifier.features(&input).unwrap()).unwrap();
    // A machine that takes long for a single pass takes long for what cannot be divided.
    let patience = Duration::from_secs(1).max(10 * start.elapsed());
    for method in Method::ALL {
        let (start, last) = (Instant::now(), Cell::new(Instant::now()));
        let longest = Cell::new(Duration::ZERO);
        let asked = || {
            longest.set(longest.get().max(last.replace(Instant::now()).elapsed()));
            start.elapsed() > Duration::from_millis(500)
        };
        let result = saliency(&classifier, &subject, &Recipe::new(method), &asked);
        let silence = longest.get().max(last.get().elapsed());
        assert!(silence < patience, "{method}: nobody was asked for {silence:?}");
        assert!(matches!(result, Ok(_) | Err(SaliencyError::Cancelled)), "{method}: {:?}", result.err());
    }
}
