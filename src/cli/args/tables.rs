//! Flags of the commands that write a project's numbers.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::RoiArgs;
use crate::cli::regions::RegionFormat;
use crate::measure::{Baseline, Measure, MeasureChoice};
use crate::report::{ClassFormat, SampleFormat};
use crate::summary::{ClassColumn, NoRoi};

#[derive(Debug, Args)]
pub(crate) struct ClassesArgs {
    /// Project file
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) rois: RoiArgs,
    /// Column to sort by, lowest first
    #[arg(long, value_name = "COLUMN", default_value = "fit")]
    pub(crate) sort: SortArg,
    /// Sort highest first
    #[arg(long)]
    pub(crate) reverse: bool,
    /// Another measure beside the fit: fit_pixels, lift, pointing_game, rank_accuracy, top_k, roc_auc or half_max_mass
    #[arg(long, value_name = "NAME")]
    pub(crate) measure: Option<Measure>,
    /// Show what the measure (by default the fit) has beyond that of a map that knows nothing of the network
    #[arg(long, value_name = "BASELINE", default_value = "nothing")]
    pub(crate) minus: MinusArg,
    /// What samples without a region add to the mean fit
    #[arg(long, default_value = "exclude")]
    pub(crate) no_roi: NoRoiArg,
    #[arg(long, default_value = "table")]
    pub(crate) format: ClassFormatArg,
    /// File to write, which may not exist; standard output by default
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum SortArg {
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
    /// The one of --measure
    Measure,
    /// Share of fits that are not of a detector's regions
    Sources,
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
            SortArg::Measure => Self::Measure,
            SortArg::Sources => Self::Sources,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum NoRoiArg {
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
pub(crate) enum ClassFormatArg {
    Table,
    Csv,
    Json,
    /// Apache Parquet, for pandas, DuckDB and others
    Parquet,
}

impl ClassFormatArg {
    /// `None` for the table of the terminal.
    pub(crate) fn format(self) -> Option<ClassFormat> {
        match self {
            Self::Table => None,
            Self::Csv => Some(ClassFormat::Csv),
            Self::Json => Some(ClassFormat::Json),
            Self::Parquet => Some(ClassFormat::Parquet),
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct MeasuresArgs {
    /// Project file
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) rois: RoiArgs,
    /// Show what the measures have beyond those of a map that knows nothing of the network
    #[arg(long, value_name = "BASELINE", default_value = "nothing")]
    pub(crate) minus: MinusArg,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum MinusArg {
    /// The measures themselves
    Nothing,
    /// All saliency at the centre of the view
    Centre,
    /// The same saliency everywhere
    Uniform,
}

impl ClassesArgs {
    /// The measure that is shown beside the fit.
    pub(crate) fn chosen(&self) -> Option<MeasureChoice> {
        let minus: Option<Baseline> = self.minus.into();
        let is_asked = self.measure.is_some() || minus.is_some();
        is_asked.then(|| MeasureChoice { measure: self.measure.unwrap_or_default(), minus })
    }
}

impl From<MinusArg> for Option<Baseline> {
    fn from(arg: MinusArg) -> Self {
        match arg {
            MinusArg::Nothing => None,
            MinusArg::Centre => Some(Baseline::Centre),
            MinusArg::Uniform => Some(Baseline::Uniform),
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// Project file
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) rois: RoiArgs,
    #[arg(long)]
    pub(crate) format: SampleFormatArg,
    /// File or folder to write, which may not exist; standard output by default, where the format is one file
    #[arg(long, value_name = "PATH")]
    pub(crate) out: Option<PathBuf>,
    /// With the saliency grids (JSON and Parquet only)
    #[arg(long)]
    pub(crate) saliency: bool,
    /// With all localisation measures, also of the baselines
    #[arg(long)]
    pub(crate) measures: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SampleFormatArg {
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
pub(crate) enum ExportKind {
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
