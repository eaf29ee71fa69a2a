//! One image through the whole network, with everything kept that a way back needs.
//!
//! Comes in: a classifier and an image. Goes out: what reaches each node from a class's score. May not live here: what is made of
//! it, or how an operation passes anything back (see [`crate::graph`]).

use candle_core::{DType, Device, Tensor, bail};

use super::error::SaliencyError;
use crate::classifier::Classifier;
use crate::dataset::ClassId;
use crate::graph::{Backward, Graph, Network, NodeId, Rule, Trace};

type Result<T> = std::result::Result<T, SaliencyError>;

/// A forward pass of one image, with every node's result.
pub(super) struct Pass<'c> {
    pub(super) classifier: &'c Classifier,
    pub(super) input: Tensor,
    features: Trace,
    head: Trace,
    cancelled: &'c dyn Fn() -> bool,
}

/// What came back to each node of both halves of a classifier.
pub(super) struct Reached {
    /// From the input to the target layer.
    pub(super) features: Vec<Option<Tensor>>,
    /// From the target layer to the scores.
    pub(super) head: Vec<Option<Tensor>>,
}

impl<'c> Pass<'c> {
    /// # Shapes
    /// `input`: `(1, 3, h, w)`.
    pub(super) fn new(classifier: &'c Classifier, input: &Tensor, cancelled: &'c dyn Fn() -> bool) -> Result<Self> {
        let features = classifier.features_network().trace(input, cancelled).map_err(unless(cancelled))?;
        let map = features.value(only_output(classifier.features_network().graph())?)?;
        let head = classifier.head_network().trace(map, cancelled).map_err(unless(cancelled))?;
        Ok(Self { classifier, input: input.clone(), features, head, cancelled })
    }

    /// Back from a class's score, also along what the target layer only carries past.
    pub(super) fn back(&self, class: ClassId, rule: Rule) -> Result<Reached> {
        let (features, head) = (self.classifier.features_network(), self.classifier.head_network());
        let back = |network: &Network, trace: &Trace, seeds: &[(NodeId, Tensor)]| {
            let backward = Backward { through_detached: true, cancelled: self.cancelled, ..Backward::new(seeds, rule) };
            network.pull_back(trace, &backward).map_err(unless(self.cancelled))
        };
        let behind = back(head, &self.head, &[one_hot(head.graph(), &self.head, class)?])?;
        let seeds = match &behind[0] {
            Some(arrived) => vec![(only_output(features.graph())?, arrived.clone())],
            None => Vec::new(),
        };
        let before = back(features, &self.features, &seeds)?;
        Ok(Reached { features: before, head: behind })
    }

    /// What came back to the input, row-major `(3, h, w)`.
    pub(super) fn input_gradient(&self, class: ClassId, rule: Rule) -> Result<Vec<f32>> {
        match &self.back(class, rule)?.features[0] {
            Some(gradient) => Ok(host_values(gradient)?),
            None => Ok(vec![0.0; self.input.elem_count()]),
        }
    }
}

/// What a failed pass means: that somebody cancelled it, or what the network says.
pub(super) fn unless(cancelled: &dyn Fn() -> bool) -> impl Fn(candle_core::Error) -> SaliencyError {
    move |error| if cancelled() { SaliencyError::Cancelled } else { error.into() }
}

/// 1 at the class's score.
pub(super) fn one_hot(graph: &Graph, trace: &Trace, class: ClassId) -> Result<(NodeId, Tensor)> {
    let end = only_output(graph)?;
    let shape = trace.shape(end);
    let values: Vec<f32> = (0..shape.iter().product()).map(|i| if i == class.0 { 1.0 } else { 0.0 }).collect();
    Ok((end, Tensor::from_vec(values, shape, &Device::Cpu)?))
}

/// The output of a network that has one.
pub(super) fn only_output(graph: &Graph) -> candle_core::Result<NodeId> {
    match graph.outputs() {
        [output] => Ok(*output),
        outputs => bail!("a classifier returns one tensor, not {}", outputs.len()),
    }
}

/// All values, row-major, wherever the tensor is.
pub(super) fn host_values(tensor: &Tensor) -> candle_core::Result<Vec<f32>> {
    tensor.to_device(&Device::Cpu)?.to_dtype(DType::F32)?.flatten_all()?.to_vec1::<f32>()
}
