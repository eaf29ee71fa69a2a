//! Flags of the commands that check a run's maps.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::recipe;
use crate::device::DeviceChoice;
use crate::saliency::Recipe;

/// Which samples of a project are checked.
#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// Project file
    pub(crate) file: PathBuf,
    /// Only these classes
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub(crate) classes: Vec<String>,
    /// The first N photos of each class
    #[arg(long, value_name = "N", default_value = "5")]
    pub(crate) per_class: NonZeroUsize,
    /// All photos of each class
    #[arg(long, conflicts_with = "per_class")]
    pub(crate) all: bool,
    /// What to compute on: auto, cpu, cuda, cuda:N or metal
    #[arg(long, default_value = "auto")]
    pub(crate) device: DeviceChoice,
    #[arg(long, default_value = "table")]
    pub(crate) format: CheckFormatArg,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum CheckFormatArg {
    Table,
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct AgreementArgs {
    #[command(flatten)]
    pub(crate) check: CheckArgs,
    /// Methods to compare, at least two, with settings behind colons
    #[arg(long, value_name = "METHOD", value_delimiter = ',', value_parser = recipe, required = true)]
    pub(crate) methods: Vec<Recipe>,
}
