//! What the window remembers from one start to the next.
//!
//! Comes in: what eframe stored. Goes out: [`Habits`]. May not live here: anything about a project that belongs into its
//! file.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::class_table::TableMemory;
use crate::analysis::RoiChoice;

/// Projects in the list of recent ones.
const MAX_RECENT: usize = 6;

/// Projects whose regions are remembered.
const MAX_REGIONS: usize = 100;

/// Under this name eframe keeps them.
pub(crate) const KEY: &str = "habits";

/// What is remembered; the names are those of the stored format.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Habits {
    /// Project files, the latest first.
    pub(crate) recent: Vec<PathBuf>,
    /// The project that was open.
    pub(crate) project: Option<PathBuf>,
    /// The class that was chosen.
    pub(crate) class: Option<String>,
    /// The image that was chosen.
    pub(crate) sample: Option<i64>,
    /// Which regions count in projects where it is not the usual choice, the latest first, in the words of
    /// [`RoiChoice::changed`].
    pub(crate) regions: Vec<(PathBuf, String)>,
    /// Sort, filter and columns of the class table.
    pub(crate) table: TableMemory,
    /// Whether the heat map was shown.
    pub(crate) heat: Option<bool>,
    /// Whether the boxes were shown.
    pub(crate) boxes: Option<bool>,
    /// How the map was rendered, by its place in the menu.
    pub(crate) rendering: Option<usize>,
    /// Opacity and threshold of each rendering.
    pub(crate) looks: Vec<(f32, f32)>,
    /// Whether the map's cells were shown as they are.
    pub(crate) grid: bool,
    /// How photo and layers stood to each other, by its place in the menu.
    pub(crate) arrangement: Option<usize>,
    /// Name of its colour map.
    pub(crate) colormap: Option<String>,
    /// Whether the light theme was chosen.
    pub(crate) light: bool,
}

impl Habits {
    /// Puts a project at the head of the recent ones.
    pub(crate) fn remember(&mut self, project: &Path) {
        self.recent.retain(|known| known != project);
        self.recent.insert(0, project.to_owned());
        self.recent.truncate(MAX_RECENT);
        self.project = Some(project.to_owned());
    }

    /// Which regions count in a project.
    pub(crate) fn regions_of(&self, project: &Path) -> RoiChoice {
        let known = self.regions.iter().find(|(known, _)| *known == absolute(project));
        known.and_then(|(_, words)| RoiChoice::default().changed(words).ok()).unwrap_or_default()
    }

    /// Remembers which regions count in a project.
    pub(crate) fn choose_regions(&mut self, project: &Path, choice: RoiChoice) {
        let project = absolute(project);
        self.regions.retain(|(known, _)| *known != project);
        if choice != RoiChoice::default() {
            self.regions.insert(0, (project, choice.to_string()));
            self.regions.truncate(MAX_REGIONS);
        }
    }

    /// Takes a project that cannot be opened off the list.
    pub(crate) fn forget(&mut self, project: &Path) {
        self.recent.retain(|known| known != project);
    }
}

/// The same file has the same name, wherever the program was started.
fn absolute(project: &Path) -> PathBuf {
    std::path::absolute(project).unwrap_or_else(|_| project.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::Sources;

    #[test]
    fn regions_are_remembered_by_project_and_the_usual_ones_take_no_room() {
        let mut habits = Habits::default();
        let drawn = RoiChoice { sources: Sources::Hand, min_score: Some(0.3), ..RoiChoice::default() };
        habits.choose_regions(Path::new("/a.camroi"), drawn);
        assert_eq!(habits.regions_of(Path::new("/a.camroi")), drawn);
        assert_eq!(habits.regions_of(Path::new("/b.camroi")), RoiChoice::default());
        habits.choose_regions(Path::new("/a.camroi"), RoiChoice::default());
        assert_eq!((habits.regions_of(Path::new("/a.camroi")), habits.regions), (RoiChoice::default(), vec![]));
    }

    #[test]
    fn a_project_is_listed_once_and_first() {
        let mut habits = Habits::default();
        for name in ["a", "b", "c", "d", "e", "f", "g", "a"] {
            habits.remember(Path::new(name));
        }
        assert_eq!(habits.recent.iter().map(|p| p.display().to_string()).collect::<String>(), "agfedc");
    }
}
