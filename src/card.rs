//! Model cards: what the program must know to use a weights file.
//!
//! Comes in: the text of a card (TOML) and of its class list. Goes out: a checked [`ModelCard`] and [`Classes`]. May not live
//! here: files and folders, weights, networks. The keys are described in `weights/README.md`.

use serde::Deserialize;

use crate::geometry::Size;
use crate::preprocess::{ChannelOrder, Interpolation, Preprocessing, Resize};

/// Longest side of a network's input that a card may ask for, in pixels.
const MAX_INPUT_SIDE: u32 = 4096;

/// Why a card or class list cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CardError {
    /// Not TOML, a key that no card has, or one of the wrong type.
    #[error("not a model card: {0}")]
    Toml(#[from] toml::de::Error),
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
        let classes = match (file.classes.file, file.classes.names) {
            (Some(name), None) => ClassSource::File(name),
            (None, Some(names)) if !names.is_empty() => ClassSource::Names(names),
            (None, Some(_)) => return Err(CardError::Value { key: "classes.names", expected: "at least one name" }),
            (None, None) => return Err(CardError::Missing("classes.file or classes.names")),
            (Some(_), Some(_)) => {
                return Err(CardError::Value { key: "classes", expected: "either a file or a list of names" });
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
}

/// A network's classes in the order of its outputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Classes {
    /// Names; two classes may share one.
    pub names: Vec<String>,
    /// Ids that tell all classes apart, such as WordNet's; as many as names, or none at all.
    pub ids: Vec<String>,
}

impl Classes {
    /// Reads a list of one class a line: a name, or an id, a tab and a name.
    ///
    /// # Errors
    /// If there is no line, or an empty one before the end.
    pub fn parse(text: &str) -> Result<Self, CardError> {
        let mut classes = Self { names: Vec::new(), ids: Vec::new() };
        let text = text.trim_end();
        for (i, line) in text.split('\n').enumerate() {
            let line = line.trim_end_matches('\r');
            let (id, name) = line.split_once('\t').map_or((None, line), |(id, name)| (Some(id), name));
            if name.trim().is_empty() {
                return Err(CardError::EmptyClass { line: i + 1 });
            }
            classes.names.push(name.trim().to_owned());
            classes.ids.extend(id.map(|id| id.trim().to_owned()));
        }
        if classes.ids.len() != classes.names.len() {
            classes.ids.clear();
        }
        Ok(classes)
    }

    /// Classes that have names only.
    pub fn from_names(names: Vec<String>) -> Self {
        Self { names, ids: Vec::new() }
    }
}

fn preprocessing(input: &file::Input) -> Result<Preprocessing, CardError> {
    let sides = 1..=MAX_INPUT_SIDE;
    if !sides.contains(&input.width) || !sides.contains(&input.height) {
        return Err(CardError::Value { key: "input.width and input.height", expected: "between 1 and 4096 pixels" });
    }
    let resize = match (input.resize, input.shorter_side) {
        (file::Resize::ShorterSide, Some(size)) if sides.contains(&size) => Resize::ShorterSide { size },
        (file::Resize::ShorterSide, Some(_)) => {
            return Err(CardError::Value { key: "input.shorter_side", expected: "between 1 and 4096 pixels" });
        }
        (file::Resize::ShorterSide, None) => return Err(CardError::Missing("input.shorter_side")),
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

/// The card as it is written.
mod file {
    use super::Deserialize;

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    pub(super) struct Card {
        pub name: String,
        pub kind: Kind,
        pub architecture: String,
        #[serde(default)]
        pub description: String,
        #[serde(default)]
        pub licence: String,
        #[serde(default)]
        pub source: String,
        pub weights: Weights,
        pub input: Input,
        pub classes: Classes,
        pub classifier: Option<Classifier>,
        pub detector: Option<Detector>,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "kebab-case")]
    pub(super) enum Kind {
        Classifier,
        Detector,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    pub(super) struct Weights {
        pub file: String,
        pub sha256: Option<String>,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    pub(super) struct Input {
        pub width: u32,
        pub height: u32,
        pub resize: Resize,
        pub shorter_side: Option<u32>,
        pub interpolation: Interpolation,
        pub channels: Channels,
        pub scale: f32,
        pub mean: [f32; 3],
        pub std: [f32; 3],
    }

    #[derive(Clone, Copy, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    pub(super) enum Resize {
        ShorterSide,
        Stretch,
        Letterbox,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "kebab-case")]
    pub(super) enum Interpolation {
        Bilinear,
        Bicubic,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "kebab-case")]
    pub(super) enum Channels {
        Rgb,
        Bgr,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    pub(super) struct Classes {
        pub file: Option<String>,
        pub names: Option<Vec<String>>,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    pub(super) struct Classifier {
        pub target_layer: Option<String>,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    pub(super) struct Detector {
        pub roi_score: f32,
    }
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
            ("names = [\"cat\", \"dog\"]", "", "the model card lacks classes.file or classes.names"),
            ("\"classifier\"", "\"detector\"", "the model card lacks detector.roi_score"),
        ];
        for (from, to, expected) in cases {
            assert_eq!(message(&CARD.replace(from, to)), expected);
        }
    }

    #[test]
    fn classes_are_read_with_and_without_ids() -> anyhow::Result<()> {
        let with = Classes::parse("n1\tcrane\r\nn2\tcrane\n")?;
        assert_eq!((with.names, with.ids), (vec!["crane".into(), "crane".into()], vec!["n1".into(), "n2".into()]));
        assert_eq!(Classes::parse("cat\nhot dog")?, Classes::from_names(vec!["cat".into(), "hot dog".into()]));
        Ok(())
    }

    #[test]
    fn an_empty_class_is_told_with_its_line() {
        assert!(matches!(Classes::parse("cat\n\ndog"), Err(CardError::EmptyClass { line: 2 })));
        assert!(matches!(Classes::parse(""), Err(CardError::EmptyClass { line: 1 })));
    }
}
