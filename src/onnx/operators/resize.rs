//! Enlarging by whole factors.

use super::super::error::Result;
use super::super::tracer::Tracer;
use super::super::value::Value;
use super::{Call, Operator, extents};
use crate::graph::{Interpolation, Op};

pub(super) fn operator(op: &str) -> Option<Operator> {
    matches!(op, "Resize" | "Upsample").then_some(resize as Operator)
}

fn resize(tracer: &mut Tracer, call: &Call<'_>) -> Result<Vec<Value>> {
    let x = tracer.map(call.traced(0)?)?;
    let shape = tracer.shapes[x.index()].clone();
    let target = target(call, &shape)?;
    if target == shape {
        return Ok(vec![call.input(0)?.clone()]);
    }
    let whole = target.iter().zip(&shape).all(|(to, from)| to.is_multiple_of(*from)) && target[..2] == shape[..2];
    if !whole {
        return Err(
            format!("{shape:?} does not become {target:?} by whole factors, and nothing else is supported").into()
        );
    }
    let factor = [target[2] / shape[2], target[3] / shape[3]];
    let interpolation = match (call.text("mode"), call.text("coordinate_transformation_mode")) {
        // By whole factors, each cell is repeated wherever the coordinates start.
        (b"nearest" | b"", _) if matches!(call.text("nearest_mode"), b"floor" | b"round_prefer_floor" | b"") => {
            Interpolation::Nearest
        }
        (b"linear", b"half_pixel" | b"pytorch_half_pixel" | b"") => Interpolation::Bilinear,
        _ => return Err("of the ways to interpolate, only nearest and linear with half pixels are supported".into()),
    };
    let node = tracer.push(Op::Upsample { interpolation, factor }, &[x])?;
    Ok(vec![tracer.traced(node).into()])
}

/// The result's shape: given as such, or by factors.
fn target(call: &Call<'_>, shape: &[usize]) -> Result<Vec<usize>> {
    let target = if call.optional(3).is_some() {
        extents(&call.integers(3)?)?
    } else {
        let factors = call.weights(if call.node.op == "Upsample" { 1 } else { 2 })?.flatten_all()?.to_vec1::<f32>()?;
        let sizes: Vec<i64> = factors.iter().zip(shape).map(|(f, s)| (f * *s as f32).floor() as i64).collect();
        extents(&sizes)?
    };
    if target.len() == shape.len() { Ok(target) } else { Err("it does not give a size for each axis".into()) }
}
