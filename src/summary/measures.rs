//! Localisation measures by class, and what they have beyond maps that know nothing of the network.

use std::collections::BTreeMap;

use super::{bootstrap, mean, sorted};
use crate::measure::Measures;

/// The measures of one sample's best region, on its own map and on those of the baselines.
#[derive(Clone, Debug, PartialEq)]
pub struct SampleMeasures {
    /// The class that the sample is counted under.
    pub class: String,
    /// Of the classifier's map.
    pub map: Measures,
    /// Of the saliency at the centre.
    pub centre: Measures,
    /// Of the same saliency everywhere.
    pub uniform: Measures,
}

/// What a class's values of one measure are taken off from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Minus {
    /// Nothing.
    #[default]
    Nothing,
    /// The same measure of the centre.
    Centre,
    /// The same measure of the uniform map.
    Uniform,
}

/// A mean with its number of values and 95 % interval (percentile bootstrap).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MeasureMean {
    /// Number of samples that have the measure.
    pub n: usize,
    /// `None` where none has.
    pub mean: Option<f64>,
    /// `None` below two values.
    pub ci: Option<(f64, f64)>,
}

/// The measures of a class, in the order of [`Measures::NAMES`].
#[derive(Clone, Debug, PartialEq)]
pub struct MeasureRow {
    /// Name of the class.
    pub class: String,
    /// One for each measure.
    pub means: [MeasureMean; Measures::NAMES.len()],
}

impl MeasureMean {
    /// The mean of some values; no bit of it depends on their order.
    fn of(values: impl Iterator<Item = f64>) -> Self {
        let values = sorted(values);
        Self { n: values.len(), mean: mean(&values), ci: bootstrap::interval(&values) }
    }
}

/// For each class, in order of their names, the mean of each number of its samples, which are given with their classes; all samples
/// have as many.
pub fn class_means<'a>(samples: &[(&'a str, &[Option<f64>])]) -> Vec<(&'a str, Vec<MeasureMean>)> {
    let mut classes: BTreeMap<&str, Vec<&[Option<f64>]>> = BTreeMap::new();
    for (class, values) in samples {
        classes.entry(class).or_default().push(values);
    }
    let means = |samples: &[&[Option<f64>]]| {
        let columns = samples.iter().map(|values| values.len()).min().unwrap_or(0);
        (0..columns).map(|i| MeasureMean::of(samples.iter().filter_map(|values| values[i]))).collect()
    };
    classes.into_iter().map(|(class, samples)| (class, means(&samples))).collect()
}

/// A row for each class, in order of their names.
pub fn measure_rows(samples: &[SampleMeasures], minus: Minus) -> Vec<MeasureRow> {
    let mut classes: BTreeMap<&str, Vec<&SampleMeasures>> = BTreeMap::new();
    for sample in samples {
        classes.entry(&sample.class).or_default().push(sample);
    }
    let row = |(class, samples): (&str, Vec<&SampleMeasures>)| {
        let means = std::array::from_fn(|i| MeasureMean::of(samples.iter().filter_map(|s| value(s, i, minus))));
        MeasureRow { class: class.to_owned(), means }
    };
    classes.into_iter().map(row).collect()
}

fn value(sample: &SampleMeasures, measure: usize, minus: Minus) -> Option<f64> {
    let own = sample.map.values()[measure]?;
    match minus {
        Minus::Nothing => Some(own),
        Minus::Centre => Some(own - sample.centre.values()[measure]?),
        Minus::Uniform => Some(own - sample.uniform.values()[measure]?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(class: &str, fit: Option<f64>, uniform: f64) -> SampleMeasures {
        let of = |fit| Measures { fit, ..Measures::default() };
        SampleMeasures { class: class.into(), map: of(fit), centre: of(None), uniform: of(Some(uniform)) }
    }

    #[test]
    fn each_column_has_its_own_mean_and_number_of_values() {
        let samples: [(&str, &[Option<f64>]); 3] =
            [("b", &[Some(1.0), None]), ("a", &[Some(4.0), Some(2.0)]), ("b", &[Some(2.0), Some(0.5)])];
        let means = class_means(&samples);
        let numbers = |i: usize| means[i].1.iter().map(|m| (m.n, m.mean)).collect::<Vec<_>>();
        assert_eq!((means[0].0, means[1].0), ("a", "b"));
        assert_eq!(numbers(0), [(1, Some(4.0)), (1, Some(2.0))]);
        assert_eq!(numbers(1), [(2, Some(1.5)), (1, Some(0.5))]);
    }

    #[test]
    fn means_and_differences_are_those_worked_out_by_hand() {
        let samples = [sample("b", Some(0.5), 0.25), sample("b", Some(0.75), 0.25), sample("a", None, 0.5)];
        let rows = measure_rows(&samples, Minus::Nothing);
        assert_eq!(rows.iter().map(|r| r.class.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(rows[0].means[0], MeasureMean { n: 0, mean: None, ci: None });
        assert_eq!(rows[1].means[0], MeasureMean { n: 2, mean: Some(0.625), ci: Some((0.5, 0.75)) });
        assert_eq!(measure_rows(&samples, Minus::Uniform)[1].means[0].mean, Some(0.375));
        // A difference needs both sides.
        assert_eq!(measure_rows(&samples, Minus::Centre)[1].means[0].n, 0);
    }
}
