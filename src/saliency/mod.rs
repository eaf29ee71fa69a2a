//! Saliency maps: where in its input a classifier found the evidence for a class.
//!
//! Comes in: a [`crate::classifier::Classifier`] and its input tensor. Goes out: a [`SaliencyMap`] for each image. May not
//! live here: images, files, regions, or anything that knows an architecture.

pub mod cams;
pub mod compat;
pub mod eigen;
mod error;
mod excitation;
mod explain;
mod full_grad;
mod input_gradients;
pub mod masked;
pub mod method;
pub mod noise;
pub mod occlusion;
mod pass;
mod recipe;
mod recipe_text;
pub mod resample;
pub mod rise;
pub mod score_cam;

pub use error::SaliencyError;
pub use explain::{MAX_GRID, RawMap, Subject, check, head_gradients, raw_saliency, saliency, score};
pub use input_gradients::{IntegratedGradients, SmoothGrad};
pub use method::Method;
pub use recipe::{Passes, Recipe};
pub use recipe_text::RecipeError;

use resample::{Alignment, bilinear};

/// A grid of values `>= 0` over the classifier's view, as ReLU leaves them: nothing subtracted, nothing scaled.
#[derive(Clone, Debug, PartialEq)]
pub struct SaliencyMap {
    height: usize,
    width: usize,
    values: Vec<f32>,
}

impl SaliencyMap {
    /// A map from its row-major values; negative values and not-a-number become 0 (the ReLU of Grad-CAM).
    ///
    /// # Panics
    /// If the number of values is not `height * width`, or a side is 0.
    pub fn from_values(height: usize, width: usize, mut values: Vec<f32>) -> Self {
        assert!(height > 0 && width > 0 && values.len() == height * width, "a map needs height * width values");
        for v in &mut values {
            *v = v.max(0.0);
        }
        Self { height, width, values }
    }

    /// Rows of the grid.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Columns of the grid.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Row-major values, all `>= 0`.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// The largest value; pictures are scaled by it.
    pub fn max(&self) -> f32 {
        self.values.iter().copied().fold(0.0, f32::max)
    }

    /// Left and right exchanged.
    pub fn mirrored(&self) -> Self {
        let values = self.values.chunks_exact(self.width).flat_map(|row| row.iter().rev()).copied().collect();
        Self { values, ..*self }
    }

    /// Cell by cell the mean with another map of the same grid.
    ///
    /// # Panics
    /// If the grids differ.
    pub fn mean_with(&self, other: &Self) -> Self {
        assert_eq!((self.height, self.width), (other.height, other.width), "one grid");
        let values = self.values.iter().zip(&other.values).map(|(a, b)| (a + b) / 2.0).collect();
        Self { values, ..*self }
    }

    /// The mean of the maps of several layers: each is scaled to a maximum of 1 (a flat one stays 0 everywhere) and enlarged
    /// bilinearly to the most rows and columns that one of them has. One map alone is returned as it is.
    ///
    /// pytorch-grad-cam averages the maps of `target_layers` so, but takes each map's smallest value off as well.
    ///
    /// # Panics
    /// If there is none.
    pub fn mean_of_layers(maps: &[Self]) -> Self {
        if let [map] = maps {
            return map.clone();
        }
        let most = |side: fn(&Self) -> usize| maps.iter().map(side).max().expect("at least one map");
        let (height, width) = (most(Self::height), most(Self::width));
        let mut sum = vec![0f64; height * width];
        for map in maps.iter().filter(|map| !map.is_flat()) {
            let scale = 1.0 / f64::from(map.max());
            let enlarged = bilinear(&map.values, [map.height, map.width], [height, width], Alignment::Edges);
            sum.iter_mut().zip(enlarged).for_each(|(s, v)| *s += scale * f64::from(v));
        }
        let values = sum.iter().map(|v| (v / maps.len() as f64) as f32).collect();
        Self { height, width, values }
    }

    /// Whether there is no saliency to take a share of: every value 0, or a sum that is not finite.
    pub fn is_flat(&self) -> bool {
        let sum: f64 = self.values.iter().map(|v| f64::from(*v)).sum();
        !(sum > 0.0 && sum.is_finite())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_count_alike_whatever_the_size_of_their_values_and_grids() {
        let coarse = SaliencyMap::from_values(1, 2, vec![0.0, 40.0]);
        let fine = SaliencyMap::from_values(2, 4, vec![0.002, 0.0, 0.0, 0.0, 0.001, 0.0, 0.0, 0.0]);
        let flat = SaliencyMap::from_values(1, 1, vec![0.0]);
        let mean = SaliencyMap::mean_of_layers(&[coarse.clone(), fine.clone()]);
        // The coarse map enlarged is 0, 1/4, 3/4, 1 in each row.
        let expected = [0.5, 0.125, 0.375, 0.5, 0.25, 0.125, 0.375, 0.5];
        assert_eq!((mean.height(), mean.width()), (2, 4));
        for (m, e) in mean.values().iter().zip(expected) {
            assert!((m - e).abs() < 1e-6, "{mean:?}");
        }
        let with_flat = SaliencyMap::mean_of_layers(&[flat.clone(), coarse.clone(), fine]);
        for (m, e) in with_flat.values().iter().zip(expected) {
            assert!((m - e * 2.0 / 3.0).abs() < 1e-6, "{with_flat:?}");
        }
        assert_eq!(SaliencyMap::mean_of_layers(std::slice::from_ref(&coarse)), coarse);
        assert!(SaliencyMap::mean_of_layers(&[flat.clone(), flat]).is_flat());
    }
}
