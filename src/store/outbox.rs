//! The table `outbox`: messages that were promised to a chat, in order.

use chrono::{DateTime, Utc};
use sqlx::{FromRow, SqliteExecutor};

use super::{Store, StoreError, time};
use crate::domain::notice::Notice;

/// A promised message.
#[derive(Debug)]
pub(crate) struct Promised {
    /// Grows with time: the order within a chat.
    pub id: i64,
    /// What to say.
    pub notice: Notice,
    /// When it may be said.
    pub due_at: DateTime<Utc>,
    /// How often it was tried in vain.
    pub attempts: u32,
    /// Sending it was begun, and what came of that is not known: it may have been said already.
    pub begun: bool,
}

/// Promises a message. The same one is not promised twice while it waits.
pub(crate) async fn push(
    db: impl SqliteExecutor<'_>,
    chat: i64,
    notice: &Notice,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let json = serde_json::to_string(notice).map_err(|_| StoreError::Corrupt {
        table: "outbox",
        reason: "the notice has no JSON form",
    })?;
    sqlx::query(
        "INSERT INTO outbox (chat_id, notice, due_at) SELECT ?1, ?2, ?3
         WHERE NOT EXISTS (SELECT 1 FROM outbox WHERE chat_id = ?1 AND notice = ?2)",
    )
    .bind(chat)
    .bind(json)
    .bind(now.timestamp())
    .execute(db)
    .await?;
    Ok(())
}

#[derive(FromRow)]
struct Row {
    id: i64,
    notice: String,
    due_at: i64,
    attempts: u32,
    begun: bool,
}

/// The message that a chat is to get next, due or not. One that a newer program wrote is no longer understood: `Err`
/// with its id inside would wedge the chat, so it is returned as [`Notice::Unreadable`].
pub(crate) async fn next(
    db: impl SqliteExecutor<'_>,
    chat: i64,
) -> Result<Option<Promised>, StoreError> {
    let row: Option<Row> = sqlx::query_as(
        "SELECT id, notice, due_at, attempts, begun FROM outbox WHERE chat_id = ? ORDER BY id LIMIT 1",
    )
    .bind(chat)
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| Promised {
        id: row.id,
        notice: serde_json::from_str(&row.notice).unwrap_or(Notice::Unreadable),
        due_at: time(row.due_at),
        attempts: row.attempts,
        begun: row.begun,
    }))
}

/// Everything that a chat is to get, in order.
pub(crate) async fn all(db: impl SqliteExecutor<'_>, chat: i64) -> Result<Vec<Notice>, StoreError> {
    let notices: Vec<String> =
        sqlx::query_scalar("SELECT notice FROM outbox WHERE chat_id = ? ORDER BY id")
            .bind(chat)
            .fetch_all(db)
            .await?;
    let read = |json: String| serde_json::from_str(&json).unwrap_or(Notice::Unreadable);
    Ok(notices.into_iter().map(read).collect())
}

/// Notes that sending a message begins, so that a run after a crash knows that it may have been said.
pub(crate) async fn begin(db: impl SqliteExecutor<'_>, id: i64) -> Result<(), StoreError> {
    sqlx::query("UPDATE outbox SET begun = 1 WHERE id = ?")
        .bind(id)
        .execute(db)
        .await?;
    Ok(())
}

/// Notes that a message was sent.
pub(crate) async fn finish(db: impl SqliteExecutor<'_>, id: i64) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM outbox WHERE id = ?")
        .bind(id)
        .execute(db)
        .await?;
    Ok(())
}

/// Notes a try in vain; `begun`: it may have been said all the same. The rest of the chat waits behind it.
pub(crate) async fn postpone(
    db: impl SqliteExecutor<'_>,
    id: i64,
    due_at: DateTime<Utc>,
    begun: bool,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE outbox SET due_at = ?, begun = ?, attempts = attempts + 1 WHERE id = ?")
        .bind(due_at.timestamp())
        .bind(begun)
        .bind(id)
        .execute(db)
        .await?;
    Ok(())
}

/// Drops what every chat was promised before the accounts were erased, but for what only the user can do something about.
/// How many messages.
pub(crate) async fn drop_outdated(store: &Store) -> Result<u64, StoreError> {
    let mut tx = store.begin().await?;
    let done = sqlx::query(
        "DELETE FROM outbox WHERE json_extract(notice, '$.notice') NOT IN
             ('panic', 'receipt', 'not_deleted', 'stray_secret', 'post_result', 'token_stands', 'incident')",
    )
    .execute(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(done.rows_affected())
}

/// Drops what a chat was promised: it can no longer be reached.
pub(crate) async fn drop_chat(db: impl SqliteExecutor<'_>, chat: i64) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM outbox WHERE chat_id = ?")
        .bind(chat)
        .execute(db)
        .await?;
    Ok(())
}
