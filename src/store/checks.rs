//! The tables `checks` and `check_log`: questions X still has to answer, and how many each user caused.

use chrono::{DateTime, Utc};
use sqlx::{FromRow, SqliteExecutor};

use super::{StoreError, account_id, time};
use crate::domain::account::AccountId;

/// What X is asked about an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CheckKind {
    /// The key pair alone, while the flow goes on.
    KeyPair,
    /// All four values of a new link.
    Link,
    /// The values in use, again.
    Verify,
    /// New values beside the ones in use.
    Rotation,
}

impl CheckKind {
    /// Its name, in the database and in logs.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::KeyPair => "key_pair",
            Self::Link => "link",
            Self::Verify => "verify",
            Self::Rotation => "rotation",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [Self::KeyPair, Self::Link, Self::Verify, Self::Rotation]
            .into_iter()
            .find(|kind| kind.as_str() == name)
    }
}

/// A question that was claimed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Check {
    /// Changes when the question is asked anew: an answer to an older one is dropped.
    pub id: i64,
    /// About whom.
    pub account: AccountId,
    /// Whose.
    pub owner: i64,
    /// What.
    pub kind: CheckKind,
    /// How often it was claimed, this time included.
    pub attempts: u32,
}

/// Asks; a question of this kind that waits already is asked anew.
pub(crate) async fn request(
    db: impl SqliteExecutor<'_>,
    account: AccountId,
    kind: CheckKind,
    due_at: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query("INSERT OR REPLACE INTO checks (account_id, kind, due_at) VALUES (?, ?, ?)")
        .bind(account.bytes().as_slice())
        .bind(kind.as_str())
        .bind(due_at.timestamp())
        .execute(db)
        .await?;
    Ok(())
}

/// When the waiting question of this kind is due, if there is one.
pub(crate) async fn waiting(
    db: impl SqliteExecutor<'_>,
    account: AccountId,
    kind: CheckKind,
) -> Result<Option<DateTime<Utc>>, StoreError> {
    let due: Option<i64> =
        sqlx::query_scalar("SELECT due_at FROM checks WHERE account_id = ? AND kind = ?")
            .bind(account.bytes().as_slice())
            .bind(kind.as_str())
            .fetch_optional(db)
            .await?;
    Ok(due.map(time))
}

/// Takes back a question.
pub(crate) async fn cancel(
    db: impl SqliteExecutor<'_>,
    account: AccountId,
    kind: CheckKind,
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM checks WHERE account_id = ? AND kind = ?")
        .bind(account.bytes().as_slice())
        .bind(kind.as_str())
        .execute(db)
        .await?;
    Ok(())
}

/// Takes back a question that nobody has claimed yet.
pub(crate) async fn cancel_unclaimed(
    db: impl SqliteExecutor<'_>,
    account: AccountId,
    kind: CheckKind,
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM checks WHERE account_id = ? AND kind = ? AND leased_until IS NULL")
        .bind(account.bytes().as_slice())
        .bind(kind.as_str())
        .execute(db)
        .await?;
    Ok(())
}

#[derive(FromRow)]
struct Row {
    id: i64,
    account_id: Vec<u8>,
    kind: String,
    attempts: u32,
    owner: i64,
}

/// Claims the question that is due first, until `lease`; nobody else gets it before then. An account's questions are
/// asked one at a time, so that the answer about its key pair serves the next one.
pub(crate) async fn claim(
    db: impl SqliteExecutor<'_>,
    now: DateTime<Utc>,
    lease: DateTime<Utc>,
) -> Result<Option<Check>, StoreError> {
    let row: Option<Row> = sqlx::query_as(
        "UPDATE checks SET leased_until = ?1, attempts = attempts + 1
         WHERE id = (
             SELECT id FROM checks
             WHERE due_at <= ?2 AND NOT EXISTS (
                 SELECT 1 FROM checks AS same
                 WHERE same.account_id = checks.account_id AND same.leased_until > ?2)
                 AND NOT EXISTS (
                     SELECT 1 FROM watches
                     WHERE watches.account_id = checks.account_id AND watches.leased_until > ?2)
             ORDER BY due_at, id LIMIT 1)
         RETURNING id, account_id, kind, attempts,
             (SELECT owner FROM data_keys WHERE data_keys.account_id = checks.account_id) AS owner",
    )
    .bind(lease.timestamp())
    .bind(now.timestamp())
    .fetch_optional(db)
    .await?;
    let corrupt = |reason| StoreError::Corrupt {
        table: "checks",
        reason,
    };
    row.map(|row| {
        Ok(Check {
            id: row.id,
            account: account_id("checks", row.account_id)?,
            owner: row.owner,
            kind: CheckKind::from_name(&row.kind).ok_or_else(|| corrupt("unknown kind"))?,
            attempts: row.attempts,
        })
    })
    .transpose()
}

