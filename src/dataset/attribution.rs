//! Who made the photos of a data set.

use std::path::Path;

use serde::Deserialize;

/// The file beside the class folders that says so.
pub const ATTRIBUTION_FILE: &str = "ATTRIBUTION.csv";

/// Who made a photo, and under which terms it may be passed on.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Attribution {
    /// Relative to the data set's folder, with `/` between its parts.
    pub file: String,
    /// Person or institution to be named.
    pub author: String,
    /// SPDX name of the licence, or `Public Domain`.
    pub licence: String,
    /// Page that the photo comes from.
    pub source: String,
    /// What was done to the original.
    pub changes: String,
}

impl Attribution {
    /// Reads a table with the columns `file`, `author`, `licence`, `source` and `changes`; others are ignored.
    ///
    /// # Errors
    /// If a column is missing, or a row is not complete.
    pub fn parse(csv: &[u8]) -> Result<Vec<Self>, csv::Error> {
        csv::Reader::from_reader(csv).into_deserialize().collect()
    }

    /// What the data set at `root` says of its photos: the rows of its `ATTRIBUTION.csv`; none where it has no such file.
    ///
    /// # Errors
    /// If the file is there but cannot be read, or is of another form.
    pub fn read(root: &Path) -> Result<Vec<Self>, csv::Error> {
        match std::fs::read(root.join(ATTRIBUTION_FILE)) {
            Ok(bytes) => Self::parse(&bytes),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_data_set_without_the_file_names_nobody_and_another_table_is_refused() -> anyhow::Result<()> {
        let root = tempfile::tempdir()?;
        assert_eq!(Attribution::read(root.path())?, []);
        std::fs::write(root.path().join(ATTRIBUTION_FILE), "file,author\na.jpg,Ann\n")?;
        let error = Attribution::read(root.path()).map_err(|e| e.to_string());
        assert!(error.as_ref().is_err_and(|e| e.contains("licence")), "{error:?}");
        Ok(())
    }
}
