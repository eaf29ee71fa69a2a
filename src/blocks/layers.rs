//! A graph under construction together with the weights it is built from.

use candle_core::{DType, Device, Result, Tensor};

use crate::graph::{Activation, Conv2d, Graph, GraphBuilder, NodeId, Op, Padding, Pool2d, PoolKind};
use crate::weights::Weights;

/// Appends layers to a graph, reading their weights by name: a layer `NAME` has `NAME.weight` and `NAME.bias`.
#[derive(Debug)]
pub struct Layers<'w> {
    weights: &'w Weights,
    graph: GraphBuilder,
}

/// What a convolution's weights and steps look like; square, with "same" padding unless told otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvShape {
    /// Input channels.
    pub inputs: usize,
    /// Output channels.
    pub outputs: usize,
    /// Height and width of the kernel.
    pub kernel: usize,
    /// Vertical and horizontal step.
    pub stride: usize,
    /// Zeros on each side.
    pub padding: usize,
    /// Channel groups.
    pub groups: usize,
    /// Whether there is a bias.
    pub bias: bool,
}

impl ConvShape {
    /// A convolution from `inputs` to `outputs` channels, padded by half its `kernel`, without a bias.
    pub const fn new(inputs: usize, outputs: usize, kernel: usize) -> Self {
        Self { inputs, outputs, kernel, stride: 1, padding: kernel / 2, groups: 1, bias: false }
    }

    /// A convolution of each of `channels` by itself.
    pub const fn depthwise(channels: usize, kernel: usize) -> Self {
        Self { groups: channels, ..Self::new(channels, channels, kernel) }
    }

    /// With this step.
    pub const fn stride(self, stride: usize) -> Self {
        Self { stride, ..self }
    }

    /// With this many channel groups.
    pub const fn groups(self, groups: usize) -> Self {
        Self { groups, ..self }
    }

    /// With a bias.
    pub const fn bias(self) -> Self {
        Self { bias: true, ..self }
    }
}

/// A batch norm with fixed statistics: `(x - mean) / sqrt(var + eps) * weight + bias`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Normalisation {
    /// Added to the variance.
    pub eps: f64,
    /// Whether a file may lack the statistics: they are 0 and 1 then (converted weights have them folded in).
    pub statistics_may_be_missing: bool,
}

impl Normalisation {
    /// With the statistics that a file must have.
    pub const fn new(eps: f64) -> Self {
        Self { eps, statistics_may_be_missing: false }
    }
}

impl<'w> Layers<'w> {
    /// An empty network that reads `channels` planes.
    pub fn new(weights: &'w Weights, channels: usize) -> Self {
        Self { weights, graph: GraphBuilder::new(channels) }
    }

    /// The network's input.
    pub fn input(&self) -> NodeId {
        self.graph.input()
    }

    /// Closes the network.
    ///
    /// # Errors
    /// If two nodes share a name.
    pub fn finish(self, outputs: &[NodeId]) -> Result<Graph> {
        self.graph.finish(outputs)
    }

    /// A node without weights.
    pub fn push(&mut self, node: impl Into<String>, op: Op, inputs: &[NodeId]) -> NodeId {
        self.graph.push(node, op, inputs)
    }

    /// Gives a node a second name.
    pub fn also(&mut self, name: impl Into<String>, node: NodeId) {
        self.graph.also(name, node);
    }

    /// A convolution.
    ///
    /// # Errors
    /// If its weights are missing or of another shape.
    pub fn conv(&mut self, name: &str, x: NodeId, shape: ConvShape) -> Result<NodeId> {
        self.shared_conv(name, name, x, shape)
    }

    /// The convolution `name` as the node `node`: a head that runs on several levels is one set of weights and several nodes.
    ///
    /// # Errors
    /// If its weights are missing or of another shape.
    pub fn shared_conv(&mut self, node: &str, name: &str, x: NodeId, shape: ConvShape) -> Result<NodeId> {
        let ConvShape { inputs, outputs, kernel, stride, padding, groups, bias } = shape;
        let weight = self.weights.get(&format!("{name}.weight"), &[outputs, inputs / groups, kernel, kernel])?;
        let bias = bias.then(|| self.weights.get(&format!("{name}.bias"), &[outputs])).transpose()?;
        let conv =
            Conv2d { weight, bias, stride: [stride; 2], padding: Padding::same(padding), dilation: [1, 1], groups };
        Ok(self.graph.push(node, Op::Conv2d(conv), &[x]))
    }

