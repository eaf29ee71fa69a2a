//! The same values in other places: shapes, orders of axes, parts and joins.

use candle_core::DType;

use super::super::error::Result;
use super::super::read::Attribute;
use super::super::tracer::Tracer;
use super::super::value::{Traced, Value};
use super::{Call, Operator, axis, extents};
use crate::graph::{NodeId, Op, TensorOp};

pub(super) fn operator(op: &str) -> Option<Operator> {
    match op {
        "Reshape" => Some(reshape),
        "Flatten" => Some(flatten),
        "Squeeze" => Some(squeeze),
        "Unsqueeze" => Some(unsqueeze),
        "Transpose" => Some(transpose),
        "Concat" => Some(concat),
        "Split" => Some(split),
        "Slice" => Some(slice),
        "Gather" => Some(gather),
        "Expand" => Some(expand),
        "Tile" => Some(tile),
        "Identity" | "Dropout" => Some(|_, call| Ok(vec![call.input(0)?.clone()])),
        "DepthToSpace" => Some(depth_to_space),
        "SpaceToDepth" => Some(space_to_depth),
        _ => None,
    }
}

fn reshape(tracer: &mut Tracer, call: &Call<'_>) -> Result<Vec<Value>> {
    let x = call.input(0)?;
    let from = x.shape();
    let Some(to) = call.integers_or(1, "shape")? else { return Err("it does not say into what".into()) };
    let keeps_zero = call.integer("allowzero", 0) != 0;
    let mut shape = Vec::with_capacity(to.len());
    for (i, size) in to.iter().enumerate() {
        shape.push(match *size {
            0 if !keeps_zero => *from.get(i).ok_or("it keeps an axis that is not there")?,
            -1 => 1,
            size => extents(&[size])?[0],
        });
    }
    if let Some(open) = to.iter().position(|size| *size == -1) {
        let known = shape.iter().try_fold(1_usize, |n, s| n.checked_mul(*s)).filter(|n| *n > 0);
        let values: usize = from.iter().product();
        let size = known.filter(|known| values.is_multiple_of(*known)).map(|known| values / known);
        shape[open] = size.ok_or_else(|| format!("{to:?} does not fit a tensor of shape {from:?}"))?;
    }
    Ok(vec![tracer.reshape(x, &shape)?])
}

fn flatten(tracer: &mut Tracer, call: &Call<'_>) -> Result<Vec<Value>> {
    let shape = call.input(0)?.shape();
    let first = match call.integer("axis", 1) {
        end if end == shape.len() as i64 => shape.len(),
        first => axis(first, shape.len())?,
    };
    let (rows, columns) = (shape[..first].iter().product(), shape[first..].iter().product());
    Ok(vec![tracer.reshape(call.input(0)?, &[rows, columns])?])
}

fn squeeze(tracer: &mut Tracer, call: &Call<'_>) -> Result<Vec<Value>> {
    let shape = call.input(0)?.shape();
    let axes = match call.integers_or(1, "axes")? {
        Some(axes) => axes.into_iter().map(|a| axis(a, shape.len())).collect::<Result<Vec<_>>>()?,
        None => (0..shape.len()).filter(|i| shape[*i] == 1).collect(),
    };
    let kept: Vec<usize> = (0..shape.len()).filter(|i| !axes.contains(i)).map(|i| shape[i]).collect();
    Ok(vec![tracer.reshape(call.input(0)?, &kept)?])
}

fn unsqueeze(tracer: &mut Tracer, call: &Call<'_>) -> Result<Vec<Value>> {
    let mut shape = call.input(0)?.shape();
    let Some(axes) = call.integers_or(1, "axes")? else { return Err("it does not say where".into()) };
    let rank = shape.len() + axes.len();
    let mut axes = axes.into_iter().map(|a| axis(a, rank)).collect::<Result<Vec<_>>>()?;
    axes.sort_unstable();
    for axis in axes {
        if axis > shape.len() {
            return Err("it names an axis twice".into());
        }
        shape.insert(axis, 1);
    }
    Ok(vec![tracer.reshape(call.input(0)?, &shape)?])
}

fn transpose(tracer: &mut Tracer, call: &Call<'_>) -> Result<Vec<Value>> {
    let rank = call.input(0)?.shape().len();
    let permutation = match call.node.attribute("perm") {
        Some(Attribute::Integers(axes)) => axes.iter().map(|a| axis(*a, rank)).collect::<Result<Vec<_>>>()?,
        _ => (0..rank).rev().collect(),
    };
    Ok(vec![tracer.permute(call.input(0)?, &permutation)?])
}

