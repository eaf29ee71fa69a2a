//! The engine against the definition of its layers.

use candle_core::{Device, Tensor};
use proptest::prelude::*;
use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};

use super::naive;
use super::*;
use crate::graph::{Activation, Conv2d, GraphBuilder, Interpolation, NodeId, Op, Padding, Pool2d, PoolKind};

/// Numbers that look random and are the same on every run.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    }

    fn values(&mut self, count: usize) -> Vec<f32> {
        (0..count).map(|_| self.next()).collect()
    }

    fn tensor(&mut self, dims: &[usize], scale: f32) -> Tensor {
        let values = self.values(dims.iter().product()).into_iter().map(|v| v * scale).collect();
        Tensor::from_vec(values, dims, &Device::Cpu).expect("as many values as the dimensions say")
    }
}

/// A network under construction.
struct Net {
    builder: GraphBuilder,
    numbers: Numbers,
    count: usize,
}

impl Net {
    fn new(channels: usize, seed: u64) -> Self {
        Self { builder: GraphBuilder::new(channels), numbers: Numbers(seed), count: 0 }
    }

    fn push(&mut self, op: Op, inputs: &[NodeId]) -> NodeId {
        self.count += 1;
        self.builder.push(format!("node{}", self.count), op, inputs)
    }

    fn conv(&mut self, x: NodeId, conv: Shape) -> NodeId {
        let Shape { inputs, outputs, kernel, stride, padding, dilation, groups } = conv;
        let per_group = inputs / groups;
        let scale = 1.0 / ((per_group * kernel[0] * kernel[1]) as f32).sqrt();
        let weight = self.numbers.tensor(&[outputs, per_group, kernel[0], kernel[1]], scale);
        let bias = Some(self.numbers.tensor(&[outputs], 0.5));
        self.push(Op::Conv2d(Conv2d { weight, bias, stride, padding, dilation, groups }), &[x])
    }

    fn norm(&mut self, x: NodeId, channels: usize) -> NodeId {
        let (scale, shift) = (self.numbers.tensor(&[channels], 1.5), self.numbers.tensor(&[channels], 0.5));
        self.push(Op::ChannelAffine { scale, shift }, &[x])
    }

    fn act(&mut self, x: NodeId, activation: Activation) -> NodeId {
        self.push(Op::Activation(activation), &[x])
    }

    fn finish(self, outputs: &[NodeId]) -> Graph {
        self.builder.finish(outputs).expect("a valid graph")
    }
}

#[derive(Clone, Copy, Debug)]
struct Shape {
    inputs: usize,
    outputs: usize,
    kernel: [usize; 2],
    stride: [usize; 2],
    padding: Padding,
    dilation: [usize; 2],
    groups: usize,
}

fn square(inputs: usize, outputs: usize, kernel: usize, stride: usize, padding: usize) -> Shape {
    let padding = Padding::same(padding);
    Shape { inputs, outputs, kernel: [kernel; 2], stride: [stride; 2], padding, dilation: [1; 2], groups: 1 }
}

/// Runs a graph on every instruction set and compares with the definition, relative to the largest value.
fn check(graph: &Graph, dims: [usize; 4], tolerance: f64) {
    let input = Numbers(99).values(dims.iter().product());
    let expected = naive::forward(graph, &input, dims).expect("the definition applies");
    for isa in Isa::available() {
        let net = CpuNet::with_isa(graph, isa).expect("the graph compiles");
        for round in 0..2 {
            let outputs = net.run(&input, dims).expect("the network runs");
            for (output, expected) in outputs.iter().zip(&expected) {
                assert_eq!(output.values.len(), expected.values.len());
                let largest = expected.values.iter().fold(1e-6, |a: f64, b| a.max(b.abs()));
                for (i, (a, b)) in output.values.iter().zip(&expected.values).enumerate() {
                    let error = (f64::from(*a) - b).abs();
                    assert!(error <= tolerance * largest, "{} round {round} value {i}: {a} {b}", isa.name());
                }
            }
        }
    }
}

fn activations() -> impl Strategy<Value = Activation> {
    prop::sample::select(vec![
        Activation::Relu,
        Activation::Relu6,
        Activation::LeakyRelu(0.1),
        Activation::Silu,
        Activation::HardSwish,
        Activation::HardSigmoid,
        Activation::Sigmoid,
        Activation::Gelu,
    ])
}

fn paddings(most: usize) -> impl Strategy<Value = Padding> {
    (0..=most, 0..=most, 0..=most, 0..=most).prop_map(|(top, left, bottom, right)| Padding { top, left, bottom, right })
}