    /// A batch norm over `channels`.
    ///
    /// # Errors
    /// If its weights are missing or of another shape.
    pub fn norm(&mut self, name: &str, x: NodeId, channels: usize, norm: Normalisation) -> Result<NodeId> {
        let get = |leaf: &str| -> Result<Tensor> {
            self.weights.get(&format!("{name}.{leaf}"), &[channels])?.to_dtype(DType::F64)
        };
        let missing = |leaf: &str| self.weights.shape(&format!("{name}.{leaf}")).is_none();
        let plain = norm.statistics_may_be_missing && missing("running_mean") && missing("running_var");
        let (mean, var) = if plain {
            let zeros = Tensor::zeros(channels, DType::F64, &Device::Cpu)?;
            (zeros.clone(), zeros.ones_like()?)
        } else {
            (get("running_mean")?, get("running_var")?)
        };
        let scale = (get("weight")? / (var + norm.eps)?.sqrt()?)?;
        let shift = (get("bias")? - (mean * &scale)?)?;
        let op = Op::ChannelAffine { scale: scale.to_dtype(DType::F32)?, shift: shift.to_dtype(DType::F32)? };
        Ok(self.graph.push(name, op, &[x]))
    }

    /// A fully connected layer from `inputs` to `outputs` values, with a bias.
    ///
    /// # Errors
    /// If its weights are missing or of another shape.
    pub fn linear(&mut self, name: &str, x: NodeId, inputs: usize, outputs: usize) -> Result<NodeId> {
        let weight = self.weights.get(&format!("{name}.weight"), &[outputs, inputs])?;
        let bias = Some(self.weights.get(&format!("{name}.bias"), &[outputs])?);
        Ok(self.graph.push(name, Op::Linear { weight, bias }, &[x]))
    }

    /// A function of every value, as the node `node`.
    pub fn activation(&mut self, node: impl Into<String>, x: NodeId, activation: Activation) -> NodeId {
        self.graph.push(node, Op::Activation(activation), &[x])
    }

    /// The sum of two results, as the node `node`.
    pub fn add(&mut self, node: impl Into<String>, a: NodeId, b: NodeId) -> NodeId {
        self.graph.push(node, Op::Add, &[a, b])
    }

    /// A square maximum pooling, as the node `node`.
    pub fn max_pool(
        &mut self,
        node: impl Into<String>,
        x: NodeId,
        kernel: usize,
        stride: usize,
        padding: usize,
    ) -> NodeId {
        let pool = Pool2d {
            kind: PoolKind::Max,
            kernel: [kernel; 2],
            stride: [stride; 2],
            padding: Padding::same(padding),
            ceil_mode: false,
        };
        self.graph.push(node, Op::Pool2d(pool), &[x])
    }

    /// The weights that the network is built from.
    pub fn weights(&self) -> &'w Weights {
        self.weights
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Network;

    fn weights(tensors: &[(&str, &[f32])]) -> Result<Weights> {
        let tensor = |values: &[f32]| Tensor::new(values, &Device::Cpu);
        let all = tensors.iter().map(|(name, values)| Ok(((*name).to_owned(), tensor(values)?)));
        Ok(Weights::new(all.collect::<Result<Vec<_>>>()?)?)
    }

    fn normalise(weights: &Weights, norm: Normalisation, value: f32) -> Result<f32> {
        let mut layers = Layers::new(weights, 1);
        let x = layers.input();
        let y = layers.norm("bn", x, 1, norm)?;
        let network = Network::new(&layers.finish(&[y])?, &Device::Cpu)?;
        network.forward(&Tensor::new(&[[[[value]]]], &Device::Cpu)?)?[0].flatten_all()?.get(0)?.to_scalar()
    }

    #[test]
    fn a_norm_uses_its_statistics() -> Result<()> {
        let all = [("bn.weight", [3.0]), ("bn.bias", [1.0]), ("bn.running_mean", [2.0]), ("bn.running_var", [15.0])];
        let all: Vec<_> = all.iter().map(|(name, value)| (*name, value.as_slice())).collect();
        // (6 - 2) / sqrt(15 + 1) * 3 + 1
        assert_eq!(normalise(&weights(&all)?, Normalisation::new(1.0), 6.0)?, 4.0);
        Ok(())
    }

    #[test]
    fn missing_statistics_are_an_error_unless_they_may_be_missing() -> Result<()> {
        let folded = weights(&[("bn.weight", &[3.0]), ("bn.bias", &[1.0])])?;
        assert!(normalise(&folded, Normalisation::new(0.0), 2.0).is_err());
        assert_eq!(normalise(&folded, Normalisation { eps: 0.0, statistics_may_be_missing: true }, 2.0)?, 7.0);
        Ok(())
    }

    #[test]
    fn one_half_of_the_statistics_is_an_error() -> Result<()> {
        let half = weights(&[("bn.weight", &[3.0]), ("bn.bias", &[1.0]), ("bn.running_mean", &[1.0])])?;
        assert!(normalise(&half, Normalisation { eps: 0.0, statistics_may_be_missing: true }, 2.0).is_err());
        Ok(())
    }
}
