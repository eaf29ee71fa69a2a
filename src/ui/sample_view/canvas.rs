//! Pictures in image pixels on a canvas in points.
//!
//! Comes in: textures, regions and the way from image to ui. Goes out: painted shapes. May not live here: panels, state.

use std::sync::Arc;

use eframe::egui::{
    self, Align2, Color32, CornerRadius, Galley, Painter, Pos2, Rect, Stroke, StrokeKind, Vec2, pos2, vec2,
};

use crate::analysis::MeasuredRoi;
use crate::geometry::{Affine, BBox, Size};
use crate::overlay::Contour;
use crate::roi::{Outline, Roi, RoiSource, Shape};
use crate::ui::drawing::outline::{self, Handle, Point};
use crate::ui::format;
use crate::ui::textures::Texture;
use crate::ui::theme::{self, size};

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

/// What the classifier did not see is dimmed by, of 255.
pub(crate) const UNSEEN: Color32 = Color32::from_black_alpha(96);

/// Paints the rectangle that the classifier saw and lays `shade` over what it did not see.
pub(crate) fn paint_view(painter: &Painter, image: Size, view: BBox, ui_from_image: Affine, shade: Color32) {
    let (outer, inner) = (ui_rect(ui_from_image, image.bounds()), ui_rect(ui_from_image, view));
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
    painter.extend(egui::Shape::dashed_line(&corners, Stroke::new(1.0, Color32::from_white_alpha(190)), 5.0, 4.0));
}

/// Whether some regions have a picture of their masks.
pub(crate) fn has_masks(rois: &[MeasuredRoi]) -> bool {
    rois.iter().any(|region| matches!(region.roi.shape, Shape::Mask(_)))
}

/// Regions as they are painted.
#[derive(Clone, Copy)]
pub(crate) struct Marked<'a> {
    /// All of them.
    pub(crate) rois: &'a [MeasuredRoi],
    /// The best one: its outline is thicker, and its tag ends with the fit.
    pub(crate) best: Option<usize>,
    /// One that the pointer is over or that is being edited, marked in the same way.
    pub(crate) pointed: Option<usize>,
    /// Whether those that do not count are left out; else they are faint.
    pub(crate) only_counting: bool,
}

/// Opacity of what does not count.
const FAINT: f32 = 0.45;

impl Marked<'_> {
    fn is_strong(&self, i: usize) -> bool {
        Some(i) == self.best || Some(i) == self.pointed
    }

    fn color(&self, i: usize) -> Color32 {
        let is_faint = !self.rois[i].standing.counts && !self.is_strong(i);
        theme::box_color(i).gamma_multiply(if is_faint { FAINT } else { 1.0 })
    }
}

/// How much a pointed region is lightened, of 255.
const POINTED_ALPHA: u8 = 26;

