//! The user's own models: cards in one folder, and the paths of cards that lie elsewhere.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::{ModelError, read};
use crate::card::ModelCard;

/// Names the folder instead of the one in the user's data folder.
pub const FOLDER_VARIABLE: &str = "CAMROI_MODELS";

/// In the folder: one path of a card a line.
const LIST: &str = "cards.txt";

/// The models that a user has collected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shelf {
    /// Where downloads go; need not exist. `None` on a system without a data folder.
    folder: Option<PathBuf>,
}

/// A card on the shelf.
#[derive(Debug)]
pub struct Shelved {
    /// The card.
    pub path: PathBuf,
    /// What it says, or why it cannot be used.
    pub card: Result<ModelCard, ModelError>,
}

impl Shelf {
    /// The shelf of the user who runs the program.
    pub fn of_user() -> Self {
        let chosen = std::env::var_os(FOLDER_VARIABLE).filter(|value| !value.is_empty()).map(PathBuf::from);
        Self { folder: chosen.or_else(|| dirs::data_local_dir().map(|data| data.join("camroi/models"))) }
    }

    /// The shelf in a folder, which need not exist yet.
    pub fn at(folder: &Path) -> Self {
        Self { folder: Some(folder.to_owned()) }
    }

    /// Where downloads go.
    ///
    /// # Errors
    /// If the system has no place for them.
    pub fn folder(&self) -> Result<&Path, ModelError> {
        self.folder.as_deref().ok_or(ModelError::NoFolder)
    }

    /// All cards that are there, sorted by the names of their files.
    pub fn cards(&self) -> Vec<Shelved> {
        let mut paths: Vec<_> = self.paths().into_iter().collect();
        paths.sort_by(|a, b| a.file_name().cmp(&b.file_name()).then_with(|| a.cmp(b)));
        paths.into_iter().map(|path| Shelved { card: read_card(&path), path }).collect()
    }

    /// The card of this name.
    pub fn find(&self, name: &str) -> Option<PathBuf> {
        self.cards().into_iter().find(|shelved| shelved.card.as_ref().is_ok_and(|c| c.name == name)).map(|s| s.path)
    }

    /// Adds a card, wherever it lies.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub fn remember(&self, card: &Path) -> Result<(), ModelError> {
        let write_error = |source| ModelError::Write { path: card.to_owned(), source };
        let card = card.canonicalize().map_err(write_error)?;
        if self.paths().contains(&card) {
            return Ok(());
        }
        let folder = self.folder()?;
        let list = folder.join(LIST);
        let mut lines = std::fs::read_to_string(&list).unwrap_or_default();
        lines.push_str(&format!("{}\n", card.display()));
        std::fs::create_dir_all(folder)
            .and_then(|()| std::fs::write(&list, lines))
            .map_err(|source| ModelError::Write { path: list, source })
    }

    /// Every card that is there, by its whole path.
    fn paths(&self) -> BTreeSet<PathBuf> {
        let Some(folder) = &self.folder else { return BTreeSet::new() };
        let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
        let inside = entries.filter(|path| path.extension().is_some_and(|e| e == "toml"));
        let list = std::fs::read_to_string(folder.join(LIST)).unwrap_or_default();
        let elsewhere = list.lines().map(PathBuf::from);
        inside.chain(elsewhere).filter_map(|path| path.canonicalize().ok()).filter(|path| path.is_file()).collect()
    }
}

/// Reads the card at a path.
pub(super) fn read_card(path: &Path) -> Result<ModelCard, ModelError> {
    let text = String::from_utf8_lossy(&read(path)?).into_owned();
    ModelCard::parse(&text)
        .map_err(|source| ModelError::Card { model: path.display().to_string(), source: source.into() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::BUNDLED;

    #[test]
    fn cards_in_the_folder_and_elsewhere_are_found_by_name() -> anyhow::Result<()> {
        let (folder, elsewhere) = (tempfile::tempdir()?, tempfile::tempdir()?);
        let shelf = Shelf::at(&folder.path().join("models"));
        assert!(shelf.cards().is_empty());
        let far = elsewhere.path().join("far.toml");
        std::fs::write(&far, BUNDLED[0].card.replace("name = \"efficientnet-lite0\"", "name = \"far\""))?;
        shelf.remember(&far)?;
        shelf.remember(&far)?;
        std::fs::write(shelf.folder()?.join("broken.toml"), "name = 3")?;
        let cards = shelf.cards();
        assert_eq!(cards.len(), 2);
        assert!(cards[0].card.is_err() && cards[0].path.ends_with("broken.toml"));
        assert_eq!(shelf.find("far"), Some(far.canonicalize()?));
        std::fs::remove_file(&far)?;
        assert_eq!(shelf.find("far"), None, "a card that is gone is not listed");
        Ok(())
    }
}
