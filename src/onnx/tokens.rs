//! A transformer's sequence of tokens as a feature map that the network can be cut at.
//!
//! Most tokens of a vision transformer are the cells of a grid, but a class token stands before them, and past the usual target
//! layer (the norm before the last attention) the network reads the class token's own way besides. So the sequence makes a
//! detour over a map: its channels are the tokens', and behind them, as further channels that are the same in every cell, all else
//! that the rest of the network reads. Those are constant for what follows: their gradients, and with them their
//! weights in a class activation map, are 0.

use super::error::Result;
use super::tracer::Tracer;
use crate::graph::{Binary, Interpolation, NodeId, Op, Padding, Pool2d, PoolKind, TensorOp};

/// Tokens before those of the grid: of classes, distillation and registers.
const MAX_PREFIX: usize = 16;

/// A place where the detour can be made.
struct Place {
    node: usize,
    /// Tokens before those of the grid.
    prefix: usize,
    grid: [usize; 2],
    /// What else the network behind it reads.
    carried: Vec<usize>,
}

/// The network with its last sequence of tokens as a map, if it has one behind its last feature map; its output, and the map.
pub(super) fn detour(old: &Tracer, output: NodeId) -> Result<Option<(Tracer, NodeId, NodeId)>> {
    let Some(place) = (1..old.nodes.len()).rev().find_map(|i| place(old, output, i)) else { return Ok(None) };
    let dependent = dependent(old, place.node);
    let mut new = Tracer::like(old);
    let mut moved = vec![NodeId::INPUT; old.nodes.len()];
    let copy = |new: &mut Tracer, moved: &mut [NodeId], i: usize| -> Result<()> {
        let inputs: Vec<NodeId> = old.nodes[i].inputs.iter().map(|input| moved[input.index()]).collect();
        new.begin(old.origins[i]);
        moved[i] = new.push(old.nodes[i].op.clone(), &inputs)?;
        Ok(())
    };
    // First everything that the detour needs, then what is behind it.
    for i in (1..old.nodes.len()).filter(|i| !dependent[*i]).chain([place.node]) {
        copy(&mut new, &mut moved, i)?;
    }
    let sources: Vec<NodeId> = place.carried.iter().map(|i| moved[*i]).collect();
    let detour = Detour { tokens: moved[place.node], grid: place.grid, prefix: place.prefix };
    let (layer, tokens, carried) = detour.write(&mut new, &sources)?;
    moved[place.node] = tokens;
    for (i, node) in place.carried.iter().zip(carried) {
        moved[*i] = node;
    }
    for i in (1..old.nodes.len()).filter(|i| dependent[*i] && *i != place.node) {
        copy(&mut new, &mut moved, i)?;
    }
    Ok(Some((new, moved[output.index()], layer)))
}

/// Which nodes depend on one, itself included.
fn dependent(tracer: &Tracer, node: usize) -> Vec<bool> {
    let mut dependent = vec![false; tracer.nodes.len()];
    dependent[node] = true;
    for i in node + 1..tracer.nodes.len() {
        dependent[i] = tracer.nodes[i].inputs.iter().any(|input| dependent[input.index()]);
    }
    dependent
}

/// The place behind a node, if its result is tokens of a grid, little else is read past it, and no map of several cells follows.
fn place(tracer: &Tracer, output: NodeId, node: usize) -> Option<Place> {
    let is_sum =
        |op: &Op| matches!(op, Op::Add | Op::Tensor(TensorOp::Normalise { .. } | TensorOp::Binary(Binary::Add)));
    let &[1, tokens, channels] = tracer.shapes[node].as_slice() else { return None };
    if !is_sum(&tracer.nodes[node].op) || node == output.index() {
        return None;
    }
    let (grid, prefix) = grid(tracer, node, tokens)?;
    let dependent = dependent(tracer, node);
    let is_grid = |i: usize| tracer.is_map(NodeId(i)) && tracer.shapes[i][2..] != [1, 1];
    if !dependent[output.index()] || (node..tracer.nodes.len()).any(|i| dependent[i] && is_grid(i)) {
        return None;
    }
    let mut carried = Vec::new();
    for (reader, behind) in tracer.nodes.iter().zip(&dependent).skip(node + 1) {
        let across = |i: &&NodeId| *behind && !dependent[i.index()] && !tracer.nodes[i.index()].inputs.is_empty();
        carried.extend(reader.inputs.iter().filter(across).map(|i| i.index()));
    }
    carried.sort_unstable();
    carried.dedup();
    let values = |i: &usize| tracer.shapes[*i].iter().product::<usize>();
    let little = carried.iter().map(values).sum::<usize>() <= MAX_PREFIX * channels;
    // The input itself cannot be carried.
    (little && !carried.contains(&0)).then_some(Place { node, prefix, grid, carried })
}

