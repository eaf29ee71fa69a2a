//! Saliency maps as colours over a picture.

use image::RgbaImage;

use crate::colormap::Colormap;
use crate::geometry::{Affine, BBox, Size};
use crate::saliency::SaliencyMap;

/// What a saliency map does to the photo.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Rendering {
    /// Lies over it in colours.
    #[default]
    Colours,
    /// Draws lines of equal values.
    Contours,
    /// Covers what the network makes little of.
    MaskedOut,
}

impl Rendering {
    /// All of them, in the order of menus.
    pub const ALL: [Self; 3] = [Self::Colours, Self::Contours, Self::MaskedOut];

    /// The threshold at which it shows what it is for: all colours, the contours from a fifth on, what has at least 0.3 of the
    /// map's largest value.
    pub fn usual_threshold(self) -> f32 {
        match self {
            Self::Colours => 0.0,
            Self::Contours => 0.2,
            Self::MaskedOut => 0.3,
        }
    }

    /// The opacity at which photo and map can both be read.
    pub fn usual_opacity(self) -> f32 {
        match self {
            Self::Colours => 0.5,
            Self::Contours => 1.0,
            Self::MaskedOut => 0.85,
        }
    }
}

/// How a saliency map looks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HeatMapStyle {
    /// What it does to the photo.
    pub rendering: Rendering,
    /// Colours of the values, scaled so that the map's largest is 1.
    pub colormap: Colormap,
    /// How much of the photo it covers where it does, `0.0..=1.0`.
    pub opacity: f32,
    /// Share of the map's largest value, `0.0..=1.0`, below which there are no colours and no contours, or nothing of the photo.
    pub threshold: f32,
    /// Bilinear between the map's cells; otherwise each cell is seen as it is.
    pub is_smooth: bool,
}

impl HeatMapStyle {
    /// The usual look of a rendering.
    pub fn of(rendering: Rendering) -> Self {
        Self {
            rendering,
            colormap: Colormap::default(),
            opacity: rendering.usual_opacity(),
            threshold: rendering.usual_threshold(),
            is_smooth: true,
        }
    }

    /// Colour and alpha of the values `0/255, 1/255 … 255/255`, and of what lies outside the view.
    fn colors(&self) -> ([[u8; 4]; 256], [u8; 4]) {
        const CLEAR: [u8; 4] = [0; 4];
        let alpha = (self.opacity.clamp(0.0, 1.0) * 255.0).round() as u8;
        let cover = [0, 0, 0, alpha];
        let first = (self.threshold.clamp(0.0, 1.0) * 255.0).round() as usize;
        let table = self.colormap.table();
        let color = |level: usize| match (self.rendering, level >= first) {
            (Rendering::Colours, true) => {
                let [r, g, b] = table[level];
                [r, g, b, alpha]
            }
            (Rendering::MaskedOut, false) => cover,
            (Rendering::Colours, false) | (Rendering::MaskedOut, true) | (Rendering::Contours, _) => CLEAR,
        };
        let outside = if self.rendering == Rendering::MaskedOut { cover } else { CLEAR };
        (std::array::from_fn(color), outside)
    }
}

impl Default for HeatMapStyle {
    fn default() -> Self {
        Self::of(Rendering::default())
    }
}

/// The value of the map at a place of the view, both axes `0.0..=1.0`, as a share of its largest value: between cells bilinear
/// if it `is_smooth`, otherwise that of the cell. 0 on a flat map.
pub fn surface_at(map: &SaliencyMap, [x, y]: [f32; 2], is_smooth: bool) -> f32 {
    if map.is_flat() {
        return 0.0;
    }
    let (column, row) = (between_cells(map.width(), x, is_smooth), between_cells(map.height(), y, is_smooth));
    let line = |y: usize| {
        let value = |x: usize| map.values()[y * map.width() + x];
        value(column.0) + (value(column.1) - value(column.0)) * column.2
    };
    (line(row.0) + (line(row.1) - line(row.0)) * row.2) / map.max()
}

/// The two cells whose centres a place (`0.0..=1.0` over all `cells`) lies between, and how near to the second it is.
fn between_cells(cells: usize, place: f32, is_smooth: bool) -> (usize, usize, f32) {
    let last = cells - 1;
    let at = place * cells as f32;
    if !is_smooth {
        let cell = (at as usize).min(last);
        return (cell, cell, 0.0);
    }
    let at = (at - 0.5).clamp(0.0, last as f32);
    (at as usize, (at as usize + 1).min(last), at.fract())
}

