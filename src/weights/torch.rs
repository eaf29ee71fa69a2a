//! PyTorch checkpoints: `torch.save`'s zip archives (1.6 and later) and the single stream it wrote before.
//!
//! Both hold a pickle that describes the tensors, and raw storages that the pickle refers to by key. What the parts mean
//! is said in PyTorch's `torch/serialization.py` and `torch/_utils.py`.

use std::collections::HashMap;

use super::checkpoint::CheckpointError;
use super::pickle::{ORDERED_DICT, Pickle, TORCH_SIZE, Value};
use super::stored::{Budget, Dtype, Layout, StoredTensor};
use super::{state_dict, zip};

/// How a legacy file starts: a pickle of PyTorch's magic number.
const LEGACY_MAGIC: &[u8] = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";

const REBUILD: [&str; 2] = ["torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2"];
const PARAMETER: [&str; 2] = ["torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state"];

/// Everything such a file may name.
const ALLOWED: &[&str] = &[
    ORDERED_DICT,
    TORCH_SIZE,
    REBUILD[0],
    REBUILD[1],
    PARAMETER[0],
    PARAMETER[1],
    "torch.DoubleStorage",
    "torch.FloatStorage",
    "torch.HalfStorage",
    "torch.BFloat16Storage",
    "torch.LongStorage",
    "torch.IntStorage",
    "torch.ShortStorage",
    "torch.CharStorage",
    "torch.ByteStorage",
    "torch.BoolStorage",
];

fn storage_dtype(class: &str) -> Option<Dtype> {
    Some(match class {
        "torch.DoubleStorage" => Dtype::F64,
        "torch.FloatStorage" => Dtype::F32,
        "torch.HalfStorage" => Dtype::F16,
        "torch.BFloat16Storage" => Dtype::Bf16,
        "torch.LongStorage" => Dtype::I64,
        "torch.IntStorage" => Dtype::I32,
        "torch.ShortStorage" => Dtype::I16,
        "torch.CharStorage" => Dtype::I8,
        "torch.ByteStorage" => Dtype::U8,
        "torch.BoolStorage" => Dtype::Bool,
        _ => return None,
    })
}

/// Whether these bytes are a legacy PyTorch file.
pub(super) fn is_legacy(bytes: &[u8]) -> bool {
    bytes.starts_with(LEGACY_MAGIC)
}

/// Tensors of a zip archive.
pub(super) fn read_zip(bytes: &[u8]) -> Result<Vec<StoredTensor>, CheckpointError> {
    let entries = Entries::open(bytes)?;
    let pickle = Pickle::read(entries.get("data.pkl")?, ALLOWED)?;
    tensors(&pickle, bytes.len(), |key| entries.get(&format!("data/{key}")))
}

/// Tensors of a legacy file: magic number, protocol, system, content, keys of the storages, storages.
pub(super) fn read_legacy(bytes: &[u8]) -> Result<Vec<StoredTensor>, CheckpointError> {
    let mut at = LEGACY_MAGIC.len();
    let mut next = |allowed| {
        let pickle = Pickle::read(&bytes[at..], allowed)?;
        at += pickle.length;
        Ok::<_, CheckpointError>(pickle)
    };
    let _protocol = next(&[])?;
    let system = next(&[])?;
    let content = next(ALLOWED)?;
    let keys = next(&[])?;
    let little =
        |(key, value): &(Value<'_>, Value<'_>)| key.text() == Some("little_endian") && *value == Value::Bool(false);
    if system.map(system.root).is_some_and(|map| map.iter().any(little)) {
        return Err(CheckpointError::BigEndian);
    }
    let types: HashMap<_, _> =
        content.references().filter_map(storage_reference).map(|(dtype, key)| (key, dtype)).collect();
    let mut storages = HashMap::new();
    let mut rest = &bytes[at..];
    for key in keys.sequence(keys.root).unwrap_or(&[]) {
        let key = key.text().ok_or_else(|| damaged("the list of storages", "a key is not text"))?;
        let part = || format!("storage {key}");
        let size = types.get(key).ok_or_else(|| damaged(&part(), "no tensor tells its type"))?.size();
        let (count, data) = rest.split_first_chunk().ok_or_else(|| damaged(&part(), "it is cut off"))?;
        let length = usize::try_from(i64::from_le_bytes(*count)).ok().and_then(|n| n.checked_mul(size));
        let storage = length.and_then(|n| data.get(..n)).ok_or_else(|| damaged(&part(), "it is cut off"))?;
        rest = &data[storage.len()..];
        storages.insert(key, storage);
    }
    tensors(&content, bytes.len(), |key| {
        storages.get(key).copied().ok_or_else(|| damaged(&format!("storage {key}"), "it is missing"))
    })
}

