//! What reviewers decided.

use rusqlite::params;

use super::codec::damaged;
use super::error::Result;
use super::project::Store;
use super::runs::RunId;
use crate::dataset::SampleId;
use crate::verdict::{Judgement, Subject, Verdict};

impl Store {
    /// Gives, changes or (with `None`) takes back a verdict. Verdicts are about a classifier: all runs that inspect the same
    /// one share them.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn set_verdict(&mut self, run: RunId, subject: &Subject, judgement: Option<&Judgement>) -> Result<()> {
        let (class, sample) = match subject {
            Subject::Class(class) => (Some(class), None),
            Subject::Sample(id) => (None, Some(id.0)),
        };
        self.write(|t| {
            t.execute(
                "DELETE FROM verdicts WHERE classifier = (SELECT classifier FROM runs WHERE id = ?1)
                 AND class IS ?2 AND sample IS ?3",
                params![run.0, class, sample],
            )?;
            if let Some(Judgement { verdict, note }) = judgement {
                t.execute(
                    "INSERT INTO verdicts (classifier, class, sample, verdict, note)
                     SELECT classifier, ?2, ?3, ?4, ?5 FROM runs WHERE id = ?1",
                    params![run.0, class, sample, verdict.as_str(), note],
                )?;
            }
            Ok(())
        })
    }

    /// All verdicts about the classifier of `run`, classes first.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn verdicts(&self, run: RunId) -> Result<Vec<(Subject, Judgement)>> {
        self.read(|c| {
            let mut query = c.prepare(
                "SELECT class, sample, verdict, note FROM verdicts
                 WHERE classifier = (SELECT classifier FROM runs WHERE id = ?1) ORDER BY class IS NULL, class, sample",
            )?;
            let rows = query.query_map([run.0], |row| {
                let subject = match (row.get(0)?, row.get(1)?) {
                    (Some(class), _) => Subject::Class(class),
                    (None, Some(id)) => Subject::Sample(SampleId(id)),
                    (None, None) => return Err(damaged("a verdict about nothing")),
                };
                let word = row.get_ref(2)?.as_str()?;
                let verdict = Verdict::ALL.into_iter().find(|v| v.as_str() == word);
                let verdict = verdict.ok_or_else(|| damaged("an unknown verdict"))?;
                Ok((subject, Judgement { verdict, note: row.get(3)? }))
            })?;
            rows.collect()
        })
    }
}
