//! Decoding and resizing against Pillow: `tests/data/preprocess/make.py` made the pictures and `pillow.json`.

use std::path::PathBuf;

use camroi::geometry::Size;
use camroi::preprocess::{
    ChannelOrder, DecodeError, Interpolation, MAX_PIXELS, Preprocessing, Resize, decode, decode_reduced,
};
use image::RgbImage;
use proptest::prelude::*;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

fn data(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/preprocess").join(name)
}

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(data(name)).unwrap()
}

fn demo_photo(name: &str) -> Vec<u8> {
    std::fs::read(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("assets/demo").join(name)).unwrap()
}

fn pillow() -> Value {
    serde_json::from_slice(&bytes("pillow.json")).unwrap()
}

fn pair(value: &Value) -> (u32, u32) {
    (value[0].as_u64().unwrap() as u32, value[1].as_u64().unwrap() as u32)
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap()).collect()
}

/// The picture that `make.py` computes by the same formula.
fn noise(width: u32, height: u32) -> RgbImage {
    let value = |x: u32, y: u32, c: u32| {
        let n = x * 7919 + y * 104_729 + c * 1_299_709 + 1;
        (n.wrapping_mul(2_654_435_761) >> 24) as u8
    };
    RgbImage::from_fn(width, height, |x, y| image::Rgb([0, 1, 2].map(|c| value(x, y, c))))
}

/// Leaves the values 0..=255 as they are.
fn plain(input: Size, resize: Resize, interpolation: Interpolation) -> Preprocessing {
    Preprocessing {
        input,
        resize,
        interpolation,
        channels: ChannelOrder::Rgb,
        mean: [0.0; 3],
        std: [1.0; 3],
        scale: 1.0,
    }
}

/// Planar numbers back to interleaved bytes.
fn interleaved(values: &[f32]) -> Vec<u8> {
    let plane = values.len() / 3;
    (0..plane).flat_map(|i| [0, 1, 2].map(|c| values[c * plane + i] as u8)).collect()
}

#[test]
fn resized_pictures_are_those_of_pillow_bit_for_bit() {
    for case in pillow()["resized"].as_array().unwrap() {
        let ((w, h), (to_w, to_h)) = (pair(&case["from"]), pair(&case["to"]));
        let filter = match case["filter"].as_str().unwrap() {
            "bilinear" => Interpolation::Bilinear,
            _ => Interpolation::Bicubic,
        };
        let input = plain(Size::new(to_w, to_h), Resize::Stretch, filter).apply(&noise(w, h));
        let hash = Sha256::digest(interleaved(&input.values));
        assert_eq!(hash[..], hex(case["sha256"].as_str().unwrap())[..], "{case}");
    }
}

