//! What a model's file holds: weights of a known architecture, or a whole network.

use std::path::Path;

use super::{ModelError, read, sha256};
use crate::geometry::Size;
use crate::onnx::{self, Imported};
use crate::weights::Weights;

/// The word for an imported network where a card names its architecture.
pub(super) const ONNX: &str = "onnx";

/// Height and width of the input where neither a file nor a card says them, in pixels.
const USUAL_SIDE: u32 = 224;

/// A model's file, read.
#[derive(Debug)]
pub(super) enum Network {
    Weights(Weights),
    Onnx {
        network: Box<Imported>,
        /// SHA-256 of each file beside it that holds weights.
        beside: Vec<String>,
    },
}

impl Network {
    /// Reads the content of a file; `folder` is where it lies, and `input` the size that pictures are to have if the file leaves
    /// that open.
    pub(super) fn read(file: &Path, content: &[u8], input: Option<Size>) -> Result<Self, ModelError> {
        let shown = || file.display().to_string();
        if !is_onnx(file) {
            let weights = Weights::from_checkpoint(content);
            return Ok(Self::Weights(weights.map_err(|e| ModelError::Weights { file: shown(), source: Box::new(e) })?));
        }
        let folder = file.parent().unwrap_or(Path::new(""));
        let size = input.unwrap_or(Size::new(USUAL_SIDE, USUAL_SIDE));
        let open = [size.height as usize, size.width as usize];
        let network = onnx::import(content, folder, open);
        let network = network.map_err(|e| ModelError::Onnx { file: shown(), source: Box::new(e) })?;
        let hash = |name: &String| Ok(sha256(&read(&folder.join(name))?));
        let beside = network.files.iter().map(hash).collect::<Result<_, ModelError>>()?;
        Ok(Self::Onnx { network: Box::new(network), beside })
    }
}

/// Whether a file is an ONNX graph, by its name.
pub(super) fn is_onnx(file: &Path) -> bool {
    file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("onnx"))
}
