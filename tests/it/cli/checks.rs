//! Whether maps can be believed: random weights, pixels that go and come, other methods.

use serde_json::Value;

use super::{camroi, data_set, succeed};

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn a_method_that_asks_for_no_class_is_warned_of_by_the_sanity_check() {
    let dir = data_set();
    succeed(&dir, &["analyze", "photos", "--method", "eigencam", "--rois", "none"]);
    let done = succeed(&dir, &["sanity", "photos.camroi", "--per-class", "1", "--format", "json"]);
    assert_eq!(json(&done.out)["all"]["values"]["last layer"]["mean"], 1.0);
    assert!(done.err.contains("warning: the maps of eigencam hardly change"), "{}", done.err);

    succeed(&dir, &["analyze", "photos", "--rois", "none", "--out", "gradcam.camroi"]);
    let done = succeed(&dir, &["sanity", "gradcam.camroi", "--per-class", "1", "--format", "json"]);
    assert!(json(&done.out)["all"]["values"]["last layer"]["mean"].as_f64().unwrap() < 0.9, "{}", done.out);
}

#[test]
fn what_was_checked_is_kept_and_not_computed_again() {
    let dir = data_set();
    succeed(&dir, &["analyze", "photos"]);
    let arguments = ["faithfulness", "photos.camroi", "--classes", "bird", "--per-class", "1"];
    let first = succeed(&dir, &arguments).out;
    // Without the photos nothing can be computed.
    std::fs::rename(dir.path().join("photos"), dir.path().join("gone")).unwrap();
    assert_eq!(succeed(&dir, &arguments).out, first);
    succeed(&dir, &["report", "photos.camroi", "--out", "report.html"]);
    let page = std::fs::read_to_string(dir.path().join("report.html")).unwrap();
    assert!(page.contains("<h3>Deletion and insertion</h3>") && page.contains("<td>all checked</td>"));
    let more = camroi(&dir, &["faithfulness", "photos.camroi", "--classes", "bird", "--per-class", "2"]);
    assert!(more.code == Some(2) && more.err.contains("bird/"), "{}", more.err);
}

#[test]
fn faithfulness_is_of_the_chosen_photos() {
    let dir = data_set();
    succeed(&dir, &["analyze", "photos"]);
    let arguments = ["faithfulness", "photos.camroi", "--classes", "bird", "--per-class", "2", "--format", "json"];
    let check = json(&succeed(&dir, &arguments).out);
    assert_eq!(check["classes"].as_array().unwrap().len(), 1);
    let mean = |name: &str| check["all"]["values"][name]["mean"].as_f64().unwrap();
    assert_eq!(check["all"]["values"]["deletion"]["n"], 2);
    assert!(mean("deletion") < mean("insertion"), "{check}");
    let unknown = camroi(&dir, &["faithfulness", "photos.camroi", "--classes", "cat"]);
    assert_eq!(unknown.code, Some(2));
    assert!(unknown.err.contains("no usable photo of the class cat; it has bird, dam, hammer"), "{}", unknown.err);
}

#[test]
fn two_methods_that_are_one_at_the_last_layer_agree() {
    let dir = data_set();
    succeed(&dir, &["analyze", "photos"]);
    let methods = ["agreement", "photos.camroi", "--methods", "gradcam,hirescam,eigencam"];
    let found = json(&succeed(&dir, &[&methods[..], &["--format", "json", "--all"]].concat()).out);
    let correlation = |a: usize, b: usize| found["rank_correlation"][a][b].as_f64();
    assert!(correlation(0, 1).is_some_and(|r| (r - 1.0).abs() < 1e-12), "{found}");
    assert_eq!(correlation(0, 2), correlation(2, 0));
    let table = succeed(&dir, &["classes", "photos.camroi", "--format", "json", "--sort", "class"]).out;
    for (row, class) in json(&table).as_array().unwrap().iter().zip(found["classes"].as_array().unwrap()) {
        assert_eq!((&row["class"], &row["mean_fit"]), (&class["class"], &class["fit"]["gradcam"]));
    }
    assert_eq!(camroi(&dir, &["agreement", "photos.camroi", "--methods", "gradcam"]).code, Some(2));
}
