//! Where an image lies on the screen.
//!
//! Comes in: sizes, wheel and drags. Goes out: the way from image to ui. May not live here: painting.

use eframe::egui::{Pos2, Rect, Vec2, vec2};

use crate::geometry::{Affine, Size};

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

/// Zoom and pan of a picture.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Zoom {
    /// Factor on what fits the window, and the shift of the image's middle in points; `None` shows the whole image.
    free: Option<(f32, Vec2)>,
}

/// Largest factor of zooming, on what fits the window.
const MAX_ZOOM: f32 = 40.0;

/// The factor at which each pixel of the image is one of the screen.
fn one_to_one(image: Size, canvas: Rect, pixels_per_point: f32) -> f32 {
    1.0 / (pixels_per_point * fitting(image, canvas).scale[0])
}

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

    /// Shows each pixel of the image as one of the screen, which has `pixels_per_point`; shows the whole image if it was so.
    pub(crate) fn one_to_one(&mut self, image: Size, canvas: Rect, pixels_per_point: f32) {
        let factor = one_to_one(image, canvas, pixels_per_point);
        let is_so = (self.factor() - factor).abs() < 1e-3;
        self.free = (!is_so).then_some((factor, Vec2::ZERO));
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
        // One to one may be smaller than what fits; beyond both there is nothing to see.
        let to = (factor * by).clamp(factor.min(1.0), MAX_ZOOM);
        let from_middle = at - canvas.center();
        let shift = from_middle + (shift - from_middle) * (to / factor);
        self.free = (to != 1.0).then_some((to, shift));
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
    use eframe::egui::pos2;

    use super::super::canvas::ui_rect;
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

    #[test]
    fn one_to_one_shows_a_pixel_as_a_pixel_also_where_that_is_smaller_than_what_fits() {
        let mut zoom = Zoom::default();
        for (image, pixels_per_point) in [(IMAGE, 1.0), (IMAGE, 2.0), (Size::new(20, 10), 1.0)] {
            zoom.one_to_one(image, canvas(), pixels_per_point);
            let scale = zoom.ui_from_image(image, canvas()).scale[0] * pixels_per_point;
            assert!((scale - 1.0).abs() < 1e-5, "{scale}");
            zoom.one_to_one(image, canvas(), pixels_per_point);
            assert_eq!(zoom, Zoom::default(), "and back");
        }
    }
}
