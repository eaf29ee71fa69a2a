//! Drawings in the page: the classes by fit and accuracy, and a class's fits.

use std::io::{self, Write};

use super::facts::{ClassFacts, Facts};
use super::text::Text;
use super::{HtmlOptions, row_id, section_id};
use crate::dataset::readable_class;
use crate::report::words::{counted, percent};
use crate::summary::{BINS, ClassRow, Finding, Spread};

pub(super) const WIDTH: f64 = 860.0;
pub(super) const HEIGHT: f64 = 430.0;
/// Where the values 0 and 1 lie.
pub(super) const LEFT: f64 = 62.0;
pub(super) const RIGHT: f64 = 836.0;
pub(super) const TOP: f64 = 18.0;
pub(super) const BOTTOM: f64 = 374.0;

pub(super) fn x(value: f64) -> f64 {
    LEFT + (RIGHT - LEFT) * value.clamp(0.0, 1.0)
}

pub(super) fn y(value: f64) -> f64 {
    BOTTOM - (BOTTOM - TOP) * value.clamp(0.0, 1.0)
}

/// What stands for the height: the accuracy, or without labels the confidence.
fn height(row: &ClassRow) -> Option<f64> {
    row.accuracy.or(row.mean_confidence)
}

/// Each class at its fit and accuracy; the points lead to the sections or rows of their classes.
pub(super) fn scatter(facts: &Facts, sections: &[usize], options: &HtmlOptions, out: &mut dyn Write) -> io::Result<()> {
    let by = if facts.total.accuracy.is_some() { "Accuracy" } else { "Mean confidence" };
    let lower = by.to_lowercase();
    writeln!(out, "<section class=\"plot\">\n<h2>Fit and {lower}</h2>")?;
    write!(
        out,
        "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"Each class by its mean fit and its {lower}\">\n\
         <rect class=\"low\" x=\"{LEFT}\" y=\"{TOP}\" width=\"{:.1}\" height=\"{:.1}\" />\n",
        x(options.thresholds.fit) - LEFT,
        y(options.thresholds.accuracy) - TOP
    )?;
    axes("Mean fit", by, out)?;
    let points: Vec<Point<'_>> =
        facts.classes.iter().enumerate().filter_map(|(i, class)| Point::new(i, class)).collect();
    for point in &points {
        if let Some((low, high)) = point.class.row.ci {
            let (from, to) = (x(low), x(high));
            writeln!(
                out,
                "<line class=\"whisker\" x1=\"{from:.1}\" x2=\"{to:.1}\" y1=\"{:.1}\" y2=\"{:.1}\" />",
                point.y, point.y
            )?;
        }
    }
    for point in &points {
        point.write(sections, &lower, out)?;
    }
    names(&points, out)?;
    out.write_all(b"</svg>\n")?;
    let missing = facts.classes.len() - points.len();
    write!(
        out,
        "<p class=\"weak\">Lines are 95 % intervals of the fit. In the tinted corner a class is recognised although most of the \
         saliency lies outside its regions. Orange: suspect; hollow: few photos have a region."
    )?;
    if missing > 0 {
        write!(out, " {} no fit and no point.", counted(missing, "class has", "classes have"))?;
    }
    out.write_all(b"</p>\n</section>\n")
}

/// Two axes of shares with their titles.
pub(super) fn axes(across: &str, up: &str, out: &mut dyn Write) -> io::Result<()> {
    for step in 0..=4 {
        let value = f64::from(step) / 4.0;
        let label = format!("{}\u{a0}%", 25 * step);
        let (gx, gy) = (x(value), y(value));
        writeln!(
            out,
            "<line class=\"axis\" x1=\"{gx:.1}\" x2=\"{gx:.1}\" y1=\"{TOP}\" y2=\"{BOTTOM}\" />\
             <line class=\"axis\" x1=\"{LEFT}\" x2=\"{RIGHT}\" y1=\"{gy:.1}\" y2=\"{gy:.1}\" />\
             <text x=\"{gx:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{label}</text>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{label}</text>",
            BOTTOM + 20.0,
            LEFT - 9.0,
            gy + 4.0
        )?;
    }
    let (middle, low) = ((LEFT + RIGHT) / 2.0, BOTTOM + 44.0);
    writeln!(
        out,
        "<text class=\"name\" x=\"{middle:.1}\" y=\"{low:.1}\" text-anchor=\"middle\">{across}</text>\
         <text class=\"name\" transform=\"translate(14 {:.1}) rotate(-90)\" text-anchor=\"middle\">{up}</text>",
        (TOP + BOTTOM) / 2.0
    )
}

struct Point<'a> {
    place: usize,
    class: &'a ClassFacts,
    x: f64,
    y: f64,
    height: f64,
}

