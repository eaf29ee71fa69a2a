//! The photos of a class in both runs, by their difference.

use eframe::egui::{Align, Label, Layout, RichText, ScrollArea, Sense, Ui, UiBuilder, vec2};

use super::{CompareCommand, Shown};
use crate::analysis::Score;
use crate::dataset::without_wordnet_id;
use crate::report::points;
use crate::summary::SampleDifference;
use crate::ui::gallery::file_name;
use crate::ui::theme::{palette, size};
use crate::ui::{format, widgets};

/// Height of a row, in points.
const ROW: f32 = 40.0;

/// Draws the list.
pub(super) fn ui(ui: &mut Ui, shown: &Shown) -> Option<CompareCommand> {
    let mut chosen = None;
    widgets::header(
        ui,
        |ui| {
            widgets::title(ui, shown.class.as_deref().map_or("Photos", without_wordnet_id));
            widgets::caption(ui, format::count(shown.pairs.len()));
        },
        |_| {},
    );
    if shown.pairs.is_empty() {
        widgets::empty_state(ui, "No common photo", "No photo of this class is in both runs.");
        return None;
    }
    ui.spacing_mut().item_spacing.y = 0.0;
    ScrollArea::vertical().id_salt("pairs").auto_shrink(false).show_rows(ui, ROW, shown.pairs.len(), |ui, visible| {
        for &place in &shown.pairs[visible] {
            let sample = &shown.runs.comparison.samples[place];
            if row_ui(ui, sample, shown.pair == Some(place)) {
                chosen = Some(CompareCommand::Pair(place));
            }
        }
    });
    chosen
}

/// Whether the row was clicked.
fn row_ui(ui: &mut Ui, sample: &SampleDifference, chosen: bool) -> bool {
    let palette = palette(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::click());
    let name = file_name(&sample.first.path);
    response.widget_info(|| {
        let label = format!("Compare {name}");
        eframe::egui::WidgetInfo::selected(eframe::egui::accesskit::Role::ListItem, true, chosen, &label)
    });
    let fill = match (chosen, response.hovered()) {
        (true, _) => Some(palette.selected),
        (false, true) => Some(palette.hovered),
        (false, false) => None,
    };
    if let Some(fill) = fill {
        ui.painter().rect_filled(rect, 0.0, fill);
    }
    // A child of its own leaves the list's rows where they are.
    text_ui(&mut ui.new_child(UiBuilder::new().max_rect(rect.shrink2(vec2(12.0, 3.0)))), sample);
    response.clicked()
}

fn text_ui(ui: &mut Ui, sample: &SampleDifference) {
    let palette = palette(ui);
    let fit = |score: Option<Score>| format::percent(score.and_then(|s| s.fit.value()));
    let line = |ui: &mut Ui, text: RichText| drop(ui.add(Label::new(text).selectable(false).truncate()));
    ui.spacing_mut().item_spacing.y = 1.0;
    ui.with_layout(Layout::right_to_left(Align::Min), |ui| {
        let difference = sample.fit().map_or("–".to_owned(), points);
        line(ui, RichText::new(difference).color(palette.strong));
        ui.with_layout(Layout::top_down(Align::Min), |ui| {
            line(ui, RichText::new(file_name(&sample.first.path)).color(palette.text));
            let fits = format!("fit {} and {}", fit(sample.first.score), fit(sample.second.score));
            line(ui, RichText::new(fits).size(size::SMALL).color(palette.weak));
        });
    });
}
