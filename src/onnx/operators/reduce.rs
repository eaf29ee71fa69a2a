//! Sums, means and extremes along axes.

use super::super::error::Result;
use super::super::tracer::Tracer;
use super::super::value::Value;
use super::{Call, Operator, axis};
use crate::graph::{Op, Reduction, Unary};

pub(super) fn operator(op: &str) -> Option<Operator> {
    match op {
        "ReduceMean" => Some(|tracer, call| reduce(tracer, call, Reduction::Mean)),
        "ReduceSum" => Some(|tracer, call| reduce(tracer, call, Reduction::Sum)),
        "ReduceMax" => Some(|tracer, call| reduce(tracer, call, Reduction::Max)),
        "ReduceMin" => Some(|tracer, call| reduce(tracer, call, Reduction::Min)),
        "ReduceL2" => Some(norm),
        _ => None,
    }
}

fn reduce(tracer: &mut Tracer, call: &Call<'_>, reduction: Reduction) -> Result<Vec<Value>> {
    along_axes(tracer, call, call.input(0)?, reduction)
}

fn norm(tracer: &mut Tracer, call: &Call<'_>) -> Result<Vec<Value>> {
    let square = tracer.unary(Unary::Power(2.0), call.input(0)?)?;
    let sum = along_axes(tracer, call, &square, Reduction::Sum)?;
    Ok(vec![tracer.unary(Unary::Sqrt, &sum[0])?])
}

fn along_axes(tracer: &mut Tracer, call: &Call<'_>, x: &Value, reduction: Reduction) -> Result<Vec<Value>> {
    let shape = x.shape();
    let mut axes = match call.integers_or(1, "axes")? {
        Some(axes) if !axes.is_empty() => axes.into_iter().map(|a| axis(a, shape.len())).collect::<Result<Vec<_>>>()?,
        _ if call.integer("noop_with_empty_axes", 0) != 0 => return Ok(vec![x.clone()]),
        _ => (0..shape.len()).collect(),
    };
    axes.sort_unstable();
    axes.dedup();
    let reduced = match means_of_map(tracer, x, reduction, &axes)? {
        Some(means) => means,
        None => tracer.reduce(reduction, x, &axes)?,
    };
    if call.integer("keepdims", 1) != 0 {
        return Ok(vec![reduced]);
    }
    let kept: Vec<usize> = (0..shape.len()).filter(|i| !axes.contains(i)).map(|i| shape[i]).collect();
    Ok(vec![tracer.reshape(&reduced, &kept)?])
}

/// The means over all cells of a map, as the pooling that they are.
fn means_of_map(tracer: &mut Tracer, x: &Value, reduction: Reduction, axes: &[usize]) -> Result<Option<Value>> {
    let Value::Traced(x) = x else { return Ok(None) };
    let mut cells: Vec<usize> = axes.iter().flat_map(|axis| x.axes[*axis].iter().copied()).collect();
    cells.sort_unstable();
    let spatial = || (2..4).filter(|axis| x.stored[*axis] > 1);
    if reduction != Reduction::Mean || !tracer.is_map(x.node) || !spatial().eq(cells.iter().copied()) {
        return Ok(None);
    }
    let node = tracer.push(Op::AdaptiveAvgPool { output: [1, 1] }, &[x.node])?;
    let stored = tracer.shapes[node.index()].clone();
    Ok(Some(x.with_node(node, stored).into()))
}
