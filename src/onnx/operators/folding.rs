//! Operators on sizes and other things that are known without an image.

use candle_core::{DType, Device, Tensor};

use super::super::error::Result;
use super::super::read::Attribute;
use super::super::stored::{Kind, constant};
use super::super::tracer::Tracer;
use super::super::value::Value;
use super::arithmetic::side_by_side;
use super::{Call, Operator, axis, extents};
use crate::graph::broadcast;

pub(super) fn operator(op: &str) -> Option<Operator> {
    match op {
        "Constant" => Some(constant_node),
        "Shape" => Some(shape),
        "Size" => Some(size),
        "ConstantOfShape" => Some(constant_of_shape),
        "Range" => Some(range),
        "Cast" => Some(cast),
        "CastLike" => Some(|_, call| Ok(vec![call.input(0)?.clone()])),
        "Equal" => Some(|tracer, call| compare(tracer, call, |a, b| a == b)),
        "Less" => Some(|tracer, call| compare(tracer, call, |a, b| a < b)),
        "LessOrEqual" => Some(|tracer, call| compare(tracer, call, |a, b| a <= b)),
        "Greater" => Some(|tracer, call| compare(tracer, call, |a, b| a > b)),
        "GreaterOrEqual" => Some(|tracer, call| compare(tracer, call, |a, b| a >= b)),
        "And" => Some(|tracer, call| compare(tracer, call, |a, b| a != 0.0 && b != 0.0)),
        "Or" => Some(|tracer, call| compare(tracer, call, |a, b| a != 0.0 || b != 0.0)),
        "Not" => Some(|_, call| each(call, |v| f64::from(u8::from(v == 0.0)))),
        "Floor" => Some(|_, call| each(call, f64::floor)),
        "Ceil" => Some(|_, call| each(call, f64::ceil)),
        "Sign" => Some(|_, call| each(call, |v| if v == 0.0 { 0.0 } else { v.signum() })),
        "Mod" => Some(modulo),
        "Where" => Some(choose),
        "ScatterND" => Some(scatter),
        "GatherND" => Some(gather_nd),
        "Trilu" => Some(triangle),
        "CumSum" => Some(running_sum),
        _ => None,
    }
}

fn integers(values: Vec<i64>, shape: &[usize]) -> Result<Vec<Value>> {
    Ok(vec![Tensor::from_vec(values, shape, &Device::Cpu)?.into()])
}

fn constant_node(tracer: &mut Tracer, call: &Call<'_>) -> Result<Vec<Value>> {
    let value = call.node.attributes.iter().find(|(name, _)| name.starts_with("value")).map(|(_, value)| value);
    let tensor = match value {
        Some(Attribute::Tensor(stored)) => constant(tracer, stored, None)?,
        Some(Attribute::Float(value)) => Tensor::new(*value, &Device::Cpu)?,
        Some(Attribute::Integer(value)) => Tensor::new(*value, &Device::Cpu)?,
        Some(Attribute::Floats(values)) => Tensor::new(values.as_slice(), &Device::Cpu)?,
        Some(Attribute::Integers(values)) => Tensor::new(values.as_slice(), &Device::Cpu)?,
        _ => return Err("it has no value that is a tensor of numbers".into()),
    };
    Ok(vec![tensor.into()])
}

fn shape(_: &mut Tracer, call: &Call<'_>) -> Result<Vec<Value>> {
    let shape = call.input(0)?.shape();
    let rank = shape.len() as i64;
    let bound = |at: i64| (if at < 0 { at.saturating_add(rank) } else { at }).clamp(0, rank) as usize;
    let (start, end) = (bound(call.integer("start", 0)), bound(call.integer("end", rank)));
    let sizes: Vec<i64> = shape.get(start..end).unwrap_or_default().iter().map(|size| *size as i64).collect();
    let count = sizes.len();
    integers(sizes, &[count])
}

fn size(_: &mut Tracer, call: &Call<'_>) -> Result<Vec<Value>> {
    integers(vec![call.input(0)?.shape().iter().product::<usize>() as i64], &[])
}

fn constant_of_shape(tracer: &mut Tracer, call: &Call<'_>) -> Result<Vec<Value>> {
    let shape = extents(&call.integers(0)?)?;
    tracer.spend(shape.iter().try_fold(1_usize, |n, s| n.checked_mul(*s)).unwrap_or(usize::MAX))?;
    let value = match call.node.attribute("value") {
        Some(Attribute::Tensor(stored)) => constant(tracer, stored, None)?,
        _ => Tensor::new(&[0_f32], &Device::Cpu)?,
    };
    if value.elem_count() != 1 {
        return Err("it repeats more than one value".into());
    }
    Ok(vec![value.reshape(vec![1; shape.len()])?.broadcast_as(shape)?.contiguous()?.into()])
}

