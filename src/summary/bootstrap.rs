//! The 95 % interval of a mean by the percentile bootstrap (Efron, *Bootstrap methods*, 1979).

/// Draws; the ends of the interval then rest on 25 values each.
const RESAMPLES: usize = 1000;

/// Start of the generator: the same values always give the same interval.
const SEED: u64 = 0x243F_6A88_85A3_08D3;

/// The 2.5th and 97.5th percentile of the means of samples drawn with replacement from `values`, which are in rising order.
/// `None` below two values, of which no spread can be seen.
pub(super) fn interval(values: &[f64]) -> Option<(f64, f64)> {
    let n = u32::try_from(values.len()).ok().filter(|n| *n >= 2)?;
    let mut state = SEED;
    let mut means: Vec<f64> = (0..RESAMPLES)
        .map(|_| {
            let sum: f64 = (0..n).map(|_| values[below(&mut state, n)]).sum();
            sum / f64::from(n)
        })
        .collect();
    means.sort_by(f64::total_cmp);
    Some((percentile(&means, 0.025), percentile(&means, 0.975)))
}

/// The quantile `q` of values in rising order, linear between neighbours (NumPy's default, type 7 of Hyndman and Fan).
fn percentile(sorted: &[f64], q: f64) -> f64 {
    let at = q * (sorted.len() - 1) as f64;
    let low = at.floor() as usize;
    let high = (low + 1).min(sorted.len() - 1);
    sorted[low] + (sorted[high] - sorted[low]) * (at - low as f64)
}

/// A number in `0..n`: SplitMix64 (Steele, Lea and Flood, 2014), its upper half scaled by multiplication.
fn below(state: &mut u64, n: u32) -> usize {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^= z >> 31;
    (((z >> 32) * u64::from(n)) >> 32) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_have_an_interval_of_no_width() {
        assert_eq!(interval(&[0.5; 9]), Some((0.5, 0.5)));
    }

    #[test]
    fn one_value_has_no_interval() {
        assert_eq!(interval(&[0.5]), None);
    }

    #[test]
    fn a_coin_of_two_values_spans_both() {
        // The means are 0, 1/2 and 1 with probabilities 1/4, 1/2 and 1/4.
        assert_eq!(interval(&[0.0, 1.0]), Some((0.0, 1.0)));
    }

    #[test]
    fn many_values_come_close_to_the_normal_interval() {
        let values: Vec<f64> = (0..100).map(|i| (f64::from(i) + 0.5) / 100.0).collect();
        // Standard error of the mean: sqrt(1/12) / 10; 1.96 of them on each side.
        let half = 1.96 * (1.0f64 / 12.0).sqrt() / 10.0;
        let (low, high) = interval(&values).expect("enough values");
        assert!((low - (0.5 - half)).abs() < 0.01 && (high - (0.5 + half)).abs() < 0.01, "{low} {high}");
    }

    #[test]
    fn percentiles_are_linear_between_neighbours() {
        let values = [0.0, 1.0, 2.0, 3.0, 4.0];
        assert_eq!((percentile(&values, 0.25), percentile(&values, 0.975)), (1.0, 3.9));
    }
}
