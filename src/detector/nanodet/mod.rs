//! NanoDet-g (github.com/RangiLyu/nanodet, 2021): a one-stage, anchor-free detector small enough for every processor.

mod decode;
mod network;

use candle_core::{Device, Result, Storage, Tensor, bail};

use self::decode::{BINS, Level, decode};
pub use self::network::network;
use super::{Detection, Detector, DetectorSpec};
use crate::geometry::Size;
use crate::graph::Network;
use crate::preprocess::NetworkInput;
use crate::weights::Weights;

/// Input pixels a cell of each level.
const STRIDES: [usize; 3] = [8, 16, 32];

/// A NanoDet-g with its weights on a device.
#[derive(Debug)]
pub struct NanoDet {
    spec: DetectorSpec,
    network: Network,
}

impl NanoDet {
    /// Builds the network.
    ///
    /// # Errors
    /// If the weights are of another network, the input's sides are no multiples of 32, or the device refuses.
    pub fn new(weights: &Weights, spec: DetectorSpec, device: &Device) -> Result<Self> {
        let size = spec.preprocessing.input;
        if !(size.width.is_multiple_of(32) && size.height.is_multiple_of(32)) {
            bail!("NanoDet reads inputs whose sides are multiples of 32, not {} x {}", size.width, size.height)
        }
        let graph = network(weights, spec.classes.names.len() + 4 * BINS)?;
        Ok(Self { network: Network::new(&graph, device)?, spec })
    }

    /// What the network returns for prepared inputs, per level of stride 8, 16 and 32.
    ///
    /// # Shapes
    /// `input`: `(n, 3, h, w)`. Results: `(n, classes + 44, h / stride, w / stride)`, class logits first.
    ///
    /// # Errors
    /// If the input does not fit the network, or the device fails.
    pub fn levels(&self, input: &Tensor) -> Result<Vec<Tensor>> {
        self.network.forward(input)
    }

    /// The detections of image `index` of a batch.
    fn detections(&self, levels: &[Tensor], index: usize, input: &NetworkInput, image: Size) -> Result<Vec<Detection>> {
        let memory: Vec<_> = levels.iter().map(Tensor::storage_and_layout).collect();
        let mut parts = Vec::new();
        for ((level, (storage, layout)), stride) in levels.iter().zip(&memory).zip(STRIDES) {
            let (_, channels, rows, columns) = level.dims4()?;
            let Storage::Cpu(storage) = &**storage else { bail!("a level is not on the CPU") };
            let each = channels * rows * columns;
            let values = &storage.as_slice::<f32>()?[layout.start_offset() + index * each..][..each];
            parts.push(Level { values, rows, columns, stride });
        }
        let names = &self.spec.classes.names;
        let image_from_input = input.input_from_image.inverse();
        let found = decode(&parts, names.len(), input.size).into_iter().map(|c| Detection {
            bbox: image_from_input.bbox(c.bbox).clamp_to(image.bounds()),
            score: c.score,
            class: c.class,
            name: names[c.class].clone(),
            mask: None,
        });
        // A box in the black frame around the picture has no area left.
        Ok(found.filter(|d| !d.bbox.is_empty()).collect())
    }
}

impl Detector for NanoDet {
    fn spec(&self) -> &DetectorSpec {
        &self.spec
    }

    fn key(&self) -> String {
        format!("{} nanodet {:?}", self.spec.weights_key, self.spec.preprocessing)
    }

    /// At most 100 objects an image, those of a score above 0.05.
    fn detect(&self, inputs: &[NetworkInput], images: &[Size]) -> Result<Vec<Vec<Detection>>> {
        if inputs.len() != images.len() {
            bail!("{} inputs for {} images", inputs.len(), images.len())
        }
        if inputs.is_empty() {
            return Ok(Vec::new());
        }
        let Size { width, height } = self.spec.preprocessing.input;
        let planes: Vec<&[f32]> = inputs.iter().map(|input| input.values.as_slice()).collect();
        let shape = (inputs.len(), 3, height as usize, width as usize);
        let levels = self.levels(&Tensor::from_vec(planes.concat(), shape, &Device::Cpu)?)?;
        let to_cpu = |level: &Tensor| level.to_device(&Device::Cpu)?.contiguous();
        let levels = levels.iter().map(to_cpu).collect::<Result<Vec<_>>>()?;
        let each = inputs.iter().zip(images).enumerate();
        each.map(|(i, (input, image))| self.detections(&levels, i, input, *image)).collect()
    }
}
