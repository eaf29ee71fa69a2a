//! A checkpoint file of any supported format, told apart by its first bytes.

use super::pickle::PickleError;
use super::torch;
use super::zip::ZipError;

/// Why a PyTorch or Detectron2 file was not read.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The description of the tensors is damaged, or wants more than data.
    #[error(transparent)]
    Pickle(#[from] PickleError),
    /// The archive is damaged.
    #[error(transparent)]
    Zip(#[from] ZipError),
    /// A tensor, storage or archive entry is not what it should be.
    #[error("{part} cannot be read: {what}")]
    Damaged {
        /// Name of the tensor, storage or entry.
        part: String,
        /// What is wrong with it.
        what: String,
    },
    /// Written on a machine with the other byte order.
    #[error("the file was written on a big-endian machine")]
    BigEndian,
    /// A compiled module, which is a program.
    #[error("the file is a TorchScript program; save the module's state_dict instead")]
    TorchScript,
    /// A readable file without a table of tensors.
    #[error("the file holds no table of tensors, but: {0}")]
    NoTensors(String),
}

/// Formats of files with tensors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// PyTorch's zip archive.
    TorchZip,
    /// What PyTorch wrote before.
    TorchLegacy,
    /// A bare pickle: Detectron2's.
    Pickle,
    /// Anything else is left to the safetensors reader.
    Safetensors,
}

impl Format {
    /// The format of a file that starts with `bytes`.
    pub(super) fn of(bytes: &[u8]) -> Self {
        match bytes {
            [b'P', b'K', 3, 4, ..] => Self::TorchZip,
            _ if torch::is_legacy(bytes) => Self::TorchLegacy,
            // The header of a safetensors file follows eight bytes with its length, which can be any.
            [0x80, 2..=5, ..] if bytes.get(8) != Some(&b'{') => Self::Pickle,
            _ => Self::Safetensors,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_told_apart_by_their_first_bytes() {
        assert_eq!(Format::of(b"PK\x03\x04rest"), Format::TorchZip);
        assert_eq!(Format::of(b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."), Format::TorchLegacy);
        assert_eq!(Format::of(b"\x80\x02}q\0(X\x05\0\0\0model"), Format::Pickle);
        assert_eq!(Format::of(b"\x80\x04\x95\xef\x05\0\0\0\0\0\0}"), Format::Pickle);
        assert_eq!(Format::of(b"\x80\x02\0\0\0\0\0\0{}"), Format::Safetensors);
        assert_eq!(Format::of(b""), Format::Safetensors);
    }
}
