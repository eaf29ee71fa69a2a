//! The files of an uncompressed zip archive, as `torch.save` writes it.
//!
//! Only stored entries are read (APPNOTE.TXT of PKWARE, with its 64-bit extension): each is then a slice of the archive,
//! so that nothing is copied and no entry can be larger than the file.

use std::collections::HashMap;

/// Why an archive was not read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ZipError {
    /// A record is missing or points outside the file.
    #[error("the archive is damaged or cut off: {0}")]
    Damaged(&'static str),
    /// `torch.save` neither compresses nor encrypts.
    #[error("{0} is compressed or encrypted, which torch.save never does")]
    Compressed(String),
    /// The content differs from its check sum.
    #[error("{0} is damaged: its check sum differs")]
    Checksum(String),
}

const END: [u8; 4] = *b"PK\x05\x06";
const END64_LOCATOR: [u8; 4] = *b"PK\x06\x07";
const END64: [u8; 4] = *b"PK\x06\x06";
const DIRECTORY_ENTRY: [u8; 4] = *b"PK\x01\x02";
const LOCAL_HEADER: [u8; 4] = *b"PK\x03\x04";

/// Stored in a 32-bit field whose value is in the 64-bit extra field.
const IN_EXTRA: u64 = u32::MAX as u64;

/// The `N` bytes at `at`.
fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}

fn u16_at(bytes: &[u8], at: usize) -> Option<usize> {
    array(bytes, at).map(|b| u16::from_le_bytes(b).into())
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u64> {
    array(bytes, at).map(|b| u32::from_le_bytes(b).into())
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    array(bytes, at).map(u64::from_le_bytes)
}

/// The `length` bytes at `start`.
fn slice(bytes: &[u8], start: u64, length: u64) -> Option<&[u8]> {
    bytes.get(usize::try_from(start).ok()?..usize::try_from(start.checked_add(length)?).ok()?)
}

/// The files of an archive by name, their check sums verified.
///
/// # Errors
/// If a record is damaged, a file is compressed, or its content differs from its check sum.
pub(super) fn files(archive: &[u8]) -> Result<HashMap<&str, &[u8]>, ZipError> {
    let mut directory = directory(archive).ok_or(ZipError::Damaged("it has no directory"))?;
    let mut files = HashMap::new();
    let mut total = 0;
    while !directory.is_empty() {
        let (entry, rest) = Entry::split(directory).ok_or(ZipError::Damaged("its directory is incomplete"))?;
        directory = rest;
        if entry.encrypted_or_compressed {
            return Err(ZipError::Compressed(entry.name.to_owned()));
        }
        let content = entry.content(archive).ok_or(ZipError::Damaged("a file lies outside of it"))?;
        total += content.len();
        if total > archive.len() {
            return Err(ZipError::Damaged("its files overlap"));
        }
        if crc32fast::hash(content) != entry.checksum {
            return Err(ZipError::Checksum(entry.name.to_owned()));
        }
        files.insert(entry.name, content);
    }
    Ok(files)
}

/// The bytes of the central directory: found from the record at the end of the archive, which a comment of up to 64 KiB
/// may follow.
fn directory(archive: &[u8]) -> Option<&[u8]> {
    let earliest = archive.len().saturating_sub(22 + usize::from(u16::MAX));
    let end = (earliest..archive.len()).rev().find(|at| array(archive, *at) == Some(END))?;
    let locator = end.checked_sub(20).filter(|at| array(archive, *at) == Some(END64_LOCATOR));
    let (length, start) = match locator {
        Some(locator) => {
            let end64 = usize::try_from(u64_at(archive, locator + 8)?).ok()?;
            if array(archive, end64)? != END64 {
                return None;
            }
            (u64_at(archive, end64 + 40)?, u64_at(archive, end64 + 48)?)
        }
        None => (u32_at(archive, end + 12)?, u32_at(archive, end + 16)?),
    };
    slice(archive, start, length)
}

/// An entry of the central directory.
struct Entry<'a> {
    name: &'a str,
    encrypted_or_compressed: bool,
    checksum: u32,
    length: u64,
    /// Where the local header stands.
    header: u64,
}

