//! Annotations into a project: whose regions they are, and in which pixels.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context as _, Result, ensure};
use rayon::prelude::*;

use super::Control;
use crate::annotations::{AnnotatedImage, AnnotationError, load, match_samples};
use crate::dataset::{Sample, SampleId};
use crate::preprocess::size_of;
use crate::roi::Roi;
use crate::store::Store;

/// What came of annotations.
#[derive(Debug, Default)]
pub struct Annotated {
    /// Samples that have regions now.
    pub samples: usize,
    /// Their regions.
    pub regions: usize,
    /// Samples of the project that the annotations have nothing for.
    pub without: usize,
    /// Names of annotated images that are no sample, or could be several.
    pub unmatched: Vec<String>,
    /// Paths of samples whose annotations do not fit them, and why.
    pub unusable: Vec<(String, String)>,
    /// Files that could not be read; the others were.
    pub problems: Vec<AnnotationError>,
}

/// Whether a file may hold annotations, by its ending; what it holds shows when it is read.
pub fn may_be_annotations(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str());
    ending.is_some_and(|ending| ["xml", "json", "csv", "txt"].iter().any(|known| ending.eq_ignore_ascii_case(known)))
}

/// Reads annotations of any known format from a file or folder, finds the samples they are about, and keeps the regions in the
/// project, instead of those that the same file or folder gave before. No network runs. `told` is called from several threads
/// with how many photos were measured, of how many.
///
/// # Errors
/// If the annotations cannot be read, none of them fits a sample, `control` cancels, or the project cannot be written. Nothing
/// is changed then.
pub fn annotate(
    store: &mut Store,
    annotations: &Path,
    control: &Control,
    told: &(dyn Fn(usize, usize) + Sync),
) -> Result<Annotated> {
    let path = fs::canonicalize(annotations);
    let path = path.with_context(|| format!("cannot read annotations: {}", annotations.display()))?;
    let loaded = load(&path)?;
    let root = store.root()?;
    let (ids, samples): (Vec<SampleId>, Vec<Sample>) = store.numbered_samples()?.into_iter().unzip();
    let read = loaded.images.len();
    let matched = match_samples(loaded.images, &samples);
    ensure!(
        !matched.samples.is_empty(),
        "none of the {read} annotated images is a photo of the data set, the first is called {}: {}",
        matched.unmatched.first().map_or("nothing", String::as_str),
        annotations.display()
    );
    let mut of_sample: BTreeMap<usize, Vec<AnnotatedImage>> = BTreeMap::new();
    for (sample, image) in matched.samples {
        of_sample.entry(sample).or_default().push(image);
    }
    let (total, done) = (of_sample.len(), AtomicUsize::new(0));
    let measured = |(sample, images): (usize, Vec<AnnotatedImage>)| {
        ensure!(!control.is_cancelled(), "cancelled");
        let regions = regions(&root.join(&samples[sample].path), &images);
        told(1 + done.fetch_add(1, Ordering::Relaxed), total);
        Ok((sample, regions))
    };
    let regions: Vec<(usize, Result<Vec<Roi>>)> = of_sample.into_par_iter().map(measured).collect::<Result<_>>()?;
    let mut outcome = Annotated { unmatched: matched.unmatched, problems: loaded.problems, ..Annotated::default() };
    let mut kept = Vec::new();
    for (sample, regions) in regions {
        match regions {
            Ok(regions) => {
                outcome.regions += regions.len();
                kept.push((ids[sample], regions));
            }
            Err(reason) => outcome.unusable.push((samples[sample].path.clone(), format!("{reason:#}"))),
        }
    }
    outcome.samples = kept.len();
    outcome.without = samples.len() - kept.len();
    store.set_annotated(&path.to_string_lossy(), &kept)?;
    Ok(outcome)
}

/// What the annotations of one photo are in its pixels.
fn regions(photo: &PathBuf, annotated: &[AnnotatedImage]) -> Result<Vec<Roi>> {
    let bytes = fs::read(photo).context("the photo cannot be read")?;
    let size = size_of(&bytes)?;
    let mut regions = Vec::new();
    for image in annotated {
        regions.extend(image.rois(size)?);
    }
    Ok(regions)
}
