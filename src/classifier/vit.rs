//! Vision transformer (Dosovitskiy et al., arXiv 2010.11929), as torchvision has it; DeiT (Touvron et al., arXiv 2012.12877)
//! without distillation is the same network.
//!
//! The patches are the cells of a map, the class token is a map of one cell. The usual target layer is the first norm of the last
//! block: behind it the network reads the patches and, past it, the class token. So the layer's node carries the class
//! token along, as further channels that are the same in every cell and constant for what follows: their gradients, and
//! with them their weights in a class activation map, are 0.

use candle_core::Result;

use crate::blocks::{Kernel, Net};
use crate::graph::{Activation, Attention, Interpolation, NodeId, Op};

const EPS: f64 = 1e-6;

/// Channels of an attention head.
const HEAD_CHANNELS: usize = 64;

/// Which of the family.
#[derive(Clone, Copy, Debug)]
pub(super) struct ViT {
    /// Side of a patch in pixels.
    pub(super) patch: usize,
    /// Side of the input in pixels.
    pub(super) side: usize,
    /// Number of blocks.
    pub(super) depth: usize,
    /// Length of a token.
    pub(super) channels: usize,
}

impl ViT {
    fn grid(&self) -> usize {
        self.side / self.patch
    }
}

/// Patches and class token between two blocks.
#[derive(Clone, Copy, Debug)]
struct Tokens {
    patches: NodeId,
    class: NodeId,
}

pub(super) fn build(net: &mut Net<'_>, spec: ViT) -> Result<NodeId> {
    let mut tokens = embed(net, spec)?;
    for i in 0..spec.depth - 1 {
        let name = format!("encoder.layers.encoder_layer_{i}");
        let normed = Tokens {
            patches: net.layer_norm(&format!("{name}.ln_1"), tokens.patches, EPS)?,
            class: net.shared_layer_norm(&format!("{name}.ln_1.class"), &format!("{name}.ln_1"), tokens.class, EPS)?,
        };
        let attention = attention(net, &name, spec.channels)?;
        let patches = [normed.patches, normed.class];
        let patches =
            net.push(format!("{name}.self_attention"), Op::Attention(attention.clone()), &patches, spec.channels);
        let class = attend_from_class(net, &name, attention, normed);
        tokens = Tokens {
            patches: feed_forward(net, &name, "", patches, tokens.patches)?,
            class: feed_forward(net, &name, ".class", class, tokens.class)?,
        };
    }
    let name = format!("encoder.layers.encoder_layer_{}", spec.depth - 1);
    let (normed, class) = last_norm(net, &name, tokens, spec)?;
    let attention = attention(net, &name, spec.channels)?;
    let attended = attend_from_class(net, &name, attention, normed);
    let class = feed_forward(net, &name, ".class", attended, class)?;
    let class = net.layer_norm("encoder.ln", class, EPS)?;
    let flat = net.flatten("flatten", class, 1);
    net.linear("heads.head", flat, net.outputs("heads.head"))
}

/// Patches and class token with their positions.
fn embed(net: &mut Net<'_>, spec: ViT) -> Result<Tokens> {
    let (c, grid) = (spec.channels, spec.grid());
    let patch = Kernel::square(spec.patch).stride(spec.patch).bias();
    let patches = net.conv("conv_proj", net.input(), c, patch)?;
    let positions = net.weights().get("encoder.pos_embedding", &[1, grid * grid + 1, c])?.squeeze(0)?;
    let token = net.weights().get("class_token", &[1, 1, c])?.flatten_all()?;
    // The class token is the same for every image: any map's mean times 0, plus the token.
    let shift = (token + positions.get(0)?)?;
    let zero = Op::ChannelAffine { scale: shift.zeros_like()?, shift };
    let mean = net.adaptive_pool("class_token.mean", patches, 1);
    let class = net.push("class_token", zero, &[mean], c);
    let positions = positions.narrow(0, 1, grid * grid)?.t()?.contiguous()?.reshape((c, grid, grid))?;
    let patches = net.push("encoder.pos_embedding", Op::Offset(positions), &[patches], c);
    Ok(Tokens { patches, class })
}

/// The norm of the last block, with the class token carried along: the normed tokens, and the class token as it was.
fn last_norm(net: &mut Net<'_>, name: &str, tokens: Tokens, spec: ViT) -> Result<(Tokens, NodeId)> {
    let (c, grid) = (spec.channels, spec.grid());
    let ln_1 = format!("{name}.ln_1");
    let patches = net.shared_layer_norm(&format!("{ln_1}.patches"), &ln_1, tokens.patches, EPS)?;
    let spread = Op::Upsample { interpolation: Interpolation::Nearest, factor: [grid; 2] };
    let spread = net.push(format!("{ln_1}.carry"), spread, &[tokens.class], c);
    let layer = net.concat(ln_1.clone(), &[patches, spread]);
    let patches = net.push(format!("{ln_1}.map"), Op::Channels { start: 0, count: c }, &[layer], c);
    let carried = net.push(format!("{ln_1}.carried"), Op::Channels { start: c, count: c }, &[layer], c);
    let constant = net.push(format!("{ln_1}.constant"), Op::Detached, &[carried], c);
    let class = net.max_pool(format!("{ln_1}.class_token"), constant, Kernel::square(grid), false);
    let normed = net.shared_layer_norm(&format!("{ln_1}.class"), &ln_1, class, EPS)?;
    Ok((Tokens { patches, class: normed }, class))
}

fn attend_from_class(net: &mut Net<'_>, name: &str, attention: Attention, normed: Tokens) -> NodeId {
    let channels = net.channels(normed.class);
    let inputs = [normed.class, normed.patches];
    net.push(format!("{name}.self_attention.class"), Op::Attention(attention), &inputs, channels)
}

fn attention(net: &Net<'_>, name: &str, c: usize) -> Result<Attention> {
    let get = |part: &str, shape: &[usize]| net.weights().get(&format!("{name}.self_attention.{part}"), shape);
    Ok(Attention {
        weight: get("in_proj_weight", &[3 * c, c])?,
        bias: get("in_proj_bias", &[3 * c])?,
        out_weight: get("out_proj.weight", &[c, c])?,
        out_bias: get("out_proj.bias", &[c])?,
        heads: c / HEAD_CHANNELS,
        window: None,
    })
}

/// What a block does after its attention; `suffix` tells the nodes of one kind of tokens from those of the other.
fn feed_forward(net: &mut Net<'_>, name: &str, suffix: &str, attended: NodeId, input: NodeId) -> Result<NodeId> {
    let c = net.channels(input);
    let node = |part: &str| format!("{name}.{part}{suffix}");
    let middle = net.add(node("add"), attended, input);
    let x = net.shared_layer_norm(&node("ln_2"), &format!("{name}.ln_2"), middle, EPS)?;
    let x = net.shared_linear_over_channels(&node("mlp.0"), &format!("{name}.mlp.0"), x, 4 * c, true)?;
    let x = net.activation(node("mlp.1"), x, Activation::Gelu);
    let x = net.shared_linear_over_channels(&node("mlp.3"), &format!("{name}.mlp.3"), x, c, true)?;
    Ok(net.add(format!("{name}{suffix}"), x, middle))
}
