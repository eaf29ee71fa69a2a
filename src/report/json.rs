//! JSON objects for classes and samples; their records are those of Parquet as well.

use std::io::{self, Write};

use serde::{Serialize, Serializer};

use super::{SampleExtras, class_name, measures, status};
use crate::analysis::{Measured, Outcome};
use crate::geometry::BBox;
use crate::measure::Baseline;
use crate::store::SampleResult;
use crate::summary::ClassRow;
use crate::verdict::Judgement;

#[derive(Serialize)]
pub(super) struct Class<'a> {
    pub(super) class: &'a str,
    pub(super) samples: usize,
    pub(super) failed: usize,
    pub(super) with_roi: usize,
    pub(super) coverage: Option<f64>,
    pub(super) mean_fit: Option<f64>,
    pub(super) ci_low: Option<f64>,
    pub(super) ci_high: Option<f64>,
    pub(super) mean_fit_zero: Option<f64>,
    pub(super) mean_lift: Option<f64>,
    pub(super) mean_area_share: Option<f64>,
    pub(super) mean_confidence: Option<f64>,
    pub(super) accuracy: Option<f64>,
    pub(super) uninformative: usize,
    pub(super) fits_detector: usize,
    pub(super) fits_annotation: usize,
    pub(super) fits_hand: usize,
    pub(super) verdict: Option<&'static str>,
    pub(super) note: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) measure: Option<ChosenMeasure>,
}

/// The mean of a measure that was chosen.
#[derive(Serialize)]
pub(super) struct ChosenMeasure {
    pub(super) name: &'static str,
    pub(super) minus: Option<&'static str>,
    pub(super) n: usize,
    pub(super) mean: Option<f64>,
    pub(super) ci_low: Option<f64>,
    pub(super) ci_high: Option<f64>,
}

impl ChosenMeasure {
    /// The one of a row.
    pub(super) fn of(row: &ClassRow) -> Option<Self> {
        let chosen = row.measure?;
        Some(Self {
            name: chosen.choice.measure.name(),
            minus: chosen.choice.minus.map(Baseline::name),
            n: chosen.mean.n,
            mean: chosen.mean.mean,
            ci_low: chosen.mean.ci.map(|ci| ci.0),
            ci_high: chosen.mean.ci.map(|ci| ci.1),
        })
    }
}

impl<'a> From<&'a ClassRow> for Class<'a> {
    fn from(row: &'a ClassRow) -> Self {
        Self {
            class: &row.class,
            samples: row.samples,
            failed: row.failed,
            with_roi: row.with_roi,
            coverage: row.coverage,
            mean_fit: row.mean_fit,
            ci_low: row.ci.map(|ci| ci.0),
            ci_high: row.ci.map(|ci| ci.1),
            mean_fit_zero: row.mean_fit_zero,
            mean_lift: row.mean_lift,
            mean_area_share: row.mean_area_share,
            mean_confidence: row.mean_confidence,
            accuracy: row.accuracy,
            uninformative: row.uninformative,
            fits_detector: row.sources.detector,
            fits_annotation: row.sources.annotation,
            fits_hand: row.sources.hand,
            verdict: row.judgement.as_ref().map(|judgement| judgement.verdict.as_str()),
            note: row.judgement.as_ref().and_then(Judgement::note),
            measure: ChosenMeasure::of(row),
        }
    }
}

pub(super) fn classes(rows: &[ClassRow], out: &mut dyn Write) -> io::Result<()> {
    let rows: Vec<Class<'_>> = rows.iter().map(Class::from).collect();
    serde_json::to_writer_pretty(&mut *out, &rows)?;
    out.write_all(b"\n")
}