fn concat(tracer: &mut Tracer, call: &Call<'_>) -> Result<Vec<Value>> {
    let inputs = (0..call.inputs.len()).map(|i| call.input(i)).collect::<Result<Vec<_>>>()?;
    let Some(first) = inputs.first() else { return Err("it joins nothing".into()) };
    let axis = axis(call.integer("axis", 0), first.shape().len())?;
    // An empty list of sizes joins nothing.
    let inputs: Vec<&Value> = inputs.iter().copied().filter(|value| !value.shape().contains(&0)).collect();
    match inputs[..] {
        [] => return Ok(vec![call.input(0)?.clone()]),
        [single] => return Ok(vec![single.clone()]),
        _ => {}
    }
    if let Some(joined) = joined_maps(tracer, &inputs, axis)? {
        return Ok(vec![joined.into()]);
    }
    Ok(vec![tracer.apply(TensorOp::Join { axis }, &inputs)?])
}

/// Maps joined along their channels, if that is what is joined.
fn joined_maps(tracer: &mut Tracer, inputs: &[&Value], axis: usize) -> Result<Option<Traced>> {
    let mut nodes: Vec<NodeId> = Vec::new();
    let mut first: Option<&Traced> = None;
    for value in inputs {
        let Value::Traced(x) = value else { return Ok(None) };
        let first = *first.get_or_insert(x);
        if !tracer.is_map(x.node) || x.axes != first.axes || x.axes[axis][..] != [1] {
            return Ok(None);
        }
        nodes.push(x.node);
    }
    let Some(first) = first else { return Ok(None) };
    let node = tracer.push(Op::Concat, &nodes)?;
    let stored = tracer.shapes[node.index()].clone();
    Ok(Some(first.with_node(node, stored)))
}

/// Entries of an axis.
fn select(tracer: &mut Tracer, x: &Value, axis: usize, indices: Vec<u32>) -> Result<Value> {
    let start = indices.first().copied().unwrap_or(0);
    let in_a_row = indices.iter().copied().eq((start..).take(indices.len()));
    if in_a_row && indices.len() == x.shape()[axis] {
        return Ok(x.clone());
    }
    if let Value::Traced(map) = x
        && tracer.is_map(map.node)
        && map.axes[axis][..] == [1]
        && in_a_row
    {
        let node = tracer.push(Op::Channels { start: start as usize, count: indices.len() }, &[map.node])?;
        let stored = tracer.shapes[node.index()].clone();
        return Ok(map.with_node(node, stored).into());
    }
    tracer.apply(TensorOp::Select { axis, indices }, &[x])
}

fn split(tracer: &mut Tracer, call: &Call<'_>) -> Result<Vec<Value>> {
    let x = call.input(0)?;
    let axis = axis(call.integer("axis", 0), x.shape().len())?;
    let (size, parts) = (x.shape()[axis], call.node.outputs.len());
    let sizes = match call.integers_or(1, "split")? {
        Some(sizes) => extents(&sizes)?,
        None => {
            let each = size.div_ceil(parts.max(1));
            (0..parts).map(|i| each.min(size.saturating_sub(i * each))).collect()
        }
    };
    if sizes.iter().sum::<usize>() != size || sizes.len() != parts {
        return Err(format!("{size} entries cannot be split into {sizes:?}").into());
    }
    let mut start = 0;
    let mut results = Vec::with_capacity(parts);
    for size in sizes {
        let indices = (start as u32..(start + size) as u32).collect();
        results.push(select(tracer, x, axis, indices)?);
        start += size;
    }
    Ok(results)
}

fn slice(tracer: &mut Tracer, call: &Call<'_>) -> Result<Vec<Value>> {
    let mut x = call.input(0)?.clone();
    let (Some(starts), Some(ends)) = (call.integers_or(1, "starts")?, call.integers_or(2, "ends")?) else {
        return Err("it does not say from where to where".into());
    };
    let axes = call.integers_or(3, "axes")?.unwrap_or_else(|| (0..starts.len() as i64).collect());
    let steps = if call.optional(4).is_some() { call.integers(4)? } else { vec![1; starts.len()] };
    if [ends.len(), axes.len(), steps.len()].iter().any(|n| *n != starts.len()) {
        return Err("its lists differ in length".into());
    }
    for (i, a) in axes.iter().enumerate() {
        let axis = axis(*a, x.shape().len())?;
        let indices = sliced(x.shape()[axis], starts[i], ends[i], steps[i])?;
        x = select(tracer, &x, axis, indices)?;
    }
    Ok(vec![x])
}

/// The entries from `start` up to, not including, `end`, both counted from the end if negative.
fn sliced(size: usize, start: i64, end: i64, step: i64) -> Result<Vec<u32>> {
    let size = i64::try_from(size).map_err(|_too_large| "an axis is too long")?;
    let from_front = |at: i64| if at < 0 { at.saturating_add(size) } else { at };
    if step == 0 {
        return Err("it takes steps of 0".into());
    }
    let (start, end) = (from_front(start), from_front(end));
    let mut indices = Vec::new();
    if step > 0 {
        let (mut at, end) = (start.clamp(0, size), end.clamp(0, size));
        while at < end {
            indices.push(at as u32);
            at = at.saturating_add(step);
        }
    } else {
        let (mut at, end) = (start.clamp(-1, size - 1), end.clamp(-1, size - 1));
        while at > end {
            indices.push(at as u32);
            at = at.saturating_add(step);
        }
    }
    Ok(indices)
}

