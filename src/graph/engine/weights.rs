//! Weights of layers: the graph's tensors, with batch norms folded in, packed on first use in the order that a kernel reads
//! and shared by the plans of all batch and input sizes.

use std::sync::{Arc, OnceLock};

use candle_core::{DType, Result, Tensor, bail};

use crate::graph::{Conv2d, Padding};
use crate::kernels::panels::{Panels, channel_blocks};
use crate::kernels::winograd::{Scheme, transform_filter};
use crate::kernels::{Isa, LANES, Lanes, depthwise};

/// One scale and one shift for each channel.
#[derive(Debug)]
pub(super) struct Affine {
    scale: Vec<f32>,
    shift: Vec<f32>,
}

impl Affine {
    /// From `(c)` tensors.
    pub(super) fn new(scale: &Tensor, shift: &Tensor) -> Result<Self> {
        let (scale, shift) = (values(scale)?, values(shift)?);
        if scale.len() != shift.len() {
            bail!("{} scales and {} shifts", scale.len(), shift.len())
        }
        Ok(Self { scale, shift })
    }

    /// This one followed by another one.
    pub(super) fn then(&self, next: &Self) -> Result<Self> {
        if self.scale.len() != next.scale.len() {
            bail!("batch norms of {} and {} channels", self.scale.len(), next.scale.len())
        }
        let scale = self.scale.iter().zip(&next.scale).map(|(a, b)| a * b).collect();
        let shift = self.shift.iter().zip(next.scale.iter().zip(&next.shift)).map(|(a, (s, t))| a * s + t).collect();
        Ok(Self { scale, shift })
    }

    /// Number of channels.
    pub(super) fn channels(&self) -> usize {
        self.scale.len()
    }

    /// Scales and shifts in blocks of channels.
    pub(super) fn blocks(&self) -> (Vec<Lanes>, Vec<Lanes>) {
        (channel_blocks(&self.scale), channel_blocks(&self.shift))
    }
}

/// What a normalisation over channels is.
#[derive(Debug)]
pub(super) struct LayerNormWeights {
    pub(super) channels: usize,
    pub(super) weight: Vec<Lanes>,
    pub(super) bias: Vec<Lanes>,
    pub(super) eps: f32,
}

impl LayerNormWeights {
    /// From `(c)` tensors.
    pub(super) fn new(weight: &Tensor, bias: &Tensor, eps: f64) -> Result<Self> {
        let affine = Affine::new(weight, bias)?;
        let (weight, bias) = affine.blocks();
        Ok(Self { channels: affine.channels(), weight, bias, eps: eps as f32 })
    }
}

/// The f32 of a tensor, row by row.
fn values(tensor: &Tensor) -> Result<Vec<f32>> {
    if tensor.dtype() != DType::F32 || !tensor.device().is_cpu() {
        bail!("weights must be f32 on the CPU, not {:?} on {:?}", tensor.dtype(), tensor.device())
    }
    tensor.flatten_all()?.to_vec1()
}

/// A weight tensor whose first dimension is the output channel, an optional scale of each, and the bias.
#[derive(Debug)]
struct Folded {
    weight: Tensor,
    scale: Option<Vec<f32>>,
    bias: Arc<[Lanes]>,
}

impl Folded {
    fn new(weight: &Tensor, bias: Option<&Tensor>, affine: Option<Affine>) -> Result<Self> {
        let outputs = weight.dim(0)?;
        let mut bias = bias.map(values).transpose()?.unwrap_or_else(|| vec![0.0; outputs]);
        if bias.len() != outputs {
            bail!("a bias of {} values for {outputs} outputs", bias.len())
        }
        if weight.dtype() != DType::F32 || !weight.device().is_cpu() {
            bail!("weights must be f32 on the CPU, not {:?} on {:?}", weight.dtype(), weight.device())
        }
        if let Some(affine) = &affine {
            if affine.channels() != outputs {
                bail!("a batch norm of {} channels after {outputs} outputs", affine.channels())
            }
            for (bias, (scale, shift)) in bias.iter_mut().zip(affine.scale.iter().zip(&affine.shift)) {
                *bias = *bias * scale + shift;
            }
        }
        Ok(Self { weight: weight.clone(), scale: affine.map(|a| a.scale), bias: channel_blocks(&bias).into() })
    }

    /// The weights, row by row, scaled.
    fn values(&self) -> Result<Vec<f32>> {
        let mut weights = values(&self.weight)?;
        if let Some(scale) = &self.scale {
            let row = weights.len() / scale.len().max(1);
            for (row, scale) in weights.chunks_exact_mut(row.max(1)).zip(scale) {
                row.iter_mut().for_each(|w| *w *= scale);
            }
        }
        Ok(weights)
    }
}

/// What a convolution is, apart from its weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ConvSpec {
    pub(super) inputs: usize,
    pub(super) outputs: usize,
    pub(super) kernel: [usize; 2],
    pub(super) stride: [usize; 2],
    pub(super) padding: Padding,
    pub(super) dilation: [usize; 2],
    pub(super) groups: usize,
}

