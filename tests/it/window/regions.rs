//! Which regions count, chosen in the menu.

use camroi::geometry::BBox;
use camroi::roi::{DrawnRoi, Outline};
use camroi::store::Store;
use eframe::egui::Key;

use super::click;
use super::seed::{Window, open_window, press, reopened, settle};

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
