//! Writes the network's nodes while the ONNX graph is followed, and computes what is known without an image.

use candle_core::{DType, Device, Tensor};

use super::error::{Result, Why};
use super::value::{Traced, Value};
use crate::graph::{Binary, Node, NodeId, Op, Reduction, TensorOp, Unary, evaluate, result_shape};

/// Values that may be computed of constants in all, whatever the file's size.
const MIN_FOLDED: usize = 1 << 24;

/// Values that may be computed for each one that the file holds.
const FOLDED_PER_STORED: usize = 16;

/// Values that the result of one node may have.
const MAX_VALUES: usize = 1 << 28;

/// A network in the making.
#[derive(Debug)]
pub(super) struct Tracer {
    pub(super) nodes: Vec<Node>,
    /// Of each node's result, for one image.
    pub(super) shapes: Vec<Vec<usize>>,
    /// Which results are feature maps `(1, c, h, w)`.
    maps: Vec<bool>,
    /// For each node, the ONNX node that it was made for.
    pub(super) origins: Vec<Option<usize>>,
    /// The ONNX node at work.
    origin: Option<usize>,
    /// Values of constants that may still be computed.
    allowance: usize,
}

impl Tracer {
    /// A network that reads `channels` planes of `height` rows and `width` columns.
    pub(super) fn new(channels: usize, height: usize, width: usize) -> Self {
        let input = Node { name: "input".into(), op: Op::Input { channels }, inputs: Vec::new() };
        Self {
            nodes: vec![input],
            shapes: vec![vec![1, channels, height, width]],
            maps: vec![true],
            origins: vec![None],
            origin: None,
            allowance: MIN_FOLDED,
        }
    }

    /// An empty network with the input of another one.
    pub(super) fn like(other: &Self) -> Self {
        match other.shapes[0][..] {
            [_, channels, height, width] => Self::new(channels, height, width),
            _ => Self::new(3, 1, 1),
        }
    }

    /// Says which ONNX node the nodes that follow are made for.
    pub(super) fn begin(&mut self, origin: Option<usize>) {
        self.origin = origin;
    }

    /// Whether a node's result is a feature map.
    pub(super) fn is_map(&self, node: NodeId) -> bool {
        self.maps[node.index()]
    }

    /// Appends a node.
    ///
    /// # Errors
    /// If the operation does not fit its inputs, or the result is empty or larger than any network's.
    pub(super) fn push(&mut self, op: Op, inputs: &[NodeId]) -> Result<NodeId> {
        let shapes: Vec<&[usize]> = inputs.iter().map(|id| self.shapes[id.index()].as_slice()).collect();
        let Some(shape) = result_shape(&op, &shapes) else {
            return Err(format!("it does not fit inputs of shape {shapes:?}").into());
        };
        let values = shape.iter().try_fold(1_usize, |product, size| product.checked_mul(*size));
        if values.is_none_or(|n| n == 0 || n > MAX_VALUES) {
            return Err(format!("a result of shape {shape:?} is empty or too large").into());
        }
        let is_map = match &op {
            Op::Tensor(TensorOp::Map { .. }) => true,
            Op::Tensor(_) | Op::Flatten | Op::Linear { .. } => false,
            _ => self.maps[inputs[0].index()],
        };
        self.nodes.push(Node { name: String::new(), op, inputs: inputs.to_vec() });
        self.shapes.push(shape);
        self.maps.push(is_map);
        self.origins.push(self.origin);
        Ok(NodeId(self.nodes.len() - 1))
    }

    /// A node's result as it is.
    pub(super) fn traced(&self, node: NodeId) -> Traced {
        Traced::new(node, self.shapes[node.index()].clone())
    }

    /// Appends a node that reads one value without minding its axes; the result has the same.
    pub(super) fn pointwise(&mut self, op: Op, x: &Traced) -> Result<Traced> {
        let (as_map, channels) = (self.is_map(x.node), x.stored.get(1).copied());
        let mut node = self.push(op, &[x.node])?;
        if let (true, false, Some(channels)) = (as_map, self.is_map(node), channels) {
            node = self.push(Op::Tensor(TensorOp::Map { channels }), &[node])?;
        }
        Ok(x.with_node(node, x.stored.clone()))
    }

    /// A node of the value's own shape and order.
    pub(super) fn plain(&mut self, x: &Traced) -> Result<NodeId> {
        if x.is_plain() {
            return Ok(x.node);
        }
        let (order, shape) = (x.order(), x.shape());
        let mut node = x.node;
        if !order.is_sorted() {
            let single = (0..x.stored.len()).filter(|axis| !order.contains(axis));
            node = self.push(Op::Tensor(TensorOp::Permute(single.chain(order.iter().copied()).collect())), &[node])?;
        }
        if self.shapes[node.index()] != shape {
            node = self.push(Op::Tensor(TensorOp::Reshape(shape)), &[node])?;
        }
        Ok(node)
    }

    /// A node that is the feature map `(1, c, h, w)` of a value of that shape.
    pub(super) fn map(&mut self, x: &Traced) -> Result<NodeId> {
        let &[1, channels, _, _] = x.shape().as_slice() else {
            return Err(format!("it needs a feature map of one image, not a tensor of shape {:?}", x.shape()).into());
        };
        let node = self.plain(x)?;
        if self.is_map(node) { Ok(node) } else { self.push(Op::Tensor(TensorOp::Map { channels }), &[node]) }
    }

