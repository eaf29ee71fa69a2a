//! Folders of photos to samples.

use std::fs;
use std::path::Path;

use camroi::dataset::{ClassName, Dataset, DatasetError, LabelClasses, imagenet_names};
use tempfile::TempDir;

fn folder(files: &[&str]) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    for file in files {
        let path = root.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, b"content does not matter").unwrap();
    }
    root
}

fn listed(root: &Path) -> Vec<(String, Option<String>)> {
    Dataset::scan(root).unwrap().samples.into_iter().map(|s| (s.path, s.label)).collect()
}

fn paths(root: &Path) -> Vec<String> {
    listed(root).into_iter().map(|(path, _)| path).collect()
}

fn row(path: &str, label: Option<&str>) -> (String, Option<String>) {
    (path.into(), label.map(String::from))
}

#[test]
fn class_folders_are_labels_and_paths_are_in_byte_order() {
    let root = folder(&["b/2.png", "a/10.jpg", "a/9.JPEG", "B/x.webp", "a/deep/er/z.tif"]);
    let expected = [
        row("B/x.webp", Some("B")),
        row("a/10.jpg", Some("a")),
        row("a/9.JPEG", Some("a")),
        row("a/deep/er/z.tif", Some("a")),
        row("b/2.png", Some("b")),
    ];
    assert_eq!(listed(root.path()), expected);
}

#[test]
fn byte_order_is_that_of_the_whole_path() {
    // A folder's name is compared together with the slash behind it.
    let root = folder(&["a/1.jpg", "a-b/1.jpg", "a.jpg"]);
    assert_eq!(paths(root.path()), ["a-b/1.jpg", "a.jpg", "a/1.jpg"]);
}

#[test]
fn photos_outside_class_folders_have_no_label() {
    let root = folder(&["1.jpg", "cat/2.jpg"]);
    assert_eq!(listed(root.path()), [row("1.jpg", None), row("cat/2.jpg", Some("cat"))]);
}

#[test]
fn photos_are_known_by_their_ending_only() {
    let root = folder(&["a/text.jpg", "a/notes.txt", "a/none", "a/x.gif.part", "a/y.BMP"]);
    assert_eq!(paths(root.path()), ["a/text.jpg", "a/y.BMP"]);
}

#[test]
fn hidden_files_and_folders_are_left_out() {
    let root = folder(&["a/1.jpg", "a/.2.jpg", ".cache/3.jpg", "__MACOSX/a/1.jpg"]);
    assert_eq!(paths(root.path()), ["a/1.jpg"]);
}

#[test]
fn a_hidden_folder_that_is_asked_for_is_listed() {
    let root = folder(&[".photos/a/1.jpg"]);
    assert_eq!(paths(&root.path().join(".photos")), ["a/1.jpg"]);
}

#[test]
fn one_file_is_a_data_set_of_one() {
    let root = folder(&["a/1.jpg", "a/2.jpg"]);
    let dataset = Dataset::scan(&root.path().join("a/1.jpg")).unwrap();
    assert_eq!(dataset.samples.len(), 1);
    assert_eq!(dataset.samples[0].label, None);
    assert_eq!(dataset.path_of(&dataset.samples[0]), root.path().join("a/1.jpg"));
}

#[test]
fn a_folder_without_photos_and_a_missing_one_are_errors_with_their_path() {
    let root = folder(&["a/notes.txt"]);
    let error = Dataset::scan(root.path()).unwrap_err();
    assert!(matches!(error, DatasetError::NoImages { .. }));
    assert!(error.to_string().ends_with(root.path().to_str().unwrap()), "{error}");
    let gone = root.path().join("gone");
    assert!(matches!(Dataset::scan(&gone).unwrap_err(), DatasetError::Open { path, .. } if path == gone));
}

#[cfg(unix)]
#[test]
fn a_dangling_link_is_a_sample_and_a_circle_of_links_ends() {
    let root = folder(&["a/1.jpg", "b/2.jpg"]);
    let link = |to: &str, at: &str| std::os::unix::fs::symlink(to, root.path().join(at)).unwrap();
    link("nowhere.jpg", "a/dangling.jpg");
    link("nowhere", "a/dangling_folder");
    link("..", "a/circle");
    link("../b/2.jpg", "a/linked.jpg");
    link("b", "c");
    assert_eq!(paths(root.path()), ["a/1.jpg", "a/dangling.jpg", "a/linked.jpg", "b/2.jpg", "c/2.jpg"]);
    assert_eq!(Dataset::scan(root.path()).unwrap().unlisted, []);
}

#[cfg(unix)]
#[test]
fn what_cannot_be_a_sample_is_reported() {
    use std::os::unix::ffi::OsStrExt as _;
    let root = folder(&["a/1.jpg"]);
    let odd = root.path().join("a").join(std::ffi::OsStr::from_bytes(b"\xff.jpg"));
    fs::write(&odd, b"").unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(root.path().join("a/socket.jpg")).unwrap();
    let dataset = Dataset::scan(root.path()).unwrap();
    assert_eq!(dataset.samples.len(), 1);
    let reasons: Vec<_> = dataset.unlisted.iter().map(|u| u.reason.as_str()).collect();
    assert_eq!(reasons, ["not a regular file", "its name is not valid Unicode"]);
    assert_eq!(dataset.unlisted[1].path, odd);
}

#[test]
fn a_limit_keeps_the_first_of_each_class() {
    let root = folder(&["a/1.jpg", "a/2.jpg", "a/3.jpg", "b/1.jpg", "x.jpg", "y.jpg", "z.jpg"]);
    let mut dataset = Dataset::scan(root.path()).unwrap();
    dataset.keep_first_per_class(2);
    let kept: Vec<_> = dataset.samples.iter().map(|s| s.path.as_str()).collect();
    assert_eq!(kept, ["a/1.jpg", "a/2.jpg", "b/1.jpg", "x.jpg", "y.jpg"]);
    assert_eq!(dataset.labels(), ["a", "b"]);
}

#[test]
fn class_groups_in_the_folder_are_used() {
    let root = folder(&["fish/1.jpg"]);
    fs::write(root.path().join("groups.json"), r#"{"fish": [[0, 6]]}"#).unwrap();
    let dataset = Dataset::scan(root.path()).unwrap();
    let classes = ClassName::list(&imagenet_names().map(String::from).collect::<Vec<_>>());
    let labels = LabelClasses::new(&dataset.labels(), &classes, dataset.groups.as_ref()).unwrap();
    assert_eq!(labels.classes("fish").count(), 7);

    fs::write(root.path().join("groups.json"), "{").unwrap();
    let error = Dataset::scan(root.path()).unwrap_err();
    assert!(error.to_string().ends_with("groups.json"), "{error}");
}
