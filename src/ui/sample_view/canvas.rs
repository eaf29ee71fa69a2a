//! Pictures in image pixels on a canvas in points.
//!
//! Comes in: textures, regions and the way from image to ui. Goes out: painted shapes. May not live here: panels, state of
//! the zoom.

use std::sync::Arc;

use eframe::egui::{
    Align2, Color32, CornerRadius, Galley, Painter, Pos2, Rect, Shape, Stroke, StrokeKind, Vec2, pos2, vec2,
};

use crate::analysis::MeasuredRoi;
use crate::geometry::{Affine, BBox, Size};
use crate::ui::format;
use crate::ui::textures::Texture;
use crate::ui::theme::{self, size};

/// The transform that shows the whole image in the middle of `rect`.
pub(crate) fn fitting(image: Size, rect: Rect) -> Affine {
    let scale = (rect.width() / image.width as f32).min(rect.height() / image.height as f32);
    centred(image, rect, scale)
}

/// The transform that fills `rect` with the middle of the image.
pub(crate) fn covering(image: Size, rect: Rect) -> Affine {
    let scale = (rect.width() / image.width as f32).max(rect.height() / image.height as f32);
    centred(image, rect, scale)
}

fn centred(image: Size, rect: Rect, scale: f32) -> Affine {
    let c = rect.center();
    let offset = [c.x - image.width as f32 * scale / 2.0, c.y - image.height as f32 * scale / 2.0];
    Affine { scale: [scale, scale], offset }
}

/// A box of the image in points.
pub(crate) fn ui_rect(ui_from_image: Affine, bbox: BBox) -> Rect {
    let b = ui_from_image.bbox(bbox);
    Rect::from_min_max(pos2(b.x0, b.y0), pos2(b.x1, b.y1))
}

/// Paints a texture over the part of the image that it covers.
pub(crate) fn paint_texture(painter: &Painter, texture: &Texture, ui_from_image: Affine, tint: Color32) {
    let uv = Rect::from_min_max(Pos2::ZERO, pos2(1.0, 1.0));
    painter.image(texture.handle.id(), ui_rect(ui_from_image, texture.covers), uv, tint);
}

/// Paints the rectangle that the classifier saw and dims what it did not see.
pub(crate) fn paint_view(painter: &Painter, image: Size, view: BBox, ui_from_image: Affine) {
    let (outer, inner) = (ui_rect(ui_from_image, image.bounds()), ui_rect(ui_from_image, view));
    let shade = Color32::from_black_alpha(96);
    let strips = [
        Rect::from_min_max(outer.min, pos2(inner.left(), outer.bottom())),
        Rect::from_min_max(pos2(inner.right(), outer.top()), outer.max),
        Rect::from_min_max(pos2(inner.left(), outer.top()), pos2(inner.right(), inner.top())),
        Rect::from_min_max(pos2(inner.left(), inner.bottom()), pos2(inner.right(), outer.bottom())),
    ];
    for strip in strips.into_iter().filter(|s| s.width() > 0.5 && s.height() > 0.5) {
        painter.rect_filled(strip, CornerRadius::ZERO, shade);
    }
    let corners = [inner.left_top(), inner.right_top(), inner.right_bottom(), inner.left_bottom(), inner.left_top()];
    painter.extend(Shape::dashed_line(&corners, Stroke::new(1.0, Color32::from_white_alpha(190)), 5.0, 4.0));
}

/// Paints the regions as field tools do: largest first, an outline in one colour each, name and score on a filled tag at
/// the top left corner. The best region's outline is thicker, and its tag ends with the fit.
pub(crate) fn paint_boxes(
    painter: &Painter,
    rois: &[MeasuredRoi],
    best: Option<usize>,
    emphasised: Option<usize>,
    ui_from_image: Affine,
) {
    let mut order: Vec<usize> = (0..rois.len()).collect();
    order.sort_by(|a, b| rois[*b].roi.bbox.area().total_cmp(&rois[*a].roi.bbox.area()));
    // The best region's tag is never hidden.
    order.sort_by_key(|&i| Some(i) == best);
    for &i in &order {
        let rect = ui_rect(ui_from_image, rois[i].roi.bbox);
        let strong = Some(i) == best || Some(i) == emphasised;
        let width = if strong { 2.5 } else { 1.25 };
        painter.rect_stroke(
            rect,
            CornerRadius::ZERO,
            Stroke::new(width + 1.5, Color32::from_black_alpha(90)),
            StrokeKind::Middle,
        );
        painter.rect_stroke(rect, CornerRadius::ZERO, Stroke::new(width, theme::box_color(i)), StrokeKind::Middle);
    }
    // The best region's tag is placed first, and the others where they cover none.
    let mut taken = Vec::new();
    let mut tags: Vec<_> = order
        .iter()
        .rev()
        .filter_map(|&i| {
            let tag = Tag::new(painter, &rois[i], i, Some(i) == best, ui_from_image, &taken)?;
            taken.push(tag.rect);
            Some(tag)
        })
        .collect();
    tags.reverse();
    for tag in tags {
        painter.rect_filled(tag.rect, CornerRadius::same(2), tag.fill);
        painter.galley_with_override_text_color(tag.rect.min + vec2(4.0, 1.5), tag.galley, theme::on_tag(tag.fill));
    }
}

