//! Choosing the model of a run, and adding one.
//!
//! Comes in: what a [`Shelf`] tells. Goes out: a dialog, and in answer [`ModelCommand`]s. May not live here: loading, files.

mod adding;
mod list;
mod shelf;
mod values;

use std::path::{Path, PathBuf};

use eframe::egui::{Align, Context, Frame, Id, Layout, Modal, RichText, Ui};

use super::command::Command;
use super::theme::{self, palette, size, space};
use super::widgets::{self, Icon};

pub(crate) use adding::{Adding, layer_ui};
pub use shelf::{Draft, Found, KnownModel, Layers, ModelUse, Place, Preview, Shelf};

/// A wish of the dialog.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ModelCommand {
    /// Show the dialog.
    Open(ModelUse),
    /// Hide it.
    Close,
    /// Take this model for the run.
    Choose(ModelUse, String),
    /// Let the user choose a weights file.
    AskFile,
    /// Read a weights file.
    Read(PathBuf),
    /// Let the user choose a file of class names.
    AskClasses,
    /// Read class names.
    ReadClasses(PathBuf),
    /// Write the card of the file that was read.
    Add,
    /// Back to the list.
    Discard,
    /// Download a model.
    Download(String),
    /// End the download.
    StopDownload,
}

impl From<ModelCommand> for Command {
    fn from(command: ModelCommand) -> Self {
        Self::Model(command)
    }
}

/// A download that goes on.
#[derive(Clone, Debug)]
pub(crate) struct Download {
    /// The model.
    pub(crate) id: String,
    /// Bytes that are here.
    pub(crate) done: u64,
    /// Of how many, if that is known.
    pub(crate) total: Option<u64>,
    /// The way to end it.
    pub(crate) control: crate::run::Control,
}

/// View state of the dialog.
#[derive(Default)]
pub(crate) struct Picker {
    /// What a model is chosen for; `None` while the dialog is hidden.
    open: Option<ModelUse>,
    /// What there is.
    pub(crate) known: Vec<KnownModel>,
    /// The model whose card is shown.
    pub(crate) shown: Option<String>,
    filter: String,
    /// A weights file, typed.
    path: String,
    /// What is being waited for, in words.
    pub(crate) busy: Option<&'static str>,
    /// What went wrong, as the library words it.
    pub(crate) error: Option<String>,
    /// The file that is being added.
    pub(crate) adding: Option<Adding>,
    /// The download that goes on.
    pub(crate) download: Option<Download>,
    /// Rises with every weights file that is read: what is told of an earlier one is dropped.
    pub(crate) generation: u64,
}

/// Width of the dialog's content.
const WIDTH: f32 = 880.0;

/// Least and largest height of the dialog's content, and what is left of the window around it.
const HEIGHTS: [f32; 3] = [420.0, 660.0, 140.0];

impl Picker {
    /// Whether it covers the panels.
    pub(crate) fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Shows the models for one use, that of the run in front.
    pub(crate) fn show(&mut self, used_as: ModelUse, chosen: Option<String>) {
        self.open = Some(used_as);
        self.shown = chosen;
        self.error = None;
        self.filter.clear();
    }

    /// Hides it; what was being added is forgotten.
    pub(crate) fn close(&mut self) {
        self.open = None;
        self.adding = None;
        self.error = None;
    }

    /// Takes note of a file that was read.
    pub(crate) fn begin(&mut self, adding: Adding) {
        // A file tells what it is: the dialog follows.
        self.open = Some(adding.found().used_as);
        self.adding = Some(adding);
        self.busy = None;
        self.error = None;
    }

    /// Draws the dialog; `dataset` is that of the run.
    pub(crate) fn ui(&mut self, ctx: &Context, dataset: Option<&Path>) -> Option<ModelCommand> {
        let used_as = self.open?;
        let frame = Frame::popup(&ctx.global_style()).inner_margin(space::SECTION);
        let response = Modal::new(Id::unique("models")).frame(frame).show(ctx, |ui| {
            ui.set_width(WIDTH);
            let [least, largest, around] = HEIGHTS;
            ui.set_height((ctx.content_rect().height() - around).clamp(least, largest));
            let closed = head_ui(ui, self.title(used_as));
            ui.add_space(space::NEAR);
            let command = match &mut self.adding {
                Some(adding) => adding.ui(ui, dataset, self.busy, self.error.as_deref()),
                None => self.list_ui(ui, used_as),
            };
            closed.or(command)
        });
        let should_close = response.should_close();
        response.inner.or(should_close.then_some(ModelCommand::Close))
    }

    fn title(&self, used_as: ModelUse) -> &'static str {
        match (self.adding.is_some(), used_as) {
            (true, _) => "Add a model",
            (false, ModelUse::Classifier) => "Choose a classifier",
            (false, ModelUse::Detector) => "Choose where regions come from",
        }
    }
}

fn head_ui(ui: &mut Ui, title: &str) -> Option<ModelCommand> {
    let mut command = None;
    ui.horizontal(|ui| {
        let color = palette(ui).strong;
        ui.label(RichText::new(title).font(theme::strong(size::TITLE + 1.0)).color(color));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if widgets::icon_button(ui, Icon::Close, "Close models", true).clicked() {
                command = Some(ModelCommand::Close);
            }
        });
    });
    command
}

/// What a model is called in a line: its name, or that of its file.
pub(crate) fn short_name(id: &str) -> String {
    let path = Path::new(id);
    match (path.parent(), path.file_stem()) {
        (Some(folder), Some(stem)) if !folder.as_os_str().is_empty() => stem.to_string_lossy().into_owned(),
        _ => id.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::short_name;

    #[test]
    fn a_path_is_called_by_its_file_and_a_name_by_itself() {
        assert_eq!(short_name("/data/nets/nine.toml"), "nine");
        assert_eq!(short_name("efficientnet-lite0"), "efficientnet-lite0");
        assert_eq!(short_name("v1.2"), "v1.2");
    }
}
