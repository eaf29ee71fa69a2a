//! Drawing frames and tags on a picture, with soft edges.

use std::sync::LazyLock;

use ab_glyph::{Font as _, FontRef, GlyphId, PxScale, ScaleFont as _, point};
use image::{Rgb, RgbImage, RgbaImage};

use crate::geometry::BBox;
use crate::mask::Mask;

static FONT: LazyLock<FontRef<'static>> = LazyLock::new(|| {
    FontRef::try_from_slice(epaint_default_fonts::UBUNTU_LIGHT).expect("the compiled-in font is a valid one")
});

/// Height below which letters cannot be read.
const LEAST_TEXT_PX: f32 = 6.0;

/// Text on a filled rectangle.
pub(super) struct Label {
    pub(super) text: String,
    pub(super) background: [u8; 3],
}

/// A picture that is drawn on; lines and letters grow with its size.
pub(super) struct Canvas {
    image: RgbImage,
    /// Height of the letters, in pixels.
    text_px: f32,
    /// Width of a frame's line, in pixels.
    line_px: f32,
}

impl Canvas {
    pub(super) fn new(image: RgbImage) -> Self {
        // Letters are a fixed share of the picture's typical side, as in Detectron2's drawings, but stay readable.
        let side = (image.width() as f32 * image.height() as f32).sqrt();
        let text_px = (side / 45.0).max((side / 6.0).min(14.0));
        Self::with_text(image, text_px)
    }

    /// With letters of this height, in pixels.
    pub(super) fn with_text(image: RgbImage, text_px: f32) -> Self {
        Self { image, text_px, line_px: (text_px / 7.0).round().max(1.0) }
    }

    pub(super) fn into_image(self) -> RgbImage {
        self.image
    }

    /// Lays a picture of the same size over this one.
    pub(super) fn blend(&mut self, over: &RgbaImage) {
        for (under, over) in self.image.pixels_mut().zip(over.pixels()) {
            let [r, g, b, alpha] = over.0;
            mix(under, [r, g, b], f32::from(alpha) / 255.0);
        }
    }

    /// Mixes the pixels of a mask with `color`, by `opacity`.
    pub(super) fn tint(&mut self, mask: &Mask, color: [u8; 3], opacity: f32) {
        for run in mask.runs() {
            for x in run.start..run.end {
                if let Some(pixel) = self.image.get_pixel_mut_checked(x, run.row) {
                    mix(pixel, color, opacity);
                }
            }
        }
    }

    /// A straight line between two points, `thickness` lines wide, that covers the picture by `opacity`.
    pub(super) fn line(&mut self, a: (f32, f32), b: (f32, f32), color: [u8; 3], thickness: f32, opacity: f32) {
        let half = self.line_px * thickness / 2.0;
        let (dx, dy) = (b.0 - a.0, b.1 - a.1);
        let length_squared = (dx * dx + dy * dy).max(f32::MIN_POSITIVE);
        let range = |a: f32, b: f32, most: u32| {
            let (low, high) = (a.min(b) - half - 1.0, a.max(b) + half + 1.0);
            (low.max(0.0) as u32)..(high.max(0.0).ceil() as u32).min(most)
        };
        let (width, height) = self.image.dimensions();
        for y in range(a.1, b.1, height) {
            for x in range(a.0, b.0, width) {
                let (px, py) = (x as f32 + 0.5 - a.0, y as f32 + 0.5 - a.1);
                let along = ((px * dx + py * dy) / length_squared).clamp(0.0, 1.0);
                let distance = (px - along * dx).hypot(py - along * dy);
                let share = (half + 0.5 - distance).clamp(0.0, 1.0);
                mix(self.image.get_pixel_mut(x, y), color, share * opacity.clamp(0.0, 1.0));
            }
        }
    }

    /// A frame of `thickness` lines inside the edges of `bbox`.
    pub(super) fn frame(&mut self, bbox: BBox, color: [u8; 3], thickness: f32) {
        let line = self.line_px * thickness;
        let hole = BBox::new(bbox.x0 + line, bbox.y0 + line, bbox.x1 - line, bbox.y1 - line);
        // The four sides without the corners twice.
        for side in [
            BBox::new(bbox.x0, bbox.y0, bbox.x1, hole.y0.min(bbox.y1)),
            BBox::new(bbox.x0, hole.y1.max(hole.y0), bbox.x1, bbox.y1),
            BBox::new(bbox.x0, hole.y0, hole.x0.min(bbox.x1), hole.y1),
            BBox::new(hole.x1.max(hole.x0), hole.y0, bbox.x1, hole.y1),
        ] {
            self.fill(side, |_, _| color);
        }
    }

