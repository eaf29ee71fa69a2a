//! A classifier small enough to check by hand, for the tests of the rooms that use one.

use candle_core::{Device, Result, Tensor};

use super::{Classifier, ClassifierError, ClassifierSpec};
use crate::card::Classes;
use crate::geometry::Size;
use crate::graph::{Activation, Conv2d, Graph, GraphBuilder, Op, Padding};
use crate::preprocess::{ChannelOrder, Interpolation, Preprocessing, Resize};

/// Values in -1..1 that look random and are always the same.
pub(crate) fn tensor(shape: &[usize], seed: usize) -> Result<Tensor> {
    let n: usize = shape.iter().product();
    let values: Vec<f32> = (0..n).map(|i| ((i * 7919 + seed * 3571) % 997) as f32 / 498.5 - 1.0).collect();
    Tensor::from_vec(values, shape, &Device::Cpu)
}

/// `conv` (weight of seed 1, bias of seed 2, stride 2) -> `act` -> `pool` -> `fc` (seeds 3 and 4), on inputs `(n, 3, 8, 9)`, for
/// the classes a, b and c.
pub(crate) fn small_classifier(layer: &str) -> std::result::Result<Classifier, ClassifierError> {
    let preprocessing = Preprocessing {
        input: Size::new(9, 8),
        resize: Resize::Stretch,
        interpolation: Interpolation::Bilinear,
        channels: ChannelOrder::Rgb,
        mean: [0.0; 3],
        std: [1.0; 3],
        scale: 1.0,
    };
    let classes = Classes::from_names(["a", "b", "c"].map(String::from).into());
    let spec = ClassifierSpec { name: "small".into(), weights_key: "small".into(), preprocessing, classes };
    Classifier::new(spec, &small_network()?, layer, &Device::Cpu)
}

fn small_network() -> Result<Graph> {
    let mut builder = GraphBuilder::new(3);
    let (weight, bias) = (tensor(&[4, 3, 3, 3], 1)?, Some(tensor(&[4], 2)?));
    let conv = Conv2d { weight, bias, stride: [2; 2], padding: Padding::same(1), dilation: [1; 2], groups: 1 };
    let conv = builder.push("conv", Op::Conv2d(conv), &[builder.input()]);
    let act = builder.push("act", Op::Activation(Activation::Relu), &[conv]);
    let pool = builder.push("pool", Op::AdaptiveAvgPool { output: [1, 1] }, &[act]);
    let flat = builder.push("flat", Op::Flatten, &[pool]);
    let linear = Op::Linear { weight: tensor(&[3, 4], 3)?, bias: Some(tensor(&[3], 4)?) };
    let logits = builder.push("fc", linear, &[flat]);
    builder.finish(&[logits])
}
