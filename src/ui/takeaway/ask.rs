//! The question where something shall go.

use eframe::egui::{Context, Frame, Id, Modal, RichText, TextEdit};

use super::{TakeCommand, What};
use crate::ui::theme::{self, palette, size, space};
use crate::ui::widgets;

/// Draws the question; `path` is what the user types, `taken` whether a file is there already.
pub(super) fn ui(ctx: &Context, what: &What, path: &mut String, taken: &mut bool) -> Option<TakeCommand> {
    let mut command = None;
    let frame = Frame::popup(&ctx.global_style()).inner_margin(space::SECTION);
    let response = Modal::new(Id::unique("take along")).frame(frame).show(ctx, |ui| {
        ui.set_width(560.0);
        let color = palette(ui).strong;
        let title = format!("Save {}", what.name());
        ui.label(RichText::new(title).font(theme::strong(size::TITLE + 1.0)).color(color));
        ui.add_space(space::NEAR);
        ui.horizontal(|ui| {
            let label = widgets::caption(ui, "File");
            let edit = ui.add(TextEdit::singleline(path).desired_width(410.0)).labelled_by(label.id);
            if edit.changed() {
                *taken = false;
            }
            if ui.button("Browse…").clicked() {
                command = Some(TakeCommand::Browse);
            }
        });
        if *taken {
            let color = palette(ui).warn;
            ui.label(RichText::new("There is a file of this name already.").color(color));
        }
        ui.add_space(space::GROUP);
        ui.horizontal(|ui| {
            let text = if *taken { "Replace file" } else { "Save" };
            let entered = ui.input(|input| input.key_pressed(eframe::egui::Key::Enter));
            let wanted = widgets::primary_button(ui, text).clicked() || (entered && !*taken);
            if wanted && !path.trim().is_empty() {
                command = Some(TakeCommand::Save { replace: *taken });
            }
            if ui.button("Cancel").clicked() {
                command = Some(TakeCommand::Cancel);
            }
        });
    });
    if response.should_close() { Some(TakeCommand::Cancel) } else { command }
}
