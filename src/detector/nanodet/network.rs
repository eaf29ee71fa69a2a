//! The layers of NanoDet-g: a small cross-stage-partial backbone, a pyramid without convolutions, one head a level.

use candle_core::Result;

use crate::blocks::{ConvShape, Layers};
use crate::graph::{Activation, Graph, Interpolation, NodeId, Op, Padding, Pool2d, PoolKind};
use crate::weights::Weights;

/// Channels of every level of the pyramid.
const PYRAMID: usize = 128;

/// The network, which reads `(n, 3, h, w)` with sides that are multiples of 32 and returns the head's output of the strides 8,
/// 16 and 32, each `(n, outputs, h / stride, w / stride)`.
///
/// # Errors
/// If the weights are of another network.
pub fn network(weights: &Weights, outputs: usize) -> Result<Graph> {
    let mut net = Layers::new(weights, 3);
    let input = net.input();
    let stem = conv(&mut net, "backbone.stem", input, ConvShape::new(3, 32, 3).stride(2))?;
    let pooled = net.max_pool("backbone.stem.pool", stem, 3, 2, 1);
    let stage1 = stage(&mut net, "backbone.stage1", pooled, [32, 32], 1, 1)?;
    let c3 = stage(&mut net, "backbone.stage2", stage1, [64, 64], 2, 2)?;
    let c4 = stage(&mut net, "backbone.stage3", c3, [128, 128], 2, 2)?;
    let c5 = stage(&mut net, "backbone.stage4", c4, [256, 256], 2, 3)?;

    let lateral3 = net.conv("neck.lateral3", c3, ConvShape::new(128, PYRAMID, 1).bias())?;
    let lateral4 = net.conv("neck.lateral4", c4, ConvShape::new(256, PYRAMID, 1).bias())?;
    let lateral5 = net.conv("neck.lateral5", c5, ConvShape::new(512, PYRAMID, 1).bias())?;
    let up5 = doubled(&mut net, "neck.up5", lateral5);
    let merged4 = net.add("neck.merged4", lateral4, up5);
    let up4 = doubled(&mut net, "neck.up4", merged4);
    let p3 = net.add("neck.p3", lateral3, up4);
    let down3 = halved(&mut net, "neck.down3", p3);
    let p4 = net.add("neck.p4", merged4, down3);
    let down4 = halved(&mut net, "neck.down4", p4);
    let p5 = net.add("neck.p5", lateral5, down4);

    let mut heads = Vec::new();
    for (stride, level) in [(8, p3), (16, p4), (32, p5)] {
        let x = conv(&mut net, &format!("head.stride{stride}.conv"), level, ConvShape::new(PYRAMID, PYRAMID, 3))?;
        heads.push(net.conv(&format!("head.stride{stride}.output"), x, ConvShape::new(PYRAMID, outputs, 1).bias())?);
    }
    net.finish(&heads)
}

/// A stage of `blocks` residual blocks. `channels` are those that its first convolution reads and returns; its result has twice
/// as many.
fn stage(
    net: &mut Layers<'_>,
    name: &str,
    x: NodeId,
    [inputs, width]: [usize; 2],
    stride: usize,
    blocks: usize,
) -> Result<NodeId> {
    let half = width / 2;
    let entry = conv(net, &format!("{name}.in_conv"), x, ConvShape::new(inputs, width, 3).stride(stride))?;
    let (mut inner, mut channels) = (entry, width);
    for block in 0..blocks {
        let first = conv(net, &format!("{name}.res{block}.in"), inner, ConvShape::new(channels, half, 3))?;
        let second = conv(net, &format!("{name}.res{block}.mid"), first, ConvShape::new(half, half, 3))?;
        inner = net.push(format!("{name}.res{block}"), Op::Concat, &[second, first]);
        channels = width;
    }
    let exit = conv(net, &format!("{name}.out_conv"), inner, ConvShape::new(width, width, 3))?;
    Ok(net.push(name, Op::Concat, &[exit, entry]))
}

/// A convolution with a bias and a leaky ReLU.
fn conv(net: &mut Layers<'_>, name: &str, x: NodeId, shape: ConvShape) -> Result<NodeId> {
    let y = net.conv(name, x, shape.bias())?;
    Ok(net.activation(format!("{name}.act"), y, Activation::LeakyRelu(0.1)))
}

fn doubled(net: &mut Layers<'_>, name: &str, x: NodeId) -> NodeId {
    net.push(name, Op::Upsample { interpolation: Interpolation::Bilinear, factor: [2, 2] }, &[x])
}

/// Bilinear to one half with half-pixel centres, which is the mean of each 2 × 2 cells.
fn halved(net: &mut Layers<'_>, name: &str, x: NodeId) -> NodeId {
    let pool = Pool2d {
        kind: PoolKind::Average { count_padding: false },
        kernel: [2, 2],
        stride: [2, 2],
        padding: Padding::default(),
        ceil_mode: false,
    };
    net.push(name, Op::Pool2d(pool), &[x])
}