    /// A node of the value's own shape and order, of a constant too.
    pub(super) fn node(&mut self, value: &Value) -> Result<NodeId> {
        match value {
            Value::Constant(tensor) => {
                let tensor = tensor.to_dtype(DType::F32)?.contiguous()?;
                self.push(Op::Tensor(TensorOp::Constant(tensor)), &[])
            }
            Value::Traced(traced) => self.plain(traced),
        }
    }

    /// An operation on plain values: computed at once if all are constants.
    pub(super) fn apply(&mut self, op: TensorOp, inputs: &[&Value]) -> Result<Value> {
        let constants: Option<Vec<&Tensor>> = inputs
            .iter()
            .map(|value| match value {
                Value::Constant(tensor) => Some(tensor),
                Value::Traced(_) => None,
            })
            .collect();
        if let Some(constants) = constants {
            return Ok(self.compute(&Op::Tensor(op), &constants)?.into());
        }
        let nodes = inputs.iter().map(|value| self.node(value)).collect::<Result<Vec<_>>>()?;
        let node = self.push(Op::Tensor(op), &nodes)?;
        Ok(self.traced(node).into())
    }

    /// The result of an operation on constants.
    pub(super) fn compute(&mut self, op: &Op, constants: &[&Tensor]) -> Result<Tensor> {
        let shapes: Vec<&[usize]> = constants.iter().map(|tensor| tensor.dims()).collect();
        let Some(shape) = result_shape(op, &shapes) else {
            return Err(format!("it does not fit constants of shape {shapes:?}").into());
        };
        self.spend(shape.iter().product())?;
        if shape.contains(&0) {
            return Ok(Tensor::zeros(shape, constants[0].dtype(), &Device::Cpu)?);
        }
        Ok(evaluate(op, constants)?)
    }

    /// Counts values of constants that are about to be made.
    ///
    /// # Errors
    /// If there would be more than any network needs.
    pub(super) fn spend(&mut self, values: usize) -> Result<()> {
        self.allowance = self.allowance.checked_sub(values).ok_or("its constants are too large")?;
        Ok(())
    }

    /// Raises the limit by what is reasonable for a file that holds so many values.
    pub(super) fn allow(&mut self, stored: usize) {
        self.allowance = self.allowance.saturating_add(stored.saturating_mul(FOLDED_PER_STORED));
    }

    /// The value in another shape of as many values.
    pub(super) fn reshape(&mut self, value: &Value, shape: &[usize]) -> Result<Value> {
        if let Value::Traced(traced) = value
            && let Some(seen) = traced.reshaped(shape)
        {
            return Ok(seen.into());
        }
        self.apply(TensorOp::Reshape(shape.to_vec()), &[value])
    }

    /// The value with its axes in another order.
    pub(super) fn permute(&mut self, value: &Value, permutation: &[usize]) -> Result<Value> {
        let mut sorted = permutation.to_vec();
        sorted.sort_unstable();
        if !sorted.into_iter().eq(0..value.shape().len()) {
            return Err("it lists axes that the value does not have".into());
        }
        match value {
            Value::Traced(traced) => Ok(traced.permuted(permutation).into()),
            Value::Constant(_) => self.apply(TensorOp::Permute(permutation.to_vec()), &[value]),
        }
    }

    /// A function of every value.
    pub(super) fn unary(&mut self, unary: Unary, value: &Value) -> Result<Value> {
        match value {
            Value::Traced(x) => Ok(self.pointwise(Op::Tensor(TensorOp::Unary(unary)), x)?.into()),
            Value::Constant(tensor) if tensor.dtype() == DType::F32 => {
                Ok(self.compute(&Op::Tensor(TensorOp::Unary(unary)), &[tensor])?.into())
            }
            Value::Constant(_) => Err("it is computed for numbers with fractions only".into()),
        }
    }

    /// Arithmetic on plain values.
    pub(super) fn binary(&mut self, binary: Binary, a: &Value, b: &Value) -> Result<Value> {
        self.apply(TensorOp::Binary(binary), &[a, b])
    }

    /// Sums, means or extremes along axes, which stay with one entry.
    pub(super) fn reduce(&mut self, reduction: Reduction, value: &Value, axes: &[usize]) -> Result<Value> {
        self.apply(TensorOp::Reduce { reduction, axes: axes.to_vec() }, &[value])
    }

    /// The node's operation, if it may still be changed: `x` alone reads it.
    pub(super) fn open(&mut self, x: &Traced) -> Option<&mut Op> {
        x.alone.then(|| &mut self.nodes[x.node.index()].op)
    }
}

/// A vector of so many values from a constant of one value or of as many.
pub(super) fn vector(tensor: &Tensor, count: usize) -> Result<Tensor> {
    let tensor = tensor.to_dtype(DType::F32)?.flatten_all()?;
    match tensor.elem_count() {
        n if n == count => Ok(tensor.contiguous()?),
        1 => Ok(tensor.broadcast_as(count)?.contiguous()?),
        n => Err(Why::from(format!("{n} values for {count} channels"))),
    }
}
