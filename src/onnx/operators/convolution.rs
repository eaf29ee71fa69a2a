//! Convolutions, and the padding that Keras puts in front of them.

use candle_core::Tensor;

use super::super::error::Result;
use super::super::read::Attribute;
use super::super::tracer::{Tracer, vector};
use super::super::value::{Traced, Value};
use super::{Call, Operator, extents};
use crate::graph::{Conv2d, NodeId, Op, Padding, TensorOp};

pub(super) fn operator(op: &str) -> Option<Operator> {
    match op {
        "Conv" => Some(conv),
        "Pad" => Some(pad),
        _ => None,
    }
}

fn conv(tracer: &mut Tracer, call: &Call<'_>) -> Result<Vec<Value>> {
    let x = call.traced_or_node(tracer, 0)?;
    let x = tracer.map(&x)?;
    let weight = call.weights(1)?;
    let &[out, _, kh, kw] = weight.dims() else {
        return Err(format!("only flat convolutions are supported, not a kernel of shape {:?}", weight.dims()).into());
    };
    let (stride, dilation) = (call.pair("strides")?, call.pair("dilations")?);
    if kh == 0 || kw == 0 {
        return Err("its kernel is empty".into());
    }
    let [.., h, w] = tracer.shapes[x.index()][..] else { return Err("it needs a feature map".into()) };
    let extent = [dilation[0].saturating_mul(kh - 1) + 1, dilation[1].saturating_mul(kw - 1) + 1];
    let (x, hidden) = unpadded(tracer, x);
    let padding = added(padding(call, [h, w], extent, stride)?, hidden);
    let bias = call.optional_weights(2)?.map(|bias| vector(&bias, out)).transpose()?;
    let groups = extents(&[call.integer("group", 1)])?[0];
    let op = Op::Conv2d(Conv2d { weight, bias, stride, padding, dilation, groups });
    let node = tracer.push(op, &[x])?;
    Ok(vec![tracer.traced(node).into()])
}

/// Zeros or, for pooling, nothing around a map: stated, or as many as `auto_pad` asks for.
pub(super) fn padding(call: &Call<'_>, size: [usize; 2], extent: [usize; 2], stride: [usize; 2]) -> Result<Padding> {
    let same = |lower: bool| {
        let sides = |axis: usize| {
            let reach = (size[axis].div_ceil(stride[axis]) - 1) * stride[axis];
            let total = reach.saturating_add(extent[axis]).saturating_sub(size[axis]);
            let half = if lower { total.div_ceil(2) } else { total / 2 };
            (half, total - half)
        };
        let ((top, bottom), (left, right)) = (sides(0), sides(1));
        Padding { top, left, bottom, right }
    };
    match (call.text("auto_pad"), call.node.attribute("pads")) {
        (b"SAME_UPPER", _) => Ok(same(false)),
        (b"SAME_LOWER", _) => Ok(same(true)),
        (b"VALID", _) | (_, None) => Ok(Padding::default()),
        (_, Some(Attribute::Integers(pads))) => match extents(pads)?[..] {
            [top, left, bottom, right] => Ok(Padding { top, left, bottom, right }),
            _ => Err("pads must be four numbers".into()),
        },
        (_, Some(_)) => Err("pads must be four numbers".into()),
    }
}

/// A map without the zeros that a `Pad` put around it, and how many.
fn unpadded(tracer: &Tracer, x: NodeId) -> (NodeId, Padding) {
    let node = &tracer.nodes[x.index()];
    match &node.op {
        Op::Conv2d(conv) if is_frame(conv) => (node.inputs[0], conv.padding),
        _ => (x, Padding::default()),
    }
}

/// Whether a convolution only puts zeros around its map.
fn is_frame(conv: &Conv2d) -> bool {
    let shape = conv.weight.dims();
    let single = shape[1..] == [1, 1, 1] && conv.groups == shape[0] && conv.bias.is_none() && conv.stride == [1, 1];
    let ones = || conv.weight.flatten_all().and_then(|w| w.to_vec1::<f32>()).is_ok_and(|w| w.iter().all(|v| *v == 1.0));
    single && conv.padding != Padding::default() && ones()
}

fn added(a: Padding, b: Padding) -> Padding {
    let (top, left) = (a.top + b.top, a.left + b.left);
    Padding { top, left, bottom: a.bottom + b.bottom, right: a.right + b.right }
}

