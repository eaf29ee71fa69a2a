//! Every operation's gradient against central differences in f64.

use anyhow::Context as _;
use candle_core::{DType, Device, Result, Tensor, Var};

use super::super::{
    Activation, Attention, AttentionWindow, Binary, Conv2d, Graph, GraphBuilder, Interpolation, NodeId, Op, Padding,
    Pool2d, PoolKind, Reduction, TensorOp, Unary,
};
use super::{Backward, Rule, TensorNet};

/// Well-spread values in -2..2 without ties.
fn values(n: usize, seed: usize) -> Vec<f32> {
    (0..n).map(|i| (((i * 7919 + seed * 104_729 + 13) % 10_007) as f32 / 10_007.0 - 0.5) * 4.0).collect()
}

fn tensor(shape: &[usize], seed: usize) -> Result<Tensor> {
    Tensor::from_vec(values(shape.iter().product(), seed), shape, &Device::Cpu)
}

/// The sum of the outputs, each times a fixed weight.
fn weighted_sum(net: &TensorNet, x: &Tensor) -> Result<Tensor> {
    let y = net.forward(x)?.swap_remove(0).flatten_all()?;
    let weights = Tensor::from_vec(values(y.elem_count(), 5), y.elem_count(), &Device::Cpu)?.to_dtype(DType::F64)?;
    (y * weights)?.sum_all()
}

/// The gradient of [`weighted_sum`] by the backward pass of our own.
fn pulled_back(graph: &Graph, net: &TensorNet, x: &Tensor) -> Result<Vec<f64>> {
    let trace = net.trace(x, &|| false)?;
    let end = graph.outputs()[0];
    let y = trace.value(end)?;
    let seed = Tensor::from_vec(values(y.elem_count(), 5), y.shape(), &Device::Cpu)?;
    let reached = net.pull_back(&trace, &Backward::new(&[(end, seed)], Rule::Gradient))?;
    reached[0].as_ref().map_or_else(|| candle_core::bail!("no gradient"), |r| r.flatten_all()?.to_vec1())
}

/// Compares both gradients of `graph` on an input of this shape with finite differences.
fn check(graph: &Graph, shape: [usize; 4]) -> anyhow::Result<()> {
    let net = TensorNet::with_dtype(graph, &Device::Cpu, DType::F64)?;
    let x = Var::from_tensor(&tensor(&shape, 1)?.to_dtype(DType::F64)?)?;
    let grads = weighted_sum(&net, x.as_tensor())?.backward()?;
    let grad = grads.get(x.as_tensor()).map(|g| g.flatten_all()?.to_vec1::<f64>()).transpose()?;
    let grad = grad.ok_or_else(|| anyhow::anyhow!("no gradient"))?;
    let pulled = pulled_back(graph, &net, x.as_tensor())?;
    let x = x.as_tensor().flatten_all()?.to_vec1::<f64>()?;
    let step = 1e-6;
    for i in 0..x.len() {
        let at = |value: f64| -> anyhow::Result<f64> {
            let mut moved = x.clone();
            moved[i] = value;
            Ok(weighted_sum(&net, &Tensor::from_vec(moved, &shape, &Device::Cpu)?)?.to_scalar::<f64>()?)
        };
        let slope = (at(x[i] + step)? - at(x[i] - step)?) / (2.0 * step);
        for got in [grad[i], pulled[i]] {
            anyhow::ensure!((slope - got).abs() < 1e-6 * (1.0 + slope.abs()), "cell {i}: {got} for {slope}");
        }
    }
    Ok(())
}

/// A network of one operation.
fn single(channels: usize, op: Op) -> Result<Graph> {
    let mut builder = GraphBuilder::new(channels);
    let node = builder.push("op", op, &[builder.input()]);
    builder.finish(&[node])
}

fn conv(weight: [usize; 4], stride: [usize; 2], padding: Padding, dilation: [usize; 2], groups: usize) -> Result<Op> {
    let bias = Some(tensor(&weight[..1], 3)?);
    Ok(Op::Conv2d(Conv2d { weight: tensor(&weight, 2)?, bias, stride, padding, dilation, groups }))
}

fn max_pool(kernel: usize, stride: usize, padding: usize, ceil_mode: bool) -> Op {
    pool(PoolKind::Max, kernel, stride, padding, ceil_mode)
}

