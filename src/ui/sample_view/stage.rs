//! The canvas: photo, map and regions of the shown image, and what pointer and wheel do on it.

use std::sync::Arc;

use eframe::egui::accesskit::Role;
use eframe::egui::{
    Color32, CornerRadius, CursorIcon, EventFilter, Id, Key, Painter, PointerButton, Pos2, Rect, Response, Sense,
    Spinner, Stroke, Ui, UiBuilder, Vec2, WidgetInfo, pos2, vec2,
};

use super::SampleView;
use super::canvas::{self, Marked};
use super::heat::Heat;
use super::live::Live;
use super::probe::Probe;
use crate::analysis::Measured;
use crate::dataset::SampleId;
use crate::geometry::{Affine, BBox, Size};
use crate::overlay::Rendering;
use crate::roi::{DrawnRoi, Outline, Roi, Shape};
use crate::ui::drawing::{Tool, outline, pointer};
use crate::ui::layers::{self, Arrangement, Layers};
use crate::ui::textures::{Layer, Slot, Texture, Textures};
use crate::ui::theme::{self, palette, size, space};
use crate::ui::widgets;

/// Half the width of the wipe's handle, in points.
const GRIP: f32 = 6.0;

/// The canvas as a widget.
pub(crate) fn canvas_id() -> Id {
    Id::unique("photo of the sample view")
}

/// The best picture of a photo that there is so far.
enum Available {
    Nothing,
    Failed(Arc<str>),
    Shown(Texture),
}

/// The photo, or its thumbnail until it has been decoded.
fn best_available(textures: &mut Textures, sample: SampleId) -> Available {
    match textures.get((sample, Layer::Photo)) {
        Slot::Ready(photo) => Available::Shown(photo),
        Slot::Failed(reason) => Available::Failed(reason),
        Slot::Pending => match textures.peek((sample, Layer::Thumbnail)) {
            Some(Slot::Ready(thumbnail)) => Available::Shown(thumbnail),
            _ => Available::Nothing,
        },
    }
}

/// The best region of an image.
pub(super) fn best_region(measured: &Measured) -> Option<usize> {
    measured.fit.roi()
}

/// The smallest region around a place in image pixels.
fn region_at(measured: &Measured, (x, y): (f32, f32)) -> Option<usize> {
    let contains = |roi: &Roi| {
        let b = roi.bbox;
        let in_box = (b.x0..b.x1).contains(&x) && (b.y0..b.y1).contains(&y);
        in_box && roi.mask().is_none_or(|mask| mask.contains(x as u32, y as u32))
    };
    let around = measured.rois.iter().enumerate().filter(|(_, region)| contains(&region.roi));
    around.min_by(|(_, a), (_, b)| a.roi.bbox.area().total_cmp(&b.roi.bbox.area())).map(|(i, _)| i)
}

/// A picture on the canvas.
struct Pane {
    /// Where it may be.
    rect: Rect,
    /// The way from image to ui.
    ui_from_image: Affine,
    /// What of it is painted.
    clip: Rect,
    shows: Shows,
}

/// What lies over the photo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shows {
    /// Nothing.
    Photo,
    /// The run's own map and the regions, beside another map.
    RunMap,
    /// The map that is asked for, and the regions.
    Map,
}

