//! Which shape every node of a graph has, before anything is computed.

use candle_core::{Result, bail};

use super::{Attention, Graph, Node, NodeId, Op, Pool2d, TensorOp};

impl Graph {
    /// The shape of every node's result for an input of `n` images of `h` rows and `w` columns, in the order of
    /// [`Graph::nodes`]. With a [`TensorOp`] among the nodes, `n` must be 1.
    ///
    /// # Errors
    /// If an operation does not fit its inputs; the message names the node and the shapes.
    pub fn shapes(&self, n: usize, h: usize, w: usize) -> Result<Vec<Vec<usize>>> {
        let mut shapes: Vec<Vec<usize>> = Vec::with_capacity(self.nodes().len());
        for node in self.nodes() {
            let inputs: Vec<&[usize]> = node.inputs.iter().map(|id| shapes[id.0].as_slice()).collect();
            let shape = match &node.op {
                Op::Input { channels } => Some(vec![n, *channels, h, w]),
                op => result_shape(op, &inputs),
            };
            match shape {
                Some(shape) => shapes.push(shape),
                None => bail!("{}: {} does not fit inputs of shape {inputs:?}", node.name, op_name(&node.op)),
            }
        }
        Ok(shapes)
    }

    /// The number of channels of a node whose result is a feature map `(n, c, h, w)`; `None` for one that is flattened.
    pub fn channels(&self, id: NodeId) -> Option<usize> {
        // Filled front to back, so that a deep network needs no recursion.
        let mut channels: Vec<Option<usize>> = Vec::with_capacity(id.0 + 1);
        for Node { op, inputs, .. } in &self.nodes()[..=id.0] {
            channels.push(match op {
                Op::Input { channels } => Some(*channels),
                Op::Conv2d(conv) => conv.weight.dims().first().copied(),
                Op::Concat => inputs.iter().map(|i| channels[i.0]).sum(),
                Op::Channels { count, .. } => Some(*count),
                Op::SpaceToDepth => channels[inputs[0].0].map(|c| 4 * c),
                Op::Tensor(TensorOp::Map { channels }) => Some(*channels),
                Op::Flatten | Op::Linear { .. } | Op::Tensor(_) => None,
                Op::ChannelAffine { .. }
                | Op::LayerNorm { .. }
                | Op::Attention(_)
                | Op::Offset(_)
                | Op::Detached
                | Op::Activation(_)
                | Op::Add
                | Op::Mul
                | Op::Pool2d(_)
                | Op::AdaptiveAvgPool { .. }
                | Op::Upsample { .. } => channels[inputs[0].0],
            });
        }
        channels[id.0]
    }
}

/// How an operation is called in messages.
fn op_name(op: &Op) -> &'static str {
    match op {
        Op::Input { .. } => "the input",
        Op::Conv2d(_) => "a convolution",
        Op::ChannelAffine { .. } => "a batch norm",
        Op::Activation(_) => "an activation",
        Op::Add => "an addition",
        Op::Mul => "a multiplication",
        Op::Concat => "a concatenation",
        Op::Pool2d(_) => "a pooling",
        Op::AdaptiveAvgPool { .. } => "an adaptive pooling",
        Op::Upsample { .. } => "an upsampling",
        Op::LayerNorm { .. } => "a layer norm",
        Op::Attention(_) => "an attention",
        Op::Offset(_) => "an offset",
        Op::SpaceToDepth => "a rearrangement",
        Op::Channels { .. } => "a choice of channels",
        Op::Detached => "a constant",
        Op::Flatten => "a flattening",
        Op::Linear { .. } => "a linear layer",
        Op::Tensor(op) => op.name(),
    }
}

/// The shape of a result, or `None` where the inputs do not fit.
pub(crate) fn result_shape(op: &Op, inputs: &[&[usize]]) -> Option<Vec<usize>> {
    if let Op::Tensor(op) = op {
        return op.result_shape(inputs);
    }
    let first = *inputs.first()?;
    match op {
        Op::Input { .. } | Op::Tensor(_) => None,
        Op::Activation(_) | Op::Detached => Some(first.to_vec()),
        Op::Conv2d(conv) => {
            let (&[n, c, h, w], &[out, group_in, kh, kw]) = (first, conv.weight.dims()) else { return None };
            let p = conv.padding;
            let oh = windows(h + p.top + p.bottom, conv.dilation[0] * kh.checked_sub(1)? + 1, conv.stride[0])?;
            let ow = windows(w + p.left + p.right, conv.dilation[1] * kw.checked_sub(1)? + 1, conv.stride[1])?;
            let fits = conv.groups > 0 && c == group_in * conv.groups && out % conv.groups == 0;
            fits.then(|| vec![n, out, oh, ow])
        }
        Op::ChannelAffine { scale: a, shift: b } | Op::LayerNorm { weight: a, bias: b, .. } => {
            let &[_, c, _, _] = first else { return None };
            (a.dims() == [c] && b.dims() == [c]).then(|| first.to_vec())
        }
        Op::Add => (inputs[1] == first).then(|| first.to_vec()),
        Op::Mul => {
            let per_channel = matches!(first, &[n, c, _, _] if inputs[1] == [n, c, 1, 1]);
            (per_channel || inputs[1] == first).then(|| first.to_vec())
        }
        Op::Concat => {
            let &[n, _, h, w] = first else { return None };
            let mut channels = 0;
            for input in inputs {
                let &[n2, c, h2, w2] = *input else { return None };
                if (n, h, w) != (n2, h2, w2) {
                    return None;
                }
                channels += c;
            }
            Some(vec![n, channels, h, w])
        }
        Op::Pool2d(pool) => {
            let &[n, c, h, w] = first else { return None };
            let [oh, ow] = pool.output_size(h, w)?;
            Some(vec![n, c, oh, ow])
        }
        Op::AdaptiveAvgPool { output: [oh, ow] } => {
            let &[n, c, h, w] = first else { return None };
            (h > 0 && w > 0).then(|| vec![n, c, *oh, *ow])
        }
        Op::Upsample { factor: [fy, fx], .. } => {
            let &[n, c, h, w] = first else { return None };
            Some(vec![n, c, h * fy, w * fx])
        }
        Op::Attention(attention) => attention.fits(inputs).then(|| first.to_vec()),
        Op::Offset(values) => (first.get(1..)? == values.dims()).then(|| first.to_vec()),
        Op::SpaceToDepth => {
            let &[n, c, h, w] = first else { return None };
            Some(vec![n, 4 * c, h.div_ceil(2), w.div_ceil(2)])
        }
        Op::Channels { start, count } => {
            let &[n, c, h, w] = first else { return None };
            (start + count <= c).then(|| vec![n, *count, h, w])
        }
        Op::Flatten => {
            let &[n, c, h, w] = first else { return None };
            Some(vec![n, c * h * w])
        }
        Op::Linear { weight, .. } => {
            let (&[out, inner], Some((&last, rest))) = (weight.dims(), first.split_last()) else { return None };
            (last == inner).then(|| [rest, &[out]].concat())
        }
    }
}

