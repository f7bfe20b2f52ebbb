//! The table `jobs`: what is left to do at X and Telegram, and the way in which a job reaches its runner at once.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use sqlx::{FromRow, SqliteExecutor};
use tokio::sync::watch;

use super::{Store, StoreError, Tx, account_id, time};
use crate::{
    domain::account::AccountId,
    vault::{KeyId, Sealed},
};

/// What kind of work it is: its name, in the database and in logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Kind(pub(crate) &'static str);

/// A job that is asked for.
#[derive(Clone, Debug)]
pub(crate) struct NewJob {
    /// What kind of work.
    pub kind: Kind,
    /// What about.
    pub key: String,
    /// Who is busy meanwhile.
    pub subject: String,
    /// The account with which it goes.
    pub account: Option<AccountId>,
    /// What else is to be known, sealed.
    pub payload: Option<(KeyId, Sealed)>,
    /// When it is of no use any more.
    pub give_up_at: Option<DateTime<Utc>>,
}

impl NewJob {
    /// One with an account, which is busy meanwhile.
    pub(crate) fn with(account: AccountId, kind: Kind, key: String) -> Self {
        Self {
            kind,
            key,
            subject: subject_of(account),
            account: Some(account),
            payload: None,
            give_up_at: None,
        }
    }
}

/// What an account is called as one that is busy: as SQLite's `hex` writes its id.
pub(crate) fn subject_of(account: AccountId) -> String {
    format!("{:032X}", u128::from_be_bytes(account.bytes()))
}

/// A job as it stands.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    /// Its number: another one when it is asked for anew.
    pub id: i64,
    /// What kind of work.
    pub kind: String,
    /// What about.
    pub key: String,
    /// Who is busy meanwhile.
    pub subject: String,
    /// With which account.
    pub account: Option<AccountId>,
    /// Whose account; 0 for none.
    pub owner: i64,
    /// What else is to be known.
    pub payload: Option<Sealed>,
    /// How often it was begun before: more than never means that it may have been done.
    pub claims: u32,
    /// How often it was tried to the end before.
    pub tries: u32,
    /// When it is of no use any more.
    pub give_up_at: Option<DateTime<Utc>>,
}

impl Job {
    /// The account that it is about.
    pub(crate) fn account(&self) -> Result<AccountId, StoreError> {
        self.account
            .ok_or_else(|| corrupt("a job without an account"))
    }

    /// What its key says.
    pub(crate) fn about<T>(&self, read: impl FnOnce(&str) -> Option<T>) -> Result<T, StoreError> {
        read(&self.key).ok_or_else(|| corrupt("unknown key"))
    }
}

fn corrupt(reason: &'static str) -> StoreError {
    StoreError::Corrupt {
        table: "jobs",
        reason,
    }
}

#[derive(FromRow)]
struct Row {
    id: i64,
    kind: String,
    key: String,
    subject: String,
    account_id: Option<Vec<u8>>,
    owner: Option<i64>,
    payload: Option<Vec<u8>>,
    claims: u32,
    tries: u32,
    give_up_at: Option<i64>,
}

impl TryFrom<Row> for Job {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let account = row.account_id.map(|id| account_id("jobs", id));
        Ok(Self {
            id: row.id,
            kind: row.kind,
            key: row.key,
            subject: row.subject,
            account: account.transpose()?,
            owner: row.owner.unwrap_or(0),
            payload: row.payload.map(Sealed::from_bytes),
            claims: row.claims,
            tries: row.tries,
            give_up_at: row.give_up_at.map(time),
        })
    }
}

/// What committed transactions tell the runner.
#[derive(Debug, Default)]
pub(crate) struct News {
    /// Jobs that need not be looked for.
    pub handed: Vec<Job>,
    /// When the first of the others is due.
    pub due: Option<DateTime<Utc>>,
}

impl News {
    fn note_due(&mut self, due: DateTime<Utc>) {
        self.due = Some(self.due.map_or(due, |known| known.min(due)));
    }

    fn is_empty(&self) -> bool {
        self.handed.is_empty() && self.due.is_none()
    }
}

/// The one wake-up of everything that runs jobs, and what it has to know. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bell {
    news: Arc<Mutex<News>>,
    rung: Arc<watch::Sender<()>>,
}

impl Bell {
    /// Wakes who listens.
    pub(crate) fn ring(&self) {
        self.rung.send_replace(());
    }

    /// Wakes who listens, with what a transaction has to tell.
    pub(super) fn tell(&self, told: &mut News) {
        if told.is_empty() {
            return;
        }
        let mut news = self.news.lock().unwrap_or_else(PoisonError::into_inner);
        news.handed.append(&mut told.handed);
        if let Some(due) = told.due.take() {
            news.note_due(due);
        }
        drop(news);
        self.ring();
    }

