//! The table `unreachable`: people who blocked the bot, or are gone.

use chrono::{DateTime, Utc};
use sqlx::SqliteExecutor;

use super::StoreError;

/// Notes that nothing reaches a chat.
pub(crate) async fn note(
    db: impl SqliteExecutor<'_>,
    chat: i64,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query("INSERT OR IGNORE INTO unreachable (chat_id, since) VALUES (?, ?)")
        .bind(chat)
        .bind(now.timestamp())
        .execute(db)
        .await?;
    Ok(())
}

/// Something reaches it again.
pub(crate) async fn clear(db: impl SqliteExecutor<'_>, chat: i64) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM unreachable WHERE chat_id = ?")
        .bind(chat)
        .execute(db)
        .await?;
    Ok(())
}

/// Whether nothing reaches it.
pub(crate) async fn is_noted(db: impl SqliteExecutor<'_>, chat: i64) -> Result<bool, StoreError> {
    Ok(
        sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM unreachable WHERE chat_id = ?)")
            .bind(chat)
            .fetch_one(db)
            .await?,
    )
}
