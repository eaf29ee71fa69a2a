//! Small painted pieces that several panels use.
//!
//! Comes in: values. Goes out: pixels and a response. May not live here: state, project data.

use eframe::egui::accesskit::Role;
use eframe::egui::{
    Align2, Button, Color32, CornerRadius, Frame, Label, Margin, Pos2, Rect, Response, RichText, Sense, Shape, Stroke,
    StrokeKind, TextWrapMode, Ui, Vec2, WidgetInfo, WidgetText, pos2, vec2,
};

use super::theme::{self, Palette, palette, size, space};

/// Text that fades into the background: captions, units, hints.
pub(crate) fn caption(ui: &mut Ui, text: impl Into<String>) -> Response {
    let color = palette(ui).weak;
    ui.add(Label::new(RichText::new(text).size(size::SMALL).color(color)))
}

/// The title of a panel or section.
pub(crate) fn title(ui: &mut Ui, text: impl Into<String>) -> Response {
    let color = palette(ui).strong;
    ui.add(Label::new(RichText::new(text).font(theme::strong(size::BODY)).color(color)).truncate())
}

/// A button filled with the accent: the one thing to do next.
pub(crate) fn primary_button(ui: &mut Ui, text: &str) -> Response {
    let palette = palette(ui);
    let text = RichText::new(text).font(theme::strong(size::BODY)).color(palette.on_accent);
    ui.add(Button::new(text).fill(palette.accent).min_size(vec2(0.0, 30.0)))
}

/// A button that switches something on and off.
pub(crate) fn toggle(ui: &mut Ui, on: &mut bool, text: &str, hint: &str) -> Response {
    let palette = palette(ui);
    let color = if *on { palette.accent } else { palette.weak };
    let fill = if *on { palette.selected } else { palette.raised };
    let mut response = ui.add(Button::new(RichText::new(text).color(color)).fill(fill)).on_hover_text(hint);
    if response.clicked() {
        *on = !*on;
        response.mark_changed();
    }
    let now = *on;
    response.widget_info(|| WidgetInfo::selected(Role::CheckBox, true, now, text));
    response
}

/// A rounded switch between a few values, such as the filters over a table; the chosen one is lit.
pub(crate) fn chip(ui: &mut Ui, chosen: bool, text: &str, hint: &str) -> Response {
    let palette = palette(ui);
    let (fill, color) = if chosen { (palette.selected, palette.accent) } else { (palette.bar, palette.weak) };
    let button = Button::new(RichText::new(text).size(size::SMALL + 0.5).color(color))
        .fill(fill)
        .stroke(Stroke::new(1.0, if chosen { palette.selected } else { palette.line }))
        .corner_radius(CornerRadius::same(12))
        .wrap_mode(TextWrapMode::Extend);
    let response = ui.add(button);
    let response = if hint.is_empty() { response } else { response.on_hover_text(hint) };
    response.widget_info(|| WidgetInfo::selected(Role::RadioButton, true, chosen, text));
    response
}

/// A rounded switch that is lit in its own colour when it is on; `label` is what it is called for assistive technology.
pub(crate) fn tinted_chip(ui: &mut Ui, on: Option<Color32>, text: &str, label: &str, hint: &str) -> Response {
    let palette = palette(ui);
    let fill = on.map_or(palette.bar, |color| tint(palette, color));
    let button = Button::new(RichText::new(text).size(size::SMALL).color(on.unwrap_or(palette.weak)))
        .fill(fill)
        .stroke(Stroke::new(1.0, on.unwrap_or(palette.line)))
        .corner_radius(CornerRadius::same(11))
        .min_size(vec2(0.0, 22.0))
        .wrap_mode(TextWrapMode::Extend);
    let response = ui.add(button).on_hover_text(hint);
    response.widget_info(|| WidgetInfo::selected(Role::CheckBox, true, on.is_some(), label));
    response
}

/// Directions of an [`icon_button`]'s sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Icon {
    /// A chevron to the left.
    Previous,
    /// A chevron to the right.
    Next,
    /// A chevron upwards.
    Up,
    /// A chevron downwards.
    Down,
    /// A cross.
    Close,
}

