//! Excitation backprop: a class's probability passed down along positive weights.
//!
//! Comes in: a classifier, the target layer's feature maps and a class. Goes out: the map over the target layer's grid. May not live
//! here: the rule for each operation (see [`crate::graph::Rule`]).

use candle_core::{Device, Tensor};

use super::error::SaliencyError;
use super::input_gradients::sum_of_channels;
use super::method::Method;
use super::pass::{host_values, one_hot, only_output};
use crate::classifier::Classifier;
use crate::dataset::ClassId;
use crate::graph::{Graph, NodeId, Op, Rule, Trace};

type Result<T> = std::result::Result<T, SaliencyError>;

/// Excitation backprop down to the target layer, summed over channels: `gh * gw` values. The contrastive variant takes off what
/// the same rule gives with the last linear layer's weights negated, where it reaches that layer's input.
///
/// # Shapes
/// `features`: `(1, c, gh, gw)`.
pub(super) fn excitation(
    classifier: &Classifier,
    features: &Tensor,
    class: ClassId,
    contrastive: bool,
) -> Result<Vec<f32>> {
    let head = classifier.head_network();
    let trace = head.trace(features)?;
    let seed = if contrastive { contrast(head.graph(), &trace, class)? } else { one_hot(head.graph(), &trace, class)? };
    let reached = head.pull_back(&trace, &[seed], Rule::Excitation, NodeId::INPUT)?;
    let (_, _, height, width) = features.dims4()?;
    let values = match &reached[0] {
        Some(arrived) => host_values(arrived)?,
        None => vec![0.0; features.elem_count()],
    };
    Ok(sum_of_channels(values.into_iter(), height * width))
}

/// What excitation backprop brings to the last linear layer's input, less what the negated layer brings there: both shares sum to
/// 1 where they are not empty.
fn contrast(graph: &Graph, trace: &Trace, class: ClassId) -> Result<(NodeId, Tensor)> {
    let last = graph.node(only_output(graph)?);
    let Op::Linear { weight, .. } = &last.op else {
        return Err(SaliencyError::NotApplicable {
            method: Method::ContrastiveExcitationBackprop,
            reason: format!("its last layer, {}, is not a linear one", last.name),
        });
    };
    let at = last.inputs[0];
    let active = trace.value(at).to_device(&Device::Cpu)?.relu()?;
    let row = weight.get(class.0)?.reshape((1, ()))?;
    let share = |weights: Tensor| -> candle_core::Result<Tensor> {
        let part = active.broadcast_mul(&weights)?;
        let total = part.sum_all()?.to_scalar::<f32>()?;
        if total > 0.0 { part / f64::from(total) } else { part.zeros_like() }
    };
    Ok((at, (share(row.relu()?)? - share(row.neg()?.relu()?)?)?))
}
