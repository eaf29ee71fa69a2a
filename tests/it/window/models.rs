//! The models of a run, with the program's own launcher: real files, real networks.

use std::fs;

use camroi::models::Shelf;
use camroi::store::Store;
use eframe::egui::accesskit::Role;
use egui_kittest::kittest::Queryable as _;
use tempfile::TempDir;

use super::click;
use super::seed::{Window, open_window, settle, shows, window};
use crate::cli::models::nine_class_project;

/// The form for the photos of `dir`, with the models on a shelf in it.
fn form(dir: &TempDir) -> Window {
    let launcher = camroi::cli::launcher(Shelf::at(&dir.path().join("models")));
    window(launcher, Some(dir.path().join("photos")), [1280.0, 800.0], 1.0)
}

/// Types into the field of this name and presses Enter.
pub(crate) fn enter(window: &mut Window, field: &str, text: &str) {
    window.get_by_label(field).focus();
    settle(window);
    window.get_by_label(field).type_text(text);
    settle(window);
    window.key_press(eframe::egui::Key::Enter);
    settle(window);
}

/// Opens the list of choices of this name.
fn unfold(window: &mut Window, name: &str) {
    window.get_by_role_and_label(Role::ComboBox, name).click();
    settle(window);
}

/// Reads a weights file of `dir` in the dialog.
fn read(window: &mut Window, dir: &TempDir, file: &str) {
    click(window, "Choose classifier");
    enter(window, "Weights file", &dir.path().join(file).to_string_lossy());
}

#[test]
fn a_retrained_network_is_added_tried_and_used() {
    let dir = nine_class_project();
    let mut window = form(&dir);
    read(&mut window, &dir, "nine.safetensors");
    assert!(shows(&window, "efficientnet-lite0, 9 classes"));
    assert!(shows(&window, "9 names of classes are needed."));
    assert!(shows(&window, "dam/dam1.jpg") && shows(&window, "class 2"), "it is tried before its classes have names");
    enter(&mut window, "Class names", &dir.path().join("names.txt").to_string_lossy());
    assert!(shows(&window, "%  dam") && shows(&window, "%  hammer") && !shows(&window, "class 2"));
    click(&mut window, "Add model");
    assert!(dir.path().join("nine.toml").is_file());
    click(&mut window, "Use this model");
    assert!(!shows(&window, "Choose a classifier"), "the dialog is gone");
    click(&mut window, "Start analysis");
    assert!(shows(&window, "nine at head_act"), "what is loaded is always visible");
    let store = Store::open_read_only(&dir.path().join("photos.camroi")).unwrap();
    let settings = store.runs().unwrap().remove(0).settings;
    assert_eq!(settings.classifier.name, dir.path().canonicalize().unwrap().join("nine.toml").to_string_lossy());
    assert_eq!(settings.classifier.class_names.len(), 9);
}

#[test]
fn a_wrong_normalisation_shows_at_once() {
    let dir = nine_class_project();
    let mut window = form(&dir);
    read(&mut window, &dir, "nine.safetensors");
    enter(&mut window, "Class names", &dir.path().join("names.txt").to_string_lossy());
    let right = window.render().unwrap();
    unfold(&mut window, "Values");
    click(&mut window, "0 to 255");
    assert_ne!(window.render().unwrap(), right);
    assert!(!dir.path().join("nine.toml").exists(), "nothing is written before it is asked for");
    click(&mut window, "Back to the list");
    assert!(shows(&window, "Choose a classifier"));
}

#[test]
fn names_of_another_count_cannot_be_added() {
    let dir = nine_class_project();
    fs::write(dir.path().join("two.txt"), "cat\ndog").unwrap();
    let mut window = form(&dir);
    read(&mut window, &dir, "nine.safetensors");
    enter(&mut window, "Class names", &dir.path().join("two.txt").to_string_lossy());
    assert!(shows(&window, "the network has 9 outputs, but 2 classes are named"));
    click(&mut window, "Add model");
    assert!(!dir.path().join("nine.toml").exists());
}

#[test]
fn what_is_no_model_is_said_in_the_words_of_the_library() {
    let dir = nine_class_project();
    let mut window = form(&dir);
    read(&mut window, &dir, "names.txt");
    assert!(shows(&window, "names.txt: not a readable safetensors file"));
    click(&mut window, "Close models");
    assert!(shows(&window, "New analysis"));
}

#[test]
fn a_detector_is_chosen_from_its_own_list() {
    let dir = nine_class_project();
    let mut window = form(&dir);
    click(&mut window, "Choose regions from");
    assert!(shows(&window, "nanodet-g-416") && !shows(&window, "head_act"));
    assert!(window.query_by_label("efficientnet-lite0").is_none(), "no classifier is offered");
    assert!(shows(&window, "shorter side") || shows(&window, "fitted, black around") || shows(&window, "stretched"));
}

#[test]
fn the_layer_of_a_run_is_chosen_with_its_grid_in_view() {
    let dir = nine_class_project();
    let mut window = form(&dir);
    assert!(shows(&window, "New analysis"));
    unfold(&mut window, "Target layer");
    assert!(shows(&window, "head_act — 7 × 7  (default)"));
    click(&mut window, "_blocks.15 — 7 × 7");
    click(&mut window, "Start analysis");
    assert!(shows(&window, "efficientnet-lite0 at _blocks.15"));
}

#[test]
fn an_open_project_is_analysed_again_with_other_settings() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = open_window(dir.path());
    click(&mut window, "Analyse again…");
    assert!(shows(&window, "New analysis"));
    click(&mut window, "Back");
    assert_eq!(window.state().chosen_class(), Some("bird"), "the project is still there");
    click(&mut window, "Analyse again…");
    click(&mut window, "Start analysis");
    assert_eq!(window.state().listed_classes(), ["bird", "dog", "cat"]);
}
