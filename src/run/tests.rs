//! Facts about the loop, with networks that only count and average.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;

use image::{Rgb, RgbImage};
use tempfile::TempDir;

use super::*;
use crate::analysis::Prediction;
use crate::dataset::{ClassId, Sample};
use crate::geometry::BBox;
use crate::preprocess::{ChannelOrder, Interpolation, Preprocessing, Resize};
use crate::saliency::SaliencyMap;
use crate::store::{NetworkInfo, SampleResult};

type Check = anyhow::Result<()>;

/// Counts how many images each network saw; classes are dark and bright.
#[derive(Default)]
struct Averages {
    explained: Mutex<Vec<usize>>,
    detected: Mutex<Vec<usize>>,
    fails: bool,
    panics: bool,
    /// After ten images it waits until this run is cancelled.
    hangs: Option<Control>,
}

impl Averages {
    fn seen(&self) -> (usize, usize) {
        let sum = |batches: &Mutex<Vec<usize>>| batches.lock().expect("no test panics inside").iter().sum();
        (sum(&self.explained), sum(&self.detected))
    }

    fn input(image: &RgbImage) -> NetworkInput {
        let preprocessing = Preprocessing {
            input: Size::new(4, 4),
            resize: Resize::Stretch,
            interpolation: Interpolation::Bilinear,
            channels: ChannelOrder::Rgb,
            mean: [0.0; 3],
            std: [1.0; 3],
            scale: 1.0 / 255.0,
        };
        preprocessing.apply(image)
    }
}

impl Networks for Averages {
    fn classifier_input(&self, image: &RgbImage) -> NetworkInput {
        Self::input(image)
    }

    fn detector_input(&self, image: &RgbImage) -> Option<NetworkInput> {
        Some(Self::input(image))
    }

