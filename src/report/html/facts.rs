//! What a page tells, read from the project once.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::{HtmlOptions, ReportError, sample_verdicts};
use crate::analysis::{RoiChoice, SampleScore};
use crate::dataset::{Attribution, ClassId, SampleId, readable_class};
use crate::inquiry::Found;
use crate::store::{RunInfo, Store};
use crate::summary::{
    ClassColumn, ClassRow, Finding, add_verdicts, class_of, class_rows, findings, sort_rows, total_row,
};
use crate::verdict::Judgement;

/// A class with what is said of it.
#[derive(Debug)]
pub(super) struct ClassFacts {
    pub(super) row: ClassRow,
    pub(super) findings: Vec<Finding>,
    /// Its samples, as places in the list of all, in path order.
    pub(super) samples: Vec<usize>,
    /// Whether any of its samples has a verdict.
    pub(super) has_judged_samples: bool,
}

impl ClassFacts {
    /// Whether somebody or something found it remarkable.
    pub(super) fn is_remarkable(&self) -> bool {
        !self.findings.is_empty() || self.row.judgement.is_some() || self.has_judged_samples
    }

    pub(super) fn is_suspect(&self) -> bool {
        self.findings.contains(&Finding::Suspect)
    }
}

/// Everything but the pictures.
#[derive(Debug)]
pub(super) struct Facts {
    /// The project's name.
    pub(super) title: String,
    /// The data set's folder.
    pub(super) root: PathBuf,
    pub(super) run: RunInfo,
    /// Which regions count.
    pub(super) roi_choice: RoiChoice,
    /// Those with an outcome, in path order.
    pub(super) samples: Vec<SampleScore>,
    /// How many samples the project is about.
    pub(super) listed: usize,
    /// Path and reason.
    pub(super) failures: Vec<(String, String)>,
    /// Lowest fit first.
    pub(super) classes: Vec<ClassFacts>,
    pub(super) total: ClassRow,
    pub(super) sample_verdicts: BTreeMap<SampleId, Judgement>,
    /// What checks found.
    pub(super) found: Found,
    /// By path.
    pub(super) credits: BTreeMap<String, Attribution>,
}

impl Facts {
    pub(super) fn read(store: &Store, run: &RunInfo, options: &HtmlOptions) -> Result<Self, ReportError> {
        let names = &run.settings.classifier.class_names;
        let samples = store.scores(run.id)?;
        let root = store.root()?;
        let credits = Attribution::read(&root).map_err(ReportError::Attribution)?;
        let verdicts = store.verdicts(run.id)?;
        let mut places: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (place, sample) in samples.iter().enumerate() {
            if let Some(class) = class_of(sample, names) {
                places.entry(class).or_default().push(place);
            }
        }
        let mut rows = class_rows(&samples, names, options.no_roi);
        add_verdicts(&mut rows, verdicts.iter().map(|(subject, judgement)| (subject, judgement)));
        let sample_verdicts = sample_verdicts(verdicts);
        let found = Found::read(store, run)?;
        found.add_support(&mut rows);
        sort_rows(&mut rows, ClassColumn::Fit, false);
        let class = |row: ClassRow| {
            let places = places.get(row.class.as_str()).cloned().unwrap_or_default();
            ClassFacts {
                findings: findings(&row, &options.thresholds),
                has_judged_samples: places.iter().any(|&place| sample_verdicts.contains_key(&samples[place].id)),
                samples: places,
                row,
            }
        };
        let file = store.path();
        Ok(Self {
            title: file.file_stem().unwrap_or(file.as_os_str()).to_string_lossy().into_owned(),
            run: run.clone(),
            roi_choice: store.roi_choice(),
            listed: store.sample_count()?,
            failures: store.failures(run.id)?,
            classes: rows.into_iter().map(class).collect(),
            total: total_row("all", &samples, options.no_roi),
            credits: credits.into_iter().map(|credit| (credit.file.clone(), credit)).collect(),
            samples,
            sample_verdicts,
            found,
            root,
        })
    }

    /// The classifier's name of a class.
    pub(super) fn predicted_name(&self, class: ClassId) -> String {
        readable_class(super::class_name(&self.run.settings.classifier.class_names, class))
    }
}
