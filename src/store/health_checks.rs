//! The table `health_checks`: when X is asked about each link by itself, and what is remembered between two questions.

use chrono::{DateTime, Utc};
use sqlx::{FromRow, SqliteExecutor};

use super::{StoreError, types::Json};
use crate::domain::{
    account::AccountId,
    health::{AppMark, Memory},
    pace::Calling,
};

/// A link whose turn it is.
#[derive(Clone, Copy, Debug, FromRow, PartialEq, Eq)]
pub struct Claimed {
    /// Which.
    #[sqlx(rename = "account_id")]
    pub account: AccountId,
    /// Whose.
    pub owner: i64,
    /// Failures of ours in a row.
    pub attempts: u32,
    /// Whether X refused it lately, and that is to be confirmed.
    pub suspected: bool,
    /// When it is to be asked.
    pub due_at: DateTime<Utc>,
}

/// What is kept about a link between two questions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthCheck {
    /// What is remembered.
    pub memory: Memory,
    /// Until then X is asked only what it charges nothing for.
    pub charged_at: DateTime<Utc>,
    /// When X was asked last, whatever it said.
    pub asked_at: Option<DateTime<Utc>>,
    /// When X was last asked about the key pair alone.
    pub pair_at: Option<DateTime<Utc>>,
    /// When it is to be asked next.
    pub due_at: DateTime<Utc>,
}

/// What an answer leaves behind.
#[derive(Clone, Debug)]
pub struct Settled {
    /// What is remembered.
    pub memory: Memory,
    /// Whose app it is, if that is known.
    pub app: Option<AppMark>,
    /// When X accepted it last, if it is held to work.
    pub good_at: Option<DateTime<Utc>>,
    /// When to ask next.
    pub due_at: DateTime<Utc>,
    /// Until then X is asked only what it charges nothing for.
    pub charged_at: DateTime<Utc>,
    /// When X was asked.
    pub asked_at: DateTime<Utc>,
    /// When X was last asked about the key pair alone.
    pub pair_at: Option<DateTime<Utc>>,
}

/// The messages about a link that were sent last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    /// When the one before the last was sent.
    pub before: Option<DateTime<Utc>>,
    /// The last one, and when it was sent.
    pub last: Option<(i32, DateTime<Utc>)>,
}

/// The link that is due first, now or later, of those that nobody asks about; `busy` names these, as JSON. `suspected`: one
/// that X refused lately counts.
pub async fn first(
    db: impl SqliteExecutor<'_>,
    busy: &str,
    suspected: bool,
) -> Result<Option<Claimed>, StoreError> {
    Ok(sqlx::query_as(
        "SELECT account_id, attempts, memory ->> '$.suspicion' IS NOT NULL AS suspected, due_at,
             (SELECT owner FROM accounts WHERE accounts.account_id = health_checks.account_id) AS owner
         FROM health_checks WHERE hex(account_id) NOT IN (SELECT value FROM json_each(?1))
             AND (?2 OR memory ->> '$.suspicion' IS NULL)
         ORDER BY due_at LIMIT 1",
    )
    .bind(busy)
    .bind(suspected)
    .fetch_optional(db)
    .await?)
}

/// Out of its turn, a link of another app than `apps` that is not known to be refused, and that nobody asks about: the one
/// that X accepted last, or one that it has not judged.
pub(crate) async fn witness(
    db: impl SqliteExecutor<'_>,
    apps: [AppMark; 3],
    calling: Calling,
    busy: &str,
) -> Result<Option<Claimed>, StoreError> {
    Ok(sqlx::query_as(
        "SELECT account_id, attempts, memory ->> '$.suspicion' IS NOT NULL AS suspected, due_at,
             (SELECT owner FROM accounts WHERE accounts.account_id = health_checks.account_id) AS owner
         FROM health_checks WHERE account_id = (
             SELECT account_id FROM (SELECT account_id FROM health_checks
                 WHERE good_at IS NOT NULL AND good_at >= ?1
                     AND (app IS NULL OR app NOT IN (?3, ?4, ?5))
                     AND hex(account_id) NOT IN (SELECT value FROM json_each(?6))
                     AND (pair_at IS NULL OR pair_at <= ?2)
                 ORDER BY good_at DESC LIMIT 1)
             UNION ALL
             SELECT account_id FROM (SELECT account_id FROM health_checks
                 WHERE good_at IS NULL AND ?1 = 0 AND memory ->> '$.standing' IS NOT 'refused'
                     AND (app IS NULL OR app NOT IN (?3, ?4, ?5))
                     AND hex(account_id) NOT IN (SELECT value FROM json_each(?6))
                     AND (pair_at IS NULL OR pair_at <= ?2)
                 LIMIT 1)
             LIMIT 1)",
    )
    .bind(calling.accepted_since.map_or(0, |since| since.timestamp()))
    .bind(
        calling
            .pair_asked_before
            .map_or(i64::MAX, |before| before.timestamp()),
    )
    .bind(apps[0])
    .bind(apps[1])
    .bind(apps[2])
    .bind(busy)
    .fetch_optional(db)
    .await?)
}