    fn explain(
        &self,
        inputs: &[NetworkInput],
        sizes: &[Size],
        targets: &[Target<'_>],
        _cancelled: &dyn Fn() -> bool,
    ) -> Result<Vec<Explanation>> {
        ensure!(!self.fails, "out of memory");
        assert!(!self.panics, "a bug");
        self.explained.lock().expect("no test panics inside").push(inputs.len());
        while self.hangs.as_ref().is_some_and(|control| self.seen().0 > 10 && !control.is_cancelled()) {
            std::thread::sleep(Duration::from_millis(1));
        }
        let explain = |((input, size), target): ((&NetworkInput, &Size), &Target<'_>)| {
            let bright = input.values.iter().sum::<f32>() / input.values.len() as f32;
            let mut top = vec![
                Prediction { class: ClassId(0), probability: 1.0 - bright },
                Prediction { class: ClassId(1), probability: bright },
            ];
            top.sort_by(|a, b| b.probability.total_cmp(&a.probability));
            let target = match target {
                Target::Predicted => top[0].class,
                Target::BestOf(classes) => classes[0],
            };
            let map = SaliencyMap::from_values(4, 4, input.values[..16].to_vec());
            Explanation { image: *size, view: input.view, top, target, map }
        };
        Ok(inputs.iter().zip(sizes).zip(targets).map(explain).collect())
    }

    fn detect(&self, inputs: &[NetworkInput], sizes: &[Size]) -> Result<Vec<Vec<Detection>>> {
        self.detected.lock().expect("no test panics inside").push(inputs.len());
        let detect = |(_, size): (&NetworkInput, &Size)| {
            let bbox = BBox::new(0.0, 0.0, size.width as f32 / 2.0, size.height as f32);
            vec![Detection { bbox, score: 0.4, class: 0, name: "left half".into(), mask: None }]
        };
        Ok(inputs.iter().zip(sizes).map(detect).collect())
    }
}

fn settings() -> RunSettings {
    let network = |name: &str, classes: &[&str]| NetworkInfo {
        name: name.into(),
        key: name.into(),
        class_names: classes.iter().map(|c| (*c).to_owned()).collect(),
    };
    RunSettings {
        classifier: network("averages", &["dark", "bright"]),
        layer: "all".into(),
        method: "none".into(),
        target: TargetRule::Predicted,
        detector: Some(network("halves", &["left half"])),
        roi_min_score: 0.35,
        hits: BTreeMap::from([("dark".to_owned(), vec![ClassId(0)]), ("bright".to_owned(), vec![ClassId(1)])]),
    }
}

fn paint(path: &Path, seed: u8) -> Check {
    std::fs::create_dir_all(path.parent().expect("in a folder"))?;
    let pixel = |x, y| Rgb([seed.wrapping_mul(37), (x * 9 + u32::from(seed)) as u8, (y * 11) as u8]);
    RgbImage::from_fn(20, 15, pixel).save(path)?;
    Ok(())
}

/// `n` pictures in two classes.
fn photos(n: u8) -> anyhow::Result<(TempDir, Dataset)> {
    let dir = tempfile::tempdir()?;
    let mut samples = Vec::new();
    for i in 0..n {
        let label = if i % 2 == 0 { "bright" } else { "dark" };
        samples.push(Sample { path: format!("{label}/{i:03}.png"), label: Some(label.into()) });
        paint(&dir.path().join(&samples[usize::from(i)].path), i)?;
    }
    samples.sort_by(|a, b| a.path.cmp(&b.path));
    let root = dir.path().to_owned();
    Ok((dir, Dataset { root, samples, groups: None, unlisted: Vec::new() }))
}

fn division(batch: usize, threads: usize) -> Division {
    let number = |n| NonZeroUsize::new(n).expect("not zero");
    Division { batch: number(batch), readers: number(threads), workers: number(threads) }
}

fn open(dataset: &Dataset) -> anyhow::Result<Store> {
    Ok(Store::open_or_create(&dataset.root.join("project.camroi"), &dataset.root)?)
}

/// Runs to the end and returns the events.
fn finish(store: &mut Store, dataset: &Dataset, settings: &RunSettings, networks: &Averages) -> Result<Vec<RunEvent>> {
    let mut events = Vec::new();
    let job = Job { dataset, settings, networks, division: division(4, 2) };
    run(store, &job, &Control::default(), &mut |event| events.push(event))?;
    Ok(events)
}

fn results(store: &Store, run: RunId) -> Result<Vec<SampleResult>> {
    let mut results = Vec::new();
    store.for_each_result(run, |r| {
        results.push(r);
        anyhow::Ok(())
    })?;
    Ok(results)
}

#[test]
fn every_sample_is_analysed_once_and_told_once() -> Check {
    let (_dir, dataset) = photos(25)?;
    let (mut store, networks) = (open(&dataset)?, Averages::default());
    let events = finish(&mut store, &dataset, &settings(), &networks)?;
    let RunEvent::Started { run, total: 25, done: 0 } = events[0] else { panic!("{:?}", events[0]) };
    let mut told: Vec<_> =
        events.iter().filter_map(|e| if let RunEvent::Sample(s) = e { Some(s) } else { None }).collect();
    told.sort_by(|a, b| a.path.cmp(&b.path));
    assert_eq!(told.into_iter().cloned().collect::<Vec<_>>(), store.scores(run)?);
    let Some(RunEvent::Finished(Finished { total: 25, pending: 0, failed: 0, .. })) = events.last() else {
        panic!("{:?}", events.last())
    };
    assert_eq!(networks.seen(), (25, 25));

    let again = finish(&mut store, &dataset, &settings(), &networks)?;
    assert_eq!(again[0], RunEvent::Started { run, total: 25, done: 25 });
    assert_eq!(again.len(), 2);
    assert_eq!(networks.seen(), (25, 25));
    Ok(())
}

#[test]
fn batch_size_and_threads_change_nothing() -> Check {
    let (_dir, dataset) = photos(23)?;
    let mut all = Vec::new();
    for (batch, threads) in [(1, 1), (5, 2), (64, 4)] {
        let path = dataset.root.join(format!("{batch}.camroi"));
        let mut store = Store::create(&path, &dataset.root)?;
        let (settings, networks) = (settings(), Averages::default());
        let job =
            Job { dataset: &dataset, settings: &settings, networks: &networks, division: division(batch, threads) };
        let finished = run(&mut store, &job, &Control::default(), &mut |_| {})?;
        assert!(networks.explained.lock().expect("no test panics inside").iter().all(|n| *n <= batch));
        all.push(results(&store, finished.run)?);
    }
    assert_eq!(all[0].len(), 23);
    assert_eq!(all[0], all[1]);
    assert_eq!(all[0], all[2]);
    Ok(())
}

#[test]
fn new_settings_compute_only_the_half_that_depends_on_them() -> Check {
    let (_dir, dataset) = photos(6)?;
    let (mut store, networks) = (open(&dataset)?, Averages::default());
    finish(&mut store, &dataset, &settings(), &networks)?;
    finish(&mut store, &dataset, &RunSettings { roi_min_score: 0.5, ..settings() }, &networks)?;
    assert_eq!(networks.seen(), (6, 6), "another score for regions");
    let mut other = settings();
    other.classifier.key = "another".into();
    finish(&mut store, &dataset, &other, &networks)?;
    assert_eq!(networks.seen(), (12, 6), "another classifier");
    finish(&mut store, &dataset, &RunSettings { target: TargetRule::Labelled, ..settings() }, &networks)?;
    assert_eq!(networks.seen(), (18, 6), "another target");
    finish(&mut store, &dataset, &RunSettings { detector: None, ..settings() }, &networks)?;
    assert_eq!(networks.seen(), (18, 6), "no detector");
    Ok(())
}

#[test]
fn annotations_tell_their_progress_are_taken_out_again_and_cancelled_ones_change_nothing() -> Check {
    let (dir, dataset) = photos(2)?;
    let mut store = open(&dataset)?;
    finish(&mut store, &dataset, &settings(), &Averages::default())?;
    let file = dir.path().join("marked.json");
    let coco = r#"{"images": [{"id": 1, "file_name": "dark/001.png"}, {"id": 2, "file_name": "bright/000.png"}],
        "categories": [{"id": 1, "name": "left"}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [0, 0, 9, 9]}]}"#;
    std::fs::write(&file, coco)?;
    let cancelled = Control::default();
    cancelled.cancel();
    assert!(annotate(&mut store, &file, &cancelled, &|_, _| {}).is_err());
    assert_eq!(store.annotation_files()?, []);

    let told = Mutex::new(Vec::new());
    let note = |done, total| told.lock().expect("no test panics inside").push((done, total));
    let annotated = annotate(&mut store, &file, &Control::default(), &note)?;
    assert_eq!((annotated.samples, annotated.regions, annotated.without), (2, 1, 0));
    let mut told = told.into_inner()?;
    told.sort_unstable();
    assert_eq!(told, [(1, 2), (2, 2)]);
    let name = file.canonicalize()?.display().to_string();
    assert_eq!(store.annotation_files()?, [(name.clone(), 2)]);
    store.remove_annotated(&name)?;
    assert_eq!(store.annotation_files()?, []);
    Ok(())
}

