//! Masks: the pixels of an image that belong to an object.
//!
//! Comes in: which pixels of a window are inside. Goes out: [`Mask`], the same as runs of pixels, row by row. May not live
//! here: networks, polygons, file formats, or what a mask is measured against.

use std::ops::Range;

use crate::geometry::{BBox, Size};

/// Neighbouring pixels of one row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Run {
    /// The row.
    pub row: u32,
    /// First column.
    pub start: u32,
    /// Column after the last, above `start`.
    pub end: u32,
}

/// A set of pixels of an image; pixel `(x, y)` is the square `[x, x + 1) × [y, y + 1)`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Mask {
    size: Size,
    runs: Vec<Run>,
}

impl Mask {
    /// The pixels of the window `columns × rows` of an image of `size` for which `inside(x, y)` holds; what of the window
    /// lies outside the image is left out.
    pub fn of_window(
        size: Size,
        columns: Range<u32>,
        rows: Range<u32>,
        mut inside: impl FnMut(u32, u32) -> bool,
    ) -> Self {
        let end = columns.end.min(size.width);
        let mut runs = Vec::new();
        for row in rows.start..rows.end.min(size.height) {
            let mut start = None;
            for x in columns.start..end {
                match (inside(x, row), start) {
                    (true, None) => start = Some(x),
                    (false, Some(first)) => {
                        runs.push(Run { row, start: first, end: x });
                        start = None;
                    }
                    _ => {}
                }
            }
            if let Some(start) = start {
                runs.push(Run { row, start, end });
            }
        }
        Self { size, runs }
    }

    /// A mask of these runs; `None` unless they are in order, apart from each other, not empty and inside the image.
    pub fn from_runs(size: Size, runs: Vec<Run>) -> Option<Self> {
        let inside = |run: &Run| run.row < size.height && run.start < run.end && run.end <= size.width;
        let apart =
            |pair: &[Run]| pair[0].row < pair[1].row || (pair[0].row == pair[1].row && pair[0].end < pair[1].start);
        (runs.iter().all(inside) && runs.windows(2).all(apart)).then_some(Self { size, runs })
    }

    /// Size of the image that the mask belongs to.
    pub fn size(&self) -> Size {
        self.size
    }

    /// The pixels, by row and then column; runs neither touch nor overlap.
    pub fn runs(&self) -> &[Run] {
        &self.runs
    }

    /// Number of pixels.
    pub fn area(&self) -> u64 {
        self.runs.iter().map(|run| u64::from(run.end - run.start)).sum()
    }

    /// Whether there are no pixels.
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// The smallest box around the pixels, in image pixels; `None` if there are none.
    pub fn bounds(&self) -> Option<BBox> {
        let (top, bottom) = (self.runs.first()?.row, self.runs.last()?.row + 1);
        let left = self.runs.iter().map(|run| run.start).min()?;
        let right = self.runs.iter().map(|run| run.end).max()?;
        Some(BBox::new(left as f32, top as f32, right as f32, bottom as f32))
    }

    /// Whether a pixel belongs to the mask.
    pub fn contains(&self, x: u32, y: u32) -> bool {
        let before = self.runs.partition_point(|run| (run.row, run.start) <= (y, x));
        before > 0 && {
            let run = self.runs[before - 1];
            run.row == y && x < run.end
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_ring_has_two_runs_in_its_middle_row() {
        let ring = Mask::of_window(Size::new(5, 5), 1..4, 1..4, |x, y| (x, y) != (2, 2));
        let run = |row, start, end| Run { row, start, end };
        assert_eq!(ring.runs(), [run(1, 1, 4), run(2, 1, 2), run(2, 3, 4), run(3, 1, 4)]);
        assert_eq!((ring.area(), ring.bounds()), (8, Some(BBox::new(1.0, 1.0, 4.0, 4.0))));
    }

    #[test]
    fn what_lies_outside_the_image_is_left_out() {
        let mask = Mask::of_window(Size::new(3, 2), 2..9, 1..9, |_, _| true);
        assert_eq!(mask.runs(), [Run { row: 1, start: 2, end: 3 }]);
        assert!(Mask::of_window(Size::new(3, 2), 5..9, 0..2, |_, _| true).is_empty());
    }

    #[test]
    fn runs_that_touch_overlap_or_stand_out_are_no_mask() {
        let mask = |runs: &[[u32; 3]]| {
            let runs = runs.iter().map(|&[row, start, end]| Run { row, start, end }).collect();
            Mask::from_runs(Size::new(6, 2), runs)
        };
        assert!(mask(&[[0, 0, 2], [0, 3, 6], [1, 0, 6]]).is_some());
        for wrong in [[[0, 0, 2], [0, 2, 4]], [[0, 0, 3], [0, 2, 4]], [[1, 0, 2], [0, 0, 2]], [[0, 0, 2], [1, 3, 3]]] {
            assert_eq!(mask(&wrong), None);
        }
        assert!(mask(&[[2, 0, 1]]).is_none() && mask(&[[0, 0, 7]]).is_none());
    }

    proptest! {
        #[test]
        fn a_mask_contains_what_it_was_made_of(w in 1u32..9, h in 1u32..9, bits in proptest::collection::vec(any::<bool>(), 81)) {
            let at = |x: u32, y: u32| bits[(y * 9 + x) as usize];
            let mask = Mask::of_window(Size::new(w, h), 0..w, 0..h, at);
            let mut area = 0;
            for y in 0..h {
                for x in 0..w {
                    prop_assert_eq!(mask.contains(x, y), at(x, y));
                    area += u64::from(at(x, y));
                }
            }
            prop_assert_eq!(mask.area(), area);
            prop_assert_eq!(Mask::from_runs(mask.size(), mask.runs().to_vec()), Some(mask.clone()));
            prop_assert_eq!(mask.bounds().is_none(), mask.is_empty());
        }
    }
}