impl<'a> Point<'a> {
    fn new(place: usize, class: &'a ClassFacts) -> Option<Self> {
        let height = height(&class.row)?;
        Some(Self { place, class, x: x(class.row.mean_fit?), y: y(height), height })
    }

    fn write(&self, sections: &[usize], by: &str, out: &mut dyn Write) -> io::Result<()> {
        let row = &self.class.row;
        let target = if sections.contains(&self.place) { section_id(self.place) } else { row_id(self.place) };
        let kind = if self.class.is_suspect() {
            " suspect"
        } else if self.class.findings.contains(&Finding::NoObject) {
            " few"
        } else {
            ""
        };
        writeln!(
            out,
            "<a href=\"#{target}\"><circle class=\"point{kind}\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"5.5\"><title>{}: fit {}, {by} {}, \
             {}</title></circle></a>",
            self.x,
            self.y,
            Text(&readable_class(&row.class)),
            percent(row.mean_fit),
            percent(Some(self.height)),
            counted(row.samples, "photo", "photos")
        )
    }
}

/// Names beside the points, remarkable classes first, as long as no name covers another one or a point.
fn names(points: &[Point<'_>], out: &mut dyn Write) -> io::Result<()> {
    const LETTER: f64 = 7.4;
    const LINE: f64 = 14.0;
    let mut taken: Vec<[f64; 4]> = points.iter().map(|p| [p.x - 6.0, p.y - 6.0, p.x + 6.0, p.y + 6.0]).collect();
    let mut order: Vec<&Point<'_>> = points.iter().collect();
    order.sort_by_key(|point| (!point.class.is_suspect(), !point.class.is_remarkable(), point.place));
    for point in order {
        let name = readable_class(&point.class.row.class);
        let width = LETTER * name.chars().count() as f64;
        let places = [
            (point.x + 9.0, 0.0),
            (point.x - 9.0 - width, 0.0),
            (point.x - width / 2.0, 16.0),
            (point.x - width / 2.0, -15.0),
        ];
        let free = places
            .into_iter()
            .map(|(left, down)| [left, point.y + down - LINE / 2.0, left + width, point.y + down + LINE / 2.0]);
        let free = free
            .filter(|[left, top, right, bottom]| *left >= LEFT && *right <= WIDTH && *top >= 0.0 && *bottom <= BOTTOM);
        let apart = |a: &[f64; 4], b: &[f64; 4]| a[2] <= b[0] || b[2] <= a[0] || a[3] <= b[1] || b[3] <= a[1];
        let mut free = free.filter(|place| taken.iter().all(|other| apart(place, other)));
        let Some(place) = free.next() else { continue };
        writeln!(out, "<text class=\"name\" x=\"{:.1}\" y=\"{:.1}\">{}</text>", place[0], place[3] - 3.0, Text(&name))?;
        taken.push(place);
    }
    Ok(())
}

/// How many photos have a fit in each tenth.
pub(super) fn histogram(spread: &Spread, out: &mut dyn Write) -> io::Result<()> {
    let counts = spread.bins;
    let most = counts.iter().copied().max().unwrap_or(0).max(1);
    const STEP: f64 = 26.0;
    const FLOOR: f64 = 96.0;
    let width = STEP * BINS as f64 + 12.0;
    writeln!(out, "<svg width=\"{width}\" height=\"118\" role=\"img\" aria-label=\"Number of photos by fit\">")?;
    for (i, count) in counts.into_iter().enumerate() {
        let left = 6.0 + STEP * i as f64;
        let tall = (FLOOR - 18.0) * f64::from(count) / f64::from(most);
        let top = FLOOR - tall;
        if count > 0 {
            writeln!(
                out,
                "<rect class=\"column\" x=\"{:.1}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{tall:.1}\"><title>fit {}–{}\u{a0}%: {}</title></rect>\
                 <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{count}</text>",
                left + 1.0,
                STEP - 2.0,
                10 * i,
                10 * (i + 1),
                counted(count as usize, "photo", "photos"),
                left + STEP / 2.0,
                top - 4.0
            )?;
        }
    }
    writeln!(out, "<line class=\"axis\" x1=\"6\" x2=\"{:.1}\" y1=\"{FLOOR}\" y2=\"{FLOOR}\" />", width - 6.0)?;
    for (at, label) in [(6.0, "0"), (6.0 + STEP * 5.0, "50"), (width - 6.0, "100\u{a0}%")] {
        let anchor = if label == "0" {
            "start"
        } else if label == "50" {
            "middle"
        } else {
            "end"
        };
        writeln!(out, "<text x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\">{label}</text>", FLOOR + 16.0)?;
    }
    out.write_all(b"</svg>\n")
}
