//! The flags.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::regions::RegionFormat;
use crate::analysis::{RoiChoice, Sources};
use crate::colormap::Colormap;
use crate::device::DeviceChoice;
use crate::fit::RoiRule;
use crate::models::{DEFAULT_CLASSIFIER, DEFAULT_DETECTOR};
use crate::overlay::{Rendering, SheetLayout};
use crate::report::{ClassFormat, ComparisonFormat, HtmlOptions, SampleFormat, SheetOptions};
use crate::run::ModelRequest;
use crate::saliency::Method;
use crate::store::{Store, TargetRule};
use crate::summary::{ClassColumn, DifferenceColumn, Minus, NoRoi};

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
    /// Compare two runs over the same photos: of two projects, or of one
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
    /// Target layer, instead of the classifier's own choice
    #[arg(long)]
    layer: Option<String>,
    /// Saliency method
    #[arg(long, default_value = "gradcam", value_parser = method)]
    method: Method,
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
            layer: self.layer.clone(),
            method: self.method,
            detector: (self.rois != "none" && self.annotations().is_none()).then(|| self.rois.clone()),
            device: self.device,
        }
    }

    /// The annotations that the regions come from, if not from a detector.
    pub(super) fn annotations(&self) -> Option<&Path> {
        let path = Path::new(&self.rois);
        let of_annotations = |e: &str| ["xml", "json", "csv", "txt"].iter().any(|known| e.eq_ignore_ascii_case(known));
        let ending = path.extension().and_then(|e| e.to_str());
        (path.is_dir() || ending.is_some_and(of_annotations)).then_some(path)
    }
}

fn method(word: &str) -> Result<Method, String> {
    word.parse().map_err(|error: <Method as std::str::FromStr>::Err| error.to_string())
}