    /// A frame of white and black dashes that is seen on any photo.
    pub(super) fn dashed_frame(&mut self, bbox: BBox) {
        let line = (self.line_px / 2.0).max(1.0);
        let dash = 4.0 * self.line_px.max(1.0);
        let color =
            move |x: u32, y: u32| if (((x + y) as f32 / dash) as u32).is_multiple_of(2) { [255; 3] } else { [0; 3] };
        let (inner_top, inner_bottom) = (bbox.y0 + line, bbox.y1 - line);
        self.fill(BBox::new(bbox.x0, bbox.y0, bbox.x1, inner_top), color);
        self.fill(BBox::new(bbox.x0, inner_bottom, bbox.x1, bbox.y1), color);
        self.fill(BBox::new(bbox.x0, inner_top, bbox.x0 + line, inner_bottom), color);
        self.fill(BBox::new(bbox.x1 - line, inner_top, bbox.x1, inner_bottom), color);
    }

    /// Fills a rectangle; pixels that it covers in part are mixed.
    fn fill(&mut self, area: BBox, color: impl Fn(u32, u32) -> [u8; 3]) {
        let (width, height) = self.image.dimensions();
        let covered = |pixel: u32, start: f32, end: f32| {
            let pixel = pixel as f32;
            (end.min(pixel + 1.0) - start.max(pixel)).clamp(0.0, 1.0)
        };
        let range = |start: f32, end: f32, most: u32| (start.max(0.0) as u32)..(end.max(0.0).ceil() as u32).min(most);
        for y in range(area.y0, area.y1, height) {
            for x in range(area.x0, area.x1, width) {
                let share = covered(x, area.x0, area.x1) * covered(y, area.y0, area.y1);
                mix(self.image.get_pixel_mut(x, y), color(x, y), share);
            }
        }
    }

    /// Writes a tag at the top left corner of `bbox`, inside the picture and off the areas that are `taken`, as far as there
    /// is room; returns the area it takes, or `None` where no letter can be read or fits.
    pub(super) fn label(&mut self, label: &Label, bbox: BBox, taken: &[BBox]) -> Option<BBox> {
        let (width, height) = (self.image.width() as f32, self.image.height() as f32);
        let padding = (self.text_px / 5.0).round();
        let tag_height = (self.text_px + padding).round();
        if self.text_px < LEAST_TEXT_PX || tag_height > height {
            return None;
        }
        let text = self.shortened(&label.text, width - 2.0 * padding)?;
        let tag_width = self.text_width(&text) + 2.0 * padding;
        let x0 = bbox.x0.min(width - tag_width).max(0.0).floor();
        // Above the box, under its upper edge, above and under its lower edge, then anywhere downwards.
        let mut tops = vec![bbox.y0 - tag_height, bbox.y0, bbox.y1 - tag_height, bbox.y1];
        tops.extend((0..(height / tag_height) as usize).map(|i| bbox.y0.max(0.0) + i as f32 * tag_height));
        let places = tops.into_iter().map(|top| BBox::new(x0, top.round(), x0 + tag_width, top.round() + tag_height));
        let places: Vec<_> = places.filter(|p| p.y0 >= 0.0 && p.y1 <= height).collect();
        let free = places.iter().find(|place| taken.iter().all(|other| place.intersection(*other).is_none()));
        let top = bbox.y0.clamp(0.0, height - tag_height);
        let fallback = BBox::new(x0, top, x0 + tag_width, top + tag_height);
        let place = *free.or(places.first()).unwrap_or(&fallback);
        self.fill(place, |_, _| label.background);
        self.write(&text, place.x0 + padding, place.y0 + padding / 2.0, readable_on(label.background));
        Some(place)
    }

    /// Writes one line whose upper left corner is at `(x, y)`, cut to `width` pixels.
    pub(super) fn text_line(&mut self, text: &str, x: u32, y: u32, width: u32, color: [u8; 3]) {
        if let Some(text) = self.shortened(text, width as f32) {
            self.write(&text, x as f32, y as f32, color);
        }
    }

    /// As much of `text` as fits into `width` pixels, with an ellipsis where something is missing.
    fn shortened(&self, text: &str, width: f32) -> Option<String> {
        if self.text_width(text) <= width {
            return Some(text.to_owned());
        }
        let ends = text.char_indices().map(|(at, c)| at + c.len_utf8()).rev();
        ends.map(|end| format!("{}…", text[..end].trim_end())).find(|short| self.text_width(short) <= width)
    }

