//! MobileNet V2 (Sandler et al., arXiv 1801.04381) at width 1, and the head of version 3.

use candle_core::Result;

use crate::blocks::mobilenet_v3::MobileNetV3;
use crate::blocks::{Kernel, Net};
use crate::graph::{Activation, NodeId};

const EPS: f64 = 1e-5;

/// Expansion, channels, blocks and first stride of version 2's stages.
const V2_STAGES: [(usize, usize, usize, usize); 7] =
    [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)];

pub(super) fn v2(net: &mut Net<'_>) -> Result<NodeId> {
    let mut x = unit(net, "features.0", net.input(), 32, Kernel::centred(3, 3).stride(2))?;
    x = net.activation("features.0.2", x, Activation::Relu6);
    net.also("features.0", x);
    let mut index = 1;
    for (expansion, channels, blocks, first_stride) in V2_STAGES {
        for i in 0..blocks {
            let stride = if i == 0 { first_stride } else { 1 };
            x = inverted_residual(net, &format!("features.{index}"), x, expansion, channels, stride)?;
            index += 1;
        }
    }
    x = unit(net, "features.18", x, 1280, Kernel::square(1))?;
    x = net.activation("features.18.2", x, Activation::Relu6);
    net.also("features.18", x);
    net.also("features", x);
    net.pooled_linear(x, "classifier.1")
}

/// Convolution `name.0` and batch norm `name.1`.
fn unit(net: &mut Net<'_>, name: &str, x: NodeId, out: usize, kernel: Kernel) -> Result<NodeId> {
    let x = net.conv(&format!("{name}.0"), x, out, kernel)?;
    net.batch_norm(&format!("{name}.1"), x, EPS)
}

/// Version 2's block.
fn inverted_residual(
    net: &mut Net<'_>,
    name: &str,
    input: NodeId,
    expansion: usize,
    out: usize,
    stride: usize,
) -> Result<NodeId> {
    let hidden = expansion * net.channels(input);
    let mut x = input;
    let mut index = 0;
    if expansion != 1 {
        x = unit(net, &format!("{name}.conv.0"), x, hidden, Kernel::square(1))?;
        x = net.activation(format!("{name}.conv.0.2"), x, Activation::Relu6);
        index = 1;
    }
    let depthwise = Kernel::centred(3, 3).stride(stride).groups(hidden);
    x = unit(net, &format!("{name}.conv.{index}"), x, hidden, depthwise)?;
    x = net.activation(format!("{name}.conv.{index}.2"), x, Activation::Relu6);
    x = net.conv(&format!("{name}.conv.{}", index + 1), x, out, Kernel::square(1))?;
    x = net.batch_norm(&format!("{name}.conv.{}", index + 2), x, EPS)?;
    Ok(net.add_where_equal(name, x, input, stride))
}

/// Version 3 with batch norms that add `eps`.
pub(super) fn v3(net: &mut Net<'_>, version: MobileNetV3, eps: f64) -> Result<NodeId> {
    let results = version.features(net, "features.", eps)?;
    let x = results[results.len() - 1];
    net.also("features", x);
    let x = net.adaptive_pool("avgpool", x, 1);
    let x = net.flatten("flatten", x, 1);
    let x = net.linear("classifier.0", x, net.outputs("classifier.0"))?;
    let x = net.activation("classifier.1", x, Activation::HardSwish);
    net.linear("classifier.3", x, net.outputs("classifier.3"))
}
