//! Constants of a file as tensors.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::rc::Rc;

use candle_core::{Device, Tensor};

use super::error::{Result, Why};
use super::read::{Element, External, Payload, StoredTensor};
use super::tracer::Tracer;

/// What a constant's values are, of the kinds that are told apart here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Float,
    Integer,
    Truth,
}

impl Kind {
    /// By the number of an element type in the format.
    pub(super) fn from_number(number: i64) -> Self {
        match Element::from_number(number) {
            Element::Bool => Self::Truth,
            element if element.is_float() => Self::Float,
            _ => Self::Integer,
        }
    }
}

/// The files beside a model that hold its weights. Each is read once, and only if it lies in the model's folder.
#[derive(Debug)]
pub(super) struct Beside {
    folder: PathBuf,
    files: RefCell<BTreeMap<String, Rc<Vec<u8>>>>,
}

impl Beside {
    pub(super) fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), files: RefCell::default() }
    }

    /// The names of the files that were read.
    pub(super) fn names(&self) -> Vec<String> {
        self.files.borrow().keys().cloned().collect()
    }

    fn file(&self, location: &str) -> Result<Rc<Vec<u8>>> {
        if let Some(file) = self.files.borrow().get(location) {
            return Ok(file.clone());
        }
        let relative = Path::new(location);
        let inside = !location.is_empty() && relative.components().all(|part| matches!(part, Component::Normal(_)));
        if !inside {
            return Err(format!("its values are in {location}, which is not in the model's folder: refused").into());
        }
        let cannot = |e: std::io::Error| Why::from(format!("its values are in {location}, which cannot be read: {e}"));
        // Links are followed, but not out of the folder.
        let folder = if self.folder.as_os_str().is_empty() { Path::new(".") } else { &self.folder };
        let folder = folder.canonicalize().map_err(cannot)?;
        let path = folder.join(relative).canonicalize().map_err(cannot)?;
        if !path.starts_with(&folder) || !path.is_file() {
            return Err(format!("its values are in {location}, which is not in the model's folder: refused").into());
        }
        let file = Rc::new(std::fs::read(path).map_err(cannot)?);
        self.files.borrow_mut().insert(location.to_owned(), file.clone());
        Ok(file)
    }
}

/// A constant as f32, or as i64 where it holds integers or truth values.
///
/// # Errors
/// If it has fewer or more values than its shape says, or is of a type that classifiers do not compute with.
pub(super) fn constant(tracer: &mut Tracer, stored: &StoredTensor<'_>, beside: Option<&Beside>) -> Result<Tensor> {
    let shape = super::operators::extents(&stored.dims)?;
    let count = shape.iter().try_fold(1_usize, |n, size| n.checked_mul(*size)).ok_or("its shape is too large")?;
    let wrong = || Why::from(format!("its shape {shape:?} does not fit its values"));
    let element = stored.element;
    if let Payload::Floats(values) = &stored.payload {
        tracer.allow(values.len());
        return if values.len() == count { Ok(Tensor::from_slice(values, shape, &Device::Cpu)?) } else { Err(wrong()) };
    }
    if let Payload::Integers(values) = &stored.payload {
        if values.len() != count {
            return Err(wrong());
        }
        let bits = |v: &i64| *v as u16;
        return Ok(match element {
            Element::F16 => floats(values.iter().map(|v| half::f16::from_bits(bits(v)).to_f32()).collect(), shape)?,
            Element::Bf16 => floats(values.iter().map(|v| half::bf16::from_bits(bits(v)).to_f32()).collect(), shape)?,
            _ if element.bytes().is_some() => Tensor::from_slice(values, shape, &Device::Cpu)?,
            _ => return Err(unknown(element)),
        });
    }
    let each = element.bytes().ok_or_else(|| unknown(element))?;
    let bytes = count.checked_mul(each).ok_or_else(wrong)?;
    match (&stored.payload, beside) {
        (Payload::Raw(raw), _) if raw.len() == bytes => {
            tracer.allow(count);
            decode(element, raw, shape)
        }
        (Payload::External(external), Some(beside)) => {
            let file = beside.file(external.location)?;
            let raw = part(&file, external, bytes).ok_or_else(wrong)?;
            tracer.allow(count);
            decode(element, raw, shape)
        }
        (Payload::External(_), None) => Err("its values are in another file".into()),
        _ => Err(wrong()),
    }
}

fn part<'a>(file: &'a [u8], external: &External<'_>, bytes: usize) -> Option<&'a [u8]> {
    let start = usize::try_from(external.offset).ok()?;
    if external.length.is_some_and(|length| length != bytes as u64) {
        return None;
    }
    file.get(start..start.checked_add(bytes)?)
}

