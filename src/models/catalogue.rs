//! Published weights that can be downloaded: `weights/catalogue.toml`.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::download::Expected;
use crate::geometry::Size;
use crate::preprocess::{ChannelOrder, Interpolation, Preprocessing, Resize};

const CATALOGUE: &str = include_str!("../../weights/catalogue.toml");

static PUBLISHED: LazyLock<Vec<Published>> = LazyLock::new(|| {
    let catalogue: Catalogue = toml::from_str(CATALOGUE).expect("the catalogue is part of the program");
    catalogue.model.into_iter().map(Published::from).collect()
});

/// Weights that somebody publishes.
#[derive(Clone, Debug, PartialEq)]
pub struct Published {
    /// What the model is called.
    pub name: String,
    /// Which network.
    pub architecture: String,
    /// How pictures are prepared for a classifier; `None` of a detector, whose file tells.
    pub input: Option<Preprocessing>,
    /// Where the file is.
    pub url: String,
    /// How to know it.
    pub expected: Expected,
    /// Its length, exactly or in whole megabytes, if known.
    pub about_bytes: Option<u64>,
    /// Under which licence it is published.
    pub licence: String,
    /// By whom.
    pub source: String,
}

/// Everything that can be downloaded, in the order that lists show it.
pub fn published() -> &'static [Published] {
    &PUBLISHED
}

#[derive(Deserialize)]
struct Catalogue {
    model: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    kind: Kind,
    architecture: String,
    url: String,
    sha256: Option<String>,
    bytes: Option<u64>,
    megabytes: Option<u64>,
    #[serde(flatten)]
    input: Option<Input>,
    licence: String,
    source: String,
}

#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    Classifier,
    Detector,
}

#[derive(Deserialize)]
struct Input {
    side: u32,
    shorter_side: u32,
    interpolation: Filter,
    mean: [f32; 3],
    std: [f32; 3],
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Filter {
    Bilinear,
    Bicubic,
}

impl From<Entry> for Published {
    fn from(entry: Entry) -> Self {
        let input = entry.input.filter(|_| entry.kind == Kind::Classifier).map(|input| Preprocessing {
            input: Size::new(input.side, input.side),
            resize: Resize::ShorterSide { size: input.shorter_side },
            interpolation: match input.interpolation {
                Filter::Bilinear => Interpolation::Bilinear,
                Filter::Bicubic => Interpolation::Bicubic,
            },
            channels: ChannelOrder::Rgb,
            mean: input.mean,
            std: input.std,
            scale: 1.0 / 255.0,
        });
        Self {
            name: entry.name,
            architecture: entry.architecture,
            input,
            url: entry.url,
            about_bytes: entry.bytes.or(entry.megabytes.map(|m| m * 1_000_000)),
            expected: Expected { bytes: entry.bytes, sha256: entry.sha256 },
            licence: entry.licence,
            source: entry.source,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classifier::architecture;
    use crate::models::bundled_names;

    #[test]
    fn names_are_unique_and_no_bundled_ones() {
        let mut names: Vec<_> = published().iter().map(|p| p.name.as_str()).chain(bundled_names()).collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
    }

    #[test]
    fn every_classifier_is_of_a_known_architecture_and_says_how_pictures_are_prepared() {
        for published in published().iter().filter(|p| p.input.is_some()) {
            assert!(architecture(&published.architecture).is_some(), "{}", published.name);
        }
        assert_eq!(published().iter().filter(|p| p.input.is_none()).count(), 9, "detectors");
    }

    #[test]
    fn digests_are_those_in_the_names_of_the_files() {
        for published in published().iter().filter(|p| p.url.ends_with(".pth")) {
            let digits = published.expected.sha256.as_deref().unwrap_or_default();
            assert!(digits.len() == 8 && published.url.contains(&format!("-{digits}.pth")), "{}", published.name);
        }
        for published in published().iter().filter(|p| p.url.ends_with(".pkl")) {
            assert_eq!(published.expected.sha256.as_ref().map(String::len), Some(64), "{}", published.name);
        }
    }

    #[test]
    fn addresses_are_safe_against_eavesdroppers() {
        assert!(published().iter().all(|p| p.url.starts_with("https://")));
    }
}
