//! The loaded networks, asked about prepared images.

use candle_core::{DType, Device, Tensor, bail};
use image::RgbImage;

use super::{Explanation, Measured, Prediction, Target};
use crate::classifier::Classifier;
use crate::dataset::ClassId;
use crate::detector::{Detection, Detector};
use crate::geometry::Size;
use crate::preprocess::NetworkInput;
use crate::roi::rois_from_detections;
use crate::saliency::{Recipe, SaliencyError, SaliencyMap, Subject, saliency, score};

/// How many classes an explanation names.
const TOP: usize = 5;

/// The networks of an analysis.
#[expect(missing_debug_implementations, reason = "a detector has none")]
pub struct Models {
    /// The network under inspection.
    pub classifier: Classifier,
    /// Where the objects are; without it nothing is detected.
    pub detector: Option<Box<dyn Detector>>,
    /// How saliency is computed.
    pub recipe: Recipe,
}

impl Models {
    /// The image as the classifier wants it.
    pub fn classifier_input(&self, image: &RgbImage) -> NetworkInput {
        self.classifier.preprocessing().apply(image)
    }

    /// The image as the detector wants it; `None` without a detector.
    pub fn detector_input(&self, image: &RgbImage) -> Option<NetworkInput> {
        self.detector.as_ref().map(|detector| detector.preprocessing().apply(image))
    }

    /// Identity of everything that changes a number of an explanation. Results are stored under it.
    pub fn explanation_key(&self) -> String {
        explanation_key(&self.classifier, &self.recipe)
    }

