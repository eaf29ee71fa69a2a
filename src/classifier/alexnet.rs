//! AlexNet, in torchvision's one-column form (Krizhevsky, "One weird trick for parallelizing convolutional neural networks").

use candle_core::Result;

use crate::blocks::{Kernel, Net};
use crate::graph::{Activation, NodeId};

pub(super) fn build(net: &mut Net<'_>) -> Result<NodeId> {
    let pool = Kernel::square(3).stride(2);
    let relu = Activation::Relu;
    let x = net.conv("features.0", net.input(), 64, Kernel::square(11).stride(4).padding(2).bias())?;
    let x = net.activation("features.1", x, relu);
    let x = net.max_pool("features.2", x, pool, false);
    let x = net.conv("features.3", x, 192, Kernel::centred(5, 5).bias())?;
    let x = net.activation("features.4", x, relu);
    let mut x = net.max_pool("features.5", x, pool, false);
    for (i, out) in [(6, 384), (8, 256), (10, 256)] {
        x = net.conv(&format!("features.{i}"), x, out, Kernel::centred(3, 3).bias())?;
        x = net.activation(format!("features.{}", i + 1), x, relu);
    }
    let x = net.max_pool("features.12", x, pool, false);
    net.also("features", x);
    let x = net.adaptive_pool("avgpool", x, 6);
    let x = net.flatten("flatten", x, 36);
    let x = net.linear("classifier.1", x, 4096)?;
    let x = net.activation("classifier.2", x, relu);
    let x = net.linear("classifier.4", x, 4096)?;
    let x = net.activation("classifier.5", x, relu);
    net.linear("classifier.6", x, net.outputs("classifier.6"))
}
