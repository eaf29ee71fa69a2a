//! The window as a person uses it, found by what controls are called.

/// Whether maps can be believed.
mod checks;
/// Two runs side by side.
mod compare;
/// Regions drawn by hand.
mod drawing;
/// Renderings, probe, film strip, zoom.
mod image_page;
/// The program killed while it is used.
mod kill;
/// Other measures than the fit.
mod measures;
/// Choosing and adding the model of a run.
pub(crate) mod models;
/// Another method, layer or class for the shown image.
mod other_map;
/// Which regions count.
mod regions;
pub(crate) mod seed;
/// Taking results along.
mod takeaway;

use std::sync::Arc;

use camroi::store::Store;
use camroi::verdict::{Subject, Verdict};
use eframe::egui::{Key, Modifiers, Pos2, vec2};
use egui_kittest::kittest::Queryable as _;
use seed::{FakeLauncher, Window, open_window, press, settle, shows};

fn click(window: &mut Window, label: &str) {
    window.get_by_label(label).click();
    settle(window);
}

/// Presses a key with others held.
fn key(window: &mut Window, modifiers: Modifiers, key: Key) {
    window.key_press_modifiers(modifiers, key);
    settle(window);
}

/// Where a place of the seed's images, in their pixels, is on the screen while the whole image is shown.
fn on_photo(window: &Window, x: f32, y: f32) -> Pos2 {
    let canvas = window.get_by_label("Photo").rect().shrink(8.0);
    let scale = (canvas.width() / 64.0).min(canvas.height() / 48.0);
    canvas.center() + scale * vec2(x - 32.0, y - 24.0)
}

/// Drags from one place of the image to another.
pub(crate) fn drag(window: &mut Window, from: (f32, f32), to: (f32, f32)) {
    window.hover_at(on_photo(window, from.0, from.1));
    window.drag_at(on_photo(window, from.0, from.1));
    settle(window);
    window.hover_at(on_photo(window, to.0, to.1));
    settle(window);
    window.drop_at(on_photo(window, to.0, to.1));
    settle(window);
}

#[test]
fn the_class_of_lowest_fit_is_first_and_its_worst_image_is_shown() {
    let dir = tempfile::tempdir().unwrap();
    let window = open_window(dir.path());
    assert_eq!(window.state().listed_classes(), ["bird", "dog", "cat"]);
    assert_eq!(window.state().chosen_class(), Some("bird"));
    assert_eq!(window.state().shown_image(), Some("bird/jay.png"));
}

#[test]
fn a_click_on_a_heading_sorts_and_another_one_turns_the_order_round() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = open_window(dir.path());
    click(&mut window, "Sort by fit");
    assert_eq!(window.state().listed_classes(), ["cat", "dog", "bird"]);
    click(&mut window, "Sort by class");
    assert_eq!(window.state().listed_classes(), ["bird", "cat", "dog"]);
    click(&mut window, "Sort by accuracy");
    assert_eq!(window.state().listed_classes(), ["bird", "cat", "dog"]);
    click(&mut window, "Sort by accuracy");
    assert_eq!(window.state().listed_classes(), ["dog", "cat", "bird"]);
}

#[test]
fn the_filter_keeps_the_classes_that_contain_the_text() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = open_window(dir.path());
    window.get_by_label("Filter classes").focus();
    settle(&mut window);
    window.get_by_label("Filter classes").type_text("DO");
    settle(&mut window);
    assert_eq!(window.state().listed_classes(), ["dog"]);
    window.get_by_label("Filter classes").type_text("x");
    settle(&mut window);
    assert!(shows(&window, "No class matches"));
}

#[test]
fn suspects_are_well_recognised_classes_of_low_fit() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = open_window(dir.path());
    click(&mut window, "Suspect 1");
    assert_eq!(window.state().listed_classes(), ["bird"]);
}

