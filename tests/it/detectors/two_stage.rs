//! Faster R-CNN, Mask R-CNN and region proposals, stage by stage.

use camroi::detector::rcnn::{DetectionRules, Library, MASK_SIDE, RcnnNetwork};
use camroi::detector::{batch::padded, presets};
use camroi::geometry::{BBox, Size};
use candle_core::Device;

use super::{Reference, check_planes, patch};
use crate::fill;

/// Ten times what the libraries' own float32 is off.
const TOLERANCE: f32 = 1e-5;

fn edges(boxes: &[BBox]) -> Vec<f32> {
    boxes.iter().take(50).flat_map(|b| [b.x0, b.y0, b.x1, b.y1]).collect()
}

struct Case {
    key: &'static str,
    network: &'static str,
    eps: f64,
    edge: u32,
    longest: u32,
    tolerance: f32,
    /// Where rounding swaps proposals, rows can be compared no further; `whole` compares the detections as a set.
    ends_with_proposals: bool,
}

fn check(case: &Case) {
    let reference = Reference::load();
    let weights = fill::weights("detectors/names.json.gz", case.network);
    let net = RcnnNetwork::new(&weights, case.eps, &Device::Cpu).unwrap();
    assert_eq!(weights.unused(), Vec::<&str>::new());
    let preprocessing = match net.library {
        Library::Detectron2 => presets::detectron2(case.edge, false),
        Library::Torchvision => presets::torchvision(case.edge, case.longest),
    };
    let input = preprocessing.apply(&reference.scene());
    let tensor = padded(&input, 32).unwrap();
    let (_, _, h, w) = tensor.dims4().unwrap();
    let key = |stage: &str| format!("{}/{stage}", case.key);

    let trunk = net.trunk(&tensor).unwrap().remove(0);
    let names: &[&str] = match (net.library, trunk.levels.len()) {
        (Library::Detectron2, _) => &["p2", "p3", "p4", "p5", "p6"],
        (Library::Torchvision, 5) => &["0", "1", "2", "3", "pool"],
        (Library::Torchvision, _) => &["0", "1", "pool"],
    };
    assert_eq!(names.len(), trunk.levels.len());
    for (i, name) in names.iter().enumerate() {
        check_planes(&reference, &key(&format!("fpn.{name}")), &trunk.levels[i], case.tolerance);
        for (what, planes) in [("objectness", &trunk.objectness[i]), ("deltas", &trunk.deltas[i])] {
            let corner = patch(&planes.values, [planes.height, planes.width], usize::MAX, [0, 0], [4, 4]);
            reference.compare(&key(&format!("rpn_head.{i}/{what}_corner")), &corner, case.tolerance);
        }
    }

    let padded_size = Size::new(w as u32, h as u32);
    let proposals = net.proposal_rules().unwrap().propose(&trunk, input.size, padded_size);
    assert_eq!(proposals.boxes.len(), reference.numbers(&key("rpn.count"))[0]);
    if case.ends_with_proposals {
        return;
    }
    reference.compare(&key("rpn.boxes"), &edges(&proposals.boxes), case.tolerance);
    let logits: Vec<_> = proposals.logits.iter().take(50).copied().collect();
    match net.library {
        Library::Detectron2 => reference.compare(&key("rpn.logits"), &logits, case.tolerance),
        Library::Torchvision => {
            let scores: Vec<_> = logits.iter().map(|v| 1.0 / (1.0 + (-v).exp())).collect();
            reference.compare(&key("rpn.scores"), &scores, case.tolerance);
        }
    }

    let Some(head) = &net.box_head else { return };
    let strides = &net.pooled_strides;
    let pooled = head.pool(&trunk, strides, &proposals.boxes);
    let first: Vec<f32> = pooled.chunks_exact(256 * 49).take(4).flat_map(|p| p[..8 * 49].to_vec()).collect();
    reference.compare(&key("roi.pooled_first4"), &first, case.tolerance);
    let scores = head.scores(pooled).unwrap();
    let rows = |values: &[f32], columns: usize, rows: usize, first: usize| -> Vec<f32> {
        values.chunks_exact(columns).take(rows).flat_map(|row| row[..first].to_vec()).collect()
    };
    reference.compare(&key("roi.feat_first10"), &rows(&scores.features, 1024, 10, 64), case.tolerance);
    let columns = head.classes + 1;
    reference.compare(
        &key("roi.class_logits_first20"),
        &rows(&scores.class_logits, columns, 20, columns),
        case.tolerance,
    );
    reference.compare(
        &key("roi.box_deltas_first20"),
        &rows(&scores.deltas, scores.delta_columns, 20, 40),
        case.tolerance,
    );

    let found = head.detections(&scores, &proposals.boxes, input.size, DetectionRules::default());
    assert_eq!(found.len(), reference.numbers(&key("det.count"))[0]);
    let boxes: Vec<_> = found.iter().map(|b| b.bbox).collect();
    reference.compare(&key("net_boxes"), &edges(&boxes), case.tolerance);
    let labels: Vec<_> = found.iter().take(50).map(|b| b.label).collect();
    assert_eq!(labels, reference.numbers(&key("det.labels")));
    let scores: Vec<_> = found.iter().take(50).map(|b| b.score).collect();
    reference.compare(&key("det.scores"), &scores, 2.1e-5);

    let Some(mask_head) = &net.mask_head else { return };
    let logits = mask_head.logits(&trunk, strides, &found[..3]).unwrap();
    reference.compare(&key("mask.logits_first3"), &logits, case.tolerance);
    let scene = reference.scene();
    let size = Size::new(scene.width(), scene.height());
    let image_from_input = input.input_from_image.inverse();
    let pasted = match net.library {
        Library::Detectron2 => reference.values(&key("mask.pasted_first3")),
        Library::Torchvision => reference.values(&key("mask.pasted_first")),
    };
    let mut wrong = 0;
    let masks = logits.chunks_exact(MASK_SIDE * MASK_SIDE).zip(&found);
    for (expected, (logits, found)) in pasted.chunks_exact(size.area() as usize).zip(masks) {
        let mask = mask_head.paste(logits, image_from_input.bbox(found.bbox).clamp_to(size.bounds()), size);
        assert!(mask.area() > 0);
        let inside = |i: usize| mask.contains(i as u32 % size.width, i as u32 / size.width);
        wrong += expected.iter().enumerate().filter(|(i, v)| inside(*i) != (**v >= 0.5)).count();
    }
    assert!(wrong <= 3, "{wrong} pixels of the pasted masks differ");
}

