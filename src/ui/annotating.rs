//! Adding annotations to the open project, and taking them out again.
//!
//! Comes in: a file or folder, how far its reading is, what came of it. Goes out: commands. May not live here: reading,
//! matching (see [`crate::run::annotate`]).

use std::path::{Path, PathBuf};

use eframe::egui::{Context, Frame, Id, Key, Label, Modal, ProgressBar, RichText, ScrollArea, TextEdit, Ui};

use super::command::Command;
use super::theme::{self, palette, size, space};
use super::{format, widgets};
use crate::run::{Annotated, Control};

/// What the dialog asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AnnotateCommand {
    /// Ask which annotations, beginning with a file or folder, if one is given.
    Ask(Option<PathBuf>),
    /// Let the user choose a file, or a folder, with a dialog.
    Browse {
        /// Whether a folder.
        folder: bool,
    },
    /// Add a file or folder.
    Add(PathBuf),
    /// Take annotations out of the project.
    Remove(String),
    /// End the reading, or leave the dialog.
    Close,
}

impl From<AnnotateCommand> for Command {
    fn from(command: AnnotateCommand) -> Self {
        Self::Annotate(command)
    }
}

/// How far it is.
#[derive(Debug, Default)]
enum Stage {
    #[default]
    Idle,
    /// The user says which.
    Asking,
    /// They are being read; so many photos of so many are measured.
    Reading { at: Option<(usize, usize)>, control: Control },
    /// They are in the project.
    Done(Box<Annotated>),
    /// They are not, for this reason.
    Failed(String),
}

/// View state of the dialog.
#[derive(Debug, Default)]
pub(crate) struct Annotating {
    stage: Stage,
    /// A file or folder, as the user types it.
    path: String,
    /// What the project has, and for how many photos.
    known: Vec<(String, usize)>,
    /// Rises with everything that is read: what is told of an earlier one is dropped.
    pub(crate) generation: u64,
}

impl Annotating {
    /// Asks which annotations to add.
    pub(crate) fn ask(&mut self, path: Option<&Path>) {
        if let Some(path) = path {
            self.path = path.display().to_string();
        }
        self.known.clear();
        self.stage = Stage::Asking;
    }

    /// Takes the file or folder that was chosen with a dialog.
    pub(crate) fn chosen(&mut self, path: &Path) {
        self.path = path.display().to_string();
    }

    /// Takes what the project has.
    pub(crate) fn list(&mut self, known: Vec<(String, usize)>) {
        self.known = known;
    }

    /// Whether it covers the panels.
    pub(crate) fn is_open(&self) -> bool {
        !matches!(self.stage, Stage::Idle)
    }

    /// From the question to the reading; the handle ends it.
    pub(crate) fn begin(&mut self) -> Control {
        let control = Control::default();
        self.generation += 1;
        self.stage = Stage::Reading { at: None, control: control.clone() };
        control
    }

    /// Takes note of the progress.
    pub(crate) fn progressed(&mut self, generation: u64, done: usize, total: usize) {
        if let Stage::Reading { at, .. } = &mut self.stage
            && generation == self.generation
        {
            // Threads may tell in any order.
            let before = at.map_or(0, |(done, _)| done);
            *at = Some((done.max(before), total));
        }
    }

    /// Takes note of the end.
    pub(crate) fn ended(&mut self, generation: u64, result: Result<Annotated, String>) {
        if generation == self.generation && matches!(self.stage, Stage::Reading { .. }) {
            self.stage = match result {
                Ok(annotated) => Stage::Done(Box::new(annotated)),
                Err(reason) => Stage::Failed(reason),
            };
        }
    }

    /// Ends the reading, or leaves the dialog.
    pub(crate) fn close(&mut self) {
        if let Stage::Reading { control, .. } = &self.stage {
            control.cancel();
        }
        self.stage = Stage::Idle;
    }

    /// Draws the dialog.
    pub(crate) fn ui(&mut self, ctx: &Context) -> Option<AnnotateCommand> {
        if !self.is_open() {
            return None;
        }
        let frame = Frame::popup(&ctx.global_style()).inner_margin(space::SECTION);
        let response = Modal::new(Id::unique("annotations")).frame(frame).show(ctx, |ui| {
            ui.set_width(600.0);
            match &self.stage {
                Stage::Idle => None,
                Stage::Asking => ask_ui(ui, &mut self.path, &self.known),
                Stage::Reading { at, .. } => reading_ui(ui, *at),
                Stage::Done(annotated) => done_ui(ui, annotated),
                Stage::Failed(reason) => failed_ui(ui, reason),
            }
        });
        if response.should_close() { Some(AnnotateCommand::Close) } else { response.inner }
    }
}

fn head_ui(ui: &mut Ui, text: &str) {
    let color = palette(ui).strong;
    ui.label(RichText::new(text).font(theme::strong(size::TITLE + 1.0)).color(color));
    ui.add_space(space::NEAR);
}

