//! The tables `data_keys` and `sealed_values`: an account's key and what it sealed.

use chrono::{DateTime, Utc};
use sqlx::{FromRow, SqliteExecutor};

use super::{StoreError, Tx, time};
use crate::{
    domain::{account::AccountId, credentials::Field, verdict::KeyPairOutcome},
    vault::{KeyId, Sealed, ValueFingerprint},
};

/// Which set of an account's values a value belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// In use.
    Current,
    /// New values of a rotation, until X accepts them.
    Candidate,
    /// One value that looks unusual, until the user decides.
    Held,
}

impl Slot {
    fn as_str(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Candidate => "candidate",
            Self::Held => "held",
        }
    }
}

/// A sealed value.
#[derive(Clone, Debug)]
pub struct SealedValue {
    /// Which of the four.
    pub field: Field,
    /// Opens with the account's data key.
    pub sealed: Sealed,
    /// Tells the same value again.
    pub fingerprint: ValueFingerprint,
    /// Length of the value in characters.
    pub chars: u32,
    /// When it came.
    pub received_at: DateTime<Utc>,
}

/// An account's wrapped data key, and what X said of its newest key pair.
#[derive(Clone, Debug)]
pub struct WrappedKey {
    /// Opens with the keyring.
    pub wrapped: Sealed,
    /// What X said of the key pair alone, and when.
    pub key_pair: Option<(KeyPairOutcome, DateTime<Utc>)>,
}

/// Keeps the data key of a new account.
pub async fn insert_data_key(
    db: impl SqliteExecutor<'_>,
    owner: i64,
    account: AccountId,
    key_id: KeyId,
    wrapped: &Sealed,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO data_keys (account_id, owner, key_id, wrapped, created_at) VALUES (?, ?, ?, ?, ?)",
    )
    .bind(account.bytes().as_slice())
    .bind(owner)
    .bind(key_id.0)
    .bind(wrapped.as_bytes())
    .bind(now.timestamp())
    .execute(db)
    .await?;
    Ok(())
}

/// The data key of one of `owner`'s accounts.
pub async fn data_key(
    db: impl SqliteExecutor<'_>,
    owner: i64,
    account: AccountId,
) -> Result<Option<WrappedKey>, StoreError> {
    let row: Option<KeyRow> = sqlx::query_as(
        "SELECT wrapped, key_pair, key_pair_at FROM data_keys WHERE account_id = ? AND owner = ?",
    )
    .bind(account.bytes().as_slice())
    .bind(owner)
    .fetch_optional(db)
    .await?;
    Ok(row.map(Into::into))
}

#[derive(FromRow)]
struct KeyRow {
    wrapped: Sealed,
    key_pair: Option<KeyPairOutcome>,
    key_pair_at: Option<DateTime<Utc>>,
}

impl From<KeyRow> for WrappedKey {
    fn from(row: KeyRow) -> Self {
        Self {
            wrapped: row.wrapped,
            key_pair: row.key_pair.zip(row.key_pair_at),
        }
    }
}

/// Notes what X said of the key pair alone; `None` forgets it.
pub(crate) async fn set_key_pair(
    db: impl SqliteExecutor<'_>,
    account: AccountId,
    outcome: Option<KeyPairOutcome>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE data_keys SET key_pair = ?, key_pair_at = ? WHERE account_id = ?")
        .bind(outcome)
        .bind(outcome.map(|_| now.timestamp()))
        .bind(account.bytes().as_slice())
        .execute(db)
        .await?;
    Ok(())
}

/// Keeps a value in a slot, in place of the one that is there. What was held apart was decided about by that.
pub async fn put(
    db: impl SqliteExecutor<'_>,
    account: AccountId,
    slot: Slot,
    value: &SealedValue,
) -> Result<(), StoreError> {
    sqlx::query(
        "DELETE FROM sealed_values WHERE account_id = ?1 AND slot = 'held';
         INSERT OR REPLACE INTO sealed_values
             (account_id, slot, field, sealed, fingerprint, chars, received_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )
    .bind(account.bytes().as_slice())
    .bind(slot.as_str())
    .bind(value.field.as_str())
    .bind(value.sealed.as_bytes())
    .bind(value.fingerprint.0.as_slice())
    .bind(value.chars)
    .bind(value.received_at.timestamp())
    .execute(db)
    .await?;
    Ok(())
}

#[derive(FromRow)]
struct Row {
    field: String,
    sealed: Vec<u8>,
    fingerprint: Vec<u8>,
    chars: u32,
    received_at: i64,
}

/// The values in a slot, at most one of each field.
pub async fn list(
    db: impl SqliteExecutor<'_>,
    account: AccountId,
    slot: Slot,
) -> Result<Vec<SealedValue>, StoreError> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT field, sealed, fingerprint, chars, received_at FROM sealed_values
         WHERE account_id = ? AND slot = ?",
    )
    .bind(account.bytes().as_slice())
    .bind(slot.as_str())
    .fetch_all(db)
    .await?;
    rows.into_iter().map(TryInto::try_into).collect()
}

impl TryFrom<Row> for SealedValue {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let corrupt = |reason| StoreError::Corrupt {
            table: "sealed_values",
            reason,
        };
        Ok(Self {
            field: row.field.parse().map_err(|_| corrupt("unknown field"))?,
            sealed: Sealed::from_bytes(row.sealed),
            fingerprint: row
                .fingerprint
                .try_into()
                .map(ValueFingerprint)
                .map_err(|_| corrupt("fingerprint of a wrong length"))?,
            chars: row.chars,
            received_at: time(row.received_at),
        })
    }
}

