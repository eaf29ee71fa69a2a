//! The flags, by kind of command; here those that several commands share.

mod analyze;
mod checks;
mod compare;
mod models;
mod pictures;
mod tables;

use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand};

pub(super) use analyze::{AnalyzeArgs, AnnotateArgs, BenchArgs, BenchFormatArg, DemoArgs};
pub(super) use checks::{AgreementArgs, CheckArgs, CheckFormatArg};
pub(super) use compare::{CompareArgs, ComparisonFormatArg};
pub(super) use models::{AddArgs, ChannelsArg, InterpolationArg, ModelsArgs, ModelsCommand, PullArgs, ResizeArg};
pub(super) use pictures::{OverlayArgs, ReportArgs, SheetArgs};
pub(super) use tables::{ClassesArgs, ExportArgs, ExportKind, MeasuresArgs, SampleFormatArg, SortArg};

use crate::analysis::{RoiChoice, Sources};
use crate::device::DeviceChoice;
use crate::fit::RoiRule;
use crate::models::{DEFAULT_CLASSIFIER, DEFAULT_DETECTOR};
use crate::run::{ModelRequest, may_be_annotations};
use crate::saliency::{Recipe, RecipeError};
use crate::store::Store;

/// Measures whether an image classifier looks at the object.
#[derive(Debug, Parser)]
#[command(name = "camroi", version, args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(super) struct Cli {
    /// A project file or a folder of photos to open in the window
    #[arg(value_name = "FILE|FOLDER")]
    pub(super) open: Option<PathBuf>,
    #[command(subcommand)]
    pub(super) command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Analyse the bundled photos and show the result
    Demo(DemoArgs),
    /// Analyse a folder of photos, or go on with a project file
    Analyze(Box<AnalyzeArgs>),
    /// Add annotated regions to a project; no network runs
    Annotate(AnnotateArgs),
    /// Print the class table of a project
    Classes(ClassesArgs),
    /// Print localisation measures by class: pointing game, rank accuracy, ROC area and others
    Measures(MeasuresArgs),
    /// Check whether maps change when the network's weights are replaced at random
    Sanity(CheckArgs),
    /// Check whether the score depends on the pixels that maps point to: deletion, insertion, ROAD
    Faithfulness(CheckArgs),
    /// Compare the classes under several saliency methods, and rank correlations between them
    Agreement(AgreementArgs),
    /// Write the samples of a project for other programs
    Export(ExportArgs),
    /// Compare two runs over the same photos, of two projects or of one, or one run with two choices of regions
    Compare(CompareArgs),
    /// Write a run as one HTML file that needs nothing beside it
    Report(ReportArgs),
    /// Draw the photos of a class on one sheet, lowest fit first
    Sheet(SheetArgs),
    /// Draw boxes and heat map on photos, or on those of a project
    Overlay(OverlayArgs),
    /// Measure how fast this machine is
    Bench(BenchArgs),
    /// List the models, or show one
    Models(ModelsArgs),
}

/// Which networks, on what.
#[derive(Debug, Args)]
pub(super) struct ModelArgs {
    /// Classifier under inspection: a bundled name, a model card or a weights file
    #[arg(long, value_name = "NAME|CARD|WEIGHTS", default_value = DEFAULT_CLASSIFIER)]
    classifier: String,
    /// Target layer, instead of the classifier's own choice; of several (A,B) the maps are averaged, each scaled to its maximum
    #[arg(long, value_name = "LAYER[,LAYER]")]
    layer: Vec<String>,
    /// Saliency method, with settings behind colons: rise:masks=4000:seed=1, occlusion:window=48:stride=24, gradcam:flips
    #[arg(long, value_name = "METHOD[:SETTING=VALUE]", default_value = "gradcam", value_parser = recipe)]
    method: Recipe,
    /// Where regions come from: a bundled detector, a model card, a weights file (FILE#proposals: its proposals), annotations (a file or folder), or none
    #[arg(long, value_name = "DETECTOR|ANNOTATIONS|none", default_value = DEFAULT_DETECTOR)]
    rois: String,
    /// What to compute on: auto, cpu, cuda, cuda:N or metal
    #[arg(long, default_value = "auto")]
    device: DeviceChoice,
}

impl ModelArgs {
    pub(super) fn request(&self) -> ModelRequest {
        ModelRequest {
            classifier: self.classifier.clone(),
            layer: (!self.layer.is_empty()).then(|| self.layer.join(",")),
            recipe: self.method,
            detector: (self.rois != "none" && self.annotations().is_none()).then(|| self.rois.clone()),
            device: self.device,
        }
    }

    /// The annotations that the regions come from, if not from a detector.
    pub(super) fn annotations(&self) -> Option<&Path> {
        let path = Path::new(&self.rois);
        (path.is_dir() || may_be_annotations(path)).then_some(path)
    }
}

fn recipe(word: &str) -> Result<Recipe, String> {
    word.parse().map_err(|error: RecipeError| error.to_string())
}

fn share(word: &str) -> Result<f32, String> {
    match word.parse() {
        Ok(value) if (0.0..=1.0).contains(&value) => Ok(value),
        _ => Err("expected a number from 0 to 1".to_owned()),
    }
}

/// Stands above the flags about regions.
const REGIONS: &str = "Regions";

/// Which of the known regions count; no network has to run.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct RoiArgs {
    /// Whose regions count: best-known (drawn by hand, else annotated, else detected), detector, annotation or hand
    #[arg(long, help_heading = REGIONS, value_name = "SOURCE", default_value = "best-known")]
    roi_source: Sources,
    /// How they become a fit: best, union (all together), top-score or class (those that belong to it)
    #[arg(long, help_heading = REGIONS, value_name = "RULE", default_value = "best")]
    roi_rule: RoiRule,
    /// Score from which a region counts, 0 to 1, instead of the run's limit for detections
    #[arg(long, help_heading = REGIONS, value_name = "SCORE", value_parser = share)]
    roi_score: Option<f32>,
    /// Overlap (IoU) from which the lower scored of two regions of one name is left out, 0 to 1
    #[arg(long, help_heading = REGIONS, value_name = "IOU", value_parser = share)]
    roi_overlap: Option<f32>,
}

impl RoiArgs {
    pub(super) fn choice(&self) -> RoiChoice {
        RoiChoice {
            sources: self.roi_source,
            rule: self.roi_rule,
            min_score: self.roi_score,
            max_overlap: self.roi_overlap,
        }
    }

    /// A project to read, seen through these regions.
    pub(super) fn open(&self, file: &Path) -> crate::store::Result<Store> {
        let mut store = Store::open_read_only(file)?;
        if let Some(words) = self.choice().words() {
            eprintln!("regions: {words}");
        }
        store.choose_rois(self.choice());
        Ok(store)
    }
}
