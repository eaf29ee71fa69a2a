//! The notice at the lower right: what is being written, where it went, or why not.

use std::path::Path;

use eframe::egui::{Align2, Area, Context, Frame, Id, Label, Order, ProgressBar, RichText, Ui, vec2};

use super::{TakeCommand, What};
use crate::report::PageProgress;
use crate::ui::theme::{palette, size, space};
use crate::ui::widgets;

/// Width of its text, in points.
const WIDTH: f32 = 340.0;

fn notice(ctx: &Context, content: impl FnOnce(&mut Ui) -> Option<TakeCommand>) -> Option<TakeCommand> {
    let offset = vec2(-space::GROUP, -(space::BAR + space::GROUP));
    let area = Area::new(Id::unique("taken along")).order(Order::Foreground).anchor(Align2::RIGHT_BOTTOM, offset);
    area.show(ctx, |ui| {
        Frame::popup(ui.style()).inner_margin(space::GROUP).show(ui, |ui| {
            ui.set_width(WIDTH);
            content(ui)
        })
    })
    .inner
    .inner
}

pub(super) fn working_ui(ctx: &Context, what: &What, at: Option<PageProgress>, ending: bool) -> Option<TakeCommand> {
    notice(ctx, |ui| {
        let mut command = None;
        widgets::title(ui, format!("Writing {}…", what.name()));
        if let Some(PageProgress { done, total }) = at.filter(|at| at.total > 0) {
            ui.add(ProgressBar::new(done as f32 / total as f32).desired_height(6.0));
            widgets::caption(ui, format!("{done} of {total} photos"));
        }
        if ui.add_enabled(!ending, eframe::egui::Button::new("Cancel writing")).clicked() {
            command = Some(TakeCommand::Cancel);
        }
        command
    })
}

pub(super) fn done_ui(ctx: &Context, what: &What, path: &Path) -> Option<TakeCommand> {
    notice(ctx, |ui| {
        let mut command = None;
        let name = what.name();
        let mut letters = name.chars();
        let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
        widgets::title(ui, format!("{first}{} saved", letters.as_str()));
        let text = RichText::new(path.display().to_string()).size(size::SMALL).color(palette(ui).weak);
        ui.add(Label::new(text).wrap().selectable(true));
        ui.horizontal(|ui| {
            if ui.button("Show in folder").clicked() {
                command = Some(TakeCommand::ShowFolder);
            }
            if ui.button("Dismiss").clicked() {
                command = Some(TakeCommand::Dismiss);
            }
        });
        command
    })
}

pub(super) fn failed_ui(ctx: &Context, what: &What, reason: &str) -> Option<TakeCommand> {
    notice(ctx, |ui| {
        widgets::title(ui, format!("No {} was written", what.name()));
        let text = RichText::new(reason).size(size::SMALL).color(palette(ui).bad);
        ui.add(Label::new(text).wrap().selectable(true));
        ui.button("Dismiss").clicked().then_some(TakeCommand::Dismiss)
    })
}
