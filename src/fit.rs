//! Fit: the share of a saliency map that lies inside a region.
//!
//! Comes in: a [`SaliencyMap`] over a view and the regions of the image. Goes out: a [`RoiShare`] for each region inside the
//! view and the sample's [`Fit`]. May not live here: networks, averages over samples (see [`crate::summary`]).
//!
//! The map is understood as the surface that bilinear interpolation with half-pixel centres and clamped edges draws between
//! the grid's cells. Each cell then owns a hat function of area 1, so the integral over the whole view is the plain sum of the
//! values, and the integral over a box is `wy^T M wx / sum(M)` with `w_i` the part of hat `i` between the box's edges.

use crate::geometry::{Affine, BBox};
use crate::saliency::SaliencyMap;

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
    /// No region has a part inside the view.
    NoRoi,
    /// There are regions, but the map is zero everywhere.
    FlatMap,
}

impl Fit {
    /// The fit, where there is one.
    pub fn value(self) -> Option<f64> {
        match self {
            Self::Measured { fit, .. } => Some(fit),
            Self::NoRoi | Self::FlatMap => None,
        }
    }

    /// The best region's share of the view, where there is a fit.
    pub fn area_share(self) -> Option<f64> {
        match self {
            Self::Measured { area_share, .. } => Some(area_share),
            Self::NoRoi | Self::FlatMap => None,
        }
    }

    /// Fit over area share: 1 where the region attracts no more than its size explains.
    pub fn lift(self) -> Option<f64> {
        match self {
            Self::Measured { fit, area_share, .. } => Some(fit / area_share),
            Self::NoRoi | Self::FlatMap => None,
        }
    }
}

/// Share of the view above which a region says nothing, since it is nearly the whole view.
pub const UNINFORMATIVE_AREA_SHARE: f64 = 0.9;

/// What a region of the image holds of the map over `view`; both boxes in image pixels. `None` if it lies outside the view.
pub fn roi_share(map: &SaliencyMap, view: BBox, roi: BBox) -> Option<RoiShare> {
    let inside = roi.intersection(view)?;
    let area_share =
        f64::from(inside.width()) * f64::from(inside.height()) / (f64::from(view.width()) * f64::from(view.height()));
    let fit = (!map.is_flat()).then(|| exact_share(map, view, inside));
    Some(RoiShare { fit, area_share })
}

/// The fit of a sample from the shares of its regions (`None` for those outside the view), in order of falling score: the
/// largest fit wins, and of equal ones the first.
pub fn best_fit(shares: &[Option<RoiShare>]) -> Fit {
    let mut best = Fit::NoRoi;
    for (roi, share) in shares.iter().enumerate() {
        let Some(RoiShare { fit, area_share }) = *share else { continue };
        match (fit, best) {
            (None, Fit::NoRoi) => best = Fit::FlatMap,
            (Some(fit), Fit::Measured { fit: so_far, .. }) if fit <= so_far => {}
            (Some(fit), _) => best = Fit::Measured { roi, fit, area_share },
            (None, _) => {}
        }
    }
    best
}

/// The exact integral of the bilinear surface over `inside`, over that of the whole view; `inside` lies in `view`.
fn exact_share(map: &SaliencyMap, view: BBox, inside: BBox) -> f64 {
    let grid = BBox::new(0.0, 0.0, map.width() as f32, map.height() as f32);
    let b = Affine::between(view, grid).bbox(inside);
    let wx = hat_weights(map.width(), f64::from(b.x0), f64::from(b.x1));
    let wy = hat_weights(map.height(), f64::from(b.y0), f64::from(b.y1));
    let (mut part, mut whole) = (0.0, 0.0);
    for (row, wy) in map.values().chunks_exact(map.width()).zip(&wy) {
        for (value, wx) in row.iter().zip(&wx) {
            part += f64::from(*value) * wx * wy;
            whole += f64::from(*value);
        }
    }
    (part / whole).clamp(0.0, 1.0)
}

/// The part of each of `n` hat functions between `a` and `b`, in cells. Hat `i` has its top, of height 1, at `i + 0.5` and
/// falls to 0 over one cell on each side; the outer halves of the first and last are constant 1.
fn hat_weights(n: usize, a: f64, b: f64) -> Vec<f64> {
    // Integral of hat `i` from minus infinity to `t`.
    let upto = |i: usize, t: f64| {
        let d = t - (i as f64 + 0.5);
        let left = if i == 0 {
            // Constant 1 from 0 to the top.
            t.clamp(0.0, 0.5)
        } else {
            let u = (d.min(0.0) + 1.0).max(0.0);
            0.5 * u * u
        };
        let right = if i + 1 == n {
            d.clamp(0.0, 0.5)
        } else {
            let u = d.clamp(0.0, 1.0);
            u - 0.5 * u * u
        };
        left + right
    };
    (0..n).map(|i| upto(i, b) - upto(i, a)).collect()
}