    /// The letters of a text with their distance from its start, and its width; all in pixels.
    fn layout(&self, text: &str) -> (Vec<(GlyphId, f32)>, f32) {
        let font = FONT.as_scaled(PxScale::from(self.text_px));
        let mut x = 0.0;
        let mut previous = None;
        let mut glyphs = Vec::new();
        for glyph in text.chars().map(|c| font.glyph_id(c)) {
            x += previous.map_or(0.0, |previous| font.kern(previous, glyph));
            glyphs.push((glyph, x));
            x += font.h_advance(glyph);
            previous = Some(glyph);
        }
        (glyphs, x)
    }

    fn text_width(&self, text: &str) -> f32 {
        self.layout(text).1.ceil()
    }

    /// Writes a line of text whose upper left corner is at `(x, y)`.
    fn write(&mut self, text: &str, x: f32, y: f32, color: [u8; 3]) {
        let scale = PxScale::from(self.text_px);
        let baseline = y + FONT.as_scaled(scale).ascent();
        for (glyph, at) in self.layout(text).0 {
            let positioned = glyph.with_scale_and_position(scale, point(x + at, baseline));
            let Some(outline) = FONT.outline_glyph(positioned) else { continue };
            let corner = outline.px_bounds().min;
            outline.draw(|dx, dy, share| {
                let (x, y) = (corner.x + dx as f32, corner.y + dy as f32);
                if x >= 0.0
                    && y >= 0.0
                    && let Some(pixel) = self.image.get_pixel_mut_checked(x as u32, y as u32)
                {
                    mix(pixel, color, share.min(1.0));
                }
            });
        }
    }
}

/// Moves a pixel towards `color` by `share`, `0.0..=1.0`.
fn mix(pixel: &mut Rgb<u8>, color: [u8; 3], share: f32) {
    for (under, over) in pixel.0.iter_mut().zip(color) {
        let under_value = f32::from(*under);
        *under = (under_value + (f32::from(over) - under_value) * share).round() as u8;
    }
}

/// Black or white, whichever is easier to read on `background`.
fn readable_on([r, g, b]: [u8; 3]) -> [u8; 3] {
    let brightness = 0.299 * f32::from(r) + 0.587 * f32::from(g) + 0.114 * f32::from(b);
    if brightness > 140.0 { [0; 3] } else { [255; 3] }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canvas(width: u32, height: u32) -> Canvas {
        Canvas::new(RgbImage::from_pixel(width, height, Rgb([100; 3])))
    }

    fn label(text: &str) -> Label {
        Label { text: text.into(), background: [255, 255, 0] }
    }

    #[test]
    fn a_tag_stays_in_the_picture_wherever_its_box_is() {
        for corner in [(-50.0, -50.0), (0.0, 0.0), (290.0, 190.0), (290.0, 5.0), (400.0, 400.0)] {
            let bbox = BBox::new(corner.0, corner.1, corner.0 + 30.0, corner.1 + 30.0);
            let place = canvas(300, 200).label(&label("great white shark 59 % · fit 86 %"), bbox, &[]);
            let place = place.expect("there is room for the tag");
            assert!(place.x0 >= 0.0 && place.y0 >= 0.0 && place.x1 <= 300.0 && place.y1 <= 200.0, "{place:?}");
        }
    }

    #[test]
    fn tags_of_the_same_box_do_not_cover_each_other() {
        let mut canvas = canvas(300, 200);
        let bbox = BBox::new(20.0, 20.0, 200.0, 180.0);
        let mut taken: Vec<BBox> = Vec::new();
        for _ in 0..4 {
            let place = canvas.label(&label("bird 59 %"), bbox, &taken).expect("there is room for the tag");
            assert!(taken.iter().all(|other| place.intersection(*other).is_none()));
            taken.push(place);
        }
    }

    #[test]
    fn text_too_wide_for_the_picture_is_shortened() {
        let canvas = canvas(100, 100);
        let short = canvas.shortened("black and gold garden spider", 90.0).expect("some letters fit");
        assert!(short.ends_with('…') && short.starts_with("black"), "{short}");
        assert!(canvas.text_width(&short) <= 90.0);
        assert_eq!(canvas.shortened("anything", 1.0), None);
    }

    #[test]
    fn every_letter_of_a_caption_has_a_picture() {
        for c in "abc 59 % · fit …äß".chars() {
            assert_ne!(FONT.glyph_id(c), GlyphId(0), "{c}");
        }
    }

    #[test]
    fn a_pixel_covered_by_half_is_mixed_by_half() {
        let mut canvas = canvas(4, 1);
        canvas.fill(BBox::new(0.5, 0.0, 2.0, 1.0), |_, _| [200; 3]);
        let row: Vec<_> = canvas.image.pixels().map(|p| p.0[0]).collect();
        assert_eq!(row, [150, 200, 100, 100]);
    }
}
