//! Another map than the run's over an image.

use eframe::egui::Key;
use egui_kittest::kittest::Queryable as _;

use super::click;
use super::seed::{Window, open_window, press, settle, settle_while_explaining, shows};

fn choose(window: &mut Window, menu: &str, entry: &str) {
    click(window, menu);
    window.get_by_label(entry).click();
}

#[test]
fn another_method_shows_its_own_map_and_numbers_and_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = open_window(dir.path());
    // All of the run's saliency lies outside of the region, all of the other map's inside.
    assert!(shows(&window, "0.0\u{a0}%") && !shows(&window, "not the run's map"));
    choose(&mut window, "Method of the map", "layercam");
    settle(&mut window);
    assert!(shows(&window, "100.0\u{a0}%") && shows(&window, "not the run's map"));
    assert_eq!(window.state().listed_classes(), ["bird", "dog", "cat"], "the tables stay those of the run");
    click(&mut window, "Next image");
    assert!(shows(&window, "100.0\u{a0}%") && shows(&window, "not the run's map"), "the choice goes with the person");
    click(&mut window, "Back to the run's map");
    assert!(!shows(&window, "not the run's map") && !shows(&window, "100.0\u{a0}%"));
}

#[test]
fn the_picture_that_is_taken_along_has_the_map_that_is_shown() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = open_window(dir.path());
    let mut picture = || {
        click(&mut window, "Take along");
        click(&mut window, "Picture of jay.png…");
        click(&mut window, "Save");
        click(&mut window, "Dismiss");
        let file = dir.path().join("pets-bird_jay_png.png");
        let picture = image::open(&file).unwrap().into_rgb8();
        std::fs::remove_file(file).unwrap();
        choose(&mut window, "Class of the map", "labelled class");
        settle(&mut window);
        picture
    };
    assert_ne!(picture(), picture(), "of the run's map, and of the other one");
    assert_eq!(picture(), picture());
}

#[test]
fn layers_are_listed_with_their_grids() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = open_window(dir.path());
    click(&mut window, "Layer of the map");
    assert!(shows(&window, "first  8 × 8") && shows(&window, "last  4 × 4"));
    window.get_by_label("first  8 × 8").click();
    settle(&mut window);
    assert!(shows(&window, "not the run's map"));
}

#[test]
fn any_class_can_be_explained() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = open_window(dir.path());
    choose(&mut window, "Class of the map", "labelled class");
    settle(&mut window);
    assert!(shows(&window, "not the run's map"));
}

#[test]
fn a_click_on_a_prediction_explains_that_class_and_one_on_the_runs_own_leads_back() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = open_window(dir.path());
    click(&mut window, "Explain cat");
    assert!(shows(&window, "not the run's map"));
    click(&mut window, "Explain bird");
    assert!(!shows(&window, "not the run's map"));
}

#[test]
fn the_map_before_stays_while_another_one_is_computed_and_cancelling_keeps_it() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = open_window(dir.path());
    choose(&mut window, "Method of the map", "layercam");
    settle(&mut window);
    choose(&mut window, "Method of the map", "rise");
    settle_while_explaining(&mut window);
    assert!(shows(&window, "computing…") && shows(&window, "100.0\u{a0}%"));
    window.get_by_label("Cancel").click();
    settle(&mut window);
    assert!(!shows(&window, "computing…") && shows(&window, "100.0\u{a0}%") && shows(&window, "not the run's map"));
}

#[test]
fn why_there_is_no_map_is_said_and_the_runs_own_stays() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = open_window(dir.path());
    choose(&mut window, "Method of the map", "eigencam");
    settle(&mut window);
    assert!(shows(&window, "not available here"));
    assert!(shows(&window, "0.0\u{a0}%"));
}

#[test]
fn side_by_side_and_wipe_compare_the_runs_map_with_the_other_one() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = open_window(dir.path());
    press(&mut window, Key::W);
    let photo_beside_map = window.render().unwrap();
    choose(&mut window, "Method of the map", "layercam");
    settle(&mut window);
    window.remove_cursor();
    settle(&mut window);
    let left = |picture: &image::RgbaImage, window: &Window| {
        let canvas = window.get_by_label("Photo").rect();
        let (x, y) = (canvas.left() as u32 + 4, canvas.top() as u32 + 40);
        image::imageops::crop_imm(picture, x, y, canvas.width() as u32 / 2 - 8, canvas.height() as u32 - 80).to_image()
    };
    let both = window.render().unwrap();
    assert_ne!(left(&photo_beside_map, &window), left(&both, &window), "the run's map lies over the photo on the left");
    press(&mut window, Key::H);
    assert_ne!(left(&both, &window), left(&window.render().unwrap(), &window));
}
