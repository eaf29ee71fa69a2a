//! Fit: the share of a saliency map that lies inside a region.
//!
//! Comes in: a [`SaliencyMap`] over a view and the regions of the image. Goes out: a [`RoiShare`] for each region inside the
//! view and the sample's [`Fit`] by a [`RoiRule`]. May not live here: networks, averages over samples (see [`crate::summary`]).
//!
//! The map is understood as the surface that bilinear interpolation with half-pixel centres and clamped edges draws between
//! the grid's cells. Each cell then owns a hat function of area 1, so the integral over the whole view is the plain sum of the
//! values, and the integral over a box is `wy^T M wx / sum(M)` with `w_i` the part of hat `i` between the box's edges.

mod axis;
mod masked;
mod rule;
mod union;

pub use rule::{Counted, RoiRule, fit_by};
pub use union::union_share;

use crate::geometry::{BBox, Size};
use crate::roi::Roi;
use crate::saliency::SaliencyMap;
use axis::{Weights, exact_weights, pixel_weights, shares};

/// What one region holds of the view.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RoiShare {
    /// Share of the saliency inside the region, `0.0..=1.0`; `None` where the map is flat.
    pub fit: Option<f64>,
    /// Share of the view's area that the region covers, `0.0..=1.0`: the fit that a uniform map would have.
    pub area_share: f64,
}

/// The fit of one sample: that of its best region.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fit {
    /// The regions and the map allow a share.
    Measured {
        /// Index of the best region in the list that was asked about.
        roi: usize,
        /// Share of the saliency inside it, `0.0..=1.0`.
        fit: f64,
        /// Share of the view that it covers, above 0.
        area_share: f64,
    },
    /// There is no region.
    NoRoi,
    /// There are regions, but no part of them inside the view.
    OutsideView,
    /// There are regions inside the view, but none that belongs to the class ([`RoiRule::OfClass`]).
    Unrelated,
    /// There are regions that count, but the map is zero everywhere.
    FlatMap,
}

impl Fit {
    /// Whether there is no region that could have a fit, which is what coverage counts.
    pub fn lacks_roi(self) -> bool {
        matches!(self, Self::NoRoi | Self::OutsideView | Self::Unrelated)
    }

    /// The word of exports.
    pub fn status(self) -> &'static str {
        match self {
            Self::Measured { .. } => "ok",
            Self::NoRoi => "no_roi",
            Self::OutsideView => "outside_view",
            Self::Unrelated => "unrelated",
            Self::FlatMap => "flat_map",
        }
    }

    /// Index of the region that the fit is of, where there is one.
    pub fn roi(self) -> Option<usize> {
        match self {
            Self::Measured { roi, .. } => Some(roi),
            Self::NoRoi | Self::OutsideView | Self::Unrelated | Self::FlatMap => None,
        }
    }

    /// Why there is no fit, for a person; `None` where there is one.
    pub fn absence(self) -> Option<&'static str> {
        match self {
            Self::Measured { .. } => None,
            Self::NoRoi => Some("no region"),
            Self::OutsideView => Some("region outside the view"),
            Self::Unrelated => Some("no region of the class"),
            Self::FlatMap => Some("flat map"),
        }
    }

    /// The fit, where there is one.
    pub fn value(self) -> Option<f64> {
        match self {
            Self::Measured { fit, .. } => Some(fit),
            Self::NoRoi | Self::OutsideView | Self::Unrelated | Self::FlatMap => None,
        }
    }

    /// The best region's share of the view, where there is a fit.
    pub fn area_share(self) -> Option<f64> {
        match self {
            Self::Measured { area_share, .. } => Some(area_share),
            Self::NoRoi | Self::OutsideView | Self::Unrelated | Self::FlatMap => None,
        }
    }

    /// Fit over area share: 1 where the region attracts no more than its size explains.
    pub fn lift(self) -> Option<f64> {
        match self {
            Self::Measured { fit, area_share, .. } => Some(fit / area_share),
            Self::NoRoi | Self::OutsideView | Self::Unrelated | Self::FlatMap => None,
        }
    }
}

/// Share of the view above which a region says nothing, since it is nearly the whole view.
pub const UNINFORMATIVE_AREA_SHARE: f64 = 0.9;

/// How a share of a map is computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ShareRule {
    /// By which sum.
    pub integral: Integral,
    /// Whether the map's smallest value is subtracted from all of them first, as pytorch-grad-cam does. That moves a fit by up
    /// to 0.06 and makes a uniform map a flat one.
    pub subtract_minimum: bool,
}