/// Convolutions of every kind.
fn convolutions() -> impl Strategy<Value = Shape> {
    let channels = 1..50usize;
    let dense = (channels.clone(), channels, 1..4usize, 1..4usize, 1..3usize, 1..3usize, 1..3usize, paddings(2))
        .prop_map(|(inputs, outputs, kh, kw, sy, sx, d, padding)| Shape {
            inputs,
            outputs,
            kernel: [kh, kw],
            stride: [sy, sx],
            padding,
            dilation: [d, 1],
            groups: 1,
        });
    let filtered = (16..60usize, 16..60usize, paddings(1))
        .prop_map(|(inputs, outputs, padding)| Shape { padding, ..square(inputs, outputs, 3, 1, 0) });
    let depthwise = (2..50usize, prop::sample::select(vec![3, 5, 7, 9]), 1..3usize, 1..3usize, paddings(3)).prop_map(
        |(channels, kernel, stride, dilation, padding)| Shape {
            padding,
            groups: channels,
            dilation: [dilation; 2],
            ..square(channels, channels, kernel, stride, 0)
        },
    );
    let grouped = (1..6usize, 1..20usize, 1..20usize, 1..4usize, 1..3usize, paddings(1)).prop_map(
        |(groups, inputs, outputs, kernel, stride, padding)| Shape {
            padding,
            groups,
            ..square(groups * inputs, groups * outputs, kernel, stride, 0)
        },
    );
    prop_oneof![dense, filtered, depthwise, grouped]
}

/// Whether a filter fits into a padded map.
fn fits(shape: &Shape, [h, w]: [usize; 2]) -> bool {
    let Padding { top, left, bottom, right } = shape.padding;
    let reach = |axis: usize| (shape.kernel[axis] - 1) * shape.dilation[axis] + 1;
    h + top + bottom >= reach(0) && w + left + right >= reach(1)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn any_convolution_agrees(
        shape in convolutions(),
        size in [1..20usize, 1..20usize],
        batch in 1..5usize,
        act in activations(),
        seed: u64,
    ) {
        prop_assume!(fits(&shape, size));
        let mut net = Net::new(shape.inputs, seed);
        let x = net.builder.input();
        let x = net.conv(x, shape);
        let x = net.norm(x, shape.outputs);
        let x = net.act(x, act);
        check(&net.finish(&[x]), [batch, shape.inputs, size[0], size[1]], 1e-5);
    }

    #[test]
    fn any_convolution_adds_its_residual(
        shape in convolutions(),
        size in [1..14usize, 1..14usize],
        batch in 1..4usize,
        act in activations(),
        seed: u64,
    ) {
        prop_assume!(fits(&shape, size));
        let mut net = Net::new(shape.inputs, seed);
        let input = net.builder.input();
        let other = net.conv(input, shape);
        let x = net.conv(input, shape);
        let x = net.norm(x, shape.outputs);
        let sum = net.push(Op::Add, &[other, x]);
        let x = net.act(sum, act);
        check(&net.finish(&[x, other]), [batch, shape.inputs, size[0], size[1]], 1e-5);
    }

    #[test]
    fn any_pooling_agrees_alone_and_after_a_convolution(
        kernel in [1..4usize, 1..4usize],
        stride in [1..4usize, 1..4usize],
        padding in paddings(2),
        kind in 0..3usize,
        ceil_mode: bool,
        outputs in 1..40usize,
        size in [3..17usize, 3..17usize],
        batch in 1..4usize,
    ) {
        let Padding { top, left, bottom, right } = padding;
        prop_assume!(top.max(bottom) < kernel[0] && left.max(right) < kernel[1]);
        let kind = [PoolKind::Max, PoolKind::Average { count_padding: true }, PoolKind::Average { count_padding: false }][kind];
        let pool = Pool2d { kind, kernel, stride, padding, ceil_mode };
        for inputs in [3, 20] {
            let mut net = Net::new(inputs, 5);
            let input = net.builder.input();
            let alone = net.push(Op::Pool2d(pool), &[input]);
            let x = net.conv(input, square(inputs, outputs, 3, 1, 1));
            let x = net.act(x, Activation::LeakyRelu(0.1));
            let x = net.push(Op::Pool2d(pool), &[x]);
            check(&net.finish(&[alone, x]), [batch, inputs, size[0], size[1]], 1e-5);
        }
    }

    #[test]
    fn joined_maps_agree(channels in prop::collection::vec(1..40usize, 2..5), size in [1..9usize, 1..9usize], batch in 1..4usize) {
        let mut net = Net::new(8, 3);
        let input = net.builder.input();
        let parts: Vec<NodeId> = channels.iter().map(|c| net.conv(input, square(8, *c, 1, 1, 0))).collect();
        let joined = net.push(Op::Concat, &parts);
        let twice = net.push(Op::Concat, &[joined, parts[0], input]);
        let total = channels.iter().sum::<usize>() + channels[0] + 8;
        let x = net.conv(twice, square(total, 17, 3, 1, 1));
        check(&net.finish(&[x, parts[1], joined]), [batch, 8, size[0], size[1]], 1e-5);
    }

    #[test]
    fn enlarged_maps_agree(factor in [1..4usize, 1..4usize], channels in 1..40usize, size in [1..9usize, 1..9usize], bilinear: bool) {
        let mut net = Net::new(channels, 3);
        let input = net.builder.input();
        let interpolation = if bilinear { Interpolation::Bilinear } else { Interpolation::Nearest };
        let x = net.push(Op::Upsample { interpolation, factor }, &[input]);
        check(&net.finish(&[x]), [2, channels, size[0], size[1]], 1e-6);
    }

    #[test]
    fn normalised_channels_agree(channels in 2..70usize, size in [1..9usize, 1..9usize], batch in 1..4usize) {
        let mut net = Net::new(channels, 3);
        let input = net.builder.input();
        let (weight, bias) = (net.numbers.tensor(&[channels], 1.0), net.numbers.tensor(&[channels], 1.0));
        let x = net.push(Op::LayerNorm { weight, bias, eps: 1e-5 }, &[input]);
        check(&net.finish(&[x]), [batch, channels, size[0], size[1]], 1e-5);
    }

    #[test]
    fn adaptive_means_agree(output in [1..9usize, 1..9usize], channels in 1..40usize, size in [1..17usize, 1..17usize]) {
        let mut net = Net::new(channels, 3);
        let input = net.builder.input();
        let x = net.push(Op::AdaptiveAvgPool { output }, &[input]);
        check(&net.finish(&[x]), [2, channels, size[0], size[1]], 1e-6);
    }
}

