//! A mask head's small grid of probabilities, stretched over its box.

use crate::geometry::{BBox, Size};
use crate::mask::Mask;

/// A pixel belongs to a mask from this probability on.
const INSIDE: f32 = 0.5;

/// Which library's rules lay the grid over the box. Both interpolate bilinearly between the centres of cells, with zeros
/// outside the grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasteRule {
    /// The grid covers the box exactly; pixels are read at their centres.
    Detectron2,
    /// The grid with a border of one cell covers the box enlarged by the same, cut off to whole pixels, the last included.
    Torchvision,
}

/// Where pixels of one axis read the grid: pixels `first ..`, one position (in cells, 0 at the centre of cell 0) each.
struct Axis {
    first: u32,
    positions: Vec<f32>,
}

impl PasteRule {
    /// The pixels of an image of `size` inside the object.
    ///
    /// # Shapes
    /// `probabilities`: `(side, side)`, row-major, `0.0..=1.0`, over `bbox` (image pixels).
    pub fn paste(self, probabilities: &[f32], side: usize, bbox: BBox, size: Size) -> Mask {
        if bbox.is_empty() {
            return Mask::of_window(size, 0..0, 0..0, |_, _| false);
        }
        let (columns, rows, values) = self.stretch(probabilities, side, bbox, size);
        let width = columns.positions.len();
        let (left, top) = (columns.first, rows.first);
        Mask::of_window(size, left..left + width as u32, top..top + rows.positions.len() as u32, |x, y| {
            values[(y - top) as usize * width + (x - left) as usize] >= INSIDE
        })
    }

    /// The probability of each pixel around a box that is not empty, row-major, and where these pixels are.
    fn stretch(self, probabilities: &[f32], side: usize, bbox: BBox, size: Size) -> (Axis, Axis, Vec<f32>) {
        let columns = self.axis(bbox.x0, bbox.x1, side, size.width);
        let rows = self.axis(bbox.y0, bbox.y1, side, size.height);
        let cell = |row: i64, column: i64| {
            let inside = |i: i64| (0..side as i64).contains(&i);
            if inside(row) && inside(column) { probabilities[row as usize * side + column as usize] } else { 0.0 }
        };
        let mut values = Vec::with_capacity(columns.positions.len() * rows.positions.len());
        for y in &rows.positions {
            let (row, fy) = (y.floor() as i64, y - y.floor());
            for x in &columns.positions {
                let (column, fx) = (x.floor() as i64, x - x.floor());
                let line = |row| cell(row, column) * (1.0 - fx) + cell(row, column + 1) * fx;
                values.push(line(row) * (1.0 - fy) + line(row + 1) * fy);
            }
        }
        (columns, rows, values)
    }

    fn axis(self, start: f32, end: f32, side: usize, pixels: u32) -> Axis {
        let cells = side as f32;
        match self {
            Self::Detectron2 => {
                let first = (start.floor() - 1.0).max(0.0) as u32;
                let last = ((end.ceil() + 1.0).max(0.0) as u32).min(pixels);
                let position = |p: u32| (p as f32 + 0.5 - start) / (end - start) * cells - 0.5;
                Axis { first, positions: (first..last).map(position).collect() }
            }
            Self::Torchvision => {
                let (middle, half) = (0.5 * (start + end), 0.5 * (end - start) * ((cells + 2.0) / cells));
                // Casts cut off towards zero.
                let (from, to) = ((middle - half) as i64, (middle + half) as i64);
                let length = (to - from + 1).max(1);
                let (first, last) = (from.max(0), (from + length).min(i64::from(pixels)));
                let position = |p: i64| {
                    let padded = ((p - from) as f32 + 0.5) * (cells + 2.0) / length as f32 - 0.5;
                    padded - 1.0
                };
                Axis { first: first as u32, positions: (first..last).map(position).collect() }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mask::Run;
    use proptest::prelude::*;

    #[test]
    fn a_grid_over_as_many_pixels_is_copied() {
        let grid = [0.9, 0.1, 0.2, 0.6];
        let mask = PasteRule::Detectron2.paste(&grid, 2, BBox::new(3.0, 1.0, 5.0, 3.0), Size::new(8, 8));
        assert_eq!(mask.runs(), [Run { row: 1, start: 3, end: 4 }, Run { row: 2, start: 4, end: 5 }]);
    }

    #[test]
    fn torchvision_lays_a_border_of_one_cell_around() {
        // Box 0..8 with two cells: enlarged to -4..12, 17 pixels over four cells; the first inside the image is pixel 4
        // of them, (4 + 0.5) * 4 / 17 - 1.5 = -0.441 cells from the centre of cell 0.
        let (columns, rows, values) =
            PasteRule::Torchvision.stretch(&[1.0; 4], 2, BBox::new(0.0, 0.0, 8.0, 8.0), Size::new(6, 20));
        assert_eq!((columns.first, columns.positions.len(), rows.positions.len()), (0, 6, 13));
        assert!((columns.positions[0] + 0.441_176).abs() < 1e-5);
        assert!((values[0] - 0.558_824 * 0.558_824).abs() < 1e-5);
    }

    #[test]
    fn an_empty_box_has_no_pixels() {
        for rule in [PasteRule::Detectron2, PasteRule::Torchvision] {
            assert!(rule.paste(&[1.0; 4], 2, BBox::new(3.0, 1.0, 3.0, 3.0), Size::new(8, 8)).is_empty());
        }
    }

    proptest! {
        #[test]
        fn a_full_grid_fills_its_box(x in -20f32..60.0, y in -20f32..60.0, w in 1f32..90.0, h in 1f32..90.0) {
            let size = Size::new(64, 48);
            let bbox = BBox::new(x, y, x + w, y + h);
            for rule in [PasteRule::Detectron2, PasteRule::Torchvision] {
                let mask = rule.paste(&[1.0; 784], 28, bbox, size);
                // Torchvision cuts off to whole pixels before and after: one pixel each side.
                let slack = 2.0;
                for py in 0..size.height {
                    for px in 0..size.width {
                        let (cx, cy) = (px as f32 + 0.5, py as f32 + 0.5);
                        let depth = (cx - bbox.x0).min(bbox.x1 - cx).min(cy - bbox.y0).min(bbox.y1 - cy);
                        if depth.abs() > slack {
                            prop_assert_eq!(mask.contains(px, py), depth > 0.0, "{:?} {} {}", rule, px, py);
                        }
                    }
                }
            }
        }
    }
}
