//! Flags of `models`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

#[derive(Debug, Args)]
pub(crate) struct ModelsArgs {
    #[command(subcommand)]
    pub(crate) command: Option<ModelsCommand>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ModelsCommand {
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
pub(crate) struct PullArgs {
    /// A name from `camroi models list --published`
    pub(crate) name: String,
    /// Another address of the same file, such as a mirror's
    #[arg(long, value_name = "URL")]
    pub(crate) from: Option<String>,
}

/// What a weights file does not show. Everything else is as for the architecture's published weights.
#[derive(Debug, Args)]
pub(crate) struct AddArgs {
    /// A .safetensors file, a .pth, .pt or .pkl with a state dict, or an .onnx file
    #[arg(value_name = "FILE")]
    pub(crate) weights: PathBuf,
    /// What the outputs stand for, unless they are ImageNet's 1000 classes: a list (text, JSON or CSV), or the training
    /// data's folder with one folder a class
    #[arg(long, value_name = "LIST|FOLDER")]
    pub(crate) classes: Option<PathBuf>,
    /// Which network it is, where the file fits several (such as timm's tf_efficientnet_b0 and efficientnet_b0)
    #[arg(long)]
    pub(crate) architecture: Option<String>,
    /// What the model is called, instead of the file's name
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// One line about the model
    #[arg(long, value_name = "TEXT")]
    pub(crate) description: Option<String>,
    /// Under which licence the weights may be used
    #[arg(long, value_name = "TEXT")]
    pub(crate) licence: Option<String>,
    /// Where the weights come from
    #[arg(long, value_name = "TEXT")]
    pub(crate) source: Option<String>,
    /// Target layer of runs that name none
    #[arg(long)]
    pub(crate) layer: Option<String>,
    /// Side of the network's square input
    #[arg(long, value_name = "PIXELS", value_parser = clap::value_parser!(u32).range(1..=4096))]
    pub(crate) side: Option<u32>,
    /// How a photo gets into the input
    #[arg(long)]
    pub(crate) resize: Option<ResizeArg>,
    /// The shorter side of a photo before the centre is cut out
    #[arg(long, value_name = "PIXELS", value_parser = clap::value_parser!(u32).range(1..=4096))]
    pub(crate) shorter_side: Option<u32>,
    /// By which filter
    #[arg(long)]
    pub(crate) interpolation: Option<InterpolationArg>,
    /// Order of the input's channels
    #[arg(long)]
    pub(crate) channels: Option<ChannelsArg>,
    /// The value of white before the mean is subtracted: 1, or 255
    #[arg(long, value_name = "WHITE", value_parser = positive)]
    pub(crate) range: Option<f32>,
    /// What is subtracted from each channel
    #[arg(long, num_args = 3, value_names = ["R", "G", "B"], value_parser = finite, allow_negative_numbers = true)]
    pub(crate) mean: Option<Vec<f32>>,
    /// What each channel is divided by
    #[arg(long, num_args = 3, value_names = ["R", "G", "B"], value_parser = finite, allow_negative_numbers = true)]
    pub(crate) std: Option<Vec<f32>>,
    /// Photos to try it on, instead of the bundled ones
    #[arg(long, value_name = "FOLDER")]
    pub(crate) photos: Option<PathBuf>,
    /// Write the card without trying
    #[arg(long)]
    pub(crate) no_preview: bool,
}

fn finite(word: &str) -> Result<f32, String> {
    word.parse::<f32>().ok().filter(|value| value.is_finite()).ok_or_else(|| "expected a number".to_owned())
}

fn positive(word: &str) -> Result<f32, String> {
    finite(word).ok().filter(|value| *value > 0.0).ok_or_else(|| "expected a number above 0".to_owned())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ResizeArg {
    /// The shorter side to --shorter-side, and the centre of that
    ShorterSide,
    /// The whole photo, its proportions changed
    Stretch,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum InterpolationArg {
    Bilinear,
    Bicubic,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ChannelsArg {
    Rgb,
    Bgr,
}
