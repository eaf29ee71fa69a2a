//! A class's own section: numbers, verdict, and the photos that show why.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::choice::{self, Group};
use super::facts::{ClassFacts, Facts};
use super::overview::{finding_tag, sentence, verdict_tag};
use super::picture::picture;
use super::text::Text;
use super::{HtmlOptions, ReportError, elsewhere, plot, row_id, section_id};
use crate::analysis::{Measured, Outcome};
use crate::dataset::readable_class;
use crate::focus::ClassFocus;
use crate::overlay::Style;
use crate::report::photos::{overlaid, photo};
use crate::report::words::{counted, factor, interval, percent};
use crate::store::{SampleResult, Store};
use crate::summary::confusions;
use crate::verdict::Verdict;

/// Confusions that are listed.
const MAX_CONFUSIONS: usize = 8;

/// A section and the photos in it.
pub(super) struct Section<'a> {
    pub(super) place: usize,
    pub(super) class: &'a ClassFacts,
    pub(super) groups: Vec<Group>,
    focus: ClassFocus,
}

impl<'a> Section<'a> {
    pub(super) fn new(
        facts: &'a Facts,
        place: usize,
        store: &Store,
        options: &HtmlOptions,
    ) -> Result<Self, ReportError> {
        let class = &facts.classes[place];
        let focus = elsewhere::focus(facts, class, store, options)?;
        Ok(Self { place, class, groups: choice::photos(facts, class, options.images_per_class), focus })
    }

    /// How many pictures are drawn.
    pub(super) fn pictures(&self) -> usize {
        self.samples().count() + self.focus.patches.len()
    }

    /// Places of its photos in the list of all samples.
    pub(super) fn samples(&self) -> impl Iterator<Item = usize> {
        self.groups.iter().flat_map(|group| group.samples.iter().copied())
    }

    /// Places of all photos of which something is shown.
    pub(super) fn credited(&self, facts: &Facts) -> Vec<usize> {
        let in_patches = |place: &usize| self.focus.patches.iter().any(|(id, _)| *id == facts.samples[*place].id);
        self.samples().chain(self.class.samples.iter().copied().filter(in_patches)).collect()
    }

    /// Writes it; `shown` is called after each photo and can end the work.
    pub(super) fn write(
        &self,
        facts: &Facts,
        store: &Store,
        options: &HtmlOptions,
        shown: &mut dyn FnMut() -> Result<(), ReportError>,
        out: &mut dyn Write,
    ) -> Result<(), ReportError> {
        let row = &self.class.row;
        write!(
            out,
            "<section class=\"class\" id=\"{}\" data-class=\"{}\">\n<h3>{}",
            section_id(self.place),
            Text(&row.class),
            Text(&readable_class(&row.class))
        )?;
        for finding in &self.class.findings {
            write!(out, " {}", finding_tag(*finding))?;
        }
        writeln!(out, " <small><a href=\"#{}\">in the table</a></small></h3>", row_id(self.place))?;
        for finding in &self.class.findings {
            writeln!(out, "<p>{}.</p>", Text(&capitalised(&sentence(self.class, *finding))))?;
        }
        verdict(self.class, out)?;
        self.numbers(facts, out)?;
        elsewhere::patches(facts, self.class, &self.focus, shown, out)?;
        for group in &self.groups {
            writeln!(out, "<h4>{}</h4>\n<div class=\"pictures\">", group.title)?;
            for &place in &group.samples {
                let sample = &facts.samples[place];
                if let Some(result) = store.result(facts.run.id, sample.id)? {
                    figure(facts, &result, options, out)?;
                }
                shown()?;
            }
            out.write_all(b"</div>\n")?;
        }
        Ok(out.write_all(b"</section>\n")?)
    }

    fn numbers(&self, facts: &Facts, out: &mut dyn Write) -> Result<(), ReportError> {
        let row = &self.class.row;
        let numbers = [
            ("Photos", row.samples.to_string()),
            ("Could not be used", row.failed.to_string()),
            ("With a region", format!("{} ({})", row.with_roi, percent(row.coverage))),
            ("Mean fit", percent(row.mean_fit)),
            ("95 % interval", interval(row.ci)),
            ("Mean fit, none as 0", percent(row.mean_fit_zero)),
            ("Mean lift", factor(row.mean_lift)),
            ("Mean area share", percent(row.mean_area_share)),
            ("Region fills the view", row.uninformative.to_string()),
            ("Accuracy", percent(row.accuracy)),
            ("Mean confidence", percent(row.mean_confidence)),
        ];
        out.write_all(b"<div class=\"columns\">\n<dl class=\"settings\">\n")?;
        for (name, value) in numbers {
            writeln!(out, "<dt>{name}</dt><dd>{value}</dd>")?;
        }
        out.write_all(b"</dl>\n<div><h4>Photos by fit</h4>\n")?;
        if row.spread.count() == 0 {
            out.write_all(b"<p class=\"weak\">No photo has a fit.</p>\n")?;
        } else {
            plot::histogram(&row.spread, out)?;
        }
        out.write_all(b"</div>\n")?;
        elsewhere::mean_maps(&self.focus, out)?;
        self.confusions(facts, out)?;
        self.sample_verdicts(facts, out)?;
        Ok(out.write_all(b"</div>\n")?)
    }

