//! Anchors: the boxes at fixed places that detectors regress from.
//!
//! All are in network-input pixels, in the order of a head's values: row, column, shape.

use crate::geometry::{BBox, Size};

/// Which library's rules shape the anchors of one cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnchorRule {
    /// Sizes outside, ratios inside, exact corners.
    Detectron2,
    /// Ratios outside, sizes inside, corners rounded to whole pixels (halves to even).
    Torchvision,
}

/// The anchor shapes of one pyramid level, around the origin.
#[derive(Clone, Debug, PartialEq)]
pub struct CellAnchors(Vec<BBox>);

impl CellAnchors {
    /// One anchor for each of `sizes` (square roots of areas) and `ratios` (height over width).
    pub fn new(rule: AnchorRule, sizes: &[f64], ratios: &[f64]) -> Self {
        let around = |size: f64, ratio: f64| {
            let (w, h) = (size / ratio.sqrt() / 2.0, size * ratio.sqrt() / 2.0);
            let edge = |v: f64| match rule {
                AnchorRule::Detectron2 => v as f32,
                AnchorRule::Torchvision => v.round_ties_even() as f32,
            };
            BBox::new(edge(-w), edge(-h), edge(w), edge(h))
        };
        Self(match rule {
            AnchorRule::Detectron2 => sizes.iter().flat_map(|&s| ratios.iter().map(move |&r| around(s, r))).collect(),
            AnchorRule::Torchvision => ratios.iter().flat_map(|&r| sizes.iter().map(move |&s| around(s, r))).collect(),
        })
    }

    /// Number of shapes.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The anchor of shape `shape` in cell (`row`, `column`), cells being `stride` (horizontal, vertical) pixels apart.
    pub fn at(&self, row: usize, column: usize, shape: usize, stride: [usize; 2]) -> BBox {
        let (x, y) = ((column * stride[0]) as f32, (row * stride[1]) as f32);
        let b = self.0[shape];
        BBox::new(b.x0 + x, b.y0 + y, b.x1 + x, b.y1 + y)
    }

    /// All anchors of a level of `cells`.
    pub fn grid(&self, cells: Size, stride: [usize; 2]) -> Vec<BBox> {
        let mut all = Vec::with_capacity(cells.area() as usize * self.count());
        for row in 0..cells.height as usize {
            for column in 0..cells.width as usize {
                all.extend((0..self.count()).map(|shape| self.at(row, column, shape, stride)));
            }
        }
        all
    }
}

/// Distance of cells, horizontal and vertical: whole pixels of the padded `input` for each of the `cells`.
///
/// Torchvision divides so; where the cells do not divide the input, its anchors drift from the feature map's own stride.
pub fn dividing_stride(input: Size, cells: Size) -> [usize; 2] {
    [(input.width / cells.width) as usize, (input.height / cells.height) as usize]
}

