//! A backward pass whose rule can be changed: gradients at every node, guided backprop, excitation backprop.
//!
//! candle's own backward pass keeps only what belongs to variables and knows one rule. Here a trace keeps what a rule needs of the
//! nodes, and seeds at some nodes are passed from each node to those it reads, one operation at a time.

use std::collections::BTreeSet;

use candle_core::{DType, Error, Result, Storage, Tensor, Var, bail};

use super::super::{Activation, Graph, NodeId, Op, Pool2d, PoolKind};
use super::{Step, TensorNet};
use crate::graph::TensorOp;
use crate::kernels::{Isa, weighted_rows};

/// What a node passes to the nodes it reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// The gradient.
    Gradient,
    /// The gradient, of which ReLU and ReLU6 pass on what is positive (Springenberg et al. 2015).
    Guided,
    /// Excitation backprop (Zhang et al. 2016): what reaches a node is shared out among its inputs in proportion to their positive
    /// values times positive weights. Biases take nothing; a maximum passes all to the winner; what has one input passes all
    /// to it. A gate (squeeze-excitation) counts as a weight. Where no input is positive, what arrives is lost.
    Excitation,
}

/// A pass back through a network: where it begins, by which rule it goes, and how far.
#[derive(Clone, Copy)]
#[expect(missing_debug_implementations, reason = "it asks a function")]
pub struct Backward<'a> {
    /// What is passed back at some nodes' results; shapes as theirs.
    pub seeds: &'a [(NodeId, Tensor)],
    /// What a node passes on.
    pub rule: Rule,
    /// The last node that something reaches; those before it stay without.
    pub last: NodeId,
    /// Whether [`Op::Detached`] lets gradients pass. What is carried past a target layer is constant for maps of that layer, but
    /// not for those of the network's input.
    pub through_detached: bool,
    /// Asked at every node; the pass ends with an error where it says so.
    pub cancelled: &'a dyn Fn() -> bool,
}

impl<'a> Backward<'a> {
    /// From `seeds` to the input, but for what is detached, whatever happens meanwhile.
    pub fn new(seeds: &'a [(NodeId, Tensor)], rule: Rule) -> Self {
        Self { seeds, rule, last: NodeId::INPUT, through_detached: false, cancelled: &|| false }
    }
}

/// What the nodes of a network returned for a batch, as far as a way back needs it.
#[derive(Debug)]
pub struct Trace {
    values: Vec<Option<Tensor>>,
    /// Of every node's result.
    shapes: Vec<Vec<usize>>,
}

impl Trace {
    /// From the results of some nodes and the shapes of all.
    pub(in crate::graph) fn new(values: Vec<Option<Tensor>>, shapes: Vec<Vec<usize>>) -> Self {
        Self { values, shapes }
    }

    /// A node's result.
    ///
    /// # Errors
    /// If it was not kept.
    pub fn value(&self, node: NodeId) -> Result<&Tensor> {
        let Some(value) = &self.values[node.0] else { bail!("the result of node {} was not kept", node.0) };
        Ok(value)
    }

    /// The shape of a node's result.
    pub fn shape(&self, node: NodeId) -> &[usize] {
        &self.shapes[node.0]
    }

    /// The part of one image of the batch.
    ///
    /// # Errors
    /// If there is no such image.
    pub fn image(&self, i: usize) -> Result<Self> {
        let values = self.values.iter().map(|v| v.as_ref().map(|v| v.narrow(0, i, 1)).transpose());
        let one = |shape: &Vec<usize>| [&[1], &shape[1..]].concat();
        Ok(Self { values: values.collect::<Result<_>>()?, shapes: self.shapes.iter().map(one).collect() })
    }

    /// A node's result; where it was not kept, zeros in its place, for an operation whose gradient does not depend on it.
    fn value_or_zeros(&self, node: NodeId, like: &TensorNet) -> Result<Tensor> {
        match &self.values[node.0] {
            Some(value) => Ok(value.clone()),
            None => Tensor::zeros(self.shapes[node.0].as_slice(), like.dtype, &like.device),
        }
    }
}

