//! What is due when, across the tables: the one place a timer looks.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use sqlx::SqliteExecutor;

use super::StoreError;

/// When the next message, card, expiry or reminder is due. Jobs have their own timer.
pub(crate) async fn next_due(
    db: impl SqliteExecutor<'_>,
) -> Result<Option<DateTime<Utc>>, StoreError> {
    Ok(sqlx::query_scalar(
        "SELECT min(due) FROM (
             SELECT min(due_at) AS due FROM outbox
             UNION ALL SELECT min(card_due_at) FROM dialogues WHERE card_due_at IS NOT NULL
             UNION ALL SELECT min(expires_at) FROM dialogues WHERE expires_at IS NOT NULL
             UNION ALL SELECT min(candidate_until) FROM accounts WHERE candidate_until IS NOT NULL
             UNION ALL SELECT min(due_at) FROM reminders)",
    )
    .fetch_one(db)
    .await?)
}

/// Chats that are due a message or a card.
pub(crate) async fn chats_to_write_to(
    db: impl SqliteExecutor<'_>,
    now: DateTime<Utc>,
) -> Result<HashSet<i64>, StoreError> {
    let chats: Vec<i64> = sqlx::query_scalar(
        "SELECT chat_id FROM outbox WHERE due_at <= ?1
         UNION SELECT chat_id FROM dialogues WHERE card_due_at <= ?1",
    )
    .bind(now.timestamp())
    .fetch_all(db)
    .await?;
    Ok(chats.into_iter().collect())
}

/// Chats whose flow has rested too long.
pub(crate) async fn chats_to_expire(
    db: impl SqliteExecutor<'_>,
    now: DateTime<Utc>,
) -> Result<Vec<i64>, StoreError> {
    Ok(
        sqlx::query_scalar("SELECT chat_id FROM dialogues WHERE expires_at <= ?")
            .bind(now.timestamp())
            .fetch_all(db)
            .await?,
    )
}
