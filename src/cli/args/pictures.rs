//! Flags of the commands that draw, and of the report.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::tables::NoRoiArg;
use super::{ModelArgs, RoiArgs, share};
use crate::colormap::Colormap;
use crate::overlay::{Rendering, SheetLayout};
use crate::report::{HtmlOptions, SheetOptions};

#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// Project file
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) rois: RoiArgs,
    /// HTML file to write, which may not exist; standard output by default
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Classes with a section of their own, at most: judged ones before suspect ones before others with a finding
    #[arg(long, value_name = "N", default_value_t = HtmlOptions::default().classes)]
    pub(crate) classes: usize,
    /// A class to have a section, instead of those that were judged or found remarkable; may be repeated
    #[arg(long, value_name = "NAME", conflicts_with = "classes")]
    pub(crate) class: Vec<String>,
    /// Photos in a section, at most
    #[arg(long, value_name = "N", default_value_t = HtmlOptions::default().images_per_class)]
    pub(crate) images_per_class: usize,
    /// Patches outside of the regions in a section, at most: the places that hold most of the saliency
    #[arg(long, value_name = "N", default_value_t = HtmlOptions::default().patches_per_class)]
    pub(crate) patches_per_class: usize,
    /// Longest side of a photo, in pixels
    #[arg(long, value_name = "PIXELS", default_value_t = HtmlOptions::default().longest_px, value_parser = clap::value_parser!(u32).range(16..=8192))]
    pub(crate) max_size: u32,
    /// What samples without a region add to the mean fit
    #[arg(long, default_value = "exclude")]
    pub(crate) no_roi: NoRoiArg,
}

impl ReportArgs {
    pub(crate) fn options(&self) -> HtmlOptions {
        HtmlOptions {
            classes: self.classes,
            named: self.class.clone(),
            images_per_class: self.images_per_class,
            patches_per_class: self.patches_per_class,
            longest_px: self.max_size,
            no_roi: self.no_roi.into(),
            ..HtmlOptions::default()
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct SheetArgs {
    /// Project file
    pub(crate) file: PathBuf,
    /// The class
    #[arg(long, value_name = "NAME")]
    pub(crate) class: String,
    /// PNG file to write, which may not exist
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Photos on the sheet, at most
    #[arg(long, value_name = "N", default_value_t = SheetOptions::of_class("").limit)]
    pub(crate) limit: usize,
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
    pub(crate) fn options(&self) -> SheetOptions {
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
pub(crate) struct OverlayArgs {
    /// Photos, or one project file
    #[arg(required = true, value_name = "IMAGE|FILE")]
    pub(crate) inputs: Vec<PathBuf>,
    /// Folder for the pictures
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Only samples of this class (of a project)
    #[arg(long, value_name = "NAME")]
    pub(crate) class: Option<String>,
    #[arg(long, default_value = "jet")]
    pub(crate) colormap: ColormapArg,
    /// What the map does to the photo
    #[arg(long, default_value = "colours")]
    pub(crate) rendering: RenderingArg,
    /// Opacity of the map where it covers the photo, 0 to 1
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pub(crate) opacity: Option<f32>,
    /// Share of the map's largest value below which it has no colour and no contour, or hides the photo, 0 to 1
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pub(crate) threshold: Option<f32>,
    /// Show the cells of the map as they are, not smoothed
    #[arg(long)]
    pub(crate) grid: bool,
    #[command(flatten)]
    pub(crate) rois: RoiArgs,
    #[command(flatten)]
    pub(crate) models: ModelArgs,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum RenderingArg {
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
pub(crate) enum ColormapArg {
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
