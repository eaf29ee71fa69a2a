//! Cutting a graph at a node: the features before it, the head after it.

use candle_core::Tensor;

use super::{Graph, Node, NodeId, Op};

/// Why a graph cannot be cut at a node.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CutError {
    /// There is no map to weigh.
    #[error("{name} cannot be a target layer: its result is not a feature map")]
    NotAMap {
        /// The node.
        name: String,
    },
    /// The rest of the network does not run through this node alone.
    #[error("{name} cannot be a target layer: the rest of the network also reads {crossing} (in {reader})")]
    Crossed {
        /// The node.
        name: String,
        /// What is read besides it.
        crossing: String,
        /// Where.
        reader: String,
    },
}

impl Graph {
    /// Cuts the graph behind a node whose result is a feature map: `features` ends in that map, `head` reads it as its
    /// input and ends in this graph's outputs. Nodes that neither side needs are left out.
    ///
    /// # Errors
    /// If the node is not a feature map, or something else crosses the cut; the message names what.
    pub fn split_at(&self, cut: NodeId) -> Result<(Self, Self), CutError> {
        let name = || self.node(cut).name.clone();
        let Some(channels) = self.channels(cut) else { return Err(CutError::NotAMap { name: name() }) };
        if let Some((from, to)) = self.crossing(cut) {
            let (crossing, reader) = (self.node(from).name.clone(), self.node(to).name.clone());
            return Err(CutError::Crossed { name: name(), crossing, reader });
        }
        let before = self.needed_for(&[cut]);
        let features = self.part(&before, None, &[cut]);
        let mut after = self.needed_for(&self.outputs);
        for (after, before) in after.iter_mut().zip(before) {
            *after &= !before;
        }
        let input = Node { name: "input".into(), op: Op::Input { channels }, inputs: Vec::new() };
        let head = self.part(&after, Some((cut, input)), &self.outputs);
        Ok((features, head))
    }

    /// The nodes that the graph can be cut at, in order: feature maps that every path from the input to an output runs
    /// through. The input itself is not one.
    pub fn cuts(&self) -> Vec<NodeId> {
        let needed = self.needed_for(&self.outputs);
        (1..self.nodes.len())
            .filter(|i| needed[*i])
            .map(NodeId)
            .filter(|id| !self.outputs.contains(id) && self.channels(*id).is_some() && self.crossing(*id).is_none())
            .collect()
    }

    /// For a graph that averages its input map and applies one linear layer, that layer's weight `(classes, c)`: the
    /// gradient of its outputs is the same in every cell and needs no backward pass.
    pub fn pooled_linear(&self) -> Option<&Tensor> {
        let [input, pool, flatten, linear] = self.nodes.as_slice() else { return None };
        let chain = [(pool, 0), (flatten, 1), (linear, 2)].iter().all(|(node, from)| node.inputs == [NodeId(*from)]);
        match (&input.op, &pool.op, &flatten.op, &linear.op) {
            (Op::Input { .. }, Op::AdaptiveAvgPool { output: [1, 1] }, Op::Flatten, Op::Linear { weight, .. }) => {
                (chain && self.outputs == [NodeId(3)]).then_some(weight)
            }
            _ => None,
        }
    }

    /// Which nodes the results `ends` depend on, themselves included.
    fn needed_for(&self, ends: &[NodeId]) -> Vec<bool> {
        let mut needed = vec![false; self.nodes.len()];
        for end in ends {
            needed[end.0] = true;
        }
        for i in (0..self.nodes.len()).rev().filter(|i| *i > 0) {
            if needed[i] {
                for input in &self.nodes[i].inputs {
                    needed[input.0] = true;
                }
            }
        }
        needed
    }

    /// A node in front of the cut, other than the cut itself, and a node behind it (or an output) that reads it.
    fn crossing(&self, cut: NodeId) -> Option<(NodeId, NodeId)> {
        let before = self.needed_for(&[cut]);
        let needed = self.needed_for(&self.outputs);
        if let Some(output) = self.outputs.iter().find(|o| before[o.0] && **o != cut) {
            return Some((*output, *output));
        }
        let behind = (0..self.nodes.len()).filter(|i| needed[*i] && !before[*i]);
        behind
            .flat_map(|i| self.nodes[i].inputs.iter().map(move |from| (*from, NodeId(i))))
            .find(|(from, _)| before[from.0] && *from != cut)
    }

    /// The kept nodes as a graph of their own; `replaced` gives a node outside them that is read and what stands in for it.
    fn part(&self, keep: &[bool], replaced: Option<(NodeId, Node)>, outputs: &[NodeId]) -> Self {
        let mut moved = vec![None; self.nodes.len()];
        let mut nodes = Vec::new();
        if let Some((id, node)) = replaced {
            moved[id.0] = Some(NodeId(0));
            nodes.push(node);
        }
        for (i, node) in self.nodes.iter().enumerate().filter(|(i, _)| keep[*i]) {
            let inputs =
                node.inputs.iter().map(|id| moved[id.0].expect("what is kept reads only what is kept")).collect();
            moved[i] = Some(NodeId(nodes.len()));
            nodes.push(Node { name: node.name.clone(), op: node.op.clone(), inputs });
        }
        let outputs = outputs.iter().map(|id| moved[id.0].expect("outputs are kept")).collect();
        Self { nodes, outputs, aliases: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Activation, GraphBuilder};
    use super::*;

    /// input -> a -> b -> sum(a, b) -> c
    fn with_a_skip() -> candle_core::Result<Graph> {
        let mut builder = GraphBuilder::new(2);
        let relu = || Op::Activation(Activation::Relu);
        let a = builder.push("a", relu(), &[builder.input()]);
        let b = builder.push("b", relu(), &[a]);
        builder.push("unread", relu(), &[a]);
        let sum = builder.push("sum", Op::Add, &[a, b]);
        let c = builder.push("c", relu(), &[sum]);
        builder.finish(&[c])
    }

    fn names(graph: &Graph) -> Vec<&str> {
        graph.nodes().iter().map(|n| n.name.as_str()).collect()
    }

    #[test]
    fn a_clean_cut_gives_two_graphs() -> anyhow::Result<()> {
        let graph = with_a_skip()?;
        let (features, head) = graph.split_at(NodeId(4))?;
        assert_eq!(names(&features), ["input", "a", "b", "sum"]);
        assert_eq!(names(&head), ["input", "c"]);
        assert_eq!((features.outputs(), head.outputs()), ([NodeId(3)].as_slice(), [NodeId(1)].as_slice()));
        Ok(())
    }

    #[test]
    fn a_skip_across_the_cut_is_named() -> anyhow::Result<()> {
        let message = with_a_skip()?.split_at(NodeId(2)).map_err(|e| e.to_string()).err();
        let expected = "b cannot be a target layer: the rest of the network also reads a (in sum)";
        assert_eq!(message.as_deref(), Some(expected));
        Ok(())
    }

    #[test]
    fn only_clean_cuts_are_offered() -> anyhow::Result<()> {
        assert_eq!(with_a_skip()?.cuts(), [NodeId(1), NodeId(4)]);
        Ok(())
    }
}
