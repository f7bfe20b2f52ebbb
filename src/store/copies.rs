//! Copies of the whole database: making one beside a running bot, and what a restored one has to forget.

use std::{collections::BTreeMap, path::Path};

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{
    Connection as _, SqliteConnection, SqlitePool,
    migrate::Migrator,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions},
};

use tokio_util::sync::CancellationToken;

use super::{BUSY_TIMEOUT, MIGRATIONS, StoreError, Tx, access};
use crate::domain::facts::Standing;

/// Steps of SQLite's machine between two looks at whether it should stop.
const STEPS: i32 = 1000;
/// No reminder comes sooner after a restore.
const REMINDERS_REST: TimeDelta = TimeDelta::days(1);
/// Tables that Litestream makes in a database that it replicates.
const LITESTREAM: [&str; 2] = ["_litestream_seq", "_litestream_lock"];

/// Writes a consistent copy of `database` into the empty or missing file `target`, as it is at this moment.
pub(crate) async fn copy(
    database: &Path,
    target: &str,
    stop: &CancellationToken,
) -> Result<(), StoreError> {
    let options = SqliteConnectOptions::new()
        .filename(database)
        .read_only(true)
        .busy_timeout(BUSY_TIMEOUT);
    let mut connection = SqliteConnection::connect_with(&options).await?;
    let stop = stop.clone();
    connection
        .lock_handle()
        .await?
        .set_progress_handler(STEPS, move || !stop.is_cancelled());
    let copied = sqlx::query("VACUUM INTO ?")
        .bind(target)
        .execute(&mut connection)
        .await;
    connection.close().await?;
    copied?;
    Ok(())
}

/// Opens a database to look at it, without changing or migrating it.
pub(crate) async fn look_into(database: &Path) -> Result<SqlitePool, StoreError> {
    look(database, false).await
}

/// The same for a copy that nobody else uses, which may stand where nothing can be written.
pub(crate) async fn look_into_copy(file: &Path) -> Result<SqlitePool, StoreError> {
    look(file, true).await
}

async fn look(file: &Path, immutable: bool) -> Result<SqlitePool, StoreError> {
    let options = SqliteConnectOptions::new()
        .filename(file)
        .read_only(true)
        .immutable(immutable)
        // A copy may come from anybody.
        .pragma("trusted_schema", "OFF")
        .busy_timeout(BUSY_TIMEOUT);
    Ok(SqlitePoolOptions::new()
        .max_connections(1)
        .connect_with(options)
        .await?)
}

/// What a copy has in its schema that is not what the migrations up to `version` make, or lacks of that. Two tables of
/// Litestream's are known.
pub(crate) async fn foreign(db: &SqlitePool, version: i64) -> Result<Option<String>, StoreError> {
    let known = MIGRATIONS.iter().filter(|known| known.version <= version);
    let known = Migrator {
        migrations: known.cloned().collect::<Vec<_>>().into(),
        ..Migrator::DEFAULT
    };
    let made = SqlitePoolOptions::new()
        .max_connections(1)
        .connect("sqlite::memory:")
        .await?;
    known.run(&made).await?;
    let (wanted, mut found) = (schema(&made).await?, schema(db).await?);
    made.close().await;
    for table in LITESTREAM {
        found.remove(&("table".to_owned(), table.to_owned()));
    }
    let differs = |(what, sql): &(&Object, &Option<String>)| wanted.get(*what) != Some(*sql);
    if let Some(((kind, name), _)) = found.iter().find(differs) {
        return Ok(Some(format!("its {kind} {name} is not what addx makes")));
    }
    let missing = wanted.keys().find(|what| !found.contains_key(*what));
    Ok(missing.map(|(kind, name)| format!("it has no {kind} {name}")))
}

/// The kind and the name of something in a schema.
type Object = (String, String);

async fn schema(db: &SqlitePool) -> Result<BTreeMap<Object, Option<String>>, StoreError> {
    let rows: Vec<(String, String, Option<String>)> =
        sqlx::query_as("SELECT type, name, sql FROM sqlite_schema")
            .fetch_all(db)
            .await?;
    let object = |(kind, name, sql)| ((kind, name), sql);
    Ok(rows.into_iter().map(object).collect())
}

