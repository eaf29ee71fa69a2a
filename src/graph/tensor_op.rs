//! Operations on tensors of any rank: what imported networks have besides layers.
//!
//! Only candle's tensors compute them, one image at a time: their shapes are those of a batch of one.

use candle_core::Tensor;

/// Most values that one result may have, so that a claim in a file cannot ask for all memory.
const MAX_VALUES: usize = 1 << 28;

/// A function of each value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Unary {
    /// `|x|`
    Abs,
    /// `cos x`
    Cos,
    /// `x` where positive, `alpha * (exp(x) - 1)` elsewhere.
    Elu(f32),
    /// The error function.
    Erf,
    /// `exp x`
    Exp,
    /// `ln x`
    Log,
    /// `-x`
    Neg,
    /// `x` to a fixed power.
    Power(f32),
    /// `1 / x`
    Reciprocal,
    /// `sin x`
    Sin,
    /// `ln(1 + exp x)`
    Softplus,
    /// `sqrt x`
    Sqrt,
    /// `tanh x`
    Tanh,
    /// `min(max(x, low), high)`
    Clamp(f32, f32),
}

/// A function of two values, one from each input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "arithmetic")]
pub enum Binary {
    Add,
    Sub,
    Mul,
    Div,
    Min,
    Max,
}

/// How values along axes become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "what is computed")]
pub enum Reduction {
    Sum,
    Mean,
    Max,
    Min,
}

/// An operation on tensors of any rank.
#[derive(Clone, Debug)]
pub enum TensorOp {
    /// No input; always this, f32.
    Constant(Tensor),
    /// One input `(1, c, h, w)`, returned as it is: a feature map from here on.
    Map {
        /// Its channels.
        channels: usize,
    },
    /// One input; the same values in the same order.
    Reshape(Vec<usize>),
    /// One input; axis `i` of the result is the input's axis `permutation[i]`.
    Permute(Vec<usize>),
    /// One input; the entries of an axis that are listed, in that order.
    Select {
        /// Which.
        axis: usize,
        /// Positions along it.
        indices: Vec<u32>,
    },
    /// Two or more inputs that differ along one axis only, joined there in order.
    Join {
        /// Which.
        axis: usize,
    },
    /// One input.
    Unary(Unary),
    /// Two inputs; axes of size 1, and those that one of them lacks in front, are repeated.
    Binary(Binary),
    /// Two inputs `(…, n, k)` and `(…, k, m)`: the matrix products `(…, n, m)`; the axes in front as with [`TensorOp::Binary`].
    MatMul,
    /// One input; `exp(x)` over its sum along an axis.
    Softmax {
        /// Which.
        axis: usize,
    },
    /// One input; the axes stay, of size 1.
    Reduce {
        /// How.
        reduction: Reduction,
        /// Which.
        axes: Vec<usize>,
    },
    /// One input `(…, c)`: [`LayerNorm`](super::Op::LayerNorm) along the last axis.
    Normalise {
        /// `(c)`, f32.
        weight: Tensor,
        /// `(c)`, f32.
        bias: Tensor,
        /// Added to the variance.
        eps: f64,
    },
}

impl TensorOp {
    /// How many inputs it takes; `None` for two or more.
    pub(super) fn inputs(&self) -> Option<usize> {
        match self {
            Self::Constant(_) => Some(0),
            Self::Join { .. } => None,
            Self::Binary(_) | Self::MatMul => Some(2),
            _ => Some(1),
        }
    }

