//! A network written layer by layer, with the channels of every result known.

use candle_core::{Result, Tensor};

use super::{Layers, Normalisation};
use crate::graph::{Activation, Conv2d, Graph, NodeId, Op, Padding, Pool2d, PoolKind};
use crate::weights::Weights;

/// Window of a convolution or pooling.
#[derive(Clone, Copy, Debug)]
pub struct Kernel {
    size: [usize; 2],
    stride: [usize; 2],
    padding: Padding,
    groups: usize,
    bias: bool,
}

impl Kernel {
    /// `rows * columns` cells, step 1, no padding.
    pub const fn new(rows: usize, columns: usize) -> Self {
        Self { size: [rows, columns], stride: [1; 2], padding: Padding::same(0), groups: 1, bias: false }
    }

    /// `side * side` cells, step 1, no padding.
    pub const fn square(side: usize) -> Self {
        Self::new(side, side)
    }

    /// An odd window whose result is as large as its input at step 1.
    pub const fn centred(rows: usize, columns: usize) -> Self {
        let (y, x) = ((rows - 1) / 2, (columns - 1) / 2);
        let padding = Padding { top: y, left: x, bottom: y, right: x };
        Self { padding, ..Self::new(rows, columns) }
    }

    /// With this step in both directions.
    pub const fn stride(self, stride: usize) -> Self {
        Self { stride: [stride; 2], ..self }
    }

    /// With this padding on all sides.
    pub const fn padding(self, padding: usize) -> Self {
        Self { padding: Padding::same(padding), ..self }
    }

    /// With channels in this many groups.
    pub const fn groups(self, groups: usize) -> Self {
        Self { groups, ..self }
    }

    /// With a bias.
    pub const fn bias(self) -> Self {
        Self { bias: true, ..self }
    }
}

/// A network in the making that reads RGB images. Each layer takes its weights by the name of its module, and is called so.
#[derive(Debug)]
pub struct Net<'w> {
    layers: Layers<'w>,
    /// Channels of each node; features, where it is no map.
    channels: Vec<usize>,
    /// Rows and columns of each node's map, where convolutions are padded as TensorFlow does.
    sizes: Option<Vec<[usize; 2]>>,
}

impl<'w> Net<'w> {
    /// An empty network.
    pub fn new(weights: &'w Weights) -> Self {
        Self { layers: Layers::new(weights, 3), channels: vec![3], sizes: None }
    }

    /// An empty network for inputs of `size` (rows, columns) that was trained in TensorFlow: every convolution has "same" padding,
    /// whatever its kernel says.
    pub fn tensorflow(weights: &'w Weights, size: [usize; 2]) -> Self {
        Self { sizes: Some(vec![size]), ..Self::new(weights) }
    }

    /// The network's input.
    pub fn input(&self) -> NodeId {
        self.layers.input()
    }

    /// Channels of a node's map.
    pub fn channels(&self, x: NodeId) -> usize {
        self.channels[x.index()]
    }

