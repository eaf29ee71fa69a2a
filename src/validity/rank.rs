//! Rank correlation.
//!
//! Comes in: two lists of numbers about the same things. Goes out: how much their orders agree. May not live here: what the
//! numbers mean.

/// Spearman's rank correlation, `-1.0..=1.0`, with the mean rank for equal values; `None` if the lists are not of one length, hold
/// fewer than two values or one that is not a number, or one of them is constant.
pub fn rank_correlation(a: &[f64], b: &[f64]) -> Option<f64> {
    if a.len() != b.len() || a.len() < 2 || a.iter().chain(b).any(|v| v.is_nan()) {
        return None;
    }
    let (a, b) = (ranks(a), ranks(b));
    let mean = (a.len() as f64 - 1.0) / 2.0;
    let dot = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| (x - mean) * (y - mean)).sum::<f64>();
    let spread = (dot(&a, &a) * dot(&b, &b)).sqrt();
    (spread > 0.0).then(|| (dot(&a, &b) / spread).clamp(-1.0, 1.0))
}

/// The place of each value in rising order, from 0; equal ones share the mean of theirs.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|i, j| values[*i].total_cmp(&values[*j]));
    let mut ranks = vec![0.0; values.len()];
    let mut first = 0;
    for equal in order.chunk_by(|i, j| values[*i] >= values[*j]) {
        let mean = first as f64 + (equal.len() as f64 - 1.0) / 2.0;
        equal.iter().for_each(|i| ranks[*i] = mean);
        first += equal.len();
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn equal_values_share_their_mean_rank() {
        assert_eq!(ranks(&[3.0, 1.0, 3.0, 0.0]), [2.5, 1.0, 2.5, 0.0]);
    }

    #[test]
    fn a_case_worked_out_by_hand() {
        // 1 - 6 (0 + 1 + 1) / (3 * 8)
        assert_eq!(rank_correlation(&[1.0, 2.0, 3.0], &[10.0, 30.0, 20.0]), Some(0.5));
    }

    #[test]
    fn a_constant_list_has_no_order_to_agree_with() {
        assert_eq!(rank_correlation(&[1.0, 1.0], &[1.0, 2.0]), None);
        assert_eq!(rank_correlation(&[1.0], &[1.0]), None);
        assert_eq!(rank_correlation(&[1.0, f64::NAN], &[1.0, 2.0]), None);
    }

    proptest! {
        #[test]
        fn only_the_order_counts(values in proptest::collection::vec(-50f64..50.0, 2..30)) {
            let grown: Vec<_> = values.iter().map(|v| v.powi(3) + v).collect();
            let falling: Vec<_> = values.iter().map(|v| -v).collect();
            if let Some(r) = rank_correlation(&values, &grown) {
                prop_assert!((r - 1.0).abs() < 1e-12);
                prop_assert!((rank_correlation(&values, &falling).unwrap_or(0.0) + 1.0).abs() < 1e-12);
            }
        }
    }
}
