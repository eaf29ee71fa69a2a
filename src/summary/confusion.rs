//! What a class is taken for.

use std::collections::BTreeMap;

use crate::analysis::Score;
use crate::dataset::ClassId;

/// A class that samples were wrongly taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Confusion {
    /// The predicted class.
    pub predicted: ClassId,
    /// Samples with this prediction.
    pub samples: usize,
}

/// The predictions of the samples that are predicted wrongly, the most frequent first, then in order of the class.
pub fn confusions<'a>(scores: impl IntoIterator<Item = &'a Score>) -> Vec<Confusion> {
    let mut counts: BTreeMap<ClassId, usize> = BTreeMap::new();
    for score in scores.into_iter().filter(|score| score.correct == Some(false)) {
        *counts.entry(score.predicted).or_default() += 1;
    }
    let mut found: Vec<_> = counts.into_iter().map(|(predicted, samples)| Confusion { predicted, samples }).collect();
    found.sort_by_key(|confusion| (usize::MAX - confusion.samples, confusion.predicted));
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fit::Fit;

    #[test]
    fn only_wrong_predictions_count_and_the_most_frequent_is_first() {
        let score = |class, correct| {
            let predicted = ClassId(class);
            Score { predicted, confidence: 0.5, target: predicted, correct, fit: Fit::NoRoi, source: None }
        };
        let scores = [
            score(1, Some(true)),
            score(7, Some(false)),
            score(3, Some(false)),
            score(7, Some(false)),
            score(2, Some(false)),
            score(9, None),
        ];
        let found: Vec<_> = confusions(&scores).iter().map(|c| (c.predicted.0, c.samples)).collect();
        assert_eq!(found, [(7, 2), (2, 1), (3, 1)]);
    }
}
