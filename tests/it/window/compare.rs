//! Two runs side by side.

use std::path::Path;
use std::sync::Arc;

use camroi::analysis::{Explanation, Outcome};
use camroi::store::{Analysed, SampleRecord, Store};
use eframe::egui::Key;
use egui_kittest::kittest::Queryable as _;

use super::click;
use super::seed::{self, FakeLauncher, Window, press, settle, shows};

/// Adds a run by another method to the made-up project, whose maps are the mirror images of the first one's.
fn mirrored_run(file: &Path) {
    let mut store = Store::open(file).unwrap();
    let first = store.runs().unwrap().remove(0);
    let mut settings = first.settings.clone();
    settings.method = "eigencam".into();
    settings.classifier.key = "classifier-1 eigencam".into();
    let second = store.begin_run(&settings).unwrap();
    let hashes = store.content_hashes().unwrap();
    let mut records = Vec::new();
    store
        .for_each_result(first.id, |result| {
            records.push(match result.outcome {
                Outcome::Failed(reason) => SampleRecord::Failed { id: result.id, reason },
                Outcome::Measured(measured) => {
                    let explanation = measured.explanation.clone();
                    let map = explanation.map.mirrored();
                    SampleRecord::Analysed(Box::new(Analysed {
                        id: result.id,
                        hash: hashes[&result.path],
                        explanation: Some(Explanation { map, ..explanation }),
                        detections: None,
                    }))
                }
            });
            Ok::<_, camroi::store::StoreError>(())
        })
        .unwrap();
    store.save(second, &records).unwrap();
}

fn compared(dir: &Path) -> Window {
    let file = seed::project(dir);
    mirrored_run(&file);
    let launcher = Arc::new(FakeLauncher { dir: dir.to_owned() });
    let mut window = seed::window(launcher, Some(file), [1280.0, 800.0], 1.0);
    click(&mut window, "Compare…");
    assert!(shows(&window, "Other runs of this project"));
    window.get_by_label_contains("Run 1:").click();
    settle(&mut window);
    window
}

#[test]
fn the_comparison_is_saved_as_a_page_beside_the_project() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = compared(dir.path());
    click(&mut window, "Save as page…");
    click(&mut window, "Save");
    assert!(shows(&window, "Comparison saved"));
    let page = std::fs::read_to_string(dir.path().join("pets-comparison.html")).unwrap();
    let row = |class: &str| page.find(&format!("<tr id=\"row-{class}"));
    assert!(row("0\" data-class=\"cat\"").is_some() && row("2\" data-class=\"bird\"").is_some(), "as in the window");
    assert!(page.contains("alt=\"cat/tabby.png in A\"") && page.contains("alt=\"cat/tabby.png in B\""));
}

#[test]
fn classes_are_listed_by_their_difference_and_can_be_sorted() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = compared(dir.path());
    assert!(shows(&window, "7 photos in both, 0 only in A, 0 only in B"));
    assert!(shows(&window, "gradcam") && shows(&window, "eigencam"));
    assert_eq!(window.state().compared_classes(), ["cat", "dog", "bird"]);
    assert!(shows(&window, "-100.0"), "cats lose all their fit");
    click(&mut window, "Sort by difference of fit");
    assert_eq!(window.state().compared_classes(), ["bird", "dog", "cat"]);
    click(&mut window, "Sort by class");
    assert_eq!(window.state().compared_classes(), ["bird", "cat", "dog"]);
}

#[test]
fn a_photo_is_shown_in_both_runs_and_keys_step_through_photos_and_classes() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = compared(dir.path());
    assert!(shows(&window, "Photo A") && shows(&window, "Photo B"));
    assert!(shows(&window, "Compare tabby.png") && shows(&window, "Compare tiger.png"));
    let before = window.render().unwrap();
    press(&mut window, Key::ArrowDown);
    assert!(shows(&window, "Compare pug.png"), "the photos of the next class");
    assert_ne!(before, window.render().unwrap());
    click(&mut window, "Compare collie.png");
    assert!(shows(&window, "Fit A") && shows(&window, "Fit B"));
    let with_heat = window.render().unwrap();
    press(&mut window, Key::H);
    assert_ne!(with_heat, window.render().unwrap());
    click(&mut window, "Close comparison");
    assert_eq!(window.state().compared_classes(), [""; 0]);
    assert_eq!(window.state().chosen_class(), Some("cat"), "the panes are as they were");
}

#[test]
fn the_open_run_is_compared_with_itself_under_other_regions() {
    let dir = tempfile::tempdir().unwrap();
    drop(seed::open_window(dir.path()));
    super::regions::drawn_on(dir.path());
    let mut window = seed::reopened(dir.path());
    click(&mut window, "Regions");
    click(&mut window, "Compare with other regions…");
    assert!(shows(&window, "B: those that count now, source best-known, rule best."));
    click(&mut window, "Compare");
    assert!(shows(&window, "6 photos with a fit in both, 0 only in A, 0 only in B"));
    assert!(shows(&window, "source detector, rule best") && shows(&window, "source best-known, rule best"));
    // The jay alone has another region than the detector's, and all of the saliency is in it.
    assert_eq!(window.state().compared_classes(), ["bird", "cat", "dog"], "what differs is first");
    click(&mut window, "Sort by difference of fit");
    assert_eq!(window.state().compared_classes(), ["cat", "dog", "bird"]);
    assert!(shows(&window, "Compare jay.png") && shows(&window, "Fit A") && shows(&window, "Fit B"));
    click(&mut window, "Close comparison");
    assert!(shows(&window, "Regions") && !shows(&window, "Regions •"), "the window's own choice is as it was");
}

#[test]
fn regions_that_count_now_are_not_compared_with_themselves() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = seed::open_window(dir.path());
    super::key(&mut window, eframe::egui::Modifiers::COMMAND, Key::K);
    window.get_by_label("Find a command").type_text("other regions");
    settle(&mut window);
    press(&mut window, Key::Enter);
    click(&mut window, "Best known: drawn, else annotated, else detected");
    click(&mut window, "Compare");
    assert_eq!(window.state().compared_classes(), [""; 0]);
    click(&mut window, "Detected");
    click(&mut window, "Compare");
    assert_eq!(window.state().compared_classes().len(), 3);
}

#[test]
fn what_cannot_be_compared_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = seed::open_window(dir.path());
    click(&mut window, "Compare…");
    window.get_by_label("Project file").focus();
    settle(&mut window);
    window.get_by_label("Project file").type_text("/nowhere.camroi");
    settle(&mut window);
    click(&mut window, "Compare");
    assert!(shows(&window, "/nowhere.camroi"));
    assert_eq!(window.state().compared_classes(), [""; 0]);
}
