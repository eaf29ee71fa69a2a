//! What the networks are fed with.

use camroi::detector::batch::padded;
use camroi::detector::presets;
use camroi::preprocess::{NetworkInput, Preprocessing};

use super::{Reference, patch};

/// Mean and deviation are rounded to float32, and so is the result.
const TOLERANCE: f32 = 1e-6;

fn prepare(reference: &Reference, key: &str, preprocessing: Preprocessing) -> NetworkInput {
    let input = preprocessing.apply(&reference.scene());
    let padded = padded(&input, 32).unwrap();
    let mut shape = padded.dims().to_vec();
    shape.extend([input.size.height as usize, input.size.width as usize]);
    assert_eq!(shape, reference.numbers(&format!("{key}/input.shape")));
    let values: Vec<f32> = padded.flatten_all().unwrap().to_vec1().unwrap();
    let corner = patch(&values, [shape[2], shape[3]], 3, [0, 0], [8, 8]);
    reference.compare(&format!("{key}/input.corner"), &corner, TOLERANCE);
    input
}

fn torchvision(key: &str, preprocessing: Preprocessing) {
    let reference = Reference::load();
    let input = prepare(&reference, key, preprocessing);
    let [h, w] = [input.size.height as usize, input.size.width as usize];
    let centre = patch(&input.values, [h, w], 3, [h / 2, w / 2], [8, 8]);
    reference.compare(&format!("{key}/input.centre"), &centre, TOLERANCE);
    let end = patch(&input.values, [h, w], 3, [h - 4, w - 4], [4, 4]);
    reference.compare(&format!("{key}/input.end"), &end, TOLERANCE);
}

#[test]
fn torchvision_inputs_agree() {
    torchvision("fasterrcnn_resnet50_fpn/small", presets::torchvision(240, 1333));
    torchvision("fasterrcnn_resnet50_fpn/default", presets::torchvision(800, 1333));
    torchvision("fasterrcnn_mobilenet_v3_large_320_fpn/default", presets::torchvision(320, 640));
    torchvision("ssdlite320_mobilenet_v3_large/default", presets::ssdlite());
}

#[test]
fn detectron2_inputs_agree_to_the_last_bit() {
    let reference = Reference::load();
    for (config, edge) in [("small", 240), ("default", 800)] {
        let key = format!("d2.faster_rcnn_R_50_FPN/{config}");
        let preprocessing = presets::detectron2(edge, false);
        let input = prepare(&reference, &key, preprocessing);
        let [h, w] = [input.size.height as usize, input.size.width as usize];
        for (name, from) in [("corner", [0, 0]), ("centre", [h / 2, w / 2]), ("end", [h - 16, w - 16])] {
            let planar = patch(&input.values, [h, w], 3, from, [16, 16]);
            // Back to the bytes before the mean was subtracted, and interleaved.
            let byte = |i: usize| planar[i % 3 * 256 + i / 3] + preprocessing.mean[i % 3];
            let bytes: Vec<f32> = (0..768).map(|i| byte(i).round()).collect();
            assert_eq!(bytes, reference.values(&format!("{key}/input.resized_{name}_u8")), "{key} {name}");
        }
        let mean = |plane: &[f32]| plane.iter().map(|v| f64::from(*v)).sum::<f64>() / plane.len() as f64;
        let means: Vec<f32> = input.values.chunks_exact(h * w).map(|plane| mean(plane) as f32).collect();
        let means: Vec<f32> = means.iter().zip(preprocessing.mean).map(|(m, added)| m + added).collect();
        reference.compare(&format!("{key}/input.resized_mean"), &means, 1e-6);
    }
}
