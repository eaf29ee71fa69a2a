//! Weights made from the names of tensors: the reference networks were filled by the same formula, so that their numbers
//! can be compared without their weights.
//!
//! Value `i` of the tensor `N` hashes to 32 bits: FNV-1a of `N`, exclusive or with `i * 0x9E3779B9`, then a finaliser of two
//! multiplications. `u` is that over 2^32. Running means and biases are `(2u - 1) / 10`; variances, norm weights and other
//! vectors `0.5 + u`; kernels and matrices `(2u - 1) sqrt(6 / fan_in)`, each times the tensor's gain.

use std::io::Read as _;
use std::path::Path;

use camroi::weights::Weights;
use candle_core::{Device, Tensor};
use rayon::prelude::*;

fn seed(name: &str) -> u32 {
    name.bytes().fold(0x811C_9DC5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

fn hash(seed: u32, index: u32) -> u32 {
    let mut h = seed ^ index.wrapping_mul(0x9E37_79B9);
    h = (h ^ (h >> 16)).wrapping_mul(0x7FEB_352D);
    h = (h ^ (h >> 15)).wrapping_mul(0x846C_A68B);
    h ^ (h >> 16)
}

/// `n` values of `[0, 1)` for a name.
pub(crate) fn uniform(name: &str, n: usize) -> Vec<f64> {
    let seed = seed(name);
    (0..n as u32).map(|i| f64::from(hash(seed, i)) / 4_294_967_296.0).collect()
}

/// The values of a tensor, row-major.
pub(crate) fn values(name: &str, shape: &[usize], gain: f64) -> Vec<f32> {
    let leaf = name.rsplit('.').next().unwrap();
    let (offset, spread) = match leaf {
        "num_batches_tracked" => (0.0, 0.0),
        "running_mean" | "bias" => (-0.1, 0.2),
        "running_var" | "layer_scale" => (0.5, 1.0),
        _ if shape.len() <= 1 => (0.5, 1.0),
        _ => {
            let bound = (6.0 / shape[1..].iter().product::<usize>() as f64).sqrt();
            (-bound, 2.0 * bound)
        }
    };
    let symmetric = offset < 0.0;
    uniform(name, shape.iter().product())
        .into_iter()
        .map(|u| {
            // In the order of the formula, so that the rounding is the same.
            let value = if symmetric { (2.0 * u - 1.0) * (spread / 2.0) } else { offset + spread * u };
            (value * gain) as f32
        })
        .collect()
}

/// A tensor of a table of names.
#[derive(Clone)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) shape: Vec<usize>,
    /// Absent where the table lists a variant by its names only.
    pub(crate) gain: Option<f64>,
}

/// The f32 tensors of a network of a table of names: gzipped JSON, `{network: [[name, dtype, shape, gain], …]}`.
pub(crate) fn rows(table: &str, network: &str) -> Vec<Row> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(table);
    let mut text = String::new();
    flate2::read::GzDecoder::new(std::fs::File::open(path).unwrap()).read_to_string(&mut text).unwrap();
    let table: serde_json::Value = serde_json::from_str(&text).unwrap();
    let rows = table[network].as_array().unwrap_or_else(|| panic!("no network {network}"));
    let row = |row: &serde_json::Value| Row {
        name: row[0].as_str().unwrap().to_owned(),
        shape: row[2].as_array().unwrap().iter().map(|n| n.as_u64().unwrap() as usize).collect(),
        gain: row[3].as_f64(),
    };
    rows.iter().filter(|row| row[1] == "float32").map(row).collect()
}

/// The filled weights of a network of a table of names.
pub(crate) fn weights(table: &str, network: &str) -> Weights {
    filled(&rows(table, network))
}

/// Filled weights of these names and shapes.
pub(crate) fn filled(rows: &[Row]) -> Weights {
    let tensors: Vec<_> = rows
        .par_iter()
        .map(|row| {
            let filled = values(&row.name, &row.shape, row.gain.unwrap());
            (row.name.clone(), Tensor::from_vec(filled, row.shape.as_slice(), &Device::Cpu).unwrap())
        })
        .collect();
    Weights::new(tensors).unwrap()
}

#[test]
fn the_fill_agrees_with_its_test_vectors() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/fill_vectors.json");
    let vectors: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let mut checked = 0;
    for row in vectors.as_array().unwrap().iter().filter(|row| row["value_f32"].is_array() && row["shape"].is_array()) {
        let name = row["name"].as_str().unwrap();
        let shape: Vec<_> = row["shape"].as_array().unwrap().iter().map(|n| n.as_u64().unwrap() as usize).collect();
        let values = values(name, &shape, row["gain"].as_f64().unwrap());
        for (at, expected) in row["flat_index"].as_array().unwrap().iter().zip(row["value_f32"].as_array().unwrap()) {
            assert_eq!(values[at.as_u64().unwrap() as usize], expected.as_f64().unwrap() as f32, "{name} {at}");
            checked += 1;
        }
    }
    assert_eq!(checked, 40);
}
