//! `camroi analyze` and `camroi demo`.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

use super::annotate::{tell, with_bar};
use super::args::{AnalyzeArgs, DemoArgs};
use super::progress::{Display, duration};
use super::{Status, interrupt, output, window};
use crate::demo;
use crate::device::DeviceChoice;
use crate::models::{DEFAULT_CLASSIFIER, DEFAULT_DETECTOR};
use crate::report::{class_table, finding_text};
use crate::run::{Control, Finished, ModelRequest, Request, Session};
use crate::saliency::{Method, Recipe};
use crate::store::TargetRule;
use crate::summary::{ClassColumn, ClassRow, NoRoi, Thresholds, class_rows, findings, sort_rows, total_row};

/// Rows of the class table that `analyze` prints.
const ROWS: usize = 30;

/// Ending of project files.
const EXTENSION: &str = "camroi";

pub(super) fn analyze(args: &AnalyzeArgs) -> Result<Status> {
    let mut session = if is_project(&args.dataset) {
        ensure!(args.out.is_none(), "a project is gone on with in its own file, so --out has no place here");
        Session::resume(&args.dataset, args.models.request().device)?
    } else {
        Session::open(&request(args)?)?
    };
    if let Some(annotations) = args.models.annotations() {
        tell(&with_bar(|told| session.annotate(annotations, told))?);
    }
    let (finished, status) = run(&mut session)?;
    let rows = rows(&session, &finished)?;
    let mut text = class_table(&rows.classes[..rows.classes.len().min(ROWS)]);
    let file = session.store().path().display();
    if rows.classes.len() > ROWS {
        text += &format!("… and {} more classes: camroi classes {file}\n", rows.classes.len() - ROWS);
    }
    output::print(&(text + "\n" + &class_table(&[rows.total])))?;
    eprintln!("saved in {file}");
    Ok(status)
}

pub(super) fn demo(args: &DemoArgs) -> Result<Status> {
    let request = demo_request(args.out.as_deref())?;
    let mut session = Session::open(&request)?;
    let (finished, status) = run(&mut session)?;
    if status == Status::Interrupted {
        return Ok(status);
    }
    let rows = rows(&session, &finished)?;
    let mut text = class_table(&rows.classes);
    text += "\n";
    for row in &rows.classes {
        for finding in findings(row, &Thresholds::default()) {
            text += &format!("{}\n", finding_text(row, finding));
        }
    }
    output::print(&text)?;
    let file = session.store().path().to_owned();
    drop(session);
    eprintln!("saved in {}", file.display());
    if !args.no_window {
        window::show_after_demo(&file);
    }
    Ok(status)
}

/// The run over the bundled photos; without a file its project lies beside them.
pub(super) fn demo_request(file: Option<&Path>) -> Result<Request> {
    let dataset = demo::folder().context("cannot write the demo photos")?;
    let file = file.map_or_else(|| dataset.with_extension(EXTENSION), Path::to_owned);
    let models = ModelRequest {
        classifier: DEFAULT_CLASSIFIER.to_owned(),
        layer: None,
        recipe: Recipe::new(Method::GradCam),
        detector: Some(DEFAULT_DETECTOR.to_owned()),
        device: DeviceChoice::Auto,
    };
    Ok(Request {
        dataset,
        file,
        models,
        target: TargetRule::Predicted,
        roi_min_score: None,
        groups: None,
        limit_per_class: None,
        batch: None,
        threads: None,
    })
}

fn request(args: &AnalyzeArgs) -> Result<Request> {
    Ok(Request {
        dataset: args.dataset.clone(),
        file: args.out.clone().map_or_else(|| default_file(&args.dataset), Ok)?,
        models: args.models.request(),
        target: args.target.into(),
        roi_min_score: args.roi_score,
        groups: args.groups.clone(),
        limit_per_class: args.limit_per_class.map(Into::into),
        batch: args.batch,
        threads: args.threads,
    })
}

fn is_project(path: &Path) -> bool {
    path.extension().is_some_and(|e| e == EXTENSION) && path.is_file()
}

/// The data set's name with the ending of projects, in the current folder.
fn default_file(dataset: &Path) -> Result<PathBuf> {
    let whole = dataset.canonicalize().with_context(|| format!("cannot open the data set {}", dataset.display()))?;
    let name = whole.file_stem().filter(|_| whole.is_file()).or(whole.file_name());
    let mut name = name.context("name the project file with --out")?.to_owned();
    name.push(".");
    name.push(EXTENSION);
    Ok(name.into())
}

/// Runs a session with its progress on standard error.
fn run(session: &mut Session) -> Result<(Finished, Status)> {
    let unlisted = session.unlisted().len();
    for entry in session.unlisted() {
        eprintln!("left out: {}: {}", entry.path.display(), entry.reason);
    }
    let unmatched = session.unmatched_labels();
    if !unmatched.is_empty() {
        eprintln!(
            "no class of the classifier is called {}: no accuracy for {} (see --groups)",
            unmatched.join(", "),
            if unmatched.len() == 1 { "it" } else { "them" }
        );
    }
    let control = Control::default();
    let _watch = interrupt::cancel_on_interrupt(&control)?;
    let mut display = Display::new();
    let finished = session.run(&control, &mut |event| display.update(&event))?;
    let file = session.store().path().display();
    if finished.pending > 0 {
        eprintln!(
            "interrupted: {} of {} photos are done and saved, go on with: camroi analyze {file}",
            finished.total - finished.pending - finished.failed,
            finished.total
        );
        return Ok((finished, Status::Interrupted));
    }
    eprintln!("{} photos in {}, {} failed", finished.total, duration(finished.elapsed.as_secs_f64()), finished.failed);
    let status = if finished.failed + unlisted > 0 { Status::SomeFailed } else { Status::Fine };
    Ok((finished, status))
}

struct Rows {
    /// Lowest fit first.
    classes: Vec<ClassRow>,
    total: ClassRow,
}

fn rows(session: &Session, finished: &Finished) -> Result<Rows> {
    let scores = session.store().scores(finished.run)?;
    let names = session.models().classifier.class_names();
    let mut classes = class_rows(&scores, names, NoRoi::Exclude);
    sort_rows(&mut classes, ClassColumn::Fit, false);
    Ok(Rows { classes, total: total_row("all", &scores, NoRoi::Exclude) })
}