/// What SQLite finds wrong with the file, if anything.
pub(crate) async fn damage(db: &SqlitePool) -> Result<Option<String>, StoreError> {
    let found: String = sqlx::query_scalar("PRAGMA integrity_check(1)")
        .fetch_one(db)
        .await?;
    Ok((found != "ok").then(|| found.lines().last().unwrap_or_default().to_owned()))
}

/// How many accounts there are of each verdict's code; `unchecked` for those that X has not judged.
pub(crate) async fn accounts_by_verdict(
    db: &SqlitePool,
) -> Result<BTreeMap<String, i64>, StoreError> {
    let counts: Vec<(String, i64)> = sqlx::query_as(
        "SELECT coalesce(json_extract(verdict, '$.code'), 'unchecked') AS code, count(*)
         FROM accounts GROUP BY code",
    )
    .fetch_all(db)
    .await?;
    Ok(counts.into_iter().collect())
}

/// Takes from a plain copy what nothing in it proves: who may use the bot is what its audit trail says, and there are no
/// posts.
pub(crate) async fn distrust(
    tx: &mut Tx,
    standings: &BTreeMap<i64, Standing>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query("DROP TABLE IF EXISTS _litestream_seq; DROP TABLE IF EXISTS _litestream_lock")
        .execute(&mut **tx)
        .await?;
    sqlx::query("UPDATE access SET standing = 'asked' WHERE standing = 'granted'")
        .execute(&mut **tx)
        .await?;
    for (user, standing) in standings {
        access::decide(&mut **tx, *user, *standing, now).await?;
    }
    sqlx::query("DELETE FROM posts").execute(&mut **tx).await?;
    sqlx::query("DELETE FROM jobs").execute(&mut **tx).await?;
    Ok(())
}

/// Makes a restored database start quietly: no account counts as judged, and nothing that was under way when the copy
/// was made goes on, since it has been finished or forgotten long ago.
pub async fn quieten(tx: &mut Tx, now: DateTime<Utc>) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE accounts SET verdict = NULL, verdict_since = NULL, checked_at = NULL, candidate_until = NULL",
    )
    .execute(&mut **tx)
    .await?;
    // The first to ask are asked at once, the others as fast as X is asked at all.
    sqlx::query(
        "UPDATE health_checks SET memory = '{}', good_at = NULL, due_at = 0, attempts = 0,
             told_before = NULL, told_at = NULL, message_id = NULL, asked_at = NULL, pair_at = NULL",
    )
    .execute(&mut **tx)
    .await?;
    // By then X was asked about the links.
    sqlx::query("UPDATE reminders SET due_at = max(due_at, ?)")
        .bind((now + REMINDERS_REST).timestamp())
        .execute(&mut **tx)
        .await?;
    sqlx::query("DELETE FROM trouble")
        .execute(&mut **tx)
        .await?;
    sqlx::query("DELETE FROM sealed_values WHERE slot <> 'current'")
        .execute(&mut **tx)
        .await?;
    sqlx::query("DELETE FROM data_keys WHERE account_id NOT IN (SELECT account_id FROM accounts)")
        .execute(&mut **tx)
        .await?;
    // A program may have been ended, or an account taken back from it, after the copy was made.
    sqlx::query("DELETE FROM clients")
        .execute(&mut **tx)
        .await?;
    // One of them may have been published after the copy was made. A test post that stood at X then may stand still; to
    // delete it twice does no harm.
    sqlx::query("DELETE FROM posts WHERE state <> 'posted'")
        .execute(&mut **tx)
        .await?;
    sqlx::query("DELETE FROM jobs WHERE kind <> 'unpost'")
        .execute(&mut **tx)
        .await?;
    sqlx::query("UPDATE jobs SET run_at = ?, tries = 0")
        .bind(now.timestamp())
        .execute(&mut **tx)
        .await?;
    sqlx::query("DELETE FROM temporary_credentials")
        .execute(&mut **tx)
        .await?;
    sqlx::query("DELETE FROM outbox").execute(&mut **tx).await?;
    sqlx::query("DELETE FROM dialogues")
        .execute(&mut **tx)
        .await?;
    sqlx::query("UPDATE inbox SET sealed = NULL WHERE sealed IS NOT NULL")
        .execute(&mut **tx)
        .await?;
    Ok(())
}
