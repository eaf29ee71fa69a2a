//! Faithfulness: whether the class's score depends on the pixels that a map points to.
//!
//! Comes in: a classifier, an image and a map of it. Goes out: the curves of deletion and insertion (Petsiuk et al. 2018) and the ROAD
//! score (Rong et al. 2022). May not live here: averages over images.

use candle_core::{DType, Device, Tensor};

use super::imputation::impute;
use crate::classifier::Classifier;
use crate::dataset::ClassId;
use crate::saliency::masked::Scoring;
use crate::saliency::noise::Noise;
use crate::saliency::resample::{Alignment, area_mean, bilinear};
use crate::saliency::{SaliencyError, SaliencyMap};

/// Points of a curve besides its start.
pub const STEPS: usize = 28;

/// Shares of the pixels that ROAD removes.
pub const ROAD_SHARES: [f64; 5] = [0.1, 0.3, 0.5, 0.7, 0.9];

/// Side of the cells that the image is averaged over where insertion starts.
const BLUR_CELL: usize = 16;

/// Probabilities of a class while pixels change, in equal steps from none to all.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve(Vec<f64>);

impl Curve {
    /// The probability before the first step, after each, and after the last.
    pub fn probabilities(&self) -> &[f64] {
        &self.0
    }

    /// Area under the curve by the trapezium rule, with the share of changed pixels from 0 to 1 as the axis: `0.0..=1.0`.
    pub fn area(&self) -> f64 {
        let inner: f64 = self.0.windows(2).map(|w| (w[0] + w[1]) / 2.0).sum();
        inner / (self.0.len() - 1) as f64
    }
}

/// One image with its map, for one class.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The network.
    pub classifier: &'a Classifier,
    /// `(1, 3, h, w)`, f32, normalised.
    pub input: &'a Tensor,
    /// Over the input.
    pub map: &'a SaliencyMap,
    /// The explained class.
    pub class: ClassId,
    /// Variants in one forward pass; changes no result.
    pub batch: usize,
}

/// The image with its planes and its pixels in the order in which they matter.
struct Ordered {
    values: Vec<f32>,
    shape: [usize; 3],
    /// Most salient first; equal ones in the order of rows.
    order: Vec<usize>,
}

impl Question<'_> {
    /// Probabilities while the most salient pixels are covered with the mean colour, first the most salient: the lower its area, the
    /// more faithful the map.
    ///
    /// # Errors
    /// If the network fails or somebody cancels.
    pub fn deletion(&self, cancelled: &dyn Fn() -> bool) -> Result<Curve, SaliencyError> {
        let image = self.ordered()?;
        self.curve(&image, &image.values, &vec![0.0; image.values.len()], cancelled)
    }

    /// Probabilities while the most salient pixels of a blurred image are made sharp: the higher its area, the more faithful the map.
    ///
    /// # Errors
    /// If the network fails or somebody cancels.
    pub fn insertion(&self, cancelled: &dyn Fn() -> bool) -> Result<Curve, SaliencyError> {
        let image = self.ordered()?;
        self.curve(&image, &blurred(&image.values, image.shape), &image.values, cancelled)
    }

    /// Mean over [`ROAD_SHARES`] of half the difference between the probability with the least salient pixels removed and that with
    /// the most salient removed, `-0.5..=0.5`; above 0 where the map is more faithful than its opposite. Removed pixels are imputed
    /// from their neighbours.
    ///
    /// # Errors
    /// If the network fails or somebody cancels.
    pub fn road(&self, cancelled: &dyn Fn() -> bool) -> Result<f64, SaliencyError> {
        let image = self.ordered()?;
        let pixels = image.order.len();
        let probabilities = self.probabilities(2 * ROAD_SHARES.len(), image.shape, cancelled, |i, variant| {
            let count = (ROAD_SHARES[i / 2] * pixels as f64).round() as usize;
            let mut removed = vec![false; pixels];
            let chosen = if i % 2 == 0 { &image.order[..count] } else { &image.order[pixels - count..] };
            chosen.iter().for_each(|at| removed[*at] = true);
            variant.copy_from_slice(&image.values);
            impute(variant, image.shape[2], &removed, Noise(i as u64));
        })?;
        let halves = probabilities.chunks_exact(2).map(|pair| (pair[1] - pair[0]) / 2.0);
        Ok(halves.sum::<f64>() / ROAD_SHARES.len() as f64)
    }

    fn ordered(&self) -> Result<Ordered, SaliencyError> {
        let (_, channels, height, width) = self.input.dims4()?;
        let values = self.input.to_device(&Device::Cpu)?.to_dtype(DType::F32)?.flatten_all()?.to_vec1::<f32>()?;
        let map = bilinear(self.map.values(), [self.map.height(), self.map.width()], [height, width], Alignment::Edges);
        let mut order: Vec<usize> = (0..map.len()).collect();
        order.sort_by(|a, b| map[*b].total_cmp(&map[*a]));
        Ok(Ordered { values, shape: [channels, height, width], order })
    }

    fn curve(
        &self,
        image: &Ordered,
        from: &[f32],
        to: &[f32],
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Curve, SaliencyError> {
        let pixels = image.order.len();
        let probabilities = self.probabilities(STEPS + 1, image.shape, cancelled, |i, variant| {
            variant.copy_from_slice(from);
            for at in &image.order[..i * pixels / STEPS] {
                for plane in 0..image.shape[0] {
                    variant[plane * pixels + at] = to[plane * pixels + at];
                }
            }
        })?;
        Ok(Curve(probabilities))
    }

    fn probabilities(
        &self,
        count: usize,
        shape: [usize; 3],
        cancelled: &dyn Fn() -> bool,
        write: impl FnMut(usize, &mut [f32]),
    ) -> Result<Vec<f64>, SaliencyError> {
        let score = |x: &Tensor| {
            let logits = self.classifier.head(&self.classifier.features(x)?)?;
            let probabilities = candle_nn::ops::softmax(&logits, 1)?.narrow(1, self.class.0, 1)?;
            probabilities.to_device(&Device::Cpu)?.to_dtype(DType::F32)?.flatten_all()?.to_vec1::<f32>()
        };
        Scoring { batch: self.batch, cancelled, score: &score }.scores(count, shape, write)
    }
}