impl Attention {
    /// Whether the inputs and the tensors fit each other.
    fn fits(&self, inputs: &[&[usize]]) -> bool {
        let &[n, c, _, _] = inputs[0] else { return false };
        let same = |shape: &&[usize]| matches!(**shape, [n2, c2, _, _] if (n2, c2) == (n, c));
        let heads = self.heads > 0 && c % self.heads == 0;
        let tensors = self.weight.dims() == [3 * c, c] && self.out_weight.dims() == [c, c];
        let biases = self.bias.dims() == [3 * c] && self.out_bias.dims() == [c];
        let window = self.window.as_ref().is_none_or(|window| {
            let cells = window.side * window.side;
            inputs.len() == 1 && window.shift < window.side && window.position_bias.dims() == [self.heads, cells, cells]
        });
        inputs.iter().all(same) && heads && tensors && biases && window
    }
}

/// How many windows of `extent` cells fit into `size` cells at steps of `stride`.
fn windows(size: usize, extent: usize, stride: usize) -> Option<usize> {
    (stride > 0).then(|| size.checked_sub(extent).map(|rest| rest / stride + 1))?
}

impl Pool2d {
    /// Rows and columns of the result on an input of `h` rows and `w` columns; `None` where no window fits.
    pub fn output_size(&self, h: usize, w: usize) -> Option<[usize; 2]> {
        let p = self.padding;
        Some([self.outputs(0, h, p.top, p.bottom)?, self.outputs(1, w, p.left, p.right)?])
    }

    fn outputs(&self, axis: usize, size: usize, before: usize, after: usize) -> Option<usize> {
        let (kernel, stride) = (self.kernel[axis], self.stride[axis]);
        let whole = windows(size + before + after, kernel, stride)?;
        let rest = size + before + after - kernel - (whole - 1) * stride;
        // A further window hangs over the edge, but must start inside the input or the leading padding.
        let hanging = self.ceil_mode && rest > 0 && whole * stride < size + before;
        Some(whole + usize::from(hanging))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Conv2d, GraphBuilder, Padding, PoolKind};
    use super::*;
    use candle_core::{DType, Device, Tensor};

    fn pool(kernel: usize, stride: usize, padding: usize, ceil_mode: bool) -> Pool2d {
        Pool2d {
            kind: PoolKind::Max,
            kernel: [kernel; 2],
            stride: [stride; 2],
            padding: Padding::same(padding),
            ceil_mode,
        }
    }

    #[test]
    fn a_ceiling_window_must_start_inside() {
        assert_eq!(pool(3, 2, 0, true).output_size(6, 7), Some([3, 3]));
        assert_eq!(pool(3, 2, 0, false).output_size(6, 7), Some([2, 3]));
        // The window that would start at 6, past the last row of 4 and its leading padding of 1, is dropped.
        assert_eq!(pool(2, 3, 1, true).output_size(4, 4), Some([2, 2]));
    }

    #[test]
    fn a_kernel_larger_than_its_input_has_no_output() {
        assert_eq!(pool(9, 1, 0, true).output_size(4, 20), None);
    }

    #[test]
    fn a_misfit_names_the_node_and_the_shapes() -> anyhow::Result<()> {
        let mut builder = GraphBuilder::new(3);
        let weight = Tensor::zeros((8, 4, 3, 3), DType::F32, &Device::Cpu)?;
        let conv =
            Conv2d { weight, bias: None, stride: [1; 2], padding: Padding::same(1), dilation: [1; 2], groups: 1 };
        let node = builder.push("layer1.conv", Op::Conv2d(conv), &[builder.input()]);
        let graph = builder.finish(&[node])?;
        let message = graph.shapes(1, 8, 8).map_err(|e| e.to_string()).err().unwrap_or_default();
        assert!(
            message.starts_with("layer1.conv: a convolution does not fit inputs of shape [[1, 3, 8, 8]]"),
            "{message}"
        );
        Ok(())
    }
}