impl Graph {
    /// The nodes whose results the gradients depend on: what is read by operations that are not linear. The input is not
    /// among them.
    pub(in crate::graph) fn kept_for_gradients(&self) -> Vec<NodeId> {
        let linear = |op: &Op| {
            matches!(
                op,
                Op::Input { .. }
                    | Op::Conv2d(_)
                    | Op::Linear { .. }
                    | Op::ChannelAffine { .. }
                    | Op::Add
                    | Op::Concat
                    | Op::AdaptiveAvgPool { .. }
                    | Op::Pool2d(Pool2d { kind: PoolKind::Average { .. }, .. })
                    | Op::Upsample { .. }
                    | Op::Offset(_)
                    | Op::SpaceToDepth
                    | Op::Channels { .. }
                    | Op::Detached
                    | Op::Flatten
            )
        };
        let read = self.nodes().iter().filter(|node| !linear(&node.op)).flat_map(|node| node.inputs.iter().copied());
        let kept: BTreeSet<NodeId> = read.filter(|node| *node != NodeId::INPUT).collect();
        kept.into_iter().collect()
    }
}

impl TensorNet {
    /// Runs the network and keeps every node's result; `cancelled` is asked at every node.
    ///
    /// # Shapes
    /// As [`TensorNet::forward`], but the batch is computed as one.
    ///
    /// # Errors
    /// If an operation does not fit its input, the device fails, or somebody cancels.
    pub fn trace(&self, input: &Tensor, cancelled: &dyn Fn() -> bool) -> Result<Trace> {
        if !self.graph.takes_batches() && input.dim(0)? != 1 {
            bail!("this network sees one image at a time, not {}", input.dim(0)?)
        }
        let input = input.to_device(&self.device)?.to_dtype(self.dtype)?.detach();
        let mut values: Vec<Tensor> = Vec::with_capacity(self.steps.len());
        for (step, node) in self.steps.iter().zip(self.graph.nodes()) {
            if cancelled() {
                bail!("cancelled")
            }
            let inputs: Vec<&Tensor> = match step {
                Step::Input => vec![&input],
                _ => node.inputs.iter().map(|id| &values[id.0]).collect(),
            };
            let value = step.apply(&inputs).map_err(|e| e.context(format!("in {}", node.name)))?;
            values.push(value.detach());
        }
        let shapes = values.iter().map(|value| value.dims().to_vec()).collect();
        Ok(Trace { values: values.into_iter().map(Some).collect(), shapes })
    }

    /// What reaches each node.
    ///
    /// # Shapes
    /// What reaches a node has the shape of the node's result. `None` for nodes that no seed depends on.
    ///
    /// # Errors
    /// If a seed does not fit its node, the device fails, or somebody cancels.
    pub fn pull_back(&self, trace: &Trace, backward: &Backward<'_>) -> Result<Vec<Option<Tensor>>> {
        let Backward { seeds, rule, last, through_detached, cancelled } = *backward;
        let mut reached: Vec<Option<Tensor>> = vec![None; self.steps.len()];
        for (node, seed) in seeds {
            if seed.dims() != trace.shape(*node) {
                bail!("a seed {:?} for {:?}", seed.dims(), trace.shape(*node))
            }
            add_to(&mut reached[node.0], seed.to_device(&self.device)?.to_dtype(self.dtype)?)?;
        }
        for i in (last.0..self.steps.len()).rev() {
            let Some(arrived) = reached[i].clone() else { continue };
            let node = &self.graph.nodes()[i];
            if node.inputs.iter().all(|input| input.0 < last.0) {
                continue;
            }
            if cancelled() {
                bail!("cancelled")
            }
            let inputs = match rule {
                Rule::Gradient | Rule::Guided => {
                    node.inputs.iter().map(|id| trace.value_or_zeros(*id, self)).collect::<Result<Vec<_>>>()?
                }
                Rule::Excitation => {
                    node.inputs.iter().map(|id| trace.value(*id).cloned()).collect::<Result<Vec<_>>>()?
                }
            };
            let inputs: Vec<&Tensor> = inputs.iter().collect();
            let parts = match rule {
                _ if through_detached && matches!(self.steps[i], Step::Detached) => Ok(vec![arrived]),
                Rule::Gradient => self.steps[i].gradient(&inputs, &arrived),
                Rule::Guided => self.steps[i].guided(&inputs, &arrived),
                Rule::Excitation => self.steps[i].excitation(&inputs, &arrived),
            };
            let parts = parts.map_err(|e| e.context(format!("behind {}", node.name)))?;
            for (input, part) in node.inputs.iter().zip(parts) {
                add_to(&mut reached[input.0], part)?;
            }
        }
        Ok(reached)
    }
}