    /// What was told since the last time.
    pub(crate) fn news(&self) -> News {
        std::mem::take(&mut self.news.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Hears every ring from now on.
    pub(crate) fn listen(&self) -> watch::Receiver<()> {
        self.rung.subscribe()
    }
}

/// Asks for a job at `run_at`, in place of one of the same kind and key.
pub(crate) async fn enqueue(
    tx: &mut Tx,
    job: NewJob,
    run_at: DateTime<Utc>,
) -> Result<(), StoreError> {
    insert(tx, job, Some(run_at)).await
}

/// Asks for a job now: the runner of this process gets it after the commit, and need not look for it. Only for what can be
/// repeated: nothing notes that it begins.
pub(crate) async fn hand_over(tx: &mut Tx, job: NewJob) -> Result<(), StoreError> {
    insert(tx, job, None).await
}

async fn insert(tx: &mut Tx, job: NewJob, run_at: Option<DateTime<Utc>>) -> Result<(), StoreError> {
    let (key_id, payload) = job.payload.unzip();
    let (id, owner): (i64, Option<i64>) = sqlx::query_as(
        "INSERT OR REPLACE INTO jobs (kind, key, subject, account_id, key_id, payload, run_at, give_up_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)
         RETURNING id, (SELECT owner FROM data_keys WHERE data_keys.account_id = jobs.account_id)",
    )
    .bind(job.kind.0)
    .bind(&job.key)
    .bind(&job.subject)
    .bind(job.account.map(|account| account.bytes().to_vec()))
    .bind(key_id.map(|id| id.0))
    .bind(payload.as_ref().map(Sealed::as_bytes))
    .bind(run_at.map(|at| at.timestamp()))
    .bind(job.give_up_at.map(|at| at.timestamp()))
    .fetch_one(&mut **tx)
    .await?;
    match run_at {
        Some(at) => tx.news().note_due(at),
        None => tx.news().handed.push(Job {
            id,
            kind: job.kind.0.to_owned(),
            key: job.key,
            subject: job.subject,
            account: job.account,
            owner: owner.unwrap_or(0),
            payload,
            claims: 0,
            tries: 0,
            give_up_at: job.give_up_at,
        }),
    }
    Ok(())
}

/// Whether a job of this kind and key waits or is being done, and when it is due; `None` inside: it was handed over. One that
/// was done, and is only done again by itself, does not count.
pub(crate) async fn waiting(
    db: impl SqliteExecutor<'_>,
    kind: Kind,
    key: &str,
) -> Result<Option<Option<DateTime<Utc>>>, StoreError> {
    let found: Option<Option<i64>> = sqlx::query_scalar(
        "SELECT run_at FROM jobs WHERE kind = ? AND key = ? AND give_up_at IS NULL",
    )
    .bind(kind.0)
    .bind(key)
    .fetch_optional(db)
    .await?;
    Ok(found.map(|at| at.map(time)))
}

/// Whether there is a job of this kind and key.
pub(crate) async fn is_known(
    db: impl SqliteExecutor<'_>,
    kind: Kind,
    key: &str,
) -> Result<bool, StoreError> {
    Ok(
        sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM jobs WHERE kind = ? AND key = ?)")
            .bind(kind.0)
            .bind(key)
            .fetch_one(db)
            .await?,
    )
}

/// The payload of a job of this kind and key.
pub(crate) async fn payload(
    db: impl SqliteExecutor<'_>,
    kind: Kind,
    key: &str,
) -> Result<Option<Sealed>, StoreError> {
    let found: Option<Option<Vec<u8>>> =
        sqlx::query_scalar("SELECT payload FROM jobs WHERE kind = ? AND key = ?")
            .bind(kind.0)
            .bind(key)
            .fetch_optional(db)
            .await?;
    Ok(found.flatten().map(Sealed::from_bytes))
}

/// Takes back a job.
pub(crate) async fn cancel(
    db: impl SqliteExecutor<'_>,
    kind: Kind,
    key: &str,
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM jobs WHERE kind = ? AND key = ?")
        .bind(kind.0)
        .bind(key)
        .execute(db)
        .await?;
    Ok(())
}

/// Takes back the jobs of an account: of one kind, or all of them.
pub(crate) async fn cancel_of(
    db: impl SqliteExecutor<'_>,
    account: AccountId,
    kind: Option<Kind>,
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM jobs WHERE account_id = ?1 AND kind = ifnull(?2, kind)")
        .bind(account.bytes().as_slice())
        .bind(kind.map(|kind| kind.0))
        .execute(db)
        .await?;
    Ok(())
}

/// Lets another account do the jobs of a kind.
pub(crate) async fn give_to(
    db: impl SqliteExecutor<'_>,
    kind: Kind,
    from: AccountId,
    to: AccountId,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE jobs SET account_id = ?, subject = ? WHERE account_id = ? AND kind = ?")
        .bind(to.bytes().as_slice())
        .bind(subject_of(to))
        .bind(from.bytes().as_slice())
        .bind(kind.0)
        .execute(db)
        .await?;
    Ok(())
}

/// Puts off all that a subject is busy with.
pub(crate) async fn hold(
    db: impl SqliteExecutor<'_>,
    subject: &str,
    until: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE jobs SET run_at = max(run_at, ?) WHERE subject = ? AND run_at IS NOT NULL")
        .bind(until.timestamp())
        .bind(subject)
        .execute(db)
        .await?;
    Ok(())
}

/// The first due job of each of these kinds whose subject is not busy. Both lists are JSON.
pub(crate) async fn due(
    db: impl SqliteExecutor<'_>,
    kinds: &str,
    busy: &str,
    now: DateTime<Utc>,
) -> Result<Vec<Job>, StoreError> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT jobs.id, kind, jobs.key, subject, account_id, payload, claims, tries, give_up_at,
             (SELECT owner FROM data_keys WHERE data_keys.account_id = jobs.account_id) AS owner
         FROM json_each(?1) AS room JOIN jobs ON jobs.id = (
             SELECT id FROM jobs WHERE kind = room.value AND run_at <= ?3
                 AND subject NOT IN (SELECT value FROM json_each(?2))
             ORDER BY run_at, id LIMIT 1)
         ORDER BY room.key",
    )
    .bind(kinds)
    .bind(busy)
    .bind(now.timestamp())
    .fetch_all(db)
    .await?;
    rows.into_iter().map(TryInto::try_into).collect()
}

