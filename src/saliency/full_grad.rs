//! FullGrad: the gradients of the input and of every bias.
//!
//! Comes in: a classifier, an image and a class. Goes out: the map at the input's resolution. May not live here: other methods.

use candle_core::{Device, Tensor};

use super::compat::min_max;
use super::error::SaliencyError;
use super::pass::{Pass, host_values};
use super::resample::{Alignment, bilinear};
use crate::dataset::ClassId;
use crate::graph::{Op, Rule};

type Result<T> = std::result::Result<T, SaliencyError>;

/// FullGrad (Srinivas & Fleuret 2019) as pytorch-grad-cam computes it: the sum over input channels of `|x dx|` and over the channels
/// of every batch norm and every convolution with a bias of `|b_c G_c|`, with `G` the gradient at the layer's result, each channel
/// scaled to 0..1 and enlarged to the input.
pub(super) fn full_grad(pass: &Pass<'_>, class: ClassId) -> Result<Vec<f32>> {
    let (_, _, height, width) = pass.input.dims4()?;
    let reached = pass.back(class, Rule::Gradient)?;
    let mut map = vec![0f32; height * width];
    if let Some(gradient) = &reached.features[0] {
        let products = (pass.input.to_device(&Device::Cpu)? * gradient.to_device(&Device::Cpu)?)?;
        add_scaled_channels(&mut map, &products, [height, width])?;
    }
    let halves = [
        (pass.classifier.features_network().graph(), &reached.features),
        (pass.classifier.head_network().graph(), &reached.head),
    ];
    for (graph, reached) in halves {
        for (node, gradient) in graph.nodes().iter().zip(reached) {
            let bias = match &node.op {
                Op::Conv2d(conv) => conv.bias.as_ref(),
                Op::ChannelAffine { shift, .. } => Some(shift),
                _ => None,
            };
            if let (Some(bias), Some(gradient)) = (bias, gradient) {
                let bias = bias.reshape((1, bias.elem_count(), 1, 1))?;
                let products = gradient.to_device(&Device::Cpu)?.broadcast_mul(&bias)?;
                add_scaled_channels(&mut map, &products, [height, width])?;
            }
        }
    }
    Ok(map)
}

/// Adds each channel's absolute values, scaled to 0..1 and enlarged to `size`. The enlargement is linear: the channels are
/// added first.
fn add_scaled_channels(map: &mut [f32], channels: &Tensor, size: [usize; 2]) -> Result<()> {
    let (_, _, height, width) = channels.dims4()?;
    let mut sum = vec![0f32; height * width];
    for channel in host_values(&channels.abs()?)?.chunks_exact_mut(height * width) {
        min_max(channel);
        sum.iter_mut().zip(channel).for_each(|(s, v)| *s += *v);
    }
    let enlarged = bilinear(&sum, [height, width], size, Alignment::Edges);
    map.iter_mut().zip(enlarged).for_each(|(m, v)| *m += v);
    Ok(())
}
