//! Holds the import table of `src/lib.rs`: a room may use only the rooms its row names.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// A room and the rooms it may import; `lib.rs` and `main.rs` are not rooms.
const ALLOWED: &[(&str, &[&str])] = &[
    ("geometry", &[]),
    ("mask", &["geometry"]),
    ("device", &[]),
    ("download", &[]),
    ("kernels", &[]),
    ("dataset", &[]),
    ("demo", &["dataset"]),
    ("verdict", &["dataset"]),
    ("weights", &[]),
    ("colormap", &[]),
    ("graph", &["kernels"]),
    ("onnx", &["graph"]),
    ("blocks", &["weights", "graph"]),
    ("preprocess", &["geometry"]),
    ("card", &["preprocess", "geometry"]),
    ("classifier", &["blocks", "weights", "graph", "card", "preprocess", "geometry"]),
    ("detector", &["blocks", "weights", "graph", "card", "preprocess", "mask", "geometry"]),
    ("saliency", &["classifier", "graph", "dataset", "geometry", "kernels"]),
    ("roi", &["detector", "mask", "geometry"]),
    ("annotations", &["dataset", "roi", "mask", "geometry"]),
    ("fit", &["saliency", "roi", "mask", "geometry", "kernels"]),
    ("measure", &["saliency", "roi", "fit", "mask", "geometry"]),
    ("validity", &["classifier", "saliency", "dataset", "geometry"]),
    ("models", &["download", "card", "onnx", "weights", "classifier", "detector", "device", "preprocess", "geometry"]),
    ("analysis", &["dataset", "preprocess", "classifier", "detector", "saliency", "roi", "fit", "geometry"]),
    ("focus", &["dataset", "saliency", "roi", "fit", "geometry", "analysis"]),
    ("overlay", &["dataset", "colormap", "mask", "geometry", "saliency", "roi", "fit", "analysis"]),
    ("store", &["dataset", "analysis", "saliency", "roi", "fit", "geometry", "detector", "mask", "verdict"]),
    ("summary", &["dataset", "analysis", "roi", "fit", "measure", "verdict"]),
    (
        "run",
        &[
            "device",
            "dataset",
            "preprocess",
            "analysis",
            "annotations",
            "models",
            "store",
            "geometry",
            "roi",
            "detector",
            "saliency",
        ],
    ),
    (
        "inquiry",
        &[
            "run",
            "store",
            "summary",
            "validity",
            "analysis",
            "preprocess",
            "models",
            "classifier",
            "roi",
            "saliency",
            "measure",
            "dataset",
            "device",
            "geometry",
        ],
    ),
    (
        "report",
        &[
            "inquiry",
            "store",
            "summary",
            "measure",
            "verdict",
            "dataset",
            "preprocess",
            "analysis",
            "saliency",
            "roi",
            "fit",
            "overlay",
            "colormap",
            "focus",
            "geometry",
        ],
    ),
    (
        "ui",
        &[
            "run",
            "inquiry",
            "store",
            "summary",
            "measure",
            "report",
            "verdict",
            "card",
            "focus",
            "analysis",
            "mask",
            "preprocess",
            "dataset",
            "demo",
            "saliency",
            "roi",
            "fit",
            "geometry",
            "colormap",
            "overlay",
        ],
    ),
    (
        "cli",
        &[
            "run",
            "inquiry",
            "store",
            "report",
            "ui",
            "summary",
            "verdict",
            "overlay",
            "models",
            "device",
            "dataset",
            "demo",
            "analysis",
            "colormap",
            "preprocess",
            "card",
            "saliency",
            "classifier",
            "annotations",
            "roi",
            "measure",
            "fit",
            "geometry",
        ],
    ),
];

/// Substrings that may appear in the code of some rooms only.
const CONFINED: &[(&str, &[&str])] = &[
    ("egui", &["ui"]),
    ("rusqlite", &["store"]),
    ("clap::", &["cli"]),
    ("candle_core::backend", &["device"]),
    ("ureq", &["download"]),
    ("std::thread", &["run", "ui", "kernels"]),
];

fn rust_files(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// Each file of `src/` with its room and its code, comments left out.
fn rooms() -> Vec<(String, PathBuf, String)> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    rust_files(&src, &mut files);
    files.sort();
    let mut rooms = Vec::new();
    for file in files {
        let inside = file.strip_prefix(&src).unwrap();
        let first = inside.components().next().unwrap().as_os_str().to_str().unwrap();
        let room = first.trim_end_matches(".rs").to_owned();
        if room != "lib" && room != "main" {
            let text = std::fs::read_to_string(&file).unwrap();
            let code: Vec<_> = text.lines().map(|l| l.split("//").next().unwrap_or("")).collect();
            rooms.push((room, inside.to_owned(), code.join("\n")));
        }
    }
    rooms
}

/// The rooms named after `crate::` in some code, single or in braces.
fn imports(code: &str) -> BTreeSet<String> {
    let name = |s: &str| s.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let mut found = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        if let Some(list) = rest.strip_prefix('{') {
            let (mut depth, mut start) = (0, 0);
            for (i, c) in list.char_indices() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => {
                        found.insert(name(list[start..i].trim_start()));
                        break;
                    }
                    '}' => depth -= 1,
                    ',' if depth == 0 => {
                        found.insert(name(list[start..i].trim_start()));
                        start = i + 1;
                    }
                    _ => {}
                }
            }
        } else {
            found.insert(name(rest));
        }
    }
    found.remove("");
    found
}

#[test]
fn rooms_import_only_what_the_table_allows() {
    let allowed: BTreeMap<_, _> = ALLOWED.iter().copied().collect();
    let mut wrong = Vec::new();
    for (room, file, code) in rooms() {
        let Some(row) = allowed.get(room.as_str()) else {
            wrong.push(format!("{}: room {room} has no row in the table", file.display()));
            continue;
        };
        for import in imports(&code) {
            if import != room && !row.contains(&import.as_str()) {
                wrong.push(format!("{}: {room} may not import {import}", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_table_has_no_circle() {
    let allowed: BTreeMap<_, _> = ALLOWED.iter().copied().collect();
    let mut done: BTreeSet<&str> = BTreeSet::new();
    while done.len() < allowed.len() {
        let ready: Vec<_> = allowed
            .iter()
            .filter(|(room, row)| !done.contains(*room) && row.iter().all(|r| done.contains(r)))
            .map(|(room, _)| *room)
            .collect();
        assert!(!ready.is_empty(), "a circle among the rooms not in {done:?}");
        done.extend(ready);
    }
}

#[test]
fn confined_crates_stay_in_their_rooms() {
    let mut wrong = Vec::new();
    for (room, file, code) in rooms() {
        for (what, may) in CONFINED {
            if code.contains(what) && !may.contains(&room.as_str()) {
                wrong.push(format!("{}: {what} belongs to {may:?}", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn unsafe_code_is_only_in_kernels() {
    for (room, file, code) in rooms() {
        let blocks = code.lines().any(|l| l.contains("unsafe ") && !l.contains("unsafe_code"));
        assert!(!blocks || room == "kernels", "{} has unsafe code", file.display());
    }
}

#[test]
fn imports_are_found_single_and_in_braces() {
    let code = "use crate::fit::Fit;\nuse crate::{roi::{A, B}, geometry};\nfn f() { crate::store::open() }";
    let expected: BTreeSet<_> = ["fit", "roi", "geometry", "store"].map(String::from).into();
    assert_eq!(imports(code), expected);
}