/// Ends a claimed question. `false`: it was taken back or asked anew meanwhile, so its answer no longer counts.
pub(crate) async fn finish(db: impl SqliteExecutor<'_>, id: i64) -> Result<bool, StoreError> {
    let done = sqlx::query("DELETE FROM checks WHERE id = ?")
        .bind(id)
        .execute(db)
        .await?;
    Ok(done.rows_affected() > 0)
}

/// Puts a claimed question back, to be claimed again at `due_at`.
pub(crate) async fn postpone(
    db: impl SqliteExecutor<'_>,
    id: i64,
    due_at: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE checks SET leased_until = NULL, due_at = ? WHERE id = ?")
        .bind(due_at.timestamp())
        .bind(id)
        .execute(db)
        .await?;
    Ok(())
}

/// Frees what a run that died had claimed.
pub(crate) async fn free_all(db: impl SqliteExecutor<'_>) -> Result<(), StoreError> {
    sqlx::query("UPDATE checks SET leased_until = NULL WHERE leased_until IS NOT NULL")
        .execute(db)
        .await?;
    Ok(())
}

/// When the next question can be claimed.
pub(crate) async fn next_due(
    db: impl SqliteExecutor<'_>,
) -> Result<Option<DateTime<Utc>>, StoreError> {
    // The first that is due of an account that is not being asked about, or of one that is, after the lease.
    let due: Option<i64> = sqlx::query_scalar(
        "SELECT min(due) FROM (
             SELECT due FROM (
                 SELECT due_at AS due FROM checks WHERE account_id NOT IN (
                     SELECT account_id FROM checks WHERE leased_until IS NOT NULL
                     UNION ALL SELECT account_id FROM watches WHERE leased_until IS NOT NULL)
                 ORDER BY due_at LIMIT 1)
             UNION ALL
             SELECT max(due_at, lease) FROM checks JOIN (
                 SELECT account_id, max(leased_until) AS lease FROM (
                     SELECT account_id, leased_until FROM checks WHERE leased_until IS NOT NULL
                     UNION ALL SELECT account_id, leased_until FROM watches WHERE leased_until IS NOT NULL)
                 GROUP BY account_id) USING (account_id))",
    )
    .fetch_one(db)
    .await?;
    Ok(due.map(time))
}

/// Notes that `owner` caused a check.
pub(crate) async fn log(
    db: impl SqliteExecutor<'_>,
    owner: i64,
    kind: CheckKind,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO check_log (owner, kind, at) VALUES (?, ?, ?)")
        .bind(owner)
        .bind(kind.as_str())
        .bind(now.timestamp())
        .execute(db)
        .await?;
    Ok(())
}

/// The times of the checks that `owner` caused after `since`, oldest first; those of the key pair alone apart.
pub(crate) async fn logged(
    db: impl SqliteExecutor<'_>,
    owner: i64,
    key_pair: bool,
    since: DateTime<Utc>,
) -> Result<Vec<DateTime<Utc>>, StoreError> {
    let times: Vec<i64> = sqlx::query_scalar(
        "SELECT at FROM check_log WHERE owner = ? AND at > ? AND (kind = 'key_pair') = ? AND kind <> 'pin'
         ORDER BY at",
    )
    .bind(owner)
    .bind(since.timestamp())
    .bind(key_pair)
    .fetch_all(db)
    .await?;
    Ok(times.into_iter().map(time).collect())
}

/// When `owner` last asked for a check of values in use.
pub(crate) async fn last_verify(
    db: impl SqliteExecutor<'_>,
    owner: i64,
    since: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>, StoreError> {
    let at: Option<i64> = sqlx::query_scalar(
        "SELECT max(at) FROM check_log WHERE owner = ? AND at > ? AND kind = 'verify'",
    )
    .bind(owner)
    .bind(since.timestamp())
    .fetch_one(db)
    .await?;
    Ok(at.map(time))
}

/// Forgets entries that no limit looks at any more.
pub async fn purge_log(
    db: impl SqliteExecutor<'_>,
    before: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM check_log WHERE at < ?")
        .bind(before.timestamp())
        .execute(db)
        .await?;
    Ok(())
}
