//! Facts about project files.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::*;
use crate::analysis::{Explanation, Outcome, Prediction};
use crate::dataset::{ClassId, Sample, SampleId};
use crate::detector::Detection;
use crate::geometry::{BBox, Size};
use crate::roi::{DrawnRoi, Outline};
use crate::saliency::SaliencyMap;
use crate::verdict::{Judgement, Subject, Verdict};

type Check = anyhow::Result<()>;

fn settings() -> RunSettings {
    let network = |name: &str| NetworkInfo {
        name: name.into(),
        key: format!("{name}-1"),
        class_names: vec!["zero".into(), "one".into()],
    };
    RunSettings {
        classifier: network("classifier"),
        layer: "last".into(),
        method: "gradcam".into(),
        target: TargetRule::Predicted,
        detector: Some(network("detector")),
        roi_min_score: 0.35,
        hits: [("bird".to_owned(), vec![ClassId(1)])].into(),
    }
}

fn explanation() -> Explanation {
    Explanation {
        image: Size::new(500, 375),
        view: BBox::new(85.5, 23.25, 414.0, 351.75),
        top: vec![
            Prediction { class: ClassId(1), probability: 0.7 },
            Prediction { class: ClassId(0), probability: 0.3 },
        ],
        target: ClassId(1),
        map: SaliencyMap::from_values(2, 3, vec![0.0, 1.0, 2.0, 3.0, 4.0, 1e-20]),
    }
}

fn detection(score: f32) -> Detection {
    Detection { bbox: BBox::new(100.0, 100.0, 300.0, 300.0), score, class: 0, name: "zero".into(), mask: None }
}

fn sample(path: &str) -> (Sample, Option<FileStamp>) {
    let label = path.split_once('/').map(|(label, _)| label.to_owned());
    (Sample { path: path.into(), label }, Some(FileStamp { bytes: 10, modified_ns: 1 }))
}

fn analysed(id: SampleId, content: u8) -> SampleRecord {
    let detections = Some(vec![detection(0.5), detection(0.3)]);
    let hash = ContentHash([content; 32]);
    SampleRecord::Analysed(Box::new(Analysed { id, hash, explanation: Some(explanation()), detections }))
}

/// A project of two samples in a folder that lives as long as the test.
fn project() -> anyhow::Result<(TempDir, PathBuf, Store)> {
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("a.camroi");
    let mut store = Store::create(&path, Path::new("/data"))?;
    store.list_samples(&[sample("bird/a.jpg"), sample("bird/b.jpg")])?;
    Ok((dir, path, store))
}

#[test]
fn what_was_saved_is_there_after_opening_again() -> Check {
    let (_dir, path, mut store) = project()?;
    let run = store.begin_run(&settings())?;
    let pending = store.pending(run)?;
    assert_eq!(pending.iter().map(|p| p.path.as_str()).collect::<Vec<_>>(), ["bird/a.jpg", "bird/b.jpg"]);
    store.save(
        run,
        &[analysed(pending[0].id, 1), SampleRecord::Failed { id: pending[1].id, reason: "cut off".into() }],
    )?;
    drop(store);

    let store = Store::open_read_only(&path)?;
    assert_eq!(store.root()?, Path::new("/data"));
    assert_eq!(store.runs()?, [RunInfo { id: run, settings: settings() }]);
    let result = store.result(run, pending[0].id)?.expect("was saved");
    let Outcome::Measured(measured) = result.outcome else { panic!("was not a failure") };
    assert_eq!(measured.explanation, explanation());
    assert_eq!(measured.rois.len(), 1, "one of the detections reaches the score");
    assert_eq!(result.score.and_then(|s| s.correct), Some(true));
    assert_eq!(store.failures(run)?, [("bird/b.jpg".to_owned(), "cut off".to_owned())]);
    let scores = store.scores(run)?;
    assert_eq!(scores.len(), 2);
    assert_eq!(scores[0].score, result.score);
    assert_eq!(scores[1].score, None);
    Ok(())
}

