//! The report in one HTML file, read as another program would.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::Command;

use camroi::analysis::{Explanation, Prediction};
use camroi::dataset::{ClassId, Sample};
use camroi::detector::Detection;
use camroi::geometry::{BBox, Size};
use camroi::report::{HtmlOptions, ModelNote, ReportError, write_html};
use camroi::saliency::SaliencyMap;
use camroi::store::{Analysed, ContentHash, NetworkInfo, RunSettings, SampleRecord, Store, TargetRule};
use camroi::verdict::{Judgement, Subject, Verdict};
use roxmltree::{Document, Node, ParsingOptions};

/// A label that would run, were it taken for markup.
const HOSTILE: &str = "<script>alert('1')</script> & \"co\"";

/// Path, label, column of the 4 x 4 map that holds everything (the region is the left half), and whether it is right.
const SAMPLES: [(&str, &str, usize, bool); 8] = [
    ("bird/jay.png", "bird", 3, true),
    ("bird/owl & <b>.png", "bird", 2, true),
    ("bird/gone.png", "bird", 3, true),
    ("cat/tabby.png", "cat", 0, true),
    ("cat/tiger.png", "cat", 0, false),
    ("odd/a.png", HOSTILE, 0, true),
    ("odd/b.png", HOSTILE, 9, true),
    ("web/spider.png", "web", 3, true),
];

/// Without a region.
const BARE: &str = "web/spider.png";

struct Project {
    dir: tempfile::TempDir,
    file: PathBuf,
}

fn settings() -> RunSettings {
    let names = ["bird", "cat", HOSTILE, "web", "zebra"];
    let network = |name: &str| NetworkInfo {
        name: name.into(),
        key: format!("{name} {} layer=last", "0a".repeat(32)),
        class_names: names.map(String::from).to_vec(),
    };
    RunSettings {
        classifier: network("net"),
        layer: "last".into(),
        method: "gradcam".into(),
        target: TargetRule::Predicted,
        detector: Some(network("finder")),
        roi_min_score: 0.35,
        hits: names.iter().enumerate().map(|(i, name)| ((*name).to_owned(), vec![ClassId(i)])).collect(),
    }
}

fn outcome(path: &str, label: &str, column: usize, right: bool, place: u8) -> (Explanation, Vec<Detection>, [u8; 32]) {
    let class = ["bird", "cat", HOSTILE, "web"].iter().position(|name| *name == label).unwrap();
    let predicted = ClassId(if right { class } else { 4 });
    let image = Size::new(64, 48);
    let explanation = Explanation {
        image,
        view: image.bounds(),
        top: vec![Prediction { class: predicted, probability: 0.75 }],
        target: predicted,
        map: SaliencyMap::from_values(4, 4, (0..16).map(|i| if i % 4 == column { 1.0 } else { 0.0 }).collect()),
    };
    let half =
        Detection { bbox: BBox::new(0.0, 0.0, 32.0, 48.0), score: 0.8, class: 1, name: "c<a>t".into(), mask: None };
    (explanation, if path == BARE { Vec::new() } else { vec![half] }, [place; 32])
}

fn project() -> Project {
    let dir = tempfile::tempdir().unwrap();
    let (root, file) = (dir.path().join("photos"), dir.path().join("pets & co.camroi"));
    std::fs::create_dir_all(&root).unwrap();
    let credits = "file,author,licence,source,changes\nbird/jay.png,A. \"<i>\" Author,CC0-1.0,https://example.org/jay,none\n\
                   cat/tabby.png,B,CC0-1.0,javascript:alert(2),\n";
    std::fs::write(root.join("ATTRIBUTION.csv"), credits.replace("\"<i>\"", "<i>")).unwrap();
    let mut store = Store::create(&file, &root).unwrap();
    let listed =
        SAMPLES.iter().map(|(path, label, ..)| (Sample { path: (*path).into(), label: Some((*label).into()) }, None));
    store.list_samples(&listed.collect::<Vec<_>>()).unwrap();
    let run = store.begin_run(&settings()).unwrap();
    let pending = store.pending(run).unwrap();
    for (place, (path, label, column, right)) in SAMPLES.into_iter().enumerate() {
        let id = pending.iter().find(|p| p.path == path).unwrap().id;
        let photo = root.join(path);
        std::fs::create_dir_all(photo.parent().unwrap()).unwrap();
        if path != "bird/gone.png" {
            image::RgbImage::from_fn(64, 48, |x, y| image::Rgb([99, 2 * x as u8, 3 * y as u8])).save(photo).unwrap();
        }
        let record = if column > 3 {
            SampleRecord::Failed { id, reason: "cut <off> & lost".into() }
        } else {
            let (explanation, detections, hash) = outcome(path, label, column, right, place as u8);
            let (explanation, detections) = (Some(explanation), Some(detections));
            SampleRecord::Analysed(Box::new(Analysed { id, hash: ContentHash(hash), explanation, detections }))
        };
        store.save(run, &[record]).unwrap();
    }
    let note = "The <b>background</b> & \"more\"".to_owned();
    let judgement = Judgement { verdict: Verdict::Spurious, note };
    store.set_verdict(run, &Subject::Class(HOSTILE.into()), Some(&judgement)).unwrap();
    let tiger = pending.iter().find(|p| p.path == "cat/tiger.png").unwrap().id;
    let judgement = Judgement { verdict: Verdict::Undecided, note: "look again".into() };
    store.set_verdict(run, &Subject::Sample(tiger), Some(&judgement)).unwrap();
    Project { dir, file }
}

