//! Depthwise convolution: on the CPU a loop of our own, since candle would run a dense convolution for every channel; on other
//! devices the sum of shifted maps.

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor, WithDType, bail};
use rayon::prelude::*;

use super::conv::Convolution;
use super::window::taps;

/// Filters each channel of `x` with its own kernel, without padding and bias.
///
/// # Shapes
/// `x`: `(n, c, h, w)`, already framed; `conv.weight`: `(c, 1, kh, kw)`; result `(n, c, oh, ow)` with `output = [oh, ow]`.
pub(super) fn depthwise(conv: &Convolution, x: &Tensor, output: [usize; 2]) -> Result<Tensor> {
    if x.device().is_cpu() {
        return x.contiguous()?.apply_op1(OnCpu { conv: conv.bare(), output });
    }
    let (channels, _, kh, kw) = conv.weight().dims4()?;
    let weights = conv.weight().reshape((channels, kh * kw))?;
    let mut sum: Option<Tensor> = None;
    for (i, tap) in taps(x, [kh, kw], conv.stride(), conv.dilation(), output)?.iter().enumerate() {
        let weight = weights.narrow(1, i, 1)?.reshape((1, channels, 1, 1))?;
        let part = tap.broadcast_mul(&weight)?;
        sum = Some(match sum {
            Some(sum) => (sum + part)?,
            None => part,
        });
    }
    sum.map_or_else(|| bail!("a kernel needs at least one tap"), Ok)
}

/// The operation as candle's graph of gradients knows it.
struct OnCpu {
    conv: Convolution,
    output: [usize; 2],
}

impl CustomOp1 for OnCpu {
    fn name(&self) -> &'static str {
        "depthwise"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (n, channels, height, width) = layout.shape().dims4()?;
        let Some((start, end)) = layout.contiguous_offsets() else { bail!("depthwise reads contiguous maps only") };
        let [oh, ow] = self.output;
        let maps = Maps { conv: &self.conv, size: [height, width], output: self.output };
        let storage = match storage {
            CpuStorage::F32(x) => CpuStorage::F32(maps.filter(&x[start..end])?),
            CpuStorage::F64(x) => CpuStorage::F64(maps.filter(&x[start..end])?),
            _ => bail!("depthwise computes in f32 and f64"),
        };
        Ok((storage, Shape::from((n, channels, oh, ow))))
    }

    fn bwd(&self, arg: &Tensor, _res: &Tensor, grad_res: &Tensor) -> Result<Option<Tensor>> {
        let (_, _, h, w) = arg.dims4()?;
        Ok(Some(self.conv.pull_back(grad_res, [h, w])?))
    }
}

/// Maps of one size under one convolution.
struct Maps<'a> {
    conv: &'a Convolution,
    size: [usize; 2],
    output: [usize; 2],
}

impl Maps<'_> {
    /// All maps of a batch; each is a sum over the taps in their order, whoever computes it.
    fn filter<T: WithDType>(&self, x: &[T]) -> Result<Vec<T>> {
        let (channels, _, kh, kw) = self.conv.weight().dims4()?;
        let kernels = self.conv.weight().flatten_all()?.to_vec1::<T>()?;
        let [height, width] = self.size;
        let [oh, ow] = self.output;
        let mut y = vec![T::zero(); x.len() / (height * width) * oh * ow];
        y.par_chunks_mut(oh * ow).zip(x.par_chunks(height * width)).enumerate().for_each(|(i, (y, x))| {
            let kernel = &kernels[i % channels * kh * kw..][..kh * kw];
            for (row, y) in y.chunks_exact_mut(ow).enumerate() {
                for (tap, weight) in kernel.iter().enumerate() {
                    let [sy, sx] = self.conv.stride();
                    let [dy, dx] = self.conv.dilation();
                    let from = (row * sy + tap / kw * dy) * width + tap % kw * dx;
                    if sx == 1 {
                        y.iter_mut().zip(&x[from..from + ow]).for_each(|(y, x)| *y += *weight * *x);
                    } else {
                        y.iter_mut().zip(x[from..].iter().step_by(sx)).for_each(|(y, x)| *y += *weight * *x);
                    }
                }
            }
        });
        Ok(y)
    }
}
