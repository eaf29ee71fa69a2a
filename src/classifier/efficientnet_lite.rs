//! EfficientNet-Lite (Google 2020, after Tan & Le 2019): inverted residual blocks with ReLU6, no squeeze-excitation.
//!
//! Names are those of the PyTorch checkpoint (`_conv_stem`, `_blocks.15`, `_conv_head`); `head_act` is the last feature map,
//! `relu6(_bn1(_conv_head(x)))`. The weights were trained in TensorFlow, whose "same" padding puts the odd cell of a stride of
//! 2 at the bottom and right.

use candle_core::Result;

use super::BuildOptions;
use crate::blocks::{multiple_of_8, same_padding};
use crate::graph::{Activation, Conv2d, Graph, GraphBuilder, NodeId, Op};
use crate::weights::Weights;

/// Of the batch norms.
const EPSILON: f64 = 1e-3;

/// Blocks of one resolution.
struct Stage {
    blocks: usize,
    kernel: usize,
    /// Of the first block.
    stride: usize,
    /// How much wider a block is inside than its input.
    expansion: usize,
    channels: usize,
}

const fn stage(blocks: usize, kernel: usize, stride: usize, expansion: usize, channels: usize) -> Stage {
    Stage { blocks, kernel, stride, expansion, channels }
}

const LITE0: [Stage; 7] = [
    stage(1, 3, 1, 1, 16),
    stage(2, 3, 2, 6, 24),
    stage(2, 5, 2, 6, 40),
    stage(3, 3, 2, 6, 80),
    stage(3, 5, 1, 6, 112),
    stage(4, 5, 2, 6, 192),
    stage(1, 3, 1, 6, 320),
];

const STEM_CHANNELS: usize = 32;
const HEAD_CHANNELS: usize = 1280;

/// Lite0 with its channels times `width` and its stages times `depth`; the stem, the head and the lengths of the first and last
/// stage stay.
pub(super) fn build(weights: &Weights, options: &BuildOptions, width: f64, depth: f64) -> Result<Graph> {
    let size = [options.input.height as usize, options.input.width as usize];
    let mut net = Writer { builder: GraphBuilder::new(3), weights, size, channels: 3 };
    let input = net.builder.input();
    let stem = net.conv("_conv_stem", input, STEM_CHANNELS, 3, 2)?;
    let stem = net.batch_norm("_bn0", "_bn0", stem)?;
    let mut x = net.relu6("stem_act", stem);
    let mut block = 0;
    for (at, stage) in LITE0.iter().enumerate() {
        let stage = Stage { channels: multiple_of_8(stage.channels as f64 * width), ..*stage };
        let fixed = at == 0 || at + 1 == LITE0.len();
        let blocks = if fixed { stage.blocks } else { (stage.blocks as f64 * depth).ceil() as usize };
        for i in 0..blocks {
            let stride = if i == 0 { stage.stride } else { 1 };
            x = net.block(&format!("_blocks.{block}"), x, &stage, stride)?;
            block += 1;
        }
    }
    let head = net.conv("_conv_head", x, HEAD_CHANNELS, 1, 1)?;
    let head = net.batch_norm("_bn1", "_bn1", head)?;
    let head = net.relu6("head_act", head);
    let pooled = net.builder.push("_avg_pooling", Op::AdaptiveAvgPool { output: [1, 1] }, &[head]);
    let flat = net.builder.push("flatten", Op::Flatten, &[pooled]);
    let weight = weights.get("_fc.weight", &[options.classes, HEAD_CHANNELS])?;
    let bias = Some(weights.get("_fc.bias", &[options.classes])?);
    let logits = net.builder.push("_fc", Op::Linear { weight, bias }, &[flat]);
    net.builder.finish(&[logits])
}

/// Writes the network, keeping track of the shape so far.
struct Writer<'a> {
    builder: GraphBuilder,
    weights: &'a Weights,
    /// Rows and columns.
    size: [usize; 2],
    channels: usize,
}

impl Writer<'_> {
    /// An inverted residual block: widen, filter each channel, narrow, and add the input where the shapes agree.
    fn block(&mut self, name: &str, input: NodeId, stage: &Stage, stride: usize) -> Result<NodeId> {
        let inputs = self.channels;
        let mut x = input;
        if stage.expansion > 1 {
            x = self.conv(&format!("{name}._expand_conv"), x, inputs * stage.expansion, 1, 1)?;
            x = self.batch_norm(&format!("{name}._bn0"), &format!("{name}._bn0"), x)?;
            x = self.relu6(&format!("{name}._expand_act"), x);
        }
        x = self.depthwise(&format!("{name}._depthwise_conv"), x, stage.kernel, stride)?;
        x = self.batch_norm(&format!("{name}._bn1"), &format!("{name}._bn1"), x)?;
        x = self.relu6(&format!("{name}._depthwise_act"), x);
        x = self.conv(&format!("{name}._project_conv"), x, stage.channels, 1, 1)?;
        // The block's result carries the block's name.
        let last = format!("{name}._bn2");
        if stride == 1 && inputs == stage.channels {
            x = self.batch_norm(&last, &last, x)?;
            Ok(self.builder.push(name, Op::Add, &[x, input]))
        } else {
            self.batch_norm(&last, name, x)
        }
    }

    fn conv(&mut self, name: &str, input: NodeId, out: usize, kernel: usize, stride: usize) -> Result<NodeId> {
        let weight = self.weights.get(&format!("{name}.weight"), &[out, self.channels, kernel, kernel])?;
        self.channels = out;
        Ok(self.push_conv(name, input, weight, stride, 1))
    }

    fn depthwise(&mut self, name: &str, input: NodeId, kernel: usize, stride: usize) -> Result<NodeId> {
        let weight = self.weights.get(&format!("{name}.weight"), &[self.channels, 1, kernel, kernel])?;
        Ok(self.push_conv(name, input, weight, stride, self.channels))
    }

    fn push_conv(
        &mut self,
        name: &str,
        input: NodeId,
        weight: candle_core::Tensor,
        stride: usize,
        groups: usize,
    ) -> NodeId {
        let kernel = weight.dims()[2];
        let padding = same_padding(self.size, [kernel; 2], [stride; 2]);
        self.size = self.size.map(|s| s.div_ceil(stride));
        let conv = Conv2d { weight, bias: None, stride: [stride; 2], padding, dilation: [1; 2], groups };
        self.builder.push(name, Op::Conv2d(conv), &[input])
    }

    /// The batch norm whose statistics are stored under `key`, as a node called `name`.
    fn batch_norm(&mut self, key: &str, name: &str, input: NodeId) -> Result<NodeId> {
        let get = |part: &str| self.weights.get(&format!("{key}.{part}"), &[self.channels]);
        let deviation = (get("running_var")? + EPSILON)?.sqrt()?;
        let scale = (get("weight")? / deviation)?;
        let shift = (get("bias")? - (get("running_mean")? * &scale)?)?;
        Ok(self.builder.push(name, Op::ChannelAffine { scale, shift }, &[input]))
    }

    fn relu6(&mut self, name: &str, input: NodeId) -> NodeId {
        self.builder.push(name, Op::Activation(Activation::Relu6), &[input])
    }
}
