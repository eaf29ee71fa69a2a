//! What several saliency methods say of a class.

use super::Thresholds;

/// Mean fit and lift of a class under one method.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MethodMeans {
    /// Mean fit.
    pub fit: Option<f64>,
    /// Mean lift.
    pub lift: Option<f64>,
}

impl MethodMeans {
    /// Whether one of the two is below its line.
    pub(super) fn is_low(&self, lines: &Thresholds) -> bool {
        self.fit.is_some_and(|fit| fit < lines.fit) || self.lift.is_some_and(|lift| lift < lines.lift)
    }
}

/// The means of a class under several methods, each over the samples that were computed by it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Support {
    /// One a method.
    pub methods: Vec<MethodMeans>,
}

impl Support {
    /// Number of methods under which the class is low.
    pub fn low_by(&self, lines: &Thresholds) -> usize {
        self.methods.iter().filter(|means| means.is_low(lines)).count()
    }

    /// Whether a low class is called so by one method alone, although others were asked.
    pub(super) fn is_alone(&self, lines: &Thresholds) -> bool {
        self.methods.len() > 1 && self.low_by(lines) < 2
    }

    /// "under 2 of 3 methods".
    pub fn words(&self, lines: &Thresholds) -> String {
        format!("under {} of {} methods", self.low_by(lines), self.methods.len())
    }
}
