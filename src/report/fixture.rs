//! Rows and samples that the writers' tests share.

use crate::analysis::{Explanation, Measured, Outcome, Prediction, Score};
use crate::dataset::{ClassId, SampleId};
use crate::geometry::{BBox, Size};
use crate::measure::{Baseline, Measure, MeasureChoice};
use crate::roi::{Roi, RoiSource};
use crate::saliency::SaliencyMap;
use crate::store::SampleResult;
use crate::summary::{ChosenMean, ClassRow, FitSources, MeasureMean, Spread};
use crate::verdict::{Judgement, Verdict};

pub(super) fn row() -> ClassRow {
    ClassRow {
        class: "alp, high".into(),
        samples: 4,
        failed: 1,
        with_roi: 2,
        coverage: Some(2.0 / 3.0),
        mean_fit: Some(0.25),
        ci: Some((0.1, 0.5)),
        mean_fit_zero: Some(0.125),
        mean_lift: Some(1.5),
        mean_area_share: Some(0.2),
        mean_confidence: Some(0.9),
        accuracy: Some(0.75),
        uninformative: 0,
        spread: Spread::default(),
        measure: None,
        sources: FitSources { detector: 1, annotation: 0, hand: 1 },
        support: None,
        judgement: Some(Judgement { verdict: Verdict::Spurious, note: "sky, mostly".into() }),
    }
}

pub(super) fn empty_row() -> ClassRow {
    ClassRow {
        class: "none".into(),
        samples: 0,
        failed: 0,
        with_roi: 0,
        coverage: None,
        mean_fit: None,
        ci: None,
        mean_fit_zero: None,
        mean_lift: None,
        mean_area_share: None,
        mean_confidence: None,
        accuracy: None,
        uninformative: 0,
        spread: Spread::default(),
        measure: None,
        sources: FitSources::default(),
        support: None,
        judgement: None,
    }
}

/// [`row`] and [`empty_row`] with a measure.
pub(super) fn measured_rows() -> [ClassRow; 2] {
    let choice = MeasureChoice { measure: Measure::PointingGame, minus: Some(Baseline::Centre) };
    let chosen = |n, mean, ci| Some(ChosenMean { choice, mean: MeasureMean { n, mean, ci } });
    [
        ClassRow { measure: chosen(2, Some(0.5), Some((0.25, 1.0))), ..row() },
        ClassRow { measure: chosen(0, None, None), ..empty_row() },
    ]
}

pub(super) fn names() -> Vec<String> {
    ["zero", "one"].map(Into::into).into()
}

/// One with a region in the view and one outside it, one without regions, and a failed one.
pub(super) fn samples() -> [SampleResult; 3] {
    let roi = |x1, y1, score, name| Roi::of_box(BBox::new(0.0, 0.0, x1, y1), score, name, RoiSource::Detector);
    let regions = vec![roi(200.0, 200.0, 0.9, "dog"), roi(50.0, 50.0, 0.4, "cat")];
    let failed = SampleResult {
        id: SampleId(3),
        path: "c.jpg".into(),
        label: None,
        score: None,
        outcome: Outcome::Failed("cut off, alas".into()),
    };
    [measured("bird/a.jpg", regions), measured("bird/b.jpg", Vec::new()), failed]
}

/// What was decided about each of [`samples`].
pub(super) fn judgements() -> [Option<Judgement>; 3] {
    let given = |verdict, note: &str| Some(Judgement { verdict, note: note.into() });
    [given(Verdict::Undecided, ""), None, given(Verdict::NoObject, "a wall")]
}

fn measured(path: &str, regions: Vec<Roi>) -> SampleResult {
    let explanation = Explanation {
        image: Size::new(400, 200),
        view: BBox::new(100.0, 0.0, 300.0, 200.0),
        top: vec![
            Prediction { class: ClassId(1), probability: 0.7 },
            Prediction { class: ClassId(0), probability: 0.3 },
        ],
        target: ClassId(1),
        map: SaliencyMap::from_values(1, 2, vec![0.1, 0.1]),
    };
    let measured = Measured::new(explanation, regions);
    SampleResult {
        id: SampleId(1),
        path: path.into(),
        label: Some("bird".into()),
        score: Some(Score::new(&measured, Some(&[ClassId(1)]))),
        outcome: Outcome::Measured(Box::new(measured)),
    }
}
