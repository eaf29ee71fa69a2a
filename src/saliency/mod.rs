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
pub mod resample;
pub mod rise;
pub mod score_cam;

pub use error::SaliencyError;
pub use explain::{MAX_GRID, RawMap, Subject, head_gradients, raw_saliency, saliency};
pub use input_gradients::{IntegratedGradients, SmoothGrad};
pub use method::Method;
pub use recipe::{Passes, Recipe};

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

    /// Whether there is no saliency to take a share of: every value 0, or a sum that is not finite.
    pub fn is_flat(&self) -> bool {
        let sum: f64 = self.values.iter().map(|v| f64::from(*v)).sum();
        !(sum > 0.0 && sum.is_finite())
    }
}
