//! Model cards: what the program must know to use a weights file.
//!
//! Comes in: the text of a card (TOML) and of its class list. Goes out: a checked [`ModelCard`] and [`Classes`]. May not live
//! here: files and folders, weights, networks. The keys are described in `weights/README.md`.

mod classes;
mod file;

pub use classes::Classes;

use crate::geometry::Size;
use crate::preprocess::{ChannelOrder, Interpolation, Preprocessing, Resize, SideRounding};

/// Longest side of a network's input that a card may ask for, in pixels.
const MAX_INPUT_SIDE: u32 = 4096;

/// Why a card or class list cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CardError {
    /// Not TOML, a key that no card has, or one of the wrong type.
    #[error("not a model card: {0}")]
    Toml(#[from] toml::de::Error),
    /// A card that cannot be written.
    #[error("the model card cannot be written: {0}")]
    Write(#[from] toml::ser::Error),
    /// A key that this kind of card needs.
    #[error("the model card lacks {0}")]
    Missing(&'static str),
    /// A value that makes no sense.
    #[error("{key} of the model card must be {expected}")]
    Value {
        /// Where.
        key: &'static str,
        /// What would be right.
        expected: &'static str,
    },
    /// A class list with nothing in it, or a line that is no class.
    #[error("line {line} of the class list is empty")]
    EmptyClass {
        /// From 1.
        line: usize,
    },
    /// A class list in JSON or CSV that does not say which class each output is.
    #[error("the class list is not understood: {0}")]
    ClassList(String),
}

/// What a network is for.
#[derive(Clone, Debug, PartialEq)]
pub enum ModelKind {
    /// Says what an image shows.
    Classifier {
        /// Where saliency is computed by default; `None` leaves it to the architecture.
        target_layer: Option<String>,
    },
    /// Says where objects are.
    Detector {
        /// The score from which a detection counts as a region of interest, `0.0..=1.0`.
        roi_score: f32,
    },
}

/// Where the class names are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClassSource {
    /// In a file beside the card, for [`Classes::parse`].
    File(String),
    /// In the card.
    Names(Vec<String>),
    /// In the program.
    BuiltIn(BuiltInClasses),
}

/// Class lists that are part of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BuiltInClasses {
    /// The 1000 classes of ImageNet-1k in their usual order.
    ImageNet1k,
    /// The 80 classes of COCO in their usual order.
    Coco80,
}

impl BuiltInClasses {
    /// How many classes it has.
    pub fn count(self) -> usize {
        match self {
            Self::ImageNet1k => 1000,
            Self::Coco80 => 80,
        }
    }
}

impl std::fmt::Display for BuiltInClasses {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::ImageNet1k => "ImageNet-1k",
            Self::Coco80 => "COCO-80",
        })
    }
}

/// A network's description.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelCard {
    /// What the model is called on the command line.
    pub name: String,
    /// One line for people.
    pub description: String,
    /// Which network the weights belong to.
    pub architecture: String,
    /// Under which licence the weights may be used; empty if nobody said.
    pub licence: String,
    /// Where the weights come from; empty if nobody said.
    pub source: String,
    /// The weights file, relative to the card.
    pub weights_file: String,
    /// Its SHA-256 in lower-case hexadecimal digits, if it must be this very file.
    pub weights_sha256: Option<String>,
    /// What the network wants of a picture.
    pub input: Preprocessing,
    /// Its classes.
    pub classes: ClassSource,
    /// What it is for.
    pub kind: ModelKind,
}

impl ModelCard {
    /// Reads a card.
    ///
    /// # Errors
    /// If a key is missing, unknown or has a value that makes no sense.
    pub fn parse(text: &str) -> Result<Self, CardError> {
        let file: file::Card = toml::from_str(text)?;
        let classes = match (file.classes.file, file.classes.names, file.classes.built_in) {
            (Some(name), None, None) => ClassSource::File(name),
            (None, Some(names), None) if !names.is_empty() => ClassSource::Names(names),
            (None, Some(_), None) => {
                return Err(CardError::Value { key: "classes.names", expected: "at least one name" });
            }
            (None, None, Some(list)) => ClassSource::BuiltIn(list.into()),
            (None, None, None) => return Err(CardError::Missing("classes.file, classes.names or classes.built_in")),
            _ => {
                let expected = "either a file, or a list of names, or a built-in list";
                return Err(CardError::Value { key: "classes", expected });
            }
        };
        let kind = match file.kind {
            file::Kind::Classifier => {
                ModelKind::Classifier { target_layer: file.classifier.and_then(|c| c.target_layer) }
            }
            file::Kind::Detector => {
                let roi_score = file.detector.ok_or(CardError::Missing("detector.roi_score"))?.roi_score;
                if !(0.0..=1.0).contains(&roi_score) {
                    return Err(CardError::Value { key: "detector.roi_score", expected: "between 0 and 1" });
                }
                ModelKind::Detector { roi_score }
            }
        };
        Ok(Self {
            name: file.name,
            description: file.description,
            architecture: file.architecture,
            licence: file.licence,
            source: file.source,
            weights_file: file.weights.file,
            weights_sha256: file.weights.sha256.map(|s| s.to_lowercase()),
            input: preprocessing(&file.input)?,
            classes,
            kind,
        })
    }

    /// The card as text that [`ModelCard::parse`] reads.
    ///
    /// # Errors
    /// If its way of resizing is one that cards have no word for.
    pub fn to_toml(&self) -> Result<String, CardError> {
        Ok(toml::to_string(&file::Card::from(self))?)
    }
}

