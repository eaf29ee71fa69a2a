//! The settings of a method and the choice of layers: said by flags, kept with the run, used again.

use super::{TempDir, camroi, command, data_set, export, succeed};

const SMALL: &str = "occlusion:window=112:stride=112";

/// The error of `analyze` with these flags.
fn refused(dir: &TempDir, flags: &[&str]) -> String {
    let done = camroi(dir, &[&["analyze", "photos", "--rois", "none"], flags].concat());
    assert_eq!(done.code, Some(2), "{flags:?}: {}", done.out);
    assert!(!dir.path().join("photos.camroi").exists(), "nothing is written");
    done.err
}

#[test]
fn the_settings_of_a_method_make_a_run_and_are_used_when_it_goes_on() {
    let dir = data_set();
    let analyze = |method: &str, file: &str| {
        succeed(&dir, &["analyze", "photos", "--rois", "none", "--method", method, "--out", file])
    };
    analyze(SMALL, "a.camroi");
    let small = export(&dir, "a.camroi");
    // Other settings are another run in the same file; the first is still there.
    let again = analyze("occlusion:window=112:stride=56", "a.camroi");
    assert!(again.err.contains("8 photos, 8 to analyse"), "{}", again.err);
    assert_ne!(export(&dir, "a.camroi"), small);
    // The same settings written otherwise are the same run.
    let again = analyze("occlusion:fill=0:stride=112:window=112", "a.camroi");
    assert!(again.err.contains("8 photos, 0 to analyse"), "{}", again.err);
    assert_eq!(export(&dir, "a.camroi"), small);
    // A run goes on as it was begun.
    std::fs::copy(dir.path().join("photos/bird/duck.jpg"), dir.path().join("photos/bird/duck2.jpg")).unwrap();
    analyze(SMALL, "b.camroi");
    let resumed = succeed(&dir, &["analyze", "b.camroi"]);
    assert!(resumed.err.contains("9 photos, 0 to analyse"), "{}", resumed.err);
    succeed(&dir, &["report", "b.camroi", "--out", "b.html"]);
    let report = std::fs::read_to_string(dir.path().join("b.html")).unwrap();
    assert!(report.contains("occlusion:window=112:stride=112:fill=0"));
}

#[test]
fn checks_use_the_settings_of_the_run() {
    let dir = data_set();
    succeed(&dir, &["analyze", "photos", "--method", SMALL]);
    let methods = format!("gradcam,{SMALL}");
    let arguments = ["agreement", "photos.camroi", "--classes", "bird", "--format", "json", "--methods", &methods];
    let found: serde_json::Value = serde_json::from_str(&succeed(&dir, &arguments).out).unwrap();
    let classes = succeed(&dir, &["classes", "photos.camroi", "--format", "json"]).out;
    let classes: serde_json::Value = serde_json::from_str(&classes).unwrap();
    let bird = classes.as_array().unwrap().iter().find(|row| row["class"] == "bird").unwrap();
    assert_eq!(found["classes"][0]["fit"][SMALL], bird["mean_fit"]);
}

#[test]
fn the_maps_of_several_layers_are_averaged_and_the_run_names_them() {
    let dir = data_set();
    let analyze = |layers: &[&str], file: &str| {
        succeed(&dir, &[&["analyze", "photos", "--rois", "none", "--out", file], layers].concat())
    };
    analyze(&["--layer", "head_act,_blocks.10"], "a.camroi");
    analyze(&["--layer", "_blocks.10", "--layer", "head_act"], "b.camroi");
    assert_eq!(export(&dir, "a.camroi"), export(&dir, "b.camroi"));
    let sample: serde_json::Value = serde_json::from_str(export(&dir, "a.camroi").lines().next().unwrap()).unwrap();
    assert_eq!((&sample["saliency"]["height"], &sample["saliency"]["width"]), (&14.into(), &14.into()));
    analyze(&["--layer", "head_act"], "a.camroi");
    assert_ne!(export(&dir, "a.camroi"), export(&dir, "b.camroi"));
    let resumed = succeed(&dir, &["analyze", "b.camroi"]);
    assert!(resumed.err.contains("8 photos, 0 to analyse"), "{}", resumed.err);
    let sanity = succeed(&dir, &["sanity", "b.camroi", "--classes", "dam", "--per-class", "1"]);
    assert!(sanity.out.contains("dam"), "{}", sanity.out);
    succeed(&dir, &["report", "b.camroi", "--out", "b.html"]);
    assert!(std::fs::read_to_string(dir.path().join("b.html")).unwrap().contains("_blocks.10,head_act"));
}

#[test]
fn what_cannot_be_computed_is_refused_before_anything_is_written() {
    let dir = data_set();
    let error = refused(&dir, &["--method", "rise:window=3"]);
    assert!(error.contains("rise has no setting \"window\"; it has masks, cells, keep, seed, flips"), "{error}");
    let error = refused(&dir, &["--method", "occlusion:window=300"]);
    assert!(error.contains("1 <= stride <= window <= 224"), "{error}");
    let error = refused(&dir, &["--method", "occlusion", "--layer", "head_act,_blocks.10"]);
    assert!(error.contains("it has no target layers to average, but _blocks.10,head_act are given"), "{error}");
    let error = refused(&dir, &["--layer", "head_act,nowhere"]);
    assert!(error.contains("there is no layer nowhere in this network"), "{error}");
    let help = command(&dir, &["analyze", "--help"]).output().unwrap();
    assert!(String::from_utf8(help.stdout).unwrap().contains("METHOD[:SETTING=VALUE]"));
}
