//! Fixed random numbers, each from its index alone, so that masks and noise do not depend on batch or order.
//!
//! Comes in: a seed and an index. Goes out: a number. May not live here: anything that keeps a state between calls.

/// Independent streams of numbers under one seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Noise(pub u64);

impl Noise {
    /// The stream of this number.
    pub fn stream(self, index: u64) -> Self {
        Self(self.bits(index) ^ 0x5851_F42D_4C95_7F2D)
    }

    /// 64 well mixed bits (SplitMix64, Steele et al. 2014).
    pub fn bits(self, index: u64) -> u64 {
        let mut z = self.0.wrapping_add(index.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Uniform in `[0, 1)`.
    pub fn uniform(self, index: u64) -> f64 {
        (self.bits(index) >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Standard normal (Box & Muller 1958).
    pub fn normal(self, index: u64) -> f64 {
        let (u, v) = (1.0 - self.uniform(2 * index), self.uniform(2 * index + 1));
        (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_those_of_the_published_generator() {
        assert_eq!(Noise(1_234_567).bits(0), 6_457_827_717_110_365_317);
    }

    #[test]
    fn uniform_numbers_fill_the_unit_interval() {
        let n = 100_000;
        let values: Vec<_> = (0..n).map(|i| Noise(1).uniform(i)).collect();
        let mean = values.iter().sum::<f64>() / n as f64;
        assert!((mean - 0.5).abs() < 0.004 && values.iter().all(|v| (0.0..1.0).contains(v)), "{mean}");
    }

    #[test]
    fn normal_numbers_have_mean_0_and_variance_1() {
        let n = 10_000;
        let values: Vec<_> = (0..n).map(|i| Noise(2).stream(7).normal(i)).collect();
        let mean = values.iter().sum::<f64>() / n as f64;
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n as f64;
        assert!(mean.abs() < 0.03 && (variance - 1.0).abs() < 0.05, "{mean} {variance}");
    }
}
