//! Shares of regions that are pixels, not boxes.

use super::axis::{Sample, hat_weights, pixel_samples, shares};
use super::{Integral, RoiShare, ShareRule};
use crate::geometry::BBox;
use crate::mask::{Mask, Run};
use crate::saliency::SaliencyMap;

/// What the pixels of `mask` hold of the map over `view`. A pixel is the square that it covers, so that the exact integral
/// is one over a union of squares; pixels at the view's edge count with the part inside it. `None` if no part is inside.
pub(super) fn mask_share(map: &SaliencyMap, view: BBox, mask: &Mask, rule: ShareRule) -> Option<RoiShare> {
    let area_share = area_share(view, mask);
    if area_share == 0.0 {
        return None;
    }
    let lowest = rule.lowest(map);
    let (part, whole) = match rule.integral {
        Integral::Exact => {
            let whole = map.values().iter().map(|v| f64::from(*v) - lowest).sum();
            (exact_sum(map, view, mask, lowest), whole)
        }
        Integral::Pixels(size) => {
            let columns: Vec<_> = pixel_samples(map.width(), size.width).collect();
            let rows: Vec<_> = pixel_samples(map.height(), size.height).collect();
            pixel_sums(map, view, mask, (&columns, &rows), lowest)
        }
    };
    let fit = (whole > 0.0 && whole.is_finite()).then(|| (part / whole).clamp(0.0, 1.0));
    Some(RoiShare { fit, area_share })
}

/// The part of a run inside the view, as shares of the view: columns and rows.
fn clipped(run: &Run, view: BBox) -> Option<((f64, f64), (f64, f64))> {
    let bbox = BBox::new(run.start as f32, run.row as f32, run.end as f32, run.row as f32 + 1.0).intersection(view)?;
    Some((shares(view.x0, view.x1, bbox.x0, bbox.x1), shares(view.y0, view.y1, bbox.y0, bbox.y1)))
}

fn area_share(view: BBox, mask: &Mask) -> f64 {
    let parts = mask.runs().iter().filter_map(|run| clipped(run, view));
    parts.map(|(x, y)| (x.1 - x.0) * (y.1 - y.0)).sum::<f64>().min(1.0)
}

/// The integral of the surface over the pixels.
fn exact_sum(map: &SaliencyMap, view: BBox, mask: &Mask, lowest: f64) -> f64 {
    let mut sum = 0.0;
    for row in mask.runs().chunk_by(|a, b| a.row == b.row) {
        let mut columns = vec![0.0; map.width()];
        let mut rows = None;
        for (x, y) in row.iter().filter_map(|run| clipped(run, view)) {
            columns.iter_mut().zip(hat_weights(map.width(), x)).for_each(|(sum, weight)| *sum += weight);
            rows.get_or_insert_with(|| hat_weights(map.height(), y));
        }
        for (values, weight) in map.values().chunks_exact(map.width()).zip(rows.into_iter().flatten()) {
            let line: f64 = values.iter().zip(&columns).map(|(v, w)| (f64::from(*v) - lowest) * w).sum();
            sum += line * weight;
        }
    }
    sum
}

/// The sums of the surface over the input's pixels whose centre lies in a pixel of the mask, and over all.
fn pixel_sums(
    map: &SaliencyMap,
    view: BBox,
    mask: &Mask,
    (columns, rows): (&[Sample], &[Sample]),
    lowest: f64,
) -> (f64, f64) {
    let place = |start: f32, end: f32, at: f64| (f64::from(start) + at * (f64::from(end) - f64::from(start))) as u32;
    let (mut part, mut whole) = (0.0, 0.0);
    for row in rows {
        let line: Vec<f64> = (0..map.width())
            .map(|x| row.cells.iter().map(|(y, w)| (f64::from(map.values()[y * map.width() + x]) - lowest) * w).sum())
            .collect();
        let y = place(view.y0, view.y1, row.at);
        for column in columns {
            let value: f64 = column.cells.iter().map(|(x, w)| line[*x] * w).sum();
            whole += value;
            part += if mask.contains(place(view.x0, view.x1, column.at), y) { value } else { 0.0 };
        }
    }
    (part, whole)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::roi_share_by;
    use super::*;
    use crate::geometry::Size;

    const PIXELS: ShareRule = ShareRule { integral: Integral::Pixels(Size::new(50, 50)), subtract_minimum: false };

    fn rectangle(size: Size, x: std::ops::Range<u32>, y: std::ops::Range<u32>) -> Mask {
        Mask::of_window(size, x, y, |_, _| true)
    }

    #[test]
    fn pixels_outside_the_view_are_no_region() {
        let map = SaliencyMap::from_values(1, 1, vec![1.0]);
        let mask = rectangle(Size::new(10, 10), 0..2, 0..10);
        assert_eq!(mask_share(&map, BBox::new(2.0, 0.0, 10.0, 10.0), &mask, ShareRule::default()), None);
    }

    #[test]
    fn a_pixel_at_the_edge_of_the_view_counts_in_part() {
        let map = SaliencyMap::from_values(1, 1, vec![1.0]);
        let mask = rectangle(Size::new(10, 10), 0..3, 0..10);
        let share = mask_share(&map, BBox::new(2.5, 0.0, 10.5, 10.0), &mask, ShareRule::default());
        assert_eq!(share, Some(RoiShare { fit: Some(0.0625), area_share: 0.0625 }));
    }

    #[test]
    fn a_hole_is_left_out() {
        let map = SaliencyMap::from_values(1, 1, vec![1.0]);
        let size = Size::new(10, 10);
        let ring = Mask::of_window(size, 0..10, 0..10, |x, y| !((4..6).contains(&x) && (4..6).contains(&y)));
        for rule in [ShareRule::default(), PIXELS] {
            let fit = mask_share(&map, size.bounds(), &ring, rule).and_then(|s| s.fit).unwrap_or(f64::NAN);
            assert!((fit - 0.96).abs() < 1e-12, "{fit}");
        }
    }

    proptest! {
        #[test]
        fn a_mask_that_fills_a_box_has_the_share_of_the_box(
            values in proptest::collection::vec(0.01f32..1.0, 12),
            (x0, w, y0, h) in (0u32..40, 1u32..20, 0u32..30, 1u32..20),
            (vx, vy) in (0f32..15.0, 0f32..15.0),
        ) {
            let size = Size::new(60, 50);
            let map = SaliencyMap::from_values(3, 4, values);
            let view = BBox::new(vx, vy, vx + 40.5, vy + 33.25);
            let bbox = BBox::new(x0 as f32, y0 as f32, (x0 + w) as f32, (y0 + h) as f32);
            let mask = rectangle(size, x0..x0 + w, y0..y0 + h);
            for rule in [ShareRule::default(), ShareRule { subtract_minimum: true, ..ShareRule::default() }, PIXELS] {
                let (as_mask, as_box) = (mask_share(&map, view, &mask, rule), roi_share_by(&map, view, bbox, rule));
                prop_assert_eq!(as_mask.is_some(), as_box.is_some());
                let (Some(as_mask), Some(as_box)) = (as_mask, as_box) else { continue };
                prop_assert!((as_mask.area_share - as_box.area_share).abs() < 1e-9);
                let difference = as_mask.fit.unwrap_or(-1.0) - as_box.fit.unwrap_or(-1.0);
                prop_assert!(difference.abs() < 1e-9, "{difference}");
            }
        }
    }
}
