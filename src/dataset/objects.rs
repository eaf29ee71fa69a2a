//! Which objects a class shows: what a detector's words have to do with a classifier's.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use super::classes::{imagenet_indices, plain};
use super::{ClassId, ClassName};

/// For the ImageNet classes that show one of COCO's objects, its name; the head of `assets/coco_of_imagenet.tsv` says why.
static COCO_OF_IMAGENET: LazyLock<BTreeMap<usize, String>> = LazyLock::new(|| {
    let rows = include_str!("../../assets/coco_of_imagenet.tsv").lines().filter(|row| !row.starts_with('#'));
    let pairs = rows.filter_map(|row| row.split_once('\t'));
    pairs.flat_map(|(name, ranges)| indices(ranges).into_iter().map(move |index| (index, plain(name)))).collect()
});

/// `7-24,80` as the numbers it stands for.
fn indices(ranges: &str) -> Vec<usize> {
    let range = |text: &str| {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        Some(first.parse().ok()?..=last.parse().ok()?)
    };
    ranges.split(',').filter_map(range).flatten().collect()
}

/// For each class of a classifier the names of objects that belong to it.
#[derive(Clone, Debug, Default)]
pub struct ClassObjects {
    names: Vec<BTreeSet<String>>,
}

impl ClassObjects {
    /// Of the classes of a classifier, by their names. An object belongs to a class of its own name, and to those classes of
    /// ImageNet, wherever they stand in the list, that are a kind of it.
    pub fn new(class_names: &[String]) -> Self {
        let of_class = |class: &ClassName| {
            let mut names: BTreeSet<String> = class.synonyms().map(str::to_owned).collect();
            names.extend(class.wnid.clone());
            names.extend(imagenet_indices(class).iter().filter_map(|index| COCO_OF_IMAGENET.get(index)).cloned());
            names
        };
        Self { names: ClassName::list(class_names).iter().map(of_class).collect() }
    }

    /// Whether an object of this name belongs to a class.
    pub fn belongs(&self, class: ClassId, object: &str) -> bool {
        self.names.get(class.0).is_some_and(|names| names.contains(&plain(object)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::imagenet_names;

    #[test]
    fn every_index_of_the_table_is_a_class_and_in_one_row_only() {
        let rows = include_str!("../../assets/coco_of_imagenet.tsv").lines().filter(|row| !row.starts_with('#'));
        let mut seen = BTreeSet::new();
        for (name, ranges) in rows.filter_map(|row| row.split_once('\t')) {
            let classes = indices(ranges);
            assert!(!classes.is_empty(), "{name}");
            assert!(classes.iter().all(|class| *class < 1000 && seen.insert(*class)), "{name}");
        }
        assert_eq!(seen.len(), 313);
    }

    #[test]
    fn a_detector_s_word_belongs_to_the_kinds_of_it() {
        let names: Vec<String> = imagenet_names().map(str::to_owned).collect();
        let objects = ClassObjects::new(&names);
        let class = |name: &str| ClassId(names.iter().position(|n| n == name).unwrap_or(usize::MAX));
        assert!(objects.belongs(class("German_shepherd"), "dog"));
        assert!(objects.belongs(class("sports_car"), "car"));
        assert!(objects.belongs(class("television"), "tv"));
        assert!(!objects.belongs(class("black_and_gold_garden_spider"), "bird"));
        assert!(!objects.belongs(class("timber_wolf"), "dog"));
        // The bird and the machine are both called crane.
        assert!(objects.belongs(ClassId(134), "bird") && !objects.belongs(ClassId(517), "bird"));
    }

    #[test]
    fn an_object_belongs_to_the_class_of_its_name() {
        let objects = ClassObjects::new(&["Wind Turbine".into(), "tabby, tabby cat".into()]);
        assert!(objects.belongs(ClassId(0), "wind_turbine"));
        assert!(objects.belongs(ClassId(1), "cat") && objects.belongs(ClassId(1), "Tabby cat"));
        assert!(!objects.belongs(ClassId(0), "cat"));
        assert!(!objects.belongs(ClassId(7), "cat"));
    }
}
