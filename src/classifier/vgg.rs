//! VGG (Simonyan & Zisserman, arXiv 1409.1556), with and without batch norm.

use candle_core::Result;

use crate::blocks::{Kernel, Net};
use crate::graph::{Activation, NodeId};

const EPS: f64 = 1e-5;

/// Number of convolutions before each of the five pools.
pub(super) type Depths = [usize; 5];

pub(super) const VGG11: Depths = [1, 1, 2, 2, 2];
pub(super) const VGG13: Depths = [2, 2, 2, 2, 2];
pub(super) const VGG16: Depths = [2, 2, 3, 3, 3];
pub(super) const VGG19: Depths = [2, 2, 4, 4, 4];

const CHANNELS: [usize; 5] = [64, 128, 256, 512, 512];

pub(super) fn build(net: &mut Net<'_>, depths: Depths, batch_norm: bool) -> Result<NodeId> {
    let relu = Activation::Relu;
    let mut x = net.input();
    let mut index = 0..;
    let mut next = || format!("features.{}", index.next().unwrap_or(0));
    for (depth, channels) in depths.into_iter().zip(CHANNELS) {
        for _ in 0..depth {
            x = net.conv(&next(), x, channels, Kernel::centred(3, 3).bias())?;
            if batch_norm {
                x = net.batch_norm(&next(), x, EPS)?;
            }
            x = net.activation(next(), x, relu);
        }
        x = net.max_pool(next(), x, Kernel::square(2).stride(2), false);
    }
    net.also("features", x);
    let x = net.adaptive_pool("avgpool", x, 7);
    let x = net.flatten("flatten", x, 49);
    let x = net.linear("classifier.0", x, 4096)?;
    let x = net.activation("classifier.1", x, relu);
    let x = net.linear("classifier.3", x, 4096)?;
    let x = net.activation("classifier.4", x, relu);
    net.linear("classifier.6", x, net.outputs("classifier.6"))
}