fn pool(kind: PoolKind, kernel: usize, stride: usize, padding: usize, ceil_mode: bool) -> Op {
    let padding = Padding::same(padding);
    Op::Pool2d(Pool2d { kind, kernel: [kernel; 2], stride: [stride; 2], padding, ceil_mode })
}

#[test]
fn dense_convolutions() -> anyhow::Result<()> {
    check(&single(2, conv([3, 2, 3, 3], [1, 1], Padding::same(1), [1, 1], 1)?)?, [2, 2, 4, 5])?;
    // Sizes whose remainders differ, and a last row that no window reads.
    check(&single(2, conv([3, 2, 3, 3], [2, 2], Padding::same(1), [1, 1], 1)?)?, [1, 2, 7, 8])?;
    check(&single(1, conv([2, 1, 2, 2], [3, 3], Padding::default(), [1, 1], 1)?)?, [1, 1, 9, 6])?;
    check(&single(2, conv([3, 2, 1, 1], [2, 2], Padding::default(), [1, 1], 1)?)?, [1, 2, 5, 4])
}

#[test]
fn convolutions_with_one_axis_unlike_the_other() -> anyhow::Result<()> {
    let uneven = Padding { top: 0, left: 1, bottom: 2, right: 1 };
    check(&single(1, conv([2, 1, 3, 3], [2, 2], uneven, [1, 1], 1)?)?, [1, 1, 6, 6])?;
    check(&single(2, conv([2, 2, 3, 3], [1, 2], Padding::same(1), [1, 1], 1)?)?, [1, 2, 5, 6])?;
    check(&single(1, conv([2, 1, 3, 2], [1, 1], Padding::same(1), [2, 1], 1)?)?, [1, 1, 6, 5])?;
    check(&single(2, conv([2, 2, 1, 3], [1, 1], Padding::same(1), [1, 2], 1)?)?, [1, 2, 3, 6])
}

#[test]
fn grouped_and_depthwise_convolutions() -> anyhow::Result<()> {
    check(&single(4, conv([6, 2, 3, 3], [1, 1], Padding::same(1), [1, 1], 2)?)?, [1, 4, 4, 4])?;
    check(&single(3, conv([3, 1, 3, 3], [2, 2], Padding::same(1), [1, 1], 3)?)?, [2, 3, 5, 6])?;
    check(&single(2, conv([2, 1, 3, 3], [1, 2], Padding::same(2), [2, 1], 2)?)?, [1, 2, 5, 6])
}

#[test]
fn layer_norms() -> anyhow::Result<()> {
    let norm = Op::LayerNorm { weight: tensor(&[5], 2)?, bias: tensor(&[5], 3)?, eps: 1e-6 };
    check(&single(5, norm)?, [2, 5, 2, 3])
}

fn attention(heads: usize, window: Option<AttentionWindow>) -> Result<Op> {
    let c = 2 * heads;
    Ok(Op::Attention(Attention {
        weight: tensor(&[3 * c, c], 2)?,
        bias: tensor(&[3 * c], 3)?,
        out_weight: tensor(&[c, c], 4)?,
        out_bias: tensor(&[c], 5)?,
        heads,
        window,
    }))
}

#[test]
fn attention_among_all_cells_and_in_windows() -> anyhow::Result<()> {
    check(&single(4, attention(2, None)?)?, [1, 4, 2, 3])?;
    for shift in [0, 1] {
        let window = AttentionWindow { side: 2, shift, position_bias: tensor(&[2, 4, 4], 6)? };
        check(&single(4, attention(2, Some(window.clone()))?)?, [1, 4, 4, 2])?;
        check(&single(4, attention(2, Some(window))?)?, [1, 4, 3, 5])?;
    }
    Ok(())
}

#[test]
fn attention_to_another_map() -> anyhow::Result<()> {
    let mut builder = GraphBuilder::new(4);
    let input = builder.input();
    let mean = builder.push("mean", Op::AdaptiveAvgPool { output: [1, 1] }, &[input]);
    let out = builder.push("attention", attention(2, None)?, &[mean, input]);
    check(&builder.finish(&[out])?, [1, 4, 2, 3])
}

#[test]
fn rearrangements_of_cells_and_channels() -> anyhow::Result<()> {
    check(&single(2, Op::SpaceToDepth)?, [2, 2, 4, 3])?;
    check(&single(5, Op::Channels { start: 1, count: 3 })?, [1, 5, 2, 2])?;
    check(&single(2, Op::Offset(tensor(&[2, 3, 2], 2)?))?, [1, 2, 3, 2])
}