/// Paints the regions as field tools do: largest first, an outline in one colour each, name and score on a filled tag at
/// the top left corner.
pub(crate) fn paint_regions(painter: &Painter, marked: Marked<'_>, ui_from_image: Affine) {
    let rois = marked.rois;
    let is_shown = |i: &usize| !marked.only_counting || rois[*i].standing.counts;
    let mut order: Vec<usize> = (0..rois.len()).filter(is_shown).collect();
    order.sort_by(|a, b| rois[*b].roi.bbox.area().total_cmp(&rois[*a].roi.bbox.area()));
    // The tags of the best and the pointed region are never hidden.
    order.sort_by_key(|&i| (Some(i) == marked.best, Some(i) == marked.pointed));
    if let Some(region) = marked.pointed.and_then(|i| rois.get(i)) {
        let rect = ui_rect(ui_from_image, region.roi.bbox);
        painter.rect_filled(rect, CornerRadius::ZERO, Color32::from_white_alpha(POINTED_ALPHA));
    }
    for &i in &order {
        let width = if marked.is_strong(i) { 2.5 } else { 1.25 };
        paint_outline(painter, &rois[i].roi, ui_from_image, width, marked.color(i));
    }
    let mut taken = Vec::new();
    let mut tags: Vec<_> = order
        .iter()
        .rev()
        .filter_map(|&i| {
            let tag = Tag::new(painter, &rois[i], marked.color(i), marked.is_strong(i), ui_from_image, &taken)?;
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

/// A polygon along its corners, anything else along its box, on a dark line that sets it off.
fn paint_outline(painter: &Painter, roi: &Roi, ui_from_image: Affine, width: f32, color: Color32) {
    for (width, color) in [(width + 1.5, Color32::from_black_alpha(90)), (width, color)] {
        let stroke = Stroke::new(width, color);
        match &roi.shape {
            Shape::Polygon { rings, .. } => {
                for ring in rings.iter() {
                    painter.add(egui::Shape::closed_line(points(ring, ui_from_image), stroke));
                }
            }
            Shape::Box | Shape::Mask(_) => {
                let rect = ui_rect(ui_from_image, roi.bbox);
                painter.rect_stroke(rect, CornerRadius::ZERO, stroke, StrokeKind::Middle);
            }
        }
    }
}

fn points(ring: &[Point], ui_from_image: Affine) -> Vec<Pos2> {
    ring.iter().map(|[x, y]| ui_from_image.point(*x, *y).into()).collect()
}

/// Side of a handle, in points.
const HANDLE: f32 = 8.0;

/// Paints the handles of a region that is being edited: squares at the corners, dots at the sides, `corner` filled.
pub(crate) fn paint_handles(painter: &Painter, outline: &Outline, corner: Option<usize>, ui_from_image: Affine) {
    let (white, black) = (Color32::WHITE, Color32::from_black_alpha(200));
    for (handle, [x, y]) in outline::handles(outline) {
        let at: Pos2 = ui_from_image.point(x, y).into();
        match handle {
            Handle::Side(_) => {
                painter.circle(at, HANDLE * 0.36, white, Stroke::new(1.0, black));
            }
            Handle::Corner(i) => {
                let fill =
                    if corner == Some(i) { theme::of(&painter.ctx().global_style().visuals).accent } else { white };
                let side = if corner == Some(i) { HANDLE + 3.0 } else { HANDLE };
                let rect = Rect::from_center_size(at, Vec2::splat(side));
                painter.rect(rect, CornerRadius::same(1), fill, Stroke::new(1.0, black), StrokeKind::Outside);
            }
        }
    }
}

/// Paints a polygon that is not closed yet; its last corner is the pointer.
pub(crate) fn paint_open_ring(painter: &Painter, ring: &[Point], ui_from_image: Affine) {
    let points = points(ring, ui_from_image);
    painter.add(egui::Shape::line(points.clone(), Stroke::new(3.0, Color32::from_black_alpha(140))));
    painter.add(egui::Shape::line(points.clone(), Stroke::new(1.5, Color32::WHITE)));
    for at in &points {
        painter.circle(*at, 3.5, Color32::WHITE, Stroke::new(1.0, Color32::BLACK));
    }
}

/// What a region is called: its name, and the score of a detection.
pub(crate) fn region_title(roi: &Roi) -> String {
    let name = format::name(&roi.name);
    match roi.source {
        RoiSource::Detector => format!("{name} {}", format::percent(Some(f64::from(roi.score)))),
        RoiSource::Annotation | RoiSource::Hand if !name.is_empty() => name,
        RoiSource::Annotation => "annotated".to_owned(),
        RoiSource::Hand => "drawn by hand".to_owned(),
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
        fill: Color32,
        is_strong: bool,
        ui_from_image: Affine,
        taken: &[Rect],
    ) -> Option<Self> {
        let (bounds, clip) = (ui_rect(ui_from_image, roi.roi.bbox), painter.clip_rect());
        if !bounds.intersects(clip) {
            return None;
        }
        let mut text = region_title(&roi.roi);
        if is_strong && let Some(fit) = roi.share.and_then(|share| share.fit) {
            text.push_str(&format!("  fit {}", format::percent(Some(fit))));
        }
        let font = if is_strong { theme::strong(size::SMALL) } else { theme::plain(size::SMALL) };
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

/// Paints lines of equal values over the view, each level in its colour on a dark line.
pub(crate) fn paint_contours(
    painter: &Painter,
    contours: &[Contour],
    view: BBox,
    ui_from_image: Affine,
    opacity: f32,
    colors: impl Fn(f32) -> [u8; 3],
) {
    let ui_from_view = Affine::between(BBox::new(0.0, 0.0, 1.0, 1.0), view).then(ui_from_image);
    for contour in contours {
        let [r, g, b] = colors(contour.level);
        let dark = Color32::from_black_alpha(150).gamma_multiply(opacity);
        for (width, color) in [(3.6, dark), (1.8, Color32::from_rgb(r, g, b).gamma_multiply(opacity))] {
            for line in &contour.lines {
                let ends = line.map(|[x, y]| ui_from_view.point(x, y).into());
                painter.line_segment(ends, Stroke::new(width, color));
            }
        }
    }
}

/// A colour bar with its values as shares of the map's largest one; what is below `threshold` is not shown.
pub(crate) fn paint_scale(painter: &Painter, canvas: Rect, threshold: f32, colors: impl Fn(f32) -> [u8; 3]) {
    let bar = Rect::from_min_size(canvas.right_bottom() - vec2(146.0, 34.0), vec2(124.0, 8.0));
    let back = Rect::from_min_max(bar.min - vec2(14.0, 8.0), bar.max + vec2(14.0, 20.0));
    painter.rect_filled(back, CornerRadius::same(4), Color32::from_black_alpha(150));
    let steps = 62;
    let step = bar.width() / steps as f32;
    for i in 0..steps {
        let value = (i as f32 + 0.5) / steps as f32;
        let [r, g, b] = colors(value);
        let color = if value < threshold { Color32::from_white_alpha(40) } else { Color32::from_rgb(r, g, b) };
        let min = bar.min + vec2(i as f32 * step, 0.0);
        painter.rect_filled(Rect::from_min_size(min, vec2(step, bar.height())), CornerRadius::ZERO, color);
    }
    let ink = Color32::from_white_alpha(230);
    for (i, text) in ["0", "0.25", "0.5", "0.75", "1"].into_iter().enumerate() {
        let x = bar.left() + bar.width() * i as f32 / 4.0;
        painter.vline(x, bar.bottom()..=bar.bottom() + 3.0, Stroke::new(1.0, ink));
        painter.text(pos2(x, bar.bottom() + 4.0), Align2::CENTER_TOP, text, theme::plain(size::SMALL - 1.5), ink);
    }
}
