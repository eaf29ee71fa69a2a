//! Matrix products.

use candle_core::Tensor;

use super::super::error::Result;
use super::super::tracer::{Tracer, vector};
use super::super::value::{Traced, Value};
use super::{Call, Operator};
use crate::graph::{Binary, Conv2d, Op, Padding, TensorOp};

pub(super) fn operator(op: &str) -> Option<Operator> {
    match op {
        "Gemm" => Some(gemm),
        "MatMul" => Some(matmul),
        "Einsum" => Some(einsum),
        _ => None,
    }
}

fn gemm(tracer: &mut Tracer, call: &Call<'_>) -> Result<Vec<Value>> {
    let (alpha, beta) = (f64::from(call.float("alpha", 1.0)), f64::from(call.float("beta", 1.0)));
    let transposed = |attribute| call.integer(attribute, 0) != 0;
    let mut a = call.input(0)?.clone();
    if transposed("transA") {
        a = tracer.permute(&a, &[1, 0])?;
    }
    let weight = call.weights(1)?;
    let weight = if transposed("transB") { weight.t()? } else { weight };
    let product = times(tracer, &a, &(weight * alpha)?.contiguous()?)?;
    Ok(vec![match call.optional_weights(2)? {
        Some(bias) => plus(tracer, &product, &(bias * beta)?)?,
        None => product,
    }])
}

fn matmul(tracer: &mut Tracer, call: &Call<'_>) -> Result<Vec<Value>> {
    let (a, b) = (call.input(0)?, call.input(1)?);
    Ok(vec![match b {
        Value::Constant(weight) if weight.rank() == 2 => times(tracer, a, weight)?,
        _ => tracer.apply(TensorOp::MatMul, &[a, b])?,
    }])
}

/// The product with a constant matrix `(in, out)`.
fn times(tracer: &mut Tracer, a: &Value, weight: &Tensor) -> Result<Value> {
    let &[inner, _] = weight.dims() else { return Err("its second input is no matrix".into()) };
    let (Value::Traced(x), Some(last)) = (a, a.shape().last().copied()) else {
        return tracer.apply(TensorOp::MatMul, &[a, &weight.clone().into()]);
    };
    if last != inner {
        return Err(format!("{last} values meet a matrix of {inner} rows").into());
    }
    let cells = x.shape().iter().product::<usize>() / last;
    if cells == 1 {
        return Ok(row_times(tracer, x, weight)?.into());
    }
    let node = if over_channels(tracer, x) {
        let weight = weight.t()?.contiguous()?;
        let (out, inner) = weight.dims2()?;
        let weight = weight.reshape((out, inner, 1, 1))?;
        let padding = Padding::default();
        let conv = Conv2d { weight, bias: None, stride: [1, 1], padding, dilation: [1, 1], groups: 1 };
        let node = tracer.push(Op::Conv2d(conv), &[x.node])?;
        let stored = tracer.shapes[node.index()].clone();
        return Ok(x.with_node(node, stored).into());
    } else {
        let x = tracer.plain(x)?;
        tracer.push(Op::Linear { weight: weight.t()?.contiguous()?, bias: None }, &[x])?
    };
    Ok(tracer.traced(node).into())
}

/// Whether the last axis of a value is the channels of a map.
fn over_channels(tracer: &Tracer, x: &Traced) -> bool {
    tracer.is_map(x.node) && x.axes.last().is_some_and(|group| group[..] == [1])
}

/// The product of one row of values, in whatever order the map is read that they come from.
fn row_times(tracer: &mut Tracer, x: &Traced, weight: &Tensor) -> Result<Traced> {
    let (inner, out) = weight.dims2()?;
    let order = x.order();
    let sizes: Vec<usize> = order.iter().map(|axis| x.stored[*axis]).collect();
    // Rows of the matrix in the order in which the node stores what they are multiplied with.
    let mut position: Vec<usize> = (0..order.len()).collect();
    position.sort_by_key(|i| order[*i]);
    let weight = if position.is_sorted() {
        weight.clone()
    } else {
        let sizes: Vec<usize> = sizes.iter().copied().chain([out]).collect();
        position.push(order.len());
        weight.reshape(sizes)?.permute(position)?.contiguous()?.reshape((inner, out))?
    };
    let flat = match x.stored[..] {
        [1, _, _, _] if tracer.is_map(x.node) => tracer.push(Op::Flatten, &[x.node])?,
        [1, n] if n == inner => x.node,
        _ => tracer.push(Op::Tensor(TensorOp::Reshape(vec![1, inner])), &[x.node])?,
    };
    let node = tracer.push(Op::Linear { weight: weight.t()?.contiguous()?, bias: None }, &[flat])?;
    let result = tracer.traced(node);
    let mut shape = x.shape();
    if let Some(last) = shape.last_mut() {
        *last = out;
    }
    result.reshaped(&shape).ok_or_else(|| "a row's product has another shape".into())
}

