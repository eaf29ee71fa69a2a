//! Functions of each value.

use candle_core::{DType, Tensor};

use super::super::error::Result;
use super::super::tracer::{Tracer, vector};
use super::super::value::{Traced, Value};
use super::arithmetic::combine;
use super::{Call, Operator};
use crate::graph::{Activation, Binary, Op, TensorOp, Unary};

pub(super) fn operator(op: &str) -> Option<Operator> {
    Some(match op {
        "Relu" => |tracer, call| activation(tracer, call, Activation::Relu),
        "Sigmoid" => |tracer, call| activation(tracer, call, Activation::Sigmoid),
        "HardSwish" => |tracer, call| activation(tracer, call, Activation::HardSwish),
        "Swish" => swish,
        "LeakyRelu" => |tracer, call| activation(tracer, call, Activation::LeakyRelu(call.float("alpha", 0.01))),
        "Gelu" => gelu,
        "HardSigmoid" => hard_sigmoid,
        "Clip" => clip,
        "PRelu" => p_relu,
        "Mish" => mish,
        "Softsign" => softsign,
        "Selu" => selu,
        "Elu" => |tracer, call| unary(tracer, call, Unary::Elu(call.float("alpha", 1.0))),
        "Abs" => |tracer, call| unary(tracer, call, Unary::Abs),
        "Cos" => |tracer, call| unary(tracer, call, Unary::Cos),
        "Erf" => |tracer, call| unary(tracer, call, Unary::Erf),
        "Exp" => |tracer, call| unary(tracer, call, Unary::Exp),
        "Log" => |tracer, call| unary(tracer, call, Unary::Log),
        "Neg" => |tracer, call| unary(tracer, call, Unary::Neg),
        "Reciprocal" => |tracer, call| unary(tracer, call, Unary::Reciprocal),
        "Sin" => |tracer, call| unary(tracer, call, Unary::Sin),
        "Softplus" => |tracer, call| unary(tracer, call, Unary::Softplus),
        "Sqrt" => |tracer, call| unary(tracer, call, Unary::Sqrt),
        "Tanh" => |tracer, call| unary(tracer, call, Unary::Tanh),
        _ => return None,
    })
}

fn unary(tracer: &mut Tracer, call: &Call<'_>, unary: Unary) -> Result<Vec<Value>> {
    let x = call.input(0)?;
    if let (Value::Constant(tensor), Unary::Neg | Unary::Abs) = (x, unary)
        && tensor.dtype() == DType::I64
    {
        let zero = Value::Constant(tensor.zeros_like()?);
        let negative = combine(tracer, Binary::Sub, &zero, x)?;
        let result = if unary == Unary::Abs { combine(tracer, Binary::Max, x, &negative)? } else { negative };
        return Ok(vec![result]);
    }
    Ok(vec![tracer.unary(unary, x)?])
}

fn activation(tracer: &mut Tracer, call: &Call<'_>, activation: Activation) -> Result<Vec<Value>> {
    Ok(vec![match call.input(0)? {
        Value::Traced(x) => tracer.pointwise(Op::Activation(activation), x)?.into(),
        Value::Constant(_) => tracer.compute(&Op::Activation(activation), &[&call.weights(0)?])?.into(),
    }])
}

fn swish(tracer: &mut Tracer, call: &Call<'_>) -> Result<Vec<Value>> {
    if call.float("alpha", 1.0) != 1.0 {
        return Err("only a factor of 1 is supported".into());
    }
    activation(tracer, call, Activation::Silu)
}

fn gelu(tracer: &mut Tracer, call: &Call<'_>) -> Result<Vec<Value>> {
    if call.text("approximate") != b"tanh" {
        return activation(tracer, call, Activation::Gelu);
    }
    // x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))
    let x = call.input(0)?;
    let cube = tracer.unary(Unary::Power(3.0), x)?;
    let cube = scaled(tracer, &cube, 0.044_715)?;
    let inner = combine(tracer, Binary::Add, x, &cube)?;
    let inner = scaled(tracer, &inner, std::f32::consts::FRAC_2_PI.sqrt())?;
    let tanh = tracer.unary(Unary::Tanh, &inner)?;
    let gate = combine(tracer, Binary::Add, &tanh, &scalar(1.0)?)?;
    let half = scaled(tracer, x, 0.5)?;
    Ok(vec![combine(tracer, Binary::Mul, &half, &gate)?])
}

fn hard_sigmoid(tracer: &mut Tracer, call: &Call<'_>) -> Result<Vec<Value>> {
    let (alpha, beta) = (call.float("alpha", 0.2), call.float("beta", 0.5));
    if (alpha - 1.0 / 6.0).abs() < 1e-6 && (beta - 0.5).abs() < 1e-6 {
        return activation(tracer, call, Activation::HardSigmoid);
    }
    let x = scaled(tracer, call.input(0)?, alpha)?;
    let x = combine(tracer, Binary::Add, &x, &scalar(beta)?)?;
    Ok(vec![tracer.unary(Unary::Clamp(0.0, 1.0), &x)?])
}

