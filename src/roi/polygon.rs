//! From polygons to pixels.

use std::ops::Range;

use crate::geometry::{BBox, Size};
use crate::mask::{Mask, Run};

/// The corners `[x, y]` of a polygon in order, in image pixels; the last is joined to the first.
pub type Ring = Vec<[f32; 2]>;

/// The pixels of an image whose centre lies inside any of the rings. A ring that crosses itself is inside where a line from
/// there to the outside crosses it an odd number of times.
pub fn pixels_inside(rings: &[Ring], size: Size) -> Mask {
    let mut runs: Vec<Run> = Vec::new();
    let rows = ring_bounds(rings).and_then(|b| b.intersection(size.bounds())).map_or(0..0, |b| rows_of(b, size));
    for row in rows {
        let mut spans: Vec<_> = rings.iter().flat_map(|ring| spans_of_row(ring, row as f32 + 0.5)).collect();
        spans.sort_by(|a, b| a[0].total_cmp(&b[0]));
        for [left, right] in spans {
            let (start, end) = (first_centre(left, size.width), first_centre(right, size.width));
            match runs.last_mut() {
                // Spans of several rings may overlap or touch.
                Some(last) if last.row == row && start <= last.end => last.end = last.end.max(end),
                _ if start < end => runs.push(Run { row, start, end }),
                _ => {}
            }
        }
    }
    Mask::from_runs(size, runs).expect("runs are in order, apart and inside the image")
}

fn rows_of(bounds: BBox, size: Size) -> Range<u32> {
    (bounds.y0.floor() as u32)..(bounds.y1.ceil() as u32).min(size.height)
}

/// The first pixel of a row of `width` whose centre is not left of `x`.
fn first_centre(x: f32, width: u32) -> u32 {
    ((x - 0.5).ceil().max(0.0) as u32).min(width)
}

/// The smallest box around the corners; `None` without any, or with one that is not a number.
pub fn ring_bounds(rings: &[Ring]) -> Option<BBox> {
    let mut corners = rings.iter().flatten();
    let &[x, y] = corners.next()?;
    let grow = |b: BBox, [x, y]: &[f32; 2]| BBox::new(b.x0.min(*x), b.y0.min(*y), b.x1.max(*x), b.y1.max(*y));
    let bounds = corners.fold(BBox::new(x, y, x, y), grow);
    let finite = rings.iter().flatten().flatten().all(|v| v.is_finite());
    finite.then_some(bounds)
}

/// Where the horizontal line at `y` is inside the ring, from left to right.
fn spans_of_row(ring: &Ring, y: f32) -> Vec<[f32; 2]> {
    let edges = ring.iter().zip(ring.iter().cycle().skip(1));
    // An edge counts at its upper end and not at its lower one, so that a corner is crossed once.
    let crossing = edges.filter(|(a, b)| (a[1] <= y) != (b[1] <= y));
    let mut crossings: Vec<_> = crossing.map(|(a, b)| a[0] + (y - a[1]) / (b[1] - a[1]) * (b[0] - a[0])).collect();
    crossings.sort_by(f32::total_cmp);
    crossings.as_chunks().0.to_vec()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn count(rings: &[Ring]) -> u64 {
        pixels_inside(rings, Size::new(10, 10)).area()
    }

    fn rectangle(x0: f32, y0: f32, x1: f32, y1: f32) -> Ring {
        vec![[x0, y0], [x1, y0], [x1, y1], [x0, y1]]
    }

    proptest! {
        #[test]
        fn a_pixel_is_inside_if_its_centre_is_inside_a_ring(
            rings in prop::collection::vec(prop::collection::vec((-4f32..16.0, -4f32..14.0), 3..7), 1..4),
        ) {
            let rings: Vec<Ring> = rings.into_iter().map(|ring| ring.into_iter().map(|(x, y)| [x, y]).collect()).collect();
            let size = Size::new(12, 10);
            let mask = pixels_inside(&rings, size);
            for (x, y) in (0..size.height).flat_map(|y| (0..size.width).map(move |x| (x, y))) {
                let centre = x as f32 + 0.5;
                let inside = rings.iter().any(|ring| {
                    spans_of_row(ring, y as f32 + 0.5).iter().any(|span| (span[0]..span[1]).contains(&centre))
                });
                prop_assert_eq!(mask.contains(x, y), inside, "({}, {})", x, y);
            }
        }
    }

    #[test]
    fn a_rectangle_on_pixel_edges_holds_its_pixels() {
        let mask = pixels_inside(&[rectangle(1.0, 2.0, 4.0, 7.0)], Size::new(10, 10));
        assert_eq!((mask.area(), mask.bounds()), (15, Some(BBox::new(1.0, 2.0, 4.0, 7.0))));
    }

    #[test]
    fn a_pixel_counts_by_its_centre() {
        assert_eq!(count(&[rectangle(0.4, 0.4, 2.6, 1.4)]), 3);
        assert_eq!(count(&[rectangle(0.6, 0.4, 2.4, 1.4)]), 1);
    }

    #[test]
    fn half_a_square_cut_along_its_diagonal() {
        // Row y has centres at x + 0.5 < y + 0.5: 0, 1, 2 … 9 of them.
        assert_eq!(count(&[vec![[0.0, 0.0], [10.0, 10.0], [0.0, 10.0]]]), 45);
    }

    #[test]
    fn overlapping_rings_are_united_and_a_ring_may_turn_either_way() {
        let a = rectangle(0.0, 0.0, 4.0, 4.0);
        let b: Ring = rectangle(2.0, 2.0, 6.0, 6.0).into_iter().rev().collect();
        assert_eq!(count(&[a, b]), 16 + 16 - 4);
    }

    #[test]
    fn a_ring_across_the_border_is_clipped_and_one_without_area_is_empty() {
        assert_eq!(count(&[rectangle(-50.0, -50.0, 2.0, 500.0)]), 20);
        assert_eq!(count(&[vec![[1.0, 1.0], [5.0, 5.0]]]), 0);
        assert_eq!(count(&[vec![[f32::NAN, 1.0], [5.0, 5.0], [5.0, 1.0]]]), 0);
        assert_eq!(count(&[]), 0);
    }

    #[test]
    fn every_edge_of_an_l_shape_counts() {
        let l: Ring = vec![[1.0, 1.0], [3.0, 1.0], [3.0, 5.0], [7.0, 5.0], [7.0, 7.0], [1.0, 7.0]];
        assert_eq!(count(&[l]), 6 * 6 - 4 * 4);
    }
}
