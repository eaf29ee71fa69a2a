//! Weights: the named tensors of a file, checked when a network asks for them.
//!
//! Comes in: the bytes of a weights file. Goes out: [`Weights`], f32 tensors on the CPU by name. May not live here:
//! architectures, model cards, downloads. Nothing in a file is ever executed.

mod checkpoint;
mod detectron2;
mod pickle;
mod state_dict;
mod stored;
mod torch;
mod zip;

use std::collections::BTreeMap;
use std::sync::Mutex;

use candle_core::{DType, Device, Tensor};
use safetensors::SafeTensors;

use checkpoint::Format;
use stored::StoredTensor;

pub use checkpoint::CheckpointError;
pub use pickle::PickleError;
pub use zip::ZipError;

/// Why weights cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    /// The bytes are no `.safetensors` file, or a damaged one.
    #[error("not a readable safetensors file: {0}")]
    Safetensors(#[source] safetensors::SafeTensorError),
    /// The bytes are a PyTorch or Detectron2 file that cannot be used.
    #[error("not a readable checkpoint: {0}")]
    Checkpoint(#[from] CheckpointError),
    /// A tensor's values cannot be turned into f32.
    #[error("tensor {name} cannot be read as f32: {source}")]
    Value {
        /// The tensor.
        name: String,
        /// What candle says.
        source: candle_core::Error,
    },
    /// A network asked for a tensor that is not there.
    #[error("the weights have no tensor {name} (expected with shape {expected:?}): is this a file of another network?")]
    Missing {
        /// The tensor.
        name: String,
        /// The shape that the network needs.
        expected: Vec<usize>,
    },
    /// A network asked for a tensor that has another shape.
    #[error("tensor {name} has shape {found:?}, expected {expected:?}: is this a file of another network?")]
    Shape {
        /// The tensor.
        name: String,
        /// The shape that the network needs.
        expected: Vec<usize>,
        /// The shape in the file.
        found: Vec<usize>,
    },
}

impl From<WeightsError> for candle_core::Error {
    fn from(error: WeightsError) -> Self {
        Self::wrap(error)
    }
}

/// The tensors of a weights file, f32, on the CPU; remembers which were read.
#[derive(Debug)]
pub struct Weights {
    tensors: BTreeMap<String, Tensor>,
    /// Names and shapes that were asked for.
    read: Mutex<BTreeMap<String, Vec<usize>>>,
    /// Whether zeros are given for whatever is asked for.
    rehearsal: bool,
}

impl Weights {
    /// Tensors by name, of any float type and device, kept as f32 on the CPU.
    ///
    /// # Errors
    /// If a tensor cannot be converted.
    pub fn new(tensors: impl IntoIterator<Item = (String, Tensor)>) -> Result<Self, WeightsError> {
        let tensors = tensors
            .into_iter()
            .map(|(name, tensor)| {
                let tensor = tensor.to_device(&Device::Cpu).and_then(|t| t.to_dtype(DType::F32));
                match tensor {
                    Ok(tensor) => Ok((name, tensor)),
                    Err(source) => Err(WeightsError::Value { name, source }),
                }
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { tensors, read: Mutex::default(), rehearsal: false })
    }

    /// The tensors of a `.safetensors` file: f16, bf16 and f64 become f32; tensors of other types are no weights and are
    /// left out.
    ///
    /// # Errors
    /// If `bytes` are not a complete file of this format.
    pub fn from_safetensors(bytes: &[u8]) -> Result<Self, WeightsError> {
        let file = SafeTensors::deserialize(bytes).map_err(WeightsError::Safetensors)?;
        let mut tensors = Vec::new();
        for (name, view) in file.tensors() {
            use safetensors::Dtype::{BF16, F16, F32, F64};
            let dtype = match view.dtype() {
                F16 => DType::F16,
                BF16 => DType::BF16,
                F32 => DType::F32,
                F64 => DType::F64,
                _ => continue,
            };
            match Tensor::from_raw_buffer(view.data(), dtype, view.shape(), &Device::Cpu) {
                Ok(tensor) => tensors.push((name, tensor)),
                Err(source) => return Err(WeightsError::Value { name, source }),
            }
        }
        Self::new(tensors)
    }

    /// The tensors of a checkpoint of any format that is known, told apart by its content: `.safetensors`, PyTorch's
    /// `.pth` and `.pt`, Detectron2's `.pkl`.
    ///
    /// Wrappers of training scripts (`state_dict`, `model`, …) are opened, the moving average of the weights is preferred
    /// where there is one, and prefixes (`module.`, `_orig_mod.`) are taken off the names. Numbers of any type become f32.
    ///
    /// # Errors
    /// If the file is damaged, or names anything but tensors and plain containers. Memory stays within a small multiple of
    /// the file's size, whatever the file claims.
    pub fn from_checkpoint(bytes: &[u8]) -> Result<Self, WeightsError> {
        let stored = match Format::of(bytes) {
            Format::TorchZip => torch::read_zip(bytes)?,
            Format::TorchLegacy => torch::read_legacy(bytes)?,
            Format::Pickle => detectron2::read(bytes)?,
            Format::Safetensors => {
                let mut weights = Self::from_safetensors(bytes)?;
                let tensors = std::mem::take(&mut weights.tensors);
                let plain = |(name, tensor): (String, _)| (state_dict::without_prefixes(&name).to_owned(), tensor);
                weights.tensors = tensors.into_iter().map(plain).collect();
                return Ok(weights);
            }
        };
        let tensor = |stored: StoredTensor| match Tensor::from_vec(stored.values, stored.shape, &Device::Cpu) {
            Ok(tensor) => Ok((stored.name, tensor)),
            Err(source) => Err(WeightsError::Value { name: stored.name, source }),
        };
        Self::new(stored.into_iter().map(tensor).collect::<Result<Vec<_>, _>>()?)
    }

    /// The tensor `name` with exactly this shape.
    ///
    /// # Errors
    /// If there is none, or it has another shape; the message names the tensor and both shapes.
    pub fn get(&self, name: &str, shape: &[usize]) -> Result<Tensor, WeightsError> {
        if self.rehearsal {
            self.note(name, shape);
            let zeros = Tensor::zeros(shape, DType::F32, &Device::Cpu);
            return zeros.map_err(|source| WeightsError::Value { name: name.to_owned(), source });
        }
        let Some(tensor) = self.tensors.get(name) else {
            return Err(WeightsError::Missing { name: name.to_owned(), expected: shape.to_vec() });
        };
        if tensor.dims() != shape {
            return Err(WeightsError::Shape {
                name: name.to_owned(),
                expected: shape.to_vec(),
                found: tensor.dims().to_vec(),
            });
        }
        self.note(name, shape);
        Ok(tensor.clone())
    }

    fn note(&self, name: &str, shape: &[usize]) {
        let mut read = self.read.lock().expect("no thread panics while it holds the lock");
        read.insert(name.to_owned(), shape.to_vec());
    }

    /// The same shapes for whoever asks for them, but any tensor that is asked for is given, as zeros: a network can be built
    /// to see which tensors it [asks for](Weights::asked).
    pub fn rehearsal(&self) -> Self {
        Self { tensors: self.tensors.clone(), read: Mutex::default(), rehearsal: true }
    }

    /// Names and shapes that [`Weights::get`] was asked for and gave, sorted by name.
    pub fn asked(&self) -> Vec<(String, Vec<usize>)> {
        let read = self.read.lock().expect("no thread panics while it holds the lock");
        read.iter().map(|(name, shape)| (name.clone(), shape.clone())).collect()
    }

    /// The same tensors under the names, and of the shapes, that `change` gives them; without those it gives none for.
    ///
    /// # Errors
    /// If `change` fails.
    pub fn changed(
        &self,
        change: impl Fn(&str, &Tensor) -> candle_core::Result<Option<(String, Tensor)>>,
    ) -> candle_core::Result<Self> {
        let pairs = self.tensors.iter().filter_map(|(name, tensor)| change(name, tensor).transpose());
        Ok(Self { tensors: pairs.collect::<candle_core::Result<_>>()?, read: Mutex::default(), rehearsal: false })
    }

    /// The shape of a tensor, where there is one; asking is not reading.
    pub fn shape(&self, name: &str) -> Option<&[usize]> {
        self.tensors.get(name).map(Tensor::dims)
    }

    /// The name of a layer that is called `new` today: `old` where only that has a weight, for checkpoints from before.
    pub fn renamed(&self, new: &str, old: &str) -> String {
        let has = |name: &str| self.shape(&format!("{name}.weight")).is_some();
        if has(old) && !has(new) { old.to_owned() } else { new.to_owned() }
    }

    /// All names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tensors.keys().map(String::as_str)
    }

    /// The names that [`Weights::get`] was never asked for, sorted: after a network is built, the tensors it has no use for.
    pub fn unused(&self) -> Vec<&str> {
        let read = self.read.lock().expect("no thread panics while it holds the lock");
        self.names().filter(|name| !read.contains_key(*name)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two() -> Result<Weights, WeightsError> {
        let tensor = |n: usize| Tensor::zeros(n, DType::F16, &Device::Cpu).expect("zeros fit in memory");
        Weights::new([("fc.weight".to_owned(), tensor(4)), ("fc.bias".to_owned(), tensor(2))])
    }

    #[test]
    fn half_precision_is_widened() -> anyhow::Result<()> {
        assert_eq!(two()?.get("fc.bias", &[2])?.dtype(), DType::F32);
        Ok(())
    }

    #[test]
    fn a_missing_tensor_is_named() -> anyhow::Result<()> {
        let message = two()?.get("layer1.weight", &[3, 3]).map_err(|e| e.to_string());
        let expected =
            "the weights have no tensor layer1.weight (expected with shape [3, 3]): is this a file of another network?";
        assert_eq!(message.err().as_deref(), Some(expected));
        Ok(())
    }

    #[test]
    fn a_wrong_shape_is_told_with_both_shapes() -> anyhow::Result<()> {
        let message = two()?.get("fc.weight", &[2, 2]).map_err(|e| e.to_string());
        let expected = "tensor fc.weight has shape [4], expected [2, 2]: is this a file of another network?";
        assert_eq!(message.err().as_deref(), Some(expected));
        Ok(())
    }

    #[test]
    fn what_was_never_asked_for_is_unused() -> anyhow::Result<()> {
        let weights = two()?;
        weights.get("fc.bias", &[2])?;
        assert_eq!(weights.unused(), ["fc.weight"]);
        Ok(())
    }

    #[test]
    fn bytes_of_something_else_are_an_error() {
        assert!(matches!(Weights::from_safetensors(b"not a file"), Err(WeightsError::Safetensors(_))));
    }
}
