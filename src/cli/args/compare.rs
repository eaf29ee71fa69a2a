//! Flags of `compare`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

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

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum DifferenceSortArg {
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
