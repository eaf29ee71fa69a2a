//! What a data set's labels mean in a classifier's classes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use super::{ClassGroups, ClassId, GroupsError};

/// A class of a classifier with everything that a label may call it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassName {
    /// As the classifier has it.
    pub name: String,
    /// WordNet id such as `n01443537`, for the classes of ImageNet.
    pub wnid: Option<String>,
    /// The name, its parts between commas, and ImageNet's own name, each in [`plain`] form.
    synonyms: BTreeSet<String>,
}

impl ClassName {
    /// A class that is known by its name or by any of several names with commas between them.
    fn new(name: &str) -> Self {
        let mut synonyms: BTreeSet<_> = name.split(',').map(plain).collect();
        synonyms.insert(plain(name));
        // Without a letter or digit there is nothing to recognise.
        synonyms.remove("");
        Self { name: name.to_owned(), wnid: None, synonyms }
    }

    /// The classes of a classifier from its list of names. A list that follows the order of ImageNet-1k also gets the WordNet
    /// ids and the names that ImageNet's own files use.
    pub fn list(names: &[String]) -> Vec<Self> {
        let mut classes: Vec<_> = names.iter().map(|name| Self::new(name)).collect();
        let imagenet = &*IMAGENET;
        let agreeing = classes.iter().zip(imagenet).filter(|(c, i)| c.synonyms.contains(&plain(i.name))).count();
        // Lists differ in the spelling of some names, but no other list of 1000 has most of them in the same order.
        if classes.len() == imagenet.len() && 2 * agreeing > imagenet.len() {
            for (class, known) in classes.iter_mut().zip(imagenet) {
                class.wnid = Some(known.wnid.to_owned());
                class.synonyms.insert(plain(known.name));
            }
        }
        classes
    }

    /// Everything that a label may call it, each in [`plain`] form.
    pub(super) fn synonyms(&self) -> impl Iterator<Item = &str> {
        self.synonyms.iter().map(String::as_str)
    }
}

/// The places of a class in ImageNet's list: one by its WordNet id, else all with one of its names.
pub(super) fn imagenet_indices(class: &ClassName) -> Vec<usize> {
    match &class.wnid {
        Some(wnid) => IMAGENET.iter().position(|known| known.wnid == wnid).into_iter().collect(),
        None => class.synonyms.iter().filter_map(|name| IMAGENET_BY_NAME.get(name)).flatten().copied().collect(),
    }
}

/// A class of ImageNet-1k.
struct ImagenetClass {
    wnid: &'static str,
    name: &'static str,
}

/// The 1000 classes in the order of their indices; `weights/imagenet-1k.tsv` has WordNet id and name.
static IMAGENET: LazyLock<Vec<ImagenetClass>> = LazyLock::new(|| {
    let rows = include_str!("../../weights/imagenet-1k.tsv").lines();
    rows.filter_map(|row| row.split_once('\t')).map(|(wnid, name)| ImagenetClass { wnid, name }).collect()
});

/// The places of the classes by their names in [`plain`] form; two are called crane.
static IMAGENET_BY_NAME: LazyLock<BTreeMap<String, Vec<usize>>> = LazyLock::new(|| {
    let mut places: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (place, class) in IMAGENET.iter().enumerate() {
        places.entry(plain(class.name)).or_default().push(place);
    }
    places
});

/// The names of the 1000 ImageNet classes in the order of their indices.
pub fn imagenet_names() -> impl Iterator<Item = &'static str> {
    IMAGENET.iter().map(|class| class.name)
}

/// Letters and digits of a name in lower case: what is compared.
pub(super) fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The WordNet id that a label starts with, as ImageNet's folders do: `n01443537` or `n01443537_goldfish`.
fn wordnet_id(label: &str) -> Option<&str> {
    let id = label.get(..9)?;
    let digits = id.strip_prefix('n')?;
    let ends_there = !label[9..].starts_with(char::is_alphanumeric);
    (ends_there && digits.bytes().all(|b| b.is_ascii_digit())).then_some(id)
}

