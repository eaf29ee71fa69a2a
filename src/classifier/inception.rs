//! Inception v3 (Szegedy et al., arXiv 1512.00567), as torchvision has it; the letters of its modules are torchvision's.

use candle_core::Result;

use super::googlenet::unit;
use crate::blocks::{Kernel, Net};
use crate::graph::NodeId;

const ONE: Kernel = Kernel::square(1);
const THREE: Kernel = Kernel::centred(3, 3);
const HALVING: Kernel = Kernel::square(3).stride(2);
const ROW_3: Kernel = Kernel::centred(1, 3);
const COLUMN_3: Kernel = Kernel::centred(3, 1);
const ROW_7: Kernel = Kernel::centred(1, 7);
const COLUMN_7: Kernel = Kernel::centred(7, 1);

pub(super) fn build(net: &mut Net<'_>) -> Result<NodeId> {
    let x = unit(net, "Conv2d_1a_3x3", net.input(), 32, HALVING)?;
    let x = unit(net, "Conv2d_2a_3x3", x, 32, Kernel::square(3))?;
    let x = unit(net, "Conv2d_2b_3x3", x, 64, THREE)?;
    let x = net.max_pool("maxpool1", x, HALVING, false);
    let x = unit(net, "Conv2d_3b_1x1", x, 80, ONE)?;
    let x = unit(net, "Conv2d_4a_3x3", x, 192, Kernel::square(3))?;
    let x = net.max_pool("maxpool2", x, HALVING, false);
    let x = module_a(net, "Mixed_5b", x, 32)?;
    let x = module_a(net, "Mixed_5c", x, 64)?;
    let x = module_a(net, "Mixed_5d", x, 64)?;
    let x = module_b(net, "Mixed_6a", x)?;
    let x = module_c(net, "Mixed_6b", x, 128)?;
    let x = module_c(net, "Mixed_6c", x, 160)?;
    let x = module_c(net, "Mixed_6d", x, 160)?;
    let x = module_c(net, "Mixed_6e", x, 192)?;
    let x = module_d(net, "Mixed_7a", x)?;
    let x = module_e(net, "Mixed_7b", x)?;
    let x = module_e(net, "Mixed_7c", x)?;
    net.pooled_linear(x, "fc")
}

/// Convolutions one after the other: the last part of each name, its channels, its kernel.
fn chain(net: &mut Net<'_>, module: &str, mut x: NodeId, parts: &[(&str, usize, Kernel)]) -> Result<NodeId> {
    for (name, out, kernel) in parts {
        x = unit(net, &format!("{module}.branch{name}"), x, *out, *kernel)?;
    }
    Ok(x)
}

/// Average pooling and a 1x1 convolution.
fn pooled(net: &mut Net<'_>, module: &str, x: NodeId, out: usize) -> Result<NodeId> {
    let x = net.average_pool(format!("{module}.avg_pool"), x, THREE);
    unit(net, &format!("{module}.branch_pool"), x, out, ONE)
}

fn module_a(net: &mut Net<'_>, name: &str, x: NodeId, pool: usize) -> Result<NodeId> {
    let one = chain(net, name, x, &[("1x1", 64, ONE)])?;
    let five = chain(net, name, x, &[("5x5_1", 48, ONE), ("5x5_2", 64, Kernel::centred(5, 5))])?;
    let double = chain(net, name, x, &[("3x3dbl_1", 64, ONE), ("3x3dbl_2", 96, THREE), ("3x3dbl_3", 96, THREE)])?;
    let pool = pooled(net, name, x, pool)?;
    Ok(net.concat(name, &[one, five, double, pool]))
}

fn module_b(net: &mut Net<'_>, name: &str, x: NodeId) -> Result<NodeId> {
    let three = chain(net, name, x, &[("3x3", 384, HALVING)])?;
    let double = chain(net, name, x, &[("3x3dbl_1", 64, ONE), ("3x3dbl_2", 96, THREE), ("3x3dbl_3", 96, HALVING)])?;
    let pool = net.max_pool(format!("{name}.max_pool"), x, HALVING, false);
    Ok(net.concat(name, &[three, double, pool]))
}

fn module_c(net: &mut Net<'_>, name: &str, x: NodeId, narrow: usize) -> Result<NodeId> {
    let one = chain(net, name, x, &[("1x1", 192, ONE)])?;
    let seven = chain(net, name, x, &[("7x7_1", narrow, ONE), ("7x7_2", narrow, ROW_7), ("7x7_3", 192, COLUMN_7)])?;
    let double = [
        ("7x7dbl_1", narrow, ONE),
        ("7x7dbl_2", narrow, COLUMN_7),
        ("7x7dbl_3", narrow, ROW_7),
        ("7x7dbl_4", narrow, COLUMN_7),
        ("7x7dbl_5", 192, ROW_7),
    ];
    let double = chain(net, name, x, &double)?;
    let pool = pooled(net, name, x, 192)?;
    Ok(net.concat(name, &[one, seven, double, pool]))
}

fn module_d(net: &mut Net<'_>, name: &str, x: NodeId) -> Result<NodeId> {
    let three = chain(net, name, x, &[("3x3_1", 192, ONE), ("3x3_2", 320, HALVING)])?;
    let seven = [("7x7x3_1", 192, ONE), ("7x7x3_2", 192, ROW_7), ("7x7x3_3", 192, COLUMN_7), ("7x7x3_4", 192, HALVING)];
    let seven = chain(net, name, x, &seven)?;
    let pool = net.max_pool(format!("{name}.max_pool"), x, HALVING, false);
    Ok(net.concat(name, &[three, seven, pool]))
}

fn module_e(net: &mut Net<'_>, name: &str, x: NodeId) -> Result<NodeId> {
    let one = chain(net, name, x, &[("1x1", 320, ONE)])?;
    let three = chain(net, name, x, &[("3x3_1", 384, ONE)])?;
    let row = chain(net, name, three, &[("3x3_2a", 384, ROW_3)])?;
    let column = chain(net, name, three, &[("3x3_2b", 384, COLUMN_3)])?;
    let double = chain(net, name, x, &[("3x3dbl_1", 448, ONE), ("3x3dbl_2", 384, THREE)])?;
    let double_row = chain(net, name, double, &[("3x3dbl_3a", 384, ROW_3)])?;
    let double_column = chain(net, name, double, &[("3x3dbl_3b", 384, COLUMN_3)])?;
    let pool = pooled(net, name, x, 192)?;
    Ok(net.concat(name, &[one, row, column, double_row, double_column, pool]))
}
