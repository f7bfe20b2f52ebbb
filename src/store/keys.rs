//! What is sealed by which key of the keyring, across the tables, and changing that.

use serde::Serialize;
use sqlx::{FromRow, SqliteExecutor};

use super::{StoreError, Tx, account_id};
use crate::{
    domain::account::AccountId,
    vault::{KeyId, MessageFingerprint, Sealed},
};

/// How many rows a key of the keyring has sealed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Rows {
    /// Accounts and flows: their data keys.
    pub data_keys: i64,
    /// States of dialogues.
    pub dialogues: i64,
    /// Updates that wait.
    pub updates: i64,
    /// What waits to be done at X.
    pub jobs: i64,
    /// Messages that wait to be sent.
    pub messages: i64,
    /// The key of the audit trail.
    pub audit_key: i64,
}

impl Rows {
    /// All of them.
    pub(crate) fn total(self) -> i64 {
        self.data_keys + self.dialogues + self.updates + self.jobs + self.messages + self.audit_key
    }
}

/// The rows that key `id` has sealed.
pub(crate) async fn rows_of(db: impl SqliteExecutor<'_>, id: KeyId) -> Result<Rows, StoreError> {
    let (data_keys, dialogues, updates, jobs, messages, audit_key) = sqlx::query_as(
        "SELECT (SELECT count(*) FROM data_keys WHERE key_id = ?1),
                (SELECT count(*) FROM dialogues WHERE key_id = ?1),
                (SELECT count(*) FROM inbox WHERE key_id = ?1 AND sealed IS NOT NULL),
                (SELECT count(*) FROM jobs WHERE key_id = ?1),
                (SELECT count(*) FROM outbox WHERE key_id = ?1),
                (SELECT count(*) FROM audit_key WHERE key_id = ?1)",
    )
    .bind(id.0)
    .fetch_one(db)
    .await?;
    Ok(Rows {
        data_keys,
        dialogues,
        updates,
        jobs,
        messages,
        audit_key,
    })
}

/// Every key of which some row says that it has sealed it, in the keyring or not.
pub(crate) async fn in_use(db: impl SqliteExecutor<'_>) -> Result<Vec<KeyId>, StoreError> {
    // From each number to the next higher one by the index, since there are many rows and few keys. No table has a column of the
    // name that the numbers go by here: it would be taken for that.
    let ids: Vec<u32> = sqlx::query_scalar(
        "WITH RECURSIVE
             of_data_keys (found) AS (
                 SELECT min(key_id) FROM data_keys UNION ALL
                 SELECT (SELECT min(key_id) FROM data_keys WHERE key_id > found) FROM of_data_keys WHERE found IS NOT NULL),
             of_dialogues (found) AS (
                 SELECT min(key_id) FROM dialogues UNION ALL
                 SELECT (SELECT min(key_id) FROM dialogues WHERE key_id > found) FROM of_dialogues WHERE found IS NOT NULL),
             of_updates (found) AS (
                 SELECT min(key_id) FROM inbox WHERE sealed IS NOT NULL UNION ALL
                 SELECT (SELECT min(key_id) FROM inbox WHERE sealed IS NOT NULL AND key_id > found)
                 FROM of_updates WHERE found IS NOT NULL),
             of_jobs (found) AS (
                 SELECT min(key_id) FROM jobs WHERE key_id IS NOT NULL UNION ALL
                 SELECT (SELECT min(key_id) FROM jobs WHERE key_id > found) FROM of_jobs WHERE found IS NOT NULL),
             of_messages (found) AS (
                 SELECT min(key_id) FROM outbox UNION ALL
                 SELECT (SELECT min(key_id) FROM outbox WHERE key_id > found) FROM of_messages WHERE found IS NOT NULL)
         SELECT found FROM of_data_keys WHERE found IS NOT NULL UNION SELECT found FROM of_dialogues WHERE found IS NOT NULL
         UNION SELECT found FROM of_updates WHERE found IS NOT NULL UNION SELECT found FROM of_jobs WHERE found IS NOT NULL
         UNION SELECT found FROM of_messages WHERE found IS NOT NULL UNION SELECT key_id FROM audit_key ORDER BY 1",
    )
    .fetch_all(db)
    .await?;
    Ok(ids.into_iter().map(KeyId).collect())
}