fn gather(tracer: &mut Tracer, call: &Call<'_>) -> Result<Vec<Value>> {
    let x = call.input(0)?;
    let shape = x.shape();
    let axis = axis(call.integer("axis", 0), shape.len())?;
    let positions = call.constant(1)?;
    if positions.dtype() != DType::I64 {
        return Err("its positions are no integers".into());
    }
    let size = shape[axis] as i64;
    let place = |at: i64| {
        let at = if at < 0 { at.checked_add(size)? } else { at };
        (0..size).contains(&at).then_some(at as u32)
    };
    let indices: Option<Vec<u32>> = positions.flatten_all()?.to_vec1::<i64>()?.into_iter().map(place).collect();
    let indices = indices.ok_or("it takes entries that are not there")?;
    let result = [&shape[..axis], positions.dims(), &shape[axis + 1..]].concat();
    let taken = select(tracer, x, axis, indices)?;
    Ok(vec![tracer.reshape(&taken, &result)?])
}

fn expand(tracer: &mut Tracer, call: &Call<'_>) -> Result<Vec<Value>> {
    let x = call.input(0)?;
    let target = extents(&call.integers(1)?)?;
    let Some(shape) = crate::graph::broadcast(&x.shape(), &target) else {
        return Err(format!("{:?} does not fit {target:?}", x.shape()).into());
    };
    repeat(tracer, x, &shape)
}

fn tile(tracer: &mut Tracer, call: &Call<'_>) -> Result<Vec<Value>> {
    let mut x = call.input(0)?.clone();
    let times = extents(&call.integers(1)?)?;
    if times.len() != x.shape().len() {
        return Err("it needs one number for each axis".into());
    }
    for (axis, times) in times.into_iter().enumerate() {
        let size = x.shape()[axis] as u32;
        tracer.spend(times.saturating_mul(size as usize))?;
        let indices = std::iter::repeat_n(0..size, times).flatten().collect();
        x = select(tracer, &x, axis, indices)?;
    }
    Ok(vec![x])
}

/// A value with axes of one entry repeated.
fn repeat(tracer: &mut Tracer, x: &Value, shape: &[usize]) -> Result<Vec<Value>> {
    let front = vec![1; shape.len() - x.shape().len()];
    let mut x = tracer.reshape(x, &[front, x.shape()].concat())?;
    for (axis, size) in shape.iter().enumerate() {
        if x.shape()[axis] != *size {
            tracer.spend(*size)?;
            x = select(tracer, &x, axis, vec![0; *size])?;
        }
    }
    Ok(vec![x])
}

/// Channels that become the cells of blocks, or the other way round, through six axes.
fn blocks(tracer: &mut Tracer, call: &Call<'_>, shape: [usize; 6], order: [usize; 6]) -> Result<Vec<Value>> {
    let six = tracer.reshape(call.input(0)?, &shape)?;
    let six = tracer.permute(&six, &order)?;
    let s = six.shape();
    let joined = match order {
        [0, 3, 4, 1, 5, 2] | [0, 1, 4, 2, 5, 3] => [s[0], s[1], s[2] * s[3], s[4] * s[5]],
        _ => [s[0], s[1] * s[2] * s[3], s[4], s[5]],
    };
    Ok(vec![tracer.reshape(&six, &joined)?])
}

fn block_size(call: &Call<'_>) -> Result<usize> {
    match extents(&[call.integer("blocksize", 0)])?[0] {
        0 => Err("it does not say how large its blocks are".into()),
        size => Ok(size),
    }
}

fn depth_to_space(tracer: &mut Tracer, call: &Call<'_>) -> Result<Vec<Value>> {
    let size = block_size(call)?;
    let &[n, c, h, w] = call.input(0)?.shape().as_slice() else { return Err("it needs a feature map".into()) };
    let inner = c / size.saturating_mul(size);
    match call.text("mode") {
        b"CRD" => blocks(tracer, call, [n, inner, size, size, h, w], [0, 1, 4, 2, 5, 3]),
        _ => blocks(tracer, call, [n, size, size, inner, h, w], [0, 3, 4, 1, 5, 2]),
    }
}

fn space_to_depth(tracer: &mut Tracer, call: &Call<'_>) -> Result<Vec<Value>> {
    let size = block_size(call)?;
    let &[n, c, h, w] = call.input(0)?.shape().as_slice() else { return Err("it needs a feature map".into()) };
    blocks(tracer, call, [n, c, h / size, size, w / size, size], [0, 3, 5, 1, 2, 4])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_are_those_of_python() -> Result<()> {
        assert_eq!(sliced(5, 1, i64::MAX, 2)?, [1, 3]);
        assert_eq!(sliced(5, -1, i64::MIN, -2)?, [4, 2, 0]);
        assert_eq!(sliced(5, -2, 5, 1)?, [3, 4]);
        assert_eq!(sliced(5, 4, 2, 1)?, [0_u32; 0]);
        assert!(sliced(5, 0, 5, 0).is_err());
        Ok(())
    }
}
