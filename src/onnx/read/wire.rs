//! Protocol buffers' wire format: a message as a list of numbered fields.
//!
//! Every field is a slice of the message, so nothing is copied and no length can reach outside the file. What the bytes mean is
//! said in "Encoding" of the Protocol Buffers documentation.

use super::{Damaged, Result};

/// Fields and list entries that a file may have in all. The largest exports have a few ten thousand.
const MAX_FIELDS: usize = 1 << 20;

/// The value of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field<'a> {
    /// An integer, or the two's complement of one.
    Varint(u64),
    /// Four bytes, little-endian.
    Fixed32([u8; 4]),
    /// Eight bytes, little-endian.
    Fixed64([u8; 8]),
    /// A text, a message or packed numbers.
    Bytes(&'a [u8]),
}

impl<'a> Field<'a> {
    pub(super) fn bytes(self) -> Result<&'a [u8]> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            _ => Err(Damaged("a number stands where a text or a message must be")),
        }
    }

    pub(super) fn text(self) -> Result<&'a str> {
        std::str::from_utf8(self.bytes()?).map_err(|_invalid| Damaged("a text is not UTF-8"))
    }

    pub(super) fn integer(self) -> Result<i64> {
        match self {
            Self::Varint(value) => Ok(value.cast_signed()),
            _ => Err(Damaged("an integer is missing")),
        }
    }

    pub(super) fn float(self) -> Result<f32> {
        match self {
            Self::Fixed32(bytes) => Ok(f32::from_le_bytes(bytes)),
            _ => Err(Damaged("a number is missing")),
        }
    }

    /// The integers of a repeated field: one of them, or many that are packed.
    pub(super) fn integers(self, into: &mut Vec<i64>) -> Result<()> {
        match self {
            Self::Varint(value) => into.push(value.cast_signed()),
            Self::Bytes(mut bytes) => {
                while !bytes.is_empty() {
                    into.push(varint(&mut bytes)?.cast_signed());
                }
            }
            _ => return Err(Damaged("an integer is missing")),
        }
        Ok(())
    }

    /// The numbers of a repeated field of four bytes each: one of them, or many that are packed.
    pub(super) fn floats(self, into: &mut Vec<f32>) -> Result<()> {
        match self {
            Self::Fixed32(bytes) => into.push(f32::from_le_bytes(bytes)),
            Self::Bytes(bytes) => {
                let (numbers, []) = bytes.as_chunks::<4>() else { return Err(Damaged("a list of numbers is cut off")) };
                into.extend(numbers.iter().map(|bytes| f32::from_le_bytes(*bytes)));
            }
            _ => return Err(Damaged("a number is missing")),
        }
        Ok(())
    }

    /// The numbers of a repeated field of eight bytes each, as f32.
    pub(super) fn doubles(self, into: &mut Vec<f32>) -> Result<()> {
        match self {
            Self::Fixed64(bytes) => into.push(f64::from_le_bytes(bytes) as f32),
            Self::Bytes(bytes) => {
                let (numbers, []) = bytes.as_chunks::<8>() else { return Err(Damaged("a list of numbers is cut off")) };
                into.extend(numbers.iter().map(|bytes| f64::from_le_bytes(*bytes) as f32));
            }
            _ => return Err(Damaged("a number is missing")),
        }
        Ok(())
    }
}

/// How many fields a reader may still meet.
#[derive(Debug)]
pub(super) struct Budget(usize);

impl Budget {
    pub(super) fn new() -> Self {
        Self(MAX_FIELDS)
    }

    /// The fields of a message, in their order.
    ///
    /// # Errors
    /// If a field reaches outside the message, is a group (which ONNX never uses), or there are too many in the file.
    pub(super) fn fields<'a>(&mut self, mut message: &'a [u8]) -> Result<Vec<(u64, Field<'a>)>> {
        let mut fields = Vec::new();
        while !message.is_empty() {
            self.0 = self.0.checked_sub(1).ok_or(Damaged("it has more parts than any network"))?;
            fields.push(field(&mut message)?);
        }
        Ok(fields)
    }
}

fn field<'a>(message: &mut &'a [u8]) -> Result<(u64, Field<'a>)> {
    let tag = varint(message)?;
    let value = match tag & 7 {
        0 => Field::Varint(varint(message)?),
        1 => Field::Fixed64(array(message)?),
        2 => {
            let length = usize::try_from(varint(message)?).map_err(|_too_long| CUT_OFF)?;
            let (bytes, rest) = message.split_at_checked(length).ok_or(CUT_OFF)?;
            *message = rest;
            Field::Bytes(bytes)
        }
        5 => Field::Fixed32(array(message)?),
        _ => return Err(Damaged("a field is of no known kind")),
    };
    Ok((tag >> 3, value))
}

const CUT_OFF: Damaged = Damaged("a field is cut off");

fn array<const N: usize>(message: &mut &[u8]) -> Result<[u8; N]> {
    let (bytes, rest) = message.split_first_chunk::<N>().ok_or(CUT_OFF)?;
    *message = rest;
    Ok(*bytes)
}

/// Seven bits a byte, the lowest first; the highest bit says that more follow.
fn varint(message: &mut &[u8]) -> Result<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let [byte] = array(message)?;
        value |= u64::from(byte & 0x7F) << shift;
        if byte < 0x80 {
            return Ok(value);
        }
    }
    Err(Damaged("an integer has more than 64 bits"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(message: &[u8]) -> Result<Vec<(u64, Field<'_>)>> {
        Budget::new().fields(message)
    }

    #[test]
    fn fields_of_every_kind_are_read() {
        // 1: 150, 2: "testing", 3: 1.0 in four bytes, 4: 1.0 in eight.
        let mut message = vec![0x08, 0x96, 0x01, 0x12, 0x07];
        message.extend(b"testing");
        message.push(0x1D);
        message.extend(1f32.to_le_bytes());
        message.push(0x21);
        message.extend(1f64.to_le_bytes());
        let expected = vec![
            (1, Field::Varint(150)),
            (2, Field::Bytes(b"testing")),
            (3, Field::Fixed32(1f32.to_le_bytes())),
            (4, Field::Fixed64(1f64.to_le_bytes())),
        ];
        assert_eq!(fields(&message), Ok(expected));
    }

    #[test]
    fn a_length_beyond_the_message_is_damage() {
        assert_eq!(fields(&[0x12, 0x7F, 0x00]), Err(CUT_OFF));
        assert_eq!(fields(&[0x12, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F]), Err(CUT_OFF));
    }

    #[test]
    fn an_integer_without_end_is_damage() {
        assert!(fields(&[0x08, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01]).is_err());
        assert_eq!(fields(&[0x08, 0xFF]), Err(CUT_OFF));
    }

    #[test]
    fn packed_and_single_integers_are_one_list() -> Result<()> {
        let mut values = Vec::new();
        Field::Bytes(&[0x01, 0x96, 0x01]).integers(&mut values)?;
        Field::Varint(u64::MAX).integers(&mut values)?;
        assert_eq!(values, [1, 150, -1]);
        Ok(())
    }

    #[test]
    fn too_many_fields_are_refused() {
        assert!(fields(&[0x08, 0x00].repeat(MAX_FIELDS)).is_ok());
        assert!(fields(&[0x08, 0x00].repeat(MAX_FIELDS + 1)).is_err());
    }
}
