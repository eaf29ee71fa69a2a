//! Regions drawn by hand, as a person draws them.

use std::path::Path;

use camroi::dataset::SampleId;
use camroi::geometry::BBox;
use camroi::roi::{DrawnRoi, Outline};
use camroi::store::Store;
use eframe::egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable as _;

use super::seed::{Window, open_window, press, reopened, settle, shows};
use super::{click, drag, key};

/// What the project holds of the image that is shown first.
fn stored(dir: &Path) -> Vec<DrawnRoi> {
    let store = Store::open_read_only(&dir.join("pets.camroi")).unwrap();
    let run = store.runs().unwrap().remove(0).id;
    let jay: Vec<SampleId> =
        store.scores(run).unwrap().into_iter().filter(|s| s.path == "bird/jay.png").map(|s| s.id).collect();
    store.drawn(jay[0]).unwrap()
}

fn boxes(drawn: &[DrawnRoi]) -> Vec<BBox> {
    let of_box = |region: &DrawnRoi| if let Outline::Box(b) = region.outline { Some(b) } else { None };
    drawn.iter().filter_map(of_box).collect()
}

fn is_near(a: BBox, b: BBox) -> bool {
    [a.x0 - b.x0, a.y0 - b.y0, a.x1 - b.x1, a.y1 - b.y1].iter().all(|d| d.abs() < 0.5)
}

/// The window with a box drawn over the right half of the first image, where all its saliency is.
fn with_box(dir: &Path) -> Window {
    let mut window = open_window(dir);
    assert_eq!(window.state().shown_image(), Some("bird/jay.png"));
    press(&mut window, Key::E);
    drag(&mut window, (33.0, 1.0), (63.0, 47.0));
    window
}

#[test]
fn a_drawn_box_changes_the_fit_is_stored_and_survives_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = open_window(dir.path());
    assert!(shows(&window, "0.0") && !shows(&window, "Region drawn by hand"));
    press(&mut window, Key::E);
    drag(&mut window, (33.0, 1.0), (63.0, 47.0));
    assert!(shows(&window, "Region drawn by hand"));
    let fit = fit(&window);
    assert!(fit > 85.0, "{fit}");
    let expected = BBox::new(33.0, 1.0, 63.0, 47.0);
    assert!(is_near(boxes(&stored(dir.path()))[0], expected), "{:?}", stored(dir.path()));
    drop(window);
    let mut window = reopened(dir.path());
    click(&mut window, "bird");
    press(&mut window, Key::ArrowRight);
    assert_eq!(window.state().shown_image(), Some("bird/jay.png"), "now the bird of higher fit");
    assert!(shows(&window, "Region drawn by hand"));
}

/// The large number under "Fit", in percent.
fn fit(window: &Window) -> f64 {
    let text = window.state().shown_fit().unwrap();
    text * 100.0
}

#[test]
fn the_fit_follows_while_a_handle_is_dragged_and_nothing_is_stored_before_it_is_let_go() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = with_box(dir.path());
    let (before, whole) = (stored(dir.path()), fit(&window));
    window.drag_at(super::on_photo(&window, 33.0, 24.0));
    let mut fits = Vec::new();
    for x in [44.0, 50.0, 56.0] {
        window.hover_at(super::on_photo(&window, x, 24.0));
        settle(&mut window);
        fits.push(fit(&window));
    }
    assert!(whole > fits[0] && fits[0] > fits[1] && fits[1] > fits[2], "{whole} {fits:?}");
    assert_eq!(stored(dir.path()), before);
    window.drop_at(super::on_photo(&window, 56.0, 24.0));
    settle(&mut window);
    assert!(is_near(boxes(&stored(dir.path()))[0], BBox::new(56.0, 1.0, 63.0, 47.0)));
}

#[test]
fn escape_gives_a_drag_up_and_then_lets_go_and_then_ends_drawing() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = with_box(dir.path());
    let before = stored(dir.path());
    window.drag_at(super::on_photo(&window, 50.0, 24.0));
    window.hover_at(super::on_photo(&window, 30.0, 24.0));
    settle(&mut window);
    press(&mut window, Key::Escape);
    window.drop_at(super::on_photo(&window, 30.0, 24.0));
    settle(&mut window);
    assert_eq!(stored(dir.path()), before);
    assert!(shows(&window, "Name of the region"), "still chosen");
    press(&mut window, Key::Escape);
    assert!(!shows(&window, "Name of the region") && shows(&window, "Copy region"));
    press(&mut window, Key::Escape);
    assert!(!shows(&window, "Copy region"));
}