#[test]
fn only_new_and_edited_images_are_analysed() -> Check {
    let (_dir, mut dataset) = photos(6)?;
    let (mut store, networks) = (open(&dataset)?, Averages::default());
    finish(&mut store, &dataset, &settings(), &networks)?;

    paint(&dataset.root.join("dark/new.png"), 99)?;
    dataset.samples.push(Sample { path: "dark/new.png".into(), label: Some("dark".into()) });
    finish(&mut store, &dataset, &settings(), &networks)?;
    assert_eq!(networks.seen(), (7, 7));

    let touched = std::fs::File::options().append(true).open(dataset.root.join("dark/001.png"))?;
    touched.set_modified(std::time::SystemTime::now() + Duration::from_secs(10))?;
    let events = finish(&mut store, &dataset, &settings(), &networks)?;
    assert_eq!(events.len(), 3, "the touched file is read again");
    assert_eq!(networks.seen(), (7, 7), "but has the same content");

    paint(&dataset.root.join("dark/001.png"), 98)?;
    finish(&mut store, &dataset, &settings(), &networks)?;
    assert_eq!(networks.seen(), (8, 8));

    dataset.samples.remove(0);
    let events = finish(&mut store, &dataset, &settings(), &networks)?;
    let RunEvent::Started { run, total: 6, done: 6 } = events[0] else { panic!("{:?}", events[0]) };
    assert_eq!(store.scores(run)?.len(), 6);
    Ok(())
}

