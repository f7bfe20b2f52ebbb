//! The table `outbox`: messages that were promised to a chat, in order, sealed until they are sent.

use chrono::{DateTime, Utc};
use sqlx::{FromRow, SqliteConnection, SqliteExecutor};

use super::{Store, StoreError};
use crate::{
    domain::{account::AccountId, watch::Change},
    incident,
    messages::{self, Asked, Message, Role},
    vault::{MessageFingerprint, OpenError, Place, Sealed, Vault},
};

/// A promised message.
#[derive(Debug)]
pub(crate) struct Promised {
    /// Grows with time: the order within a chat.
    pub id: i64,
    /// What to say, if it opens.
    pub message: Result<Message, OpenError>,
    /// What hangs on it besides its words.
    pub role: Role,
    /// When it may be said.
    pub due_at: DateTime<Utc>,
    /// When it was promised.
    pub promised_at: DateTime<Utc>,
    /// How often it was tried in vain.
    pub attempts: u32,
    /// Sending it was begun, and what came of that is not known: it may have been said already.
    pub begun: bool,
}

/// Promises a message, as `word` words it; a panic there becomes the words for a failure of ours. The same message is not promised
/// twice while it waits, and news of an account take the place of those that wait.
pub(crate) async fn push(
    tx: &mut SqliteConnection,
    vault: &Vault,
    chat: i64,
    word: impl FnOnce() -> Message,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let message = incident::catch(word).unwrap_or_else(|panicked| {
        let id = incident::log(vault.random(), "a message could not be worded", &panicked);
        messages::pages::incident(&id)
    });
    let json = serde_json::to_vec(&message).map_err(|_| StoreError::Corrupt {
        table: "outbox",
        reason: "the message has no JSON form",
    })?;
    let fingerprint = vault.message_fingerprint(chat, &json);
    let (key, sealed) = vault.seal(&Place::message(chat, fingerprint), &json)?;
    let (role, account) = stored(message.role);
    if let Some(account) = account {
        drop_news(&mut *tx, account).await?;
    }
    // The first of a chat may be under way to it already, if it is due: whoever is answered now gets an answer of their own.
    sqlx::query(
        "INSERT INTO outbox (chat_id, key_id, sealed, fingerprint, role, account_id, due_at, promised_at)
         SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7
         WHERE NOT EXISTS (
             SELECT 1 FROM outbox WHERE chat_id = ?1 AND fingerprint = ?4
             AND (due_at > ?7 OR id > (SELECT min(id) FROM outbox WHERE chat_id = ?1)))",
    )
    .bind(chat)
    .bind(key)
    .bind(sealed)
    .bind(fingerprint)
    .bind(role)
    .bind(account)
    .bind(now.timestamp())
    .execute(tx)
    .await?;
    Ok(())
}

fn stored(role: Role) -> (&'static str, Option<AccountId>) {
    match role {
        Role::Plain => ("plain", None),
        Role::Lasting => ("lasting", None),
        Role::Progress(Asked::Check) => ("checking", None),
        Role::Progress(Asked::Revocation) => ("revoking", None),
        Role::Progress(Asked::Post) => ("posting", None),
        Role::Answer(Asked::Check) => ("checked", None),
        Role::Answer(Asked::Revocation) => ("revoked", None),
        Role::Answer(Asked::Post) => ("posted", None),
        Role::News(account, Change::Died) => ("died", Some(account)),
        Role::News(account, Change::Recovered { .. }) => ("recovered", Some(account)),
        Role::News(account, Change::OnlyReads) => ("only_reads", Some(account)),
    }
}

fn read(name: &str, account: Option<AccountId>) -> Role {
    let recovered = Change::Recovered {
        refused_since: None,
    };
    let asked = [Asked::Check, Asked::Revocation, Asked::Post]
        .into_iter()
        .flat_map(|asked| [Role::Progress(asked), Role::Answer(asked)]);
    let news = account.into_iter().flat_map(|account| {
        [Change::Died, recovered, Change::OnlyReads].map(|change| Role::News(account, change))
    });
    [Role::Lasting]
        .into_iter()
        .chain(asked)
        .chain(news)
        .find(|role| stored(*role).0 == name)
        .unwrap_or_default()
}

#[derive(FromRow)]
struct Row {
    id: i64,
    sealed: Sealed,
    fingerprint: MessageFingerprint,
    role: String,
    account_id: Option<AccountId>,
    due_at: DateTime<Utc>,
    promised_at: DateTime<Utc>,
    attempts: u32,
    begun: bool,
}

/// The message that a chat is to get next, due or not. One that does not open is returned as that: an `Err` without its id would
/// wedge the chat.
pub(crate) async fn next(
    db: impl SqliteExecutor<'_>,
    vault: &Vault,
    chat: i64,
) -> Result<Option<Promised>, StoreError> {
    let row: Option<Row> = sqlx::query_as(
        "SELECT id, sealed, fingerprint, role, account_id, due_at, promised_at, attempts, begun FROM outbox
         WHERE chat_id = ? ORDER BY id LIMIT 1",
    )
    .bind(chat)
    .fetch_optional(db)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let opened = vault.open(&Place::message(chat, row.fingerprint), &row.sealed);
    Ok(Some(Promised {
        id: row.id,
        message: opened
            .and_then(|json| serde_json::from_slice(&json).map_err(|_| OpenError::Malformed)),
        role: read(&row.role, row.account_id),
        due_at: row.due_at,
        promised_at: row.promised_at,
        attempts: row.attempts,
        begun: row.begun,
    }))
}

/// The news that a chat is to get: of which accounts, and what has changed.
pub(crate) async fn news(
    db: impl SqliteExecutor<'_>,
    chat: i64,
) -> Result<Vec<(AccountId, Change)>, StoreError> {
    let rows: Vec<(String, Option<AccountId>)> = sqlx::query_as(
        "SELECT role, account_id FROM outbox WHERE chat_id = ? AND account_id IS NOT NULL ORDER BY id",
    )
    .bind(chat)
    .fetch_all(db)
    .await?;
    Ok(rows
        .into_iter()
        .filter_map(|(role, account)| match read(&role, account) {
            Role::News(account, change) => Some((account, change)),
            _ => None,
        })
        .collect())
}

/// Drops the news of an account that wait: there are newer ones.
pub(crate) async fn drop_news(
    db: impl SqliteExecutor<'_>,
    account: AccountId,
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM outbox WHERE account_id = ?")
        .bind(account)
        .execute(db)
        .await?;
    Ok(())
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
    let done = sqlx::query("DELETE FROM outbox WHERE role NOT IN ('lasting', 'revoked', 'posted')")
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