/// A square button with a painted sign; `label` says what it does.
pub(crate) fn icon_button(ui: &mut Ui, icon: Icon, label: &str, enabled: bool) -> Response {
    let side = ui.spacing().interact_size.y;
    let sense = if enabled { Sense::click() } else { Sense::hover() };
    let (rect, response) = ui.allocate_exact_size(Vec2::splat(side), sense);
    let palette = palette(ui);
    let (fill, color) = match (enabled, response.hovered()) {
        (false, _) => (Color32::TRANSPARENT, palette.line),
        (true, false) => (palette.raised, palette.text),
        (true, true) => (palette.hovered, palette.strong),
    };
    ui.painter().rect_filled(rect, CornerRadius::same(space::CORNER), fill);
    let stroke = Stroke::new(1.6, color);
    let (c, r) = (rect.center(), 4.0);
    let lines = match icon {
        Icon::Previous => vec![vec![c + vec2(r * 0.5, -r), c + vec2(-r * 0.5, 0.0), c + vec2(r * 0.5, r)]],
        Icon::Next => vec![vec![c + vec2(-r * 0.5, -r), c + vec2(r * 0.5, 0.0), c + vec2(-r * 0.5, r)]],
        Icon::Up => vec![vec![c + vec2(-r, r * 0.5), c + vec2(0.0, -r * 0.5), c + vec2(r, r * 0.5)]],
        Icon::Down => vec![vec![c + vec2(-r, -r * 0.5), c + vec2(0.0, r * 0.5), c + vec2(r, -r * 0.5)]],
        Icon::Close => {
            vec![vec![c + vec2(-r, -r), c + vec2(r, r)], vec![c + vec2(-r, r), c + vec2(r, -r)]]
        }
    };
    ui.painter().extend(lines.into_iter().map(|points| Shape::line(points, stroke)));
    response.widget_info(|| WidgetInfo::labeled(Role::Button, enabled, label));
    response.on_hover_text(label)
}

/// The header of a panel: a bar with its title on the left and whatever `right` adds on the right.
pub(crate) fn header(ui: &mut Ui, left: impl FnOnce(&mut Ui), right: impl FnOnce(&mut Ui)) {
    use eframe::egui::{Align, Layout};
    let palette = palette(ui);
    let frame = Frame::new().fill(palette.bar).inner_margin(Margin::symmetric(12, 0));
    frame.show(ui, |ui| {
        ui.set_height(space::HEADER);
        ui.horizontal_centered(|ui| {
            left(ui);
            ui.with_layout(Layout::right_to_left(Align::Center), right);
        });
    });
    let bottom = ui.min_rect().bottom();
    ui.painter().hline(ui.max_rect().x_range(), bottom, Stroke::new(1.0, palette.line));
}

/// A bar for a share `0.0..=1.0`, with the interval of its uncertainty as a line on it.
pub(crate) fn share_bar(ui: &Ui, rect: Rect, share: f64, interval: Option<(f64, f64)>, color: Color32) {
    let palette = palette(ui);
    let painter = ui.painter();
    let corner = CornerRadius::same(2);
    painter.rect_filled(rect, corner, palette.raised);
    let x = |v: f64| rect.left() + rect.width() * v.clamp(0.0, 1.0) as f32;
    painter.rect_filled(Rect::from_min_max(rect.min, pos2(x(share), rect.bottom())), corner, color);
    if let Some((low, high)) = interval {
        let stroke = Stroke::new(1.0, palette.strong);
        let y = rect.center().y;
        painter.hline(x(low)..=x(high), y, stroke);
        for end in [low, high] {
            painter.vline(x(end), y - 2.5..=y + 2.5, stroke);
        }
    }
}

/// A bar for a difference of shares, `-1.0..=1.0`, from the middle to the right where it is a gain and to the left where it is a
/// loss, with the interval of its uncertainty as a line on it.
pub(crate) fn difference_bar(ui: &Ui, rect: Rect, difference: f64, interval: Option<(f64, f64)>) {
    let palette = palette(ui);
    let painter = ui.painter();
    painter.rect_filled(rect, CornerRadius::same(2), palette.raised);
    let x = |v: f64| rect.center().x + 0.5 * rect.width() * v.clamp(-1.0, 1.0) as f32;
    let color = if difference < 0.0 { palette.warn } else { palette.accent };
    let filled = Rect::from_two_pos(pos2(x(0.0), rect.top()), pos2(x(difference), rect.bottom()));
    painter.rect_filled(filled, CornerRadius::ZERO, color);
    painter.vline(x(0.0), rect.y_range().expand(2.0), Stroke::new(1.0, palette.weak));
    if let Some((low, high)) = interval {
        painter.hline(x(low)..=x(high), rect.center().y, Stroke::new(1.0, palette.strong));
    }
}

