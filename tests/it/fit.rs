//! Geometry and fit against the reference run; `tests/data/fit/extract.py` wrote `reference.json`.

use camroi::fit::{Fit, Integral, ShareRule, best_fit, roi_share, roi_share_by};
use camroi::geometry::{Affine, BBox, Size};
use camroi::preprocess::{ChannelOrder, Interpolation, NetworkInput, Preprocessing, Resize};
use camroi::saliency::SaliencyMap;
use serde_json::Value;

/// Regions of at least this score count.
const MIN_SCORE: f64 = 0.35;

fn reference() -> Vec<Value> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/fit/reference.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

fn bbox(value: &Value) -> BBox {
    let n = numbers(value);
    BBox::new(n[0] as f32, n[1] as f32, n[2] as f32, n[3] as f32)
}

/// One photo in one mode.
struct Case {
    name: String,
    size: Size,
    map: SaliencyMap,
    view: BBox,
    /// With their scores, best first.
    rois: Vec<(BBox, f64)>,
    expected: Value,
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for photo in reference() {
        for mode in ["A", "B"] {
            let expected = photo[mode].clone();
            cases.push(Case {
                name: format!("photo {} mode {mode}", photo["index"]),
                size: Size::new(photo["size"][0].as_u64().unwrap() as u32, photo["size"][1].as_u64().unwrap() as u32),
                map: SaliencyMap::from_values(7, 7, numbers(&expected["map"]).iter().map(|v| *v as f32).collect()),
                view: bbox(&expected["view"]),
                rois: photo["rois"].as_array().unwrap().iter().map(|r| (bbox(r), r[4].as_f64().unwrap())).collect(),
                expected,
            });
        }
    }
    assert_eq!(cases.len(), 276);
    cases
}

#[test]
fn the_fit_of_every_region_is_that_of_the_reference() {
    for case in cases() {
        for ((roi, _), expected) in case.rois.iter().zip(case.expected["roi_fit"].as_array().unwrap()) {
            let fit = roi_share(&case.map, case.view, *roi).and_then(|share| share.fit);
            match (fit, expected.as_f64()) {
                (Some(fit), Some(expected)) => {
                    assert!((fit - expected).abs() < 1e-5, "{}: {fit} {expected}", case.name)
                }
                (fit, expected) => assert_eq!(fit, expected, "{}", case.name),
            }
        }
    }
}

#[test]
fn the_fit_of_every_photo_is_that_of_the_reference() {
    for case in cases() {
        let counted = case.rois.iter().filter(|(_, score)| *score >= MIN_SCORE);
        let shares: Vec<_> = counted.map(|(roi, _)| roi_share(&case.map, case.view, *roi)).collect();
        let status = case.expected["status"].as_str().unwrap();
        match best_fit(&shares) {
            Fit::Measured { roi, fit, area_share } => {
                assert_eq!(status, "ok", "{}", case.name);
                let expected = |key: &str| case.expected[key].as_f64().unwrap();
                assert!((fit - expected("m_fit")).abs() < 1e-5, "{}", case.name);
                assert!((area_share - expected("area_share")).abs() < 1e-5, "{}", case.name);
                assert!((fit / area_share - expected("lift")).abs() < 1e-4 * expected("lift"), "{}", case.name);
                assert_eq!(Some(roi as u64), case.expected["best_roi"].as_u64(), "{}", case.name);
            }
            Fit::NoRoi | Fit::OutsideView | Fit::Unrelated => assert_eq!(status, "no_roi", "{}", case.name),
            Fit::FlatMap => panic!("{} has a map", case.name),
        }
    }
}

#[test]
fn pixel_sums_are_those_of_the_reference_and_close_to_the_exact_fit() {
    let rule = ShareRule { integral: Integral::Pixels(Size::new(224, 224)), subtract_minimum: false };
    let mut largest = 0f64;
    for case in cases() {
        let input_from_image = Affine::between(case.view, Size::new(224, 224).bounds());
        for ((roi, _), expected) in case.rois.iter().zip(case.expected["roi_fit_px"].as_array().unwrap()) {
            let Some(expected) = expected.as_f64() else { continue };
            let exact = roi_share(&case.map, case.view, *roi).and_then(|share| share.fit).unwrap();
            let pixels = roi_share_by(&case.map, case.view, *roi, rule).and_then(|share| share.fit).unwrap();
            largest = largest.max((exact - pixels).abs());
            // The stored edges are rounded: one that lies on a pixel's centre may count its line of pixels or not.
            let edges = input_from_image.bbox(*roi);
            let on_a_centre =
                [edges.x0, edges.y0, edges.x1, edges.y1].iter().any(|e| (e.fract().abs() - 0.5).abs() < 1e-3);
            let allowed = if on_a_centre { 0.01 } else { 1e-5 };
            assert!((pixels - expected).abs() < allowed, "{}: {pixels} {expected} {edges:?}", case.name);
        }
    }
    assert!((0.003..0.0065).contains(&largest), "the largest difference is {largest}");
}

/// Only the geometry matters: a picture without content.
fn prepared(size: Size, input: u32, resize: Resize) -> NetworkInput {
    let preprocessing = Preprocessing {
        input: Size::new(input, input),
        resize,
        interpolation: Interpolation::Bilinear,
        channels: ChannelOrder::Rgb,
        mean: [0.0; 3],
        std: [1.0; 3],
        scale: 1.0,
    };
    preprocessing.apply(&image::RgbImage::new(size.width, size.height))
}

fn assert_close(got: &[f32], expected: &[f64], relative: f64, name: &str) {
    for (got, expected) in got.iter().zip(expected) {
        assert!((f64::from(*got) - expected).abs() <= relative * expected.abs().max(1.0), "{name}: {got} {expected}");
    }
}

#[test]
fn views_and_placements_are_those_of_the_reference() {
    for case in cases() {
        let resize = if case.name.ends_with('A') { Resize::ShorterSide { size: 256 } } else { Resize::Stretch };
        let input = prepared(case.size, 224, resize);
        let Affine { scale, offset } = input.input_from_image;
        assert_close(&scale, &numbers(&case.expected["scale"]), 1e-6, &case.name);
        assert_close(&[-offset[0], -offset[1]], &numbers(&case.expected["offset"]), 0.0, &case.name);
        let view = [input.view.x0, input.view.y0, input.view.x1, input.view.y1];
        assert_close(&view, &numbers(&case.expected["view"]), 1e-6, &case.name);
    }
    for photo in reference() {
        let size = Size::new(photo["size"][0].as_u64().unwrap() as u32, photo["size"][1].as_u64().unwrap() as u32);
        let input = prepared(size, 416, Resize::Letterbox);
        let Affine { scale, offset } = input.input_from_image;
        let name = format!("photo {} letterboxed", photo["index"]);
        assert_close(&scale, &numbers(&photo["letterbox"]["scale"]), 1e-6, &name);
        assert_close(&offset, &numbers(&photo["letterbox"]["offset"]), 0.0, &name);
        assert_eq!(input.view, size.bounds(), "{name}");
    }
}
