//! EfficientNet B0 to B7 (Tan & Le, arXiv 1905.11946), as torchvision has them.

use candle_core::Result;

use crate::blocks::{Gates, Kernel, Net, multiple_of_8};
use crate::graph::{Activation, NodeId};

/// Which of the family.
#[derive(Clone, Copy, Debug)]
pub(super) struct EfficientNet {
    width: f64,
    depth: f64,
    eps: f64,
}

/// A stage of B0.
#[derive(Clone, Copy, Debug)]
struct Stage {
    expansion: usize,
    side: usize,
    stride: usize,
    channels: usize,
    blocks: usize,
}

const fn stage(expansion: usize, side: usize, stride: usize, channels: usize, blocks: usize) -> Stage {
    Stage { expansion, side, stride, channels, blocks }
}

const STAGES: [Stage; 7] = [
    stage(1, 3, 1, 16, 1),
    stage(6, 3, 2, 24, 2),
    stage(6, 5, 2, 40, 2),
    stage(6, 3, 2, 80, 3),
    stage(6, 5, 1, 112, 3),
    stage(6, 5, 2, 192, 4),
    stage(6, 3, 1, 320, 1),
];

impl EfficientNet {
    /// B0 with its channels times `width`, the lengths of its stages times `depth`, and batch norms that add `eps`.
    pub(super) const fn new(width: f64, depth: f64, eps: f64) -> Self {
        Self { width, depth, eps }
    }

    fn channels(&self, of_b0: usize) -> usize {
        multiple_of_8(of_b0 as f64 * self.width)
    }

    /// Convolution `name.0`, batch norm `name.1`, SiLU.
    fn unit(&self, net: &mut Net<'_>, name: &str, x: NodeId, out: usize, kernel: Kernel) -> Result<NodeId> {
        let x = self.linear_unit(net, name, x, out, kernel)?;
        Ok(net.activation(format!("{name}.2"), x, Activation::Silu))
    }

    fn linear_unit(&self, net: &mut Net<'_>, name: &str, x: NodeId, out: usize, kernel: Kernel) -> Result<NodeId> {
        let x = net.conv(&format!("{name}.0"), x, out, kernel)?;
        net.batch_norm(&format!("{name}.1"), x, self.eps)
    }

    /// An inverted residual with squeeze and excitation; the squeeze is to a quarter of the block's input.
    fn block(
        &self,
        net: &mut Net<'_>,
        name: &str,
        input: NodeId,
        shape: Stage,
        out: usize,
        stride: usize,
    ) -> Result<NodeId> {
        let narrow = net.channels(input);
        let hidden = narrow * shape.expansion;
        let mut index = 0..;
        let mut next = || format!("{name}.block.{}", index.next().unwrap_or(0));
        let mut x = input;
        if shape.expansion != 1 {
            x = self.unit(net, &next(), x, hidden, Kernel::square(1))?;
        }
        let depthwise = Kernel::centred(shape.side, shape.side).stride(stride).groups(hidden);
        x = self.unit(net, &next(), x, hidden, depthwise)?;
        let gates = Gates { inner: Activation::Silu, outer: Activation::Sigmoid };
        x = net.squeeze_excite(&next(), x, (narrow / 4).max(1), gates)?;
        x = self.linear_unit(net, &next(), x, out, Kernel::square(1))?;
        Ok(net.add_where_equal(name, x, input, stride))
    }
}

pub(super) fn build(net: &mut Net<'_>, spec: EfficientNet) -> Result<NodeId> {
    let mut x = spec.unit(net, "features.0", net.input(), spec.channels(32), Kernel::centred(3, 3).stride(2))?;
    net.also("features.0", x);
    for (i, shape) in STAGES.into_iter().enumerate() {
        let name = format!("features.{}", i + 1);
        for block in 0..(shape.blocks as f64 * spec.depth).ceil() as usize {
            let stride = if block == 0 { shape.stride } else { 1 };
            x = spec.block(net, &format!("{name}.{block}"), x, shape, spec.channels(shape.channels), stride)?;
        }
        net.also(name, x);
    }
    x = spec.unit(net, "features.8", x, 4 * net.channels(x), Kernel::square(1))?;
    net.also("features.8", x);
    net.also("features", x);
    net.pooled_linear(x, "classifier.1")
}
