//! Operations on tensors of any rank, from primitives that candle can differentiate.

use candle_core::{D, Result, Tensor, bail};

use super::super::{Binary, Reduction, TensorOp, Unary};
use super::positive;

/// The result of an operation whose tensors are in place.
pub(super) fn apply(op: &TensorOp, inputs: &[&Tensor]) -> Result<Tensor> {
    if let TensorOp::Constant(tensor) = op {
        return Ok(tensor.clone());
    }
    let Some(x) = inputs.first().copied() else { bail!("{} without an input", op.name()) };
    match op {
        TensorOp::Constant(tensor) => Ok(tensor.clone()),
        TensorOp::Map { .. } => Ok(x.clone()),
        TensorOp::Reshape(shape) => x.contiguous()?.reshape(shape.as_slice()),
        TensorOp::Permute(permutation) => x.permute(permutation.as_slice())?.contiguous(),
        TensorOp::Select { axis, indices } => select(x, *axis, indices),
        TensorOp::Join { axis } => Tensor::cat(inputs, *axis),
        TensorOp::Unary(unary) => function(*unary, x),
        TensorOp::Binary(binary) => match inputs {
            [a, b] => combine(*binary, a, b),
            _ => bail!("{} needs two inputs", op.name()),
        },
        TensorOp::MatMul => match inputs {
            [a, b] => a.contiguous()?.broadcast_matmul(&b.contiguous()?),
            _ => bail!("{} needs two inputs", op.name()),
        },
        TensorOp::Softmax { axis } => candle_nn::ops::softmax(x, *axis),
        TensorOp::Reduce { reduction, axes } => reduce(*reduction, x, axes),
        TensorOp::Normalise { weight, bias, eps } => {
            let centred = x.broadcast_sub(&x.mean_keepdim(D::Minus1)?)?;
            let deviation = (centred.sqr()?.mean_keepdim(D::Minus1)? + *eps)?.sqrt()?;
            centred.broadcast_div(&deviation)?.broadcast_mul(weight)?.broadcast_add(bias)
        }
    }
}

fn select(x: &Tensor, axis: usize, indices: &[u32]) -> Result<Tensor> {
    let start = indices.first().copied().unwrap_or(0);
    if indices.iter().copied().eq((start..).take(indices.len())) {
        return x.narrow(axis, start as usize, indices.len())?.contiguous();
    }
    x.contiguous()?.index_select(&Tensor::new(indices, x.device())?, axis)
}

fn function(unary: Unary, x: &Tensor) -> Result<Tensor> {
    match unary {
        Unary::Abs => x.abs(),
        Unary::Cos => x.cos(),
        Unary::Elu(alpha) => {
            let below = x.minimum(&x.zeros_like()?)?;
            positive(x, &((below.exp()? - 1.0)? * f64::from(alpha))?)
        }
        Unary::Erf => x.erf(),
        Unary::Exp => x.exp(),
        Unary::Log => x.log(),
        Unary::Neg => x.neg(),
        Unary::Power(2.0) => x.sqr(),
        Unary::Power(exponent) => x.powf(f64::from(exponent)),
        Unary::Reciprocal => x.recip(),
        Unary::Sin => x.sin(),
        // ln(1 + exp x) = max(x, 0) + ln(1 + exp(-|x|)), which does not overflow.
        Unary::Softplus => positive(x, &x.zeros_like()?)? + (x.abs()?.neg()?.exp()? + 1.0)?.log()?,
        Unary::Sqrt => x.sqrt(),
        Unary::Tanh => x.tanh(),
        Unary::Clamp(low, high) => {
            let constant = |value: f32| Tensor::full(value, x.shape(), x.device())?.to_dtype(x.dtype());
            let above = x.gt(&constant(low)?)?.where_cond(x, &constant(low)?)?;
            above.lt(&constant(high)?)?.where_cond(&above, &constant(high)?)
        }
    }
}

fn combine(binary: Binary, a: &Tensor, b: &Tensor) -> Result<Tensor> {
    match binary {
        Binary::Add => a.broadcast_add(b),
        Binary::Sub => a.broadcast_sub(b),
        Binary::Mul => a.broadcast_mul(b),
        Binary::Div => a.broadcast_div(b),
        Binary::Min => a.broadcast_minimum(b),
        Binary::Max => a.broadcast_maximum(b),
    }
}

fn reduce(reduction: Reduction, x: &Tensor, axes: &[usize]) -> Result<Tensor> {
    match reduction {
        Reduction::Sum => x.sum_keepdim(axes),
        Reduction::Mean => x.mean_keepdim(axes),
        Reduction::Max => axes.iter().try_fold(x.clone(), |x, axis| x.max_keepdim(*axis)),
        Reduction::Min => axes.iter().try_fold(x.clone(), |x, axis| x.min_keepdim(*axis)),
    }
}
