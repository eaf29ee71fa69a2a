//! The networks that are measured, and how.

mod pipeline;

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use camroi::classifier::{BuildOptions, architecture};
use camroi::detector::nanodet;
use camroi::geometry::Size;
use camroi::graph::{CpuNet, Graph};
use camroi::models::{DEFAULT_CLASSIFIER, DEFAULT_DETECTOR};
use camroi::weights::Weights;
use candle_core::{DType, Device, Tensor};

pub(crate) use pipeline::{Explained, FasterRcnn};

/// A network and the side of its square input.
pub(crate) struct Network {
    pub(crate) net: CpuNet,
    pub(crate) side: usize,
}

/// Names of the networks, as the program for PyTorch has them.
pub(crate) const NAMES: [&str; 4] = ["vgg11_features", "resnet50", DEFAULT_CLASSIFIER, DEFAULT_DETECTOR];

impl Network {
    /// The network of a name, with weights that look random: time does not depend on them.
    pub(crate) fn new(name: &str) -> Result<Self> {
        if name == DEFAULT_DETECTOR {
            let graph = with_weights("", |w| nanodet::network(w, 124))?;
            return Ok(Self { net: CpuNet::new(&graph)?, side: 416 });
        }
        let (architecture_name, features) = match name.strip_suffix("_features") {
            Some(rest) => (rest, true),
            None => (name, false),
        };
        let found = architecture(architecture_name).with_context(|| format!("no architecture {architecture_name}"))?;
        let options = BuildOptions { input: Size::new(found.side, found.side), classes: 1000 };
        let mut graph = with_weights(found.head, |w| (found.build)(w, &options))?;
        if features {
            let last = graph.find(found.target_layer).context("the target layer is a node")?;
            graph = graph.split_at(last)?.0;
        }
        Ok(Self { net: CpuNet::new(&graph)?, side: found.side as usize })
    }

    /// Milliseconds of one forward of a batch.
    pub(crate) fn forward_ms(&self, batch: usize) -> Result<f64> {
        let input: Vec<f32> = numbers(batch * 3 * self.side * self.side, 9).collect();
        let start = Instant::now();
        std::hint::black_box(self.net.run(&input, [batch, 3, self.side, self.side])?);
        Ok(1e3 * start.elapsed().as_secs_f64())
    }

    /// The steps of one forward of one image, and their times on one thread.
    pub(crate) fn step_times(&self) -> Result<Vec<(Arc<str>, Duration)>> {
        let input: Vec<f32> = numbers(3 * self.side * self.side, 9).collect();
        Ok(self.net.step_times(&input, [1, 3, self.side, self.side])?)
    }
}

/// A graph whose tensors are made up as they are asked for; some builders ask the last layer `head` for the number of classes.
fn with_weights(head: &str, build: impl Fn(&Weights) -> candle_core::Result<Graph>) -> Result<Graph> {
    let last = Tensor::zeros((1000, 1), DType::F32, &Device::Cpu)?;
    let rehearsal = Weights::new([(format!("{head}.weight"), last)])?.rehearsal();
    build(&rehearsal)?;
    let tensors = rehearsal.asked().into_iter().enumerate().map(|(i, (name, shape))| {
        let scale = (3.0 / shape.iter().skip(1).product::<usize>() as f32).sqrt();
        // a variance must be positive, and a vector of scales near one keeps the numbers in range
        let value = |v: f32| if shape.len() == 1 { 1.0 + 0.1 * v } else { v * scale };
        let values: Vec<f32> = numbers(shape.iter().product(), i as u64).map(value).collect();
        Ok((name, Tensor::from_vec(values, shape.clone(), &Device::Cpu)?))
    });
    let weights = Weights::new(tensors.collect::<Result<Vec<_>>>()?)?;
    Ok(build(&weights)?)
}

/// Numbers in -1..1 that are the same on every run.
fn numbers(count: usize, seed: u64) -> impl Iterator<Item = f32> {
    let mut state = seed;
    std::iter::repeat_with(move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    })
    .take(count)
}

/// The middle one.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
