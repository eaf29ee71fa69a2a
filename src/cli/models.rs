//! `camroi models`.

use anyhow::Result;

use super::args::{ModelsArgs, ModelsCommand};
use super::{Status, output};
use crate::card::{ModelCard, ModelKind};
use crate::models::{bundled_names, card};
use crate::report::{Column, table};

pub(super) fn models(args: &ModelsArgs) -> Result<Status> {
    match &args.command {
        None | Some(ModelsCommand::List) => list()?,
        Some(ModelsCommand::Show { model }) => output::print(&describe(&card(model)?))?,
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
    output::print(&table(&columns, &rows))
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
