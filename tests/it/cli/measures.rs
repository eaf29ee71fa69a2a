//! Other measures than the fit, in tables and exports.

use serde_json::Value;

use super::{camroi, data_set, succeed};

#[test]
fn a_measure_stands_beside_the_fit_as_the_table_of_measures_has_it() {
    let dir = data_set();
    succeed(&dir, &["analyze", "photos"]);
    let arguments = ["classes", "photos.camroi", "--measure", "pointing-game", "--minus", "centre"];
    let sorted = ["--sort", "measure", "--format", "json"];
    let rows: Value = serde_json::from_str(&succeed(&dir, &[&arguments[..], &sorted].concat()).out).unwrap();
    let means: Vec<f64> = rows.as_array().unwrap().iter().filter_map(|row| row["measure"]["mean"].as_f64()).collect();
    assert!(means.len() >= 2 && means.is_sorted(), "{rows}");
    let table = succeed(&dir, &["measures", "photos.camroi", "--minus", "centre"]).out;
    let place = table.lines().next().unwrap().split_whitespace().position(|word| word == "pointing_game").unwrap();
    for row in rows.as_array().unwrap() {
        let class = row["class"].as_str().unwrap();
        let line = table.lines().find(|line| line.starts_with(class));
        assert_eq!(line.is_none(), row["measure"]["n"] == 0, "classes without a fit are not in the table: {table}");
        let Some(line) = line else { continue };
        // Means stand with half the width of their intervals.
        let cells: Vec<&str> = line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect();
        let mean = format!("{:.2}", row["measure"]["mean"].as_f64().unwrap());
        assert_eq!(cells[place].split(' ').next(), Some(&*mean), "{line}");
    }
    let text = succeed(&dir, &arguments).out;
    assert!(text.lines().next().unwrap().contains("Pointing game − centre"), "{text}");
}

#[test]
fn samples_are_exported_with_all_measures_where_that_is_asked_for() {
    let dir = data_set();
    succeed(&dir, &["analyze", "photos"]);
    let lines = succeed(&dir, &["export", "photos.camroi", "--format", "jsonl", "--measures"]).out;
    let samples: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(samples.len(), 8);
    for sample in &samples {
        assert_eq!(sample["measures"]["fit"], sample["fit"]);
        if sample["status"] == "ok" {
            let uniform = sample["measures"]["uniform_fit"].as_f64().unwrap();
            assert!((uniform - sample["area_share"].as_f64().unwrap()).abs() < 1e-12, "{sample}");
        }
    }
    let csv = succeed(&dir, &["export", "photos.camroi", "--format", "csv", "--measures"]).out;
    assert!(csv.lines().next().unwrap().ends_with(",measures.uniform_half_max_mass"), "{csv}");
    assert!(!succeed(&dir, &["export", "photos.camroi", "--format", "csv"]).out.contains("measures."));
}

#[test]
fn what_has_no_measure_says_so() {
    let dir = data_set();
    succeed(&dir, &["analyze", "photos"]);
    let unknown = camroi(&dir, &["classes", "photos.camroi", "--measure", "pointing"]);
    assert!(unknown.code == Some(2) && unknown.err.contains("pointing_game"), "{}", unknown.err);
    let unsaid = camroi(&dir, &["classes", "photos.camroi", "--sort", "measure"]);
    assert!(unsaid.code == Some(2) && unsaid.err.contains("--measure"), "{}", unsaid.err);
    let regions = camroi(&dir, &["export", "photos.camroi", "--format", "coco", "--measures"]);
    assert!(regions.code == Some(2) && regions.err.contains("no place for measures"), "{}", regions.err);
}
