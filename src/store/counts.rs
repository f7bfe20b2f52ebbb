//! How much waits, and how old it is: for the doctor and the metrics.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::{FromRow, SqliteExecutor};

use super::StoreError;

/// What waits.
#[derive(Clone, Copy, Debug, FromRow, PartialEq, Eq, Serialize)]
pub(crate) struct Waiting {
    /// Updates that are not handled yet.
    pub updates: i64,
    /// Messages that were promised.
    pub messages: i64,
    /// Messages that still have to be deleted.
    pub deletions: i64,
    /// Age of the oldest of those, in seconds; 0 if there is none.
    pub oldest_deletion_s: i64,
    /// Questions to X that are due.
    pub checks: i64,
    /// Calls that change something at X and are due.
    pub calls: i64,
    /// Posts that were confirmed and are due, test posts that are to be deleted among them.
    pub posts: i64,
}

/// What waits now.
pub(crate) async fn waiting(
    db: impl SqliteExecutor<'_>,
    now: DateTime<Utc>,
) -> Result<Waiting, StoreError> {
    // A deletion is given up 48 hours after the message: its age follows from that.
    Ok(sqlx::query_as(
        "SELECT (SELECT count(*) FROM inbox WHERE sealed IS NOT NULL) AS updates,
                (SELECT count(*) FROM outbox) AS messages,
                (SELECT count(*) FROM jobs WHERE kind IN ('delete', 'tidy')) AS deletions,
                (SELECT ifnull(max(?1 - give_up_at + 172800), 0) FROM jobs WHERE kind IN ('delete', 'tidy'))
                    AS oldest_deletion_s,
                (SELECT count(*) FROM jobs WHERE kind = 'check' AND ifnull(run_at, 0) <= ?1) AS checks,
                (SELECT count(*) FROM jobs WHERE kind IN ('pin', 'revoke') AND ifnull(run_at, 0) <= ?1) AS calls,
                (SELECT count(*) FROM jobs WHERE kind IN ('post', 'unpost') AND ifnull(run_at, 0) <= ?1) AS posts",
    )
    .bind(now.timestamp())
    .fetch_one(db)
    .await?)
}

/// How many rows the tables have that grow, by name.
pub(crate) async fn rows(
    db: impl SqliteExecutor<'_>,
) -> Result<[(&'static str, i64); 3], StoreError> {
    let (audit, uses, inbox): (i64, i64, i64) = sqlx::query_as(
        "SELECT ifnull((SELECT max(number) FROM audit) - (SELECT min(number) FROM audit) + 1, 0),
                (SELECT count(*) FROM uses), (SELECT count(*) FROM inbox)",
    )
    .fetch_one(db)
    .await?;
    Ok([("audit", audit), ("uses", uses), ("inbox", inbox)])
}

/// The number of the newest migration that was applied.
pub(crate) async fn schema_version(db: impl SqliteExecutor<'_>) -> Result<i64, StoreError> {
    Ok(
        sqlx::query_scalar("SELECT ifnull(max(version), 0) FROM _sqlx_migrations WHERE success")
            .fetch_one(db)
            .await?,
    )
}
