//! Forward passes of whole networks on the CPU engine.
//!
//! `cargo bench --bench networks` prints milliseconds of the medians; the number of threads is rayon's
//! (`RAYON_NUM_THREADS`), the instruction set `CAMROI_ISA`'s. `cargo bench --bench networks -- --serve` answers lines `NAME
//! BATCH` with milliseconds of one pass, for `compare_pytorch.py`: a network's
//! name, `gradcam:` and a classifier's, or `fasterrcnn_resnet50_fpn`; `-- --steps NAME` prints where the time of a batch of
//! one goes.
#![expect(clippy::print_stdout, reason = "a benchmark prints its result")]

mod support;

use std::collections::BTreeMap;
use std::io::{BufRead as _, Write as _};

use anyhow::{Context as _, Result};
use support::{Explained, FasterRcnn, NAMES, Network, median};

fn main() -> Result<()> {
    if std::env::args().any(|a| a == "--serve") {
        return serve();
    }
    if let Some(name) = std::env::args().skip_while(|a| a != "--steps").nth(1) {
        return steps(&name);
    }
    let isa = camroi::kernels::Isa::from_env()?.name();
    println!("{} threads, {isa}", rayon::current_num_threads());
    println!("{:<20} {:>5} {:>9} {:>9} {:>8} {:>8}", "network", "batch", "median ms", "least ms", "weights", "memory");
    for name in NAMES {
        let network = Network::new(name)?;
        for batch in [1, 8, 32] {
            network.forward_ms(batch)?;
            let times = (0..11).map(|_| network.forward_ms(batch)).collect::<Result<Vec<_>>>()?;
            let least = times.iter().copied().fold(f64::INFINITY, f64::min);
            let mb = |bytes: usize| format!("{:.0} MB", bytes as f64 / 1e6);
            let (weights, side) = (mb(network.net.weight_bytes()), network.side);
            let memory = mb(network.net.workspace_bytes([batch, 3, side, side])?);
            println!("{name:<20} {batch:>5} {:>9.2} {least:>9.2} {weights:>8} {memory:>8}", median(times));
        }
    }
    Ok(())
}

/// Prints the median times of the steps of a network.
fn steps(name: &str) -> Result<()> {
    let network = Network::new(name)?;
    let rounds = (0..101).map(|_| network.step_times()).collect::<Result<Vec<_>>>()?;
    let mut sum = 0.0;
    for (step, (name, _)) in rounds[0].iter().enumerate() {
        let time = median(rounds.iter().map(|times| 1e6 * times[step].1.as_secs_f64()).collect());
        println!("{time:>8.1} µs  {name}");
        sum += time;
    }
    println!("{sum:>8.1} µs  together");
    Ok(())
}

/// What is asked for by name.
enum Work {
    Forward(Network),
    Explain(Box<Explained>),
    Detect(FasterRcnn),
}

impl Work {
    fn new(name: &str) -> Result<Self> {
        Ok(match (name.strip_prefix("gradcam:"), name) {
            (Some(classifier), _) => Self::Explain(Box::new(Explained::new(classifier)?)),
            (None, "fasterrcnn_resnet50_fpn") => Self::Detect(FasterRcnn::new()?),
            (None, network) => Self::Forward(Network::new(network)?),
        })
    }

    fn ms(&self, batch: usize) -> Result<f64> {
        match self {
            Self::Forward(network) => network.forward_ms(batch),
            Self::Explain(classifier) => classifier.explain_ms(batch),
            Self::Detect(detector) => (0..batch).map(|_| detector.detect_ms()).sum(),
        }
    }
}

/// Answers lines `NAME BATCH` with milliseconds.
fn serve() -> Result<()> {
    let mut works = BTreeMap::new();
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let (name, batch) = line.split_once(' ').context("a line is a name and a batch size")?;
        if !works.contains_key(name) {
            works.insert(name.to_owned(), Work::new(name)?);
        }
        println!("{}", works[name].ms(batch.parse()?)?);
        std::io::stdout().flush()?;
    }
    Ok(())
}
