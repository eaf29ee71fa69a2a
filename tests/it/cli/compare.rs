//! Two runs side by side.

use super::{camroi, data_set, objects, succeed};

fn rows(csv: &str) -> Vec<Vec<String>> {
    csv.lines().map(|line| line.split(',').map(str::to_owned).collect()).collect()
}

#[test]
fn two_methods_of_one_project_are_compared_over_their_photos() {
    let dir = data_set();
    succeed(&dir, &["analyze", "photos"]);
    assert_eq!(camroi(&dir, &["compare", "photos.camroi"]).code, Some(2), "one run is nothing to compare");
    let before = succeed(&dir, &["export", "photos.camroi", "--format", "jsonl"]).out;
    succeed(&dir, &["analyze", "photos", "--method", "eigencam", "--out", "photos.camroi"]);
    let after = succeed(&dir, &["export", "photos.camroi", "--format", "jsonl"]).out;

    let text = succeed(&dir, &["compare", "photos.camroi"]).out;
    assert!(text.lines().next().unwrap().contains("gradcam"), "{text}");
    assert!(text.lines().nth(1).unwrap().contains("eigencam"), "{text}");
    assert!(text.contains("8 photos in both, 0 only in A, 0 only in B"), "{text}");

    let table = rows(&succeed(&dir, &["compare", "photos.camroi", "--format", "csv", "--sort", "class"]).out);
    let column = |name: &str| table[0].iter().position(|c| c == name).unwrap();
    let fits = |lines: &str| {
        let birds = objects(lines).into_iter().filter(|s| s["label"] == "bird");
        birds.map(|s| s["fit"].as_f64().unwrap()).collect::<Vec<_>>()
    };
    let (first, second) = (fits(&before), fits(&after));
    let mean = first.iter().zip(&second).map(|(a, b)| b - a).sum::<f64>() / first.len() as f64;
    let difference: f64 = table[1][column("fit_difference")].parse().unwrap();
    assert_eq!(table[1][0], "bird");
    assert!((difference - mean).abs() < 1e-12 && difference.abs() > 1e-3, "{difference} {mean}");
    let accuracy: f64 = table[1][column("accuracy_difference")].parse().unwrap();
    assert_eq!(accuracy, 0.0, "the prediction does not depend on the method");
}

#[test]
fn what_only_one_project_has_is_counted_and_runs_are_chosen_by_number() {
    let dir = data_set();
    succeed(&dir, &["analyze", "photos", "--out", "a.camroi"]);
    succeed(&dir, &["analyze", "photos", "--out", "b.camroi", "--limit-per-class", "1"]);
    let text = succeed(&dir, &["compare", "a.camroi", "b.camroi"]).out;
    assert!(text.contains("3 photos in both, 5 only in A, 0 only in B"), "{text}");
    let samples = succeed(&dir, &["compare", "a.camroi", "b.camroi", "--samples", "--format", "json"]).out;
    let samples: serde_json::Value = serde_json::from_str(&samples).unwrap();
    assert_eq!(samples.as_array().unwrap().len(), 3);
    assert!(samples.as_array().unwrap().iter().all(|s| s["fit_difference"].as_f64().is_none_or(|d| d == 0.0)));
    let by_number = succeed(&dir, &["compare", "a.camroi", "b.camroi", "--first-run", "1", "--second-run", "1"]).out;
    assert_eq!(by_number, text);
    let unknown = camroi(&dir, &["compare", "a.camroi", "b.camroi", "--second-run", "7"]);
    assert_eq!(unknown.code, Some(2));
    assert!(unknown.err.contains("no run 7, only 1"), "{}", unknown.err);
}
