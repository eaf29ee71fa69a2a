//! The windows of a feature map: frames around it, its strided parts, and the pooling that keeps a maximum.

use candle_core::{Result, Tensor};

use super::super::Pool2d;

/// `x` with `before` and `after` cells of `value` along `dim`; a negative `after` cuts cells off.
pub(super) fn frame(x: &Tensor, dim: usize, before: usize, after: isize, value: f64) -> Result<Tensor> {
    let size = x.dim(dim)?;
    let kept = x.narrow(dim, 0, size - after.min(0).unsigned_abs())?;
    let edge = |n: usize| {
        let mut shape = x.dims().to_vec();
        shape[dim] = n;
        Tensor::full(value, shape, x.device())?.to_dtype(x.dtype())
    };
    let mut parts = Vec::new();
    if before > 0 {
        parts.push(edge(before)?);
    }
    parts.push(kept);
    if after > 0 {
        parts.push(edge(after.unsigned_abs())?);
    }
    if parts.len() == 1 { parts.pop().map_or_else(|| x.narrow(dim, 0, size), Ok) } else { Tensor::cat(&parts, dim) }
}

/// How far the last of `outputs` windows reaches past the end of `size` cells (negative: how many cells it leaves unread).
pub(super) fn overhang(outputs: usize, stride: usize, extent: usize, before: usize, size: usize) -> isize {
    ((outputs - 1) * stride + extent) as isize - (before + size) as isize
}

/// `len` slices of `x` along `dim`, from `start` in steps of `step`.
fn every(x: &Tensor, dim: usize, start: usize, step: usize, len: usize) -> Result<Tensor> {
    if step == 1 {
        return x.narrow(dim, start, len);
    }
    let places: Vec<u32> = (0..len).map(|i| (start + i * step) as u32).collect();
    x.contiguous()?.index_select(&Tensor::new(places, x.device())?, dim)
}

/// Every `stride`-th row and column of a map.
pub(super) fn subsample(x: &Tensor, stride: [usize; 2], output: [usize; 2]) -> Result<Tensor> {
    every(&every(x, 2, 0, stride[0], output[0])?, 3, 0, stride[1], output[1])
}

/// For each tap of a window, row by row, what it sees over all windows: `(n, c, oh, ow)`.
pub(super) fn taps(
    x: &Tensor,
    kernel: [usize; 2],
    stride: [usize; 2],
    dilation: [usize; 2],
    output: [usize; 2],
) -> Result<Vec<Tensor>> {
    let mut taps = Vec::with_capacity(kernel[0] * kernel[1]);
    for ky in 0..kernel[0] {
        let rows = every(x, 2, ky * dilation[0], stride[0], output[0])?;
        for kx in 0..kernel[1] {
            taps.push(every(&rows, 3, kx * dilation[1], stride[1], output[1])?);
        }
    }
    Ok(taps)
}

/// The largest value of every window; its gradient goes to the first of equal ones, as in PyTorch.
///
/// # Shapes
/// `x`: `(n, c, h, w)`; result `(n, c, oh, ow)` with [`Pool2d::output_size`].
pub(super) fn max_pool(x: &Tensor, pool: &Pool2d) -> Result<Tensor> {
    let (_, _, h, w) = x.dims4()?;
    let Some(output) = pool.output_size(h, w) else {
        candle_core::bail!("no {:?} window fits into {h} x {w}", pool.kernel)
    };
    let p = pool.padding;
    let below = overhang(output[0], pool.stride[0], pool.kernel[0], p.top, h);
    let right = overhang(output[1], pool.stride[1], pool.kernel[1], p.left, w);
    let x = frame(x, 2, p.top, below, f64::NEG_INFINITY)?;
    let x = frame(&x, 3, p.left, right, f64::NEG_INFINITY)?;
    let mut taps = taps(&x, pool.kernel, pool.stride, [1, 1], output)?.into_iter();
    let Some(mut best) = taps.next() else { candle_core::bail!("a window needs at least one cell") };
    for tap in taps {
        best = tap.gt(&best)?.where_cond(&tap, &best)?;
    }
    Ok(best)
}
