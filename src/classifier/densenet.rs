//! DenseNet (Huang et al., arXiv 1608.06993).

use candle_core::Result;

use crate::blocks::{Kernel, Net};
use crate::graph::{Activation, NodeId};

const EPS: f64 = 1e-5;

/// Which of the family.
#[derive(Clone, Copy, Debug)]
pub(super) struct DenseNet {
    /// Layers of each block.
    pub(super) depths: [usize; 4],
    /// Channels that a layer adds.
    pub(super) growth: usize,
}

pub(super) fn build(net: &mut Net<'_>, spec: DenseNet) -> Result<NodeId> {
    let x = net.conv("features.conv0", net.input(), 2 * spec.growth, Kernel::centred(7, 7).stride(2))?;
    let x = norm_relu(net, "features.norm0", "features.relu0", x)?;
    let mut x = net.max_pool("features.pool0", x, Kernel::centred(3, 3).stride(2), false);
    for (i, depth) in spec.depths.into_iter().enumerate() {
        let block = format!("features.denseblock{}", i + 1);
        for layer in 1..=depth {
            let new = dense_layer(net, &format!("{block}.denselayer{layer}"), x, spec.growth)?;
            let name = if layer == depth { block.clone() } else { format!("{block}.cat{layer}") };
            x = net.concat(name, &[x, new]);
        }
        if i < 3 {
            let transition = format!("features.transition{}", i + 1);
            x = norm_relu(net, &format!("{transition}.norm"), &format!("{transition}.relu"), x)?;
            x = net.conv(&format!("{transition}.conv"), x, net.channels(x) / 2, Kernel::square(1))?;
            x = net.average_pool(format!("{transition}.pool"), x, Kernel::square(2).stride(2));
            net.also(transition, x);
        }
    }
    let x = net.batch_norm("features.norm5", x, EPS)?;
    net.also("features", x);
    let x = net.activation("head_act", x, Activation::Relu);
    net.pooled_linear(x, "classifier")
}

/// The channels that one layer adds.
fn dense_layer(net: &mut Net<'_>, name: &str, x: NodeId, growth: usize) -> Result<NodeId> {
    let x = norm_relu(net, &format!("{name}.norm1"), &format!("{name}.relu1"), x)?;
    let x = net.conv(&format!("{name}.conv1"), x, 4 * growth, Kernel::square(1))?;
    let x = norm_relu(net, &format!("{name}.norm2"), &format!("{name}.relu2"), x)?;
    let x = net.conv(&format!("{name}.conv2"), x, growth, Kernel::centred(3, 3))?;
    net.also(name, x);
    Ok(x)
}

fn norm_relu(net: &mut Net<'_>, norm: &str, relu: &str, x: NodeId) -> Result<NodeId> {
    let x = net.batch_norm(norm, x, EPS)?;
    Ok(net.activation(relu, x, Activation::Relu))
}
