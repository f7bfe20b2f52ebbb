//! The table `accounts`: the links, found by their owner only.

use chrono::{DateTime, Utc};
use sqlx::{FromRow, SqliteExecutor};

use super::{StoreError, types::Json};
use crate::domain::{
    account::{AccountId, AccountName, LinkedAccount, XAccount, XUserId, XUsername},
    verdict::{Outcome, Verdict},
};

#[derive(FromRow)]
struct Row {
    account_id: AccountId,
    owner: i64,
    name: AccountName,
    takes_x_handle: bool,
    x_user_id: Option<XUserId>,
    x_username: Option<XUsername>,
    verdict: Option<Json<Verdict>>,
    verdict_since: Option<DateTime<Utc>>,
    checked_at: Option<DateTime<Utc>>,
    accepted_at: Option<DateTime<Utc>>,
    candidate_until: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
}

impl From<Row> for LinkedAccount {
    fn from(row: Row) -> Self {
        let x_account = row.x_user_id.zip(row.x_username);
        Self {
            id: row.account_id,
            owner: row.owner,
            name: row.name,
            takes_x_handle: row.takes_x_handle,
            x_account: x_account.map(|(id, username)| XAccount { id, username }),
            verdict: row.verdict.map(|Json(verdict)| verdict),
            verdict_since: row.verdict_since,
            checked_at: row.checked_at,
            accepted_at: row.accepted_at,
            candidate_until: row.candidate_until,
            created_at: row.created_at,
        }
    }
}

/// Keeps a new link, before X has judged it.
pub async fn insert(
    db: impl SqliteExecutor<'_>,
    owner: i64,
    account: AccountId,
    name: &AccountName,
    takes_x_handle: bool,
    now: DateTime<Utc>,
) -> Result<LinkedAccount, StoreError> {
    let row: Row = sqlx::query_as(
        "INSERT INTO accounts (account_id, owner, name, name_key, takes_x_handle, created_at)
         VALUES (?, ?, ?, ?, ?, ?) RETURNING *",
    )
    .bind(account)
    .bind(owner)
    .bind(name)
    .bind(name.key())
    .bind(takes_x_handle)
    .bind(now.timestamp())
    .fetch_one(db)
    .await?;
    Ok(row.into())
}

/// Takes a link off the list; its values stay until they are erased. Foreign links are not found.
pub(crate) async fn delete(
    db: impl SqliteExecutor<'_>,
    owner: i64,
    account: AccountId,
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM accounts WHERE account_id = ? AND owner = ?")
        .bind(account)
        .bind(owner)
        .execute(db)
        .await?;
    Ok(())
}

/// One of `owner`'s links.
pub async fn by_id(
    db: impl SqliteExecutor<'_>,
    owner: i64,
    account: AccountId,
) -> Result<Option<LinkedAccount>, StoreError> {
    let row: Option<Row> =
        sqlx::query_as("SELECT * FROM accounts WHERE account_id = ? AND owner = ?")
            .bind(account)
            .bind(owner)
            .fetch_optional(db)
            .await?;
    Ok(row.map(Into::into))
}

/// `owner`'s link of this name, without regard to case.
pub(crate) async fn by_name(
    db: impl SqliteExecutor<'_>,
    owner: i64,
    name: &AccountName,
) -> Result<Option<LinkedAccount>, StoreError> {
    let row: Option<Row> =
        sqlx::query_as("SELECT * FROM accounts WHERE owner = ? AND name_key = ?")
            .bind(owner)
            .bind(name.key())
            .fetch_optional(db)
            .await?;
    Ok(row.map(Into::into))
}