fn page_with(project: &Project, options: &HtmlOptions) -> String {
    let store = Store::open_read_only(&project.file).unwrap();
    let run = store.runs().unwrap().remove(0);
    let notes = [ModelNote { name: "net".into(), licence: "MIT".into(), ..ModelNote::default() }];
    let mut page = Vec::new();
    write_html(&store, &run, &notes, options, &mut |_| ControlFlow::Continue(()), &mut page).unwrap();
    String::from_utf8(page).unwrap()
}

fn page(project: &Project) -> String {
    page_with(project, &HtmlOptions::default())
}

fn parsed(page: &str) -> Document<'_> {
    Document::parse_with_options(page, ParsingOptions { allow_dtd: true, ..ParsingOptions::default() }).unwrap()
}

fn named<'a>(document: &'a Document<'a>, tag: &'a str) -> impl Iterator<Item = Node<'a, 'a>> {
    document.descendants().filter(move |node| node.has_tag_name(tag))
}

fn text(node: Node<'_, '_>) -> String {
    node.descendants().filter_map(|n| n.is_text().then(|| n.text()).flatten()).collect()
}

fn camroi(dir: &Path, arguments: &[&str]) -> std::process::Output {
    Command::new(env!("CARGO_BIN_EXE_camroi")).current_dir(dir).args(arguments).output().unwrap()
}

#[test]
fn the_page_is_well_formed_and_loads_nothing() {
    let project = project();
    let page = page(&project);
    let document = parsed(&page);
    for node in document.descendants().filter(Node::is_element) {
        let tag = node.tag_name().name();
        assert!(!["link", "iframe", "object", "embed", "base", "form", "use"].contains(&tag), "{tag}");
        for attribute in node.attributes() {
            let (name, value) = (attribute.name(), attribute.value());
            assert!(!name.starts_with("on") && name != "style" && name != "srcset", "{tag} {name}");
            match name {
                "src" => assert!(value.starts_with("data:image/jpeg;base64,"), "{tag} {name}"),
                "href" => {
                    assert!(tag == "a" && (value.starts_with('#') || value == "https://example.org/jay"), "{value}")
                }
                _ => {}
            }
        }
    }
    let style = named(&document, "style").map(text).collect::<String>();
    assert!(!style.contains("url(") && !style.contains("@import"));
    let meta = named(&document, "meta").find(|m| m.attribute("http-equiv") == Some("Content-Security-Policy")).unwrap();
    let policy = meta.attribute("content").unwrap();
    assert!(policy.starts_with("default-src 'none';") && !policy.contains("unsafe"), "{policy}");
    assert_eq!(named(&document, "script").count(), 1);
}

#[test]
fn links_inside_the_page_lead_somewhere() {
    let project = project();
    let page = page(&project);
    let document = parsed(&page);
    let ids: Vec<_> = document.descendants().filter_map(|n| n.attribute("id")).collect();
    let links: Vec<_> = named(&document, "a").filter_map(|a| a.attribute("href")?.strip_prefix('#')).collect();
    assert!(links.len() > 6, "{links:?}");
    for link in links {
        assert_eq!(ids.iter().filter(|id| **id == link).count(), 1, "{link}");
    }
}

