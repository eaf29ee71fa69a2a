//! The table of all classes.

use std::io::{self, Write};

use super::facts::{ClassFacts, Facts};
use super::overview::{finding_tag, verdict_tag};
use super::text::Text;
use super::{row_id, section_id};
use crate::dataset::readable_class;
use crate::report::words::{factor, interval, percent, sources_in_words};
use crate::summary::ClassRow;

const HEADINGS: [(&str, &str); 15] = [
    ("", "Class"),
    ("n", "Photos"),
    ("n", "Failed"),
    ("n", "With region"),
    ("n", "Coverage"),
    ("n", "Fit"),
    ("n", "95 % interval"),
    ("n", "Fit, none as 0"),
    ("n", "Lift"),
    ("n", "Area"),
    ("n", "Accuracy"),
    ("n", "Confidence"),
    ("", SOURCES),
    ("", "Finding"),
    ("", "Verdict"),
];

/// Stands over whose regions fits are of, where that is not the same everywhere.
const SOURCES: &str = "Fits from";

pub(super) fn write(facts: &Facts, sections: &[usize], out: &mut dyn Write) -> io::Result<()> {
    out.write_all(b"<section>\n<h2>All classes</h2>\n<div class=\"scroll\">\n<table class=\"sortable\">\n<thead><tr>")?;
    let mixed = facts.total.sources.is_mixed();
    for (class, heading) in HEADINGS.into_iter().filter(|(_, heading)| mixed || *heading != SOURCES) {
        write!(out, "<th scope=\"col\"{}>{heading}</th>", if class.is_empty() { "" } else { " class=\"n\"" })?;
    }
    out.write_all(b"</tr></thead>\n<tbody>\n")?;
    for (place, class) in facts.classes.iter().enumerate() {
        let row = &class.row;
        write!(out, "<tr id=\"{}\" data-class=\"{}\"><td>", row_id(place), Text(&row.class))?;
        let name = readable_class(&row.class);
        if sections.contains(&place) {
            write!(out, "<a href=\"#{}\">{}</a></td>", section_id(place), Text(&name))?;
        } else {
            write!(out, "{}</td>", Text(&name))?;
        }
        numbers(row, class.is_suspect(), out)?;
        if mixed {
            write!(out, "<td>{}</td>", sources_in_words(&row.sources))?;
        }
        write!(out, "<td>{}</td>", class.findings.iter().map(|f| finding_tag(*f)).collect::<Vec<_>>().join(" "))?;
        writeln!(out, "<td>{}</td></tr>", verdict(class, sections.contains(&place)))?;
    }
    out.write_all(b"</tbody>\n<tfoot><tr><td>All photos</td>")?;
    numbers(&facts.total, false, out)?;
    if mixed {
        write!(out, "<td>{}</td>", sources_in_words(&facts.total.sources))?;
    }
    out.write_all(b"<td></td><td></td></tr></tfoot>\n</table>\n</div>\n</section>\n")
}

/// With its note, where no section has it.
fn verdict(class: &ClassFacts, has_section: bool) -> String {
    let Some(judgement) = &class.row.judgement else { return String::new() };
    let tag = verdict_tag(judgement.verdict);
    if has_section || judgement.note.is_empty() {
        return tag;
    }
    format!("{tag} <small>{}</small>", Text(&judgement.note))
}

/// The cells between name and findings; each holds its exact value for the sort and for other programs.
fn numbers(row: &ClassRow, suspect: bool, out: &mut dyn Write) -> io::Result<()> {
    for n in [row.samples, row.failed, row.with_roi] {
        cell(Some(n as f64), &n.to_string(), out)?;
    }
    cell(row.coverage, &percent(row.coverage), out)?;
    cell(row.mean_fit, &format!("{}{}", bar(row, suspect), percent(row.mean_fit)), out)?;
    cell(row.ci.map(|ci| ci.0), &interval(row.ci), out)?;
    cell(row.mean_fit_zero, &percent(row.mean_fit_zero), out)?;
    cell(row.mean_lift, &factor(row.mean_lift), out)?;
    cell(row.mean_area_share, &percent(row.mean_area_share), out)?;
    cell(row.accuracy, &percent(row.accuracy), out)?;
    cell(row.mean_confidence, &percent(row.mean_confidence), out)
}

/// A cell with its exact value.
pub(super) fn cell(value: Option<f64>, content: &str, out: &mut dyn Write) -> io::Result<()> {
    match value {
        Some(value) => write!(out, "<td class=\"n\" data-value=\"{value}\">{content}</td>"),
        None => write!(out, "<td class=\"n\">{content}</td>"),
    }
}

/// The fit as a bar with its interval.
fn bar(row: &ClassRow, suspect: bool) -> String {
    const WIDTH: f64 = 48.0;
    let Some(fit) = row.mean_fit else { return String::new() };
    let x = |share: f64| WIDTH * share.clamp(0.0, 1.0);
    let range = row.ci.map_or_else(String::new, |(low, high)| {
        format!("<line class=\"range\" x1=\"{:.1}\" x2=\"{:.1}\" y1=\"5\" y2=\"5\" />", x(low), x(high))
    });
    format!(
        "<svg width=\"{WIDTH}\" height=\"10\" aria-hidden=\"true\"><rect class=\"track\" y=\"1\" width=\"{WIDTH}\" height=\"8\" rx=\"2\" />\
         <rect class=\"bar{}\" y=\"1\" width=\"{:.1}\" height=\"8\" rx=\"2\" />{range}</svg>",
        if suspect { " suspect" } else { "" },
        x(fit)
    )
}
