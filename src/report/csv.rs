//! Comma-separated values.

use std::io::{self, Write};

use csv::Writer;

use super::{class_name, json, measures, status};
use crate::analysis::Outcome;
use crate::store::SampleResult;
use crate::summary::ClassRow;
use crate::verdict::Judgement;

/// A number in its shortest form, or nothing.
fn cell<T: ToString>(value: Option<T>) -> String {
    value.map(|v| v.to_string()).unwrap_or_default()
}

pub(super) fn classes(rows: &[ClassRow], out: &mut dyn Write) -> io::Result<()> {
    let mut table = Writer::from_writer(out);
    let has_measure = rows.iter().any(|row| row.measure.is_some());
    let mut header = vec![
        "class",
        "samples",
        "with_roi",
        "coverage",
        "mean_fit",
        "ci_low",
        "ci_high",
        "mean_fit_zero",
        "mean_lift",
        "accuracy",
        "failed",
        "fits_detector",
        "fits_annotation",
        "fits_hand",
        "verdict",
        "note",
    ];
    if has_measure {
        header.extend(["measure", "minus", "measure_n", "measure_mean", "measure_ci_low", "measure_ci_high"]);
    }
    table.write_record(header)?;
    for row in rows {
        let mut cells = vec![
            row.class.clone(),
            row.samples.to_string(),
            row.with_roi.to_string(),
            cell(row.coverage),
            cell(row.mean_fit),
            cell(row.ci.map(|ci| ci.0)),
            cell(row.ci.map(|ci| ci.1)),
            cell(row.mean_fit_zero),
            cell(row.mean_lift),
            cell(row.accuracy),
            row.failed.to_string(),
            row.sources.detector.to_string(),
            row.sources.annotation.to_string(),
            row.sources.hand.to_string(),
            cell(row.judgement.as_ref().map(|j| j.verdict.as_str())),
            cell(row.judgement.as_ref().and_then(Judgement::note)),
        ];
        if has_measure {
            let measure = json::ChosenMeasure::of(row);
            cells.extend([
                cell(measure.as_ref().map(|m| m.name)),
                cell(measure.as_ref().and_then(|m| m.minus)),
                cell(measure.as_ref().map(|m| m.n)),
                cell(measure.as_ref().and_then(|m| m.mean)),
                cell(measure.as_ref().and_then(|m| m.ci_low)),
                cell(measure.as_ref().and_then(|m| m.ci_high)),
            ]);
        }
        table.write_record(cells)?;
    }
    table.flush()
}

/// Writes samples row by row.
pub(super) struct SampleTable<'a> {
    writer: Writer<&'a mut dyn Write>,
    with_measures: bool,
}

impl<'a> SampleTable<'a> {
    /// Writes the header.
    pub(super) fn new(out: &'a mut dyn Write, with_measures: bool) -> io::Result<Self> {
        let mut writer = Writer::from_writer(out);
        let mut header = [
            "path",
            "label",
            "status",
            "error",
            "width",
            "height",
            "predicted",
            "probability",
            "target",
            "correct",
            "rois",
            "fit",
            "area_share",
            "lift",
            "verdict",
            "note",
        ]
        .map(str::to_owned)
        .to_vec();
        if with_measures {
            header.extend(measures::names().map(|name| format!("measures.{name}")));
        }
        writer.write_record(header)?;
        Ok(Self { writer, with_measures })
    }

    pub(super) fn row(
        &mut self,
        sample: &SampleResult,
        judgement: Option<&Judgement>,
        names: &[String],
    ) -> io::Result<()> {
        let (error, measured) = match &sample.outcome {
            Outcome::Failed(reason) => (reason.as_str(), None),
            Outcome::Measured(measured) => ("", Some(measured)),
        };
        let explanation = measured.map(|m| &m.explanation);
        let best = explanation.and_then(|e| e.top.first());
        let fit = measured.map(|m| m.fit);
        let mut cells = vec![
            sample.path.clone(),
            sample.label.clone().unwrap_or_default(),
            status(sample).to_owned(),
            error.to_owned(),
            cell(explanation.map(|e| e.image.width)),
            cell(explanation.map(|e| e.image.height)),
            cell(best.map(|p| class_name(names, p.class))),
            cell(best.map(|p| p.probability)),
            cell(explanation.map(|e| class_name(names, e.target))),
            cell(sample.score.and_then(|s| s.correct)),
            cell(measured.map(|m| m.rois.len())),
            cell(fit.and_then(|f| f.value())),
            cell(fit.and_then(|f| f.area_share())),
            cell(fit.and_then(|f| f.lift())),
            cell(judgement.map(|j| j.verdict.as_str())),
            cell(judgement.and_then(Judgement::note)),
        ];
        if self.with_measures {
            cells.extend(measures::values(measured.map(|m| &**m)).map(cell));
        }
        Ok(self.writer.write_record(cells)?)
    }

