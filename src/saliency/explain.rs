//! From a classifier and prepared images to saliency maps, by any method.

use candle_core::{Tensor, bail};

use super::cams::{self, ChannelMaps};
use super::excitation::{check_contrastive, excitation};
use super::input_gradients::input_map;
use super::masked::Scoring;
use super::method::{Method, Needs};
use super::occlusion::occlusion;
use super::pass::{host_values, one_hot, only_output, unless};
use super::resample::area_mean;
use super::rise::rise;
use super::score_cam::{ablation_cam, ablation_cam_of_linear_head, score_cam};
use super::{Recipe, SaliencyError, SaliencyMap, eigen};
use crate::classifier::Classifier;
use crate::dataset::ClassId;
use crate::graph::{Backward, NodeId, Rule, Trace};

/// Rows and columns that a map has at most: one of the input's resolution is averaged down to it. A fit moves by less than a
/// thousandth, and a project of 50 000 maps stays below a gigabyte.
pub const MAX_GRID: usize = 56;

/// Images to be explained, with what the forward pass that predicted their classes left behind.
///
/// # Shapes
/// `n` images; all on the CPU or the classifier's device.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// `(n, 3, h, w)`, f32, as the classifier's preprocessing makes them.
    pub input: &'a Tensor,
    /// `(n, c, gh, gw)`, as [`Classifier::features`] returned them for `input`.
    pub features: &'a Tensor,
    /// What [`score`] kept of the pass that made the scores; without it the head runs again where that is needed.
    pub head: Option<&'a Trace>,
    /// For each image the class to explain.
    pub targets: &'a [ClassId],
}

/// Bytes that what is kept of a head may take: more is computed again, image by image.
const MAX_TRACE_BYTES: usize = 64 << 20;

/// The scores before the softmax `(n, classes)`, as [`Classifier::head`] returns them, and what the recipe's method needs of the
/// pass that makes them.
///
/// # Shapes
/// `features`: `(n, c, gh, gw)`.
///
/// # Errors
/// If the features are not of the target layer, or the device fails.
pub fn score(
    classifier: &Classifier,
    features: &Tensor,
    recipe: &Recipe,
) -> candle_core::Result<(Tensor, Option<Trace>)> {
    let (n, _, height, width) = features.dims4()?;
    let head = classifier.head_network();
    let differentiated = recipe.method.needs() == Needs::HeadGradients && classifier.linear_head().is_none();
    let bytes = if differentiated { head.trace_bytes(height, width)? } else { None };
    if bytes.is_none_or(|bytes| n * bytes > MAX_TRACE_BYTES) {
        return Ok((classifier.head(features)?, None));
    }
    let trace = head.trace_for_gradients(features, &|| false)?;
    Ok((trace.value(only_output(head.graph())?)?.clone(), Some(trace)))
}

/// A map as its formula leaves it: signed, at its own resolution.
#[derive(Clone, Debug, PartialEq)]
pub struct RawMap {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// Row-major.
    pub values: Vec<f32>,
}

impl RawMap {
    /// The part that speaks for the class, on a grid of at most [`MAX_GRID`] cells a side.
    fn into_saliency(self) -> SaliencyMap {
        let Self { height, width, mut values } = self;
        let (rows, columns) = (height.min(MAX_GRID), width.min(MAX_GRID));
        if (rows, columns) == (height, width) {
            return SaliencyMap::from_values(height, width, values);
        }
        // What speaks against the class is cut off before it can cancel what speaks for it next to it.
        values.iter_mut().for_each(|v| *v = v.max(0.0));
        SaliencyMap::from_values(rows, columns, area_mean(&values, [height, width], [rows, columns]))
    }
}

