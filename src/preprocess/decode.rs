//! Picture files to upright 8-bit RGB, as `Image.open(..)`, `ImageOps.exif_transpose` and `.convert("RGB")` of Pillow do it.
//!
//! - The format is recognised by content, whatever the file is called.
//! - Grey is repeated in the three channels, palettes are looked up, and of an animation the first frame counts.
//! - 16 bits become `round(value * 255 / 65535)`; for grey Pillow has no such conversion (it clips at 255).
//! - Transparency is dropped: a pixel keeps the colour it has under its alpha value.
//! - CMYK becomes `(255 - c) * (255 - k) / 255`, inverted or not as the file says; colour profiles are not applied.
//! - The EXIF orientation (1..=8; anything else means 1) is applied.
//! - A file that ends early is an error, never a picture with a grey rest.

use std::io::Cursor;

use image::metadata::Orientation;
use image::{DynamicImage, GrayImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, RgbImage};
use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

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
    if bytes.is_empty() {
        return Err(DecodeError::Empty);
    }
    let format = image::guess_format(bytes).ok().ok_or(DecodeError::UnknownFormat)?;
    if !is_complete(bytes, format) {
        return Err(DecodeError::CutOff);
    }
    let (image, orientation) = match format {
        ImageFormat::Jpeg => decode_jpeg(bytes)?,
        ImageFormat::Png | ImageFormat::WebP | ImageFormat::Gif | ImageFormat::Bmp | ImageFormat::Tiff => {
            decode_other(bytes, format)?
        }
        other => return Err(DecodeError::UnsupportedFormat(other)),
    };
    if orientation == Orientation::NoTransforms {
        return Ok(image);
    }
    let mut image = DynamicImage::ImageRgb8(image);
    image.apply_orientation(orientation);
    Ok(image.into_rgb8())
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
fn decode_other(bytes: &[u8], format: ImageFormat) -> Result<(RgbImage, Orientation), DecodeError> {
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
    Ok((image.into_rgb8(), orientation))
}

fn from_image_error(error: ImageError) -> DecodeError {
    match error {
        ImageError::IoError(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => DecodeError::CutOff,
        ImageError::Unsupported(e) => DecodeError::Unsupported(e.to_string()),
        e => DecodeError::Damaged(e.to_string()),
    }
}

fn decode_jpeg(bytes: &[u8]) -> Result<(RgbImage, Orientation), DecodeError> {
    // Strict mode would refuse harmless oddities that Pillow reads.
    let options = DecoderOptions::default().set_strict_mode(false).set_max_width(usize::MAX).set_max_height(usize::MAX);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(from_jpeg_error)?;
    let (width, height) = decoder.dimensions().ok_or(DecodeError::NoPixels { width: 0, height: 0 })?;
    let (width, height) = (width as u32, height as u32);
    check_size(width, height)?;
    let grey = decoder.input_colorspace() == Some(ColorSpace::Luma);
    let wanted = if grey { ColorSpace::Luma } else { ColorSpace::RGB };
    decoder.set_options(options.jpeg_set_out_colorspace(wanted));
    let orientation = decoder.exif().and_then(|chunk| Orientation::from_exif_chunk(chunk));
    let orientation = orientation.unwrap_or(Orientation::NoTransforms);
    let pixels = decoder.decode().map_err(from_jpeg_error)?;
    let image = if grey {
        GrayImage::from_raw(width, height, pixels).map(|grey| DynamicImage::ImageLuma8(grey).into_rgb8())
    } else {
        RgbImage::from_raw(width, height, pixels)
    };
    let image = image.ok_or_else(|| DecodeError::Damaged("fewer pixels than the header states".into()))?;
    Ok((image, orientation))
}

fn from_jpeg_error(error: DecodeErrors) -> DecodeError {
    match error {
        DecodeErrors::ZeroError => DecodeError::NoPixels { width: 0, height: 0 },
        DecodeErrors::Unsupported(kind) => DecodeError::Unsupported(format!("{kind:?}")),
        DecodeErrors::ExhaustedData | DecodeErrors::IoErrors(_) => DecodeError::CutOff,
        e => DecodeError::Damaged(e.to_string()),
    }
}

/// Whether the file reaches its own end, for the formats whose decoders fill up what is missing instead of failing.
fn is_complete(bytes: &[u8], format: ImageFormat) -> bool {
    match format {
        ImageFormat::Jpeg => jpeg_is_complete(bytes),
        ImageFormat::WebP => webp_is_complete(bytes),
        _ => true,
    }
}

/// Whether a WebP file is as long as its RIFF header states.
fn webp_is_complete(bytes: &[u8]) -> bool {
    let Some(&[a, b, c, d]) = bytes.get(4..8) else { return false };
    bytes.len() as u64 >= 8 + u64::from(u32::from_le_bytes([a, b, c, d]))
}

/// Whether the segments of a JPEG file lead through at least one scan to its end marker.
fn jpeg_is_complete(bytes: &[u8]) -> bool {
    const START_OF_SCAN: u8 = 0xda;
    const END_OF_IMAGE: u8 = 0xd9;
    let mut at = 2;
    let mut scans = 0;
    loop {
        // Entropy-coded data and stray bytes lead up to a marker; in the data, 0xff 0x00 stands for 0xff.
        let Some(found) = bytes.get(at..).and_then(|rest| rest.iter().position(|b| *b == 0xff)) else { return false };
        at += found + 1;
        match bytes.get(at) {
            None => return false,
            Some(&END_OF_IMAGE) => return scans > 0,
            // Another fill byte: it may be the first byte of a marker.
            Some(0xff) => {}
            // Stuffed zero, and markers that stand alone.
            Some(0x00 | 0x01 | 0xd0..=0xd8) => at += 1,
            Some(&marker) => {
                let Some(&[high, low]) = bytes.get(at + 1..at + 3) else { return false };
                scans += usize::from(marker == START_OF_SCAN);
                at += 1 + usize::from(u16::from_be_bytes([high, low])).max(2);
            }
        }
    }
}
