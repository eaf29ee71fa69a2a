//! The tables of a project file.

/// Marks the file as ours (`PRAGMA application_id`): "CamR".
pub(super) const APPLICATION_ID: i32 = 0x4361_6D52;

/// Version of the tables (`PRAGMA user_version`); an older file is migrated, a newer one refused.
pub(super) const VERSION: i32 = 3;

/// What leads from each version to the next, from version 1 on. Views are dropped before and made anew after all steps.
pub(super) const MIGRATIONS: [&str; VERSION as usize - 1] = [
    "
CREATE TABLE drawn (
    sample INTEGER NOT NULL REFERENCES samples,
    place INTEGER NOT NULL,
    outline TEXT NOT NULL,
    corners BLOB NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (sample, place)
) STRICT, WITHOUT ROWID;
CREATE TABLE annotation_files (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE annotated (
    sample INTEGER NOT NULL REFERENCES samples,
    file INTEGER NOT NULL REFERENCES annotation_files,
    rois BLOB NOT NULL,
    PRIMARY KEY (sample, file)
) STRICT, WITHOUT ROWID;
",
    "
-- Until then a method had no settings but these.
UPDATE runs SET method = CASE method
    WHEN 'occlusion' THEN 'occlusion:window=32:stride=16:fill=0'
    WHEN 'rise' THEN 'rise:masks=1000:cells=7:keep=0.5:seed=0'
    WHEN 'integrated-gradients' THEN 'integrated-gradients:steps=16'
    WHEN 'smoothgrad' THEN 'smoothgrad:samples=16:noise=0.15:seed=0'
    ELSE method END;
CREATE TABLE checked (
    run INTEGER NOT NULL REFERENCES runs,
    sample INTEGER NOT NULL REFERENCES samples,
    kind TEXT NOT NULL,
    hash BLOB NOT NULL,
    class INTEGER NOT NULL,
    numbers BLOB NOT NULL,
    PRIMARY KEY (run, sample, kind)
) STRICT, WITHOUT ROWID;
",
];

/// Written once, in one transaction, when a project is created.
///
/// `explanations` and `detections` are keyed by what they depend on, the content of an image and the identity of the
/// network, so that runs share them; fits follow from them and the run's settings, and are not stored.
pub(super) const TABLES: &str = "
CREATE TABLE project (root TEXT NOT NULL) STRICT;

CREATE TABLE networks (
    id INTEGER PRIMARY KEY,
    role TEXT NOT NULL,             -- classifier or detector
    key TEXT NOT NULL,              -- identity of everything that changes its numbers
    name TEXT NOT NULL,             -- what it is loaded by
    class_names TEXT NOT NULL,      -- JSON array
    UNIQUE (role, key)
) STRICT;

CREATE TABLE runs (
    id INTEGER PRIMARY KEY,
    classifier INTEGER NOT NULL REFERENCES networks,
    layer TEXT NOT NULL,
    method TEXT NOT NULL,           -- with its settings, such as rise:masks=1000:cells=7:keep=0.5:seed=0
    target TEXT NOT NULL,           -- predicted or labelled
    detector INTEGER REFERENCES networks,
    roi_min_score REAL NOT NULL,
    used INTEGER NOT NULL           -- rises with each use: the largest is the latest
) STRICT;

CREATE TABLE labels (
    run INTEGER NOT NULL REFERENCES runs,
    label TEXT NOT NULL,
    classes TEXT NOT NULL,          -- indices that count as a hit, such as 7-24,80
    PRIMARY KEY (run, label)
) STRICT, WITHOUT ROWID;

CREATE TABLE samples (
    id INTEGER PRIMARY KEY,
    path TEXT NOT NULL UNIQUE,      -- relative to the root, parts joined by /
    label TEXT,
    bytes INTEGER,                  -- size and time of the file when it was last listed
    modified_ns INTEGER,
    hash BLOB,                      -- SHA-256 of the content, once read
    listed INTEGER NOT NULL         -- 0 when the last listing lacked it
) STRICT;

CREATE TABLE explanations (
    network INTEGER NOT NULL REFERENCES networks,
    hash BLOB NOT NULL,
    target TEXT NOT NULL,           -- predicted, or the classes of the label
    width INTEGER NOT NULL,         -- upright image, pixels
    height INTEGER NOT NULL,
    x0 REAL NOT NULL,               -- view, image pixels
    y0 REAL NOT NULL,
    x1 REAL NOT NULL,
    y1 REAL NOT NULL,
    top BLOB NOT NULL,              -- (u32 class, f32 probability), little-endian, best first
    class INTEGER NOT NULL,         -- what the map explains
    map_height INTEGER NOT NULL,
    map_width INTEGER NOT NULL,
    map BLOB NOT NULL,              -- f32, little-endian, row by row
    UNIQUE (network, hash, target)
) STRICT;

CREATE TABLE detections (
    network INTEGER NOT NULL REFERENCES networks,
    hash BLOB NOT NULL,
    candidates BLOB NOT NULL,       -- (f32 x0, y0, x1, y1, score, u32 class), little-endian, best first
    UNIQUE (network, hash)
) STRICT;

CREATE TABLE failures (
    run INTEGER NOT NULL REFERENCES runs,
    sample INTEGER NOT NULL REFERENCES samples,
    reason TEXT NOT NULL,
    PRIMARY KEY (run, sample)
) STRICT, WITHOUT ROWID;

CREATE TABLE verdicts (
    classifier INTEGER NOT NULL REFERENCES networks,
    class TEXT,                     -- either a class
    sample INTEGER REFERENCES samples, -- or a sample
    verdict TEXT NOT NULL,
    note TEXT NOT NULL,
    CHECK ((class IS NULL) <> (sample IS NULL))
) STRICT;
CREATE UNIQUE INDEX class_verdicts ON verdicts (classifier, class) WHERE class IS NOT NULL;
CREATE UNIQUE INDEX sample_verdicts ON verdicts (classifier, sample) WHERE sample IS NOT NULL;

CREATE TABLE drawn (                -- regions drawn by hand, by sample alone: they outlive every run
    sample INTEGER NOT NULL REFERENCES samples,
    place INTEGER NOT NULL,         -- in the order of drawing, from 0
    outline TEXT NOT NULL,          -- box or polygon
    corners BLOB NOT NULL,          -- (f32 x, y), little-endian, image pixels; of a box the top left and bottom right one
    name TEXT NOT NULL,
    PRIMARY KEY (sample, place)
) STRICT, WITHOUT ROWID;

CREATE TABLE annotation_files (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;

CREATE TABLE annotated (            -- regions from annotations, by sample: they outlive every run
    sample INTEGER NOT NULL REFERENCES samples,
    file INTEGER NOT NULL REFERENCES annotation_files,
    rois BLOB NOT NULL,             -- see the codec
    PRIMARY KEY (sample, file)
) STRICT, WITHOUT ROWID;

CREATE TABLE checked (              -- what checks found about maps; kept while photo and explained class stay
    run INTEGER NOT NULL REFERENCES runs,
    sample INTEGER NOT NULL REFERENCES samples,
    kind TEXT NOT NULL,             -- which check, in the words of who asks
    hash BLOB NOT NULL,             -- content of the photo
    class INTEGER NOT NULL,         -- what the map explains
    numbers BLOB NOT NULL,          -- f64, little-endian; not-a-number where there is none
    PRIMARY KEY (run, sample, kind)
) STRICT, WITHOUT ROWID;
";

/// Made after the tables, anew with every migration. `results` joins what a run has of each listed sample.
pub(super) const VIEWS: &str = "
CREATE VIEW results AS
SELECT
    r.id AS run, s.id AS sample, s.path, s.label, f.reason,
    e.width, e.height, e.x0, e.y0, e.x1, e.y1, e.top, e.class, e.map_height, e.map_width, e.map,
    r.detector, d.candidates
FROM runs r
CROSS JOIN samples s
LEFT JOIN labels l ON l.run = r.id AND l.label = s.label
LEFT JOIN failures f ON f.run = r.id AND f.sample = s.id
LEFT JOIN explanations e ON e.network = r.classifier AND e.hash = s.hash
    AND e.target = iif(r.target = 'predicted', 'predicted', l.classes)
LEFT JOIN detections d ON d.network = r.detector AND d.hash = s.hash
WHERE s.listed;
";