#[derive(Serialize)]
pub(super) struct Sample<'a> {
    pub(super) path: &'a str,
    pub(super) label: Option<&'a str>,
    pub(super) status: &'static str,
    pub(super) error: Option<&'a str>,
    pub(super) width: Option<u32>,
    pub(super) height: Option<u32>,
    pub(super) view: Option<[f32; 4]>,
    pub(super) top: Vec<Top<'a>>,
    pub(super) target: Option<Target<'a>>,
    pub(super) correct: Option<bool>,
    pub(super) rois: Vec<Roi<'a>>,
    pub(super) fit: Option<f64>,
    pub(super) area_share: Option<f64>,
    pub(super) lift: Option<f64>,
    pub(super) verdict: Option<&'static str>,
    pub(super) note: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "measures_as_map")]
    pub(super) measures: Option<[Option<f64>; measures::COUNT]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) saliency: Option<Saliency<'a>>,
}

/// The measures under their names.
fn measures_as_map<S: Serializer>(
    values: &Option<[Option<f64>; measures::COUNT]>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(measures::names().iter().zip(values.iter().flatten()))
}

#[derive(Serialize)]
pub(super) struct Top<'a> {
    pub(super) index: usize,
    pub(super) name: &'a str,
    pub(super) probability: f32,
}

#[derive(Serialize)]
pub(super) struct Target<'a> {
    pub(super) index: usize,
    pub(super) name: &'a str,
}

#[derive(Serialize)]
pub(super) struct Roi<'a> {
    #[serde(rename = "box")]
    pub(super) bbox: [f32; 4],
    pub(super) score: f32,
    pub(super) name: &'a str,
    pub(super) source: &'static str,
    pub(super) fit: Option<f64>,
}

#[derive(Serialize)]
pub(super) struct Saliency<'a> {
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) values: &'a [f32],
}

/// Writes one sample, without a line break.
pub(super) fn sample(
    sample: &SampleResult,
    judgement: Option<&Judgement>,
    names: &[String],
    with: SampleExtras,
    out: &mut dyn Write,
) -> io::Result<()> {
    Ok(serde_json::to_writer(out, &record(sample, judgement, names, with))?)
}

/// What is written of a sample, with what was decided about it.
pub(super) fn record<'a>(
    sample: &'a SampleResult,
    judgement: Option<&'a Judgement>,
    names: &'a [String],
    with: SampleExtras,
) -> Sample<'a> {
    let base = Sample {
        path: &sample.path,
        label: sample.label.as_deref(),
        status: status(sample),
        error: None,
        width: None,
        height: None,
        view: None,
        top: Vec::new(),
        target: None,
        correct: sample.score.and_then(|s| s.correct),
        rois: Vec::new(),
        fit: None,
        area_share: None,
        lift: None,
        verdict: judgement.map(|judgement| judgement.verdict.as_str()),
        note: judgement.and_then(Judgement::note),
        measures: with.measures.then_some([None; measures::COUNT]),
        saliency: None,
    };
    match &sample.outcome {
        Outcome::Failed(reason) => Sample { error: Some(reason), ..base },
        Outcome::Measured(measured) => measured_sample(base, measured, names, with),
    }
}

fn measured_sample<'a>(
    base: Sample<'a>,
    measured: &'a Measured,
    names: &'a [String],
    with: SampleExtras,
) -> Sample<'a> {
    let Measured { explanation, rois, fit, rule: _ } = measured;
    let map = &explanation.map;
    Sample {
        width: Some(explanation.image.width),
        height: Some(explanation.image.height),
        view: Some(corners(explanation.view)),
        top: explanation
            .top
            .iter()
            .map(|p| Top { index: p.class.0, name: class_name(names, p.class), probability: p.probability })
            .collect(),
        target: Some(Target { index: explanation.target.0, name: class_name(names, explanation.target) }),
        rois: rois
            .iter()
            .map(|r| Roi {
                bbox: corners(r.roi.bbox),
                score: r.roi.score,
                name: &r.roi.name,
                source: r.roi.source.as_str(),
                fit: r.share.and_then(|s| s.fit),
            })
            .collect(),
        fit: fit.value(),
        area_share: fit.area_share(),
        lift: fit.lift(),
        measures: with.measures.then(|| measures::values(Some(measured))),
        saliency: with.saliency.then(|| Saliency { height: map.height(), width: map.width(), values: map.values() }),
        ..base
    }
}

