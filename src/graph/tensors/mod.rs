//! A graph run on candle's tensors: on any device, in f32 or f64, with gradients through every operation.
//!
//! candle 0.11 returns wrong gradients, or none, for pooling, upsampling and strided convolution of some sizes, and gives the
//! activations' kinks another derivative than PyTorch. Here every operation is put together from primitives whose
//! gradients hold; the tests compare each with finite differences.

mod attention;
mod conv;
mod depthwise;
mod general;
mod resample;
mod reverse;
mod window;

use candle_core::{DType, Device, Result, Tensor, bail};

use self::attention::MultiHead;
use self::conv::Convolution;
use self::resample::Resampling;
use super::{Activation, Graph, Op, Pool2d, PoolKind, TensorOp};

pub use self::reverse::{Backward, Rule, Trace};

/// A graph with its weights on a device.
#[derive(Debug)]
pub struct TensorNet {
    graph: Graph,
    steps: Vec<Step>,
    /// For each node, the last node that reads it.
    last_reader: Vec<usize>,
    device: Device,
    dtype: DType,
}

/// An operation with its weights where and as they are needed.
#[derive(Debug)]
enum Step {
    Input,
    Convolution(Convolution),
    /// Both `(1, c, 1, 1)`.
    ChannelAffine(Tensor, Tensor),
    /// Weight and bias, both `(1, c, 1, 1)`, and what is added to the variance.
    LayerNorm(Tensor, Tensor, f64),
    Attention(MultiHead),
    /// `(1, c, h, w)`
    Offset(Tensor),
    SpaceToDepth,
    Channels(usize, usize),
    Detached,
    Activation(Activation),
    Add,
    Mul,
    Concat,
    MaxPool(Pool2d),
    Resample(Resampling),
    Flatten,
    /// `(in, out)` and `(out)`.
    Linear(Tensor, Option<Tensor>),
    General(TensorOp),
}

impl TensorNet {
    /// Brings a graph to a device, in f32.
    ///
    /// # Errors
    /// If the device refuses.
    pub fn new(graph: &Graph, device: &Device) -> Result<Self> {
        Self::with_dtype(graph, device, DType::F32)
    }

    /// Brings a graph to a device, computing in `dtype` (f32 or f64).
    ///
    /// # Errors
    /// If the device refuses.
    pub fn with_dtype(graph: &Graph, device: &Device, dtype: DType) -> Result<Self> {
        let steps = graph.nodes().iter().map(|n| Step::new(&n.op, device, dtype)).collect::<Result<_>>()?;
        let mut last_reader: Vec<usize> = (0..graph.nodes().len()).collect();
        for (i, node) in graph.nodes().iter().enumerate() {
            for input in &node.inputs {
                last_reader[input.0] = i;
            }
        }
        for output in graph.outputs() {
            last_reader[output.0] = usize::MAX;
        }
        Ok(Self { graph: graph.clone(), steps, last_reader, device: device.clone(), dtype })
    }

    /// The network itself.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// The network's outputs, on its device.
    ///
    /// On the CPU, and with a [`TensorOp`] in the network, every sample is computed by itself, so its result does not depend on what
    /// else is in the batch.
    ///
    /// # Shapes
    /// `input`: `(n, c, h, w)`, any float type and device, `n >= 1`. Results: as the graph's outputs, batch first.
    ///
    /// # Errors
    /// If an operation does not fit its input, or the device fails.
    pub fn forward(&self, input: &Tensor) -> Result<Vec<Tensor>> {
        let (n, c, h, w) = input.dims4()?;
        let shapes = self.graph.shapes(1, h, w)?;
        if n == 0 || shapes[0][1] != c {
            bail!("the network reads {} channels of at least one image, not {:?}", shapes[0][1], input.dims())
        }
        let input = input.to_device(&self.device)?.to_dtype(self.dtype)?;
        if n == 1 || (!self.device.is_cpu() && self.graph.takes_batches()) {
            return self.run(&input);
        }
        let samples = (0..n).map(|i| self.run(&input.narrow(0, i, 1)?)).collect::<Result<Vec<_>>>()?;
        (0..self.graph.outputs().len())
            .map(|o| Tensor::cat(&samples.iter().map(|s| &s[o]).collect::<Vec<_>>(), 0))
            .collect()
    }

