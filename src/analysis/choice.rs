//! Which of a sample's known regions count: a setting of looking at results, which no network has to run for.

use std::fmt;
use std::str::FromStr;

use crate::detector::nms::suppress;
use crate::fit::RoiRule;
use crate::roi::{Roi, RoiSource};

/// Whose regions count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Sources {
    /// In each sample those of whoever knows best: drawn by hand, else annotated, else the detector's.
    #[default]
    BestKnown,
    /// The detector's.
    Detector,
    /// Annotations.
    Annotation,
    /// Those drawn by hand.
    Hand,
}

impl Sources {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::BestKnown, Self::Detector, Self::Annotation, Self::Hand];

    /// The word of flags.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BestKnown => "best-known",
            Self::Detector => "detector",
            Self::Annotation => "annotation",
            Self::Hand => "hand",
        }
    }

    /// The one source that counts in a sample with these regions; `None` where there are none.
    fn of(self, rois: &[Roi]) -> Option<RoiSource> {
        match self {
            Self::BestKnown => rois.iter().map(|roi| roi.source).max(),
            Self::Detector => Some(RoiSource::Detector),
            Self::Annotation => Some(RoiSource::Annotation),
            Self::Hand => Some(RoiSource::Hand),
        }
    }
}

impl FromStr for Sources {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let known = || Self::ALL.map(Self::as_str).join(", ");
        Self::ALL.into_iter().find(|s| s.as_str() == word).ok_or_else(|| format!("expected one of {}", known()))
    }
}

/// Which of a sample's regions count, and how they become its fit.
///
/// It is written in words that [`RoiChoice::changed`] reads.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RoiChoice {
    /// Whose.
    pub sources: Sources,
    /// How they become a fit.
    pub rule: RoiRule,
    /// From which score on, `0.0..=1.0`; `None` for the run's own limit, which only detections have.
    pub min_score: Option<f32>,
    /// Of two regions of one source and name that overlap by more than this (intersection over union), the one of the lower
    /// score is left out; `None` for what the detector left.
    pub max_overlap: Option<f32>,
}

impl RoiChoice {
    /// What differs from the usual choice, in words; `None` where nothing does.
    pub fn words(&self) -> Option<String> {
        let usual = Self::default();
        let mut words = Vec::new();
        if self.sources != usual.sources {
            words.push(format!("source {}", self.sources.as_str()));
        }
        if self.rule != usual.rule {
            words.push(format!("rule {}", self.rule.as_str()));
        }
        words.extend(self.min_score.map(|score| format!("score at least {score}")));
        words.extend(self.max_overlap.map(|overlap| format!("overlap at most {overlap}")));
        (!words.is_empty()).then(|| words.join(", "))
    }

    /// Source and rule, and the limits where there are some, in words.
    pub fn all_words(&self) -> String {
        let mut words = format!("source {}, rule {}", self.sources.as_str(), self.rule.as_str());
        let limits = Self { sources: Sources::default(), rule: RoiRule::default(), ..*self };
        if let Some(limits) = limits.words() {
            words.push_str(&format!(", {limits}"));
        }
        words
    }

    /// This choice but for what `words` say: parts such as `annotation`, `rule=union`, `score=0.5` and `overlap=0.7`, with
    /// commas between them. `score=run` and `overlap=any` take a limit back.
    ///
    /// # Errors
    /// In words, if a part is not understood.
    pub fn changed(&self, words: &str) -> Result<Self, String> {
        let mut changed = *self;
        for part in words.split(',').map(str::trim) {
            match part.split_once('=') {
                None => changed.sources = part.parse()?,
                Some(("source", source)) => changed.sources = source.parse()?,
                Some(("rule", rule)) => changed.rule = rule.parse()?,
                Some(("score", "run")) => changed.min_score = None,
                Some(("score", score)) => changed.min_score = Some(share(score)?),
                Some(("overlap", "any")) => changed.max_overlap = None,
                Some(("overlap", overlap)) => changed.max_overlap = Some(share(overlap)?),
                Some((other, _)) => return Err(format!("expected source, rule, score or overlap, not {other}")),
            }
        }
        Ok(changed)
    }

    /// The regions that may count: those of enough score, thinned out; the detector's first, then annotated and drawn ones,
    /// each highest score first. Detections below the run's own limit must be left out before, where `min_score` is `None`.
    pub fn thinned(&self, mut rois: Vec<Roi>) -> Vec<Roi> {
        // A drawn region is certain.
        let min_score = self.min_score.unwrap_or(0.0);
        rois.retain(|roi| roi.source == RoiSource::Hand || roi.score >= min_score);
        rois.sort_by(|a, b| a.source.cmp(&b.source).then(b.score.total_cmp(&a.score)));
        match self.max_overlap {
            Some(limit) => without_overlaps(rois, limit),
            None => rois,
        }
    }

    /// Whether a region of a sample with these regions counts, by its source.
    pub fn counts(&self, rois: &[Roi]) -> impl Fn(&Roi) -> bool + use<> {
        let source = self.sources.of(rois);
        move |roi| Some(roi.source) == source
    }
}

impl fmt::Display for RoiChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "source={},rule={}", self.sources.as_str(), self.rule.as_str())?;
        self.min_score.map_or(Ok(()), |score| write!(f, ",score={score}"))?;
        self.max_overlap.map_or(Ok(()), |overlap| write!(f, ",overlap={overlap}"))
    }
}