fn add_to(sum: &mut Option<Tensor>, part: Tensor) -> Result<()> {
    *sum = Some(match sum.take() {
        Some(so_far) => (so_far + part)?,
        None => part,
    });
    Ok(())
}

impl Step {
    /// The gradient with respect to each input of `sum(result * arrived)`.
    fn gradient(&self, inputs: &[&Tensor], arrived: &Tensor) -> Result<Vec<Tensor>> {
        match self {
            Self::Convolution(conv) => {
                let (_, _, h, w) = inputs[0].dims4()?;
                Ok(vec![conv.pull_back(arrived, [h, w])?])
            }
            Self::Linear(weight, _) => Ok(vec![times_matrix(arrived, &weight.t()?)?]),
            _ => self.gradient_by_candle(inputs, arrived),
        }
    }

    fn gradient_by_candle(&self, inputs: &[&Tensor], arrived: &Tensor) -> Result<Vec<Tensor>> {
        let variables = inputs.iter().map(|x| Var::from_tensor(x)).collect::<Result<Vec<_>>>()?;
        let tensors: Vec<&Tensor> = variables.iter().map(|v| v.as_tensor()).collect();
        let mut gradients = (self.apply(&tensors)? * arrived)?.sum_all()?.backward()?;
        tensors.iter().map(|x| gradients.remove(x).map_or_else(|| x.zeros_like(), Ok)).collect()
    }

    fn guided(&self, inputs: &[&Tensor], arrived: &Tensor) -> Result<Vec<Tensor>> {
        match self {
            Self::Activation(Activation::Relu | Activation::Relu6) => self.gradient(inputs, &arrived.relu()?),
            _ => self.gradient(inputs, arrived),
        }
    }

    fn excitation(&self, inputs: &[&Tensor], arrived: &Tensor) -> Result<Vec<Tensor>> {
        match self {
            Self::Input => Ok(Vec::new()),
            Self::Activation(_) | Self::ChannelAffine(..) | Self::LayerNorm(..) => Ok(vec![arrived.clone()]),
            Self::Offset(_) => Ok(vec![arrived.clone()]),
            Self::Flatten
            | Self::Concat
            | Self::MaxPool(_)
            | Self::SpaceToDepth
            | Self::Channels(..)
            | Self::Detached => self.gradient(inputs, arrived),
            Self::General(
                TensorOp::Map { .. }
                | TensorOp::Reshape(_)
                | TensorOp::Permute(_)
                | TensorOp::Select { .. }
                | TensorOp::Join { .. },
            ) => self.gradient(inputs, arrived),
            Self::General(TensorOp::Unary(_) | TensorOp::Normalise { .. }) => Ok(vec![arrived.clone()]),
            Self::General(op) => bail!("excitation backprop is not defined for {}", op.name()),
            Self::Attention(_) => bail!("excitation backprop is not defined for attention"),
            Self::Mul => Ok(vec![arrived.clone(), inputs[1].zeros_like()?]),
            Self::Convolution(conv) => Self::Convolution(conv.positive()?).shared(inputs, arrived),
            Self::Linear(weight, _) => Self::Linear(weight.relu()?, None).shared(inputs, arrived),
            Self::Add | Self::Resample(_) => self.shared(inputs, arrived),
        }
    }