/// The saliency of each image for its target class. A result depends on its own image only. Of a classifier with several target
/// layers the maps of all are averaged ([`SaliencyMap::mean_of_layers`]); methods that have none ignore them.
///
/// `cancelled` is asked before every map and between the passes of methods that need many.
///
/// # Shapes
/// `n` maps: `gh x gw` for methods on the target layer, else the input's size, at most [`MAX_GRID`] a side.
///
/// # Errors
/// If there are not as many targets as images, a target is no class of the classifier, the method is not defined for this
/// classifier, a setting is out of its range, somebody cancels, or the device fails.
pub fn saliency(
    classifier: &Classifier,
    subject: &Subject<'_>,
    recipe: &Recipe,
    cancelled: &dyn Fn() -> bool,
) -> Result<Vec<SaliencyMap>, SaliencyError> {
    let maps = of_one_layer(classifier, subject, recipe, cancelled)?;
    if classifier.further().is_empty() || !recipe.method.is_on_target_layer() {
        return Ok(maps);
    }
    let mut layers: Vec<Vec<SaliencyMap>> = maps.into_iter().map(|map| vec![map]).collect();
    for other in classifier.further() {
        let features = other.features(subject.input)?;
        let maps = of_one_layer(other, &Subject { features: &features, head: None, ..*subject }, recipe, cancelled)?;
        layers.iter_mut().zip(maps).for_each(|(layers, map)| layers.push(map));
    }
    Ok(layers.iter().map(|layers| SaliencyMap::mean_of_layers(layers)).collect())
}

/// The saliency on the main target layer, with its flips.
fn of_one_layer(
    classifier: &Classifier,
    subject: &Subject<'_>,
    recipe: &Recipe,
    cancelled: &dyn Fn() -> bool,
) -> Result<Vec<SaliencyMap>, SaliencyError> {
    let maps = raw_saliency(classifier, subject, recipe, cancelled)?.into_iter().map(RawMap::into_saliency);
    if !recipe.flips {
        return Ok(maps.collect());
    }
    let mirrored = subject.input.flip(&[3])?.contiguous()?;
    let features = classifier.features(&mirrored)?;
    let subject = Subject { input: &mirrored, features: &features, head: None, targets: subject.targets };
    let others = raw_saliency(classifier, &subject, recipe, cancelled)?;
    Ok(maps.zip(others).map(|(map, other)| map.mean_with(&other.into_saliency().mirrored())).collect())
}

/// Whether maps by a recipe can be asked of a classifier, so that nobody finds out in the middle of a run.
///
/// # Errors
/// Why not: the method has no target layer but several are given, the classifier lacks what it needs, or a setting does not fit
/// the input.
pub fn check(classifier: &Classifier, recipe: &Recipe) -> Result<(), SaliencyError> {
    let method = recipe.method;
    if !method.is_on_target_layer() && !classifier.further().is_empty() {
        return Err(SaliencyError::Setting(format!(
            "{method} goes back to the image itself: it has no target layers to average, but {} are given",
            classifier.layer()
        )));
    }
    match method {
        Method::Occlusion => {
            let input = classifier.preprocessing().input;
            recipe.occlusion.check(input.height as usize, input.width as usize)
        }
        Method::ContrastiveExcitationBackprop => check_contrastive(classifier),
        _ => Ok(()),
    }
}

/// The same as signed maps at their own resolution, of the images as they are, on the main target layer alone.
///
/// # Errors
/// As [`saliency`].
pub fn raw_saliency(
    classifier: &Classifier,
    subject: &Subject<'_>,
    recipe: &Recipe,
    cancelled: &dyn Fn() -> bool,
) -> Result<Vec<RawMap>, SaliencyError> {
    let n = subject.input.dim(0)?;
    if n != subject.targets.len() || n != subject.features.dim(0)? {
        let (targets, maps) = (subject.targets.len(), subject.features.dim(0)?);
        return Err(SaliencyError::Setting(format!("{targets} targets and {maps} feature maps for {n} images")));
    }
    let map = |(i, target): (usize, &ClassId)| {
        let one = One {
            classifier,
            recipe,
            input: subject.input.narrow(0, i, 1)?,
            features: subject.features.narrow(0, i, 1)?,
            head: subject.head.map(|trace| trace.image(i)).transpose()?,
            target: *target,
            cancelled,
        };
        one.map()
    };
    subject.targets.iter().enumerate().map(map).collect()
}

