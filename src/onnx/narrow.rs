//! Computes of a sequence only the entries that something reads.
//!
//! A vision transformer's scores follow from its class token alone. What its last block computes of the other tokens behind the
//! attention is read by nothing, but an ONNX graph computes it all the same and takes the class token at the very end. Here that
//! selection moves towards the input as far as it can.

use std::collections::HashMap;

use super::error::Result;
use super::tracer::Tracer;
use crate::graph::{NodeId, Op, TensorOp};

/// Some entries of an axis.
type Part = (usize, Vec<u32>);

/// What an operation needs of an input to compute a part of its result.
enum Need {
    /// The same part, along this axis.
    Along(usize),
    /// Everything.
    Whole,
    /// It cannot compute a part.
    Unknown,
}

/// The same network without what nothing reads; `output` is the node whose result counts.
pub(super) fn narrow(old: &Tracer, output: NodeId) -> Result<(Tracer, NodeId)> {
    let parts = parts(old, output);
    let mut new = Tracer::like(old);
    let mut moved: Vec<Option<NodeId>> = vec![None; old.nodes.len()];
    let mut selected: HashMap<(usize, Part), NodeId> = HashMap::new();
    moved[0] = Some(NodeId::INPUT);
    for (i, node) in old.nodes.iter().enumerate().skip(1) {
        let Some(part) = &parts[i] else { continue };
        new.begin(old.origins[i]);
        let mut inputs = Vec::with_capacity(node.inputs.len());
        for (position, input) in node.inputs.iter().enumerate() {
            let wanted = wanted(old, i, part.as_ref(), position);
            let source = moved[input.index()].ok_or("a node stands before what it reads")?;
            inputs.push(
                match wanted.and_then(|wanted| still_to_select(wanted, parts[input.index()].as_ref()?.as_ref())) {
                    Some((axis, indices)) => {
                        let key = (input.index(), (axis, indices.clone()));
                        match selected.get(&key) {
                            Some(found) => *found,
                            None => {
                                let node = new.push(Op::Tensor(TensorOp::Select { axis, indices }), &[source])?;
                                selected.insert(key, node);
                                node
                            }
                        }
                    }
                    _ => source,
                },
            );
        }
        moved[i] = Some(match (&node.op, part) {
            // What it would have selected is all that is left, or has just been selected.
            (Op::Tensor(TensorOp::Select { .. }), None) => inputs[0],
            (Op::Tensor(TensorOp::Reshape(shape)), Some((axis, indices))) => {
                let mut shape = shape.clone();
                shape[*axis] = indices.len();
                new.push(Op::Tensor(TensorOp::Reshape(shape)), &inputs)?
            }
            (op, _) => new.push(op.clone(), &inputs)?,
        });
    }
    let output = moved[output.index()].ok_or("the output depends on nothing")?;
    Ok((new, output))
}

/// For each node: `None` if nothing reads it, the part of it that everything reads, or all of it.
fn parts(tracer: &Tracer, output: NodeId) -> Vec<Option<Option<Part>>> {
    let mut parts: Vec<Option<Option<Part>>> = vec![None; tracer.nodes.len()];
    parts[output.index()] = Some(None);
    for i in (1..tracer.nodes.len()).rev() {
        let Some(part) = parts[i].clone() else { continue };
        let is_less = |(axis, indices): &Part| indices.len() < tracer.shapes[i][*axis];
        let part = part.filter(|part| is_less(part) && can_be_narrowed(tracer, i, part));
        parts[i] = Some(part.clone());
        for (position, input) in tracer.nodes[i].inputs.iter().enumerate() {
            let wanted = wanted(tracer, i, part.as_ref(), position);
            let known = &mut parts[input.index()];
            match known {
                None => *known = Some(union(wanted.clone(), wanted)),
                Some(other) => *known = Some(union(other.take(), wanted)),
            }
        }
    }
    parts[0] = Some(None);
    parts
}

/// What covers two parts, in order and without repetitions.
fn union(a: Option<Part>, b: Option<Part>) -> Option<Part> {
    let ((axis, mut indices), (other_axis, others)) = (a?, b?);
    indices.extend(others);
    indices.sort_unstable();
    indices.dedup();
    (axis == other_axis).then_some((axis, indices))
}

/// What has to be selected of a node's result to get a part, if only some of it is there.
fn still_to_select((axis, indices): Part, there: Option<&Part>) -> Option<Part> {
    let Some((_, there)) = there else { return Some((axis, indices)) };
    if *there == indices {
        return None;
    }
    let place = |index: &u32| there.iter().position(|other| other == index).map(|at| at as u32);
    indices.iter().map(place).collect::<Option<Vec<_>>>().map(|places| (axis, places))
}

/// The part of an input that a node reads to compute a part of its result, or all of it.
fn wanted(tracer: &Tracer, node: usize, part: Option<&Part>, position: usize) -> Option<Part> {
    match (&tracer.nodes[node].op, part) {
        (Op::Tensor(TensorOp::Select { axis, indices }), None) => Some((*axis, indices.clone())),
        (_, None) => None,
        (_, Some((axis, indices))) => match need(tracer, node, *axis, position) {
            Need::Along(axis) => Some((axis, indices.clone())),
            Need::Whole | Need::Unknown => None,
        },
    }
}