#[test]
fn a_failed_sample_is_tried_again_and_forgotten_once_it_works() -> Check {
    let (_dir, _path, mut store) = project()?;
    let run = store.begin_run(&settings())?;
    let id = store.pending(run)?[0].id;
    store.save(run, &[SampleRecord::Failed { id, reason: "locked".into() }])?;
    assert_eq!(store.pending(run)?.len(), 2);
    store.save(run, &[analysed(id, 1)])?;
    assert_eq!(store.pending(run)?.len(), 1);
    assert_eq!(store.failures(run)?, []);
    Ok(())
}

#[test]
fn another_score_for_regions_needs_no_network() -> Check {
    let (_dir, _path, mut store) = project()?;
    let run = store.begin_run(&settings())?;
    let ids: Vec<_> = store.pending(run)?.iter().map(|p| p.id).collect();
    store.save(run, &[analysed(ids[0], 1), analysed(ids[1], 2)])?;
    let lower = store.begin_run(&RunSettings { roi_min_score: 0.25, ..settings() })?;
    assert_ne!(lower, run);
    assert_eq!(store.pending(lower)?, []);
    let result = store.result(lower, ids[0])?.expect("both halves are known");
    let Outcome::Measured(measured) = result.outcome else { panic!("was not a failure") };
    assert_eq!(measured.rois.len(), 2);
    assert_eq!(store.runs()?.iter().map(|r| r.id).collect::<Vec<_>>(), [lower, run]);
    assert_eq!(store.begin_run(&settings())?, run, "the same settings are the same run");
    assert_eq!(store.runs()?[0].id, run);
    Ok(())
}

#[test]
fn another_classifier_keeps_the_detections() -> Check {
    let (_dir, _path, mut store) = project()?;
    let run = store.begin_run(&settings())?;
    let id = store.pending(run)?[0].id;
    store.save(run, &[analysed(id, 1)])?;
    let mut other = settings();
    other.classifier.key = "classifier-2".into();
    let other = store.begin_run(&other)?;
    assert_eq!(store.pending(other)?.len(), 2);
    let missing = |hash| store.missing(other, Some("bird"), &ContentHash([hash; 32]));
    assert_eq!(missing(1)?, Missing { explanation: true, detections: false });
    assert_eq!(missing(2)?, Missing { explanation: true, detections: true });
    Ok(())
}

#[test]
fn maps_of_the_label_are_kept_apart_from_maps_of_the_prediction() -> Check {
    let (_dir, _path, mut store) = project()?;
    let predicted = store.begin_run(&settings())?;
    let id = store.pending(predicted)?[0].id;
    store.save(predicted, &[analysed(id, 1)])?;
    let labelled = store.begin_run(&RunSettings { target: TargetRule::Labelled, ..settings() })?;
    assert_eq!(store.pending(labelled)?.len(), 2);
    let hash = ContentHash([1; 32]);
    assert_eq!(store.missing(labelled, Some("bird"), &hash)?, Missing { explanation: true, detections: false });
    let half = Analysed { id, hash, explanation: Some(explanation()), detections: None };
    store.save(labelled, &[SampleRecord::Analysed(Box::new(half))])?;
    assert_eq!(store.missing(labelled, Some("bird"), &hash)?, Missing { explanation: false, detections: false });
    assert_eq!(store.pending(labelled)?.len(), 1);
    Ok(())
}

#[test]
fn a_run_without_a_detector_wants_no_detections() -> Check {
    let (_dir, _path, mut store) = project()?;
    let run = store.begin_run(&RunSettings { detector: None, ..settings() })?;
    assert_eq!(store.begin_run(&RunSettings { detector: None, ..settings() })?, run);
    let id = store.pending(run)?[0].id;
    let hash = ContentHash([1; 32]);
    let half = Analysed { id, hash, explanation: Some(explanation()), detections: None };
    store.save(run, &[SampleRecord::Analysed(Box::new(half))])?;
    assert_eq!(store.pending(run)?.len(), 1);
    assert!(store.result(run, id)?.is_some());
    Ok(())
}

