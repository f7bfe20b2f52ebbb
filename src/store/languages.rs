//! The table `languages`: in which language a user is written to.

use sqlx::SqliteExecutor;

use super::StoreError;
use crate::messages::Language;

/// The language that is kept for a chat, if one is. A group has none.
pub(crate) async fn of(
    db: impl SqliteExecutor<'_>,
    chat: i64,
) -> Result<Option<Language>, StoreError> {
    Ok(
        sqlx::query_scalar("SELECT language FROM languages WHERE user_id = ?")
            .bind(chat)
            .fetch_optional(db)
            .await?,
    )
}

/// Keeps a user's language.
pub(crate) async fn set(
    db: impl SqliteExecutor<'_>,
    user: i64,
    language: Language,
) -> Result<(), StoreError> {
    sqlx::query("INSERT OR REPLACE INTO languages (user_id, language) VALUES (?, ?)")
        .bind(user)
        .bind(language)
        .execute(db)
        .await?;
    Ok(())
}
