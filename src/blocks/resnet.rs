//! Residual networks (He et al. 2015; ResNeXt: Xie et al. 2016) up to their last feature map.

use candle_core::Result;

use super::{ConvShape, Layers, Normalisation};
use crate::graph::{Activation, NodeId};

/// What a residual block consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Block {
    /// Two 3 × 3 convolutions.
    Basic,
    /// 1 × 1, 3 × 3 and 1 × 1 convolutions, the last to four times as many channels.
    Bottleneck,
}

/// Whose names and habits a checkpoint has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Naming {
    /// `conv1`, `bn1`, `layer1.0.conv1`, `layer1.0.bn1`, `layer1.0.downsample.0`.
    Torchvision,
    /// `stem.conv1`, `stem.conv1.norm`, `res2.0.conv1`, `res2.0.conv1.norm`, `res2.0.shortcut`.
    Detectron2,
}

/// A residual network.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ResNet {
    /// Kind of its blocks.
    pub block: Block,
    /// Blocks in each of the four stages.
    pub depths: [usize; 4],
    /// Channel groups of the 3 × 3 convolutions of bottlenecks.
    pub groups: usize,
    /// Channels of a group in the first stage; doubles with each.
    pub width_per_group: usize,
    /// Whether a bottleneck steps in its first 1 × 1 convolution instead of the 3 × 3 one.
    pub stride_in_1x1: bool,
    /// Names of its tensors.
    pub naming: Naming,
    /// Its batch norms.
    pub norm: Normalisation,
}

impl ResNet {
    /// torchvision's ResNet with these blocks and depths.
    pub const fn torchvision(block: Block, depths: [usize; 4]) -> Self {
        Self {
            block,
            depths,
            groups: 1,
            width_per_group: 64,
            stride_in_1x1: false,
            naming: Naming::Torchvision,
            norm: Normalisation::new(1e-5),
        }
    }

    /// Channels of the result of stage `stage` (0 to 3).
    pub const fn channels(&self, stage: usize) -> usize {
        match self.block {
            Block::Basic => 64 << stage,
            Block::Bottleneck => 256 << stage,
        }
    }

    /// Appends the network and returns the results of its four stages, of strides 4, 8, 16 and 32.
    ///
    /// The node of a stage is called as the stage (`layer4`), and also as its last block; that of any other block as the block,
    /// (`layer4.0`), each after
    /// `prefix`, which is empty or ends with a dot.
    ///
    /// # Errors
    /// If weights are missing or of another shape.
    pub fn stages(&self, layers: &mut Layers<'_>, prefix: &str, x: NodeId) -> Result<[NodeId; 4]> {
        let stem = match self.naming {
            Naming::Torchvision => format!("{prefix}conv1"),
            Naming::Detectron2 => format!("{prefix}stem.conv1"),
        };
        let x = self.conv_norm(layers, &stem, x, ConvShape::new(3, 64, 7).stride(2))?;
        let x = layers.activation(format!("{stem}.relu"), x, Activation::Relu);
        let mut x = layers.max_pool(format!("{prefix}maxpool"), x, 3, 2, 1);
        let mut channels = 64;
        let mut stages = [x; 4];
        for (stage, depth) in self.depths.into_iter().enumerate() {
            let name = match self.naming {
                Naming::Torchvision => format!("{prefix}layer{}", stage + 1),
                Naming::Detectron2 => format!("{prefix}res{}", stage + 2),
            };
            for block in 0..depth {
                let stride = if stage > 0 && block == 0 { 2 } else { 1 };
                let node = if block + 1 == depth { name.clone() } else { format!("{name}.{block}") };
                x = self.residual(layers, &node, &format!("{name}.{block}"), x, [stage, channels, stride])?;
                if block + 1 == depth {
                    layers.also(format!("{name}.{block}"), x);
                }
                channels = self.channels(stage);
            }
            stages[stage] = x;
        }
        Ok(stages)
    }

    /// One block: `node` is the name of its result, `name` that of its weights.
    fn residual(
        &self,
        layers: &mut Layers<'_>,
        node: &str,
        name: &str,
        x: NodeId,
        [stage, inputs, stride]: [usize; 3],
    ) -> Result<NodeId> {
        let outputs = self.channels(stage);
        let shortcut = if stride != 1 || inputs != outputs {
            let shortcut = match self.naming {
                Naming::Torchvision => format!("{name}.downsample"),
                Naming::Detectron2 => format!("{name}.shortcut"),
            };
            self.conv_norm(layers, &shortcut, x, ConvShape::new(inputs, outputs, 1).stride(stride))?
        } else {
            x
        };
        let shapes = self.block_convs(stage, inputs, stride);
        let mut y = x;
        for (i, shape) in shapes.iter().enumerate() {
            let conv = format!("{name}.conv{}", i + 1);
            y = self.conv_norm(layers, &conv, y, *shape)?;
            if i + 1 < shapes.len() {
                y = layers.activation(format!("{conv}.relu"), y, Activation::Relu);
            }
        }
        let sum = layers.add(format!("{name}.add"), y, shortcut);
        Ok(layers.activation(node, sum, Activation::Relu))
    }

    /// The convolutions of a block's main branch.
    fn block_convs(&self, stage: usize, inputs: usize, stride: usize) -> Vec<ConvShape> {
        let outputs = self.channels(stage);
        match self.block {
            Block::Basic => {
                vec![ConvShape::new(inputs, outputs, 3).stride(stride), ConvShape::new(outputs, outputs, 3)]
            }
            Block::Bottleneck => {
                let width = (self.width_per_group * self.groups) << stage;
                let (first, middle) = if self.stride_in_1x1 { (stride, 1) } else { (1, stride) };
                vec![
                    ConvShape::new(inputs, width, 1).stride(first),
                    ConvShape::new(width, width, 3).stride(middle).groups(self.groups),
                    ConvShape::new(width, outputs, 1),
                ]
            }
        }
    }

    /// A convolution and the batch norm after it.
    fn conv_norm(&self, layers: &mut Layers<'_>, name: &str, x: NodeId, shape: ConvShape) -> Result<NodeId> {
        let (conv, norm) = match self.naming {
            Naming::Detectron2 => (name.to_owned(), format!("{name}.norm")),
            Naming::Torchvision => match name.strip_suffix("downsample") {
                Some(_) => (format!("{name}.0"), format!("{name}.1")),
                None => {
                    let (path, number) = name.rsplit_once("conv").unwrap_or((name, ""));
                    (name.to_owned(), format!("{path}bn{number}"))
                }
            },
        };
        let y = layers.conv(&conv, x, shape)?;
        layers.norm(&norm, y, shape.outputs, self.norm)
    }
}
