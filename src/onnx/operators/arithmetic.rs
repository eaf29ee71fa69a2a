//! Sums, products and comparisons of two values.

use candle_core::{DType, Device, Tensor};

use super::super::error::Result;
use super::super::tracer::{Tracer, vector};
use super::super::value::{Traced, Value};
use super::linear::absorb;
use super::{Call, Operator};
use crate::graph::{Binary, Op, TensorOp, Unary, broadcast};

/// Values of a row that may be scaled by a matrix.
const MAX_ROW: usize = 4096;

pub(super) fn operator(op: &str) -> Option<Operator> {
    match op {
        "Add" => Some(|tracer, call| pairwise(tracer, call, Binary::Add)),
        "Sum" => Some(|tracer, call| pairwise(tracer, call, Binary::Add)),
        "Sub" => Some(|tracer, call| pairwise(tracer, call, Binary::Sub)),
        "Mul" => Some(|tracer, call| pairwise(tracer, call, Binary::Mul)),
        "Div" => Some(|tracer, call| pairwise(tracer, call, Binary::Div)),
        "Min" => Some(|tracer, call| pairwise(tracer, call, Binary::Min)),
        "Max" => Some(|tracer, call| pairwise(tracer, call, Binary::Max)),
        "Pow" => Some(power),
        _ => None,
    }
}

/// The inputs combined from the first to the last.
fn pairwise(tracer: &mut Tracer, call: &Call<'_>, binary: Binary) -> Result<Vec<Value>> {
    let mut result = call.input(0)?.clone();
    for i in 1..call.inputs.len() {
        result = combine(tracer, binary, &result, call.input(i)?)?;
    }
    Ok(vec![result])
}

fn power(tracer: &mut Tracer, call: &Call<'_>) -> Result<Vec<Value>> {
    let exponent = call.weights(1)?;
    if exponent.elem_count() != 1 {
        return Err("only one power for all values is supported".into());
    }
    let exponent = exponent.flatten_all()?.to_vec1::<f32>()?[0];
    let base = match call.input(0)? {
        Value::Constant(tensor) => Value::Constant(tensor.to_dtype(DType::F32)?),
        traced => traced.clone(),
    };
    Ok(vec![match exponent {
        0.5 => tracer.unary(Unary::Sqrt, &base)?,
        1.0 => base,
        exponent => tracer.unary(Unary::Power(exponent), &base)?,
    }])
}

/// Two values, combined one by one.
pub(super) fn combine(tracer: &mut Tracer, binary: Binary, a: &Value, b: &Value) -> Result<Value> {
    match (a, b) {
        (Value::Constant(x), Value::Constant(y)) if x.dtype() == DType::I64 && y.dtype() == DType::I64 => {
            Ok(integers(tracer, binary, x, y)?.into())
        }
        (Value::Constant(x), Value::Constant(y)) => {
            let (x, y) = (x.to_dtype(DType::F32)?, y.to_dtype(DType::F32)?);
            tracer.binary(binary, &x.into(), &y.into())
        }
        (Value::Traced(x), Value::Constant(c)) => match with_constant(tracer, binary, x, c, false)? {
            Some(result) => Ok(result.into()),
            None => tracer.binary(binary, a, b),
        },
        (Value::Constant(c), Value::Traced(x)) => match with_constant(tracer, binary, x, c, true)? {
            Some(result) => Ok(result.into()),
            None => tracer.binary(binary, a, b),
        },
        (Value::Traced(x), Value::Traced(y)) => match both_traced(tracer, binary, x, y)? {
            Some(result) => Ok(result.into()),
            None => tracer.binary(binary, a, b),
        },
    }
}

fn integers(tracer: &mut Tracer, binary: Binary, a: &Tensor, b: &Tensor) -> Result<Tensor> {
    let function = match binary {
        Binary::Add => i64::checked_add,
        Binary::Sub => i64::checked_sub,
        Binary::Mul => i64::checked_mul,
        Binary::Div => i64::checked_div,
        Binary::Min => |a: i64, b: i64| Some(a.min(b)),
        Binary::Max => |a: i64, b: i64| Some(a.max(b)),
    };
    let (shape, a, b) = side_by_side::<i64>(tracer, a, b)?;
    let values: Option<Vec<i64>> = a.iter().zip(&b).map(|(a, b)| function(*a, *b)).collect();
    let values = values.ok_or("a constant cannot be computed: it divides by zero or is too large")?;
    Ok(Tensor::from_vec(values, shape, &Device::Cpu)?)
}

/// The values of two constants, repeated to their common shape.
pub(super) fn side_by_side<T: candle_core::WithDType>(
    tracer: &mut Tracer,
    a: &Tensor,
    b: &Tensor,
) -> Result<(Vec<usize>, Vec<T>, Vec<T>)> {
    let Some(shape) = broadcast(a.dims(), b.dims()) else {
        return Err(format!("shapes {:?} and {:?} do not fit", a.dims(), b.dims()).into());
    };
    tracer.spend(shape.iter().try_fold(1_usize, |n, s| n.checked_mul(*s)).unwrap_or(usize::MAX))?;
    let spread = |t: &Tensor| t.broadcast_as(shape.as_slice())?.flatten_all()?.to_vec1::<T>();
    let (a, b) = (spread(a)?, spread(b)?);
    Ok((shape, a, b))
}

