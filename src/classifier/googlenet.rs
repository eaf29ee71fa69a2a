//! GoogLeNet (Szegedy et al., arXiv 1409.4842) with batch norm, as torchvision has it: its "5x5" branch convolves 3x3 cells.

use candle_core::Result;

use crate::blocks::{Kernel, Net};
use crate::graph::{Activation, NodeId};

const EPS: f64 = 1e-3;

/// Channels of a module's branches: 1x1; 3x3 with its reduction; "5x5" with its reduction; pool.
type Module = (&'static str, usize, [usize; 2], [usize; 2], usize);

const STAGE_3: [Module; 2] =
    [("inception3a", 64, [96, 128], [16, 32], 32), ("inception3b", 128, [128, 192], [32, 96], 64)];
const STAGE_4: [Module; 5] = [
    ("inception4a", 192, [96, 208], [16, 48], 64),
    ("inception4b", 160, [112, 224], [24, 64], 64),
    ("inception4c", 128, [128, 256], [24, 64], 64),
    ("inception4d", 112, [144, 288], [32, 64], 64),
    ("inception4e", 256, [160, 320], [32, 128], 128),
];
const STAGE_5: [Module; 2] =
    [("inception5a", 256, [160, 320], [32, 128], 128), ("inception5b", 384, [192, 384], [48, 128], 128)];

pub(super) fn build(net: &mut Net<'_>) -> Result<NodeId> {
    let pool = Kernel::square(3).stride(2);
    let x = unit(net, "conv1", net.input(), 64, Kernel::centred(7, 7).stride(2))?;
    let x = net.max_pool("maxpool1", x, pool, true);
    let x = unit(net, "conv2", x, 64, Kernel::square(1))?;
    let x = unit(net, "conv3", x, 192, Kernel::centred(3, 3))?;
    let x = net.max_pool("maxpool2", x, pool, true);
    let x = modules(net, x, &STAGE_3)?;
    let x = net.max_pool("maxpool3", x, pool, true);
    let x = modules(net, x, &STAGE_4)?;
    let x = net.max_pool("maxpool4", x, Kernel::square(2).stride(2), true);
    let x = modules(net, x, &STAGE_5)?;
    net.pooled_linear(x, "fc")
}

fn modules(net: &mut Net<'_>, mut x: NodeId, modules: &[Module]) -> Result<NodeId> {
    for (name, one, three, five, pool) in modules {
        let branch1 = unit(net, &format!("{name}.branch1"), x, *one, Kernel::square(1))?;
        let branch2 = reduced(net, &format!("{name}.branch2"), x, *three)?;
        let branch3 = reduced(net, &format!("{name}.branch3"), x, *five)?;
        let branch4 = net.max_pool(format!("{name}.branch4.0"), x, Kernel::centred(3, 3), true);
        let branch4 = unit(net, &format!("{name}.branch4.1"), branch4, *pool, Kernel::square(1))?;
        x = net.concat(*name, &[branch1, branch2, branch3, branch4]);
    }
    Ok(x)
}

/// A 1x1 convolution, then a 3x3 one.
fn reduced(net: &mut Net<'_>, name: &str, x: NodeId, channels: [usize; 2]) -> Result<NodeId> {
    let x = unit(net, &format!("{name}.0"), x, channels[0], Kernel::square(1))?;
    unit(net, &format!("{name}.1"), x, channels[1], Kernel::centred(3, 3))
}

/// Convolution `name.conv`, batch norm `name.bn`, ReLU.
pub(super) fn unit(net: &mut Net<'_>, name: &str, x: NodeId, out: usize, kernel: Kernel) -> Result<NodeId> {
    let x = net.conv(&format!("{name}.conv"), x, out, kernel)?;
    let x = net.batch_norm(&format!("{name}.bn"), x, EPS)?;
    Ok(net.activation(name, x, Activation::Relu))
}