impl ShareRule {
    /// What is subtracted from each of the map's values.
    fn lowest(self, map: &SaliencyMap) -> f64 {
        let lowest = map.values().iter().copied().fold(f32::INFINITY, f32::min);
        if self.subtract_minimum { f64::from(lowest) } else { 0.0 }
    }
}

/// The sum that stands for the saliency in an area.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Integral {
    /// The integral of the bilinear surface, exact up to rounding.
    #[default]
    Exact,
    /// The paper's formula: the sum over the pixels of the network's input, which has this size, whose centre lies in the
    /// area. Within 0.01 of the exact integral at 224 × 224.
    Pixels(Size),
}

/// What a region of any shape holds of the map over `view` (in image pixels), by `rule`. `None` if it lies outside the view.
pub fn region_share(map: &SaliencyMap, view: BBox, roi: &Roi, rule: ShareRule) -> Option<RoiShare> {
    match roi.mask() {
        None => roi_share_by(map, view, roi.bbox, rule),
        Some(mask) => masked::mask_share(map, view, mask, rule),
    }
}

/// What a box of the image holds of the map over `view`, by the default [`ShareRule`]; both boxes in image pixels. `None` if
/// it lies outside the view.
pub fn roi_share(map: &SaliencyMap, view: BBox, roi: BBox) -> Option<RoiShare> {
    roi_share_by(map, view, roi, ShareRule::default())
}

/// What a box of the image holds of the map over `view`, by `rule`; both boxes in image pixels. `None` if it lies outside
/// the view. The area share is the continuous one under every rule.
pub fn roi_share_by(map: &SaliencyMap, view: BBox, roi: BBox, rule: ShareRule) -> Option<RoiShare> {
    let inside = roi.intersection(view)?;
    let x = shares(view.x0, view.x1, inside.x0, inside.x1);
    let y = shares(view.y0, view.y1, inside.y0, inside.y1);
    let (columns, rows) = match rule.integral {
        Integral::Exact => (exact_weights(map.width(), x), exact_weights(map.height(), y)),
        Integral::Pixels(size) => {
            (pixel_weights(map.width(), size.width, x), pixel_weights(map.height(), size.height, y))
        }
    };
    let fit = weighted_share(map, &columns, &rows, rule.lowest(map));
    Some(RoiShare { fit, area_share: (x.1 - x.0) * (y.1 - y.0) })
}

/// The fit of a sample from the shares of its regions (`None` for those outside the view), in order of falling score: the
/// largest fit wins, and of equal ones the first.
pub fn best_fit(shares: &[Option<RoiShare>]) -> Fit {
    let mut best = if shares.is_empty() { Fit::NoRoi } else { Fit::OutsideView };
    for (roi, share) in shares.iter().enumerate() {
        let Some(RoiShare { fit, area_share }) = *share else { continue };
        match (fit, best) {
            (None, Fit::NoRoi | Fit::OutsideView) => best = Fit::FlatMap,
            (Some(fit), Fit::Measured { fit: so_far, .. }) if fit <= so_far => {}
            (Some(fit), _) => best = Fit::Measured { roi, fit, area_share },
            (None, _) => {}
        }
    }
    best
}

