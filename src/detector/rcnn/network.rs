//! The graphs of an R-CNN, and which of its variants a file of weights holds.

use candle_core::{Device, Result, Tensor, bail};

use super::{BoxHead, Library, MaskHead, ProposalRules};
use crate::blocks::mobilenet_v3::{MobileNetV3, Variant};
use crate::blocks::resnet::{Block, Naming, ResNet};
use crate::blocks::{ConvShape, Layers, Net, Normalisation};
use crate::detector::pyramid::{CHANNELS, Lateral, Planes, pyramid, torchvision_names};
use crate::graph::{Activation, Network, NodeId};
use crate::weights::Weights;

/// An R-CNN on a device.
#[derive(Debug)]
pub struct RcnnNetwork {
    /// Whose conventions it follows.
    pub library: Library,
    trunk: Network,
    /// Input pixels a cell of each level that boxes are pooled from, finest first.
    pub pooled_strides: Vec<usize>,
    /// Anchors a cell.
    pub anchors: usize,
    /// Absent in a network of proposals only.
    pub box_head: Option<BoxHead>,
    /// Present in Mask R-CNN.
    pub mask_head: Option<MaskHead>,
}

/// What the trunk says of one image.
#[derive(Clone, Debug)]
pub struct Trunk {
    /// The pyramid, finest first; the last level serves proposals only.
    pub levels: Vec<Planes>,
    /// For each level `(anchors, h, w)`: how much an anchor looks like an object, as a logit.
    pub objectness: Vec<Planes>,
    /// For each level `(4 anchors, h, w)`: from an anchor to the object's box.
    pub deltas: Vec<Planes>,
}

impl RcnnNetwork {
    /// Builds the network that the names and shapes of `weights` describe. `eps` is that of the backbone's batch norms.
    ///
    /// # Errors
    /// If this is no R-CNN with a feature pyramid, weights are missing or of another shape, or the device refuses.
    pub fn new(weights: &Weights, eps: f64, device: &Device) -> Result<Self> {
        let trunk = Self::proposing(weights, eps, device)?;
        let box_head = BoxHead::new(weights, trunk.library, device)?;
        let mask_head = if box_head.is_some() { MaskHead::new(weights, trunk.library, device)? } else { None };
        Ok(Self { box_head, mask_head, ..trunk })
    }

    /// The same without its heads: region proposals alone, whatever else the weights have.
    ///
    /// # Errors
    /// As [`RcnnNetwork::new`], of what is built.
    pub fn proposing(weights: &Weights, eps: f64, device: &Device) -> Result<Self> {
        let library = library_of(weights)?;
        let (mut layers, laterals, pooled_strides) = match weights.shape(MOBILENET_STEM) {
            Some(_) => mobilenet(weights, eps)?,
            None => residual(weights, library, eps)?,
        };
        let mut levels = pyramid(&mut layers, &laterals)?;
        let coarsest = levels[levels.len() - 1];
        // The extra level takes every second cell.
        levels.push(layers.max_pool("backbone.pool", coarsest, 1, 2, 0));
        let anchors = anchors_per_cell(weights, library)?;
        let heads = proposal_head(&mut layers, library, &levels, anchors)?;
        let outputs: Vec<_> = levels.iter().chain(&heads).copied().collect();
        let trunk = Network::new(&layers.finish(&outputs)?, device)?;
        Ok(Self { library, trunk, pooled_strides, anchors, box_head: None, mask_head: None })
    }

    /// How this network's proposals are chosen by default.
    ///
    /// # Errors
    /// If it has another number of anchors than its library's networks.
    pub fn proposal_rules(&self) -> Result<ProposalRules> {
        let mut rules = match self.pooled_strides.len() {
            2 => ProposalRules::mobilenet_320(),
            _ => ProposalRules::five_levels(self.library),
        };
        if self.box_head.is_none() {
            rules.keep = 2000;
        }
        match rules.anchors.first() {
            Some(cell) if cell.count() == self.anchors => Ok(rules),
            _ => bail!("the proposal head has {} anchors a cell: sizes and ratios are not the library's", self.anchors),
        }
    }

