//! Seconds that each stage of Detectron2's Faster R-CNN R50-FPN takes on an 800 × 1067 input, with the weights of the tests:
//! `cargo run --release --example detector_speed [RUNS]`, threads by `RAYON_NUM_THREADS`.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement is for people")]

use std::time::Instant;

use camroi::detector::rcnn::{DetectionRules, RcnnNetwork};
use camroi::detector::{batch::padded, presets};
use camroi::geometry::Size;
use candle_core::Device;

#[path = "../tests/it/fill.rs"]
mod fill;

fn main() {
    let runs: usize = std::env::args().nth(1).map_or(5, |n| n.parse().unwrap());
    let weights = fill::weights("detectors/names.json.gz", "d2.faster_rcnn_R_50_FPN");
    let net = RcnnNetwork::new(&weights, 1e-5, &Device::Cpu).unwrap();
    let rules = net.proposal_rules().unwrap();
    let head = net.box_head.as_ref().unwrap();
    let picture = image::RgbImage::from_fn(320, 240, |x, y| image::Rgb([x as u8, y as u8, (x * y % 256) as u8]));
    println!(
        "{:>8} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8}",
        "resize", "trunk", "propose", "pool", "head", "choose", "all"
    );
    for _ in 0..runs {
        let mut times = vec![Instant::now()];
        let input = presets::detectron2(800, false).apply(&picture);
        let tensor = padded(&input, 32).unwrap();
        times.push(Instant::now());
        let trunk = net.trunk(&tensor).unwrap().remove(0);
        times.push(Instant::now());
        let proposals = rules.propose(&trunk, input.size, Size::new(1088, 800));
        times.push(Instant::now());
        let pooled = head.pool(&trunk, &net.pooled_strides, &proposals.boxes);
        times.push(Instant::now());
        let scores = head.scores(pooled).unwrap();
        times.push(Instant::now());
        let found = head.detections(&scores, &proposals.boxes, input.size, DetectionRules::default());
        times.push(Instant::now());
        let stages = times.windows(2).map(|pair| (pair[1] - pair[0]).as_secs_f64());
        let all = (times[6] - times[0]).as_secs_f64();
        let line: Vec<_> = stages.chain([all]).map(|s| format!("{s:>8.3}")).collect();
        println!("{}   {} proposals, {} objects", line.join(" "), proposals.boxes.len(), found.len());
    }
}
