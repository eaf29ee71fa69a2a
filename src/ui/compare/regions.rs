//! The question which regions to compare with.

use eframe::egui::{Context, Frame, Id, Modal, RichText};

use super::CompareCommand;
use crate::analysis::{RoiChoice, Sources};
use crate::ui::regions_menu::choice_ui;
use crate::ui::theme::{self, palette, size, space};
use crate::ui::widgets;

/// View state of the question.
#[derive(Debug)]
pub(super) struct RegionsQuestion {
    /// Those that count at the moment.
    counting: RoiChoice,
    /// Those to compare with.
    other: RoiChoice,
}

impl RegionsQuestion {
    /// Asks what to compare `counting` with: at first the detector's regions, or, where those count, the best known ones.
    pub(super) fn new(counting: RoiChoice) -> Self {
        let sources = if counting.sources == Sources::Detector { Sources::BestKnown } else { Sources::Detector };
        Self { counting, other: RoiChoice { sources, ..counting } }
    }

    /// Draws it.
    pub(super) fn ui(&mut self, ctx: &Context) -> Option<CompareCommand> {
        let mut command = None;
        let frame = Frame::popup(&ctx.global_style()).inner_margin(space::SECTION);
        let response = Modal::new(Id::unique("compare with regions")).frame(frame).show(ctx, |ui| {
            ui.set_width(420.0);
            let color = palette(ui).strong;
            ui.label(RichText::new("Compare with other regions").font(theme::strong(size::TITLE + 1.0)).color(color));
            widgets::caption(ui, format!("A: chosen here. B: those that count now, {}.", self.counting.all_words()));
            ui.add_space(space::GROUP);
            choice_ui(ui, &mut self.other);
            ui.add_space(space::GROUP);
            ui.horizontal(|ui| {
                ui.add_enabled_ui(self.other != self.counting, |ui| {
                    if widgets::primary_button(ui, "Compare").clicked() {
                        command = Some(CompareCommand::WithRegions(self.other));
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