    pub(super) fn finish(mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    #[test]
    fn class_rows_have_the_promised_columns() -> anyhow::Result<()> {
        let mut out = Vec::new();
        classes(&[fixture::row(), fixture::empty_row()], &mut out)?;
        let expected = "class,samples,with_roi,coverage,mean_fit,ci_low,ci_high,mean_fit_zero,mean_lift,accuracy,failed,\
                        fits_detector,fits_annotation,fits_hand,verdict,note\n\
                        \"alp, high\",4,2,0.6666666666666666,0.25,0.1,0.5,0.125,1.5,0.75,1,1,0,1,spurious,\"sky, mostly\"\n\
                        none,0,0,,,,,,,,0,0,0,0,,\n";
        assert_eq!(String::from_utf8(out)?, expected);
        Ok(())
    }

    #[test]
    fn a_chosen_measure_has_columns_of_its_own() -> anyhow::Result<()> {
        let mut out = Vec::new();
        classes(&fixture::measured_rows(), &mut out)?;
        let text = String::from_utf8(out)?;
        let ends: Vec<_> = text.lines().collect();
        assert!(ends[0].ends_with(",verdict,note,measure,minus,measure_n,measure_mean,measure_ci_low,measure_ci_high"));
        assert!(ends[1].ends_with("pointing_game,centre,2,0.5,0.25,1"), "{text}");
        assert!(ends[2].ends_with(",pointing_game,centre,0,,,"), "{text}");
        Ok(())
    }

    #[test]
    fn measures_of_a_sample_stand_behind_its_other_numbers() -> anyhow::Result<()> {
        let mut out = Vec::new();
        let mut table = SampleTable::new(&mut out, true)?;
        for sample in fixture::samples() {
            table.row(&sample, None, &fixture::names())?;
        }
        table.finish()?;
        let text = String::from_utf8(out)?;
        let columns: Vec<_> = text.lines().map(|line| line.split(',').count()).collect();
        assert_eq!(columns, [40, 40, 40, 41], "the reason of the last one has a comma");
        let lines: Vec<_> = text.lines().collect();
        assert!(lines[0].contains(",lift,verdict,note,measures.fit,measures.fit_pixels,"), "{text}");
        // The left half of a uniform map.
        assert!(lines[1].contains("true,2,0.5,0.5,1,,,0.5,0.5,1,"), "{text}");
        assert!(lines[2].ends_with(&",".repeat(26)), "{text}");
        Ok(())
    }

    #[test]
    fn samples_have_one_row_each() -> anyhow::Result<()> {
        let mut out = Vec::new();
        let mut table = SampleTable::new(&mut out, false)?;
        let judgements = fixture::judgements();
        for (sample, judgement) in fixture::samples().iter().zip(&judgements) {
            table.row(sample, judgement.as_ref(), &fixture::names())?;
        }
        table.finish()?;
        let text = String::from_utf8(out)?;
        let rows: Vec<_> = text.lines().skip(1).collect();
        assert_eq!(
            rows,
            [
                "bird/a.jpg,bird,ok,,400,200,one,0.7,one,true,2,0.5,0.5,1,undecided,",
                "bird/b.jpg,bird,no_roi,,400,200,one,0.7,one,true,0,,,,,",
                "c.jpg,,failed,\"cut off, alas\",,,,,,,,,,,no_object,a wall",
            ]
        );
        Ok(())
    }
}