#[test]
fn changed_files_are_pending_and_removed_ones_are_set_aside() -> Check {
    let (_dir, _path, mut store) = project()?;
    let run = store.begin_run(&settings())?;
    let ids: Vec<_> = store.pending(run)?.iter().map(|p| p.id).collect();
    store.save(run, &[analysed(ids[0], 1), analysed(ids[1], 2)])?;

    store.list_samples(&[sample("bird/a.jpg"), sample("bird/c.jpg")])?;
    assert_eq!(store.pending(run)?.iter().map(|p| p.path.as_str()).collect::<Vec<_>>(), ["bird/c.jpg"]);
    assert_eq!(store.scores(run)?.len(), 1);
    assert_eq!(store.sample_count()?, 2);

    store.list_samples(&[sample("bird/a.jpg"), sample("bird/b.jpg")])?;
    assert_eq!(store.pending(run)?, [], "what was known of b is still there");

    let (b, _) = sample("bird/b.jpg");
    store.list_samples(&[sample("bird/a.jpg"), (b, Some(FileStamp { bytes: 10, modified_ns: 2 }))])?;
    let pending = store.pending(run)?;
    assert_eq!(pending.iter().map(|p| p.id).collect::<Vec<_>>(), [ids[1]], "and keeps its number");
    Ok(())
}

#[test]
fn verdicts_are_kept_changed_and_taken_back() -> Check {
    let (_dir, path, mut store) = project()?;
    let run = store.begin_run(&settings())?;
    let id = store.pending(run)?[0].id;
    let (class, one) = (Subject::Class("bird".into()), Subject::Sample(id));
    let judgement = |verdict| Judgement { verdict, note: "the sky".into() };
    store.set_verdict(run, &class, Some(&judgement(Verdict::Undecided)))?;
    store.set_verdict(run, &class, Some(&judgement(Verdict::Spurious)))?;
    store.set_verdict(run, &one, Some(&judgement(Verdict::DetectorMiss)))?;
    let mut other_score = Store::open(&path)?;
    let other_run = other_score.begin_run(&RunSettings { roi_min_score: 0.5, ..settings() })?;
    let expected = [(class.clone(), judgement(Verdict::Spurious)), (one, judgement(Verdict::DetectorMiss))];
    assert_eq!(other_score.verdicts(other_run)?, expected);
    store.set_verdict(run, &class, None)?;
    assert_eq!(store.verdicts(run)?, expected[1..]);
    Ok(())
}

#[test]
fn a_reader_sees_that_a_writer_wrote() -> Check {
    let (_dir, path, mut store) = project()?;
    let reader = Store::open_read_only(&path)?;
    let before = reader.generation()?;
    assert_eq!(reader.generation()?, before);
    let run = store.begin_run(&settings())?;
    assert_ne!(reader.generation()?, before);
    assert_eq!(reader.pending(run)?.len(), 2);
    Ok(())
}

#[test]
fn a_file_that_is_no_project_is_refused_and_left_alone() -> Check {
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("a.camroi");
    let contents: [&[u8]; 2] = [b"some text, long enough to be looked at as a database", &[0; 4096]];
    for content in contents {
        std::fs::write(&path, content)?;
        assert!(matches!(Store::open(&path), Err(StoreError::NotAProject(_))));
        assert!(matches!(Store::open_read_only(&path), Err(StoreError::NotAProject(_))));
        assert!(matches!(Store::open_or_create(&path, Path::new("/data")), Err(StoreError::NotAProject(_))));
        assert!(matches!(Store::create(&path, Path::new("/data")), Err(StoreError::Exists(_))));
        assert_eq!(std::fs::read(&path)?, content);
    }
    std::fs::remove_file(&path)?;
    rusqlite::Connection::open(&path)?.execute_batch("CREATE TABLE other (x)")?;
    let content = std::fs::read(&path)?;
    assert!(matches!(Store::open(&path), Err(StoreError::NotAProject(_))));
    assert_eq!(std::fs::read(&path)?, content);
    assert!(matches!(Store::open(dir.path()), Err(StoreError::NotAProject(_))));
    assert!(matches!(Store::open(&dir.path().join("none")), Err(StoreError::Missing(_))));
    Ok(())
}

