//! Blocks: the pieces that architectures of classifiers and detectors have in common, as nodes of a graph.
//!
//! Comes in: named weights. Goes out: the nodes of a layer, or of a whole backbone, appended to a [`Layers`]. May not live
//! here: whole classifiers and detectors (they are callers), execution, files.
//!
//! Tensors are asked for by the names of the checkpoint, and nodes are called by the module they belong to.

mod layers;
pub mod mobilenet_v3;
mod net;
pub mod resnet;

pub use layers::{ConvShape, Layers, Normalisation};
pub use net::{Gates, Kernel, Net, multiple_of_8};