    /// How it is called in messages.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Constant(_) => "a constant",
            Self::Map { .. } => "a feature map",
            Self::Reshape(_) => "a new shape",
            Self::Permute(_) => "an exchange of axes",
            Self::Select { .. } => "a selection",
            Self::Join { .. } => "a joining",
            Self::Unary(_) => "a function",
            Self::Binary(_) => "an arithmetic operation",
            Self::MatMul => "a matrix product",
            Self::Softmax { .. } => "a softmax",
            Self::Reduce { .. } => "a reduction",
            Self::Normalise { .. } => "a normalisation",
        }
    }

    /// The shape of the result, or `None` where the inputs do not fit or the result would be too large.
    pub(super) fn result_shape(&self, inputs: &[&[usize]]) -> Option<Vec<usize>> {
        let shape = self.unlimited_shape(inputs)?;
        values(&shape).map(|_| shape)
    }

    fn unlimited_shape(&self, inputs: &[&[usize]]) -> Option<Vec<usize>> {
        let first = inputs.first().copied().unwrap_or_default();
        let along = |axis: &usize, size: usize| {
            let mut shape = first.to_vec();
            *shape.get_mut(*axis)? = size;
            Some(shape)
        };
        match self {
            Self::Constant(tensor) => Some(tensor.dims().to_vec()),
            Self::Map { channels } => matches!(first, [1, c, _, _] if c == channels).then(|| first.to_vec()),
            Self::Reshape(shape) => (values(shape)? == values(first)?).then(|| shape.clone()),
            Self::Permute(permutation) => {
                let mut sorted = permutation.clone();
                sorted.sort_unstable();
                let each_once = sorted.into_iter().eq(0..first.len());
                each_once.then(|| permutation.iter().map(|axis| first[*axis]).collect())
            }
            Self::Select { axis, indices } => {
                let size = *first.get(*axis)?;
                indices.iter().all(|i| (*i as usize) < size).then(|| along(axis, indices.len()))?
            }
            Self::Join { axis } => {
                let mut size = 0_usize;
                for input in inputs {
                    let others = |shape: &[usize]| [&shape[..*axis], &shape[axis + 1..]].concat();
                    if input.len() != first.len() || *axis >= first.len() || others(input) != others(first) {
                        return None;
                    }
                    size = size.checked_add(input[*axis])?;
                }
                along(axis, size)
            }
            Self::Unary(_) => Some(first.to_vec()),
            Self::Binary(_) => broadcast(first, inputs.get(1)?),
            Self::MatMul => {
                let (&[ref a @ .., n, k], &[ref b @ .., k2, m]) = (first, *inputs.get(1)?) else { return None };
                let mut shape = (k == k2).then(|| broadcast(a, b))??;
                shape.extend([n, m]);
                Some(shape)
            }
            Self::Softmax { axis } => (*axis < first.len()).then(|| first.to_vec()),
            Self::Reduce { axes, .. } => {
                let mut shape = first.to_vec();
                for axis in axes {
                    let size = shape.get_mut(*axis)?;
                    *size = (*size > 0).then_some(1)?;
                }
                Some(shape)
            }
            Self::Normalise { weight, bias, .. } => {
                let last = first.last()?;
                (weight.dims() == [*last] && bias.dims() == [*last]).then(|| first.to_vec())
            }
        }
    }
}

/// How many values a tensor of this shape has, unless they are too many.
fn values(shape: &[usize]) -> Option<usize> {
    shape.iter().try_fold(1_usize, |product, size| product.checked_mul(*size)).filter(|n| *n <= MAX_VALUES)
}

/// The shape of two tensors' combination, value by value.
pub(crate) fn broadcast(a: &[usize], b: &[usize]) -> Option<Vec<usize>> {
    let rank = a.len().max(b.len());
    let size = |shape: &[usize], axis: usize| (axis + shape.len()).checked_sub(rank).map_or(1, |i| shape[i]);
    (0..rank)
        .map(|axis| match (size(a, axis), size(b, axis)) {
            (x, y) if x == y || y == 1 => Some(x),
            (1, y) => Some(y),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_that_fit_have_a_result() {
        type Case<'a> = (TensorOp, &'a [&'a [usize]], Option<Vec<usize>>);
        let cases: [Case<'_>; 9] = [
            (TensorOp::Reshape(vec![1, 6]), &[&[1, 2, 3]], Some(vec![1, 6])),
            (TensorOp::Reshape(vec![1, 5]), &[&[1, 2, 3]], None),
            (TensorOp::Permute(vec![0, 2, 1]), &[&[1, 2, 3]], Some(vec![1, 3, 2])),
            (TensorOp::Permute(vec![0, 2, 2]), &[&[1, 2, 3]], None),
            (TensorOp::Select { axis: 1, indices: vec![1, 1, 0] }, &[&[1, 2]], Some(vec![1, 3])),
            (TensorOp::Select { axis: 1, indices: vec![2] }, &[&[1, 2]], None),
            (TensorOp::Join { axis: 1 }, &[&[1, 2, 3], &[1, 4, 3]], Some(vec![1, 6, 3])),
            (TensorOp::MatMul, &[&[2, 1, 3, 4], &[5, 4, 6]], Some(vec![2, 5, 3, 6])),
            (TensorOp::Binary(Binary::Add), &[&[2, 1, 3], &[4, 1]], Some(vec![2, 4, 3])),
        ];
        for (op, inputs, expected) in cases {
            assert_eq!(op.result_shape(inputs), expected, "{op:?}");
        }
    }

    #[test]
    fn a_result_larger_than_any_network_needs_is_refused() {
        let huge = [1 << 20, 1];
        assert_eq!(TensorOp::Binary(Binary::Add).result_shape(&[&huge, &[1, 1 << 20]]), None);
        assert_eq!(TensorOp::Reshape(vec![usize::MAX, 2]).result_shape(&[&[2]]), None);
    }
}
