//! Every family of classifiers against the logits and raw Grad-CAM maps that torchvision 0.29.2 gives in double precision.
//!
//! Weights and inputs are hashed from names (see `fill`); `tests/data/classifiers/README.md` says how the numbers were made.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::LazyLock;

use camroi::classifier::{
    ARCHITECTURES, BuildOptions, Naming, architecture, candidates, naming_of, recognise, torchvision_names,
};
use camroi::geometry::Size;
use camroi::graph::{Graph, Network};
use camroi::weights::Weights;
use candle_core::{DType, Device, Tensor, Var};

use crate::fill;

static EXPECTED: LazyLock<HashMap<String, Tensor>> = LazyLock::new(|| {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/classifiers");
    let load = |file| candle_core::safetensors::load(folder.join(file), &Device::Cpu).unwrap();
    load("expected.safetensors").into_iter().chain(load("transformers.safetensors")).collect()
});

/// The two inputs of the reference: blocks of colour and noise. `(2, 3, side, side)`
pub(crate) fn inputs(side: usize) -> Tensor {
    let mut values = Vec::new();
    for name in ["input0", "input1"] {
        let blocks = fill::uniform(&format!("{name}_lo"), 3 * 7 * 7);
        let noise = fill::uniform(name, 3 * side * side);
        for (i, u) in noise.iter().enumerate() {
            let (c, y, x) = (i / (side * side), i / side % side, i % side);
            let block = blocks[(c * 7 + y * 7 / side) * 7 + x * 7 / side];
            values.push((1.5 * (2.0 * block - 1.0) + 0.5 * (2.0 * u - 1.0)) as f32);
        }
    }
    Tensor::from_vec(values, (2, 3, side, side), &Device::Cpu).unwrap()
}

/// The network filled with the reference weights.
pub(crate) fn network(table: &str, name: &str) -> (Graph, u32) {
    let weights = fill::weights(table, name);
    let architecture = architecture(name).unwrap();
    let classes = architecture.classes(&weights).unwrap();
    let options = BuildOptions { input: Size::new(architecture.side, architecture.side), classes };
    let graph = (architecture.build)(&weights, &options).unwrap();
    assert!(weights.unused().is_empty(), "{:?} are never read", weights.unused());
    (graph, architecture.side)
}

/// The largest difference over the largest expected value.
fn error(found: &Tensor, expected: &Tensor) -> f32 {
    assert_eq!(found.dims(), expected.dims());
    let largest = |t: &Tensor| t.abs().unwrap().flatten_all().unwrap().max(0).unwrap().to_scalar::<f32>().unwrap();
    largest(&(found - expected).unwrap()) / largest(expected)
}

/// For the expected classes: `sum_k mean(d logit / d A_k) A_k`. `(2, gh, gw)`
fn raw_grad_cam(head: &Network, features: &Tensor, classes: &[i64]) -> (Tensor, Tensor) {
    let features = Var::from_tensor(features).unwrap();
    let logits = head.forward_with_gradients(&features).unwrap().remove(0);
    let of_class = |i: usize| logits.get(i).unwrap().get(classes[i] as usize).unwrap();
    let gradients = (of_class(0) + of_class(1)).unwrap().backward().unwrap();
    let gradient = gradients.get(&features).unwrap();
    let weights = gradient.mean_keepdim((2, 3)).unwrap();
    (logits, features.broadcast_mul(&weights).unwrap().sum(1).unwrap())
}

/// Compares logits and the map of each layer; `tolerance` is relative to the largest expected value.
fn check(name: &str, layers: &[&str], tolerance: f32) {
    check_of("classifiers/names.json.gz", name, layers, tolerance);
}

fn check_of(table: &str, name: &str, layers: &[&str], tolerance: f32) {
    let (graph, side) = network(table, name);
    let classes = EXPECTED[&format!("{name}/class")].to_vec1::<i64>().unwrap();
    for layer in layers {
        let (features, head) = graph.split_at(graph.find(layer).unwrap()).unwrap();
        let features = Network::new(&features, &Device::Cpu).unwrap().forward(&inputs(side as usize)).unwrap();
        let (logits, map) = raw_grad_cam(&Network::new(&head, &Device::Cpu).unwrap(), &features[0], &classes);
        let logits = error(&logits, &EXPECTED[&format!("{name}/logits")]);
        let map = error(&map, &EXPECTED[&format!("{name}/{layer}/gradcam_raw")]);
        assert!(logits <= tolerance && map <= tolerance, "{name} {layer}: logits {logits:e}, map {map:e}");
    }
}

/// For networks without kinks that amplify rounding.
const SMOOTH: f32 = 1e-4;
/// For ReLU6 and hard swish.
const KINKED: f32 = 1e-3;

#[test]
fn alexnet() {
    check("alexnet", &["features.11", "features.12"], SMOOTH);
}

