//! The question what to compare with.

use std::path::PathBuf;

use eframe::egui::{Button, Context, Frame, Id, Modal, RichText, ScrollArea, TextEdit, vec2};

use super::{CompareCommand, OtherRun};
use crate::ui::theme::{self, palette, size, space};
use crate::ui::widgets;

/// View state of the question.
#[derive(Debug, Default)]
pub(super) struct Question {
    /// Other runs of the open project.
    pub(super) runs: Vec<OtherRun>,
    /// A project file, as the user types it.
    pub(super) path: String,
}

impl Question {
    /// Draws it; `recent` are the projects that were opened lately.
    pub(super) fn ui(&mut self, ctx: &Context, recent: &[PathBuf]) -> Option<CompareCommand> {
        let mut command = None;
        let frame = Frame::popup(&ctx.global_style()).inner_margin(space::SECTION);
        let response = Modal::new(Id::unique("compare with")).frame(frame).show(ctx, |ui| {
            ui.set_width(600.0);
            let color = palette(ui).strong;
            ui.label(RichText::new("Compare with").font(theme::strong(size::TITLE + 1.0)).color(color));
            ui.add_space(space::NEAR);
            ScrollArea::vertical().max_height(300.0).auto_shrink([false, true]).show(ui, |ui| {
                let mut item = |ui: &mut eframe::egui::Ui, text: String, to: CompareCommand| {
                    let button = Button::new(text).truncate().min_size(vec2(ui.available_width(), 28.0));
                    if ui.add(button).clicked() {
                        command = Some(to);
                    }
                };
                // The runs of the open project are those of the first recent one.
                if let Some(open) = recent.first().filter(|_| !self.runs.is_empty()) {
                    widgets::caption(ui, "Other runs of this project");
                    for run in &self.runs {
                        let text = format!("Run {}: {}", run.id.0, run.line);
                        item(ui, text, CompareCommand::With(open.clone(), Some(run.id)));
                    }
                    ui.add_space(space::NEAR);
                }
                if recent.len() > 1 {
                    widgets::caption(ui, "Recent projects");
                    for project in &recent[1..] {
                        let name = project.file_stem().unwrap_or_default().to_string_lossy();
                        let folder = project.parent().map(|f| f.display().to_string()).unwrap_or_default();
                        item(ui, format!("{name}  ({folder})"), CompareCommand::With(project.clone(), None));
                    }
                }
            });
            ui.add_space(space::NEAR);
            ui.horizontal(|ui| {
                let label = widgets::caption(ui, "Project file");
                ui.add(TextEdit::singleline(&mut self.path).desired_width(410.0)).labelled_by(label.id);
                if ui.button("Browse…").clicked() {
                    command = Some(CompareCommand::Browse);
                }
            });
            ui.add_space(space::GROUP);
            ui.horizontal(|ui| {
                let path = self.path.trim();
                ui.add_enabled_ui(!path.is_empty(), |ui| {
                    if widgets::primary_button(ui, "Compare").clicked() {
                        command = Some(CompareCommand::With(PathBuf::from(path), None));
                    }
                });
                if ui.button("Cancel").clicked() {
                    command = Some(CompareCommand::Close);
                }
            });
        });
        if response.should_close() { Some(CompareCommand::Close) } else { command }
    }
}
