//! Excitation backprop: a class's probability passed down along positive weights.
//!
//! Comes in: a classifier, the target layer's feature maps and a class. Goes out: the map over the target layer's grid. May not live
//! here: the rule for each operation (see [`crate::graph::Rule`]).

use candle_core::{Device, Tensor};

use super::error::SaliencyError;
use super::input_gradients::sum_of_channels;
use super::method::Method;
use super::pass::{host_values, one_hot, only_output, unless};
use crate::classifier::Classifier;
use crate::dataset::ClassId;
use crate::graph::{Backward, Graph, Node, NodeId, Op, Rule, Trace};

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
    cancelled: &dyn Fn() -> bool,
) -> Result<Vec<f32>> {
    let head = classifier.head_network();
    let trace = head.trace(features, cancelled).map_err(unless(cancelled))?;
    let seed = if contrastive { contrast(head.graph(), &trace, class)? } else { one_hot(head.graph(), &trace, class)? };
    let seeds = [seed];
    let backward = Backward { cancelled, ..Backward::new(&seeds, Rule::Excitation) };
    let reached = head.pull_back(&trace, &backward).map_err(unless(cancelled))?;
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
    let (last, weight) = last_linear(graph)?;
    let at = last.inputs[0];
    let input = trace.value(at)?;
    let active: Vec<f64> = host_values(input)?.into_iter().map(|v| f64::from(v).max(0.0)).collect();
    let row = weight.get(class.0)?.to_vec1::<f32>()?;
    let share = |sign: f64| -> Vec<f64> {
        let part: Vec<f64> = active.iter().zip(&row).map(|(a, w)| a * (sign * f64::from(*w)).max(0.0)).collect();
        let total: f64 = part.iter().sum();
        part.iter().map(|p| if total > 0.0 { p / total } else { 0.0 }).collect()
    };
    let difference = share(1.0).iter().zip(share(-1.0)).map(|(p, n)| (p - n) as f32).collect::<Vec<_>>();
    Ok((at, Tensor::from_vec(difference, input.shape(), &Device::Cpu)?))
}

/// Whether the classifier ends as the contrastive variant needs it.
pub(super) fn check_contrastive(classifier: &Classifier) -> Result<()> {
    last_linear(classifier.head_network().graph()).map(drop)
}

/// The last layer, if it is a linear one, and its weight `(classes, c)`.
fn last_linear(graph: &Graph) -> Result<(&Node, &Tensor)> {
    let last = graph.node(only_output(graph)?);
    match &last.op {
        Op::Linear { weight, .. } => Ok((last, weight)),
        _ => Err(SaliencyError::NotApplicable {
            method: Method::ContrastiveExcitationBackprop,
            reason: format!("its last layer, {}, is not a linear one", last.name),
        }),
    }
}
