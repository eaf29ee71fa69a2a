//! A graph on a device, run the fastest way that the caller's question allows.

use std::sync::OnceLock;

use candle_core::{Device, Result, Tensor, bail};

use super::{Backward, CpuNet, Graph, NodeId, TensorNet, Trace};

/// A network that is ready to run.
///
/// On the CPU, the [`CpuNet`] computes everything that needs no gradients and that it has the operations for; candle's tensors do
/// the rest.
#[derive(Debug)]
pub struct Network {
    graph: Graph,
    device: Device,
    cpu: Option<CpuNet>,
    /// The engine's network with the results that gradients need.
    traced: OnceLock<CpuNet>,
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
        Ok(Self {
            graph: graph.clone(),
            device: device.clone(),
            cpu,
            traced: OnceLock::new(),
            tensors: OnceLock::new(),
        })
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

    /// Every node's result by candle's tensors, whose direct sums are closer to the exact ones than the engine's transforms: what
    /// lies at a kink of an activation decides about gradients at the input. `cancelled` is asked at every node.
    ///
    /// # Shapes
    /// `input`: `(n, c, h, w)`; the batch is computed as one.
    ///
    /// # Errors
    /// As [`Network::forward`], and if somebody cancels.
    pub fn trace(&self, input: &Tensor, cancelled: &dyn Fn() -> bool) -> Result<Trace> {
        self.tensors()?.trace(input, cancelled)
    }

    /// The network's outputs, which are those of [`Network::forward`], and what gradients need of the other nodes, by the engine
    /// where it can. `cancelled` is asked before the engine's pass and at every node of candle's.
    ///
    /// # Shapes
    /// `input`: `(n, c, h, w)`, f32.
    ///
    /// # Errors
    /// As [`Network::forward`], and if somebody cancels.
    pub fn trace_for_gradients(&self, input: &Tensor, cancelled: &dyn Fn() -> bool) -> Result<Trace> {
        let Some(cpu) = &self.cpu else { return self.trace(input, cancelled) };
        if cancelled() {
            bail!("cancelled")
        }
        let kept = self.graph.kept_for_gradients();
        let traced = match self.traced.get() {
            Some(traced) => traced,
            None => {
                let traced = cpu.also_returning(&kept)?;
                self.traced.get_or_init(|| traced)
            }
        };
        let input = input.to_device(&self.device)?;
        let (n, _, h, w) = input.dims4()?;
        let results = traced.forward(&input)?;
        let mut values = vec![None; self.graph.nodes().len()];
        for (node, result) in self.graph.outputs().iter().chain(&kept).zip(results) {
            values[node.0] = Some(result);
        }
        values[NodeId::INPUT.0] = Some(input);
        Ok(Trace::new(values, self.graph.shapes(n, h, w)?))
    }

    /// How many bytes [`Network::trace_for_gradients`] keeps of an image of `h` rows and `w` columns; `None` where the trace of a
    /// batch is not that of its images to the last bit, which only the engine's is.
    ///
    /// # Errors
    /// If the image does not fit the network.
    pub fn trace_bytes(&self, h: usize, w: usize) -> Result<Option<usize>> {
        if self.cpu.is_none() {
            return Ok(None);
        }
        let shapes = self.graph.shapes(1, h, w)?;
        let values =
            self.graph.kept_for_gradients().iter().map(|node| shapes[node.0].iter().product::<usize>()).sum::<usize>();
        Ok(Some(values * size_of::<f32>()))
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
