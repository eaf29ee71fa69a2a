//! What lies under the pointer: place, value of the map, colour of the photo.

use crate::analysis::Explanation;
use crate::overlay::surface_at;
use crate::ui::textures::Texture;

/// What is known of one place of an image.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Probe {
    /// Column and row of the pixel.
    pub(super) pixel: (u32, u32),
    /// Value of the map there, as a share of its largest one; `None` outside the view.
    pub(super) value: Option<f32>,
    /// Colour of the photo, once it is there.
    pub(super) rgb: Option<[u8; 3]>,
}

impl Probe {
    /// Looks at a place in image pixels; `None` outside the image.
    pub(super) fn at(
        (x, y): (f32, f32),
        explanation: &Explanation,
        is_smooth: bool,
        photo: Option<&Texture>,
    ) -> Option<Self> {
        let image = explanation.image;
        let is_inside = x >= 0.0 && y >= 0.0 && x < image.width as f32 && y < image.height as f32;
        let view = explanation.view;
        let in_view = (view.x0..view.x1).contains(&x) && (view.y0..view.y1).contains(&y);
        let place = [(x - view.x0) / view.width(), (y - view.y0) / view.height()];
        is_inside.then(|| Self {
            pixel: (x as u32, y as u32),
            value: in_view.then(|| surface_at(&explanation.map, place, is_smooth)),
            rgb: photo.and_then(|photo| color(photo, x, y)),
        })
    }

    /// In a line.
    pub(super) fn text(&self) -> String {
        let (x, y) = self.pixel;
        let value = self.value.map_or_else(|| "outside the view".to_owned(), |value| format!("map {value:.2}"));
        let rgb = self.rgb.map_or_else(String::new, |[r, g, b]| format!("   RGB {r} {g} {b}"));
        format!("x {x}  y {y}   {value}{rgb}")
    }
}

/// The colour of a photo at a place in image pixels.
fn color(photo: &Texture, x: f32, y: f32) -> Option<[u8; 3]> {
    let pixels = photo.pixels.as_ref()?;
    let [width, height] = pixels.size;
    let column = (x * width as f32 / photo.image.width as f32) as usize;
    let row = (y * height as f32 / photo.image.height as f32) as usize;
    let [r, g, b, _] = pixels.pixels.get(row * width + column)?.to_array();
    Some([r, g, b])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::Prediction;
    use crate::dataset::ClassId;
    use crate::geometry::{BBox, Size};
    use crate::saliency::SaliencyMap;

    #[test]
    fn the_value_is_that_of_the_map_inside_the_view_only() {
        let explanation = Explanation {
            image: Size::new(40, 20),
            view: BBox::new(10.0, 0.0, 30.0, 20.0),
            top: vec![Prediction { class: ClassId(0), probability: 1.0 }],
            target: ClassId(0),
            map: SaliencyMap::from_values(1, 2, vec![0.0, 2.0]),
        };
        let at = |x: f32, y: f32, is_smooth| Probe::at((x, y), &explanation, is_smooth, None);
        assert_eq!(at(20.0, 3.5, true).map(|p| p.text()).as_deref(), Some("x 20  y 3   map 0.50"));
        assert_eq!(at(20.0, 3.5, false).and_then(|p| p.value), Some(1.0));
        assert_eq!(at(5.0, 3.5, true).map(|p| p.text()).as_deref(), Some("x 5  y 3   outside the view"));
        assert_eq!(at(40.0, 3.5, true), None);
        assert_eq!(at(-0.5, 3.5, true), None);
    }
}
