//! Normalisations and softmax.

use candle_core::Tensor;

use super::super::error::Result;
use super::super::tracer::{Tracer, vector};
use super::super::value::{Traced, Value};
use super::arithmetic::combine;
use super::{Call, Operator, axis};
use crate::graph::{Binary, Op, Reduction, TensorOp, Unary};

pub(super) fn operator(op: &str) -> Option<Operator> {
    match op {
        "BatchNormalization" => Some(batch_norm),
        "LayerNormalization" => Some(layer_norm),
        "InstanceNormalization" => Some(instance_norm),
        "GroupNormalization" => Some(group_norm),
        "RMSNormalization" => Some(rms_norm),
        "Softmax" => Some(softmax),
        "LogSoftmax" => Some(log_softmax),
        _ => None,
    }
}

fn batch_norm(tracer: &mut Tracer, call: &Call<'_>) -> Result<Vec<Value>> {
    let x = call.input(0)?;
    if let (Value::Constant(_), 1) = (x, call.integer("training_mode", 0)) {
        return standardised(tracer, call);
    }
    if call.integer("training_mode", 0) != 0 {
        return Err("it is in training mode: export the network in evaluation mode".into());
    }
    let eps = f64::from(call.float("epsilon", 1e-5));
    let (gamma, beta, mean, variance) = (call.weights(1)?, call.weights(2)?, call.weights(3)?, call.weights(4)?);
    let scale = (gamma / (variance + eps)?.sqrt()?)?;
    let shift = (beta - (mean * &scale)?)?;
    // One value a channel, which is the second axis.
    let mut shape = vec![1; x.shape().len().saturating_sub(1)];
    let Some(first) = shape.first_mut() else { return Err("its input has no channels".into()) };
    *first = scale.elem_count();
    if let Value::Traced(map) = x
        && map.axes.get(1).is_some_and(|group| group[..] == [1])
        && tracer.is_map(map.node)
    {
        let (scale, shift) = (vector(&scale, map.stored[1])?, vector(&shift, map.stored[1])?);
        return Ok(vec![tracer.pointwise(Op::ChannelAffine { scale, shift }, map)?.into()]);
    }
    let scaled = combine(tracer, Binary::Mul, x, &scale.reshape(shape.as_slice())?.into())?;
    Ok(vec![combine(tracer, Binary::Add, &scaled, &shift.reshape(shape.as_slice())?.into())?])
}

/// A constant's own statistics taken out of it: how some networks standardise the weights of their convolutions.
fn standardised(tracer: &mut Tracer, call: &Call<'_>) -> Result<Vec<Value>> {
    let x = call.input(0)?;
    let rank = x.shape().len();
    let channels = x.shape().get(1).copied().unwrap_or(0);
    let others: Vec<usize> = (0..rank).filter(|axis| *axis != 1).collect();
    let mut shape = vec![1; rank];
    *shape.get_mut(1).ok_or("its input has no channels")? = channels;
    let parameter =
        |values: Tensor| -> Result<Value> { Ok(vector(&values, channels)?.reshape(shape.as_slice())?.into()) };
    let (gamma, beta) = (parameter(call.weights(1)?)?, parameter(call.weights(2)?)?);
    let eps = Tensor::new(&[call.float("epsilon", 1e-5)], &candle_core::Device::Cpu)?;
    let mean = tracer.reduce(Reduction::Mean, x, &others)?;
    let centred = combine(tracer, Binary::Sub, x, &mean)?;
    let square = tracer.unary(Unary::Power(2.0), &centred)?;
    let variance = tracer.reduce(Reduction::Mean, &square, &others)?;
    let variance = combine(tracer, Binary::Add, &variance, &eps.into())?;
    let deviation = tracer.unary(Unary::Sqrt, &variance)?;
    let normed = combine(tracer, Binary::Div, &centred, &deviation)?;
    let scaled = combine(tracer, Binary::Mul, &normed, &gamma)?;
    Ok(vec![combine(tracer, Binary::Add, &scaled, &beta)?])
}

fn layer_norm(tracer: &mut Tracer, call: &Call<'_>) -> Result<Vec<Value>> {
    let x = call.traced(0)?;
    let shape = x.shape();
    let first = axis(call.integer("axis", -1), shape.len())?;
    let count = shape[first..].iter().product();
    let weight = vector(&call.weights(1)?, count)?;
    let bias = call.optional_weights(2)?.map_or_else(|| Ok(weight.zeros_like()?), |bias| vector(&bias, count))?;
    let eps = f64::from(call.float("epsilon", 1e-5));
    let x = &channels_last(tracer, x, first)?;
    let over_channels = x.axes[first..].concat() == [1];
    if tracer.is_map(x.node) && over_channels {
        return Ok(vec![tracer.pointwise(Op::LayerNorm { weight, bias, eps }, x)?.into()]);
    }
    let flat = tracer.reshape(&x.clone().into(), &[&shape[..first], &[count]].concat())?;
    let normed = tracer.apply(TensorOp::Normalise { weight, bias, eps }, &[&flat])?;
    Ok(vec![tracer.reshape(&normed, &shape)?])
}

