//! Pictures of the window for the README, made from the bundled photos with the bundled networks.
//!
//! `UPDATE_SNAPSHOTS=1 cargo test --test it screenshots` draws them anew.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, LazyLock, Mutex};

use camroi::device::DeviceChoice;
use camroi::inquiry::{Explain, Explainer};
use camroi::models::Shelf;
use camroi::run::{Control, ModelRequest, RunEvent, Session};
use camroi::saliency::{Method, Recipe};
use camroi::store::{Store, TargetRule};
use camroi::ui::{Choices, Credits, Launcher, Request};
use camroi::{demo, run};
use eframe::egui::{Event, Key, Modifiers, MouseWheelSource, MouseWheelUnit, Pos2, TouchPhase, pos2, vec2};
use egui_kittest::SnapshotOptions;
use egui_kittest::kittest::Queryable as _;

use crate::cli::models::{NINE, nine_classes};
use crate::window::models::enter;
use crate::window::seed::{FakeLauncher, Window, settle, settle_beside_run, window};

/// A project over the bundled photos, made once for all pictures.
pub(crate) struct Demo {
    _dir: tempfile::TempDir,
    pub(crate) root: PathBuf,
    pub(crate) file: PathBuf,
}

pub(crate) static DEMO: LazyLock<Demo> = LazyLock::new(|| {
    let dir = tempfile::tempdir().unwrap();
    let (root, file) = (dir.path().join("demo"), dir.path().join("demo.camroi"));
    demo::write_to(&root).unwrap();
    analyse(&root, &file, Method::GradCam);
    Demo { _dir: dir, root, file }
});

/// Analyses the photos under `root` with the bundled networks.
fn analyse(root: &Path, file: &Path, method: Method) {
    let request = run::Request {
        dataset: root.to_owned(),
        file: file.to_owned(),
        models: ModelRequest {
            classifier: "efficientnet-lite0".into(),
            layer: None,
            recipe: Recipe::new(method),
            detector: Some("nanodet-g-416".into()),
            device: DeviceChoice::Cpu,
        },
        target: TargetRule::Predicted,
        roi_min_score: None,
        groups: None,
        limit_per_class: None,
        batch: None,
        threads: None,
    };
    Session::open(&request).unwrap().run(&Control::default(), &mut |_| {}).unwrap();
}

/// One place for the tolerance: drawing is exact, but another processor may round a number the other way.
pub(crate) fn compare(window: &mut Window, name: &str) {
    let options = SnapshotOptions::new().output_path("screenshots").max_failed_pixels(200);
    window.snapshot_options(name, &options);
}

fn on_demo(size: [f32; 2], scale: f32) -> Window {
    let launcher = Arc::new(FakeLauncher { dir: DEMO.root.clone() });
    window(launcher, Some(DEMO.file.clone()), size, scale)
}

pub(crate) fn choose(window: &mut Window, label: &str) {
    window.get_by_label(label).click();
    settle(window);
    window.remove_cursor();
    settle(window);
}

#[test]
fn first_screen() {
    let dir = tempfile::tempdir().unwrap();
    let launcher = Arc::new(FakeLauncher { dir: dir.path().to_owned() });
    compare(&mut window(launcher, None, [1280.0, 800.0], 1.0), "first_screen");
}

#[test]
fn classes_and_image_dark() {
    let mut window = on_demo([1280.0, 800.0], 1.0);
    choose(&mut window, "fish");
    compare(&mut window, "classes_and_image_dark");
}

/// Grad-CAM beside Eigen-CAM over the same photos, and what the window asks when results are taken along.
#[test]
fn comparison() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("demo.camroi");
    std::fs::copy(&DEMO.file, &file).unwrap();
    analyse(&DEMO.root, &file, Method::EigenCam);
    let launcher = Arc::new(FakeLauncher { dir: DEMO.root.clone() });
    let mut window = window(launcher, Some(file), [1280.0, 800.0], 1.0);
    choose(&mut window, "Compare…");
    keep(&window.render().unwrap(), "compare_question");
    window.get_by_label_contains("Run 1:").click();
    settle(&mut window);
    compare(&mut window, "comparison");
    choose(&mut window, "Close comparison");
    choose(&mut window, "Take along");
    keep(&window.render().unwrap(), "take_along_menu");
    choose(&mut window, "Report…");
    keep(&window.render().unwrap(), "take_along_question");
    choose(&mut window, "Save");
    keep(&window.render().unwrap(), "take_along_notice");
}