fn ask_ui(ui: &mut Ui, path: &mut String, known: &[(String, usize)]) -> Option<AnnotateCommand> {
    let mut command = None;
    head_ui(ui, "Add annotations");
    widgets::caption(
        ui,
        "Pascal VOC, ImageNet, COCO and its results, YOLO, LabelMe or CVAT: a file, or a folder of them.",
    );
    ui.add_space(space::NEAR);
    ui.horizontal(|ui| {
        let label = widgets::caption(ui, "File or folder");
        ui.add(TextEdit::singleline(path).desired_width(330.0)).labelled_by(label.id);
        for (text, folder) in [("File…", false), ("Folder…", true)] {
            if ui.button(text).clicked() {
                command = Some(AnnotateCommand::Browse { folder });
            }
        }
    });
    known_ui(ui, known, &mut command);
    ui.add_space(space::GROUP);
    ui.horizontal(|ui| {
        let entered = ui.input(|input| input.key_pressed(Key::Enter));
        let path = path.trim();
        ui.add_enabled_ui(!path.is_empty(), |ui| {
            if widgets::primary_button(ui, "Add").clicked() || (entered && !path.is_empty()) {
                command = Some(AnnotateCommand::Add(PathBuf::from(path)));
            }
        });
        if ui.button("Close").clicked() {
            command = Some(AnnotateCommand::Close);
        }
    });
    command
}

/// The annotations that the project has.
fn known_ui(ui: &mut Ui, known: &[(String, usize)], command: &mut Option<AnnotateCommand>) {
    if known.is_empty() {
        return;
    }
    ui.add_space(space::GROUP);
    widgets::caption(ui, "In the project");
    ScrollArea::vertical().id_salt("known").max_height(160.0).auto_shrink([false, true]).show(ui, |ui| {
        for (name, samples) in known {
            ui.horizontal(|ui| {
                let remove =
                    ui.button("Remove").on_hover_text(format!("Take the regions of {name} out of the project"));
                if remove.clicked() {
                    *command = Some(AnnotateCommand::Remove(name.clone()));
                }
                widgets::caption(ui, format::counted(*samples, "photo", "photos"));
                ui.add(Label::new(RichText::new(name).size(size::SMALL)).truncate()).on_hover_text(name);
            });
        }
    });
}

fn reading_ui(ui: &mut Ui, at: Option<(usize, usize)>) -> Option<AnnotateCommand> {
    head_ui(ui, "Reading annotations…");
    let share = at.map_or(0.0, |(done, total)| done as f32 / total.max(1) as f32);
    ui.add(ProgressBar::new(share).desired_height(6.0));
    let text = at.map_or_else(String::new, |(done, total)| {
        format!("{} of {} annotated photos", format::count(done), format::count(total))
    });
    widgets::caption(ui, text);
    ui.add_space(space::GROUP);
    ui.button("Cancel").clicked().then_some(AnnotateCommand::Close)
}

fn done_ui(ui: &mut Ui, annotated: &Annotated) -> Option<AnnotateCommand> {
    let Annotated { samples, regions, without, unmatched, unusable, problems } = annotated;
    head_ui(ui, "Annotations added");
    let [regions, samples] = [(*regions, "region", "regions"), (*samples, "photo", "photos")]
        .map(|(n, one, many)| format::counted(n, one, many));
    ui.label(format!("{regions} in {samples}; {} without.", format::counted(*without, "photo", "photos")));
    widgets::caption(ui, "Which regions count, and how, is chosen in the Regions menu.");
    let left_out: Vec<String> = problems
        .iter()
        .map(ToString::to_string)
        .chain(unusable.iter().map(|(path, reason)| format!("{path}: {reason}")))
        .collect();
    list_ui(ui, "Left out", &left_out);
    list_ui(ui, "No such photo", unmatched);
    ui.add_space(space::GROUP);
    let ok = widgets::primary_button(ui, "OK").clicked();
    ok.then_some(AnnotateCommand::Close)
}

/// Lines under a title with their number; nothing where there are none.
fn list_ui(ui: &mut Ui, title: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    ui.add_space(space::GROUP);
    widgets::title(ui, format!("{title}: {}", format::count(lines.len())));
    let area = ScrollArea::vertical().id_salt(title).max_height(150.0).auto_shrink([false, true]);
    area.show_rows(ui, 18.0, lines.len(), |ui, visible| {
        for line in &lines[visible] {
            let text = RichText::new(line).size(size::SMALL).color(palette(ui).text);
            ui.add(Label::new(text).truncate()).on_hover_text(line);
        }
    });
}

fn failed_ui(ui: &mut Ui, reason: &str) -> Option<AnnotateCommand> {
    head_ui(ui, "No annotations were added");
    ui.label(RichText::new(reason).color(palette(ui).bad));
    ui.add_space(space::GROUP);
    ui.horizontal(|ui| {
        let back = widgets::primary_button(ui, "Back").clicked().then_some(AnnotateCommand::Ask(None));
        let close = ui.button("Close").clicked().then_some(AnnotateCommand::Close);
        back.or(close)
    })
    .inner
}