fn damaged(part: &str, what: &str) -> CheckpointError {
    CheckpointError::Damaged { part: part.to_owned(), what: what.to_owned() }
}

/// The files of an archive below its one folder, whatever that is called.
struct Entries<'a> {
    files: HashMap<&'a str, &'a [u8]>,
}

impl<'a> Entries<'a> {
    fn open(archive: &'a [u8]) -> Result<Self, CheckpointError> {
        let inside = |(name, content): (&'a str, &'a [u8])| Some((name.split_once('/')?.1, content));
        let files: HashMap<_, _> = zip::files(archive)?.into_iter().filter_map(inside).collect();
        if files.contains_key("constants.pkl") {
            return Err(CheckpointError::TorchScript);
        }
        if files.get("byteorder").is_some_and(|order| *order != b"little") {
            return Err(CheckpointError::BigEndian);
        }
        Ok(Self { files })
    }

    fn get(&self, name: &str) -> Result<&'a [u8], CheckpointError> {
        self.files.get(name).copied().ok_or_else(|| damaged(name, "the archive does not have it"))
    }
}

/// Element type and key of a storage, from `("storage", type, key, device, elements)`; views of storages, which PyTorch
/// stopped writing in 2017, have a sixth part.
fn storage_reference<'a>(reference: &[Value<'a>]) -> Option<(Dtype, &'a str)> {
    match reference {
        [kind, Value::Global(class), key, _, _] | [kind, Value::Global(class), key, _, _, Value::None]
            if kind.text() == Some("storage") =>
        {
            Some((storage_dtype(class)?, key.text()?))
        }
        _ => None,
    }
}

/// Where a tensor of the pickle lies: `_rebuild_tensor_v2(storage, offset, shape, strides, …)`, within a parameter or bare.
fn described<'a>(pickle: &Pickle<'a>, mut value: Value<'a>) -> Option<(Dtype, &'a str, Layout)> {
    let (mut object, mut arguments) = pickle.object(value)?;
    if PARAMETER.contains(&object.class) {
        value = *arguments.first()?;
        (object, arguments) = pickle.object(value)?;
    }
    match arguments {
        [storage, offset, shape, strides, ..] if REBUILD.contains(&object.class) => {
            let (dtype, key) = storage_reference(pickle.persistent(*storage)?)?;
            let (shape, strides) = (pickle.sizes(*shape)?, pickle.sizes(*strides)?);
            Some((dtype, key, Layout { offset: offset.size()?, shape, strides }))
        }
        _ => None,
    }
}

/// Reads the tensors of the state dict; `storage` finds the bytes of a key.
fn tensors<'a>(
    pickle: &Pickle<'a>,
    file_bytes: usize,
    storage: impl Fn(&str) -> Result<&'a [u8], CheckpointError>,
) -> Result<Vec<StoredTensor>, CheckpointError> {
    let is_tensor =
        |value| pickle.object(value).is_some_and(|(o, _)| REBUILD.contains(&o.class) || PARAMETER.contains(&o.class));
    let mut budget = Budget::new(file_bytes);
    let entries = state_dict::find(pickle, is_tensor).map_err(CheckpointError::NoTensors)?;
    let read = |(name, value): (&str, Value<'a>)| {
        let (dtype, key, layout) = described(pickle, value).ok_or_else(|| damaged(name, "it is not described"))?;
        budget.take(&layout).map_err(|what| damaged(name, what))?;
        let values = layout.read(dtype, storage(key)?).map_err(|what| damaged(name, what))?;
        Ok(StoredTensor { name: name.to_owned(), shape: layout.shape, values })
    };
    entries.into_iter().map(read).collect()
}
