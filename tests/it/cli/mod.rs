//! The program as a script uses it, on a few of the demo photos.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use tempfile::TempDir;

/// Files that are no photos, and projects that are none.
mod bad;
/// Whether maps can be believed.
mod checks;
/// Two runs side by side.
mod compare;
/// Disks that are full, files that are there already.
mod files;
/// Other measures than the fit.
mod measures;
/// Settings of methods, and several layers.
mod methods;
/// One's own networks.
pub(crate) mod models;
/// Whose regions count.
mod regions;
/// Killed and interrupted runs.
mod resume;

/// Eight photos of three classes.
const PHOTOS: &[&str] = &[
    "bird/duck.jpg",
    "bird/owl.jpg",
    "bird/toucan.jpg",
    "dam/dam1.jpg",
    "dam/dam2.jpg",
    "hammer/hammer1.jpg",
    "hammer/hammer2.jpg",
    "hammer/hammer3.jpg",
];

/// The classes of ImageNet that the labels stand for.
const GROUPS: &str = r#"{"groups": {"bird": [[7, 24], [80, 100], [127, 146]], "dam": [525], "hammer": [587]}}"#;

fn demo_photo(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/demo").join(name)
}

/// A folder that lives as long as the test, with the data set in `photos`.
pub(crate) fn data_set() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for photo in PHOTOS {
        add(&dir, photo, photo);
    }
    fs::write(dir.path().join("photos/groups.json"), GROUPS).unwrap();
    dir
}

fn add(dir: &TempDir, photo: &str, place: &str) {
    let place = dir.path().join("photos").join(place);
    fs::create_dir_all(place.parent().unwrap()).unwrap();
    fs::copy(demo_photo(photo), place).unwrap();
}

fn command(dir: &TempDir, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_camroi"));
    command.current_dir(dir.path()).args(arguments).stdin(Stdio::null());
    for name in ["DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET"] {
        command.env_remove(name);
    }
    command.env("XDG_DATA_HOME", dir.path().join("data"));
    command.env("CAMROI_MODELS", dir.path().join("models"));
    command
}

/// What a command left behind.
struct Done {
    code: Option<i32>,
    out: String,
    err: String,
}

impl From<Output> for Done {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }
}

fn camroi(dir: &TempDir, arguments: &[&str]) -> Done {
    command(dir, arguments).output().unwrap().into()
}

/// Runs a command that has to succeed.
fn succeed(dir: &TempDir, arguments: &[&str]) -> Done {
    let done = camroi(dir, arguments);
    assert_eq!(done.code, Some(0), "{arguments:?}: {}", done.err);
    done
}

fn export(dir: &TempDir, file: &str) -> String {
    succeed(dir, &["export", file, "--format", "jsonl", "--saliency"]).out
}

/// The export of an undisturbed run over the data set.
fn reference() -> &'static str {
    static REFERENCE: OnceLock<String> = OnceLock::new();
    REFERENCE.get_or_init(|| {
        let dir = data_set();
        succeed(&dir, &["analyze", "photos"]);
        export(&dir, "photos.camroi")
    })
}