/// Planes averaged over cells and enlarged again.
fn blurred(values: &[f32], [_, height, width]: [usize; 3]) -> Vec<f32> {
    let cells = [height.div_ceil(BLUR_CELL), width.div_ceil(BLUR_CELL)];
    let blur =
        |plane: &[f32]| bilinear(&area_mean(plane, [height, width], cells), cells, [height, width], Alignment::Edges);
    values.chunks_exact(height * width).flat_map(blur).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classifier::fixture::{small_classifier, tensor};

    fn probability(classifier: &Classifier, input: &Tensor, class: usize) -> anyhow::Result<f64> {
        let logits = classifier.head(&classifier.features(input)?)?;
        Ok(f64::from(candle_nn::ops::softmax(&logits, 1)?.to_vec2::<f32>()?[0][class]))
    }

    #[test]
    fn the_area_of_a_falling_line_is_one_half() {
        assert_eq!(Curve(vec![1.0, 0.75, 0.5, 0.25, 0.0]).area(), 0.5);
    }

    #[test]
    fn curves_run_from_the_image_to_nothing_and_back() -> anyhow::Result<()> {
        let classifier = small_classifier("act")?;
        let input = tensor(&[1, 3, 8, 9], 6)?;
        let map = SaliencyMap::from_values(4, 5, (0..20).map(|i| (i * 7 % 11) as f32).collect());
        let question = Question { classifier: &classifier, input: &input, map: &map, class: ClassId(1), batch: 4 };
        let whole = probability(&classifier, &input, 1)?;
        let empty = probability(&classifier, &input.zeros_like()?, 1)?;
        let deletion = question.deletion(&|| false)?;
        assert_eq!(deletion.probabilities().len(), STEPS + 1);
        assert_eq!((deletion.probabilities()[0], deletion.probabilities()[STEPS]), (whole, empty));
        assert_eq!(question.insertion(&|| false)?.probabilities()[STEPS], whole);
        let one_by_one = Question { batch: 1, ..question };
        assert_eq!(one_by_one.deletion(&|| false)?, deletion);
        Ok(())
    }

    #[test]
    fn a_map_and_its_opposite_have_opposite_road_scores() -> anyhow::Result<()> {
        let classifier = small_classifier("act")?;
        let input = tensor(&[1, 3, 8, 9], 6)?;
        let values: Vec<f32> = (0..72).map(|i| (i * 29 % 73) as f32).collect();
        let map = SaliencyMap::from_values(8, 9, values.clone());
        let opposite = SaliencyMap::from_values(8, 9, values.iter().map(|v| 100.0 - v).collect());
        let road = |map: &SaliencyMap| -> anyhow::Result<f64> {
            Ok(Question { classifier: &classifier, input: &input, map, class: ClassId(1), batch: 4 }.road(&|| false)?)
        };
        let (score, against) = (road(&map)?, road(&opposite)?);
        // Equal but for the noise, which another stream draws.
        assert!((score + against).abs() < 0.01 && score.abs() > 0.001, "{score} {against}");
        Ok(())
    }
}