    fn run(&self, input: &Tensor) -> Result<Vec<Tensor>> {
        let mut results: Vec<Option<Tensor>> = vec![None; self.steps.len()];
        for (i, (step, node)) in self.steps.iter().zip(self.graph.nodes()).enumerate() {
            let inputs: Vec<&Tensor> = match step {
                Step::Input => vec![input],
                _ => node.inputs.iter().map(|id| results[id.0].as_ref().expect("kept until its last reader")).collect(),
            };
            let result = step.apply(&inputs).map_err(|e| e.context(format!("in {}", node.name)))?;
            for input in &node.inputs {
                if self.last_reader[input.0] == i {
                    results[input.0] = None;
                }
            }
            results[i] = Some(result);
        }
        Ok(self.graph.outputs().iter().map(|o| results[o.0].clone().expect("outputs are kept")).collect())
    }
}

/// The result of one operation without a network around it.
///
/// # Errors
/// If it does not fit its inputs.
pub(crate) fn evaluate(op: &Op, inputs: &[&Tensor]) -> Result<Tensor> {
    match op {
        // Integers too.
        Op::Tensor(op) => general::apply(op, inputs),
        op => Step::new(op, &Device::Cpu, DType::F32)?.apply(inputs),
    }
}

impl Step {
    fn new(op: &Op, device: &Device, dtype: DType) -> Result<Self> {
        let place = |t: &Tensor| t.to_device(device)?.to_dtype(dtype);
        let per_channel = |t: &Tensor| place(t)?.reshape((1, t.elem_count(), 1, 1));
        Ok(match op {
            Op::Input { .. } => Self::Input,
            Op::Conv2d(conv) => Self::Convolution(Convolution::new(conv, device, dtype)?),
            Op::ChannelAffine { scale, shift } => Self::ChannelAffine(per_channel(scale)?, per_channel(shift)?),
            Op::LayerNorm { weight, bias, eps } => Self::LayerNorm(per_channel(weight)?, per_channel(bias)?, *eps),
            Op::Attention(attention) => Self::Attention(MultiHead::new(attention, device, dtype)?),
            Op::Offset(values) => Self::Offset(place(values)?.unsqueeze(0)?),
            Op::SpaceToDepth => Self::SpaceToDepth,
            Op::Channels { start, count } => Self::Channels(*start, *count),
            Op::Detached => Self::Detached,
            Op::Activation(activation) => Self::Activation(*activation),
            Op::Add => Self::Add,
            Op::Mul => Self::Mul,
            Op::Concat => Self::Concat,
            Op::Pool2d(pool) => match pool.kind {
                PoolKind::Max => Self::MaxPool(*pool),
                PoolKind::Average { count_padding } => {
                    Self::Resample(Resampling::Average { pool: *pool, count_padding })
                }
            },
            Op::AdaptiveAvgPool { output } => Self::Resample(Resampling::AdaptiveAverage { output: *output }),
            Op::Upsample { interpolation, factor } => {
                Self::Resample(Resampling::Upsample { interpolation: *interpolation, factor: *factor })
            }
            Op::Flatten => Self::Flatten,
            Op::Linear { weight, bias } => {
                // A view: on the CPU the weights stay the graph's own.
                Self::Linear(place(weight)?.t()?, bias.as_ref().map(place).transpose()?)
            }
            Op::Tensor(TensorOp::Constant(tensor)) => Self::General(TensorOp::Constant(place(tensor)?)),
            Op::Tensor(TensorOp::Normalise { weight, bias, eps }) => {
                Self::General(TensorOp::Normalise { weight: place(weight)?, bias: place(bias)?, eps: *eps })
            }
            Op::Tensor(op) => Self::General(op.clone()),
        })
    }

