//! From the head's numbers to boxes (Li et al. 2020, generalised focal loss): every edge is the mean of a distribution over
//! eleven distances.

use crate::detector::nms::suppress;
use crate::geometry::{BBox, Size};

/// Distances that a distribution ranges over: 0 to 10 cells.
pub(super) const BINS: usize = 11;
/// A (cell, class) scoring above this is a candidate.
pub(super) const MIN_SCORE: f32 = 0.05;
/// A candidate goes when a better one of its class overlaps it by more than this intersection over union.
const MAX_OVERLAP: f32 = 0.6;
/// Most detections of an image.
const MAX_DETECTIONS: usize = 100;

/// One level of the pyramid, of one image.
///
/// # Shapes
/// `values`: `(classes + 4 * BINS, rows, columns)`, row-major: class logits, then the logits of left, top, right and bottom.
#[derive(Clone, Copy, Debug)]
pub(super) struct Level<'a> {
    pub(super) values: &'a [f32],
    pub(super) rows: usize,
    pub(super) columns: usize,
    /// Input pixels a cell.
    pub(super) stride: usize,
}

/// A box in input pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Candidate {
    pub(super) bbox: BBox,
    pub(super) score: f32,
    pub(super) class: usize,
}

/// The objects of one image: candidates of all levels, in the order of levels, cells and classes, after non-maximum suppression;
/// best first.
pub(super) fn decode(levels: &[Level<'_>], classes: usize, input: Size) -> Vec<Candidate> {
    let mut candidates = Vec::new();
    for level in levels {
        level.candidates(classes, input, &mut candidates);
    }
    let boxes: Vec<_> = candidates.iter().map(|c| c.bbox).collect();
    let scores: Vec<_> = candidates.iter().map(|c| c.score).collect();
    let groups: Vec<_> = candidates.iter().map(|c| c.class).collect();
    let kept = suppress(&boxes, &scores, &groups, MAX_OVERLAP);
    kept.into_iter().take(MAX_DETECTIONS).map(|i| candidates[i]).collect()
}

impl Level<'_> {
    fn candidates(&self, classes: usize, input: Size, found: &mut Vec<Candidate>) {
        let cells = self.rows * self.columns;
        // A little below the logit of the least score, so that the score itself decides.
        let least = (MIN_SCORE / (1.0 - MIN_SCORE)).ln() - 0.01;
        // class by class, as the values lie: few cells have an object
        let mut likely = vec![false; cells];
        for logits in self.values[..classes * cells].chunks_exact(cells) {
            for (likely, logit) in likely.iter_mut().zip(logits) {
                *likely |= *logit > least;
            }
        }
        for cell in (0..cells).filter(|cell| likely[*cell]) {
            let mut bbox = None;
            for class in 0..classes {
                let logit = self.values[class * cells + cell];
                if logit > least {
                    let score = sigmoid(logit);
                    if score > MIN_SCORE {
                        let bbox = *bbox.get_or_insert_with(|| self.bbox(cell, classes, input));
                        found.push(Candidate { bbox, score, class });
                    }
                }
            }
        }
    }

    /// The box of a cell, inside the input.
    fn bbox(&self, cell: usize, classes: usize, input: Size) -> BBox {
        let cells = self.rows * self.columns;
        let logit = |edge: usize, bin: usize| self.values[(classes + edge * BINS + bin) * cells + cell];
        let distance = |edge: usize| mean_bin(std::array::from_fn(|bin| logit(edge, bin))) * self.stride as f32;
        let x = ((cell % self.columns) as f32 + 0.5) * self.stride as f32;
        let y = ((cell / self.columns) as f32 + 0.5) * self.stride as f32;
        let b = BBox { x0: x - distance(0), y0: y - distance(1), x1: x + distance(2), y1: y + distance(3) };
        b.clamp_to(input.bounds())
    }
}

/// `1 / (1 + exp(-x))`
pub(super) fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

/// The mean of the bins' numbers under the softmax of their logits.
fn mean_bin(logits: [f32; BINS]) -> f32 {
    let max = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let (mut sum, mut moment) = (0.0, 0.0);
    for (bin, logit) in logits.iter().enumerate() {
        let weight = (logit - max).exp();
        sum += weight;
        moment += bin as f32 * weight;
    }
    moment / sum
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A level of one row whose cells have the given class logits (two classes) and, for every edge, all weight on one bin.
    fn row(logits: &[[f32; 2]], bins: &[[usize; 4]]) -> Vec<f32> {
        let cells = logits.len();
        let mut values = vec![-50.0; (2 + 4 * BINS) * cells];
        for cell in 0..cells {
            for class in 0..2 {
                values[class * cells + cell] = logits[cell][class];
            }
            for (edge, bin) in bins[cell].iter().enumerate() {
                values[(2 + edge * BINS + bin) * cells + cell] = 50.0;
            }
        }
        values
    }

    fn decoded(values: &[f32], columns: usize, stride: usize) -> Vec<Candidate> {
        decode(&[Level { values, rows: 1, columns, stride }], 2, Size::new(64, 64))
    }

    #[test]
    fn edges_lie_left_top_right_bottom_of_the_cell_centre() {
        let found = decoded(&row(&[[-9.0, -9.0], [0.0, -9.0]], &[[0; 4], [1, 0, 2, 3]]), 2, 8);
        // The second cell's centre is (12, 4).
        assert_eq!(found, [Candidate { bbox: BBox::new(4.0, 4.0, 28.0, 28.0), score: 0.5, class: 0 }]);
    }

    #[test]
    fn a_box_ends_at_the_border_of_the_input() {
        let found = decoded(&row(&[[0.0, -9.0]], &[[10, 10, 10, 10]]), 1, 32);
        assert_eq!(found[0].bbox, BBox::new(0.0, 0.0, 64.0, 64.0));
    }

    #[test]
    fn two_equal_logits_put_an_edge_between_their_bins() {
        let mut logits = [-80.0; BINS];
        logits[3] = 7.0;
        logits[6] = 7.0;
        assert!((mean_bin(logits) - 4.5).abs() < 1e-6);
    }

    #[test]
    fn one_cell_can_be_two_classes_but_not_twice_the_same_object() {
        // Both cells name the same box; the second is surer of class 0, the first alone thinks of class 1.
        let found = decoded(&row(&[[0.0, 0.5], [1.0, -9.0]], &[[0, 0, 4, 4], [1, 0, 3, 4]]), 2, 8);
        let pairs: Vec<_> = found.iter().map(|c| (c.class, c.score)).collect();
        assert_eq!(pairs, [(0, sigmoid(1.0)), (1, sigmoid(0.5))]);
    }

    #[test]
    fn scores_must_be_above_the_least_and_numbers() {
        let below = (MIN_SCORE / (1.0 - MIN_SCORE)).ln() - 1e-3;
        assert!(decoded(&row(&[[below, f32::NAN]], &[[1; 4]]), 1, 8).is_empty());
        assert_eq!(decoded(&row(&[[below + 2e-3, -9.0]], &[[1; 4]]), 1, 8).len(), 1);
    }

    #[test]
    fn at_most_a_hundred_objects_are_kept() {
        // 150 cells whose boxes are cells of their own.
        let cells = 150;
        let values = row(&vec![[1.0, -9.0]; cells], &vec![[0, 0, 1, 1]; cells]);
        let level = Level { values: &values, rows: 1, columns: cells, stride: 8 };
        assert_eq!(decode(&[level], 2, Size::new(2000, 64)).len(), MAX_DETECTIONS);
    }
}
