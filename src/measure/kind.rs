//! The measures by name, what each is and who proposed it.

use std::fmt;
use std::str::FromStr;

use super::Baseline;

/// A way to say how well a saliency map and a region agree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Measure {
    /// Exact integral of the map's bilinear surface inside the region over that of the view (see [`crate::fit`]), `0.0..=1.0`.
    #[default]
    Fit,
    /// The same as a sum over pixels, `0.0..=1.0`: the formula of Szandała & Maciejewski (*Automated Method for Evaluating Neural
    /// Network's Attention Focus*); also *energy-based pointing game* (Wang et al., *Score-CAM*, CVPR Workshops 2020) and *relevance
    /// mass accuracy* (Arras et al., *CLEVR-XAI*, Information Fusion 2022).
    FitPixels,
    /// Fit over the region's share of the view, `0.0..`: 1 is what the region's size explains.
    Lift,
    /// 1 where the largest value lies in the region or less than [`super::TOLERANCE_PX`] beside it, else 0 (Zhang et al., *Top-down
    /// Neural Attention by Excitation Backprop*, ECCV 2016; the tolerance is TorchRay's). Where several pixels share the largest
    /// value, the share of them that hit.
    PointingGame,
    /// Share of the `n` most salient pixels that are in the region, `n` being its number of pixels, `0.0..=1.0` (*relevance rank
    /// accuracy*, Arras et al. 2022).
    RankAccuracy,
    /// Share of the [`super::TOP_K`] most salient pixels that are in the region, `0.0..=1.0` (*top-k intersection*, Theiner et al.,
    /// *Interpretable Semantic Photo Geolocation*, 2021).
    TopK,
    /// Area under the receiver operating characteristic of the map as a detector of the region's pixels, `0.0..=1.0`: the
    /// probability that a pixel inside has a larger value than one outside (Fawcett, *An introduction to ROC analysis*, 2006).
    RocAuc,
    /// Share of the mass of the pixels from half the largest value on that is in the region, `0.0..=1.0`: the fit of what a person
    /// sees as the hot spot.
    HalfMaxMass,
}

impl Measure {
    /// All of them, in the order of tables.
    pub const ALL: [Self; 8] = [
        Self::Fit,
        Self::FitPixels,
        Self::Lift,
        Self::PointingGame,
        Self::RankAccuracy,
        Self::TopK,
        Self::RocAuc,
        Self::HalfMaxMass,
    ];

    /// The word of flags, tables and files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fit => "fit",
            Self::FitPixels => "fit_pixels",
            Self::Lift => "lift",
            Self::PointingGame => "pointing_game",
            Self::RankAccuracy => "rank_accuracy",
            Self::TopK => "top_k",
            Self::RocAuc => "roc_auc",
            Self::HalfMaxMass => "half_max_mass",
        }
    }

    /// What people call it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Fit => "Fit",
            Self::FitPixels => "Fit (pixel sum)",
            Self::Lift => "Lift",
            Self::PointingGame => "Pointing game",
            Self::RankAccuracy => "Rank accuracy",
            Self::TopK => "Top-k intersection",
            Self::RocAuc => "AUC",
            Self::HalfMaxMass => "Hot mass",
        }
    }

    /// The same in the head of a narrow column.
    pub fn short(self) -> &'static str {
        match self {
            Self::Fit => "Fit",
            Self::FitPixels => "Fit px",
            Self::Lift => "Lift",
            Self::PointingGame => "Point",
            Self::RankAccuracy => "Rank",
            Self::TopK => "Top-k",
            Self::RocAuc => "AUC",
            Self::HalfMaxMass => "Hot",
        }
    }

    /// In a sentence.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Fit => "Share of the saliency inside the region, as an exact integral",
            Self::FitPixels => "Share of the saliency inside the region, as a sum over pixels (the paper's formula)",
            Self::Lift => "Fit over area share; 1 is what the region's size explains",
            Self::PointingGame => "Whether the most salient point lies in the region or less than 15 px beside it",
            Self::RankAccuracy => "Share of the n most salient pixels that are in the region of n pixels",
            Self::TopK => "Share of the 1000 most salient pixels that are in the region",
            Self::RocAuc => {
                "Probability that a pixel in the region is more salient than one outside; 50\u{a0}% is chance"
            }
            Self::HalfMaxMass => "Share of the saliency from half its maximum on that is in the region",
        }
    }

    /// Whether its values are shares, `0.0..=1.0`; else they are factors.
    pub fn is_share(self) -> bool {
        self != Self::Lift
    }
}

/// A measure, or what it has beyond that of a map that knows nothing of the network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct MeasureChoice {
    /// The measure.
    pub measure: Measure,
    /// The baseline whose measure is taken off.
    pub minus: Option<Baseline>,
}

impl MeasureChoice {
    /// What people call it.
    pub fn title(self) -> String {
        match self.minus {
            None => self.measure.title().to_owned(),
            Some(baseline) => format!("{} − {}", self.measure.title(), baseline.name()),
        }
    }

    /// The same in the head of a narrow column.
    pub fn short(self) -> String {
        match self.minus {
            None => self.measure.short().to_owned(),
            Some(baseline) => format!("{} − {}", self.measure.short(), baseline.name()),
        }
    }

    /// Whether this is the fit itself, which tables show anyway.
    pub fn is_fit(self) -> bool {
        self == Self::default()
    }

    /// A value as people write it: shares in percent (with a space that does not break), factors as such, and differences with
    /// their sign (a minus sign, no hyphen).
    pub fn text(self, value: f64) -> String {
        // What rounds to nothing has no sign.
        let rounded = |value: f64, step: f64| (value / step).round() * step + 0.0;
        let text = match (self.measure.is_share(), self.minus) {
            (true, Some(_)) if rounded(100.0 * value, 1.0) != 0.0 => format!("{:+.0}\u{a0}%", 100.0 * value),
            (true, _) => format!("{:.0}\u{a0}%", rounded(100.0 * value, 1.0)),
            (false, Some(_)) if rounded(value, 0.01) != 0.0 => format!("{value:+.2}×"),
            (false, _) => format!("{:.2}×", rounded(value, 0.01)),
        };
        text.replace('-', "\u{2212}")
    }
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Measure {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let known = || Self::ALL.map(Self::name).join(", ");
        let is_named = |measure: &Self| measure.name() == name || measure.name().replace('_', "-") == name;
        Self::ALL.into_iter().find(is_named).ok_or_else(|| format!("expected one of {}", known()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_read_back_and_every_measure_has_its_place() {
        for (place, measure) in Measure::ALL.into_iter().enumerate() {
            assert_eq!((measure.name().parse(), measure as usize), (Ok(measure), place));
        }
        let gain = MeasureChoice { measure: Measure::RocAuc, minus: Some(Baseline::Centre) };
        assert_eq!(
            [0.125, -0.5, -0.001].map(|value| gain.text(value)),
            ["+12\u{a0}%", "\u{2212}50\u{a0}%", "0\u{a0}%"]
        );
        assert_eq!("pointing-game".parse(), Ok(Measure::PointingGame));
        assert!("pointing".parse::<Measure>().is_err_and(|error| error.contains("roc_auc")));
    }
}
