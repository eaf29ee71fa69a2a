//! `camroi models`.

use anyhow::Result;

use super::add_model::add;
use super::args::{ModelsArgs, ModelsCommand};
use super::pull_model::pull_model;
use super::{Status, output};
use crate::card::{ClassSource, ModelCard, ModelKind};
use crate::device::DeviceChoice;
use crate::models::{
    APACHE_2_0, NOTICES, Published, Shelf, architecture_names, bundled_names, card, load_classifier, published,
};
use crate::preprocess::{ChannelOrder, Interpolation, Preprocessing, Resize};
use crate::report::{Column, table};

pub(super) fn models(args: &ModelsArgs) -> Result<Status> {
    match &args.command {
        Some(ModelsCommand::List { published: true }) => list_published()?,
        None | Some(ModelsCommand::List { .. }) => list()?,
        Some(ModelsCommand::Show { model }) => show(model)?,
        Some(ModelsCommand::Add(args)) => add(args)?,
        Some(ModelsCommand::Pull(args)) => return pull_model(args),
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
    for shelved in Shelf::of_user().cards() {
        match shelved.card {
            Ok(card) => rows.push(vec![card.name.clone(), kind(&card).to_owned(), card.description, card.licence]),
            Err(error) => eprintln!("left out: {error}"),
        }
    }
    let known = architecture_names().collect::<Vec<_>>().join(", ");
    output::print(&format!(
        "{}\nMore can be downloaded: camroi models list --published\n\
         Own classifiers can be of these architectures: {known}; or any in an ONNX file\n",
        table(&columns, &rows)
    ))
}

/// What `pull` can download.
fn list_published() -> Result<()> {
    let columns = ["name", "kind", "architecture"].map(Column::Left);
    let columns: Vec<_> = columns.into_iter().chain([Column::Right("MB"), Column::Left("licence")]).collect();
    let row = |model: &Published| {
        let kind = if model.input.is_some() { "classifier" } else { "detector" };
        let size = model.about_bytes.map_or_else(|| "?".to_owned(), |bytes| (bytes / 1_000_000).to_string());
        vec![model.name.clone(), kind.to_owned(), model.architecture.clone(), size, model.licence.clone()]
    };
    let rows: Vec<_> = published().iter().map(row).collect();
    output::print(&table(&columns, &rows))
}

fn show(model: &str) -> Result<()> {
    let card = card(model)?;
    let mut text = described(&card);
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

fn kind(card: &ModelCard) -> &'static str {
    match card.kind {
        ModelKind::Classifier { .. } => "classifier",
        ModelKind::Detector { .. } => "detector",
    }
}

/// A card, for people.
pub(super) fn described(card: &ModelCard) -> String {
    let mut lines = vec![
        ("name", card.name.clone()),
        ("kind", kind(card).to_owned()),
        ("description", card.description.clone()),
        ("architecture", card.architecture.clone()),
        ("input", input_line(&card.input)),
        ("classes", class_source(&card.classes)),
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

/// How pictures are prepared, in one line.
pub(super) fn input_line(input: &Preprocessing) -> String {
    let Preprocessing { input: size, resize, interpolation, channels, mean, std, scale } = input;
    let resize = match resize {
        Resize::ShorterSide { size } => format!("shorter side to {size}, centre crop"),
        Resize::Stretch => "stretched".to_owned(),
        Resize::Letterbox => "fitted, black around".to_owned(),
        Resize::ShortestEdge { edge, .. } => format!("shorter side to {edge}, whole"),
    };
    let filter = match interpolation {
        Interpolation::Bilinear => "bilinear",
        Interpolation::Bicubic => "bicubic",
        Interpolation::FourPixels => "bilinear between four pixels",
    };
    let channels = match channels {
        ChannelOrder::Rgb => "RGB",
        ChannelOrder::Bgr => "BGR",
    };
    let range = scale * 255.0;
    format!(
        "{} × {} pixels, {resize}, {filter}, {channels} of 0 to {range}, minus {mean:?}, over {std:?}",
        size.width, size.height
    )
}

/// Where the names of the classes are.
fn class_source(classes: &ClassSource) -> String {
    match classes {
        ClassSource::File(file) => format!("in {file}"),
        ClassSource::BuiltIn(list) => format!("{list}, built in"),
        ClassSource::Names(names) if names.len() > 6 => format!("{}, … ({})", names[..5].join(", "), names.len()),
        ClassSource::Names(names) => names.join(", "),
    }
}
