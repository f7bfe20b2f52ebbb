//! The table `inbox`: updates that were taken over from Telegram and are not handled yet.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use sqlx::{FromRow as _, Row as _, SqliteExecutor};

use super::{
    StoreError, Tx,
    dialogues::{self, Dialogue},
};
use crate::{
    domain::facts::Standing,
    vault::{KeyId, Sealed, Vault},
};

/// Keeps an update, unless it is known: waiting, handled or given up. `true` if it is new.
pub(crate) async fn insert(
    tx: &mut Tx,
    update: i64,
    chat: i64,
    key_id: KeyId,
    sealed: &Sealed,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "INSERT OR IGNORE INTO inbox (update_id, chat_id, key_id, sealed, received_at)
         VALUES (?, ?, ?, ?, ?)",
    )
    .bind(update)
    .bind(chat)
    .bind(key_id.0)
    .bind(sealed.as_bytes())
    .bind(now.timestamp())
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Whether an update still waits to be handled.
pub(crate) async fn waits(db: impl SqliteExecutor<'_>, update: i64) -> Result<bool, StoreError> {
    Ok(sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM inbox WHERE update_id = ? AND sealed IS NOT NULL)",
    )
    .bind(update)
    .fetch_one(db)
    .await?)
}

/// The update of a chat that is to be handled next.
pub(crate) async fn next(
    db: impl SqliteExecutor<'_>,
    chat: i64,
) -> Result<Option<(i64, Sealed)>, StoreError> {
    let row: Option<(i64, Vec<u8>)> = sqlx::query_as(
        "SELECT update_id, sealed FROM inbox
         WHERE chat_id = ? AND sealed IS NOT NULL ORDER BY update_id LIMIT 1",
    )
    .bind(chat)
    .fetch_optional(db)
    .await?;
    Ok(row.map(|(update, sealed)| (update, Sealed::from_bytes(sealed))))
}

/// What a unit of work for an update begins with.
pub(crate) struct Begun {
    /// Whether the update was not handled or given up before.
    pub is_new: bool,
    /// Whether an earlier update of the chat waits.
    pub is_early: bool,
    /// What was decided about the person behind it.
    pub standing: Option<Standing>,
    /// Where the chat stands.
    pub dialogue: Dialogue,
}

/// Notes that an update is handled, which counts together with what follows, and reads what handling it begins with.
pub(crate) async fn begin(
    db: impl SqliteExecutor<'_>,
    vault: &Vault,
    update: i64,
    chat: i64,
    user: Option<i64>,
) -> Result<Begun, StoreError> {
    let row = sqlx::query(
        "UPDATE inbox SET sealed = NULL WHERE update_id = ?1 AND sealed IS NOT NULL;
         SELECT changes() > 0 AS is_new,
             EXISTS (SELECT 1 FROM inbox WHERE chat_id = ?2 AND sealed IS NOT NULL AND update_id < ?1) AS is_early,
             (SELECT standing FROM access WHERE user_id = ?3) AS standing,
             revision, sealed AS state, card_message_id, card_digest, card_due_at, card_attempts, expires_at
         FROM (SELECT 1) LEFT JOIN dialogues ON chat_id = ?2",
    )
    .bind(update)
    .bind(chat)
    .bind(user)
    .fetch_one(db)
    .await?;
    let dialogue = dialogues::Row::from_row(&row)?.read(vault, chat);
    Ok(Begun {
        is_new: row.try_get("is_new")?,
        is_early: row.try_get("is_early")?,
        standing: row.try_get("standing")?,
        dialogue: dialogue.unwrap_or_default(),
    })
}

/// Notes that an update was handled, and wipes it. `false`: it did not wait, so it was handled or given up before.
pub(crate) async fn finish(db: impl SqliteExecutor<'_>, update: i64) -> Result<bool, StoreError> {
    let done =
        sqlx::query("UPDATE inbox SET sealed = NULL WHERE update_id = ? AND sealed IS NOT NULL")
            .bind(update)
            .execute(db)
            .await?;
    Ok(done.rows_affected() > 0)
}

/// Notes that handling an update failed. How often it has.
pub(crate) async fn fail(db: impl SqliteExecutor<'_>, update: i64) -> Result<u32, StoreError> {
    Ok(sqlx::query_scalar(
        "UPDATE inbox SET attempts = attempts + 1 WHERE update_id = ? RETURNING attempts",
    )
    .bind(update)
    .fetch_one(db)
    .await?)
}

/// Gives an update up, and wipes it; what stays is its number and the incident's.
pub(crate) async fn give_up(
    db: impl SqliteExecutor<'_>,
    update: i64,
    incident: &str,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE inbox SET sealed = NULL, incident = ? WHERE update_id = ?")
        .bind(incident)
        .bind(update)
        .execute(db)
        .await?;
    Ok(())
}

/// The chats with updates that wait.
pub(crate) async fn waiting_chats(db: impl SqliteExecutor<'_>) -> Result<HashSet<i64>, StoreError> {
    let chats: Vec<i64> =
        sqlx::query_scalar("SELECT DISTINCT chat_id FROM inbox WHERE sealed IS NOT NULL")
            .fetch_all(db)
            .await?;
    Ok(chats.into_iter().collect())
}

/// Forgets updates that were handled and that Telegram no longer delivers.
pub(crate) async fn purge(
    db: impl SqliteExecutor<'_>,
    before: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM inbox WHERE received_at < ? AND sealed IS NULL")
        .bind(before.timestamp())
        .execute(db)
        .await?;
    Ok(())
}
