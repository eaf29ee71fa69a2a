//! Pictures of a result: the photo with its heat map, the boxes of its regions and the view.
//!
//! Comes in: an image and what was [`Measured`] of it. Goes out: a picture, or the colours of a heat map alone
//! ([`heat_map()`]), which the window draws itself. May not live here: files, and what a window draws with its own means.

mod canvas;
mod contour;
mod heat_map;
mod sheet;
mod shrink;

pub use contour::{Contour, contour_levels, contours};
pub use heat_map::{HeatMapStyle, Rendering, heat_map, surface_at};
pub use sheet::{MAX_SHEET_PIXELS, SheetLayout, Tile, sheet};
pub use shrink::{resized, shrink};

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder as _, RgbImage};

use crate::analysis::{Measured, MeasuredRoi};
use crate::geometry::{Affine, BBox, Size};
use canvas::{Canvas, Label};

/// What a picture shows beside the photo.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Style {
    /// The saliency map over the view; `None` leaves the photo's colours alone.
    pub heat_map: Option<HeatMapStyle>,
    /// Whether the regions that count have their boxes, each with name, score and fit.
    pub boxes: bool,
    /// Whether the part that the classifier saw has a frame, where it is not the whole image.
    pub view: bool,
}

impl Default for Style {
    fn default() -> Self {
        Self { heat_map: Some(HeatMapStyle::default()), boxes: true, view: true }
    }
}

/// The photo with all that `style` asks for, at its own size.
pub fn draw(image: &RgbImage, measured: &Measured, style: &Style) -> RgbImage {
    let explanation = &measured.explanation;
    let size = Size::new(image.width(), image.height());
    let mut canvas = Canvas::new(image.clone());
    if let Some(look) = &style.heat_map {
        canvas.blend(&heat_map(&explanation.map, explanation.view, size, look));
        if look.rendering == Rendering::Contours {
            draw_contours(&mut canvas, measured, look);
        }
    }
    if style.view && explanation.view != size.bounds() {
        canvas.dashed_frame(explanation.view);
    }
    if style.boxes {
        draw_boxes(&mut canvas, measured);
    }
    canvas.into_image()
}

/// The bytes of a PNG file.
///
/// # Errors
/// If the picture is too large for the format or memory.
pub fn encode_png(picture: &RgbImage) -> image::ImageResult<Vec<u8>> {
    let mut bytes = Vec::new();
    let encoder = PngEncoder::new_with_quality(&mut bytes, CompressionType::Fast, FilterType::Adaptive);
    encoder.write_image(picture.as_raw(), picture.width(), picture.height(), ExtendedColorType::Rgb8)?;
    Ok(bytes)
}

/// Each level in its colour, on a dark line that sets it off from any photo.
fn draw_contours(canvas: &mut Canvas, measured: &Measured, look: &HeatMapStyle) {
    let view = measured.explanation.view;
    let image_from_view = Affine::between(BBox::new(0.0, 0.0, 1.0, 1.0), view);
    for contour in contours(&measured.explanation.map, &contour_levels(look.threshold), look.is_smooth) {
        for (color, thickness) in [([0; 3], 2.0), (look.colormap.color(contour.level), 1.0)] {
            for [from, to] in &contour.lines {
                let [from, to] = [from, to].map(|[x, y]| image_from_view.point(*x, *y));
                canvas.line(from, to, color, thickness, look.opacity);
            }
        }
    }
}

/// How much of the photo the colour of a mask covers.
const MASK_OPACITY: f32 = 0.4;

/// The regions that count; largest boxes first, so that small ones stay visible on top; the best region has the thicker frame.
fn draw_boxes(canvas: &mut Canvas, measured: &Measured) {
    let best = measured.fit.roi();
    let mut order: Vec<_> = measured.rois.iter().enumerate().filter(|(_, region)| region.standing.counts).collect();
    order.sort_by(|(_, a), (_, b)| b.roi.bbox.area().total_cmp(&a.roi.bbox.area()));
    for (index, region) in &order {
        if let Some(mask) = region.roi.mask() {
            canvas.tint(mask, box_color(*index), MASK_OPACITY);
        }
        let thickness = if Some(*index) == best { 1.5 } else { 1.0 };
        canvas.frame(region.roi.bbox, box_color(*index), thickness);
    }
    let mut taken: Vec<BBox> = Vec::new();
    for (index, region) in order {
        let label = Label { text: caption(region), background: box_color(index) };
        taken.extend(canvas.label(&label, region.roi.bbox, &taken));
    }
}

/// Name, score and fit of a region, as its tag shows them.
pub fn caption(region: &MeasuredRoi) -> String {
    let roi = &region.roi;
    // COCO's names have underscores.
    let mut caption = format!("{} {:.0} %", roi.name.replace('_', " "), 100.0 * roi.score);
    match region.share {
        None => caption.push_str(" · outside the view"),
        Some(share) => {
            if let Some(fit) = share.fit {
                caption.push_str(&format!(" · fit {:.0} %", 100.0 * fit));
            }
        }
    }
    caption
}