/// Rows and columns of the tokens, and how many stand before them: the grid is that of the last map, or a square.
fn grid(tracer: &Tracer, node: usize, tokens: usize) -> Option<([usize; 2], usize)> {
    let [h, w] = (0..node).rev().find_map(|i| match tracer.shapes[i][..] {
        [1, _, h, w] if tracer.is_map(NodeId(i)) && h * w > 1 => Some([h, w]),
        _ => None,
    })?;
    if let Some(prefix) = tokens.checked_sub(h * w).filter(|prefix| *prefix <= MAX_PREFIX) {
        return Some(([h, w], prefix));
    }
    let side = tokens.isqrt();
    (side * side == tokens && side > 1 && h == w).then_some(([side, side], 0))
}

struct Detour {
    /// `(1, prefix + h w, c)`
    tokens: NodeId,
    grid: [usize; 2],
    prefix: usize,
}

impl Detour {
    /// Writes the map and the way back: the map, the tokens again, and what was carried along.
    fn write(&self, new: &mut Tracer, carried: &[NodeId]) -> Result<(NodeId, NodeId, Vec<NodeId>)> {
        let ([h, w], prefix) = (self.grid, self.prefix);
        let &[_, tokens, channels] = new.shapes[self.tokens.index()].as_slice() else {
            return Err("tokens have three axes".into());
        };
        let general = |new: &mut Tracer, op: TensorOp, x: NodeId| new.push(Op::Tensor(op), &[x]);
        let range = |from: usize, to: usize| TensorOp::Select { axis: 1, indices: (from as u32..to as u32).collect() };
        let mut patches = self.tokens;
        if prefix > 0 {
            patches = general(new, range(prefix, tokens), patches)?;
        }
        patches = general(new, TensorOp::Permute(vec![0, 2, 1]), patches)?;
        patches = general(new, TensorOp::Reshape(vec![1, channels, h, w]), patches)?;
        let mut parts = vec![general(new, TensorOp::Map { channels }, patches)?];
        let mut along: Vec<NodeId> = carried.to_vec();
        if prefix > 0 {
            along.insert(0, general(new, range(0, prefix), self.tokens)?);
        }
        let mut shapes = Vec::new();
        for part in along {
            let shape = new.shapes[part.index()].clone();
            let count = shape.iter().product();
            let column = general(new, TensorOp::Reshape(vec![1, count, 1, 1]), part)?;
            let column = general(new, TensorOp::Map { channels: count }, column)?;
            let spread = Op::Upsample { interpolation: Interpolation::Nearest, factor: [h, w] };
            parts.push(new.push(spread, &[column])?);
            shapes.push(shape);
        }
        let layer = match parts[..] {
            [only] => only,
            _ => new.push(Op::Concat, &parts)?,
        };
        let (patches, mut back) = Self::read(new, layer, channels, self.grid, &shapes)?;
        let patches = general(new, TensorOp::Reshape(vec![1, channels, h * w]), patches)?;
        let patches = general(new, TensorOp::Permute(vec![0, 2, 1]), patches)?;
        if prefix == 0 {
            return Ok((layer, patches, back));
        }
        let front = back.remove(0);
        let tokens = new.push(Op::Tensor(TensorOp::Join { axis: 1 }), &[front, patches])?;
        Ok((layer, tokens, back))
    }

    /// From the layer: the cells, and what came along.
    fn read(
        new: &mut Tracer,
        layer: NodeId,
        channels: usize,
        kernel: [usize; 2],
        shapes: &[Vec<usize>],
    ) -> Result<(NodeId, Vec<NodeId>)> {
        if shapes.is_empty() {
            return Ok((layer, Vec::new()));
        }
        let patches = new.push(Op::Channels { start: 0, count: channels }, &[layer])?;
        let mut start = channels;
        let mut back = Vec::new();
        for shape in shapes {
            let count = shape.iter().product();
            let part = new.push(Op::Channels { start, count }, &[layer])?;
            let part = new.push(Op::Detached, &[part])?;
            let (padding, kind) = (Padding::default(), PoolKind::Max);
            let pool = Pool2d { kind, kernel, stride: [1, 1], padding, ceil_mode: false };
            let part = new.push(Op::Pool2d(pool), &[part])?;
            back.push(new.push(Op::Tensor(TensorOp::Reshape(shape.clone())), &[part])?);
            start += count;
        }
        Ok((patches, back))
    }
}

