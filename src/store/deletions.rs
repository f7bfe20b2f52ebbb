//! The table `deletions`: messages that still have to be deleted.

use chrono::{DateTime, Utc};
use sqlx::{FromRow, SqliteExecutor};

use super::{StoreError, time};

/// A message that still has to be deleted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deletion {
    /// In which chat.
    pub chat: i64,
    /// Telegram's number of the message in that chat.
    pub message: i32,
    /// How often it was tried in vain.
    pub attempts: u32,
    /// When Telegram will not delete it any more.
    pub give_up_at: DateTime<Utc>,
    /// Whether it is a user's message that may hold a secret.
    pub secret: bool,
    /// Whether the user was told that it still stands.
    pub told: bool,
}

/// Keeps a deletion until it is done. One that is known already keeps its times.
pub(crate) async fn insert(
    db: impl SqliteExecutor<'_>,
    chat: i64,
    message: i32,
    due_at: DateTime<Utc>,
    give_up_at: DateTime<Utc>,
    secret: bool,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT OR IGNORE INTO deletions (chat_id, message_id, due_at, give_up_at, secret)
         VALUES (?, ?, ?, ?, ?)",
    )
    .bind(chat)
    .bind(message)
    .bind(due_at.timestamp())
    .bind(give_up_at.timestamp())
    .bind(secret)
    .execute(db)
    .await?;
    Ok(())
}

#[derive(FromRow)]
struct Row {
    chat_id: i64,
    message_id: i32,
    attempts: u32,
    give_up_at: i64,
    secret: bool,
    told: bool,
}

/// The chat's deletion that is due first, if one is.
pub(crate) async fn next(
    db: impl SqliteExecutor<'_>,
    chat: i64,
    now: DateTime<Utc>,
) -> Result<Option<Deletion>, StoreError> {
    let row: Option<Row> = sqlx::query_as(
        "SELECT chat_id, message_id, attempts, give_up_at, secret, told FROM deletions
         WHERE chat_id = ? AND due_at <= ? ORDER BY due_at LIMIT 1",
    )
    .bind(chat)
    .bind(now.timestamp())
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| Deletion {
        chat: row.chat_id,
        message: row.message_id,
        attempts: row.attempts,
        give_up_at: time(row.give_up_at),
        secret: row.secret,
        told: row.told,
    }))
}

/// Puts off all deletions of a chat: Telegram wants it to be left alone.
pub(crate) async fn hold(
    db: impl SqliteExecutor<'_>,
    chat: i64,
    until: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE deletions SET due_at = max(due_at, ?) WHERE chat_id = ?")
        .bind(until.timestamp())
        .bind(chat)
        .execute(db)
        .await?;
    Ok(())
}

/// Ends a deletion: done, or refused for good.
pub(crate) async fn finish(
    db: impl SqliteExecutor<'_>,
    chat: i64,
    message: i32,
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM deletions WHERE chat_id = ? AND message_id = ?")
        .bind(chat)
        .bind(message)
        .execute(db)
        .await?;
    Ok(())
}

/// Notes another try in vain.
pub(crate) async fn postpone(
    db: impl SqliteExecutor<'_>,
    chat: i64,
    message: i32,
    due_at: DateTime<Utc>,
    told: bool,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE deletions SET due_at = ?, told = ?, attempts = attempts + 1
         WHERE chat_id = ? AND message_id = ?",
    )
    .bind(due_at.timestamp())
    .bind(told)
    .bind(chat)
    .bind(message)
    .execute(db)
    .await?;
    Ok(())
}

/// How many wait.
pub(crate) async fn count(db: impl SqliteExecutor<'_>, chat: i64) -> Result<i64, StoreError> {
    Ok(
        sqlx::query_scalar("SELECT count(*) FROM deletions WHERE chat_id = ? AND secret")
            .bind(chat)
            .fetch_one(db)
            .await?,
    )
}
