//! Averages and enlargements: whatever is a fixed weighting of rows and of columns, as two matrix products.

use candle_core::{Result, Tensor, bail};

use super::super::{Interpolation, Pool2d};

/// An operation `R x C^T` on every map, with matrices that depend on the map's size only.
#[derive(Debug)]
pub(super) enum Resampling {
    Average { pool: Pool2d, count_padding: bool },
    AdaptiveAverage { output: [usize; 2] },
    Upsample { interpolation: Interpolation, factor: [usize; 2] },
}

/// A matrix of `outputs` rows, row-major, and their number.
struct Weighting {
    outputs: usize,
    values: Vec<f64>,
}

impl Resampling {
    /// # Shapes
    /// `x`: `(n, c, h, w)`; result `(n, c, oh, ow)`.
    pub(super) fn apply(&self, x: &Tensor) -> Result<Tensor> {
        let (n, c, h, w) = x.dims4()?;
        let rows = self.weighting(0, h, [h, w])?;
        let columns = self.weighting(1, w, [h, w])?;
        let matrix = |weighting: &Weighting, size: usize| {
            Tensor::from_slice(&weighting.values, (weighting.outputs, size), x.device())?
                .to_dtype(x.dtype())?
                .t()?
                .contiguous()
        };
        let (oh, ow) = (rows.outputs, columns.outputs);
        let y = x.contiguous()?.reshape((n * c * h, w))?.matmul(&matrix(&columns, w)?)?.reshape((n, c, h, ow))?;
        let y = y.transpose(2, 3)?.contiguous()?.reshape((n * c * ow, h))?.matmul(&matrix(&rows, h)?)?;
        y.reshape((n, c, ow, oh))?.transpose(2, 3)?.contiguous()
    }

    /// How the cells of one axis, `size` long, make up its outputs.
    fn weighting(&self, axis: usize, size: usize, map: [usize; 2]) -> Result<Weighting> {
        let weights: Vec<Vec<f64>> = match self {
            Self::Average { pool, count_padding } => {
                let Some(outputs) = pool.output_size(map[0], map[1]) else {
                    bail!("no {:?} window fits into {map:?}", pool.kernel)
                };
                let p = pool.padding;
                let (before, after) = [(p.top, p.bottom), (p.left, p.right)][axis];
                (0..outputs[axis])
                    .map(|o| {
                        let start = o * pool.stride[axis];
                        let end = (start + pool.kernel[axis]).min(before + size + after);
                        let inside = start.saturating_sub(before)..end.saturating_sub(before).min(size);
                        let count = if *count_padding { end - start } else { inside.len() };
                        mean_of(inside, count, size)
                    })
                    .collect()
            }
            Self::AdaptiveAverage { output } => (0..output[axis])
                .map(|o| {
                    let window = o * size / output[axis]..((o + 1) * size).div_ceil(output[axis]);
                    mean_of(window.clone(), window.len(), size)
                })
                .collect(),
            Self::Upsample { interpolation, factor } => {
                (0..size * factor[axis]).map(|o| upsampled(*interpolation, o, factor[axis], size)).collect()
            }
        };
        Ok(Weighting { outputs: weights.len(), values: weights.concat() })
    }
}

/// The weights that sum up the cells of a window and divide by `count`.
fn mean_of(window: std::ops::Range<usize>, count: usize, size: usize) -> Vec<f64> {
    (0..size).map(|i| if window.contains(&i) { 1.0 / count as f64 } else { 0.0 }).collect()
}

/// The weights of the cells that make up cell `output` of an enlargement.
fn upsampled(interpolation: Interpolation, output: usize, factor: usize, size: usize) -> Vec<f64> {
    let mut weights = vec![0.0; size];
    match interpolation {
        Interpolation::Nearest => weights[output / factor] = 1.0,
        Interpolation::Bilinear => {
            let place = ((output as f64 + 0.5) / factor as f64 - 0.5).max(0.0);
            let low = place.floor();
            let cell = low as usize;
            weights[cell] += 1.0 - (place - low);
            weights[(cell + 1).min(size - 1)] += place - low;
        }
    }
    weights
}