#[test]
fn undo_and_redo_are_stored_too_and_verdicts_keep_their_own() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = with_box(dir.path());
    press(&mut window, Key::ArrowRight);
    key(&mut window, Modifiers::SHIFT, Key::ArrowLeft);
    assert!(is_near(boxes(&stored(dir.path()))[0], BBox::new(24.0, 1.0, 54.0, 47.0)), "{:?}", stored(dir.path()));
    key(&mut window, Modifiers::COMMAND, Key::Z);
    assert!(is_near(boxes(&stored(dir.path()))[0], BBox::new(33.0, 1.0, 63.0, 47.0)));
    key(&mut window, Modifiers::COMMAND, Key::Z);
    assert_eq!(stored(dir.path()), []);
    key(&mut window, Modifiers::COMMAND | Modifiers::SHIFT, Key::Z);
    assert_eq!(stored(dir.path()).len(), 1);
    press(&mut window, Key::Delete);
    assert_eq!(stored(dir.path()), []);
}

#[test]
fn regions_are_made_shaped_and_named_by_keyboard_alone_and_the_next_image_is_one_key_away() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = open_window(dir.path());
    press(&mut window, Key::E);
    press(&mut window, Key::C);
    assert_eq!(boxes(&stored(dir.path())), [BBox::new(0.0, 0.0, 32.0, 48.0)], "the detector's box");
    assert_eq!(stored(dir.path())[0].name, "cat");
    press(&mut window, Key::N);
    assert_eq!(boxes(&stored(dir.path()))[1], BBox::new(16.0, 12.0, 48.0, 36.0));
    press(&mut window, Key::X);
    press(&mut window, Key::ArrowUp);
    assert_eq!(boxes(&stored(dir.path()))[1], BBox::new(16.0, 11.0, 48.0, 36.0), "its top left corner");
    press(&mut window, Key::Tab);
    press(&mut window, Key::Delete);
    assert_eq!(stored(dir.path()).len(), 1);
    press(&mut window, Key::I);
    assert!(matches!(&stored(dir.path())[0].outline, Outline::Polygon(ring) if ring.len() == 4));
    press(&mut window, Key::D);
    assert_eq!(window.state().shown_image(), Some("bird/owl.png"));
    assert!(shows(&window, "Copy region"), "drawing goes on there");
    press(&mut window, Key::A);
    assert!(shows(&window, "Region drawn by hand"));
    click(&mut window, "Region drawn by hand");
    window.get_by_label("Name of the region").focus();
    settle(&mut window);
    window.get_by_label("Name of the region").type_text("beak");
    settle(&mut window);
    assert_eq!(stored(dir.path())[0].name, "beak");
}

#[test]
fn a_polygon_is_drawn_click_by_click() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = open_window(dir.path());
    press(&mut window, Key::E);
    press(&mut window, Key::P);
    for (x, y) in [(10.0, 5.0), (60.0, 5.0), (60.0, 40.0), (10.0, 5.0)] {
        drag(&mut window, (x, y), (x, y));
    }
    let drawn = stored(dir.path());
    assert!(matches!(&drawn[0].outline, Outline::Polygon(ring) if ring.len() == 3), "{drawn:?}");
}

#[test]
fn what_is_drawn_counts_in_the_class_table() {
    let dir = tempfile::tempdir().unwrap();
    let window = with_box(dir.path());
    // Of the two birds one has 90 % instead of 0 %: with 12 % of the other their mean is above the dogs' 50 %.
    assert_eq!(window.state().listed_classes(), ["dog", "bird", "cat"]);
}

#[test]
fn without_drawing_the_pointer_moves_the_photo_and_draws_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = open_window(dir.path());
    drag(&mut window, (33.0, 1.0), (63.0, 47.0));
    press(&mut window, Key::Delete);
    assert_eq!(stored(dir.path()), []);
}
