//! Deletion and insertion as curves: the class's probability while pixels go or come.

use eframe::egui::accesskit::Role;
use eframe::egui::{Align2, Color32, CornerRadius, Rect, Sense, Shape, Stroke, Ui, Vec2, WidgetInfo, pos2, vec2};

use crate::ui::format;
use crate::ui::theme::{self, palette, size};

/// A curve from no pixel changed to all, probabilities `0.0..=1.0`.
pub(super) struct Line {
    pub(super) points: Vec<f64>,
    pub(super) color: Color32,
    pub(super) is_strong: bool,
}

/// Draws curves over the share of changed pixels.
pub(super) fn plot_ui(ui: &mut Ui, title: &str, side: Vec2, lines: &[Line]) {
    let palette = palette(ui);
    let (rect, response) = ui.allocate_exact_size(side, Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, format!("Plot of the {title}")));
    let plot = Rect::from_min_max(rect.min + vec2(44.0, 20.0), rect.max - vec2(14.0, 22.0));
    let painter = ui.painter();
    painter.rect_filled(plot, CornerRadius::same(3), palette.canvas);
    let font = theme::plain(size::SMALL);
    painter.text(rect.left_top(), Align2::LEFT_TOP, title, theme::strong(size::SMALL), palette.text);
    for i in 0..=2 {
        let share = f64::from(i) / 2.0;
        let x = plot.left() + share as f32 * plot.width();
        let y = plot.bottom() - share as f32 * plot.height();
        painter.vline(x, plot.y_range(), Stroke::new(1.0, palette.line));
        painter.hline(plot.x_range(), y, Stroke::new(1.0, palette.line));
        let text = format::percent(Some(share));
        painter.text(pos2(plot.left() - 6.0, y), Align2::RIGHT_CENTER, &text, font.clone(), palette.weak);
        let anchor = [Align2::LEFT_TOP, Align2::CENTER_TOP, Align2::RIGHT_TOP][i as usize];
        let text = if i == 1 { "of the pixels".to_owned() } else { text };
        painter.text(pos2(x, plot.bottom() + 4.0), anchor, text, font.clone(), palette.weak);
    }
    for line in lines {
        let last = line.points.len().saturating_sub(1).max(1) as f32;
        let at = |(i, p): (usize, &f64)| {
            pos2(plot.left() + i as f32 / last * plot.width(), plot.bottom() - p.clamp(0.0, 1.0) as f32 * plot.height())
        };
        let points = line.points.iter().enumerate().map(at).collect();
        let width = if line.is_strong { 2.0 } else { 1.2 };
        painter.add(Shape::line(points, Stroke::new(width, line.color)));
    }
}
