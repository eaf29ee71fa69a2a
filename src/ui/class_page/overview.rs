//! The upper half of the class page: numbers, mean maps, histogram of the fits, confusions.

use eframe::egui::accesskit::Role;
use eframe::egui::{
    Align2, Color32, CornerRadius, Pos2, Rect, Sense, Stroke, StrokeKind, TextureHandle, Ui, Vec2, WidgetInfo, pos2,
    vec2,
};

use super::{Means, Shown};
use crate::focus::{ClassFocus, MARGIN, MeanMap};
use crate::summary::{ClassRow, Confusion, confusions};
use crate::ui::command::Command;
use crate::ui::theme::{self, palette, size, space};
use crate::ui::{format, widgets};

/// Largest side of a mean map, in points.
const LARGEST_MAP: f32 = 200.0;

/// Confusions that are listed.
const MAX_CONFUSIONS: usize = 6;

/// Draws the upper half of the page.
pub(super) fn ui(
    ui: &mut Ui,
    shown: &Shown<'_>,
    places: &[usize],
    focus: &ClassFocus,
    means: Option<&Means>,
) -> Option<Command> {
    figures_ui(ui, shown.row, focus);
    let side = ((ui.available_width() - 2.0 * space::GROUP) / 3.0).clamp(60.0, LARGEST_MAP);
    ui.horizontal_top(|ui| {
        let (in_view, around) = (means.and_then(|m| m.in_view.as_ref()), means.and_then(|m| m.around_region.as_ref()));
        map_ui(ui, side, "Mean map in the view", focus.in_view.as_ref(), in_view, None);
        let inset = (MARGIN / (1.0 + 2.0 * MARGIN)) as f32;
        map_ui(ui, side, "Mean around the region", focus.around_region.as_ref(), around, Some(inset));
        if let Some(row) = shown.row {
            histogram_ui(ui, side, row);
        }
    });
    confusions_ui(ui, shown, places)
}

fn figures_ui(ui: &mut Ui, row: Option<&ClassRow>, focus: &ClassFocus) {
    ui.horizontal_wrapped(|ui| {
        let outside = format::percent(focus.outside);
        let hint = "Mean share of the saliency that lies outside of every region";
        let color = palette(ui).warn;
        widgets::figure_colored(ui, "Outside of regions", &outside, hint, color);
        if let Some(row) = row {
            widgets::figure(ui, "Fit", &format::percent(row.mean_fit), "Share of the saliency inside the best region");
            widgets::figure(ui, "Lift", &format::factor(row.mean_lift), "Fit over area share");
            widgets::figure(ui, "Accuracy", &format::percent(row.accuracy), "Share of the images recognised right");
            widgets::figure(ui, "Coverage", &format::percent(row.coverage), "Share of the images with a region");
        }
    });
}

/// A mean map with its scale; with `inset`, the region's box is drawn at this share of each side.
fn map_ui(
    ui: &mut Ui,
    side: f32,
    title: &str,
    mean: Option<&MeanMap>,
    texture: Option<&TextureHandle>,
    inset: Option<f32>,
) {
    ui.allocate_ui(vec2(side, side + 40.0), |ui| {
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 3.0;
            ui.set_width(side);
            widgets::caption(ui, title);
            let (rect, response) = ui.allocate_exact_size(Vec2::splat(side), Sense::hover());
            response.widget_info(|| WidgetInfo::labeled(Role::Image, true, title));
            let palette = palette(ui);
            ui.painter().rect_filled(rect, CornerRadius::same(3), palette.canvas);
            let (Some(mean), Some(texture)) = (mean, texture) else {
                let font = theme::plain(size::SMALL);
                ui.painter().text(rect.center(), Align2::CENTER_CENTER, "no region", font, palette.weak);
                return;
            };
            let uv = Rect::from_min_max(Pos2::ZERO, pos2(1.0, 1.0));
            ui.painter().image(texture.id(), rect, uv, Color32::WHITE);
            if let Some(inset) = inset {
                let region = rect.shrink(side * inset);
                let stroke = Stroke::new(1.5, Color32::WHITE);
                ui.painter().rect_stroke(region, CornerRadius::ZERO, stroke, StrokeKind::Middle);
            }
            let text = format!("{}, up to {:.1}×", format::counted(mean.samples, "image", "images"), mean.map.max());
            let hint =
                "Each map is divided by its mean: 1× is what a uniform map has everywhere. The box is the best region.";
            widgets::caption(ui, text).on_hover_text(hint);
        });
    });
}

fn histogram_ui(ui: &mut Ui, side: f32, row: &ClassRow) {
    ui.allocate_ui(vec2(side, side + 40.0), |ui| {
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 3.0;
            ui.set_width(side);
            widgets::caption(ui, "Fits of its images");
            let (rect, response) = ui.allocate_exact_size(Vec2::splat(side), Sense::hover());
            response.widget_info(|| WidgetInfo::labeled(Role::Image, true, "Histogram of the fits"));
            let palette = palette(ui);
            ui.painter().rect_filled(rect, CornerRadius::same(3), palette.canvas);
            let font = theme::plain(size::SMALL);
            let bars = Rect::from_min_max(rect.min + vec2(8.0, 10.0), rect.max - vec2(8.0, 22.0));
            widgets::histogram(ui, bars, &row.spread.bins, palette.accent);
            for (at, anchor) in [(0.0, Align2::LEFT_TOP), (0.5, Align2::CENTER_TOP), (1.0, Align2::RIGHT_TOP)] {
                let place = pos2(bars.left() + at as f32 * bars.width(), bars.bottom() + 4.0);
                ui.painter().text(place, anchor, format::percent(Some(at)), font.clone(), palette.weak);
            }
            let deviation =
                row.spread.deviation.map(|d| format!(", ± {}", format::percent(Some(d)))).unwrap_or_default();
            let text = format!("{}{deviation}", format::counted(row.spread.count(), "fit", "fits"));
            widgets::caption(ui, text).on_hover_text("Standard deviation of the fits");
        });
    });
}

/// What images of the class were taken for; a click shows them.
fn confusions_ui(ui: &mut Ui, shown: &Shown<'_>, places: &[usize]) -> Option<Command> {
    let scores = places.iter().filter_map(|place| shown.samples.get(*place)?.score.as_ref());
    let list: Vec<Confusion> = confusions(scores);
    let mut command = None;
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(5.0, 5.0);
        if list.is_empty() {
            widgets::caption(ui, "Taken for no other class");
            return;
        }
        widgets::caption(ui, "Taken for");
        for Confusion { predicted, samples } in list.iter().take(MAX_CONFUSIONS) {
            let text = format!("{} {}", shown.names.of(*predicted), format::count(*samples));
            if widgets::chip(ui, false, &text, "Show these images").clicked() {
                command = Some(Command::ShowTakenFor(Some(*predicted)));
            }
        }
        let rest: usize = list.iter().skip(MAX_CONFUSIONS).map(|c| c.samples).sum();
        if rest > 0 {
            widgets::caption(ui, format!("and others {}", format::count(rest)));
        }
    });
    command
}
