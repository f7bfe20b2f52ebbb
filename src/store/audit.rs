//! The tables `audit` and `audit_key`: entries are appended, read, and never changed.

use chrono::{DateTime, Utc};
use sqlx::{FromRow, SqliteExecutor};

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

/// How many entries concern a user, uses not counted.
pub(crate) async fn count_of(db: impl SqliteExecutor<'_>, owner: i64) -> Result<i64, StoreError> {
    Ok(
        sqlx::query_scalar("SELECT count(*) FROM audit WHERE owner = ? AND event <> 'use'")
            .bind(owner)
            .fetch_one(db)
            .await?,
    )
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
