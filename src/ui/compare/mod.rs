//! Two runs, or one with two choices of regions, side by side: classes by their difference, photos by theirs, and a photo in
//! both with one zoom.
//!
//! Comes in: the open project, another run of it or of another project, other regions. Goes out: commands. May not live here: what a
//! difference is (see [`crate::summary`]), reading.
//!
//! A is the run that was chosen to compare with, B the one that is open; differences are B less A.

mod classes;
mod load;
mod pairs;
mod question;
mod regions;
mod sides;

use std::path::PathBuf;
use std::sync::Arc;

use eframe::egui::{CentralPanel, Context, Frame, Panel, Ui};

pub(crate) use load::{Other, OtherRun, PairDetail, Runs};

use super::command::Command;
use super::layers::Layers;
use super::pictures::Library;
use super::project::Snapshot;
use super::sample_view::zoom::Zoom;
use super::textures::Textures;
use super::theme::palette;
use super::widgets;
use crate::analysis::RoiChoice;
use crate::report::side_lines;
use crate::store::RunId;
use crate::summary::{ClassDifference, DifferenceColumn, sort_differences};
use question::Question;
use regions::RegionsQuestion;

/// Pixels of each side that are kept as textures.
const TEXTURE_BUDGET: usize = 96 << 20;

/// What the comparison asks for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum CompareCommand {
    /// Ask what to compare with.
    Ask,
    /// Ask which regions to compare with.
    AskRegions,
    /// Let the user choose a project with a dialog.
    Browse,
    /// Compare with a run, by default the latest one, of a project.
    With(PathBuf, Option<RunId>),
    /// Compare the open run with itself under other regions.
    WithRegions(RoiChoice),
    /// Leave the question, or else the comparison.
    Close,
    /// Show the photos of a class.
    Class(String),
    /// Show a photo, by its place among those of both runs.
    Pair(usize),
    /// Save the comparison as a page.
    TakeAlong,
}

impl From<CompareCommand> for Command {
    fn from(command: CompareCommand) -> Self {
        Self::Compare(command)
    }
}

/// What the user is asked.
enum Asked {
    /// Which run.
    Run(Question),
    /// Which regions.
    Regions(RegionsQuestion),
}

/// View state of the comparison.
#[derive(Default)]
pub(crate) struct Compare {
    question: Option<Asked>,
    shown: Option<Shown>,
    /// Rises with every comparison and photo that is asked for: what is read for an earlier one is dropped.
    pub(crate) generation: u64,
}

/// A comparison on the screen.
struct Shown {
    runs: Arc<Runs>,
    textures: [Textures; 2],
    sort: DifferenceColumn,
    descending: bool,
    rows: Vec<ClassDifference>,
    class: Option<String>,
    /// The photos of the class that both runs have, as places in the comparison, in the order of the list.
    pairs: Vec<usize>,
    pair: Option<usize>,
    detail: Option<Result<PairDetail, String>>,
    zoom: Zoom,
}

impl Compare {
    /// Asks what to compare with.
    pub(crate) fn ask(&mut self) {
        self.question = Some(Asked::Run(Question::default()));
    }

    /// Asks which regions to compare with, beside those that count.
    pub(crate) fn ask_regions(&mut self, counting: RoiChoice) {
        self.question = Some(Asked::Regions(RegionsQuestion::new(counting)));
    }

    /// Takes the other runs of the open project.
    pub(crate) fn list(&mut self, runs: Vec<OtherRun>) {
        if let Some(Asked::Run(question)) = &mut self.question {
            question.runs = runs;
        }
    }

    /// Takes the project that was chosen with a dialog.
    pub(crate) fn file_chosen(&mut self, file: &std::path::Path) {
        if let Some(Asked::Run(question)) = &mut self.question {
            question.path = file.display().to_string();
        }
    }

    /// Whether the question covers the panels.
    pub(crate) fn is_asking(&self) -> bool {
        self.question.is_some()
    }

    /// Whether a comparison is shown.
    pub(crate) fn is_shown(&self) -> bool {
        self.shown.is_some()
    }

