//! Detectors as the program uses them: loaded from a file, from pictures to objects in image pixels.

use std::collections::HashMap;

use camroi::detector::{Detection, Detector, DetectorSpec, detector_architecture, presets, recognise};
use camroi::geometry::Size;
use camroi::models::{Draft, PROPOSALS, Shelf, load_detector};
use camroi::preprocess::Preprocessing;
use camroi::weights::Weights;
use candle_core::{DType, Device, Tensor};
use image::RgbImage;

use super::Reference;
use crate::fill;

/// Ten times what float32 is off with residual backbones: 1e-6 of 320 pixels, 2.1e-6 of the score.
const RESIDUAL: [f32; 2] = [3.2e-3, 2.1e-5];
/// SSDlite: ten times the 1.1e-4 that scores by torchvision's own float32 are off, and 1e-3 of 320 pixels.
const SSDLITE: [f32; 2] = [0.32, 1.1e-3];
/// The MobileNet Faster R-CNN: ten times the 2e-4 that scores by torchvision's own float32 are off, and 1e-3 of 320 pixels.
const MOBILE_RCNN: [f32; 2] = [0.32, 2e-3];

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

/// The stored detections, each found once: the same class, and box (pixels) and score within `tolerances`.
fn check(reference: &Reference, key: &str, found: &[Detection], tolerances: [f32; 2]) {
    assert_eq!(found.len(), reference.numbers(&format!("{key}/det.count"))[0]);
    let (boxes, scores) =
        (reference.values(&format!("{key}/det.boxes")), reference.values(&format!("{key}/det.scores")));
    let mut left: Vec<_> = found.iter().collect();
    for (i, label) in reference.numbers(&format!("{key}/det.labels")).into_iter().enumerate() {
        let distance = |d: &Detection| {
            let got = [d.bbox.x0, d.bbox.y0, d.bbox.x1, d.bbox.y1];
            got.iter().zip(&boxes[4 * i..]).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
        };
        let of_class = left.iter().enumerate().filter(|(_, d)| d.class == label);
        let (at, nearest) = of_class.min_by(|a, b| distance(a.1).total_cmp(&distance(b.1))).unwrap();
        let (edges, score) = (distance(nearest), (nearest.score - scores[i]).abs());
        eprintln!("{key} detection {i}: {edges:.1e} px, score {score:.1e}");
        assert!(edges <= tolerances[0] && score <= tolerances[1], "{key}: detection {i} is {edges} px and {score} off");
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
    check(&reference, "d2.faster_rcnn_R_50_FPN/small", &found, RESIDUAL);
    assert_eq!(found[0].name, detector.class_names()[found[0].class]);
}

#[test]
fn torchvision_weights_without_an_addition_to_the_variance_are_its_own() {
    let reference = Reference::load();
    let weights = fill::weights(NAMES, "fasterrcnn_resnet50_fpn");
    assert_eq!(recognise(&weights).unwrap().architecture, "rcnn-fpn-eps0");
    let detector = detector(&weights, None, presets::torchvision(240, 1333));
    let found = detect(detector.as_ref(), &[reference.scene()]).remove(0);
    check(&reference, "fasterrcnn_resnet50_fpn/small_eps0", &found, RESIDUAL);
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

/// What the weights of a file would be.
fn tensors(weights: &Weights) -> impl Iterator<Item = (String, Tensor)> {
    weights.names().map(|name| (name.to_owned(), weights.get(name, weights.shape(name).unwrap()).unwrap()))
}

#[test]
fn every_tensor_of_a_published_detector_is_used() {
    for network in [
        "fasterrcnn_resnet50_fpn",
        "maskrcnn_resnet50_fpn",
        "retinanet_resnet50_fpn",
        "fasterrcnn_mobilenet_v3_large_320_fpn",
        "ssdlite320_mobilenet_v3_large",
        "d2.faster_rcnn_R_50_FPN",
        "d2.mask_rcnn_R_50_FPN",
        "d2.rpn_R_50_FPN",
    ] {
        let weights = fill::weights(NAMES, network);
        detector(&weights, None, presets::torchvision(64, 64));
        assert_eq!(weights.unused(), [""; 0], "{network}");
    }
}

#[test]
fn a_checkpoint_needs_no_card() {
    let weights = fill::weights(NAMES, "d2.rpn_R_50_FPN");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model_final_02ce48.safetensors");
    candle_core::safetensors::save(&tensors(&weights).collect::<HashMap<_, _>>(), &path).unwrap();
    let detector = load_detector(&path.to_string_lossy(), &Device::Cpu).unwrap();
    assert_eq!((detector.name(), detector.class_names()), ("model_final_02ce48", ["object".to_owned()].as_slice()));
    assert_eq!(*detector.preprocessing(), presets::detectron2(800, false));

    // A network with one more head is another network, unless a person says what it is.
    let head = Tensor::zeros(4, DType::F32, &Device::Cpu).unwrap();
    let with_head: HashMap<_, _> = tensors(&weights).chain([("keypoint_head.score.weight".to_owned(), head)]).collect();
    let other = folder.path().join("keypoints.safetensors");
    candle_core::safetensors::save(&with_head, &other).unwrap();
    let refused = load_detector(&other.to_string_lossy(), &Device::Cpu).err().unwrap().to_string();
    assert!(refused.contains("1 of its tensors are not that network's: keypoint_head.score.weight"), "{refused}");
    let shelf = Shelf::at(&folder.path().join("shelf"));
    let other = Draft::read(&other).unwrap();
    let card = other.add(&other.card(), &shelf).unwrap();
    assert!(load_detector(&card.to_string_lossy(), &Device::Cpu).is_ok());

    let draft = Draft::read(&path).unwrap();
    let card = draft.add(&draft.card(), &shelf).unwrap();
    assert_eq!(load_detector(&card.to_string_lossy(), &Device::Cpu).unwrap().key(), detector.key());
}

/// A Detectron2 file: a pickle of protocol 4 with a numpy array for each tensor, written as numpy does.
fn detectron2_file(weights: &Weights) -> Vec<u8> {
    let text = |t: &str| [&b"X"[..], &(t.len() as u32).to_le_bytes(), t.as_bytes()].concat();
    let global = |module: &str, name: &str| [text(module), text(name), b"\x93".to_vec()].concat();
    let mut file = [b"\x80\x04}(".to_vec(), text("model"), b"}(".to_vec()].concat();
    let names: Vec<String> = weights.names().map(str::to_owned).collect();
    for name in names {
        let shape = weights.shape(&name).unwrap().to_vec();
        let values: Vec<f32> = weights.get(&name, &shape).unwrap().flatten_all().unwrap().to_vec1().unwrap();
        let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        let sides: Vec<u8> =
            shape.iter().flat_map(|side| [&b"J"[..], &(*side as u32).to_le_bytes()].concat()).collect();
        file.extend(text(&name));
        // _reconstruct(ndarray, (0,), b'b')
        file.extend([global("numpy.core.multiarray", "_reconstruct"), global("numpy", "ndarray")].concat());
        file.extend(b"K\x00\x85C\x01b\x87R(K\x01(");
        file.extend(
            [sides, b"t".to_vec(), global("numpy", "dtype"), text("f4"), b"\x89\x88\x87R(K\x03".to_vec()].concat(),
        );
        file.extend([text("<"), b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89".to_vec()].concat());
        file.extend([&b"B"[..], &(bytes.len() as u32).to_le_bytes(), &bytes, b"tb"].concat());
    }
    file.extend(
        [b"u".to_vec(), text("__author__"), text("test"), text("matching_heuristics"), b"\x88u.".to_vec()].concat(),
    );
    file
}

/// The size of the whole input is the library's own, so the picture is small.
#[test]
fn a_file_of_the_model_zoo_is_a_detector_and_a_source_of_proposals() {
    let weights = fill::weights(NAMES, "d2.faster_rcnn_R_50_FPN");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model_final_280758.pkl");
    std::fs::write(&path, detectron2_file(&weights)).unwrap();
    let file = path.to_str().unwrap();
    let scene = image::imageops::crop_imm(&Reference::load().scene(), 100, 0, 40, 240).to_image();

    let loaded = load_detector(file, &Device::Cpu).unwrap();
    assert_eq!((loaded.name(), loaded.class_names().len(), loaded.roi_score()), ("model_final_280758", 80, 0.5));
    let of_tensors = detector(&weights, None, presets::detectron2(800, false));
    let found = detect(loaded.as_ref(), std::slice::from_ref(&scene));
    assert_eq!(found, detect(of_tensors.as_ref(), std::slice::from_ref(&scene)));

    let proposing = load_detector(&format!("{file}{PROPOSALS}"), &Device::Cpu).unwrap();
    assert_eq!((proposing.class_names(), proposing.roi_score()), (["object".to_owned()].as_slice(), 0.9));
    assert_ne!(proposing.key(), loaded.key());
    let proposals = detect(proposing.as_ref(), &[scene]).remove(0);
    assert!(!proposals.is_empty() && proposals.len() <= 300, "{}", proposals.len());
    assert!(proposals.windows(2).all(|pair| pair[0].score >= pair[1].score));
    assert!(proposals.iter().all(|p| p.name == "object" && p.score > 0.05));
}

#[test]
fn one_stage_objects_are_in_image_pixels() {
    let reference = Reference::load();
    let cases = [
        ("retinanet_resnet50_fpn", "small", Some("retinanet"), presets::torchvision(240, 1333), RESIDUAL),
        ("ssdlite320_mobilenet_v3_large", "default", None, presets::ssdlite(), SSDLITE),
    ];
    for (network, configuration, architecture, preprocessing, tolerance) in cases {
        let detector = detector(&fill::weights(NAMES, network), architecture, preprocessing);
        let found = detect(detector.as_ref(), &[reference.scene()]).remove(0);
        check(&reference, &format!("{network}/{configuration}"), &found, tolerance);
    }
}

#[test]
fn the_mobile_detector_needs_no_card_either() {
    let reference = Reference::load();
    let detector =
        detector(&fill::weights(NAMES, "fasterrcnn_mobilenet_v3_large_320_fpn"), None, presets::torchvision(320, 640));
    let found = detect(detector.as_ref(), &[reference.scene()]).remove(0);
    check(&reference, "fasterrcnn_mobilenet_v3_large_320_fpn/default", &found, MOBILE_RCNN);
}

#[test]
fn a_mask_rcnn_finds_the_pixels_of_its_objects() {
    let reference = Reference::load();
    let detector = detector(&fill::weights(NAMES, "d2.mask_rcnn_R_50_FPN"), None, presets::detectron2(240, false));
    let found = detect(detector.as_ref(), &[reference.scene()]).remove(0);
    check(&reference, "d2.mask_rcnn_R_50_FPN/small", &found, RESIDUAL);
    let size = Size::new(320, 240);
    let pasted = reference.values("d2.mask_rcnn_R_50_FPN/small/mask.pasted_first3");
    for (found, expected) in found.iter().zip(pasted.chunks_exact(size.area() as usize)) {
        let mask = found.mask.as_ref().unwrap();
        assert_eq!(mask.size(), size);
        let wrong = (0..expected.len())
            .filter(|i| mask.contains(*i as u32 % size.width, *i as u32 / size.width) != (expected[*i] == 1.0));
        assert!(wrong.count() <= 3);
    }
}