fn objects(lines: &str) -> Vec<serde_json::Value> {
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_run_prints_its_classes_and_keeps_its_project() {
    let dir = data_set();
    let done = succeed(&dir, &["analyze", "photos"]);
    assert!(done.err.contains("8 photos, 8 to analyse"), "{}", done.err);
    assert!(done.err.contains("saved in photos.camroi"), "{}", done.err);
    for class in ["bird", "dam", "hammer", "all"] {
        assert!(done.out.lines().any(|l| l.starts_with(class)), "{class} in {}", done.out);
    }
    let samples = objects(&export(&dir, "photos.camroi"));
    assert_eq!(samples.iter().map(|s| s["path"].as_str().unwrap()).collect::<Vec<_>>(), PHOTOS);
    assert!(samples.iter().all(|s| s["label"].as_str().is_some_and(|l| PHOTOS.iter().any(|p| p.starts_with(l)))));
    assert!(samples.iter().filter(|s| s["correct"] == true).count() >= 7);

    let classes = succeed(&dir, &["classes", "photos.camroi", "--format", "csv", "--sort", "class"]).out;
    let rows: Vec<_> = classes.lines().map(|l| l.split(',').collect::<Vec<_>>()).collect();
    assert_eq!(rows.iter().map(|r| r[0]).collect::<Vec<_>>(), ["class", "bird", "dam", "hammer"]);
    assert_eq!(rows.iter().skip(1).map(|r| r[1]).collect::<Vec<_>>(), ["3", "2", "3"]);
    let fits: Vec<f64> = samples.iter().filter(|s| s["label"] == "bird").filter_map(|s| s["fit"].as_f64()).collect();
    let mean = fits.iter().sum::<f64>() / fits.len() as f64;
    assert!((rows[1][4].parse::<f64>().unwrap() - mean).abs() < 1e-12);
}

#[test]
fn the_demo_shows_its_classes_and_does_without_a_display() {
    let dir = tempfile::tempdir().unwrap();
    let done = succeed(&dir, &["demo", "--out", "demo.camroi"]);
    assert!(done.err.contains("87 photos, 87 to analyse"), "{}", done.err);
    assert_eq!(done.err.lines().filter(|l| l.starts_with("no window: ")).count(), 1, "{}", done.err);
    let fits: Vec<f64> = succeed(&dir, &["classes", "demo.camroi", "--format", "csv"])
        .out
        .lines()
        .skip(1)
        .map(|line| line.split(',').nth(4).unwrap().parse().unwrap())
        .collect();
    assert_eq!(fits.len(), 10);
    assert!(fits.is_sorted(), "{fits:?}");
    assert!(done.out.contains("dam: an object was found in"), "{}", done.out);
}

#[test]
fn what_is_known_is_not_computed_again() {
    let dir = data_set();
    succeed(&dir, &["analyze", "photos", "--out", "a.camroi"]);
    let again = succeed(&dir, &["analyze", "photos", "--out", "a.camroi"]);
    assert!(again.err.contains("8 photos, 0 to analyse"), "{}", again.err);
    let threshold = succeed(&dir, &["analyze", "photos", "--out", "a.camroi", "--roi-score", "0.5"]);
    assert!(threshold.err.contains("8 photos, 0 to analyse"), "{}", threshold.err);
    add(&dir, "dam/dam3.jpg", "dam/dam3.jpg");
    let added = succeed(&dir, &["analyze", "photos", "--out", "a.camroi"]);
    assert!(added.err.contains("9 photos, 1 to analyse"), "{}", added.err);
    let resumed = succeed(&dir, &["analyze", "a.camroi"]);
    assert!(resumed.err.contains("9 photos, 0 to analyse"), "{}", resumed.err);
    let limited = succeed(&dir, &["analyze", "photos", "--out", "a.camroi", "--limit-per-class", "1"]);
    assert!(limited.err.contains("3 photos, 0 to analyse"), "{}", limited.err);
    assert_eq!(export(&dir, "a.camroi").lines().count(), 3);
}

#[test]
fn batch_size_and_threads_change_no_byte() {
    let dir = data_set();
    for (batch, threads) in [("1", "1"), ("3", "2"), ("16", "4")] {
        let file = format!("{batch}.camroi");
        succeed(&dir, &["analyze", "photos", "--out", &file, "--batch", batch, "--threads", threads]);
        assert_eq!(export(&dir, &file), reference(), "batches of {batch} on {threads} threads");
    }
}

#[test]
fn a_region_needs_a_detector_and_its_score() {
    let dir = data_set();
    let regions = |flags: &[&str]| {
        let mut arguments = vec!["analyze", "photos", "--out", "a.camroi"];
        arguments.extend(flags);
        succeed(&dir, &arguments);
        let samples = objects(&export(&dir, "a.camroi"));
        samples.iter().map(|s| s["rois"].as_array().unwrap().len()).sum::<usize>()
    };
    let usual = regions(&[]);
    assert!(regions(&["--roi-score", "0.1"]) > usual);
    assert!(regions(&["--roi-score", "0.6"]) < usual);
    assert_eq!(regions(&["--rois", "none"]), 0);
}

#[test]
fn photos_without_folders_are_counted_under_the_predicted_class() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["hammer1.jpg", "hammer2.jpg"] {
        add(&dir, &format!("hammer/{name}"), name);
    }
    succeed(&dir, &["analyze", "photos"]);
    let samples = objects(&export(&dir, "photos.camroi"));
    assert!(samples.iter().all(|s| s["label"].is_null() && s["correct"].is_null()));
    let classes = succeed(&dir, &["classes", "photos.camroi", "--format", "json"]).out;
    let classes: serde_json::Value = serde_json::from_str(&classes).unwrap();
    let names: Vec<_> = classes.as_array().unwrap().iter().map(|c| c["class"].as_str().unwrap()).collect();
    assert!(names.contains(&"hammer"), "{names:?}");
    assert!(classes[0]["accuracy"].is_null());
}

