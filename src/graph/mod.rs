//! What a network is: nodes, their operations and weights, independent of who computes them.
//!
//! Comes in: a network written once through [`GraphBuilder`], with its weights. Goes out: a [`Graph`] that a back end runs
//! (candle's tensors with gradients and on any device; the CPU engine), that is cut at a target layer, and whose shapes
//! are known for any input size. May not live here: architectures (they are callers), files, images.
//!
//! # Shapes
//! Feature maps are `(n, c, h, w)`, f32; the batch `n`, and for most networks `h` and `w`, are free.

mod engine;
mod network;
mod rewrite;
mod shape;
mod split;
mod tensor_op;
mod tensors;

use candle_core::{Result, Tensor, bail};

pub use engine::{CpuNet, Output};
pub use network::Network;
pub(crate) use shape::result_shape;
pub use split::CutError;
pub(crate) use tensor_op::broadcast;
pub use tensor_op::{Binary, Reduction, TensorOp, Unary};
pub(crate) use tensors::evaluate;
pub use tensors::{Backward, Rule, TensorNet, Trace};

/// Index of a node in its graph; nodes are stored in an order in which inputs come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub(crate) usize);

impl NodeId {
    /// The input: every graph's first node.
    pub const INPUT: Self = Self(0);

    /// Position in [`Graph::nodes`] and in [`Graph::shapes`].
    pub fn index(self) -> usize {
        self.0
    }
}

/// Rows and columns of zeros (for maximum pooling: of minus infinity) added on each side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[expect(missing_docs, reason = "the four sides")]
pub struct Padding {
    pub top: usize,
    pub left: usize,
    pub bottom: usize,
    pub right: usize,
}

impl Padding {
    /// The same on all four sides.
    pub const fn same(p: usize) -> Self {
        Self { top: p, left: p, bottom: p, right: p }
    }
}

/// Function applied to every value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Activation {
    /// `max(x, 0)`
    Relu,
    /// `min(max(x, 0), 6)`
    Relu6,
    /// `x` where positive, `slope * x` elsewhere.
    LeakyRelu(f32),
    /// `x * sigmoid(x)`
    Silu,
    /// `x * relu6(x + 3) / 6`
    HardSwish,
    /// `relu6(x + 3) / 6`
    HardSigmoid,
    /// `1 / (1 + exp(-x))`
    Sigmoid,
    /// `x/2 * (1 + erf(x / sqrt 2))`
    Gelu,
}

/// A convolution over a feature map.
#[derive(Clone, Debug)]
pub struct Conv2d {
    /// `(out, in / groups, kh, kw)`, f32, on the CPU.
    pub weight: Tensor,
    /// `(out)`, f32, on the CPU.
    pub bias: Option<Tensor>,
    /// Vertical and horizontal step.
    pub stride: [usize; 2],
    /// Zeros around the input.
    pub padding: Padding,
    /// Vertical and horizontal distance of kernel taps.
    pub dilation: [usize; 2],
    /// Number of channel groups; equal to the channels for a depthwise convolution.
    pub groups: usize,
}

/// Which value of a window a pooling keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoolKind {
    /// The largest; padding never wins.
    Max,
    /// The mean; `count_padding` says whether padded zeros count in the divisor.
    Average {
        /// Whether the divisor is the full window.
        count_padding: bool,
    },
}

/// A pooling over windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pool2d {
    /// What is kept.
    pub kind: PoolKind,
    /// Height and width of a window.
    pub kernel: [usize; 2],
    /// Vertical and horizontal step.
    pub stride: [usize; 2],
    /// Border around the input.
    pub padding: Padding,
    /// Whether a last window may hang over the edge (it must start inside the input or the leading padding).
    pub ceil_mode: bool,
}

/// How an upsampling fills in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interpolation {
    /// Repeats cells.
    Nearest,
    /// Bilinear with half-pixel centres and clamped edges (PyTorch's `align_corners=False`).
    Bilinear,
}

