//! MobileNet V3 (Howard et al., arXiv 1905.02244) at width 1, up to its last feature map.

use candle_core::Result;

use super::{Gates, Kernel, Net, multiple_of_8};
use crate::graph::{Activation, NodeId};

/// Its batch norms add more to the variance than usual.
const EPS: f64 = 1e-3;

/// A block of version 3.
#[derive(Clone, Copy, Debug)]
struct Block {
    side: usize,
    hidden: usize,
    out: usize,
    squeeze: bool,
    activation: Activation,
    stride: usize,
}

const fn block(side: usize, hidden: usize, out: usize, squeeze: bool, activation: Activation, stride: usize) -> Block {
    Block { side, hidden, out, squeeze, activation, stride }
}

const RE: Activation = Activation::Relu;
const HS: Activation = Activation::HardSwish;

const LARGE: [Block; 15] = [
    block(3, 16, 16, false, RE, 1),
    block(3, 64, 24, false, RE, 2),
    block(3, 72, 24, false, RE, 1),
    block(5, 72, 40, true, RE, 2),
    block(5, 120, 40, true, RE, 1),
    block(5, 120, 40, true, RE, 1),
    block(3, 240, 80, false, HS, 2),
    block(3, 200, 80, false, HS, 1),
    block(3, 184, 80, false, HS, 1),
    block(3, 184, 80, false, HS, 1),
    block(3, 480, 112, true, HS, 1),
    block(3, 672, 112, true, HS, 1),
    block(5, 672, 160, true, HS, 2),
    block(5, 960, 160, true, HS, 1),
    block(5, 960, 160, true, HS, 1),
];

const SMALL: [Block; 11] = [
    block(3, 16, 16, true, RE, 2),
    block(3, 72, 24, false, RE, 2),
    block(3, 88, 24, false, RE, 1),
    block(5, 96, 40, true, HS, 2),
    block(5, 240, 40, true, HS, 1),
    block(5, 240, 40, true, HS, 1),
    block(5, 120, 48, true, HS, 1),
    block(5, 144, 48, true, HS, 1),
    block(5, 288, 96, true, HS, 2),
    block(5, 576, 96, true, HS, 1),
    block(5, 576, 96, true, HS, 1),
];

/// Which of version 3.
#[derive(Clone, Copy, Debug)]
pub enum MobileNetV3 {
    /// 15 blocks.
    Large,
    /// 11 blocks.
    Small,
}

impl MobileNetV3 {
    fn blocks(self) -> &'static [Block] {
        match self {
            Self::Large => &LARGE,
            Self::Small => &SMALL,
        }
    }

    /// All layers before the pooling, `prefix` before every name: the results of `features.0`, `features.1`, ….
    ///
    /// # Errors
    /// If weights are missing or have another shape.
    pub fn features(self, net: &mut Net<'_>, prefix: &str) -> Result<Vec<NodeId>> {
        let first = format!("{prefix}0");
        let x = unit(net, &first, net.input(), 16, Kernel::centred(3, 3).stride(2))?;
        let mut x = net.activation(format!("{first}.2"), x, HS);
        net.also(first, x);
        let mut results = vec![x];
        for (i, block) in self.blocks().iter().enumerate() {
            x = block.build(net, &format!("{prefix}{}", i + 1), x)?;
            results.push(x);
        }
        let last = format!("{prefix}{}", results.len());
        x = unit(net, &last, x, 6 * net.channels(x), Kernel::square(1))?;
        x = net.activation(format!("{last}.2"), x, HS);
        net.also(last, x);
        results.push(x);
        Ok(results)
    }
}

impl Block {
    fn build(self, net: &mut Net<'_>, name: &str, input: NodeId) -> Result<NodeId> {
        let Self { side, hidden, out, squeeze, activation, stride } = self;
        let mut index = 0..;
        let mut next = || format!("{name}.block.{}", index.next().unwrap_or(0));
        let mut x = input;
        if hidden != net.channels(input) {
            let part = next();
            x = unit(net, &part, x, hidden, Kernel::square(1))?;
            x = net.activation(format!("{part}.2"), x, activation);
        }
        let part = next();
        let depthwise = Kernel::centred(side, side).stride(stride).groups(hidden);
        x = unit(net, &part, x, hidden, depthwise)?;
        x = net.activation(format!("{part}.2"), x, activation);
        if squeeze {
            let gates = Gates { inner: Activation::Relu, outer: Activation::HardSigmoid };
            x = net.squeeze_excite(&next(), x, multiple_of_8(hidden as f64 / 4.0), gates)?;
        }
        x = unit(net, &next(), x, out, Kernel::square(1))?;
        Ok(net.add_where_equal(name, x, input, stride))
    }
}

/// Convolution `name.0` and batch norm `name.1`.
fn unit(net: &mut Net<'_>, name: &str, x: NodeId, out: usize, kernel: Kernel) -> Result<NodeId> {
    let x = net.conv(&format!("{name}.0"), x, out, kernel)?;
    net.batch_norm(&format!("{name}.1"), x, EPS)
}
