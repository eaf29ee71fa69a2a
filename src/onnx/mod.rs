//! ONNX files: any image classifier that PyTorch, Keras or timm exported, as a graph.
//!
//! Comes in: the bytes of an `.onnx` file, and its folder for weights that lie beside it. Goes out: an [`Imported`] network whose
//! nodes are layers where there are such, so that it runs, is cut and is differentiated like one of our own architectures. May not
//! live here: running networks, what pictures are prepared like, names of models.
//!
//! The way of a file: `read` finds the messages in the bytes, `patterns` joins functions that were written as several nodes,
//! `operators` say what each remaining node means while `tracer` writes the network and computes what does not depend on the
//! image (shapes, mostly). Values are seen through `value`, which remembers exchanged and joined axes instead of moving numbers: a
//! network with channels last has no transposition left. Then `narrow` and `tokens` make a transformer's tokens a
//! map, and `names` calls the nodes by the modules that they came from.
//!
//! No file is trusted: nothing in it is executed, lengths and shapes are checked before memory is asked for, and an operator that
//! is not known is an error that names it. The network is imported for one image of one size.

mod error;
mod import;
mod names;
mod narrow;
mod operators;
mod patterns;
mod read;
mod stored;
mod tokens;
mod tracer;
mod value;

pub use error::{OnnxError, Why};
pub use import::{Imported, Layout, PixelRange, import};
pub use read::Damaged;