/// A tensor `(1, h, w, c)` that is normalised along its last axis is a map with channels last; as such a map, if it is none yet.
fn channels_last(tracer: &mut Tracer, x: &Traced, first: usize) -> Result<Traced> {
    let is_one = matches!(x.shape()[..], [1, h, w, c] if h > 1 && w > 1 && c > 1) && first == 3;
    if !is_one || tracer.is_map(x.node) {
        return Ok(x.clone());
    }
    let node = tracer.map(&x.permuted(&[0, 3, 1, 2]))?;
    Ok(tracer.traced(node).permuted(&[0, 2, 3, 1]))
}

fn instance_norm(tracer: &mut Tracer, call: &Call<'_>) -> Result<Vec<Value>> {
    let channels = call.traced(0)?.shape().get(1).copied().unwrap_or(0);
    let eps = f64::from(call.float("epsilon", 1e-5));
    let (weight, bias) = (vector(&call.weights(1)?, channels)?, vector(&call.weights(2)?, channels)?);
    grouped(tracer, call.traced(0)?, channels, [weight, bias], eps)
}

fn group_norm(tracer: &mut Tracer, call: &Call<'_>) -> Result<Vec<Value>> {
    let x = call.traced(0)?;
    let channels = x.shape().get(1).copied().unwrap_or(0);
    let groups = super::extents(&[call.integer("num_groups", 0)])?[0];
    // Until version 21 of the standard there was one weight a group.
    let spread = |values: Tensor| {
        if values.elem_count() == groups && groups > 0 && channels.is_multiple_of(groups) {
            let repeated = values.reshape((groups, 1))?.broadcast_as((groups, channels / groups))?.flatten_all()?;
            return Ok(repeated.contiguous()?);
        }
        vector(&values, channels)
    };
    let parameters = [spread(call.weights(1)?)?, spread(call.weights(2)?)?];
    grouped(tracer, x, groups, parameters, f64::from(call.float("epsilon", 1e-5)))
}

/// The channels of each group, with all their cells, normalised together; then a factor and a shift for each channel.
fn grouped(
    tracer: &mut Tracer,
    x: &Traced,
    groups: usize,
    [weight, bias]: [Tensor; 2],
    eps: f64,
) -> Result<Vec<Value>> {
    let shape = x.shape();
    let values: usize = shape.iter().product();
    if groups == 0 || !values.is_multiple_of(groups) || shape.len() < 2 {
        return Err(format!("{groups} groups of a tensor of shape {shape:?}").into());
    }
    let count = values / groups;
    let rows = tracer.reshape(&x.clone().into(), &[1, groups, count])?;
    tracer.spend(count)?;
    let one = Tensor::ones(count, candle_core::DType::F32, &candle_core::Device::Cpu)?;
    let plain = TensorOp::Normalise { bias: one.zeros_like()?, weight: one, eps };
    let normed = tracer.apply(plain, &[&rows])?;
    let mut normed = tracer.reshape(&normed, &shape)?;
    if let (Value::Traced(map), true) = (&normed, shape.len() == 4) {
        let node = tracer.map(map)?;
        normed = tracer.traced(node).into();
    }
    let mut per_channel = vec![1; shape.len() - 1];
    per_channel[0] = weight.elem_count();
    let scaled = combine(tracer, Binary::Mul, &normed, &weight.reshape(per_channel.as_slice())?.into())?;
    Ok(vec![combine(tracer, Binary::Add, &scaled, &bias.reshape(per_channel)?.into())?])
}

fn rms_norm(tracer: &mut Tracer, call: &Call<'_>) -> Result<Vec<Value>> {
    let x = call.input(0)?;
    let rank = x.shape().len();
    let first = axis(call.integer("axis", -1), rank)?;
    let square = tracer.unary(Unary::Power(2.0), x)?;
    let mean = tracer.reduce(Reduction::Mean, &square, &(first..rank).collect::<Vec<_>>())?;
    let eps = Tensor::new(&[call.float("epsilon", 1e-5)], &candle_core::Device::Cpu)?;
    let mean = combine(tracer, Binary::Add, &mean, &eps.into())?;
    let root = tracer.unary(Unary::Sqrt, &mean)?;
    let normed = combine(tracer, Binary::Div, x, &root)?;
    Ok(vec![combine(tracer, Binary::Mul, &normed, &call.weights(1)?.into())?])
}

fn softmax(tracer: &mut Tracer, call: &Call<'_>) -> Result<Vec<Value>> {
    let x = call.input(0)?;
    let shape = x.shape();
    if call.opset >= 13 {
        let axis = axis(call.integer("axis", -1), shape.len())?;
        return Ok(vec![tracer.apply(TensorOp::Softmax { axis }, &[x])?]);
    }
    // Before version 13 of the standard, all axes from this one on are one.
    let first = axis(call.integer("axis", 1), shape.len())?;
    let flat = tracer.reshape(x, &[&shape[..first], &[shape[first..].iter().product()]].concat())?;
    let shares = tracer.apply(TensorOp::Softmax { axis: first }, &[&flat])?;
    Ok(vec![tracer.reshape(&shares, &shape)?])
}

fn log_softmax(tracer: &mut Tracer, call: &Call<'_>) -> Result<Vec<Value>> {
    let shares = softmax(tracer, call)?;
    Ok(vec![tracer.unary(Unary::Log, &shares[0])?])
}