/// One image's question.
struct One<'a> {
    classifier: &'a Classifier,
    recipe: &'a Recipe,
    /// `(1, 3, h, w)`
    input: Tensor,
    /// `(1, c, gh, gw)`
    features: Tensor,
    /// The pass through the head, where it was kept.
    head: Option<Trace>,
    target: ClassId,
    cancelled: &'a dyn Fn() -> bool,
}

impl One<'_> {
    fn map(&self) -> Result<RawMap, SaliencyError> {
        check_class(self.classifier, self.target)?;
        if (self.cancelled)() {
            return Err(SaliencyError::Cancelled);
        }
        let method = self.recipe.method;
        let values = match method.needs() {
            Needs::Activations | Needs::HeadGradients => self.layer_values()?,
            Needs::MaskedForwards => self.masked_values()?,
            Needs::NetworkGradients if method.is_on_target_layer() => {
                let contrastive = method == Method::ContrastiveExcitationBackprop;
                excitation(self.classifier, &self.features, self.target, contrastive, self.cancelled)?
            }
            Needs::NetworkGradients => {
                input_map(self.classifier, &self.input, self.target, self.recipe, self.cancelled)?
            }
        };
        let grid = if method.is_on_target_layer() { &self.features } else { &self.input };
        let (_, _, height, width) = grid.dims4()?;
        Ok(RawMap { height, width, values })
    }

    fn layer_values(&self) -> Result<Vec<f32>, SaliencyError> {
        let (_, _, height, width) = self.features.dims4()?;
        let a = host_values(&self.features)?;
        let a = ChannelMaps::new(height, width, &a);
        if self.recipe.method == Method::EigenCam {
            return Ok(eigen::eigen_cam(a));
        }
        let g = gradients(self.classifier, &self.features, self.head.as_ref(), self.target, self.cancelled)?;
        Ok(weigh(self.recipe.method, a, ChannelMaps::new(height, width, &g))?)
    }

    fn masked_values(&self) -> Result<Vec<f32>, SaliencyError> {
        let (_, channels, rows, columns) = self.input.dims4()?;
        let shape = [channels, rows, columns];
        let (_, _, height, width) = self.features.dims4()?;
        let (x, a) = (host_values(&self.input)?, host_values(&self.features)?);
        let a = ChannelMaps::new(height, width, &a);
        let of_images = |x: &Tensor| self.scores(&self.classifier.features(x)?);
        let of_features = |x: &Tensor| self.scores(x);
        let probabilities = |x: &Tensor| self.probabilities(&self.classifier.features(x)?);
        let scoring = |score| Scoring { batch: self.recipe.batch, cancelled: self.cancelled, score };
        let score = self.scores(&self.features)?[0];
        match self.recipe.method {
            Method::ScoreCam => score_cam(a, &x, shape, &scoring(&of_images)),
            Method::AblationCam => match self.classifier.linear_head() {
                Some(weight) => {
                    Ok(ablation_cam_of_linear_head(a, score, &weight.get(self.target.0)?.to_vec1::<f32>()?))
                }
                None => ablation_cam(a, score, &scoring(&of_features)),
            },
            Method::Occlusion => occlusion(&x, shape, &self.recipe.occlusion, score, &scoring(&of_images)),
            Method::Rise => rise(&x, shape, &self.recipe.rise, &scoring(&probabilities)),
            method => Err(SaliencyError::NotApplicable { method, reason: "it masks nothing".into() }),
        }
    }

    /// The target class's scores before the softmax.
    fn scores(&self, features: &Tensor) -> candle_core::Result<Vec<f32>> {
        host_values(&self.classifier.head(features)?.narrow(1, self.target.0, 1)?)
    }

    /// The target class's probabilities.
    fn probabilities(&self, features: &Tensor) -> candle_core::Result<Vec<f32>> {
        let logits = self.classifier.head(features)?;
        host_values(&candle_nn::ops::softmax(&logits, 1)?.narrow(1, self.target.0, 1)?)
    }
}

