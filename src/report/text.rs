//! Tables for a terminal.

use unicode_width::UnicodeWidthStr as _;

use super::words::{finding_word, sources_in_words, verdict_word};
use crate::summary::{ChosenMean, ClassRow, Finding, FitSources, Thresholds, findings};

/// A column: its header and to which side it is flush.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column<'a> {
    /// Words.
    Left(&'a str),
    /// Numbers.
    Right(&'a str),
}

/// Lines of aligned columns, two spaces apart, the header first; every row has a cell for each column.
pub fn table(columns: &[Column<'_>], rows: &[Vec<String>]) -> String {
    let header = columns.iter().map(|c| match c {
        Column::Left(name) | Column::Right(name) => (*name).to_owned(),
    });
    let lines: Vec<Vec<String>> = std::iter::once(header.collect()).chain(rows.iter().cloned()).collect();
    let width = |i: usize| lines.iter().filter_map(|line| line.get(i)).map(|cell| cell.width()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns.len()).map(width).collect();
    let mut text = String::new();
    for line in &lines {
        let mut out = String::new();
        for ((cell, column), width) in line.iter().zip(columns).zip(&widths) {
            let space = " ".repeat(width - cell.width());
            match column {
                Column::Left(_) => out.extend([cell, &space, "  "]),
                Column::Right(_) => out.extend([&space, cell, "  "]),
            }
        }
        text.push_str(out.trim_end());
        text.push('\n');
    }
    text
}

/// Class rows as a table; shares are in percent. A chosen measure stands before the note, with its number of values. Verdicts have
/// a column where there are any, and the sources of regions where several of them have fits.
pub fn class_table(rows: &[ClassRow]) -> String {
    let chosen = rows.iter().find_map(|row| row.measure).map(|measure| measure.choice.title());
    let mixed = rows.iter().fold(FitSources::default(), |sum, row| sum.plus(&row.sources)).is_mixed();
    let mut columns = vec![
        Column::Left("class"),
        Column::Right("samples"),
        Column::Right("failed"),
        Column::Right("with ROI"),
        Column::Right("fit %"),
        Column::Right("95 % interval"),
        Column::Right("lift"),
        Column::Right("area %"),
        Column::Right("accuracy %"),
    ];
    if let Some(title) = &chosen {
        columns.extend([Column::Right(title), Column::Right("95 % interval"), Column::Right("n")]);
    }
    columns.extend(mixed.then_some(Column::Left("fits from")));
    columns.push(Column::Left("note"));
    let judged = rows.iter().any(|row| row.judgement.is_some());
    columns.extend(judged.then_some(Column::Left("verdict")));
    let cells: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            let lines = Thresholds::default();
            let note = |finding| match (finding, &row.support) {
                (Finding::Suspect, Some(support)) => format!("suspect {}", support.words(&lines)),
                _ => finding_word(finding).to_owned(),
            };
            let notes: Vec<_> = findings(row, &lines).into_iter().map(note).collect();
            let mut cells = vec![
                row.class.clone(),
                row.samples.to_string(),
                row.failed.to_string(),
                row.with_roi.to_string(),
                percent(row.mean_fit),
                row.ci.map_or("–".into(), |(low, high)| format!("{:.1} – {:.1}", 100.0 * low, 100.0 * high)),
                row.mean_lift.map_or("–".into(), |lift| format!("{lift:.2}")),
                percent(row.mean_area_share),
                percent(row.accuracy),
            ];
            if chosen.is_some() {
                cells.extend(measure_cells(row));
            }
            cells.extend(mixed.then(|| sources_in_words(&row.sources)));
            cells.push(notes.join(", "));
            let verdict = row.judgement.as_ref().map(|judgement| verdict_word(judgement.verdict)).unwrap_or_default();
            cells.extend(judged.then_some(verdict));
            cells
        })
        .collect();
    table(&columns, &cells)
}

