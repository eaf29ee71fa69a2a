//! Pooling over windows and over whole maps.

use super::super::error::Result;
use super::super::tracer::Tracer;
use super::super::value::Value;
use super::convolution::padding;
use super::{Call, Operator};
use crate::graph::{NodeId, Op, Pool2d, PoolKind};

pub(super) fn operator(op: &str) -> Option<Operator> {
    match op {
        "MaxPool" => Some(|tracer, call| windows(tracer, call, PoolKind::Max)),
        "AveragePool" => Some(|tracer, call| {
            let count_padding = call.integer("count_include_pad", 0) != 0;
            windows(tracer, call, PoolKind::Average { count_padding })
        }),
        "GlobalAveragePool" => Some(global_average),
        "GlobalMaxPool" => Some(global_max),
        _ => None,
    }
}

fn windows(tracer: &mut Tracer, call: &Call<'_>, kind: PoolKind) -> Result<Vec<Value>> {
    let x = tracer.map(call.traced(0)?)?;
    if call.pair("dilations")? != [1, 1] {
        return Err("windows with gaps are not supported".into());
    }
    let (kernel, stride) = (call.pair("kernel_shape")?, call.pair("strides")?);
    let padding = padding(call, size(tracer, x)?, kernel, stride)?;
    let widest = [padding.top.max(padding.bottom), padding.left.max(padding.right)];
    if widest[0] >= kernel[0] || widest[1] >= kernel[1] {
        return Err("a window would lie in the padding alone".into());
    }
    if kernel == [1, 1] && stride == [1, 1] {
        return Ok(vec![call.input(0)?.clone()]);
    }
    let ceil_mode = call.integer("ceil_mode", 0) != 0;
    let node = tracer.push(Op::Pool2d(Pool2d { kind, kernel, stride, padding, ceil_mode }), &[x])?;
    Ok(vec![tracer.traced(node).into()])
}

fn global_average(tracer: &mut Tracer, call: &Call<'_>) -> Result<Vec<Value>> {
    let x = tracer.map(call.traced(0)?)?;
    let node = tracer.push(Op::AdaptiveAvgPool { output: [1, 1] }, &[x])?;
    Ok(vec![tracer.traced(node).into()])
}

fn global_max(tracer: &mut Tracer, call: &Call<'_>) -> Result<Vec<Value>> {
    let x = tracer.map(call.traced(0)?)?;
    let kernel = size(tracer, x)?;
    let pool = Pool2d { kind: PoolKind::Max, kernel, stride: [1, 1], padding: Default::default(), ceil_mode: false };
    let node = tracer.push(Op::Pool2d(pool), &[x])?;
    Ok(vec![tracer.traced(node).into()])
}

/// Rows and columns of a map.
fn size(tracer: &Tracer, map: NodeId) -> Result<[usize; 2]> {
    match tracer.shapes[map.index()][..] {
        [_, _, h, w] => Ok([h, w]),
        _ => Err("it needs a feature map".into()),
    }
}
