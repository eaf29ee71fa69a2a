//! The film strip: the images before and after the shown one.

use eframe::egui::accesskit::Role;
use eframe::egui::{CornerRadius, CursorIcon, Event, MouseWheelUnit, Rect, Sense, Ui, Vec2, WidgetInfo, pos2, vec2};

use super::canvas::paint_texture;
use super::zoom::covering;
use crate::analysis::SampleScore;
use crate::ui::command::Command;
use crate::ui::gallery::file_name;
use crate::ui::textures::{Layer, Slot, Textures};
use crate::ui::theme::{palette, space};
use crate::ui::widgets;

/// Side of a picture, in points.
const SIDE: f32 = 46.0;

/// Height of the strip, in points.
pub(super) const HEIGHT: f32 = SIDE + 2.0 * space::TIGHT;

/// The images in the gallery's order.
#[derive(Clone, Copy)]
pub(crate) struct Strip<'a> {
    /// All samples of the project.
    pub(crate) samples: &'a [SampleScore],
    /// Places in `samples`.
    pub(crate) order: &'a [usize],
    /// Place in `order` of the shown one.
    pub(crate) at: usize,
}

/// Draws the strip with the shown image in its middle; a click or the wheel goes to another one.
pub(super) fn ui(ui: &mut Ui, strip: Strip<'_>, textures: &mut Textures) -> Option<Command> {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), HEIGHT), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::List, true, "Film strip"));
    ui.painter().rect_filled(rect, CornerRadius::ZERO, palette(ui).bar);
    let mut command = None;
    if response.contains_pointer() {
        let id = ui.scope_id().with("turned");
        let turned = ui.data_mut(|data| data.get_temp::<f32>(id)).unwrap_or(0.0)
            + ui.input(|input| input.events.iter().map(turned).sum::<f32>());
        // What is left of a notch counts for the next turn.
        ui.data_mut(|data| data.insert_temp(id, turned.fract()));
        let steps = turned.trunc() as isize;
        command = (steps != 0).then_some(Command::StepSample(steps));
    }
    let step = SIDE + space::TIGHT;
    let start = start(rect.width() / step, strip.order.len(), strip.at);
    let last = (start + rect.width() / step).ceil().max(0.0) as usize;
    for at in (start.max(0.0) as usize)..last.min(strip.order.len()) {
        let left = rect.left() + (at as f32 - start) * step + space::TIGHT / 2.0;
        let tile = Rect::from_min_size(pos2(left, rect.top() + space::TIGHT), Vec2::splat(SIDE));
        let sample = &strip.samples[strip.order[at]];
        if tile_ui(ui, tile.intersect(rect), tile, sample, at == strip.at, textures) {
            command = Some(Command::SelectSample(sample.id));
        }
    }
    command
}

/// Which of `n` images is at the left edge where `room` of them fit: the shown one is in the middle, but no room is left empty
/// at an end; fewer than fit stand in the middle.
fn start(room: f32, n: usize, at: usize) -> f32 {
    let n = n as f32;
    if n <= room {
        return (n - room) / 2.0;
    }
    (at as f32 + 0.5 - room / 2.0).clamp(0.0, n - room)
}

/// Points of a touchpad that count as one notch of a wheel.
const NOTCH: f32 = 60.0;

/// By how many notches the wheel was turned, down or to the right.
fn turned(event: &Event) -> f32 {
    let Event::MouseWheel { unit, delta, modifiers, .. } = event else { return 0.0 };
    let along = if delta.y.abs() >= delta.x.abs() { delta.y } else { delta.x };
    match unit {
        _ if modifiers.command => 0.0,
        MouseWheelUnit::Point => -along / NOTCH,
        MouseWheelUnit::Line | MouseWheelUnit::Page => -along,
    }
}

/// Draws an image; whether it was clicked.
fn tile_ui(ui: &Ui, visible: Rect, tile: Rect, sample: &SampleScore, shown: bool, textures: &mut Textures) -> bool {
    let response = ui.interact(visible, ui.scope_id().with(("strip", sample.id)), Sense::click());
    let name = file_name(&sample.path);
    response.widget_info(|| WidgetInfo::selected(Role::ListBoxOption, true, shown, format!("Strip {name}")));
    let painter = ui.painter_at(visible);
    painter.rect_filled(tile, CornerRadius::same(3), palette(ui).raised);
    if sample.score.is_some()
        && let Slot::Ready(photo) = textures.get((sample.id, Layer::Thumbnail))
    {
        let tint = if shown || response.hovered() { 255 } else { 150 };
        paint_texture(&painter, &photo, covering(photo.image, tile), eframe::egui::Color32::from_white_alpha(tint));
    }
    if shown {
        widgets::outline(ui, tile, palette(ui).accent, 2.0);
    }
    response.on_hover_cursor(CursorIcon::PointingHand).on_hover_text(name).clicked()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shown_image_is_in_the_middle_unless_an_end_is_near() {
        assert_eq!(start(5.0, 3, 1), -1.0);
        assert_eq!(start(5.0, 100, 50), 48.0);
        assert_eq!((start(5.0, 100, 0), start(5.0, 100, 99)), (0.0, 95.0));
    }
}