    /// Shows two runs; the class to show first, if any.
    pub(crate) fn show(&mut self, ctx: &Context, runs: Runs) -> Option<CompareCommand> {
        self.question = None;
        let side = |snapshot: &Snapshot| {
            let mut textures = Textures::new(ctx, TEXTURE_BUDGET);
            textures.set_source(Some(Arc::new(Library::new(snapshot).only_counting())));
            textures
        };
        let mut shown = Shown {
            textures: [side(&runs.sides[0]), side(&runs.sides[1])],
            sort: DifferenceColumn::default(),
            descending: false,
            rows: runs.comparison.classes.clone(),
            class: None,
            pairs: Vec::new(),
            pair: None,
            detail: None,
            zoom: Zoom::default(),
            runs: Arc::new(runs),
        };
        shown.descending = shown.has_its_largest_difference_above();
        shown.arrange();
        let first = shown.rows.first().map(|row| CompareCommand::Class(row.class.clone()));
        self.shown = Some(shown);
        first
    }

    /// The runs on the screen, with the classes in the order of the table.
    pub(crate) fn runs(&self) -> Option<(Arc<Runs>, Vec<ClassDifference>)> {
        self.shown.as_ref().map(|shown| (Arc::clone(&shown.runs), shown.rows.clone()))
    }

    /// Leaves the question, or else the comparison.
    pub(crate) fn close(&mut self) {
        if self.question.take().is_none() {
            self.generation += 1;
            self.shown = None;
        }
    }

    /// Leaves everything.
    pub(crate) fn forget(&mut self) {
        self.question = None;
        self.close();
    }

    /// Shows a class; the photo to show first, if it has any.
    pub(crate) fn select_class(&mut self, class: &str) -> Option<CompareCommand> {
        let shown = self.shown.as_mut()?;
        shown.class = Some(class.to_owned());
        let samples = &shown.runs.comparison.samples;
        let mut pairs: Vec<usize> =
            (0..samples.len()).filter(|&place| samples[place].class.as_deref() == Some(class)).collect();
        let rank = |place: &usize| samples[*place].fit().map_or(f64::NEG_INFINITY, f64::abs);
        // What differs most is first, whichever way.
        pairs.sort_by(|a, b| rank(b).total_cmp(&rank(a)).then(a.cmp(b)));
        shown.pairs = pairs;
        shown.pairs.first().map(|&place| CompareCommand::Pair(place))
    }

    /// Shows a photo; what has to be read for it.
    pub(crate) fn select_pair(&mut self, place: usize) -> Option<Arc<Runs>> {
        let shown = self.shown.as_mut()?;
        if shown.pair == Some(place) {
            return None;
        }
        shown.pair = Some(place);
        shown.zoom.reset();
        self.generation += 1;
        Some(Arc::clone(&shown.runs))
    }

    /// Takes what was read of a photo.
    pub(crate) fn detailed(&mut self, generation: u64, detail: Result<PairDetail, String>) {
        if let Some(shown) = &mut self.shown
            && generation == self.generation
        {
            shown.detail = Some(detail);
        }
    }

    /// What a key means here, where it means something; `None` leaves it to the panes.
    pub(crate) fn step(&mut self, command: &Command) -> Option<CompareCommand> {
        let shown = self.shown.as_mut()?;
        match command {
            Command::StepClass(step) => {
                let at = shown.rows.iter().position(|row| Some(&row.class) == shown.class.as_ref()).unwrap_or(0);
                let at = at.saturating_add_signed(*step).min(shown.rows.len().checked_sub(1)?);
                Some(CompareCommand::Class(shown.rows[at].class.clone()))
            }
            Command::StepSample(step) => {
                let at = shown.pairs.iter().position(|&place| Some(place) == shown.pair).unwrap_or(0);
                let at = at.saturating_add_signed(*step).min(shown.pairs.len().checked_sub(1)?);
                Some(CompareCommand::Pair(shown.pairs[at]))
            }
            Command::FitImage => {
                shown.zoom.reset();
                None
            }
            _ => None,
        }
    }

    /// Brings what is shown up to date; call once before drawing.
    pub(crate) fn begin_frame(&mut self, ctx: &Context) {
        if let Some(shown) = &mut self.shown {
            shown.arrange();
            shown.textures.iter_mut().for_each(|textures| textures.begin_frame(ctx));
        }
    }