#[test]
fn a_click_on_a_class_shows_its_images_and_arrows_step_through_them() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = open_window(dir.path());
    click(&mut window, "dog");
    assert_eq!(window.state().chosen_class(), Some("dog"));
    assert_eq!(window.state().shown_image(), Some("dog/pug.png"));
    press(&mut window, Key::ArrowRight);
    assert_eq!(window.state().shown_image(), Some("dog/collie.png"));
    press(&mut window, Key::D);
    assert_eq!(window.state().shown_image(), Some("dog/torn.png"));
    assert!(shows(&window, "the picture ends too early"), "the reason stands in the place of the image");
    press(&mut window, Key::D);
    assert_eq!(window.state().shown_image(), Some("dog/torn.png"), "there is nothing after the last one");
    press(&mut window, Key::A);
    press(&mut window, Key::ArrowLeft);
    assert_eq!(window.state().shown_image(), Some("dog/pug.png"));
}

#[test]
fn up_and_down_step_through_the_classes_in_the_order_of_the_table() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = open_window(dir.path());
    press(&mut window, Key::ArrowDown);
    assert_eq!(window.state().chosen_class(), Some("dog"));
    press(&mut window, Key::ArrowUp);
    press(&mut window, Key::ArrowUp);
    assert_eq!(window.state().chosen_class(), Some("bird"));
}

#[test]
fn h_and_b_switch_the_layers_and_a_text_field_keeps_its_letters() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = open_window(dir.path());
    let with_all = window.render().unwrap();
    press(&mut window, Key::H);
    let without_heat = window.render().unwrap();
    assert_ne!(with_all, without_heat);
    press(&mut window, Key::B);
    assert_ne!(without_heat, window.render().unwrap());
    press(&mut window, Key::H);
    press(&mut window, Key::B);
    window.get_by_label("Filter classes").focus();
    settle(&mut window);
    press(&mut window, Key::H);
    window.get_by_label("Filter classes");
    assert_eq!(window.state().shown_image(), Some("bird/jay.png"));
}

#[test]
fn the_numbers_of_an_image_are_those_of_its_fit() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = open_window(dir.path());
    click(&mut window, "cat");
    // All saliency in the first of four columns, the region is the left half; the surface between the cells is linear, so
    // that an eighth of the second half-cell's triangle stays on the right: none of it reaches the half.
    assert!(shows(&window, "100.0\u{a0}%"), "fit");
    assert!(shows(&window, "50.0\u{a0}%"), "area share");
    assert!(shows(&window, "2.00×"), "lift");
    assert!(shows(&window, "Label: cat"));
}

#[test]
fn the_demo_runs_and_shows_its_classes() {
    let dir = tempfile::tempdir().unwrap();
    let launcher = Arc::new(FakeLauncher { dir: dir.path().to_owned() });
    let mut window = seed::window(launcher, None, [1280.0, 800.0], 1.0);
    assert!(shows(&window, "Try the demo"));
    click(&mut window, "Try the demo");
    assert_eq!(window.state().listed_classes(), ["bird", "dog", "cat"]);
    assert!(shows(&window, "7 images analysed"));
    click(&mut window, "1 could not be used");
    assert!(shows(&window, "dog/torn.png"));
}

#[test]
fn a_folder_is_set_up_before_it_is_analysed() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("photos");
    seed::photos(&folder);
    let launcher = Arc::new(FakeLauncher { dir: dir.path().to_owned() });
    let mut window = seed::window(launcher, Some(folder), [1280.0, 800.0], 1.0);
    assert!(shows(&window, "New analysis"));
    click(&mut window, "Start analysis");
    assert_eq!(window.state().listed_classes(), ["bird", "dog", "cat"]);
    assert!(dir.path().join("photos.camroi").is_file(), "the project file lies beside the folder");
}

#[test]
fn what_is_no_project_is_said_and_nothing_is_opened() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("notes.txt");
    std::fs::write(&file, "no project").unwrap();
    let launcher = Arc::new(FakeLauncher { dir: dir.path().to_owned() });
    let mut window = seed::window(launcher, Some(file), [1280.0, 800.0], 1.0);
    assert!(shows(&window, "not a camroi project"));
    click(&mut window, "OK");
    assert!(shows(&window, "Try the demo"));
}