fn range(tracer: &mut Tracer, call: &Call<'_>) -> Result<Vec<Value>> {
    let numbers = |i: usize| -> Result<f64> {
        Ok(call.constant(i)?.to_dtype(DType::F64)?.flatten_all()?.to_vec1::<f64>()?.first().copied().unwrap_or(0.0))
    };
    let (start, limit, step) = (numbers(0)?, numbers(1)?, numbers(2)?);
    let count = ((limit - start) / step).ceil().max(0.0);
    if !count.is_finite() {
        return Err("it never ends".into());
    }
    tracer.spend(count as usize)?;
    let values: Vec<f64> = (0..count as usize).map(|i| start + i as f64 * step).collect();
    let dtype = call.constant(0)?.dtype();
    Ok(vec![Tensor::new(values.as_slice(), &Device::Cpu)?.to_dtype(dtype)?.into()])
}

fn cast(_: &mut Tracer, call: &Call<'_>) -> Result<Vec<Value>> {
    let to = Kind::from_number(call.integer("to", 1));
    Ok(vec![match (call.input(0)?, to) {
        (Value::Traced(x), Kind::Float) => x.clone().into(),
        (Value::Traced(_), _) => return Err("a value that depends on the image becomes an integer".into()),
        (Value::Constant(tensor), Kind::Float) => tensor.to_dtype(DType::F32)?.into(),
        (Value::Constant(tensor), Kind::Integer) => tensor.to_dtype(DType::I64)?.into(),
        (Value::Constant(_), Kind::Truth) => return each(call, |v| f64::from(u8::from(v != 0.0))),
    }])
}

/// 1 where a comparison of two constants holds, 0 elsewhere.
fn compare(tracer: &mut Tracer, call: &Call<'_>, holds: fn(f64, f64) -> bool) -> Result<Vec<Value>> {
    let (a, b) = (call.constant(0)?.to_dtype(DType::F64)?, call.constant(1)?.to_dtype(DType::F64)?);
    let (shape, a, b) = side_by_side::<f64>(tracer, &a, &b)?;
    integers(a.iter().zip(&b).map(|(a, b)| i64::from(holds(*a, *b))).collect(), &shape)
}

/// A function of each value of a constant, whose type stays.
fn each(call: &Call<'_>, function: fn(f64) -> f64) -> Result<Vec<Value>> {
    let x = call.constant(0)?;
    let values: Vec<f64> = x.to_dtype(DType::F64)?.flatten_all()?.to_vec1::<f64>()?.into_iter().map(function).collect();
    let dtype = if matches!(call.node.op, "Cast" | "Not") { DType::I64 } else { x.dtype() };
    Ok(vec![Tensor::from_vec(values, x.shape(), &Device::Cpu)?.to_dtype(dtype)?.into()])
}

fn modulo(tracer: &mut Tracer, call: &Call<'_>) -> Result<Vec<Value>> {
    let (a, b) = (call.constant(0)?, call.constant(1)?);
    if a.dtype() != DType::I64 || b.dtype() != DType::I64 {
        return Err("only remainders of integers are supported".into());
    }
    // With the divisor's sign, as Python has it; C's with `fmod`.
    let remainder = |a: i64, b: i64| match call.integer("fmod", 0) {
        0 => a.checked_rem(b).map(|r| if r != 0 && (r < 0) != (b < 0) { r + b } else { r }),
        _ => a.checked_rem(b),
    };
    let (shape, a, b) = side_by_side::<i64>(tracer, a, b)?;
    let values: Option<Vec<i64>> = a.iter().zip(&b).map(|(a, b)| remainder(*a, *b)).collect();
    integers(values.ok_or("it divides by zero")?, &shape)
}

fn choose(tracer: &mut Tracer, call: &Call<'_>) -> Result<Vec<Value>> {
    let condition = call.integers(0)?;
    let (all, none) = (condition.iter().all(|c| *c != 0), condition.iter().all(|c| *c == 0));
    let (a, b) = (call.input(1)?, call.input(2)?);
    let chosen = if none { b } else { a };
    let whole = [call.input(0)?.shape(), a.shape(), b.shape()];
    let shape = broadcast(&whole[0], &whole[1]).and_then(|shape| broadcast(&shape, &whole[2]));
    let Some(shape) = shape else { return Err(format!("shapes {whole:?} do not fit").into()) };
    if (all || none) && chosen.shape() == shape {
        return Ok(vec![chosen.clone()]);
    }
    let (Value::Constant(a), Value::Constant(b)) = (a, b) else {
        return Err("a choice between values that depend on the image is not supported".into());
    };
    tracer.spend(shape.iter().try_fold(1_usize, |n, s| n.checked_mul(*s)).unwrap_or(usize::MAX))?;
    let condition = call.constant(0)?.broadcast_as(shape.as_slice())?.contiguous()?.to_dtype(DType::U8)?;
    let spread = |t: &Tensor| t.broadcast_as(shape.as_slice())?.contiguous();
    if a.dtype() != b.dtype() {
        return Err("its two values are of different types".into());
    }
    Ok(vec![condition.where_cond(&spread(a)?, &spread(b)?)?.into()])
}