    fn apply(&self, inputs: &[&Tensor]) -> Result<Tensor> {
        if let Self::General(op) = self {
            return general::apply(op, inputs);
        }
        let x = inputs[0];
        match self {
            Self::Input | Self::General(_) => Ok(x.clone()),
            Self::Convolution(conv) => conv.apply(x),
            Self::ChannelAffine(scale, shift) => x.broadcast_mul(scale)?.broadcast_add(shift),
            Self::LayerNorm(weight, bias, eps) => {
                let centred = x.broadcast_sub(&x.mean_keepdim(1)?)?;
                let deviation = (centred.sqr()?.mean_keepdim(1)? + *eps)?.sqrt()?;
                centred.broadcast_div(&deviation)?.broadcast_mul(weight)?.broadcast_add(bias)
            }
            Self::Attention(attention) => attention.apply(inputs),
            Self::Offset(values) => x.broadcast_add(values),
            Self::SpaceToDepth => space_to_depth(x),
            Self::Channels(start, count) => x.narrow(1, *start, *count),
            Self::Detached => Ok(x.detach()),
            Self::Activation(activation) => activate(*activation, x),
            Self::Add => x + inputs[1],
            Self::Mul => x.broadcast_mul(inputs[1]),
            Self::Concat => Tensor::cat(inputs, 1),
            Self::MaxPool(pool) => window::max_pool(x, pool),
            Self::Resample(resampling) => resampling.apply(x),
            Self::Flatten => x.flatten_from(1),
            Self::Linear(weight, bias) => {
                let (inner, out) = weight.dims2()?;
                let mut shape = x.dims().to_vec();
                let y = x.reshape(((), inner))?.matmul(weight)?;
                if let Some(last) = shape.last_mut() {
                    *last = out;
                }
                let y = match bias {
                    Some(bias) => y.broadcast_add(bias)?,
                    None => y,
                };
                y.reshape(shape)
            }
        }
    }
}

/// The four cells of each 2 x 2 block behind each other, column by column.
fn space_to_depth(x: &Tensor) -> Result<Tensor> {
    let (n, c, h, w) = x.dims4()?;
    let x = x.pad_with_zeros(2, 0, h % 2)?.pad_with_zeros(3, 0, w % 2)?;
    let (h, w) = (h.div_ceil(2), w.div_ceil(2));
    let x = x.reshape(vec![n, c, h, 2, w, 2])?.permute(vec![0, 5, 3, 1, 2, 4])?; // (n, x, y, c, h, w)
    x.contiguous()?.reshape((n, 4 * c, h, w))
}

/// An activation whose derivative at a kink is PyTorch's: 0 for the clamped ones, the slope for the leaky one.
fn activate(activation: Activation, x: &Tensor) -> Result<Tensor> {
    match activation {
        Activation::Relu => positive(x, &x.zeros_like()?),
        Activation::Relu6 => relu6(x),
        Activation::LeakyRelu(slope) => positive(x, &(x * f64::from(slope))?),
        Activation::Silu => x * candle_nn::ops::sigmoid(x)?,
        Activation::HardSwish => (x * relu6(&(x + 3.0)?)?)? / 6.0,
        Activation::HardSigmoid => relu6(&(x + 3.0)?)? / 6.0,
        Activation::Sigmoid => candle_nn::ops::sigmoid(x),
        Activation::Gelu => x.gelu_erf(),
    }
}

/// `x` where it is above 0, `otherwise` elsewhere.
fn positive(x: &Tensor, otherwise: &Tensor) -> Result<Tensor> {
    x.gt(0.0)?.where_cond(x, otherwise)
}

fn relu6(x: &Tensor) -> Result<Tensor> {
    let six = (x.zeros_like()? + 6.0)?;
    x.lt(6.0)?.where_cond(&positive(x, &x.zeros_like()?)?, &six)
}

#[cfg(test)]
mod gradient_tests;