#[test]
fn credits_name_author_and_licence() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = open_window(dir.path());
    click(&mut window, "About");
    assert!(shows(&window, "A. Photographer"));
    assert!(shows(&window, "CC0-1.0"));
    click(&mut window, "Close dialog");
    assert!(!shows(&window, "A. Photographer"));
}

#[test]
fn every_key_of_the_list_is_shown() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = open_window(dir.path());
    press(&mut window, Key::Questionmark);
    assert!(shows(&window, "boxes on and off"));
}

#[test]
fn verdicts_are_in_the_project_at_once_and_can_be_undone() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = open_window(dir.path());
    let stored = || {
        let store = Store::open_read_only(&dir.path().join("pets.camroi")).unwrap();
        let run = store.runs().unwrap().remove(0).id;
        store.verdicts(run).unwrap().into_iter().map(|(subject, j)| (subject, j.verdict)).collect::<Vec<_>>()
    };
    press(&mut window, Key::Num1);
    assert_eq!(window.state().shown_image(), Some("bird/owl.png"), "the next image is shown");
    window.key_press_modifiers(Modifiers::ALT, Key::Num2);
    settle(&mut window);
    let [(class, of_class), (Subject::Sample(_), of_sample)] = &stored()[..] else { panic!("{:?}", stored()) };
    assert_eq!((class, of_class), (&Subject::Class("bird".into()), &Verdict::LegitimateContext));
    assert_eq!(of_sample, &Verdict::Spurious);
    window.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    settle(&mut window);
    assert_eq!(stored().len(), 1);
    window.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    settle(&mut window);
    assert_eq!(stored(), []);
    window.key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, Key::Z);
    settle(&mut window);
    assert_eq!(stored().len(), 1);
}

#[test]
fn a_second_key_of_the_sort_is_added_with_ctrl() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = open_window(dir.path());
    // Birds and cats have two images, dogs three.
    click(&mut window, "Sort by coverage");
    window.get_by_label("Sort by fit").click_modifiers(Modifiers::COMMAND);
    settle(&mut window);
    assert_eq!(window.state().listed_classes(), ["bird", "dog", "cat"]);
    window.get_by_label("Sort by fit").click_modifiers(Modifiers::COMMAND);
    settle(&mut window);
    assert_eq!(
        window.state().listed_classes(),
        ["cat", "dog", "bird"],
        "all are covered, so that the second key decides"
    );
}

#[test]
fn columns_are_hidden_and_shown() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = open_window(dir.path());
    assert!(shows(&window, "Sort by lift") && !shows(&window, "Sort by confidence"));
    click(&mut window, "Columns");
    click(&mut window, "Column lift");
    click(&mut window, "Column confidence");
    press(&mut window, Key::Escape);
    assert!(!shows(&window, "Sort by lift") && shows(&window, "Sort by confidence"));
}

#[test]
fn the_class_page_shows_where_the_network_looks_instead_and_leads_to_the_image() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = open_window(dir.path());
    press(&mut window, Key::C);
    // All saliency of the birds lies in the right half, the region is the left one: 100 % outside.
    assert!(shows(&window, "Outside of regions") && shows(&window, "Where it looks instead"));
    assert!(shows(&window, "Patch of jay.png") && shows(&window, "Patch of owl.png"));
    let owl = window.query_all_by_label_contains("Patch of owl.png").next().unwrap();
    owl.click();
    settle(&mut window);
    assert_eq!(window.state().shown_image(), Some("bird/owl.png"));
    assert!(!shows(&window, "Where it looks instead"), "the image takes the place of the page");
    press(&mut window, Key::C);
    click(&mut window, "cat");
    assert!(shows(&window, "Nothing outside"), "the page stays open, and cats are looked at themselves");
    click(&mut window, "Back to the image");
    assert!(!shows(&window, "Nothing outside"));
}