#[test]
fn overlays_are_drawn_for_photos_and_projects_and_overwrite_nothing() {
    let dir = data_set();
    succeed(&dir, &["analyze", "photos", "--limit-per-class", "1"]);
    let done = succeed(&dir, &["overlay", "photos.camroi", "--class", "dam", "--out", "pictures"]);
    assert_eq!(done.out.trim(), "pictures/dam/dam1.jpg.png");
    let of_project = image::open(dir.path().join("pictures/dam/dam1.jpg.png")).unwrap().into_rgb8();
    let photo = image::open(demo_photo("dam/dam1.jpg")).unwrap().into_rgb8();
    assert_eq!(of_project.dimensions(), photo.dimensions());
    assert_ne!(of_project, photo);
    succeed(&dir, &["overlay", "photos/dam/dam1.jpg", "--out", "single"]);
    let single = image::open(dir.path().join("single/dam1.jpg.png")).unwrap().into_rgb8();
    assert!(single == of_project, "one photo and the project give the same picture");
    let again = camroi(&dir, &["overlay", "photos.camroi", "--class", "dam", "--out", "pictures"]);
    assert_eq!(again.code, Some(2));
}

#[test]
fn an_overlay_draws_contours_and_masks_out_from_a_threshold_on() {
    let dir = data_set();
    succeed(&dir, &["analyze", "photos", "--limit-per-class", "1"]);
    let draw = |out: &str, flags: &[&str]| {
        succeed(&dir, &[&["overlay", "photos.camroi", "--class", "dam", "--out", out], flags].concat());
        image::open(dir.path().join(out).join("dam/dam1.jpg.png")).unwrap().into_rgb8()
    };
    let colours = draw("colours", &[]);
    let pictures = [
        draw("grid", &["--grid"]),
        draw("contours", &["--rendering", "contours"]),
        draw("masked", &["--rendering", "masked-out"]),
    ];
    assert!(pictures.iter().all(|picture| *picture != colours));
    // The higher the threshold, the less of the photo is left.
    let dark = |threshold: &str| {
        let flags = ["--rendering", "masked-out", "--opacity", "1", "--threshold", threshold];
        draw(&format!("dark{threshold}"), &flags).pixels().filter(|p| p.0 == [0; 3]).count()
    };
    let counts = ["0.2", "0.5", "0.9"].map(dark);
    assert!(counts[0] < counts[1] && counts[1] < counts[2], "{counts:?}");
    let wrong = camroi(&dir, &["overlay", "photos.camroi", "--out", "x", "--threshold", "30"]);
    assert_eq!(wrong.code, Some(2));
}

