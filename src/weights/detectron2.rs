//! Detectron2's checkpoints: one pickle of numpy arrays, as Detectron2's model zoo has them.
//!
//! An array is a call of `_reconstruct` whose state holds shape, element type, order and bytes (numpy's
//! `array_setstate`). Python 3 writes bytes in protocol 2 as `_codecs.encode(text, "latin1")`.

use std::borrow::Cow;

use super::checkpoint::CheckpointError;
use super::pickle::{ORDERED_DICT, Pickle, Value};
use super::state_dict;
use super::stored::{Budget, Dtype, Layout, StoredTensor};

const ENCODE: &str = "_codecs.encode";
const DTYPE: &str = "numpy.dtype";
/// numpy 2 renamed the module.
const RECONSTRUCT: [&str; 2] = ["numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct"];
/// A single number; numpy's mean of a list of losses, say.
const SCALAR: [&str; 2] = ["numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar"];
/// How protocol 2 writes `b""`.
const BYTES: [&str; 2] = ["__builtin__.bytes", "builtins.bytes"];

/// Everything such a file may name.
const ALLOWED: &[&str] = &[
    ORDERED_DICT,
    ENCODE,
    DTYPE,
    "numpy.ndarray",
    RECONSTRUCT[0],
    RECONSTRUCT[1],
    SCALAR[0],
    SCALAR[1],
    BYTES[0],
    BYTES[1],
];

/// Tensors of a pickle of numpy arrays.
pub(super) fn read(bytes: &[u8]) -> Result<Vec<StoredTensor>, CheckpointError> {
    let pickle = Pickle::read(bytes, ALLOWED)?;
    let is_array = |value| pickle.object(value).is_some_and(|(o, _)| RECONSTRUCT.contains(&o.class));
    let mut budget = Budget::new(bytes.len());
    let entries = state_dict::find(&pickle, is_array).map_err(CheckpointError::NoTensors)?;
    let read = |(name, value): (&str, Value<'_>)| {
        let damaged = |what: &str| CheckpointError::Damaged { part: name.to_owned(), what: what.to_owned() };
        let array = array(&pickle, value).ok_or_else(|| damaged("it is not an array of numbers in a known format"))?;
        budget.take(&array.layout).map_err(damaged)?;
        let expected = array.layout.len().unwrap_or(0).saturating_mul(array.dtype.size());
        let data =
            array_bytes(&pickle, array.data, expected).ok_or_else(|| damaged("its bytes do not fit its shape"))?;
        let values = array.layout.read(array.dtype, &data).map_err(damaged)?;
        Ok(StoredTensor { name: name.to_owned(), shape: array.layout.shape, values })
    };
    entries.into_iter().map(read).collect()
}

/// An array before its bytes are looked at.
struct Array<'a> {
    dtype: Dtype,
    layout: Layout,
    data: Value<'a>,
}

/// Takes the state `(version, shape, dtype, column-major, bytes)` of an array apart.
fn array<'a>(pickle: &Pickle<'a>, value: Value<'a>) -> Option<Array<'a>> {
    let (object, _) = pickle.object(value)?;
    let &[_, shape, dtype, Value::Bool(column_major), data] = pickle.sequence(object.state?)? else { return None };
    let shape = pickle.sizes(shape)?;
    let layout = if column_major { Layout::column_major(shape) } else { Layout::row_major(shape) };
    Some(Array { dtype: element_type(pickle, dtype)?, layout: layout?, data })
}

/// Reads `dtype("f4", …)` with the state `(3, "<", …)`; big-endian numbers are not read.
fn element_type<'a>(pickle: &Pickle<'a>, value: Value<'a>) -> Option<Dtype> {
    let (object, arguments) = pickle.object(value)?;
    let state = pickle.sequence(object.state?)?;
    if object.class != DTYPE || state.get(1)?.text()? == ">" {
        return None;
    }
    Some(match arguments.first()?.text()? {
        "f8" => Dtype::F64,
        "f4" => Dtype::F32,
        "f2" => Dtype::F16,
        "i8" => Dtype::I64,
        "i4" => Dtype::I32,
        "i2" => Dtype::I16,
        "i1" => Dtype::I8,
        "u1" => Dtype::U8,
        "b1" => Dtype::Bool,
        _ => return None,
    })
}

/// The `expected` bytes of an array. Those in a text of Latin-1 characters are copied; such a text has one or two bytes
/// for each, so that the copies of all arrays stay within what their shapes are allowed to take.
fn array_bytes<'a>(pickle: &Pickle<'a>, value: Value<'a>, expected: usize) -> Option<Cow<'a, [u8]>> {
    let bytes: Cow<'a, [u8]> = if let Value::Bytes(bytes) = value {
        bytes.into()
    } else {
        let (object, arguments) = pickle.object(value)?;
        match arguments {
            [text, encoding] if object.class == ENCODE && encoding.text() == Some("latin1") => {
                let text = text.text().filter(|t| t.len() / 2 <= expected)?;
                text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect::<Option<Vec<_>>>()?.into()
            }
            [] if BYTES.contains(&object.class) => (&[]).into(),
            _ => return None,
        }
    };
    (bytes.len() == expected).then_some(bytes)
}
