//! The mask head: which part of a box is the object.

use candle_core::{Device, Result, Tensor, bail};

use super::boxes::{ClassBox, pool};
use super::proposals::sigmoid;
use super::{Library, Trunk};
use crate::blocks::{ConvShape, Layers};
use crate::detector::paste::PasteRule;
use crate::detector::pyramid::CHANNELS;
use crate::geometry::{BBox, Size};
use crate::graph::{Activation, Conv2d, Network, Op, Padding};
use crate::mask::Mask;
use crate::weights::Weights;

/// Side of the grid that a box is resampled to.
const POOLED: usize = 14;
/// Side of a mask before it is pasted.
pub const MASK_SIDE: usize = 2 * POOLED;

/// The convolutional head on a device.
#[derive(Debug)]
pub struct MaskHead {
    library: Library,
    network: Network,
    /// Masks a box, one for each label.
    labels: usize,
}

impl MaskHead {
    /// The head of a Mask R-CNN; `None` where the weights have no such head.
    ///
    /// # Errors
    /// If weights are missing or of another shape, or the device refuses.
    pub fn new(weights: &Weights, library: Library, device: &Device) -> Result<Option<Self>> {
        let (enlarge, predict) = match library {
            Library::Detectron2 => ("roi_heads.mask_head.deconv", "roi_heads.mask_head.predictor"),
            Library::Torchvision => ("roi_heads.mask_predictor.conv5_mask", "roi_heads.mask_predictor.mask_fcn_logits"),
        };
        let Some(shape) = weights.shape(&format!("{predict}.weight")) else { return Ok(None) };
        let labels = match shape {
            [labels, _, _, _] if *labels > 0 => *labels,
            _ => bail!("{predict}.weight has shape {shape:?}, expected that of a convolution"),
        };
        let mut layers = Layers::new(weights, CHANNELS);
        let mut x = layers.input();
        for i in 0..4 {
            let old = format!("roi_heads.mask_head.mask_fcn{}", i + 1);
            let name = weights.renamed(&format!("roi_heads.mask_head.{i}.0"), &old);
            x = layers.conv(&name, x, ConvShape::new(CHANNELS, CHANNELS, 3).bias())?;
            x = layers.activation(format!("{name}.relu"), x, Activation::Relu);
        }
        x = layers.push(enlarge, Op::Conv2d(quarters(weights, enlarge)?), &[x]);
        x = layers.activation(format!("{enlarge}.relu"), x, Activation::Relu);
        let masks = layers.push(predict, Op::Conv2d(each_quarter(weights, predict, labels)?), &[x]);
        let network = Network::new(&layers.finish(&[masks])?, device)?;
        Ok(Some(Self { library, network, labels }))
    }

    /// The logits of each box's mask for the box's own label: `(boxes, MASK_SIDE, MASK_SIDE)`.
    ///
    /// # Errors
    /// If a label is unknown, or the device fails.
    pub fn logits(&self, trunk: &Trunk, strides: &[usize], boxes: &[ClassBox]) -> Result<Vec<f32>> {
        if boxes.is_empty() {
            return Ok(Vec::new());
        }
        let frames: Vec<_> = boxes.iter().map(|b| b.bbox).collect();
        let pooled = pool(self.library, trunk, strides, &frames, POOLED);
        let input = Tensor::from_vec(pooled, (boxes.len(), CHANNELS, POOLED, POOLED), &Device::Cpu)?;
        let quarters = self.network.forward(&input)?[0].reshape((boxes.len(), 4, self.labels, POOLED, POOLED))?;
        let mut logits = Vec::with_capacity(boxes.len() * MASK_SIDE * MASK_SIDE);
        for (i, b) in boxes.iter().enumerate() {
            if b.label >= self.labels {
                bail!("the mask head has {} labels, not number {}", self.labels, b.label)
            }
            let own: Vec<f32> = quarters.get(i)?.narrow(1, b.label, 1)?.flatten_all()?.to_vec1()?;
            for (y, x) in (0..MASK_SIDE).flat_map(|y| (0..MASK_SIDE).map(move |x| (y, x))) {
                let quarter = y % 2 * 2 + x % 2;
                logits.push(own[(quarter * POOLED + y / 2) * POOLED + x / 2]);
            }
        }
        Ok(logits)
    }

    /// The pixels of an image of `size` that a mask says are inside; `bbox` is in image pixels.
    pub fn paste(&self, logits: &[f32], bbox: BBox, size: Size) -> Mask {
        let rule = match self.library {
            Library::Detectron2 => PasteRule::Detectron2,
            Library::Torchvision => PasteRule::Torchvision,
        };
        let probabilities: Vec<_> = logits.iter().copied().map(sigmoid).collect();
        rule.paste(&probabilities, MASK_SIDE, bbox, size)
    }
}

/// A transposed convolution of kernel and step 2 as a plain 1 × 1 convolution: no two kernels overlap, so each input cell
/// gives the four cells of its own square. They come out as four groups of channels: top left, top right, bottom left and
/// bottom right.
fn quarters(weights: &Weights, name: &str) -> Result<Conv2d> {
    let weight = weights.get(&format!("{name}.weight"), &[CHANNELS, CHANNELS, 2, 2])?;
    // (in, out, 2, 2) -> (2, 2, out, in)
    let weight = weight.permute((2, 3, 1, 0))?.contiguous()?.reshape((4 * CHANNELS, CHANNELS, 1, 1))?;
    let bias = weights.get(&format!("{name}.bias"), &[CHANNELS])?;
    Ok(pointwise(weight, Tensor::cat(&[&bias; 4], 0)?, 1))
}

/// The 1 × 1 convolution `name` applied to each of the four groups of channels.
fn each_quarter(weights: &Weights, name: &str, labels: usize) -> Result<Conv2d> {
    let weight = weights.get(&format!("{name}.weight"), &[labels, CHANNELS, 1, 1])?;
    let bias = weights.get(&format!("{name}.bias"), &[labels])?;
    Ok(pointwise(Tensor::cat(&[&weight; 4], 0)?, Tensor::cat(&[&bias; 4], 0)?, 4))
}

fn pointwise(weight: Tensor, bias: Tensor, groups: usize) -> Conv2d {
    Conv2d { weight, bias: Some(bias), stride: [1; 2], padding: Padding::same(0), dilation: [1; 2], groups }
}
