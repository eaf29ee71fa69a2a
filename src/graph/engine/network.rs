//! A graph after fusion: fewer, larger layers, independent of the input's size.
//!
//! A batch norm is folded into the convolution or linear layer that it alone reads, activations and residual additions
//! become part of the layer before them, and a maximum pooling is remembered with its convolution. What must stay visible
//! (the graph's outputs, results with several readers) is never fused away.

use std::sync::Arc;

use candle_core::{Result, bail};

use super::weights::{Affine, ConvWeights, LayerNormWeights, LinearWeights};
use crate::graph::{self, Activation, Graph, Interpolation, NodeId, Op, Pool2d, PoolKind};
use crate::kernels::Isa;
use crate::kernels::activation::Act;

/// A network as the engine computes it.
#[derive(Debug)]
pub(super) struct Network {
    /// What it was made of.
    pub(super) graph: Graph,
    /// Layers in the order of computation; the first one is the input.
    pub(super) layers: Vec<Layer>,
    /// The layers whose results are returned.
    pub(super) outputs: Vec<usize>,
}

/// A layer and what it reads.
#[derive(Debug)]
pub(super) struct Layer {
    /// Its last node in the graph, whose result is the layer's.
    pub(super) node: usize,
    /// That node's name.
    pub(super) name: String,
    /// What it computes.
    pub(super) kind: Kind,
    /// Earlier layers.
    pub(super) inputs: Vec<usize>,
    /// Of a product: its node, and the last batch norm that its weights contain (else itself).
    product: Option<[usize; 2]>,
}

/// What a layer computes.
#[derive(Debug)]
pub(super) enum Kind {
    /// The network's input.
    Input,
    /// Reads the map and, if there are two inputs, a residual that is added before the activation.
    Conv { weights: Arc<ConvWeights>, act: Act, pool: Option<Pool2d> },
    /// A linear layer over flat values, with a residual like a convolution's.
    Linear { weights: Arc<LinearWeights>, act: Act },
    /// Scale and shift for each channel.
    Affine { affine: Arc<Affine>, act: Act },
    /// A function alone.
    Activation(Act),
    /// Sum of two maps.
    Add(Act),
    /// Product of two maps, or of a map and one value a channel.
    Mul(Act),
    /// Channels of several maps, one after the other.
    Concat,
    /// Windows of a map.
    Pool(Pool2d),
    /// Means over PyTorch's adaptive windows.
    AdaptiveAvgPool([usize; 2]),
    /// Enlarges by whole factors.
    Upsample(Interpolation, [usize; 2]),
    /// Normalisation over the channels of each pixel.
    LayerNorm(Arc<LayerNormWeights>),
    /// A map as one row of values.
    Flatten,
}

impl Network {
    /// Fuses a graph's nodes into layers.
    ///
    /// # Errors
    /// If the graph has no input, or weights have the wrong shape or type.
    pub(super) fn new(graph: &Graph, isa: Isa) -> Result<Self> {
        Fusion::new(graph, isa, &[]).run()
    }

    /// The same network with the results of further nodes: those up to which weights are folded, so that the packed weights
    /// are shared.
    ///
    /// # Errors
    /// As [`Network::new`].
    pub(super) fn also_returning(&self, nodes: &[NodeId], isa: Isa) -> Result<Self> {
        Fusion::new(&self.graph.also_returning(nodes), isa, &self.layers).run()
    }
}

/// The way from nodes to layers.
struct Fusion<'a> {
    graph: &'a Graph,
    isa: Isa,
    /// Layers of the same nodes, whose weights may be packed already.
    packed: &'a [Layer],
    /// For each node, the nodes that read it.
    readers: Vec<Vec<usize>>,
    /// Nodes whose result is returned.
    is_output: Vec<bool>,
    /// A layer in place of the node that is its last; `None` for nodes inside a layer.
    layers: Vec<Option<Layer>>,
    absorbed: Vec<bool>,
}

/// What follows a product and is computed with it.
#[derive(Default)]
struct Tail {
    affine: Option<Affine>,
    /// The product's node and the last batch norm in `affine`.
    folded: [usize; 2],
    residual: Option<usize>,
    act: Option<Act>,
    pool: Option<Pool2d>,
}

