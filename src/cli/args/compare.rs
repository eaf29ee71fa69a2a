//! Flags of `compare`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{REGIONS, RoiArgs};
use crate::analysis::RoiChoice;
use crate::report::ComparisonOptions;
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
    #[arg(long, value_name = "REGIONS", value_parser = regions, help_heading = REGIONS)]
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
    /// By default what the ending of --out says, else a table
    #[arg(long)]
    pub(crate) format: Option<ComparisonFormatArg>,
    /// File to write, which may not exist; standard output by default
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Classes with photos in the HTML page, at most: clear differences before others, large ones before small
    #[arg(long, value_name = "N", default_value_t = ComparisonOptions::default().classes)]
    classes: usize,
    /// Photos of a class in the HTML page, at most
    #[arg(long, value_name = "N", default_value_t = ComparisonOptions::default().images_per_class)]
    images_per_class: usize,
    /// Longest side of a photo in the HTML page, in pixels
    #[arg(long, value_name = "PIXELS", default_value_t = ComparisonOptions::default().longest_px, value_parser = clap::value_parser!(u32).range(16..=8192))]
    max_size: u32,
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

    /// The format that was asked for, or else that of the file's ending.
    pub(crate) fn format(&self) -> ComparisonFormatArg {
        let ending = || ComparisonFormatArg::from_str(self.out.as_ref()?.extension()?.to_str()?, true).ok();
        self.format.or_else(ending).unwrap_or(ComparisonFormatArg::Table)
    }

    pub(crate) fn page(&self) -> ComparisonOptions {
        ComparisonOptions { classes: self.classes, images_per_class: self.images_per_class, longest_px: self.max_size }
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

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ComparisonFormatArg {
    Table,
    Csv,
    Json,
    /// One HTML page with settings, plot, classes and photos side by side
    Html,
}
