//! What stands in the cells of the class table.

use eframe::egui::{Align, CornerRadius, Label, Layout, Rect, RichText, Sense, Ui, Vec2, pos2, vec2};

use super::columns::{Kind, Spec};
use crate::dataset::without_wordnet_id;
use crate::report::sources_in_short;
use crate::summary::{ClassRow, Thresholds};
use crate::ui::theme::{palette, size};
use crate::ui::{format, verdicts, widgets};

/// Draws the cell of a row in a column; a suspect one with the lines that make it one.
pub(super) fn cell_ui(ui: &mut Ui, spec: &Spec, row: &ClassRow, suspect: Option<&Thresholds>) {
    let palette = palette(ui);
    let value = spec.column.value(row);
    match spec.kind {
        Kind::Name => name_ui(ui, row, suspect),
        Kind::Count => number_ui(ui, format::count(value.unwrap_or(0.0) as usize), palette.weak),
        Kind::Failures => {
            let count = value.unwrap_or(0.0) as usize;
            number_ui(ui, format::count(count), if count > 0 { palette.bad } else { palette.weak });
        }
        Kind::Share => number_ui(ui, format::percent(value), palette.text),
        Kind::FitBar => fit_ui(ui, row, suspect.is_some()),
        Kind::Factor => {
            let low = value.is_some_and(|factor| factor < 1.0);
            let text = value.map_or("–".into(), |v| format!("{v:.2}"));
            number_ui(ui, text, if low { palette.warn } else { palette.text });
        }
        Kind::MeasureBar => measure_ui(ui, row),
        Kind::Histogram => {
            if row.spread.count() > 0 {
                let rect = ui.max_rect();
                let bars = Rect::from_min_max(rect.min + vec2(4.0, 6.0), rect.max - vec2(0.0, 6.0));
                widgets::histogram(ui, bars, &row.spread.bins, palette.weak);
            }
        }
        Kind::Sources => number_ui(ui, sources_in_short(&row.sources), palette.weak),
        Kind::Verdict => verdict_ui(ui, row),
    }
}

fn number_ui(ui: &mut Ui, text: String, color: eframe::egui::Color32) {
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        ui.add(Label::new(RichText::new(text).color(color)).selectable(false));
    });
}

fn name_ui(ui: &mut Ui, row: &ClassRow, suspect: Option<&Thresholds>) {
    let palette = palette(ui);
    ui.add_space(12.0);
    if let Some(judgement) = &row.judgement {
        let (mark, response) = ui.allocate_exact_size(Vec2::splat(9.0), Sense::hover());
        ui.painter().rect_filled(mark, CornerRadius::same(2), verdicts::color(judgement.verdict, palette));
        response.on_hover_text(verdicts::in_words(judgement));
    } else if let Some(lines) = suspect {
        let (mark, response) = ui.allocate_exact_size(Vec2::splat(7.0), Sense::hover());
        ui.painter().circle_filled(mark.center(), 3.5, palette.warn);
        let hint = match &row.support {
            Some(support) => format!("Suspect: fit or lift low {}", support.words(lines)),
            None => "Suspect by the run's method; other methods were not asked (Checks, K)".to_owned(),
        };
        response.on_hover_text(hint);
    }
    let text = RichText::new(without_wordnet_id(&row.class)).color(palette.strong);
    ui.add(Label::new(text).selectable(false).truncate());
}

/// Width of the number beside a bar.
const NUMBER: f32 = 44.0;

fn fit_ui(ui: &mut Ui, row: &ClassRow, suspect: bool) {
    let palette = palette(ui);
    let rect = ui.max_rect();
    let bar = Rect::from_min_max(
        pos2(rect.left() + 8.0, rect.center().y - 3.5),
        pos2((rect.right() - NUMBER).max(rect.left() + 8.0), rect.center().y + 3.5),
    );
    if let Some(fit) = row.mean_fit {
        widgets::share_bar(ui, bar, fit, row.ci, if suspect { palette.warn } else { palette.accent });
    }
    number_ui(ui, format::percent(row.mean_fit), palette.strong);
}

/// The mean of the chosen measure; differences have their bar to the left or right of the middle.
fn measure_ui(ui: &mut Ui, row: &ClassRow) {
    let palette = palette(ui);
    let Some(chosen) = row.measure else { return };
    let rect = ui.max_rect();
    let right = (rect.right() - NUMBER - 6.0).max(rect.left() + 8.0);
    let bar = Rect::from_min_max(pos2(rect.left() + 8.0, rect.center().y - 3.5), pos2(right, rect.center().y + 3.5));
    if let (Some(mean), true) = (chosen.mean.mean, chosen.choice.measure.is_share()) {
        match chosen.choice.minus {
            None => widgets::share_bar(ui, bar, mean, chosen.mean.ci, palette.accent),
            Some(_) => widgets::difference_bar(ui, bar, mean, chosen.mean.ci),
        }
    }
    number_ui(ui, chosen.text(), palette.strong);
    let interval = chosen
        .mean
        .ci
        .map(|(low, high)| format!(", 95\u{a0}% interval {} to {}", chosen.choice.text(low), chosen.choice.text(high)));
    let hint = format!(
        "{}: {}{}, {}",
        chosen.choice.title(),
        chosen.text(),
        interval.unwrap_or_default(),
        format::counted(chosen.mean.n, "image", "images")
    );
    ui.interact(rect, ui.scope_id().with("measure"), Sense::hover()).on_hover_text(hint);
}

fn verdict_ui(ui: &mut Ui, row: &ClassRow) {
    let Some(judgement) = &row.judgement else { return };
    let color = verdicts::color(judgement.verdict, palette(ui));
    let text = RichText::new(judgement.verdict.name()).size(size::SMALL).color(color);
    ui.add_space(4.0);
    ui.add(Label::new(text).selectable(false).truncate()).on_hover_text(verdicts::in_words(judgement));
}