    /// Runs the trunk on padded images.
    ///
    /// # Shapes
    /// `input`: `(n, 3, h, w)`, f32, normalised, sides multiples of 32. Returns one [`Trunk`] an image.
    ///
    /// # Errors
    /// If the input does not fit, or the device fails.
    pub fn trunk(&self, input: &Tensor) -> Result<Vec<Trunk>> {
        let n = input.dim(0)?;
        let results = self.trunk.forward(input)?;
        let levels = results.len() / 3;
        let part = |image: usize, part: usize| -> Result<Vec<Planes>> {
            results[part * levels..][..levels].iter().map(|result| Planes::of_sample(result, image)).collect()
        };
        (0..n)
            .map(|image| Ok(Trunk { levels: part(image, 0)?, objectness: part(image, 1)?, deltas: part(image, 2)? }))
            .collect()
    }
}

/// Which library's names the weights have.
fn library_of(weights: &Weights) -> Result<Library> {
    if weights.shape("proposal_generator.rpn_head.conv.weight").is_some() {
        Ok(Library::Detectron2)
    } else if weights.shape("rpn.head.cls_logits.weight").is_some() {
        Ok(Library::Torchvision)
    } else {
        bail!("the weights have no region proposal head: neither Detectron2's nor torchvision's Faster R-CNN")
    }
}

/// A network so far, the results that its pyramid starts from, and the strides of the levels that boxes are pooled from.
type Backbone<'w> = (Layers<'w>, Vec<Lateral>, Vec<usize>);

/// A tensor that only the MobileNet backbone has.
pub(crate) const MOBILENET_STEM: &str = "backbone.body.0.0.weight";

/// torchvision's MobileNet V3: both laterals have stride 32.
fn mobilenet(weights: &Weights, eps: f64) -> Result<Backbone<'_>> {
    let mut net = Net::new(weights);
    let module = |i: usize| format!("backbone.body.{i}");
    let part = |i: usize, p: usize| format!("backbone.body.{i}.block.{p}");
    let variant = Variant { module: &module, part: &part, eps, reduced_tail: false };
    let features = MobileNetV3::Large.variant(&mut net, variant)?;
    let lateral = |(i, at): (usize, usize)| {
        let (node, (inner, outer)) = (features.modules[at], torchvision_names(weights, i));
        Lateral { node, channels: net.channels(node), factor: 1, inner, outer }
    };
    let laterals = [13, 16].into_iter().enumerate().map(lateral).collect();
    Ok((net.into_layers(), laterals, vec![32, 32]))
}

/// A residual network: laterals of strides 4 to 32.
fn residual(weights: &Weights, library: Library, eps: f64) -> Result<Backbone<'_>> {
    let mut layers = Layers::new(weights, 3);
    let x = layers.input();
    let resnet = resnet(weights, library, eps);
    let prefix = match library {
        Library::Detectron2 => "backbone.bottom_up.",
        Library::Torchvision => "backbone.body.",
    };
    let stages = resnet.stages(&mut layers, prefix, x)?;
    let lateral = |(i, node): (usize, NodeId)| {
        let (inner, outer) = match library {
            Library::Detectron2 => (format!("backbone.fpn_lateral{}", i + 2), format!("backbone.fpn_output{}", i + 2)),
            Library::Torchvision => torchvision_names(weights, i),
        };
        Lateral { node, channels: resnet.channels(i), factor: if i == 3 { 1 } else { 2 }, inner, outer }
    };
    let laterals = stages.into_iter().enumerate().map(lateral).collect();
    Ok((layers, laterals, vec![4, 8, 16, 32]))
}

