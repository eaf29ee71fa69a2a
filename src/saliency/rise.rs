//! RISE: the mean of random masks, weighted by the score of the image behind each.
//!
//! Comes in: an image and a way to score it. Goes out: the map at the input's resolution. May not live here: networks.

use super::SaliencyError;
use super::masked::Scoring;
use super::noise::Noise;
use super::resample::{Alignment, bilinear};

/// Which masks are drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rise {
    /// Number of masks; the authors take 4000 to 8000. The error falls with its root.
    pub masks: usize,
    /// Cells of a mask along a side.
    pub cells: usize,
    /// Probability that a cell lets the image through, above 0 and at most 1.
    pub keep: f64,
    /// Where the random numbers start.
    pub seed: u64,
}

impl Default for Rise {
    fn default() -> Self {
        Self { masks: 1000, cells: 7, keep: 0.5, seed: 0 }
    }
}

impl Rise {
    /// Mask `index` for an input of this height and width, `0.0..=1.0`: a grid of random cells, enlarged bilinearly by a little more
    /// than it has to be, and cut out at a random place. It depends on nothing but the settings, the index and the size.
    pub fn mask(&self, index: usize, height: usize, width: usize) -> Vec<f32> {
        let noise = Noise(self.seed).stream(index as u64);
        let n = self.cells;
        let cells: Vec<f32> = (0..n * n).map(|i| if noise.uniform(i as u64) < self.keep { 1.0 } else { 0.0 }).collect();
        let (cell_h, cell_w) = (height.div_ceil(n), width.div_ceil(n));
        let (big_h, big_w) = ((n + 1) * cell_h, (n + 1) * cell_w);
        let big = bilinear(&cells, [n, n], [big_h, big_w], Alignment::Edges);
        let shift = |i: usize, below: usize| (noise.uniform((n * n + i) as u64) * below as f64) as usize;
        let (top, left) = (shift(0, cell_h), shift(1, cell_w));
        big.chunks_exact(big_w).skip(top).take(height).flat_map(|row| &row[left..left + width]).copied().collect()
    }
}

/// RISE (Petsiuk et al. 2018): `sum_i p_i M_i / (N keep)`, `p_i` the class's probability for the image times mask `M_i`.
///
/// The map has a floor, the mean score: a fit computed from it is near the region's area share, and measures of rank say more.
///
/// # Shapes
/// `input`: `(channels, height, width)`, row-major; `scoring` gives probabilities. Result: `height * width` values.
///
/// # Errors
/// If a setting is out of its range, the network fails, or somebody cancels.
pub fn rise(
    input: &[f32],
    shape: [usize; 3],
    settings: &Rise,
    scoring: &Scoring<'_>,
) -> Result<Vec<f32>, SaliencyError> {
    if settings.masks == 0 || settings.cells == 0 || !(settings.keep > 0.0 && settings.keep <= 1.0) {
        return Err(SaliencyError::Setting(
            "RISE needs masks, cells, and a share to keep above 0 and at most 1".into(),
        ));
    }
    let [_, height, width] = shape;
    let scores = scoring.scores(settings.masks, shape, |i, variant| {
        let mask = settings.mask(i, height, width);
        for (variant, input) in variant.chunks_exact_mut(height * width).zip(input.chunks_exact(height * width)) {
            for ((out, x), m) in variant.iter_mut().zip(input).zip(&mask) {
                *out = x * m;
            }
        }
    })?;
    let mut map = vec![0f64; height * width];
    for (i, score) in scores.iter().enumerate() {
        if (scoring.cancelled)() {
            return Err(SaliencyError::Cancelled);
        }
        for (total, m) in map.iter_mut().zip(settings.mask(i, height, width)) {
            *total += score * f64::from(m);
        }
    }
    let scale = 1.0 / (settings.masks as f64 * settings.keep);
    Ok(map.iter().map(|v| (v * scale) as f32).collect())
}

#[cfg(test)]
mod tests {
    use super::super::masked::tests::never;
    use super::*;
    use candle_core::Tensor;

    #[test]
    fn masks_let_through_the_share_they_should() {
        let rise = Rise { keep: 0.3, ..Rise::default() };
        let total: f64 = (0..200).map(|i| rise.mask(i, 20, 30).iter().map(|v| f64::from(*v)).sum::<f64>()).sum();
        assert!((total / (200.0 * 600.0) - 0.3).abs() < 0.02);
    }

    #[test]
    fn a_mask_has_the_size_of_the_input_also_where_cells_do_not_divide_it() {
        let rise = Rise { cells: 3, ..Rise::default() };
        for (h, w) in [(1, 1), (7, 10), (224, 99)] {
            assert_eq!(rise.mask(5, h, w).len(), h * w);
        }
    }

    #[test]
    fn a_network_that_looks_at_one_corner_is_found_out() -> Result<(), SaliencyError> {
        let score = |x: &Tensor| x.narrow(2, 0, 8)?.narrow(3, 24, 8)?.mean((1, 2, 3))?.to_vec1::<f32>();
        let scoring = Scoring { batch: 16, cancelled: &never, score: &score };
        let settings = Rise { masks: 300, cells: 4, ..Rise::default() };
        let map = rise(&[1.0; 1024], [1, 32, 32], &settings, &scoring)?;
        let best = map.iter().enumerate().fold((0, 0f32), |b, (i, v)| if *v > b.1 { (i, *v) } else { b }).0;
        assert!(best / 32 < 8 && best % 32 >= 24, "found at row {} column {}", best / 32, best % 32);
        Ok(())
    }
}