#[test]
fn vgg() {
    check("vgg11", &["features.19", "features.20"], SMOOTH);
    check("vgg16", &["features.30"], SMOOTH);
    check("vgg19", &["features.36"], SMOOTH);
}

#[test]
fn vgg_with_batch_norm() {
    check("vgg11_bn", &["features.27", "features.28"], SMOOTH);
}

#[test]
fn resnet_of_basic_blocks() {
    check("resnet18", &["layer4"], SMOOTH);
    check("resnet34", &["layer4"], SMOOTH);
}

#[test]
fn resnet_of_bottlenecks() {
    check("resnet50", &["layer4"], SMOOTH);
    check("resnet101", &["layer4"], SMOOTH);
}

#[test]
fn resnext_and_wide_resnet() {
    check("resnext50_32x4d", &["layer4"], SMOOTH);
    check("wide_resnet50_2", &["layer4"], SMOOTH);
}

#[test]
fn squeezenet() {
    check("squeezenet1_1", &["features.12"], SMOOTH);
}

#[test]
fn densenet() {
    check("densenet121", &["features", "head_act"], SMOOTH);
}

#[test]
fn mobilenet() {
    check("mobilenet_v2", &["features.18"], KINKED);
    check("mobilenet_v3_large", &["features.16"], KINKED);
}

#[test]
fn efficientnet() {
    check("efficientnet_b0", &["features.8"], SMOOTH);
    check("efficientnet-lite0", &["_blocks.15", "_bn1", "head_act"], KINKED);
}

#[test]
fn convnext() {
    check("convnext_tiny", &["features.7"], SMOOTH);
}

#[test]
fn googlenet_and_inception() {
    check("googlenet", &["inception5b"], SMOOTH);
    check("inception_v3", &["Mixed_7c"], SMOOTH);
}

#[test]
fn transformers() {
    const TABLE: &str = "classifiers/transformers.json.gz";
    check_of(TABLE, "swin_t", &["features.7"], SMOOTH);
    check_of(TABLE, "vit_b_16", &["encoder.layers.encoder_layer_11.ln_1"], SMOOTH);
}

/// Zeros under the names and of the shapes of a network; `change` may leave out, rename or reshape.
fn zeros(network: &str, change: impl Fn(fill::Row) -> Option<fill::Row>) -> Weights {
    zeros_of("classifiers/names.json.gz", network, change)
}

fn zeros_of(table: &str, network: &str, change: impl Fn(fill::Row) -> Option<fill::Row>) -> Weights {
    let rows = fill::rows(table, network).into_iter().filter_map(change);
    let tensor = |row: fill::Row| (row.name, Tensor::zeros(row.shape, DType::F32, &Device::Cpu).unwrap());
    Weights::new(rows.map(tensor)).unwrap()
}

#[test]
fn networks_are_recognised_by_names_and_shapes() {
    let names = [
        "alexnet",
        "vgg11",
        "vgg11_bn",
        "vgg19",
        "resnet34",
        "resnet101",
        "resnext50_32x4d",
        "wide_resnet50_2",
        "squeezenet1_1",
        "densenet121",
        "mobilenet_v2",
        "mobilenet_v3_large",
        "efficientnet_b0",
        "efficientnet-lite0",
        "convnext_tiny",
    ];
    for name in names {
        assert_eq!(recognise(&zeros(name, Some)).unwrap().name, name);
    }
}

#[test]
fn auxiliary_heads_are_not_read() {
    for name in ["googlenet", "inception_v3"] {
        assert_eq!(recognise(&zeros(&format!("{name}+aux"), Some)).unwrap().name, name);
    }
}

#[test]
fn a_retrained_head_tells_its_number_of_classes() {
    let weights = zeros("resnet50", |mut row| {
        if row.name.starts_with("fc.") {
            row.shape[0] = 9;
        }
        Some(row)
    });
    let architecture = recognise(&weights).unwrap();
    assert_eq!((architecture.name, architecture.classes(&weights)), ("resnet50", Some(9)));
}

#[test]
fn a_mismatch_names_the_nearest_architecture_and_the_first_differences() {
    let weights = zeros("resnet50", |mut row| {
        match row.name.as_str() {
            "bn1.weight" => return None,
            "conv1.weight" => row.shape[1] = 1,
            "layer4.2.bn3.bias" => row.name = "extra".into(),
            _ => {}
        }
        Some(row)
    });
    let message = recognise(&weights).unwrap_err().to_string();
    let expected = "the weights belong to no known architecture; the nearest is resnet50: 264 of the 267 tensors of resnet50 are \
                    there; missing (2): bn1.weight, layer4.2.bn3.bias; unexpected (1): extra; of another shape (1): conv1.weight \
                    [64, 1, 7, 7] instead of [64, 3, 7, 7]";
    assert_eq!(message, expected);
}