/// Where each index of a list of positions points to in a tensor, and how many values there.
fn places(shape: &[usize], indices: &Tensor) -> Result<(Vec<usize>, usize)> {
    let depth = indices.dims().last().copied().unwrap_or(0);
    if depth > shape.len() || depth == 0 || indices.dtype() != DType::I64 {
        return Err("its positions do not fit".into());
    }
    let each: usize = shape[depth..].iter().product();
    let values = indices.flatten_all()?.to_vec1::<i64>()?;
    let place = |position: &[i64]| {
        position
            .iter()
            .zip(shape)
            .try_fold(0, |at, (index, size)| Ok::<_, super::Why>(at * size + axis(*index, *size)?))
    };
    Ok((values.chunks(depth).map(place).collect::<Result<Vec<_>>>()?, each))
}

fn scatter(tracer: &mut Tracer, call: &Call<'_>) -> Result<Vec<Value>> {
    let (data, updates) = (call.constant(0)?, call.constant(2)?);
    if !matches!(call.text("reduction"), b"" | b"none") || data.dtype() != updates.dtype() {
        return Err("only replacing values of the same type is supported".into());
    }
    let (places, each) = places(data.dims(), call.constant(1)?)?;
    tracer.spend(data.elem_count())?;
    if places.len() * each != updates.elem_count() {
        return Err("its values are not as many as its positions".into());
    }
    let mut values = data.to_dtype(DType::F64)?.flatten_all()?.to_vec1::<f64>()?;
    let updates = updates.to_dtype(DType::F64)?.flatten_all()?.to_vec1::<f64>()?;
    for (i, place) in places.into_iter().enumerate() {
        values[place * each..][..each].copy_from_slice(&updates[i * each..][..each]);
    }
    Ok(vec![Tensor::from_vec(values, data.shape(), &Device::Cpu)?.to_dtype(data.dtype())?.into()])
}

fn gather_nd(tracer: &mut Tracer, call: &Call<'_>) -> Result<Vec<Value>> {
    let (data, indices) = (call.constant(0)?, call.constant(1)?);
    if call.integer("batch_dims", 0) != 0 {
        return Err("batches are not supported".into());
    }
    let (places, each) = places(data.dims(), indices)?;
    tracer.spend(places.len().saturating_mul(each))?;
    let values = data.to_dtype(DType::F64)?.flatten_all()?.to_vec1::<f64>()?;
    let taken: Vec<f64> = places.into_iter().flat_map(|place| values[place * each..][..each].iter().copied()).collect();
    let depth = indices.dims().last().copied().unwrap_or(0);
    let shape = [&indices.dims()[..indices.rank() - 1], &data.dims()[depth..]].concat();
    Ok(vec![Tensor::from_vec(taken, shape, &Device::Cpu)?.to_dtype(data.dtype())?.into()])
}

fn running_sum(tracer: &mut Tracer, call: &Call<'_>) -> Result<Vec<Value>> {
    let x = call.constant(0)?;
    let axis = axis(call.integers(1)?.first().copied().unwrap_or(0), x.rank())?;
    if call.integer("exclusive", 0) != 0 || call.integer("reverse", 0) != 0 {
        return Err("only sums from the first entry up to each one are supported".into());
    }
    tracer.spend(x.elem_count())?;
    let (size, inner) = (x.dims()[axis], x.dims()[axis + 1..].iter().product::<usize>());
    let mut values = x.to_dtype(DType::F64)?.flatten_all()?.to_vec1::<f64>()?;
    for i in 0..values.len() {
        if i / inner % size > 0 {
            values[i] += values[i - inner];
        }
    }
    Ok(vec![Tensor::from_vec(values, x.shape(), &Device::Cpu)?.to_dtype(x.dtype())?.into()])
}

fn triangle(tracer: &mut Tracer, call: &Call<'_>) -> Result<Vec<Value>> {
    let x = call.constant(0)?;
    let &[.., rows, columns] = x.dims() else { return Err("it needs a matrix".into()) };
    let shift = if call.optional(1).is_some() { call.integers(1)?.first().copied().unwrap_or(0) } else { 0 };
    let upper = call.integer("upper", 1) != 0;
    tracer.spend(x.elem_count())?;
    let mut values = x.to_dtype(DType::F64)?.flatten_all()?.to_vec1::<f64>()?;
    for (i, value) in values.iter_mut().enumerate() {
        let (row, column) = ((i / columns % rows) as i64, (i % columns) as i64);
        let above = column.saturating_sub(row);
        if (upper && above < shift) || (!upper && above > shift) {
            *value = 0.0;
        }
    }
    Ok(vec![Tensor::from_vec(values, x.shape(), &Device::Cpu)?.to_dtype(x.dtype())?.into()])
}
