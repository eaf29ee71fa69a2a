//! The messages of an ONNX file that describe a network, as slices of the file.
//!
//! Field numbers are those of `onnx.proto`. Nothing is interpreted here: no shape is multiplied, no operator known.

mod tensor;
mod wire;

pub(super) use tensor::{Element, External, Payload, StoredTensor};

use wire::{Budget, Field};

/// A file that is no ONNX network, or a damaged one; what was noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the ONNX file is damaged: {0}")]
pub struct Damaged(pub(super) &'static str);

type Result<T> = std::result::Result<T, Damaged>;

/// A file's network.
#[derive(Debug)]
pub(super) struct Model<'a> {
    /// Version of the standard operators.
    pub(super) opset: i64,
    /// Notes of whoever wrote the file: name and text.
    pub(super) notes: Vec<(&'a str, &'a str)>,
    /// Each after those whose results it reads, as the format demands.
    pub(super) nodes: Vec<Node<'a>>,
    /// Weights and other constants.
    pub(super) constants: Vec<StoredTensor<'a>>,
    pub(super) inputs: Vec<Declared<'a>>,
    pub(super) outputs: Vec<Declared<'a>>,
}

/// An operator's call.
#[derive(Debug, Default)]
pub(super) struct Node<'a> {
    pub(super) op: &'a str,
    /// Whose operator it is; empty for the standard's.
    pub(super) domain: &'a str,
    pub(super) name: &'a str,
    /// Names of values; empty where an optional one is left out.
    pub(super) inputs: Vec<&'a str>,
    pub(super) outputs: Vec<&'a str>,
    pub(super) attributes: Vec<(&'a str, Attribute<'a>)>,
    pub(super) notes: Vec<(&'a str, &'a str)>,
}

/// The value of an attribute.
#[derive(Debug)]
pub(super) enum Attribute<'a> {
    Float(f32),
    Integer(i64),
    Text(&'a [u8]),
    Tensor(StoredTensor<'a>),
    Floats(Vec<f32>),
    Integers(Vec<i64>),
    /// A kind that no classifier needs: a graph, say.
    Other,
}

/// An input or output as the file declares it.
#[derive(Debug)]
pub(super) struct Declared<'a> {
    pub(super) name: &'a str,
    pub(super) element: Element,
    /// `None` for a size that is left open.
    pub(super) shape: Vec<Option<usize>>,
}

impl<'a> Model<'a> {
    /// Reads a file.
    ///
    /// # Errors
    /// If it is damaged, cut off, or no ONNX file.
    pub(super) fn read(file: &'a [u8]) -> Result<Self> {
        let budget = &mut Budget::new();
        let (mut graph, mut opset, mut notes) = (None, None, Vec::new());
        for (number, field) in budget.fields(file)? {
            match number {
                7 => graph = Some(field.bytes()?),
                8 => opset = standard_opset(field, budget)?.or(opset),
                14 => notes.push(note(field, budget)?),
                _ => {}
            }
        }
        let graph = graph.ok_or(Damaged("it has no graph"))?;
        let opset = opset.ok_or(Damaged("it does not say which operators it uses"))?;
        let mut model =
            Self { opset, notes, nodes: Vec::new(), constants: Vec::new(), inputs: Vec::new(), outputs: Vec::new() };
        for (number, field) in budget.fields(graph)? {
            match number {
                1 => model.nodes.push(Node::read(field.bytes()?, budget)?),
                5 => model.constants.push(StoredTensor::read(field.bytes()?, budget)?),
                11 => model.inputs.push(Declared::read(field.bytes()?, budget)?),
                12 => model.outputs.push(Declared::read(field.bytes()?, budget)?),
                _ => {}
            }
        }
        Ok(model)
    }
}

/// The version that a file states for the standard's operators; `None` for somebody else's.
fn standard_opset(field: Field<'_>, budget: &mut Budget) -> Result<Option<i64>> {
    let (mut domain, mut version) = ("", None);
    for (number, field) in budget.fields(field.bytes()?)? {
        match number {
            1 => domain = field.text()?,
            2 => version = Some(field.integer()?),
            _ => {}
        }
    }
    Ok(version.filter(|_| is_standard(domain)))
}

/// Whether a domain is that of the standard.
pub(super) fn is_standard(domain: &str) -> bool {
    domain.is_empty() || domain == "ai.onnx"
}

