//! Localisation measures: other answers than the fit to how well a saliency map and a region agree.
//!
//! Comes in: a [`SaliencyMap`] over a view and a region of the image. Goes out: [`Measures`], and the same for maps that know
//! nothing of the network ([`Baseline`]). May not live here: networks, averages over samples.
//!
//! All but the fit and the lift are computed on a picture of the view: the map enlarged bilinearly, and the region's pixels,
//! those whose centre it holds. Where values are equal, as in a flat part of a map, the mean over all orders of the equal
//! ones is given, so that no result depends on how a sort treats them.

mod picture;
mod scores;

pub use picture::Picture;

use crate::fit::{ShareRule, region_share};
use crate::geometry::{BBox, Size};
use crate::roi::Roi;
use crate::saliency::SaliencyMap;

/// Pixels of the picture that measures are computed on: the usual network input.
pub const PICTURE: Size = Size::new(224, 224);

/// Distance in pixels of [`PICTURE`] up to which a point beside a region still hits it, as in TorchRay.
pub const TOLERANCE_PX: f64 = 15.0;

/// Number of pixels that the top-k intersection looks at.
pub const TOP_K: usize = 1000;

/// How well a map and a region agree. Shares are `0.0..=1.0`; `None` where the question has no answer: the region holds no
/// pixel's centre or every one, or the map is flat.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Measures {
    /// Exact integral of the map inside the region over that of the view (see [`crate::fit`]).
    pub fit: Option<f64>,
    /// The same as a sum over pixels, the formula of Szandała & Maciejewski; also *energy-based pointing game* (Wang et al. 2020),
    /// *relevance mass accuracy* (Arras et al. 2022).
    pub fit_pixels: Option<f64>,
    /// Fit over the region's share of the view.
    pub lift: Option<f64>,
    /// 1 where the largest value lies in the region or less than [`TOLERANCE_PX`] beside it, else 0 (Zhang et al. 2016).
    pub pointing_game: Option<f64>,
    /// Share of the `n` most salient pixels that are in the region, `n` being its number of pixels (*relevance rank accuracy*,
    /// Arras et al. 2022).
    pub rank_accuracy: Option<f64>,
    /// Share of the [`TOP_K`] most salient pixels that are in the region (*top-k intersection*, Theiner et al. 2021).
    pub top_k: Option<f64>,
    /// Area under the receiver operating characteristic of the map as a detector of the region's pixels: the probability that a
    /// pixel inside has a larger value than one outside (Fawcett 2006).
    pub roc_auc: Option<f64>,
    /// Share of the map's mass above half its largest value that is in the region.
    pub half_max_mass: Option<f64>,
}

impl Measures {
    /// The names of the measures, as in tables, in the order of [`Self::values`].
    pub const NAMES: [&'static str; 8] =
        ["fit", "fit_pixels", "lift", "pointing_game", "rank_accuracy", "top_k", "roc_auc", "half_max_mass"];

    /// The measures in the order of [`Self::NAMES`].
    pub fn values(&self) -> [Option<f64>; 8] {
        [
            self.fit,
            self.fit_pixels,
            self.lift,
            self.pointing_game,
            self.rank_accuracy,
            self.top_k,
            self.roc_auc,
            self.half_max_mass,
        ]
    }
}

/// A map that knows nothing of the network; a measure says something about the network by what it has beyond these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Baseline {
    /// All saliency at the centre of the view, where photographers put their objects.
    Centre,
    /// The same saliency everywhere.
    Uniform,
}

impl Baseline {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Centre, Self::Uniform];

    /// The word of tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Centre => "centre",
            Self::Uniform => "uniform",
        }
    }

    /// As a map: for the centre one cell of a grid of 223 by 223, for the uniform map a single cell.
    pub fn map(self) -> SaliencyMap {
        match self {
            Self::Centre => {
                let side = 223;
                let mut values = vec![0.0; side * side];
                values[side * side / 2] = 1.0;
                SaliencyMap::from_values(side, side, values)
            }
            Self::Uniform => SaliencyMap::from_values(1, 1, vec![1.0]),
        }
    }
}