/// The formula of a method that needs activations and gradients.
fn weigh(method: Method, a: ChannelMaps<'_>, g: ChannelMaps<'_>) -> candle_core::Result<Vec<f32>> {
    Ok(match method {
        Method::GradCam => cams::grad_cam(a, g),
        Method::GradCamPlusPlus => cams::grad_cam_plus_plus(a, g),
        Method::XGradCam => cams::x_grad_cam(a, g),
        Method::HiResCam => cams::hi_res_cam(a, g),
        Method::LayerCam => cams::layer_cam(a, g),
        Method::GradCamElementwise => cams::grad_cam_elementwise(a, g),
        Method::EigenGradCam => eigen::eigen_grad_cam(a, g),
        other => bail!("{other} is no formula on activations and gradients"),
    })
}

/// `d y_c / d A` of one image, row-major `(c, h, w)`, for the score `y_c` of class `target` before the softmax. Where the head is
/// a mean and a linear layer this is the layer's weight over the number of cells; elsewhere the head is differentiated.
///
/// # Shapes
/// `features`: `(1, c, h, w)`.
///
/// # Errors
/// If the target is no class of the classifier, somebody cancels, or the device fails.
pub fn head_gradients(
    classifier: &Classifier,
    features: &Tensor,
    target: ClassId,
    cancelled: &dyn Fn() -> bool,
) -> Result<Vec<f32>, SaliencyError> {
    gradients(classifier, features, None, target, cancelled)
}

/// The same, from the pass through the head if there is one.
fn gradients(
    classifier: &Classifier,
    features: &Tensor,
    head: Option<&Trace>,
    target: ClassId,
    cancelled: &dyn Fn() -> bool,
) -> Result<Vec<f32>, SaliencyError> {
    check_class(classifier, target)?;
    if let Some(weight) = classifier.linear_head() {
        let (_, _, height, width) = features.dims4()?;
        let cells = height * width;
        let row = weight.get(target.0)?.to_vec1::<f32>()?;
        return Ok(row.iter().flat_map(|w| std::iter::repeat_n(w / cells as f32, cells)).collect());
    }
    match head {
        Some(trace) => backward(classifier, trace, target, cancelled),
        None => {
            let trace = classifier.head_network().trace_for_gradients(features, cancelled);
            backward(classifier, &trace.map_err(unless(cancelled))?, target, cancelled)
        }
    }
}

/// The gradients back through the head, node by node: unlike candle's backward pass this computes none of the weights, which
/// for VGG's head would be a copy of 400 MB for each image.
fn backward(
    classifier: &Classifier,
    trace: &Trace,
    target: ClassId,
    cancelled: &dyn Fn() -> bool,
) -> Result<Vec<f32>, SaliencyError> {
    let head = classifier.head_network();
    let seeds = [one_hot(head.graph(), trace, target)?];
    let backward = Backward { cancelled, ..Backward::new(&seeds, Rule::Gradient) };
    match &head.pull_back(trace, &backward).map_err(unless(cancelled))?[0] {
        Some(gradient) => Ok(host_values(gradient)?),
        // The score does not depend on the features at all.
        None => Ok(vec![0.0; trace.shape(NodeId::INPUT).iter().product()]),
    }
}

fn check_class(classifier: &Classifier, class: ClassId) -> Result<(), SaliencyError> {
    let classes = classifier.class_names().len();
    if class.0 < classes {
        return Ok(());
    }
    Err(SaliencyError::Setting(format!("class {} does not exist: the classifier has {classes}", class.0)))
}

#[cfg(test)]
mod tests {
    use anyhow::Context as _;

    use super::*;
    use crate::classifier::fixture::{small_classifier, tensor};

    fn largest_difference(a: &[f32], b: &[f32]) -> f32 {
        assert_eq!(a.len(), b.len());
        a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
    }