#[test]
fn every_flagged_or_judged_class_has_a_section_and_every_class_a_row() {
    let project = project();
    let page = page(&project);
    let document = parsed(&page);
    let classes = |tag| named(&document, tag).filter_map(|n| n.attribute("data-class")).collect::<Vec<_>>();
    // Birds are suspect, the web has no regions, the odd one and a cat were judged.
    assert_eq!(classes("section"), ["bird", HOSTILE, "cat", "web"]);
    assert_eq!(classes("tr"), ["bird", HOSTILE, "cat", "web"]);
    let sections: Vec<_> =
        named(&document, "section").filter(|s| s.attribute("data-class").is_some()).map(text).collect();
    assert!(sections[1].contains("The <b>background</b> & \"more\""), "{}", sections[1]);
    assert!(sections[2].contains("look again") && sections[2].contains("zebra"), "{}", sections[2]);
    assert!(sections[0].contains("the photo cannot be read"), "{}", sections[0]);
    assert!(text(document.root_element()).contains("odd/b.png: cut <off> & lost"));
}

#[test]
fn the_numbers_are_those_of_the_class_table() {
    let project = project();
    let output = camroi(project.dir.path(), &["classes", "pets & co.camroi", "--format", "json"]);
    let rows: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let fields = [
        "samples",
        "failed",
        "with_roi",
        "coverage",
        "mean_fit",
        "ci_low",
        "mean_fit_zero",
        "mean_lift",
        "mean_area_share",
        "accuracy",
        "mean_confidence",
    ];
    let page = page(&project);
    let document = parsed(&page);
    for row in rows.as_array().unwrap() {
        let class = row["class"].as_str().unwrap();
        let shown = named(&document, "tr").find(|tr| tr.attribute("data-class") == Some(class)).unwrap();
        let cells: Vec<_> = shown.children().filter(|n| n.attribute("class") == Some("n")).collect();
        assert_eq!(cells.len(), fields.len());
        for (cell, field) in cells.iter().zip(fields) {
            let value = cell.attribute("data-value").map(|v| v.parse::<f64>().unwrap());
            assert_eq!(value, row[field].as_f64(), "{field} of {class}");
        }
    }
}

#[test]
fn verdicts_are_exported_with_classes_and_samples() {
    let project = project();
    let output = |arguments: &[&str]| {
        let output = camroi(project.dir.path(), arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    };
    let note = "The <b>background</b> & \"more\"";
    let classes = output(&["classes", "pets & co.camroi", "--format", "json"]);
    let classes: Vec<serde_json::Value> = serde_json::from_slice(&classes).unwrap();
    let odd = classes.iter().find(|row| row["class"] == HOSTILE).unwrap();
    assert_eq!((&odd["verdict"], &odd["note"]), (&"spurious".into(), &note.into()));
    assert!(classes.iter().filter(|row| row["class"] != HOSTILE).all(|row| row["verdict"].is_null()));
    let table = output(&["classes", "pets & co.camroi", "--format", "csv"]);
    let mut table = csv::Reader::from_reader(table.as_slice());
    assert_eq!(table.headers().unwrap().iter().rev().take(2).collect::<Vec<_>>(), ["note", "verdict"]);
    let rows: Vec<csv::StringRecord> = table.records().map(Result::unwrap).collect();
    let odd = rows.iter().find(|row| row[0] == *HOSTILE).unwrap();
    assert_eq!(odd.iter().rev().take(2).collect::<Vec<_>>(), [note, "spurious"]);
    let lines = String::from_utf8(output(&["export", "pets & co.camroi", "--format", "jsonl"])).unwrap();
    let samples = lines.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let judged: Vec<_> = samples.filter(|sample| !sample["verdict"].is_null()).collect();
    assert_eq!(judged.len(), 1);
    assert_eq!(judged[0]["path"], "cat/tiger.png");
    assert_eq!((&judged[0]["verdict"], &judged[0]["note"]), (&"undecided".into(), &"look again".into()));
}

#[test]
fn photos_stand_beside_themselves_with_the_evidence_and_their_makers_are_named() {
    let project = project();
    let page = page(&project);
    let document = parsed(&page);
    let figure = named(&document, "figure").find(|f| f.attribute("data-path") == Some("bird/jay.png")).unwrap();
    let pictures: Vec<_> = figure.descendants().filter_map(|n| n.attribute("src")).collect();
    assert_eq!(pictures.len(), 2);
    assert_ne!(pictures[0], pictures[1]);
    let credits: Vec<_> = named(&document, "li").map(text).filter(|t| t.contains("CC0-1.0")).collect();
    assert_eq!(credits.len(), 2);
    assert!(credits[0].starts_with("bird/jay.png: A. <i> Author, CC0-1.0"), "{credits:?}");
}

#[test]
fn patches_outside_of_the_regions_and_mean_maps_stand_in_the_section() {
    let project = project();
    let page = page(&project);
    let document = parsed(&page);
    let section = |class| named(&document, "section").find(|s| s.attribute("data-class") == Some(class)).unwrap();
    let pictures = |class, start: &'static str| {
        let names = section(class).descendants().filter_map(|n| n.has_tag_name("img").then(|| n.attribute("alt"))?);
        names.filter(|name| name.starts_with(start)).map(str::to_owned).collect::<Vec<_>>()
    };
    // The region is the left half and the birds' saliency lies right of it; of one the photo is gone.
    let patches = pictures("bird", "Patch of");
    assert!(patches.iter().any(|name| name.ends_with("jay.png")) && patches.len() > 2, "{patches:?}");
    assert!(!patches.iter().any(|name| name.ends_with("gone.png")));
    let words = text(section("bird"));
    assert!(words.contains("of the saliency lies outside of every region") && words.contains("that cannot be read"));
    assert_eq!((pictures("bird", "Mean map").len(), pictures("bird", "Around the region").len()), (1, 1));
    // Cats are looked at themselves; the web has no region that a mean could be around.
    assert_eq!(pictures("cat", "Patch of"), [""; 0]);
    assert_eq!((pictures("web", "Mean map").len(), pictures("web", "Around the region").len()), (1, 0));
    let none = page_with(&project, &HtmlOptions { patches_per_class: 0, ..HtmlOptions::default() });
    assert!(!none.contains("Patch of"));
}

