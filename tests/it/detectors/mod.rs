//! Every stage of the detectors against Detectron2 and torchvision (`tests/data/detectors/README.md`): same picture, weights
//! hashed from names.

mod inputs;
mod one_stage;
mod two_stage;
mod variants;
mod whole;

use std::collections::HashMap;
use std::path::Path;

use camroi::detector::pyramid::Planes;
use candle_core::{Device, Tensor};
use image::RgbImage;

/// `reference.safetensors`.
struct Reference(HashMap<String, Tensor>);

impl Reference {
    fn load() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/detectors/reference.safetensors");
        Self(candle_core::safetensors::load(path, &Device::Cpu).unwrap())
    }

    fn tensor(&self, key: &str) -> &Tensor {
        self.0.get(key).unwrap_or_else(|| panic!("no {key}"))
    }

    fn values(&self, key: &str) -> Vec<f32> {
        self.tensor(key).to_dtype(candle_core::DType::F32).unwrap().flatten_all().unwrap().to_vec1().unwrap()
    }

    fn numbers(&self, key: &str) -> Vec<usize> {
        let numbers: Vec<i64> = self.tensor(key).flatten_all().unwrap().to_vec1().unwrap();
        numbers.into_iter().map(|n| n as usize).collect()
    }

    /// The picture that all networks were shown.
    fn scene(&self) -> RgbImage {
        let (height, width, _) = self.tensor("scene_u8").dims3().unwrap();
        let bytes = self.tensor("scene_u8").flatten_all().unwrap().to_vec1().unwrap();
        RgbImage::from_raw(width as u32, height as u32, bytes).unwrap()
    }

    /// Fails where `got` is further than `tolerance` times the largest reference value from the reference.
    fn compare(&self, key: &str, got: &[f32], tolerance: f32) {
        let expected = self.values(key);
        assert_eq!(got.len(), expected.len(), "{key}");
        let largest = expected.iter().fold(0f32, |m, v| m.max(v.abs()));
        let error = got.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max) / largest;
        eprintln!("{key}: {error:.1e}");
        assert!(error <= tolerance, "{key} is off by {error:.1e}");
    }
}

/// Rows and columns `from ..` of all planes of `(channels, height, width)`, `count` of each, of the first `channels` planes.
fn patch(
    values: &[f32],
    [height, width]: [usize; 2],
    channels: usize,
    from: [usize; 2],
    count: [usize; 2],
) -> Vec<f32> {
    let mut out = Vec::new();
    for plane in values.chunks_exact(height * width).take(channels) {
        for row in plane.chunks_exact(width).skip(from[0]).take(count[0]) {
            out.extend(&row[from[1]..width.min(from[1] + count[1])]);
        }
    }
    out
}

/// The stored corner and statistics of a feature map.
fn check_planes(reference: &Reference, key: &str, planes: &Planes, tolerance: f32) {
    let corner = patch(&planes.values, [planes.height, planes.width], 8, [0, 0], [4, 4]);
    reference.compare(&format!("{key}/corner"), &corner, tolerance);
    let n = planes.values.len() as f64;
    let mean = planes.values.iter().map(|v| f64::from(*v)).sum::<f64>() / n;
    let spread = planes.values.iter().map(|v| (f64::from(*v) - mean).powi(2)).sum::<f64>() / (n - 1.0);
    let largest = planes.values.iter().fold(0f32, |m, v| m.max(v.abs()));
    reference.compare(&format!("{key}/stats"), &[mean as f32, spread.sqrt() as f32, largest], tolerance);
}
