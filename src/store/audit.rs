//! The tables `audit` and `audit_key`: entries are appended, read, and never changed.

use sqlx::{FromRow, SqliteExecutor};

use super::{StoreError, account_id, time};
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
    let row: Option<(u32, Vec<u8>)> =
        sqlx::query_as("SELECT key_id, wrapped FROM audit_key WHERE id = 1")
            .fetch_optional(db)
            .await?;
    Ok(row.map(|(id, wrapped)| (KeyId(id), Sealed::from_bytes(wrapped))))
}

/// Keeps the key of the macs, in place of what was there.
pub(crate) async fn put_key(
    db: impl SqliteExecutor<'_>,
    id: KeyId,
    wrapped: &Sealed,
) -> Result<(), StoreError> {
    sqlx::query("INSERT OR REPLACE INTO audit_key (id, key_id, wrapped) VALUES (1, ?, ?)")
        .bind(id.0)
        .bind(wrapped.as_bytes())
        .execute(db)
        .await?;
    Ok(())
}

#[derive(FromRow)]
struct Row {
    number: i64,
    at: i64,
    owner: i64,
    actor: String,
    event: String,
    account_id: Option<Vec<u8>>,
    detail: String,
    mac: Vec<u8>,
}

impl TryFrom<Row> for (Entry, Mac) {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let corrupt = |reason| StoreError::Corrupt {
            table: "audit",
            reason,
        };
        let account = row
            .account_id
            .map(|id| account_id("audit", id))
            .transpose()?;
        let mac = row
            .mac
            .try_into()
            .map(Mac)
            .map_err(|_| corrupt("mac of a wrong length"))?;
        let entry = Entry {
            number: row.number,
            at: time(row.at),
            owner: row.owner,
            actor: row.actor,
            event: row.event,
            account,
            detail: row.detail,
        };
        Ok((entry, mac))
    }
}

/// The number and the mac of the newest entry; 0 and zeros before the first.
pub(crate) async fn head(db: impl SqliteExecutor<'_>) -> Result<(i64, Mac), StoreError> {
    let row: Option<(i64, Vec<u8>)> =
        sqlx::query_as("SELECT number, mac FROM audit ORDER BY number DESC LIMIT 1")
            .fetch_optional(db)
            .await?;
    match row {
        None => Ok((0, Mac::START)),
        Some((number, mac)) => {
            let mac = mac.try_into().map_err(|_| StoreError::Corrupt {
                table: "audit",
                reason: "mac of a wrong length",
            })?;
            Ok((number, Mac(mac)))
        }
    }
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
    .bind(entry.account.map(|account| account.bytes().to_vec()))
    .bind(&entry.detail)
    .bind(mac.0.as_slice())
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
    let rows: Vec<Row> =
        sqlx::query_as("SELECT * FROM audit WHERE number > ? ORDER BY number LIMIT ?")
            .bind(after)
            .bind(limit)
            .fetch_all(db)
            .await?;
    Ok(rows.into_iter().map(|row| row.try_into().ok()).collect())
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
    rows.into_iter()
        .map(|row| <(Entry, Mac)>::try_from(row).map(|(entry, _)| entry))
        .collect()
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
    account_id: Vec<u8>,
    program: String,
    times: i64,
    first_at: i64,
    last_at: i64,
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
            account: row.account_id.try_into().ok().map(AccountId::from_bytes),
            program: row.program,
            times: row.times,
            first_at: time(row.first_at),
            last_at: time(row.last_at),
            last: row.last,
        })
        .collect();
    uses.sort_by_key(|uses| std::cmp::Reverse(uses.last_at));
    Ok(uses)
}
