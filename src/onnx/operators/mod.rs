//! What each ONNX operator means, in nodes of the graph.
//!
//! The definitions are those of the ONNX standard (`docs/Operators.md`), in the versions that exporters still write.

mod arithmetic;
mod convolution;
mod folding;
mod functions;
mod linear;
mod norm;
mod pool;
mod rearrange;
mod reduce;
mod resize;

use candle_core::{DType, Tensor};

use super::error::{Result, Why};
use super::read::{Attribute, Node, is_standard};
use super::tracer::Tracer;
use super::value::{Traced, Value};

/// Sizes, steps and pads beyond this are damage.
const MAX_EXTENT: i64 = 1 << 20;

/// What an operator does: its results, fewer than declared only if nobody reads the others.
pub(super) type Operator = fn(&mut Tracer, &Call<'_>) -> Result<Vec<Value>>;

/// An operator's call, its inputs known.
#[derive(Debug)]
pub(super) struct Call<'a> {
    pub(super) node: &'a Node<'a>,
    /// `None` where an optional input is left out.
    pub(super) inputs: Vec<Option<Value>>,
    /// Version of the standard.
    pub(super) opset: i64,
}

/// The operator that a node calls, if there is one here.
pub(super) fn operator(node: &Node<'_>) -> Option<Operator> {
    let own = is_standard(node.domain) || (node.domain == "com.microsoft" && node.op == "Gelu");
    if !own {
        return None;
    }
    [
        convolution::operator,
        pool::operator,
        linear::operator,
        norm::operator,
        functions::operator,
        arithmetic::operator,
        rearrange::operator,
        reduce::operator,
        resize::operator,
        folding::operator,
    ]
    .iter()
    .find_map(|room| room(node.op))
}

impl Call<'_> {
    /// An input, if it is given.
    fn optional(&self, index: usize) -> Option<&Value> {
        self.inputs.get(index)?.as_ref()
    }

    fn input(&self, index: usize) -> Result<&Value> {
        self.optional(index).ok_or_else(|| format!("input {index} is missing").into())
    }

    /// An input that is computed from the image.
    fn traced(&self, index: usize) -> Result<&Traced> {
        match self.input(index)? {
            Value::Traced(traced) => Ok(traced),
            Value::Constant(_) => Err(format!("input {index} does not depend on the image").into()),
        }
    }

    /// An input as a node of the network, even if it does not depend on the image.
    fn traced_or_node(&self, tracer: &mut Tracer, index: usize) -> Result<Traced> {
        Ok(match self.input(index)? {
            Value::Traced(traced) => traced.clone(),
            constant => {
                let node = tracer.node(constant)?;
                tracer.traced(node)
            }
        })
    }

    /// An input that is known without the image.
    fn constant(&self, index: usize) -> Result<&Tensor> {
        match self.input(index)? {
            Value::Constant(tensor) => Ok(tensor),
            Value::Traced(_) => Err(format!("input {index} depends on the image, which is not supported").into()),
        }
    }

    /// A constant input of f32 values, as `None` where it is left out.
    fn optional_weights(&self, index: usize) -> Result<Option<Tensor>> {
        match self.optional(index) {
            None => Ok(None),
            Some(_) => Ok(Some(self.weights(index)?)),
        }
    }

    /// A constant input of f32 values.
    fn weights(&self, index: usize) -> Result<Tensor> {
        Ok(self.constant(index)?.to_dtype(DType::F32)?.contiguous()?)
    }

    /// A constant input of integers.
    fn integers(&self, index: usize) -> Result<Vec<i64>> {
        let tensor = self.constant(index)?;
        if tensor.dtype() != DType::I64 {
            return Err(format!("input {index} is no list of integers").into());
        }
        Ok(tensor.flatten_all()?.to_vec1()?)
    }

    /// Integers that newer versions pass as an input and older ones as an attribute.
    fn integers_or(&self, index: usize, attribute: &str) -> Result<Option<Vec<i64>>> {
        if self.optional(index).is_some() {
            return Ok(Some(self.integers(index)?));
        }
        Ok(match self.node.attribute(attribute) {
            Some(Attribute::Integers(values)) => Some(values.clone()),
            _ => None,
        })
    }

    fn float(&self, attribute: &str, otherwise: f32) -> f32 {
        match self.node.attribute(attribute) {
            Some(Attribute::Float(value)) => *value,
            _ => otherwise,
        }
    }

    fn integer(&self, attribute: &str, otherwise: i64) -> i64 {
        match self.node.attribute(attribute) {
            Some(Attribute::Integer(value)) => *value,
            _ => otherwise,
        }
    }

    fn text(&self, attribute: &str) -> &[u8] {
        match self.node.attribute(attribute) {
            Some(Attribute::Text(value)) => value,
            _ => b"",
        }
    }

    /// Positive sizes or steps of both spatial axes; 1 without the attribute.
    fn pair(&self, attribute: &str) -> Result<[usize; 2]> {
        match self.node.attribute(attribute) {
            None => Ok([1, 1]),
            Some(Attribute::Integers(values)) => match extents(values)?[..] {
                [y, x] if y > 0 && x > 0 => Ok([y, x]),
                _ => Err(format!("{attribute} must be two positive numbers").into()),
            },
            Some(_) => Err(format!("{attribute} must be two positive numbers").into()),
        }
    }
}

/// Sizes that are not negative and not absurd.
pub(super) fn extents(values: &[i64]) -> Result<Vec<usize>> {
    let extent = |value: &i64| usize::try_from(*value).ok().filter(|_| *value <= MAX_EXTENT);
    let sizes: Option<Vec<usize>> = values.iter().map(extent).collect();
    sizes.ok_or_else(|| Why::from(format!("{values:?} are no sizes")))
}

/// An axis, counted from the end if it is negative.
fn axis(axis: i64, rank: usize) -> Result<usize> {
    let from_start = if axis < 0 { axis.checked_add(rank as i64) } else { Some(axis) };
    let axis = from_start.and_then(|axis| usize::try_from(axis).ok()).filter(|axis| *axis < rank);
    axis.ok_or_else(|| format!("an axis is outside of the {rank} that there are").into())
}
