//! Two runs side by side, as text, CSV and JSON.

use std::io::{self, Write};

use csv::Writer;
use serde::Serialize;

use super::text::{Column, table};
use super::words::{points, short_name};
use super::{ReportError, class_name};
use crate::analysis::{RoiChoice, SampleScore};
use crate::store::RunSettings;
use crate::summary::{ClassDifference, Comparison, Paired};

/// How a comparison is written for other programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ComparisonFormat {
    /// With a header.
    Csv,
    /// One array of objects.
    Json,
}

/// A run in one line: its networks and settings.
pub fn run_line(settings: &RunSettings) -> String {
    let regions = settings.detector.as_ref().map_or_else(
        || "no regions".to_owned(),
        |d| format!("regions from {} at {:.2}", short_name(&d.name), settings.roi_min_score),
    );
    let target = settings.target.as_str();
    let classifier = short_name(&settings.classifier.name);
    format!("{classifier} at {}, {} of the {target} class, {regions}", settings.layer, settings.method)
}

/// What is on each side of a comparison, in one line each; the regions that count are named where that is not the same and
/// usual choice on both sides.
pub fn side_lines(sides: [(&RunSettings, RoiChoice); 2]) -> [String; 2] {
    let differ = sides[0].1 != sides[1].1;
    sides.map(|(settings, choice)| {
        let words = if differ { Some(choice.all_words()) } else { choice.words() };
        run_line(settings) + &words.map_or_else(String::new, |words| format!("; {words}"))
    })
}

#[derive(Serialize)]
struct Class<'a> {
    class: &'a str,
    common: usize,
    only_first: usize,
    only_second: usize,
    fit_n: usize,
    fit_only_first: usize,
    fit_only_second: usize,
    fit_first: Option<f64>,
    fit_second: Option<f64>,
    fit_difference: Option<f64>,
    fit_ci_low: Option<f64>,
    fit_ci_high: Option<f64>,
    accuracy_n: usize,
    accuracy_first: Option<f64>,
    accuracy_second: Option<f64>,
    accuracy_difference: Option<f64>,
    accuracy_ci_low: Option<f64>,
    accuracy_ci_high: Option<f64>,
}

impl<'a> From<&'a ClassDifference> for Class<'a> {
    fn from(row: &'a ClassDifference) -> Self {
        let (fit, accuracy) = (&row.fit, &row.accuracy);
        Self {
            class: &row.class,
            common: row.common,
            only_first: row.only_first,
            only_second: row.only_second,
            fit_n: fit.n,
            fit_only_first: fit.only_first,
            fit_only_second: fit.only_second,
            fit_first: fit.first,
            fit_second: fit.second,
            fit_difference: fit.difference,
            fit_ci_low: fit.ci.map(|ci| ci.0),
            fit_ci_high: fit.ci.map(|ci| ci.1),
            accuracy_n: accuracy.n,
            accuracy_first: accuracy.first,
            accuracy_second: accuracy.second,
            accuracy_difference: accuracy.difference,
            accuracy_ci_low: accuracy.ci.map(|ci| ci.0),
            accuracy_ci_high: accuracy.ci.map(|ci| ci.1),
        }
    }
}

#[derive(Serialize)]
struct Sample<'a> {
    path: &'a str,
    class: Option<&'a str>,
    predicted_first: Option<&'a str>,
    predicted_second: Option<&'a str>,
    correct_first: Option<bool>,
    correct_second: Option<bool>,
    fit_first: Option<f64>,
    fit_second: Option<f64>,
    fit_difference: Option<f64>,
}

/// Writes class differences in the order they come.
///
/// # Errors
/// If `out` takes no more.
pub fn write_class_differences(
    rows: &[ClassDifference],
    format: ComparisonFormat,
    out: &mut dyn Write,
) -> Result<(), ReportError> {
    Ok(write_records(rows.iter().map(Class::from), format, out)?)
}

/// Writes the samples that both runs have, in path order; the names are those of each run's classes.
///
/// # Errors
/// If `out` takes no more.
pub fn write_sample_differences(
    comparison: &Comparison,
    names: [&[String]; 2],
    format: ComparisonFormat,
    out: &mut dyn Write,
) -> Result<(), ReportError> {
    let records = comparison.samples.iter().map(|sample| {
        let (first, second) = (&sample.first, &sample.second);
        Sample {
            path: &first.path,
            class: sample.class.as_deref(),
            predicted_first: first.score.map(|s| class_name(names[0], s.predicted)),
            predicted_second: second.score.map(|s| class_name(names[1], s.predicted)),
            correct_first: first.score.and_then(|s| s.correct),
            correct_second: second.score.and_then(|s| s.correct),
            fit_first: fit(first),
            fit_second: fit(second),
            fit_difference: sample.fit(),
        }
    });
    Ok(write_records(records, format, out)?)
}

fn fit(sample: &SampleScore) -> Option<f64> {
    sample.score.and_then(|score| score.fit.value())
}

