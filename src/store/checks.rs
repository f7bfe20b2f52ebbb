//! Questions to X about an account, as jobs; and the table `check_log`: how many of them each user caused.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{SqliteConnection, SqliteExecutor};

use super::{
    StoreError, Tx,
    jobs::{self, Kind, NewJob},
    time,
};
use crate::domain::{account::AccountId, verdict::KeyPairOutcome};

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

/// The kind of these jobs.
pub(crate) const KIND: Kind = Kind("check");

fn key(account: AccountId, kind: CheckKind) -> String {
    format!("{}:{account}", kind.as_str())
}

/// What the key of a job asks.
pub(crate) fn kind_of(key: &str) -> Option<CheckKind> {
    CheckKind::from_name(key.split_once(':')?.0)
}

/// Asks, now or at `due_at`; a question of this kind that waits already is asked anew.
pub(crate) async fn request(
    tx: &mut Tx,
    account: AccountId,
    kind: CheckKind,
    due_at: Option<DateTime<Utc>>,
) -> Result<(), StoreError> {
    let job = NewJob::with(account, KIND, key(account, kind));
    match due_at {
        Some(due_at) => jobs::enqueue(tx, job, due_at).await,
        None => jobs::hand_over(tx, job).await,
    }
}

/// Whether a question of this kind waits, and until when; `None` inside: it is being asked. One that was answered, without
/// deciding anything, and is only asked again by itself, does not count.
pub(crate) async fn waiting(
    db: impl SqliteExecutor<'_>,
    account: AccountId,
    kind: CheckKind,
) -> Result<Option<Option<DateTime<Utc>>>, StoreError> {
    jobs::waiting(db, KIND, &key(account, kind)).await
}

/// Takes back a question.
pub(crate) async fn cancel(
    db: impl SqliteExecutor<'_>,
    account: AccountId,
    kind: CheckKind,
) -> Result<(), StoreError> {
    jobs::cancel(db, KIND, &key(account, kind)).await
}

/// Forgets what X said of an account's key pair alone, and what it was to say.
pub(crate) async fn forget_key_pair(
    db: impl SqliteExecutor<'_>,
    account: AccountId,
) -> Result<(), StoreError> {
    sqlx::query(
        "DELETE FROM jobs WHERE kind = ?1 AND key = ?2;
         UPDATE data_keys SET key_pair = NULL, key_pair_at = NULL WHERE account_id = ?3",
    )
    .bind(KIND.0)
    .bind(key(account, CheckKind::KeyPair))
    .bind(account)
    .execute(db)
    .await?;
    Ok(())
}

/// Ends a question about a key pair alone with what X said, and asks for the card of `owner`'s open flow to be drawn again,
/// unless a question stands in its place. Nothing, if the question was taken back meanwhile.
pub(crate) async fn settle_key_pair(
    db: impl SqliteExecutor<'_>,
    job: i64,
    account: AccountId,
    owner: i64,
    outcome: KeyPairOutcome,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query(
        "DELETE FROM jobs WHERE id = ?1;
         UPDATE data_keys SET key_pair = ?2, key_pair_at = ?3 WHERE account_id = ?4 AND changes() > 0;
         UPDATE dialogues SET card_due_at = max(?3, ifnull(card_due_at, 0)), revision = revision + 1
         WHERE chat_id = ?5 AND expires_at IS NOT NULL AND changes() > 0
             AND (card_message_id IS NOT NULL AND card_digest IS NOT NULL OR card_due_at IS NOT NULL)",
    )
    .bind(job)
    .bind(outcome)
    .bind(now.timestamp())
    .bind(account)
    .bind(owner)
    .execute(db)
    .await?;
    Ok(())
}

/// Notes that `owner` caused a check, unless they have caused `limit` of them after `since`; those of the key pair alone count apart. Whether it was
/// noted.
pub(crate) async fn log_within(
    db: impl SqliteExecutor<'_>,
    owner: i64,
    kind: CheckKind,
    limit: usize,
    since: DateTime<Utc>,
    at: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "INSERT INTO check_log (owner, kind, at) SELECT ?1, ?2, ?3 WHERE ?4 > (
             SELECT count(*) FROM check_log
             WHERE owner = ?1 AND at > ?5 AND (kind = 'key_pair') = (?2 = 'key_pair') AND kind NOT IN ('pin', 'my_data'))",
    )
    .bind(owner)
    .bind(kind.as_str())
    .bind(at.timestamp())
    .bind(i64::try_from(limit).unwrap_or(i64::MAX))
    .bind(since.timestamp())
    .execute(db)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// The times of the checks of values that `owner` caused after `since`, oldest first; those of the key pair alone do not count.
pub(crate) async fn logged(
    db: impl SqliteExecutor<'_>,
    owner: i64,
    since: DateTime<Utc>,
) -> Result<Vec<DateTime<Utc>>, StoreError> {
    let times: Vec<i64> = sqlx::query_scalar(
        "SELECT at FROM check_log WHERE owner = ? AND at > ? AND kind NOT IN ('key_pair', 'pin', 'my_data') ORDER BY at",
    )
    .bind(owner)
    .bind(since.timestamp())
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

/// Notes that `owner` caused an authorisation.
pub(crate) async fn log_pin(
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
pub(crate) async fn logged_pins(
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

/// When a user was given what is kept about them, if that was within this time; else they are given it now.
pub(crate) async fn my_data_within(
    db: &mut SqliteConnection,
    owner: i64,
    pause: TimeDelta,
    now: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>, StoreError> {
    let last: Option<i64> = sqlx::query_scalar(
        "SELECT max(at) FROM check_log WHERE owner = ? AND at > ? AND kind = 'my_data'",
    )
    .bind(owner)
    .bind((now - pause).timestamp())
    .fetch_one(&mut *db)
    .await?;
    if last.is_none() {
        sqlx::query("INSERT INTO check_log (owner, kind, at) VALUES (?, 'my_data', ?)")
            .bind(owner)
            .bind(now.timestamp())
            .execute(db)
            .await?;
    }
    Ok(last.map(time))
}
