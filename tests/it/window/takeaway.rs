//! Taking results along.

use std::fs;
use std::path::Path;

use eframe::egui::accesskit::Role;
use eframe::egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable as _;

use super::click;
use super::seed::{Window, open_window, press, settle, shows};

/// Asks for something in the menu and saves it where the window proposes.
fn take(window: &mut Window, item: &str) {
    click(window, "Take along");
    click(window, item);
    click(window, "Save");
}

fn files(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = entries.filter(|name| name.starts_with("pets-")).collect();
    names.sort();
    names
}

#[test]
fn tables_report_sheet_and_picture_are_written_beside_the_project() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = open_window(dir.path());
    for (item, name) in [
        ("Report…", "pets-report.html"),
        ("Sheet of bird…", "pets-bird.png"),
        ("Picture of jay.png…", "pets-bird_jay_png.png"),
        ("Classes as CSV…", "pets-classes.csv"),
        ("Classes as JSON…", "pets-classes.json"),
        ("Classes as Parquet…", "pets-classes.parquet"),
        ("Samples as CSV…", "pets-samples.csv"),
        ("Samples as JSON…", "pets-samples.jsonl"),
        ("Samples as Parquet…", "pets-samples.parquet"),
    ] {
        take(&mut window, item);
        assert!(shows(&window, "saved"), "{item}");
        assert!(shows(&window, name), "the notice says where {item} went");
        click(&mut window, "Dismiss");
    }
    assert_eq!(files(dir.path()).len(), 9, "{:?}", files(dir.path()));
    let read = |name: &str| fs::read_to_string(dir.path().join(name)).unwrap();
    assert!(read("pets-report.html").contains("data-class=\"bird\""));
    assert_eq!(read("pets-classes.csv").lines().count(), 4);
    assert_eq!(read("pets-samples.jsonl").lines().count(), 7);
    let picture = image::open(dir.path().join("pets-bird_jay_png.png")).unwrap();
    assert_eq!((picture.width(), picture.height()), (64, 48), "at the size of the photo");
}

#[test]
fn verdicts_are_in_the_tables_that_are_taken_along() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = open_window(dir.path());
    // On the first of the birds.
    press(&mut window, Key::Num1);
    window.key_press_modifiers(Modifiers::ALT, Key::Num2);
    settle(&mut window);
    take(&mut window, "Classes as CSV…");
    take(&mut window, "Samples as CSV…");
    let lines = |name: &str| {
        let text = fs::read_to_string(dir.path().join(name)).unwrap();
        text.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let (classes, samples) = (lines("pets-classes.csv"), lines("pets-samples.csv"));
    assert!(classes[0].ends_with(",verdict,note") && samples[0].ends_with(",verdict,note"));
    assert!(classes.iter().any(|line| line.starts_with("bird,") && line.ends_with(",legitimate_context,")));
    let judged: Vec<_> = samples.iter().filter(|line| line.ends_with(",spurious,")).collect();
    assert!(judged.len() == 1 && judged[0].starts_with("bird/jay.png,"), "{judged:?}");
}

#[test]
fn the_report_names_the_thresholds_of_the_window() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = open_window(dir.path());
    click(&mut window, "Thresholds");
    window.get_by_role_and_label(Role::Slider, "Fit below").focus();
    for _ in 0..4 {
        press(&mut window, Key::ArrowRight);
    }
    press(&mut window, Key::Escape);
    take(&mut window, "Report…");
    let page = fs::read_to_string(dir.path().join("pets-report.html")).unwrap();
    assert!(page.contains("fit below") && !page.contains("fit below 50.0\u{a0}%"), "the usual one is 50 %");
}

#[test]
fn nothing_is_replaced_unasked() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = open_window(dir.path());
    let file = dir.path().join("pets-classes.csv");
    fs::write(&file, "mine").unwrap();
    take(&mut window, "Classes as CSV…");
    assert!(shows(&window, "There is a file of this name already"));
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
    click(&mut window, "Cancel");
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
    take(&mut window, "Classes as CSV…");
    click(&mut window, "Replace file");
    assert!(fs::read_to_string(&file).unwrap().starts_with("class,samples"));
}

#[test]
fn a_place_that_cannot_be_written_is_told_and_nothing_is_left_behind() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = open_window(dir.path());
    click(&mut window, "Take along");
    click(&mut window, "Report…");
    window.get_by_label("File").focus();
    settle(&mut window);
    window.get_by_label("File").type_text("/nowhere");
    settle(&mut window);
    click(&mut window, "Save");
    assert!(shows(&window, "No report was written"));
    assert!(shows(&window, "cannot write"));
    assert_eq!(files(dir.path()), [""; 0]);
}