impl ConvSpec {
    /// Taps of the filter.
    pub(super) fn taps(&self) -> usize {
        self.kernel[0] * self.kernel[1]
    }

    /// Height and width of what it makes of a map.
    ///
    /// # Errors
    /// If the padded map is smaller than the filter.
    pub(super) fn output(&self, [h, w]: [usize; 2]) -> Result<[usize; 2]> {
        let Padding { top, left, bottom, right } = self.padding;
        let padded = [h + top + bottom, w + left + right];
        let mut output = [0; 2];
        for axis in 0..2 {
            let reach = (self.kernel[axis] - 1) * self.dilation[axis] + 1;
            if padded[axis] < reach {
                bail!("a padded map of {}x{} is smaller than the filter", padded[0], padded[1])
            }
            output[axis] = (padded[axis] - reach) / self.stride[axis] + 1;
        }
        Ok(output)
    }

    /// Whether every input channel has one filter of its own.
    pub(super) fn is_depthwise(&self) -> bool {
        self.groups > 1 && self.groups == self.inputs && self.groups == self.outputs
    }

    /// Whether an output pixel is a product with the same input pixel alone.
    pub(super) fn is_pointwise(&self) -> bool {
        self.kernel == [1, 1] && self.stride == [1, 1] && self.padding == Padding::same(0) && self.groups == 1
    }

    /// For grouped convolutions: how many blocks of input channels one block of output channels reads.
    pub(super) fn blocks_read(&self) -> usize {
        let blocks = self.outputs.div_ceil(LANES);
        let all = self.inputs.div_ceil(LANES);
        (0..blocks)
            .map(|b| {
                let channels = self.channels_read(b);
                channels.end.div_ceil(LANES) - channels.start / LANES
            })
            .max()
            .unwrap_or(0)
            .min(all)
    }

    /// For grouped convolutions: the first block of input channels that a block of output channels reads.
    pub(super) fn first_block_read(&self, block: usize) -> usize {
        (self.channels_read(block).start / LANES).min(self.inputs.div_ceil(LANES) - self.blocks_read())
    }

    /// The input channels that a block of output channels depends on.
    fn channels_read(&self, block: usize) -> std::ops::Range<usize> {
        let (inputs, outputs) = (self.inputs / self.groups, self.outputs / self.groups);
        let last = ((block + 1) * LANES).min(self.outputs) - 1;
        (block * LANES / outputs) * inputs..(last / outputs + 1) * inputs
    }
}

/// A convolution's weights, packed for whichever kernels were needed so far.
#[derive(Debug)]
pub(super) struct ConvWeights {
    pub(super) spec: ConvSpec,
    folded: Folded,
    isa: Isa,
    gemm: OnceLock<Arc<Panels>>,
    stem: OnceLock<Arc<Panels>>,
    grouped: OnceLock<Arc<Panels>>,
    depthwise: OnceLock<Arc<[Lanes]>>,
    /// In the order of [`Scheme::ALL`].
    winograd: [OnceLock<Arc<[Panels]>>; 3],
}

impl ConvWeights {
    /// Checks the shapes; packs nothing yet.
    pub(super) fn new(conv: &Conv2d, affine: Option<Affine>, isa: Isa) -> Result<Self> {
        let (outputs, per_group, kh, kw) = conv.weight.dims4()?;
        let Conv2d { stride, padding, dilation, groups, .. } = *conv;
        if groups == 0 || outputs == 0 || outputs % groups != 0 || per_group * kh * kw == 0 {
            bail!("weights {:?} for {groups} groups", conv.weight.dims())
        }
        if stride.contains(&0) || dilation.contains(&0) {
            bail!("stride {stride:?} and dilation {dilation:?} must be positive")
        }
        let inputs = per_group * groups;
        let spec = ConvSpec { inputs, outputs, kernel: [kh, kw], stride, padding, dilation, groups };
        Ok(Self {
            spec,
            folded: Folded::new(&conv.weight, conv.bias.as_ref(), affine)?,
            isa,
            gemm: OnceLock::new(),
            stem: OnceLock::new(),
            grouped: OnceLock::new(),
            depthwise: OnceLock::new(),
            winograd: Default::default(),
        })
    }

    /// One value for each output channel.
    pub(super) fn bias(&self) -> Arc<[Lanes]> {
        self.folded.bias.clone()
    }

    /// For the general product: rows `[tap][input channel]`, channels filled up to whole blocks if there are several taps.
    pub(super) fn gemm(&self) -> Result<Arc<Panels>> {
        let ConvSpec { inputs, outputs, .. } = self.spec;
        let taps = self.spec.taps();
        init(&self.gemm, || {
            let w = self.folded.values()?;
            let per_tap = if taps == 1 { inputs } else { inputs.next_multiple_of(LANES) };
            Ok(Arc::new(Panels::new(self.isa.blocks_together(), outputs, taps * per_tap, |o, row| {
                let (tap, c) = (row / per_tap, row % per_tap);
                if c < inputs { w[(o * inputs + c) * taps + tap] } else { 0.0 }
            })))
        })
    }