/// Bars as high as the counts, the highest as high as the rectangle, over a line at their feet.
pub(crate) fn histogram(ui: &Ui, rect: Rect, counts: &[u32], color: Color32) {
    let most = counts.iter().copied().max().unwrap_or(0).max(1) as f32;
    let step = rect.width() / counts.len().max(1) as f32;
    let painter = ui.painter();
    for (i, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        let left = rect.left() + i as f32 * step;
        let top = rect.bottom() - (rect.height() * *count as f32 / most).max(1.0);
        let bar = Rect::from_min_max(pos2(left, top), pos2(left + (step - 1.0).max(1.0), rect.bottom()));
        painter.rect_filled(bar, CornerRadius::ZERO, color);
    }
    painter.hline(rect.x_range(), rect.bottom() + 0.5, Stroke::new(1.0, palette(ui).line));
}

/// A word on a filled tag.
pub(crate) fn tag(ui: &mut Ui, text: &str, color: Color32) -> Response {
    let palette = palette(ui);
    let text = WidgetText::from(RichText::new(text).font(theme::strong(size::SMALL)).color(color));
    let frame = Frame::new()
        .fill(tint(palette, color))
        .inner_margin(Margin::symmetric(6, 2))
        .corner_radius(CornerRadius::same(4));
    frame.show(ui, |ui| ui.add(Label::new(text))).inner
}

/// A colour thinned for use behind text of that colour.
fn tint(palette: &Palette, color: Color32) -> Color32 {
    palette.panel.lerp_to_gamma(color, 0.16)
}

/// A sign for right (a tick) or wrong (a cross) on a disc.
pub(crate) fn verdict_mark(ui: &Ui, center: Pos2, right: bool) {
    let palette = palette(ui);
    let (fill, mark) = (if right { palette.good } else { palette.bad }, palette.panel);
    let painter = ui.painter();
    painter.circle_filled(center, 7.5, palette.panel);
    painter.circle_filled(center, 6.5, fill);
    let stroke = Stroke::new(1.6, mark);
    if right {
        let points = vec![center + vec2(-2.8, 0.2), center + vec2(-0.8, 2.2), center + vec2(2.9, -2.2)];
        painter.add(Shape::line(points, stroke));
    } else {
        painter.line_segment([center + vec2(-2.2, -2.2), center + vec2(2.2, 2.2)], stroke);
        painter.line_segment([center + vec2(-2.2, 2.2), center + vec2(2.2, -2.2)], stroke);
    }
}

/// What a pane without content says: what is missing, and what to do.
pub(crate) fn empty_state(ui: &mut Ui, headline: &str, advice: &str) {
    let palette = palette(ui);
    ui.vertical_centered(|ui| {
        ui.add_space((ui.available_height() * 0.36).max(space::SECTION));
        ui.label(RichText::new(headline).font(theme::strong(size::TITLE)).color(palette.text));
        ui.add_space(space::TIGHT);
        ui.scope(|ui| {
            ui.set_max_width(300.0);
            ui.label(RichText::new(advice).color(palette.weak));
        });
    });
}

/// A label and, under it, the number it stands for.
pub(crate) fn figure(ui: &mut Ui, label: &str, value: &str, hint: &str) -> Response {
    let color = palette(ui).strong;
    figure_colored(ui, label, value, hint, color)
}

/// As [`figure`], in a colour.
pub(crate) fn figure_colored(ui: &mut Ui, label: &str, value: &str, hint: &str, color: Color32) -> Response {
    let response = ui
        .vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 1.0;
            caption(ui, label);
            ui.add(Label::new(RichText::new(value).font(theme::strong(size::FIGURE)).color(color)));
        })
        .response;
    response.on_hover_text(hint)
}

/// Text cut to a width with an ellipsis, painted at a point; returns the width it took.
pub(crate) fn painted_text(
    ui: &Ui,
    at: Pos2,
    anchor: Align2,
    text: &str,
    font: eframe::egui::FontId,
    color: Color32,
    max_width: f32,
) -> f32 {
    let mut job = eframe::egui::text::LayoutJob::simple_singleline(text.to_owned(), font, color);
    job.wrap = eframe::egui::text::TextWrapping::truncate_at_width(max_width);
    let galley = ui.painter().layout_job(job);
    let rect = anchor.anchor_size(at, galley.size());
    ui.painter().galley(rect.min, galley, color);
    rect.width()
}

/// A frame around what has the keyboard or the selection.
pub(crate) fn outline(ui: &Ui, rect: Rect, color: Color32, width: f32) {
    ui.painter().rect_stroke(rect, CornerRadius::same(space::CORNER), Stroke::new(width, color), StrokeKind::Outside);
}