    /// Shares `arrived` out among the inputs of an operation that sums them with weights `>= 0`: `a * J^T (arrived / J a)` for the
    /// positive parts `a` of the inputs.
    fn shared(&self, inputs: &[&Tensor], arrived: &Tensor) -> Result<Vec<Tensor>> {
        let active = inputs.iter().map(|x| x.relu()).collect::<Result<Vec<_>>>()?;
        let active: Vec<&Tensor> = active.iter().collect();
        let total = self.apply(&active)?;
        let some = total.gt(0.0)?;
        let divisor = some.where_cond(&total, &total.ones_like()?)?;
        let rate = some.where_cond(&(arrived / divisor)?, &total.zeros_like()?)?;
        let parts = self.gradient(&active, &rate)?;
        parts.iter().zip(active).map(|(part, a)| part * a).collect()
    }
}

/// `x (…, n)` times a matrix `(n, m)`.
fn times_matrix(x: &Tensor, matrix: &Tensor) -> Result<Tensor> {
    let (n, m) = matrix.dims2()?;
    let mut shape = x.dims().to_vec();
    if let Some(last) = shape.last_mut() {
        *last = m;
    }
    let rows = x.reshape(((), n))?;
    let product = match row_times_matrix(&rows, matrix)? {
        Some(values) => Tensor::from_vec(values, (1, m), x.device())?,
        None => rows.matmul(matrix)?,
    };
    product.reshape(shape)
}

/// The product of one row `(1, n)` with a matrix `(n, m)`, where both are f32 in the processor's memory: bound by how fast that is
/// read, of which a row of zeros and others needs but a part.
fn row_times_matrix(row: &Tensor, matrix: &Tensor) -> Result<Option<Vec<f32>>> {
    let (n, m) = matrix.dims2()?;
    if row.dims() != [1, n] || row.dtype() != DType::F32 || !row.device().is_cpu() || !matrix.is_contiguous() {
        return Ok(None);
    }
    let row = row.flatten_all()?.to_vec1::<f32>()?;
    let (storage, layout) = matrix.storage_and_layout();
    let Storage::Cpu(storage) = &*storage else { return Ok(None) };
    let values = &storage.as_slice::<f32>()?[layout.start_offset()..][..n * m];
    let mut out = vec![0.0; m];
    weighted_rows(Isa::from_env().map_err(Error::wrap)?, &row, values, &mut out);
    Ok(Some(out))
}

#[cfg(test)]
mod tests {
    use super::super::super::{Conv2d, GraphBuilder, Padding};
    use super::*;
    use candle_core::Device;

    fn pixel(values: &[f32]) -> Result<Tensor> {
        Tensor::from_slice(values, (1, values.len(), 1, 1), &Device::Cpu)
    }

    /// A fully connected network written as a 1 x 1 convolution with a bias, and its result behind `act`.
    fn dense(weight: &[f32], inputs: usize, activation: Activation) -> Result<Graph> {
        let out = weight.len() / inputs;
        let weight = Tensor::from_slice(weight, (out, inputs, 1, 1), &Device::Cpu)?;
        let bias = Some(Tensor::ones(out, candle_core::DType::F32, &Device::Cpu)?);
        let conv = Conv2d { weight, bias, stride: [1, 1], padding: Padding::default(), dilation: [1, 1], groups: 1 };
        let mut builder = GraphBuilder::new(inputs);
        let conv = builder.push("conv", Op::Conv2d(conv), &[builder.input()]);
        let act = builder.push("act", Op::Activation(activation), &[conv]);
        builder.finish(&[act])
    }

    fn reaching_the_input(graph: &Graph, input: &Tensor, seed: &Tensor, rule: Rule) -> Result<Vec<f32>> {
        let net = TensorNet::new(graph, &Device::Cpu)?;
        let trace = net.trace(input, &|| false)?;
        let reached = net.pull_back(&trace, &Backward::new(&[(graph.outputs()[0], seed.clone())], rule))?;
        reached[0].as_ref().map_or_else(|| bail!("nothing arrived"), |r| r.flatten_all()?.to_vec1())
    }

    #[test]
    fn excitation_is_shared_by_positive_weight_times_activation() -> Result<()> {
        // Two outputs of three inputs; the second output's weights are positive for the last input only.
        let graph = dense(&[1.0, 3.0, -5.0, -1.0, -1.0, 2.0], 3, Activation::Relu)?;
        let x = pixel(&[2.0, 1.0, 4.0])?;
        let got = reaching_the_input(&graph, &x, &pixel(&[0.5, 0.5])?, Rule::Excitation)?;
        // Of the first half 2 : 3 to the first two, the second half whole to the last.
        assert_eq!(got, [0.2, 0.3, 0.5]);
        Ok(())
    }

