//! The tables `audit` and `audit_key`: entries are appended, read, and never changed.

use chrono::{DateTime, Utc};
use sqlx::{FromRow, SqliteConnection, SqliteExecutor};

use super::StoreError;
use crate::{
    domain::{
        account::AccountId,
        audit::{Entry, UsesOfDay},
    },
    vault::{KeyId, Mac, Sealed},
};

/// The wrapped key of the macs, if there is one.
pub(crate) async fn key(
    db: impl SqliteExecutor<'_>,
) -> Result<Option<(KeyId, Sealed)>, StoreError> {
    Ok(
        sqlx::query_as("SELECT key_id, wrapped FROM audit_key WHERE id = 1")
            .fetch_optional(db)
            .await?,
    )
}

/// Keeps the key of the macs, in place of what was there.
pub(crate) async fn put_key(
    db: impl SqliteExecutor<'_>,
    id: KeyId,
    wrapped: &Sealed,
) -> Result<(), StoreError> {
    sqlx::query("INSERT OR REPLACE INTO audit_key (id, key_id, wrapped) VALUES (1, ?, ?)")
        .bind(id)
        .bind(wrapped)
        .execute(db)
        .await?;
    Ok(())
}

#[derive(FromRow)]
struct Row {
    number: i64,
    at: DateTime<Utc>,
    owner: i64,
    actor: String,
    event: String,
    account_id: Option<AccountId>,
    detail: String,
    mac: Mac,
}

impl From<Row> for (Entry, Mac) {
    fn from(row: Row) -> Self {
        let entry = Entry {
            number: row.number,
            at: row.at,
            owner: row.owner,
            actor: row.actor,
            event: row.event,
            account: row.account_id,
            detail: row.detail,
        };
        (entry, row.mac)
    }
}

/// The number and the mac of the newest entry; 0 and zeros before the first.
pub(crate) async fn head(db: impl SqliteExecutor<'_>) -> Result<(i64, Mac), StoreError> {
    let row: Option<(i64, Mac)> =
        sqlx::query_as("SELECT number, mac FROM audit ORDER BY number DESC LIMIT 1")
            .fetch_optional(db)
            .await?;
    Ok(row.unwrap_or((0, Mac::START)))
}

/// The last entry that was pruned.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct Checkpoint {
    /// Its number.
    pub number: i64,
    /// When it was written.
    pub at: DateTime<Utc>,
    /// Its mac.
    pub mac: Mac,
    /// A mac over the three.
    pub seal: Mac,
}

/// What was pruned, if anything.
pub(crate) async fn checkpoint(
    db: impl SqliteExecutor<'_>,
) -> Result<Option<Checkpoint>, StoreError> {
    Ok(
        sqlx::query_as("SELECT number, at, mac, seal FROM audit_checkpoint WHERE id = 1")
            .fetch_optional(db)
            .await?,
    )
}

/// The number of the last entry before the first that is not older than `before`; never the newest one's. Times may go
/// back, numbers do not.
pub(crate) async fn last_before(
    db: impl SqliteExecutor<'_>,
    before: DateTime<Utc>,
) -> Result<i64, StoreError> {
    let last: Option<i64> = sqlx::query_scalar(
        "SELECT min(ifnull((SELECT min(number) FROM audit WHERE at >= ?), max(number)), max(number)) - 1 FROM audit",
    )
    .bind(before.timestamp())
    .fetch_one(db)
    .await?;
    Ok(last.unwrap_or(0))
}

/// The entry with this number, with its mac. `None`: not what this program writes, or not there.
pub(crate) async fn entry(
    db: impl SqliteExecutor<'_>,
    number: i64,
) -> Result<Option<(Entry, Mac)>, StoreError> {
    Ok(after(db, number - 1, 1).await?.pop().flatten())
}

