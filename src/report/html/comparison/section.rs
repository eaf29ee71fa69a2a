//! A class's own section: its photos as both runs see them.

use std::io::Write;

use super::{ComparedRun, ComparisonOptions, difference, row_id, section_id};
use crate::analysis::Outcome;
use crate::dataset::readable_class;
use crate::overlay::Style;
use crate::report::html::ReportError;
use crate::report::html::picture::picture;
use crate::report::html::text::Text;
use crate::report::photos::{overlaid, photo};
use crate::report::words::{percent, points};
use crate::store::SampleResult;
use crate::summary::{ClassDifference, Comparison, SampleDifference};

/// A section and the photos in it.
pub(super) struct Section<'a> {
    pub(super) place: usize,
    class: &'a ClassDifference,
    /// Those whose fits differ most, whichever way.
    pub(super) samples: Vec<&'a SampleDifference>,
}

impl<'a> Section<'a> {
    pub(super) fn new(comparison: &'a Comparison, place: usize, limit: usize) -> Self {
        let class = &comparison.classes[place];
        let of_class =
            |sample: &&SampleDifference| sample.class.as_ref() == Some(&class.class) && differs(sample.fit());
        let mut samples: Vec<&SampleDifference> = comparison.samples.iter().filter(of_class).collect();
        let size = |sample: &SampleDifference| sample.fit().map_or(0.0, f64::abs);
        samples.sort_by(|a, b| size(b).total_cmp(&size(a)).then(a.first.path.cmp(&b.first.path)));
        samples.truncate(limit);
        Self { place, class, samples }
    }

    /// Writes it; `shown` is called after each photo and can end the work.
    pub(super) fn write(
        &self,
        sides: &[ComparedRun<'_>; 2],
        options: &ComparisonOptions,
        shown: &mut dyn FnMut() -> Result<(), ReportError>,
        out: &mut dyn Write,
    ) -> Result<(), ReportError> {
        let ClassDifference { class, common, fit, accuracy, .. } = self.class;
        write!(
            out,
            "<section class=\"class\" id=\"{}\" data-class=\"{}\">\n<h3>{} <small><a href=\"#{}\">in the table</a></small></h3>\n\
             <p>Fit {} in A and {} in B: {}. Accuracy {} and {}: {}.</p>\n\
             <p class=\"weak\">{} of {common} photos: those whose fits differ most, A left, B right.</p>\n<div class=\"pictures\">\n",
            section_id(self.place),
            Text(class),
            Text(&readable_class(class)),
            row_id(self.place),
            percent(fit.first),
            percent(fit.second),
            difference(fit),
            percent(accuracy.first),
            percent(accuracy.second),
            difference(accuracy),
            self.samples.len(),
        )?;
        for sample in &self.samples {
            figure(sides, sample, options, out)?;
            shown()?;
        }
        Ok(out.write_all(b"</div>\n</section>\n")?)
    }
}

/// Whether a difference is shown as one.
fn differs(fit: Option<f64>) -> bool {
    fit.is_some_and(|fit| fit.abs() >= 0.0005)
}

/// The photo with the evidence of A and of B, or why it cannot be shown.
fn figure(
    sides: &[ComparedRun<'_>; 2],
    sample: &SampleDifference,
    options: &ComparisonOptions,
    out: &mut dyn Write,
) -> Result<(), ReportError> {
    let results = [
        sides[0].store.result(sides[0].run.id, sample.first.id)?,
        sides[1].store.result(sides[1].run.id, sample.second.id)?,
    ];
    let path = &sample.first.path;
    writeln!(out, "<figure data-path=\"{}\">", Text(path))?;
    let original = match photo(&sides[0].store.root()?, path, options.longest_px) {
        Err(_) => photo(&sides[1].store.root()?, path, options.longest_px),
        found => found,
    };
    match original {
        Ok(original) => {
            out.write_all(b"<div class=\"pair\">")?;
            for (name, result) in ["A", "B"].into_iter().zip(results.iter().flatten()) {
                let Outcome::Measured(measured) = &result.outcome else { continue };
                let evidence = overlaid(&original, measured, &Style::default());
                picture(&evidence, &format!("{} in {name}", Text(path)), out)?;
            }
            out.write_all(b"</div>\n")?;
        }
        Err(error) => writeln!(out, "<p class=\"note\">{}</p>", Text(&error.to_string()))?,
    }
    let file = path.rsplit('/').next().unwrap_or(path);
    let change = sample.fit().map_or_else(String::new, |fit| format!(" · difference {}", points(fit)));
    write!(out, "<figcaption><b>{}</b>{change}", Text(file))?;
    for (name, (side, result)) in ["A", "B"].into_iter().zip(sides.iter().zip(results.iter().flatten())) {
        write!(out, "<br />{name}: {}", side_words(side, result))?;
    }
    Ok(out.write_all(b"</figcaption>\n</figure>\n")?)
}

/// Fit and prediction of a photo in one of the runs, as markup.
fn side_words(side: &ComparedRun<'_>, result: &SampleResult) -> String {
    let Outcome::Measured(measured) = &result.outcome else { return String::new() };
    let predicted = measured.explanation.top.first().map_or_else(String::new, |best| {
        let name = side.predicted_name(best.class);
        format!(" · predicted {} {}", Text(&name), percent(Some(f64::from(best.probability))))
    });
    let right = match result.score.and_then(|score| score.correct) {
        Some(true) => " <span class=\"right\">right</span>",
        Some(false) => " <span class=\"wrong\">wrong</span>",
        None => "",
    };
    format!("fit {}{predicted}{right}", percent(measured.fit.value()))
}
