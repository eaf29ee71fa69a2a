//! Constants as they are stored in a file.

use super::wire::Budget;
use super::{Damaged, Result, note};

/// The type of a tensor's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Element {
    F16,
    Bf16,
    F32,
    F64,
    Bool,
    U8,
    I8,
    U16,
    I16,
    I32,
    U32,
    I64,
    /// One that classifiers do not compute with, by its number in the format.
    Other(i64),
}

impl Element {
    pub(in super::super) fn from_number(number: i64) -> Self {
        match number {
            1 => Self::F32,
            2 => Self::U8,
            3 => Self::I8,
            4 => Self::U16,
            5 => Self::I16,
            6 => Self::I32,
            7 => Self::I64,
            9 => Self::Bool,
            10 => Self::F16,
            11 => Self::F64,
            12 => Self::U32,
            16 => Self::Bf16,
            other => Self::Other(other),
        }
    }

    /// Bytes of a value, as stored.
    pub(in super::super) fn bytes(self) -> Option<usize> {
        match self {
            Self::Bool | Self::U8 | Self::I8 => Some(1),
            Self::F16 | Self::Bf16 | Self::U16 | Self::I16 => Some(2),
            Self::F32 | Self::I32 | Self::U32 => Some(4),
            Self::F64 | Self::I64 => Some(8),
            Self::Other(_) => None,
        }
    }

    /// Whether its values are numbers with a fraction.
    pub(in super::super) fn is_float(self) -> bool {
        matches!(self, Self::F16 | Self::Bf16 | Self::F32 | Self::F64)
    }
}

/// A constant.
#[derive(Debug)]
pub(in super::super) struct StoredTensor<'a> {
    pub(in super::super) name: &'a str,
    pub(in super::super) element: Element,
    pub(in super::super) dims: Vec<i64>,
    pub(in super::super) payload: Payload<'a>,
}

/// Where a constant's values are.
#[derive(Debug)]
pub(in super::super) enum Payload<'a> {
    /// Little-endian, row by row.
    Raw(&'a [u8]),
    Floats(Vec<f32>),
    /// Integers; of 16-bit floats, their bits.
    Integers(Vec<i64>),
    /// In a file of their own.
    External(External<'a>),
}

/// The part of another file that holds values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct External<'a> {
    /// The file, relative to the model's folder.
    pub(in super::super) location: &'a str,
    /// In bytes.
    pub(in super::super) offset: u64,
    /// In bytes; to the end of the file without it.
    pub(in super::super) length: Option<u64>,
}

impl<'a> StoredTensor<'a> {
    pub(super) fn read(message: &'a [u8], budget: &mut Budget) -> Result<Self> {
        let (mut name, mut dims, mut element) = ("", Vec::new(), Element::Other(0));
        let (mut raw, mut floats, mut integers) = (None, Vec::new(), Vec::new());
        let (mut external, mut is_external) = (External::default(), false);
        for (number, field) in budget.fields(message)? {
            match number {
                1 => field.integers(&mut dims)?,
                2 => element = Element::from_number(field.integer()?),
                4 => field.floats(&mut floats)?,
                5 | 7 | 11 => field.integers(&mut integers)?,
                8 => name = field.text()?,
                9 => raw = Some(field.bytes()?),
                10 => field.doubles(&mut floats)?,
                13 => external.read(note(field, budget)?)?,
                14 => is_external = field.integer()? == 1,
                _ => {}
            }
        }
        let payload = match raw {
            _ if is_external => Payload::External(external),
            Some(raw) => Payload::Raw(raw),
            None if matches!(element, Element::F32 | Element::F64) => Payload::Floats(floats),
            None => Payload::Integers(integers),
        };
        Ok(Self { name, element, dims, payload })
    }
}

impl<'a> External<'a> {
    fn read(&mut self, (key, value): (&'a str, &'a str)) -> Result<()> {
        let number = || value.parse().map_err(|_invalid| Damaged("a place in another file is not a number"));
        match key {
            "location" => self.location = value,
            "offset" => self.offset = number()?,
            "length" => self.length = Some(number()?),
            _ => {}
        }
        Ok(())
    }
}