fn corners(b: BBox) -> [f32; 4] {
    [b.x0, b.y0, b.x1, b.y1]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    /// The fixture's sample at a place.
    fn line(place: usize, saliency: bool) -> anyhow::Result<String> {
        let (samples, judgements, mut out) = (fixture::samples(), fixture::judgements(), Vec::new());
        let with = SampleExtras { saliency, measures: false };
        sample(&samples[place], judgements[place].as_ref(), &fixture::names(), with, &mut out)?;
        Ok(String::from_utf8(out)?)
    }

    #[test]
    fn a_measured_sample_has_the_promised_fields_in_order() -> anyhow::Result<()> {
        let expected = r#"{"path":"bird/a.jpg","label":"bird","status":"ok","error":null,"width":400,"height":200,"#
            .to_owned()
            + r#""view":[100.0,0.0,300.0,200.0],"top":[{"index":1,"name":"one","probability":0.7},"#
            + r#"{"index":0,"name":"zero","probability":0.3}],"target":{"index":1,"name":"one"},"correct":true,"#
            + r#""rois":[{"box":[0.0,0.0,200.0,200.0],"score":0.9,"name":"dog","source":"detector","fit":0.5},"#
            + r#"{"box":[0.0,0.0,50.0,50.0],"score":0.4,"name":"cat","source":"detector","fit":null}],"#
            + r#""fit":0.5,"area_share":0.5,"lift":1.0,"verdict":"undecided","note":null}"#;
        assert_eq!(line(0, false)?, expected);
        let with_map = line(0, true)?;
        assert!(
            with_map
                .ends_with(r#"verdict":"undecided","note":null,"saliency":{"height":1,"width":2,"values":[0.1,0.1]}}"#),
            "{with_map}"
        );
        Ok(())
    }

    #[test]
    fn a_failed_sample_has_the_same_fields() -> anyhow::Result<()> {
        let expected = r#"{"path":"c.jpg","label":null,"status":"failed","error":"cut off, alas","width":null,"#
            .to_owned()
            + r#""height":null,"view":null,"top":[],"target":null,"correct":null,"rois":[],"fit":null,"#
            + r#""area_share":null,"lift":null,"verdict":"no_object","note":"a wall"}"#;
        assert_eq!(line(2, true)?, expected);
        Ok(())
    }

    #[test]
    fn measures_are_an_object_of_numbers_by_name() -> anyhow::Result<()> {
        let with = SampleExtras { measures: true, saliency: false };
        for (place, expected) in [(0, serde_json::json!(0.5)), (2, serde_json::Value::Null)] {
            let mut out = Vec::new();
            sample(&fixture::samples()[place], None, &fixture::names(), with, &mut out)?;
            let value: serde_json::Value = serde_json::from_slice(&out)?;
            assert_eq!(value["measures"].as_object().map(serde_json::Map::len), Some(measures::COUNT));
            assert_eq!(value["measures"]["uniform_roc_auc"], expected);
        }
        Ok(())
    }

    #[test]
    fn class_rows_read_back() -> anyhow::Result<()> {
        let mut out = Vec::new();
        classes(&[fixture::row(), fixture::empty_row()], &mut out)?;
        let value: serde_json::Value = serde_json::from_slice(&out)?;
        assert_eq!(value[0]["class"], "alp, high");
        assert_eq!(value[0]["ci_high"], 0.5);
        assert_eq!(value[0]["mean_area_share"], 0.2);
        assert_eq!((&value[0]["verdict"], &value[0]["note"]), (&"spurious".into(), &"sky, mostly".into()));
        assert!(value[1]["mean_fit"].is_null() && value[1]["verdict"].is_null());
        Ok(())
    }
}