/// A region's name and score, placed on the canvas.
struct Tag {
    rect: Rect,
    fill: Color32,
    galley: Arc<Galley>,
}

impl Tag {
    /// `None` where the region is out of sight or every place would cover one of `taken`.
    fn new(
        painter: &Painter,
        roi: &MeasuredRoi,
        index: usize,
        best: bool,
        ui_from_image: Affine,
        taken: &[Rect],
    ) -> Option<Self> {
        let (bounds, clip) = (ui_rect(ui_from_image, roi.roi.bbox), painter.clip_rect());
        if !bounds.intersects(clip) {
            return None;
        }
        let fill = theme::box_color(index);
        let mut text = format!("{} {}", format::name(&roi.roi.name), format::percent(Some(roi.roi.score.into())));
        if best && let Some(fit) = roi.share.and_then(|share| share.fit) {
            text.push_str(&format!("  fit {}", format::percent(Some(fit))));
        }
        let font = if best { theme::strong(size::SMALL) } else { theme::plain(size::SMALL) };
        let galley = painter.layout_no_wrap(text, font, theme::on_tag(fill));
        let size = galley.size() + vec2(8.0, 3.0);
        // Above the box, inside its top, below it; at its left edge, then at its right one; never outside the canvas.
        let lefts = [bounds.left(), bounds.right() - size.x];
        let tops = [bounds.top() - size.y, bounds.top(), bounds.bottom(), bounds.bottom() - size.y];
        let places = lefts.into_iter().flat_map(|left| tops.map(|top| pos2(left, top)));
        let inside = |at: Pos2| {
            let x = at.x.min(clip.right() - size.x).max(clip.left());
            Rect::from_min_size(pos2(x, at.y), size)
        };
        let free = |rect: &Rect| {
            rect.top() >= clip.top() && rect.bottom() <= clip.bottom() && !taken.iter().any(|t| t.intersects(*rect))
        };
        let rect = places.map(inside).find(free)?;
        Some(Self { rect, fill, galley })
    }
}

/// A colour bar with its ends named.
pub(crate) fn paint_scale(painter: &Painter, canvas: Rect, colors: impl Fn(f32) -> [u8; 3]) {
    let bar = Rect::from_min_size(canvas.right_bottom() - vec2(132.0, 26.0), vec2(88.0, 8.0));
    let back = bar.expand2(vec2(34.0, 8.0));
    painter.rect_filled(back, CornerRadius::same(4), Color32::from_black_alpha(150));
    let steps = 44;
    let step = bar.width() / steps as f32;
    for i in 0..steps {
        let [r, g, b] = colors((i as f32 + 0.5) / steps as f32);
        let min = bar.min + vec2(i as f32 * step, 0.0);
        painter.rect_filled(
            Rect::from_min_size(min, vec2(step, bar.height())),
            CornerRadius::ZERO,
            Color32::from_rgb(r, g, b),
        );
    }
    let font = theme::plain(size::SMALL);
    let ink = Color32::from_white_alpha(230);
    painter.text(bar.left_center() - vec2(6.0, 0.0), Align2::RIGHT_CENTER, "low", font.clone(), ink);
    painter.text(bar.right_center() + vec2(6.0, 0.0), Align2::LEFT_CENTER, "high", font, ink);
}

/// Zoom and pan of a picture.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Zoom {
    /// Factor on what fits the window, and the shift of the image's middle in points; `None` shows the whole image.
    free: Option<(f32, Vec2)>,
}