/// A chosen measure, its interval and its number of values.
fn measure_cells(row: &ClassRow) -> [String; 3] {
    let Some(ChosenMean { choice, mean }) = row.measure else { return ["–"; 3].map(str::to_owned) };
    let text = |value: f64| match choice.measure.is_share() {
        true => format!("{:.1}", 100.0 * value),
        false => format!("{value:.2}"),
    };
    let interval = mean.ci.map_or("–".into(), |(low, high)| format!("{} – {}", text(low), text(high)));
    [mean.mean.map_or("–".into(), text), interval, mean.n.to_string()]
}

fn percent(share: Option<f64>) -> String {
    share.map_or("–".into(), |share| format!("{:.1}", 100.0 * share))
}

/// Why a class is remarkable, in a sentence about its numbers.
pub fn finding_text(row: &ClassRow, finding: Finding) -> String {
    let class = &row.class;
    match finding {
        Finding::Suspect => {
            let recognised = match row.accuracy {
                Some(accuracy) => format!("{:.0} % are recognised", 100.0 * accuracy),
                None => "it is predicted".to_owned(),
            };
            format!(
                "{class}: {recognised}, but only {} % of the saliency lies in the object (lift {}): look at what the \
                 classifier sees instead",
                percent(row.mean_fit),
                row.mean_lift.map_or("–".into(), |lift| format!("{lift:.2}")),
            )
        }
        Finding::NoObject => format!(
            "{class}: an object was found in {} of {} photos: the class has none, or the detector does not know it",
            row.with_roi,
            row.samples - row.failed
        ),
        Finding::LargeRegions => format!(
            "{class}: in {} of {} photos the object fills nearly the whole view, so the fit says little",
            row.uninformative, row.with_roi
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    #[test]
    fn columns_are_aligned_by_width_and_not_by_bytes() {
        let columns = [Column::Left("name"), Column::Right("n")];
        let rows = [vec!["Käfer".to_owned(), "1".to_owned()], vec!["鳥".to_owned(), "100".to_owned()]];
        assert_eq!(table(&columns, &rows), "name     n\nKäfer    1\n鳥     100\n");
    }

    #[test]
    fn class_rows_show_percent_and_dashes() {
        let text = class_table(&[fixture::row(), fixture::empty_row()]);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.len(), 3);
        let words: Vec<_> = lines[1].split_whitespace().collect();
        assert_eq!(
            words,
            [
                "alp,",
                "high",
                "4",
                "1",
                "2",
                "25.0",
                "10.0",
                "–",
                "50.0",
                "1.50",
                "20.0",
                "75.0",
                "1",
                "detected,",
                "1",
                "drawn",
                "suspect",
                "spurious"
            ]
        );
        let detected = ClassRow { sources: FitSources { detector: 2, ..FitSources::default() }, ..fixture::row() };
        assert!(!class_table(&[detected]).contains("detected"), "one source needs no column");
        assert!(lines[2].starts_with("none "));
        assert!(lines[2].ends_with('–'), "{}", lines[2]);
        assert!(lines[0].ends_with("  verdict"));
        assert!(!class_table(&[fixture::empty_row()]).contains("verdict"), "where nothing was judged");
    }

    #[test]
    fn a_chosen_measure_is_shown_with_its_interval_and_number() {
        let text = class_table(&fixture::measured_rows());
        let lines: Vec<_> = text.lines().collect();
        assert!(lines[0].contains("Pointing game − centre  95 % interval  n  fits from"), "{text}");
        let words = |line: usize| lines[line].split_whitespace().collect::<Vec<_>>();
        assert!(
            words(1).ends_with(&[
                "50.0",
                "25.0",
                "–",
                "100.0",
                "2",
                "1",
                "detected,",
                "1",
                "drawn",
                "suspect",
                "spurious"
            ]),
            "{text}"
        );
        assert!(words(2).ends_with(&["–", "–", "0", "–"]), "{text}");
    }

    #[test]
    fn a_finding_names_the_class_and_its_numbers() {
        let text = finding_text(&fixture::row(), Finding::Suspect);
        assert!(text.starts_with("alp, high: 75 % are recognised, but only 25.0 %"), "{text}");
        assert!(finding_text(&fixture::row(), Finding::NoObject).contains("2 of 3 photos"));
    }
}
