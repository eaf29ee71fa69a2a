//! Gradients at the input: guided backprop, gradient times input, integrated gradients, SmoothGrad.
//!
//! Comes in: a classifier, one image and a class. Goes out: the map at the input's resolution, row-major. May not live here: how
//! an operation passes anything back (see [`crate::graph`]).

use candle_core::{Device, Tensor};

use super::error::SaliencyError;
use super::full_grad::full_grad;
use super::method::Method;
use super::noise::Noise;
use super::pass::{Pass, host_values};
use crate::classifier::Classifier;
use crate::dataset::ClassId;
use crate::graph::Rule;

/// How the way from the baseline to the image is sampled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IntegratedGradients {
    /// Points on the way, at Gauss-Legendre abscissae.
    pub steps: usize,
}

impl Default for IntegratedGradients {
    fn default() -> Self {
        Self { steps: 16 }
    }
}

/// Which noisy copies are averaged over.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SmoothGrad {
    /// Number of copies.
    pub samples: usize,
    /// Standard deviation of the noise over the range of the input's values.
    pub noise: f64,
    /// Where the random numbers start.
    pub seed: u64,
}

impl Default for SmoothGrad {
    fn default() -> Self {
        Self { samples: 16, noise: 0.15, seed: 0 }
    }
}

type Result<T> = std::result::Result<T, SaliencyError>;

/// The map of a method of [`super::method::Needs::NetworkGradients`] other than excitation backprop: `height * width` values of the input's
/// size.
pub(super) fn input_map(
    classifier: &Classifier,
    input: &Tensor,
    class: ClassId,
    recipe: &super::Recipe,
    cancelled: &dyn Fn() -> bool,
) -> Result<Vec<f32>> {
    let (_, channels, height, width) = input.dims4()?;
    let gradient = |x: &Tensor, rule| Pass::new(classifier, x, cancelled)?.input_gradient(class, rule);
    let cells = height * width;
    let x = host_values(input)?;
    match recipe.method {
        Method::FullGrad => full_grad(&Pass::new(classifier, input, cancelled)?, class),
        Method::GuidedBackprop => Ok(largest_of_channels(&gradient(input, Rule::Guided)?, cells)),
        Method::GradientInput => Ok(sum_of_products(&gradient(input, Rule::Gradient)?, &x, cells)),
        Method::IntegratedGradients => {
            let average =
                weighted_gradients(&points(recipe.integrated.steps)?, |at| gradient(&(input * at)?, Rule::Gradient))?;
            Ok(sum_of_products(&average, &x, cells))
        }
        Method::SmoothGrad => {
            let settings = recipe.smooth;
            if settings.samples == 0 {
                return Err(SaliencyError::Setting("SmoothGrad needs at least one copy".into()));
            }
            let share = 1.0 / settings.samples as f64;
            let copies: Vec<_> = (0..settings.samples).map(|i| (i as f64, share)).collect();
            let average = weighted_gradients(&copies, |copy| {
                let noisy = with_noise(&x, &settings, copy as u64);
                gradient(&Tensor::from_vec(noisy, (1, channels, height, width), &Device::Cpu)?, Rule::Gradient)
            })?;
            Ok(largest_of_channels(&average, cells))
        }
        other => Err(SaliencyError::NotApplicable { method: other, reason: "it is no map of the input".into() }),
    }
}

/// The sum of gradients at some places, each with its weight.
fn weighted_gradients(places: &[(f64, f64)], mut gradient: impl FnMut(f64) -> Result<Vec<f32>>) -> Result<Vec<f32>> {
    let mut sum: Vec<f64> = Vec::new();
    for (place, weight) in places {
        let values = gradient(*place)?;
        sum.resize(values.len(), 0.0);
        sum.iter_mut().zip(values).for_each(|(s, v)| *s += weight * f64::from(v));
    }
    Ok(sum.iter().map(|v| *v as f32).collect())
}

/// Abscissae and weights of Gauss-Legendre quadrature on `[0, 1]`.
fn points(n: usize) -> Result<Vec<(f64, f64)>> {
    if n == 0 {
        return Err(SaliencyError::Setting("integrated gradients need at least one step".into()));
    }
    let root = |i: usize| {
        let mut x = (std::f64::consts::PI * (i as f64 + 0.75) / (n as f64 + 0.5)).cos();
        let mut slope = 1.0;
        // Newton's method from the usual first guess converges in a handful of steps.
        for _ in 0..20 {
            let (mut p, mut before) = (1.0, 0.0);
            for k in 1..=n {
                let k = k as f64;
                (p, before) = (((2.0 * k - 1.0) * x * p - (k - 1.0) * before) / k, p);
            }
            slope = n as f64 * (x * p - before) / (x * x - 1.0);
            x -= p / slope;
        }
        (0.5 * (1.0 + x), 1.0 / ((1.0 - x * x) * slope * slope))
    };
    Ok((0..n).map(root).collect())
}

