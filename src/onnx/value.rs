//! What a name of an ONNX graph stands for: a constant, or a node of the network seen in some order of axes.

use candle_core::Tensor;

use crate::graph::NodeId;

/// A value of an ONNX graph.
#[derive(Clone, Debug)]
pub(super) enum Value {
    /// Known without an image: f32, or i64 for every integer and truth value.
    Constant(Tensor),
    /// Computed from the image.
    Traced(Traced),
}

impl Value {
    /// The shape, for one image.
    pub(super) fn shape(&self) -> Vec<usize> {
        match self {
            Self::Constant(tensor) => tensor.dims().to_vec(),
            Self::Traced(traced) => traced.shape(),
        }
    }
}

impl From<Tensor> for Value {
    fn from(tensor: Tensor) -> Self {
        Self::Constant(tensor)
    }
}

impl From<Traced> for Value {
    fn from(traced: Traced) -> Self {
        Self::Traced(traced)
    }
}

/// A node's result, its axes exchanged and joined: ONNX graphs turn maps into rows of cells and back, put channels last and join
/// axes, which moves nothing as long as it is only noted down here.
///
/// An axis of one entry is not listed anywhere: it can be added and dropped at will. The batch is such an axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Traced {
    pub(super) node: NodeId,
    /// The node's shape.
    pub(super) stored: Vec<usize>,
    /// For each axis of the value, the node's axes that it consists of, the outer ones first.
    pub(super) axes: Vec<Vec<usize>>,
    /// Whether nothing else reads the node, so that it may still be changed.
    pub(super) alone: bool,
}

impl Traced {
    /// A node as it is.
    pub(super) fn new(node: NodeId, stored: Vec<usize>) -> Self {
        let axes = stored.iter().enumerate().map(|(i, size)| if *size == 1 { Vec::new() } else { vec![i] }).collect();
        Self { node, stored, axes, alone: true }
    }

    pub(super) fn shape(&self) -> Vec<usize> {
        self.axes.iter().map(|group| group.iter().map(|axis| self.stored[*axis]).product()).collect()
    }

    /// The node's axes in the order of the value.
    pub(super) fn order(&self) -> Vec<usize> {
        self.axes.iter().flatten().copied().collect()
    }

    /// Whether the value has the node's shape and order.
    pub(super) fn is_plain(&self) -> bool {
        self.order().is_sorted() && self.shape() == self.stored
    }

    /// The same with axis `i` at the place of `permutation[i]`.
    pub(super) fn permuted(&self, permutation: &[usize]) -> Self {
        let axes = permutation.iter().map(|axis| self.axes[*axis].clone()).collect();
        Self { axes, ..self.clone() }
    }

    /// The same in another shape, if that only joins and separates whole axes of the node.
    pub(super) fn reshaped(&self, shape: &[usize]) -> Option<Self> {
        let mut rest = self.order().into_iter();
        let mut axes = Vec::with_capacity(shape.len());
        for size in shape {
            let (mut group, mut product) = (Vec::new(), 1);
            while product < *size {
                let axis = rest.next()?;
                product *= self.stored[axis];
                group.push(axis);
            }
            if product != *size {
                return None;
            }
            axes.push(group);
        }
        rest.next().is_none().then(|| Self { axes, ..self.clone() })
    }

    /// Another node in place of this one: of the same shape, or with other sizes of axes that stay as they are.
    pub(super) fn with_node(&self, node: NodeId, stored: Vec<usize>) -> Self {
        let mut axes = self.axes.clone();
        for group in &mut axes {
            group.retain(|axis| stored[*axis] > 1);
        }
        Self { node, stored, axes, alone: true }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A map of 8 channels, 3 rows and 5 columns.
    fn map() -> Traced {
        Traced::new(NodeId::INPUT, vec![1, 8, 3, 5])
    }

    #[test]
    fn cells_as_rows_and_back_is_the_map_itself() {
        let rows = map().reshaped(&[1, 8, 15]).map(|v| v.permuted(&[0, 2, 1]));
        assert_eq!(rows.as_ref().map(Traced::shape), Some(vec![1, 15, 8]));
        let back = rows.and_then(|v| v.permuted(&[0, 2, 1]).reshaped(&[1, 8, 3, 5]));
        assert!(back.is_some_and(|v| v.is_plain()));
    }

    #[test]
    fn an_axis_is_not_torn_apart() {
        assert_eq!(map().reshaped(&[1, 4, 2, 15]), None);
        assert_eq!(map().reshaped(&[8, 3]), None);
    }

    #[test]
    fn single_entries_are_added_and_dropped() {
        let pooled = Traced::new(NodeId::INPUT, vec![1, 8, 1, 1]);
        assert_eq!(pooled.reshaped(&[8, 1]).map(|v| v.axes), Some(vec![vec![1], vec![]]));
    }
}