/// Largest factor of zooming, on what fits the window.
const MAX_ZOOM: f32 = 40.0;

impl Zoom {
    /// Shows the whole image again.
    pub(crate) fn reset(&mut self) {
        self.free = None;
    }

    /// Factor on what fits the window.
    pub(crate) fn factor(self) -> f32 {
        self.free.map_or(1.0, |(factor, _)| factor)
    }

    /// The way from image to ui.
    pub(crate) fn ui_from_image(self, image: Size, canvas: Rect) -> Affine {
        let fit = fitting(image, canvas);
        let Some((factor, shift)) = self.free else { return fit };
        let mut zoomed = centred(image, canvas, fit.scale[0] * factor);
        zoomed.offset[0] += shift.x;
        zoomed.offset[1] += shift.y;
        zoomed
    }

    /// Moves the image.
    pub(crate) fn pan(&mut self, by: Vec2, image: Size, canvas: Rect) {
        let (factor, shift) = self.free.unwrap_or((1.0, Vec2::ZERO));
        self.free = Some((factor, shift + by));
        self.keep_in_sight(image, canvas);
    }

    /// Enlarges by `by`; what is at `at` stays there.
    pub(crate) fn zoom_at(&mut self, at: Pos2, by: f32, image: Size, canvas: Rect) {
        let (factor, shift) = self.free.unwrap_or((1.0, Vec2::ZERO));
        let to = (factor * by).clamp(1.0, MAX_ZOOM);
        let from_middle = at - canvas.center();
        let shift = from_middle + (shift - from_middle) * (to / factor);
        self.free = (to > 1.0).then_some((to, shift));
        self.keep_in_sight(image, canvas);
    }

    /// Leaves no gap between the image and the canvas, beyond that of the whole image.
    fn keep_in_sight(&mut self, image: Size, canvas: Rect) {
        if let Some((factor, shift)) = &mut self.free {
            let scale = fitting(image, canvas).scale[0] * *factor;
            let slack = |side: u32, room: f32| ((side as f32 * scale - room) / 2.0).max(0.0);
            let most = vec2(slack(image.width, canvas.width()), slack(image.height, canvas.height()));
            *shift = shift.clamp(-most, most);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IMAGE: Size = Size::new(400, 200);

    fn canvas() -> Rect {
        Rect::from_min_size(pos2(10.0, 20.0), vec2(200.0, 200.0))
    }

    #[test]
    fn the_whole_image_fits_and_is_centred() {
        let rect = ui_rect(Zoom::default().ui_from_image(IMAGE, canvas()), IMAGE.bounds());
        assert_eq!(rect, Rect::from_min_size(pos2(10.0, 70.0), vec2(200.0, 100.0)));
    }

    #[test]
    fn zooming_keeps_the_point_under_the_pointer() {
        let mut zoom = Zoom::default();
        let at = pos2(60.0, 110.0);
        let before = zoom.ui_from_image(IMAGE, canvas()).inverse().point(at.x, at.y);
        zoom.zoom_at(at, 4.0, IMAGE, canvas());
        let after = zoom.ui_from_image(IMAGE, canvas()).inverse().point(at.x, at.y);
        assert!((before.0 - after.0).abs() < 1e-3 && (before.1 - after.1).abs() < 1e-3, "{before:?} {after:?}");
        assert_eq!(zoom.factor(), 4.0);
    }

    #[test]
    fn zooming_out_ends_with_the_whole_image() {
        let mut zoom = Zoom::default();
        zoom.zoom_at(pos2(60.0, 110.0), 4.0, IMAGE, canvas());
        zoom.zoom_at(pos2(150.0, 90.0), 0.1, IMAGE, canvas());
        assert_eq!(zoom, Zoom::default());
    }

    #[test]
    fn panning_ends_at_the_edges() {
        let mut zoom = Zoom::default();
        zoom.pan(vec2(500.0, 500.0), IMAGE, canvas());
        assert_eq!(ui_rect(zoom.ui_from_image(IMAGE, canvas()), IMAGE.bounds()).left(), canvas().left());
        zoom.zoom_at(canvas().center(), 4.0, IMAGE, canvas());
        zoom.pan(vec2(5000.0, 0.0), IMAGE, canvas());
        assert_eq!(ui_rect(zoom.ui_from_image(IMAGE, canvas()), IMAGE.bounds()).left(), canvas().left());
    }
}