#[derive(Debug, Args)]
pub(super) struct DemoArgs {
    /// Do not open the window afterwards
    #[arg(long)]
    pub(super) no_window: bool,
    /// Project file, instead of one in the user's data folder
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct AnalyzeArgs {
    /// Folder with one folder a class, or of unlabelled photos; or a project file to go on with as it was begun
    #[arg(value_name = "DATASET|FILE")]
    pub(super) dataset: PathBuf,
    /// Project file; by default the data set's name with .camroi in the current folder
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
    #[command(flatten)]
    pub(super) models: ModelArgs,
    /// The class that the saliency explains
    #[arg(long, default_value = "predicted")]
    pub(super) target: TargetArg,
    /// Score from which a detection is a region, 0 to 1, instead of the detector's own choice
    #[arg(long, value_name = "SCORE", value_parser = share)]
    pub(super) roi_score: Option<f32>,
    /// Class groups: JSON with the classes that count as right for each label
    #[arg(long, value_name = "JSON")]
    pub(super) groups: Option<PathBuf>,
    /// Analyse only the first N photos of each class
    #[arg(long, value_name = "N")]
    pub(super) limit_per_class: Option<NonZeroUsize>,
    /// Images that go through a network together
    #[arg(long, value_name = "N")]
    pub(super) batch: Option<NonZeroUsize>,
    /// Threads that read, and threads that run networks
    #[arg(long, value_name = "N")]
    pub(super) threads: Option<NonZeroUsize>,
}

fn share(word: &str) -> Result<f32, String> {
    match word.parse() {
        Ok(value) if (0.0..=1.0).contains(&value) => Ok(value),
        _ => Err("expected a number from 0 to 1".to_owned()),
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum TargetArg {
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

/// Which of the known regions count; no network has to run.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Regions")]
pub(super) struct RoiArgs {
    /// Whose regions count: best-known (drawn by hand, else annotated, else detected), detector, annotation or hand
    #[arg(long, value_name = "SOURCE", default_value = "best-known")]
    roi_source: Sources,
    /// How they become a fit: best, union (all together), top-score or class (those that belong to it)
    #[arg(long, value_name = "RULE", default_value = "best")]
    roi_rule: RoiRule,
    /// Score from which a region counts, 0 to 1, instead of the run's limit for detections
    #[arg(long, value_name = "SCORE", value_parser = share)]
    roi_score: Option<f32>,
    /// Overlap (IoU) from which the lower scored of two regions of one name is left out, 0 to 1
    #[arg(long, value_name = "IOU", value_parser = share)]
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

#[derive(Debug, Args)]
pub(super) struct AnnotateArgs {
    /// Project file
    pub(super) file: PathBuf,
    /// Pascal VOC, ImageNet, COCO (also results), YOLO, LabelMe or CVAT: a file, or a folder of them
    pub(super) annotations: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct ClassesArgs {
    /// Project file
    pub(super) file: PathBuf,
    #[command(flatten)]
    pub(super) rois: RoiArgs,
    /// Column to sort by, lowest first
    #[arg(long, value_name = "COLUMN", default_value = "fit")]
    pub(super) sort: SortArg,
    /// Sort highest first
    #[arg(long)]
    pub(super) reverse: bool,
    /// What samples without a region add to the mean fit
    #[arg(long, default_value = "exclude")]
    pub(super) no_roi: NoRoiArg,
    #[arg(long, default_value = "table")]
    pub(super) format: ClassFormatArg,
    /// File to write, which may not exist; standard output by default
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum SortArg {
    Class,
    Samples,
    Failed,
    WithRoi,
    Coverage,
    Fit,
    FitZero,
    Lift,
    AreaShare,
    Confidence,
    Accuracy,
    Uninformative,
}

impl From<SortArg> for ClassColumn {
    fn from(arg: SortArg) -> Self {
        match arg {
            SortArg::Class => Self::Class,
            SortArg::Samples => Self::Samples,
            SortArg::Failed => Self::Failed,
            SortArg::WithRoi => Self::WithRoi,
            SortArg::Coverage => Self::Coverage,
            SortArg::Fit => Self::Fit,
            SortArg::FitZero => Self::FitZero,
            SortArg::Lift => Self::Lift,
            SortArg::AreaShare => Self::AreaShare,
            SortArg::Confidence => Self::Confidence,
            SortArg::Accuracy => Self::Accuracy,
            SortArg::Uninformative => Self::Uninformative,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum NoRoiArg {
    /// Nothing
    Exclude,
    /// A fit of 0
    Zero,
}

impl From<NoRoiArg> for NoRoi {
    fn from(arg: NoRoiArg) -> Self {
        match arg {
            NoRoiArg::Exclude => Self::Exclude,
            NoRoiArg::Zero => Self::Zero,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum ClassFormatArg {
    Table,
    Csv,
    Json,
    /// Apache Parquet, for pandas, DuckDB and others
    Parquet,
}

impl ClassFormatArg {
    /// `None` for the table of the terminal.
    pub(super) fn format(self) -> Option<ClassFormat> {
        match self {
            Self::Table => None,
            Self::Csv => Some(ClassFormat::Csv),
            Self::Json => Some(ClassFormat::Json),
            Self::Parquet => Some(ClassFormat::Parquet),
        }
    }
}

/// Which samples of a project are checked.
#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// Project file
    pub(super) file: PathBuf,
    /// Only these classes
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub(super) classes: Vec<String>,
    /// The first N photos of each class
    #[arg(long, value_name = "N", default_value = "5")]
    pub(super) per_class: NonZeroUsize,
    /// All photos of each class
    #[arg(long, conflicts_with = "per_class")]
    pub(super) all: bool,
    /// What to compute on: auto, cpu, cuda, cuda:N or metal
    #[arg(long, default_value = "auto")]
    pub(super) device: DeviceChoice,
    #[arg(long, default_value = "table")]
    pub(super) format: CheckFormatArg,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum CheckFormatArg {
    Table,
    Json,
}

#[derive(Debug, Args)]
pub(super) struct AgreementArgs {
    #[command(flatten)]
    pub(super) check: CheckArgs,
    /// Methods to compare, at least two
    #[arg(long, value_name = "METHOD", value_delimiter = ',', value_parser = method, required = true)]
    pub(super) methods: Vec<Method>,
}

#[derive(Debug, Args)]
pub(super) struct MeasuresArgs {
    /// Project file
    pub(super) file: PathBuf,
    #[command(flatten)]
    pub(super) rois: RoiArgs,
    /// Show what the measures have beyond those of a map that knows nothing of the network
    #[arg(long, value_name = "BASELINE", default_value = "nothing")]
    pub(super) minus: MinusArg,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum MinusArg {
    /// The measures themselves
    Nothing,
    /// All saliency at the centre of the view
    Centre,
    /// The same saliency everywhere
    Uniform,
}

impl From<MinusArg> for Minus {
    fn from(arg: MinusArg) -> Self {
        match arg {
            MinusArg::Nothing => Self::Nothing,
            MinusArg::Centre => Self::Centre,
            MinusArg::Uniform => Self::Uniform,
        }
    }
}

#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    /// Project file
    pub(super) file: PathBuf,
    #[command(flatten)]
    pub(super) rois: RoiArgs,
    #[arg(long)]
    pub(super) format: SampleFormatArg,
    /// File or folder to write, which may not exist; standard output by default, where the format is one file
    #[arg(long, value_name = "PATH")]
    pub(super) out: Option<PathBuf>,
    /// With the saliency grids (JSON and Parquet only)
    #[arg(long)]
    pub(super) saliency: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum SampleFormatArg {
    /// One JSON object a line
    Jsonl,
    /// One JSON array
    Json,
    Csv,
    /// Apache Parquet, for pandas, DuckDB and others
    Parquet,
    /// Regions as a COCO file
    Coco,
    /// Regions as a folder of Pascal VOC files
    Voc,
    /// Regions as a folder of YOLO labels
    Yolo,
}

/// What an export consists of.
pub(super) enum ExportKind {
    Samples(SampleFormat),
    Regions(RegionFormat),
}

impl From<SampleFormatArg> for ExportKind {
    fn from(arg: SampleFormatArg) -> Self {
        match arg {
            SampleFormatArg::Jsonl => Self::Samples(SampleFormat::JsonLines),
            SampleFormatArg::Json => Self::Samples(SampleFormat::Json),
            SampleFormatArg::Csv => Self::Samples(SampleFormat::Csv),
            SampleFormatArg::Parquet => Self::Samples(SampleFormat::Parquet),
            SampleFormatArg::Coco => Self::Regions(RegionFormat::Coco),
            SampleFormatArg::Voc => Self::Regions(RegionFormat::Voc),
            SampleFormatArg::Yolo => Self::Regions(RegionFormat::Yolo),
        }
    }
}

#[derive(Debug, Args)]
pub(super) struct CompareArgs {
    /// Project file with the first run (A)
    pub(super) first: PathBuf,
    /// Project file with the second run (B); by default both are of the first file, its latest being B
    pub(super) second: Option<PathBuf>,
    /// Number of the first run in its project, instead of the latest
    #[arg(long, value_name = "NUMBER")]
    pub(super) first_run: Option<i64>,
    /// Number of the second run in its project, instead of the latest
    #[arg(long, value_name = "NUMBER")]
    pub(super) second_run: Option<i64>,
    /// Write the samples instead of the classes (CSV and JSON only)
    #[arg(long)]
    pub(super) samples: bool,
    /// Difference to sort classes by, lowest first
    #[arg(long, value_name = "COLUMN", default_value = "fit")]
    pub(super) sort: DifferenceSortArg,
    /// Sort highest first
    #[arg(long)]
    pub(super) reverse: bool,
    #[arg(long, default_value = "table")]
    pub(super) format: ComparisonFormatArg,
    /// File to write, which may not exist; standard output by default
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum DifferenceSortArg {
    Class,
    Fit,
    Accuracy,
    Common,
}

impl From<DifferenceSortArg> for DifferenceColumn {
    fn from(arg: DifferenceSortArg) -> Self {
        match arg {
            DifferenceSortArg::Class => Self::Class,
            DifferenceSortArg::Fit => Self::Fit,
            DifferenceSortArg::Accuracy => Self::Accuracy,
            DifferenceSortArg::Common => Self::Common,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum ComparisonFormatArg {
    Table,
    Csv,
    Json,
}

impl ComparisonFormatArg {
    /// `None` for the table of the terminal.
    pub(super) fn format(self) -> Option<ComparisonFormat> {
        match self {
            Self::Table => None,
            Self::Csv => Some(ComparisonFormat::Csv),
            Self::Json => Some(ComparisonFormat::Json),
        }
    }
}

#[derive(Debug, Args)]
pub(super) struct ReportArgs {
    /// Project file
    pub(super) file: PathBuf,
    #[command(flatten)]
    pub(super) rois: RoiArgs,
    /// HTML file to write, which may not exist; standard output by default
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
    /// Classes with a section of their own, at most: judged ones before suspect ones before others with a finding
    #[arg(long, value_name = "N", default_value_t = HtmlOptions::default().classes)]
    pub(super) classes: usize,
    /// A class to have a section, instead of those that were judged or found remarkable; may be repeated
    #[arg(long, value_name = "NAME", conflicts_with = "classes")]
    pub(super) class: Vec<String>,
    /// Photos in a section, at most
    #[arg(long, value_name = "N", default_value_t = HtmlOptions::default().images_per_class)]
    pub(super) images_per_class: usize,
    /// Longest side of a photo, in pixels
    #[arg(long, value_name = "PIXELS", default_value_t = HtmlOptions::default().longest_px, value_parser = clap::value_parser!(u32).range(16..=8192))]
    pub(super) max_size: u32,
    /// What samples without a region add to the mean fit
    #[arg(long, default_value = "exclude")]
    pub(super) no_roi: NoRoiArg,
}

impl ReportArgs {
    pub(super) fn options(&self) -> HtmlOptions {
        HtmlOptions {
            classes: self.classes,
            named: self.class.clone(),
            images_per_class: self.images_per_class,
            longest_px: self.max_size,
            no_roi: self.no_roi.into(),
            ..HtmlOptions::default()
        }
    }
}

#[derive(Debug, Args)]
pub(super) struct SheetArgs {
    /// Project file
    pub(super) file: PathBuf,
    /// The class
    #[arg(long, value_name = "NAME")]
    pub(super) class: String,
    /// PNG file to write, which may not exist
    #[arg(long, value_name = "FILE")]
    pub(super) out: PathBuf,
    /// Photos on the sheet, at most
    #[arg(long, value_name = "N", default_value_t = SheetOptions::of_class("").limit)]
    pub(super) limit: usize,
    /// Photos side by side
    #[arg(long, value_name = "N", default_value_t = SheetOptions::of_class("").layout.columns, value_parser = clap::value_parser!(u32).range(1..=1000))]
    columns: u32,
    /// Longest side of a photo, in pixels
    #[arg(long, value_name = "PIXELS", default_value_t = SheetOptions::of_class("").layout.tile_px, value_parser = clap::value_parser!(u32).range(32..=4096))]
    max_size: u32,
    /// The photos as they are, without heat map and boxes
    #[arg(long)]
    plain: bool,
}

impl SheetArgs {
    pub(super) fn options(&self) -> SheetOptions {
        let usual = SheetOptions::of_class(self.class.clone());
        SheetOptions {
            limit: self.limit,
            layout: SheetLayout { columns: self.columns, tile_px: self.max_size },
            style: usual.style.filter(|_| !self.plain),
            class: usual.class,
        }
    }
}

#[derive(Debug, Args)]
pub(super) struct OverlayArgs {
    /// Photos, or one project file
    #[arg(required = true, value_name = "IMAGE|FILE")]
    pub(super) inputs: Vec<PathBuf>,
    /// Folder for the pictures
    #[arg(long, value_name = "DIR")]
    pub(super) out: PathBuf,
    /// Only samples of this class (of a project)
    #[arg(long, value_name = "NAME")]
    pub(super) class: Option<String>,
    #[arg(long, default_value = "jet")]
    pub(super) colormap: ColormapArg,
    /// What the map does to the photo
    #[arg(long, default_value = "colours")]
    pub(super) rendering: RenderingArg,
    /// Opacity of the map where it covers the photo, 0 to 1
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pub(super) opacity: Option<f32>,
    /// Share of the map's largest value below which it has no colour and no contour, or hides the photo, 0 to 1
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pub(super) threshold: Option<f32>,
    /// Show the cells of the map as they are, not smoothed
    #[arg(long)]
    pub(super) grid: bool,
    #[command(flatten)]
    pub(super) rois: RoiArgs,
    #[command(flatten)]
    pub(super) models: ModelArgs,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum RenderingArg {
    /// Colours over the photo
    Colours,
    /// Lines of equal values
    Contours,
    /// What the network makes little of is covered
    MaskedOut,
}

impl From<RenderingArg> for Rendering {
    fn from(arg: RenderingArg) -> Self {
        match arg {
            RenderingArg::Colours => Self::Colours,
            RenderingArg::Contours => Self::Contours,
            RenderingArg::MaskedOut => Self::MaskedOut,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum ColormapArg {
    Jet,
    Turbo,
    Viridis,
    Inferno,
}

impl From<ColormapArg> for Colormap {
    fn from(arg: ColormapArg) -> Self {
        match arg {
            ColormapArg::Jet => Self::Jet,
            ColormapArg::Turbo => Self::Turbo,
            ColormapArg::Viridis => Self::Viridis,
            ColormapArg::Inferno => Self::Inferno,
        }
    }
}

#[derive(Debug, Args)]
pub(super) struct BenchArgs {
    #[command(flatten)]
    pub(super) models: ModelArgs,
    /// Images that go through a network together
    #[arg(long, value_name = "N")]
    pub(super) batch: Option<NonZeroUsize>,
    /// Threads that read, and threads that run networks
    #[arg(long, value_name = "N")]
    pub(super) threads: Option<NonZeroUsize>,
    /// Photos of the demo to measure on; the more, the steadier
    #[arg(long, value_name = "N")]
    pub(super) images: Option<NonZeroUsize>,
    #[arg(long, default_value = "table")]
    pub(super) format: BenchFormatArg,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum BenchFormatArg {
    Table,
    Json,
}

#[derive(Debug, Args)]
pub(super) struct ModelsArgs {
    #[command(subcommand)]
    pub(super) command: Option<ModelsCommand>,
}

#[derive(Debug, Subcommand)]
pub(super) enum ModelsCommand {
    /// The models that come with the program and those that were added, and the architectures that are known
    List {
        /// List what can be downloaded
        #[arg(long)]
        published: bool,
    },
    /// What a model is, from its card, and a classifier's layers
    Show {
        /// A bundled name, a model card or a weights file
        #[arg(value_name = "NAME|CARD|WEIGHTS")]
        model: String,
    },
    /// Write the card of a weights file beside it, after classifying five photos as a check
    Add(Box<AddArgs>),
    /// Download published weights, check them, and write their card
    Pull(PullArgs),
    /// The notices of the bundled networks' authors, and their licence
    Licences,
}

#[derive(Debug, Args)]
pub(super) struct PullArgs {
    /// A name from `camroi models list --published`
    pub(super) name: String,
    /// Another address of the same file, such as a mirror's
    #[arg(long, value_name = "URL")]
    pub(super) from: Option<String>,
}

/// What a weights file does not show. Everything else is as for the architecture's published weights.
#[derive(Debug, Args)]
pub(super) struct AddArgs {
    /// A .safetensors file, a .pth, .pt or .pkl with a state dict, or an .onnx file
    #[arg(value_name = "FILE")]
    pub(super) weights: PathBuf,
    /// What the outputs stand for, unless they are ImageNet's 1000 classes: a list (text, JSON or CSV), or the training
    /// data's folder with one folder a class
    #[arg(long, value_name = "LIST|FOLDER")]
    pub(super) classes: Option<PathBuf>,
    /// Which network it is, where the file fits several (such as timm's tf_efficientnet_b0 and efficientnet_b0)
    #[arg(long)]
    pub(super) architecture: Option<String>,
    /// What the model is called, instead of the file's name
    #[arg(long)]
    pub(super) name: Option<String>,
    /// One line about the model
    #[arg(long, value_name = "TEXT")]
    pub(super) description: Option<String>,
    /// Under which licence the weights may be used
    #[arg(long, value_name = "TEXT")]
    pub(super) licence: Option<String>,
    /// Where the weights come from
    #[arg(long, value_name = "TEXT")]
    pub(super) source: Option<String>,
    /// Target layer of runs that name none
    #[arg(long)]
    pub(super) layer: Option<String>,
    /// Side of the network's square input
    #[arg(long, value_name = "PIXELS", value_parser = clap::value_parser!(u32).range(1..=4096))]
    pub(super) side: Option<u32>,
    /// How a photo gets into the input
    #[arg(long)]
    pub(super) resize: Option<ResizeArg>,
    /// The shorter side of a photo before the centre is cut out
    #[arg(long, value_name = "PIXELS", value_parser = clap::value_parser!(u32).range(1..=4096))]
    pub(super) shorter_side: Option<u32>,
    /// By which filter
    #[arg(long)]
    pub(super) interpolation: Option<InterpolationArg>,
    /// Order of the input's channels
    #[arg(long)]
    pub(super) channels: Option<ChannelsArg>,
    /// The value of white before the mean is subtracted: 1, or 255
    #[arg(long, value_name = "WHITE", value_parser = positive)]
    pub(super) range: Option<f32>,
    /// What is subtracted from each channel
    #[arg(long, num_args = 3, value_names = ["R", "G", "B"], value_parser = finite, allow_negative_numbers = true)]
    pub(super) mean: Option<Vec<f32>>,
    /// What each channel is divided by
    #[arg(long, num_args = 3, value_names = ["R", "G", "B"], value_parser = finite, allow_negative_numbers = true)]
    pub(super) std: Option<Vec<f32>>,
    /// Photos to try it on, instead of the bundled ones
    #[arg(long, value_name = "FOLDER")]
    pub(super) photos: Option<PathBuf>,
    /// Write the card without trying
    #[arg(long)]
    pub(super) no_preview: bool,
}

fn finite(word: &str) -> Result<f32, String> {
    word.parse::<f32>().ok().filter(|value| value.is_finite()).ok_or_else(|| "expected a number".to_owned())
}

fn positive(word: &str) -> Result<f32, String> {
    finite(word).ok().filter(|value| *value > 0.0).ok_or_else(|| "expected a number above 0".to_owned())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ResizeArg {
    /// The shorter side to --shorter-side, and the centre of that
    ShorterSide,
    /// The whole photo, its proportions changed
    Stretch,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum InterpolationArg {
    Bilinear,
    Bicubic,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ChannelsArg {
    Rgb,
    Bgr,
}
