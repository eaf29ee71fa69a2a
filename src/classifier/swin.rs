//! Swin transformer (Liu et al., arXiv 2103.14030), as torchvision has it. Its tokens are the cells of a map.

use candle_core::{Device, Result, Tensor};

use crate::blocks::{Kernel, Net};
use crate::graph::{Activation, Attention, AttentionWindow, NodeId, Op};

const EPS: f64 = 1e-5;
/// Rows and columns of a window.
const WINDOW: usize = 7;

/// Which of the family.
#[derive(Clone, Copy, Debug)]
pub(super) struct Swin {
    /// Blocks of each stage.
    pub(super) depths: [usize; 4],
    /// Channels of the first stage; each has twice as many as the one before.
    pub(super) channels: usize,
}

/// Channels of an attention head.
const HEAD_CHANNELS: usize = 32;

pub(super) fn build(net: &mut Net<'_>, spec: Swin) -> Result<NodeId> {
    let x = net.conv("features.0.0", net.input(), spec.channels, Kernel::square(4).stride(4).bias())?;
    let mut x = net.layer_norm("features.0.2", x, EPS)?;
    net.also("features.0", x);
    for (i, depth) in spec.depths.into_iter().enumerate() {
        if i > 0 {
            let name = format!("features.{}", 2 * i);
            let channels = net.channels(x);
            x = net.push(format!("{name}.merge"), Op::SpaceToDepth, &[x], 4 * channels);
            x = net.layer_norm(&format!("{name}.norm"), x, EPS)?;
            x = net.linear_over_channels(&format!("{name}.reduction"), x, 2 * channels, false)?;
            net.also(name, x);
        }
        let name = format!("features.{}", 2 * i + 1);
        for block in 0..depth {
            let shift = if block % 2 == 0 { 0 } else { WINDOW / 2 };
            x = residual(net, &format!("{name}.{block}"), x, shift)?;
        }
        net.also(name, x);
    }
    net.also("features", x);
    let x = net.layer_norm("norm", x, EPS)?;
    net.pooled_linear(x, "head")
}

fn residual(net: &mut Net<'_>, name: &str, input: NodeId, shift: usize) -> Result<NodeId> {
    let c = net.channels(input);
    let x = net.layer_norm(&format!("{name}.norm1"), input, EPS)?;
    let attn = format!("{name}.attn");
    let attention = attention(net, &attn, c, shift)?;
    let x = net.push(attn, Op::Attention(attention), &[x], c);
    let middle = net.add(format!("{name}.add"), x, input);
    let x = net.layer_norm(&format!("{name}.norm2"), middle, EPS)?;
    let x = net.linear_over_channels(&format!("{name}.mlp.0"), x, 4 * c, true)?;
    let x = net.activation(format!("{name}.mlp.1"), x, Activation::Gelu);
    let x = net.linear_over_channels(&format!("{name}.mlp.3"), x, c, true)?;
    Ok(net.add(name, x, middle))
}

fn attention(net: &Net<'_>, name: &str, c: usize, shift: usize) -> Result<Attention> {
    let heads = c / HEAD_CHANNELS;
    let get = |part: &str, shape: &[usize]| net.weights().get(&format!("{name}.{part}"), shape);
    let offsets = 2 * WINDOW - 1;
    let table = get("relative_position_bias_table", &[offsets * offsets, heads])?;
    let window = AttentionWindow { side: WINDOW, shift, position_bias: position_bias(&table)? };
    Ok(Attention {
        weight: get("qkv.weight", &[3 * c, c])?,
        bias: get("qkv.bias", &[3 * c])?,
        out_weight: get("proj.weight", &[c, c])?,
        out_bias: get("proj.bias", &[c])?,
        heads,
        window: Some(window),
    })
}

/// From a table `((2 side - 1)^2, heads)` by vertical and horizontal distance to `(heads, side^2, side^2)` by cells.
fn position_bias(table: &Tensor) -> Result<Tensor> {
    let cells = WINDOW * WINDOW;
    let distance = |from: usize, to: usize| (from + WINDOW - 1 - to) as u32;
    let mut rows = Vec::with_capacity(cells * cells);
    for from in 0..cells {
        for to in 0..cells {
            let down = distance(from / WINDOW, to / WINDOW);
            let across = distance(from % WINDOW, to % WINDOW);
            rows.push(down * (2 * WINDOW as u32 - 1) + across);
        }
    }
    let rows = Tensor::from_vec(rows, cells * cells, &Device::Cpu)?;
    table.index_select(&rows, 0)?.t()?.contiguous()?.reshape(((), cells, cells))
}
