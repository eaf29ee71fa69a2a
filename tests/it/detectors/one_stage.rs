//! RetinaNet and SSDlite, stage by stage.

use camroi::detector::one_stage::{Family, OneStageNetwork, anchors};
use camroi::detector::pyramid::Planes;
use camroi::detector::{batch::padded, presets};
use camroi::geometry::{BBox, Size};
use camroi::preprocess::Preprocessing;
use candle_core::Device;

use super::{Reference, check_planes};
use crate::fill;

/// A head's values of all levels, one row an anchor.
fn rows<'a>(levels: impl Iterator<Item = &'a Planes>, anchors: usize) -> Vec<Vec<f32>> {
    let mut rows = Vec::new();
    for planes in levels {
        let columns = planes.channels / anchors;
        for cell in 0..planes.height * planes.width {
            let (y, x) = (cell / planes.width, cell % planes.width);
            rows.extend(
                (0..anchors).map(|a| (0..columns).map(|c| planes.at(a * columns + c, y, x)).collect::<Vec<_>>()),
            );
        }
    }
    rows
}

fn first_and_last(reference: &Reference, key: &str, rows: &[Vec<f32>], tolerance: f32) {
    reference.compare(&format!("{key}_first40"), &rows[..40].concat(), tolerance);
    reference.compare(&format!("{key}_last40"), &rows[rows.len() - 40..].concat(), tolerance);
}

fn check(key: &str, network: &str, preprocessing: Preprocessing, names: &[&str], tolerance: f32) {
    let reference = Reference::load();
    let weights = fill::weights("detectors/names.json.gz", network);
    let net = OneStageNetwork::new(&weights, 1e-5, &Device::Cpu).unwrap();
    assert_eq!(weights.unused(), Vec::<&str>::new());
    let input = padded(&preprocessing.apply(&reference.scene()), 32).unwrap();
    let results = net.forward(&input).unwrap();
    for (result, name) in results.iter().zip(names) {
        let planes = Planes::of_sample(result, 0).unwrap();
        check_planes(&reference, &format!("{key}/fpn.{name}"), &planes, tolerance);
    }
    let levels = net.levels(&input).unwrap().remove(0);
    let shapes = match net.family {
        Family::RetinaNet => 9,
        Family::SsdLite => 6,
    };
    let classes = rows(levels.iter().map(|level| &level.classes), shapes);
    assert_eq!([classes.len(), net.labels].as_slice(), reference.numbers(&format!("{key}/head.count")));
    first_and_last(&reference, &format!("{key}/head.cls_logits"), &classes, tolerance);
    let deltas = rows(levels.iter().map(|level| &level.deltas), shapes);
    first_and_last(&reference, &format!("{key}/head.bbox_regression"), &deltas, tolerance);
    let (_, _, h, w) = input.dims4().unwrap();
    let size = Size::new(w as u32, h as u32);
    let all = levels.iter().enumerate().flat_map(|(i, level)| anchors(net.family, i, levels.len(), level, size));
    let edges = |b: BBox| vec![b.x0, b.y0, b.x1, b.y1];
    first_and_last(&reference, &format!("{key}/anchors"), &all.map(edges).collect::<Vec<_>>(), 1e-6);
}

#[test]
fn retinanet_agrees_at_every_stage() {
    let preprocessing = presets::torchvision(240, 1333);
    check("retinanet_resnet50_fpn/small", "retinanet_resnet50_fpn", preprocessing, &["0", "1", "2", "p6", "p7"], 1e-5);
}

#[test]
fn ssdlite_agrees_at_every_stage() {
    let names = ["0", "1", "2", "3", "4", "5"];
    check("ssdlite320_mobilenet_v3_large/default", "ssdlite320_mobilenet_v3_large", presets::ssdlite(), &names, 1e-3);
}