/// Whether something is due, and when the next job after `now` is.
pub(crate) async fn outlook(
    db: impl SqliteExecutor<'_>,
    now: DateTime<Utc>,
) -> Result<(bool, Option<DateTime<Utc>>), StoreError> {
    let (due, next): (bool, Option<i64>) = sqlx::query_as(
        "SELECT EXISTS (SELECT 1 FROM jobs WHERE run_at <= ?1), (SELECT min(run_at) FROM jobs WHERE run_at > ?1)",
    )
    .bind(now.timestamp())
    .fetch_one(db)
    .await?;
    Ok((due, next.map(time)))
}

/// The jobs that were handed over.
pub(crate) async fn handed_over(db: impl SqliteExecutor<'_>) -> Result<Vec<i64>, StoreError> {
    Ok(
        sqlx::query_scalar("SELECT id FROM jobs WHERE run_at IS NULL")
            .fetch_all(db)
            .await?,
    )
}

/// Whether a job is still wanted.
pub(crate) async fn is_wanted(db: impl SqliteExecutor<'_>, id: i64) -> Result<bool, StoreError> {
    Ok(
        sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM jobs WHERE id = ?)")
            .bind(id)
            .fetch_one(db)
            .await?,
    )
}

/// Notes that something begins which cannot be repeated. `false`: it is not wanted any more.
pub(crate) async fn claim(store: &Store, id: i64) -> Result<bool, StoreError> {
    let mut tx = store.begin().await?;
    let done = sqlx::query("UPDATE jobs SET claims = claims + 1 WHERE id = ?")
        .bind(id)
        .execute(&mut *tx)
        .await?;
    tx.commit().await?;
    Ok(done.rows_affected() > 0)
}

/// Ends a job, in the transaction of what came of it. `false`: it was taken back or asked for anew meanwhile, so that what
/// came of it no longer counts.
pub(crate) async fn finish(db: impl SqliteExecutor<'_>, id: i64) -> Result<bool, StoreError> {
    let done = sqlx::query("DELETE FROM jobs WHERE id = ?")
        .bind(id)
        .execute(db)
        .await?;
    Ok(done.rows_affected() > 0)
}

/// Notes a try that decided nothing; the next one is at `run_at`. `false`: it is not wanted any more.
pub(crate) async fn postpone(
    tx: &mut Tx,
    id: i64,
    run_at: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let done = sqlx::query("UPDATE jobs SET run_at = ?, tries = tries + 1 WHERE id = ?")
        .bind(run_at.timestamp())
        .bind(id)
        .execute(&mut **tx)
        .await?;
    tx.news().note_due(run_at);
    Ok(done.rows_affected() > 0)
}

/// Lets a job that was done, and decided nothing, be done again by itself at `run_at`, until `give_up_at`.
pub(crate) async fn repeat(
    tx: &mut Tx,
    id: i64,
    run_at: DateTime<Utc>,
    give_up_at: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let done = sqlx::query("UPDATE jobs SET run_at = ?, tries = 0, give_up_at = ? WHERE id = ?")
        .bind(run_at.timestamp())
        .bind(give_up_at.timestamp())
        .bind(id)
        .execute(&mut **tx)
        .await?;
    tx.news().note_due(run_at);
    Ok(done.rows_affected() > 0)
}

/// Frees what a run that is over was handed and has not done.
pub(crate) async fn free_all(
    db: impl SqliteExecutor<'_>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE jobs SET run_at = ? WHERE run_at IS NULL")
        .bind(now.timestamp())
        .execute(db)
        .await?;
    Ok(())
}

/// Frees one job that was handed over and that nobody has.
pub(crate) async fn free(tx: &mut Tx, id: i64, now: DateTime<Utc>) -> Result<(), StoreError> {
    sqlx::query("UPDATE jobs SET run_at = ? WHERE id = ? AND run_at IS NULL")
        .bind(now.timestamp())
        .bind(id)
        .execute(&mut **tx)
        .await?;
    tx.news().note_due(now);
    Ok(())
}
