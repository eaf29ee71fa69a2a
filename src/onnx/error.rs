//! What can be wrong with an ONNX file.

use std::borrow::Cow;

use super::read::Damaged;

/// Why an ONNX file cannot be used as a classifier.
#[derive(Debug, thiserror::Error)]
pub enum OnnxError {
    /// No ONNX file, or not a whole one.
    #[error(transparent)]
    Damaged(#[from] Damaged),
    /// An operator that the program does not have.
    #[error("operator {op} (node {node}) is not supported")]
    Operator {
        /// Its name, behind that of its domain if it is not a standard one.
        op: String,
        /// The node that calls it.
        node: String,
    },
    /// An operator that is known, called in a way that cannot be computed.
    #[error("operator {op} (node {node}): {why}")]
    Node {
        /// Its name.
        op: String,
        /// The node that calls it.
        node: String,
        /// What is wrong.
        why: Why,
    },
    /// A constant that cannot be read.
    #[error("constant {name}: {why}")]
    Constant {
        /// Its name.
        name: String,
        /// What is wrong.
        why: Why,
    },
    /// The network's input is no picture.
    #[error("input {name}: {why}")]
    Input {
        /// Its name.
        name: String,
        /// What is wrong.
        why: Why,
    },
    /// The network's outputs are no scores of classes.
    #[error("output {name}: {why}")]
    Output {
        /// Its name; that of the first if there are several.
        name: String,
        /// What is wrong.
        why: Why,
    },
    /// A node reads what nothing before it returns.
    #[error("node {node} reads {value}, which nothing before it computes")]
    Order {
        /// The reader.
        node: String,
        /// What it reads.
        value: String,
    },
    /// No layer is a map of more than one cell that the scores depend on.
    #[error("no layer of the network is a feature map that could be explained")]
    NoMap,
}

/// What is wrong in one place.
#[derive(Debug, thiserror::Error)]
pub enum Why {
    /// In words.
    #[error("{0}")]
    Text(Cow<'static, str>),
    /// Operation and shapes do not fit, or a tensor cannot be computed.
    #[error(transparent)]
    Tensor(Box<candle_core::Error>),
}

impl From<candle_core::Error> for Why {
    fn from(error: candle_core::Error) -> Self {
        Self::Tensor(Box::new(error))
    }
}

impl From<&'static str> for Why {
    fn from(text: &'static str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<String> for Why {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

/// The result of working on one node.
pub(super) type Result<T> = std::result::Result<T, Why>;
