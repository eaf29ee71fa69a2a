//! Localisation measures: other answers than the fit to how well a saliency map and a region agree.
//!
//! Comes in: a [`SaliencyMap`] over a view and a region of the image. Goes out: [`Measures`], and the same for maps that know
//! nothing of the network ([`Baseline`]). May not live here: networks, averages over samples.
//!
//! All but the exact fit and the lift are computed on a picture of the view: the map enlarged bilinearly to [`PICTURE`], and the
//! region's pixels, those whose centre it holds. Where values are equal, as in a flat part of a map, the mean over all orders of
//! the equal ones is given, so that no result depends on how a sort treats them.

mod baseline;
mod kind;
mod picture;
mod region;
mod scores;

pub use baseline::Baseline;
pub use kind::{Measure, MeasureChoice};

use crate::fit::{RoiShare, ShareRule, region_share, union_share};
use crate::geometry::{BBox, Size};
use crate::roi::Roi;
use crate::saliency::SaliencyMap;
use picture::Picture;
use region::Region;

/// Pixels of the picture that measures are computed on: the usual network input.
pub const PICTURE: Size = Size::new(224, 224);

/// Distance in pixels of [`PICTURE`] up to which a point beside a region still hits it, as in TorchRay.
pub const TOLERANCE_PX: f64 = 15.0;

/// Number of pixels that the top-k intersection looks at.
pub const TOP_K: usize = 1000;

/// How well a map and a region agree: a number for each [`Measure`], `None` where the question has no answer, since the region
/// holds no pixel's centre or every one, or the map is flat.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Measures([Option<f64>; Measure::ALL.len()]);

impl Measures {
    /// The value of one of them.
    pub fn get(&self, measure: Measure) -> Option<f64> {
        self.0[measure as usize]
    }

    /// All of them, in the order of [`Measure::ALL`].
    pub fn values(&self) -> [Option<f64>; Measure::ALL.len()] {
        self.0
    }

    /// The same with another value of one of them.
    #[must_use]
    pub fn with(mut self, measure: Measure, value: Option<f64>) -> Self {
        self.0[measure as usize] = value;
        self
    }
}

/// The measures of a region on a map, and on those that know nothing of the network.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct WithBaselines {
    /// On the map.
    pub map: Measures,
    /// On the baselines, in the order of [`Baseline::ALL`].
    pub baselines: [Measures; Baseline::ALL.len()],
}

impl WithBaselines {
    /// The chosen number; a difference needs both sides.
    pub fn get(&self, choice: MeasureChoice) -> Option<f64> {
        let value = self.map.get(choice.measure)?;
        match choice.minus {
            None => Some(value),
            Some(baseline) => Some(value - self.of(baseline).get(choice.measure)?),
        }
    }

    /// On a baseline.
    pub fn of(&self, baseline: Baseline) -> &Measures {
        &self.baselines[baseline as usize]
    }
}

/// How well a map over `view` (in image pixels) agrees with what `rois` cover together, of whatever shape, and how well the
/// baselines do; `None` if they lie outside the view.
pub fn measures(map: &SaliencyMap, view: BBox, rois: &[&Roi]) -> Option<WithBaselines> {
    let region = Region::new(view, rois, PICTURE);
    let own =
        of_picture(share(map, view, rois)?, (!map.is_flat()).then(|| Picture::new(map, PICTURE)).as_ref(), &region);
    let baseline = |baseline: Baseline| {
        let share = share(baseline.map(), view, rois)?;
        Some(of_picture(share, Some(baseline.picture()), &region))
    };
    let [centre, uniform] = Baseline::ALL;
    Some(WithBaselines { map: own, baselines: [baseline(centre)?, baseline(uniform)?] })
}

fn share(map: &SaliencyMap, view: BBox, rois: &[&Roi]) -> Option<RoiShare> {
    match rois {
        [roi] => region_share(map, view, roi, ShareRule::default()),
        _ => union_share(map, view, rois, ShareRule::default()),
    }
}