#[test]
fn what_a_class_is_taken_for_opens_those_images() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = open_window(dir.path());
    click(&mut window, "cat");
    press(&mut window, Key::C);
    click(&mut window, "zebra 1");
    assert_eq!(window.state().shown_image(), Some("cat/tiger.png"));
    assert!(!shows(&window, "Image tabby.png"));
    click(&mut window, "Taken for zebra ×");
    assert!(shows(&window, "Image tabby.png"));
}

#[test]
fn verdicts_on_the_class_page_go_through_the_queue_and_notes_are_stored() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = open_window(dir.path());
    let stored = || {
        let store = Store::open_read_only(&dir.path().join("pets.camroi")).unwrap();
        let run = store.runs().unwrap().remove(0).id;
        store.verdicts(run).unwrap()
    };
    press(&mut window, Key::C);
    assert!(shows(&window, "3 of 3 classes left"));
    let note = window.get_by_label("Note on the class");
    note.focus();
    settle(&mut window);
    window.get_by_label("Note on the class").type_text("branches");
    settle(&mut window);
    let [(subject, judgement)] = &stored()[..] else { panic!("{:?}", stored()) };
    assert_eq!(subject, &Subject::Class("bird".into()));
    assert_eq!((judgement.verdict, judgement.note.as_str()), (Verdict::Undecided, "branches"));
    press(&mut window, Key::Escape);
    press(&mut window, Key::Num1);
    assert_eq!(window.state().chosen_class(), Some("dog"), "the next one without a verdict");
    assert!(shows(&window, "2 of 3 classes left"));
    assert_eq!((stored()[0].1.verdict, stored()[0].1.note.as_str()), (Verdict::Spurious, "branches"));
    click(&mut window, "Has verdict 1");
    assert_eq!(window.state().listed_classes(), ["bird"]);
    for _ in 0..2 {
        window.key_press_modifiers(Modifiers::COMMAND, Key::Z);
        settle(&mut window);
    }
    assert_eq!(stored(), [], "the verdict and the note are taken back one after the other");
}

#[test]
fn the_palette_finds_a_command_by_its_letters() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = open_window(dir.path());
    window.key_press_modifiers(Modifiers::COMMAND, Key::K);
    settle(&mut window);
    window.get_by_label("Find a command").type_text("clp");
    settle(&mut window);
    press(&mut window, Key::Enter);
    assert!(!shows(&window, "Find a command") && shows(&window, "Where it looks instead"));
}

#[test]
fn a_quadrant_keeps_its_images_only() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = open_window(dir.path());
    click(&mut window, "dog");
    assert!(shows(&window, "Image torn.png"));
    click(&mut window, "Wrong, high 1");
    assert!(shows(&window, "Image collie.png"));
    assert!(!shows(&window, "Image torn.png") && !shows(&window, "Image pug.png"));
}

/// What eframe would write to a file.
#[derive(Default)]
struct Memory(std::collections::BTreeMap<String, String>);

impl eframe::Storage for Memory {
    fn get_string(&self, key: &str) -> Option<String> {
        self.0.get(key).cloned()
    }

    fn set_string(&mut self, key: &str, value: String) {
        self.0.insert(key.to_owned(), value);
    }

    fn remove_string(&mut self, key: &str) {
        self.0.remove(key);
    }

    fn flush(&mut self) {}
}

#[test]
fn sort_filter_and_selection_survive_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = open_window(dir.path());
    click(&mut window, "Sort by fit");
    click(&mut window, "dog");
    press(&mut window, Key::D);
    press(&mut window, Key::B);
    let shown = window.state().shown_image().map(str::to_owned);
    let mut memory = Memory::default();
    eframe::App::save(window.state_mut(), &mut memory);
    drop(window);
    let launcher = Arc::new(FakeLauncher { dir: dir.path().to_owned() });
    let mut window = seed::restarted(launcher, Some(dir.path().join("pets.camroi")), Box::leak(Box::new(memory)));
    assert_eq!(window.state().listed_classes(), ["cat", "dog", "bird"]);
    assert_eq!(window.state().chosen_class(), Some("dog"));
    assert_eq!(window.state().shown_image(), shown.as_deref());
    click(&mut window, "Close project");
    assert!(shows(&window, "Recent project pets"));
}