impl SampleView {
    /// Draws the canvas; the region that the pointer is over and what lies under it.
    pub(super) fn stage_ui(
        &mut self,
        ui: &mut Ui,
        size: Vec2,
        sample: SampleId,
        textures: &mut Textures,
    ) -> (Option<usize>, Option<Probe>) {
        let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
        let response = ui.interact(rect, canvas_id(), Sense::click_and_drag());
        response.widget_info(|| WidgetInfo::labeled(Role::Canvas, true, "Photo"));
        ui.painter().rect_filled(rect, CornerRadius::ZERO, palette(ui).canvas);
        let Some(live) = &self.live else { return (None, None) };
        let image = live.measured().explanation.image;
        let photo = match best_available(textures, sample) {
            Available::Shown(photo) => Some(photo),
            Available::Failed(reason) => {
                ui.scope_builder(UiBuilder::new().max_rect(rect), |ui| {
                    widgets::empty_state(ui, "The photo cannot be shown", &reason);
                });
                return (None, None);
            }
            Available::Nothing => {
                ui.put(Rect::from_center_size(rect.center(), Vec2::splat(22.0)), Spinner::new());
                None
            }
        };
        self.wipe_ui(ui, rect);
        let under = |panes: &[Pane], at: Pos2| panes.iter().rposition(|pane| pane.clip.contains(at)).unwrap_or(0);
        let panes = self.panes(rect, image);
        let pointed_pane = response.hover_pos().map_or(0, |at| under(&panes, at));
        self.navigate(ui, &response, panes[pointed_pane].rect, image);
        let panes = self.panes(rect, image);
        self.draw_by_pointer(ui, &response, sample, panes[pointed_pane].ui_from_image);
        let place = response.hover_pos().map(|at| panes[pointed_pane].ui_from_image.inverse().point(at.x, at.y));
        for pane in &panes {
            self.paint_pane(ui, pane, sample, photo.as_ref(), textures);
        }
        self.paint_joint(ui, rect, &panes);
        if self.drawing.on {
            widgets::outline(ui, rect.shrink(1.0), palette(ui).accent, 2.0);
        }
        if let (Some(place), [_, _], Arrangement::SideBySide) = (place, &panes[..], self.layers.arrangement) {
            paint_twin(ui, &panes[1 - pointed_pane], place);
        }
        let Some(live) = &self.live else { return (None, None) };
        let pointed = place.and_then(|place| region_at(live.measured(), place));
        let is_smooth = self.layers.is_smooth;
        let probe = place.and_then(|p| Probe::at(p, &live.measured().explanation, is_smooth, photo.as_ref()));
        (pointed, probe)
    }

    /// Where photo and layers lie.
    fn panes(&self, rect: Rect, image: Size) -> Vec<Pane> {
        let beside = if self.of_run.is_some() { Shows::RunMap } else { Shows::Photo };
        let pane = |rect: Rect, clip: Rect, shows: Shows| {
            let inner = rect.shrink(space::NEAR);
            Pane { rect: inner, ui_from_image: self.zoom.ui_from_image(image, inner), clip, shows }
        };
        match self.layers.arrangement {
            Arrangement::Single => vec![pane(rect, rect, Shows::Map)],
            Arrangement::SideBySide => {
                let (left, right) = rect.split_left_right_at_fraction(0.5);
                vec![pane(left, left, beside), pane(right, right, Shows::Map)]
            }
            Arrangement::Wipe => {
                let (left, right) = rect.split_left_right_at_fraction(0.5 + self.wipe);
                vec![pane(rect, left, beside), pane(rect, right, Shows::Map)]
            }
        }
    }

    /// Lets the line between photo and layers be dragged.
    fn wipe_ui(&mut self, ui: &Ui, rect: Rect) {
        if self.layers.arrangement != Arrangement::Wipe {
            return;
        }
        let x = rect.left() + rect.width() * (0.5 + self.wipe);
        let grip = Rect::from_min_max(pos2(x - GRIP, rect.top()), pos2(x + GRIP, rect.bottom()));
        let response = ui.interact(grip, canvas_id().with("wipe"), Sense::drag());
        let wipe = 0.5 + f64::from(self.wipe);
        response.widget_info(|| WidgetInfo::slider(true, wipe, "Wipe"));
        if let Some(at) = response.interact_pointer_pos().filter(|_| response.dragged()) {
            self.wipe = ((at.x - rect.center().x) / rect.width()).clamp(-0.48, 0.48);
        }
        response.on_hover_cursor(CursorIcon::ResizeHorizontal);
    }

    /// Zooms and moves the image by wheel and drag. While drawing, the first button draws, unless Space is held.
    fn navigate(&mut self, ui: &Ui, response: &Response, canvas: Rect, image: Size) {
        let space_held = ui.input(|input| input.key_down(Key::Space));
        let first_pans =
            !self.drawing.on || space_held || (self.drawing.tool == Tool::Select && !self.is_drawing_now());
        let drags =
            [(PointerButton::Primary, first_pans), (PointerButton::Middle, true), (PointerButton::Secondary, true)];
        if drags.into_iter().any(|(button, pans)| pans && response.dragged_by(button)) {
            self.zoom.pan(response.drag_delta(), image, canvas);
        }
        if response.double_clicked() && !self.drawing.on {
            self.zoom.reset();
        }
        if let Some(at) = response.hover_pos() {
            // A pinch or Ctrl+wheel arrives as a zoom, a plain wheel as scrolling.
            let (pinch, wheel) = ui.input(|i| (i.zoom_delta(), i.smooth_scroll_delta().y));
            let by = pinch * (wheel / 240.0).exp();
            if by != 1.0 {
                self.zoom.zoom_at(at, by, image, canvas);
            }
        }
        if std::mem::take(&mut self.one_to_one) {
            self.zoom.one_to_one(image, canvas, ui.pixels_per_point());
        }
    }