#[test]
fn a_newer_version_is_refused_and_left_alone() -> Check {
    let (_dir, path, store) = project()?;
    store.connection.pragma_update(None, "user_version", 99)?;
    drop(store);
    let content = std::fs::read(&path)?;
    assert!(matches!(Store::open(&path), Err(StoreError::Version { found: 99, expected: schema::VERSION, .. })));
    assert!(matches!(Store::open_read_only(&path), Err(StoreError::Version { .. })));
    assert_eq!(std::fs::read(&path)?, content);
    Ok(())
}

#[test]
fn the_project_of_another_data_set_is_refused() -> Check {
    let (_dir, path, _store) = project()?;
    assert!(Store::open_or_create(&path, Path::new("/data")).is_ok());
    assert!(matches!(Store::open_or_create(&path, Path::new("/other")), Err(StoreError::OtherDataset { .. })));
    Ok(())
}

#[test]
fn a_folder_that_does_not_exist_takes_no_project() {
    let result = Store::create(Path::new("/no such folder/a.camroi"), Path::new("/data"));
    assert!(matches!(result, Err(StoreError::CannotOpen(_))));
}

#[test]
fn a_locked_project_is_called_locked() -> Check {
    let (_dir, path, mut store) = project()?;
    store.connection.busy_timeout(std::time::Duration::from_millis(20))?;
    let other = rusqlite::Connection::open(&path)?;
    other.execute_batch("BEGIN IMMEDIATE")?;
    assert!(matches!(store.begin_run(&settings()), Err(StoreError::Locked(_))));
    other.execute_batch("ROLLBACK")?;
    assert!(store.begin_run(&settings()).is_ok());
    Ok(())
}

#[test]
fn a_full_disk_keeps_what_was_saved_before() -> Check {
    let (_dir, path, mut store) = project()?;
    let run = store.begin_run(&settings())?;
    let ids: Vec<_> = store.pending(run)?.iter().map(|p| p.id).collect();
    store.save(run, &[analysed(ids[0], 1)])?;
    // SQLite's own limit on the file stands for a disk without room.
    let pages: i64 = store.connection.pragma_query_value(None, "page_count", |row| row.get(0))?;
    store.connection.pragma_update(None, "max_page_count", pages)?;
    let mut large = explanation();
    large.map = SaliencyMap::from_values(100, 1000, vec![1.0; 100_000]);
    let half =
        Analysed { id: ids[1], hash: ContentHash([2; 32]), explanation: Some(large), detections: Some(Vec::new()) };
    let result = store.save(run, &[SampleRecord::Analysed(Box::new(half))]);
    assert!(matches!(result, Err(StoreError::DiskFull(_))), "{result:?}");
    drop(store);
    let store = Store::open(&path)?;
    assert_eq!(store.scores(run)?.len(), 1);
    assert_eq!(store.pending(run)?.len(), 1);
    Ok(())
}

#[test]
fn a_damaged_result_is_an_error_and_no_panic() -> Check {
    let (_dir, _path, mut store) = project()?;
    let run = store.begin_run(&settings())?;
    let id = store.pending(run)?[0].id;
    store.save(run, &[analysed(id, 1)])?;
    for damage in ["map_width = 0", "map_width = 7", "top = x''", "map = x'00'", "x1 = x0", "class = -1"] {
        store.connection.execute_batch("SAVEPOINT s")?;
        store.connection.execute(&format!("UPDATE explanations SET {damage}"), [])?;
        assert!(store.result(run, id).is_err(), "{damage}");
        store.connection.execute_batch("ROLLBACK TO s; RELEASE s")?;
    }
    assert!(store.result(run, id)?.is_some());
    Ok(())
}