/// A bias: part of the layer it is added to where that is possible.
pub(super) fn plus(tracer: &mut Tracer, x: &Value, bias: &Tensor) -> Result<Value> {
    if let Value::Traced(traced) = x
        && absorb(tracer, traced, bias)?
    {
        return Ok(x.clone());
    }
    super::arithmetic::combine(tracer, Binary::Add, x, &bias.clone().into())
}

/// Makes a constant the bias of the layer that a value is the result of, if it is one of the value's last axis and the layer has
/// none yet.
pub(super) fn absorb(tracer: &mut Tracer, x: &Traced, bias: &Tensor) -> Result<bool> {
    let shape = x.shape();
    let Some((&last, rest)) = shape.split_last() else { return Ok(false) };
    let Some((&size, front)) = bias.dims().split_last() else { return Ok(false) };
    if size != last || front.iter().any(|n| *n != 1) || front.len() > rest.len() {
        return Ok(false);
    }
    let group = x.axes.last().cloned().unwrap_or_default();
    let stored = x.stored.clone();
    let bias = vector(bias, last)?;
    Ok(match tracer.open(x) {
        Some(Op::Conv2d(conv)) if conv.bias.is_none() && group == [1] => {
            conv.bias = Some(bias);
            true
        }
        Some(Op::Linear { bias: none @ None, .. })
            if group == [stored.len() - 1] || (last == 1 && stored.last() == Some(&1)) =>
        {
            *none = Some(bias);
            true
        }
        _ => false,
    })
}

/// A product written as a sum over indices: two operands, where each index of the result is in one or both of them.
fn einsum(tracer: &mut Tracer, call: &Call<'_>) -> Result<Vec<Value>> {
    let equation: String = String::from_utf8_lossy(call.text("equation")).split_whitespace().collect();
    let unclear = || format!("the equation {equation} is not supported");
    let (operands, result) = equation.split_once("->").ok_or_else(unclear)?;
    let (a, b) = operands.split_once(',').ok_or_else(unclear)?;
    let letters = |s: &str| s.chars().all(|c| c.is_ascii_alphabetic()) && s.chars().all(|c| s.matches(c).count() == 1);
    let (x, y) = (call.input(0)?, call.input(1)?);
    let fits = letters(a) && letters(b) && letters(result);
    let known = result.chars().all(|c| a.contains(c) || b.contains(c));
    if call.inputs.len() != 2 || !fits || !known || x.shape().len() != a.len() || y.shape().len() != b.len() {
        return Err(unclear().into());
    }
    let (in_a, in_b) = (|c: &char| a.contains(*c), |c: &char| b.contains(*c));
    let shared: Vec<char> = result.chars().filter(|c| in_a(c) && in_b(c)).collect();
    let rows: Vec<char> = result.chars().filter(|c| !in_b(c)).collect();
    let columns: Vec<char> = result.chars().filter(|c| !in_a(c)).collect();
    let summed: Vec<char> = a.chars().filter(|c| in_b(c) && !result.contains(*c)).collect();
    let size = |c: &char| match a.find(*c) {
        Some(i) => x.shape()[i],
        None => b.find(*c).map_or(1, |i| y.shape()[i]),
    };
    if a.len() != shared.len() + rows.len() + summed.len() || b.len() != shared.len() + columns.len() + summed.len() {
        return Err(unclear().into());
    }
    let sizes = |list: &[char]| list.iter().map(size).collect::<Vec<_>>();
    let product = |list: &[char]| sizes(list).iter().product::<usize>();
    let mut operand = |value: &Value, names: &str, order: [&[char]; 3]| -> Result<Value> {
        let place = |c: &char| names.find(*c).ok_or_else(|| unclear().into());
        let permutation = order.concat().iter().map(place).collect::<Result<Vec<_>>>()?;
        let value = tracer.permute(value, &permutation)?;
        tracer.reshape(&value, &[product(order[0]), product(order[1]), product(order[2])])
    };
    let x = operand(x, a, [&shared, &rows, &summed])?;
    let y = operand(y, b, [&shared, &summed, &columns])?;
    let product = tracer.apply(TensorOp::MatMul, &[&x, &y])?;
    let order = [shared, rows, columns].concat();
    let product = tracer.reshape(&product, &sizes(&order))?;
    let place = |c: char| order.iter().position(|o| *o == c).ok_or_else(|| unclear().into());
    let permutation = result.chars().map(place).collect::<Result<Vec<_>>>()?;
    Ok(vec![tracer.permute(&product, &permutation)?])
}
