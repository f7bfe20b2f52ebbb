//! The table `anchors`: for each chat, the bot's message that says that X is being asked. An answer that may have been sent
//! already goes there by an edit, which can be repeated without saying it twice.

use sqlx::SqliteExecutor;

use super::StoreError;

/// Notes the message.
///
/// # Errors
/// The database failed.
pub async fn set(db: impl SqliteExecutor<'_>, chat: i64, message: i32) -> Result<(), StoreError> {
    sqlx::query("INSERT OR REPLACE INTO anchors (chat_id, message_id) VALUES (?, ?)")
        .bind(chat)
        .bind(message)
        .execute(db)
        .await?;
    Ok(())
}

/// The message, if there is one.
///
/// # Errors
/// The database failed.
pub async fn get(db: impl SqliteExecutor<'_>, chat: i64) -> Result<Option<i32>, StoreError> {
    Ok(
        sqlx::query_scalar("SELECT message_id FROM anchors WHERE chat_id = ?")
            .bind(chat)
            .fetch_optional(db)
            .await?,
    )
}

/// Forgets it: the answer was given.
///
/// # Errors
/// The database failed.
pub async fn clear(db: impl SqliteExecutor<'_>, chat: i64) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM anchors WHERE chat_id = ?")
        .bind(chat)
        .execute(db)
        .await?;
    Ok(())
}