#[test]
fn regions_drawn_by_hand_are_kept_in_order_and_shared_by_all_runs() -> Check {
    let (_dir, path, mut store) = project()?;
    let run = store.begin_run(&settings())?;
    let id = store.pending(run)?[0].id;
    let boxed = DrawnRoi { outline: Outline::Box(BBox::new(1.5, 2.0, 30.25, 40.0)), name: "web".into() };
    let ring = vec![[0.0, 0.0], [10.5, 0.0], [5.0, 8.0]];
    let polygon = DrawnRoi { outline: Outline::Polygon(ring), name: String::new() };
    store.set_drawn(id, &[polygon.clone(), boxed.clone()])?;
    store.list_samples(&[sample("bird/b.jpg")])?;
    store.list_samples(&[sample("bird/a.jpg"), sample("bird/b.jpg")])?;
    drop(store);
    let mut store = Store::open(&path)?;
    store.begin_run(&RunSettings { detector: None, ..settings() })?;
    assert_eq!(store.drawn(id)?, [polygon, boxed.clone()]);
    store.set_drawn(id, std::slice::from_ref(&boxed))?;
    assert_eq!(store.drawn(id)?, [boxed]);
    store.set_drawn(id, &[])?;
    assert!(store.drawn(id)?.is_empty());
    Ok(())
}

#[test]
fn a_damaged_drawing_is_an_error_and_no_panic() -> Check {
    let (_dir, _path, mut store) = project()?;
    let run = store.begin_run(&settings())?;
    let id = store.pending(run)?[0].id;
    store.set_drawn(id, &[DrawnRoi { outline: Outline::Box(BBox::new(1.0, 2.0, 3.0, 4.0)), name: "web".into() }])?;
    for damage in ["outline = 'circle'", "outline = 'polygon'", "corners = x'00'", "corners = x'000000000000c07f'"] {
        store.connection.execute_batch("SAVEPOINT s")?;
        store.connection.execute(&format!("UPDATE drawn SET {damage}"), [])?;
        assert!(matches!(store.drawn(id), Err(StoreError::Damaged { .. })), "{damage}");
        store.connection.execute_batch("ROLLBACK TO s; RELEASE s")?;
    }
    Ok(())
}

/// The project of format 1 that `tests/data/projects` holds.
fn old_project(dir: &Path) -> anyhow::Result<PathBuf> {
    let packed = include_bytes!("../../tests/data/projects/version_1.camroi.gz");
    let path = dir.join("old.camroi");
    std::io::copy(&mut flate2::read::GzDecoder::new(&packed[..]), &mut std::fs::File::create(&path)?)?;
    Ok(path)
}

/// What the project of format 1 holds, whatever it is opened by.
fn check_old(store: &Store) -> Check {
    assert_eq!(store.connection.pragma_query_value(None, "user_version", |row| row.get::<_, i32>(0))?, schema::VERSION);
    assert_eq!(store.root()?, Path::new("/data/photos"));
    let run = store.runs()?.remove(0);
    assert_eq!((run.settings.classifier.class_names.len(), run.settings.method.as_str()), (1000, "gradcam"));
    let scores = store.scores(run.id)?;
    assert_eq!(
        scores.iter().map(|s| s.path.as_str()).collect::<Vec<_>>(),
        ["bird/chicken.jpg", "fish/fish1.jpg", "fish/torn.jpg"]
    );
    let fits: Vec<_> = scores.iter().map(|s| s.score.and_then(|s| s.fit.value())).collect();
    assert!(matches!(fits[..], [Some(a), Some(b), None] if (a - 0.435).abs() < 5e-4 && (b - 0.999).abs() < 5e-4));
    assert_eq!(store.failures(run.id)?.len(), 1);
    let spurious = Judgement { verdict: Verdict::Spurious, note: "the sky".into() };
    let no_object = Judgement { verdict: Verdict::NoObject, note: String::new() };
    let expected = [(Subject::Class("bird".into()), spurious), (Subject::Sample(SampleId(2)), no_object)];
    assert_eq!(store.verdicts(run.id)?, expected);
    Ok(())
}