impl<'a> Fusion<'a> {
    fn new(graph: &'a Graph, isa: Isa, packed: &'a [Layer]) -> Self {
        let count = graph.nodes().len();
        let mut readers = vec![Vec::new(); count];
        for (i, node) in graph.nodes().iter().enumerate() {
            for input in &node.inputs {
                readers[input.0].push(i);
            }
        }
        let mut is_output = vec![false; count];
        for output in graph.outputs() {
            is_output[output.0] = true;
        }
        let layers = (0..count).map(|_| None).collect();
        Self { graph, isa, packed, readers, is_output, layers, absorbed: vec![false; count] }
    }

    fn run(mut self) -> Result<Network> {
        for node in 0..self.graph.nodes().len() {
            if !self.absorbed[node] {
                self.fuse(node)?;
            }
        }
        // number the layers that are left
        let mut number = vec![usize::MAX; self.layers.len()];
        let mut count = 0;
        for (node, layer) in self.layers.iter().enumerate() {
            if layer.is_some() {
                number[node] = count;
                count += 1;
            }
        }
        let mut layers: Vec<Layer> = self.layers.into_iter().flatten().collect();
        for layer in &mut layers {
            for input in &mut layer.inputs {
                *input = number[*input];
            }
        }
        if !matches!(layers.first(), Some(Layer { kind: Kind::Input, .. })) {
            bail!("the graph does not begin with its input")
        }
        let outputs = self.graph.outputs().iter().map(|o| number[o.0]).collect();
        Ok(Network { graph: self.graph.clone(), layers, outputs })
    }

    /// The one node that reads a result which nothing else needs.
    fn only_reader(&self, node: usize) -> Option<usize> {
        match self.readers[node][..] {
            [reader] if !self.is_output[node] => Some(reader),
            _ => None,
        }
    }

    /// Makes a layer of a node and of what can be computed with it.
    fn fuse(&mut self, node: usize) -> Result<()> {
        let inputs: Vec<usize> = self.graph.nodes()[node].inputs.iter().map(|i| i.0).collect();
        let name = &self.graph.nodes()[node].name;
        let in_layer = |e: candle_core::Error| e.context(format!("layer {name}"));
        match &self.graph.nodes()[node].op {
            Op::Input { .. } => self.finish(node, Kind::Input, inputs),
            Op::Conv2d(conv) => {
                let (last, tail) = self.tail(node, true)?;
                let weights = match self.packed(tail.folded) {
                    Some(Kind::Conv { weights, .. }) => weights.clone(),
                    _ => Arc::new(ConvWeights::new(conv, tail.affine, self.isa).map_err(in_layer)?),
                };
                let kind = Kind::Conv { weights, act: tail.act.unwrap_or(Act::Identity), pool: tail.pool };
                self.finish_product(last, kind, inputs.into_iter().chain(tail.residual).collect(), tail.folded);
            }
            Op::Linear { weight, bias } => {
                let (last, tail) = self.tail(node, false)?;
                let weights = match self.packed(tail.folded) {
                    Some(Kind::Linear { weights, .. }) => weights.clone(),
                    _ => Arc::new(LinearWeights::new(weight, bias.as_ref(), tail.affine, self.isa).map_err(in_layer)?),
                };
                let kind = Kind::Linear { weights, act: tail.act.unwrap_or(Act::Identity) };
                self.finish_product(last, kind, inputs.into_iter().chain(tail.residual).collect(), tail.folded);
            }
            Op::ChannelAffine { scale, shift } => {
                let affine = Arc::new(Affine::new(scale, shift).map_err(in_layer)?);
                let (last, act) = self.activation_after(node);
                self.finish(last, Kind::Affine { affine, act }, inputs);
            }
            Op::Activation(activation) => self.finish(node, Kind::Activation(act(*activation)), inputs),
            Op::Add => {
                let (last, act) = self.activation_after(node);
                self.finish(last, Kind::Add(act), inputs);
            }
            Op::Mul => {
                let (last, act) = self.activation_after(node);
                self.finish(last, Kind::Mul(act), inputs);
            }
            Op::Concat => self.finish(node, Kind::Concat, inputs),
            Op::Pool2d(pool) => self.finish(node, Kind::Pool(*pool), inputs),
            Op::AdaptiveAvgPool { output } => self.finish(node, Kind::AdaptiveAvgPool(*output), inputs),
            Op::Upsample { interpolation, factor } => {
                self.finish(node, Kind::Upsample(*interpolation, *factor), inputs);
            }
            Op::LayerNorm { weight, bias, eps } => {
                let weights = LayerNormWeights::new(weight, bias, *eps).map_err(in_layer)?;
                self.finish(node, Kind::LayerNorm(Arc::new(weights)), inputs);
            }
            Op::Flatten => self.finish(node, Kind::Flatten, inputs),
            Op::Attention(_)
            | Op::Offset(_)
            | Op::SpaceToDepth
            | Op::Channels { .. }
            | Op::Detached
            | Op::Tensor(_) => {
                bail!("{name}: the CPU engine has no such operation")
            }
        }
        Ok(())
    }