/// A value and a constant, as a layer where there is one for it; `flipped` if the constant comes first.
fn with_constant(
    tracer: &mut Tracer,
    binary: Binary,
    x: &Traced,
    constant: &Tensor,
    flipped: bool,
) -> Result<Option<Traced>> {
    let constant = constant.to_dtype(DType::F32)?;
    if binary == Binary::Add && absorb(tracer, x, &constant)? {
        return Ok(Some(x.clone()));
    }
    let Some(axes) = varying(x, &constant) else { return Ok(None) };
    match (binary, axes.as_slice()) {
        (Binary::Min | Binary::Max, _) => {
            let [] = axes[..] else { return Ok(None) };
            let bound = vector(&constant.flatten_all()?, 1)?.to_vec1::<f32>()?[0];
            let (low, high) = if binary == Binary::Max { (bound, f32::INFINITY) } else { (f32::NEG_INFINITY, bound) };
            Ok(Some(super::functions::clamp(tracer, x, low, high)?))
        }
        (Binary::Div, _) if flipped => Ok(None),
        (_, [] | [1]) if tracer.is_map(x.node) => per_channel(tracer, binary, x, &constant, flipped).map(Some),
        (Binary::Add | Binary::Sub, _) if tracer.is_map(x.node) && !(binary == Binary::Sub && flipped) => {
            tracer.spend(x.stored.iter().product())?;
            let offset = as_map(x, &constant)?;
            let offset = if binary == Binary::Sub { offset.neg()? } else { offset };
            Ok(Some(tracer.pointwise(Op::Offset(offset), x)?))
        }
        _ => match scaled_linear(tracer, binary, x, &constant, flipped)? {
            None => scaled_row(tracer, binary, x, &constant, flipped),
            scaled => Ok(scaled),
        },
    }
}

/// The node's axes along which a constant varies; `None` if it varies along a part of joined axes, or enlarges the value.
fn varying(x: &Traced, constant: &Tensor) -> Option<Vec<usize>> {
    let (shape, dims) = (x.shape(), constant.dims());
    let missing = shape.len().checked_sub(dims.len())?;
    let mut axes = Vec::new();
    for (i, size) in dims.iter().enumerate() {
        match *size {
            1 => {}
            size if size == shape[missing + i] => axes.extend(&x.axes[missing + i]),
            _ => return None,
        }
    }
    axes.sort_unstable();
    Some(axes)
}

fn per_channel(tracer: &mut Tracer, binary: Binary, x: &Traced, constant: &Tensor, flipped: bool) -> Result<Traced> {
    let parts = affine(binary, flipped, vector(constant, x.stored[1])?)?;
    let (scale, shift) = parts.ok_or("no such function of a channel")?;
    tracer.pointwise(Op::ChannelAffine { scale, shift }, x)
}

/// A constant as a map `(c, h, w)` in the order in which the node stores the value.
fn as_map(x: &Traced, constant: &Tensor) -> Result<Tensor> {
    let shape = x.shape();
    let order = x.order();
    let sizes: Vec<usize> = order.iter().map(|axis| x.stored[*axis]).collect();
    let mut position: Vec<usize> = (0..order.len()).collect();
    position.sort_by_key(|i| order[*i]);
    let whole = constant.broadcast_as(shape)?.contiguous()?.reshape(sizes)?;
    Ok(whole.permute(position)?.contiguous()?.reshape(&x.stored[1..])?)
}

/// A factor on the rows of a linear layer's result, which becomes part of its weights.
fn scaled_linear(
    tracer: &mut Tracer,
    binary: Binary,
    x: &Traced,
    constant: &Tensor,
    flipped: bool,
) -> Result<Option<Traced>> {
    let last = x.stored.len() - 1;
    let Some(axes) = varying(x, constant).filter(|axes| axes.is_empty() || *axes == [last]) else { return Ok(None) };
    let outputs = x.stored[last];
    if axes.is_empty() && constant.elem_count() != 1 {
        return Ok(None);
    }
    let Some((scale, shift)) = affine(binary, flipped, vector(constant, outputs)?)? else { return Ok(None) };
    let Some(Op::Linear { weight, bias }) = tracer.open(x) else { return Ok(None) };
    *weight = weight.broadcast_mul(&scale.unsqueeze(1)?)?.contiguous()?;
    *bias = Some(match bias.as_ref() {
        Some(bias) => ((bias * &scale)? + &shift)?,
        None => shift,
    });
    Ok(Some(x.clone()))
}

