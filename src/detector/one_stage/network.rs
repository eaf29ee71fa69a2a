//! The graphs of RetinaNet and SSDlite.

use candle_core::{Device, Result, Tensor, bail};

use crate::blocks::mobilenet_v3::{MobileNetV3, Variant};
use crate::blocks::resnet::{Block, ResNet};
use crate::blocks::{ConvShape, Kernel, Layers, Net, Normalisation};
use crate::detector::pyramid::{CHANNELS, Lateral, Planes, pyramid, torchvision_names};
use crate::graph::{Activation, Graph, Network, NodeId};
use crate::weights::Weights;

/// Which of the networks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// ResNet-50 and a pyramid of strides 8 to 128.
    RetinaNet,
    /// MobileNet V3 and further convolutions down to one cell.
    SsdLite,
}

/// A network with its weights on a device.
#[derive(Debug)]
pub struct OneStageNetwork {
    /// Which it is.
    pub family: Family,
    /// Number of labels; the background is SSDlite's label 0.
    pub labels: usize,
    network: Network,
}

/// What the heads say of one level of one image.
#[derive(Clone, Debug)]
pub struct Scored {
    /// `(anchors * labels, h, w)`, logits.
    pub classes: Planes,
    /// `(anchors * 4, h, w)`.
    pub deltas: Planes,
}

impl Family {
    /// Anchors a cell.
    pub const fn anchors(self) -> usize {
        match self {
            Self::RetinaNet => 9,
            Self::SsdLite => 6,
        }
    }
}

const RETINA_LOGITS: &str = "head.classification_head.cls_logits";
const SSD_LOGITS: &str = "head.classification_head.module_list.0.1";

impl OneStageNetwork {
    /// Builds the network that the names and shapes of `weights` describe.
    ///
    /// # Errors
    /// If this is neither network, weights are missing or of another shape, or the device refuses.
    pub fn new(weights: &Weights, eps: f64, device: &Device) -> Result<Self> {
        let Some((family, labels)) = family_of(weights) else {
            bail!("the weights have neither the heads of torchvision's RetinaNet nor those of its SSDlite")
        };
        let graph = match family {
            Family::RetinaNet => retinanet(weights, labels, eps)?,
            Family::SsdLite => ssdlite(weights, labels)?,
        };
        Ok(Self { family, labels, network: Network::new(&graph, device)? })
    }

    /// The results of the graph: the feature maps of all levels, finest first, their class logits, and their deltas.
    ///
    /// # Errors
    /// If the input does not fit, or the device fails.
    pub fn forward(&self, input: &Tensor) -> Result<Vec<Tensor>> {
        self.network.forward(input)
    }

    /// Runs the network on padded images.
    ///
    /// # Shapes
    /// `input`: `(n, 3, h, w)`, f32, normalised. Returns the levels of each image, finest first.
    ///
    /// # Errors
    /// If the input does not fit, or the device fails.
    pub fn levels(&self, input: &Tensor) -> Result<Vec<Vec<Scored>>> {
        let results = self.forward(input)?;
        let (classes, deltas) = results[results.len() / 3..].split_at(results.len() / 3);
        let level = |image: usize, (classes, deltas): (&Tensor, &Tensor)| -> Result<Scored> {
            Ok(Scored { classes: Planes::of_sample(classes, image)?, deltas: Planes::of_sample(deltas, image)? })
        };
        (0..input.dim(0)?).map(|i| classes.iter().zip(deltas).map(|pair| level(i, pair)).collect()).collect()
    }
}

/// The network that has such heads, and its number of labels.
pub(crate) fn family_of(weights: &Weights) -> Option<(Family, usize)> {
    let labels = |name: &str, family: Family| {
        let outputs = *weights.shape(&format!("{name}.weight"))?.first()?;
        outputs.is_multiple_of(family.anchors()).then_some((family, outputs / family.anchors()))
    };
    labels(RETINA_LOGITS, Family::RetinaNet).or_else(|| labels(SSD_LOGITS, Family::SsdLite))
}

/// RetinaNet's graph: the feature maps of all levels, then their class logits, then their deltas.
fn retinanet(weights: &Weights, labels: usize, eps: f64) -> Result<Graph> {
    let mut layers = Layers::new(weights, 3);
    let input = layers.input();
    let resnet = ResNet { norm: Normalisation::new(eps), ..ResNet::torchvision(Block::Bottleneck, [3, 4, 6, 3]) };
    let stages = resnet.stages(&mut layers, "backbone.body.", input)?;
    let lateral = |i: usize| {
        let (inner, outer) = torchvision_names(weights, i);
        Lateral {
            node: stages[i + 1],
            channels: resnet.channels(i + 1),
            factor: if i == 2 { 1 } else { 2 },
            inner,
            outer,
        }
    };
    let mut levels = pyramid(&mut layers, &[lateral(0), lateral(1), lateral(2)])?;
    let halving = ConvShape::new(CHANNELS, CHANNELS, 3).stride(2).bias();
    let p6 = layers.conv("backbone.fpn.extra_blocks.p6", levels[2], halving)?;
    let positive = layers.activation("backbone.fpn.extra_blocks.p6.relu", p6, Activation::Relu);
    let p7 = layers.conv("backbone.fpn.extra_blocks.p7", positive, halving)?;
    levels.extend([p6, p7]);
    let anchors = Family::RetinaNet.anchors();
    let mut outputs = levels.clone();
    outputs.extend(retina_head(&mut layers, "head.classification_head", "cls_logits", &levels, anchors * labels)?);
    outputs.extend(retina_head(&mut layers, "head.regression_head", "bbox_reg", &levels, anchors * 4)?);
    layers.finish(&outputs)
}

