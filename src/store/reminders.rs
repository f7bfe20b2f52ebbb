//! The table `reminders`: links whose user wants to be reminded to rotate.

use chrono::{DateTime, Utc};
use sqlx::{FromRow, SqliteExecutor};

use super::StoreError;
use crate::domain::account::AccountId;

/// A reminder that is due.
#[derive(Clone, Debug, FromRow, PartialEq, Eq)]
pub(crate) struct Due {
    /// About which link.
    #[sqlx(rename = "account_id")]
    pub account: AccountId,
    /// Whose.
    pub owner: i64,
    /// After how many days it was wanted.
    pub days: u32,
}

/// Sets a link's reminder, in place of the one there is.
pub(crate) async fn set(
    db: impl SqliteExecutor<'_>,
    account: AccountId,
    days: u32,
    due_at: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query("INSERT OR REPLACE INTO reminders (account_id, days, due_at) VALUES (?, ?, ?)")
        .bind(account)
        .bind(days)
        .bind(due_at.timestamp())
        .execute(db)
        .await?;
    Ok(())
}

/// Takes it back.
pub(crate) async fn clear(
    db: impl SqliteExecutor<'_>,
    account: AccountId,
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM reminders WHERE account_id = ?")
        .bind(account)
        .execute(db)
        .await?;
    Ok(())
}

/// After how many days a link's user wants to be reminded.
pub(crate) async fn days(
    db: impl SqliteExecutor<'_>,
    account: AccountId,
) -> Result<Option<u32>, StoreError> {
    Ok(
        sqlx::query_scalar("SELECT days FROM reminders WHERE account_id = ?")
            .bind(account)
            .fetch_optional(db)
            .await?,
    )
}

/// The link has new values: the days begin again.
pub(crate) async fn begin_again(
    db: impl SqliteExecutor<'_>,
    account: AccountId,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE reminders SET due_at = ? + days * 86400 WHERE account_id = ?")
        .bind(now.timestamp())
        .bind(account)
        .execute(db)
        .await?;
    Ok(())
}

/// Reminders that are due, some of them at a time.
pub(crate) async fn due(
    db: impl SqliteExecutor<'_>,
    now: DateTime<Utc>,
) -> Result<Vec<Due>, StoreError> {
    Ok(sqlx::query_as(
        "SELECT account_id, owner, days FROM reminders JOIN accounts USING (account_id)
         WHERE due_at <= ? ORDER BY due_at LIMIT 100",
    )
    .bind(now.timestamp())
    .fetch_all(db)
    .await?)
}

/// When the next one is due.
pub(crate) async fn next_due(
    db: impl SqliteExecutor<'_>,
) -> Result<Option<DateTime<Utc>>, StoreError> {
    Ok(sqlx::query_scalar("SELECT min(due_at) FROM reminders")
        .fetch_one(db)
        .await?)
}
