//! What is written is complete, or not there.

use std::fs::{self, OpenOptions};
use std::path::Path;
use std::process::Stdio;

use super::{camroi, command, data_set, succeed};

/// What lies in the test's folder, by name.
fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    // SQLite's own beside the project come and go.
    let mut names: Vec<_> = entries.filter(|name| !name.starts_with("photos.camroi-")).collect();
    names.sort();
    names
}

/// What writes one file each, without the place to write it to.
const WRITERS: [&[&str]; 9] = [
    &["classes", "photos.camroi"],
    &["classes", "photos.camroi", "--format", "parquet"],
    &["export", "photos.camroi", "--format", "jsonl", "--saliency"],
    &["export", "photos.camroi", "--format", "parquet", "--saliency"],
    &["export", "photos.camroi", "--format", "csv"],
    &["export", "photos.camroi", "--format", "coco"],
    &["report", "photos.camroi"],
    &["compare", "photos.camroi", "--against", "rule=union", "--format", "html"],
    &["sheet", "photos.camroi", "--class", "dam"],
];

#[test]
fn no_file_is_replaced_and_no_half_of_one_is_left_in_a_place_that_takes_none() {
    let dir = data_set();
    succeed(&dir, &["analyze", "photos"]);
    let before = names(dir.path());
    fs::write(dir.path().join("mine"), "mine").unwrap();
    for writer in WRITERS {
        let there = camroi(&dir, &[writer, &["--out", "mine"]].concat());
        assert_eq!(there.code, Some(2), "{writer:?}");
        assert!(there.err.contains("exists already") && there.err.contains("mine"), "{writer:?} {}", there.err);
        assert_eq!(fs::read_to_string(dir.path().join("mine")).unwrap(), "mine");
        let inside = camroi(&dir, &[writer, &["--out", "mine/below"]].concat());
        assert_eq!(inside.code, Some(2), "{writer:?}");
        assert!(inside.err.contains("cannot write mine/below: "), "{writer:?} {}", inside.err);
    }
    fs::remove_file(dir.path().join("mine")).unwrap();
    assert_eq!(names(dir.path()), before);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_said_and_leaves_nothing_behind() {
    let dir = data_set();
    succeed(&dir, &["analyze", "photos"]);
    let before = names(dir.path());
    for writer in WRITERS {
        let is_for_files_only = writer[0] == "sheet";
        if !is_for_files_only {
            let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
            let output = command(&dir, writer).stdout(full).stderr(Stdio::piped()).output().unwrap();
            let err = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(2), "{writer:?}");
            assert!(err.contains("No space left on device"), "{writer:?} {err}");
        }
        // A file that may not grow further is what a full disk is to the program. SQLite needs 32 KiB to read the project.
        let program = [&[env!("CARGO_BIN_EXE_camroi")], writer, &["--out", "new"]].concat();
        let script = "trap '' XFSZ; ulimit -f 64; exec \"$@\"";
        let limited = std::process::Command::new("sh")
            .current_dir(dir.path())
            .args([&["-c", script, "sh"], &program[..]].concat())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let err = String::from_utf8(limited.stderr).unwrap();
        if limited.status.success() {
            assert!(!["report", "sheet"].contains(&writer[0]), "these are larger");
            fs::remove_file(dir.path().join("new")).unwrap();
        } else {
            assert_eq!(limited.status.code(), Some(2), "{writer:?} {err}");
            assert!(err.contains("File too large"), "{writer:?} {err}");
        }
        assert_eq!(names(dir.path()), before, "{writer:?}");
    }
}