/// How well a map over `view` (in image pixels) agrees with a region of any shape; `None` if the region lies outside the view.
pub fn measures(map: &SaliencyMap, view: BBox, roi: &Roi) -> Option<Measures> {
    let share = region_share(map, view, roi, ShareRule::default())?;
    let fit = share.fit;
    let mut result = Measures { fit, lift: fit.map(|f| f / share.area_share), ..Measures::default() };
    if map.is_flat() {
        return Some(result);
    }
    let picture = Picture::new(map, PICTURE);
    let inside = picture::pixels_inside(view, roi, PICTURE);
    let count = inside.iter().filter(|i| **i).count();
    if count == 0 {
        return Some(result);
    }
    result.fit_pixels = Some(scores::mass_inside(&picture, &inside, 0.0));
    result.half_max_mass = Some(scores::mass_inside(&picture, &inside, 0.5 * picture.max()));
    result.pointing_game = Some(scores::pointing_game(&picture, &inside, TOLERANCE_PX));
    result.rank_accuracy = Some(scores::top_inside(&picture, &inside, count));
    result.top_k = Some(scores::top_inside(&picture, &inside, TOP_K));
    result.roc_auc = (count < inside.len()).then(|| scores::roc_auc(&picture, &inside));
    Some(result)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::roi::RoiSource;
    use proptest::prelude::*;

    fn view() -> BBox {
        BBox::new(100.0, 50.0, 324.0, 274.0)
    }

    /// The measures of a box.
    fn boxed(map: &SaliencyMap, roi: BBox) -> Option<Measures> {
        measures(map, view(), &Roi::of_box(roi, 1.0, "", RoiSource::Detector))
    }

    #[test]
    fn a_region_outside_the_view_has_no_measures() {
        assert_eq!(boxed(&Baseline::Uniform.map(), BBox::new(0.0, 0.0, 90.0, 300.0)), None);
    }

    #[test]
    fn a_uniform_map_scores_the_share_of_the_area() {
        // A quarter of the view.
        let m = boxed(&Baseline::Uniform.map(), BBox::new(100.0, 50.0, 212.0, 162.0)).expect("inside the view");
        for value in [m.fit, m.fit_pixels, m.rank_accuracy, m.top_k, m.half_max_mass] {
            assert!((value.expect("defined") - 0.25).abs() < 1e-6, "{m:?}");
        }
        assert_eq!((m.roc_auc, m.lift), (Some(0.5), Some(1.0)));
    }

    #[test]
    fn the_centre_hits_a_region_in_the_middle_and_no_corner() {
        let centre = Baseline::Centre.map();
        let middle = boxed(&centre, BBox::new(190.0, 140.0, 230.0, 180.0)).expect("inside the view");
        assert_eq!(
            (middle.pointing_game, middle.half_max_mass, middle.rank_accuracy.map(|r| r > 0.0)),
            (Some(1.0), Some(1.0), Some(true))
        );
        assert!(middle.fit > Some(0.999), "{middle:?}");
        let corner = boxed(&centre, BBox::new(100.0, 50.0, 150.0, 100.0)).expect("inside the view");
        assert_eq!((corner.pointing_game, corner.half_max_mass), (Some(0.0), Some(0.0)));
    }

    #[test]
    fn a_flat_map_has_no_measures_but_does_not_fail() {
        let flat = SaliencyMap::from_values(2, 2, vec![0.0; 4]);
        assert_eq!(boxed(&flat, view()), Some(Measures::default()));
    }

    #[test]
    fn a_region_that_is_the_whole_view_has_no_roc() {
        let m = boxed(&Baseline::Centre.map(), view()).expect("inside the view");
        assert_eq!((m.roc_auc, m.pointing_game, m.top_k, m.fit_pixels), (None, Some(1.0), Some(1.0), Some(1.0)));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn shares_stay_between_0_and_1_and_pixel_sums_near_the_integral(
            values in proptest::collection::vec(0f32..5.0, 49), x in 100f32..280.0, y in 50f32..230.0, w in 20f32..200.0, h in 20f32..200.0,
        ) {
            let map = SaliencyMap::from_values(7, 7, values);
            let m = boxed(&map, BBox::new(x, y, x + w, y + h)).expect("starts in the view");
            for value in m.values().into_iter().flatten().take(2).chain(m.values()[3..].iter().flatten().copied()) {
                prop_assert!((0.0..=1.0).contains(&value));
            }
            // An edge moves by at most half a pixel on each side of up to 224, times the largest over the mean value.
            prop_assert!((m.fit.unwrap_or(0.0) - m.fit_pixels.unwrap_or(0.0)).abs() < 0.02);
        }

        #[test]
        fn doubling_the_map_changes_no_measure(values in proptest::collection::vec(0f32..5.0, 49)) {
            let map = SaliencyMap::from_values(7, 7, values.clone());
            let twice = SaliencyMap::from_values(7, 7, values.iter().map(|v| 2.0 * v).collect());
            let roi = BBox::new(120.0, 60.0, 220.0, 200.0);
            prop_assert_eq!(boxed(&map, roi), boxed(&twice, roi));
        }
    }
}
