//! The image page: renderings, probe, film strip, zoom.

use eframe::egui::{Event, Key, Modifiers, MouseWheelSource, MouseWheelUnit, TouchPhase, vec2};
use egui_kittest::kittest::Queryable as _;

use super::seed::{open_window, press, settle, shows};
use super::{click, on_photo};

#[test]
fn the_probe_reads_place_map_and_photo() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = open_window(dir.path());
    // All saliency in the last of four columns over 64 pixels: the surface is 1 from 56 on and 0 up to 40.
    for (x, value) in [(60.5, "map 1.00"), (20.5, "map 0.00"), (48.0, "map 0.50")] {
        window.hover_at(on_photo(&window, x, 10.5));
        settle(&mut window);
        assert!(shows(&window, value), "{x}");
    }
    window.hover_at(on_photo(&window, 60.5, 10.5));
    settle(&mut window);
    // As the seed paints them: shade of the image, twice the column, three times the row.
    assert!(shows(&window, "x 60  y 10") && shows(&window, "RGB 60 120 30"));
    press(&mut window, Key::G);
    window.hover_at(on_photo(&window, 49.0, 10.5));
    settle(&mut window);
    assert!(shows(&window, "map 1.00"), "raw cells have no values between them");
    window.remove_cursor();
    settle(&mut window);
    assert!(!shows(&window, "map 1.00"));
}

#[test]
fn each_rendering_and_arrangement_looks_different_and_survives_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = open_window(dir.path());
    let mut pictures = vec![window.render().unwrap()];
    for key in [Key::M, Key::M, Key::G, Key::W, Key::W] {
        press(&mut window, key);
        pictures.push(window.render().unwrap());
    }
    for (i, a) in pictures.iter().enumerate() {
        assert!(pictures[i + 1..].iter().all(|b| a != b), "{i}");
    }
    assert!(shows(&window, "Wipe"));
}

#[test]
fn the_film_strip_steps_by_click_and_wheel() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = open_window(dir.path());
    click(&mut window, "Strip owl.png");
    assert_eq!(window.state().shown_image(), Some("bird/owl.png"));
    let strip = window.get_by_label("Film strip").rect();
    window.hover_at(strip.center());
    settle(&mut window);
    let wheel = |y| Event::MouseWheel {
        unit: MouseWheelUnit::Line,
        delta: vec2(0.0, y),
        phase: TouchPhase::Move,
        modifiers: Modifiers::NONE,
        source: MouseWheelSource::Wheel,
    };
    window.event(wheel(1.0));
    settle(&mut window);
    assert_eq!(window.state().shown_image(), Some("bird/jay.png"));
    window.event(wheel(-1.0));
    settle(&mut window);
    assert_eq!(window.state().shown_image(), Some("bird/owl.png"));
}

#[test]
fn a_region_under_the_pointer_is_marked_in_the_list_and_the_other_way_round() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = open_window(dir.path());
    let calm = window.render().unwrap();
    let list = window.get_by_label_contains("Region cat").rect();
    let photo = window.get_by_label("Photo").rect();
    let part = |picture: &image::RgbaImage, rect: eframe::egui::Rect| {
        let (x, y) = (rect.left() as u32, rect.top() as u32);
        image::imageops::crop_imm(picture, x, y, rect.width() as u32, rect.height() as u32).to_image()
    };
    window.hover_at(on_photo(&window, 10.0, 20.0));
    settle(&mut window);
    assert_ne!(part(&calm, list), part(&window.render().unwrap(), list));
    window.hover_at(list.center());
    settle(&mut window);
    assert_ne!(part(&calm, photo), part(&window.render().unwrap(), photo));
}

#[test]
fn one_to_one_and_fit_by_key_and_the_zoom_stays_for_images_of_one_size() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = open_window(dir.path());
    let whole = window.render().unwrap();
    press(&mut window, Key::Z);
    assert!(shows(&window, "0.1×") || shows(&window, "0.2×"), "a small image is shown smaller than what fits");
    press(&mut window, Key::D);
    assert!(shows(&window, "0.1×") || shows(&window, "0.2×"));
    press(&mut window, Key::A);
    press(&mut window, Key::F);
    assert_eq!(whole, window.render().unwrap());
}
