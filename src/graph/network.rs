//! A graph on a device, run the fastest way that the caller's question allows.

use candle_core::{Device, Result, Tensor};

use super::{Graph, NodeId, Rule, TensorNet, Trace};

/// A network that is ready to run.
#[derive(Debug)]
pub struct Network {
    tensors: TensorNet,
}

impl Network {
    /// Brings a graph to a device.
    ///
    /// # Errors
    /// If the device refuses.
    pub fn new(graph: &Graph, device: &Device) -> Result<Self> {
        Ok(Self { tensors: TensorNet::new(graph, device)? })
    }

    /// The network's outputs, without gradients. On the CPU the result for a sample does not depend on the rest of the batch.
    ///
    /// # Shapes
    /// `input`: `(n, c, h, w)`, f32, on any device, `n >= 1`. Results: as the graph's outputs, batch first.
    ///
    /// # Errors
    /// If an operation does not fit its input, or the device fails.
    pub fn forward(&self, input: &Tensor) -> Result<Vec<Tensor>> {
        self.tensors.forward(&input.detach())
    }

    /// The same values, as functions of `input` that candle can differentiate.
    ///
    /// # Errors
    /// As [`Network::forward`].
    pub fn forward_with_gradients(&self, input: &Tensor) -> Result<Vec<Tensor>> {
        self.tensors.forward(input)
    }

    /// The network itself.
    pub fn graph(&self) -> &Graph {
        self.tensors.graph()
    }

    /// Every node's result, for passes back through the network.
    ///
    /// # Shapes
    /// `input`: `(n, c, h, w)`; the batch is computed as one.
    ///
    /// # Errors
    /// As [`Network::forward`].
    pub fn trace(&self, input: &Tensor) -> Result<Trace> {
        self.tensors.trace(input)
    }

    /// What reaches each node from seeds at some (see [`TensorNet::pull_back`]).
    ///
    /// # Errors
    /// If a seed does not fit its node, or the device fails.
    pub fn pull_back(
        &self,
        trace: &Trace,
        seeds: &[(NodeId, Tensor)],
        rule: Rule,
        last: NodeId,
    ) -> Result<Vec<Option<Tensor>>> {
        self.tensors.pull_back(trace, seeds, rule, last)
    }
}
