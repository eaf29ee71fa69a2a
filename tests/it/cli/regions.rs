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
