//! The class activation maps against pytorch-grad-cam, from stored activations and gradients (`tests/data/cams.py`).

use camroi::geometry::Size;
use camroi::saliency::SaliencyMap;
use camroi::saliency::cams::{self, ChannelMaps};
use camroi::saliency::compat::pytorch_grad_cam_picture;
use camroi::saliency::eigen;
use candle_core::{Device, Tensor};
use std::collections::HashMap;
use std::path::Path;

/// The largest difference over the largest reference value; float32 storage of activations and gradients gives 2e-7.
const TOLERANCE: f32 = 1e-6;
/// A channel sum near zero amplifies the rounding of the stored activations; numpy in f64 is off by 3.1e-5 there too.
const X_GRAD_CAM_INNER_TOLERANCE: f32 = 5e-5;
/// pytorch-grad-cam's Score-CAM ran in float32.
const SCORE_CAM_TOLERANCE: f32 = 1.5e-5;

/// What `tests/data/cams.safetensors` holds.
pub(crate) struct Reference(HashMap<String, Tensor>);

impl Reference {
    pub(crate) fn load() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/cams.safetensors");
        Self(candle_core::safetensors::load(path, &Device::Cpu).unwrap())
    }

    pub(crate) fn values(&self, key: &str) -> Vec<f32> {
        let tensor = self.0.get(key).unwrap_or_else(|| panic!("no {key}"));
        tensor.flatten_all().unwrap().to_vec1().unwrap()
    }

    /// The class that the maps of a network explain.
    pub(crate) fn class(&self, model: &str) -> usize {
        self.0[&format!("{model}/class")].to_vec1::<i64>().unwrap()[0] as usize
    }

    /// Side of the square grid of a tensor.
    pub(crate) fn side(&self, key: &str) -> usize {
        *self.0[key].dims().last().unwrap()
    }
}

/// The largest difference over the largest reference value.
pub(crate) fn relative_error(got: &[f32], reference: &[f32]) -> f32 {
    assert_eq!(got.len(), reference.len());
    let largest = reference.iter().fold(0f32, |m, v| m.max(v.abs()));
    got.iter().zip(reference).map(|(g, r)| (g - r).abs()).fold(0.0, f32::max) / largest
}

/// Every 13th row and column of a picture from row and column 4, as the stored pictures are thinned.
pub(crate) fn thinned(picture: &[f32], width: usize) -> Vec<f32> {
    let rows = picture.chunks_exact(width).skip(4).step_by(13);
    rows.flat_map(|row| row.iter().skip(4).step_by(13).copied()).collect()
}

/// Compares raw and final map of `model/name[@inner]` with what `formula` makes of the stored activations and gradients.
fn check(
    model: &str,
    name: &str,
    inner: &str,
    tolerance: f32,
    formula: impl Fn(ChannelMaps<'_>, ChannelMaps<'_>) -> Vec<f32>,
) {
    let reference = Reference::load();
    let (a_key, key) = (format!("{model}/activations{inner}"), format!("{model}/{name}{inner}"));
    let side = reference.side(&a_key);
    let (a, g) = (reference.values(&a_key), reference.values(&format!("{model}/gradients{inner}")));
    let mut raw = formula(ChannelMaps::new(side, side, &a), ChannelMaps::new(side, side, &g));
    let expected = reference.values(&format!("{key}/raw"));
    if name.starts_with("Eigen") && raw.iter().zip(&expected).map(|(r, e)| r * e).sum::<f32>() < 0.0 {
        raw.iter_mut().for_each(|v| *v = -*v);
    }
    let error = relative_error(&raw, &expected);
    assert!(error <= tolerance, "{key}: raw map off by {error:e}");
    let picture = pytorch_grad_cam_picture(&SaliencyMap::from_values(side, side, raw), Size::new(224, 224));
    let error = relative_error(&thinned(&picture, 224), &reference.values(&format!("{key}/final")));
    assert!(error <= tolerance, "{key}: final map off by {error:e}");
}

fn check_everywhere(name: &str, formula: fn(ChannelMaps<'_>, ChannelMaps<'_>) -> Vec<f32>) {
    check("resnet18", name, "", TOLERANCE, formula);
    check("vgg11", name, "", TOLERANCE, formula);
    if !name.starts_with("Eigen") {
        let inner = if name == "XGradCAM" { X_GRAD_CAM_INNER_TOLERANCE } else { TOLERANCE };
        check("efficientnet-lite0", name, "@_blocks.15", inner, formula);
    }
}

#[test]
fn grad_cam_agrees() {
    check_everywhere("GradCAM", cams::grad_cam);
}

#[test]
fn grad_cam_plus_plus_agrees() {
    check_everywhere("GradCAMPlusPlus", cams::grad_cam_plus_plus);
}

#[test]
fn x_grad_cam_agrees() {
    check_everywhere("XGradCAM", cams::x_grad_cam);
}

#[test]
fn hi_res_cam_agrees() {
    check_everywhere("HiResCAM", cams::hi_res_cam);
}

#[test]
fn layer_cam_agrees() {
    check_everywhere("LayerCAM", cams::layer_cam);
}

#[test]
fn elementwise_grad_cam_agrees() {
    check_everywhere("GradCAMElementWise", cams::grad_cam_elementwise);
}

#[test]
fn eigen_cam_agrees_up_to_its_sign() {
    check_everywhere("EigenCAM", |a, _| eigen::eigen_cam(a));
}

#[test]
fn eigen_grad_cam_agrees_up_to_its_sign() {
    check_everywhere("EigenGradCAM", eigen::eigen_grad_cam);
}

#[test]
fn channel_weights_of_other_methods_give_their_maps() {
    for (method, tolerance) in [("ScoreCAM", SCORE_CAM_TOLERANCE), ("AblationCAM", TOLERANCE)] {
        for model in ["resnet18", "vgg11"] {
            let weights: Vec<f64> =
                Reference::load().values(&format!("{model}/{method}/weights")).into_iter().map(f64::from).collect();
            check(model, method, "", tolerance, |a, _| cams::weighted(a, &weights));
        }
    }
}
