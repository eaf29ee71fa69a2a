//! A file of the data set on its way to the networks.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::UNIX_EPOCH;

use image::RgbImage;
use sha2::{Digest as _, Sha256};

use crate::preprocess::decode;
use crate::store::{ContentHash, FileStamp};

/// A file larger than this is no photo.
const MAX_BYTES: u64 = 1 << 30;

/// Size and time of a file; `None` where there is none.
pub(super) fn stamp(file: &Path) -> Option<FileStamp> {
    let metadata = fs::metadata(file).ok()?;
    let since_1970 = metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    let modified_ns = i64::try_from(since_1970.as_nanos()).ok()?;
    Some(FileStamp { bytes: i64::try_from(metadata.len()).ok()?, modified_ns })
}

/// The bytes of a file and their hash, or in a short line why they cannot be had.
pub(super) fn read(file: &Path) -> Result<(Vec<u8>, ContentHash), String> {
    let cannot = |e: std::io::Error| match e.kind() {
        std::io::ErrorKind::NotFound => "no such file, or a link to nowhere".to_owned(),
        _ => format!("cannot be read: {e}"),
    };
    let metadata = fs::metadata(file).map_err(cannot)?;
    if !metadata.is_file() {
        return Err("not a file".to_owned());
    }
    if metadata.len() > MAX_BYTES {
        return Err(format!("larger than {} MiB", MAX_BYTES >> 20));
    }
    let bytes = fs::read(file).map_err(cannot)?;
    let hash = ContentHash(Sha256::digest(&bytes).into());
    Ok((bytes, hash))
}

/// The picture in `bytes`, or in a short line why there is none. A decoder that panics has met a picture it cannot read.
pub(super) fn picture(bytes: &[u8]) -> Result<RgbImage, String> {
    match catch_unwind(AssertUnwindSafe(|| decode(bytes))) {
        Ok(Ok(image)) => Ok(image),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_panic) => Err("the decoder cannot cope with this file".to_owned()),
    }
}

/// The upright picture in a file, or in a short line that does not name the file why there is none.
///
/// # Errors
/// If the file cannot be read, or holds no picture.
pub fn photo(file: &Path) -> Result<RgbImage, String> {
    picture(&read(file)?.0)
}
