//! `camroi models add`: from a weights file to its card.

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

use super::args::{AddArgs, ChannelsArg, InterpolationArg, ResizeArg};
use super::models::described;
use super::output;
use super::preview::{Previewed, preview};
use crate::card::{ClassSource, Classes, ModelCard, ModelKind};
use crate::classifier::Classifier;
use crate::dataset::folder_names;
use crate::device::DeviceChoice;
use crate::geometry::Size;
use crate::models::{Draft, Shelf};
use crate::preprocess::{ChannelOrder, Interpolation, Preprocessing, Resize};

pub(super) fn add(args: &AddArgs) -> Result<()> {
    let draft = Draft::read(&args.weights)?;
    let mut card = match &args.architecture {
        Some(name) => draft.card_of(name)?,
        None => draft.card(),
    };
    let others: Vec<_> = draft.architectures().into_iter().filter(|name| *name != card.architecture).collect();
    if !others.is_empty() && args.architecture.is_none() {
        eprintln!("taken for {}, but the file also fits {} (see --architecture)", card.architecture, others.join(", "));
    }
    change(&mut card, args)?;
    match &args.classes {
        Some(path) => card.classes = ClassSource::Names(class_list(path)?.names),
        None if matches!(&card.classes, ClassSource::Names(names) if names.is_empty()) => {
            if let Some(path) = asked_classes(&draft)? {
                card.classes = ClassSource::Names(class_list(&path)?.names);
            }
        }
        None => {}
    }
    draft.check(&card)?;
    output::print(&format!("{}\n", described(&card)))?;
    if matches!(card.kind, ModelKind::Classifier { .. }) {
        // Also without a preview a wrong layer is found before the card is written.
        let classifier = draft.classifier(&card, &DeviceChoice::Cpu.open()?)?;
        if !args.no_preview && !approved(classifier, args.photos.as_deref())? {
            return output::print("Nothing was written.\n");
        }
    }
    let path = draft.add(&card, &Shelf::of_user())?;
    output::print(&format!("Written to {}; from now on it is called {}.\n", path.display(), card.name))
}

/// Shows what the classifier says of a few photos, and asks, where somebody can answer, whether it is right.
fn approved(classifier: Classifier, photos: Option<&Path>) -> Result<bool> {
    output::print("What it says of a few photos:\n")?;
    output::print(&preview_text(&preview(classifier, photos)?))?;
    output::print("If these are wrong, the order of the classes, --mean and --std, --channels or --resize may be.\n")?;
    confirmed("Write the card?")
}

/// What the flags say, over what the file says.
fn change(card: &mut ModelCard, args: &AddArgs) -> Result<()> {
    let set = |to: &mut String, from: &Option<String>| {
        if let Some(from) = from {
            to.clone_from(from);
        }
    };
    set(&mut card.name, &args.name);
    set(&mut card.licence, &args.licence);
    set(&mut card.source, &args.source);
    set(&mut card.description, &args.description);
    if let Some(layer) = &args.layer {
        let ModelKind::Classifier { target_layer } = &mut card.kind else {
            anyhow::bail!("{} is a detector, which has no target layer", args.weights.display());
        };
        *target_layer = Some(layer.clone());
    }
    change_input(&mut card.input, args)
}

fn change_input(input: &mut Preprocessing, args: &AddArgs) -> Result<()> {
    if let Some(side) = args.side {
        input.input = Size::new(side, side);
    }
    match (args.resize, args.shorter_side) {
        (Some(ResizeArg::Stretch), None) => input.resize = Resize::Stretch,
        (Some(ResizeArg::Stretch), Some(_)) => anyhow::bail!("a stretched picture has no --shorter-side"),
        (Some(ResizeArg::ShorterSide), None) => {
            ensure!(matches!(input.resize, Resize::ShorterSide { .. }), "--resize shorter-side needs --shorter-side");
        }
        (_, Some(size)) => input.resize = Resize::ShorterSide { size },
        (None, None) => {}
    }
    if let Some(interpolation) = args.interpolation {
        input.interpolation = match interpolation {
            InterpolationArg::Bilinear => Interpolation::Bilinear,
            InterpolationArg::Bicubic => Interpolation::Bicubic,
        };
    }
    if let Some(channels) = args.channels {
        input.channels = match channels {
            ChannelsArg::Rgb => ChannelOrder::Rgb,
            ChannelsArg::Bgr => ChannelOrder::Bgr,
        };
    }
    let three = |values: &[f32]| [values[0], values[1], values[2]];
    if let Some(mean) = &args.mean {
        input.mean = three(mean);
    }
    if let Some(std) = &args.std {
        ensure!(std.iter().all(|s| *s > 0.0), "--std must be three numbers above 0");
        input.std = three(std);
    }
    if let Some(range) = args.range {
        input.scale = range / 255.0;
    }
    Ok(())
}

/// A list of classes from a file, or from the names of a folder's folders in the order that training scripts number them.
pub(super) fn class_list(path: &Path) -> Result<Classes> {
    let cannot = || format!("cannot read the classes from {}", path.display());
    if path.is_dir() {
        let names = folder_names(path).with_context(cannot)?;
        ensure!(!names.is_empty(), "{} has no folders that could be classes", path.display());
        return Ok(Classes::from_names(names));
    }
    let text = std::fs::read_to_string(path).with_context(cannot)?;
    Classes::parse(&text).with_context(cannot)
}

/// Asks, where somebody can answer, what the outputs are.
fn asked_classes(draft: &Draft) -> Result<Option<PathBuf>> {
    if !std::io::stdin().is_terminal() {
        return Ok(None);
    }
    eprintln!("{} has {} outputs.", draft.file().display(), draft.outputs());
    let answer =
        answer("Which classes are they? A list of names, or the training data's folder with one folder a class: ")?;
    Ok((!answer.is_empty()).then(|| PathBuf::from(answer)))
}

/// Asks for a yes where somebody can answer; elsewhere the flags were the answer.
fn confirmed(question: &str) -> Result<bool> {
    if !std::io::stdin().is_terminal() {
        return Ok(true);
    }
    let answer = answer(&format!("{question} [Y/n] "))?;
    Ok(!answer.to_lowercase().starts_with('n'))
}

fn answer(question: &str) -> Result<String> {
    let mut err = std::io::stderr();
    err.write_all(question.as_bytes())?;
    err.flush()?;
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    Ok(line.trim().to_owned())
}

fn preview_text(photos: &[Previewed]) -> String {
    let mut text = String::new();
    for photo in photos {
        let said = match &photo.result {
            Ok((_, top)) => {
                let top = top.iter().map(|(name, probability)| format!("{name} {:.0}\u{a0}%", 100.0 * probability));
                top.collect::<Vec<_>>().join(", ")
            }
            Err(error) => format!("{error:#}"),
        };
        text.push_str(&format!("  {}: {said}\n", photo.path));
    }
    text
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
}
