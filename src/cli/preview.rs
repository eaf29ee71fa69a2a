//! A few photos and what a new classifier says of them, so that a wrong normalisation or order of classes is seen at once.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result};
use image::RgbImage;

use crate::analysis::Models;
use crate::classifier::Classifier;
use crate::dataset::{Dataset, Sample};
use crate::demo;
use crate::preprocess::decode;
use crate::saliency::{Method, Recipe};

/// Photos that are shown.
const PHOTOS: usize = 5;

/// A photo and what the classifier says of it.
pub(super) struct Previewed {
    /// Relative to the data set.
    pub(super) path: String,
    /// The picture, and the most probable classes with their probabilities, `0.0..=1.0`; or why it cannot be read.
    pub(super) result: Result<(RgbImage, Vec<(String, f32)>)>,
}

/// What `classifier` says of a few photos of a data set, by default of the bundled ones.
///
/// # Errors
/// If there are no photos, or the classifier fails.
pub(super) fn preview(classifier: Classifier, dataset: Option<&Path>) -> Result<Vec<Previewed>> {
    let dataset = match dataset {
        Some(folder) => Dataset::scan(folder)?,
        None => Dataset::scan(&demo::folder()?)?,
    };
    let names = classifier.class_names().to_vec();
    let models = Models { classifier, detector: None, recipe: Recipe::new(Method::GradCam) };
    let previewed = |sample: &Sample| {
        let path = dataset.path_of(sample);
        let image = std::fs::read(&path)
            .with_context(|| format!("cannot read {}", path.display()))
            .and_then(|bytes| decode(&bytes).with_context(|| path.display().to_string()));
        let result = match image {
            Ok(image) => {
                let top = models.top(&[models.classifier_input(&image)]).context("the classifier failed")?.concat();
                Ok((image, top.iter().map(|p| (names[p.class.0].clone(), p.probability)).collect()))
            }
            Err(error) => Err(error),
        };
        Ok(Previewed { path: sample.path.clone(), result })
    };
    chosen(&dataset.samples).into_iter().map(previewed).collect()
}

/// Photos of as many classes as possible, the classes spread over the whole list.
fn chosen(samples: &[Sample]) -> Vec<&Sample> {
    let mut by_label: BTreeMap<Option<&str>, Vec<&Sample>> = BTreeMap::new();
    for sample in samples {
        by_label.entry(sample.label.as_deref()).or_default().push(sample);
    }
    let labels: Vec<_> = by_label.into_values().collect();
    if labels.len() >= PHOTOS {
        return (0..PHOTOS).map(|i| labels[i * labels.len() / PHOTOS][0]).collect();
    }
    let longest = labels.iter().map(Vec::len).max().unwrap_or(0);
    let in_turn = (0..longest).flat_map(|i| labels.iter().filter_map(move |photos| photos.get(i).copied()));
    in_turn.take(PHOTOS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::DeviceChoice;
    use crate::models::{DEFAULT_CLASSIFIER, load_classifier};

    #[test]
    fn photos_are_taken_from_as_many_classes_as_possible() {
        let sample = |path: &str| Sample { path: path.into(), label: path.split_once('/').map(|(l, _)| l.into()) };
        let paths = |names: &[&str]| {
            let samples: Vec<_> = names.iter().map(|name| sample(name)).collect();
            chosen(&samples).into_iter().map(|s| s.path.clone()).collect::<Vec<_>>()
        };
        let ten: Vec<String> = (0..10).flat_map(|c| [format!("{c}/a"), format!("{c}/b")]).collect();
        let ten: Vec<&str> = ten.iter().map(String::as_str).collect();
        assert_eq!(paths(&ten), ["0/a", "2/a", "4/a", "6/a", "8/a"]);
        assert_eq!(paths(&["x/1", "x/2", "x/3", "y/1", "y/2", "y/3"]), ["x/1", "y/1", "x/2", "y/2", "x/3"]);
        assert_eq!(paths(&["1", "2"]), ["1", "2"]);
    }

    #[test]
    fn the_bundled_classifier_knows_the_bundled_photos() -> Result<()> {
        let classifier = load_classifier(DEFAULT_CLASSIFIER, None, &DeviceChoice::Cpu.open()?)?;
        let photos = preview(classifier, None)?;
        assert_eq!(photos.len(), PHOTOS);
        for photo in photos {
            let (_, top) = photo.result?;
            assert_eq!(top.len(), 5);
            assert!(top.windows(2).all(|pair| pair[0].1 >= pair[1].1));
        }
        Ok(())
    }

    #[test]
    fn a_photo_that_cannot_be_read_is_told() -> Result<()> {
        let folder = tempfile::tempdir()?;
        std::fs::write(folder.path().join("torn.jpg"), b"no picture")?;
        let classifier = load_classifier(DEFAULT_CLASSIFIER, None, &DeviceChoice::Cpu.open()?)?;
        let photos = preview(classifier, Some(folder.path()))?;
        assert!(photos[0].result.as_ref().is_err_and(|e| e.to_string().contains("torn.jpg")));
        Ok(())
    }
}