    /// The network so far, to go on with where channels are known otherwise.
    pub fn into_layers(self) -> Layers<'w> {
        self.layers
    }

    /// Closes the network.
    ///
    /// # Errors
    /// If two nodes share a name.
    pub fn finish(self, outputs: &[NodeId]) -> Result<Graph> {
        self.layers.finish(outputs)
    }

    /// Gives a node a second name: that of a module that returns what its last child returns.
    pub fn also(&mut self, name: impl Into<String>, x: NodeId) {
        self.layers.also(name, x);
    }

    /// How many results a layer `name` has, by its weight; 0 without one, which then fails where it is read.
    pub fn outputs(&self, name: &str) -> usize {
        self.layers.weights().shape(&format!("{name}.weight")).and_then(|s| s.first().copied()).unwrap_or(0)
    }

    /// Any operation, whose result has `channels` channels.
    pub fn push(&mut self, name: impl Into<String>, op: Op, inputs: &[NodeId], channels: usize) -> NodeId {
        let cells = match op {
            Op::AdaptiveAvgPool { output } => Some(output),
            _ => None,
        };
        self.note(inputs[0], cells, channels);
        self.layers.push(name, op, inputs)
    }

    /// Notes the shape of the next node: that of `input` but for what is given.
    fn note(&mut self, input: NodeId, cells: Option<[usize; 2]>, channels: usize) {
        self.channels.push(channels);
        if let Some(sizes) = &mut self.sizes {
            sizes.push(cells.unwrap_or(sizes[input.index()]));
        }
    }

    /// The weights that the network is built from.
    pub fn weights(&self) -> &'w Weights {
        self.layers.weights()
    }

    fn tensor(&self, name: &str, part: &str, shape: &[usize]) -> Result<Tensor> {
        Ok(self.layers.weights().get(&format!("{name}.{part}"), shape)?)
    }

    /// A convolution to `out` channels.
    ///
    /// # Errors
    /// If its weights are missing or have another shape; so for every layer below.
    pub fn conv(&mut self, name: &str, x: NodeId, out: usize, kernel: Kernel) -> Result<NodeId> {
        let Kernel { size, stride, mut padding, groups, bias } = kernel;
        let weight = self.tensor(name, "weight", &[out, self.channels(x) / groups, size[0], size[1]])?;
        let bias = if bias { Some(self.tensor(name, "bias", &[out])?) } else { None };
        let mut cells = None;
        if let Some(sizes) = &self.sizes {
            let [rows, columns] = sizes[x.index()];
            padding = same_padding([rows, columns], size, stride);
            cells = Some([rows.div_ceil(stride[0]), columns.div_ceil(stride[1])]);
        }
        let conv = Conv2d { weight, bias, stride, padding, dilation: [1; 2], groups };
        self.note(x, cells, out);
        Ok(self.layers.push(name, Op::Conv2d(conv), &[x]))
    }

    /// A batch norm with the statistics of the training.
    pub fn batch_norm(&mut self, name: &str, x: NodeId, eps: f64) -> Result<NodeId> {
        let c = self.channels(x);
        let node = self.layers.norm(name, x, c, Normalisation::new(eps))?;
        self.note(x, None, c);
        Ok(node)
    }

    /// An activation.
    pub fn activation(&mut self, name: impl Into<String>, x: NodeId, activation: Activation) -> NodeId {
        self.push(name, Op::Activation(activation), &[x], self.channels(x))
    }

    /// Maximum pooling; `ceil` lets a last window hang over the edge.
    pub fn max_pool(&mut self, name: impl Into<String>, x: NodeId, kernel: Kernel, ceil: bool) -> NodeId {
        self.pool(name, x, PoolKind::Max, kernel, ceil)
    }

    /// Average pooling; padding counts.
    pub fn average_pool(&mut self, name: impl Into<String>, x: NodeId, kernel: Kernel) -> NodeId {
        self.pool(name, x, PoolKind::Average { count_padding: true }, kernel, false)
    }

    fn pool(&mut self, name: impl Into<String>, x: NodeId, kind: PoolKind, kernel: Kernel, ceil: bool) -> NodeId {
        let Kernel { size, stride, padding, .. } = kernel;
        let pool = Pool2d { kind, kernel: size, stride, padding, ceil_mode: ceil };
        self.push(name, Op::Pool2d(pool), &[x], self.channels(x))
    }

    /// Means over a grid of `side * side` parts of the map.
    pub fn adaptive_pool(&mut self, name: impl Into<String>, x: NodeId, side: usize) -> NodeId {
        self.push(name, Op::AdaptiveAvgPool { output: [side; 2] }, &[x], self.channels(x))
    }

    /// The sum of two maps of one shape.
    pub fn add(&mut self, name: impl Into<String>, a: NodeId, b: NodeId) -> NodeId {
        self.push(name, Op::Add, &[a, b], self.channels(a))
    }

    /// Maps joined along their channels.
    pub fn concat(&mut self, name: impl Into<String>, parts: &[NodeId]) -> NodeId {
        let channels = parts.iter().map(|x| self.channels(*x)).sum();
        self.push(name, Op::Concat, parts, channels)
    }

    /// A map of `cells` cells as one row of features.
    pub fn flatten(&mut self, name: impl Into<String>, x: NodeId, cells: usize) -> NodeId {
        self.push(name, Op::Flatten, &[x], self.channels(x) * cells)
    }

    /// A linear layer with bias.
    pub fn linear(&mut self, name: &str, x: NodeId, out: usize) -> Result<NodeId> {
        let weight = self.tensor(name, "weight", &[out, self.channels(x)])?;
        let bias = Some(self.tensor(name, "bias", &[out])?);
        Ok(self.push(name, Op::Linear { weight, bias }, &[x], out))
    }

    /// Each cell of a map normalised over its channels.
    pub fn layer_norm(&mut self, name: &str, x: NodeId, eps: f64) -> Result<NodeId> {
        self.shared_layer_norm(name, name, x, eps)
    }

    /// Each cell of a map normalised by the layer `name`, as the node `node`: one layer may serve several maps.
    pub fn shared_layer_norm(&mut self, node: &str, name: &str, x: NodeId, eps: f64) -> Result<NodeId> {
        let c = self.channels(x);
        let (weight, bias) = (self.tensor(name, "weight", &[c])?, self.tensor(name, "bias", &[c])?);
        Ok(self.push(node, Op::LayerNorm { weight, bias, eps }, &[x], c))
    }

    /// A linear layer over the channels of each cell.
    pub fn linear_over_channels(&mut self, name: &str, x: NodeId, out: usize, bias: bool) -> Result<NodeId> {
        self.shared_linear_over_channels(name, name, x, out, bias)
    }

    /// The linear layer `name` over the channels of each cell, as the node `node`.
    pub fn shared_linear_over_channels(
        &mut self,
        node: &str,
        name: &str,
        x: NodeId,
        out: usize,
        bias: bool,
    ) -> Result<NodeId> {
        let c = self.channels(x);
        let weight = self.tensor(name, "weight", &[out, c])?.reshape((out, c, 1, 1))?;
        let bias = if bias { Some(self.tensor(name, "bias", &[out])?) } else { None };
        let conv = Conv2d { weight, bias, stride: [1; 2], padding: Padding::same(0), dilation: [1; 2], groups: 1 };
        Ok(self.push(node, Op::Conv2d(conv), &[x], out))
    }

    /// Each channel times its entry of the tensor `name`, which is stored as `(c, 1, 1)`.
    pub fn channel_scale(&mut self, name: &str, x: NodeId) -> Result<NodeId> {
        let c = self.channels(x);
        let scale = self.layers.weights().get(name, &[c, 1, 1])?.reshape(c)?;
        let shift = scale.zeros_like()?;
        Ok(self.push(name, Op::ChannelAffine { scale, shift }, &[x], c))
    }

    /// The usual end: means of all channels, and a linear layer with as many classes as its weight says.
    pub fn pooled_linear(&mut self, x: NodeId, name: &str) -> Result<NodeId> {
        let pooled = self.adaptive_pool("avgpool", x, 1);
        let flat = self.flatten("flatten", pooled, 1);
        self.linear(name, flat, self.outputs(name))
    }

    /// Squeeze and excitation: each channel times a weight computed from the means of all.
    ///
    /// The two convolutions are `name.fc1` (to `squeezed` channels) and `name.fc2`.
    pub fn squeeze_excite(&mut self, name: &str, x: NodeId, squeezed: usize, gates: Gates) -> Result<NodeId> {
        let means = self.adaptive_pool(format!("{name}.avgpool"), x, 1);
        let fc1 = self.conv(&format!("{name}.fc1"), means, squeezed, Kernel::square(1).bias())?;
        let inner = self.activation(format!("{name}.activation"), fc1, gates.inner);
        let fc2 = self.conv(&format!("{name}.fc2"), inner, self.channels(x), Kernel::square(1).bias())?;
        let gate = self.activation(format!("{name}.scale_activation"), fc2, gates.outer);
        Ok(self.push(name, Op::Mul, &[x, gate], self.channels(x)))
    }
}

