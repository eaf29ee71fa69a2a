//! Pictures of regions from every source, on the bundled photos with the bundled networks.
//!
//! No weights of a detector that finds masks come with the program: the masks here are annotations, outlined for this purpose
//! and written as COCO's run lengths.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use camroi::geometry::Size;
use camroi::mask::Mask;
use camroi::roi::{Ring, pixels_inside};
use eframe::egui::Key;
use egui_kittest::kittest::Queryable as _;

use crate::screenshots::{DEMO, choose, compare, keep, press};
use crate::window::seed::{FakeLauncher, Window, settle, window};

const SIZES: [([f32; 2], &str); 2] = [([1280.0, 800.0], ""), ([2560.0, 1440.0], "_wide")];

/// A photo, what is outlined on it, and the corners in shares of its width and height.
type Outlined = (&'static str, &'static str, &'static [[f32; 2]]);

const OUTLINED: [Outlined; 5] = [
    (
        "fish/fish9.jpg",
        "anemone fish",
        &[
            [0.19, 0.24],
            [0.24, 0.16],
            [0.33, 0.09],
            [0.40, 0.10],
            [0.44, 0.12],
            [0.51, 0.12],
            [0.56, 0.19],
            [0.60, 0.22],
            [0.66, 0.20],
            [0.675, 0.26],
            [0.64, 0.35],
            [0.59, 0.32],
            [0.555, 0.35],
            [0.51, 0.39],
            [0.45, 0.37],
            [0.395, 0.35],
            [0.37, 0.435],
            [0.32, 0.42],
            [0.31, 0.365],
            [0.255, 0.32],
            [0.20, 0.28],
        ],
    ),
    (
        "fish/fish8.jpg",
        "char",
        &[
            [0.11, 0.63],
            [0.22, 0.45],
            [0.40, 0.33],
            [0.47, 0.27],
            [0.62, 0.29],
            [0.74, 0.34],
            [0.85, 0.43],
            [0.92, 0.56],
            [0.90, 0.64],
            [0.80, 0.69],
            [0.65, 0.73],
            [0.40, 0.73],
            [0.25, 0.68],
        ],
    ),
    (
        "fish/fish16.jpg",
        "sea bream",
        &[
            [0.10, 0.465],
            [0.20, 0.36],
            [0.35, 0.28],
            [0.50, 0.265],
            [0.65, 0.31],
            [0.75, 0.40],
            [0.82, 0.435],
            [0.97, 0.36],
            [0.93, 0.46],
            [0.97, 0.64],
            [0.82, 0.49],
            [0.65, 0.58],
            [0.45, 0.58],
            [0.30, 0.56],
            [0.18, 0.52],
        ],
    ),
    (
        "fish/fish28.jpg",
        "puffer",
        &[
            [0.12, 0.46],
            [0.23, 0.45],
            [0.30, 0.42],
            [0.38, 0.38],
            [0.50, 0.37],
            [0.60, 0.39],
            [0.68, 0.43],
            [0.72, 0.55],
            [0.71, 0.63],
            [0.66, 0.72],
            [0.58, 0.80],
            [0.45, 0.83],
            [0.34, 0.78],
            [0.28, 0.65],
            [0.20, 0.69],
            [0.13, 0.66],
        ],
    ),
    (
        "dam/dam1.jpg",
        "dam",
        &[
            [0.02, 0.06],
            [0.42, 0.05],
            [0.70, 0.05],
            [1.0, 0.08],
            [1.0, 0.80],
            [0.82, 0.55],
            [0.68, 0.62],
            [0.55, 0.52],
            [0.30, 0.55],
            [0.13, 0.28],
        ],
    ),
];

/// The outlines as a COCO file of masks, and one of a photo that the demo lacks.
fn masks(file: &Path) {
    let (mut images, mut annotations) = (Vec::new(), Vec::new());
    for (id, (photo, name, corners)) in OUTLINED.iter().enumerate() {
        let (width, height) = image::image_dimensions(DEMO.root.join(photo)).unwrap();
        let ring: Ring = corners.iter().map(|[x, y]| [x * width as f32, y * height as f32]).collect();
        let mask = pixels_inside(&[ring], Size::new(width, height));
        images.push(serde_json::json!({"id": id, "file_name": photo, "width": width, "height": height}));
        annotations.push(serde_json::json!({
            "id": id, "image_id": id, "category_id": id, "iscrowd": 0,
            "segmentation": {"size": [height, width], "counts": run_lengths(&mask)},
        }));
        assert_eq!(OUTLINED.iter().filter(|(_, other, _)| other == name).count(), 1, "a category each");
    }
    images.push(serde_json::json!({"id": 99, "file_name": "fish/fish99.jpg", "width": 10, "height": 10}));
    annotations.push(serde_json::json!({"id": 99, "image_id": 99, "category_id": 0, "bbox": [1, 1, 5, 5]}));
    let named = |(id, (_, name, _)): (usize, &Outlined)| serde_json::json!({"id": id, "name": name});
    let categories: Vec<_> = OUTLINED.iter().enumerate().map(named).collect();
    let coco = serde_json::json!({"images": images, "annotations": annotations, "categories": categories});
    std::fs::write(file, coco.to_string()).unwrap();
}

/// Down the columns, pixels outside and inside in turn.
fn run_lengths(mask: &Mask) -> Vec<u32> {
    let Size { width, height } = mask.size();
    let (mut lengths, mut inside) = (vec![0], false);
    for (x, y) in (0..width).flat_map(|x| (0..height).map(move |y| (x, y))) {
        if mask.contains(x, y) != inside {
            inside = !inside;
            lengths.push(0);
        }
        *lengths.last_mut().unwrap() += 1;
    }
    lengths
}

/// The window on a copy of the demo's project.
fn on_copy(dir: &Path, size: [f32; 2]) -> Window {
    let file = dir.join("demo.camroi");
    if !file.exists() {
        std::fs::copy(&DEMO.file, &file).unwrap();
    }
    window(Arc::new(FakeLauncher { dir: DEMO.root.clone() }), Some(file), size, 1.0)
}

/// The picture for the README at the usual size; the others are looked at, not kept.
fn picture(window: &mut Window, name: &str, suffix: &str) {
    window.remove_cursor();
    settle(window);
    if suffix.is_empty() {
        compare(window, name);
    } else {
        keep(&window.render().unwrap(), &format!("{name}{suffix}"));
    }
}

/// Adds the masks in the dialog, as a person does.
fn add_masks(window: &mut Window, dir: &Path, suffix: &str) {
    let file: PathBuf = dir.join("outlined.json");
    masks(&file);
    choose(window, "Regions");
    picture(window, "menu_of_regions", suffix);
    choose(window, "Add annotations…");
    window.get_by_label("File or folder").focus();
    settle(window);
    window.get_by_label("File or folder").type_text(&file.to_string_lossy());
    settle(window);
    choose(window, "Add");
    keep(&window.render().unwrap(), &format!("annotations_added{suffix}"));
    choose(window, "OK");
}

#[test]
fn boxes_that_the_detector_found() {
    let dir = tempfile::tempdir().unwrap();
    for (size, suffix) in SIZES {
        let mut window = on_copy(dir.path(), size);
        choose(&mut window, "ungulate");
        press(&mut window, &[Key::H]);
        picture(&mut window, "regions_detected", suffix);
    }
}

/// Masks in the place of boxes, in the table by their source, and beside the detector's boxes.
#[test]
fn masks_and_two_sources_side_by_side() {
    for (size, suffix) in SIZES {
        let dir = tempfile::tempdir().unwrap();
        let mut window = on_copy(dir.path(), size);
        choose(&mut window, "fish");
        add_masks(&mut window, dir.path(), suffix);
        choose(&mut window, "Image fish9.jpg");
        keep(&window.render().unwrap(), &format!("regions_as_masks_with_heat{suffix}"));
        press(&mut window, &[Key::H]);
        picture(&mut window, "regions_as_masks", suffix);
        press(&mut window, &[Key::H]);
        choose(&mut window, "Regions");
        choose(&mut window, "Add annotations…");
        keep(&window.render().unwrap(), &format!("annotations_known{suffix}"));
        choose(&mut window, "Close");
        choose(&mut window, "Regions");
        choose(&mut window, "Compare with other regions…");
        keep(&window.render().unwrap(), &format!("comparison_of_regions_question{suffix}"));
        choose(&mut window, "Compare");
        choose(&mut window, "Compare fish9.jpg");
        picture(&mut window, "comparison_of_regions", suffix);
    }
}
