//! Saliency maps as colours over a picture.

use image::RgbaImage;

use crate::colormap::Colormap;
use crate::geometry::{Affine, BBox, Size};
use crate::saliency::SaliencyMap;

/// How a saliency map looks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HeatMapStyle {
    /// Colours of the values, scaled so that the map's largest is 1.
    pub colormap: Colormap,
    /// How much of the photo the colours cover, `0.0..=1.0`.
    pub opacity: f32,
}

impl Default for HeatMapStyle {
    fn default() -> Self {
        Self { colormap: Colormap::Jet, opacity: 0.5 }
    }
}

/// The colours of `map` on a picture of `size`, in which the map covers `view` (in that picture's pixels): bilinear between
/// the map's cells, constant beyond the outer ones, transparent outside the view. Alpha is not multiplied in.
pub fn heat_map(map: &SaliencyMap, view: BBox, size: Size, style: &HeatMapStyle) -> RgbaImage {
    let mut picture = RgbaImage::new(size.width, size.height);
    let alpha = (style.opacity.clamp(0.0, 1.0) * 255.0).round() as u8;
    let colors = style.colormap.table().map(|[r, g, b]| [r, g, b, alpha]);
    let scale = if map.is_flat() { 0.0 } else { 255.0 / map.max() };
    let grid_from_image = Affine::between(view, Size::new(map.width() as u32, map.height() as u32).bounds());
    let columns = samples(map.width(), size.width, view.x0, view.x1, |x| grid_from_image.point(x, 0.0).0);
    let rows = samples(map.height(), size.height, view.y0, view.y1, |y| grid_from_image.point(0.0, y).1);
    let mut line = vec![0.0; map.width()];
    for row in &rows {
        let (above, below) = (&map.values()[row.first * map.width()..], &map.values()[row.second * map.width()..]);
        for ((out, above), below) in line.iter_mut().zip(above).zip(below) {
            *out = (above + (below - above) * row.weight) * scale;
        }
        let start = 4 * row.pixel as usize * size.width as usize;
        let pixels = picture.as_flat_samples_mut().samples[start..][..4 * size.width as usize].as_chunks_mut().0;
        for column in &columns {
            let (left, right) = (line[column.first], line[column.second]);
            let level = (left + (right - left) * column.weight + 0.5) as usize;
            pixels[column.pixel as usize] = colors[level.min(255)];
        }
    }
    picture
}

/// A pixel of the picture on one axis, and the two cells its centre lies between.
struct Sample {
    pixel: u32,
    first: usize,
    second: usize,
    weight: f32,
}

/// The pixels whose centre lies in `start..end`, for a grid of `cells`.
fn samples(cells: usize, pixels: u32, start: f32, end: f32, grid_from_image: impl Fn(f32) -> f32) -> Vec<Sample> {
    let centre = |pixel: u32| pixel as f32 + 0.5;
    let inside = (0..pixels).filter(|pixel| (start..end).contains(&centre(*pixel)));
    let last = (cells - 1) as f32;
    inside
        .map(|pixel| {
            let at = (grid_from_image(centre(pixel)) - 0.5).clamp(0.0, last);
            let first = at as usize;
            Sample { pixel, first, second: (first + 1).min(cells - 1), weight: at - first as f32 }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opaque() -> HeatMapStyle {
        HeatMapStyle { colormap: Colormap::Viridis, opacity: 1.0 }
    }

    fn color(value: f32) -> [u8; 4] {
        let [r, g, b] = Colormap::Viridis.table()[(value * 255.0).round() as usize];
        [r, g, b, 255]
    }

    #[test]
    fn values_between_cells_are_bilinear_and_constant_beyond_the_outer_ones() {
        let map = SaliencyMap::from_values(1, 2, vec![0.0, 2.0]);
        let size = Size::new(4, 1);
        let picture = heat_map(&map, size.bounds(), size, &opaque());
        // Cells are two pixels wide with their centres at 1 and 3, the pixels' centres at 0.5, 1.5, 2.5, 3.5.
        let expected = [0.0, 0.25, 0.75, 1.0].map(color);
        assert_eq!(picture.pixels().map(|p| p.0).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn outside_the_view_is_transparent() {
        let map = SaliencyMap::from_values(1, 1, vec![1.0]);
        let picture = heat_map(&map, BBox::new(1.0, 0.4, 3.0, 2.0), Size::new(4, 3), &opaque());
        let alpha: Vec<_> = picture.pixels().map(|p| p.0[3]).collect();
        assert_eq!(alpha, [0, 255, 255, 0, 0, 255, 255, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn a_flat_map_has_the_lowest_colour() {
        let map = SaliencyMap::from_values(2, 2, vec![0.0; 4]);
        let size = Size::new(2, 2);
        let picture = heat_map(&map, size.bounds(), size, &opaque());
        assert!(picture.pixels().all(|p| p.0 == color(0.0)));
    }

    #[test]
    fn opacity_is_alpha() {
        let map = SaliencyMap::from_values(1, 1, vec![1.0]);
        let size = Size::new(1, 1);
        for (opacity, alpha) in [(0.0, 0), (0.4, 102), (2.0, 255), (-1.0, 0)] {
            let style = HeatMapStyle { colormap: Colormap::Jet, opacity };
            assert_eq!(heat_map(&map, size.bounds(), size, &style).get_pixel(0, 0).0[3], alpha);
        }
    }
}