/// A small network with a residual, squeeze-excitation, taps and a classifier.
fn small_network() -> Graph {
    let mut net = Net::new(3, 11);
    let x = net.builder.input();
    let x = net.conv(x, square(3, 24, 3, 2, 1));
    let x = net.norm(x, 24);
    let stem = net.act(x, Activation::Silu);
    let x = net.conv(stem, Shape { groups: 24, ..square(24, 24, 3, 1, 1) });
    let x = net.norm(x, 24);
    let x = net.act(x, Activation::Relu6);
    let squeezed = net.push(Op::AdaptiveAvgPool { output: [1, 1] }, &[x]);
    let squeezed = net.conv(squeezed, square(24, 6, 1, 1, 0));
    let squeezed = net.act(squeezed, Activation::Relu);
    let squeezed = net.conv(squeezed, square(6, 24, 1, 1, 0));
    let gate = net.act(squeezed, Activation::Sigmoid);
    let x = net.push(Op::Mul, &[x, gate]);
    let x = net.conv(x, square(24, 24, 1, 1, 0));
    let x = net.push(Op::Add, &[x, stem]);
    let tap = net.conv(x, square(24, 40, 3, 1, 1));
    let x = net.act(tap, Activation::HardSwish);
    let x = net.conv(x, square(40, 70, 3, 2, 1));
    let x = net.norm(x, 70);
    let x = net.push(Op::AdaptiveAvgPool { output: [2, 2] }, &[x]);
    let flat = net.push(Op::Flatten, &[x]);
    let weight = net.numbers.tensor(&[33, 280], 0.06);
    let bias = Some(net.numbers.tensor(&[33], 0.1));
    let x = net.push(Op::Linear { weight, bias }, &[flat]);
    let x = net.act(x, Activation::Gelu);
    net.finish(&[tap, x, stem])
}

/// Large enough for minimal filtering, whose choice depends on the size, with odd edges and uneven padding.
#[test]
fn three_by_three_convolutions_of_many_channels_agree_with_either_stride() {
    for (stride, top) in [(1, 1), (2, 1), (2, 0)] {
        let mut net = Net::new(128, 5);
        let padding = Padding { top, left: 1, bottom: 1, right: 2 };
        let x = net.builder.input();
        let x = net.conv(x, Shape { padding, ..square(128, 72, 3, stride, 0) });
        let x = net.act(x, Activation::LeakyRelu(0.1));
        check(&net.finish(&[x]), [2, 128, 27, 30], 1e-5);
    }
}

#[test]
fn a_small_network_agrees_with_taps_in_the_middle() {
    check(&small_network(), [2, 3, 31, 26], 1e-5);
}