#[test]
fn class_page() {
    let mut window = on_demo([1280.0, 800.0], 1.0);
    choose(&mut window, "bird");
    window.key_press(eframe::egui::Key::C);
    settle(&mut window);
    compare(&mut window, "class_page");
    let mut window = on_demo([2560.0, 1440.0], 1.0);
    choose(&mut window, "fish");
    window.key_press(eframe::egui::Key::C);
    settle(&mut window);
    keep(&window.render().unwrap(), "class_page_wide");
}

#[test]
fn classes_and_image_light() {
    let mut window = on_demo([1280.0, 800.0], 1.0);
    choose(&mut window, "Light");
    choose(&mut window, "bird");
    compare(&mut window, "classes_and_image_light");
}

/// Where a share of the shown image is on the screen, while it is shown whole.
fn on_photo(window: &Window, image: (f32, f32), at: (f32, f32)) -> Pos2 {
    let canvas = window.get_by_label("Photo").rect().shrink(8.0);
    let scale = (canvas.width() / image.0).min(canvas.height() / image.1);
    canvas.center() + scale * vec2((at.0 - 0.5) * image.0, (at.1 - 0.5) * image.1)
}

pub(crate) fn press(window: &mut Window, keys: &[Key]) {
    for key in keys {
        window.key_press(*key);
        settle(window);
    }
}

#[test]
fn another_map_than_the_runs() {
    let launcher = Arc::new(Explaining {
        models: FakeLauncher { dir: DEMO.root.clone() },
        explainer: Explainer::new(DeviceChoice::Cpu),
    });
    let mut window = window(launcher, Some(DEMO.file.clone()), [1280.0, 800.0], 1.0);
    choose(&mut window, "fish");
    window.get_by_label("Method of the map").click();
    settle(&mut window);
    keep(&window.render().unwrap(), "menu_of_methods");
    choose(&mut window, "guided-backprop");
    compare(&mut window, "another_map");
    press(&mut window, &[Key::W]);
    keep(&window.render().unwrap(), "another_map_beside_the_runs");
}

/// Runs nothing, but explains with the bundled network.
struct Explaining {
    models: FakeLauncher,
    explainer: Explainer,
}

impl Launcher for Explaining {
    fn choices(&self) -> Choices {
        self.models.choices()
    }

    fn shelf(&self) -> &dyn camroi::ui::Shelf {
        &self.models
    }

    fn credits(&self) -> Vec<Credits> {
        self.models.credits()
    }

    fn explainer(&self) -> &dyn Explain {
        &self.explainer
    }

    fn demo(&self) -> anyhow::Result<Request> {
        self.models.demo()
    }

    fn launch(&self, _: &Request, _: &Control, _: &mut dyn FnMut(RunEvent)) -> anyhow::Result<()> {
        Ok(())
    }
}

/// The pointing game less that of the centre point: the menu, and the table sorted by it.
#[test]
fn measures_beside_the_fit() {
    let mut window = on_demo([1280.0, 800.0], 1.0);
    window.get_by_label("Measure").click();
    settle(&mut window);
    window.get_by_label("Rank accuracy").click();
    settle(&mut window);
    window.get_by_label("Less centre").click();
    settle(&mut window);
    keep(&window.render().unwrap(), "menu_of_measures");
    window.key_press(Key::Escape);
    choose(&mut window, "Thresholds");
    compare(&mut window, "measures");
    let mut window = on_demo([2560.0, 1440.0], 1.0);
    choose(&mut window, "Measure");
    choose(&mut window, "Hot mass");
    window.key_press(Key::Escape);
    settle(&mut window);
    keep(&window.render().unwrap(), "measures_wide");
}