#[test]
fn bad_files_are_failures_and_the_others_are_analysed() -> Check {
    let (_dir, mut dataset) = photos(4)?;
    let mut add = |name: &str| {
        dataset.samples.push(Sample { path: format!("dark/{name}"), label: Some("dark".into()) });
        dataset.root.join("dark").join(name)
    };
    std::fs::write(add("empty.png"), b"")?;
    std::fs::write(add("text.png"), b"not a picture at all")?;
    std::fs::create_dir(add("folder.png"))?;
    add("missing.png");
    let (mut store, networks) = (open(&dataset)?, Averages::default());
    let events = finish(&mut store, &dataset, &settings(), &networks)?;
    let Some(RunEvent::Finished(Finished { run, total: 8, pending: 0, failed: 4, .. })) = events.last() else {
        panic!("{:?}", events.last())
    };
    let failures = store.failures(*run)?;
    let paths: Vec<_> = failures.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(paths, ["dark/empty.png", "dark/folder.png", "dark/missing.png", "dark/text.png"]);
    assert_eq!(failures[1].1, "not a file");
    assert_eq!(networks.seen(), (4, 4));
    Ok(())
}

#[test]
fn a_cancelled_run_stops_soon_and_goes_on_later() -> Check {
    let (_dir, dataset) = photos(60)?;
    let (mut store, control) = (open(&dataset)?, Control::default());
    let networks = Averages { hangs: Some(control.clone()), ..Averages::default() };
    let (settings, mut told) = (settings(), 0);
    let job = Job { dataset: &dataset, settings: &settings, networks: &networks, division: division(1, 1) };
    let finished = run(&mut store, &job, &control, &mut |event| {
        if matches!(event, RunEvent::Sample(_)) {
            told += 1;
            control.cancel();
        }
    })?;
    assert!(control.is_cancelled());
    assert_eq!(finished.pending, 60 - told);
    assert!(finished.pending > 0, "it was far from the end");
    let events = finish(&mut store, &dataset, &settings, &networks)?;
    assert_eq!(events[0], RunEvent::Started { run: finished.run, total: 60, done: told });
    assert_eq!(store.scores(finished.run)?.len(), 60);
    assert_eq!(networks.seen().0, 60, "nothing is computed twice");
    Ok(())
}

#[test]
fn a_paused_run_waits_until_it_may_go_on() -> Check {
    let (_dir, dataset) = photos(30)?;
    let (mut store, networks, control) = (open(&dataset)?, Averages::default(), Control::default());
    let settings = settings();
    let job = Job { dataset: &dataset, settings: &settings, networks: &networks, division: division(1, 1) };
    control.pause(true);
    assert!(control.is_paused());
    std::thread::scope(|scope| {
        let running = scope.spawn(|| run(&mut store, &job, &control, &mut |_| {}).map(|f| f.pending));
        std::thread::sleep(Duration::from_millis(100));
        assert_eq!(networks.seen().0, 0);
        control.pause(false);
        assert_eq!(running.join().expect("no panic")?, 0);
        anyhow::Ok(())
    })?;
    control.pause(true);
    control.cancel();
    control.pause(false);
    assert!(control.is_cancelled(), "there is no way back");
    Ok(())
}

#[test]
fn a_failing_network_ends_the_run_with_its_error() -> Check {
    let (_dir, dataset) = photos(9)?;
    let mut store = open(&dataset)?;
    let failing = Averages { fails: true, ..Averages::default() };
    let error = finish(&mut store, &dataset, &settings(), &failing).expect_err("it fails");
    assert_eq!(format!("{error:#}"), "out of memory");
    let panicking = Averages { panics: true, ..Averages::default() };
    let error = finish(&mut store, &dataset, &settings(), &panicking).expect_err("it panics");
    assert_eq!(format!("{error:#}"), "internal error: a bug");
    Ok(())
}

#[test]
fn labels_without_a_class_cannot_be_explained() -> Check {
    let (_dir, mut dataset) = photos(2)?;
    let mut store = open(&dataset)?;
    let labelled = RunSettings { target: TargetRule::Labelled, ..settings() };
    dataset.samples[0].label = Some("grey".into());
    let error = finish(&mut store, &dataset, &labelled, &Averages::default()).expect_err("grey is no class");
    assert!(format!("{error:#}").contains("grey"), "{error:#}");
    dataset.samples[0].label = None;
    assert!(finish(&mut store, &dataset, &labelled, &Averages::default()).is_err());
    Ok(())
}
