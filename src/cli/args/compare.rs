//! Flags of `compare`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::RoiArgs;
use crate::analysis::RoiChoice;
use crate::report::ComparisonFormat;
use crate::summary::DifferenceColumn;

#[derive(Debug, Args)]
pub(crate) struct CompareArgs {
    /// Project file with the first run (A)
    pub(crate) first: PathBuf,
    /// Project file with the second run (B); by default both are of the first file, its latest being B
    pub(crate) second: Option<PathBuf>,
    /// Number of the first run in its project, instead of the latest
    #[arg(long, value_name = "NUMBER")]
    pub(crate) first_run: Option<i64>,
    /// Number of the second run in its project, instead of the latest
    #[arg(long, value_name = "NUMBER")]
    pub(crate) second_run: Option<i64>,
    #[command(flatten)]
    pub(crate) rois: RoiArgs,
    /// Regions that count in B, as far as other than in A: a source, or several of source=, rule=, score= and overlap= with
    /// commas between them. Of one project, its latest run is then compared with itself
    #[arg(long, value_name = "REGIONS", value_parser = regions, help_heading = "Regions")]
    pub(crate) against: Option<String>,
    /// Write the samples instead of the classes (CSV and JSON only)
    #[arg(long)]
    pub(crate) samples: bool,
    /// Difference to sort classes by, lowest first
    #[arg(long, value_name = "COLUMN", default_value = "fit")]
    pub(crate) sort: DifferenceSortArg,
    /// Sort highest first
    #[arg(long)]
    pub(crate) reverse: bool,
    #[arg(long, default_value = "table")]
    pub(crate) format: ComparisonFormatArg,
    /// File to write, which may not exist; standard output by default
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

fn regions(words: &str) -> Result<String, String> {
    RoiChoice::default().changed(words).map(|_| words.to_owned())
}

impl CompareArgs {
    /// Which regions count on each side.
    pub(crate) fn choices(&self) -> anyhow::Result<[RoiChoice; 2]> {
        let first = self.rois.choice();
        let second = self.against.as_ref().map_or(Ok(first), |words| first.changed(words));
        Ok([first, second.map_err(anyhow::Error::msg)?])
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum DifferenceSortArg {
    Class,
    Fit,
    Accuracy,
    Common,
    FitBoth,
    FitOnlyFirst,
    FitOnlySecond,
}

impl From<DifferenceSortArg> for DifferenceColumn {
    fn from(arg: DifferenceSortArg) -> Self {
        match arg {
            DifferenceSortArg::Class => Self::Class,
            DifferenceSortArg::Fit => Self::Fit,
            DifferenceSortArg::Accuracy => Self::Accuracy,
            DifferenceSortArg::Common => Self::Common,
            DifferenceSortArg::FitBoth => Self::FitBoth,
            DifferenceSortArg::FitOnlyFirst => Self::FitOnlyFirst,
            DifferenceSortArg::FitOnlySecond => Self::FitOnlySecond,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ComparisonFormatArg {
    Table,
    Csv,
    Json,
}

impl ComparisonFormatArg {
    /// `None` for the table of the terminal.
    pub(crate) fn format(self) -> Option<ComparisonFormat> {
        match self {
            Self::Table => None,
            Self::Csv => Some(ComparisonFormat::Csv),
            Self::Json => Some(ComparisonFormat::Json),
        }
    }
}
