//! Files that are cut off, changed, or claim what they do not hold.

use std::path::Path;

use camroi::onnx::import;
use camroi::weights::Weights;

use super::written::{attentive, convolutional, folding, integers, model, node, weights};
use super::{exchanged, folder};
use crate::checkpoints::{Random, damaged};

fn refusal(file: &[u8]) -> String {
    import(file, &folder(), [64, 64]).map_err(|e| e.to_string()).err().unwrap_or_default()
}

#[test]
fn written_files_are_networks() {
    for file in [convolutional(), attentive(), folding()] {
        assert_eq!(refusal(&file), "");
    }
}

#[test]
fn damaged_files_give_errors_or_networks() {
    let samples = [convolutional(), attentive(), folding()];
    let mut random = Random(0x00c0_ffee);
    let mut read = 0;
    for case in 0..120_000 {
        let file = damaged(&samples[case % samples.len()], &mut random);
        read += usize::from(import(&file, Path::new("."), [8, 8]).is_ok());
        // No file of weights is an ONNX file, and the other way round.
        assert!(case % 100 > 0 || Weights::from_checkpoint(&file).is_err());
    }
    assert!(read > 1000, "the damages are so strong that nothing is ever read");
}

#[test]
fn a_truncated_file_is_an_error_wherever_it_ends() {
    let file = std::fs::read(folder().join("densenet121.legacy.onnx")).unwrap();
    for end in (0..file.len()).step_by(397) {
        assert!(import(&file[..end], &folder(), [64, 64]).is_err(), "cut off at {end}");
    }
}

#[test]
fn claims_of_huge_constants_are_refused() {
    let end = |name: &str| [node("ReduceMean", &[name], &["y"], &[])];
    let huge = integers("shape", &[1 << 19, 1 << 19]);
    let filled = model(
        &[1, 3, 4, 4],
        &[huge, weights("w", &[1], 1.0)],
        &[&[node("ConstantOfShape", &["shape"], &["c"], &[]), node("Mul", &["x", "c"], &["m"], &[])][..], &end("m")]
            .concat(),
    );
    assert!(refusal(&filled).contains("its constants are too large"), "{}", refusal(&filled));
    let spread = model(
        &[1, 3, 4, 4],
        &[integers("shape", &[1 << 18, 3, 1 << 10, 1 << 10])],
        &[&[node("Expand", &["x", "shape"], &["m"], &[])][..], &end("m")].concat(),
    );
    assert!(!refusal(&spread).is_empty());
    let padded = model(
        &[1, 3, 4, 4],
        &[integers("pads", &[0, 0, 1 << 19, 1 << 19, 0, 0, 0, 0])],
        &[&[node("Pad", &["x", "pads"], &["m"], &[])][..], &end("m")].concat(),
    );
    assert!(refusal(&padded).contains("too large"), "{}", refusal(&padded));
}

#[test]
fn an_unknown_operator_is_named_with_its_node() {
    let message = refusal(&exchanged("mobilenet_v2.legacy.onnx", "GlobalAveragePool", "GlobalAwesomePool"));
    assert_eq!(message, "operator GlobalAwesomePool (node /GlobalAwesomePool) is not supported");
}

#[test]
fn what_does_not_fit_is_named_with_its_node() {
    let file = model(&[1, 3, 4, 4], &[weights("w", &[4, 5, 1, 1], 0.1)], &[node("Conv", &["x", "w"], &["y"], &[])]);
    assert_eq!(refusal(&file), "operator Conv (node y): it does not fit inputs of shape [[1, 3, 4, 4]]");
}

#[test]
fn what_is_no_picture_is_refused() {
    let end = [node("ReduceMean", &["x"], &["y"], &[])];
    assert_eq!(refusal(&model(&[1, 10], &[], &end)), "input x: a shape of 1 × 10 is not that of a colour image");
    assert_eq!(
        refusal(&model(&[1, 1, 8, 8], &[], &end)),
        "input x: a shape of 1 × 1 × 8 × 8 is not that of a colour image"
    );
    let map = model(&[1, 3, 8, 8], &[], &[node("Relu", &["x"], &["y"], &[])]);
    assert_eq!(refusal(&map), "output y: a shape of [1, 3, 8, 8] is no row of scores, one for each class");
}

#[test]
fn weights_outside_the_folder_are_refused() {
    let message = refusal(&exchanged("resnet18.dynamo.onnx", "resnet18.dynamo.onnx.data", "../../elsewhere/onnx.data"));
    assert!(message.ends_with("which is not in the model's folder: refused"), "{message}");
}
