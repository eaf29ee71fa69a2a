//! Detectors as the program uses them: loaded from a file, from pictures to objects in image pixels.

use camroi::detector::{Detection, Detector, DetectorSpec, detector_architecture, presets, recognise};
use camroi::geometry::Size;
use camroi::models::load_detector;
use camroi::preprocess::Preprocessing;
use camroi::weights::Weights;
use candle_core::Device;
use image::RgbImage;

use super::Reference;
use crate::fill;

const NAMES: &str = "detectors/names.json.gz";

/// A detector of the weights' own kind, with another size of input.
fn detector(weights: &Weights, architecture: Option<&str>, preprocessing: Preprocessing) -> Box<dyn Detector> {
    let found = recognise(weights).unwrap();
    let architecture = detector_architecture(architecture.unwrap_or(found.architecture)).unwrap();
    let spec = DetectorSpec {
        name: "test".into(),
        weights_key: "filled".into(),
        preprocessing,
        classes: found.classes,
        roi_score: found.roi_score,
    };
    (architecture.load)(weights, spec, &Device::Cpu).unwrap()
}

fn detect(detector: &dyn Detector, pictures: &[RgbImage]) -> Vec<Vec<Detection>> {
    let inputs: Vec<_> = pictures.iter().map(|picture| detector.preprocessing().apply(picture)).collect();
    let sizes: Vec<_> = pictures.iter().map(|picture| Size::new(picture.width(), picture.height())).collect();
    detector.detect(&inputs, &sizes).unwrap()
}

/// The stored detections, each found once with the same class, box and score.
fn check(reference: &Reference, key: &str, found: &[Detection], score_tolerance: f32) {
    assert_eq!(found.len(), reference.numbers(&format!("{key}/det.count"))[0]);
    let (boxes, scores) =
        (reference.values(&format!("{key}/det.boxes")), reference.values(&format!("{key}/det.scores")));
    let mut left: Vec<_> = found.iter().collect();
    for (i, label) in reference.numbers(&format!("{key}/det.labels")).into_iter().enumerate() {
        let edges = &boxes[4 * i..][..4];
        let same = |d: &&Detection| {
            let got = [d.bbox.x0, d.bbox.y0, d.bbox.x1, d.bbox.y1];
            let near = got.iter().zip(edges).all(|(a, b)| (a - b).abs() < 320.0 * 1e-5);
            d.class == label && near && (d.score - scores[i]).abs() < score_tolerance
        };
        let at = left.iter().position(same).unwrap_or_else(|| panic!("{key}: detection {i} is missing"));
        left.remove(at);
    }
    assert!(found.windows(2).all(|pair| pair[0].score >= pair[1].score));
}

#[test]
fn detectron2_objects_are_in_image_pixels() {
    let reference = Reference::load();
    let weights = fill::weights(NAMES, "d2.faster_rcnn_R_50_FPN");
    let detector = detector(&weights, None, presets::detectron2(240, false));
    let found = detect(detector.as_ref(), &[reference.scene()]).remove(0);
    check(&reference, "d2.faster_rcnn_R_50_FPN/small", &found, 2.1e-5);
    assert_eq!(found[0].name, detector.class_names()[found[0].class]);
}

#[test]
fn torchvision_weights_without_an_addition_to_the_variance_are_its_own() {
    let reference = Reference::load();
    let weights = fill::weights(NAMES, "fasterrcnn_resnet50_fpn");
    assert_eq!(recognise(&weights).unwrap().architecture, "rcnn-fpn-eps0");
    let detector = detector(&weights, None, presets::torchvision(240, 1333));
    let found = detect(detector.as_ref(), &[reference.scene()]).remove(0);
    check(&reference, "fasterrcnn_resnet50_fpn/small_eps0", &found, 2.1e-5);
}

#[test]
fn objects_do_not_depend_on_the_rest_of_a_batch() {
    let scene = Reference::load().scene();
    let weights = fill::weights(NAMES, "d2.rpn_R_50_FPN");
    let detector = detector(&weights, None, presets::detectron2(64, false));
    let part = |w: u32, h: u32| image::imageops::crop_imm(&scene, 0, 0, w, h).to_image();
    let pictures = [part(90, 64), part(64, 100), part(80, 70)];
    let together = detect(detector.as_ref(), &pictures);
    for (picture, found) in pictures.iter().zip(together) {
        assert!(!found.is_empty());
        assert_eq!(detect(detector.as_ref(), std::slice::from_ref(picture)).remove(0), found);
    }
}

#[test]
fn a_checkpoint_needs_no_card() {
    let weights = fill::weights(NAMES, "d2.rpn_R_50_FPN");
    let names: Vec<String> = weights.names().map(str::to_owned).collect();
    let tensors = names.iter().map(|name| {
        let shape = weights.shape(name).unwrap().to_vec();
        (name.clone(), weights.get(name, &shape).unwrap())
    });
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model_final_02ce48.safetensors");
    candle_core::safetensors::save(&tensors.collect(), &path).unwrap();
    let detector = load_detector(&path.to_string_lossy(), &Device::Cpu).unwrap();
    assert_eq!((detector.name(), detector.class_names()), ("model_final_02ce48", ["object".to_owned()].as_slice()));
    assert_eq!(*detector.preprocessing(), presets::detectron2(800, false));
    let card = camroi::models::add(&path, None).unwrap();
    assert_eq!(load_detector(&card.to_string_lossy(), &Device::Cpu).unwrap().key(), detector.key());
}