/// The colour of the box at `index` of a list: hues a golden angle apart, so that neighbours never look alike.
pub fn box_color(index: usize) -> [u8; 3] {
    const GOLDEN_ANGLE: f32 = 137.508;
    let hue = (200.0 + index as f32 * GOLDEN_ANGLE) % 360.0;
    // Saturation and brightness of HSV.
    let (saturation, value) = (0.75, 1.0);
    [5.0, 3.0, 1.0].map(|n: f32| {
        let k = (n + hue / 60.0) % 6.0;
        let channel = value - value * saturation * k.min(4.0 - k).clamp(0.0, 1.0);
        (channel * 255.0).round() as u8
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{Explanation, Prediction};
    use crate::dataset::ClassId;
    use crate::roi::{Roi, RoiSource};
    use crate::saliency::SaliencyMap;

    fn measured(size: Size, view: BBox, boxes: &[BBox]) -> Measured {
        let explanation = Explanation {
            image: size,
            view,
            top: vec![Prediction { class: ClassId(0), probability: 0.5 }],
            target: ClassId(0),
            map: SaliencyMap::from_values(2, 2, vec![0.0, 1.0, 0.5, 0.25]),
        };
        let roi = |bbox: &BBox| Roi::of_box(*bbox, 0.5, "bird", RoiSource::Detector);
        Measured::new(explanation, boxes.iter().map(roi).collect())
    }

    fn grey(width: u32, height: u32) -> RgbImage {
        RgbImage::from_pixel(width, height, image::Rgb([100; 3]))
    }

    #[test]
    fn nothing_asked_for_leaves_the_photo_as_it_is() {
        let photo = grey(60, 40);
        let size = Size::new(60, 40);
        let result = measured(size, BBox::new(10.0, 0.0, 50.0, 40.0), &[BBox::new(5.0, 5.0, 30.0, 30.0)]);
        assert_eq!(draw(&photo, &result, &Style { heat_map: None, boxes: false, view: false }), photo);
    }

    #[test]
    fn the_heat_map_stays_inside_the_view() {
        let photo = grey(60, 40);
        let result = measured(Size::new(60, 40), BBox::new(10.0, 0.0, 50.0, 40.0), &[]);
        let picture = draw(&photo, &result, &Style { boxes: false, view: false, ..Style::default() });
        for (x, _, pixel) in picture.enumerate_pixels() {
            let changed = pixel.0 != [100; 3];
            assert_eq!(changed, (10..50).contains(&x), "column {x}");
        }
    }

    #[test]
    fn contours_lie_where_the_map_reaches_their_level() {
        let size = Size::new(120, 80);
        let mut result = measured(size, size.bounds(), &[]);
        result.explanation.map = SaliencyMap::from_values(1, 2, vec![0.0, 1.0]);
        let look = HeatMapStyle { threshold: 0.8, ..HeatMapStyle::of(Rendering::Contours) };
        let style = Style { heat_map: Some(look), boxes: false, view: false };
        let picture = draw(&grey(120, 80), &result, &style);
        // The surface rises from 0 at x = 30 to 1 at x = 90.
        for (x, _, pixel) in picture.enumerate_pixels() {
            let changed = pixel.0 != [100; 3];
            assert!(!changed || x.abs_diff(78) <= 3, "column {x}");
            assert!(changed || x != 78);
        }
    }

    #[test]
    fn a_box_is_drawn_in_its_colour_along_its_edges() {
        let bbox = BBox::new(50.0, 60.0, 250.0, 180.0);
        let result = measured(Size::new(300, 200), Size::new(300, 200).bounds(), &[bbox]);
        let picture = draw(&grey(300, 200), &result, &Style { heat_map: None, ..Style::default() });
        for (x, y) in [(50, 170), (249, 70), (150, 179), (240, 60)] {
            assert_eq!(picture.get_pixel(x, y).0, box_color(0), "({x}, {y})");
        }
        assert_eq!(picture.get_pixel(150, 120).0, [100; 3]);
    }

    #[test]
    fn a_region_that_does_not_count_is_not_drawn() {
        let size = Size::new(300, 200);
        let mut result = measured(size, size.bounds(), &[BBox::new(50.0, 60.0, 250.0, 180.0)]);
        let style = Style { heat_map: None, ..Style::default() };
        assert_ne!(draw(&grey(300, 200), &result, &style), grey(300, 200));
        result.rois[0].standing.counts = false;
        assert_eq!(draw(&grey(300, 200), &result, &style), grey(300, 200));
    }

    #[test]
    fn pictures_too_small_for_their_tags_are_drawn_all_the_same() {
        for (width, height) in [(1, 1), (3, 50), (50, 3), (20, 20)] {
            let size = Size::new(width, height);
            let result = measured(size, size.bounds(), &[size.bounds(), BBox::new(-5.0, -5.0, 1e6, 1e6)]);
            assert_eq!(draw(&grey(width, height), &result, &Style::default()).dimensions(), (width, height));
        }
    }

    #[test]
    fn neighbouring_boxes_have_distant_colours() {
        for i in 0..20 {
            let distance: i32 =
                box_color(i).iter().zip(box_color(i + 1)).map(|(a, b)| (i32::from(*a) - i32::from(b)).abs()).sum();
            assert!(distance > 150, "{i}");
        }
    }

    #[test]
    fn the_caption_says_what_is_known() {
        let view = BBox::new(0.0, 0.0, 10.0, 10.0);
        let result = measured(Size::new(20, 10), view, &[view, BBox::new(12.0, 0.0, 20.0, 10.0)]);
        assert_eq!(caption(&result.rois[0]), "bird 50 % · fit 100 %");
        assert_eq!(caption(&result.rois[1]), "bird 50 % · outside the view");
    }

    #[test]
    fn a_png_decodes_to_the_picture() -> anyhow::Result<()> {
        let picture =
            draw(&grey(64, 48), &measured(Size::new(64, 48), Size::new(64, 48).bounds(), &[]), &Style::default());
        assert_eq!(image::load_from_memory(&encode_png(&picture)?)?.into_rgb8(), picture);
        Ok(())
    }
}
