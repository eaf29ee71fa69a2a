//! Small projects with results made up for the purpose, and a launcher that runs no network.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use camroi::analysis::{Explanation, Prediction};
use camroi::dataset::{ClassId, Sample};
use camroi::detector::Detection;
use camroi::geometry::{BBox, Size};
use camroi::inquiry::{Case, CheckKind, Explain, LayerGrid, Question, Wanted};
use camroi::run::{Control, Finished, RunEvent};
use camroi::saliency::{Method, SaliencyMap};
use camroi::store::{Analysed, ContentHash, NetworkInfo, RunSettings, SampleRecord, Store, TargetRule};
use camroi::ui::{App, Choices, Credit, Credits, Draft, KnownModel, Launcher, Layers, ModelUse, Place, Request, Shelf};
use eframe::egui;
use egui_kittest::Harness;

use crate::soft_renderer::SoftRenderer;

/// What is made up for an image.
pub(crate) struct Made {
    pub(crate) path: &'static str,
    /// Column of the 4 x 4 saliency map that holds everything; the region is the left half, so 0 and 1 lie inside.
    pub(crate) column: usize,
    pub(crate) right: bool,
}

/// Three classes: birds with low fit, cats with high fit, dogs in between; one image cannot be used.
pub(crate) const IMAGES: [Made; 7] = [
    Made { path: "bird/jay.png", column: 3, right: true },
    Made { path: "bird/owl.png", column: 2, right: true },
    Made { path: "cat/tabby.png", column: 0, right: true },
    Made { path: "cat/tiger.png", column: 0, right: false },
    Made { path: "dog/collie.png", column: 0, right: false },
    Made { path: "dog/pug.png", column: 3, right: false },
    Made { path: "dog/torn.png", column: 9, right: false },
];

const CLASSES: [&str; 4] = ["bird", "cat", "dog", "zebra"];

fn settings() -> RunSettings {
    let network = |name: &str| NetworkInfo {
        name: name.into(),
        key: format!("{name}-1"),
        class_names: CLASSES.map(String::from).to_vec(),
    };
    RunSettings {
        classifier: network("classifier"),
        layer: "last".into(),
        method: "gradcam".into(),
        target: TargetRule::Predicted,
        detector: Some(network("detector")),
        roi_min_score: 0.35,
        hits: CLASSES.iter().enumerate().map(|(i, name)| ((*name).to_owned(), vec![ClassId(i)])).collect(),
    }
}

fn record(store: &Store, run: camroi::store::RunId, made: &Made, place: u8) -> SampleRecord {
    let pending = store.pending(run).unwrap();
    let id = pending.iter().find(|p| p.path == made.path).unwrap().id;
    if made.column > 3 {
        return SampleRecord::Failed { id, reason: "the picture ends too early".into() };
    }
    let label = made.path.split('/').next().unwrap();
    let class = ClassId(CLASSES.iter().position(|c| *c == label).unwrap());
    let predicted = if made.right { class } else { ClassId(3) };
    let image = Size::new(64, 48);
    let values = (0..16).map(|i| if i % 4 == made.column { 1.0 } else { 0.0 }).collect();
    let explanation = Explanation {
        image,
        view: image.bounds(),
        top: vec![
            Prediction { class: predicted, probability: 0.75 },
            Prediction { class: ClassId(1), probability: 0.125 },
        ],
        target: predicted,
        map: SaliencyMap::from_values(4, 4, values),
    };
    let half =
        Detection { bbox: BBox::new(0.0, 0.0, 32.0, 48.0), score: 0.8, class: 1, name: "cat".into(), mask: None };
    SampleRecord::Analysed(Box::new(Analysed {
        id,
        hash: ContentHash([place; 32]),
        explanation: Some(explanation),
        detections: Some(vec![half]),
    }))
}