/// SSD's default boxes of level `level` of `levels` over an `input`, with the scales of torchvision's SSDlite.
///
/// A cell has a square of the level's scale, a square of the geometric mean with the next scale, and two boxes for each of
/// the ratios 2 and 3; no side is longer than the input.
pub fn ssd_defaults(level: usize, levels: usize, cells: Size, input: Size) -> Vec<BBox> {
    let scale = |k: usize| if k == levels { 1.0 } else { 0.2 + (0.95 - 0.2) * k as f64 / (levels - 1) as f64 };
    let (own, mean) = (scale(level), (scale(level) * scale(level + 1)).sqrt());
    let mut shapes = vec![(own, own), (mean, mean)];
    for ratio in [2f64, 3.0] {
        let (long, short) = (own * ratio.sqrt(), own / ratio.sqrt());
        shapes.extend([(long, short), (short, long)]);
    }
    let (width, height) = (f64::from(input.width), f64::from(input.height));
    let mut all = Vec::with_capacity(cells.area() as usize * shapes.len());
    for row in 0..cells.height {
        for column in 0..cells.width {
            let x = (f64::from(column) + 0.5) / f64::from(cells.width);
            let y = (f64::from(row) + 0.5) / f64::from(cells.height);
            all.extend(shapes.iter().map(|&(w, h)| {
                let (w, h) = (w.min(1.0) / 2.0, h.min(1.0) / 2.0);
                BBox::new(
                    ((x - w) * width) as f32,
                    ((y - h) * height) as f32,
                    ((x + w) * width) as f32,
                    ((y + h) * height) as f32,
                )
            }));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RATIOS: [f64; 3] = [0.5, 1.0, 2.0];

    #[test]
    fn detectron2_keeps_the_area_and_does_not_round() {
        // 32 / sqrt(0.5) = 45.2548 wide, 22.6274 high.
        let anchors = CellAnchors::new(AnchorRule::Detectron2, &[32.0], &RATIOS).grid(Size::new(2, 1), [4, 4]);
        let close =
            |b: BBox, e: [f32; 4]| [b.x0 - e[0], b.y0 - e[1], b.x1 - e[2], b.y1 - e[3]].iter().all(|d| d.abs() < 1e-4);
        assert!(close(anchors[0], [-22.6274, -11.3137, 22.6274, 11.3137]), "{:?}", anchors[0]);
        assert!(close(anchors[4], [-12.0, -16.0, 20.0, 16.0]), "{:?}", anchors[4]);
    }

    #[test]
    fn torchvision_rounds_the_corners() {
        let anchors = CellAnchors::new(AnchorRule::Torchvision, &[32.0], &RATIOS).grid(Size::new(1, 1), [4, 4]);
        assert_eq!(anchors[0], BBox::new(-23.0, -11.0, 23.0, 11.0));
        assert_eq!(anchors[2], BBox::new(-11.0, -23.0, 11.0, 23.0));
    }

    #[test]
    fn the_libraries_nest_sizes_and_ratios_the_other_way_round() {
        let width = |rule, i: usize| CellAnchors::new(rule, &[32.0, 64.0], &RATIOS).0[i].width();
        assert_eq!(width(AnchorRule::Detectron2, 1), 32.0);
        assert_eq!(width(AnchorRule::Torchvision, 1), 90.0);
    }

    #[test]
    fn a_stride_that_does_not_divide_is_cut_off() {
        // 800 pixels over 13 cells, the last level of a pyramid.
        assert_eq!(dividing_stride(Size::new(1088, 800), Size::new(17, 13)), [64, 61]);
    }

    #[test]
    fn ssd_starts_with_a_fifth_of_the_input() {
        let boxes = ssd_defaults(0, 6, Size::new(20, 20), Size::new(320, 320));
        assert_eq!(boxes.len(), 2400);
        // Cell 0: centre at 8 pixels, scale 0.2: 64 pixels.
        let first = boxes[0];
        assert!((first.x0 + 24.0).abs() < 1e-4 && (first.x1 - 40.0).abs() < 1e-4, "{first:?}");
    }

    #[test]
    fn ssd_boxes_never_outgrow_the_input() {
        let boxes = ssd_defaults(5, 6, Size::new(1, 1), Size::new(320, 320));
        assert!(boxes.iter().all(|b| b.width() <= 320.0 && b.height() <= 320.0));
        assert_eq!(boxes[2].width(), 320.0);
    }

    proptest! {
        #[test]
        fn every_cell_has_the_same_shapes_one_stride_on(w in 1u32..6, h in 1u32..6, stride in 1usize..70) {
            let cell = CellAnchors::new(AnchorRule::Detectron2, &[32.0, 48.0], &RATIOS);
            let all = cell.grid(Size::new(w, h), [stride, stride]);
            prop_assert_eq!(all.len(), (w * h) as usize * 6);
            for (i, b) in all.iter().enumerate() {
                let (row, column, shape) = (i / 6 / w as usize, i / 6 % w as usize, i % 6);
                prop_assert_eq!(*b, cell.at(row, column, shape, [stride, stride]));
                let centre = (0.5 * (b.x0 + b.x1), 0.5 * (b.y0 + b.y1));
                prop_assert!((centre.0 - (column * stride) as f32).abs() < 1e-3);
                prop_assert!((centre.1 - (row * stride) as f32).abs() < 1e-3);
            }
        }
    }
}