/// What `map` lays over a picture of `size` in which it covers `view` (in that picture's pixels): colours, constant beyond the
/// outer cells and clear outside the view, or a dark cover; nothing where the map is rendered as contours, which
/// [`contours`](super::contours) gives. Alpha is not multiplied in.
pub fn heat_map(map: &SaliencyMap, view: BBox, size: Size, style: &HeatMapStyle) -> RgbaImage {
    let (colors, outside) = style.colors();
    let mut picture = RgbaImage::from_pixel(size.width, size.height, image::Rgba(outside));
    let scale = if map.is_flat() { 0.0 } else { 255.0 / map.max() };
    let grid_from_image = Affine::between(view, Size::new(map.width() as u32, map.height() as u32).bounds());
    let is_smooth = style.is_smooth;
    let columns = samples(map.width(), size.width, (view.x0, view.x1), is_smooth, |x| grid_from_image.point(x, 0.0).0);
    let rows = samples(map.height(), size.height, (view.y0, view.y1), is_smooth, |y| grid_from_image.point(0.0, y).1);
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

/// The pixels whose centre lies between `start` and `end`, for a grid of `cells`.
fn samples(
    cells: usize,
    pixels: u32,
    (start, end): (f32, f32),
    is_smooth: bool,
    grid_from_image: impl Fn(f32) -> f32,
) -> Vec<Sample> {
    let centre = |pixel: u32| pixel as f32 + 0.5;
    let inside = (0..pixels).filter(|pixel| (start..end).contains(&centre(*pixel)));
    inside
        .map(|pixel| {
            let place = grid_from_image(centre(pixel)) / cells as f32;
            let (first, second, weight) = between_cells(cells, place, is_smooth);
            Sample { pixel, first, second, weight }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opaque() -> HeatMapStyle {
        HeatMapStyle { colormap: Colormap::Viridis, opacity: 1.0, ..HeatMapStyle::default() }
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
            let style = HeatMapStyle { opacity, ..HeatMapStyle::default() };
            assert_eq!(heat_map(&map, size.bounds(), size, &style).get_pixel(0, 0).0[3], alpha);
        }
    }

    #[test]
    fn below_the_threshold_there_are_no_colours_or_nothing_of_the_photo() {
        let map = SaliencyMap::from_values(1, 4, vec![0.0, 0.4, 0.5, 1.0]);
        let size = Size::new(4, 1);
        let alpha = |rendering| {
            let style = HeatMapStyle { threshold: 0.5, opacity: 1.0, is_smooth: false, ..HeatMapStyle::of(rendering) };
            heat_map(&map, size.bounds(), size, &style).pixels().map(|p| p.0[3]).collect::<Vec<_>>()
        };
        assert_eq!(alpha(Rendering::Colours), [0, 0, 255, 255]);
        assert_eq!(alpha(Rendering::MaskedOut), [255, 255, 0, 0]);
        assert_eq!(alpha(Rendering::Contours), [0; 4]);
    }

    #[test]
    fn what_the_network_did_not_see_is_masked_out() {
        let map = SaliencyMap::from_values(1, 1, vec![1.0]);
        let style = HeatMapStyle { opacity: 1.0, ..HeatMapStyle::of(Rendering::MaskedOut) };
        let picture = heat_map(&map, BBox::new(1.0, 0.0, 2.0, 1.0), Size::new(3, 1), &style);
        assert_eq!(picture.pixels().map(|p| p.0[3]).collect::<Vec<_>>(), [255, 0, 255]);
    }

    #[test]
    fn a_raw_grid_shows_each_cell_as_it_is() {
        let map = SaliencyMap::from_values(1, 2, vec![0.0, 2.0]);
        let size = Size::new(4, 1);
        let picture = heat_map(&map, size.bounds(), size, &HeatMapStyle { is_smooth: false, ..opaque() });
        assert_eq!(picture.pixels().map(|p| p.0).collect::<Vec<_>>(), [0.0, 0.0, 1.0, 1.0].map(color));
    }

    #[test]
    fn the_surface_has_the_values_that_the_picture_shows() {
        let map = SaliencyMap::from_values(1, 2, vec![0.0, 2.0]);
        let smooth = [0.125, 0.375, 0.625, 0.875].map(|x| surface_at(&map, [x, 0.3], true));
        assert_eq!(smooth, [0.0, 0.25, 0.75, 1.0]);
        assert_eq!([0.0, 0.49, 0.5, 1.0].map(|x| surface_at(&map, [x, 1.0], false)), [0.0, 0.0, 1.0, 1.0]);
        assert_eq!(surface_at(&SaliencyMap::from_values(2, 2, vec![0.0; 4]), [0.5, 0.5], true), 0.0);
    }
}
