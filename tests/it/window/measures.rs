//! Other measures than the fit, in the class table and on the image page.

use eframe::egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable as _;

use super::click;
use super::seed::{open_window, press, reopened, settle, shows};

/// Over the made-up maps of one column each, of which the region's half holds column 0 alone.
#[test]
fn a_chosen_measure_is_shown_sorted_and_plotted_beside_the_fit() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = open_window(dir.path());
    assert!(!shows(&window, "Sort by measure"));
    click(&mut window, "Measure");
    click(&mut window, "Pointing game");
    assert!(shows(&window, "Sort by measure"));
    // No bird hits, every cat does, of the dogs one: the order of the fit, by other numbers.
    assert_eq!(window.state().listed_classes(), ["bird", "dog", "cat"]);
    assert!(shows(&window, "Pointing game 50\u{a0}%"), "over all images");
    assert!(shows(&window, "Pointing game and accuracy"), "in the plot");
    press(&mut window, Key::Escape);
    click(&mut window, "Sort by measure");
    assert_eq!(window.state().listed_classes(), ["cat", "dog", "bird"]);
    click(&mut window, "Measure");
    click(&mut window, "Less uniform");
    assert!(shows(&window, "Pointing game − uniform"));
    click(&mut window, "None but the fit");
    click(&mut window, "Nothing taken off");
    assert!(!shows(&window, "Sort by measure"));
    assert_eq!(window.state().listed_classes(), ["bird", "dog", "cat"]);
}

#[test]
fn classes_of_a_low_measure_are_listed_alone() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = open_window(dir.path());
    click(&mut window, "Measure");
    click(&mut window, "AUC");
    press(&mut window, Key::Escape);
    click(&mut window, "Thresholds");
    window.get_by_label("Measure below").focus();
    settle(&mut window);
    for _ in 0..60 {
        window.key_press(Key::ArrowLeft);
        window.step();
    }
    settle(&mut window);
    assert_eq!(window.state().listed_classes(), ["bird"]);
    window.get_by_label_contains("AUC below 4").click();
    settle(&mut window);
    assert_eq!(window.state().listed_classes().len(), 3);
}

#[test]
fn the_palette_knows_the_measures_and_the_image_page_lists_them_all() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = open_window(dir.path());
    window.key_press_modifiers(Modifiers::COMMAND, Key::K);
    settle(&mut window);
    window.get_by_label("Find a command").type_text("pointing");
    settle(&mut window);
    press(&mut window, Key::Enter);
    assert!(shows(&window, "Sort by measure"));
    drop(window);
    let again = reopened(dir.path());
    assert!(!shows(&again, "Sort by measure"), "nothing is kept in the project");
}