    /// As [`explain`], with these networks' classifier and recipe.
    ///
    /// # Errors
    /// As [`explain`].
    pub fn explain(
        &self,
        inputs: &[NetworkInput],
        sizes: &[Size],
        targets: &[Target<'_>],
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Vec<Explanation>, SaliencyError> {
        explain(&self.classifier, &self.recipe, inputs, sizes, targets, cancelled)
    }

    /// The scores before the softmax, one row an image, and nothing else: what classifying alone costs.
    ///
    /// # Errors
    /// If an input does not fit the network, or the device fails.
    pub fn logits(&self, inputs: &[NetworkInput]) -> candle_core::Result<Vec<Vec<f32>>> {
        host_rows(&self.classifier.head(&self.classifier.features(&input_batch(inputs)?)?)?)
    }

    /// The most probable classes of each input, best first, and nothing else.
    ///
    /// # Errors
    /// As [`Models::logits`].
    pub fn top(&self, inputs: &[NetworkInput]) -> candle_core::Result<Vec<Vec<Prediction>>> {
        Ok(self.logits(inputs)?.iter().map(|logits| top(logits)).collect())
    }

    /// One image through both networks; detections below `roi_min_score` are no regions.
    ///
    /// # Errors
    /// As [`Models::explain`] and [`Models::detect`].
    pub fn measure(&self, image: &RgbImage, roi_min_score: f32) -> Result<Measured, SaliencyError> {
        let size = [Size::new(image.width(), image.height())];
        let mut explanations = self.explain(&[self.classifier_input(image)], &size, &[Target::Predicted], &|| false)?;
        let detections = match self.detector_input(image) {
            Some(input) => self.detect(&[input], &size)?.concat(),
            None => Vec::new(),
        };
        Ok(Measured::new(explanations.swap_remove(0), rois_from_detections(&detections, roi_min_score)))
    }

    /// The objects in images of these `sizes`, best first; none without a detector. A result depends on its own image only.
    ///
    /// # Errors
    /// If there are not as many sizes as inputs, or the device fails.
    pub fn detect(&self, inputs: &[NetworkInput], sizes: &[Size]) -> candle_core::Result<Vec<Vec<Detection>>> {
        match &self.detector {
            Some(detector) => detector.detect(inputs, sizes),
            None => Ok(vec![Vec::new(); inputs.len()]),
        }
    }
}

/// Identity of everything that changes a number of an explanation.
pub fn explanation_key(classifier: &Classifier, recipe: &Recipe) -> String {
    format!("{} {}", classifier.key(), recipe.key())
}

/// What a classifier says of images of these `sizes`, and why, one target each. A result depends on its own image only.
/// `cancelled` is asked between the passes of methods that need many.
///
/// # Errors
/// If there are not as many sizes and targets as inputs, a target is no class of the classifier, the scores are not finite (the
/// weights are damaged), the method is not defined for this classifier, somebody cancels, or the device fails.
pub fn explain(
    classifier: &Classifier,
    recipe: &Recipe,
    inputs: &[NetworkInput],
    sizes: &[Size],
    targets: &[Target<'_>],
    cancelled: &dyn Fn() -> bool,
) -> Result<Vec<Explanation>, SaliencyError> {
    if inputs.len() != sizes.len() || inputs.len() != targets.len() {
        let counts = format!("{} inputs, {} sizes and {} targets", inputs.len(), sizes.len(), targets.len());
        return Err(SaliencyError::Setting(counts));
    }
    if inputs.is_empty() {
        return Ok(Vec::new());
    }
    let input = input_batch(inputs)?;
    let features = classifier.features(&input)?;
    let (scores, head) = score(classifier, &features, recipe)?;
    let logits = host_rows(&scores)?;
    let chosen = logits.iter().zip(targets).map(|(logits, target)| choose(logits, *target));
    let targets = chosen.collect::<candle_core::Result<Vec<_>>>()?;
    let subject = Subject { input: &input, features: &features, head: head.as_ref(), targets: &targets };
    let maps = saliency(classifier, &subject, recipe, cancelled)?;
    let explanation = |(i, map): (usize, SaliencyMap)| Explanation {
        image: sizes[i],
        view: inputs[i].view,
        top: top(&logits[i]),
        target: targets[i],
        map,
    };
    Ok(maps.into_iter().enumerate().map(explanation).collect())
}

/// The rows of a matrix, wherever it is.
fn host_rows(matrix: &Tensor) -> candle_core::Result<Vec<Vec<f32>>> {
    matrix.to_device(&Device::Cpu)?.to_dtype(DType::F32)?.to_vec2::<f32>()
}

/// Inputs of one size as `(n, 3, h, w)`, on the CPU.
///
/// # Errors
/// If the inputs differ in size.
pub fn input_batch(inputs: &[NetworkInput]) -> candle_core::Result<Tensor> {
    let planes = |input: &NetworkInput| {
        Tensor::from_slice(&input.values, (3, input.size.height as usize, input.size.width as usize), &Device::Cpu)
    };
    Tensor::stack(&inputs.iter().map(planes).collect::<candle_core::Result<Vec<_>>>()?, 0)
}

/// The class that the saliency shall explain; of equal scores the first.
fn choose(logits: &[f32], target: Target<'_>) -> candle_core::Result<ClassId> {
    if logits.iter().any(|l| !l.is_finite()) {
        bail!("the classifier's scores are not finite: its weights are damaged")
    }
    let best = |classes: &mut dyn Iterator<Item = usize>| {
        classes.filter(|c| *c < logits.len()).reduce(|best, c| if logits[c] > logits[best] { c } else { best })
    };
    let chosen = match target {
        Target::Predicted => best(&mut (0..logits.len())),
        Target::BestOf(classes) => best(&mut classes.iter().map(|c| c.0)),
    };
    chosen.map_or_else(
        || bail!("the class to explain is none of the classifier's {} classes", logits.len()),
        |c| Ok(ClassId(c)),
    )
}

/// The most probable classes, best first, equal ones in their own order; the softmax is computed in f64.
fn top(logits: &[f32]) -> Vec<Prediction> {
    let mut order: Vec<usize> = (0..logits.len()).collect();
    order.sort_by(|a, b| logits[*b].total_cmp(&logits[*a]));
    let largest = order.first().map_or(0.0, |best| f64::from(logits[*best]));
    let weight = |class: usize| (f64::from(logits[class]) - largest).exp();
    let sum: f64 = (0..logits.len()).map(weight).sum();
    let prediction = |class: &usize| Prediction { class: ClassId(*class), probability: (weight(*class) / sum) as f32 };
    order.iter().take(TOP).map(prediction).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classifier::fixture::small_classifier;
    use crate::saliency::Method;

    #[test]
    fn the_best_class_comes_first_and_of_equal_ones_the_first() {
        let top = top(&[0.0, 2.0, 2.0, -1.0]);
        assert_eq!(top.iter().map(|p| p.class.0).collect::<Vec<_>>(), [1, 2, 0, 3]);
        let sum = 2.0 + (-2f64).exp() + (-3f64).exp();
        assert!((f64::from(top[0].probability) - 1.0 / sum).abs() < 1e-7);
    }

    #[test]
    fn the_target_is_the_predicted_class_or_the_best_of_a_group() -> anyhow::Result<()> {
        let logits = [0.5, 2.0, 1.0];
        assert_eq!(choose(&logits, Target::Predicted)?, ClassId(1));
        assert_eq!(choose(&logits, Target::BestOf(&[ClassId(0), ClassId(2)]))?, ClassId(2));
        assert!(choose(&logits, Target::BestOf(&[ClassId(3)])).is_err());
        assert!(choose(&[0.0, f32::NAN], Target::Predicted).is_err());
        Ok(())
    }

    #[test]
    fn explanations_of_a_batch_are_those_of_its_images() -> anyhow::Result<()> {
        let models =
            Models { classifier: small_classifier("act")?, detector: None, recipe: Recipe::new(Method::GradCam) };
        let image =
            |seed: u32| RgbImage::from_fn(20 + seed, 31, |x, y| image::Rgb([(x * y * seed) as u8, x as u8, y as u8]));
        let images: Vec<_> = (1..4).map(image).collect();
        let inputs: Vec<_> = images.iter().map(|i| models.classifier_input(i)).collect();
        let sizes: Vec<_> = images.iter().map(|i| Size::new(i.width(), i.height())).collect();
        let targets = [Target::Predicted, Target::BestOf(&[ClassId(2)]), Target::Predicted];
        let together = models.explain(&inputs, &sizes, &targets, &|| false)?;
        assert_eq!(together[1].target, ClassId(2));
        for i in 0..3 {
            let alone = models.explain(&inputs[i..=i], &sizes[i..=i], &targets[i..=i], &|| false)?;
            assert_eq!(alone, [together[i].clone()]);
        }
        assert_eq!(models.detect(&[], &[])?, Vec::<Vec<Detection>>::new());
        Ok(())
    }
}