/// The residual network whose tensors are there: its depth from the number of blocks, its groups from the kernels.
fn resnet(weights: &Weights, library: Library, eps: f64) -> ResNet {
    let (stage, first) = match library {
        Library::Detectron2 => ("backbone.bottom_up.res", 2),
        Library::Torchvision => ("backbone.body.layer", 1),
    };
    let depth = |s: usize| {
        (0..).take_while(|b| weights.shape(&format!("{stage}{}.{b}.conv1.weight", s + first)).is_some()).count()
    };
    let (groups, width_per_group) = match weights.shape(&format!("{stage}{first}.0.conv2.weight")) {
        Some(&[width, per_group, _, _]) if per_group > 0 && width > per_group => (width / per_group, per_group),
        _ => (1, 64),
    };
    ResNet {
        block: Block::Bottleneck,
        depths: [depth(0), depth(1), depth(2), depth(3)],
        groups,
        width_per_group,
        // The zoo's ResNets carry Microsoft's weights, its ResNeXts Facebook's.
        stride_in_1x1: library == Library::Detectron2 && groups == 1,
        naming: match library {
            Library::Detectron2 => Naming::Detectron2,
            Library::Torchvision => Naming::Torchvision,
        },
        norm: Normalisation { eps, statistics_may_be_missing: library == Library::Detectron2 },
    }
}

/// How many anchors a cell has, from the outputs of the objectness convolution.
fn anchors_per_cell(weights: &Weights, library: Library) -> Result<usize> {
    let name = match library {
        Library::Detectron2 => "proposal_generator.rpn_head.objectness_logits.weight",
        Library::Torchvision => "rpn.head.cls_logits.weight",
    };
    match weights.shape(name) {
        Some(&[anchors, _, _, _]) if anchors > 0 => Ok(anchors),
        _ => bail!("tensor {name} is missing or no convolution"),
    }
}

/// Appends the proposal head to every level; returns the objectness of all levels, then the deltas of all levels.
fn proposal_head(layers: &mut Layers<'_>, library: Library, levels: &[NodeId], anchors: usize) -> Result<Vec<NodeId>> {
    let (conv, logits, deltas) = match library {
        Library::Detectron2 => {
            let head = "proposal_generator.rpn_head";
            (format!("{head}.conv"), format!("{head}.objectness_logits"), format!("{head}.anchor_deltas"))
        }
        Library::Torchvision => {
            let conv = layers.weights().renamed("rpn.head.conv.0.0", "rpn.head.conv");
            (conv, "rpn.head.cls_logits".to_owned(), "rpn.head.bbox_pred".to_owned())
        }
    };
    let (mut objectness, mut offsets) = (Vec::new(), Vec::new());
    for (i, level) in levels.iter().enumerate() {
        let node = |name: &str| format!("{name}@{i}");
        let x = layers.shared_conv(&node(&conv), &conv, *level, ConvShape::new(CHANNELS, CHANNELS, 3).bias())?;
        let x = layers.activation(node(&format!("{conv}.relu")), x, Activation::Relu);
        let shape = ConvShape::new(CHANNELS, anchors, 1).bias();
        objectness.push(layers.shared_conv(&node(&logits), &logits, x, shape)?);
        let shape = ConvShape::new(CHANNELS, 4 * anchors, 1).bias();
        offsets.push(layers.shared_conv(&node(&deltas), &deltas, x, shape)?);
    }
    objectness.extend(offsets);
    Ok(objectness)
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::DType;

    #[test]
    fn depth_groups_and_stride_are_told_by_the_tensors() -> Result<()> {
        let backbone = |conv2: (usize, usize)| -> Result<ResNet> {
            let mut tensors = Vec::new();
            for (stage, depth) in [(2, 3), (3, 4), (4, 23), (5, 3)] {
                for block in 0..depth {
                    let name = |conv: usize| format!("backbone.bottom_up.res{stage}.{block}.conv{conv}.weight");
                    tensors.push((name(1), Tensor::zeros(1, DType::F32, &Device::Cpu)?));
                    tensors.push((name(2), Tensor::zeros((conv2.0, conv2.1, 3, 3), DType::F32, &Device::Cpu)?));
                }
            }
            Ok(resnet(&Weights::new(tensors)?, Library::Detectron2, 1e-5))
        };
        let r101 = backbone((64, 64))?;
        assert_eq!((r101.depths, r101.groups, r101.width_per_group, r101.stride_in_1x1), ([3, 4, 23, 3], 1, 64, true));
        let x101 = backbone((256, 8))?;
        assert_eq!((x101.depths, x101.groups, x101.width_per_group, x101.stride_in_1x1), ([3, 4, 23, 3], 32, 8, false));
        Ok(())
    }
}
