//! The card as it is written.

use serde::{Deserialize, Serialize};

use super::{BuiltInClasses, ClassSource, ModelCard, ModelKind};
use crate::preprocess;

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Card {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) architecture: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) description: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) licence: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) source: String,
    pub(super) weights: Weights,
    pub(super) input: Input,
    pub(super) classes: Classes,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) classifier: Option<Classifier>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) detector: Option<Detector>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Kind {
    Classifier,
    Detector,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Weights {
    pub(super) file: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sha256: Option<String>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Input {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) resize: Resize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) shorter_side: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rounding: Option<Rounding>,
    pub(super) interpolation: Interpolation,
    pub(super) channels: Channels,
    pub(super) scale: f32,
    pub(super) mean: [f32; 3],
    pub(super) std: [f32; 3],
}

#[derive(Clone, Copy, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Resize {
    ShorterSide,
    Stretch,
    Letterbox,
    ShortestEdge,
}

#[derive(Clone, Copy, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Rounding {
    Nearest,
    Down,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Interpolation {
    Bilinear,
    Bicubic,
    FourPixels,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Channels {
    Rgb,
    Bgr,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Classes {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) names: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) built_in: Option<BuiltIn>,
}

#[derive(Clone, Copy, Deserialize, Serialize)]
pub(super) enum BuiltIn {
    #[serde(rename = "imagenet-1k")]
    ImageNet1k,
    #[serde(rename = "coco-80")]
    Coco80,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Classifier {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) target_layer: Option<String>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Detector {
    pub(super) roi_score: f32,
}

impl From<BuiltIn> for BuiltInClasses {
    fn from(list: BuiltIn) -> Self {
        match list {
            BuiltIn::ImageNet1k => Self::ImageNet1k,
            BuiltIn::Coco80 => Self::Coco80,
        }
    }
}

impl From<&ClassSource> for Classes {
    fn from(source: &ClassSource) -> Self {
        match source {
            ClassSource::File(file) => Self { file: Some(file.clone()), ..Self::default() },
            ClassSource::Names(names) => Self { names: Some(names.clone()), ..Self::default() },
            ClassSource::BuiltIn(BuiltInClasses::ImageNet1k) => {
                Self { built_in: Some(BuiltIn::ImageNet1k), ..Self::default() }
            }
            ClassSource::BuiltIn(BuiltInClasses::Coco80) => Self { built_in: Some(BuiltIn::Coco80), ..Self::default() },
        }
    }
}

impl From<&preprocess::Preprocessing> for Input {
    fn from(input: &preprocess::Preprocessing) -> Self {
        let (resize, shorter_side, rounding) = match input.resize {
            preprocess::Resize::ShorterSide { size } => (Resize::ShorterSide, Some(size), None),
            preprocess::Resize::Stretch => (Resize::Stretch, None, None),
            preprocess::Resize::Letterbox => (Resize::Letterbox, None, None),
            preprocess::Resize::ShortestEdge { edge, rounding } => {
                let rounding = match rounding {
                    preprocess::SideRounding::Nearest => Rounding::Nearest,
                    preprocess::SideRounding::Down => Rounding::Down,
                };
                (Resize::ShortestEdge, Some(edge), Some(rounding))
            }
        };
        let interpolation = match input.interpolation {
            preprocess::Interpolation::Bilinear => Interpolation::Bilinear,
            preprocess::Interpolation::Bicubic => Interpolation::Bicubic,
            preprocess::Interpolation::FourPixels => Interpolation::FourPixels,
        };
        let channels = match input.channels {
            preprocess::ChannelOrder::Rgb => Channels::Rgb,
            preprocess::ChannelOrder::Bgr => Channels::Bgr,
        };
        let (width, height) = (input.input.width, input.input.height);
        let preprocess::Preprocessing { scale, mean, std, .. } = *input;
        Self { width, height, resize, shorter_side, rounding, interpolation, channels, scale, mean, std }
    }
}

impl From<&ModelCard> for Card {
    fn from(card: &ModelCard) -> Self {
        let (kind, classifier, detector) = match &card.kind {
            ModelKind::Classifier { target_layer } => {
                let classifier = target_layer.clone().map(|layer| Classifier { target_layer: Some(layer) });
                (Kind::Classifier, classifier, None)
            }
            ModelKind::Detector { roi_score } => (Kind::Detector, None, Some(Detector { roi_score: *roi_score })),
        };
        Self {
            name: card.name.clone(),
            kind,
            architecture: card.architecture.clone(),
            description: card.description.clone(),
            licence: card.licence.clone(),
            source: card.source.clone(),
            weights: Weights { file: card.weights_file.clone(), sha256: card.weights_sha256.clone() },
            input: Input::from(&card.input),
            classes: Classes::from(&card.classes),
            classifier,
            detector,
        }
    }
}