const TORCHVISION: Case = Case {
    key: "fasterrcnn_resnet50_fpn/small",
    network: "fasterrcnn_resnet50_fpn",
    eps: 1e-5,
    edge: 240,
    longest: 1333,
    tolerance: TOLERANCE,
    ends_with_proposals: false,
};

#[test]
fn torchvision_faster_rcnn_agrees_at_every_stage() {
    check(&TORCHVISION);
}

#[test]
fn torchvision_mask_rcnn_agrees_at_every_stage() {
    check(&Case { key: "maskrcnn_resnet50_fpn/small", network: "maskrcnn_resnet50_fpn", ..TORCHVISION });
}

#[test]
fn detectron2_faster_rcnn_agrees_at_every_stage() {
    check(&Case { key: "d2.faster_rcnn_R_50_FPN/small", network: "d2.faster_rcnn_R_50_FPN", ..TORCHVISION });
}

#[test]
fn detectron2_mask_rcnn_agrees_at_every_stage() {
    check(&Case { key: "d2.mask_rcnn_R_50_FPN/small", network: "d2.mask_rcnn_R_50_FPN", ..TORCHVISION });
}

#[test]
fn detectron2_proposals_alone_agree_at_every_stage() {
    check(&Case { key: "d2.rpn_R_50_FPN/small", network: "d2.rpn_R_50_FPN", ..TORCHVISION });
}

#[test]
fn torchvision_mobile_faster_rcnn_agrees_up_to_its_proposals() {
    check(&Case {
        key: "fasterrcnn_mobilenet_v3_large_320_fpn/default",
        network: "fasterrcnn_mobilenet_v3_large_320_fpn",
        edge: 320,
        longest: 640,
        // Ten times what torchvision's own float32 is off.
        tolerance: 2e-3,
        ends_with_proposals: true,
        ..TORCHVISION
    });
}