    fn finish(&mut self, last: usize, kind: Kind, inputs: Vec<usize>) {
        let name = self.graph.nodes()[last].name.clone();
        self.layers[last] = Some(Layer { node: last, name, kind, inputs, product: None });
    }

    fn finish_product(&mut self, last: usize, kind: Kind, inputs: Vec<usize>, folded: [usize; 2]) {
        self.finish(last, kind, inputs);
        if let Some(layer) = &mut self.layers[last] {
            layer.product = Some(folded);
        }
    }

    /// The layer of the same product with the same batch norms.
    fn packed(&self, folded: [usize; 2]) -> Option<&'a Kind> {
        self.packed.iter().find(|layer| layer.product == Some(folded)).map(|layer| &layer.kind)
    }

    /// The activation that alone reads a node, absorbed, and the last node of the two.
    fn activation_after(&mut self, node: usize) -> (usize, Act) {
        if let Some(reader) = self.only_reader(node)
            && let Op::Activation(activation) = &self.graph.nodes()[reader].op
        {
            self.absorbed[reader] = true;
            return (reader, act(*activation));
        }
        (node, Act::Identity)
    }

    /// Absorbs what follows a product: batch norms, one residual addition, an activation and a maximum pooling.
    fn tail(&mut self, product: usize, pools: bool) -> Result<(usize, Tail)> {
        let mut tail = Tail { folded: [product; 2], ..Tail::default() };
        let mut last = product;
        while let Some(reader) = self.only_reader(last) {
            let open = tail.act.is_none() && tail.pool.is_none();
            match &self.graph.nodes()[reader].op {
                Op::ChannelAffine { scale, shift } if open && tail.residual.is_none() => {
                    let next = Affine::new(scale, shift)?;
                    tail.affine = Some(match tail.affine.take() {
                        Some(first) => first.then(&next)?,
                        None => next,
                    });
                    tail.folded[1] = reader;
                }
                Op::Add if open && tail.residual.is_none() && self.is_residual(last, reader) => {
                    tail.residual = self.graph.nodes()[reader].inputs.iter().map(|i| i.0).find(|i| *i != last);
                }
                Op::Activation(activation) if open => tail.act = Some(act(*activation)),
                Op::Pool2d(pool) if pools && pool.kind == PoolKind::Max && tail.pool.is_none() => {
                    if tail.residual.is_some() {
                        break;
                    }
                    tail.pool = Some(*pool);
                }
                _ => break,
            }
            self.absorbed[reader] = true;
            last = reader;
        }
        Ok((last, tail))
    }

    /// Whether an addition belongs to the product that ends with `last`: to the later of two, so that the other one's
    /// result is the residual.
    fn is_residual(&self, last: usize, addition: usize) -> bool {
        let later = self.graph.nodes()[addition].inputs.iter().map(|i| i.0).max();
        later.is_some_and(|later| {
            let product =
                matches!(self.graph.nodes()[later].op, Op::Conv2d(_) | Op::Linear { .. } | Op::ChannelAffine { .. });
            later == last || !product
        })
    }
}

/// The kernels' name of an activation.
pub(super) fn act(activation: Activation) -> Act {
    match activation {
        graph::Activation::Relu => Act::Relu,
        graph::Activation::Relu6 => Act::Relu6,
        graph::Activation::LeakyRelu(slope) => Act::LeakyRelu(slope),
        graph::Activation::Silu => Act::Silu,
        graph::Activation::HardSwish => Act::HardSwish,
        graph::Activation::HardSigmoid => Act::HardSigmoid,
        graph::Activation::Sigmoid => Act::Sigmoid,
        graph::Activation::Gelu => Act::Gelu,
    }
}
