//! The table `reply_throttle`: who got a one-time answer, and when.

use chrono::{DateTime, Utc};
use sqlx::SqliteExecutor;

use super::StoreError;

/// Notes a courtesy, unless the chat had one after `since`. `true` if it is due now.
pub(crate) async fn claim(
    db: impl SqliteExecutor<'_>,
    chat: i64,
    since: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "INSERT INTO reply_throttle (chat_id, told_at) VALUES (?1, ?2)
         ON CONFLICT (chat_id) DO UPDATE SET told_at = ?2 WHERE told_at <= ?3",
    )
    .bind(chat)
    .bind(now.timestamp())
    .bind(since.timestamp())
    .execute(db)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Forgets those that no longer count.
pub(crate) async fn purge(
    db: impl SqliteExecutor<'_>,
    before: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM reply_throttle WHERE told_at <= ?")
        .bind(before.timestamp())
        .execute(db)
        .await?;
    Ok(())
}
