//! SqueezeNet (Iandola et al., arXiv 1602.07360).

use candle_core::Result;

use crate::blocks::{Kernel, Net};
use crate::graph::{Activation, NodeId};

/// Which of the two.
#[derive(Clone, Copy, Debug)]
pub(super) enum Version {
    V1_0,
    V1_1,
}

/// Channels that the fire modules squeeze to; they widen to eight times as many. `None` is a pool.
const FIRES_1_0: [Option<usize>; 10] =
    [Some(16), Some(16), Some(32), None, Some(32), Some(48), Some(48), Some(64), None, Some(64)];
const FIRES_1_1: [Option<usize>; 10] =
    [Some(16), Some(16), None, Some(32), Some(32), None, Some(48), Some(48), Some(64), Some(64)];

pub(super) fn build(net: &mut Net<'_>, version: Version) -> Result<NodeId> {
    let (channels, side, fires) = match version {
        Version::V1_0 => (96, 7, FIRES_1_0),
        Version::V1_1 => (64, 3, FIRES_1_1),
    };
    let pool = Kernel::square(3).stride(2);
    let x = net.conv("features.0", net.input(), channels, Kernel::square(side).stride(2).bias())?;
    let x = net.activation("features.1", x, Activation::Relu);
    let mut x = net.max_pool("features.2", x, pool, true);
    for (i, squeezed) in fires.into_iter().enumerate() {
        let name = format!("features.{}", i + 3);
        x = match squeezed {
            Some(squeezed) => fire(net, &name, x, squeezed)?,
            None => net.max_pool(name, x, pool, true),
        };
    }
    net.also("features", x);
    let x = net.conv("classifier.1", x, net.outputs("classifier.1"), Kernel::square(1).bias())?;
    let x = net.activation("classifier.2", x, Activation::Relu);
    let x = net.adaptive_pool("classifier.3", x, 1);
    Ok(net.flatten("flatten", x, 1))
}

fn fire(net: &mut Net<'_>, name: &str, x: NodeId, squeezed: usize) -> Result<NodeId> {
    let relu = Activation::Relu;
    let x = net.conv(&format!("{name}.squeeze"), x, squeezed, Kernel::square(1).bias())?;
    let x = net.activation(format!("{name}.squeeze_activation"), x, relu);
    let one = net.conv(&format!("{name}.expand1x1"), x, 4 * squeezed, Kernel::square(1).bias())?;
    let one = net.activation(format!("{name}.expand1x1_activation"), one, relu);
    let three = net.conv(&format!("{name}.expand3x3"), x, 4 * squeezed, Kernel::centred(3, 3).bias())?;
    let three = net.activation(format!("{name}.expand3x3_activation"), three, relu);
    Ok(net.concat(name, &[one, three]))
}
