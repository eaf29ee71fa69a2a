//! Picture files to upright 8-bit RGB, as `Image.open(..)`, `ImageOps.exif_transpose` and `.convert("RGB")` of Pillow do it.
//!
//! - The format is recognised by content, whatever the file is called.
//! - Grey is repeated in the three channels, palettes are looked up, and of an animation the first frame counts.
//! - 16 bits become `round(value * 255 / 65535)`; for grey Pillow has no such conversion (it clips at 255).
//! - Transparency is dropped: a pixel keeps the colour it has under its alpha value.
//! - The pixels of a JPEG are those of libjpeg to the bit, its smooth chroma and integer transform included, except for the
//!   rare kinds with four components or unusual sampling.
//! - CMYK becomes `(255 - c) * (255 - k) / 255`, inverted or not as the file says; colour profiles are not applied.
//! - The EXIF orientation (1..=8; anything else means 1) is applied.
//! - A file that ends early is an error, never a picture with a grey rest.

mod jpeg;

use std::io::Cursor;

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, RgbImage};

use crate::geometry::Size;

/// Most pixels that a picture may have: 128 × 1024 × 1024, which is 384 MiB once decoded.
pub const MAX_PIXELS: u64 = 128 << 20;

/// Why a file gives no picture.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// No bytes at all.
    #[error("the file is empty")]
    Empty,
    /// The first bytes belong to no picture format.
    #[error("not a picture: the content is neither JPEG, PNG, WebP, GIF, BMP nor TIFF")]
    UnknownFormat,
    /// A picture format that is not read.
    #[error("{0:?} pictures are not supported; JPEG, PNG, WebP, GIF, BMP and TIFF are")]
    UnsupportedFormat(ImageFormat),
    /// Width or height is 0.
    #[error("the picture has no pixels ({width} × {height})")]
    NoPixels {
        /// Columns the file states.
        width: u32,
        /// Rows the file states.
        height: u32,
    },
    /// More than [`MAX_PIXELS`].
    #[error("the picture is too large: {width} × {height} pixels, at most {} million are read", MAX_PIXELS / 1_000_000)]
    TooLarge {
        /// Columns the file states.
        width: u32,
        /// Rows the file states.
        height: u32,
    },
    /// The file ends before the picture does.
    #[error("the picture is cut off: the file ends before its last pixels")]
    CutOff,
    /// A valid file with a feature that is not read.
    #[error("this kind of picture is not supported: {0}")]
    Unsupported(String),
    /// The content contradicts its format.
    #[error("the picture is damaged: {0}")]
    Damaged(String),
}

/// Decodes a picture; see the head of this file for what becomes of each kind.
///
/// # Errors
/// If the bytes are no complete picture of a known format, or one of more than [`MAX_PIXELS`].
pub fn decode(bytes: &[u8]) -> Result<RgbImage, DecodeError> {
    Ok(decode_upright(bytes, u32::MAX)?.0)
}

/// Decodes a picture to look at: no larger than it has to be for its shorter side to keep `shorter_side` pixels, and never
/// scaled up. Returns it with the size of the whole picture.
///
/// A JPEG is decoded to a half, a quarter or an eighth of its size in the first place, which takes a fraction of the time;
/// other formats come as they are.
///
/// # Errors
/// As [`decode()`].
pub fn decode_reduced(bytes: &[u8], shorter_side: u32) -> Result<(RgbImage, Size), DecodeError> {
    decode_upright(bytes, shorter_side)
}

/// The size of an upright picture, from its header alone.
///
/// # Errors
/// If the bytes are no picture of a known format, or one of more than [`MAX_PIXELS`].
pub fn size_of(bytes: &[u8]) -> Result<Size, DecodeError> {
    if bytes.is_empty() {
        return Err(DecodeError::Empty);
    }
    let format = image::guess_format(bytes).ok().ok_or(DecodeError::UnknownFormat)?;
    let mut decoder = ImageReader::with_format(Cursor::new(bytes), format).into_decoder().map_err(from_image_error)?;
    let (width, height) = decoder.dimensions();
    check_size(width, height)?;
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    Ok(if is_turned(orientation) { Size::new(height, width) } else { Size::new(width, height) })
}