/// Attention of the cells of one map to the cells of that map and others, by several heads (Vaswani et al., arXiv 1706.03762);
/// of `c` channels, `d = c / heads` are a head's.
#[derive(Clone, Debug)]
pub struct Attention {
    /// `(3c, c)`, f32: queries, keys and values.
    pub weight: Tensor,
    /// `(3c)`, f32.
    pub bias: Tensor,
    /// `(c, c)`, f32: from the heads' results, side by side, to the result.
    pub out_weight: Tensor,
    /// `(c)`, f32.
    pub out_bias: Tensor,
    /// Number of heads.
    pub heads: usize,
    /// The part of the map that a cell attends to; all of every input without it. With it there is one input.
    pub window: Option<AttentionWindow>,
}

/// Square windows that attention is restricted to (Swin; Liu et al., arXiv 2103.14030). A map that they do not fill is padded
/// with zeros at the bottom and right.
#[derive(Clone, Debug)]
pub struct AttentionWindow {
    /// Rows and columns of a window.
    pub side: usize,
    /// By how many cells the windows lie below and right of the map's edge, with the map thought of as a torus on which cells
    /// of opposite edges do not see each other; 0 along a side that one window covers.
    pub shift: usize,
    /// `(heads, side^2, side^2)`, f32: added to the scores, from each cell of a window to each.
    pub position_bias: Tensor,
}

/// What a node computes from its inputs.
#[derive(Clone, Debug)]
pub enum Op {
    /// The network's input.
    Input {
        /// Its number of channels.
        channels: usize,
    },
    /// One input.
    Conv2d(Conv2d),
    /// One input; `x * scale + shift` for each channel: a batch norm with fixed statistics.
    ChannelAffine {
        /// `(c)`, f32: `gamma / sqrt(var + eps)`
        scale: Tensor,
        /// `(c)`, f32: `beta - mean * scale`
        shift: Tensor,
    },
    /// One input, any shape.
    Activation(Activation),
    /// Two inputs of one shape.
    Add,
    /// Two inputs of one shape, or the second with one value a channel `(n, c, 1, 1)` (squeeze-excitation).
    Mul,
    /// Two or more inputs that differ in channels only, joined in order.
    Concat,
    /// One input.
    Pool2d(Pool2d),
    /// One input; mean over the windows of PyTorch's adaptive average pooling.
    AdaptiveAvgPool {
        /// Height and width of the result.
        output: [usize; 2],
    },
    /// One input; enlarged by whole factors.
    Upsample {
        /// How.
        interpolation: Interpolation,
        /// Vertical and horizontal factor.
        factor: [usize; 2],
    },
    /// One input `(n, c, h, w)`; the channels of each cell less their mean, over `sqrt(variance + eps)`, times `weight` plus
    /// `bias` (Ba et al., arXiv 1607.06450).
    LayerNorm {
        /// `(c)`, f32.
        weight: Tensor,
        /// `(c)`, f32.
        bias: Tensor,
        /// Added to the variance.
        eps: f64,
    },
    /// One input, or several of equally many channels: what the cells of the first attend to in all. Shape of the first.
    Attention(Attention),
    /// One input; plus a constant map `(c, h, w)`, f32.
    Offset(Tensor),
    /// One input `(n, c, h, w)`, result `(n, 4c, ceil(h / 2), ceil(w / 2))`: the cells of each 2 x 2 block, column by column, one behind
    /// the other; zeros where the map ends.
    SpaceToDepth,
    /// One input; some of its channels.
    Channels {
        /// The first.
        start: usize,
        /// How many.
        count: usize,
    },
    /// One input, returned as it is, but as a constant: no gradient passes unless a [`Backward`] asks for it.
    Detached,
    /// One input `(n, c, h, w)`, result `(n, c * h * w)`.
    Flatten,
    /// One input `(…, in)`, result `(…, out)`.
    Linear {
        /// `(out, in)`, f32.
        weight: Tensor,
        /// `(out)`, f32.
        bias: Option<Tensor>,
    },
    /// What is no layer: an operation on tensors of any rank, for one image at a time.
    Tensor(TensorOp),
}