/// A factor and a shift of each value of a row, as a linear layer with nothing off its diagonal.
fn scaled_row(
    tracer: &mut Tracer,
    binary: Binary,
    x: &Traced,
    constant: &Tensor,
    flipped: bool,
) -> Result<Option<Traced>> {
    let [1, n @ 2..=MAX_ROW] = x.stored[..] else { return Ok(None) };
    let Some((scale, shift)) = affine(binary, flipped, vector(constant, n)?)? else { return Ok(None) };
    tracer.spend(n * n)?;
    let diagonal: Vec<f32> = scale.to_vec1()?;
    let mut weight = vec![0.0_f32; n * n];
    for (i, value) in diagonal.into_iter().enumerate() {
        weight[i * n + i] = value;
    }
    let weight = Tensor::from_vec(weight, (n, n), &Device::Cpu)?;
    let node = tracer.push(Op::Linear { weight, bias: Some(shift) }, &[x.node])?;
    Ok(Some(x.with_node(node, x.stored.clone())))
}

/// The factors and shifts that arithmetic with constants stands for.
fn affine(binary: Binary, flipped: bool, values: Tensor) -> Result<Option<(Tensor, Tensor)>> {
    let (one, zero) = (values.ones_like()?, values.zeros_like()?);
    Ok(match (binary, flipped) {
        (Binary::Add, _) => Some((one, values)),
        (Binary::Sub, false) => Some((one, values.neg()?)),
        (Binary::Sub, true) => Some((one.neg()?, values)),
        (Binary::Mul, _) => Some((values, zero)),
        (Binary::Div, false) => Some((values.recip()?, zero)),
        _ => None,
    })
}

/// Two computed values, as a layer where there is one for them.
fn both_traced(tracer: &mut Tracer, binary: Binary, a: &Traced, b: &Traced) -> Result<Option<Traced>> {
    let layer = match binary {
        Binary::Add => Op::Add,
        Binary::Mul => Op::Mul,
        other => Op::Tensor(TensorOp::Binary(other)),
    };
    if a.shape() == b.shape() {
        // One of the two may have to be put into the order of the other, which a map keeps.
        let b_leads = !tracer.is_map(a.node) && tracer.is_map(b.node);
        let (leader, follower) = if b_leads { (b, a) } else { (a, b) };
        let node = alike(tracer, follower, leader)?;
        let inputs = if b_leads { [node, leader.node] } else { [leader.node, node] };
        let (as_map, channels) = (tracer.is_map(leader.node), leader.stored.get(1).copied());
        let mut node = tracer.push(layer, &inputs)?;
        if let (true, false, Some(channels)) = (as_map, tracer.is_map(node), channels) {
            node = tracer.push(Op::Tensor(TensorOp::Map { channels }), &[node])?;
        }
        return Ok(Some(leader.with_node(node, leader.stored.clone())));
    }
    if binary == Binary::Mul {
        for (map, gate) in [(a, b), (b, a)] {
            if gates(tracer, map, gate) {
                let node = tracer.push(Op::Mul, &[map.node, gate.node])?;
                return Ok(Some(map.with_node(node, map.stored.clone())));
            }
        }
    }
    Ok(None)
}

/// Whether one value holds one factor for each channel of a map.
fn gates(tracer: &Tracer, map: &Traced, gate: &Traced) -> bool {
    let per_channel = map.stored.len() == 4 && gate.stored[..] == [1, map.stored[1], 1, 1];
    let aligned = || {
        let missing = map.axes.len().checked_sub(gate.axes.len())?;
        let fits = gate.axes.iter().enumerate().all(|(i, g)| g.is_empty() || *g == map.axes[missing + i]);
        Some(fits)
    };
    tracer.is_map(map.node) && tracer.is_map(gate.node) && per_channel && aligned() == Some(true)
}

/// A node that stores a value as another one of the same shape is stored.
fn alike(tracer: &mut Tracer, x: &Traced, leader: &Traced) -> Result<crate::graph::NodeId> {
    if x.stored == leader.stored && x.axes == leader.axes && tracer.is_map(x.node) == tracer.is_map(leader.node) {
        return Ok(x.node);
    }
    let plain = tracer.plain(x)?;
    let parts: Vec<usize> = leader.order().iter().map(|axis| leader.stored[*axis]).collect();
    let order = leader.order();
    let mut position: Vec<usize> = (0..order.len()).collect();
    position.sort_by_key(|i| order[*i]);
    let parted = Value::from(tracer.traced(plain));
    let parted = tracer.reshape(&parted, &parts)?;
    let ordered = tracer.permute(&parted, &position)?;
    let stored = tracer.reshape(&ordered, &leader.stored)?;
    let node = tracer.node(&stored)?;
    match leader.stored[..] {
        [1, channels, _, _] if tracer.is_map(leader.node) && !tracer.is_map(node) => {
            tracer.push(Op::Tensor(TensorOp::Map { channels }), &[node])
        }
        _ => Ok(node),
    }
}
