//! Checkpoints of PyTorch and Detectron2 against the values they were written from, and against damage of all kinds.

use std::collections::BTreeMap;
use std::path::PathBuf;

use camroi::weights::Weights;

fn data(name: &str) -> Vec<u8> {
    std::fs::read(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/checkpoints").join(name)).unwrap()
}

/// Names, shapes and values of a description beside a sample.
fn expected(name: &str, table: &str) -> BTreeMap<String, (Vec<usize>, Vec<f64>)> {
    fn numbers(value: &serde_json::Value) -> Vec<f64> {
        match value {
            serde_json::Value::Array(items) => items.iter().flat_map(numbers).collect(),
            serde_json::Value::Bool(b) => vec![f64::from(u8::from(*b))],
            other => vec![other.as_f64().unwrap()],
        }
    }
    let json: serde_json::Value = serde_json::from_slice(&data(name)).unwrap();
    let table = json[table].as_object().unwrap();
    let tensor = |t: &serde_json::Value| {
        let shape = t["shape"].as_array().unwrap().iter().map(|n| n.as_u64().unwrap() as usize).collect();
        (shape, numbers(&t["values"]))
    };
    table.iter().map(|(name, t)| (name.clone(), tensor(t))).collect()
}

/// Asserts that the tensors are the expected ones, each value the nearest f32 (to within the JSON parser's last bit).
fn assert_holds(weights: &Weights, expected: &BTreeMap<String, (Vec<usize>, Vec<f64>)>) {
    let names: Vec<_> = weights.names().collect();
    assert_eq!(names, expected.keys().collect::<Vec<_>>());
    for (name, (shape, values)) in expected {
        let found = weights.get(name, shape).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
        assert_eq!(found.len(), values.len(), "{name}");
        for (found, value) in found.into_iter().zip(values) {
            let half_unit = value.abs() * 2_f64.powi(-24) * (1.0 + 1e-9);
            assert!((f64::from(found) - value).abs() <= half_unit, "{name}: {found} is not {value}");
        }
    }
}

#[test]
fn pytorch_files_of_both_formats_hold_the_stored_values() {
    let expected = expected("torch_sample.json", "tensors");
    for file in ["zip", "zip_flat", "legacy", "legacy_flat"] {
        let weights = Weights::from_checkpoint(&data(&format!("torch_sample_{file}.pth"))).unwrap();
        assert_holds(&weights, &expected);
    }
}

#[test]
fn detectron2_files_of_both_protocols_and_numpy_generations_hold_the_stored_values() {
    let expected = expected("detectron2_sample.json", "model");
    for file in ["detectron2_sample.pkl", "detectron2_sample_np1.pkl", "detectron2_sample_p4.pkl"] {
        assert_holds(&Weights::from_checkpoint(&data(file)).unwrap(), &expected);
    }
}

#[test]
fn a_file_that_calls_something_is_refused_by_name() {
    let pickle = data("detectron2_sample.pkl");
    let at = pickle.windows(11).position(|w| w == b"matching_he").unwrap();
    for (name, call) in [("os.system", &b"cos\nsystem\n"[..]), ("builtins.eval", b"cbuiltins\neval\n")] {
        // The call takes the place of a key's five-byte header.
        let hostile = [&pickle[..at - 5], call, b"X\x01\0\0\0x\x85R", &pickle[at - 5..]].concat();
        let message = Weights::from_checkpoint(&hostile).unwrap_err().to_string();
        assert!(message.contains(name), "{message}");
    }
}

/// Small reproducible random numbers (xorshift64*).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        ((self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % n as u64) as usize
    }
}

/// A copy with one to four damages: bits, bytes, lengths, cuts, insertions, repetitions.
pub(crate) fn damaged(original: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = original.to_vec();
    for _ in 0..=random.below(4) {
        if bytes.len() < 16 {
            break;
        }
        let at = random.below(bytes.len() - 8);
        match random.below(8) {
            0 => bytes[at] ^= 1 << random.below(8),
            1 => bytes[at] = random.below(256) as u8,
            2 => bytes[at..at + 8].fill(0xff),
            3 => bytes[at..at + 4].fill(0x7f),
            4 => bytes.truncate(at),
            5 => drop(bytes.drain(at..at + random.below(8))),
            6 => bytes.insert(at, [b'(', b'R', b'}', b']', b't', 0x94, b'2', b'h', b'b'][random.below(9)]),
            _ => {
                let piece = bytes[at..(at + 64).min(bytes.len())].to_vec();
                let to = random.below(bytes.len());
                bytes.splice(to..to, piece);
            }
        }
    }
    bytes
}

#[test]
fn damaged_files_give_errors_or_tensors_no_larger_than_the_file() {
    let table = [("a.weight", vec![3, 4]), ("a.bias", vec![3])].map(|(name, shape)| {
        let tensor = candle_core::Tensor::zeros(shape, candle_core::DType::F32, &candle_core::Device::Cpu).unwrap();
        (name, tensor)
    });
    let samples = [
        data("torch_sample_zip.pth"),
        data("torch_sample_legacy.pth"),
        data("torch_sample_legacy_flat.pth"),
        data("detectron2_sample.pkl"),
        data("detectron2_sample_p4.pkl"),
        safetensors::serialize(table, None).unwrap(),
    ];
    let mut random = Random(0x00c0_ffee);
    let mut read = 0;
    for case in 0..120_000 {
        let file = damaged(&samples[case % samples.len()], &mut random);
        if let Ok(weights) = Weights::from_checkpoint(&file) {
            let elements: usize = weights.names().map(|n| weights.shape(n).unwrap().iter().product::<usize>()).sum();
            assert!(elements <= 2 * file.len(), "case {case}");
            read += 1;
        }
    }
    assert!(read > 1000, "the damages are so strong that nothing is ever read");
}
