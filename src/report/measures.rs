//! The localisation measures of a sample, as all formats write them.

use crate::analysis::Measured;
use crate::measure::{Baseline, Measure};
use crate::summary::sample_measures;

/// Numbers of a sample: each measure of its map, then of each baseline.
pub(super) const COUNT: usize = Measure::ALL.len() * (1 + Baseline::ALL.len());

/// Their names; those of baselines begin with the baseline's.
pub(super) fn names() -> [String; COUNT] {
    let of = |i: usize| Measure::ALL[i % Measure::ALL.len()].name();
    std::array::from_fn(|i| match (i / Measure::ALL.len()).checked_sub(1) {
        None => of(i).to_owned(),
        Some(baseline) => format!("{}_{}", Baseline::ALL[baseline].name(), of(i)),
    })
}

/// Their values; none where the sample has no fit.
pub(super) fn values(measured: Option<&Measured>) -> [Option<f64>; COUNT] {
    let mut values = [None; COUNT];
    if let Some(found) = measured.and_then(sample_measures) {
        let all = std::iter::once(&found.map).chain(&found.baselines).flat_map(|measures| measures.values());
        values.iter_mut().zip(all).for_each(|(place, value)| *place = value);
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_the_map_is() {
        let names = names();
        assert_eq!((&*names[0], &*names[8], &*names[23]), ("fit", "centre_fit", "uniform_half_max_mass"));
    }
}
