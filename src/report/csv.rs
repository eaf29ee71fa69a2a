//! Comma-separated values.

use std::io::{self, Write};

use csv::Writer;

use super::{class_name, status};
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
    table.write_record([
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
        "verdict",
        "note",
    ])?;
    for row in rows {
        table.write_record([
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
            cell(row.judgement.as_ref().map(|j| j.verdict.as_str())),
            cell(row.judgement.as_ref().and_then(Judgement::note)),
        ])?;
    }
    table.flush()
}

/// Writes samples row by row.
pub(super) struct SampleTable<'a> {
    writer: Writer<&'a mut dyn Write>,
}

impl<'a> SampleTable<'a> {
    /// Writes the header.
    pub(super) fn new(out: &'a mut dyn Write) -> io::Result<Self> {
        let mut writer = Writer::from_writer(out);
        writer.write_record([
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
        ])?;
        Ok(Self { writer })
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
        self.writer.write_record([
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
        ])?;
        Ok(())
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
        let expected = "class,samples,with_roi,coverage,mean_fit,ci_low,ci_high,mean_fit_zero,mean_lift,accuracy,failed,verdict,note\n\
                        \"alp, high\",4,2,0.6666666666666666,0.25,0.1,0.5,0.125,1.5,0.75,1,spurious,\"sky, mostly\"\n\
                        none,0,0,,,,,,,,0,,\n";
        assert_eq!(String::from_utf8(out)?, expected);
        Ok(())
    }

    #[test]
    fn samples_have_one_row_each() -> anyhow::Result<()> {
        let mut out = Vec::new();
        let mut table = SampleTable::new(&mut out)?;
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
