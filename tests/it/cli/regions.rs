//! Regions from elsewhere than a detector, and which of the known ones count.

use std::fs;

use super::{camroi, data_set, objects, succeed};

/// One photo of the data set in each of two formats, one that it lacks, and a broken file.
fn annotations(dir: &tempfile::TempDir) -> &'static str {
    let folder = dir.path().join("marked");
    fs::create_dir_all(folder.join("bird")).unwrap();
    let voc = "<annotation><filename>duck.jpg</filename><object><name>duck</name><bndbox><xmin>1</xmin><ymin>1</ymin>\
        <xmax>100000</xmax><ymax>100000</ymax></bndbox></object></annotation>";
    fs::write(folder.join("bird/duck.xml"), voc).unwrap();
    let coco = r#"{"images": [{"id": 1, "file_name": "bird/owl.jpg"}, {"id": 2, "file_name": "bird/roc.jpg"}],
        "categories": [{"id": 5, "name": "owl"}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 5, "bbox": [0, 0, 2, 2]}]}"#;
    fs::write(folder.join("coco.json"), coco).unwrap();
    fs::write(folder.join("broken.xml"), "<annotation><object>").unwrap();
    "marked"
}

fn sample(dir: &tempfile::TempDir, path: &str, flags: &[&str]) -> serde_json::Value {
    let arguments = [&["export", "photos.camroi", "--format", "jsonl"], flags].concat();
    objects(&succeed(dir, &arguments).out).into_iter().find(|sample| sample["path"] == path).unwrap()
}

#[test]
fn annotations_take_the_place_of_a_detector() {
    let dir = data_set();
    let done = camroi(&dir, &["analyze", "photos", "--rois", annotations(&dir)]);
    assert_eq!(done.code, Some(0), "{}", done.err);
    assert!(done.err.contains("2 annotated regions in 2 photos, 6 photos without"), "{}", done.err);
    assert!(done.err.contains("no such photo: bird/roc.jpg"), "{}", done.err);
    assert!(done.err.contains("broken.xml"), "{}", done.err);
    let duck = sample(&dir, "bird/duck.jpg", &[]);
    // The box is the whole photo.
    assert_eq!((duck["status"].as_str(), duck["fit"].as_f64()), (Some("ok"), Some(1.0)));
    // The pixels in the corner lie outside what the classifier sees.
    assert_eq!(sample(&dir, "bird/owl.jpg", &[])["status"], "outside_view");
    assert_eq!(sample(&dir, "dam/dam1.jpg", &[])["status"], "no_roi");
}

#[test]
fn annotations_count_before_detections_and_either_can_be_chosen() {
    let dir = data_set();
    succeed(&dir, &["analyze", "photos"]);
    let detected = sample(&dir, "bird/duck.jpg", &[]);
    assert_ne!(detected["fit"], 1.0);
    let done = camroi(&dir, &["annotate", "photos.camroi", annotations(&dir)]);
    assert_eq!(done.code, Some(1), "a file was broken: {}", done.err);
    assert_eq!(sample(&dir, "bird/duck.jpg", &[])["fit"], 1.0);
    assert_eq!(sample(&dir, "bird/duck.jpg", &["--roi-source", "detector"])["fit"], detected["fit"]);
    assert_eq!(sample(&dir, "dam/dam1.jpg", &["--roi-source", "annotation"])["status"], "no_roi");
    // Once more changes nothing: the same annotations are replaced.
    camroi(&dir, &["annotate", "photos.camroi", "marked"]);
    let regions = sample(&dir, "bird/duck.jpg", &["--roi-source", "annotation"])["rois"].as_array().unwrap().clone();
    assert_eq!(regions.iter().filter(|roi| roi["source"] == "annotation").count(), 1);
}

#[test]
fn rules_and_scores_act_on_what_is_stored() {
    let dir = data_set();
    succeed(&dir, &["analyze", "photos"]);
    let count = |flags: &[&str]| sample(&dir, "bird/toucan.jpg", flags)["rois"].as_array().unwrap().len();
    assert!(count(&["--roi-score", "0.05"]) > count(&[]));
    assert_eq!(count(&["--roi-score", "1"]), 0);
    let all = sample(&dir, "bird/toucan.jpg", &["--roi-score", "0.05", "--roi-rule", "union"]);
    let best = sample(&dir, "bird/toucan.jpg", &["--roi-score", "0.05"]);
    assert!(all["fit"].as_f64() >= best["fit"].as_f64() && all["area_share"].as_f64() >= best["area_share"].as_f64());
    // COCO has no word for a dam.
    let dam = |path| sample(&dir, path, &["--roi-score", "0.05", "--roi-rule", "class"])["status"].clone();
    assert_eq!(dam("dam/dam1.jpg"), "unrelated");
    let done = succeed(&dir, &["classes", "photos.camroi", "--roi-rule", "class"]);
    assert!(done.err.contains("regions: rule class"), "{}", done.err);
}

#[test]
fn annotations_of_other_photos_are_refused() {
    let dir = data_set();
    fs::write(
        dir.path().join("other.json"),
        r#"[{"image_id": 7, "category_id": 1, "bbox": [0, 0, 2, 2], "score": 1}]"#,
    )
    .unwrap();
    succeed(&dir, &["analyze", "photos", "--rois", "none"]);
    let done = camroi(&dir, &["annotate", "photos.camroi", "other.json"]);
    assert_eq!(done.code, Some(2));
    assert!(done.err.contains("none of the 1 annotated images is a photo of the data set"), "{}", done.err);
    let done = camroi(&dir, &["annotate", "photos.camroi", "missing.json"]);
    assert!(done.code == Some(2) && done.err.contains("cannot read annotations"), "{}", done.err);
}

