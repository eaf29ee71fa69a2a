//! JPEG files.
//!
//! What photos are made of (one or three components, sampling 1 or 2) goes through a port of libjpeg-turbo, whose pixels are
//! Pillow's to the bit. CMYK and unusual sampling, for which that port is not exact, go through the decoder of `image`.

use image::metadata::Orientation;
use image::{GrayImage, RgbImage};
use libjpeg_turbo_rs::{DecodeLimits, Decoder, FrameHeader, JpegError, PixelFormat, ScalingFactor};
use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::{DecodeError, Decoded, MAX_PIXELS, check_size};
use crate::geometry::Size;

/// Most scans that a progressive file may have; encoders write about ten, and each costs a walk over the picture.
const MAX_SCANS: usize = 500;

/// The picture, reduced as far as its shorter side keeps `shorter_side` pixels where the decoder can do that.
pub(super) fn decode(bytes: &[u8], shorter_side: u32) -> Result<Decoded, DecodeError> {
    let limits = DecodeLimits { max_pixels: MAX_PIXELS, max_scans: MAX_SCANS, ..DecodeLimits::default() };
    match Decoder::new_with_limits(bytes, limits) {
        Ok(decoder) if is_usual(decoder.header()) && !decoder.is_arithmetic() => decode_usual(decoder, shorter_side),
        // The other decoder reads it, or says why not.
        _ => decode_unusual(bytes),
    }
}

/// Whether the picture is of a kind for which the pixels are libjpeg's.
fn is_usual(header: &FrameHeader) -> bool {
    let sampling = |i: usize| (header.components[i].horizontal_sampling, header.components[i].vertical_sampling);
    let components = match header.components.len() {
        1 => true,
        3 => matches!(sampling(0), (1 | 2, 1 | 2)) && sampling(1) == (1, 1) && sampling(2) == (1, 1),
        _ => false,
    };
    components && header.precision == 8 && !header.is_lossless
}

fn decode_usual(mut decoder: Decoder<'_>, shorter_side: u32) -> Result<Decoded, DecodeError> {
    let whole = Size::new(u32::from(decoder.header().width), u32::from(decoder.header().height));
    check_size(whole.width, whole.height)?;
    let orientation = decoder.exif_orientation().and_then(Orientation::from_exif);
    // Oddities inside the data, which Pillow reads over; that the file ends early was seen before.
    decoder.set_lenient(true);
    decoder.set_output_format(PixelFormat::Rgb);
    decoder.set_scale(reduction(whole, shorter_side).map_err(from_error)?);
    let decoded = decoder.decode_image().map_err(from_error)?;
    let image = RgbImage::from_raw(decoded.width as u32, decoded.height as u32, decoded.data);
    let image = image.ok_or_else(|| DecodeError::Damaged("fewer pixels than the header states".into()))?;
    Ok(Decoded { image, whole, orientation: orientation.unwrap_or(Orientation::NoTransforms) })
}

/// One, or the smallest of a half, a quarter and an eighth that leaves the shorter side `shorter_side` pixels.
fn reduction(whole: Size, shorter_side: u32) -> Result<ScalingFactor, JpegError> {
    let shorter = whole.width.min(whole.height);
    let divisor = [8, 4, 2].into_iter().find(|n| shorter / n >= shorter_side).unwrap_or(1);
    ScalingFactor::try_new(1, divisor)
}

fn from_error(error: JpegError) -> DecodeError {
    match error {
        JpegError::Unsupported(what) => DecodeError::Unsupported(what),
        JpegError::UnexpectedEof => DecodeError::CutOff,
        e => DecodeError::Damaged(e.to_string()),
    }
}

fn decode_unusual(bytes: &[u8]) -> Result<Decoded, DecodeError> {
    // Strict mode would refuse harmless oddities that Pillow reads.
    let options = DecoderOptions::default().set_strict_mode(false).set_max_width(usize::MAX).set_max_height(usize::MAX);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(from_unusual_error)?;
    let (width, height) = decoder.dimensions().ok_or(DecodeError::NoPixels { width: 0, height: 0 })?;
    let (width, height) = (width as u32, height as u32);
    check_size(width, height)?;
    let grey = decoder.input_colorspace() == Some(ColorSpace::Luma);
    let wanted = if grey { ColorSpace::Luma } else { ColorSpace::RGB };
    decoder.set_options(options.jpeg_set_out_colorspace(wanted));
    let orientation = decoder.exif().and_then(|chunk| Orientation::from_exif_chunk(chunk));
    let orientation = orientation.unwrap_or(Orientation::NoTransforms);
    let pixels = decoder.decode().map_err(from_unusual_error)?;
    let image = if grey {
        GrayImage::from_raw(width, height, pixels).map(|grey| image::DynamicImage::ImageLuma8(grey).into_rgb8())
    } else {
        RgbImage::from_raw(width, height, pixels)
    };
    let image = image.ok_or_else(|| DecodeError::Damaged("fewer pixels than the header states".into()))?;
    Ok(Decoded { image, whole: Size::new(width, height), orientation })
}

fn from_unusual_error(error: DecodeErrors) -> DecodeError {
    match error {
        DecodeErrors::ZeroError => DecodeError::NoPixels { width: 0, height: 0 },
        DecodeErrors::Unsupported(kind) => DecodeError::Unsupported(format!("{kind:?}")),
        DecodeErrors::ExhaustedData | DecodeErrors::IoErrors(_) => DecodeError::CutOff,
        e => DecodeError::Damaged(e.to_string()),
    }
}

/// Whether the segments of a JPEG file lead through at least one scan to its end marker.
pub(super) fn is_complete(bytes: &[u8]) -> bool {
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