/// Takes out every entry up to a checkpoint, and notes that instead.
pub(crate) async fn cut(
    db: &mut SqliteConnection,
    checkpoint: &Checkpoint,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT OR REPLACE INTO audit_checkpoint (id, number, at, mac, seal) VALUES (1, ?, ?, ?, ?)",
    )
    .bind(checkpoint.number)
    .bind(checkpoint.at.timestamp())
    .bind(checkpoint.mac)
    .bind(checkpoint.seal)
    .execute(&mut *db)
    .await?;
    sqlx::query("DELETE FROM audit WHERE number <= ?")
        .bind(checkpoint.number)
        .execute(db)
        .await?;
    Ok(())
}

/// Forgets how often programs used accounts on days before this time.
pub(crate) async fn forget_uses(
    db: impl SqliteExecutor<'_>,
    before: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM uses WHERE day < ? / 86400")
        .bind(before.timestamp())
        .execute(db)
        .await?;
    Ok(())
}

/// Appends an entry. Its number must be the next one.
pub(crate) async fn append(
    db: impl SqliteExecutor<'_>,
    entry: &Entry,
    mac: &Mac,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO audit (number, at, owner, actor, event, account_id, detail, mac)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(entry.number)
    .bind(entry.at.timestamp())
    .bind(entry.owner)
    .bind(&entry.actor)
    .bind(&entry.event)
    .bind(entry.account)
    .bind(&entry.detail)
    .bind(mac)
    .execute(db)
    .await?;
    Ok(())
}

/// Entries after number `after` with their macs, in order, at most `limit`. `None`: not what this program writes.
pub(crate) async fn after(
    db: impl SqliteExecutor<'_>,
    after: i64,
    limit: u32,
) -> Result<Vec<Option<(Entry, Mac)>>, StoreError> {
    let rows = sqlx::query("SELECT * FROM audit WHERE number > ? ORDER BY number LIMIT ?")
        .bind(after)
        .bind(limit)
        .fetch_all(db)
        .await?;
    let read = |row| Row::from_row(row).ok().map(Into::into);
    Ok(rows.iter().map(read).collect())
}

/// The newest entries that concern a user, the newest first, at most `limit`. Uses by programs are not among them: see
/// [`uses_of`].
pub(crate) async fn newest_of(
    db: impl SqliteExecutor<'_>,
    owner: i64,
    limit: u32,
) -> Result<Vec<Entry>, StoreError> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT * FROM audit WHERE owner = ? AND event <> 'use' ORDER BY number DESC LIMIT ?",
    )
    .bind(owner)
    .bind(limit)
    .fetch_all(db)
    .await?;
    let entry = |row| <(Entry, Mac)>::from(row).0;
    Ok(rows.into_iter().map(entry).collect())
}

#[derive(FromRow)]
struct UsesRow {
    account_id: Option<AccountId>,
    program: String,
    times: i64,
    first_at: DateTime<Utc>,
    last_at: DateTime<Utc>,
    last: String,
}

/// How often programs used the accounts of a user on each day, the newest day first, at most `limit`.
pub(crate) async fn uses_of(
    db: impl SqliteExecutor<'_>,
    owner: i64,
    limit: u32,
) -> Result<Vec<UsesOfDay>, StoreError> {
    let rows: Vec<UsesRow> = sqlx::query_as(
        "SELECT account_id, program, times, first_at, last_at, last FROM uses
         WHERE owner = ? ORDER BY day DESC LIMIT ?",
    )
    .bind(owner)
    .bind(limit)
    .fetch_all(db)
    .await?;
    let mut uses: Vec<UsesOfDay> = rows
        .into_iter()
        .map(|row| UsesOfDay {
            account: row.account_id,
            program: row.program,
            times: row.times,
            first_at: row.first_at,
            last_at: row.last_at,
            last: row.last,
        })
        .collect();
    uses.sort_by_key(|uses| std::cmp::Reverse(uses.last_at));
    Ok(uses)
}