/// The share of the map's weighted sum, each value above `lowest`, that is inside; `None` where the whole sum is 0 or not finite.
fn weighted_share(map: &SaliencyMap, columns: &Weights, rows: &Weights, lowest: f64) -> Option<f64> {
    let (mut part, mut sum) = (0.0, 0.0);
    for (y, row) in map.values().chunks_exact(map.width()).enumerate() {
        for (x, value) in row.iter().enumerate() {
            let value = f64::from(*value) - lowest;
            part += value * columns.inside[x] * rows.inside[y];
            sum += value * columns.whole[x] * rows.whole[y];
        }
    }
    (sum > 0.0 && sum.is_finite()).then(|| (part / sum).clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A view of 4 × 4 pixels whose grid has one cell a pixel.
    const VIEW: BBox = BBox::new(0.0, 0.0, 4.0, 4.0);

    fn map4(values: [f32; 16]) -> SaliencyMap {
        SaliencyMap::from_values(4, 4, values.to_vec())
    }

    /// All saliency in the cell at column 1, row 1.
    fn single() -> SaliencyMap {
        let mut values = [0.0; 16];
        values[5] = 1.0;
        map4(values)
    }

    fn fit(map: &SaliencyMap, roi: BBox) -> f64 {
        roi_share(map, VIEW, roi).and_then(|share| share.fit).unwrap_or(f64::NAN)
    }

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-12
    }

    #[test]
    fn the_hat_of_one_cell_has_three_quarters_of_its_area_in_it() {
        // The hat falls from 1 at the cell's centre to 1/2 at its edge and 0 half a cell further: 2 * (1 + 1/2) / 2 * 1/2.
        assert!(close(fit(&single(), BBox::new(1.0, 0.0, 2.0, 4.0)), 0.75));
        assert!(close(fit(&single(), BBox::new(1.0, 1.0, 2.0, 2.0)), 0.75 * 0.75));
        // One eighth of it lies in each neighbour.
        assert!(close(fit(&single(), BBox::new(0.0, 0.0, 1.0, 4.0)), 0.125));
        assert!(close(fit(&single(), BBox::new(2.0, 0.0, 4.0, 4.0)), 0.125));
        // Up to the cell's centre it is half.
        assert!(close(fit(&single(), BBox::new(0.0, 0.0, 1.5, 4.0)), 0.5));
    }

    #[test]
    fn the_surface_is_constant_beyond_the_outer_centres() {
        let mut values = [0.0; 16];
        values[0] = 1.0;
        let corner = map4(values);
        // Half a cell of height 1, then a slope down to 0 over one cell.
        assert!(close(fit(&corner, BBox::new(0.0, 0.0, 0.5, 4.0)), 0.5));
        assert!(close(fit(&corner, BBox::new(0.0, 0.0, 1.0, 1.0)), 0.875 * 0.875));
    }

    #[test]
    fn a_quadrant_of_a_checkered_map() {
        // Two columns of 1, two of 3: the left half holds 8 of 32, less what the slope between them takes: the surface falls
        // from 2 to 1 over half a cell on the left of the middle, so that the left half gains 1/2 * 1/2 per row.
        let map = map4([1.0, 1.0, 3.0, 3.0].repeat(4).try_into().unwrap_or([0.0; 16]));
        assert!(close(fit(&map, BBox::new(0.0, 0.0, 2.0, 4.0)), (8.0 + 4.0 * 0.25) / 32.0));
    }

    #[test]
    fn pixel_sums_count_the_centres_inside() {
        let rule = ShareRule { integral: Integral::Pixels(Size::new(4, 4)), subtract_minimum: false };
        let share = |roi| roi_share_by(&single(), VIEW, roi, rule).and_then(|s| s.fit);
        // At one pixel a cell the surface is the map itself. An edge on a centre includes it at the start, not at the end.
        assert_eq!(share(BBox::new(1.5, 1.5, 2.0, 2.0)), Some(1.0));
        assert_eq!(share(BBox::new(0.0, 0.0, 1.5, 1.5)), Some(0.0));
        assert_eq!(share(BBox::new(1.6, 1.6, 4.0, 4.0)), Some(0.0));
    }

    #[test]
    fn subtracting_the_minimum_leaves_what_stands_out() {
        let rule = ShareRule { subtract_minimum: true, ..ShareRule::default() };
        let raised = map4(std::array::from_fn(|i| if i == 5 { 3.0 } else { 2.0 }));
        let roi = BBox::new(1.0, 1.0, 2.0, 2.0);
        let share = roi_share_by(&raised, VIEW, roi, rule).and_then(|s| s.fit);
        assert_eq!(share, roi_share(&single(), VIEW, roi).and_then(|s| s.fit));
        let uniform = map4([2.0; 16]);
        assert_eq!(roi_share_by(&uniform, VIEW, roi, rule).and_then(|s| s.fit), None);
    }

    #[test]
    fn a_region_outside_the_view_is_none_and_one_across_its_edge_is_clipped() {
        assert_eq!(roi_share(&single(), VIEW, BBox::new(4.0, 0.0, 9.0, 4.0)), None);
        assert_eq!(roi_share(&single(), VIEW, BBox::new(f32::NAN, 0.0, 9.0, 4.0)), None);
        let across = roi_share(&single(), VIEW, BBox::new(-7.0, -7.0, 1.5, 99.0));
        assert_eq!(across, Some(RoiShare { fit: Some(0.5), area_share: 1.5 / 4.0 }));
    }

    #[test]
    fn the_largest_fit_wins_and_of_equal_ones_the_first() {
        let share = |fit| Some(RoiShare { fit: Some(fit), area_share: 0.5 });
        assert_eq!(
            best_fit(&[None, share(0.2), share(0.7), share(0.7)]),
            Fit::Measured { roi: 2, fit: 0.7, area_share: 0.5 }
        );
    }

    #[test]
    fn no_region_and_a_flat_map_are_states_of_their_own() {
        let flat = map4([0.0; 16]);
        let inside = roi_share(&flat, VIEW, BBox::new(1.0, 1.0, 2.0, 2.0));
        assert_eq!(inside, Some(RoiShare { fit: None, area_share: 1.0 / 16.0 }));
        assert_eq!(best_fit(&[None, inside]), Fit::FlatMap);
        assert_eq!(best_fit(&[None, None]), Fit::OutsideView);
        assert_eq!(best_fit(&[]), Fit::NoRoi);
        assert_eq!((Fit::FlatMap.value(), Fit::NoRoi.lift()), (None, None));
    }

    #[test]
    fn lift_is_fit_over_area_share() {
        assert_eq!(Fit::Measured { roi: 0, fit: 0.75, area_share: 0.25 }.lift(), Some(3.0));
    }

    /// A map of up to 9 × 9 cells with some saliency, a view, and a point in it.
    fn scene() -> impl Strategy<Value = (SaliencyMap, BBox, (f32, f32))> {
        let map = (1usize..10, 1usize..10).prop_flat_map(|(h, w)| {
            prop::collection::vec(0f32..2.0, h * w).prop_map(move |mut values| {
                values[0] += 0.01;
                SaliencyMap::from_values(h, w, values)
            })
        });
        let view = (0f32..500.0, 0f32..500.0, 20f32..800.0, 20f32..800.0);
        (map, view, 0.05f32..0.95, 0.05f32..0.95)
            .prop_map(|(map, (x, y, w, h), u, v)| (map, BBox::new(x, y, x + w, y + h), (x + u * w, y + v * h)))
    }

    fn share_of(map: &SaliencyMap, view: BBox, roi: BBox) -> f64 {
        roi_share(map, view, roi).and_then(|share| share.fit).unwrap_or(f64::NAN)
    }

    proptest! {
        #[test]
        fn the_whole_view_holds_everything((map, view, _) in scene()) {
            let far = BBox::new(view.x0 - 9.0, view.y0 - 9.0, view.x1 + 9.0, view.y1 + 9.0);
            for roi in [view, far] {
                let share = roi_share(&map, view, roi);
                prop_assert_eq!(share.map(|s| s.area_share), Some(1.0));
                prop_assert!((share_of(&map, view, roi) - 1.0).abs() < 1e-9);
            }
        }

        #[test]
        fn parts_of_the_view_add_up((map, view, (x, y)) in scene()) {
            let parts = [
                BBox { x1: x, y1: y, ..view }, BBox { x0: x, y1: y, ..view },
                BBox { x1: x, y0: y, ..view }, BBox { x0: x, y0: y, ..view },
            ];
            let sum: f64 = parts.iter().map(|part| share_of(&map, view, *part)).sum();
            prop_assert!((sum - 1.0).abs() < 1e-9);
        }

        #[test]
        fn a_uniform_map_gives_the_area_share((map, view, (x, y)) in scene()) {
            let uniform = SaliencyMap::from_values(map.height(), map.width(), vec![0.7; map.values().len()]);
            let roi = BBox { x0: x, y0: y, ..view };
            for integral in [Integral::Exact, Integral::Pixels(Size::new(1000, 1000))] {
                let share = roi_share_by(&uniform, view, roi, ShareRule { integral, subtract_minimum: false });
                let share = share.unwrap_or(RoiShare { fit: None, area_share: 0.0 });
                let allowed = if integral == Integral::Exact { 1e-9 } else { 3e-3 };
                prop_assert!((share.fit.unwrap_or(f64::NAN) - share.area_share).abs() < allowed);
            }
        }

        #[test]
        fn scaling_the_map_changes_no_share((map, view, (x, y)) in scene(), factor in 1e-3f32..1e3) {
            let scaled = map.values().iter().map(|v| v * factor).collect();
            let scaled = SaliencyMap::from_values(map.height(), map.width(), scaled);
            let roi = BBox { x1: x, y1: y, ..view };
            prop_assert!((share_of(&map, view, roi) - share_of(&scaled, view, roi)).abs() < 1e-6);
        }
    }
}