#[test]
fn limits_hold_and_the_same_project_gives_the_same_bytes() {
    let project = project();
    let options = HtmlOptions { classes: 1, images_per_class: 2, ..HtmlOptions::default() };
    let small = page_with(&project, &options);
    let document = parsed(&small);
    // A judged class goes before others.
    let sections: Vec<_> = named(&document, "section").filter_map(|n| n.attribute("data-class")).collect();
    assert_eq!(sections, [HOSTILE]);
    assert!(text(document.root_element()).contains("3\u{a0}classes have no section below"));
    let named_class = HtmlOptions { named: vec!["bird".into()], images_per_class: 2, ..HtmlOptions::default() };
    let bird = page_with(&project, &named_class);
    assert_eq!(named(&parsed(&bird), "figure").filter(|figure| figure.has_attribute("data-path")).count(), 2);
    assert_eq!(page(&project), page(&project));
    assert!(small.len() < page(&project).len());
}

#[test]
fn cancelling_and_unknown_classes_are_told() {
    let project = project();
    let store = Store::open_read_only(&project.file).unwrap();
    let run = store.runs().unwrap().remove(0);
    let mut seen = Vec::new();
    let mut progress = |at: camroi::report::PageProgress| {
        seen.push((at.done, at.total));
        if at.done == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let result = write_html(&store, &run, &[], &HtmlOptions::default(), &mut progress, &mut Vec::new());
    assert!(matches!(result, Err(ReportError::Cancelled)));
    assert_eq!(seen.iter().map(|s| s.0).collect::<Vec<_>>(), [0, 1, 2]);
    let output = camroi(project.dir.path(), &["report", "pets & co.camroi", "--class", "wolf", "--out", "r.html"]);
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(message.contains("no class wolf"), "{message}");
    assert!(!project.dir.path().join("r.html").exists(), "nothing incomplete is left behind");
}

#[test]
fn the_command_writes_the_same_page_and_overwrites_nothing() {
    let project = project();
    let write = || camroi(project.dir.path(), &["report", "pets & co.camroi", "--out", "r.html"]);
    assert_eq!(write().status.code(), Some(0));
    let written = std::fs::read_to_string(project.dir.path().join("r.html")).unwrap();
    assert_eq!(named(&parsed(&written), "figure").count(), named(&parsed(&page(&project)), "figure").count());
    assert_eq!(write().status.code(), Some(2));
}