    fn confusions(&self, facts: &Facts, out: &mut dyn Write) -> io::Result<()> {
        let found = confusions(self.class.samples.iter().filter_map(|&p| facts.samples[p].score.as_ref()));
        if found.is_empty() {
            return Ok(());
        }
        out.write_all(b"<div><h4>Taken for</h4>\n<ul>\n")?;
        for confusion in found.iter().take(MAX_CONFUSIONS) {
            let name = facts.predicted_name(confusion.predicted);
            writeln!(
                out,
                "<li>{} <span class=\"weak\">{}</span></li>",
                Text(&name),
                counted(confusion.samples, "photo", "photos")
            )?;
        }
        if let Some(more) = found.len().checked_sub(MAX_CONFUSIONS).filter(|more| *more > 0) {
            writeln!(out, "<li class=\"weak\">and {}</li>", counted(more, "other class", "other classes"))?;
        }
        out.write_all(b"</ul></div>\n")
    }

    /// How often each verdict was given to photos of the class.
    fn sample_verdicts(&self, facts: &Facts, out: &mut dyn Write) -> io::Result<()> {
        let mut counts: BTreeMap<&str, (Verdict, usize)> = BTreeMap::new();
        for judgement in self.class.samples.iter().filter_map(|&p| facts.sample_verdicts.get(&facts.samples[p].id)) {
            counts.entry(judgement.verdict.as_str()).or_insert((judgement.verdict, 0)).1 += 1;
        }
        if counts.is_empty() {
            return Ok(());
        }
        out.write_all(b"<div><h4>Verdicts on photos</h4>\n<ul>\n")?;
        for (verdict, n) in counts.values() {
            writeln!(out, "<li>{} {n}</li>", verdict_tag(*verdict))?;
        }
        out.write_all(b"</ul></div>\n")
    }
}

fn capitalised(sentence: &str) -> String {
    let mut letters = sentence.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn verdict(class: &ClassFacts, out: &mut dyn Write) -> io::Result<()> {
    let Some(judgement) = &class.row.judgement else { return Ok(()) };
    let tag = verdict_tag(judgement.verdict);
    writeln!(out, "<p class=\"verdict\">Verdict: {tag} {}.</p>", judgement.verdict.meaning())?;
    note(&judgement.note, out)
}

fn note(note: &str, out: &mut dyn Write) -> io::Result<()> {
    if note.is_empty() { Ok(()) } else { writeln!(out, "<p class=\"note\">{}</p>", Text(note)) }
}

/// The photo as it is and with the evidence, side by side, or why it cannot be shown.
fn figure(facts: &Facts, result: &SampleResult, options: &HtmlOptions, out: &mut dyn Write) -> Result<(), ReportError> {
    let Outcome::Measured(measured) = &result.outcome else { return Ok(()) };
    writeln!(out, "<figure data-path=\"{}\">", Text(&result.path))?;
    match photo(&facts.root, &result.path, options.longest_px) {
        Ok(original) => {
            let evidence = overlaid(&original, measured, &Style::default());
            let name = Text(&result.path);
            out.write_all(b"<div class=\"pair\">")?;
            picture(&original, &format!("{name}"), out)?;
            picture(&evidence, &format!("{name} with its heat map and regions"), out)?;
            out.write_all(b"</div>\n")?;
        }
        Err(error) => writeln!(out, "<p class=\"note\">{}</p>", Text(&error.to_string()))?,
    }
    caption(facts, result, measured, out)?;
    Ok(out.write_all(b"</figure>\n")?)
}

fn caption(facts: &Facts, result: &SampleResult, measured: &Measured, out: &mut dyn Write) -> io::Result<()> {
    let file = result.path.rsplit('/').next().unwrap_or(&result.path);
    write!(out, "<figcaption><b>{}</b> · ", Text(file))?;
    match measured.fit.value() {
        Some(fit) => write!(
            out,
            "fit {} · area {} · lift {}",
            percent(Some(fit)),
            percent(measured.fit.area_share()),
            factor(measured.fit.lift())
        )?,
        None => out.write_all(measured.fit.absence().unwrap_or_default().as_bytes())?,
    }
    if let Some(best) = measured.explanation.top.first() {
        let name = facts.predicted_name(best.class);
        write!(out, "<br />predicted {} {}", Text(&name), percent(Some(f64::from(best.probability))))?;
    }
    match result.score.and_then(|score| score.correct) {
        Some(true) => write!(out, " <span class=\"right\">right</span>")?,
        Some(false) => write!(out, " <span class=\"wrong\">wrong</span>")?,
        None => {}
    }
    if let Some(judgement) = facts.sample_verdicts.get(&result.id) {
        write!(out, "<br />{}", verdict_tag(judgement.verdict))?;
        if !judgement.note.is_empty() {
            write!(out, " {}", Text(&judgement.note))?;
        }
    }
    out.write_all(b"</figcaption>\n")
}
