//! ResNet (He et al., arXiv 1512.03385), ResNeXt (Xie et al., arXiv 1611.05431) and Wide ResNet (Zagoruyko & Komodakis, arXiv
//! 1605.07146), as torchvision has them.

use candle_core::Result;

use crate::blocks::Layers;
use crate::blocks::resnet::{Block, ResNet};
use crate::graph::{Graph, Op};
use crate::weights::Weights;

/// Blocks of two 3 × 3 convolutions.
pub(super) const fn basic(depths: [usize; 4]) -> ResNet {
    ResNet::torchvision(Block::Basic, depths)
}

/// Blocks of three convolutions, the middle one with `groups` groups of `width` channels in the first stage.
pub(super) const fn bottleneck(depths: [usize; 4], groups: usize, width: usize) -> ResNet {
    ResNet { groups, width_per_group: width, ..ResNet::torchvision(Block::Bottleneck, depths) }
}

pub(super) fn build(weights: &Weights, spec: &ResNet, classes: usize) -> Result<Graph> {
    let mut layers = Layers::new(weights, 3);
    let input = layers.input();
    let [.., last] = spec.stages(&mut layers, "", input)?;
    let pooled = layers.push("avgpool", Op::AdaptiveAvgPool { output: [1, 1] }, &[last]);
    let flat = layers.push("flatten", Op::Flatten, &[pooled]);
    let logits = layers.linear("fc", flat, spec.channels(3), classes)?;
    layers.finish(&[logits])
}
