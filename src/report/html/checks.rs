//! What checks found about the maps of the run.

use std::io::{self, Write};

use super::facts::Facts;
use super::text::Text;
use crate::dataset::readable_class;
use crate::inquiry::{Agreement, Check, CheckRow, unmoved};
use crate::report::words::percent;
use crate::summary::{MeasureMean, Thresholds};

/// Writes the section; nothing where nothing was checked.
pub(super) fn write(facts: &Facts, lines: &Thresholds, out: &mut dyn Write) -> io::Result<()> {
    let found = &facts.found;
    if found.sanity.is_none() && found.faithfulness.is_none() && found.agreement.is_none() {
        return Ok(());
    }
    out.write_all(b"<section>\n<h2>Checks of the maps</h2>\n")?;
    if let Some(check) = &found.sanity {
        let meaning = "Rank correlation of each map with the one after weights were shuffled (Adebayo et al. 2018): near 0 the map is \
                       about what the network has learned, from 0.5 on it hardly is.";
        table(check, "Random weights", meaning, out)?;
        for (level, mean) in unmoved(check) {
            let method = Text(&facts.run.settings.method);
            writeln!(out, "<p><strong>The maps of {method} hardly change ({level}: {mean:.2}).</strong></p>")?;
        }
    }
    if let Some(check) = &found.faithfulness {
        let meaning = "Areas under the class's probability while the most salient pixels are covered (deletion, lower is better) or \
                       brought back (insertion, higher is better); ROAD above 0: better than the opposite map.";
        table(check, "Deletion and insertion", meaning, out)?;
    }
    if let Some(agreement) = &found.agreement {
        methods(agreement, lines, out)?;
    }
    out.write_all(b"</section>\n")
}

fn open(title: &str, meaning: &str, columns: &[String], out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "<h3>{title}</h3>\n<p>{meaning}</p>")?;
    out.write_all(b"<div class=\"scroll\">\n<table>\n<thead><tr><th scope=\"col\"></th>")?;
    for column in columns {
        write!(out, "<th scope=\"col\" class=\"n\">{}</th>", Text(column))?;
    }
    out.write_all(b"</tr></thead>\n<tbody>\n")
}

const CLOSE: &[u8] = b"</tbody>\n</table>\n</div>\n";

/// A row for each class and one for all photos that were checked.
fn table(check: &Check, title: &str, meaning: &str, out: &mut dyn Write) -> io::Result<()> {
    let columns = std::iter::once("Photos").chain(check.columns.iter().copied()).map(str::to_owned);
    open(title, meaning, &columns.collect::<Vec<_>>(), out)?;
    let row = |row: &CheckRow, name: &str, out: &mut dyn Write| -> io::Result<()> {
        let n = row.means.iter().map(|mean| mean.n).max().unwrap_or(0);
        write!(out, "<tr><td>{}</td><td class=\"n\">{n}</td>", Text(name))?;
        for mean in row.means.iter().take(check.columns.len()) {
            write!(out, "<td class=\"n\">{}</td>", number(mean))?;
        }
        out.write_all(b"</tr>\n")
    };
    for class in &check.classes {
        row(class, &readable_class(&class.class), out)?;
    }
    row(&check.total, "all checked", out)?;
    out.write_all(CLOSE)
}

/// A mean with half the width of its interval.
fn number(mean: &MeasureMean) -> String {
    match (mean.mean, mean.ci) {
        (Some(mean), Some((low, high))) => format!("{mean:.2} ± {:.2}", (high - low) / 2.0),
        (Some(mean), None) => format!("{mean:.2}"),
        (None, _) => "–".to_owned(),
    }
}

fn methods(agreement: &Agreement, lines: &Thresholds, out: &mut dyn Write) -> io::Result<()> {
    let meaning =
        "Fit of the classes by other methods. A class that is low under one method alone is not called suspect.";
    let names = agreement.names();
    let columns = std::iter::once("Photos".to_owned()).chain(names.iter().cloned()).chain(["Low".to_owned()]);
    open("Other methods", meaning, &columns.collect::<Vec<_>>(), out)?;
    for class in &agreement.classes {
        write!(out, "<tr><td>{}</td><td class=\"n\">{}</td>", Text(&readable_class(&class.class)), class.samples())?;
        for fit in class.fits() {
            write!(out, "<td class=\"n\">{}</td>", percent(fit))?;
        }
        let support = class.support();
        let words = if support.low_by(lines) > 0 { support.words(lines) } else { String::new() };
        writeln!(out, "<td>{words}</td></tr>")?;
    }
    for (name, values) in names.iter().zip(&agreement.correlations) {
        write!(out, "<tr><td>Rank correlation with {}</td><td></td>", Text(name))?;
        for value in values {
            let words = value.map_or_else(|| "–".to_owned(), |value| format!("{value:.2}"));
            write!(out, "<td class=\"n\">{words}</td>")?;
        }
        out.write_all(b"<td></td></tr>\n")?;
    }
    out.write_all(CLOSE)
}