fn write_records<R: Serialize>(
    records: impl Iterator<Item = R>,
    format: ComparisonFormat,
    out: &mut dyn Write,
) -> io::Result<()> {
    match format {
        ComparisonFormat::Csv => {
            let mut table = Writer::from_writer(out);
            for record in records {
                table.serialize(record)?;
            }
            table.flush()
        }
        ComparisonFormat::Json => {
            serde_json::to_writer_pretty(&mut *out, &records.collect::<Vec<_>>())?;
            out.write_all(b"\n")
        }
    }
}

/// The classes with their differences as a table for a terminal, in percentage points; the last row is over all samples. Both
/// mean fits are over the photos that have one in A and in B; those that have one in A or B only are counted. The accuracies
/// are left out where no class differs in them, as between two choices of regions or two methods.
pub fn comparison_table(rows: &[ClassDifference], total: &ClassDifference) -> String {
    let rows = || rows.iter().chain([total]);
    let with_accuracy = rows().any(|row| row.accuracy.difference.is_some_and(|difference| difference != 0.0));
    let mut columns = vec![
        Column::Left("class"),
        Column::Right("common"),
        Column::Right("with fit"),
        Column::Right("only A"),
        Column::Right("only B"),
        Column::Right("fit % A"),
        Column::Right("fit % B"),
        Column::Right("B - A"),
        Column::Right("95 % interval"),
    ];
    if with_accuracy {
        columns.extend(["accuracy % A", "accuracy % B", "B - A", "95 % interval"].map(Column::Right));
    }
    columns.push(Column::Left("clear"));
    let cells: Vec<Vec<String>> = rows().map(|row| cells(row, with_accuracy)).collect();
    table(&columns, &cells)
}

fn cells(row: &ClassDifference, with_accuracy: bool) -> Vec<String> {
    let number = |share: Option<f64>| share.map_or("–".into(), |s| format!("{:.1}", 100.0 * s));
    let pair = |paired: &Paired| {
        [
            number(paired.first),
            number(paired.second),
            paired.difference.map_or("–".into(), points),
            paired.ci.map_or("–".into(), |(low, high)| format!("{} to {}", points(low), points(high))),
        ]
    };
    let counts = [row.common, row.fit.n, row.fit.only_first, row.fit.only_second];
    let mut cells = vec![row.class.clone()];
    cells.extend(counts.map(|count| count.to_string()));
    cells.extend(pair(&row.fit));
    if with_accuracy {
        cells.extend(pair(&row.accuracy));
    }
    let clear = [("fit", &row.fit), ("accuracy", &row.accuracy)].into_iter().filter(|(_, paired)| paired.is_clear());
    cells.push(clear.map(|(name, _)| name).collect::<Vec<_>>().join(", "));
    cells
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> ClassDifference {
        let paired = |first, second, ci| Paired {
            n: 2,
            only_first: 1,
            only_second: 0,
            first,
            second,
            difference: Some(-0.25),
            ci,
        };
        ClassDifference {
            class: "alp, high".into(),
            common: 3,
            only_first: 1,
            only_second: 0,
            fit: paired(Some(0.75), Some(0.5), Some((-0.5, -0.125))),
            accuracy: Paired {
                n: 0,
                only_first: 0,
                only_second: 0,
                first: None,
                second: None,
                difference: None,
                ci: None,
            },
        }
    }

    #[test]
    fn csv_and_json_have_the_same_fields() -> anyhow::Result<()> {
        let (mut csv, mut json) = (Vec::new(), Vec::new());
        write_class_differences(&[row()], ComparisonFormat::Csv, &mut csv)?;
        write_class_differences(&[row()], ComparisonFormat::Json, &mut json)?;
        let csv = String::from_utf8(csv)?;
        let lines: Vec<_> = csv.lines().collect();
        assert_eq!(lines[1], "\"alp, high\",3,1,0,2,1,0,0.75,0.5,-0.25,-0.5,-0.125,0,,,,,");
        let json: serde_json::Value = serde_json::from_slice(&json)?;
        let keys: Vec<_> = json[0].as_object().into_iter().flatten().map(|(key, _)| key.as_str()).collect();
        assert_eq!(lines[0], keys.join(","));
        Ok(())
    }

    #[test]
    fn the_table_shows_signs_and_what_is_clear() {
        let words = |row: &ClassDifference| {
            let text = comparison_table(&[], row);
            text.lines().nth(1).unwrap_or_default().split_whitespace().map(str::to_owned).collect::<Vec<_>>()
        };
        let fit = ["alp,", "high", "3", "2", "1", "0", "75.0", "50.0", "-25.0", "-50.0", "to", "-12.5"];
        assert_eq!(words(&row()), [&fit[..], &["fit"]].concat());
        let accuracy = Paired { difference: Some(0.25), first: Some(0.5), second: Some(0.75), ..row().accuracy };
        let with_accuracy = words(&ClassDifference { accuracy, ..row() });
        assert_eq!(with_accuracy, [&fit[..], &["50.0", "75.0", "+25.0", "–", "fit"]].concat());
    }
}