/// Four convolutions and a last one, the same on all levels.
fn retina_head(
    layers: &mut Layers<'_>,
    head: &str,
    last: &str,
    levels: &[NodeId],
    outputs: usize,
) -> Result<Vec<NodeId>> {
    let mut results = Vec::new();
    for (level, &node) in levels.iter().enumerate() {
        let mut x = node;
        for i in 0..4 {
            // Until torchvision 0.13 activations counted too, and convolutions were not wrapped.
            let (new, old) = (format!("{head}.conv.{i}.0"), format!("{head}.conv.{}", 2 * i));
            let name = layers.weights().renamed(&new, &old);
            let shape = ConvShape::new(CHANNELS, CHANNELS, 3).bias();
            x = layers.shared_conv(&format!("{name}@{level}"), &name, x, shape)?;
            x = layers.activation(format!("{name}.relu@{level}"), x, Activation::Relu);
        }
        let name = format!("{head}.{last}");
        let shape = ConvShape::new(CHANNELS, outputs, 3).bias();
        results.push(layers.shared_conv(&format!("{name}@{level}"), &name, x, shape)?);
    }
    Ok(results)
}

/// Added to the variance by all batch norms of SSDlite.
const SSD_EPS: f64 = 1e-3;

/// SSDlite's graph: the feature maps of all levels, then their class logits, then their deltas.
fn ssdlite(weights: &Weights, labels: usize) -> Result<Graph> {
    let mut net = Net::new(weights);
    // The backbone is cut inside block 13, behind its expansion.
    let module = |i: usize| match i {
        ..13 => format!("backbone.features.0.{i}"),
        _ => format!("backbone.features.1.{}", i - 13),
    };
    let part = |i: usize, p: usize| match (i, p) {
        (13, 0) => "backbone.features.0.13".to_owned(),
        (13, _) => format!("backbone.features.1.0.{p}"),
        _ => format!("{}.block.{p}", module(i)),
    };
    let variant = Variant { module: &module, part: &part, eps: SSD_EPS, reduced_tail: true };
    let features = MobileNetV3::Large.variant(&mut net, variant)?;
    let mut levels = vec![features.expanded[12], features.modules[16]];
    for i in 0..4 {
        let unit = |p: usize| format!("backbone.extra.{i}.{p}");
        let x = levels[levels.len() - 1];
        let x = unit_relu6(&mut net, &unit(0), x, Kernel::square(1))?;
        let step = Kernel::centred(3, 3).stride(2).groups(net.channels(x));
        let x = unit_relu6(&mut net, &unit(1), x, step)?;
        levels.push(unit_relu6(&mut net, &unit(2), x, Kernel::square(1))?);
    }
    let mut outputs = levels.clone();
    outputs.extend(ssd_head(&mut net, "head.classification_head", &levels, 6 * labels)?);
    outputs.extend(ssd_head(&mut net, "head.regression_head", &levels, 6 * 4)?);
    net.finish(&outputs)
}

/// A convolution `name.0` with as many outputs as its weights say, a batch norm `name.1` and ReLU6.
fn unit_relu6(net: &mut Net<'_>, name: &str, x: NodeId, kernel: Kernel) -> Result<NodeId> {
    let conv = format!("{name}.0");
    let x = net.conv(&conv, x, net.outputs(&conv), kernel)?;
    let x = net.batch_norm(&format!("{name}.1"), x, SSD_EPS)?;
    Ok(net.activation(format!("{name}.2"), x, Activation::Relu6))
}

/// A depthwise and a 1 × 1 convolution for each level.
fn ssd_head(net: &mut Net<'_>, head: &str, levels: &[NodeId], outputs: usize) -> Result<Vec<NodeId>> {
    let mut results = Vec::new();
    for (i, &level) in levels.iter().enumerate() {
        let name = format!("{head}.module_list.{i}");
        let depthwise = Kernel::centred(3, 3).groups(net.channels(level));
        let x = unit_relu6(net, &format!("{name}.0"), level, depthwise)?;
        results.push(net.conv(&format!("{name}.1"), x, outputs, Kernel::square(1).bias())?);
    }
    Ok(results)
}