/// All checks of the class of the lowest fit with an object, and of every class by other methods.
#[test]
fn checks() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("demo.camroi");
    std::fs::copy(&DEMO.file, &file).unwrap();
    let models = FakeLauncher { dir: DEMO.root.clone() };
    let launcher = Arc::new(Explaining { models, explainer: Explainer::new(DeviceChoice::Cpu) });
    let mut wide = window(launcher.clone(), Some(file.clone()), [2560.0, 1440.0], 1.0);
    choose(&mut wide, "building");
    choose(&mut wide, "Checks");
    keep(&wide.render().unwrap(), "checks_empty");
    choose(&mut wide, "Check random weights");
    choose(&mut wide, "Check deletion and insertion");
    choose(&mut wide, "images of each class");
    choose(&mut wide, "Compute by other methods");
    keep(&wide.render().unwrap(), "checks_wide");
    drop(wide);
    let mut shown = window(launcher, Some(file), [1280.0, 800.0], 1.0);
    choose(&mut shown, "building");
    shown.key_press(Key::K);
    settle(&mut shown);
    keep(&shown.render().unwrap(), "checks_top");
    shown.hover_at(pos2(1100.0, 500.0));
    shown.event(Event::MouseWheel {
        unit: MouseWheelUnit::Point,
        delta: vec2(0.0, -1000.0),
        phase: TouchPhase::Move,
        modifiers: Modifiers::NONE,
        source: MouseWheelSource::Wheel,
    });
    settle(&mut shown);
    shown.remove_cursor();
    settle(&mut shown);
    compare(&mut shown, "checks");
}

#[test]
fn image_page_wide_with_side_by_side() {
    let mut window = on_demo([2560.0, 1440.0], 1.0);
    choose(&mut window, "fish");
    press(&mut window, &[Key::W]);
    compare(&mut window, "image_page_side_by_side");
}

#[test]
fn image_page_with_contours_in_light() {
    let mut window = on_demo([1280.0, 800.0], 1.0);
    choose(&mut window, "Light");
    choose(&mut window, "fish");
    press(&mut window, &[Key::M]);
    compare(&mut window, "image_page_contours_light");
    press(&mut window, &[Key::M]);
    keep(&window.render().unwrap(), "masked_out");
    press(&mut window, &[Key::W, Key::W]);
    keep(&window.render().unwrap(), "wipe");
}

/// A copy of the demo's project, so that what is drawn here is in no other picture.
#[test]
fn image_page_with_regions_drawn_by_hand() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("demo.camroi");
    std::fs::copy(&DEMO.file, &file).unwrap();
    let launcher = Arc::new(FakeLauncher { dir: DEMO.root.clone() });
    let mut window = window(launcher, Some(file), [1280.0, 800.0], 1.0);
    choose(&mut window, "bird");
    press(&mut window, &[Key::E, Key::C, Key::X, Key::X]);
    keep(&window.render().unwrap(), "drawing_box");
    press(&mut window, &[Key::P]);
    let image = shown_size(&window);
    for at in [(0.35, 0.25), (0.6, 0.3), (0.7, 0.6), (0.5, 0.8), (0.3, 0.6)] {
        let at = on_photo(&window, image, at);
        window.hover_at(at);
        window.drag_at(at);
        window.drop_at(at);
        settle(&mut window);
    }
    press(&mut window, &[Key::Enter]);
    window.remove_cursor();
    settle(&mut window);
    compare(&mut window, "image_page_drawing");
}

/// Width and height of the shown image.
fn shown_size(window: &Window) -> (f32, f32) {
    let path = DEMO.root.join(window.state().shown_image().unwrap());
    let (width, height) = image::image_dimensions(path).unwrap();
    (width as f32, height as f32)
}

/// A run whose pace the test sets.
struct Paced {
    models: FakeLauncher,
    file: PathBuf,
    go: Mutex<Receiver<()>>,
    done: Sender<()>,
}

impl Launcher for Paced {
    fn choices(&self) -> Choices {
        Choices::default()
    }

    fn shelf(&self) -> &dyn camroi::ui::Shelf {
        &self.models
    }

    fn explainer(&self) -> &dyn Explain {
        &self.models
    }

    fn credits(&self) -> Vec<Credits> {
        Vec::new()
    }

    fn demo(&self) -> anyhow::Result<Request> {
        Ok(Request { file: self.file.clone(), ..FakeLauncher { dir: PathBuf::new() }.request() })
    }