fn preprocessing(input: &file::Input) -> Result<Preprocessing, CardError> {
    let sides = 1..=MAX_INPUT_SIDE;
    if !sides.contains(&input.width) || !sides.contains(&input.height) {
        return Err(CardError::Value { key: "input.width and input.height", expected: "between 1 and 4096 pixels" });
    }
    let resize = match (input.resize, input.shorter_side) {
        (file::Resize::ShorterSide, Some(size)) if sides.contains(&size) => Resize::ShorterSide { size },
        (file::Resize::ShortestEdge, Some(edge)) if sides.contains(&edge) => {
            let rounding = match input.rounding.ok_or(CardError::Missing("input.rounding"))? {
                file::Rounding::Nearest => SideRounding::Nearest,
                file::Rounding::Down => SideRounding::Down,
            };
            Resize::ShortestEdge { edge, rounding }
        }
        (file::Resize::ShorterSide | file::Resize::ShortestEdge, Some(_)) => {
            return Err(CardError::Value { key: "input.shorter_side", expected: "between 1 and 4096 pixels" });
        }
        (file::Resize::ShorterSide | file::Resize::ShortestEdge, None) => {
            return Err(CardError::Missing("input.shorter_side"));
        }
        (file::Resize::Stretch, _) => Resize::Stretch,
        (file::Resize::Letterbox, _) => Resize::Letterbox,
    };
    if !input.std.iter().all(|s| s.is_finite() && *s > 0.0) {
        return Err(CardError::Value { key: "input.std", expected: "three numbers above 0" });
    }
    if !input.mean.iter().chain([&input.scale]).all(|m| m.is_finite()) {
        return Err(CardError::Value { key: "input.mean and input.scale", expected: "finite" });
    }
    Ok(Preprocessing {
        input: Size::new(input.width, input.height),
        resize,
        interpolation: match input.interpolation {
            file::Interpolation::Bilinear => Interpolation::Bilinear,
            file::Interpolation::Bicubic => Interpolation::Bicubic,
            file::Interpolation::FourPixels => Interpolation::FourPixels,
        },
        channels: match input.channels {
            file::Channels::Rgb => ChannelOrder::Rgb,
            file::Channels::Bgr => ChannelOrder::Bgr,
        },
        mean: input.mean,
        std: input.std,
        scale: input.scale,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CARD: &str = r#"
        name = "mine"
        kind = "classifier"
        architecture = "resnet50"
        [weights]
        file = "mine.pth"
        [input]
        width = 224
        height = 224
        resize = "shorter-side"
        shorter_side = 256
        interpolation = "bilinear"
        channels = "rgb"
        scale = 0.00392156862745098
        mean = [0.485, 0.456, 0.406]
        std = [0.229, 0.224, 0.225]
        [classes]
        names = ["cat", "dog"]
    "#;

    fn message(card: &str) -> String {
        ModelCard::parse(card).map_err(|e| e.to_string()).err().unwrap_or_default()
    }

    #[test]
    fn a_card_says_what_the_network_wants() -> anyhow::Result<()> {
        let card = ModelCard::parse(CARD)?;
        assert_eq!(card.input.resize, Resize::ShorterSide { size: 256 });
        assert_eq!(card.input.scale, 1.0 / 255.0);
        assert_eq!(card.kind, ModelKind::Classifier { target_layer: None });
        assert_eq!(card.classes, ClassSource::Names(vec!["cat".into(), "dog".into()]));
        Ok(())
    }

    #[test]
    fn a_written_card_reads_the_same() -> anyhow::Result<()> {
        let built_in = CARD.replace("names = [\"cat\", \"dog\"]", "built_in = \"imagenet-1k\"");
        let edge = CARD.replace("shorter-side", "shortest-edge").replace("bilinear", "four-pixels");
        let edge = edge.replace("[classes]", "rounding = \"nearest\"\n[classes]");
        for text in [CARD, &built_in, &edge] {
            let card = ModelCard::parse(text)?;
            assert_eq!(ModelCard::parse(&card.to_toml()?)?, card);
        }
        Ok(())
    }

    #[test]
    fn a_shortest_edge_needs_its_rounding() -> anyhow::Result<()> {
        let card = CARD.replace("shorter-side", "shortest-edge").replace("bilinear", "four-pixels");
        assert_eq!(message(&card), "the model card lacks input.rounding");
        let card = ModelCard::parse(&card.replace("[classes]", "rounding = \"down\"\n[classes]"))?;
        assert_eq!(card.input.resize, Resize::ShortestEdge { edge: 256, rounding: SideRounding::Down });
        assert_eq!(card.input.interpolation, Interpolation::FourPixels);
        Ok(())
    }

    #[test]
    fn a_key_that_no_card_has_is_named() {
        assert!(message(&CARD.replace("height", "hieght")).contains("hieght"));
    }

    #[test]
    fn values_that_make_no_sense_are_refused() {
        let cases = [
            ("std = [0.229", "std = [0.0", "input.std of the model card must be three numbers above 0"),
            (
                "width = 224",
                "width = 0",
                "input.width and input.height of the model card must be between 1 and 4096 pixels",
            ),
            ("shorter_side = 256", "", "the model card lacks input.shorter_side"),
            ("names = [\"cat\", \"dog\"]", "", "the model card lacks classes.file, classes.names or classes.built_in"),
            ("\"classifier\"", "\"detector\"", "the model card lacks detector.roi_score"),
        ];
        for (from, to, expected) in cases {
            assert_eq!(message(&CARD.replace(from, to)), expected);
        }
    }
}
