//! A run in one HTML file, for people who have never seen the program.
//!
//! Comes in: a project, what is known of its models, what to show. Goes out: a page that needs nothing beside it and loads
//! nothing: styles, drawings and pictures are in it. May not live here: averages, SQL, what an overlay looks like.
//!
//! The page is HTML and at the same time well-formed XML. The same project and options give the same bytes.

mod base64;
mod checks;
mod choice;
mod class;
mod comparison;
mod credits;
mod elsewhere;
mod facts;
mod head;
mod overview;
mod picture;
mod plot;
mod run;
mod table;
mod text;

use std::io::Write;
use std::ops::ControlFlow;

use super::{ReportError, class_name, sample_verdicts};
use crate::store::{RunInfo, Store};
use crate::summary::{NoRoi, Thresholds};
use class::Section;
pub use comparison::{ComparedRun, ComparisonOptions, write_comparison_html};
use facts::Facts;

/// What a page shows.
#[derive(Clone, Debug, PartialEq)]
pub struct HtmlOptions {
    /// Classes with a section of their own, at most; all are in the table.
    pub classes: usize,
    /// The classes with a section, instead of the remarkable ones.
    pub named: Vec<String>,
    /// Photos in a section, at most.
    pub images_per_class: usize,
    /// Patches outside of the regions in a section, at most.
    pub patches_per_class: usize,
    /// Longest side of a photo, in pixels.
    pub longest_px: u32,
    /// What samples without a region add to the mean fit.
    pub no_roi: NoRoi,
    /// Where the line between usual and remarkable is drawn.
    pub thresholds: Thresholds,
}

impl Default for HtmlOptions {
    fn default() -> Self {
        Self {
            classes: 30,
            named: Vec::new(),
            images_per_class: 8,
            patches_per_class: 12,
            longest_px: 480,
            no_roi: NoRoi::default(),
            thresholds: Thresholds::default(),
        }
    }
}

/// What is known of a model beside what the project says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelNote {
    /// The name that the project has it under.
    pub name: String,
    /// One line for people.
    pub description: String,
    /// Under which licence it may be used; empty if nobody said.
    pub licence: String,
    /// Where it comes from; empty if nobody said.
    pub source: String,
}

/// How far a page or sheet is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageProgress {
    /// Photos and patches drawn.
    pub done: usize,
    /// Photos and patches to draw.
    pub total: usize,
}

/// Writes the page of a run. `progress` is called before the first photo and after each, and ends the work by breaking.
///
/// # Errors
/// If the project or the data set's attribution cannot be read, a class that was asked for does not exist, `out` takes no
/// more, or `progress` breaks. A photo that cannot be read is no error: the page says so in its place.
pub fn write_html(
    store: &Store,
    run: &RunInfo,
    notes: &[ModelNote],
    options: &HtmlOptions,
    progress: &mut dyn FnMut(PageProgress) -> ControlFlow<()>,
    out: &mut dyn Write,
) -> Result<(), ReportError> {
    let facts = Facts::read(store, run, options)?;
    let places = choice::classes(&facts, options).map_err(ReportError::NoSuchClass)?;
    let sections = places.iter().map(|&place| Section::new(&facts, place, store, options));
    let sections = sections.collect::<Result<Vec<_>, _>>()?;
    let mut tell = teller(sections.iter().map(Section::pictures).sum(), progress);
    tell(0)?;
    head::open(&facts.title, out)?;
    overview::write(&facts, &places, out)?;
    plot::scatter(&facts, &places, options, out)?;
    table::write(&facts, &places, out)?;
    checks::write(&facts, &options.thresholds, out)?;
    run::write(&facts, notes, options, out)?;
    if !sections.is_empty() {
        out.write_all(b"<h2 class=\"classes\">Class by class</h2>\n")?;
    }
    for section in &sections {
        section.write(&facts, store, options, &mut || tell(1), out)?;
    }
    credits::write(&facts, sections.iter().flat_map(|section| section.credited(&facts)).collect(), out)?;
    writeln!(
        out,
        "<footer><small>Made with camroi {}. Method: Szandała and Maciejewski, <cite>Automated Method for Evaluating Neural \
         Network’s Attention Focus</cite>.</small></footer>",
        env!("CARGO_PKG_VERSION")
    )?;
    Ok(head::close(out)?)
}

/// What tells `progress` how many more of `total` pictures are drawn, and fails where the work is to end.
fn teller<'a>(
    total: usize,
    progress: &'a mut dyn FnMut(PageProgress) -> ControlFlow<()>,
) -> impl FnMut(usize) -> Result<(), ReportError> + 'a {
    let mut done = 0;
    move |more| {
        done += more;
        match progress(PageProgress { done, total }) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(ReportError::Cancelled),
        }
    }
}

/// Address of a class's section in the page, by its place in the table.
fn section_id(place: usize) -> String {
    format!("class-{place}")
}

/// Address of a class's row in the table.
fn row_id(place: usize) -> String {
    format!("row-{place}")
}