fn pad(tracer: &mut Tracer, call: &Call<'_>) -> Result<Vec<Value>> {
    let x = call.input(0)?;
    let Some(pads) = call.integers_or(1, "pads")? else { return Err("it does not say how much".into()) };
    let axes = match call.optional(3) {
        Some(_) => call.integers(3)?,
        None => (0..x.shape().len() as i64).collect(),
    };
    if pads.len() != 2 * axes.len() {
        return Err("it needs two numbers for each axis".into());
    }
    let mut sides = vec![(0, 0); x.shape().len()];
    for (i, axis) in axes.iter().enumerate() {
        let (before, after) = (pads[i], pads[i + axes.len()]);
        if before < 0 || after < 0 {
            return Err("cropping by negative pads is not supported".into());
        }
        let pair = extents(&[before, after])?;
        sides[super::axis(*axis, x.shape().len())?] = (pair[0], pair[1]);
    }
    if sides.iter().all(|side| *side == (0, 0)) {
        return Ok(vec![x.clone()]);
    }
    if !matches!(call.text("mode"), b"" | b"constant") {
        return Err("only padding with a constant is supported".into());
    }
    let value = match call.optional_weights(2)? {
        Some(value) => vector(&value, 1)?.to_vec1::<f32>()?[0],
        None => call.float("value", 0.0),
    };
    if let (Value::Traced(traced), true) = (x, value == 0.0)
        && let Some(framed) = framed(tracer, traced, &sides)?
    {
        return Ok(vec![framed.into()]);
    }
    let mut result = x.clone();
    for (axis, (before, after)) in sides.into_iter().enumerate() {
        let mut side = |size: usize| -> Result<Option<Value>> {
            let mut shape = result.shape();
            shape[axis] = size;
            let values = shape.iter().try_fold(1_usize, |n, s| n.checked_mul(*s)).unwrap_or(usize::MAX);
            tracer.spend(values)?;
            let constant = || Ok(Tensor::full(value, shape, &candle_core::Device::Cpu)?.into());
            (size > 0).then(constant).transpose()
        };
        let (before, after) = (side(before)?, side(after)?);
        let parts: Vec<&Value> = [before.as_ref(), Some(&result), after.as_ref()].into_iter().flatten().collect();
        if parts.len() > 1 {
            result = tracer.apply(TensorOp::Join { axis }, &parts)?;
        }
    }
    Ok(vec![result])
}

/// Zeros around the rows and columns of a map, as a convolution that changes nothing else; `None` where other axes are padded.
fn framed(tracer: &mut Tracer, x: &Traced, sides: &[(usize, usize)]) -> Result<Option<Traced>> {
    if !tracer.is_map(x.node) || x.stored.len() != 4 || x.stored[2] == 1 || x.stored[3] == 1 {
        return Ok(None);
    }
    let mut padding = Padding::default();
    for (group, (before, after)) in x.axes.iter().zip(sides) {
        match group[..] {
            _ if (*before, *after) == (0, 0) => {}
            [2] => (padding.top, padding.bottom) = (*before, *after),
            [3] => (padding.left, padding.right) = (*before, *after),
            _ => return Ok(None),
        }
    }
    let channels = x.stored[1];
    let weight = Tensor::ones((channels, 1, 1, 1), candle_core::DType::F32, &candle_core::Device::Cpu)?;
    let conv = Conv2d { weight, bias: None, stride: [1, 1], padding, dilation: [1, 1], groups: channels };
    let node = tracer.push(Op::Conv2d(conv), &[x.node])?;
    let stored = tracer.shapes[node.index()].clone();
    Ok(Some(x.with_node(node, stored)))
}

#[cfg(test)]
mod tests {
    use super::super::super::read::Node;
    use super::*;

    #[test]
    fn automatic_padding_puts_the_odd_cell_where_it_is_asked_for() -> Result<()> {
        for (mode, top, bottom) in [(b"SAME_UPPER", 0, 1), (b"SAME_LOWER", 1, 0)] {
            let attributes = vec![("auto_pad", Attribute::Text(mode))];
            let node = Node { attributes, ..Node::default() };
            let call = Call { node: &node, inputs: Vec::new(), opset: 17 };
            let padding = padding(&call, [224, 224], [3, 3], [2, 2])?;
            assert_eq!((padding.top, padding.bottom), (top, bottom));
        }
        Ok(())
    }
}