/// A node: an operation on the results of earlier nodes.
#[derive(Clone, Debug)]
pub struct Node {
    /// The module's name in the checkpoint's own terms (`layer4`, `features.20`), unique; a target layer is chosen by it.
    pub name: String,
    /// What it computes.
    pub op: Op,
    /// What it reads, each earlier in the graph.
    pub inputs: Vec<NodeId>,
}

/// A network: nodes in an order in which inputs come first, one `Op::Input` at the start, and named outputs.
#[derive(Clone, Debug)]
pub struct Graph {
    nodes: Vec<Node>,
    outputs: Vec<NodeId>,
    /// Second names of nodes.
    aliases: Vec<(String, NodeId)>,
}

impl Graph {
    /// All nodes, inputs before users.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The node behind an id of this graph.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0]
    }

    /// What a forward pass returns, in order.
    pub fn outputs(&self) -> &[NodeId] {
        &self.outputs
    }

    /// Whether every operation is one for whole batches; other networks see one image at a time.
    pub(crate) fn takes_batches(&self) -> bool {
        !self.nodes.iter().any(|node| matches!(node.op, Op::Tensor(_)))
    }

    /// The node of this name, or of this second name.
    pub fn find(&self, name: &str) -> Option<NodeId> {
        let node = self.nodes.iter().position(|n| n.name == name).map(NodeId);
        node.or_else(|| self.aliases.iter().find(|(alias, _)| alias == name).map(|(_, node)| *node))
    }

    /// All names of a node, its own first.
    pub fn names(&self, id: NodeId) -> impl Iterator<Item = &str> {
        let aliases = self.aliases.iter().filter(move |(_, node)| *node == id);
        std::iter::once(self.node(id).name.as_str()).chain(aliases.map(|(alias, _)| alias.as_str()))
    }
}

/// Writes a network node by node.
#[derive(Debug)]
pub struct GraphBuilder {
    nodes: Vec<Node>,
    aliases: Vec<(String, NodeId)>,
}

impl GraphBuilder {
    /// A network that reads `channels` planes.
    pub fn new(channels: usize) -> Self {
        Self {
            nodes: vec![Node { name: "input".into(), op: Op::Input { channels }, inputs: Vec::new() }],
            aliases: Vec::new(),
        }
    }

    /// The network's input.
    pub fn input(&self) -> NodeId {
        NodeId(0)
    }

    /// Appends a node and returns its id.
    ///
    /// # Panics
    /// If an input is not an earlier node of this builder.
    pub fn push(&mut self, name: impl Into<String>, op: Op, inputs: &[NodeId]) -> NodeId {
        assert!(inputs.iter().all(|i| i.0 < self.nodes.len()), "an input must be an earlier node");
        self.nodes.push(Node { name: name.into(), op, inputs: inputs.to_vec() });
        NodeId(self.nodes.len() - 1)
    }

    /// Gives a node a second name, as of a module that returns what its last child returns.
    pub fn also(&mut self, name: impl Into<String>, node: NodeId) {
        self.aliases.push((name.into(), node));
    }

    /// Closes the network.
    ///
    /// # Errors
    /// If two nodes share a name or an operation has the wrong number of inputs.
    pub fn finish(self, outputs: &[NodeId]) -> Result<Graph> {
        let mut names = std::collections::BTreeSet::new();
        for name in self.nodes.iter().map(|n| &n.name).chain(self.aliases.iter().map(|(name, _)| name)) {
            if !names.insert(name.as_str()) {
                bail!("two nodes are named {name}")
            }
        }
        for node in &self.nodes {
            let wrong = match &node.op {
                Op::Input { .. } => !node.inputs.is_empty(),
                Op::Add | Op::Mul => node.inputs.len() != 2,
                Op::Concat => node.inputs.len() < 2,
                Op::Attention(Attention { window: None, .. }) => node.inputs.is_empty(),
                Op::Tensor(op) => op.inputs().map_or(node.inputs.len() < 2, |n| node.inputs.len() != n),
                _ => node.inputs.len() != 1,
            };
            if wrong {
                bail!("{} has {} inputs", node.name, node.inputs.len())
            }
        }
        Ok(Graph { nodes: self.nodes, outputs: outputs.to_vec(), aliases: self.aliases })
    }
}
