//! The architectures by name.

use candle_core::Result;

use super::efficientnet_lite;
use crate::geometry::Size;
use crate::graph::Graph;
use crate::weights::Weights;

/// What a builder must know besides the weights.
#[derive(Clone, Copy, Debug)]
pub struct BuildOptions {
    /// Size of the network's input.
    pub input: Size,
    /// Number of classes.
    pub classes: usize,
}

/// A network that weights can belong to.
#[derive(Clone, Copy, Debug)]
pub struct Architecture {
    /// The card's word for it.
    pub name: &'static str,
    /// The last layer of feature maps: where saliency is computed unless something else is asked for.
    pub target_layer: &'static str,
    /// Writes the network with these weights; it returns logits `(n, classes)`.
    pub build: fn(&Weights, &BuildOptions) -> Result<Graph>,
}

/// Every architecture, in the order that lists show them.
pub const ARCHITECTURES: &[Architecture] = &[Architecture {
    name: "efficientnet-lite0",
    target_layer: "head_act",
    build: efficientnet_lite::efficientnet_lite0,
}];

/// The architecture of this name.
pub fn architecture(name: &str) -> Option<&'static Architecture> {
    ARCHITECTURES.iter().find(|a| a.name == name)
}
