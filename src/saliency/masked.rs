//! Scores of many variants of one image: what every method that masks something runs on.
//!
//! Comes in: a function from a batch of tensors to the target class's scores. Goes out: one score a variant. May not live here:
//! which variants there are.

use std::time::{Duration, Instant};

use candle_core::{Device, Tensor};

use super::SaliencyError;

/// A batch that takes longer is followed by a smaller one, so that whoever cancels is heard.
const PATIENCE: Duration = Duration::from_millis(250);

/// How variants are scored: in batches, until somebody cancels.
pub struct Scoring<'a> {
    /// Variants in one forward pass at most; the first passes are of fewer, and where one takes long those behind it are too. Results
    /// do not depend on it where the network's do not.
    pub batch: usize,
    /// Asked before every batch.
    pub cancelled: &'a dyn Fn() -> bool,
    /// The target class's score for each sample of `(n, c, h, w)`, f32 on the CPU.
    pub score: &'a dyn Fn(&Tensor) -> candle_core::Result<Vec<f32>>,
}

impl Scoring<'_> {
    /// The scores of `count` variants of shape `(c, h, w)`; `write` fills in the values of one.
    ///
    /// # Errors
    /// If the network fails or somebody cancels.
    pub fn scores(
        &self,
        count: usize,
        shape: [usize; 3],
        mut write: impl FnMut(usize, &mut [f32]),
    ) -> Result<Vec<f64>, SaliencyError> {
        let size: usize = shape.iter().product();
        let mut scores = Vec::with_capacity(count);
        let mut batch = 1;
        while scores.len() < count {
            if (self.cancelled)() {
                return Err(SaliencyError::Cancelled);
            }
            let first = scores.len();
            let n = batch.min(count - first);
            let start = Instant::now();
            let mut values = vec![0f32; n * size];
            values.chunks_exact_mut(size).enumerate().for_each(|(i, variant)| write(first + i, variant));
            let variants = Tensor::from_vec(values, (n, shape[0], shape[1], shape[2]), &Device::Cpu)?;
            scores.extend((self.score)(&variants)?.into_iter().map(f64::from));
            let most = self.batch.max(1);
            batch = if start.elapsed() > PATIENCE { (n / 2).max(1) } else { (2 * batch).min(most) };
        }
        Ok(scores)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::saliency) fn never() -> bool {
        false
    }

    /// A "network" whose score is the sum of the input's values, each times its place.
    pub(in crate::saliency) fn place_weighted(x: &Tensor) -> candle_core::Result<Vec<f32>> {
        let rows = x.flatten_from(1)?.to_vec2::<f32>()?;
        Ok(rows.iter().map(|row| row.iter().enumerate().map(|(i, v)| i as f32 * v).sum()).collect())
    }

    #[test]
    fn the_batch_size_changes_no_score() -> Result<(), SaliencyError> {
        let with = |batch| {
            let scoring = Scoring { batch, cancelled: &never, score: &place_weighted };
            scoring.scores(7, [1, 2, 2], |i, variant| variant.fill(i as f32))
        };
        let expected: Vec<f64> = (0..7).map(|i| 6.0 * f64::from(i)).collect();
        for batch in [0, 1, 3, 7, 100] {
            assert_eq!(with(batch)?, expected);
        }
        Ok(())
    }

    #[test]
    fn cancelling_stops_before_the_next_batch() {
        let batches = std::cell::Cell::new(0);
        let score = |x: &Tensor| {
            batches.set(batches.get() + 1);
            place_weighted(x)
        };
        let cancelled = || batches.get() == 2;
        let scoring = Scoring { batch: 2, cancelled: &cancelled, score: &score };
        assert!(matches!(scoring.scores(9, [1, 1, 1], |_, _| ()), Err(SaliencyError::Cancelled)));
        assert_eq!(batches.get(), 2);
    }
}
