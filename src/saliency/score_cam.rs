//! Score-CAM and Ablation-CAM: channels weighted by what the score says of each.
//!
//! Comes in: the target layer's channels, and a way to score masked images (Score-CAM) or masked channels (Ablation-CAM). Goes
//! out: the signed map. May not live here: gradients.

use super::SaliencyError;
use super::cams::{ChannelMaps, weighted};
use super::masked::Scoring;
use super::resample::{Alignment, bilinear};

/// Score-CAM (Wang et al. 2020) as pytorch-grad-cam computes it: the weights are the softmax over channels of the class score of
/// the image times the channel, which is enlarged to the image (corner centres aligned) and scaled to 0..1.
///
/// # Shapes
/// `input`: `(channels, height, width)` of the network's input, row-major. `scoring` scores such inputs.
///
/// # Errors
/// As [`Scoring::scores`].
pub fn score_cam(
    a: ChannelMaps<'_>,
    input: &[f32],
    shape: [usize; 3],
    scoring: &Scoring<'_>,
) -> Result<Vec<f32>, SaliencyError> {
    let channels: Vec<_> = a.channels().collect();
    let plane = shape[1] * shape[2];
    let scores = scoring.scores(channels.len(), shape, |k, masked| {
        let mask = mask_of(channels[k], [a.height(), a.width()], [shape[1], shape[2]]);
        for (masked, input) in masked.chunks_exact_mut(plane).zip(input.chunks_exact(plane)) {
            for ((out, x), m) in masked.iter_mut().zip(input).zip(&mask) {
                *out = x * m;
            }
        }
    })?;
    Ok(weighted(a, &softmax(&scores)))
}

/// Ablation-CAM (Desai & Ramaswamy 2020): `w_k = (y - y_k) / y`, with `y_k` the class score where channel `k` is 0. The sign of `y` is
/// kept, as its authors have it: for a class with a negative score the map shows what speaks against it.
///
/// `scoring` scores feature maps of the target layer, and `score` is that of the whole one.
///
/// # Errors
/// As [`Scoring::scores`].
pub fn ablation_cam(a: ChannelMaps<'_>, score: f32, scoring: &Scoring<'_>) -> Result<Vec<f32>, SaliencyError> {
    let cells = a.cells();
    let scores = scoring.scores(a.count(), [a.count(), a.height(), a.width()], |k, maps| {
        for (i, (maps, channel)) in maps.chunks_exact_mut(cells).zip(a.channels()).enumerate() {
            if i != k {
                maps.copy_from_slice(channel);
            }
        }
    })?;
    let y = f64::from(score);
    let weights: Vec<_> = scores.iter().map(|without| if y == 0.0 { 0.0 } else { (y - without) / y }).collect();
    Ok(weighted(a, &weights))
}

/// Ablation-CAM behind which only a mean over the grid and a linear layer follow: without channel `k` the score lacks the layer's
/// weight times the channel's mean, so that no pass is needed. `weights` are those of the class.
pub fn ablation_cam_of_linear_head(a: ChannelMaps<'_>, score: f32, weights: &[f32]) -> Vec<f32> {
    let y = f64::from(score);
    let mean = |channel: &[f32]| channel.iter().map(|v| f64::from(*v)).sum::<f64>() / channel.len() as f64;
    let lost = a.channels().zip(weights).map(|(channel, weight)| f64::from(*weight) * mean(channel));
    let shares: Vec<f64> = lost.map(|lost| if y == 0.0 { 0.0 } else { lost / y }).collect();
    weighted(a, &shares)
}

/// A channel at the size of the input, from 0 to 1.
fn mask_of(channel: &[f32], from: [usize; 2], to: [usize; 2]) -> Vec<f32> {
    let mut mask = bilinear(channel, from, to, Alignment::Corners);
    let low = mask.iter().copied().fold(f32::INFINITY, f32::min);
    let high = mask.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let range = high - low + 1e-8;
    mask.iter_mut().for_each(|v| *v = (*v - low) / range);
    mask
}

fn softmax(scores: &[f64]) -> Vec<f64> {
    let max = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let exps: Vec<_> = scores.iter().map(|s| (s - max).exp()).collect();
    let sum: f64 = exps.iter().sum();
    exps.iter().map(|e| e / sum).collect()
}

#[cfg(test)]
mod tests {
    use super::super::masked::tests::{never, place_weighted};
    use super::*;

    #[test]
    fn score_cam_prefers_the_channel_whose_mask_keeps_the_score() -> Result<(), SaliencyError> {
        // Places count 0, 1, 2, 3 and the input is ones: the channel that keeps the right column scores 1 + 3, the other 0 + 2.
        let values = [0.0, 1.0, 0.0, 1.0, 1.0, 0.0, 1.0, 0.0];
        let a = ChannelMaps::new(2, 2, &values);
        let scoring = Scoring { batch: 1, cancelled: &never, score: &place_weighted };
        let map = score_cam(a, &[1.0; 4], [1, 2, 2], &scoring)?;
        let right = 1.0 / (1.0 + (-2f64).exp());
        assert!((f64::from(map[1]) - right).abs() < 1e-6 && (f64::from(map[0]) - (1.0 - right)).abs() < 1e-6);
        Ok(())
    }

    #[test]
    fn ablation_cam_of_a_linear_score_is_the_share_of_each_channel() -> Result<(), SaliencyError> {
        // Channel 0 holds places 0 and 1, channel 1 places 2 and 3: scores 1 and 5 of 6.
        let a = ChannelMaps::new(1, 2, &[1.0; 4]);
        let scoring = Scoring { batch: 4, cancelled: &never, score: &place_weighted };
        let map = ablation_cam(a, 6.0, &scoring)?;
        assert_eq!(map, [1.0, 1.0]);
        let single = ChannelMaps::new(1, 2, &[0.0, 2.0]);
        assert_eq!(ablation_cam(single, 2.0, &scoring)?, [0.0, 2.0]);
        Ok(())
    }
}