fn clip(tracer: &mut Tracer, call: &Call<'_>) -> Result<Vec<Value>> {
    let bound = |index: usize, attribute: &str, open: f32| -> Result<f32> {
        Ok(match call.optional_weights(index)? {
            Some(bound) => vector(&bound, 1)?.to_vec1::<f32>()?[0],
            None => call.float(attribute, open),
        })
    };
    let (low, high) = (bound(1, "min", f32::NEG_INFINITY)?, bound(2, "max", f32::INFINITY)?);
    Ok(vec![match call.input(0)? {
        Value::Traced(x) => clamp(tracer, x, low, high)?.into(),
        Value::Constant(tensor) if tensor.dtype() == DType::I64 => {
            let bounded = |v: i64| (v as f64).max(f64::from(low)).min(f64::from(high)) as i64;
            let values = tensor.flatten_all()?.to_vec1::<i64>()?.into_iter().map(bounded).collect::<Vec<_>>();
            Value::Constant(Tensor::from_vec(values, tensor.shape(), tensor.device())?)
        }
        constant => tracer.unary(Unary::Clamp(low, high), constant)?,
    }])
}

/// Values held between two bounds: a ReLU where the bounds say so.
pub(super) fn clamp(tracer: &mut Tracer, x: &Traced, low: f32, high: f32) -> Result<Traced> {
    let op = match (low, high) {
        (0.0, f32::INFINITY | f32::MAX) => Op::Activation(Activation::Relu),
        (0.0, 6.0) => Op::Activation(Activation::Relu6),
        (low, high) => Op::Tensor(TensorOp::Unary(Unary::Clamp(low, high))),
    };
    tracer.pointwise(op, x)
}

fn p_relu(tracer: &mut Tracer, call: &Call<'_>) -> Result<Vec<Value>> {
    let (x, slope) = (call.traced(0)?, call.weights(1)?);
    let same = |values: &[f32]| values.windows(2).all(|pair| pair[0] == pair[1]);
    let values = slope.flatten_all()?.to_vec1::<f32>()?;
    if let (Some(first), true) = (values.first(), same(&values)) {
        return Ok(vec![tracer.pointwise(Op::Activation(Activation::LeakyRelu(*first)), x)?.into()]);
    }
    // max(x, 0) - slope * max(-x, 0)
    let positive: Value = tracer.pointwise(Op::Activation(Activation::Relu), x)?.into();
    let negative = scaled(tracer, &x.clone().into(), -1.0)?;
    let Value::Traced(negative) = negative else { return Err("its input does not depend on the image".into()) };
    let negative = tracer.pointwise(Op::Activation(Activation::Relu), &negative)?.into();
    let negative = combine(tracer, Binary::Mul, &negative, &slope.into())?;
    Ok(vec![combine(tracer, Binary::Sub, &positive, &negative)?])
}

fn mish(tracer: &mut Tracer, call: &Call<'_>) -> Result<Vec<Value>> {
    let x = call.input(0)?;
    let soft = tracer.unary(Unary::Softplus, x)?;
    let gate = tracer.unary(Unary::Tanh, &soft)?;
    Ok(vec![combine(tracer, Binary::Mul, x, &gate)?])
}

fn softsign(tracer: &mut Tracer, call: &Call<'_>) -> Result<Vec<Value>> {
    let x = call.input(0)?;
    let size = tracer.unary(Unary::Abs, x)?;
    let divisor = combine(tracer, Binary::Add, &size, &scalar(1.0)?)?;
    Ok(vec![combine(tracer, Binary::Div, x, &divisor)?])
}

fn selu(tracer: &mut Tracer, call: &Call<'_>) -> Result<Vec<Value>> {
    let (alpha, gamma) = (call.float("alpha", 1.673_263_2), call.float("gamma", 1.050_701));
    let x = tracer.unary(Unary::Elu(alpha), call.input(0)?)?;
    Ok(vec![scaled(tracer, &x, gamma)?])
}

fn scalar(value: f32) -> Result<Value> {
    Ok(Value::Constant(Tensor::new(&[value], &candle_core::Device::Cpu)?))
}

fn scaled(tracer: &mut Tracer, x: &Value, factor: f32) -> Result<Value> {
    // A product with a node that may still be changed would change it for whoever reads `x` again.
    let x = match x {
        Value::Traced(x) => Value::Traced(Traced { alone: false, ..x.clone() }),
        constant => constant.clone(),
    };
    combine(tracer, Binary::Mul, &x, &scalar(factor)?)
}
