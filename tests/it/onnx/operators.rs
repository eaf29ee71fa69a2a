//! Single operators, and short chains of them, against onnxruntime. `tests/data/onnx/operators.py` made the networks.

use camroi::graph::Network;
use camroi::onnx::import;
use candle_core::{Device, Tensor};
use serde_json::Value;

use super::{folder, largest_difference, numbers};
use crate::fill::uniform;

const SIDE: usize = 6;

fn bytes(digits: &str) -> Vec<u8> {
    (0..digits.len()).step_by(2).map(|i| u8::from_str_radix(&digits[i..i + 2], 16).unwrap()).collect()
}

fn scores(case: &Value) -> Result<Vec<f32>, String> {
    let file = bytes(case["file"].as_str().unwrap());
    let imported = import(&file, &folder(), [SIDE, SIDE]);
    let graph = match imported {
        Ok(imported) => imported.graph,
        Err(error) => return Err(error.to_string()),
    };
    let values: Vec<f32> = uniform("onnx.input", 3 * SIDE * SIDE).into_iter().map(|u| (2.0 * u - 1.0) as f32).collect();
    let input = Tensor::from_vec(values, (1, 3, SIDE, SIDE), &Device::Cpu).unwrap();
    let outputs = Network::new(&graph, &Device::Cpu).and_then(|network| network.forward(&input));
    outputs.and_then(|o| o[0].flatten_all()?.to_vec1()).map_err(|e| e.to_string())
}

#[test]
fn operators_compute_what_onnxruntime_does() {
    let text = std::fs::read_to_string(folder().join("operators.json")).unwrap();
    let cases: Vec<Value> = serde_json::from_str(&text).unwrap();
    assert!(cases.len() > 90);
    let mut wrong = Vec::new();
    for case in &cases {
        match scores(case) {
            Ok(scores) => {
                let difference = largest_difference(&scores, &numbers(&case["scores"]));
                if difference > 1e-5 {
                    wrong.push(format!("{}: {difference:e}", case["name"]));
                }
            }
            Err(error) => wrong.push(format!("{}: {error}", case["name"])),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