/// The measures of a region on a map that was drawn as a picture; `None` for a flat one.
fn of_picture(share: RoiShare, picture: Option<&Picture>, region: &Region) -> Measures {
    let fit = share.fit;
    let result = Measures::default().with(Measure::Fit, fit).with(Measure::Lift, fit.map(|f| f / share.area_share));
    let Some(picture) = picture.filter(|_| region.count() > 0) else { return result };
    let ranked = scores::Ranked::new(picture, region);
    let half = 0.5 * picture.max();
    result
        .with(Measure::FitPixels, Some(scores::mass_inside(picture, region, 0.0)))
        .with(Measure::HalfMaxMass, Some(scores::mass_inside(picture, region, half)))
        .with(Measure::PointingGame, Some(scores::pointing_game(picture, region, TOLERANCE_PX)))
        .with(Measure::RankAccuracy, Some(ranked.top_inside(region.count())))
        .with(Measure::TopK, Some(ranked.top_inside(TOP_K)))
        .with(Measure::RocAuc, ranked.roc_auc())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::roi::RoiSource;
    use proptest::prelude::*;

    fn view() -> BBox {
        BBox::new(100.0, 50.0, 324.0, 274.0)
    }

    fn roi(bbox: BBox) -> Roi {
        Roi::of_box(bbox, 1.0, "", RoiSource::Detector)
    }

    /// The measures of a box.
    fn boxed(map: &SaliencyMap, bbox: BBox) -> Option<Measures> {
        Some(measures(map, view(), &[&roi(bbox)])?.map)
    }

    fn values<const N: usize>(m: &Measures, of: [Measure; N]) -> [Option<f64>; N] {
        of.map(|measure| m.get(measure))
    }

    #[test]
    fn a_region_outside_the_view_has_no_measures() {
        assert_eq!(boxed(Baseline::Uniform.map(), BBox::new(0.0, 0.0, 90.0, 300.0)), None);
    }

    #[test]
    fn a_uniform_map_scores_the_share_of_the_area() {
        // A quarter of the view.
        let m = boxed(Baseline::Uniform.map(), BBox::new(100.0, 50.0, 212.0, 162.0)).expect("inside the view");
        for value in
            values(&m, [Measure::Fit, Measure::FitPixels, Measure::RankAccuracy, Measure::TopK, Measure::HalfMaxMass])
        {
            assert!((value.expect("defined") - 0.25).abs() < 1e-6, "{m:?}");
        }
        assert_eq!(values(&m, [Measure::RocAuc, Measure::Lift]), [Some(0.5), Some(1.0)]);
    }

    #[test]
    fn the_centre_hits_a_region_in_the_middle_and_no_corner() {
        let centre = Baseline::Centre.map();
        let middle = boxed(centre, BBox::new(190.0, 140.0, 230.0, 180.0)).expect("inside the view");
        assert_eq!(values(&middle, [Measure::PointingGame, Measure::HalfMaxMass]), [Some(1.0); 2]);
        assert!(middle.get(Measure::RankAccuracy) > Some(0.0) && middle.get(Measure::Fit) > Some(0.999), "{middle:?}");
        let corner = boxed(centre, BBox::new(100.0, 50.0, 150.0, 100.0)).expect("inside the view");
        assert_eq!(values(&corner, [Measure::PointingGame, Measure::HalfMaxMass]), [Some(0.0); 2]);
    }

    #[test]
    fn a_flat_map_has_no_measures_but_does_not_fail() {
        let flat = SaliencyMap::from_values(2, 2, vec![0.0; 4]);
        assert_eq!(boxed(&flat, view()), Some(Measures::default()));
    }

    #[test]
    fn a_region_that_is_the_whole_view_has_no_roc() {
        let m = boxed(Baseline::Centre.map(), view()).expect("inside the view");
        assert_eq!(m.get(Measure::RocAuc), None);
        assert_eq!(values(&m, [Measure::PointingGame, Measure::TopK, Measure::FitPixels]), [Some(1.0); 3]);
    }

    #[test]
    fn two_halves_together_measure_as_the_whole() {
        let map = SaliencyMap::from_values(3, 3, vec![0.0, 2.0, 1.0, 5.0, 0.5, 0.25, 1.0, 1.0, 3.0]);
        let (left, right) = (roi(BBox::new(120.0, 60.0, 200.0, 160.0)), roi(BBox::new(180.0, 60.0, 280.0, 160.0)));
        let both = measures(&map, view(), &[&left, &right]).map(|m| m.map);
        let whole = boxed(&map, BBox::new(120.0, 60.0, 280.0, 160.0));
        let (Some(both), Some(whole)) = (both, whole) else { panic!("inside the view") };
        for (a, b) in both.values().into_iter().zip(whole.values()) {
            assert!((a.expect("defined") - b.expect("defined")).abs() < 1e-12, "{both:?} {whole:?}");
        }
    }

    #[test]
    fn a_map_measures_as_the_baseline_that_it_is() {
        let region = roi(BBox::new(130.0, 70.0, 250.0, 200.0));
        for (i, baseline) in Baseline::ALL.into_iter().enumerate() {
            let m = measures(baseline.map(), view(), &[&region]).expect("inside the view");
            assert_eq!(m.map, m.baselines[i], "{baseline:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn shares_stay_between_0_and_1_and_pixel_sums_near_the_integral(
            values in proptest::collection::vec(0f32..5.0, 49), x in 100f32..280.0, y in 50f32..230.0, w in 20f32..200.0, h in 20f32..200.0,
        ) {
            let map = SaliencyMap::from_values(7, 7, values);
            let m = boxed(&map, BBox::new(x, y, x + w, y + h)).expect("starts in the view");
            for value in Measure::ALL.into_iter().filter(|measure| measure.is_share()).filter_map(|measure| m.get(measure)) {
                prop_assert!((0.0..=1.0).contains(&value));
            }
            // An edge moves by at most half a pixel on each side of up to 224, times the largest over the mean value.
            prop_assert!((m.get(Measure::Fit).unwrap_or(0.0) - m.get(Measure::FitPixels).unwrap_or(0.0)).abs() < 0.02);
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
