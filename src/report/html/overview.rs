//! The first page: the run in a few numbers, and what a person should look at.

use std::io::{self, Write};

use super::facts::{ClassFacts, Facts};
use super::section_id;
use super::text::Text;
use crate::dataset::readable_class;
use crate::report::text::finding_text;
use crate::report::words::{self, counted, factor, interval, percent};
use crate::summary::Finding;
use crate::verdict::Verdict;

pub(super) fn write(facts: &Facts, sections: &[usize], out: &mut dyn Write) -> io::Result<()> {
    let settings = &facts.run.settings;
    let classifier = words::short_name(&settings.classifier.name);
    write!(
        out,
        "<header>\n<h1>{}</h1>\n<p>Does <b>{}</b> look at the object? For each photo, the saliency of its decision ({}) was \
         computed, and the share of it that lies inside an object’s region: the <em>fit</em>. A class that is recognised \
         although its fit is low is one where the classifier may go by something else.</p>\n",
        Text(&facts.title),
        Text(&classifier),
        Text(&settings.method)
    )?;
    figures(facts, out)?;
    out.write_all(b"</header>\n<section>\n<h2>What to look at</h2>\n")?;
    remarkable(facts, sections, out)?;
    out.write_all(READING.as_bytes())?;
    out.write_all(b"</section>\n")
}

const READING: &str = "<p class=\"weak\"><b>Fit</b> is the share of the saliency inside the best region. <b>Area</b> is the share \
of the classifier’s view that this region covers: what the fit would be if the saliency were the same everywhere. <b>Lift</b> \
is fit over area; 1 means that the region attracts no more than its size explains. <b>Coverage</b> is the share of the photos \
in which a region was found. A low fit has three causes: the classifier looks elsewhere, the class has no object, or the \
detector does not know it. The pictures tell them apart, the number cannot.</p>\n";

fn figures(facts: &Facts, out: &mut dyn Write) -> io::Result<()> {
    let total = &facts.total;
    let waiting = facts.listed.saturating_sub(facts.samples.len());
    let photos = if waiting == 0 {
        total.samples.to_string()
    } else {
        format!("{} <small>of {}</small>", total.samples, facts.listed)
    };
    let suspects = facts.classes.iter().filter(|class| class.is_suspect()).count();
    let figures = [
        ("photos analysed", photos),
        ("could not be used", total.failed.to_string()),
        ("without a region", (total.samples - total.failed - total.with_roi).to_string()),
        ("classes", facts.classes.len().to_string()),
        ("suspect classes", suspects.to_string()),
        ("mean fit, 95 % interval", format!("{} <small>{}</small>", percent(total.mean_fit), interval(total.ci))),
        ("mean area share", percent(total.mean_area_share)),
        ("mean lift", factor(total.mean_lift)),
        ("accuracy", percent(total.accuracy)),
    ];
    out.write_all(b"<dl class=\"figures\">\n")?;
    for (name, value) in figures {
        writeln!(out, "<div><dt>{name}</dt><dd>{value}</dd></div>")?;
    }
    out.write_all(b"</dl>\n")
}

fn remarkable(facts: &Facts, sections: &[usize], out: &mut dyn Write) -> io::Result<()> {
    let found: Vec<(usize, &ClassFacts)> =
        facts.classes.iter().enumerate().filter(|(_, class)| class.is_remarkable()).collect();
    if found.is_empty() {
        return out.write_all(b"<p>No class is remarkable by its numbers, and no verdicts were given.</p>\n");
    }
    out.write_all(b"<ul>\n")?;
    for (place, class) in &found {
        out.write_all(b"<li>")?;
        let name = readable_class(&class.row.class);
        if sections.contains(place) {
            write!(out, "<a href=\"#{}\"><b>{}</b></a>", section_id(*place), Text(&name))?;
        } else {
            write!(out, "<b>{}</b>", Text(&name))?;
        }
        if let Some(judgement) = &class.row.judgement {
            write!(out, " {}", verdict_tag(judgement.verdict))?;
        }
        for finding in &class.findings {
            write!(out, " {}", finding_tag(*finding))?;
        }
        for finding in &class.findings {
            write!(out, " <span class=\"weak\">{}.</span>", Text(&sentence(class, *finding)))?;
        }
        out.write_all(b"</li>\n")?;
    }
    out.write_all(b"</ul>\n")?;
    let left_out = found.iter().filter(|(place, _)| !sections.contains(place)).count();
    if left_out > 0 {
        let classes = counted(left_out, "class has", "classes have");
        writeln!(
            out,
            "<p class=\"weak\">{classes} no section below, because this report is limited to {}.</p>",
            sections.len()
        )?;
    }
    Ok(())
}

/// What is remarkable about a class, without its name in front.
pub(super) fn sentence(class: &ClassFacts, finding: Finding) -> String {
    let text = finding_text(&class.row, finding);
    text.strip_prefix(&format!("{}: ", class.row.class)).unwrap_or(&text).to_owned()
}

pub(super) fn finding_tag(finding: Finding) -> String {
    let kind = match finding {
        Finding::Suspect => "suspect",
        Finding::NoObject => "open",
        Finding::LargeRegions => "large",
    };
    format!("<span class=\"tag {kind}\">{}</span>", words::finding_word(finding))
}

pub(super) fn verdict_tag(verdict: Verdict) -> String {
    let kind = match verdict {
        Verdict::Spurious => "spurious",
        Verdict::LegitimateContext => "context",
        Verdict::NoObject | Verdict::DetectorMiss => "large",
        Verdict::Undecided => "open",
    };
    format!("<span class=\"tag {kind}\">{}</span>", words::verdict_word(verdict))
}
