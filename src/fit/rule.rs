//! Which of a sample's regions its fit is of.

use std::str::FromStr;

use super::union::union_share;
use super::{Fit, RoiShare, ShareRule, best_fit};
use crate::geometry::BBox;
use crate::roi::Roi;
use crate::saliency::SaliencyMap;

/// How the regions of a sample become its fit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum RoiRule {
    /// The region with the largest share of the saliency, as in the paper.
    #[default]
    Best,
    /// All regions together, what several of them cover counted once.
    Union,
    /// The region of the highest score that reaches into the view.
    TopScore,
    /// The best of those that belong to the class that the saliency explains.
    OfClass,
}

impl RoiRule {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Best, Self::Union, Self::TopScore, Self::OfClass];

    /// The word of flags.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Best => "best",
            Self::Union => "union",
            Self::TopScore => "top-score",
            Self::OfClass => "class",
        }
    }
}

impl FromStr for RoiRule {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let known = || Self::ALL.map(Self::as_str).join(", ");
        Self::ALL.into_iter().find(|r| r.as_str() == word).ok_or_else(|| format!("expected one of {}", known()))
    }
}

/// A region that counts.
#[derive(Clone, Copy, Debug)]
pub struct Counted<'a> {
    /// Its place among all regions of the sample.
    pub index: usize,
    /// The region.
    pub roi: &'a Roi,
    /// What it holds of the map; `None` where it lies outside the view.
    pub share: Option<RoiShare>,
    /// Whether it belongs to the class that the saliency explains.
    pub belongs: bool,
}

/// The fit of a sample by `rule`, from the regions that count in order of falling score, over the map of `view`.
///
/// Under [`RoiRule::Union`] the fit and the area share are those of all regions together, and the region that is named is the
/// one that holds most.
pub fn fit_by(rule: RoiRule, map: &SaliencyMap, view: BBox, counted: &[Counted<'_>]) -> Fit {
    let is_inside = |region: &Counted<'_>| region.share.is_some();
    match rule {
        RoiRule::Best => best_of(counted),
        RoiRule::TopScore => match counted.iter().position(is_inside) {
            Some(top) => best_of(&counted[top..=top]),
            None => best_of(counted),
        },
        RoiRule::OfClass => {
            let related: Vec<_> = counted.iter().copied().filter(|region| region.belongs).collect();
            match best_of(&related) {
                Fit::NoRoi | Fit::OutsideView if counted.iter().any(is_inside) => Fit::Unrelated,
                Fit::NoRoi => best_of(counted),
                fit => fit,
            }
        }
        RoiRule::Union => match best_of(counted) {
            Fit::Measured { roi, fit, area_share } => {
                let rois: Vec<_> = counted.iter().map(|region| region.roi).collect();
                match union_share(map, view, &rois, ShareRule::default()) {
                    Some(RoiShare { fit: Some(fit), area_share }) => Fit::Measured { roi, fit, area_share },
                    _ => Fit::Measured { roi, fit, area_share },
                }
            }
            other => other,
        },
    }
}

/// [`best_fit`] with the place among all regions.
fn best_of(counted: &[Counted<'_>]) -> Fit {
    let shares: Vec<_> = counted.iter().map(|region| region.share).collect();
    match best_fit(&shares) {
        Fit::Measured { roi, fit, area_share } => Fit::Measured { roi: counted[roi].index, fit, area_share },
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fit::region_share;
    use crate::roi::RoiSource;

    const VIEW: BBox = BBox::new(0.0, 0.0, 4.0, 4.0);

    /// A dog on the left half (score 0.9) and a cat in the lower right quarter (0.8), under saliency that is the same
    /// everywhere; a bird outside the view has the highest score.
    fn fit(rule: RoiRule, belongs: &str) -> Fit {
        let roi = |bbox, score, name: &str| Roi::of_box(bbox, score, name, RoiSource::Detector);
        let rois = [
            roi(BBox::new(4.0, 0.0, 9.0, 4.0), 0.99, "bird"),
            roi(BBox::new(2.0, 2.0, 4.0, 4.0), 0.9, "cat"),
            roi(BBox::new(0.0, 0.0, 2.0, 4.0), 0.8, "dog"),
        ];
        let map = SaliencyMap::from_values(1, 1, vec![1.0]);
        let share = |roi| region_share(&map, VIEW, roi, ShareRule::default());
        let counted: Vec<_> = rois
            .iter()
            .enumerate()
            .map(|(index, roi)| Counted { index, roi, share: share(roi), belongs: roi.name == belongs })
            .collect();
        fit_by(rule, &map, VIEW, &counted)
    }

    #[test]
    fn each_rule_takes_its_region() {
        let measured = |roi, share| Fit::Measured { roi, fit: share, area_share: share };
        assert_eq!(fit(RoiRule::Best, ""), measured(2, 0.5));
        assert_eq!(fit(RoiRule::Union, ""), measured(2, 0.75));
        assert_eq!(fit(RoiRule::TopScore, ""), measured(1, 0.25));
        assert_eq!(fit(RoiRule::OfClass, "cat"), measured(1, 0.25));
    }

    #[test]
    fn regions_of_other_classes_are_a_state_of_their_own() {
        assert_eq!(fit(RoiRule::OfClass, "wolf"), Fit::Unrelated);
        assert_eq!(fit(RoiRule::OfClass, "bird"), Fit::Unrelated);
        let map = SaliencyMap::from_values(1, 1, vec![1.0]);
        assert_eq!(fit_by(RoiRule::OfClass, &map, VIEW, &[]), Fit::NoRoi);
    }

    #[test]
    fn words_come_back() {
        for rule in RoiRule::ALL {
            assert_eq!(rule.as_str().parse(), Ok(rule));
        }
        assert_eq!("any".parse::<RoiRule>(), Err("expected one of best, union, top-score, class".to_owned()));
    }
}
