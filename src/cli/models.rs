//! `camroi models`.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};

use super::args::{ModelsArgs, ModelsCommand};
use super::{Status, output};
use crate::analysis::Models;
use crate::card::{Classes, ModelCard, ModelKind};
use crate::dataset::Dataset;
use crate::demo;
use crate::device::DeviceChoice;
use crate::models::{APACHE_2_0, NOTICES, add, architecture_names, bundled_names, card, load_classifier};
use crate::preprocess::decode;
use crate::report::{Column, table};
use crate::saliency::{Method, Recipe};

/// Photos that a new classifier is tried on.
const PREVIEWED: usize = 5;

pub(super) fn models(args: &ModelsArgs) -> Result<Status> {
    match &args.command {
        None | Some(ModelsCommand::List) => list()?,
        Some(ModelsCommand::Show { model }) => show(model)?,
        Some(ModelsCommand::Add { weights, classes }) => add_card(weights, classes.as_deref())?,
        Some(ModelsCommand::Licences) => output::print(&format!("{NOTICES}\n{APACHE_2_0}"))?,
    }
    Ok(Status::Fine)
}

fn list() -> Result<()> {
    let columns = [Column::Left("name"), Column::Left("kind"), Column::Left("description"), Column::Left("licence")];
    let mut rows = Vec::new();
    for name in bundled_names() {
        let card = card(name)?;
        rows.push(vec![card.name.clone(), kind(&card).to_owned(), card.description, card.licence]);
    }
    let known = architecture_names().collect::<Vec<_>>().join(", ");
    output::print(&format!("{}\nOwn classifiers can be of these architectures: {known}\n", table(&columns, &rows)))
}

fn show(model: &str) -> Result<()> {
    let card = card(model)?;
    let mut text = describe(&card);
    if matches!(card.kind, ModelKind::Classifier { .. }) {
        let classifier = load_classifier(model, None, &DeviceChoice::Cpu.open()?)?;
        text.push_str("layers\n");
        for (layer, grid) in classifier.layers().iter().zip(classifier.grids()) {
            let mark = if layer == classifier.layer() { "  (target)" } else { "" };
            text.push_str(&format!("  {layer}  {} × {} cells{mark}\n", grid.width, grid.height));
        }
    }
    output::print(&text)
}

fn add_card(weights: &Path, classes: Option<&Path>) -> Result<()> {
    let classes = classes.map(class_list).transpose()?;
    let path = add(weights, classes.as_ref())?;
    let model = path.to_string_lossy();
    let card = card(&model)?;
    output::print(&format!("{}\nWritten to {model}.\n", describe(&card)))?;
    if matches!(card.kind, ModelKind::Detector { .. }) {
        return Ok(());
    }
    output::print("What its classifier says of five photos:\n")?;
    output::print(&preview(&model)?)?;
    output::print("If these are wrong, correct the order of the classes, mean, std or resize in the card.\n")
}

/// A list of classes from a file, or from the names of a folder's folders in the order that training scripts number them.
fn class_list(path: &Path) -> Result<Classes> {
    let cannot = || format!("cannot read the classes from {}", path.display());
    if !path.is_dir() {
        let text = std::fs::read_to_string(path).with_context(cannot)?;
        return Classes::parse(&text).with_context(cannot);
    }
    let mut names = Vec::new();
    for entry in std::fs::read_dir(path).with_context(cannot)? {
        let entry = entry.with_context(cannot)?;
        if entry.path().is_dir() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    ensure!(!names.is_empty(), "{} has no folders that could be classes", path.display());
    names.sort();
    Ok(Classes::from_names(names))
}

/// The most probable classes of photos of the demo, one from each of the first groups.
fn preview(model: &str) -> Result<String> {
    let classifier = load_classifier(model, None, &DeviceChoice::Cpu.open()?)?;
    let names = classifier.class_names().to_vec();
    let models = Models { classifier, detector: None, recipe: Recipe::new(Method::GradCam) };
    let dataset = Dataset::scan(&demo::folder()?)?;
    let mut seen = BTreeSet::new();
    let mut text = String::new();
    for sample in dataset.samples.iter().filter(|s| seen.insert(s.label.clone())).take(PREVIEWED) {
        let path = dataset.path_of(sample);
        let bytes = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let top = models.measure(&decode(&bytes)?, 1.0)?.explanation.top;
        let top = top.iter().map(|p| format!("{} {:.0} %", names[p.class.0], 100.0 * p.probability));
        let shown = path.file_name().unwrap_or_default().to_string_lossy();
        text.push_str(&format!("  {shown}: {}\n", top.collect::<Vec<_>>().join(", ")));
    }
    Ok(text)
}

fn kind(card: &ModelCard) -> &'static str {
    match card.kind {
        ModelKind::Classifier { .. } => "classifier",
        ModelKind::Detector { .. } => "detector",
    }
}

fn describe(card: &ModelCard) -> String {
    let mut lines = vec![
        ("name", card.name.clone()),
        ("kind", kind(card).to_owned()),
        ("description", card.description.clone()),
        ("architecture", card.architecture.clone()),
        ("input", format!("{} × {} pixels", card.input.input.width, card.input.input.height)),
    ];
    match &card.kind {
        ModelKind::Classifier { target_layer } => {
            lines
                .push(("target layer", target_layer.clone().unwrap_or_else(|| "the architecture's own choice".into())));
        }
        ModelKind::Detector { roi_score } => lines.push(("ROI score", roi_score.to_string())),
    }
    lines.push(("weights", card.weights_file.clone()));
    lines.push(("SHA-256", card.weights_sha256.clone().unwrap_or_else(|| "not stated".into())));
    lines.push(("licence", card.licence.clone()));
    lines.push(("source", card.source.clone()));
    lines.into_iter().fold(String::new(), |text, (name, value)| format!("{text}{name:<13} {value}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_a_list_or_the_names_of_folders_in_order() -> Result<()> {
        let folder = tempfile::tempdir()?;
        for name in ["snow", "alp", "Web"] {
            std::fs::create_dir(folder.path().join(name))?;
        }
        assert!(class_list(&folder.path().join("alp")).is_err());
        let list = folder.path().join("list.json");
        std::fs::write(&list, r#"["b", "a"]"#)?;
        assert_eq!(class_list(&list)?.names, ["b", "a"]);
        assert_eq!(class_list(folder.path())?.names, ["Web", "alp", "snow"]);
        Ok(())
    }

    #[test]
    fn a_new_classifier_is_tried_on_five_photos() -> Result<()> {
        let text = preview(crate::models::DEFAULT_CLASSIFIER)?;
        assert_eq!(text.lines().count(), PREVIEWED);
        assert!(text.contains("chicken.jpg: hen"), "{text}");
        Ok(())
    }
}
