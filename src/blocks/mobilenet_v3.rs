//! MobileNet V3 (Howard et al., arXiv 1905.02244) at width 1, up to its last feature map.

use candle_core::Result;

use super::{Gates, Kernel, Net, multiple_of_8};
use crate::graph::{Activation, NodeId};

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

/// How a network calls and changes the features of MobileNet V3.
#[derive(Clone, Copy)]
pub struct Variant<'a> {
    /// Name of module `i`: the first convolution is number 0, the blocks follow, then the last convolution.
    pub module: &'a dyn Fn(usize) -> String,
    /// Name of part `p` of block `i`.
    pub part: &'a dyn Fn(usize, usize) -> String,
    /// Added to the variance by the batch norms.
    pub eps: f64,
    /// Whether the blocks of the last stage have half their channels.
    pub reduced_tail: bool,
}

/// The nodes of MobileNet V3.
#[derive(Clone, Debug)]
pub struct Features {
    /// The result of every module.
    pub modules: Vec<NodeId>,
    /// The expanded map inside block `i + 1`; the block's input where nothing is expanded.
    pub expanded: Vec<NodeId>,
}

impl MobileNetV3 {
    fn blocks(self) -> &'static [Block] {
        match self {
            Self::Large => &LARGE,
            Self::Small => &SMALL,
        }
    }

    /// All layers before the pooling, `prefix` before every name, with batch norms that add `eps`: the results of `features.0`,
    /// `features.1`, ….
    ///
    /// # Errors
    /// If weights are missing or have another shape.
    pub fn features(self, net: &mut Net<'_>, prefix: &str, eps: f64) -> Result<Vec<NodeId>> {
        let module = |i: usize| format!("{prefix}{i}");
        let part = |i: usize, p: usize| format!("{prefix}{i}.block.{p}");
        let variant = Variant { module: &module, part: &part, eps, reduced_tail: false };
        Ok(self.variant(net, variant)?.modules)
    }

    /// The same for a network that calls or changes them in its own way.
    ///
    /// # Errors
    /// If weights are missing or have another shape.
    pub fn variant(self, net: &mut Net<'_>, variant: Variant<'_>) -> Result<Features> {
        let unit_and_swish = |net: &mut Net<'_>, i: usize, x: NodeId, out: usize, kernel: Kernel| {
            let name = (variant.module)(i);
            let x = unit(net, &name, x, out, kernel, variant.eps)?;
            let x = net.activation(format!("{name}.2"), x, HS);
            net.also(name, x);
            Ok::<_, candle_core::Error>(x)
        };
        let input = net.input();
        let mut x = unit_and_swish(net, 0, input, 16, Kernel::centred(3, 3).stride(2))?;
        let (mut modules, mut expanded) = (vec![x], Vec::new());
        for (i, block) in self.blocks().iter().enumerate() {
            let (inner, result) = block.reduced(variant.reduced_tail).build(net, variant, i + 1, x)?;
            x = result;
            modules.push(x);
            expanded.push(inner);
        }
        let last = 6 * net.channels(x);
        modules.push(unit_and_swish(net, modules.len(), x, last, Kernel::square(1))?);
        Ok(Features { modules, expanded })
    }
}

impl Block {
    /// With half the channels of the last stage.
    fn reduced(self, reduced: bool) -> Self {
        let half = |channels: usize, full: usize| if reduced && channels == full { full / 2 } else { channels };
        Self { hidden: half(self.hidden, 960), out: half(self.out, 160), ..self }
    }

    /// The expanded map and the block's result.
    fn build(self, net: &mut Net<'_>, variant: Variant<'_>, number: usize, input: NodeId) -> Result<(NodeId, NodeId)> {
        let Self { side, hidden, out, squeeze, activation, stride } = self;
        let mut index = 0..;
        let mut next = || (variant.part)(number, index.next().unwrap_or(0));
        let mut x = input;
        if hidden != net.channels(input) {
            let part = next();
            x = unit(net, &part, x, hidden, Kernel::square(1), variant.eps)?;
            x = net.activation(format!("{part}.2"), x, activation);
        }
        let expanded = x;
        let part = next();
        let depthwise = Kernel::centred(side, side).stride(stride).groups(hidden);
        x = unit(net, &part, x, hidden, depthwise, variant.eps)?;
        x = net.activation(format!("{part}.2"), x, activation);
        if squeeze {
            let gates = Gates { inner: Activation::Relu, outer: Activation::HardSigmoid };
            x = net.squeeze_excite(&next(), x, multiple_of_8(hidden as f64 / 4.0), gates)?;
        }
        x = unit(net, &next(), x, out, Kernel::square(1), variant.eps)?;
        Ok((expanded, net.add_where_equal(&(variant.module)(number), x, input, stride)))
    }
}

/// Convolution `name.0` and batch norm `name.1`.
fn unit(net: &mut Net<'_>, name: &str, x: NodeId, out: usize, kernel: Kernel, eps: f64) -> Result<NodeId> {
    let x = net.conv(&format!("{name}.0"), x, out, kernel)?;
    net.batch_norm(&format!("{name}.1"), x, eps)
}