#[test]
fn maximum_poolings() -> anyhow::Result<()> {
    check(&single(2, max_pool(2, 2, 0, false))?, [1, 2, 4, 4])?;
    check(&single(1, max_pool(2, 2, 0, false))?, [2, 1, 7, 5])?;
    check(&single(1, max_pool(3, 2, 1, false))?, [1, 1, 6, 7])?;
    check(&single(1, max_pool(3, 2, 0, true))?, [1, 1, 6, 7])
}

#[test]
fn average_poolings() -> anyhow::Result<()> {
    for count_padding in [false, true] {
        let kind = PoolKind::Average { count_padding };
        check(&single(2, pool(kind, 2, 2, 0, false))?, [1, 2, 5, 4])?;
        check(&single(1, pool(kind, 3, 2, 1, true))?, [1, 1, 6, 7])?;
    }
    check(&single(2, Op::AdaptiveAvgPool { output: [1, 1] })?, [2, 2, 3, 4])?;
    check(&single(1, Op::AdaptiveAvgPool { output: [3, 2] })?, [1, 1, 7, 5])
}

#[test]
fn upsamplings() -> anyhow::Result<()> {
    for interpolation in [Interpolation::Nearest, Interpolation::Bilinear] {
        check(&single(2, Op::Upsample { interpolation, factor: [2, 3] })?, [1, 2, 3, 2])?;
    }
    Ok(())
}

#[test]
fn activations() -> anyhow::Result<()> {
    use Activation::{Gelu, HardSigmoid, HardSwish, LeakyRelu, Relu, Relu6, Sigmoid, Silu};
    for activation in [Relu, Relu6, LeakyRelu(0.1), Silu, HardSwish, HardSigmoid, Sigmoid, Gelu] {
        let mut builder = GraphBuilder::new(1);
        // Four times as wide, so that the clamped ones see both of their kinks.
        let scale = Tensor::new(&[4f32], &Device::Cpu)?;
        let shift = Tensor::new(&[0.5f32], &Device::Cpu)?;
        let wide = builder.push("wide", Op::ChannelAffine { scale, shift }, &[builder.input()]);
        let node = builder.push("activation", Op::Activation(activation), &[wide]);
        check(&builder.finish(&[node])?, [1, 1, 5, 5])?;
    }
    Ok(())
}

#[test]
fn sums_products_and_joins() -> anyhow::Result<()> {
    let mut builder = GraphBuilder::new(2);
    let x = builder.input();
    let gate = builder.push("gate", Op::AdaptiveAvgPool { output: [1, 1] }, &[x]);
    let gated = builder.push("gated", Op::Mul, &[x, gate]);
    let square = builder.push("square", Op::Mul, &[gated, x]);
    let sum = builder.push("sum", Op::Add, &[square, x]);
    let joined = builder.push("joined", Op::Concat, &[sum, gated, x]);
    let flat = builder.push("flat", Op::Flatten, &[joined]);
    let linear = Op::Linear { weight: tensor(&[3, 6 * 12], 7)?, bias: Some(tensor(&[3], 8)?) };
    let out = builder.push("linear", linear, &[flat]);
    check(&builder.finish(&[out])?, [2, 2, 3, 4])
}

#[test]
fn the_first_of_equal_values_gets_the_gradient_of_their_maximum() -> anyhow::Result<()> {
    let net = TensorNet::new(&single(1, max_pool(2, 2, 0, false))?, &Device::Cpu)?;
    let x = Var::from_slice(&[0f32, 3.0, 3.0, 3.0], (1, 1, 2, 2), &Device::Cpu)?;
    let grads = net.forward(x.as_tensor())?.swap_remove(0).sum_all()?.backward()?;
    let grad = grads.get(x.as_tensor()).map(|g| g.flatten_all()?.to_vec1::<f32>()).transpose()?;
    assert_eq!(grad, Some(vec![0.0, 1.0, 0.0, 0.0]));
    Ok(())
}

#[test]
fn padding_never_wins_a_maximum_and_counts_in_a_mean_only_if_asked() -> anyhow::Result<()> {
    let x = Tensor::new(&[[[[-1f32, -2.0], [-3.0, -4.0]]]], &Device::Cpu)?;
    let corner = |op: Op| -> anyhow::Result<f32> {
        let y = TensorNet::new(&single(1, op)?, &Device::Cpu)?.forward(&x)?.swap_remove(0);
        Ok(y.flatten_all()?.to_vec1::<f32>()?[0])
    };
    assert_eq!(corner(max_pool(3, 2, 1, false))?, -1.0);
    assert_eq!(corner(pool(PoolKind::Average { count_padding: false }, 3, 2, 1, false))?, -2.5);
    let counted = corner(pool(PoolKind::Average { count_padding: true }, 3, 2, 1, false))?;
    assert!((counted + 10.0 / 9.0).abs() < 1e-6, "{counted}");
    Ok(())
}

