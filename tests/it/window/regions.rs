//! Which regions count, chosen in the menu.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use camroi::geometry::BBox;
use camroi::roi::{DrawnRoi, Outline};
use camroi::store::Store;
use eframe::egui::{DroppedFile, Key, Modifiers};
use egui_kittest::kittest::Queryable as _;

use super::seed::{FakeLauncher, Window, open_window, press, reopened, restarted, settle, shows};
use super::{Memory, click};

fn choose(window: &mut Window, item: &str) {
    let button = if super::seed::shows(window, "Regions •") { "Regions •" } else { "Regions" };
    click(window, button);
    click(window, item);
    press(window, Key::Escape);
    settle(window);
}

fn fit(window: &Window) -> f64 {
    window.state().shown_fit().unwrap_or(f64::NAN)
}

/// Draws a region over the right half of the first image, where all its saliency is.
pub(super) fn drawn_on(dir: &std::path::Path) {
    let mut store = Store::open(&dir.join("pets.camroi")).unwrap();
    let run = store.runs().unwrap().remove(0).id;
    let jay = store.scores(run).unwrap().into_iter().find(|s| s.path == "bird/jay.png").unwrap().id;
    let region = DrawnRoi { outline: Outline::Box(BBox::new(32.0, 0.0, 64.0, 48.0)), name: "jay".into() };
    store.set_drawn(jay, &[region]).unwrap();
}

#[test]
fn what_counts_is_chosen_in_a_menu_and_acts_on_picture_and_table() {
    let dir = tempfile::tempdir().unwrap();
    let before = open_window(dir.path());
    assert_eq!(before.state().shown_image(), Some("bird/jay.png"));
    let detected = fit(&before);
    drop(before);
    drawn_on(dir.path());
    let mut window = reopened(dir.path());
    click(&mut window, "bird");
    for _ in 0..8 {
        if window.state().shown_image() == Some("bird/jay.png") {
            break;
        }
        press(&mut window, Key::ArrowRight);
    }
    assert!(fit(&window) > 0.85 && detected < 0.5, "{} {detected}", fit(&window));
    choose(&mut window, "Detected");
    assert_eq!((window.state().shown_image(), fit(&window)), (Some("bird/jay.png"), detected));
    choose(&mut window, "As usual");
    assert!(fit(&window) > 0.85);
}

/// The right half of the first image, where all its saliency is, and a photo that is not there.
fn coco(dir: &Path) -> PathBuf {
    let file = dir.join("marked.json");
    let text = r#"{"images": [{"id": 1, "file_name": "bird/jay.png"}, {"id": 2, "file_name": "bird/roc.png"}],
        "categories": [{"id": 5, "name": "jay"}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 5, "bbox": [32, 0, 32, 48]},
            {"id": 2, "image_id": 2, "category_id": 5, "bbox": [0, 0, 2, 2]}]}"#;
    std::fs::write(&file, text).unwrap();
    file
}

/// Enters a path in the dialog of annotations and adds it.
fn add(window: &mut Window, path: &Path) {
    window.get_by_label("File or folder").focus();
    settle(window);
    window.key_press_modifiers(Modifiers::COMMAND, Key::A);
    window.get_by_label("File or folder").type_text(&path.to_string_lossy());
    settle(window);
    click(window, "Add");
}

#[test]
fn annotations_are_added_in_the_window_and_taken_out_again() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = open_window(dir.path());
    let detected = fit(&window);
    assert!(!shows(&window, "Sort by fits from"), "one source needs no column");
    super::key(&mut window, Modifiers::COMMAND, Key::K);
    window.get_by_label("Find a command").type_text("add annotations");
    settle(&mut window);
    press(&mut window, Key::Enter);
    add(&mut window, &coco(dir.path()));
    assert!(shows(&window, "1 region in 1 photo; 6 photos without."));
    assert!(shows(&window, "No such photo: 1") && shows(&window, "bird/roc.png"));
    click(&mut window, "OK");
    click(&mut window, "Image jay.png");
    assert!(fit(&window) > 0.85 && detected < 0.5, "{} {detected}", fit(&window));
    assert!(shows(&window, "Sort by fits from") && shows(&window, "1\u{a0}D 1\u{a0}A"));

    click(&mut window, "Regions");
    click(&mut window, "Add annotations…");
    assert!(shows(&window, "In the project") && shows(&window, "marked.json"));
    click(&mut window, "Remove");
    assert!(!shows(&window, "In the project"));
    click(&mut window, "Close");
    assert_eq!(fit(&window), detected);
}

#[test]
fn a_broken_file_of_annotations_is_told_with_its_place_and_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = open_window(dir.path());
    let detected = fit(&window);
    click(&mut window, "Regions");
    click(&mut window, "Add annotations…");
    let broken = dir.path().join("broken.json");
    std::fs::write(&broken, "{\"images\": [],\n \"annotations\": [}").unwrap();
    add(&mut window, &broken);
    assert!(shows(&window, "No annotations were added") && shows(&window, "broken annotations, line 2"));
    click(&mut window, "Back");
    add(&mut window, &coco(dir.path()));
    assert!(shows(&window, "1 region in 1 photo"), "after the mistake is mended");
    assert_ne!(fit(&window), detected);
}

/// A file as a desktop hands it over.
#[derive(Debug)]
struct Dropped(PathBuf);

impl DroppedFile for Dropped {
    fn path(&self) -> &Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        std::fs::read(&self.0).map_err(|error| error.to_string())
    }
}

#[test]
fn annotations_that_are_dropped_on_an_open_project_are_asked_about() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = open_window(dir.path());
    window.input_mut().dropped_files.push(Arc::new(Dropped(coco(dir.path()))));
    settle(&mut window);
    assert!(shows(&window, "Add annotations"));
    click(&mut window, "Add");
    assert!(shows(&window, "1 region in 1 photo"));
}

#[test]
fn the_choice_of_regions_survives_a_restart_in_its_own_project() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = open_window(dir.path());
    choose(&mut window, "Drawn by hand");
    assert!(fit(&window).is_nan());
    let mut memory = Memory::default();
    eframe::App::save(window.state_mut(), &mut memory);
    drop(window);
    let memory: &'static Memory = Box::leak(Box::new(memory));
    let launcher = || Arc::new(FakeLauncher { dir: dir.path().to_owned() });
    let again = restarted(launcher(), Some(dir.path().join("pets.camroi")), memory);
    assert!(shows(&again, "Regions •") && fit(&again).is_nan());
    let other = dir.path().join("other.camroi");
    std::fs::copy(dir.path().join("pets.camroi"), &other).unwrap();
    let beside = restarted(launcher(), Some(other), memory);
    assert!(!shows(&beside, "Regions •") && !fit(&beside).is_nan());
}