impl Net<'_> {
    /// Ends a residual block: adds its input to its result where the two have one shape.
    pub fn add_where_equal(&mut self, name: &str, x: NodeId, input: NodeId, stride: usize) -> NodeId {
        if stride == 1 && self.channels(input) == self.channels(x) {
            self.add(name, x, input)
        } else {
            self.also(name, x);
            x
        }
    }
}

/// TensorFlow's "same" padding of a map of `size`: the result has `ceil(size / stride)` cells, and an odd cell goes to the bottom
/// and right.
fn same_padding(size: [usize; 2], kernel: [usize; 2], stride: [usize; 2]) -> Padding {
    let axis = |i: usize| {
        let outputs = size[i].div_ceil(stride[i]);
        let total = ((outputs - 1) * stride[i] + kernel[i]).saturating_sub(size[i]);
        (total / 2, total - total / 2)
    };
    let ((top, bottom), (left, right)) = (axis(0), axis(1));
    Padding { top, left, bottom, right }
}

/// Activations of a squeeze-excitation.
#[derive(Clone, Copy, Debug)]
pub struct Gates {
    /// Between its convolutions.
    pub inner: Activation,
    /// Behind them.
    pub outer: Activation,
}

/// The nearest multiple of 8, but not less than 90 % of `channels`: how the mobile networks round theirs.
pub fn multiple_of_8(channels: f64) -> usize {
    let rounded = (((channels + 4.0) / 8.0).floor() * 8.0).max(8.0);
    (if rounded < 0.9 * channels { rounded + 8.0 } else { rounded }) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_odd_cell_of_a_stride_of_two_goes_after() {
        let padding = |size: usize, kernel: usize, stride: usize| {
            let Padding { top, left, bottom, right } = same_padding([size, size], [kernel; 2], [stride; 2]);
            assert_eq!([top, bottom], [left, right]);
            [top, bottom]
        };
        assert_eq!(padding(224, 3, 2), [0, 1]);
        assert_eq!(padding(56, 5, 2), [1, 2]);
        assert_eq!(padding(28, 5, 1), [2, 2]);
        assert_eq!(padding(7, 3, 2), [1, 1]);
        assert_eq!(padding(1, 1, 1), [0, 0]);
    }
}
