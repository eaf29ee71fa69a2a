//! `camroi bench`: how fast this machine is.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use serde::Serialize;

use super::args::{BenchArgs, BenchFormatArg};
use super::progress::duration;
use super::{Status, analyze, output};
use crate::analysis::{Models, Target};
use crate::dataset::Dataset;
use crate::geometry::Size;
use crate::preprocess::{NetworkInput, decode};
use crate::report::{Column, table};
use crate::run::{Control, Request, Session};

/// Images that each part alone is measured on, at most.
const IMAGES: usize = 32;
/// For how long a part runs before it is measured: weights are packed, the processor leaves its rest, memory is there.
const WARM_UP: Duration = Duration::from_millis(500);

/// Milliseconds for each image, in the medians over several batches.
#[derive(Serialize)]
struct Timings {
    classifier: String,
    detector: Option<String>,
    device: String,
    batch: usize,
    decode_ms: f64,
    resize_ms: f64,
    classifier_forward_ms: f64,
    saliency_ms: f64,
    detector_ms: Option<f64>,
    pipeline_ms: f64,
    /// The part of the processors' time during the whole pipeline that decoding and resizing take.
    reading_share: f64,
    images_1000_secs: f64,
    images_50000_secs: f64,
}

pub(super) fn bench(args: &BenchArgs) -> Result<Status> {
    let folder = std::env::temp_dir().join(format!("camroi-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    let timings = measure(args, &folder);
    std::fs::remove_dir_all(&folder).with_context(|| format!("cannot remove the folder {}", folder.display()))?;
    let timings = timings?;
    match args.format {
        BenchFormatArg::Json => output::print(&(serde_json::to_string_pretty(&timings)? + "\n"))?,
        BenchFormatArg::Table => output::print(&text(&timings))?,
    }
    Ok(Status::Fine)
}

fn measure(args: &BenchArgs, folder: &Path) -> Result<Timings> {
    let mut request = Request {
        models: args.models.request(),
        batch: args.batch,
        threads: args.threads,
        ..analyze::demo_request(Some(&folder.join("bench.camroi")))?
    };
    if let Some(images) = args.images {
        request.dataset = first_photos(&request.dataset, images, &folder.join("photos"))?;
    }
    let dataset = Dataset::scan(&request.dataset)?;
    let mut session = Session::open(&request)?;
    let division = session.division();
    let parts = measure_parts(session.models(), &dataset, division.batch)?;
    eprintln!("measuring the whole pipeline");
    let finished = session.run(&Control::default(), &mut |_| {})?;
    let pipeline_ms = 1e3 * finished.elapsed.as_secs_f64() / finished.total as f64;
    let models = session.models();
    Ok(Timings {
        classifier: models.classifier.name().to_owned(),
        detector: models.detector.as_ref().map(|d| d.name().to_owned()),
        device: request.models.device.to_string(),
        batch: division.batch.get(),
        decode_ms: parts.decode_ms,
        resize_ms: parts.resize_ms,
        classifier_forward_ms: parts.classifier_forward_ms,
        saliency_ms: parts.saliency_ms,
        detector_ms: parts.detector_ms,
        pipeline_ms,
        reading_share: (parts.decode_ms + parts.resize_ms) / (pipeline_ms * division.processors() as f64),
        images_1000_secs: pipeline_ms,
        images_50000_secs: 50.0 * pipeline_ms,
    })
}

/// A folder with the first photos of another one.
fn first_photos(from: &Path, count: NonZeroUsize, to: &Path) -> Result<PathBuf> {
    let dataset = Dataset::scan(from)?;
    for sample in dataset.samples.iter().take(count.get()) {
        let copy = to.join(&sample.path);
        std::fs::create_dir_all(copy.parent().unwrap_or(to))?;
        std::fs::copy(dataset.path_of(sample), copy)?;
    }
    Ok(to.to_owned())
}

struct Parts {
    decode_ms: f64,
    resize_ms: f64,
    classifier_forward_ms: f64,
    saliency_ms: f64,
    detector_ms: Option<f64>,
}

/// Each part alone, warmed up.
fn measure_parts(models: &Models, dataset: &Dataset, batch: NonZeroUsize) -> Result<Parts> {
    eprintln!("measuring decoding and resizing");
    let (mut images, mut decoding, mut resizing) = (Vec::new(), Vec::new(), Vec::new());
    let (mut inputs, mut detector_inputs) = (Vec::new(), Vec::new());
    for sample in dataset.samples.iter().take(IMAGES) {
        let bytes = std::fs::read(dataset.path_of(sample))?;
        let start = Instant::now();
        let image = decode(&bytes)?;
        decoding.push(1e3 * start.elapsed().as_secs_f64());
        let start = Instant::now();
        inputs.push(models.classifier_input(&image));
        detector_inputs.push(models.detector_input(&image));
        resizing.push(1e3 * start.elapsed().as_secs_f64());
        images.push(image);
    }
    let sizes: Vec<_> = images.iter().map(|i| Size::new(i.width(), i.height())).collect();
    let targets = vec![Target::Predicted; inputs.len()];
    eprintln!("measuring the classifier");
    let classifier_forward_ms = per_image(inputs.len(), batch, |range| {
        models.logits(&inputs[range])?;
        Ok(())
    })?;
    let saliency_ms = per_image(inputs.len(), batch, |range| {
        models.explain(&inputs[range.clone()], &sizes[range.clone()], &targets[range], &|| false)?;
        Ok(())
    })?;
    let detector_inputs: Option<Vec<NetworkInput>> = detector_inputs.into_iter().collect();
    let detector_ms = detector_inputs
        .map(|inputs| {
            eprintln!("measuring the detector");
            per_image(inputs.len(), batch, |range| {
                models.detect(&inputs[range.clone()], &sizes[range])?;
                Ok(())
            })
        })
        .transpose()?;
    Ok(Parts {
        decode_ms: median(decoding),
        resize_ms: median(resizing),
        classifier_forward_ms,
        saliency_ms,
        detector_ms,
    })
}

/// The median over batches of the milliseconds for each image, after [`WARM_UP`] and at least one batch that are not counted.
fn per_image(
    images: usize,
    batch: NonZeroUsize,
    mut compute: impl FnMut(std::ops::Range<usize>) -> Result<()>,
) -> Result<f64> {
    let batch = batch.get().min(images);
    let start = Instant::now();
    while {
        compute(0..batch)?;
        start.elapsed() < WARM_UP
    } {}
    let mut times = Vec::new();
    for start in (0..=images - batch).step_by(batch) {
        let clock = Instant::now();
        compute(start..start + batch)?;
        times.push(1e3 * clock.elapsed().as_secs_f64() / batch as f64);
    }
    Ok(median(times))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => 0.0,
        n if n % 2 == 1 => values[middle],
        _ => (values[middle - 1] + values[middle]) / 2.0,
    }
}

fn text(t: &Timings) -> String {
    let ms = |value: f64| format!("{value:.2}");
    let mut rows = vec![
        vec!["decoding".into(), ms(t.decode_ms)],
        vec!["resizing for the networks".into(), ms(t.resize_ms)],
        vec![format!("{}, forward", t.classifier), ms(t.classifier_forward_ms)],
        vec![format!("{}, forward and saliency", t.classifier), ms(t.saliency_ms)],
    ];
    if let (Some(name), Some(time)) = (&t.detector, t.detector_ms) {
        rows.push(vec![name.clone(), ms(time)]);
    }
    rows.push(vec!["all of it, in parallel, with saving".into(), ms(t.pipeline_ms)]);
    let columns = [Column::Left("part"), Column::Right("ms for each image")];
    format!(
        "device {}, batches of {}\n\n{}\nDecoding and resizing take {:.0}\u{a0}% of the processors' time.\n1000 images take {}, 50 000 take {}\n",
        t.device,
        t.batch,
        table(&columns, &rows),
        100.0 * t.reading_share,
        duration(t.images_1000_secs),
        duration(t.images_50000_secs)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_or_the_mean_of_the_two_middle_ones() {
        assert_eq!((median(vec![3.0, 1.0, 2.0]), median(vec![4.0, 1.0, 2.0, 3.0])), (2.0, 2.5));
    }
}
