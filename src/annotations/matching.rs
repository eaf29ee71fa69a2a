//! Which annotations belong to which samples.

use std::collections::HashMap;

use super::AnnotatedImage;
use crate::dataset::{IMAGE_EXTENSIONS, Sample};

/// Annotations by the sample that they belong to.
#[derive(Debug, Default)]
pub struct Matched {
    /// Index of a sample and what is marked in it; a sample appears once for each file that has something for it.
    pub samples: Vec<(usize, AnnotatedImage)>,
    /// First names of images that no sample, or more than one, could be.
    pub unmatched: Vec<String>,
}

impl Matched {
    /// Number of objects marked in samples.
    pub fn objects(&self) -> usize {
        self.samples.iter().map(|(_, image)| image.objects.len()).sum()
    }
}

/// Finds the sample of each annotated image: by its path, as far as both have folders in common, then by its name without
/// the ending alone. An image that several samples fit equally well stays unmatched.
pub fn match_samples(images: Vec<AnnotatedImage>, samples: &[Sample]) -> Matched {
    let index = Index::new(samples);
    let mut matched = Matched::default();
    for image in images {
        match image.names.iter().find_map(|name| index.find(name)) {
            Some(sample) => matched.samples.push((sample, image)),
            None => matched.unmatched.push(image.names.into_iter().next().unwrap_or_default()),
        }
    }
    matched.samples.sort_by_key(|(sample, _)| *sample);
    matched
}

/// A path taken apart.
struct Name<'a> {
    /// File name without its ending.
    stem: &'a str,
    /// File name with its ending.
    file: &'a str,
    /// Folders, the innermost first.
    folders: Vec<&'a str>,
}

impl<'a> Name<'a> {
    fn new(path: &'a str) -> Self {
        let mut parts = path.rsplit('/');
        let file = parts.next().unwrap_or_default();
        Self { stem: stem(file), file, folders: parts.collect() }
    }
}

/// A file name without an ending of images or annotations; other dots belong to the name.
fn stem(file: &str) -> &str {
    match file.rsplit_once('.') {
        Some((stem, ending))
            if ["xml", "json", "txt"]
                .iter()
                .chain(IMAGE_EXTENSIONS)
                .any(|known| ending.eq_ignore_ascii_case(known)) =>
        {
            stem
        }
        _ => file,
    }
}

/// The samples by their names.
struct Index<'a> {
    names: Vec<Name<'a>>,
    by_stem: HashMap<&'a str, Vec<usize>>,
    /// Names that are numbers, as COCO's are, whatever zeros they begin with.
    by_number: HashMap<u64, Vec<usize>>,
}

impl<'a> Index<'a> {
    fn new(samples: &'a [Sample]) -> Self {
        let names: Vec<_> = samples.iter().map(|sample| Name::new(&sample.path)).collect();
        let (mut by_stem, mut by_number) = (HashMap::<_, Vec<_>>::new(), HashMap::<_, Vec<_>>::new());
        for (i, name) in names.iter().enumerate() {
            by_stem.entry(name.stem).or_default().push(i);
            if let Ok(number) = name.stem.parse() {
                by_number.entry(number).or_default().push(i);
            }
        }
        Self { names, by_stem, by_number }
    }

    /// The one sample that fits best.
    fn find(&self, path: &str) -> Option<usize> {
        let name = Name::new(path);
        let same_number = || self.by_number.get(&name.stem.parse().ok()?);
        let candidates = self.by_stem.get(name.stem).or_else(same_number)?;
        let likeness = |candidate: usize| {
            let other = &self.names[candidate];
            let common = other.folders.iter().zip(&name.folders).take_while(|(a, b)| a == b).count();
            (common, other.file == name.file)
        };
        let best = candidates.iter().map(|c| likeness(*c)).max()?;
        let mut fitting = candidates.iter().filter(|c| likeness(**c) == best);
        let sample = *fitting.next()?;
        fitting.next().is_none().then_some(sample)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::annotations::Frame;

    fn matched(names: &[&str], samples: &[&str]) -> Option<usize> {
        let names = names.iter().map(|n| (*n).to_owned()).collect();
        let image = AnnotatedImage { names, frame: Frame::Pixels, objects: Vec::new() };
        let samples: Vec<_> = samples.iter().map(|p| Sample { path: (*p).into(), label: None }).collect();
        let matched = match_samples(vec![image], &samples);
        assert_eq!(matched.samples.len() + matched.unmatched.len(), 1);
        matched.samples.first().map(|(sample, _)| *sample)
    }

    #[test]
    fn the_path_decides_between_equal_names() {
        let samples = ["bird/1.jpg", "cat/1.jpg", "dog/1.jpg"];
        assert_eq!(matched(&["cat/1.jpg"], &samples), Some(1));
        assert_eq!(matched(&["labels/dog/1.txt"], &samples), Some(2));
        assert_eq!(matched(&["1.jpg"], &samples), None);
        assert_eq!(matched(&["cow/1.jpg"], &samples), None);
    }

    #[test]
    fn the_name_is_enough_where_it_is_the_only_one() {
        let samples = ["n01440764_tench/n01440764_10026.JPEG", "n01440764_tench/n01440764_10027.JPEG"];
        assert_eq!(matched(&["n01440764/n01440764_10027"], &samples), Some(1));
        assert_eq!(matched(&["C:/photos/n01440764_10026.jpg"], &samples), Some(0));
    }

    #[test]
    fn the_ending_decides_between_equal_stems() {
        assert_eq!(matched(&["a.png"], &["a.jpg", "a.png"]), Some(1));
        assert_eq!(matched(&["a.xml"], &["a.jpg", "a.png"]), None);
    }

    #[test]
    fn numbers_match_with_and_without_zeros() {
        assert_eq!(matched(&["139"], &["000000000139.jpg", "000000000285.jpg"]), Some(0));
    }

    #[test]
    fn later_names_are_tried_where_the_first_fits_nothing() {
        assert_eq!(matched(&["IMG_1.jpg", "renamed.xml"], &["renamed.jpg"]), Some(0));
        assert_eq!(matched(&["gone.v2.jpg"], &["gone.jpg"]), None);
    }
}