    /// Whether no picture is being made.
    pub(crate) fn is_idle(&self) -> bool {
        self.shown.as_ref().is_none_or(|shown| shown.textures.iter().all(Textures::is_idle))
    }

    /// The classes of the table, top to bottom.
    pub(crate) fn listed(&self) -> Vec<&str> {
        self.shown.iter().flat_map(|shown| &shown.rows).map(|row| row.class.as_str()).collect()
    }

    /// Draws the question, if there is one.
    pub(crate) fn question_ui(&mut self, ctx: &Context, recent: &[PathBuf]) -> Option<CompareCommand> {
        match self.question.as_mut()? {
            Asked::Run(question) => question.ui(ctx, recent),
            Asked::Regions(question) => question.ui(ctx),
        }
    }

    /// Draws the comparison in the place of the panes.
    pub(crate) fn ui(&mut self, ui: &mut Ui, layers: &Layers) -> Option<CompareCommand> {
        let shown = self.shown.as_mut()?;
        let mut command = None;
        let frame = Frame::new().fill(palette(ui).panel);
        Panel::top("comparison").frame(frame).show(ui, |ui| {
            command = shown.head_ui(ui);
        });
        let width = ui.available_width();
        let left = Panel::left("differences").frame(frame).resizable(true).size_range(360.0..=width * 0.6);
        left.default_size((width * 0.42).clamp(420.0, 640.0)).show(ui, |ui| {
            ui.take_available_width();
            command = classes::ui(ui, shown).or(command.take());
        });
        let middle = Panel::left("pairs").frame(frame).resizable(true).size_range(150.0..=width * 0.4);
        middle.default_size((width * 0.19).clamp(190.0, 320.0)).show(ui, |ui| {
            ui.take_available_width();
            command = pairs::ui(ui, shown).or(command.take());
        });
        CentralPanel::default().frame(frame).show(ui, |ui| sides::ui(ui, shown, layers));
        command
    }
}

impl Shown {
    fn arrange(&mut self) {
        sort_differences(&mut self.rows, self.sort, self.descending);
    }

    /// What is compared, and what can be done with it.
    fn head_ui(&self, ui: &mut Ui) -> Option<CompareCommand> {
        let mut command = None;
        widgets::header(
            ui,
            |ui| {
                widgets::title(ui, "Comparison");
                let text = if self.runs.is_one_run() { self.regions_line() } else { self.runs_line() };
                widgets::caption(ui, text);
            },
            |ui| {
                if ui.button("Close comparison").clicked() {
                    command = Some(CompareCommand::Close);
                }
                if ui.button("Save as page…").on_hover_text("Both runs as one HTML file, for colleagues").clicked() {
                    command = Some(CompareCommand::TakeAlong);
                }
            },
        );
        eframe::egui::Frame::new().inner_margin(eframe::egui::Margin::symmetric(12, 6)).show(ui, |ui| {
            let sides = &self.runs.sides;
            let lines = side_lines([0, 1].map(|i| (&sides[i].run.settings, sides[i].rois)));
            for ((name, side), line) in ["A", "B"].into_iter().zip(sides).zip(lines) {
                widgets::caption(ui, format!("{name}: {}, {line}", side.title()))
                    .on_hover_text(side.file.display().to_string());
            }
        });
        command
    }
    /// Whether the largest difference is a gain: what differs most is to come first.
    fn has_its_largest_difference_above(&self) -> bool {
        let differences = || self.rows.iter().filter_map(|row| row.fit.difference);
        differences().fold(0.0, f64::max) > -differences().fold(0.0, f64::min)
    }

    fn runs_line(&self) -> String {
        let comparison = &self.runs.comparison;
        let total = &comparison.total;
        let mut text =
            format!("{} photos in both, {} only in A, {} only in B", total.common, total.only_first, total.only_second);
        if comparison.changed > 0 {
            text.push_str(&format!(", {} changed", comparison.changed));
        }
        text
    }

    fn regions_line(&self) -> String {
        let fit = &self.runs.comparison.total.fit;
        format!(
            "one run with two choices of regions: {} photos with a fit in both, {} only in A, {} only in B",
            fit.n, fit.only_first, fit.only_second
        )
    }
}