    fn launch(&self, _: &Request, _: &Control, events: &mut dyn FnMut(RunEvent)) -> anyhow::Result<()> {
        let store = Store::open_read_only(&self.file)?;
        let run = store.runs()?.remove(0).id;
        let scores = store.scores(run)?;
        events(RunEvent::Started { run, total: scores.len(), done: 29 });
        let go = self.go.lock().unwrap();
        for score in scores.into_iter().take(12) {
            if go.recv().is_err() {
                break;
            }
            events(RunEvent::Sample(score));
            self.done.send(()).unwrap();
        }
        // Goes on until the test ends.
        go.recv().unwrap_or_default();
        Ok(())
    }
}

#[test]
fn run_in_progress() {
    let ((go, may_go), (done, is_done)) = (channel(), channel());
    let models = FakeLauncher { dir: PathBuf::new() };
    let launcher = Paced { models, file: DEMO.file.clone(), go: Mutex::new(may_go), done };
    let mut window = window(Arc::new(launcher), None, [1280.0, 800.0], 1.0);
    window.get_by_label("Try the demo").click();
    settle_beside_run(&mut window);
    for _ in 0..12 {
        go.send(()).unwrap();
        is_done.recv().unwrap();
        window.step();
    }
    window.remove_cursor();
    settle_beside_run(&mut window);
    compare(&mut window, "run_in_progress");
    drop(go);
}

/// A retrained network is added: its classes are the folders of the data set.
#[test]
fn choose_model() {
    let dir = tempfile::tempdir().unwrap();
    let photos = dir.path().join("photos");
    for (photo, (_, class)) in NINE_PHOTOS.iter().zip(NINE) {
        std::fs::create_dir_all(photos.join(class)).unwrap();
        std::fs::copy(DEMO.root.join(photo), photos.join(class).join("photo.jpg")).unwrap();
    }
    let file = dir.path().join("resort.safetensors");
    nine_classes(&file);
    let launcher = camroi::cli::launcher(Shelf::at(&dir.path().join("models")));
    let mut window = window(launcher, Some(photos), [1280.0, 800.0], 1.0);
    choose(&mut window, "Choose classifier");
    enter(&mut window, "Weights file", &file.to_string_lossy());
    window.remove_cursor();
    settle(&mut window);
    compare(&mut window, "choose_model");
    choose(&mut window, "Add model");
    keep(&window.render().unwrap(), "models");
}

/// A demo photo of each of the nine classes.
const NINE_PHOTOS: [&str; 9] = [
    "ungulate/bison.jpg",
    "carnivore/cheetah.jpg",
    "dam/dam1.jpg",
    "bird/duck.jpg",
    "hammer/hammer1.jpg",
    "carnivore/jaguar.jpg",
    "bird/owl.jpg",
    "carnivore/panda.jpg",
    "bird/toucan.jpg",
];

/// Nothing is drawn outside of a large window's panes either; looked at, not kept.
#[test]
fn a_large_window_of_double_density_is_filled() {
    let mut window = on_demo([2560.0, 1440.0], 1.0);
    let wide = window.render().unwrap();
    assert_eq!(wide.dimensions(), (2560, 1440));
    keep(&wide, "wide");
    let mut window = on_demo([1280.0, 800.0], 2.0);
    let dense = window.render().unwrap();
    assert_eq!(dense.dimensions(), (2560, 1600));
    keep(&dense, "dense");
}

/// In the smallest window nothing is out of reach; looked at, not kept.
#[test]
fn the_smallest_window_has_room_for_panes_form_and_dialogs() {
    let small = [1100.0, 680.0];
    let mut window = on_demo(small, 1.0);
    keep(&window.render().unwrap(), "small");
    choose(&mut window, "Keys");
    keep(&window.render().unwrap(), "keys");
    choose(&mut window, "Close dialog");
    choose(&mut window, "About");
    keep(&window.render().unwrap(), "about");
    choose(&mut window, "Close dialog");
    let launcher = Arc::new(FakeLauncher { dir: DEMO.root.clone() });
    let mut form = crate::window::seed::window(launcher, Some(DEMO.root.clone()), small, 1.0);
    keep(&form.render().unwrap(), "form");
    let button = form.get_by_label("Start analysis").rect();
    assert!(button.bottom() < 680.0, "{button:?}");
}

pub(crate) fn keep(picture: &image::RgbaImage, name: &str) {
    if let Some(folder) = option_env!("CARGO_TARGET_TMPDIR") {
        picture.save(Path::new(folder).join(format!("{name}.png"))).unwrap();
    }
}