    /// While drawing: hands what the pointer does to the editor, keeps the keyboard, shows what a press would do.
    fn draw_by_pointer(&mut self, ui: &Ui, response: &Response, sample: SampleId, ui_from_image: Affine) {
        if !self.drawing.on {
            return;
        }
        let no_focus = ui.memory(|memory| memory.focused().is_none());
        if no_focus || response.is_pointer_button_down_on() {
            response.request_focus();
        }
        let keys = EventFilter { tab: true, horizontal_arrows: true, vertical_arrows: true, escape: true };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(canvas_id(), keys));
        let may_press = response.contains_pointer() && !ui.input(|input| input.key_down(Key::Space));
        let events = ui.input(|input| input.events.clone());
        for input in pointer::inputs(&events, self.drawing.tool, ui_from_image, may_press) {
            self.drawing.take(sample, input);
        }
        if let (Some(at), Some(editor)) = (response.hover_pos(), self.drawing.editor(sample)) {
            let place = ui_from_image.inverse().point(at.x, at.y).into();
            ui.ctx().set_cursor_icon(pointer::cursor(editor, self.drawing.tool, place, pointer::reach(ui_from_image)));
        }
    }

    fn paint_pane(&mut self, ui: &Ui, pane: &Pane, sample: SampleId, photo: Option<&Texture>, textures: &mut Textures) {
        let painter = ui.painter_at(pane.clip);
        let ui_from_image = pane.ui_from_image;
        if let Some(photo) = photo {
            canvas::paint_texture(&painter, photo, ui_from_image, Color32::WHITE);
        }
        let Some(live) = &self.live else { return };
        let (measured, map, heat) = match (pane.shows, &self.of_run) {
            (Shows::RunMap, Some((of_run, map))) => (of_run, *map, &mut self.run_heat),
            _ => (live.measured(), live.map_number(), &mut self.heat),
        };
        let explanation = &measured.explanation;
        let is_layered = pane.shows != Shows::Photo;
        let shows_map = is_layered && self.layers.heat;
        let masks_out = shows_map && self.layers.rendering == Rendering::MaskedOut;
        if shows_map {
            heat.update(ui.ctx(), map, explanation, &self.layers.style());
            paint_map(&painter, heat, &self.layers, explanation.view, ui_from_image);
        }
        if is_layered
            && self.layers.boxes
            && canvas::has_masks(&measured.rois)
            && let Slot::Ready(masks) = textures.get((sample, Layer::Masks))
        {
            canvas::paint_texture(&painter, &masks, ui_from_image, Color32::WHITE);
        }
        let opacity = self.layers.style().opacity;
        let shade = if masks_out { Color32::from_black_alpha((opacity * 255.0) as u8) } else { canvas::UNSEEN };
        canvas::paint_view(&painter, explanation.image, explanation.view, ui_from_image, shade);
        match pane.shows {
            Shows::Map if self.layers.boxes || self.drawing.on => {
                self.paint_regions(&painter, sample, live, ui_from_image);
            }
            Shows::RunMap if self.layers.boxes => {
                let marked =
                    Marked { rois: &measured.rois, best: best_region(measured), pointed: None, only_counting: false };
                canvas::paint_regions(&painter, marked, ui_from_image);
            }
            _ => {}
        }
        if shows_map && self.layers.rendering != Rendering::MaskedOut {
            let colormap = self.layers.colormap;
            canvas::paint_scale(&painter, pane.clip, self.layers.style().threshold, |v| colormap.color(v));
        }
    }

    fn paint_regions(&self, painter: &Painter, sample: SampleId, live: &Live, ui_from_image: Affine) {
        let editor = self.drawing.editor(sample).filter(|_| self.drawing.on);
        let chosen = editor.and_then(|editor| editor.chosen());
        let edited = chosen.and_then(|i| live.place(i));
        let pointed = edited.or(self.pointed);
        let (rois, best) = (&live.measured().rois, best_region(live.measured()));
        canvas::paint_regions(painter, Marked { rois, best, pointed, only_counting: false }, ui_from_image);
        let Some(editor) = editor else { return };
        if let Some(chosen) = chosen {
            canvas::paint_handles(painter, &editor.regions()[chosen].outline, editor.corner(), ui_from_image);
        }
        if let Some(ring) = editor.open_ring() {
            canvas::paint_open_ring(painter, &ring, ui_from_image);
        }
    }

    /// The line between two pictures, and what each of them is.
    fn paint_joint(&self, ui: &Ui, rect: Rect, panes: &[Pane]) {
        let [left, right] = panes else { return };
        let x = left.clip.right();
        let painter = ui.painter_at(rect);
        painter.vline(x, rect.y_range(), Stroke::new(3.0, Color32::from_black_alpha(120)));
        painter.vline(x, rect.y_range(), Stroke::new(1.0, Color32::WHITE));
        if self.layers.arrangement == Arrangement::Wipe {
            painter.circle(pos2(x, rect.center().y), GRIP, Color32::WHITE, Stroke::new(1.0, Color32::BLACK));
        }
        let texts = match left.shows {
            Shows::RunMap => ["the run's map".to_owned(), self.other.words()],
            _ => ["photo".to_owned(), "with the map".to_owned()],
        };
        for (pane, text) in [left, right].into_iter().zip(texts) {
            let painter = ui.painter_at(pane.clip);
            let galley = painter.layout_no_wrap(text, theme::plain(size::SMALL), Color32::from_white_alpha(230));
            let at = pane.clip.left_top() + vec2(9.0, 6.0);
            let back = Rect::from_min_size(at, galley.size()).expand2(vec2(5.0, 2.0));
            painter.rect_filled(back, CornerRadius::same(3), Color32::from_black_alpha(150));
            painter.galley(at, galley, Color32::WHITE);
        }
    }

    /// Whether the pointer is in the middle of drawing or dragging something.
    fn is_drawing_now(&self) -> bool {
        self.shown.and_then(|sample| self.drawing.editor(sample)).is_some_and(|editor| editor.is_busy())
    }

    /// Copies a region that was not drawn: the one that the pointer is over, or else the best, or else the first.
    pub(super) fn region_to_copy(&self) -> Option<DrawnRoi> {
        let live = self.live.as_ref()?;
        let rois = &live.measured().rois;
        let is_other = |i: &usize| live.drawn_at(*i).is_none();
        let place = self.pointed.filter(is_other).or(best_region(live.measured()).filter(is_other));
        let roi = &rois.get(place.or_else(|| (0..rois.len()).find(is_other))?)?.roi;
        let outline = match &roi.shape {
            Shape::Polygon { rings, .. } => {
                let polygons = rings.iter().map(|ring| Outline::Polygon(ring.clone()));
                polygons.max_by(|a, b| outline::bounds(a).area().total_cmp(&outline::bounds(b).area()))?
            }
            Shape::Box | Shape::Mask(_) => Outline::Box(roi.bbox),
        };
        Some(DrawnRoi { outline, name: roi.name.clone() })
    }
}