fn unknown(element: Element) -> Why {
    match element {
        Element::Other(number) => format!("its values are of type {number}, which is no number").into(),
        known => format!("its values are of type {known:?}").into(),
    }
}

fn floats(values: Vec<f32>, shape: Vec<usize>) -> Result<Tensor> {
    Ok(Tensor::from_vec(values, shape, &Device::Cpu)?)
}

/// Little-endian values.
fn decode(element: Element, raw: &[u8], shape: Vec<usize>) -> Result<Tensor> {
    fn each<const N: usize, T>(raw: &[u8], value: impl Fn([u8; N]) -> T) -> Vec<T> {
        raw.as_chunks::<N>().0.iter().map(|bytes| value(*bytes)).collect()
    }
    let integers = |values: Vec<i64>| Tensor::from_vec(values, shape.clone(), &Device::Cpu);
    Ok(match element {
        Element::F32 => return floats(each(raw, f32::from_le_bytes), shape),
        Element::F64 => return floats(each(raw, |b| f64::from_le_bytes(b) as f32), shape),
        Element::F16 => return floats(each(raw, |b| half::f16::from_le_bytes(b).to_f32()), shape),
        Element::Bf16 => return floats(each(raw, |b| half::bf16::from_le_bytes(b).to_f32()), shape),
        Element::Bool | Element::U8 => integers(each(raw, |[b]| i64::from(b)))?,
        Element::I8 => integers(each(raw, |b| i64::from(i8::from_le_bytes(b))))?,
        Element::U16 => integers(each(raw, |b| i64::from(u16::from_le_bytes(b))))?,
        Element::I16 => integers(each(raw, |b| i64::from(i16::from_le_bytes(b))))?,
        Element::I32 => integers(each(raw, |b| i64::from(i32::from_le_bytes(b))))?,
        Element::U32 => integers(each(raw, |b| i64::from(u32::from_le_bytes(b))))?,
        Element::I64 => integers(each(raw, i64::from_le_bytes))?,
        Element::Other(_) => return Err(unknown(element)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn external<'a>(location: &'a str, dims: &[i64]) -> StoredTensor<'a> {
        let payload = Payload::External(External { location, offset: 4, length: None });
        StoredTensor { name: "w", element: Element::F32, dims: dims.to_vec(), payload }
    }

    #[test]
    fn weights_beside_the_model_are_read() -> anyhow::Result<()> {
        let folder = tempfile::tempdir()?;
        let bytes: Vec<u8> = [0.0_f32, 1.5, -2.0].iter().flat_map(|v| v.to_le_bytes()).collect();
        std::fs::write(folder.path().join("w.data"), bytes)?;
        let (beside, mut tracer) = (Beside::new(folder.path()), Tracer::new(3, 1, 1));
        let tensor = constant(&mut tracer, &external("w.data", &[2]), Some(&beside))?;
        assert_eq!(tensor.to_vec1::<f32>()?, [1.5, -2.0]);
        assert!(constant(&mut tracer, &external("w.data", &[3]), Some(&beside)).is_err());
        assert_eq!(beside.names(), ["w.data"]);
        Ok(())
    }

    #[test]
    fn files_outside_the_folder_are_refused() -> anyhow::Result<()> {
        let outer = tempfile::tempdir()?;
        let folder = outer.path().join("models");
        std::fs::create_dir(&folder)?;
        std::fs::write(outer.path().join("secret"), [0; 64])?;
        let absolute = outer.path().join("secret").to_string_lossy().into_owned();
        #[cfg(unix)]
        std::os::unix::fs::symlink(outer.path().join("secret"), folder.join("link"))?;
        let (beside, mut tracer) = (Beside::new(&folder), Tracer::new(3, 1, 1));
        for location in ["../secret", "./../secret", &absolute, "", "link"] {
            let error = constant(&mut tracer, &external(location, &[1]), Some(&beside)).map_err(|e| e.to_string());
            assert!(error.is_err_and(|e| e.contains("refused") || cfg!(not(unix))), "{location}");
        }
        Ok(())
    }

    #[test]
    fn a_claim_that_its_bytes_do_not_keep_allocates_nothing() {
        let mut tracer = Tracer::new(3, 1, 1);
        for dims in [vec![1 << 20, 1 << 20, 1 << 20], vec![1 << 19, 1 << 19], vec![-1], vec![3]] {
            let payload = Payload::Raw(&[0; 8]);
            let stored = StoredTensor { name: "w", element: Element::F32, dims, payload };
            assert!(constant(&mut tracer, &stored, None).is_err());
        }
    }
}
