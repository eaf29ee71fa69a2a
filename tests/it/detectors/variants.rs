//! Networks of Detectron2's model zoo that have no reference numbers, made of those that have: the zoo's R101 and X101
//! networks differ from the R50 ones by the blocks of a stage and by their convolutions' groups, and are named alike.

use camroi::detector::rcnn::RcnnNetwork;
use camroi::detector::{presets, recognise};
use candle_core::{Device, Tensor};

use crate::fill::{self, Row};

const STAGE: &str = "backbone.bottom_up.res";

/// The tensors of an R50 network with 23 blocks in the stage `res4`.
fn of_depth_101(network: &str) -> Vec<Row> {
    let mut rows = fill::rows("detectors/names.json.gz", network);
    let last = format!("{STAGE}4.5.");
    let of_last: Vec<_> = rows.iter().filter(|row| row.name.starts_with(&last)).map(Row::clone).collect();
    assert_eq!(of_last.len(), 15, "three convolutions with four vectors of their norms each");
    for block in 6..23 {
        let name = format!("{STAGE}4.{block}.");
        rows.extend(of_last.iter().map(|row| Row { name: row.name.replace(&last, &name), ..row.clone() }));
    }
    rows
}

/// The same with convolutions of 32 groups, eight channels each in the first stage (ResNeXt-101 32x8d).
fn of_groups_32x8(network: &str) -> Vec<Row> {
    let mut rows = of_depth_101(network);
    for row in rows.iter_mut().filter(|row| row.name.starts_with(STAGE) && row.name.contains(".conv")) {
        let stage: usize = row.name[STAGE.len()..][..1].parse().unwrap();
        let (conv, leaf) = row.name.split_once(".conv").unwrap().1.split_once('.').unwrap();
        let width = 256 << (stage - 2);
        match (conv, leaf) {
            ("1", "weight") => row.shape[0] = width,
            ("2", "weight") => row.shape[..2].copy_from_slice(&[width, width / 32]),
            ("3", "weight") => row.shape[1] = width,
            ("3", _) => {}
            _ => row.shape[0] = width,
        }
    }
    rows
}

/// Builds and runs a network whose backbone has as many `parameters` as torchvision says of its own; it uses all its tensors.
fn check(rows: &[Row], parameters: usize, divided: bool) {
    let learnt = |row: &&Row| row.name.starts_with("backbone.bottom_up") && !row.name.contains("running");
    assert_eq!(rows.iter().filter(learnt).map(|row| row.shape.iter().product::<usize>()).sum::<usize>(), parameters);
    let weights = fill::filled(rows);
    let found = recognise(&weights).unwrap();
    assert_eq!((found.architecture, found.preprocessing), ("rcnn-fpn", presets::detectron2(800, divided)));
    let network = RcnnNetwork::new(&weights, 1e-5, &Device::Cpu).unwrap();
    assert_eq!(weights.unused(), Vec::<&str>::new());
    let input = Tensor::zeros((1, 3, 64, 96), candle_core::DType::F32, &Device::Cpu).unwrap();
    let trunk = network.trunk(&input).unwrap().remove(0);
    let sides: Vec<_> = trunk.levels.iter().map(|level| (level.channels, level.height, level.width)).collect();
    assert_eq!(sides, [(256, 16, 24), (256, 8, 12), (256, 4, 6), (256, 2, 3), (256, 1, 2)]);
    assert!(trunk.levels.iter().flat_map(|level| &level.values).all(|value| value.is_finite()));
}

#[test]
fn the_zoos_mask_rcnn_of_depth_101_is_built_of_all_its_tensors() {
    // All of ResNet-101 but its classifier.
    check(&of_depth_101("d2.mask_rcnn_R_50_FPN"), 44_549_160 - 2_049_000, false);
}

#[test]
fn the_zoos_faster_rcnn_with_resnext_101_is_built_of_all_its_tensors() {
    check(&of_groups_32x8("d2.faster_rcnn_R_50_FPN"), 88_791_336 - 2_049_000, true);
}
