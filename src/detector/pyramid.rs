//! Feature pyramids (Lin et al. 2017) as nodes of a graph, and their results as plain numbers.

use candle_core::{Result, Tensor};

use super::roi_align::FeatureMap;
use crate::blocks::{ConvShape, Layers};
use crate::graph::{Interpolation, NodeId, Op};
use crate::weights::Weights;

/// Channels of every level.
pub const CHANNELS: usize = 256;

/// A result of a backbone that a pyramid starts from.
#[derive(Clone, Debug)]
pub struct Lateral {
    /// The backbone's node.
    pub node: NodeId,
    /// Its channels.
    pub channels: usize,
    /// How many times larger it is than the next lateral; 1 for the last.
    pub factor: usize,
    /// Name of its 1 × 1 convolution.
    pub inner: String,
    /// Name of the 3 × 3 convolution that makes it a level.
    pub outer: String,
}

/// Appends a pyramid over `laterals`, finest first, and returns its levels in the same order: each lateral plus the next
/// coarser sum, repeated to its size, smoothed.
///
/// # Errors
/// If weights are missing or of another shape.
pub fn pyramid(layers: &mut Layers<'_>, laterals: &[Lateral]) -> Result<Vec<NodeId>> {
    let mut levels = Vec::new();
    let mut coarser: Option<NodeId> = None;
    for lateral in laterals.iter().rev() {
        let Lateral { node, channels, factor, inner, outer } = lateral;
        let mut sum = layers.conv(inner, *node, ConvShape::new(*channels, CHANNELS, 1).bias())?;
        if let Some(mut above) = coarser {
            if *factor > 1 {
                let upsample = Op::Upsample { interpolation: Interpolation::Nearest, factor: [*factor; 2] };
                above = layers.push(format!("{inner}.above"), upsample, &[above]);
            }
            sum = layers.add(format!("{inner}.sum"), sum, above);
        }
        coarser = Some(sum);
        levels.push(layers.conv(outer, sum, ConvShape::new(CHANNELS, CHANNELS, 3).bias())?);
    }
    levels.reverse();
    Ok(levels)
}

/// Names of the convolutions of lateral `i` in torchvision, as written today or before its version 0.13.
pub fn torchvision_names(weights: &Weights, i: usize) -> (String, String) {
    let name = |kind: &str| {
        let old = format!("backbone.fpn.{kind}_blocks.{i}");
        weights.renamed(&format!("{old}.0"), &old)
    };
    (name("inner"), name("layer"))
}

/// The values of one image's result, `(channels, height, width)`.
#[derive(Clone, Debug)]
pub struct Planes {
    /// Row-major.
    pub values: Vec<f32>,
    /// Number of planes.
    pub channels: usize,
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
}

impl Planes {
    /// Sample `index` of a result `(n, c, h, w)`, f32, on any device.
    ///
    /// # Errors
    /// If there is no such sample.
    pub fn of_sample(result: &Tensor, index: usize) -> Result<Self> {
        let (_, channels, height, width) = result.dims4()?;
        let values = result.get(index)?.flatten_all()?.to_vec1()?;
        Ok(Self { values, channels, height, width })
    }

    /// The value in a plane.
    pub fn at(&self, channel: usize, row: usize, column: usize) -> f32 {
        self.values[(channel * self.height + row) * self.width + column]
    }

    /// As a map that boxes are pooled from, `stride` input pixels a cell.
    pub fn feature_map(&self, stride: usize) -> FeatureMap<'_> {
        FeatureMap {
            values: &self.values,
            channels: self.channels,
            height: self.height,
            width: self.width,
            scale: 1.0 / stride as f64,
        }
    }
}
