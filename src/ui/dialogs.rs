//! What is shown over the panels: about, keys, failures, messages.
//!
//! Comes in: credits, failures. Goes out: nothing but the wish to close. May not live here: what the panels show.

use eframe::egui::{Context, Frame, Grid, Id, Label, Modal, RichText, ScrollArea, Ui, vec2};

use super::annotating::Annotating;
use super::command::{Command, Dialog};
use super::command_palette::CommandPalette;
use super::launch::Credits;
use super::takeaway::Takeaway;
use super::theme::{self, palette, size, space};
use super::widgets::{self, Icon};
use super::{drawing, keys};

/// View state of the dialogs.
#[derive(Debug, Default)]
pub(crate) struct Dialogs {
    open: Option<Dialog>,
    /// What went wrong, until it has been read.
    message: Option<String>,
    /// Files that are taken along.
    pub(crate) takeaway: Takeaway,
    /// Annotations that are added.
    pub(crate) annotating: Annotating,
    palette: CommandPalette,
}

impl Dialogs {
    /// Opens a dialog.
    pub(crate) fn show(&mut self, dialog: Dialog) {
        self.open = Some(dialog);
    }

    /// Tells the user that something went wrong.
    pub(crate) fn tell(&mut self, message: String) {
        self.message = Some(message);
    }

    /// Whether something covers the panels.
    pub(crate) fn is_open(&self) -> bool {
        let asks = self.takeaway.is_asking() || self.annotating.is_open() || self.palette.is_open();
        asks || self.open.is_some() || self.message.is_some()
    }

    /// Opens the command palette.
    pub(crate) fn find_command(&mut self) {
        self.palette.open();
    }

    /// Draws what is open; the command that was chosen.
    pub(crate) fn ui(&mut self, ctx: &Context, credits: &[Credits], failures: &[(String, String)]) -> Option<Command> {
        if let Some(message) = &self.message
            && message_ui(ctx, message)
        {
            self.message = None;
        } else if let Some(dialog) = self.open
            && dialog_ui(ctx, dialog, credits, failures)
        {
            self.open = None;
        }
        self.palette.ui(ctx)
    }
}

fn frame(ctx: &Context) -> Frame {
    Frame::popup(&ctx.global_style()).inner_margin(space::SECTION)
}

/// Whether it is to close.
fn message_ui(ctx: &Context, message: &str) -> bool {
    let response = Modal::new(Id::unique("message")).frame(frame(ctx)).show(ctx, |ui| {
        ui.set_width(420.0);
        head_ui(ui, "That did not work");
        ui.label(RichText::new(message).color(palette(ui).text));
        ui.add_space(space::GROUP);
        widgets::primary_button(ui, "OK").clicked()
    });
    response.inner || response.should_close()
}

/// Whether it is to close.
fn dialog_ui(ctx: &Context, dialog: Dialog, credits: &[Credits], failures: &[(String, String)]) -> bool {
    let response = Modal::new(Id::unique("dialog")).frame(frame(ctx)).show(ctx, |ui| {
        ui.set_width(if dialog == Dialog::Keys { 560.0 } else { 640.0 });
        let closed = ui
            .horizontal(|ui| {
                head_ui(ui, title(dialog));
                let right = eframe::egui::Layout::right_to_left(eframe::egui::Align::Center);
                ui.with_layout(right, |ui| widgets::icon_button(ui, Icon::Close, "Close dialog", true).clicked()).inner
            })
            .inner;
        ui.add_space(space::NEAR);
        match dialog {
            Dialog::About => about_ui(ui, credits),
            Dialog::Keys => keys_ui(ui),
            Dialog::Failures => failures_ui(ui, failures),
        }
        closed
    });
    response.inner || response.should_close()
}

fn title(dialog: Dialog) -> &'static str {
    match dialog {
        Dialog::About => "About camroi",
        Dialog::Keys => "Keys",
        Dialog::Failures => "Images that could not be used",
    }
}

fn head_ui(ui: &mut Ui, text: &str) {
    let color = palette(ui).strong;
    ui.label(RichText::new(text).font(theme::strong(size::TITLE + 1.0)).color(color));
}

fn about_ui(ui: &mut Ui, credits: &[Credits]) {
    let text = format!(
        "camroi {} measures whether an image classifier looks at the object: the share of its saliency inside the regions \
         that an object detector finds. The program is under the MIT or the Apache 2.0 licence, as you prefer. It contains \
         these works of others:",
        env!("CARGO_PKG_VERSION")
    );
    ui.label(text);
    ui.add_space(space::NEAR);
    ScrollArea::vertical().max_height(420.0).auto_shrink([false, true]).show(ui, |ui| {
        for section in credits {
            widgets::title(ui, &section.title);
            Grid::new(&section.title).num_columns(3).spacing(vec2(space::GROUP, 3.0)).striped(true).show(ui, |ui| {
                for credit in &section.works {
                    cell(ui, &credit.work, 200.0).on_hover_text(&credit.source);
                    cell(ui, &credit.author, 220.0);
                    cell(ui, &credit.licence, 120.0);
                    ui.end_row();
                }
            });
            ui.add_space(space::GROUP);
        }
    });
}

/// A text cut to a column.
fn cell(ui: &mut Ui, text: &str, width: f32) -> eframe::egui::Response {
    ui.scope(|ui| {
        ui.set_width(width);
        ui.add(Label::new(RichText::new(text).size(size::SMALL)).truncate())
    })
    .inner
}

fn keys_ui(ui: &mut Ui) {
    let height = ui.ctx().content_rect().height() * 0.72;
    ScrollArea::vertical().min_scrolled_height(height).auto_shrink([false, true]).show(ui, |ui| {
        keys_list_ui(ui, "keys", &keys::LIST);
        ui.add_space(space::GROUP);
        widgets::title(ui, "While drawing");
        keys_list_ui(ui, "keys of drawing", &drawing::keys::LIST);
    });
}

fn keys_list_ui(ui: &mut Ui, id: &str, list: &[(&str, &str)]) {
    Grid::new(id).num_columns(2).min_col_width(170.0).min_row_height(16.0).spacing(vec2(space::SECTION, 4.0)).show(
        ui,
        |ui| {
            let color = palette(ui).strong;
            for (keys, meaning) in list {
                ui.label(RichText::new(*keys).color(color));
                ui.label(*meaning);
                ui.end_row();
            }
        },
    );
}

fn failures_ui(ui: &mut Ui, failures: &[(String, String)]) {
    widgets::caption(
        ui,
        "They are left out of every number. Once mended, they are read again when the run is continued.",
    );
    ui.add_space(space::NEAR);
    let row_height = 22.0;
    let area = ScrollArea::vertical().max_height(420.0).auto_shrink([false, true]);
    area.show_rows(ui, row_height, failures.len(), |ui, visible| {
        for (path, reason) in &failures[visible] {
            ui.horizontal(|ui| {
                ui.set_height(row_height);
                cell(ui, path, 300.0).on_hover_text(path);
                let color = palette(ui).bad;
                ui.add(Label::new(RichText::new(reason).size(size::SMALL).color(color)).truncate())
                    .on_hover_text(reason);
            });
        }
    });
}