/// Draws a map over its view.
fn paint_map(painter: &Painter, heat: &Heat, layers: &Layers, view: BBox, ui_from_image: Affine) {
    let style = layers.style();
    if style.rendering == Rendering::Contours {
        let colors = |level| style.colormap.color(level);
        canvas::paint_contours(painter, heat.contours(), view, ui_from_image, style.opacity, colors);
    } else if let Some(texture) = heat.texture() {
        let uv = Rect::from_min_max(Pos2::ZERO, pos2(1.0, 1.0));
        painter.image(texture.id(), canvas::ui_rect(ui_from_image, view), uv, layers::alpha(style.opacity));
    }
}

/// Marks in the other picture the place that the pointer is over in this one.
fn paint_twin(ui: &Ui, pane: &Pane, (x, y): (f32, f32)) {
    let painter = ui.painter_at(pane.clip);
    let at: Pos2 = pane.ui_from_image.point(x, y).into();
    for (width, color) in [(3.0, Color32::from_black_alpha(140)), (1.0, Color32::WHITE)] {
        for (from, to) in [(vec2(-7.0, 0.0), vec2(7.0, 0.0)), (vec2(0.0, -7.0), vec2(0.0, 7.0))] {
            painter.line_segment([at + from, at + to], Stroke::new(width, color));
        }
    }
}
