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

#[test]
fn a_page_shows_what_differs_and_the_photos_of_both_runs() {
    let dir = data_set();
    succeed(&dir, &["analyze", "photos"]);
    succeed(&dir, &["analyze", "photos", "--method", "eigencam", "--out", "photos.camroi"]);
    succeed(&dir, &["compare", "photos.camroi", "--out", "two.html"]);
    let page = std::fs::read_to_string(dir.path().join("two.html")).unwrap();
    let options = roxmltree::ParsingOptions { allow_dtd: true, ..Default::default() };
    let document = roxmltree::Document::parse_with_options(&page, options).unwrap();
    let rows = |kind: &str| {
        let rows = document.descendants().filter(move |n| n.has_tag_name("tr") && n.attribute("class") == Some(kind));
        rows.map(|row| row.first_element_child().unwrap().text().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(rows("differs"), ["Run", "Method", "Identity of the classifier"]);
    assert!(rows("same").contains(&"Layer"));
    let table = rows_by_class(&succeed(&dir, &["compare", "photos.camroi", "--format", "csv"]).out);
    for row in document.descendants().filter(|n| n.has_tag_name("tr") && n.has_attribute("data-class")) {
        let cells: Vec<_> = row.children().filter(|n| n.attribute("class") == Some("n")).collect();
        let value = |i: usize| cells[i].attribute("data-value").map(|v| v.parse::<f64>().unwrap());
        let [first, second, difference, low] = table[row.attribute("data-class").unwrap()];
        assert_eq!([value(4), value(5), value(6), value(7)], [first, second, difference, low]);
    }
    for figure in document.descendants().filter(|n| n.has_tag_name("figure")) {
        let pictures: Vec<_> = figure.descendants().filter_map(|n| n.attribute("src")).collect();
        assert!(pictures.len() == 2 && pictures[0] != pictures[1]);
        assert!(pictures.iter().all(|source| source.starts_with("data:image/jpeg;base64,")));
    }
    let ids: Vec<_> = document.descendants().filter_map(|n| n.attribute("id")).collect();
    let links = document.descendants().filter_map(|n| n.attribute("href")?.strip_prefix('#'));
    assert!(links.map(|link| ids.iter().filter(|id| **id == link).count()).all(|count| count == 1));
    let again = camroi(&dir, &["compare", "photos.camroi", "--out", "two.html"]);
    assert_eq!(again.code, Some(2), "nothing is overwritten");
}

/// Fits of both runs, their difference and its lower end, by class.
fn rows_by_class(text: &str) -> std::collections::BTreeMap<String, [Option<f64>; 4]> {
    let table = rows(text);
    let columns = ["fit_first", "fit_second", "fit_difference", "fit_ci_low"]
        .map(|name| table[0].iter().position(|column| column == name).unwrap());
    table[1..].iter().map(|row| (row[0].clone(), columns.map(|i| row[i].parse().ok()))).collect()
}