/// A data key as it is stored, or what a job of an account has sealed.
#[derive(Debug)]
pub(crate) struct StoredDataKey {
    /// Where it stands in the table, for going on after it.
    pub row: i64,
    /// Whose.
    pub owner: i64,
    /// Of which account.
    pub account: AccountId,
    /// Wrapped by the key it was asked for.
    pub wrapped: Sealed,
}

#[derive(FromRow)]
struct DataKeyRow {
    place: i64,
    owner: i64,
    account_id: Vec<u8>,
    wrapped: Vec<u8>,
}

/// Data keys that key `id` wraps, at most `limit` behind `after`, in the order of the table.
pub(crate) async fn data_keys_of(
    db: impl SqliteExecutor<'_>,
    id: KeyId,
    after: i64,
    limit: u32,
) -> Result<Vec<StoredDataKey>, StoreError> {
    let rows: Vec<DataKeyRow> = sqlx::query_as(
        "SELECT rowid AS place, owner, account_id, wrapped FROM data_keys
         WHERE key_id = ? AND rowid > ? ORDER BY rowid LIMIT ?",
    )
    .bind(id.0)
    .bind(after)
    .bind(limit)
    .fetch_all(db)
    .await?;
    rows.into_iter().map(TryInto::try_into).collect()
}

/// Data keys by account, at most `limit` after `after`: to walk through all of them.
pub(crate) async fn data_keys_after(
    db: impl SqliteExecutor<'_>,
    after: Option<AccountId>,
    limit: u32,
) -> Result<Vec<StoredDataKey>, StoreError> {
    let rows: Vec<DataKeyRow> = sqlx::query_as(
        "SELECT rowid AS place, owner, account_id, wrapped FROM data_keys WHERE account_id > ?
         ORDER BY account_id LIMIT ?",
    )
    .bind(after.map_or_else(Vec::new, |after| after.bytes().to_vec()))
    .bind(limit)
    .fetch_all(db)
    .await?;
    rows.into_iter().map(TryInto::try_into).collect()
}

impl TryFrom<DataKeyRow> for StoredDataKey {
    type Error = StoreError;

    fn try_from(row: DataKeyRow) -> Result<Self, StoreError> {
        Ok(Self {
            row: row.place,
            owner: row.owner,
            account: account_id("data_keys", row.account_id)?,
            wrapped: Sealed::from_bytes(row.wrapped),
        })
    }
}