/// Everything that opens an account's values, read in one statement: a rotation changes all of them or none.
#[derive(Debug)]
pub(crate) struct StoredValues {
    /// The data key.
    pub key: WrappedKey,
    /// In use.
    pub current: Vec<SealedValue>,
    /// New ones of a rotation.
    pub candidate: Vec<SealedValue>,
}

#[derive(FromRow)]
struct JoinedRow {
    #[sqlx(flatten)]
    key: KeyRow,
    slot: Option<String>,
    #[sqlx(flatten)]
    value: Row,
}

/// The data key and the values of one of `owner`'s accounts.
pub(crate) async fn load(
    db: impl SqliteExecutor<'_>,
    owner: i64,
    account: AccountId,
) -> Result<Option<StoredValues>, StoreError> {
    let rows: Vec<JoinedRow> = sqlx::query_as(
        "SELECT wrapped, key_pair, key_pair_at, slot, ifnull(field, '') AS field, ifnull(sealed, x'') AS sealed,
             ifnull(fingerprint, x'') AS fingerprint, ifnull(chars, 0) AS chars, ifnull(received_at, 0) AS received_at
         FROM data_keys LEFT JOIN sealed_values USING (account_id) WHERE account_id = ? AND owner = ?",
    )
    .bind(account.bytes().as_slice())
    .bind(owner)
    .fetch_all(db)
    .await?;
    let mut loaded: Option<StoredValues> = None;
    for row in rows {
        let stored = loaded.get_or_insert_with(|| StoredValues {
            key: row.key.into(),
            current: Vec::new(),
            candidate: Vec::new(),
        });
        match row.slot.as_deref() {
            Some("current") => stored.current.push(row.value.try_into()?),
            Some("candidate") => stored.candidate.push(row.value.try_into()?),
            Some(_) | None => {}
        }
    }
    Ok(loaded)
}

/// Moves a slot's values into another, each in place of the one that is there.
pub(crate) async fn move_all(
    db: impl SqliteExecutor<'_>,
    account: AccountId,
    from: Slot,
    to: Slot,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE OR REPLACE sealed_values SET slot = ? WHERE account_id = ? AND slot = ?")
        .bind(to.as_str())
        .bind(account.bytes().as_slice())
        .bind(from.as_str())
        .execute(db)
        .await?;
    Ok(())
}

/// Erases one value of a slot.
pub(crate) async fn delete(
    db: impl SqliteExecutor<'_>,
    account: AccountId,
    slot: Slot,
    field: Field,
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM sealed_values WHERE account_id = ? AND slot = ? AND field = ?")
        .bind(account.bytes().as_slice())
        .bind(slot.as_str())
        .bind(field.as_str())
        .execute(db)
        .await?;
    Ok(())
}

/// Erases a slot. How many values it held.
pub(crate) async fn delete_all(
    db: impl SqliteExecutor<'_>,
    account: AccountId,
    slot: Slot,
) -> Result<u64, StoreError> {
    let done = sqlx::query("DELETE FROM sealed_values WHERE account_id = ? AND slot = ?")
        .bind(account.bytes().as_slice())
        .bind(slot.as_str())
        .execute(db)
        .await?;
    Ok(done.rows_affected())
}

/// Erases an account or a flow's beginnings: data key, values, link, pending checks. `false` if there was none.
pub(crate) async fn erase(
    db: impl SqliteExecutor<'_>,
    owner: i64,
    account: AccountId,
) -> Result<bool, StoreError> {
    let done = sqlx::query("DELETE FROM data_keys WHERE account_id = ? AND owner = ?")
        .bind(account.bytes().as_slice())
        .bind(owner)
        .execute(db)
        .await?;
    Ok(done.rows_affected() > 0)
}

/// Erases what unfinished flows of `owner` have left, for when no flow is open: beginnings of links, and new values that
/// wait for nobody.
pub(crate) async fn erase_unfinished(tx: &mut Tx, owner: i64) -> Result<(), StoreError> {
    sqlx::query(
        "DELETE FROM data_keys
         WHERE owner = ?1 AND account_id NOT IN (SELECT account_id FROM accounts)
             AND NOT EXISTS (
                 SELECT 1 FROM jobs
                 WHERE jobs.account_id = data_keys.account_id AND kind = 'revoke');
         DELETE FROM sealed_values
         WHERE account_id IN (SELECT account_id FROM accounts WHERE owner = ?1)
             AND (slot = 'held' OR slot = 'candidate' AND account_id IN (
                 SELECT account_id FROM accounts WHERE owner = ?1 AND candidate_until IS NULL))",
    )
    .bind(owner)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Erases the beginnings of flows that no longer exist: a data key, made before `before`, of which no link knows and
/// whose owner has no open flow. How many there were.
pub(crate) async fn erase_orphans(
    db: impl SqliteExecutor<'_>,
    before: DateTime<Utc>,
) -> Result<u64, StoreError> {
    let done = sqlx::query(
        "DELETE FROM data_keys WHERE linked = 0 AND created_at < ?
             AND NOT EXISTS (SELECT 1 FROM accounts WHERE accounts.account_id = data_keys.account_id)
             AND NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.account_id = data_keys.account_id)
             AND NOT EXISTS (
                 SELECT 1 FROM dialogues WHERE chat_id = data_keys.owner AND expires_at IS NOT NULL)",
    )
    .bind(before.timestamp())
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}
