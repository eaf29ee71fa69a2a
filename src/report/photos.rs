//! Pictures of a project's photos, as reports and sheets show them.

use std::path::Path;

use image::RgbImage;

use crate::analysis::Measured;
use crate::geometry::Size;
use crate::overlay::{Style, draw, resized, shrink};
use crate::preprocess::{DecodeError, decode};

/// Why a photo cannot be shown.
#[derive(Debug, thiserror::Error)]
pub(super) enum PhotoError {
    /// The file cannot be read.
    #[error("the photo cannot be read: {0}")]
    Read(#[from] std::io::Error),
    /// It is no picture that can be used.
    #[error("the photo cannot be read: {0}")]
    Decode(#[from] DecodeError),
}

/// The photo at `path` (with `/` between its parts) under the data set's folder `root`, at most `longest_px` wide and high.
pub(super) fn photo(root: &Path, path: &str, longest_px: u32) -> Result<RgbImage, PhotoError> {
    let mut file = root.to_owned();
    file.extend(path.split('/'));
    let image = decode(&std::fs::read(file)?)?;
    Ok(shrink(&image, longest_px).into_owned())
}

/// A photo of any size with the heat map, the regions and the view of its result; letters and lines keep their size.
pub(super) fn overlaid(photo: &RgbImage, measured: &Measured, style: &Style) -> RgbImage {
    draw(photo, &resized(measured, Size::new(photo.width(), photo.height())), style)
}
