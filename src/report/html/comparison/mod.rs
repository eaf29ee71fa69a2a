//! Two runs side by side in one HTML file.
//!
//! Comes in: two runs, each in its project, and how they differ. Goes out: a page like that of a run, which needs nothing
//! beside it and loads nothing. May not live here: differences and their intervals (see [`crate::summary`]).

mod plot;
mod section;
mod settings;
mod table;

use std::io::{self, Write};
use std::ops::ControlFlow;

use super::text::Text;
use super::{PageProgress, ReportError, class_name, head, row_id, section_id, teller};
use crate::dataset::{ClassId, readable_class};
use crate::report::words::{counted, percent, points};
use crate::store::{RunInfo, Store};
use crate::summary::{ClassDifference, Comparison, Paired};
use section::Section;

/// A run of a project, seen through the regions that the project is to count.
#[derive(Clone, Copy)]
pub struct ComparedRun<'a> {
    /// The project.
    pub store: &'a Store,
    /// Its run.
    pub run: &'a RunInfo,
}

impl ComparedRun<'_> {
    /// The project's name.
    fn title(&self) -> String {
        let file = self.store.path();
        file.file_stem().unwrap_or(file.as_os_str()).to_string_lossy().into_owned()
    }

    /// The classifier's name of a class.
    fn predicted_name(&self, class: ClassId) -> String {
        readable_class(class_name(&self.run.settings.classifier.class_names, class))
    }
}

/// What a page of two runs shows.
#[derive(Clone, Debug, PartialEq)]
pub struct ComparisonOptions {
    /// Classes with a section of their own, at most; all are in the table.
    pub classes: usize,
    /// Photos in a section, at most.
    pub images_per_class: usize,
    /// Longest side of a photo, in pixels.
    pub longest_px: u32,
}

impl Default for ComparisonOptions {
    fn default() -> Self {
        Self { classes: 12, images_per_class: 6, longest_px: 420 }
    }
}

/// Writes the page of two runs, A and B, with the classes in the order of `comparison`. `progress` is called before the first
/// photo and after each, and ends the work by breaking.
///
/// # Errors
/// If a project cannot be read, `out` takes no more, or `progress` breaks. A photo that cannot be read is no error: the page
/// says so in its place.
pub fn write_comparison_html(
    sides: [ComparedRun<'_>; 2],
    comparison: &Comparison,
    options: &ComparisonOptions,
    progress: &mut dyn FnMut(PageProgress) -> ControlFlow<()>,
    out: &mut dyn Write,
) -> Result<(), ReportError> {
    let sections: Vec<Section<'_>> = chosen(&comparison.classes, options.classes)
        .into_iter()
        .map(|place| Section::new(comparison, place, options.images_per_class))
        .collect();
    let places: Vec<usize> = sections.iter().map(|section| section.place).collect();
    let mut tell = teller(sections.iter().map(|section| section.samples.len()).sum(), progress);
    tell(0)?;
    head::open(&title(&sides), out)?;
    overview(&sides, comparison, &places, out)?;
    settings::write(&sides, out)?;
    plot::write(comparison, &places, out)?;
    table::write(comparison, &places, out)?;
    if !sections.is_empty() {
        out.write_all(b"<h2 class=\"classes\">Class by class</h2>\n")?;
    }
    for section in &sections {
        section.write(&sides, options, &mut || tell(1), out)?;
    }
    Ok(head::close(out)?)
}

fn title(sides: &[ComparedRun<'_>; 2]) -> String {
    let [a, b] = [sides[0].title(), sides[1].title()];
    match (sides[0].store.path() == sides[1].store.path(), sides[0].run.id == sides[1].run.id) {
        (true, true) => format!("{a}: two choices of regions"),
        (true, false) => format!("{a}: two runs"),
        (false, _) => format!("{a} and {b}"),
    }
}

/// The classes with a section, as places in `rows`, in their order: clear differences before others, large ones before small.
fn chosen(rows: &[ClassDifference], limit: usize) -> Vec<usize> {
    let size = |place: &usize| rows[*place].fit.difference.map_or(0.0, f64::abs);
    let mut places: Vec<usize> = (0..rows.len()).filter(|place| size(place) >= 0.0005).collect();
    places.sort_by(|a, b| {
        let clear = |place: &usize| !rows[*place].fit.is_clear();
        clear(a).cmp(&clear(b)).then(size(b).total_cmp(&size(a))).then(a.cmp(b))
    });
    places.truncate(limit);
    places.sort_unstable();
    places
}

fn overview(
    sides: &[ComparedRun<'_>; 2],
    comparison: &Comparison,
    sections: &[usize],
    out: &mut dyn Write,
) -> io::Result<()> {
    let total = &comparison.total;
    write!(
        out,
        "<header>\n<h1>{}</h1>\n<p>Two runs over the same photos, A and B. All numbers are of the {} that both have; \
         differences are B less A, photo by photo, in percentage points, with the 95 % interval of their mean. A difference is \
         <em>clear</em> where this interval leaves 0 out.</p>\n<dl class=\"figures\">\n",
        Text(&title(sides)),
        counted(total.common, "photo", "photos")
    )?;
    let clear = |of: fn(&ClassDifference) -> &Paired| comparison.classes.iter().filter(|c| of(c).is_clear()).count();
    let pair = |paired: &Paired| format!("{} <small>and</small> {}", percent(paired.first), percent(paired.second));
    for (name, value) in [
        ("photos in both", total.common.to_string()),
        ("only in A", total.only_first.to_string()),
        ("only in B", total.only_second.to_string()),
        ("mean fit of A and B", pair(&total.fit)),
        ("difference, 95 % interval", difference(&total.fit)),
        ("accuracy of A and B", pair(&total.accuracy)),
        ("difference, 95 % interval", difference(&total.accuracy)),
        ("classes whose fit differs clearly", clear(|class| &class.fit).to_string()),
        ("whose accuracy does", clear(|class| &class.accuracy).to_string()),
    ] {
        writeln!(out, "<div><dt>{name}</dt><dd>{value}</dd></div>")?;
    }
    out.write_all(b"</dl>\n")?;
    if comparison.changed > 0 {
        let photos = counted(comparison.changed, "photo has", "photos have");
        writeln!(
            out,
            "<p class=\"weak\">{photos} the same name and another content in B, and count as different.</p>"
        )?;
    }
    left_out(comparison.classes.len(), sections.len(), out)?;
    out.write_all(b"</header>\n")
}

/// Says how many classes have no section, where there are any.
fn left_out(classes: usize, sections: usize, out: &mut dyn Write) -> io::Result<()> {
    match classes - sections {
        0 => Ok(()),
        _ if sections == 0 => writeln!(out, "<p class=\"weak\">No class has a section with photos.</p>"),
        rest => {
            let classes = counted(rest, "other is", "others are");
            writeln!(
                out,
                "<p class=\"weak\">{} of the largest differences have a section with photos below; {classes} in the table only.</p>",
                counted(sections, "class", "classes")
            )
        }
    }
}

/// A difference with its interval, as markup.
fn difference(paired: &Paired) -> String {
    let number = paired.difference.map_or_else(|| "–".to_owned(), points);
    match paired.ci {
        Some(_) => format!("{number} <small>({})</small>", interval(paired)),
        None => number,
    }
}

fn interval(paired: &Paired) -> String {
    paired.ci.map_or_else(|| "–".to_owned(), |(low, high)| format!("{} to {}", points(low), points(high)))
}

/// Where a link to a class leads: its section, or else its row.
fn target(place: usize, sections: &[usize]) -> String {
    if sections.contains(&place) { section_id(place) } else { row_id(place) }
}