#[test]
fn a_project_of_format_1_opens_and_loses_nothing() -> Check {
    let dir = tempfile::tempdir()?;
    let path = old_project(dir.path())?;
    check_old(&Store::open_read_only(&path)?)?;
    let mut store = Store::open(&path)?;
    check_old(&store)?;
    let drawn = [DrawnRoi { outline: Outline::Box(BBox::new(1.0, 2.0, 3.0, 4.0)), name: "wing".into() }];
    store.set_drawn(SampleId(1), &drawn)?;
    assert_eq!(Store::open_read_only(&path)?.drawn(SampleId(1))?, drawn);
    Ok(())
}

#[test]
fn methods_of_format_2_get_the_settings_that_they_had() -> Check {
    let (_dir, path, mut store) = project()?;
    let methods = ["gradcam", "rise", "occlusion", "smoothgrad", "integrated-gradients"];
    for method in methods {
        let key = format!("classifier {method}");
        let classifier = NetworkInfo { key, ..settings().classifier };
        store.begin_run(&RunSettings { classifier, method: method.into(), ..settings() })?;
    }
    // As format 2 has it.
    store.connection.execute_batch("DROP TABLE checked")?;
    store.connection.pragma_update(None, "user_version", 2)?;
    drop(store);
    let runs = Store::open(&path)?.runs()?;
    for (run, method) in runs.iter().rev().zip(methods) {
        let recipe = run.settings.recipe()?;
        assert_eq!((recipe, run.settings.method.clone()), (method.parse()?, recipe.to_string()));
    }
    assert_eq!(runs.len(), methods.len());
    Ok(())
}

#[test]
fn what_checks_found_is_kept_while_the_photo_stays() -> Check {
    let (_dir, path, mut store) = project()?;
    let run = store.begin_run(&settings())?;
    let ids: Vec<_> = store.pending(run)?.iter().map(|sample| sample.id).collect();
    store.save(run, &[analysed(ids[0], 1)])?;
    let checked = |numbers| Checked { sample: ids[0], class: ClassId(1), kind: "sanity".into(), numbers };
    store.save_checked(run, &checked(vec![Some(0.25), None]))?;
    store.save_checked(run, &checked(vec![Some(0.5), None]))?;
    drop(store);
    let mut store = Store::open(&path)?;
    assert_eq!(store.checked(run)?, [checked(vec![Some(0.5), None])]);
    store.save(run, &[analysed(ids[0], 2)])?;
    assert_eq!(store.checked(run)?, [], "the file has changed");
    Ok(())
}

#[test]
fn an_old_project_that_cannot_be_written_is_read_all_the_same() -> Check {
    let dir = tempfile::tempdir()?;
    let path = old_project(dir.path())?;
    let content = std::fs::read(&path)?;
    let other = rusqlite::Connection::open(&path)?;
    // Another writer stands for a medium that cannot be written to, which a test that runs as root does not find.
    other.execute_batch("BEGIN IMMEDIATE")?;
    check_old(&Store::open_read_only(&path)?)?;
    drop(other);
    assert_eq!(std::fs::read(&path)?, content);
    Ok(())
}

/// Names, types, defaults and keys of all columns, and the text of all views.
fn tables(c: &rusqlite::Connection) -> rusqlite::Result<Vec<String>> {
    let mut query = c.prepare(
        "SELECT s.name || '.' || c.name || ' ' || c.type || ' ' || c.\"notnull\" || ' ' || ifnull(c.dflt_value, '') || ' ' || c.pk
         FROM sqlite_schema s JOIN pragma_table_info(s.name) c WHERE s.type = 'table'
         UNION SELECT sql FROM sqlite_schema WHERE type = 'view'
         UNION SELECT name FROM sqlite_schema WHERE type = 'index' ORDER BY 1",
    )?;
    query.query_map([], |row| row.get(0))?.collect()
}

#[test]
fn a_migrated_project_has_the_tables_of_a_new_one() -> Check {
    let dir = tempfile::tempdir()?;
    let old = Store::open(&old_project(dir.path())?)?;
    let (_dir, _path, new) = project()?;
    let (old, new) = (old.read(tables)?, new.read(tables)?);
    assert!(new.len() > 40);
    assert_eq!(old, new);
    Ok(())
}
