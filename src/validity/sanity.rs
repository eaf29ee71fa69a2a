//! The sanity check of Adebayo et al. (2018): a map that stays when the network's weights are replaced at random says nothing about
//! the network.
//!
//! Comes in: a classifier and images. Goes out: for each level of randomisation the rank correlation of each map with the real
//! one. May not live here: averages.

use super::rank_correlation;
use crate::classifier::{Classifier, ClassifierError};
use crate::saliency::noise::Noise;
use crate::saliency::{Recipe, SaliencyError, SaliencyMap, Subject, saliency};
use candle_core::{DType, Device, Tensor};

/// Mean rank correlation from which a method counts as one that does not react to the weights.
pub const UNMOVED: f64 = 0.5;

/// How much of the network is randomised, from its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Level {
    /// The last layer with weights.
    LastLayer,
    /// The last third of the layers with weights.
    LastThird,
    /// All of them.
    Everything,
}

impl Level {
    /// From the mildest on.
    pub const ALL: [Self; 3] = [Self::LastLayer, Self::LastThird, Self::Everything];

    /// The word of tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::LastLayer => "last layer",
            Self::LastThird => "last third",
            Self::Everything => "everything",
        }
    }

    /// How many of `layers` layers are randomised.
    fn count(self, layers: usize) -> usize {
        match self {
            Self::LastLayer => layers.min(1),
            Self::LastThird => layers.div_ceil(3),
            Self::Everything => layers,
        }
    }
}

/// The classifier with the weights of its last layers shuffled, each tensor in itself, so that their distribution stays. The same
/// seed gives the same network.
///
/// # Errors
/// If the device fails.
pub fn randomised(classifier: &Classifier, level: Level, seed: u64) -> Result<Classifier, ClassifierError> {
    let (features, head) = (classifier.features_network().graph(), classifier.head_network().graph());
    let names: Vec<&str> = features.weighted_nodes().into_iter().chain(head.weighted_nodes()).collect();
    let chosen = &names[names.len() - level.count(names.len())..];
    let shuffle = |name: &str, weight: &Tensor| match chosen.iter().position(|c| *c == name) {
        Some(i) => shuffled(weight, Noise(seed).stream((chosen.len() - i) as u64)),
        None => Ok(weight.clone()),
    };
    classifier.with_weights(shuffle)
}

/// For each image how far the order of its map's cells under `other` agrees with that under `classifier`, which both explain the same
/// classes; `None` where one of the maps is flat.
///
/// # Shapes
/// `subject` as the classifier made it.
///
/// # Errors
/// As [`saliency`].
pub fn agreement(
    classifier: &Classifier,
    other: &Classifier,
    subject: &Subject<'_>,
    recipe: &Recipe,
    cancelled: &dyn Fn() -> bool,
) -> Result<Vec<Option<f64>>, SaliencyError> {
    let real = saliency(classifier, subject, recipe, cancelled)?;
    let features = other.features(subject.input)?;
    let subject = Subject { features: &features, head: None, ..*subject };
    let changed = saliency(other, &subject, recipe, cancelled)?;
    Ok(real.iter().zip(&changed).map(|(a, b)| rank_correlation(&cells(a), &cells(b))).collect())
}

fn cells(map: &SaliencyMap) -> Vec<f64> {
    map.values().iter().map(|v| f64::from(*v)).collect()
}

/// The values in an order drawn by lot (Fisher & Yates).
fn shuffled(tensor: &Tensor, noise: Noise) -> candle_core::Result<Tensor> {
    let mut values = tensor.to_device(&Device::Cpu)?.to_dtype(DType::F32)?.flatten_all()?.to_vec1::<f32>()?;
    for i in (1..values.len()).rev() {
        let other = (noise.uniform(i as u64) * (i + 1) as f64) as usize;
        values.swap(i, other);
    }
    Tensor::from_vec(values, tensor.shape(), tensor.device())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classifier::fixture::{small_classifier, tensor};
    use crate::dataset::ClassId;
    use crate::saliency::Method;

    fn sorted(tensor: &Tensor) -> candle_core::Result<Vec<f32>> {
        let mut values = tensor.flatten_all()?.to_vec1::<f32>()?;
        values.sort_by(f32::total_cmp);
        Ok(values)
    }

    #[test]
    fn shuffling_keeps_the_values_and_is_repeatable() -> candle_core::Result<()> {
        let weight = tensor(&[5, 4], 1)?;
        let other = shuffled(&weight, Noise(3))?;
        assert_eq!(sorted(&weight)?, sorted(&other)?);
        assert_ne!(weight.to_vec2::<f32>()?, other.to_vec2::<f32>()?);
        assert_eq!(other.to_vec2::<f32>()?, shuffled(&weight, Noise(3))?.to_vec2::<f32>()?);
        Ok(())
    }

    #[test]
    fn only_the_chosen_layers_change() -> anyhow::Result<()> {
        let classifier = small_classifier("act")?;
        let input = tensor(&[1, 3, 8, 9], 6)?;
        let features =
            |c: &Classifier| -> anyhow::Result<Vec<f32>> { Ok(c.features(&input)?.flatten_all()?.to_vec1()?) };
        let last = randomised(&classifier, Level::LastLayer, 1)?;
        assert_eq!(features(&classifier)?, features(&last)?);
        let maps = classifier.features(&input)?;
        assert_ne!(classifier.head(&maps)?.to_vec2::<f32>()?, last.head(&maps)?.to_vec2::<f32>()?);
        assert_ne!(features(&classifier)?, features(&randomised(&classifier, Level::Everything, 1)?)?);
        Ok(())
    }

    #[test]
    fn a_method_that_asks_for_no_class_does_not_react_to_the_last_layer() -> anyhow::Result<()> {
        let classifier = small_classifier("act")?;
        let other = randomised(&classifier, Level::LastLayer, 1)?;
        let input = tensor(&[2, 3, 8, 9], 6)?;
        let features = classifier.features(&input)?;
        let subject = Subject { input: &input, features: &features, head: None, targets: &[ClassId(0), ClassId(2)] };
        let of = |method| agreement(&classifier, &other, &subject, &Recipe::new(method), &|| false);
        assert_eq!(of(Method::EigenCam)?, [Some(1.0), Some(1.0)]);
        assert_ne!(of(Method::HiResCam)?, [Some(1.0), Some(1.0)]);
        Ok(())
    }
}
