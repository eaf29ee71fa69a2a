//! ConvNeXt (Liu et al., arXiv 2201.03545). Its linear layers over channels are convolutions of one cell here.

use candle_core::Result;

use crate::blocks::{Kernel, Net};
use crate::graph::{Activation, NodeId};

const EPS: f64 = 1e-6;

/// Which of the family.
#[derive(Clone, Copy, Debug)]
pub(super) struct ConvNeXt {
    /// Blocks of each stage.
    pub(super) depths: [usize; 4],
    /// Channels of the first stage; each has twice as many as the one before.
    pub(super) channels: usize,
}

pub(super) fn build(net: &mut Net<'_>, spec: ConvNeXt) -> Result<NodeId> {
    let x = net.conv("features.0.0", net.input(), spec.channels, Kernel::square(4).stride(4).bias())?;
    let mut x = net.layer_norm("features.0.1", x, EPS)?;
    net.also("features.0", x);
    for (i, depth) in spec.depths.into_iter().enumerate() {
        if i > 0 {
            let name = format!("features.{}", 2 * i);
            x = net.layer_norm(&format!("{name}.0"), x, EPS)?;
            x = net.conv(&format!("{name}.1"), x, spec.channels << i, Kernel::square(2).stride(2).bias())?;
            net.also(name, x);
        }
        let name = format!("features.{}", 2 * i + 1);
        for block in 0..depth {
            x = residual(net, &format!("{name}.{block}"), x)?;
        }
        net.also(name, x);
    }
    net.also("features", x);
    let x = net.adaptive_pool("avgpool", x, 1);
    let x = net.layer_norm("classifier.0", x, EPS)?;
    let x = net.flatten("classifier.1", x, 1);
    net.linear("classifier.2", x, net.outputs("classifier.2"))
}

fn residual(net: &mut Net<'_>, name: &str, input: NodeId) -> Result<NodeId> {
    let c = net.channels(input);
    let x = net.conv(&format!("{name}.block.0"), input, c, Kernel::centred(7, 7).groups(c).bias())?;
    let x = net.layer_norm(&format!("{name}.block.2"), x, EPS)?;
    let x = net.linear_over_channels(&format!("{name}.block.3"), x, 4 * c, true)?;
    let x = net.activation(format!("{name}.block.4"), x, Activation::Gelu);
    let x = net.linear_over_channels(&format!("{name}.block.5"), x, c, true)?;
    let x = net.channel_scale(&format!("{name}.layer_scale"), x)?;
    Ok(net.add(name, x, input))
}
