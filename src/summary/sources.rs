//! Whose regions fits are of.

use crate::roi::RoiSource;

/// Numbers of samples by the source of the region that their fit is of; those without a fit are in none of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FitSources {
    /// From a detector.
    pub detector: usize,
    /// From annotations.
    pub annotation: usize,
    /// Drawn by hand.
    pub hand: usize,
}

impl FitSources {
    pub(super) fn of(sources: impl Iterator<Item = RoiSource>) -> Self {
        let mut counts = Self::default();
        for source in sources {
            *match source {
                RoiSource::Detector => &mut counts.detector,
                RoiSource::Annotation => &mut counts.annotation,
                RoiSource::Hand => &mut counts.hand,
            } += 1;
        }
        counts
    }

    /// All samples with a fit.
    pub fn count(&self) -> usize {
        self.detector + self.annotation + self.hand
    }

    /// Share of the fits that are not of a detector's regions; `None` without any fit.
    pub fn share_of_others(&self) -> Option<f64> {
        super::share(self.annotation + self.hand, self.count())
    }

    /// Whether several sources have fits, so that numbers mean different things.
    pub fn is_mixed(&self) -> bool {
        [self.detector, self.annotation, self.hand].iter().filter(|count| **count > 0).count() > 1
    }

    /// Those of two sets of samples.
    pub fn plus(&self, other: &Self) -> Self {
        Self {
            detector: self.detector + other.detector,
            annotation: self.annotation + other.annotation,
            hand: self.hand + other.hand,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_source_is_counted_apart() {
        use RoiSource::{Annotation, Detector, Hand};
        let counts = FitSources::of([Hand, Detector, Annotation, Hand].into_iter());
        assert_eq!(counts, FitSources { detector: 1, annotation: 1, hand: 2 });
        assert_eq!((counts.count(), counts.share_of_others(), counts.is_mixed()), (4, Some(0.75), true));
        assert!(!FitSources::of([Hand, Hand].into_iter()).is_mixed());
        assert_eq!(FitSources::default().share_of_others(), None);
    }
}