#[test]
fn a_result_does_not_depend_on_the_rest_of_the_batch() -> anyhow::Result<()> {
    let mut builder = GraphBuilder::new(8);
    let op = conv([24, 8, 3, 3], [1, 1], Padding::same(1), [1, 1], 1)?;
    let conv = builder.push("conv", op, &[builder.input()]);
    let pooled = builder.push("pooled", Op::AdaptiveAvgPool { output: [2, 2] }, &[conv]);
    let flat = builder.push("flat", Op::Flatten, &[pooled]);
    let op = Op::Linear { weight: tensor(&[50, 96], 7)?, bias: None };
    let out = builder.push("out", op, &[flat]);
    let net = TensorNet::new(&builder.finish(&[NodeId(out.0)])?, &Device::Cpu)?;
    let batch = tensor(&[5, 8, 17, 19], 1)?;
    let together = net.forward(&batch)?.swap_remove(0).to_vec2::<f32>()?;
    for (i, row) in together.iter().enumerate() {
        let alone = net.forward(&batch.narrow(0, i, 1)?)?.swap_remove(0).to_vec2::<f32>()?;
        assert_eq!(&alone[0], row, "sample {i}");
    }
    Ok(())
}

#[test]
fn tensor_operations() -> anyhow::Result<()> {
    let general = |ops: Vec<TensorOp>, shape: [usize; 4]| {
        let mut builder = GraphBuilder::new(shape[1]);
        let mut end = builder.input();
        for (i, op) in ops.into_iter().enumerate() {
            let other = match op {
                TensorOp::Binary(_) | TensorOp::MatMul | TensorOp::Join { .. } => {
                    let constant = Op::Tensor(TensorOp::Constant(tensor(&[1, 3, 4, 4], 9)?));
                    Some(builder.push(format!("constant{i}"), constant, &[]))
                }
                _ => None,
            };
            let inputs: Vec<NodeId> = [end].into_iter().chain(other).collect();
            end = builder.push(format!("op{i}"), Op::Tensor(op), &inputs);
        }
        check(&builder.finish(&[end])?, shape)
    };
    let shape = [1, 3, 4, 4];
    let positive = || TensorOp::Unary(Unary::Exp);
    for unary in [
        Unary::Abs,
        Unary::Cos,
        Unary::Elu(0.7),
        Unary::Erf,
        Unary::Neg,
        Unary::Power(2.0),
        Unary::Sin,
        Unary::Softplus,
        Unary::Tanh,
        Unary::Clamp(-0.5, 0.8),
    ] {
        general(vec![TensorOp::Unary(unary)], shape).with_context(|| format!("{unary:?}"))?;
    }
    for unary in [Unary::Log, Unary::Power(1.5), Unary::Reciprocal, Unary::Sqrt] {
        general(vec![positive(), TensorOp::Unary(unary)], shape).with_context(|| format!("{unary:?}"))?;
    }
    for binary in [Binary::Add, Binary::Sub, Binary::Mul, Binary::Div, Binary::Min, Binary::Max] {
        general(vec![TensorOp::Binary(binary)], shape).with_context(|| format!("{binary:?}"))?;
    }
    for reduction in [Reduction::Sum, Reduction::Mean, Reduction::Max, Reduction::Min] {
        general(vec![TensorOp::Reduce { reduction, axes: vec![1, 3] }], shape)?;
    }
    let (weight, bias) = (tensor(&[4], 6)?, tensor(&[4], 7)?);
    for op in [
        TensorOp::Reshape(vec![1, 12, 4]),
        TensorOp::Permute(vec![0, 3, 1, 2]),
        TensorOp::Select { axis: 2, indices: vec![3, 0, 0] },
        TensorOp::Select { axis: 1, indices: vec![1, 2] },
        TensorOp::Join { axis: 2 },
        TensorOp::MatMul,
        TensorOp::Softmax { axis: 3 },
        TensorOp::Normalise { weight, bias, eps: 1e-5 },
    ] {
        general(vec![op], shape)?;
    }
    Ok(())
}