/// Whether there are links of other apps than `apps` that are not known to be refused; and of how many such apps X refused
/// one after `since`, when it was asked last.
pub(crate) async fn other_witnesses(
    db: impl SqliteExecutor<'_>,
    apps: [AppMark; 3],
    since: DateTime<Utc>,
) -> Result<(bool, usize), StoreError> {
    let (others, suspected): (bool, i64) = sqlx::query_as(
        "SELECT EXISTS (
                 SELECT 1 FROM health_checks
                 WHERE good_at IS NOT NULL AND (app IS NULL OR app NOT IN (?1, ?2, ?3)))
             OR EXISTS (
                 SELECT 1 FROM health_checks
                 WHERE good_at IS NULL AND memory ->> '$.standing' IS NOT 'refused'
                     AND (app IS NULL OR app NOT IN (?1, ?2, ?3))),
             (SELECT count(DISTINCT app) FROM health_checks
                 WHERE memory ->> '$.suspicion' IS NOT NULL AND asked_at >= ?4 AND app NOT IN (?1, ?2, ?3))",
    )
    .bind(apps[0])
    .bind(apps[1])
    .bind(apps[2])
    .bind(since.timestamp())
    .fetch_one(db)
    .await?;
    Ok((others, usize::try_from(suspected).unwrap_or(0)))
}

/// What is kept about a link.
pub async fn get(
    db: impl SqliteExecutor<'_>,
    account: AccountId,
) -> Result<Option<HealthCheck>, StoreError> {
    let row: Option<HealthRow> = sqlx::query_as(
        "SELECT memory, charged_at, asked_at, pair_at, due_at FROM health_checks WHERE account_id = ?",
    )
    .bind(account)
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| HealthCheck {
        memory: row.memory.0,
        charged_at: row.charged_at,
        asked_at: row.asked_at,
        pair_at: row.pair_at,
        due_at: row.due_at,
    }))
}

#[derive(FromRow)]
struct HealthRow {
    memory: Json<Memory>,
    charged_at: DateTime<Utc>,
    asked_at: Option<DateTime<Utc>>,
    pair_at: Option<DateTime<Utc>>,
    due_at: DateTime<Utc>,
}

/// Writes down what an answer left behind.
pub async fn settle(
    db: impl SqliteExecutor<'_>,
    account: AccountId,
    settled: &Settled,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE health_checks SET memory = ?, app = coalesce(?, app), good_at = ?, due_at = ?, charged_at = ?,
             asked_at = ?, pair_at = ?, attempts = 0
         WHERE account_id = ?",
    )
    .bind(Json(&settled.memory))
    .bind(settled.app)
    .bind(settled.good_at.map(|at| at.timestamp()))
    .bind(settled.due_at.timestamp())
    .bind(settled.charged_at.timestamp())
    .bind(settled.asked_at.timestamp())
    .bind(settled.pair_at.map(|at| at.timestamp()))
    .bind(account)
    .execute(db)
    .await?;
    Ok(())
}

/// Takes over what the user was shown, at `now`.
pub(crate) async fn learn(
    db: impl SqliteExecutor<'_>,
    account: AccountId,
    memory: &Memory,
    app: Option<AppMark>,
    good_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
    due_at: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE health_checks SET memory = ?, app = coalesce(?, app), good_at = ?, asked_at = ?, due_at = ?
         WHERE account_id = ?",
    )
    .bind(Json(memory))
    .bind(app)
    .bind(good_at.map(|at| at.timestamp()))
    .bind(now.timestamp())
    .bind(due_at.timestamp())
    .bind(account)
    .execute(db)
    .await?;
    Ok(())
}

