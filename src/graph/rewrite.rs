//! The same network with other weights or more outputs.

use candle_core::{Result, Tensor};

use super::{Graph, NodeId, Op};

impl Graph {
    /// The network with the weights of its convolutions and linear layers replaced by what `change` makes of them; it is told the
    /// node's name. Biases and normalisations stay.
    ///
    /// # Errors
    /// If `change` fails.
    pub fn with_weights(&self, mut change: impl FnMut(&str, &Tensor) -> Result<Tensor>) -> Result<Self> {
        let mut graph = self.clone();
        for node in &mut graph.nodes {
            let weight = match &mut node.op {
                Op::Conv2d(conv) => &mut conv.weight,
                Op::Linear { weight, .. } => weight,
                _ => continue,
            };
            *weight = change(&node.name, weight)?;
        }
        Ok(graph)
    }

    /// The network with the results of further nodes behind its outputs.
    pub(super) fn also_returning(&self, nodes: &[NodeId]) -> Self {
        Self { outputs: [&self.outputs, nodes].concat(), ..self.clone() }
    }

    /// The names of the nodes with weights, in order.
    pub fn weighted_nodes(&self) -> Vec<&str> {
        let weighted = self.nodes.iter().filter(|n| matches!(n.op, Op::Conv2d(_) | Op::Linear { .. }));
        weighted.map(|n| n.name.as_str()).collect()
    }
}
