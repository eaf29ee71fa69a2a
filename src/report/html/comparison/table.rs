//! The table of all classes with their differences.

use std::io::{self, Write};

use super::{interval, row_id, section_id};
use crate::dataset::readable_class;
use crate::report::html::table::cell;
use crate::report::html::text::Text;
use crate::report::words::{percent, points};
use crate::summary::{ClassDifference, Comparison, Paired};

const HEADINGS: [&str; 14] = [
    "Class",
    "In both",
    "With fit",
    "Only A",
    "Only B",
    "Fit A",
    "Fit B",
    "B − A",
    "95 % interval",
    "Accuracy A",
    "Accuracy B",
    "B − A",
    "95 % interval",
    "Clear",
];

pub(super) fn write(comparison: &Comparison, sections: &[usize], out: &mut dyn Write) -> io::Result<()> {
    out.write_all(b"<section>\n<h2>All classes</h2>\n<div class=\"scroll\">\n<table class=\"sortable\">\n<thead><tr>")?;
    for heading in HEADINGS {
        let class = if ["Class", "Clear"].contains(&heading) { "" } else { " class=\"n\"" };
        write!(out, "<th scope=\"col\"{class}>{heading}</th>")?;
    }
    out.write_all(b"</tr></thead>\n<tbody>\n")?;
    for (place, class) in comparison.classes.iter().enumerate() {
        write!(out, "<tr id=\"{}\" data-class=\"{}\"><td>", row_id(place), Text(&class.class))?;
        let name = readable_class(&class.class);
        if sections.contains(&place) {
            write!(out, "<a href=\"#{}\">{}</a></td>", section_id(place), Text(&name))?;
        } else {
            write!(out, "{}</td>", Text(&name))?;
        }
        numbers(class, out)?;
        out.write_all(b"</tr>\n")?;
    }
    out.write_all(b"</tbody>\n<tfoot><tr><td>All photos</td>")?;
    numbers(&comparison.total, out)?;
    out.write_all(
        b"</tr></tfoot>\n</table>\n</div>\n<p class=\"weak\">Both fits are the means over the photos that have one in A and in B; those \
          that have one in A only or in B only are counted.</p>\n</section>\n",
    )
}

fn numbers(class: &ClassDifference, out: &mut dyn Write) -> io::Result<()> {
    for n in [class.common, class.fit.n, class.fit.only_first, class.fit.only_second] {
        cell(Some(n as f64), &n.to_string(), out)?;
    }
    for paired in [&class.fit, &class.accuracy] {
        cell(paired.first, &percent(paired.first), out)?;
        cell(paired.second, &percent(paired.second), out)?;
        cell(paired.difference, &paired.difference.map_or_else(|| "–".to_owned(), points), out)?;
        cell(paired.ci.map(|ci| ci.0), &interval(paired), out)?;
    }
    write!(out, "<td>{}</td>", clear(class))
}

/// Which numbers differ clearly, as tags.
fn clear(class: &ClassDifference) -> String {
    let tag = |name: &str, paired: &Paired| {
        let kind = if paired.difference.is_some_and(|difference| difference < 0.0) { "wrong" } else { "right" };
        paired.is_clear().then(|| format!("<span class=\"tag {kind}\">{name}</span>"))
    };
    [tag("fit", &class.fit), tag("accuracy", &class.accuracy)].into_iter().flatten().collect::<Vec<_>>().join(" ")
}