/// Takes over that a program was refused: the link is asked about at `due_at`, or earlier if it is due then anyway.
pub(crate) async fn suspect(
    db: impl SqliteExecutor<'_>,
    account: AccountId,
    memory: &Memory,
    due_at: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE health_checks SET memory = ?, due_at = min(due_at, ?) WHERE account_id = ?",
    )
    .bind(Json(memory))
    .bind(due_at.timestamp())
    .bind(account)
    .execute(db)
    .await?;
    Ok(())
}

/// Changes what is remembered, and nothing else.
pub(crate) async fn set_memory(
    db: impl SqliteExecutor<'_>,
    account: AccountId,
    memory: &Memory,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE health_checks SET memory = ? WHERE account_id = ?")
        .bind(Json(memory))
        .bind(account)
        .execute(db)
        .await?;
    Ok(())
}

/// Notes a failure of ours; the link is asked about at `due_at`.
pub(crate) async fn fail(
    db: impl SqliteExecutor<'_>,
    account: AccountId,
    due_at: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE health_checks SET due_at = ?, attempts = attempts + 1 WHERE account_id = ?",
    )
    .bind(due_at.timestamp())
    .bind(account)
    .execute(db)
    .await?;
    Ok(())
}

/// Leaves a link without an answer, to be asked about at `due_at`.
pub(crate) async fn postpone(
    db: impl SqliteExecutor<'_>,
    account: AccountId,
    due_at: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE health_checks SET due_at = ? WHERE account_id = ?")
        .bind(due_at.timestamp())
        .bind(account)
        .execute(db)
        .await?;
    Ok(())
}

/// X asked for a pause: no link of the app is asked about before `until`. Those that wait for it come back spread over
/// `spread` seconds.
pub(crate) async fn postpone_app(
    db: impl SqliteExecutor<'_>,
    app: AppMark,
    until: DateTime<Utc>,
    spread: u32,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE health_checks SET due_at = ?2 + rowid % ?3 WHERE app = ?1 AND due_at < ?2")
        .bind(app)
        .bind(until.timestamp())
        .bind(spread.max(1))
        .execute(db)
        .await?;
    Ok(())
}

/// Links that are due later than `latest`, as many as `limit`, and when X was last asked about the key pair of each alone:
/// the interval has become shorter.
pub(crate) async fn due_after(
    db: impl SqliteExecutor<'_>,
    latest: DateTime<Utc>,
    limit: u32,
) -> Result<Vec<(AccountId, Option<DateTime<Utc>>)>, StoreError> {
    Ok(
        sqlx::query_as("SELECT account_id, pair_at FROM health_checks WHERE due_at > ? LIMIT ?")
            .bind(latest.timestamp())
            .bind(limit)
            .fetch_all(db)
            .await?,
    )
}

/// How many links work: those are the ones that X charges for.
pub(crate) async fn working(db: impl SqliteExecutor<'_>) -> Result<u64, StoreError> {
    let count: i64 =
        sqlx::query_scalar("SELECT count(*) FROM health_checks WHERE good_at IS NOT NULL")
            .fetch_one(db)
            .await?;
    Ok(u64::try_from(count).unwrap_or(0))
}

/// The messages about a link that were sent last.
pub(crate) async fn told(
    db: impl SqliteExecutor<'_>,
    account: AccountId,
) -> Result<Told, StoreError> {
    type Row = (Option<DateTime<Utc>>, Option<DateTime<Utc>>, Option<i32>);
    let row: Option<Row> = sqlx::query_as(
        "SELECT told_before, told_at, message_id FROM health_checks WHERE account_id = ?",
    )
    .bind(account)
    .fetch_optional(db)
    .await?;
    let (before, at, message) = row.unwrap_or_default();
    Ok(Told {
        before,
        last: message.zip(at),
    })
}

/// Notes that a message about a link was sent.
pub(crate) async fn note_told(
    db: impl SqliteExecutor<'_>,
    account: AccountId,
    message: i32,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE health_checks SET told_before = told_at, told_at = ?, message_id = ? WHERE account_id = ?",
    )
    .bind(now.timestamp())
    .bind(message)
    .bind(account)
    .execute(db)
    .await?;
    Ok(())
}
