//! Contact sheets: many small pictures on one, each with its caption.

use image::{Rgb, RgbImage, imageops};

use super::canvas::Canvas;
use crate::geometry::Size;

/// A picture of a sheet.
#[derive(Clone, Debug, PartialEq)]
pub struct Tile {
    /// At most as large as the sheet's tiles.
    pub picture: RgbImage,
    /// What stands below it, each line cut to the tile's width.
    pub caption: [String; 2],
}

/// How a sheet is divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SheetLayout {
    /// Tiles side by side.
    pub columns: u32,
    /// Width and height of a tile's picture, in pixels.
    pub tile_px: u32,
}

/// Pixels of the largest sheet.
pub const MAX_SHEET_PIXELS: u64 = 400_000_000;

const PAPER: [u8; 3] = [255; 3];
const INK: [u8; 3] = [24, 28, 34];

impl SheetLayout {
    fn text_px(self) -> f32 {
        (self.tile_px as f32 / 18.0).clamp(11.0, 28.0)
    }

    fn gap_px(self) -> u32 {
        (self.tile_px / 24).max(6)
    }

    fn line_px(self) -> u32 {
        (self.text_px() * 1.3).ceil() as u32
    }

    /// Height of the line over the tiles.
    fn title_px(self) -> u32 {
        2 * self.line_px() + self.gap_px()
    }

    /// Size of a sheet of `tiles` pictures that fill their tiles, the largest it can have; `None` where that is more than
    /// [`MAX_SHEET_PIXELS`].
    pub fn size(self, tiles: usize) -> Option<Size> {
        let columns = u64::from(self.columns.max(1)).min((tiles as u64).max(1));
        let rows = (tiles as u64).div_ceil(columns);
        let (gap, tile, line) = (u64::from(self.gap_px()), u64::from(self.tile_px), u64::from(self.line_px()));
        let width = gap + columns * (tile + gap);
        let height = u64::from(self.title_px()) + rows * (tile + 2 * line + gap);
        let fits = width.checked_mul(height).is_some_and(|pixels| pixels <= MAX_SHEET_PIXELS);
        fits.then(|| Some(Size::new(u32::try_from(width).ok()?, u32::try_from(height).ok()?))).flatten()
    }
}

/// The tiles in rows from the upper left under a title, on white, each row as high as its highest picture; `None` where the
/// sheet would be too large.
pub fn sheet(title: &str, tiles: &[Tile], layout: SheetLayout) -> Option<RgbImage> {
    let width = layout.size(tiles.len())?.width;
    let (gap, line, side) = (layout.gap_px(), layout.line_px(), layout.tile_px);
    let columns = ((width - gap) / (side + gap)) as usize;
    let mut top = layout.title_px();
    let mut rows = Vec::new();
    for row in tiles.chunks(columns) {
        let highest = row.iter().map(|tile| tile.picture.height().min(side)).max().unwrap_or(0);
        rows.push((top + highest, row));
        top += highest + 2 * line + gap;
    }
    let left = |column: usize| gap + column as u32 * (side + gap);
    let mut paper = RgbImage::from_pixel(width, top, Rgb(PAPER));
    // Captions of one row stand in line, pictures on them.
    for (bottom, row) in &rows {
        for (column, tile) in row.iter().enumerate() {
            let y = i64::from(*bottom) - i64::from(tile.picture.height());
            imageops::replace(&mut paper, &tile.picture, i64::from(left(column)), y);
        }
    }
    let mut canvas = Canvas::with_text(paper, layout.text_px());
    canvas.text_line(title, gap, gap / 2 + line / 2, width - 2 * gap, INK);
    for (bottom, row) in &rows {
        for (column, tile) in row.iter().enumerate() {
            for (i, text) in tile.caption.iter().enumerate() {
                canvas.text_line(text, left(column), bottom + i as u32 * line, side, INK);
            }
        }
    }
    Some(canvas.into_image())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAYOUT: SheetLayout = SheetLayout { columns: 3, tile_px: 60 };

    fn tile(color: [u8; 3], width: u32, height: u32) -> Tile {
        Tile { picture: RgbImage::from_pixel(width, height, Rgb(color)), caption: ["a".into(), "fit 5 %".into()] }
    }

    #[test]
    fn tiles_stand_in_rows_and_every_pixel_of_theirs_is_there() {
        let tiles: Vec<_> = (0..4).map(|i| tile([200, 10 * i, 0], 60, 40)).collect();
        let size = LAYOUT.size(4).expect("a small sheet");
        let picture = sheet("birds", &tiles, LAYOUT).expect("a small sheet");
        assert_eq!(picture.dimensions(), (size.width, size.height - 2 * 20), "rows are as high as their pictures");
        for i in 0..4 {
            let pixels: Vec<_> = picture.enumerate_pixels().filter(|(.., p)| p.0 == [200, 10 * i, 0]).collect();
            assert_eq!(pixels.len(), 60 * 40, "tile {i}");
            let left = pixels.iter().map(|(x, ..)| *x).min();
            assert_eq!(left, Some(6 + u32::from(i) % 3 * 66));
        }
        assert!(picture.pixels().any(|p| p.0 == INK || p.0[0] < 80), "there is writing");
    }

    #[test]
    fn few_tiles_need_no_wide_sheet_and_too_many_none_at_all() {
        assert_eq!(LAYOUT.size(1).map(|s| s.width), Some(6 + 66));
        assert_eq!(LAYOUT.size(2).map(|s| s.width), Some(6 + 2 * 66));
        assert_eq!(LAYOUT.size(100_000_000), None);
        assert!(sheet("none", &[], LAYOUT).is_some());
    }
}
