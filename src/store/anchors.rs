//! The table `anchors`: for each chat, the bot's messages that say that X is being asked. An answer that may have been sent
//! already goes there by an edit, which can be repeated without saying it twice.

use sqlx::SqliteExecutor;

use super::StoreError;
use crate::domain::notice::Notice;

/// What X is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// Whether the values work.
    Check,
    /// To end a token.
    Revocation,
    /// To publish.
    Post,
}

impl Asked {
    /// What this message says that X is being asked for.
    pub(crate) fn announced_by(notice: &Notice) -> Option<Self> {
        match notice {
            Notice::Checking { .. } => Some(Self::Check),
            Notice::Revoking { .. } => Some(Self::Revocation),
            Notice::Posting { .. } => Some(Self::Post),
            _ => None,
        }
    }

    /// What this message is X's answer to.
    pub(crate) fn answered_by(notice: &Notice) -> Option<Self> {
        match notice {
            Notice::Result(_) => Some(Self::Check),
            Notice::Receipt { .. } => Some(Self::Revocation),
            Notice::PostResult(_) => Some(Self::Post),
            _ => None,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Check => "check",
            Self::Revocation => "revocation",
            Self::Post => "post",
        }
    }
}

/// Notes the message.
pub(crate) async fn set(
    db: impl SqliteExecutor<'_>,
    chat: i64,
    asked: Asked,
    message: i32,
) -> Result<(), StoreError> {
    sqlx::query("INSERT OR REPLACE INTO anchors (chat_id, errand, message_id) VALUES (?, ?, ?)")
        .bind(chat)
        .bind(asked.as_str())
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
    Ok(
        sqlx::query_scalar("SELECT message_id FROM anchors WHERE chat_id = ? AND errand = ?")
            .bind(chat)
            .bind(asked.as_str())
            .fetch_optional(db)
            .await?,
    )
}

/// Forgets it: the answer was given.
pub(crate) async fn clear(
    db: impl SqliteExecutor<'_>,
    chat: i64,
    asked: Asked,
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM anchors WHERE chat_id = ? AND errand = ?")
        .bind(chat)
        .bind(asked.as_str())
        .execute(db)
        .await?;
    Ok(())
}

/// Forgets all of a chat's.
pub(crate) async fn clear_all(db: impl SqliteExecutor<'_>, chat: i64) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM anchors WHERE chat_id = ?")
        .bind(chat)
        .execute(db)
        .await?;
    Ok(())
}