/// Whether width and height change places.
fn is_turned(orientation: Orientation) -> bool {
    use Orientation::{Rotate90, Rotate90FlipH, Rotate270, Rotate270FlipH};
    matches!(orientation, Rotate90 | Rotate270 | Rotate90FlipH | Rotate270FlipH)
}

/// The picture and the size of the whole of it, both upright.
fn decode_upright(bytes: &[u8], shorter_side: u32) -> Result<(RgbImage, Size), DecodeError> {
    if bytes.is_empty() {
        return Err(DecodeError::Empty);
    }
    let format = image::guess_format(bytes).ok().ok_or(DecodeError::UnknownFormat)?;
    if !is_complete(bytes, format) {
        return Err(DecodeError::CutOff);
    }
    let Decoded { image, whole, orientation } = match format {
        ImageFormat::Jpeg => jpeg::decode(bytes, shorter_side)?,
        ImageFormat::Png | ImageFormat::WebP | ImageFormat::Gif | ImageFormat::Bmp | ImageFormat::Tiff => {
            decode_other(bytes, format)?
        }
        other => return Err(DecodeError::UnsupportedFormat(other)),
    };
    if orientation == Orientation::NoTransforms {
        return Ok((image, whole));
    }
    let mut image = DynamicImage::ImageRgb8(image);
    image.apply_orientation(orientation);
    let image = image.into_rgb8();
    Ok((image, if is_turned(orientation) { Size::new(whole.height, whole.width) } else { whole }))
}

/// A picture as the file holds it.
struct Decoded {
    image: RgbImage,
    /// Size of the whole picture, of which `image` may be a reduction.
    whole: Size,
    orientation: Orientation,
}

/// Refuses sizes that cannot or should not be decoded, before any memory is asked for.
fn check_size(width: u32, height: u32) -> Result<(), DecodeError> {
    match u64::from(width) * u64::from(height) {
        0 => Err(DecodeError::NoPixels { width, height }),
        1..=MAX_PIXELS => Ok(()),
        _ => Err(DecodeError::TooLarge { width, height }),
    }
}

/// All formats but JPEG.
fn decode_other(bytes: &[u8], format: ImageFormat) -> Result<Decoded, DecodeError> {
    let mut decoder = ImageReader::with_format(Cursor::new(bytes), format).into_decoder().map_err(from_image_error)?;
    let (width, height) = decoder.dimensions();
    check_size(width, height)?;
    // Room for the widest pixel that any of the formats has, four channels of f32.
    let mut limits = Limits::default();
    limits.max_alloc = Some(MAX_PIXELS * 16);
    decoder.set_limits(limits).map_err(from_image_error)?;
    // A damaged tag is no reason to refuse the pixels.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let image = DynamicImage::from_decoder(decoder).map_err(from_image_error)?;
    Ok(Decoded { image: image.into_rgb8(), whole: Size::new(width, height), orientation })
}

fn from_image_error(error: ImageError) -> DecodeError {
    match error {
        ImageError::IoError(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => DecodeError::CutOff,
        ImageError::Unsupported(e) => DecodeError::Unsupported(e.to_string()),
        e => DecodeError::Damaged(e.to_string()),
    }
}

/// Whether the file reaches its own end, for the formats whose decoders fill up what is missing instead of failing.
fn is_complete(bytes: &[u8], format: ImageFormat) -> bool {
    match format {
        ImageFormat::Jpeg => jpeg::is_complete(bytes),
        ImageFormat::WebP => webp_is_complete(bytes),
        _ => true,
    }
}

/// Whether a WebP file is as long as its RIFF header states.
fn webp_is_complete(bytes: &[u8]) -> bool {
    let Some(&[a, b, c, d]) = bytes.get(4..8) else { return false };
    bytes.len() as u64 >= 8 + u64::from(u32::from_le_bytes([a, b, c, d]))
}
