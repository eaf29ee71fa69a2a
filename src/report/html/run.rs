//! What was run: data, models, settings, and what became of the photos.

use std::io::{self, Write};

use super::facts::Facts;
use super::text::Text;
use super::{HtmlOptions, ModelNote};
use crate::report::words::{counted, percent, short_name};
use crate::store::{NetworkInfo, TargetRule};
use crate::summary::NoRoi;

/// Failed photos that are listed by name; the others are counted.
const MAX_FAILURES: usize = 50;

pub(super) fn write(facts: &Facts, notes: &[ModelNote], options: &HtmlOptions, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(b"<section>\n<h2>What was run</h2>\n<dl class=\"settings\">\n")?;
    for (name, value) in settings(facts, options) {
        writeln!(out, "<dt>{name}</dt><dd>{}</dd>", Text(&value))?;
    }
    let settings = &facts.run.settings;
    model("Classifier", &settings.classifier, notes, out)?;
    if let Some(detector) = &settings.detector {
        model("Detector", detector, notes, out)?;
    }
    out.write_all(b"</dl>\n")?;
    failures(facts, out)?;
    out.write_all(b"</section>\n")
}

fn settings(facts: &Facts, options: &HtmlOptions) -> Vec<(&'static str, String)> {
    let settings = &facts.run.settings;
    let total = &facts.total;
    let usable = total.samples - total.failed;
    let data_set = facts.root.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let target = match settings.target {
        TargetRule::Predicted => "the predicted class",
        TargetRule::Labelled => "the most probable class of the label",
    };
    let regions = match &settings.detector {
        Some(detector) => {
            let score = percent(Some(f64::from(settings.roi_min_score)));
            format!("from {}, score at least {score}", short_name(&detector.name))
        }
        None => "none".to_owned(),
    };
    let regions = match facts.roi_choice.words() {
        Some(words) => format!("{regions}; counted are those of {words}"),
        None => regions,
    };
    let counted_as = match options.no_roi {
        NoRoi::Exclude => "photos without a region are left out of the mean fit",
        NoRoi::Zero => "photos without a region count as a fit of 0",
    };
    let lines = &options.thresholds;
    let waiting = facts.listed.saturating_sub(facts.samples.len());
    let mut photos = format!(
        "{} of {}: {} with a region, {} without, {} unusable",
        total.samples,
        facts.listed,
        total.with_roi,
        usable - total.with_roi,
        total.failed
    );
    if waiting > 0 {
        photos.push_str(&format!(", {waiting} still to be analysed"));
    }
    vec![
        ("Data set", data_set),
        ("Photos", photos),
        ("Saliency", format!("{} at layer {}, explaining {target}", settings.method, settings.layer)),
        ("Regions", regions),
        ("Means", format!("{counted_as}; intervals are 95 % percentile bootstrap")),
        (
            "Suspect",
            format!(
                "fit below {} or lift below {}, with an accuracy of at least {} and a coverage of at least {}",
                percent(Some(lines.fit)),
                lines.lift,
                percent(Some(lines.accuracy)),
                percent(Some(lines.coverage))
            ),
        ),
        ("Labels", labels(facts)),
        ("Program", format!("camroi {}", env!("CARGO_PKG_VERSION"))),
    ]
}

/// How labels were matched with the classifier's classes.
fn labels(facts: &Facts) -> String {
    let hits = &facts.run.settings.hits;
    if hits.is_empty() {
        return "none that the classifier knows, so that nothing is said of accuracy".to_owned();
    }
    let grouped = hits.values().filter(|classes| classes.len() > 1).count();
    let labels = counted(hits.len(), "label stands", "labels stand");
    format!("{labels} for classes of the classifier, {grouped} of them for more than one")
}

fn model(role: &str, network: &NetworkInfo, notes: &[ModelNote], out: &mut dyn Write) -> io::Result<()> {
    write!(out, "<dt>{role}</dt><dd><b>{}</b>", Text(&short_name(&network.name)))?;
    if let Some(note) = notes.iter().find(|note| note.name == network.name) {
        for text in [&note.description, &note.source].into_iter().filter(|text| !text.is_empty()) {
            write!(out, "<br />{}", Text(text))?;
        }
        let licence = if note.licence.is_empty() { "not stated" } else { &note.licence };
        write!(out, "<br />Licence: {}", Text(licence))?;
    }
    if let Some(hash) = weights_sha256(&network.key) {
        write!(out, "<br />Weights: SHA-256 <code>{hash}</code>")?;
    }
    write!(
        out,
        "<br /><small>{} classes. Identity: <code>{}</code></small>",
        network.class_names.len(),
        Text(&network.key)
    )?;
    out.write_all(b"</dd>\n")
}

/// The hash in a network's identity.
pub(super) fn weights_sha256(key: &str) -> Option<&str> {
    key.split_whitespace().find(|word| word.len() == 64 && word.bytes().all(|b| b.is_ascii_hexdigit()))
}

fn failures(facts: &Facts, out: &mut dyn Write) -> io::Result<()> {
    if facts.failures.is_empty() {
        return Ok(());
    }
    writeln!(out, "<h4>Photos that could not be used</h4>\n<ul>")?;
    for (path, reason) in facts.failures.iter().take(MAX_FAILURES) {
        writeln!(out, "<li>{}: {}</li>", Text(path), Text(reason))?;
    }
    if let Some(more) = facts.failures.len().checked_sub(MAX_FAILURES).filter(|more| *more > 0) {
        writeln!(out, "<li>and {more} more</li>")?;
    }
    writeln!(out, "</ul>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_found_in_an_identity() {
        let hash = "a1".repeat(32);
        let key = format!("resnet18 {hash} layer=layer4 Preprocessing {{ .. }} gradcam");
        assert_eq!(weights_sha256(&key), Some(hash.as_str()));
        assert_eq!(weights_sha256("classifier-1"), None);
    }
}