fn with_noise(x: &[f32], settings: &SmoothGrad, copy: u64) -> Vec<f32> {
    let low = x.iter().copied().fold(f32::INFINITY, f32::min);
    let high = x.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let deviation = settings.noise * f64::from(high - low);
    let noise = Noise(settings.seed).stream(copy);
    x.iter().enumerate().map(|(i, v)| (f64::from(*v) + deviation * noise.normal(i as u64)) as f32).collect()
}

/// For each pixel the largest size of a value over the channels (Simonyan et al. 2014).
fn largest_of_channels(values: &[f32], cells: usize) -> Vec<f32> {
    let mut map = vec![0f32; cells];
    for channel in values.chunks_exact(cells) {
        map.iter_mut().zip(channel).for_each(|(m, v)| *m = m.max(v.abs()));
    }
    map
}

fn sum_of_products(a: &[f32], b: &[f32], cells: usize) -> Vec<f32> {
    sum_of_channels(a.iter().zip(b).map(|(a, b)| a * b), cells)
}

pub(super) fn sum_of_channels(values: impl Iterator<Item = f32>, cells: usize) -> Vec<f32> {
    let mut map = vec![0f64; cells];
    for (i, value) in values.enumerate() {
        map[i % cells] += f64::from(value);
    }
    map.iter().map(|v| *v as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classifier::fixture::{small_classifier, tensor};
    use crate::saliency::Recipe;

    #[test]
    fn quadrature_of_n_points_is_exact_up_to_degree_2n_minus_1() -> Result<()> {
        for n in [1usize, 2, 5, 16] {
            let degree = 2 * n as i32 - 1;
            let integral: f64 = points(n)?.iter().map(|(x, w)| w * x.powi(degree)).sum();
            assert!((integral - 1.0 / f64::from(degree + 1)).abs() < 1e-13, "{n}: {integral}");
        }
        Ok(())
    }

    fn score(classifier: &Classifier, input: &Tensor, class: usize) -> anyhow::Result<f32> {
        Ok(classifier.head(&classifier.features(input)?)?.to_vec2::<f32>()?[0][class])
    }

    #[test]
    fn integrated_gradients_add_up_to_the_difference_of_the_scores() -> anyhow::Result<()> {
        let classifier = small_classifier("act")?;
        let input = tensor(&[1, 3, 8, 9], 6)?;
        let mut recipe = Recipe::new(Method::IntegratedGradients);
        recipe.integrated.steps = 400;
        let map = input_map(&classifier, &input, ClassId(2), &recipe, &|| false)?;
        let expected = score(&classifier, &input, 2)? - score(&classifier, &input.zeros_like()?, 2)?;
        assert!((map.iter().sum::<f32>() - expected).abs() < 2e-3 * expected.abs(), "{expected}");
        Ok(())
    }

    #[test]
    fn a_gradient_predicts_what_a_small_step_does() -> anyhow::Result<()> {
        let classifier = small_classifier("act")?;
        let input = tensor(&[1, 3, 8, 9], 6)?;
        let map = input_map(&classifier, &input, ClassId(0), &Recipe::new(Method::GradientInput), &|| false)?;
        // Along the input itself the slope is the sum of gradient times input.
        let step = 1e-3;
        let (more, less) =
            (score(&classifier, &(&input * (1.0 + step))?, 0)?, score(&classifier, &(&input * (1.0 - step))?, 0)?);
        let slope = (more - less) / (2.0 * step as f32);
        assert!((map.iter().sum::<f32>() - slope).abs() < 1e-3 * slope.abs(), "{slope}");
        Ok(())
    }

    #[test]
    fn smooth_grad_without_noise_is_the_gradient() -> anyhow::Result<()> {
        let classifier = small_classifier("act")?;
        let input = tensor(&[1, 3, 8, 9], 6)?;
        let mut recipe = Recipe::new(Method::SmoothGrad);
        recipe.smooth = SmoothGrad { samples: 3, noise: 0.0, seed: 5 };
        let smooth = input_map(&classifier, &input, ClassId(0), &recipe, &|| false)?;
        let gradient = Pass::new(&classifier, &input, &|| false)?.input_gradient(ClassId(0), Rule::Gradient)?;
        for (s, g) in smooth.iter().zip(largest_of_channels(&gradient, 72)) {
            assert!((s - g).abs() < 1e-6);
        }
        Ok(())
    }
}