/// `owner`'s links, by name.
pub async fn list(
    db: impl SqliteExecutor<'_>,
    owner: i64,
) -> Result<Vec<LinkedAccount>, StoreError> {
    let rows: Vec<Row> = sqlx::query_as("SELECT * FROM accounts WHERE owner = ? ORDER BY name_key")
        .bind(owner)
        .fetch_all(db)
        .await?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// How many links `owner` has, and whether one of them has this name, without regard to case.
pub(crate) async fn count(
    db: impl SqliteExecutor<'_>,
    owner: i64,
    name: Option<&AccountName>,
) -> Result<(i64, bool), StoreError> {
    Ok(sqlx::query_as(
        "SELECT count(*), ifnull(max(name_key = ?2), 0) FROM accounts WHERE owner = ?1",
    )
    .bind(owner)
    .bind(name.map(AccountName::key))
    .fetch_one(db)
    .await?)
}

/// Another of `owner`'s links that X confirmed as this X user.
pub(crate) async fn twin(
    db: impl SqliteExecutor<'_>,
    owner: i64,
    user: XUserId,
    not: AccountId,
) -> Result<Option<LinkedAccount>, StoreError> {
    let row: Option<Row> = sqlx::query_as(
        "SELECT * FROM accounts WHERE owner = ? AND x_user_id = ? AND account_id <> ?
         ORDER BY created_at LIMIT 1",
    )
    .bind(owner)
    .bind(user)
    .bind(not)
    .fetch_optional(db)
    .await?;
    Ok(row.map(Into::into))
}

/// Notes X's word on the values in use, and who it is, once X has said so. `false`: X was asked this before it was asked
/// what is noted already, so that stays.
pub async fn record_verdict(
    db: impl SqliteExecutor<'_>,
    before: &LinkedAccount,
    verdict: &Verdict,
    asked_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let unchanged = before
        .verdict
        .as_ref()
        .is_some_and(|old| old.code() == verdict.code());
    let since = match before.verdict_since {
        Some(since) if unchanged => since,
        _ => now,
    };
    let accepted = verdict.outcome() == Outcome::Accepted;
    let done = sqlx::query(
        "UPDATE accounts SET verdict = ?1, verdict_since = ?2, checked_at = ?3, asked_at = ?4,
             accepted_at = iif(?5, ?3, accepted_at),
             x_user_id = coalesce(?6, x_user_id), x_username = coalesce(?7, x_username)
         WHERE account_id = ?8 AND owner = ?9 AND coalesce(asked_at, ?4) <= ?4",
    )
    .bind(Json(verdict))
    .bind(since.timestamp())
    .bind(now.timestamp())
    .bind(asked_at.timestamp())
    .bind(accepted)
    .bind(verdict.account().map(|account| account.id))
    .bind(verdict.account().map(|account| &account.username))
    .bind(before.id)
    .bind(before.owner)
    .execute(db)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Notes that X was asked, and that its word stands.
pub(crate) async fn note_checked(
    db: impl SqliteExecutor<'_>,
    owner: i64,
    account: AccountId,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE accounts SET checked_at = ? WHERE account_id = ? AND owner = ?")
        .bind(now.timestamp())
        .bind(account)
        .bind(owner)
        .execute(db)
        .await?;
    Ok(())
}

/// Gives a link its final name.
pub(crate) async fn rename(
    db: impl SqliteExecutor<'_>,
    owner: i64,
    account: AccountId,
    name: &AccountName,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE accounts SET name = ?, name_key = ?, takes_x_handle = 0
         WHERE account_id = ? AND owner = ?",
    )
    .bind(name)
    .bind(name.key())
    .bind(account)
    .bind(owner)
    .execute(db)
    .await?;
    Ok(())
}

/// Sets or clears the time until which new values wait beside the ones in use.
pub(crate) async fn set_candidate_until(
    db: impl SqliteExecutor<'_>,
    owner: i64,
    account: AccountId,
    until: Option<DateTime<Utc>>,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE accounts SET candidate_until = ? WHERE account_id = ? AND owner = ?")
        .bind(until.map(|until| until.timestamp()))
        .bind(account)
        .bind(owner)
        .execute(db)
        .await?;
    Ok(())
}

/// Links whose waiting values are due to be erased.
pub(crate) async fn with_expired_candidates(
    db: impl SqliteExecutor<'_>,
    now: DateTime<Utc>,
) -> Result<Vec<LinkedAccount>, StoreError> {
    let rows: Vec<Row> =
        sqlx::query_as("SELECT * FROM accounts WHERE candidate_until <= ? LIMIT 100")
            .bind(now.timestamp())
            .fetch_all(db)
            .await?;
    Ok(rows.into_iter().map(Into::into).collect())
}