/// Not a test of numbers: the detour must leave the values as they are, whatever they are.
#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{Graph, GraphBuilder, TensorNet};
    use candle_core::{Device, Tensor};

    fn values(shape: &[usize]) -> Result<Tensor> {
        let count = shape.iter().product();
        let values: Vec<f32> = (0..count).map(|i| ((i * 37 + 11) % 23) as f32 / 7.0 - 1.5).collect();
        Ok(Tensor::from_vec(values, shape, &Device::Cpu)?)
    }

    fn graph(tracer: &Tracer, output: NodeId) -> anyhow::Result<Graph> {
        let mut builder = GraphBuilder::new(3);
        for (i, node) in tracer.nodes.iter().enumerate().skip(1) {
            builder.push(i.to_string(), node.op.clone(), &node.inputs);
        }
        Ok(builder.finish(&[output])?)
    }

    /// Six cells of three channels as tokens behind one constant token, mixed, and the first of the result.
    fn network() -> Result<(Tracer, NodeId)> {
        let mut tracer = Tracer::new(3, 2, 3);
        let general = |tracer: &mut Tracer, op: TensorOp, inputs: &[NodeId]| tracer.push(Op::Tensor(op), inputs);
        let cells = general(&mut tracer, TensorOp::Reshape(vec![1, 3, 6]), &[NodeId::INPUT])?;
        let cells = general(&mut tracer, TensorOp::Permute(vec![0, 2, 1]), &[cells])?;
        let token = general(&mut tracer, TensorOp::Constant(values(&[1, 1, 3])?), &[])?;
        let tokens = general(&mut tracer, TensorOp::Join { axis: 1 }, &[token, cells])?;
        let moved = general(&mut tracer, TensorOp::Constant(values(&[1, 7, 3])?), &[])?;
        let tokens = general(&mut tracer, TensorOp::Binary(Binary::Add), &[tokens, moved])?;
        let (weight, bias) = (values(&[3])?, values(&[3])?);
        let normed = general(&mut tracer, TensorOp::Normalise { weight, bias, eps: 1e-5 }, &[tokens])?;
        let turned = general(&mut tracer, TensorOp::Permute(vec![0, 2, 1]), &[normed])?;
        let scores = general(&mut tracer, TensorOp::MatMul, &[normed, turned])?;
        let shares = general(&mut tracer, TensorOp::Softmax { axis: 2 }, &[scores])?;
        let mixed = general(&mut tracer, TensorOp::MatMul, &[shares, normed])?;
        let sum = general(&mut tracer, TensorOp::Binary(Binary::Add), &[mixed, tokens])?;
        let first = general(&mut tracer, TensorOp::Select { axis: 1, indices: vec![0] }, &[sum])?;
        let output = general(&mut tracer, TensorOp::Reshape(vec![1, 3]), &[first])?;
        Ok((tracer, output))
    }

    #[test]
    fn the_way_over_a_map_changes_no_value() -> anyhow::Result<()> {
        let (tracer, output) = network()?;
        let (narrowed, end) = super::super::narrow::narrow(&tracer, output)?;
        let (detoured, end_behind, map) = detour(&narrowed, end)?.ok_or_else(|| anyhow::anyhow!("no detour"))?;
        // The tokens' own three channels, the class token's, and the class token before the norm.
        assert_eq!(detoured.shapes[map.index()], [1, 9, 2, 3]);
        let input = values(&[1, 3, 2, 3])?;
        let run = |tracer: &Tracer, output: NodeId| -> anyhow::Result<Vec<f32>> {
            let net = TensorNet::new(&graph(tracer, output)?, &Device::Cpu)?;
            Ok(net.forward(&input)?.swap_remove(0).flatten_all()?.to_vec1()?)
        };
        let expected = run(&tracer, output)?;
        for (got, other) in
            [run(&narrowed, end)?, run(&detoured, end_behind)?].iter().flatten().zip(expected.iter().cycle())
        {
            assert!((got - other).abs() < 1e-6, "{got} {other}");
        }
        assert!(graph(&detoured, end_behind)?.split_at(map).is_ok());
        Ok(())
    }
}
