//! Networks on the CPU: a graph compiled to SIMD kernels.
//!
//! Comes in: a [`Graph`] and f32 inputs. Goes out: its outputs, without gradients. May not live here: unsafe code, vector
//! instructions (they are in `kernels`), architectures.
//!
//! The way of a network: `network` fuses nodes into layers and `weights` packs what they need, once; `shapes` and `plan`
//! prepare the layers for a batch and an input size, `convolutions` choosing algorithms and `memory` places in the arena;
//! `ops` are the steps that a plan consists of. Plans share the packed weights.
//!
//! Results do not depend on the batch, the position in it, or the number of threads, to the last bit: every algorithm is
//! chosen by the layer's shape alone, and every sum has one order.

mod convolutions;
mod memory;
mod network;
mod ops;
mod plan;
mod shapes;
mod weights;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use candle_core::{DType, Device, Error, Result, Tensor, bail};

use super::{Graph, NodeId, Op};
use crate::kernels::Isa;
use crate::kernels::program::{Program, Workspace};
use network::{Kind, Network};
use plan::{Planner, images_per_plan};
use shapes::{Shape, shapes};

/// Plans that are kept for later calls; the least recently used goes first.
const KEPT_PLANS: usize = 8;

/// A network ready for the CPU.
///
/// Weights are packed for the processor once, on first use, and shared by plans for any batch and input size. It may be used
/// from several threads at once; each call uses the threads of the rayon pool it is made in.
#[derive(Debug)]
pub struct CpuNet {
    network: Network,
    isa: Isa,
    plans: Mutex<VecDeque<(PlanKey, Arc<Program>)>>,
    workspaces: Mutex<Vec<Workspace>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct PlanKey {
    batch: usize,
    size: [usize; 2],
    threads: usize,
}

/// An output of a network.
#[derive(Clone, Debug, PartialEq)]
pub struct Output {
    /// `(n, c, h, w)`, or `(n, c)` after a flattening.
    pub dims: Vec<usize>,
    /// Its values, row by row.
    pub values: Vec<f32>,
}

impl CpuNet {
    /// Whether the engine has all operations of a graph; it has none that only transformers and imported networks need.
    pub fn supports(graph: &Graph) -> bool {
        let missing = |op: &Op| {
            matches!(
                op,
                Op::Attention(_)
                    | Op::Offset(_)
                    | Op::SpaceToDepth
                    | Op::Channels { .. }
                    | Op::Detached
                    | Op::Tensor(_)
            )
        };
        !graph.nodes().iter().any(|node| missing(&node.op))
    }

    /// Compiles a graph for the instruction set that `CAMROI_ISA` names, or the best one of this processor.
    ///
    /// # Errors
    /// If `CAMROI_ISA` names an instruction set that is unknown or that the processor lacks, or a node has weights of a
    /// wrong shape or type.
    pub fn new(graph: &Graph) -> Result<Self> {
        Self::with_isa(graph, Isa::from_env().map_err(Error::wrap)?)
    }

    /// Compiles a graph for an instruction set.
    ///
    /// # Errors
    /// If a node has weights of a wrong shape or type.
    pub fn with_isa(graph: &Graph, isa: Isa) -> Result<Self> {
        let network = Network::new(graph, isa)?;
        Ok(Self { network, isa, plans: Mutex::default(), workspaces: Mutex::default() })
    }

    /// The same network with the results of further nodes behind its outputs; it shares the packed weights. To the last bit, its
    /// outputs are those of the network itself, as long as no node lies between a product and a batch norm that reads it.
    ///
    /// # Errors
    /// As [`CpuNet::new`].
    pub fn also_returning(&self, nodes: &[NodeId]) -> Result<Self> {
        let network = self.network.also_returning(nodes, self.isa)?;
        Ok(Self { network, isa: self.isa, plans: Mutex::default(), workspaces: Mutex::default() })
    }

    /// The outputs of the graph for a batch, in their order; no gradient flows through them.
    ///
    /// # Shapes
    /// `input`: `(n, c, h, w)`, f32, on the CPU. Outputs: `(n, c', h', w')`, or `(n, c')` after a flattening.
    ///
    /// # Errors
    /// If the input is something else, or a layer cannot be applied to a map of this size.
    pub fn forward(&self, input: &Tensor) -> Result<Vec<Tensor>> {
        let (n, c, h, w) = input.dims4()?;
        if input.dtype() != DType::F32 || !input.device().is_cpu() {
            bail!("the CPU engine reads f32 on the CPU, not {:?} on {:?}", input.dtype(), input.device())
        }
        let input = input.contiguous()?;
        let (storage, layout) = input.storage_and_layout();
        let candle_core::Storage::Cpu(storage) = &*storage else { bail!("the input is not on the CPU") };
        let start = layout.start_offset();
        let values = &storage.as_slice::<f32>()?[start..start + n * c * h * w];
        let outputs = self.run(values, [n, c, h, w])?;
        outputs.into_iter().map(|o| Tensor::from_vec(o.values, o.dims, &Device::Cpu)).collect()
    }

