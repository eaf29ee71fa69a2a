//! The panel of checks.

use camroi::store::Store;
use eframe::egui::Key;

use super::click;
use super::seed::{open_window, press, reopened, shows};

#[test]
fn a_check_warns_is_kept_and_is_there_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = open_window(dir.path());
    click(&mut window, "Checks");
    assert!(shows(&window, "Not checked yet."));
    click(&mut window, "Check random weights");
    assert!(shows(&window, "hardly change where the weights are random"), "every correlation is 0.75");
    assert!(shows(&window, "bird (2 images)") && shows(&window, "all checked (2 images)"));
    drop(window);
    let store = Store::open_read_only(&dir.path().join("pets.camroi")).unwrap();
    let run = store.runs().unwrap().remove(0);
    assert_eq!(store.checked(run.id).unwrap().len(), 2);
    drop(store);
    let mut window = reopened(dir.path());
    press(&mut window, Key::K);
    assert!(shows(&window, "hardly change where the weights are random"));
    press(&mut window, Key::K);
    assert!(!shows(&window, "Check random weights"));
}

#[test]
fn deletion_and_insertion_are_drawn_for_the_image_and_its_class() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = open_window(dir.path());
    press(&mut window, Key::K);
    click(&mut window, "this image");
    click(&mut window, "Check deletion and insertion");
    assert!(shows(&window, "jay.png (1 image)") && shows(&window, "bird (1 image)"));
    assert!(shows(&window, "Plot of the Deletion") && shows(&window, "ROAD +0.75"));
}

/// Under all other methods the saliency lies inside of the region.
#[test]
fn a_class_that_is_low_under_one_method_alone_is_no_suspect_any_more() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = open_window(dir.path());
    assert!(shows(&window, "Suspect 1"));
    press(&mut window, Key::K);
    click(&mut window, "images of each class");
    click(&mut window, "Compute by other methods");
    assert!(shows(&window, "1 of 4"));
    assert!(!shows(&window, "Suspect 1"));
}
