//! Pictures inside the page.

use std::io::Write;

use image::RgbImage;
use image::codecs::jpeg::JpegEncoder;

use super::ReportError;
use super::base64::base64;

/// Compression, of 100.
const JPEG_QUALITY: u8 = 82;

/// Writes a picture; `alt` is markup already.
pub(super) fn picture(pixels: &RgbImage, alt: &str, out: &mut dyn Write) -> Result<(), ReportError> {
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, JPEG_QUALITY).encode_image(pixels).map_err(ReportError::Picture)?;
    Ok(write!(
        out,
        "<img width=\"{}\" height=\"{}\" alt=\"{alt}\" loading=\"lazy\" decoding=\"async\" src=\"data:image/jpeg;base64,{}\" />",
        pixels.width(),
        pixels.height(),
        base64(&jpeg)
    )?)
}
