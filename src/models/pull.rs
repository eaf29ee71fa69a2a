//! From a name in the catalogue to a model like any other.

use std::path::{Path, PathBuf};

use super::ModelError;
use super::catalogue::{Published, published};
use super::draft::{Draft, card_path};
use super::shelf::Shelf;
use crate::card::ModelCard;
use crate::download::{download, sha256_of};

/// Downloads published weights to the shelf, unless they are there, and writes their card; the card's path. `progress` is told
/// how many bytes of how many are here; where it says `false`, the download is stopped. `address` is another place of the same
/// file.
///
/// # Errors
/// If nothing is published under this name, the file cannot be had or is another one, or the shelf cannot be written.
pub fn pull(
    name: &str,
    address: Option<&str>,
    shelf: &Shelf,
    progress: &mut dyn FnMut(u64, Option<u64>) -> bool,
) -> Result<PathBuf, ModelError> {
    let Some(published) = published().iter().find(|p| p.name == name) else {
        return Err(ModelError::NotPublished { name: name.to_owned(), similar: similar(name) });
    };
    let folder = shelf.folder()?;
    std::fs::create_dir_all(folder).map_err(|source| ModelError::Write { path: folder.to_owned(), source })?;
    let file = folder.join(file_name(published));
    let card = card_path(&file);
    if file.is_file() && card.is_file() {
        return Ok(card);
    }
    if file.is_file() {
        check(published, &file)?;
    } else {
        let url = address.unwrap_or(&published.url);
        download(url, &file, &published.expected, progress).map_err(|source| ModelError::Download {
            name: name.to_owned(),
            url: published.url.clone(),
            place: file.clone(),
            source: source.into(),
        })?;
    }
    let draft = Draft::read(&file)?;
    draft.write(&described(published, &draft), &card)?;
    Ok(card)
}

/// What the file is called on the shelf.
fn file_name(published: &Published) -> String {
    let extension = published.url.rsplit('.').next().unwrap_or_default();
    format!("{}.{extension}", published.name)
}

/// Whether a file that somebody put in place is the published one.
fn check(published: &Published, file: &Path) -> Result<(), ModelError> {
    let Some(expected) = &published.expected.sha256 else { return Ok(()) };
    let found = sha256_of(file).map_err(|source| ModelError::Read { path: file.to_owned(), source })?;
    if found.starts_with(expected.as_str()) {
        return Ok(());
    }
    Err(ModelError::Hash { file: file.display().to_string(), found, expected: expected.clone() })
}

/// The card that the file and the catalogue together make.
fn described(published: &Published, draft: &Draft) -> ModelCard {
    let card = draft.card();
    ModelCard {
        name: published.name.clone(),
        // The same tensors can be those of networks that pad or normalise in another way.
        architecture: if published.input.is_some() { published.architecture.clone() } else { card.architecture },
        input: published.input.unwrap_or(card.input),
        licence: published.licence.clone(),
        source: format!("{}, {}", published.source, published.url),
        ..card
    }
}

/// Published names that have something in common with one that is none.
fn similar(name: &str) -> Vec<&'static str> {
    let plain = |text: &str| text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
    let wanted = plain(name);
    let matches = |p: &&Published| plain(&p.name).contains(&wanted) || wanted.contains(&plain(&p.architecture));
    published().iter().filter(matches).map(|p| p.name.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_name_is_answered_with_similar_ones() {
        let message = |name| {
            let result = pull(name, None, &Shelf::at(Path::new("nowhere")), &mut |_, _| true);
            result.map_err(|e| e.to_string()).err().unwrap_or_default()
        };
        assert!(message("ResNet-50").contains("resnet50, resnet50-v2"), "{}", message("ResNet-50"));
        assert!(
            message("zebra").ends_with("camroi models list --published shows what can be downloaded"),
            "{}",
            message("zebra")
        );
    }

    #[test]
    fn a_file_put_in_place_by_hand_is_checked() -> anyhow::Result<()> {
        let folder = tempfile::tempdir()?;
        std::fs::write(folder.path().join("vgg11.pth"), b"something else")?;
        let result = pull("vgg11", None, &Shelf::at(folder.path()), &mut |_, _| true);
        assert!(matches!(result, Err(ModelError::Hash { .. })));
        Ok(())
    }
}
