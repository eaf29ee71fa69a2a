//! Bringing the tables of an older project up to date.

use std::time::Duration;

use rusqlite::backup::Backup;
use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::schema::{MIGRATIONS, VERSION, VIEWS};

/// Pages that are copied at once, and the pause after them for others who use the file.
const COPY_PAGES: i32 = 1 << 16;
const COPY_PAUSE: Duration = Duration::from_millis(1);

/// The version of the tables.
pub(super) fn version(c: &Connection) -> rusqlite::Result<i32> {
    c.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// Brings the tables up to date, all at once or not at all; does nothing where they are.
pub(super) fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another program may have been faster.
    let steps = usize::try_from(version(&transaction)? - 1).ok().and_then(|done| MIGRATIONS.get(done..));
    if let Some(steps) = steps.filter(|steps| !steps.is_empty()) {
        take(&transaction, steps)?;
        transaction.pragma_update(None, "user_version", VERSION)?;
    }
    transaction.commit()
}

fn take(t: &Transaction<'_>, steps: &[&str]) -> rusqlite::Result<()> {
    let views: Vec<String> = t
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'view'")?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for view in views {
        t.execute_batch(&format!("DROP VIEW \"{view}\""))?;
    }
    for step in steps {
        t.execute_batch(step)?;
    }
    t.execute_batch(VIEWS)
}

/// A copy in memory with its tables up to date, for a file that may only be read.
pub(super) fn migrated_copy(connection: &Connection) -> rusqlite::Result<Connection> {
    let mut copy = Connection::open_in_memory()?;
    Backup::new(connection, &mut copy)?.run_to_completion(COPY_PAGES, COPY_PAUSE, None)?;
    migrate(&mut copy)?;
    Ok(copy)
}
