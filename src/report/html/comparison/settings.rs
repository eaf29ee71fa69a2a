//! What the two runs were made with, and where that differs.

use std::io::{self, Write};

use super::ComparedRun;
use crate::report::html::run::weights_sha256;
use crate::report::html::text::Text;
use crate::report::words::{percent, short_name};
use crate::store::{NetworkInfo, TargetRule};

/// Writes the settings as a table; what both have in common stands once.
pub(super) fn write(sides: &[ComparedRun<'_>; 2], out: &mut dyn Write) -> io::Result<()> {
    out.write_all(
        b"<section>\n<h2>What was run</h2>\n<div class=\"scroll\">\n<table class=\"sides\">\n\
          <thead><tr><th></th><th scope=\"col\">A</th><th scope=\"col\">B</th></tr></thead>\n<tbody>\n",
    )?;
    let differ = sides[0].store.roi_choice() != sides[1].store.roi_choice();
    let [first, second] = sides.each_ref().map(|side| settings(side, differ));
    for ((name, a), (_, b)) in first.iter().zip(&second) {
        if a == b {
            writeln!(
                out,
                "<tr class=\"same\"><th scope=\"row\">{name}</th><td colspan=\"2\">{}</td></tr>",
                shown(name, a)
            )?;
        } else {
            writeln!(
                out,
                "<tr class=\"differs\"><th scope=\"row\">{name}</th><td>{}</td><td>{}</td></tr>",
                shown(name, a),
                shown(name, b)
            )?;
        }
    }
    out.write_all(b"</tbody>\n</table>\n</div>\n</section>\n")
}

/// What identifies a network in full, which is not made for people.
const IDENTITIES: [&str; 4] =
    [CLASSIFIER_WEIGHTS, DETECTOR_WEIGHTS, "Identity of the classifier", "Identity of the detector"];

const CLASSIFIER_WEIGHTS: &str = "Weights of the classifier, SHA-256";
const DETECTOR_WEIGHTS: &str = "Weights of the detector, SHA-256";

/// A value as markup.
fn shown(name: &str, value: &str) -> String {
    if IDENTITIES.contains(&name) { format!("<code>{}</code>", Text(value)) } else { Text(value).to_string() }
}

/// Name and value of each setting, the same names for every run; `in_full` names also the usual choice of regions.
fn settings(side: &ComparedRun<'_>, in_full: bool) -> Vec<(&'static str, String)> {
    let settings = &side.run.settings;
    let none = || "none".to_owned();
    let network = |network: Option<&NetworkInfo>| network.map_or_else(none, |network| short_name(&network.name));
    let identity = |network: Option<&NetworkInfo>| {
        let key = network.map(|network| network.key.as_str()).unwrap_or_default();
        weights_sha256(key).map_or_else(|| "not known".to_owned(), str::to_owned)
    };
    let target = match settings.target {
        TargetRule::Predicted => "the predicted one",
        TargetRule::Labelled => "the most probable one of the label",
    };
    let (classifier, detector) = (Some(&settings.classifier), settings.detector.as_ref());
    let score = detector.map_or_else(none, |_| percent(Some(f64::from(settings.roi_min_score))));
    let choice = side.store.roi_choice();
    let words = if in_full { Some(choice.all_words()) } else { choice.words() };
    let counted = words.unwrap_or_else(|| "the usual ones".to_owned());
    vec![
        ("Project", side.title()),
        ("Run", side.run.id.0.to_string()),
        ("Classifier", network(classifier)),
        (CLASSIFIER_WEIGHTS, identity(classifier)),
        ("Layer", settings.layer.clone()),
        ("Method", settings.method.clone()),
        ("Explained class", target.to_owned()),
        ("Detector", network(detector)),
        (DETECTOR_WEIGHTS, identity(detector)),
        ("Lowest score of a region", score),
        ("Regions that count", counted),
        ("Labels that the classifier knows", settings.hits.len().to_string()),
        ("Identity of the classifier", settings.classifier.key.clone()),
        ("Identity of the detector", detector.map_or_else(none, |network| network.key.clone())),
    ]
}
