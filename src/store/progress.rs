//! The table `progress_messages`: for each chat, the bot's messages that say that X is being asked. An answer that may have been sent
//! already goes there by an edit, which can be repeated without saying it twice.

use sqlx::SqliteExecutor;

use super::StoreError;
use crate::messages::Asked;

pub(super) fn name(asked: Asked) -> &'static str {
    match asked {
        Asked::Check => "check",
        Asked::Revocation => "revocation",
        Asked::Post => "post",
    }
}

/// Notes the message.
pub(crate) async fn set(
    db: impl SqliteExecutor<'_>,
    chat: i64,
    asked: Asked,
    message: i32,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT OR REPLACE INTO progress_messages (chat_id, asked, message_id) VALUES (?, ?, ?)",
    )
    .bind(chat)
    .bind(name(asked))
    .bind(message)
    .execute(db)
    .await?;
    Ok(())
}

/// The message, if there is one.
pub(crate) async fn get(
    db: impl SqliteExecutor<'_>,
    chat: i64,
    asked: Asked,
) -> Result<Option<i32>, StoreError> {
    Ok(sqlx::query_scalar(
        "SELECT message_id FROM progress_messages WHERE chat_id = ? AND asked = ?",
    )
    .bind(chat)
    .bind(name(asked))
    .fetch_optional(db)
    .await?)
}

/// Forgets all of a chat's.
pub(crate) async fn clear_all(db: impl SqliteExecutor<'_>, chat: i64) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM progress_messages WHERE chat_id = ?")
        .bind(chat)
        .execute(db)
        .await?;
    Ok(())
}
