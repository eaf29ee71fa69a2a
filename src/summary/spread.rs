//! How the values of a class are spread around their mean.

/// Bins of a [`Spread`]; each covers a tenth of `0..=1`.
pub const BINS: usize = 10;

/// A histogram of shares, and their standard deviation.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Spread {
    /// Values in each tenth of `0..=1`: bin `i` holds `i/10 <= v < (i + 1)/10`, the last one also 1.
    pub bins: [u32; BINS],
    /// Standard deviation with n - 1 in the denominator; `None` below two values.
    pub deviation: Option<f64>,
}

impl Spread {
    /// The spread of `values`, each `0.0..=1.0` and in rising order.
    pub(super) fn of(values: &[f64]) -> Self {
        let mut bins = [0; BINS];
        for value in values {
            bins[((value * BINS as f64) as usize).min(BINS - 1)] += 1;
        }
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
        Self { bins, deviation: (values.len() > 1).then(|| (squares / (n - 1.0)).sqrt()) }
    }

    /// Number of values.
    pub fn count(&self) -> usize {
        self.bins.iter().map(|n| *n as usize).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_on_an_edge_is_in_the_bin_that_begins_there() {
        let spread = Spread::of(&[0.0, 0.5, 0.75, 1.0]);
        assert_eq!(spread.bins, [1, 0, 0, 0, 0, 1, 0, 1, 0, 1]);
        assert_eq!(spread.count(), 4);
    }

    #[test]
    fn the_deviation_is_that_of_a_sample() {
        assert_eq!(Spread::of(&[0.25, 0.75]).deviation, Some(0.125f64.sqrt()));
        assert_eq!(Spread::of(&[0.25]).deviation, None);
        assert_eq!(Spread::of(&[]), Spread::default());
    }
}