fn share(word: &str) -> Result<f32, String> {
    let share = word.parse().ok().filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| format!("expected a number from 0 to 1, not {word}"))
}

/// The regions that non-maximum suppression by source and name leaves, in their order; drawn ones all stay.
fn without_overlaps(rois: Vec<Roi>, limit: f32) -> Vec<Roi> {
    let boxes: Vec<_> = rois.iter().map(|roi| roi.bbox).collect();
    let scores: Vec<_> = rois.iter().map(|roi| roi.score).collect();
    let alike = |a: &Roi, b: &Roi| a.name == b.name && a.source == b.source;
    let group = |roi: &Roi| rois.iter().position(|other| alike(other, roi)).unwrap_or(0);
    let groups: Vec<_> = rois.iter().map(group).collect();
    let mut kept: Vec<bool> = rois.iter().map(|roi| roi.source == RoiSource::Hand).collect();
    for i in suppress(&boxes, &scores, &groups, limit) {
        kept[i] = true;
    }
    rois.into_iter().zip(kept).filter_map(|(roi, kept)| kept.then_some(roi)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::BBox;

    fn roi(x: f32, score: f32, name: &str, source: RoiSource) -> Roi {
        Roi::of_box(BBox::new(x, 0.0, x + 10.0, 10.0), score, name, source)
    }

    fn lefts(choice: RoiChoice, rois: &[Roi]) -> Vec<f32> {
        let rois = choice.thinned(rois.to_vec());
        let counts = choice.counts(&rois);
        rois.iter().filter(|roi| counts(roi)).map(|roi| roi.bbox.x0).collect()
    }

    #[test]
    fn a_drawn_region_counts_before_an_annotated_one_and_that_before_a_detected_one() {
        use RoiSource::{Annotation, Detector, Hand};
        let all = [roi(0.0, 0.5, "a", Detector), roi(1.0, 1.0, "b", Annotation), roi(2.0, 1.0, "c", Hand)];
        let of = |sources| RoiChoice { sources, ..RoiChoice::default() };
        assert_eq!(lefts(of(Sources::BestKnown), &all), [2.0]);
        assert_eq!(lefts(of(Sources::BestKnown), &all[..2]), [1.0]);
        assert_eq!(lefts(of(Sources::BestKnown), &all[..1]), [0.0]);
        assert_eq!(lefts(of(Sources::Detector), &all), [0.0]);
        assert_eq!(lefts(of(Sources::Annotation), &all), [1.0]);
        assert_eq!(lefts(of(Sources::Hand), &all[..2]), [0.0; 0]);
    }

    #[test]
    fn a_score_and_an_overlap_thin_them_out() {
        let detected = |x, score, name| roi(x, score, name, RoiSource::Detector);
        // The second overlaps the first by 9 / 11, under the same name; the third by 8 / 12, under another.
        let all = [detected(1.0, 0.5, "a"), detected(0.0, 0.9, "a"), detected(2.0, 0.4, "b")];
        assert_eq!(lefts(RoiChoice::default(), &all), [0.0, 1.0, 2.0]);
        assert_eq!(lefts(RoiChoice { min_score: Some(0.45), ..RoiChoice::default() }, &all), [0.0, 1.0]);
        assert_eq!(lefts(RoiChoice { max_overlap: Some(0.5), ..RoiChoice::default() }, &all), [0.0, 2.0]);
        assert_eq!(lefts(RoiChoice { max_overlap: Some(0.85), ..RoiChoice::default() }, &all), [0.0, 1.0, 2.0]);
    }

    #[test]
    fn only_what_is_unusual_is_said() {
        assert_eq!(RoiChoice::default().words(), None);
        let choice = RoiChoice { rule: RoiRule::Union, min_score: Some(0.25), ..RoiChoice::default() };
        assert_eq!(choice.words().as_deref(), Some("rule union, score at least 0.25"));
    }

    #[test]
    fn words_change_what_they_name() -> Result<(), String> {
        let usual = RoiChoice::default();
        let choice = usual.changed("annotation, rule=union,score=0.5,overlap=0.75")?;
        assert_eq!(choice.all_words(), "source annotation, rule union, score at least 0.5, overlap at most 0.75");
        let back = choice.changed("source=best-known,rule=best,score=run,overlap=any")?;
        assert_eq!((back, back.all_words().as_str()), (usual, "source best-known, rule best"));
        assert_eq!(usual.changed(&choice.to_string())?, choice);
        assert_eq!(choice.changed("detector")?, RoiChoice { sources: Sources::Detector, ..choice });
        for (wrong, why) in [
            ("", "expected one of best-known, detector, annotation, hand"),
            ("rule=all", "expected one of best, union, top-score, class"),
            ("score=NaN", "expected a number from 0 to 1, not NaN"),
            ("overlap=1.5", "expected a number from 0 to 1, not 1.5"),
            ("colour=red", "expected source, rule, score or overlap, not colour"),
        ] {
            assert_eq!(usual.changed(wrong), Err(why.to_owned()));
        }
        Ok(())
    }

    #[test]
    fn drawn_regions_are_never_thinned_out() {
        let all = [roi(0.0, 1.0, "", RoiSource::Hand), roi(0.5, 1.0, "", RoiSource::Hand)];
        let strict = RoiChoice { min_score: Some(1.0), max_overlap: Some(0.1), ..RoiChoice::default() };
        assert_eq!(lefts(strict, &all), [0.0, 0.5]);
    }
}
