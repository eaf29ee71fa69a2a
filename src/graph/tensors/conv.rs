//! Convolutions, with gradients for every size.

use candle_core::{DType, Device, Result, Tensor};

use super::super::{Conv2d, Padding};
use super::depthwise::depthwise;
use super::window::{frame, overhang, subsample};

/// A convolution with its weights in place.
#[derive(Debug)]
pub(super) struct Convolution {
    /// `(out, in / groups, kh, kw)`
    weight: Tensor,
    /// `(1, out, 1, 1)`
    bias: Option<Tensor>,
    stride: [usize; 2],
    padding: Padding,
    dilation: [usize; 2],
    groups: usize,
}

impl Convolution {
    pub(super) fn new(conv: &Conv2d, device: &Device, dtype: DType) -> Result<Self> {
        let (out, group_in, kh, kw) = conv.weight.dims4()?;
        let [dy, dx] = conv.dilation;
        let depthwise = group_in == 1 && conv.groups == out;
        // candle has one dilation for both axes; a kernel with zeros between its taps does the same.
        let spread = !depthwise && dy != dx && kh > 1 && kw > 1;
        let (weight, dilation) = match (spread, kh, kw) {
            (true, ..) => (spread_taps(&conv.weight, conv.dilation)?, [1, 1]),
            (false, 1, _) => (conv.weight.clone(), [dx, dx]),
            (false, _, 1) => (conv.weight.clone(), [dy, dy]),
            _ => (conv.weight.clone(), conv.dilation),
        };
        let place = |t: &Tensor| t.to_device(device)?.to_dtype(dtype);
        let bias = conv.bias.as_ref().map(|b| place(b)?.reshape((1, out, 1, 1))).transpose()?;
        let weight = place(&weight)?;
        Ok(Self { weight, bias, stride: conv.stride, padding: conv.padding, dilation, groups: conv.groups })
    }

    /// # Shapes
    /// `x`: `(n, in, h, w)`; result `(n, out, oh, ow)`.
    pub(super) fn apply(&self, x: &Tensor) -> Result<Tensor> {
        let (_, _, h, w) = x.dims4()?;
        let (out, group_in, kh, kw) = self.weight.dims4()?;
        let extent = [self.dilation[0] * (kh - 1) + 1, self.dilation[1] * (kw - 1) + 1];
        let p = self.padding;
        let output = [
            (h + p.top + p.bottom - extent[0]) / self.stride[0] + 1,
            (w + p.left + p.right - extent[1]) / self.stride[1] + 1,
        ];
        // Cells that no window reads are left out: candle's gradient needs windows that end where the input ends.
        let below = overhang(output[0], self.stride[0], extent[0], p.top, h);
        let right = overhang(output[1], self.stride[1], extent[1], p.left, w);
        let y = if group_in == 1 && self.groups == out {
            let x = frame(&frame(x, 2, p.top, below, 0.0)?, 3, p.left, right, 0.0)?;
            depthwise(self, &x, output)?
        } else if self.stride[0] != self.stride[1] {
            let x = frame(&frame(x, 2, p.top, below, 0.0)?, 3, p.left, right, 0.0)?;
            let dense = x.conv2d(&self.weight, 0, 1, self.dilation[0], self.groups)?;
            subsample(&dense, self.stride, output)?
        } else if below == right && p == Padding::same(p.top) && below == p.top as isize {
            x.conv2d(&self.weight, p.top, self.stride[0], self.dilation[0], self.groups)?
        } else {
            let x = frame(&frame(x, 2, p.top, below, 0.0)?, 3, p.left, right, 0.0)?;
            x.conv2d(&self.weight, 0, self.stride[0], self.dilation[0], self.groups)?
        };
        match &self.bias {
            Some(bias) => y.broadcast_add(bias),
            None => Ok(y),
        }
    }

    /// The gradient of `sum(self.apply(x) * arrived)` with respect to `x` of the size `input`: a convolution of `arrived`, its
    /// cells set apart by the stride, with the mirrored kernel.
    ///
    /// # Shapes
    /// `arrived`: `(n, out, oh, ow)`; result `(n, in, h, w)`.
    pub(super) fn pull_back(&self, arrived: &Tensor, input: [usize; 2]) -> Result<Tensor> {
        let (out, group_in, kh, kw) = self.weight.dims4()?;
        let (n, _, oh, ow) = arrived.dims4()?;
        let [sh, sw] = self.stride;
        let mut x = arrived.reshape((n * out, oh, 1, ow, 1))?;
        x = x.pad_with_zeros(2, 0, sh - 1)?.pad_with_zeros(4, 0, sw - 1)?.reshape((n, out, oh * sh, ow * sw))?;
        let before = [self.padding.top, self.padding.left];
        for (axis, kernel) in [(0, kh), (1, kw)] {
            let reach = self.dilation[axis] * (kernel - 1);
            // A padding wider than the kernel leaves border cells that no input cell has a part in.
            let cut = before[axis].saturating_sub(reach);
            x = x.narrow(2 + axis, cut, x.dim(2 + axis)? - cut)?;
            let front = reach.saturating_sub(before[axis]);
            let after = (input[axis] + reach) as isize - (front + x.dim(2 + axis)?) as isize;
            x = frame(&x, 2 + axis, front, after, 0.0)?;
        }
        let groups = self.groups;
        let weight = self.weight.reshape((groups, out / groups, group_in, kh, kw))?.transpose(1, 2)?;
        let weight = weight.reshape((groups * group_in, out / groups, kh, kw))?.flip(&[2, 3])?.contiguous()?;
        let mirrored =
            Self { weight, bias: None, stride: [1, 1], padding: Padding::default(), dilation: self.dilation, groups };
        mirrored.apply(&x.contiguous()?)
    }

    /// The same without padding and bias.
    pub(super) fn bare(&self) -> Self {
        Self { weight: self.weight.clone(), bias: None, padding: Padding::default(), ..*self }
    }

    /// `(out, in / groups, kh, kw)`
    pub(super) fn weight(&self) -> &Tensor {
        &self.weight
    }

    /// Vertical and horizontal step.
    pub(super) fn stride(&self) -> [usize; 2] {
        self.stride
    }

    /// Vertical and horizontal distance of taps.
    pub(super) fn dilation(&self) -> [usize; 2] {
        self.dilation
    }

    /// The same without its bias and negative weights.
    pub(super) fn positive(&self) -> Result<Self> {
        Ok(Self { weight: self.weight.relu()?, bias: None, ..*self })
    }
}

/// A kernel with the zeros between its taps that a dilation stands for.
fn spread_taps(weight: &Tensor, dilation: [usize; 2]) -> Result<Tensor> {
    let (out, group_in, kh, kw) = weight.dims4()?;
    let [sh, sw] = [dilation[0] * (kh - 1) + 1, dilation[1] * (kw - 1) + 1];
    let taps = weight.flatten_all()?.to_dtype(DType::F32)?.to_vec1::<f32>()?;
    let mut spread = vec![0f32; out * group_in * sh * sw];
    for (i, value) in taps.iter().enumerate() {
        let (plane, ky, kx) = (i / (kh * kw), i / kw % kh, i % kw);
        spread[(plane * sh + ky * dilation[0]) * sw + kx * dilation[1]] = *value;
    }
    Tensor::from_vec(spread, (out, group_in, sh, sw), weight.device())
}