    #[test]
    fn excitation_is_lost_where_nothing_is_positive() -> Result<()> {
        let graph = dense(&[-1.0, -2.0], 2, Activation::Relu)?;
        let got = reaching_the_input(&graph, &pixel(&[1.0, 1.0])?, &pixel(&[1.0])?, Rule::Excitation)?;
        assert_eq!(got, [0.0, 0.0]);
        Ok(())
    }

    #[test]
    fn guided_gradients_pass_where_gradient_and_activation_are_positive() -> Result<()> {
        // Before the activation: 1 + x = 3, -1, 2, 9.
        let graph = dense(&[1., 0., 0., 0., 0., 1., 0., 0., 0., 0., 1., 0., 0., 0., 0., 1.], 4, Activation::Relu6)?;
        let (x, seed) = (pixel(&[2.0, -2.0, 1.0, 8.0])?, pixel(&[1.0, 1.0, -1.0, 1.0])?);
        assert_eq!(reaching_the_input(&graph, &x, &seed, Rule::Guided)?, [1.0, 0.0, 0.0, 0.0]);
        assert_eq!(reaching_the_input(&graph, &x, &seed, Rule::Gradient)?, [1.0, 0.0, -1.0, 0.0]);
        Ok(())
    }

    #[test]
    fn nothing_passes_the_last_node() -> Result<()> {
        let graph = dense(&[1.0, 3.0], 2, Activation::Relu)?;
        let net = TensorNet::new(&graph, &Device::Cpu)?;
        let trace = net.trace(&pixel(&[2.0, 1.0])?, &|| false)?;
        let seeds = [(NodeId(2), pixel(&[1.0])?)];
        let backward = Backward { last: NodeId(1), ..Backward::new(&seeds, Rule::Gradient) };
        let reached = net.pull_back(&trace, &backward)?;
        assert!(reached[0].is_none() && reached[1].is_some());
        Ok(())
    }

    #[test]
    fn what_is_detached_lets_gradients_pass_only_if_it_is_asked_to() -> Result<()> {
        let mut builder = GraphBuilder::new(1);
        let detached = builder.push("carried", Op::Detached, &[builder.input()]);
        let sum = builder.push("sum", Op::Add, &[detached, builder.input()]);
        let net = TensorNet::new(&builder.finish(&[sum])?, &Device::Cpu)?;
        let trace = net.trace(&pixel(&[2.0])?, &|| false)?;
        let seeds = [(sum, pixel(&[1.0])?)];
        let arrived = |through_detached| -> Result<Vec<f32>> {
            let backward = Backward { through_detached, ..Backward::new(&seeds, Rule::Gradient) };
            let reached = net.pull_back(&trace, &backward)?.swap_remove(0);
            reached.map_or_else(|| bail!("nothing arrived"), |r| r.flatten_all()?.to_vec1())
        };
        assert_eq!((arrived(false)?, arrived(true)?), (vec![1.0], vec![2.0]));
        Ok(())
    }

    #[test]
    fn passes_end_at_the_node_at_which_somebody_cancels() -> Result<()> {
        let graph = dense(&[1.0, 3.0], 2, Activation::Relu)?;
        let net = TensorNet::new(&graph, &Device::Cpu)?;
        let asked = std::cell::Cell::new(0);
        let after_one = || asked.replace(asked.get() + 1) == 1;
        assert!(net.trace(&pixel(&[2.0, 1.0])?, &after_one).is_err());
        assert_eq!(asked.replace(0), 2);
        let trace = net.trace(&pixel(&[2.0, 1.0])?, &|| false)?;
        let seeds = [(NodeId(2), pixel(&[1.0])?)];
        let backward = Backward { cancelled: &after_one, ..Backward::new(&seeds, Rule::Gradient) };
        assert!(net.pull_back(&trace, &backward).is_err());
        assert_eq!(asked.get(), 2);
        Ok(())
    }
}
