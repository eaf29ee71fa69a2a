//! Why there is no map.

use super::Method;

/// Why a map could not be computed.
#[derive(Debug, thiserror::Error)]
pub enum SaliencyError {
    /// Somebody asked to stop.
    #[error("cancelled")]
    Cancelled,
    /// A setting is out of its range.
    #[error("{0}")]
    Setting(String),
    /// The method is not defined for this classifier or target layer.
    #[error("{method} is not available for this classifier: {reason}")]
    NotApplicable {
        /// The method.
        method: Method,
        /// What it needs that is not there.
        reason: String,
    },
    /// The network failed.
    #[error(transparent)]
    Network(#[from] candle_core::Error),
}
