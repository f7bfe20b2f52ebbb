//! Messages that still have to be deleted, as jobs.

use chrono::{DateTime, Utc};
use sqlx::SqliteExecutor;

use super::{
    StoreError, Tx,
    jobs::{self, Kind, NewJob},
};

/// The kind of those that delete a user's message, which may hold a secret.
pub(crate) const SECRET: Kind = Kind("delete");
/// The kind of those that delete one of the bot's own.
pub(crate) const OWN: Kind = Kind("tidy");

/// Keeps a deletion until it is done, now or at `due_at`. One that is known already keeps its times.
pub(crate) async fn insert(
    tx: &mut Tx,
    kind: Kind,
    chat: i64,
    message: i32,
    due_at: Option<DateTime<Utc>>,
    give_up_at: DateTime<Utc>,
) -> Result<(), StoreError> {
    let key = format!("{chat}:{message}");
    if jobs::is_known(&mut **tx, kind, &key).await? {
        return Ok(());
    }
    let job = NewJob {
        kind,
        key,
        subject: chat.to_string(),
        account: None,
        payload: None,
        give_up_at: Some(give_up_at),
    };
    match due_at {
        Some(due_at) => jobs::enqueue(tx, job, due_at).await,
        None => jobs::hand_over(tx, job).await,
    }
}

/// The chat and the message that the key of such a job names.
pub(crate) fn message_of(key: &str) -> Option<(i64, i32)> {
    let (chat, message) = key.split_once(':')?;
    Some((chat.parse().ok()?, message.parse().ok()?))
}

/// How many of a user's messages wait.
pub(crate) async fn count(db: impl SqliteExecutor<'_>, chat: i64) -> Result<i64, StoreError> {
    Ok(
        sqlx::query_scalar("SELECT count(*) FROM jobs WHERE subject = ? AND kind = 'delete'")
            .bind(chat.to_string())
            .fetch_one(db)
            .await?,
    )
}