/// A run of the data set with the annotations of [`annotations`] added.
fn annotated_run(dir: &tempfile::TempDir) {
    succeed(dir, &["analyze", "photos"]);
    camroi(dir, &["annotate", "photos.camroi", annotations(dir)]);
}

#[test]
fn one_run_is_compared_with_itself_under_other_regions() {
    let dir = data_set();
    annotated_run(&dir);
    let compare = ["compare", "photos.camroi", "--roi-source", "detector", "--against", "annotation"];
    let text = succeed(&dir, &compare).out;
    let mut lines = text.lines();
    assert!(lines.next().unwrap().ends_with("source detector, rule best"), "{text}");
    assert!(lines.next().unwrap().ends_with("source annotation, rule best"), "{text}");

    let json = succeed(&dir, &[&compare[..], &["--format", "json", "--sort", "fit-both", "--reverse"]].concat()).out;
    let classes: serde_json::Value = serde_json::from_str(&json).unwrap();
    let bird = &classes[0];
    let birds: Vec<_> = ["bird/duck.jpg", "bird/owl.jpg", "bird/toucan.jpg"]
        .map(|path| sample(&dir, path, &["--roi-source", "detector"])["fit"].as_f64().unwrap())
        .into();
    // The duck's box is the whole photo; the owl's lies outside the view, and the toucan has none.
    let count = |name: &str| bird[name].as_u64().unwrap();
    assert_eq!((bird["class"].as_str(), count("common")), (Some("bird"), 3));
    assert_eq!((count("fit_n"), count("fit_only_first"), count("fit_only_second")), (1, 2, 0));
    assert_eq!((bird["fit_first"].as_f64(), bird["fit_second"].as_f64()), (Some(birds[0]), Some(1.0)));
    assert_eq!(bird["fit_difference"].as_f64(), Some(1.0 - birds[0]));
    assert_eq!(bird["accuracy_difference"].as_f64(), Some(0.0));
}

#[test]
fn thresholds_and_rules_can_be_compared_too_and_a_wrong_word_is_named() {
    let dir = data_set();
    annotated_run(&dir);
    let rows = |flags: &[&str]| {
        let arguments = [&["compare", "photos.camroi", "--format", "json"], flags].concat();
        let value: serde_json::Value = serde_json::from_str(&succeed(&dir, &arguments).out).unwrap();
        value.as_array().unwrap().clone()
    };
    let union = rows(&["--roi-source", "detector", "--against", "rule=union,score=0.1"]);
    assert!(union.iter().all(|row| row["fit_difference"].as_f64().is_none_or(|d| d >= 0.0)), "{union:?}");
    assert!(union.iter().any(|row| row["fit_difference"].as_f64().is_some_and(|d| d > 0.0)), "{union:?}");
    let none = rows(&["--roi-score", "1", "--roi-source", "detector", "--against", "score=run"]);
    assert!(none.iter().all(|row| row["fit_n"] == 0) && none.iter().any(|row| row["fit_only_second"] != 0), "{none:?}");
    let same = camroi(&dir, &["compare", "photos.camroi", "--against", "best-known"]);
    assert!(same.code == Some(2) && same.err.contains("one run with the same regions"), "{}", same.err);
    let wrong = camroi(&dir, &["compare", "photos.camroi", "--against", "annotations"]);
    assert!(wrong.code == Some(2) && wrong.err.contains("expected one of best-known, detector"), "{}", wrong.err);
}

#[test]
fn the_class_table_says_whose_regions_its_fits_are_of_where_there_are_several() {
    let dir = data_set();
    succeed(&dir, &["analyze", "photos"]);
    assert!(!succeed(&dir, &["classes", "photos.camroi"]).out.contains("fits from"));
    camroi(&dir, &["annotate", "photos.camroi", annotations(&dir)]);
    let table = succeed(&dir, &["classes", "photos.camroi", "--sort", "sources", "--reverse"]).out;
    // The duck's fit is of its annotated box and the toucan's of a detected one; the owl's box lies outside the view.
    let bird = table.lines().nth(1).unwrap();
    assert!(bird.starts_with("bird") && bird.contains("1\u{a0}detected, 1\u{a0}annotated"), "{table}");
    let json = succeed(&dir, &["classes", "photos.camroi", "--format", "json", "--sort", "class"]).out;
    let bird: serde_json::Value = serde_json::from_str(&json).unwrap();
    let counts = ["fits_detector", "fits_annotation", "fits_hand"].map(|name| bird[0][name].as_u64());
    assert_eq!(counts, [Some(1), Some(1), Some(0)]);
    let csv = succeed(&dir, &["classes", "photos.camroi", "--format", "csv", "--sort", "class"]).out;
    assert!(csv.lines().next().unwrap().contains(",fits_detector,fits_annotation,fits_hand,"), "{csv}");
    assert!(csv.lines().nth(1).unwrap().contains(",1,1,0,"), "{csv}");
    let page = succeed(&dir, &["report", "photos.camroi", "--classes", "0"]).out;
    assert!(page.contains("Fits from") && page.contains("1\u{a0}detected, 1\u{a0}annotated"));
    let page = succeed(&dir, &["report", "photos.camroi", "--classes", "0", "--roi-source", "detector"]).out;
    assert!(!page.contains("Fits from"), "one source needs no column");
}