#[test]
fn every_architecture_has_its_target_layer() {
    let nothing = Weights::new([]).unwrap();
    for architecture in ARCHITECTURES {
        let side = architecture.side;
        let options = BuildOptions { input: Size::new(side, side), classes: 7 };
        let graph = (architecture.build)(&nothing.rehearsal(), &options).unwrap();
        let shapes = graph.shapes(1, side as usize, side as usize).unwrap();
        let cut = graph.find(architecture.target_layer).unwrap();
        assert!(graph.split_at(cut).is_ok(), "{}", architecture.name);
        assert!(shapes[cut.index()][2] > 1, "{}", architecture.name);
    }
}

#[test]
fn networks_of_timm_are_recognised() {
    let names = [
        ("resnet50", "resnet50"),
        ("vgg11", "vgg11"),
        ("densenet121", "densenet121"),
        ("mobilenetv2_100", "mobilenet_v2"),
        ("efficientnet_b0", "efficientnet_b0"),
        ("convnext_tiny", "convnext_tiny"),
        ("vit_base_patch16_224", "vit_b_16"),
        ("deit_small_patch16_224", "deit_small_patch16"),
        ("swin_tiny_patch4_window7_224", "swin_t"),
    ];
    for (timm, torchvision) in names {
        let weights = torchvision_names(zeros_of("classifiers/timm.json.gz", timm, Some)).unwrap();
        assert_eq!(recognise(&weights).unwrap().name, torchvision);
    }
}

/// timm's networks whose tensors do not show that they differ from torchvision's, on inputs that strides do not divide. B5 is only
/// recognised: under this fill, rounding in its 39 blocks grows to the size of the scores. So does that of the map of
/// the last case, in part: its scores are compared.
#[test]
fn networks_of_timm_pad_and_normalise_in_their_own_way() {
    const SCORES_ONLY: &str = "tf_mobilenetv3_large_100";
    let cases = [
        ("tf_efficientnet_b0", "tf_efficientnet_b0", 100, "features.8"),
        ("tf_efficientnet_b1", "tf_efficientnet_b1", 128, "features.8"),
        ("mobilenetv3_large_100", "mobilenetv3_large_100", 96, "features.16"),
        ("mobilenetv3_small_100", "mobilenetv3_small_100", 96, "features.12"),
        ("tf_mobilenetv3_small_100", "tf_mobilenetv3_small_100", 100, "features.12"),
        (SCORES_ONLY, "tf_mobilenetv3_large_100", 101, "features.16"),
    ];
    for (timm, ours) in [("efficientnet_b5", "timm_efficientnet_b5"), ("tf_efficientnet_b5", "tf_efficientnet_b5")] {
        let weights = torchvision_names(fill::weights("classifiers/timm_names.json.gz", timm)).unwrap();
        assert!(candidates(&weights, Naming::Timm).unwrap().iter().any(|a| a.name == ours));
    }
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/classifiers/timm_numbers.safetensors");
    let expected = candle_core::safetensors::load(path, &Device::Cpu).unwrap();
    let mut off = Vec::new();
    for (timm, ours, side, layer) in cases {
        let weights = fill::weights("classifiers/timm_names.json.gz", timm);
        assert_eq!(naming_of(&weights), Naming::Timm);
        let weights = torchvision_names(weights).unwrap();
        let found = candidates(&weights, Naming::Timm).unwrap();
        assert!(found.iter().any(|a| a.name == ours), "{timm} is not recognised as {ours}");
        let options = BuildOptions { input: Size::new(side, side), classes: 10 };
        let graph = (architecture(ours).unwrap().build)(&weights, &options).unwrap();
        let (features, head) = graph.split_at(graph.find(layer).unwrap()).unwrap();
        let features = Network::new(&features, &Device::Cpu).unwrap().forward(&inputs(side as usize)).unwrap();
        let classes = expected[&format!("{timm}/class")].to_vec1::<i64>().unwrap();
        let (logits, map) = raw_grad_cam(&Network::new(&head, &Device::Cpu).unwrap(), &features[0], &classes);
        let logits = error(&logits, &expected[&format!("{timm}/logits")]);
        let map = error(&map, &expected[&format!("{timm}/gradcam_raw")]);
        let map = if timm == SCORES_ONLY { 0.0 } else { map };
        off.extend((logits > KINKED || map > KINKED).then(|| format!("{ours}: logits {logits:e}, map {map:e}")));
    }
    assert!(off.is_empty(), "{off:?}");
}

#[test]
fn a_file_of_torchvision_is_none_of_timms_networks() {
    let names = |naming| {
        let found = candidates(&zeros("mobilenet_v3_large", Some), naming).unwrap();
        found.iter().map(|a| a.name).collect::<Vec<_>>()
    };
    assert_eq!(names(Naming::Torchvision), ["mobilenet_v3_large"]);
    assert_eq!(names(Naming::Timm), ["mobilenetv3_large_100", "tf_mobilenetv3_large_100"]);
}
