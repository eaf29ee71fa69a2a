//! The shapes of all layers for one input size.

use candle_core::{Result, bail};

use super::network::{Kind, Layer, Network};
use crate::graph::{Padding, Pool2d, PoolKind};
use crate::kernels::LANES;
use crate::kernels::pool::Extent;

/// What a layer results in for one image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) channels: usize,
    pub(super) height: usize,
    pub(super) width: usize,
    /// Whether the result is a row of values and not a map; height and width are then 1.
    pub(super) flat: bool,
}

impl Shape {
    pub(super) fn size(&self) -> [usize; 2] {
        [self.height, self.width]
    }

    pub(super) fn pixels(&self) -> usize {
        self.height * self.width
    }

    /// Blocks of channels.
    pub(super) fn blocks(&self) -> usize {
        self.channels.div_ceil(LANES)
    }

    /// The tensor's dimensions for a batch.
    pub(super) fn dims(&self, batch: usize) -> Vec<usize> {
        if self.flat { vec![batch, self.channels] } else { vec![batch, self.channels, self.height, self.width] }
    }
}

/// The shape of each layer's result.
///
/// # Errors
/// If a layer cannot be applied to what it reads; the error names it.
pub(super) fn shapes(network: &Network, [channels, height, width]: [usize; 3]) -> Result<Vec<Shape>> {
    let all = network.graph.shapes(1, height, width)?;
    let shape = |layer: &Layer| match all[layer.node][..] {
        [_, channels, height, width] => Ok(Shape { channels, height, width, flat: false }),
        [_, channels] => Ok(Shape { channels, height: 1, width: 1, flat: true }),
        ref other => bail!("layer {} has a result of shape {other:?}", layer.name),
    };
    let shapes: Vec<Shape> = network.layers.iter().map(shape).collect::<Result<_>>()?;
    if shapes[0].channels != channels {
        bail!("an input of {channels} channels for a network that reads {}", shapes[0].channels)
    }
    for (layer, shape) in network.layers.iter().zip(&shapes) {
        if shape.channels * shape.pixels() == 0 {
            bail!("layer {} has an empty result", layer.name)
        }
        if matches!(layer.kind, Kind::Linear { .. }) && !shapes[layer.inputs[0]].flat {
            bail!("layer {} is linear over the columns of a map, which the CPU engine does not do", layer.name)
        }
    }
    Ok(shapes)
}

/// The windows of a pooling along both axes, as PyTorch places and counts them.
///
/// # Errors
/// If a window would lie in the padding alone, or the padded map is smaller than a window.
pub(super) fn pool_windows(pool: &Pool2d, size: [usize; 2]) -> Result<[Vec<Extent>; 2]> {
    let Padding { top, left, bottom, right } = pool.padding;
    let axis = |axis: usize, before: usize, after: usize| {
        let (n, k, stride) = (size[axis], pool.kernel[axis], pool.stride[axis]);
        if k == 0 || stride == 0 || before >= k || after >= k {
            bail!("pools windows of {k} with stride {stride} and padding {before}, {after}")
        }
        if n + before + after < k {
            bail!("pools windows of {k} over {n} padded by {before}, {after}")
        }
        let free = n + before + after - k;
        let mut count = free / stride + 1;
        if pool.ceil_mode && !free.is_multiple_of(stride) && count * stride < n + before {
            count += 1;
        }
        let counts_padding = pool.kind == PoolKind::Average { count_padding: true };
        Ok((0..count)
            .map(|i| {
                let (start, end) = (i * stride, (i * stride + k).min(n + before + after));
                let range = start.saturating_sub(before)..(end - before).min(n);
                let size = if counts_padding { end - start } else { range.len() };
                Extent { range, size }
            })
            .collect())
    };
    Ok([axis(0, top, bottom)?, axis(1, left, right)?])
}

/// The windows of an adaptive pooling along one axis: from `floor(i n / m)` to `ceil((i + 1) n / m)`.
pub(super) fn adaptive_windows(n: usize, m: usize) -> Vec<Extent> {
    (0..m)
        .map(|i| {
            let range = i * n / m..((i + 1) * n).div_ceil(m);
            Extent { size: range.len(), range }
        })
        .collect()
}
