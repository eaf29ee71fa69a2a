//! A graph on a device, run the fastest way that the caller's question allows.

use std::sync::OnceLock;

use candle_core::{Device, Result, Tensor};

use super::{Backward, CpuNet, Graph, TensorNet, Trace};

/// A network that is ready to run.
///
/// On the CPU, the [`CpuNet`] computes everything that needs no gradients and that it has the operations for; candle's tensors do
/// the rest.
#[derive(Debug)]
pub struct Network {
    graph: Graph,
    device: Device,
    cpu: Option<CpuNet>,
    tensors: OnceLock<TensorNet>,
}

impl Network {
    /// Brings a graph to a device.
    ///
    /// # Errors
    /// If the device refuses, a node has weights of a wrong shape or type, or `CAMROI_ISA` names an instruction set that the
    /// processor does not have.
    pub fn new(graph: &Graph, device: &Device) -> Result<Self> {
        let cpu = if device.is_cpu() && CpuNet::supports(graph) { Some(CpuNet::new(graph)?) } else { None };
        Ok(Self { graph: graph.clone(), device: device.clone(), cpu, tensors: OnceLock::new() })
    }

    /// The network's outputs, without gradients. On the CPU the result for a sample does not depend on the rest of the batch.
    ///
    /// # Shapes
    /// `input`: `(n, c, h, w)`, f32, on any device, `n >= 1`. Results: as the graph's outputs, batch first.
    ///
    /// # Errors
    /// If an operation does not fit its input, or the device fails.
    pub fn forward(&self, input: &Tensor) -> Result<Vec<Tensor>> {
        match &self.cpu {
            Some(cpu) => cpu.forward(&input.to_device(&self.device)?),
            None => self.tensors()?.forward(&input.detach()),
        }
    }

    /// The same values, as functions of `input` that candle can differentiate.
    ///
    /// # Errors
    /// As [`Network::forward`].
    pub fn forward_with_gradients(&self, input: &Tensor) -> Result<Vec<Tensor>> {
        self.tensors()?.forward(input)
    }

    /// The network itself.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// Every node's result, for passes back through the network; `cancelled` is asked at every node.
    ///
    /// # Shapes
    /// `input`: `(n, c, h, w)`; the batch is computed as one.
    ///
    /// # Errors
    /// As [`Network::forward`], and if somebody cancels.
    pub fn trace(&self, input: &Tensor, cancelled: &dyn Fn() -> bool) -> Result<Trace> {
        self.tensors()?.trace(input, cancelled)
    }

    /// What reaches each node from seeds at some (see [`TensorNet::pull_back`]).
    ///
    /// # Errors
    /// As [`TensorNet::pull_back`].
    pub fn pull_back(&self, trace: &Trace, backward: &Backward<'_>) -> Result<Vec<Option<Tensor>>> {
        self.tensors()?.pull_back(trace, backward)
    }

    /// The graph on candle's tensors, brought to the device when it is first needed.
    fn tensors(&self) -> Result<&TensorNet> {
        if let Some(tensors) = self.tensors.get() {
            return Ok(tensors);
        }
        let tensors = TensorNet::new(&self.graph, &self.device)?;
        Ok(self.tensors.get_or_init(|| tensors))
    }
}