    #[test]
    fn the_weight_of_a_linear_head_is_its_gradient() -> anyhow::Result<()> {
        let classifier = small_classifier("act")?;
        assert!(classifier.linear_head().is_some());
        let features = classifier.features(&tensor(&[1, 3, 8, 9], 5)?)?;
        for class in (0..3).map(ClassId) {
            let closed = head_gradients(&classifier, &features, class, &|| false)?;
            let trace = classifier.head_network().trace_for_gradients(&features, &|| false)?;
            let differentiated = backward(&classifier, &trace, class, &|| false)?;
            assert!(largest_difference(&closed, &differentiated) < 1e-7);
        }
        Ok(())
    }

    #[test]
    fn ablation_of_a_linear_head_needs_no_passes() -> anyhow::Result<()> {
        let classifier = small_classifier("act")?;
        let weight = classifier.linear_head().context("a linear head")?.get(1)?.to_vec1::<f32>()?;
        let features = classifier.features(&tensor(&[1, 3, 8, 9], 5)?)?;
        let (_, channels, height, width) = features.dims4()?;
        let values = host_values(&features)?;
        let a = ChannelMaps::new(height, width, &values);
        let scores = |x: &Tensor| host_values(&classifier.head(x)?.narrow(1, 1, 1)?);
        let score = scores(&features)?[0];
        let passed = ablation_cam(a, score, &Scoring { batch: channels, cancelled: &|| false, score: &scores })?;
        assert!(largest_difference(&ablation_cam_of_linear_head(a, score, &weight), &passed) < 1e-6);
        Ok(())
    }

    #[test]
    fn a_head_behind_an_inner_layer_is_differentiated() -> anyhow::Result<()> {
        let classifier = small_classifier("conv")?;
        assert!(classifier.linear_head().is_none());
        let features = classifier.features(&tensor(&[1, 3, 8, 9], 5)?)?;
        let weight = tensor(&[3, 4], 3)?.to_vec2::<f32>()?;
        let cells = features.elem_count() / 4;
        let values = host_values(&features)?;
        let expected: Vec<f32> = values
            .iter()
            .enumerate()
            .map(|(i, v)| if *v > 0.0 { weight[1][i / cells] / cells as f32 } else { 0.0 })
            .collect();
        assert!(largest_difference(&head_gradients(&classifier, &features, ClassId(1), &|| false)?, &expected) < 1e-7);
        Ok(())
    }

    fn maps(
        classifier: &Classifier,
        input: &Tensor,
        targets: &[ClassId],
        recipe: &Recipe,
    ) -> anyhow::Result<Vec<SaliencyMap>> {
        let features = classifier.features(input)?;
        Ok(saliency(classifier, &Subject { input, features: &features, head: None, targets }, recipe, &|| false)?)
    }

    #[test]
    fn every_methods_maps_of_a_batch_are_those_of_its_images() -> anyhow::Result<()> {
        let classifier = small_classifier("act")?;
        let input = tensor(&[3, 3, 8, 9], 6)?;
        let targets = [ClassId(2), ClassId(0), ClassId(1)];
        for method in Method::ALL {
            let mut recipe = Recipe::new(method);
            (recipe.occlusion.window, recipe.occlusion.stride, recipe.rise.masks) = (3, 2, 20);
            let together = maps(&classifier, &input, &targets, &recipe)?;
            recipe.batch = 1;
            for (i, target) in targets.into_iter().enumerate() {
                let alone = maps(&classifier, &input.narrow(0, i, 1)?, &[target], &recipe)?;
                assert_eq!(alone, [together[i].clone()], "{method}");
            }
        }
        Ok(())
    }

    #[test]
    fn a_flipped_map_of_a_flipped_image_is_averaged_in() -> anyhow::Result<()> {
        let classifier = small_classifier("act")?;
        let input = tensor(&[1, 3, 8, 9], 6)?;
        let mirrored = input.flip(&[3])?.contiguous()?;
        let recipe = Recipe { flips: true, ..Recipe::new(Method::HiResCam) };
        let map = maps(&classifier, &input, &[ClassId(0)], &recipe)?.swap_remove(0);
        let other = maps(&classifier, &mirrored, &[ClassId(0)], &recipe)?.swap_remove(0);
        assert_eq!(map, other.mirrored());
        assert_ne!(map, maps(&classifier, &input, &[ClassId(0)], &Recipe::new(Method::HiResCam))?[0]);
        Ok(())
    }