    /// For a first layer that reads planes: rows in the order of the tensor.
    pub(super) fn stem(&self) -> Result<Arc<Panels>> {
        let rows = self.spec.inputs * self.spec.taps();
        init(&self.stem, || {
            let w = self.folded.values()?;
            Ok(Arc::new(Panels::new(self.isa.blocks_together(), self.spec.outputs, rows, |o, row| w[o * rows + row])))
        })
    }

    /// For groups: rows `[tap][block read][channel]` for each block of output channels, zeros outside of its groups.
    pub(super) fn grouped(&self) -> Result<Arc<Panels>> {
        let (spec, taps) = (self.spec, self.spec.taps());
        init(&self.grouped, || {
            let w = self.folded.values()?;
            let per_tap = spec.blocks_read() * LANES;
            let (inputs, outputs) = (spec.inputs / spec.groups, spec.outputs / spec.groups);
            Ok(Arc::new(Panels::new(1, spec.outputs, taps * per_tap, |o, row| {
                let (tap, c) = (row / per_tap, row % per_tap + spec.first_block_read(o / LANES) * LANES);
                let first = o / outputs * inputs;
                if (first..first + inputs).contains(&c) { w[(o * inputs + c - first) * taps + tap] } else { 0.0 }
            })))
        })
    }

    /// For the depthwise kernel: one vector for each tap of each block.
    pub(super) fn depthwise(&self) -> Result<Arc<[Lanes]>> {
        init(&self.depthwise, || Ok(depthwise::pack_filters(&self.folded.values()?, self.spec.taps()).into()))
    }

    /// For Winograd's filtering: for each position, one row for each input channel.
    pub(super) fn winograd(&self, scheme: Scheme) -> Result<Arc<[Panels]>> {
        init(&self.winograd[scheme as usize], || {
            let ConvSpec { inputs, outputs, .. } = self.spec;
            let w = self.folded.values()?;
            let positions = scheme.positions();
            let mut transformed = vec![0.0; outputs * inputs * positions];
            let (filters, _) = w.as_chunks::<9>();
            for (filter, out) in filters.iter().zip(transformed.chunks_exact_mut(positions)) {
                transform_filter(scheme, filter, out);
            }
            Ok((0..positions)
                .map(|position| {
                    Panels::new(self.isa.blocks_together(), outputs, inputs, |o, c| {
                        transformed[(o * inputs + c) * positions + position]
                    })
                })
                .collect())
        })
    }

    /// Bytes of the packed weights.
    pub(super) fn bytes(&self) -> usize {
        let panels = [&self.gemm, &self.stem, &self.grouped];
        panels.iter().filter_map(|p| p.get()).map(|p| p.bytes()).sum::<usize>()
            + self.winograd.iter().filter_map(|p| p.get()).flat_map(|p| p.iter()).map(Panels::bytes).sum::<usize>()
            + self.depthwise.get().map_or(0, |w| size_of_val::<[Lanes]>(w))
    }
}

/// A linear layer's weights.
#[derive(Debug)]
pub(super) struct LinearWeights {
    pub(super) inputs: usize,
    pub(super) outputs: usize,
    folded: Folded,
    isa: Isa,
    panels: OnceLock<Arc<Panels>>,
}

impl LinearWeights {
    /// Checks the shapes; packs nothing yet.
    pub(super) fn new(weight: &Tensor, bias: Option<&Tensor>, affine: Option<Affine>, isa: Isa) -> Result<Self> {
        let (outputs, inputs) = weight.dims2()?;
        Ok(Self { inputs, outputs, folded: Folded::new(weight, bias, affine)?, isa, panels: OnceLock::new() })
    }

    /// One value for each output.
    pub(super) fn bias(&self) -> Arc<[Lanes]> {
        self.folded.bias.clone()
    }

    /// One row for each input.
    pub(super) fn panels(&self) -> Result<Arc<Panels>> {
        init(&self.panels, || {
            let w = self.folded.values()?;
            let together = self.isa.blocks_together();
            Ok(Arc::new(Panels::new(together, self.outputs, self.inputs, |o, c| w[o * self.inputs + c])))
        })
    }

    /// Bytes of the packed weights.
    pub(super) fn bytes(&self) -> usize {
        self.panels.get().map_or(0, |p| p.bytes())
    }
}

/// The value of a cell, made now if there is none; of two threads that make it at once one wins.
fn init<T: Clone>(cell: &OnceLock<T>, make: impl FnOnce() -> Result<T>) -> Result<T> {
    if let Some(value) = cell.get() {
        return Ok(value.clone());
    }
    let value = make()?;
    Ok(cell.get_or_init(|| value).clone())
}
