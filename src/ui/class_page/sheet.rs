//! The contact sheet: the strongest patches outside of the regions, over the whole class.

use eframe::egui::accesskit::Role;
use eframe::egui::{
    Color32, CornerRadius, CursorIcon, Frame, Margin, Rect, ScrollArea, Sense, Ui, Vec2, WidgetInfo, pos2, vec2,
};

use super::Shown;
use crate::analysis::SampleScore;
use crate::dataset::SampleId;
use crate::focus::{ClassFocus, Patch};
use crate::geometry::{Affine, BBox};
use crate::ui::command::Command;
use crate::ui::gallery::file_name;
use crate::ui::layers::Layers;
use crate::ui::sample_view::canvas;
use crate::ui::textures::{Layer, Part, Slot, Textures};
use crate::ui::theme::{self, palette, size, space};
use crate::ui::{format, widgets};

/// Narrowest tile, in points.
const MIN_TILE: f32 = 104.0;

/// From this width on, in points, a wider page has more tiles in a row instead of larger ones.
const MAX_TILE: f32 = 190.0;

/// Tiles in a row while they grow with the page.
const ROW: f32 = 6.0;

/// Draws the sheet; the image of a patch is shown when it is clicked.
pub(super) fn ui(
    ui: &mut Ui,
    shown: &Shown<'_>,
    places: &[usize],
    focus: &ClassFocus,
    textures: &mut Textures,
    layers: &Layers,
) -> Option<Command> {
    let margin = Margin { left: 12, right: 12, top: 8, bottom: 6 };
    Frame::new().inner_margin(margin).show(ui, |ui| {
        ui.horizontal(|ui| {
            widgets::title(ui, "Where it looks instead");
            let n = format::counted(focus.patches.len(), "patch", "patches");
            widgets::caption(ui, format!("{n} outside of every region, largest share first"));
        });
    });
    if focus.patches.is_empty() {
        widgets::empty_state(ui, "Nothing outside", "No image has more than 2 % of its saliency in a place outside.");
        return None;
    }
    let (margin, gap) = (12.0, 6.0);
    let width = ui.available_width() - 2.0 * margin;
    let smallest = (width / ROW).clamp(MIN_TILE, MAX_TILE);
    let columns = (((width + gap) / (smallest + gap)).floor() as usize).max(1);
    let tile = (width - gap * (columns - 1) as f32) / columns as f32;
    let mut chosen = None;
    ui.spacing_mut().item_spacing = Vec2::ZERO;
    let area = ScrollArea::vertical().id_salt(("patches", shown.class)).auto_shrink(false);
    area.show_rows(ui, tile + gap, focus.patches.len().div_ceil(columns), |ui, visible| {
        for row in visible {
            let (line, _) = ui.allocate_exact_size(vec2(ui.available_width(), tile + gap), Sense::hover());
            for (column, (id, patch)) in focus.patches.iter().skip(row * columns).take(columns).enumerate() {
                let corner = line.min + vec2(margin + column as f32 * (tile + gap), 0.0);
                let rect = Rect::from_min_size(corner, Vec2::splat(tile));
                let mut samples = places.iter().filter_map(|place| shown.samples.get(*place));
                let sample = samples.find(|sample| sample.id == *id);
                let place = row * columns + column;
                if tile_ui(ui, rect, (place, *id, patch), sample, textures, layers) {
                    chosen = Some(Command::SelectSample(*id));
                }
            }
        }
    });
    chosen
}

/// Draws a patch; whether it was clicked.
fn tile_ui(
    ui: &Ui,
    rect: Rect,
    (place, id, patch): (usize, SampleId, &Patch),
    sample: Option<&SampleScore>,
    textures: &mut Textures,
    layers: &Layers,
) -> bool {
    let palette = palette(ui);
    let response = ui.interact(rect, ui.scope_id().with(("patch", place)), Sense::click());
    let name = sample.map_or("", |sample| file_name(&sample.path));
    let share = format::percent(Some(patch.share));
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("Patch of {name}, {share}")));
    let painter = ui.painter_at(rect);
    painter.rect_filled(rect, CornerRadius::same(space::CORNER), palette.raised);
    let part = Part::around(patch.bbox);
    let target = BBox::new(rect.left(), rect.top(), rect.right(), rect.bottom());
    let ui_from_image = Affine::between(patch.bbox, target);
    match textures.get((id, Layer::Part(part))) {
        Slot::Ready(photo) => canvas::paint_texture(&painter, &photo, ui_from_image, Color32::WHITE),
        Slot::Pending => {}
        Slot::Failed(reason) => {
            let galley =
                painter.layout(reason.to_string(), theme::plain(size::SMALL), palette.bad, rect.width() - 12.0);
            painter.galley(rect.min + vec2(6.0, 6.0), galley, palette.bad);
        }
    }
    // The photo alone says what is there; the pointer says where in it the saliency is.
    if response.hovered()
        && layers.heat
        && let Slot::Ready(heat) = textures.get((id, Layer::Heat(layers.colormap)))
    {
        canvas::paint_texture(&painter, &heat, ui_from_image, layers.heat_tint());
    }
    let galley = painter.layout_no_wrap(share.clone(), theme::strong(size::SMALL), Color32::WHITE);
    let tag = Rect::from_min_size(
        pos2(rect.left() + 4.0, rect.bottom() - galley.size().y - 8.0),
        galley.size() + vec2(10.0, 4.0),
    );
    painter.rect_filled(tag, CornerRadius::same(4), Color32::from_black_alpha(168));
    painter.galley(tag.min + vec2(5.0, 2.0), galley, Color32::WHITE);
    if response.hovered() {
        widgets::outline(ui, rect, palette.accent, 1.5);
    }
    let hint = format!("{name}: {share} of its saliency is here, outside of every region");
    response.on_hover_cursor(CursorIcon::PointingHand).on_hover_text(hint).clicked()
}
