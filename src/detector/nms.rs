//! Greedy non-maximum suppression.

use crate::geometry::BBox;

/// Indices of the boxes that survive, by falling score (equal scores: by index).
///
/// A box goes when a better one of the same `group` overlaps it by more than `threshold` (intersection over union).
/// The group is a class, or a pyramid level for region proposals. An empty box overlaps nothing.
///
/// # Panics
/// If the three lists differ in length.
pub fn suppress(boxes: &[BBox], scores: &[f32], groups: &[usize], threshold: f32) -> Vec<usize> {
    assert!(boxes.len() == scores.len() && boxes.len() == groups.len(), "one score and one group a box");
    let mut kept: Vec<usize> = Vec::new();
    let mut kept_of_group: Vec<Vec<usize>> = Vec::new();
    for i in by_falling_score(scores) {
        let group = groups[i];
        if kept_of_group.len() <= group {
            kept_of_group.resize_with(group + 1, Vec::new);
        }
        let rivals = &mut kept_of_group[group];
        if rivals.iter().all(|&k| !overlaps(boxes[k], boxes[i], threshold)) {
            rivals.push(i);
            kept.push(i);
        }
    }
    kept
}

/// Indices of `scores` from the highest to the lowest, equal ones in their own order.
pub fn by_falling_score(scores: &[f32]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
    order
}

/// Whether the intersection over union is above `threshold`, by the division that the reference libraries do.
fn overlaps(a: BBox, b: BBox, threshold: f32) -> bool {
    a.iou(b) > threshold
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Three boxes of 10 × 10: the second overlaps the first by 81 / 119 = 0.68, the third is far away.
    fn three() -> Vec<BBox> {
        vec![BBox::new(0.0, 0.0, 10.0, 10.0), BBox::new(1.0, 1.0, 11.0, 11.0), BBox::new(50.0, 50.0, 60.0, 60.0)]
    }

    #[test]
    fn the_better_of_two_overlapping_boxes_stays() {
        assert_eq!(suppress(&three(), &[0.5, 0.9, 0.7], &[0; 3], 0.5), [1, 2]);
        assert_eq!(suppress(&three(), &[0.5, 0.9, 0.7], &[0; 3], 0.7), [1, 2, 0]);
    }

    #[test]
    fn groups_do_not_suppress_each_other() {
        assert_eq!(suppress(&three(), &[0.5, 0.9, 0.7], &[0, 3, 0], 0.5), [1, 2, 0]);
    }

    #[test]
    fn of_equal_scores_the_first_box_stays() {
        assert_eq!(suppress(&three(), &[0.5; 3], &[0; 3], 0.5), [0, 2]);
    }

    #[test]
    fn a_suppressed_box_suppresses_nothing() {
        // A row of boxes, each overlapping its neighbours by 1/3.
        let row: Vec<_> = (0..4).map(|i| BBox::new(5.0 * i as f32, 0.0, 5.0 * i as f32 + 10.0, 1.0)).collect();
        assert_eq!(suppress(&row, &[0.9, 0.8, 0.7, 0.6], &[0; 4], 0.3), [0, 2]);
    }

    #[test]
    fn empty_boxes_survive() {
        let empty = BBox::new(3.0, 3.0, 3.0, 9.0);
        assert_eq!(suppress(&[empty, empty], &[0.1, 0.2], &[0, 0], 0.5), [1, 0]);
    }

    fn some_boxes() -> impl Strategy<Value = Vec<(BBox, f32, usize)>> {
        let one = (0f32..90.0, 0f32..90.0, 1f32..60.0, 1f32..60.0, 0f32..1.0, 0usize..3);
        proptest::collection::vec(
            one.prop_map(|(x, y, w, h, score, group)| (BBox::new(x, y, x + w, y + h), score, group)),
            0..40,
        )
    }

    proptest! {
        #[test]
        fn survivors_do_not_overlap_and_the_others_have_a_better_survivor(all in some_boxes(), threshold in 0.1f32..0.9) {
            let boxes: Vec<_> = all.iter().map(|b| b.0).collect();
            let scores: Vec<_> = all.iter().map(|b| b.1).collect();
            let groups: Vec<_> = all.iter().map(|b| b.2).collect();
            let kept = suppress(&boxes, &scores, &groups, threshold);
            prop_assert!(kept.windows(2).all(|w| scores[w[0]] >= scores[w[1]]));
            for (i, b) in boxes.iter().enumerate() {
                let beaten = kept.iter().any(|&k| {
                    k != i && groups[k] == groups[i] && scores[k] >= scores[i] && boxes[k].iou(*b) > threshold
                });
                prop_assert_eq!(kept.contains(&i), !beaten);
            }
        }
    }
}