    #[test]
    fn several_layers_give_the_mean_of_their_scaled_maps() -> anyhow::Result<()> {
        let both = small_classifier("conv,act")?;
        let input = tensor(&[2, 3, 8, 9], 6)?;
        let targets = [ClassId(2), ClassId(0)];
        for method in Method::ALL {
            let mut recipe = Recipe { flips: true, ..Recipe::new(method) };
            (recipe.occlusion.window, recipe.occlusion.stride, recipe.rise.masks) = (3, 2, 20);
            let found = maps(&both, &input, &targets, &recipe)?;
            let [conv, act] = ["conv", "act"].map(|layer| maps(&small_classifier(layer)?, &input, &targets, &recipe));
            let (conv, act) = (conv?, act?);
            for (i, map) in found.iter().enumerate() {
                if method.is_on_target_layer() {
                    assert_eq!(*map, SaliencyMap::mean_of_layers(&[act[i].clone(), conv[i].clone()]), "{method}");
                    assert!(check(&both, &recipe).is_ok());
                } else {
                    assert_eq!(*map, act[i], "{method}");
                    assert!(check(&both, &recipe).is_err());
                }
            }
        }
        Ok(())
    }

    #[test]
    fn what_does_not_fit_the_classifier_is_known_beforehand() -> anyhow::Result<()> {
        let mut recipe = Recipe::new(Method::Occlusion);
        assert!(check(&small_classifier("act")?, &recipe).is_err(), "the window is larger than the input");
        (recipe.occlusion.window, recipe.occlusion.stride) = (3, 2);
        check(&small_classifier("act")?, &recipe)?;
        check(&small_classifier("act")?, &Recipe::new(Method::ContrastiveExcitationBackprop))?;
        Ok(())
    }

    #[test]
    fn what_the_scores_left_behind_changes_no_map() -> anyhow::Result<()> {
        let classifier = small_classifier("conv")?;
        let input = tensor(&[3, 3, 8, 9], 6)?;
        let targets = [ClassId(2), ClassId(0), ClassId(1)];
        let features = classifier.features(&input)?;
        let recipe = Recipe::new(Method::GradCam);
        let (scores, head) = score(&classifier, &features, &recipe)?;
        assert_eq!(scores.to_vec2::<f32>()?, classifier.head(&features)?.to_vec2::<f32>()?);
        assert!(head.is_some());
        let subject = Subject { input: &input, features: &features, head: head.as_ref(), targets: &targets };
        let kept = raw_saliency(&classifier, &subject, &recipe, &|| false)?;
        let again = raw_saliency(&classifier, &Subject { head: None, ..subject }, &recipe, &|| false)?;
        assert_eq!(kept, again);
        Ok(())
    }

    #[test]
    fn cancelling_ends_every_method() -> anyhow::Result<()> {
        let classifier = small_classifier("act")?;
        let input = tensor(&[1, 3, 8, 9], 6)?;
        let features = classifier.features(&input)?;
        let subject = Subject { input: &input, features: &features, head: None, targets: &[ClassId(0)] };
        for method in Method::ALL {
            let result = saliency(&classifier, &subject, &Recipe::new(method), &|| true);
            assert!(matches!(result, Err(SaliencyError::Cancelled)), "{method}");
        }
        Ok(())
    }

    #[test]
    fn a_class_that_does_not_exist_is_an_error() -> anyhow::Result<()> {
        let classifier = small_classifier("act")?;
        let recipe = Recipe::new(Method::GradCam);
        assert!(maps(&classifier, &tensor(&[1, 3, 8, 9], 5)?, &[ClassId(3)], &recipe).is_err());
        Ok(())
    }

    #[test]
    fn an_unknown_layer_is_answered_with_the_list() {
        let message = small_classifier("layer4").map_err(|e| e.to_string()).err().unwrap_or_default();
        assert_eq!(message, "there is no layer layer4 in this network; its layers are conv, act");
    }
}
