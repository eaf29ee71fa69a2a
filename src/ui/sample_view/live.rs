//! An image's numbers while regions are drawn on it: no network runs, the fit follows from the stored map.

use std::cell::OnceCell;

use crate::analysis::{Measured, RoiChoice, Standing};
use crate::measure::WithBaselines;
use crate::roi::{DrawnRoi, RoiSource};
use crate::summary::sample_measures;

/// The numbers of an image with the regions that are drawn on it at this moment.
#[derive(Debug)]
pub(super) struct Live {
    stored: Measured,
    drawn: Vec<DrawnRoi>,
    choice: RoiChoice,
    measured: Measured,
    /// For each drawn region its place among the measured ones; `None` where nothing of it lies inside the image.
    places: Vec<Option<usize>>,
    /// Rises with every other map.
    map: u64,
    /// Computed when they are asked for.
    measures: OnceCell<Option<WithBaselines>>,
}

impl Live {
    pub(super) fn new(stored: &Measured, drawn: &[DrawnRoi], choice: RoiChoice) -> Self {
        let (measured, places) = with_drawn(stored, drawn, choice);
        Self {
            stored: stored.clone(),
            drawn: drawn.to_vec(),
            choice,
            measured,
            places,
            map: 0,
            measures: OnceCell::new(),
        }
    }

    /// Brings the numbers up to date; does nothing where they are.
    pub(super) fn update(&mut self, stored: &Measured, drawn: &[DrawnRoi], choice: RoiChoice) {
        if self.stored == *stored && self.drawn == drawn && self.choice == choice {
            return;
        }
        let map = self.map + u64::from(self.stored.explanation != stored.explanation);
        *self = Self { map, ..Self::new(stored, drawn, choice) };
    }

    /// The numbers; drawn regions come after all others.
    pub(super) fn measured(&self) -> &Measured {
        &self.measured
    }

    /// The measures of the map and the regions that the fit is of.
    pub(super) fn measures(&self) -> Option<&WithBaselines> {
        self.measures.get_or_init(|| sample_measures(&self.measured)).as_ref()
    }

    /// The place of a drawn region among the measured ones.
    pub(super) fn place(&self, drawn: usize) -> Option<usize> {
        self.places.get(drawn).copied().flatten()
    }

    /// The drawn region at a place among the measured ones.
    pub(super) fn drawn_at(&self, place: usize) -> Option<usize> {
        self.places.iter().position(|p| *p == Some(place))
    }

    /// A number that changes with the map.
    pub(super) fn map_number(&self) -> u64 {
        self.map
    }
}

/// The stored regions but the drawn ones, then those that are drawn now, which belong to any class.
fn with_drawn(stored: &Measured, drawn: &[DrawnRoi], choice: RoiChoice) -> (Measured, Vec<Option<usize>>) {
    let others = stored.rois.iter().filter(|region| region.roi.source != RoiSource::Hand);
    let (mut rois, mut belong): (Vec<_>, Vec<_>) =
        others.map(|region| (region.roi.clone(), region.standing.belongs)).unzip();
    let mut places = Vec::new();
    for region in drawn {
        let roi = region.roi(stored.explanation.image);
        places.push(roi.is_some().then_some(rois.len()));
        rois.extend(roi);
    }
    belong.resize(rois.len(), true);
    let counts = choice.counts(&rois);
    let standings: Vec<_> =
        rois.iter().zip(belong).map(|(roi, belongs)| Standing { counts: counts(roi), belongs }).collect();
    let rois = rois.into_iter().zip(standings).collect();
    (Measured::by_rule(stored.explanation.clone(), rois, choice.rule), places)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{Explanation, Prediction};
    use crate::dataset::ClassId;
    use crate::fit::Fit;
    use crate::geometry::{BBox, Size};
    use crate::roi::{Outline, Roi};
    use crate::saliency::SaliencyMap;

    fn stored() -> Measured {
        let image = Size::new(40, 40);
        let explanation = Explanation {
            image,
            view: image.bounds(),
            top: vec![Prediction { class: ClassId(0), probability: 1.0 }],
            target: ClassId(0),
            map: SaliencyMap::from_values(2, 2, vec![1.0; 4]),
        };
        let old = Roi::of_box(BBox::new(0.0, 0.0, 40.0, 40.0), 1.0, "old", RoiSource::Hand);
        let quarter = Roi::of_box(BBox::new(0.0, 0.0, 20.0, 20.0), 0.9, "dog", RoiSource::Detector);
        Measured::new(explanation, vec![old, quarter])
    }

    fn drawn(x1: f32) -> DrawnRoi {
        DrawnRoi { outline: Outline::Box(BBox::new(0.0, 0.0, x1, 40.0)), name: String::new() }
    }

    #[test]
    fn the_fit_follows_what_is_drawn_and_not_what_was_stored_as_drawn() {
        let mut live = Live::new(&stored(), &[], RoiChoice::default());
        assert!(matches!(live.measured().fit, Fit::Measured { roi: 0, fit, .. } if (fit - 0.25).abs() < 1e-9));
        live.update(&stored(), &[drawn(30.0)], RoiChoice::default());
        assert!(matches!(live.measured().fit, Fit::Measured { roi: 1, fit, .. } if (fit - 0.75).abs() < 1e-9));
        assert_eq!((live.place(0), live.drawn_at(1), live.drawn_at(0)), (Some(1), Some(0), None));
        assert_eq!(live.measured().rois.iter().map(|region| region.standing.counts).collect::<Vec<_>>(), [false, true]);
    }

    #[test]
    fn a_drawing_without_a_pixel_has_no_place() {
        let live = Live::new(&stored(), &[drawn(0.0), drawn(10.0)], RoiChoice::default());
        assert_eq!((live.place(0), live.place(1), live.drawn_at(1)), (None, Some(1), Some(1)));
    }

    #[test]
    fn only_another_map_has_another_number() {
        let mut live = Live::new(&stored(), &[], RoiChoice::default());
        live.update(&stored(), &[drawn(30.0)], RoiChoice::default());
        assert_eq!(live.map_number(), 0);
        let mut other = stored();
        other.explanation.map = SaliencyMap::from_values(1, 1, vec![1.0]);
        live.update(&other, &[drawn(30.0)], RoiChoice::default());
        assert_eq!(live.map_number(), 1);
    }
}