/// Writes small pictures under `root`.
pub(crate) fn photos(root: &Path) {
    for (i, made) in IMAGES.iter().enumerate() {
        let path = root.join(made.path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let shade = 60 + 20 * i as u8;
        image::RgbImage::from_fn(64, 48, |x, y| image::Rgb([shade, 2 * x as u8, 3 * y as u8])).save(path).unwrap();
    }
}

/// Saves made-up results of the photos under `root` in `file`, telling them as a run would.
fn analyse(file: &Path, root: &Path, control: &Control, events: &mut dyn FnMut(RunEvent)) -> anyhow::Result<()> {
    let start = Instant::now();
    let mut store = Store::open_or_create(file, root)?;
    let label = |path: &str| path.split('/').next().map(str::to_owned);
    let samples: Vec<_> = IMAGES.iter().map(|m| (Sample { path: m.path.into(), label: label(m.path) }, None)).collect();
    store.list_samples(&samples)?;
    let run = store.begin_run(&settings())?;
    events(RunEvent::Started { run, total: IMAGES.len(), done: 0 });
    for (place, made) in IMAGES.iter().enumerate() {
        while control.is_paused() {
            std::thread::sleep(Duration::from_millis(1));
        }
        if control.is_cancelled() {
            break;
        }
        let record = record(&store, run, made, place as u8);
        store.save(run, std::slice::from_ref(&record))?;
        match record {
            SampleRecord::Failed { id, reason } => {
                events(RunEvent::Failed { id, path: made.path.into(), reason });
            }
            SampleRecord::Analysed(_) => {
                let score = store.scores(run)?.into_iter().find(|s| s.path == made.path).unwrap();
                events(RunEvent::Sample(score));
            }
        }
    }
    let pending = store.pending(run)?.len();
    let failed = store.failures(run)?.len();
    let total = IMAGES.len();
    let pending = pending.saturating_sub(failed);
    events(RunEvent::Finished(Finished { run, total, pending, failed, elapsed: start.elapsed() }));
    Ok(())
}

/// A project of the made-up results.
pub(crate) fn project(dir: &Path) -> PathBuf {
    let (root, file) = (dir.join("photos"), dir.join("pets.camroi"));
    photos(&root);
    analyse(&file, &root, &Control::default(), &mut |_| {}).unwrap();
    file
}

/// Runs no network.
pub(crate) struct FakeLauncher {
    pub(crate) dir: PathBuf,
}

impl FakeLauncher {
    pub(crate) fn request(&self) -> Request {
        Request {
            dataset: self.dir.join("photos"),
            file: self.dir.join("demo.camroi"),
            classifier: "classifier".into(),
            layer: None,
            method: "gradcam".into(),
            target: TargetRule::Predicted,
            detector: Some("detector".into()),
            device: "cpu".into(),
            batch: None,
            limit_per_class: None,
        }
    }
}

/// EigenCAM is not available, RISE takes until it is cancelled, and all others see everything in the first column.
impl Explain for FakeLauncher {
    fn layers(&self, _: &RunSettings) -> anyhow::Result<Vec<LayerGrid>> {
        let layer = |name: &str, side| LayerGrid { name: name.into(), grid: Size::new(side, side) };
        Ok(vec![layer("first", 8), layer("last", 4)])
    }

    fn explain(
        &self,
        _: &RunSettings,
        question: &Question,
        cancelled: &dyn Fn() -> bool,
    ) -> anyhow::Result<Explanation> {
        anyhow::ensure!(question.recipe.method != Method::EigenCam, "not available here");
        while question.recipe.method == Method::Rise && !cancelled() {
            std::thread::sleep(Duration::from_millis(1));
        }
        anyhow::ensure!(!cancelled(), "cancelled");
        let image = Size::new(64, 48);
        let values = (0..16).map(|i| if i % 4 == 0 { 1.0 } else { 0.0 }).collect();
        let target = match &question.target {
            Wanted::BestOf(classes) => classes[0],
            Wanted::Predicted => ClassId(3),
        };
        let top = vec![Prediction { class: ClassId(3), probability: 0.75 }];
        Ok(Explanation { image, view: image.bounds(), top, target, map: SaliencyMap::from_values(4, 4, values) })
    }

    fn check(
        &self,
        _: &RunSettings,
        _: &Path,
        kind: CheckKind,
        _: &Case,
        _: &dyn Fn() -> bool,
    ) -> anyhow::Result<Vec<Option<f64>>> {
        Ok(Self::numbers(kind))
    }
}

/// Every number of a check.
const CHECKED: f64 = 0.75;

impl FakeLauncher {
    /// As many numbers as the check has; another method sees everything in the first column.
    fn numbers(kind: CheckKind) -> Vec<Option<f64>> {
        match kind {
            CheckKind::Sanity => vec![Some(CHECKED); 3],
            CheckKind::Faithfulness => vec![Some(CHECKED); 61],
            CheckKind::Map(_) => {
                let values = (0..16).map(|i| if i % 4 == 0 { 1.0 } else { 0.0 });
                [4.0, 4.0].into_iter().chain(values).map(Some).collect()
            }
        }
    }
}

impl Launcher for FakeLauncher {
    fn choices(&self) -> Choices {
        let one = |name: &str| vec![name.to_owned()];
        Choices {
            classifiers: one("classifier"),
            detectors: one("detector"),
            methods: one("gradcam"),
            devices: one("cpu"),
        }
    }

    fn shelf(&self) -> &dyn Shelf {
        self
    }

    fn explainer(&self) -> &dyn Explain {
        self
    }

    fn credits(&self) -> Vec<Credits> {
        let work = Credit {
            work: "jay.png".into(),
            author: "A. Photographer".into(),
            licence: "CC0-1.0".into(),
            source: "https://example.org".into(),
        };
        vec![Credits { title: "Photos".into(), works: vec![work] }]
    }

    fn demo(&self) -> anyhow::Result<Request> {
        photos(&self.dir.join("photos"));
        Ok(self.request())
    }

    fn launch(&self, request: &Request, control: &Control, events: &mut dyn FnMut(RunEvent)) -> anyhow::Result<()> {
        anyhow::ensure!(request.dataset.is_dir(), "no such folder: {}", request.dataset.display());
        analyse(&request.file, &request.dataset, control, events)
    }
}

impl Shelf for FakeLauncher {
    fn list(&self) -> Vec<KnownModel> {
        let model = |name: &str, used_as| KnownModel {
            id: name.into(),
            name: name.into(),
            used_as,
            place: Place::Program,
            architecture: "none".into(),
            description: String::new(),
            classes: Some(CLASSES.len()),
            bytes: None,
            input: String::new(),
            licence: "CC0-1.0".into(),
            source: String::new(),
            problem: None,
        };
        vec![model("classifier", ModelUse::Classifier), model("detector", ModelUse::Detector)]
    }

    fn layers(&self, _: &str) -> anyhow::Result<Layers> {
        Ok(Layers { all: vec![("last".into(), Size::new(4, 4))], default: "last".into() })
    }

    fn read(&self, file: &Path) -> anyhow::Result<Arc<dyn Draft>> {
        anyhow::bail!("no weights: {}", file.display())
    }

    fn class_names(&self, _: &Path) -> anyhow::Result<Vec<String>> {
        Ok(CLASSES.map(String::from).to_vec())
    }

    fn download(&self, id: &str, _: &Control, _: &mut dyn FnMut(u64, Option<u64>)) -> anyhow::Result<String> {
        Ok(id.to_owned())
    }
}

/// The window in the hands of a test.
pub(crate) type Window = Harness<'static, App>;

/// A window of this size, in points.
pub(crate) fn window(launcher: Arc<dyn Launcher>, open: Option<PathBuf>, size: [f32; 2], scale: f32) -> Window {
    let builder =
        Harness::builder().with_size(size).with_pixels_per_point(scale).with_max_steps(64).with_render_cursor(false);
    let mut window = builder.renderer(SoftRenderer::default()).build_eframe(|cc| App::new(cc, launcher, open));
    settle(&mut window);
    window
}

/// A window that finds what an earlier one remembered.
pub(crate) fn restarted(
    launcher: Arc<dyn Launcher>,
    open: Option<PathBuf>,
    memory: &'static dyn eframe::Storage,
) -> Window {
    let builder = Harness::builder().with_size([1280.0, 800.0]).renderer(SoftRenderer::default());
    let mut window = builder.build_eframe(|cc| {
        cc.storage = Some(memory);
        App::new(cc, launcher, open)
    });
    settle(&mut window);
    window
}

/// Draws frames until nothing is being read, made or run, and nothing moves.
pub(crate) fn settle(window: &mut Window) {
    settle_when(window, |app| app.is_settled() && !app.is_running());
}

/// As [`settle`], but a run may go on.
pub(crate) fn settle_beside_run(window: &mut Window) {
    settle_when(window, App::is_settled);
}

/// Draws frames until a map is being computed and nothing else goes on.
pub(crate) fn settle_while_explaining(window: &mut Window) {
    let patience = Instant::now() + Duration::from_secs(120);
    while !shows(window, "computing…") {
        window.step();
        assert!(Instant::now() < patience, "no map is being computed");
    }
}

fn settle_when(window: &mut Window, is_calm: fn(&App) -> bool) {
    let patience = Instant::now() + Duration::from_secs(120);
    let mut calm = 0;
    while calm < 4 {
        window.step();
        calm = if is_calm(window.state()) { calm + 1 } else { 0 };
        if calm == 0 {
            std::thread::sleep(Duration::from_millis(2));
        }
        assert!(Instant::now() < patience, "the window is still busy after two minutes");
    }
    window.run_ok();
}

/// The window on the made-up project.
pub(crate) fn open_window(dir: &Path) -> Window {
    let file = project(dir);
    let launcher = Arc::new(FakeLauncher { dir: dir.to_owned() });
    window(launcher, Some(file), [1280.0, 800.0], 1.0)
}

/// The window on the made-up project as an earlier one left it.
pub(crate) fn reopened(dir: &Path) -> Window {
    let launcher = Arc::new(FakeLauncher { dir: dir.to_owned() });
    window(launcher, Some(dir.join("pets.camroi")), [1280.0, 800.0], 1.0)
}

/// Whether a label is on the screen.
pub(crate) fn shows(window: &Window, text: &str) -> bool {
    use egui_kittest::kittest::Queryable as _;
    window.query_all_by_label_contains(text).next().is_some()
}

/// Presses a key.
pub(crate) fn press(window: &mut Window, key: egui::Key) {
    window.key_press(key);
    settle(window);
}