#[test]
fn a_sheet_shows_the_photos_of_a_class() {
    let dir = data_set();
    succeed(&dir, &["analyze", "photos"]);
    let sheet = |name: &str, flags: &[&str]| {
        let mut arguments = vec!["sheet", "photos.camroi", "--class", "hammer", "--max-size", "120", "--out", name];
        arguments.extend(flags);
        succeed(&dir, &arguments);
        image::open(dir.path().join(name)).unwrap().into_rgb8()
    };
    let (whole, narrow, plain) =
        (sheet("whole.png", &[]), sheet("narrow.png", &["--columns", "1"]), sheet("plain.png", &["--plain"]));
    assert!(whole.width() > 3 * 120 && narrow.width() < 2 * 120 && narrow.height() > 3 * 120);
    assert_eq!(plain.dimensions(), whole.dimensions());
    assert_ne!(plain, whole, "the heat maps are left out");
    assert!(sheet("two.png", &["--limit", "2"]).width() < whole.width());
    let unknown = camroi(&dir, &["sheet", "photos.camroi", "--class", "wolf", "--out", "wolf.png"]);
    assert_eq!(unknown.code, Some(2));
    assert!(unknown.err.contains("no class wolf") && !dir.path().join("wolf.png").exists(), "{}", unknown.err);
}

#[test]
fn tables_and_samples_are_written_as_parquet_files() {
    let dir = data_set();
    succeed(&dir, &["analyze", "photos", "--limit-per-class", "1"]);
    for arguments in [
        &["classes", "photos.camroi", "--format", "parquet", "--out", "classes.parquet"][..],
        &["export", "photos.camroi", "--format", "parquet", "--saliency", "--out", "samples.parquet"],
    ] {
        succeed(&dir, arguments);
        let written = fs::read(dir.path().join(arguments.last().unwrap())).unwrap();
        assert!(written.starts_with(b"PAR1") && written.ends_with(b"PAR1"), "{arguments:?}");
        assert_eq!(camroi(&dir, arguments).code, Some(2), "nothing is overwritten");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let dir = data_set();
    succeed(&dir, &["analyze", "photos", "--limit-per-class", "1"]);
    for arguments in [
        &["export", "photos.camroi", "--format", "csv"][..],
        &["export", "photos.camroi", "--format", "parquet"],
        &["classes", "photos.camroi"],
        &["--help"],
    ] {
        let mut child = command(&dir, arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let done = Done::from(child.wait_with_output().unwrap());
        assert_eq!((done.code, done.err.as_str()), (Some(0), ""), "{arguments:?}");
    }
}

#[test]
fn the_bench_names_its_times() {
    let dir = tempfile::tempdir().unwrap();
    let done = succeed(&dir, &["bench", "--images", "2", "--batch", "2", "--format", "json"]);
    let times: serde_json::Value = serde_json::from_str(&done.out).unwrap();
    for key in ["decode_ms", "resize_ms", "classifier_forward_ms", "saliency_ms", "detector_ms", "pipeline_ms"] {
        assert!(times[key].as_f64().is_some_and(|ms| ms > 0.0), "{key} in {}", done.out);
    }
    assert!(times["reading_share"].as_f64().is_some_and(|share| share > 0.0 && share < 1.0), "{}", done.out);
}

#[test]
fn without_a_display_the_window_is_refused_in_one_line() {
    let dir = tempfile::tempdir().unwrap();
    let done = camroi(&dir, &[]);
    assert_eq!(done.code, Some(2));
    assert_eq!(done.err.lines().count(), 1, "{}", done.err);
    assert!(done.err.contains("camroi --help"), "{}", done.err);
}

#[test]
fn models_are_listed_and_shown() {
    let dir = tempfile::tempdir().unwrap();
    let list = succeed(&dir, &["models"]).out;
    assert!(list.contains("efficientnet-lite0") && list.contains("nanodet-g-416"), "{list}");
    let card = succeed(&dir, &["models", "show", "nanodet-g-416"]).out;
    assert!(card.contains("416 × 416"), "{card}");
    assert_eq!(camroi(&dir, &["models", "show", "nothing"]).code, Some(2));
}