#[test]
fn every_kind_of_picture_decodes_to_the_pixels_of_pillow() {
    for (name, expected) in pillow()["decoded"].as_object().unwrap() {
        let image = decode(&bytes(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(image.dimensions(), pair(&expected["size"]), "{name}");
        let expected = hex(expected["rgb"].as_str().unwrap());
        let worst = image.as_raw().iter().zip(&expected).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
        // Another decoder rounds in another way, and so do other formulas for CMYK. All else is exact.
        let allowed = match name.as_str() {
            "lossy.webp" | "cmyk.jpg" | "cmyk_plain.jpg" | "ycck.jpg" => 4,
            "cmyk.tif" => 1,
            _ => 0,
        };
        assert!(worst <= allowed, "{name}: off by {worst}");
    }
}

#[test]
fn photos_decode_to_the_pixels_of_pillow_bit_for_bit() {
    for (name, expected) in pillow()["photos"].as_object().unwrap() {
        let hash = Sha256::digest(decode(&demo_photo(name)).unwrap().as_raw());
        assert_eq!(hash[..], hex(expected.as_str().unwrap())[..], "{name}");
    }
}

#[test]
fn a_reduced_photo_shows_the_same_and_keeps_the_pixels_asked_for() {
    let file = demo_photo("bird/owl.jpg");
    let whole = decode(&file).unwrap();
    let shorter = whole.width().min(whole.height());
    for divisor in [1, 2, 4, 8] {
        let (reduced, size) = decode_reduced(&file, shorter / divisor).unwrap();
        assert_eq!((size.width, size.height), whole.dimensions());
        assert_eq!(reduced.width(), whole.width().div_ceil(divisor));
        let mean = |image: &RgbImage| image.as_raw().iter().map(|v| f64::from(*v)).sum::<f64>() / image.len() as f64;
        assert!((mean(&reduced) - mean(&whole)).abs() < 1.0);
    }
    assert_eq!(decode_reduced(&file, shorter + 1).unwrap().0, whole);
}

#[test]
fn a_reduced_photo_is_upright() {
    let (image, size) = decode_reduced(&bytes("exif_6.jpg"), 1).unwrap();
    assert_eq!((size, image.dimensions()), (Size::new(8, 12), (1, 2)));
}

#[test]
fn a_file_cut_anywhere_gives_an_error_or_the_whole_picture() {
    for (name, _) in pillow()["decoded"].as_object().unwrap() {
        let file = bytes(name);
        let whole = decode(&file).unwrap();
        for len in 0..file.len() {
            // What lies behind the last pixels may be missing.
            if let Ok(image) = decode(&file[..len]) {
                assert!(image == whole, "{name} cut to {len} of {} bytes lost pixels", file.len());
            }
        }
    }
}

#[test]
fn half_a_photo_is_cut_off() {
    for name in ["rgb.jpg", "progressive.jpg", "rgb.png", "lossless.webp", "rgb.gif", "rgb.bmp", "rgb.tif"] {
        let file = bytes(name);
        let error = decode(&file[..file.len() * 2 / 3]).unwrap_err();
        assert!(matches!(error, DecodeError::CutOff | DecodeError::Damaged(_)), "{name}: {error}");
    }
}

#[test]
fn a_photo_of_a_camera_cut_anywhere_is_cut_off() {
    for name in ["bird/owl.jpg", "fish/fish1.jpg", "hammer/hammer5.jpg"] {
        let file = demo_photo(name);
        assert!(decode(&file).is_ok());
        for len in (1..file.len()).rev().step_by(file.len() / 97) {
            assert!(
                matches!(decode(&file[..len]), Err(DecodeError::CutOff | DecodeError::UnknownFormat)),
                "{name} {len}"
            );
        }
    }
}

#[test]
fn what_is_no_picture_is_named() {
    assert_eq!(decode(b"").unwrap_err().to_string(), "the file is empty");
    assert!(matches!(decode(b"a text file named .jpg").unwrap_err(), DecodeError::UnknownFormat));
    assert!(matches!(decode(b"\0\0\0\x1cftypavif").unwrap_err(), DecodeError::UnsupportedFormat(_)));
}

/// The rgb.png with another size in its header, and a checksum to match.
fn png_stating(width: u32, height: u32) -> Vec<u8> {
    let mut file = bytes("rgb.png");
    file[16..20].copy_from_slice(&width.to_be_bytes());
    file[20..24].copy_from_slice(&height.to_be_bytes());
    let crc = file[12..29].iter().fold(!0u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |c, _| if c & 1 == 1 { (c >> 1) ^ 0xedb8_8320 } else { c >> 1 })
    });
    file[29..33].copy_from_slice(&(!crc).to_be_bytes());
    file
}

#[test]
fn a_picture_of_too_many_pixels_is_refused_before_it_is_decoded() {
    let error = decode(&png_stating(20_000, 20_000)).unwrap_err();
    assert_eq!(error.to_string(), "the picture is too large: 20000 × 20000 pixels, at most 134 million are read");
    assert!(u64::from(20_000u32) * 20_000 > MAX_PIXELS);
}

#[test]
fn a_picture_without_pixels_is_an_error() {
    assert!(decode(&png_stating(0, 8)).is_err());
    let mut jpeg = bytes("rgb.jpg");
    let frame = jpeg.windows(2).position(|w| w == [0xff, 0xc0]).unwrap();
    jpeg[frame + 5..frame + 9].fill(0);
    assert!(decode(&jpeg).is_err());
}

#[test]
fn any_damaged_byte_gives_a_picture_or_an_error() {
    for (name, _) in pillow()["decoded"].as_object().unwrap() {
        let file = bytes(name);
        for at in 0..file.len() {
            let mut damaged = file.clone();
            damaged[at] ^= 0xff;
            // The test is that nothing panics and no memory is asked for without a picture to fill it.
            let result = decode(&damaged);
            assert!(result.map_or(true, |image| u64::from(image.width()) * u64::from(image.height()) <= MAX_PIXELS));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, ..ProptestConfig::default() })]

    /// Several bytes of a file with chroma at half the resolution, of one in several scans or of one with four components:
    /// wrong sizes, samplings, tables and lengths, mostly in the headers.
    #[test]
    fn a_jpeg_damaged_in_several_places_gives_a_picture_or_an_error(
        name in prop::sample::select(vec!["subsampled.jpg", "progressive.jpg", "exif_6.jpg", "grey.jpg", "ycck.jpg"]),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        small in any::<bool>(),
    ) {
        let mut file = bytes(name);
        for (at, value) in damage {
            let at = at.index(file.len());
            file[at] = value;
        }
        let result = if small { decode_reduced(&file, 3).map(|(image, _)| image) } else { decode(&file) };
        prop_assert!(result.map_or(true, |image| u64::from(image.width()) * u64::from(image.height()) <= MAX_PIXELS));
    }
}
