//! Focus: where the saliency of a class lies, in its regions and outside of them.
//!
//! Comes in: the [`Measured`] samples of a class. Goes out: a [`ClassFocus`] with the strongest patches outside of every
//! region and the mean maps. May not live here: pixels of photos, storage, drawing.
//!
//! Shares are sums of the bilinear surface between a map's cells over a lattice on the view, the paper's formula at a coarser
//! resolution. A sample counts the same whatever the scale of its map: each map is divided by its mean, so that 1 is what a
//! uniform map would have everywhere.

mod lattice;
mod mean;
mod outside;

pub use mean::{MARGIN, MeanMap};
pub use outside::{Outside, PATCH_SIDE, Patch, outside};

use crate::analysis::Measured;
use crate::dataset::SampleId;
use crate::fit::Fit;
use mean::MeanBuilder;

/// Patches that are looked for in one sample.
const PATCHES: usize = 2;

/// Where the saliency of a class lies.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClassFocus {
    /// The strongest patches outside of every region, the largest share first.
    pub patches: Vec<(SampleId, Patch)>,
    /// Mean share of the saliency outside of every region; `None` without a sample whose map is not flat.
    pub outside: Option<f64>,
    /// The mean map over the view.
    pub in_view: Option<MeanMap>,
    /// The mean map around the best region, whose box takes the middle half of each side.
    pub around_region: Option<MeanMap>,
}

/// Collects a class sample by sample.
#[derive(Debug, Default)]
pub struct FocusBuilder {
    patches: Vec<(SampleId, Patch)>,
    shares: Vec<f64>,
    in_view: MeanBuilder,
    around_region: MeanBuilder,
}

impl FocusBuilder {
    /// Adds a sample; one with a flat map adds nothing.
    pub fn add(&mut self, id: SampleId, measured: &Measured) {
        let Some(Outside { share, patches }) = outside(measured, PATCHES) else { return };
        self.shares.push(share);
        self.patches.extend(patches.into_iter().map(|patch| (id, patch)));
        let explanation = &measured.explanation;
        self.in_view.add_view(&explanation.map);
        if let Fit::Measured { roi, .. } = measured.fit
            && let Some(best) = measured.rois.get(roi)
        {
            self.around_region.add_region(&explanation.map, explanation.view, best.roi.bbox);
        }
    }

    /// What was collected. Means are sums in the order of the samples.
    pub fn finish(mut self) -> ClassFocus {
        self.patches.sort_by(|(a_id, a), (b_id, b)| b.share.total_cmp(&a.share).then(a_id.cmp(b_id)));
        let n = self.shares.len() as f64;
        ClassFocus {
            patches: self.patches,
            outside: (!self.shares.is_empty()).then(|| self.shares.iter().sum::<f64>() / n),
            in_view: self.in_view.finish(),
            around_region: self.around_region.finish(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{Explanation, Prediction};
    use crate::dataset::ClassId;
    use crate::geometry::{BBox, Size};
    use crate::roi::{Roi, RoiSource};
    use crate::saliency::SaliencyMap;

    /// A photo of 64 × 64 pixels, all of it in view.
    pub(super) fn measured(map: SaliencyMap, rois: &[BBox]) -> Measured {
        let image = Size::new(64, 64);
        let explanation = Explanation {
            image,
            view: image.bounds(),
            top: vec![Prediction { class: ClassId(0), probability: 1.0 }],
            target: ClassId(0),
            map,
        };
        let rois = rois.iter().map(|bbox| Roi::of_box(*bbox, 0.9, "cat", RoiSource::Detector)).collect();
        Measured::new(explanation, rois)
    }

    pub(super) fn uniform() -> SaliencyMap {
        SaliencyMap::from_values(1, 1, vec![2.0])
    }

    #[test]
    fn the_sample_with_the_larger_share_outside_comes_first() {
        let left = BBox::new(0.0, 0.0, 32.0, 64.0);
        let mostly = BBox::new(0.0, 0.0, 48.0, 64.0);
        let mut builder = FocusBuilder::default();
        builder.add(SampleId(1), &measured(uniform(), &[mostly]));
        builder.add(SampleId(2), &measured(uniform(), &[left]));
        builder.add(SampleId(3), &measured(SaliencyMap::from_values(1, 1, vec![0.0]), &[left]));
        let focus = builder.finish();
        assert_eq!(focus.outside, Some(0.375));
        assert_eq!(focus.patches.first().map(|(id, _)| id.0), Some(2));
        assert!(focus.patches.iter().all(|(id, _)| id.0 != 3), "a flat map has no patches");
        assert_eq!(focus.in_view.as_ref().map(|mean| mean.samples), Some(2));
    }

    #[test]
    fn a_class_without_samples_has_no_focus() {
        assert_eq!(FocusBuilder::default().finish(), ClassFocus::default());
    }
}
