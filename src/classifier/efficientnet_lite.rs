//! EfficientNet-Lite (Google 2020, after Tan & Le 2019): inverted residual blocks with ReLU6, no squeeze-excitation.
//!
//! Names are those of the PyTorch checkpoint (`_conv_stem`, `_blocks.15`, `_conv_head`); `head_act` is the last feature map,
//! `relu6(_bn1(_conv_head(x)))`. The weights were trained in TensorFlow and pad as it does.

use candle_core::Result;

use crate::blocks::{Kernel, Net, multiple_of_8};
use crate::graph::{Activation, NodeId};

/// Of the batch norms.
const EPS: f64 = 1e-3;

/// Which of the family.
#[derive(Clone, Copy, Debug)]
pub(super) struct EfficientNetLite {
    /// Times the channels of Lite0.
    pub(super) width: f64,
    /// Times the lengths of its stages.
    pub(super) depth: f64,
}

/// Blocks of one resolution, of Lite0.
#[derive(Clone, Copy, Debug)]
struct Stage {
    blocks: usize,
    side: usize,
    /// Of the first block.
    stride: usize,
    /// How much wider a block is inside than its input.
    expansion: usize,
    channels: usize,
}

const fn stage(blocks: usize, side: usize, stride: usize, expansion: usize, channels: usize) -> Stage {
    Stage { blocks, side, stride, expansion, channels }
}

const STAGES: [Stage; 7] = [
    stage(1, 3, 1, 1, 16),
    stage(2, 3, 2, 6, 24),
    stage(2, 5, 2, 6, 40),
    stage(3, 3, 2, 6, 80),
    stage(3, 5, 1, 6, 112),
    stage(4, 5, 2, 6, 192),
    stage(1, 3, 1, 6, 320),
];

/// Of all the family.
const STEM_CHANNELS: usize = 32;
/// Of all the family.
const HEAD_CHANNELS: usize = 1280;

impl EfficientNetLite {
    fn channels(&self, stage: &Stage) -> usize {
        multiple_of_8(stage.channels as f64 * self.width)
    }

    /// Blocks of the stage at this place; the first and the last are as long in all the family.
    fn blocks(&self, place: usize, stage: &Stage) -> usize {
        let is_fixed = place == 0 || place + 1 == STAGES.len();
        if is_fixed { stage.blocks } else { (stage.blocks as f64 * self.depth).ceil() as usize }
    }
}

/// Writes the network; `net` pads as TensorFlow does.
pub(super) fn build(net: &mut Net<'_>, spec: EfficientNetLite) -> Result<NodeId> {
    let stem = Unit { conv: "_conv_stem", norm: "_bn0", activation: "stem_act" };
    let mut x = unit(net, "", stem, net.input(), STEM_CHANNELS, Kernel::square(3).stride(2))?;
    let mut index = 0..;
    for (place, stage) in STAGES.iter().enumerate() {
        for i in 0..spec.blocks(place, stage) {
            let name = format!("_blocks.{}", index.next().unwrap_or(0));
            let stride = if i == 0 { stage.stride } else { 1 };
            x = block(net, &name, x, stage, spec.channels(stage), stride)?;
        }
    }
    let head = Unit { conv: "_conv_head", norm: "_bn1", activation: "head_act" };
    x = unit(net, "", head, x, HEAD_CHANNELS, Kernel::square(1))?;
    net.pooled_linear(x, "_fc")
}

/// An inverted residual: widen, filter each channel, narrow, and add the input where the shapes agree.
fn block(net: &mut Net<'_>, name: &str, input: NodeId, stage: &Stage, out: usize, stride: usize) -> Result<NodeId> {
    let prefix = format!("{name}.");
    let hidden = net.channels(input) * stage.expansion;
    let mut x = input;
    if stage.expansion > 1 {
        let expand = Unit { conv: "_expand_conv", norm: "_bn0", activation: "_expand_act" };
        x = unit(net, &prefix, expand, x, hidden, Kernel::square(1))?;
    }
    let depthwise = Unit { conv: "_depthwise_conv", norm: "_bn1", activation: "_depthwise_act" };
    x = unit(net, &prefix, depthwise, x, hidden, Kernel::square(stage.side).stride(stride).groups(hidden))?;
    x = net.conv(&format!("{prefix}_project_conv"), x, out, Kernel::square(1))?;
    x = net.batch_norm(&format!("{prefix}_bn2"), x, EPS)?;
    Ok(net.add_where_equal(name, x, input, stride))
}

/// Names of the parts of a [`unit`].
#[derive(Clone, Copy, Debug)]
struct Unit {
    conv: &'static str,
    norm: &'static str,
    activation: &'static str,
}

/// Convolution, batch norm, ReLU6, all called `prefix` and their name.
fn unit(net: &mut Net<'_>, prefix: &str, names: Unit, x: NodeId, out: usize, kernel: Kernel) -> Result<NodeId> {
    let x = net.conv(&format!("{prefix}{}", names.conv), x, out, kernel)?;
    let x = net.batch_norm(&format!("{prefix}{}", names.norm), x, EPS)?;
    Ok(net.activation(format!("{prefix}{}", names.activation), x, Activation::Relu6))
}
