//! The localisation measures of a run's samples, computed from its stored maps; no network runs.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use anyhow::{Result, ensure};
use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};

use super::checks::Watch;
use crate::analysis::{Measured, Outcome, SampleScore};
use crate::dataset::SampleId;
use crate::geometry::BBox;
use crate::measure::WithBaselines;
use crate::store::{RunInfo, Store};
use crate::summary::{SampleMeasures, class_of, sample_measures};

/// Samples that are held in memory and measured at once.
const CHUNK: usize = 512;

/// Measures samples, and knows those that it has measured: after a change of some regions or new samples, only these are
/// measured again.
#[derive(Debug, Default)]
pub struct Measurer {
    /// With the fingerprint of what was measured.
    known: BTreeMap<SampleId, (u64, Option<WithBaselines>)>,
}

impl Measurer {
    /// The measures of every sample of a run that has a fit, in path order.
    ///
    /// # Errors
    /// If the project cannot be read, or somebody cancels.
    pub fn samples(&mut self, store: &Store, run: &RunInfo, watch: &mut Watch<'_>) -> Result<Vec<SampleMeasures>> {
        let total = store.sample_count()?;
        let names = &run.settings.classifier.class_names;
        let (mut found, mut chunk, mut done) = (Vec::new(), Vec::new(), 0);
        store.for_each_result(run.id, |result| {
            done += 1;
            if let Outcome::Measured(measured) = result.outcome {
                let score = SampleScore { id: result.id, path: result.path, label: result.label, score: result.score };
                chunk.push((score, measured));
            }
            if chunk.len() == CHUNK {
                self.measure(&mut chunk, names, &mut found);
                (watch.progress)(done, total);
                ensure!(!(watch.cancelled)(), "cancelled");
            }
            Ok::<_, anyhow::Error>(())
        })?;
        self.measure(&mut chunk, names, &mut found);
        (watch.progress)(total, total);
        Ok(found)
    }

    /// Measures what is not known of `chunk`, and moves all of it to `found`.
    fn measure(
        &mut self,
        chunk: &mut Vec<(SampleScore, Box<Measured>)>,
        names: &[String],
        found: &mut Vec<SampleMeasures>,
    ) {
        let of = |(score, measured): &(SampleScore, Box<Measured>)| {
            let print = fingerprint(measured);
            match self.known.get(&score.id) {
                Some((known, measures)) if *known == print => (print, *measures),
                _ => (print, sample_measures(measured)),
            }
        };
        let measured: Vec<_> = chunk.par_iter().map(of).collect();
        for ((score, _), (print, measures)) in chunk.drain(..).zip(measured) {
            self.known.insert(score.id, (print, measures));
            if let (Some(measures), Some(class)) = (measures, class_of(&score, names)) {
                found.push(SampleMeasures { id: score.id, class: class.to_owned(), measures });
            }
        }
    }
}

/// Of all that the measures depend on: the map, its view and the regions.
fn fingerprint(measured: &Measured) -> u64 {
    let mut hasher = DefaultHasher::new();
    let bbox = |b: BBox, hasher: &mut DefaultHasher| {
        [b.x0, b.y0, b.x1, b.y1].map(f32::to_bits).hash(hasher);
    };
    let explanation = &measured.explanation;
    bbox(explanation.view, &mut hasher);
    (explanation.map.height(), explanation.map.width()).hash(&mut hasher);
    explanation.map.values().iter().for_each(|v| hasher.write_u32(v.to_bits()));
    for roi in measured.fitted() {
        bbox(roi.bbox, &mut hasher);
        let runs = roi.mask().map_or(&[][..], |mask| mask.runs());
        runs.iter().for_each(|run| (run.row, run.start, run.end).hash(&mut hasher));
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{Explanation, Prediction};
    use crate::dataset::ClassId;
    use crate::geometry::Size;
    use crate::roi::{Roi, RoiSource};
    use crate::saliency::SaliencyMap;

    fn measured(values: [f32; 4], right: f32) -> Measured {
        let image = Size::new(8, 8);
        let explanation = Explanation {
            image,
            view: image.bounds(),
            top: vec![Prediction { class: ClassId(0), probability: 1.0 }],
            target: ClassId(0),
            map: SaliencyMap::from_values(2, 2, values.to_vec()),
        };
        Measured::new(explanation, vec![Roi::of_box(BBox::new(0.0, 0.0, right, 8.0), 1.0, "", RoiSource::Detector)])
    }

    #[test]
    fn what_has_changed_is_measured_again() {
        let mut measurer = Measurer::default();
        let mut measure = |measured: Measured| {
            let score = SampleScore { id: SampleId(1), path: "a".into(), label: Some("a".into()), score: None };
            let mut found = Vec::new();
            measurer.measure(&mut vec![(score, Box::new(measured))], &[], &mut found);
            found
        };
        let first = measure(measured([1.0, 0.0, 1.0, 0.0], 4.0));
        assert_eq!(measure(measured([1.0, 0.0, 1.0, 0.0], 4.0)), first);
        assert_ne!(measure(measured([1.0, 0.0, 1.0, 0.0], 5.0)), first);
        assert_ne!(measure(measured([1.0, 0.0, 1.0, 0.5], 4.0)), first);
        assert_eq!(measure(measured([1.0, 0.0, 1.0, 0.0], 4.0)), first);
    }
}