fn can_be_narrowed(tracer: &Tracer, node: usize, (axis, _): &Part) -> bool {
    let needs = (0..tracer.nodes[node].inputs.len()).map(|position| need(tracer, node, *axis, position));
    let mut along = false;
    for need in needs {
        match need {
            Need::Unknown => return false,
            Need::Along(_) => along = true,
            Need::Whole => {}
        }
    }
    along
}

fn need(tracer: &Tracer, node: usize, axis: usize, position: usize) -> Need {
    let (shape, input) = (&tracer.shapes[node], tracer.nodes[node].inputs[position]);
    let from = &tracer.shapes[input.index()];
    let repeated = || match (axis + from.len()).checked_sub(shape.len()) {
        Some(axis) if from[axis] > 1 => Need::Along(axis),
        _ => Need::Whole,
    };
    let unless = |other: bool| if other { Need::Unknown } else { Need::Along(axis) };
    match &tracer.nodes[node].op {
        Op::Add | Op::Mul => repeated(),
        Op::Linear { .. } => unless(axis + 1 == shape.len()),
        Op::Activation(_) if shape.len() < 4 => Need::Along(axis),
        Op::Tensor(op) => match op {
            TensorOp::Unary(_) => Need::Along(axis),
            TensorOp::Binary(_) => repeated(),
            TensorOp::Normalise { .. } => unless(axis + 1 == shape.len()),
            TensorOp::Softmax { axis: summed } => unless(axis == *summed),
            TensorOp::Select { axis: selected, .. } => unless(axis == *selected),
            TensorOp::Join { axis: joined } => unless(axis == *joined),
            TensorOp::Reduce { axes, .. } => unless(axes.contains(&axis)),
            TensorOp::Permute(permutation) => Need::Along(permutation[axis]),
            TensorOp::Reshape(_) => unchanged_axis(from, shape, axis).map_or(Need::Unknown, Need::Along),
            TensorOp::MatMul if axis + 1 == shape.len() => Need::Unknown,
            TensorOp::MatMul if axis + 2 == shape.len() && position == 0 => Need::Along(from.len() - 2),
            TensorOp::MatMul if axis + 2 == shape.len() => Need::Whole,
            TensorOp::MatMul => repeated(),
            TensorOp::Constant(_) | TensorOp::Map { .. } => Need::Unknown,
        },
        _ => Need::Unknown,
    }
}

/// The axis of one shape that a reshaping leaves as it is and that is `axis` in the other.
fn unchanged_axis(from: &[usize], to: &[usize], axis: usize) -> Option<usize> {
    let before: usize = to[..axis].iter().product();
    (0..from.len()).find(|i| from[..*i].iter().product::<usize>() == before && from[*i] == to[axis])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{Activation, Unary};

    fn general(tracer: &mut Tracer, op: TensorOp, input: NodeId) -> Result<NodeId> {
        tracer.push(Op::Tensor(op), &[input])
    }

    #[test]
    fn only_what_is_read_is_computed() -> Result<()> {
        let mut tracer = Tracer::new(3, 2, 4);
        let rows = general(&mut tracer, TensorOp::Reshape(vec![1, 3, 8]), NodeId::INPUT)?;
        let turned = general(&mut tracer, TensorOp::Permute(vec![0, 2, 1]), rows)?;
        let function = general(&mut tracer, TensorOp::Unary(Unary::Exp), turned)?;
        let first = general(&mut tracer, TensorOp::Select { axis: 1, indices: vec![5] }, function)?;
        let again = general(&mut tracer, TensorOp::Select { axis: 1, indices: vec![2] }, function)?;
        let both = tracer.push(Op::Tensor(TensorOp::Join { axis: 1 }), &[first, again])?;
        let (narrowed, output) = narrow(&tracer, both)?;
        assert_eq!(narrowed.shapes[output.index()], [1, 2, 3]);
        let largest = narrowed.shapes[1..].iter().skip(1).map(|shape| shape.iter().product::<usize>()).max();
        assert_eq!(largest, Some(6), "of eight tokens, two are computed: {:?}", narrowed.shapes);
        Ok(())
    }

    #[test]
    fn repeated_entries_of_the_input_stay_repeated() -> Result<()> {
        let mut tracer = Tracer::new(3, 2, 2);
        let act = tracer.push(Op::Activation(Activation::Relu), &[NodeId::INPUT])?;
        for from in [NodeId::INPUT, act] {
            let indices = vec![1, 0, 1];
            let output = general(&mut tracer, TensorOp::Select { axis: 2, indices }, from)?;
            let (narrowed, output) = narrow(&tracer, output)?;
            assert_eq!(narrowed.shapes[output.index()], [1, 3, 3, 2]);
        }
        Ok(())
    }
}
