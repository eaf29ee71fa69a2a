//! Flags of the commands that run networks over photos, and of what they start from.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{ModelArgs, share};
use crate::store::TargetRule;

#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Do not open the window afterwards
    #[arg(long)]
    pub(crate) no_window: bool,
    /// Project file, instead of one in the user's data folder
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct AnalyzeArgs {
    /// Folder with one folder a class, or of unlabelled photos; or a project file to go on with as it was begun
    #[arg(value_name = "DATASET|FILE")]
    pub(crate) dataset: PathBuf,
    /// Project file; by default the data set's name with .camroi in the current folder
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) models: ModelArgs,
    /// The class that the saliency explains
    #[arg(long, default_value = "predicted")]
    pub(crate) target: TargetArg,
    /// Score from which a detection is a region, 0 to 1, instead of the detector's own choice
    #[arg(long, value_name = "SCORE", value_parser = share)]
    pub(crate) roi_score: Option<f32>,
    /// Class groups: JSON with the classes that count as right for each label
    #[arg(long, value_name = "JSON")]
    pub(crate) groups: Option<PathBuf>,
    /// Analyse only the first N photos of each class
    #[arg(long, value_name = "N")]
    pub(crate) limit_per_class: Option<NonZeroUsize>,
    /// Images that go through a network together
    #[arg(long, value_name = "N")]
    pub(crate) batch: Option<NonZeroUsize>,
    /// Threads that read, and threads that run networks
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<NonZeroUsize>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum TargetArg {
    /// The most probable class
    Predicted,
    /// The most probable class among those of the label
    Labelled,
}

impl From<TargetArg> for TargetRule {
    fn from(arg: TargetArg) -> Self {
        match arg {
            TargetArg::Predicted => Self::Predicted,
            TargetArg::Labelled => Self::Labelled,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct AnnotateArgs {
    /// Project file
    pub(crate) file: PathBuf,
    /// Pascal VOC, ImageNet, COCO (also results), YOLO, LabelMe or CVAT: a file, or a folder of them
    pub(crate) annotations: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct BenchArgs {
    #[command(flatten)]
    pub(crate) models: ModelArgs,
    /// Images that go through a network together
    #[arg(long, value_name = "N")]
    pub(crate) batch: Option<NonZeroUsize>,
    /// Threads that read, and threads that run networks
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<NonZeroUsize>,
    /// Photos of the demo to measure on; the more, the steadier
    #[arg(long, value_name = "N")]
    pub(crate) images: Option<NonZeroUsize>,
    #[arg(long, default_value = "table")]
    pub(crate) format: BenchFormatArg,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum BenchFormatArg {
    Table,
    Json,
}