impl<'a> Entry<'a> {
    /// The first entry and what follows it.
    fn split(directory: &'a [u8]) -> Option<(Self, &'a [u8])> {
        if array(directory, 0)? != DIRECTORY_ENTRY {
            return None;
        }
        let (flags, method) = (u16_at(directory, 8)?, u16_at(directory, 10)?);
        let (name, extra, comment) = (u16_at(directory, 28)?, u16_at(directory, 30)?, u16_at(directory, 32)?);
        let name_end = 46 + name;
        let mut wide = Extra64::find(directory.get(name_end..name_end + extra)?);
        let length = wide.resolve(u32_at(directory, 24)?)?;
        let stored = wide.resolve(u32_at(directory, 20)?)?;
        let header = wide.resolve(u32_at(directory, 42)?)?;
        let entry = Self {
            name: std::str::from_utf8(directory.get(46..name_end)?).ok()?,
            encrypted_or_compressed: flags & 1 != 0 || method != 0 || stored != length,
            checksum: u32::from_le_bytes(array(directory, 16)?),
            length,
            header,
        };
        Some((entry, directory.get(name_end + extra + comment..)?))
    }

    /// What the entry describes; it stands behind a local header with lengths of its own.
    fn content(&self, archive: &'a [u8]) -> Option<&'a [u8]> {
        let header = usize::try_from(self.header).ok()?;
        if array(archive, header)? != LOCAL_HEADER {
            return None;
        }
        let skipped = 30 + u16_at(archive, header + 26)? + u16_at(archive, header + 28)?;
        slice(archive, self.header.checked_add(skipped as u64)?, self.length)
    }
}

/// The 64-bit values of an entry, in the order of the 32-bit fields that do not hold them.
struct Extra64<'a> {
    rest: &'a [u8],
}

impl<'a> Extra64<'a> {
    const ID: usize = 1;

    /// Among the extra fields of an entry; empty where there is none.
    fn find(mut extra: &'a [u8]) -> Self {
        while let (Some(id), Some(length)) = (u16_at(extra, 0), u16_at(extra, 2)) {
            let Some(field) = extra.get(4..4 + length) else { break };
            if id == Self::ID {
                return Self { rest: field };
            }
            extra = &extra[4 + length..];
        }
        Self { rest: &[] }
    }

    /// The field's value, or the next 64-bit one where it says so.
    fn resolve(&mut self, field: u64) -> Option<u64> {
        if field != IN_EXTRA {
            return Some(field);
        }
        let (value, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(u64::from_le_bytes(*value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An archive of one file; `wide` puts lengths and offset into the 64-bit extra field.
    fn archive(name: &str, content: &[u8], method: u16, wide: bool) -> Vec<u8> {
        let narrow = |value: usize| (if wide { u32::MAX } else { value as u32 }).to_le_bytes();
        let local = [
            &LOCAL_HEADER[..],
            &[0; 22],
            &(name.len() as u16).to_le_bytes(),
            &3_u16.to_le_bytes(),
            name.as_bytes(),
            b"pad",
            content,
        ]
        .concat();
        let mut extra = b"\x99\x99\x01\0x".to_vec();
        if wide {
            extra.extend([1, 0, 24, 0]);
            for value in [content.len() as u64, content.len() as u64, 0] {
                extra.extend(value.to_le_bytes());
            }
        }
        let directory = [
            &DIRECTORY_ENTRY[..],
            &[0; 6],
            &method.to_le_bytes(),
            &[0; 4],
            &crc32fast::hash(content).to_le_bytes(),
            &narrow(content.len()),
            &narrow(content.len()),
            &(name.len() as u16).to_le_bytes(),
            &(extra.len() as u16).to_le_bytes(),
            &[0; 10],
            &narrow(0),
            name.as_bytes(),
            &extra,
        ]
        .concat();
        let end = [
            &END[..],
            &[0; 8],
            &(directory.len() as u32).to_le_bytes(),
            &(local.len() as u32).to_le_bytes(),
            b"\x07\0comment",
        ]
        .concat();
        [local, directory, end].concat()
    }

    #[test]
    fn stored_files_are_slices_of_the_archive() {
        for wide in [false, true] {
            let archive = archive("a/data.pkl", b"content", 0, wide);
            assert_eq!(files(&archive), Ok(HashMap::from([("a/data.pkl", &b"content"[..])])));
        }
    }

    #[test]
    fn compressed_files_are_refused() {
        let archive = archive("a", b"content", 8, false);
        assert_eq!(files(&archive), Err(ZipError::Compressed("a".into())));
    }

    #[test]
    fn a_flipped_bit_is_noticed() {
        let mut archive = archive("a", b"content", 0, false);
        let at = archive.windows(7).position(|w| w == b"content").expect("the content is in the archive");
        archive[at] ^= 1;
        assert_eq!(files(&archive), Err(ZipError::Checksum("a".into())));
    }

    #[test]
    fn no_cut_archive_is_read() {
        let archive = archive("a", b"content", 0, true);
        for length in 0..archive.len() - "\x07\0comment".len() {
            assert!(files(&archive[..length]).is_err(), "{length}");
        }
    }
}