/// Puts a data key back under another key of the keyring.
pub(crate) async fn set_data_key(
    tx: &mut Tx,
    account: AccountId,
    id: KeyId,
    wrapped: &Sealed,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE data_keys SET key_id = ?, wrapped = ? WHERE account_id = ?")
        .bind(id.0)
        .bind(wrapped.as_bytes())
        .bind(account.bytes().as_slice())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Dialogues that key `id` has sealed: chat and state, at most `limit` behind `after`, by chat.
pub(crate) async fn dialogues_of(
    db: impl SqliteExecutor<'_>,
    id: KeyId,
    after: i64,
    limit: u32,
) -> Result<Vec<(i64, Sealed)>, StoreError> {
    let rows: Vec<(i64, Vec<u8>)> = sqlx::query_as(
        "SELECT chat_id, sealed FROM dialogues
         WHERE key_id = ? AND chat_id > ? ORDER BY chat_id LIMIT ?",
    )
    .bind(id.0)
    .bind(after)
    .bind(limit)
    .fetch_all(db)
    .await?;
    Ok(rows
        .into_iter()
        .map(|(chat, sealed)| (chat, Sealed::from_bytes(sealed)))
        .collect())
}

/// Puts a dialogue back under another key of the keyring. Its card needs no drawing for that.
pub(crate) async fn set_dialogue(
    tx: &mut Tx,
    chat: i64,
    id: KeyId,
    sealed: &Sealed,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE dialogues SET key_id = ?, sealed = ? WHERE chat_id = ?")
        .bind(id.0)
        .bind(sealed.as_bytes())
        .bind(chat)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Updates that wait and that key `id` has sealed: update, chat and text, at most `limit` behind `after`, by update.
pub(crate) async fn updates_of(
    db: impl SqliteExecutor<'_>,
    id: KeyId,
    after: i64,
    limit: u32,
) -> Result<Vec<(i64, i64, Sealed)>, StoreError> {
    let rows: Vec<(i64, i64, Vec<u8>)> = sqlx::query_as(
        "SELECT update_id, chat_id, sealed FROM inbox
         WHERE key_id = ? AND sealed IS NOT NULL AND update_id > ? ORDER BY update_id LIMIT ?",
    )
    .bind(id.0)
    .bind(after)
    .bind(limit)
    .fetch_all(db)
    .await?;
    Ok(rows
        .into_iter()
        .map(|(update, chat, sealed)| (update, chat, Sealed::from_bytes(sealed)))
        .collect())
}

/// Puts a waiting update back under another key of the keyring.
pub(crate) async fn set_update(
    tx: &mut Tx,
    update: i64,
    id: KeyId,
    sealed: &Sealed,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE inbox SET key_id = ?, sealed = ? WHERE update_id = ?")
        .bind(id.0)
        .bind(sealed.as_bytes())
        .bind(update)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Jobs that key `id` has sealed: number, account and owner, and what is sealed; at most `limit` behind `after`.
pub(crate) async fn jobs_of(
    db: impl SqliteExecutor<'_>,
    id: KeyId,
    after: i64,
    limit: u32,
) -> Result<Vec<StoredDataKey>, StoreError> {
    let rows: Vec<DataKeyRow> = sqlx::query_as(
        "SELECT id AS place, owner, account_id, payload AS wrapped FROM jobs JOIN data_keys USING (account_id)
         WHERE jobs.key_id = ? AND id > ? ORDER BY id LIMIT ?",
    )
    .bind(id.0)
    .bind(after)
    .bind(limit)
    .fetch_all(db)
    .await?;
    rows.into_iter().map(TryInto::try_into).collect()
}

/// Puts what a job has sealed back under another key of the keyring.
pub(crate) async fn set_job(
    tx: &mut Tx,
    job: i64,
    id: KeyId,
    sealed: &Sealed,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE jobs SET key_id = ?, payload = ? WHERE id = ?")
        .bind(id.0)
        .bind(sealed.as_bytes())
        .bind(job)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Messages that wait to be sent and that key `id` has sealed: message, chat, fingerprint and text, at most `limit` behind `after`,
/// by message.
pub(crate) async fn messages_of(
    db: impl SqliteExecutor<'_>,
    id: KeyId,
    after: i64,
    limit: u32,
) -> Result<Vec<(i64, i64, MessageFingerprint, Sealed)>, StoreError> {
    Ok(sqlx::query_as(
        "SELECT id, chat_id, fingerprint, sealed FROM outbox WHERE key_id = ? AND id > ? ORDER BY id LIMIT ?",
    )
    .bind(id)
    .bind(after)
    .bind(limit)
    .fetch_all(db)
    .await?)
}

/// Puts a waiting message back under another key of the keyring.
pub(crate) async fn set_message(
    tx: &mut Tx,
    message: i64,
    id: KeyId,
    sealed: &Sealed,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE outbox SET key_id = ?, sealed = ? WHERE id = ?")
        .bind(id.0)
        .bind(sealed.as_bytes())
        .bind(message)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    #[tokio::test]
    async fn every_key_that_rows_name_is_found_whatever_the_numbers_of_the_rows() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("addx.db")).await.unwrap();
        for (row, key) in [(1, 7), (2, 5), (8, 6), (9, 5)] {
            sqlx::query(
                "INSERT INTO outbox (id, chat_id, key_id, sealed, fingerprint, role, due_at, promised_at)
                 VALUES (?, 71, ?, x'00', zeroblob(16), 'plain', 0, 0)",
            )
            .bind(row)
            .bind(key)
            .execute(store.writer())
            .await
            .unwrap();
            sqlx::query(
                "INSERT INTO jobs (id, kind, key, subject, key_id, payload)
                 VALUES (?1, 'post', ?1, '', ?2 + 10, x'00')",
            )
            .bind(row)
            .bind(key)
            .execute(store.writer())
            .await
            .unwrap();
        }
        let found = in_use(store.reader()).await.unwrap();
        assert_eq!(found, [5, 6, 7, 15, 16, 17].map(KeyId));
    }
}
