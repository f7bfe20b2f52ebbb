//! The table `calls`: calls that change something at X, to be made until one is answered.

use chrono::{DateTime, Utc};
use sqlx::{FromRow, SqliteExecutor};

use super::{StoreError, account_id, time};
use crate::domain::account::AccountId;

/// What is done at X.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CallKind {
    /// Temporary credentials are asked for.
    RequestToken,
    /// They are exchanged, with the PIN, for a token pair.
    AccessToken,
    /// An account's token is revoked; then the account is erased.
    Revoke,
    /// A token that X gave out for a PIN, and that the user did not want, is revoked. It stands in the table as the former
    /// does, without anything that a receipt would say.
    RevokeUnused,
}

impl CallKind {
    /// Its name, in the database and in logs.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::RequestToken => "request_token",
            Self::AccessToken => "access_token",
            Self::Revoke | Self::RevokeUnused => "revoke",
        }
    }

    fn from_name(name: &str, has_receipt: bool) -> Option<Self> {
        match name {
            "request_token" => Some(Self::RequestToken),
            "access_token" => Some(Self::AccessToken),
            "revoke" if has_receipt => Some(Self::Revoke),
            "revoke" => Some(Self::RevokeUnused),
            _ => None,
        }
    }
}

/// A call that was claimed.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// Changes when the call is wanted anew: the answer to an older one is dropped.
    pub id: i64,
    /// About whom.
    pub account: AccountId,
    /// Whose.
    pub owner: i64,
    /// What.
    pub kind: CallKind,
    /// What a receipt says of the account, as JSON.
    pub about: Option<String>,
    /// How often it was claimed, this time included.
    pub attempts: u32,
    /// How often it was tried to the end, and X or we decided nothing.
    pub tries: u32,
}

/// Wants a call; one that waits for this account is dropped.
pub(crate) async fn want(
    db: impl SqliteExecutor<'_>,
    account: AccountId,
    kind: CallKind,
    about: Option<&str>,
    due_at: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT OR REPLACE INTO calls (account_id, kind, about, due_at) VALUES (?, ?, ?, ?)",
    )
    .bind(account.bytes().as_slice())
    .bind(kind.as_str())
    .bind(about)
    .bind(due_at.timestamp())
    .execute(db)
    .await?;
    Ok(())
}

/// Takes back whatever call waits for this account.
pub(crate) async fn cancel(
    db: impl SqliteExecutor<'_>,
    account: AccountId,
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM calls WHERE account_id = ?")
        .bind(account.bytes().as_slice())
        .execute(db)
        .await?;
    Ok(())
}

/// What a receipt would say of an account whose tokens are to be revoked.
pub(crate) async fn about(
    db: impl SqliteExecutor<'_>,
    account: AccountId,
) -> Result<Option<String>, StoreError> {
    let about: Option<Option<String>> =
        sqlx::query_scalar("SELECT about FROM calls WHERE account_id = ?")
            .bind(account.bytes().as_slice())
            .fetch_optional(db)
            .await?;
    Ok(about.flatten())
}

#[derive(FromRow)]
struct Row {
    id: i64,
    account_id: Vec<u8>,
    kind: String,
    about: Option<String>,
    attempts: u32,
    tries: u32,
    owner: i64,
}

/// Claims the call that is due first, until `lease`; nobody else gets it before then.
pub(crate) async fn claim(
    db: impl SqliteExecutor<'_>,
    now: DateTime<Utc>,
    lease: DateTime<Utc>,
) -> Result<Option<Call>, StoreError> {
    // A claimed one is due again when its lease ends.
    let row: Option<Row> = sqlx::query_as(
        "UPDATE calls SET leased_until = ?1, due_at = ?1, attempts = attempts + 1
         WHERE id = (SELECT id FROM calls WHERE due_at <= ?2 ORDER BY due_at, id LIMIT 1)
         RETURNING id, account_id, kind, about, attempts, tries,
             (SELECT owner FROM data_keys WHERE data_keys.account_id = calls.account_id) AS owner",
    )
    .bind(lease.timestamp())
    .bind(now.timestamp())
    .fetch_optional(db)
    .await?;
    let corrupt = |reason| StoreError::Corrupt {
        table: "calls",
        reason,
    };
    row.map(|row| {
        Ok(Call {
            id: row.id,
            account: account_id("calls", row.account_id)?,
            owner: row.owner,
            kind: CallKind::from_name(&row.kind, row.about.is_some())
                .ok_or_else(|| corrupt("unknown kind"))?,
            about: row.about,
            attempts: row.attempts,
            tries: row.tries,
        })
    })
    .transpose()
}

/// Ends a claimed call. `false`: it was taken back or wanted anew meanwhile, so its answer no longer counts.
pub(crate) async fn finish(db: impl SqliteExecutor<'_>, id: i64) -> Result<bool, StoreError> {
    let done = sqlx::query("DELETE FROM calls WHERE id = ?")
        .bind(id)
        .execute(db)
        .await?;
    Ok(done.rows_affected() > 0)
}

/// Puts a call back that was tried to the end, to be claimed again at `due_at`.
pub(crate) async fn postpone(
    db: impl SqliteExecutor<'_>,
    id: i64,
    due_at: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE calls SET leased_until = NULL, due_at = ?, tries = tries + 1 WHERE id = ?")
        .bind(due_at.timestamp())
        .bind(id)
        .execute(db)
        .await?;
    Ok(())
}

/// Frees what a run that died had claimed.
pub(crate) async fn free_all(
    db: impl SqliteExecutor<'_>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE calls SET leased_until = NULL, due_at = min(due_at, ?) WHERE leased_until IS NOT NULL",
    )
    .bind(now.timestamp())
    .execute(db)
    .await?;
    Ok(())
}

/// When the next call can be claimed.
pub(crate) async fn next_due(
    db: impl SqliteExecutor<'_>,
) -> Result<Option<DateTime<Utc>>, StoreError> {
    let due: Option<i64> = sqlx::query_scalar("SELECT min(due_at) FROM calls")
        .fetch_one(db)
        .await?;
    Ok(due.map(time))
}

/// Notes that `owner` caused an authorisation.
pub(crate) async fn log(
    db: impl SqliteExecutor<'_>,
    owner: i64,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO check_log (owner, kind, at) VALUES (?, 'pin', ?)")
        .bind(owner)
        .bind(now.timestamp())
        .execute(db)
        .await?;
    Ok(())
}

/// The times of the authorisations that `owner` caused after `since`, oldest first.
pub(crate) async fn logged(
    db: impl SqliteExecutor<'_>,
    owner: i64,
    since: DateTime<Utc>,
) -> Result<Vec<DateTime<Utc>>, StoreError> {
    let times: Vec<i64> = sqlx::query_scalar(
        "SELECT at FROM check_log WHERE owner = ? AND at > ? AND kind = 'pin' ORDER BY at",
    )
    .bind(owner)
    .bind(since.timestamp())
    .fetch_all(db)
    .await?;
    Ok(times.into_iter().map(time).collect())
}
