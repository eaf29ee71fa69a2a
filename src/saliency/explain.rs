//! From a classifier and its feature maps to saliency maps, by the methods that look at the target layer only.

use candle_core::{DType, Device, Result, Tensor, Var, bail};

use super::cams::{self, ChannelMaps};
use super::method::{Method, Needs};
use super::{SaliencyMap, eigen};
use crate::classifier::Classifier;
use crate::dataset::ClassId;

/// The saliency of each image for its target class, by a method that needs no more than the target layer's activations and
/// the gradients there (see [`Method::needs`]). A result depends on its own image only.
///
/// # Shapes
/// `features`: `(n, c, h, w)`, as [`Classifier::features`] returns them; `targets`: `n` classes. Result: `n` maps of `h x w`.
///
/// # Errors
/// If there are not as many targets as images, a target is no class of the classifier, the method needs more than that, or
/// the device fails.
pub fn saliency(
    classifier: &Classifier,
    features: &Tensor,
    targets: &[ClassId],
    method: Method,
) -> Result<Vec<SaliencyMap>> {
    let (n, _, height, width) = features.dims4()?;
    if n != targets.len() {
        bail!("{} targets for {n} images", targets.len())
    }
    let map = |(i, target): (usize, &ClassId)| {
        let a = features.narrow(0, i, 1)?;
        let activations = host_values(&a)?;
        let a_maps = ChannelMaps::new(height, width, &activations);
        let values = match method.needs() {
            Needs::Activations => eigen::eigen_cam(a_maps),
            Needs::HeadGradients => {
                let gradients = head_gradients(classifier, &a, *target)?;
                weigh(method, a_maps, ChannelMaps::new(height, width, &gradients))?
            }
            Needs::MaskedForwards | Needs::NetworkGradients => bail!("{method} needs more than the target layer"),
        };
        Ok(SaliencyMap::from_values(height, width, values))
    };
    targets.iter().enumerate().map(map).collect()
}

/// The formula of a method that needs activations and gradients.
fn weigh(method: Method, a: ChannelMaps<'_>, g: ChannelMaps<'_>) -> Result<Vec<f32>> {
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
/// If the target is no class of the classifier, or the device fails.
pub fn head_gradients(classifier: &Classifier, features: &Tensor, target: ClassId) -> Result<Vec<f32>> {
    let classes = classifier.class_names().len();
    if target.0 >= classes {
        bail!("class {} does not exist: the classifier has {classes}", target.0)
    }
    match classifier.linear_head() {
        Some(weight) => {
            let (_, _, height, width) = features.dims4()?;
            let cells = height * width;
            let row = weight.get(target.0)?.to_vec1::<f32>()?;
            Ok(row.iter().flat_map(|w| std::iter::repeat_n(w / cells as f32, cells)).collect())
        }
        None => backward(classifier, features, target),
    }
}

/// The gradients through the head by automatic differentiation.
fn backward(classifier: &Classifier, features: &Tensor, target: ClassId) -> Result<Vec<f32>> {
    let cut = Var::from_tensor(&features.detach())?;
    let score = classifier.differentiable_head(cut.as_tensor())?.get(0)?.get(target.0)?;
    let gradients = score.backward()?;
    match gradients.get(cut.as_tensor()) {
        Some(gradient) => host_values(gradient),
        // The score does not depend on the features at all.
        None => Ok(vec![0.0; features.elem_count()]),
    }
}

/// All values, row-major, wherever the tensor is.
fn host_values(tensor: &Tensor) -> Result<Vec<f32>> {
    tensor.to_device(&Device::Cpu)?.to_dtype(DType::F32)?.flatten_all()?.to_vec1::<f32>()
}

#[cfg(test)]
mod tests {
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
            let closed = head_gradients(&classifier, &features, class)?;
            let differentiated = backward(&classifier, &features, class)?;
            assert!(largest_difference(&closed, &differentiated) < 1e-7);
        }
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
        assert!(largest_difference(&head_gradients(&classifier, &features, ClassId(1))?, &expected) < 1e-7);
        Ok(())
    }

    #[test]
    fn maps_of_a_batch_are_those_of_its_images() -> anyhow::Result<()> {
        let classifier = small_classifier("act")?;
        let input = tensor(&[3, 3, 8, 9], 6)?;
        let targets = [ClassId(2), ClassId(0), ClassId(1)];
        let together = saliency(&classifier, &classifier.features(&input)?, &targets, Method::GradCam)?;
        for (i, target) in targets.into_iter().enumerate() {
            let features = classifier.features(&input.narrow(0, i, 1)?)?;
            assert_eq!(saliency(&classifier, &features, &[target], Method::GradCam)?, [together[i].clone()]);
        }
        Ok(())
    }

    #[test]
    fn a_class_that_does_not_exist_is_an_error() -> anyhow::Result<()> {
        let classifier = small_classifier("act")?;
        let features = classifier.features(&tensor(&[1, 3, 8, 9], 5)?)?;
        assert!(saliency(&classifier, &features, &[ClassId(3)], Method::GradCam).is_err());
        Ok(())
    }

    #[test]
    fn an_unknown_layer_is_answered_with_the_list() {
        let message = small_classifier("layer4").map_err(|e| e.to_string()).err().unwrap_or_default();
        assert_eq!(message, "there is no layer layer4 in this network; its layers are conv, act, pool");
    }
}