/// A label without the WordNet id in front, where a name follows it: `n01443537_goldfish` is `goldfish`.
pub fn without_wordnet_id(label: &str) -> &str {
    let name = wordnet_id(label).and_then(|id| label[id.len()..].strip_prefix('_'));
    name.filter(|name| !name.is_empty()).unwrap_or(label)
}

/// A class as people write it: without the WordNet id in front of a name, underscores as spaces.
pub fn readable_class(label: &str) -> String {
    without_wordnet_id(label).replace('_', " ")
}

/// The classes that `label` names: the one with its WordNet id, else all with its name (ImageNet has two called crane).
pub(super) fn find_class(label: &str, classes: &[ClassName]) -> BTreeSet<ClassId> {
    let all = |fits: &dyn Fn(&ClassName) -> bool| -> BTreeSet<ClassId> {
        classes.iter().enumerate().filter(|(_, c)| fits(c)).map(|(i, _)| ClassId(i)).collect()
    };
    if let Some(id) = wordnet_id(label) {
        let found = all(&|class| class.wnid.as_deref() == Some(id));
        if !found.is_empty() {
            return found;
        }
    }
    let name = plain(label);
    all(&|class| class.synonyms.contains(&name))
}

/// For each label of a data set the classes that count as a hit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LabelClasses(BTreeMap<String, BTreeSet<ClassId>>);

impl LabelClasses {
    /// Matches labels with classes: by `groups` where they have the label, else by WordNet id or name. Upper and lower case
    /// and all but letters and digits make no difference. A label that fits nothing has no classes.
    ///
    /// # Errors
    /// If a group names a class that the classifier does not have.
    pub fn new(labels: &[&str], classes: &[ClassName], groups: Option<&ClassGroups>) -> Result<Self, GroupsError> {
        let groups = groups.map(|g| g.resolve(classes)).transpose()?.unwrap_or_default();
        let matched = |label: &str| groups.get(&plain(label)).cloned().unwrap_or_else(|| find_class(label, classes));
        Ok(Self(labels.iter().map(|label| ((*label).to_owned(), matched(label))).collect()))
    }

    /// The classes that count as a hit for `label`, in order of their index; none if the label fits nothing.
    pub fn classes(&self, label: &str) -> impl Iterator<Item = ClassId> {
        self.0.get(label).into_iter().flatten().copied()
    }

    /// Whether `class` is right for `label`; `None` if the label fits none of the classes, so that nobody can say.
    pub fn is_hit(&self, label: &str, class: ClassId) -> Option<bool> {
        let classes = self.0.get(label).filter(|classes| !classes.is_empty())?;
        Some(classes.contains(&class))
    }