    /// The same for a slice: `input` holds `(n, c, h, w)` values row by row.
    ///
    /// # Errors
    /// If the length is not that of the dimensions, or a layer cannot be applied to a map of this size.
    pub fn run(&self, input: &[f32], dims: [usize; 4]) -> Result<Vec<Output>> {
        let [n, c, h, w] = dims;
        if n == 0 || input.len() != n * c * h * w {
            bail!("an input of {} values for the dimensions {dims:?}", input.len())
        }
        let shapes = shapes(&self.network, [c, h, w])?;
        let mut outputs: Vec<Output> = self.network.outputs.iter().map(|o| empty_output(&shapes[*o], n)).collect();
        let mut workspace = self.take_workspace();
        let together = images_per_plan(&self.network, &shapes, n);
        let image = c * h * w;
        for first in (0..n).step_by(together) {
            let batch = together.min(n - first);
            let threads = rayon::current_num_threads();
            let plan = self.plan(PlanKey { batch, size: [h, w], threads }, &shapes)?;
            let mut parts: Vec<&mut [f32]> = outputs
                .iter_mut()
                .map(|o| {
                    let each = o.values.len() / n;
                    &mut o.values[first * each..][..batch * each]
                })
                .collect();
            plan.run(self.isa, threads, &mut workspace, &input[first * image..][..batch * image], &mut parts);
        }
        self.workspaces.lock().unwrap_or_else(PoisonError::into_inner).push(workspace);
        Ok(outputs)
    }

    /// How long each step of a forward pass takes, in their order, under the names of their layers; a batch
    /// that is computed in parts is measured in its first part.
    ///
    /// # Errors
    /// As of [`Self::run`].
    pub fn step_times(&self, input: &[f32], dims: [usize; 4]) -> Result<Vec<(Arc<str>, Duration)>> {
        let [n, c, h, w] = dims;
        if n == 0 || input.len() != n * c * h * w {
            bail!("an input of {} values for the dimensions {dims:?}", input.len())
        }
        let shapes = shapes(&self.network, [c, h, w])?;
        let batch = images_per_plan(&self.network, &shapes, n);
        let threads = rayon::current_num_threads();
        let plan = self.plan(PlanKey { batch, size: [h, w], threads }, &shapes)?;
        let mut outputs: Vec<_> = self.network.outputs.iter().map(|o| empty_output(&shapes[*o], batch)).collect();
        let mut parts: Vec<&mut [f32]> = outputs.iter_mut().map(|o| &mut o.values[..]).collect();
        let mut workspace = self.take_workspace();
        let times = plan.run_timed(self.isa, threads, &mut workspace, &input[..batch * c * h * w], &mut parts);
        self.workspaces.lock().unwrap_or_else(PoisonError::into_inner).push(workspace);
        Ok(times)
    }

    /// The instruction set it was compiled for.
    pub fn isa(&self) -> Isa {
        self.isa
    }

    /// Bytes of the weights packed so far.
    pub fn weight_bytes(&self) -> usize {
        let bytes = |kind: &Kind| match kind {
            Kind::Conv { weights, .. } => weights.bytes(),
            Kind::Linear { weights, .. } => weights.bytes(),
            _ => 0,
        };
        self.network.layers.iter().map(|l| bytes(&l.kind)).sum()
    }

    /// Bytes of working memory that a batch of this size needs beside inputs, outputs and weights.
    ///
    /// # Errors
    /// If a layer cannot be applied to a map of this size.
    pub fn workspace_bytes(&self, [n, c, h, w]: [usize; 4]) -> Result<usize> {
        let shapes = shapes(&self.network, [c, h, w])?;
        let batch = images_per_plan(&self.network, &shapes, n);
        let threads = rayon::current_num_threads();
        Ok(self.plan(PlanKey { batch, size: [h, w], threads }, &shapes)?.workspace_bytes(threads))
    }

    fn take_workspace(&self) -> Workspace {
        self.workspaces.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
    }

    /// The plan of a key, made if it is not among those kept. The lock is held meanwhile: of two callers that want the same
    /// new plan one makes it.
    fn plan(&self, key: PlanKey, shapes: &[Shape]) -> Result<Arc<Program>> {
        let mut plans = self.plans.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = plans.iter().position(|(k, _)| *k == key)
            && let Some(found) = plans.remove(at)
        {
            plans.push_front(found);
        } else {
            let program = Planner::new(&self.network, shapes, key.batch, key.threads).plan()?;
            plans.push_front((key, Arc::new(program)));
            plans.truncate(KEPT_PLANS);
        }
        Ok(plans[0].1.clone())
    }
}

fn empty_output(shape: &Shape, batch: usize) -> Output {
    let dims = shape.dims(batch);
    Output { values: vec![0.0; dims.iter().product()], dims }
}

#[cfg(test)]
mod naive;
#[cfg(test)]
mod tests;