#[test]
fn results_do_not_depend_on_the_batch_or_the_threads() -> Result<()> {
    let graph = small_network();
    // large enough that a batch is taken image by image in the early layers
    let (c, h, w) = (3, 150, 130);
    let images = 33;
    let input = Numbers(4).values(images * c * h * w);
    for isa in Isa::available() {
        let net = CpuNet::with_isa(&graph, isa)?;
        let threads =
            |threads: usize| rayon::ThreadPoolBuilder::new().num_threads(threads).build().map_err(Error::wrap);
        let (one, four) = (threads(1)?, threads(4)?);
        let single: Vec<Vec<Output>> = (0..images)
            .map(|i| one.install(|| net.run(&input[i * c * h * w..][..c * h * w], [1, c, h, w])))
            .collect::<Result<_>>()?;
        for batch in [1, 2, 3, 9, 33] {
            for pool in [&one, &four] {
                let outputs = pool.install(|| net.run(&input[..batch * c * h * w], [batch, c, h, w]))?;
                for (o, output) in outputs.iter().enumerate() {
                    for (i, values) in output.values.chunks(output.values.len() / batch).enumerate() {
                        assert!(values == single[i][o].values, "{} batch {batch} image {i} output {o}", isa.name());
                    }
                }
            }
        }
    }
    Ok(())
}

#[test]
fn one_network_serves_several_threads_at_once() -> Result<()> {
    let net = CpuNet::new(&small_network())?;
    let input = Numbers(4).values(3 * 40 * 40);
    let expected = net.run(&input, [1, 3, 40, 40])?;
    (0..16usize).into_par_iter().try_for_each(|_| {
        let outputs = net.run(&input, [1, 3, 40, 40])?;
        assert!(outputs == expected);
        Ok(())
    })
}

#[test]
fn a_tensor_gives_the_same_as_a_slice() -> Result<()> {
    let net = CpuNet::new(&small_network())?;
    let input = Numbers(4).tensor(&[2, 3, 20, 24], 1.0);
    // not contiguous
    let turned = input.transpose(2, 3)?;
    let by_tensor = net.forward(&turned)?;
    let by_slice = net.run(&turned.flatten_all()?.to_vec1()?, [2, 3, 24, 20])?;
    for (tensor, slice) in by_tensor.iter().zip(by_slice) {
        assert_eq!((tensor.dims(), tensor.flatten_all()?.to_vec1::<f32>()?), (&slice.dims[..], slice.values));
    }
    assert_eq!(by_tensor[1].dims(), [2, 33]);
    Ok(())
}

#[test]
fn a_layer_that_does_not_fit_is_an_error_that_names_it() -> Result<()> {
    let net = CpuNet::new(&small_network())?;
    let wrong_channels = net.run(&[0.0; 4 * 9], [1, 4, 3, 3]).expect_err("four channels instead of three").to_string();
    assert!(wrong_channels.contains("4 channels"), "{wrong_channels}");
    assert!(net.run(&[0.0; 3], [1, 3, 2, 2]).is_err());
    assert!(net.forward(&Tensor::zeros((1, 3, 8, 8), DType::F64, &Device::Cpu)?).is_err());
    let mut tiny = Net::new(1, 1);
    let x = tiny.builder.input();
    let x = tiny.conv(x, square(1, 1, 5, 1, 0));
    let net = CpuNet::new(&tiny.finish(&[x]))?;
    let too_small = net.run(&[0.0; 9], [1, 1, 3, 3]).expect_err("a filter larger than the map").to_string();
    assert!(too_small.contains("node1"), "{too_small}");
    Ok(())
}

#[test]
fn working_memory_of_a_detector_input_is_bounded() -> Result<()> {
    let mut net = Net::new(3, 11);
    let x = net.builder.input();
    let x = net.conv(x, square(3, 64, 7, 2, 3));
    let mut x = net.act(x, Activation::Relu);
    for _ in 0..6 {
        x = net.conv(x, square(64, 64, 3, 1, 1));
        x = net.act(x, Activation::Relu);
    }
    let net = CpuNet::new(&net.finish(&[x]))?;
    let map = 64 * 400 * 667 * 4;
    let bytes = net.workspace_bytes([1, 3, 800, 1333])?;
    // two maps and the padded input, and what the threads need for their tiles
    assert!(bytes < 2 * map + 16_000_000 + rayon::current_num_threads() * 4_000_000, "{bytes}");
    Ok(())
}

#[test]
fn further_outputs_change_no_bit_and_share_the_packed_weights() -> Result<()> {
    let graph = small_network();
    let kept = graph.kept_for_gradients();
    assert!(!kept.is_empty());
    for isa in Isa::available() {
        let net = CpuNet::with_isa(&graph, isa)?;
        let input = Numbers(4).values(2 * 3 * 40 * 37);
        let alone = net.run(&input, [2, 3, 40, 37])?;
        let bytes = net.weight_bytes();
        let more = net.also_returning(&kept)?;
        let together = more.run(&input, [2, 3, 40, 37])?;
        assert_eq!(together.len(), alone.len() + kept.len());
        assert!(together[..alone.len()] == alone, "{}", isa.name());
        assert_eq!((more.weight_bytes(), net.weight_bytes()), (bytes, bytes));
    }
    Ok(())
}