    /// The labels that fit none of the classes, in byte order.
    pub fn unmatched(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter(|(_, classes)| classes.is_empty()).map(|(label, _)| label.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<ClassName> {
        ClassName::list(&names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>())
    }

    fn imagenet() -> Vec<ClassName> {
        names(&imagenet_names().collect::<Vec<_>>())
    }

    fn hits(label: &str, classes: &[ClassName]) -> Vec<usize> {
        find_class(label, classes).into_iter().map(|c| c.0).collect()
    }

    #[test]
    fn a_wordnet_id_is_left_out_before_a_name_only() {
        for (label, name) in [
            ("n01443537_goldfish", "goldfish"),
            ("n01443537", "n01443537"),
            ("n01443537_", "n01443537_"),
            ("night_heron", "night_heron"),
            ("né", "né"),
        ] {
            assert_eq!(without_wordnet_id(label), name);
        }
        assert_eq!(readable_class("n01531178_night_heron"), "night heron");
    }

    #[test]
    fn the_imagenet_list_has_all_thousand_classes() {
        assert_eq!(IMAGENET.len(), 1000);
        assert_eq!((IMAGENET[1].wnid, IMAGENET[1].name), ("n01443537", "goldfish"));
        assert_eq!((IMAGENET[999].wnid, IMAGENET[999].name), ("n15075141", "toilet_tissue"));
    }

    #[test]
    fn imagenet_folders_match_by_their_wordnet_id() {
        let classes = imagenet();
        for label in ["n01443537", "n01443537_goldfish", "n01443537-anything"] {
            assert_eq!(hits(label, &classes), [1], "{label}");
        }
        assert_eq!(hits("n014435370", &classes), [0usize; 0]);
    }

    #[test]
    fn labels_match_by_name_whatever_their_case_and_separators() {
        let classes = imagenet();
        for label in ["great_white_shark", "Great White Shark", "great-white-shark", "GREATWHITESHARK"] {
            assert_eq!(hits(label, &classes), [2], "{label}");
        }
    }

    #[test]
    fn a_name_that_two_classes_share_means_both() {
        assert_eq!(hits("crane", &imagenet()), [134, 517]);
        assert_eq!(hits("n02012849_crane", &imagenet()), [134]);
    }

    #[test]
    fn any_name_between_commas_matches() {
        let classes = names(&["tench, Tinca tinca", "goldfish, Carassius auratus"]);
        assert_eq!(hits("Tinca_tinca", &classes), [0]);
        assert_eq!(hits("goldfish", &classes), [1]);
        assert_eq!(hits("goldfish, Carassius auratus", &classes), [1]);
    }

    #[test]
    fn a_list_in_the_order_of_imagenet_gets_its_wordnet_ids() {
        let spelled: Vec<_> = imagenet_names().map(|n| n.replace('_', " ")).collect();
        assert_eq!(ClassName::list(&spelled)[2].wnid.as_deref(), Some("n01484850"));
        assert_eq!(names(&["goldfish"])[0].wnid, None);
    }

    #[test]
    fn a_label_without_class_is_neither_right_nor_wrong() -> Result<(), GroupsError> {
        let labels = LabelClasses::new(&["goldfish", "dragon", "…"], &imagenet(), None)?;
        assert_eq!(labels.is_hit("goldfish", ClassId(1)), Some(true));
        assert_eq!(labels.is_hit("goldfish", ClassId(2)), Some(false));
        assert_eq!(labels.is_hit("dragon", ClassId(1)), None);
        assert_eq!(labels.unmatched().collect::<Vec<_>>(), ["dragon", "…"]);
        Ok(())
    }

    #[test]
    fn groups_win_over_names() -> Result<(), GroupsError> {
        let groups = ClassGroups::from_json(br#"{"groups": {"Fish": [[0, 2], 4, "n01443537", "great white shark"]}}"#)?;
        let labels = LabelClasses::new(&["fish", "goldfish"], &imagenet(), Some(&groups))?;
        assert_eq!(labels.classes("fish").map(|c| c.0).collect::<Vec<_>>(), [0, 1, 2, 4]);
        assert_eq!(labels.classes("goldfish").map(|c| c.0).collect::<Vec<_>>(), [1]);
        Ok(())
    }

    #[test]
    fn a_group_beyond_the_classifier_names_itself_and_the_class() -> Result<(), GroupsError> {
        let message = |json: &str| {
            let groups = ClassGroups::from_json(json.as_bytes())?;
            Ok::<_, GroupsError>(groups.resolve(&names(&["a", "b"])).map_err(|e| e.to_string()))
        };
        let expected = "group \"x\" names class 2, which the classifier does not have (it has 2 classes)";
        assert_eq!(message(r#"{"x": [[0, 2]]}"#)?, Err(expected.into()));
        assert!(message(r#"{"x": ["c"]}"#)?.is_err_and(|e| e.contains("\"c\"")));
        assert!(matches!(message(r#"{"x": [[2, 0]]}"#), Err(GroupsError::EmptyRange { .. })));
        assert!(matches!(message(r#"{"x": 3}"#), Err(GroupsError::Format(_))));
        assert!(matches!(message("[1"), Err(GroupsError::Format(_))));
        Ok(())
    }
}