fn note<'a>(field: Field<'a>, budget: &mut Budget) -> Result<(&'a str, &'a str)> {
    let (mut key, mut value) = ("", "");
    for (number, field) in budget.fields(field.bytes()?)? {
        match number {
            1 => key = field.text()?,
            2 => value = field.text()?,
            _ => {}
        }
    }
    Ok((key, value))
}

impl<'a> Node<'a> {
    fn read(message: &'a [u8], budget: &mut Budget) -> Result<Self> {
        let mut node = Self::default();
        for (number, field) in budget.fields(message)? {
            match number {
                1 => node.inputs.push(field.text()?),
                2 => node.outputs.push(field.text()?),
                3 => node.name = field.text()?,
                4 => node.op = field.text()?,
                5 => node.attributes.push(attribute(field.bytes()?, budget)?),
                7 => node.domain = field.text()?,
                9 => node.notes.push(note(field, budget)?),
                _ => {}
            }
        }
        Ok(node)
    }

    /// The attribute of this name.
    pub(super) fn attribute(&self, name: &str) -> Option<&Attribute<'a>> {
        self.attributes.iter().find(|(n, _)| *n == name).map(|(_, attribute)| attribute)
    }
}

fn attribute<'a>(message: &'a [u8], budget: &mut Budget) -> Result<(&'a str, Attribute<'a>)> {
    let (mut name, mut kind, mut single) = ("", None, None);
    let (mut integers, mut floats) = (Vec::new(), Vec::new());
    for (number, field) in budget.fields(message)? {
        match number {
            1 => name = field.text()?,
            2 => single = Some(Attribute::Float(field.float()?)),
            3 => single = Some(Attribute::Integer(field.integer()?)),
            4 => single = Some(Attribute::Text(field.bytes()?)),
            5 => single = Some(Attribute::Tensor(StoredTensor::read(field.bytes()?, budget)?)),
            7 => field.floats(&mut floats)?,
            8 => field.integers(&mut integers)?,
            20 => kind = Some(field.integer()?),
            _ => {}
        }
    }
    let value = match (kind, single) {
        (Some(1), None) => Attribute::Float(0.0),
        (Some(2), None) => Attribute::Integer(0),
        (Some(3), None) => Attribute::Text(b""),
        (Some(6), _) => Attribute::Floats(floats),
        (Some(7), _) => Attribute::Integers(integers),
        (_, Some(value)) => value,
        (None, None) if !integers.is_empty() => Attribute::Integers(integers),
        (None, None) if !floats.is_empty() => Attribute::Floats(floats),
        _ => Attribute::Other,
    };
    Ok((name, value))
}

impl<'a> Declared<'a> {
    fn read(message: &'a [u8], budget: &mut Budget) -> Result<Self> {
        let mut declared = Self { name: "", element: Element::Other(0), shape: Vec::new() };
        for (number, field) in budget.fields(message)? {
            match number {
                1 => declared.name = field.text()?,
                2 => declared.read_type(field.bytes()?, budget)?,
                _ => {}
            }
        }
        Ok(declared)
    }

    fn read_type(&mut self, message: &'a [u8], budget: &mut Budget) -> Result<()> {
        let tensors = budget.fields(message)?.into_iter().filter(|(number, _)| *number == 1);
        for (_, tensor) in tensors {
            for (number, field) in budget.fields(tensor.bytes()?)? {
                match number {
                    1 => self.element = Element::from_number(field.integer()?),
                    2 => self.shape = shape(field.bytes()?, budget)?,
                    _ => {}
                }
            }
        }
        Ok(())
    }
}

fn shape(message: &[u8], budget: &mut Budget) -> Result<Vec<Option<usize>>> {
    let mut shape = Vec::new();
    for (number, dimension) in budget.fields(message)? {
        if number == 1 {
            let mut size = None;
            for (number, field) in budget.fields(dimension.bytes()?)? {
                if number == 1 {
                    size = usize::try_from(field.integer()?).ok().filter(|size| *size > 0);
                }
            }
            shape.push(size);
        }
    }
    Ok(shape)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_onnx_file_is_said_to_be_damaged() {
        for file in [b"".as_slice(), b"PK\x03\x04....", b"a text"] {
            assert!(Model::read(file).is_err());
        }
    }
}
