//! The table `access`: who asked to use the bot, and what its owner decided.

use chrono::{DateTime, Utc};
use sqlx::{FromRow, SqliteExecutor};

use super::StoreError;
use crate::domain::facts::{Guest, Standing};

/// What was decided about a user; `None`: they never asked.
pub(crate) async fn standing(
    db: impl SqliteExecutor<'_>,
    user: i64,
) -> Result<Option<Standing>, StoreError> {
    Ok(
        sqlx::query_scalar("SELECT standing FROM access WHERE user_id = ?")
            .bind(user)
            .fetch_optional(db)
            .await?,
    )
}

/// Notes that a user asks. `false`: they did before.
pub(crate) async fn ask(
    db: impl SqliteExecutor<'_>,
    user: i64,
    first_name: &str,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "INSERT OR IGNORE INTO access (user_id, standing, first_name, since) VALUES (?, 'asked', ?, ?)",
    )
    .bind(user)
    .bind(first_name)
    .bind(now.timestamp())
    .execute(db)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Notes what the owner decided. `false`: it was decided so before.
pub async fn decide(
    db: impl SqliteExecutor<'_>,
    user: i64,
    standing: Standing,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "INSERT INTO access (standing, since, user_id, first_name) VALUES (?1, ?2, ?3, '')
         ON CONFLICT (user_id) DO UPDATE SET standing = ?1, since = ?2 WHERE standing <> ?1",
    )
    .bind(standing)
    .bind(now.timestamp())
    .bind(user)
    .execute(db)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Everything that is kept about a user's wish to use the bot. `None`: they never asked.
pub(crate) async fn of(
    db: impl SqliteExecutor<'_>,
    user: i64,
) -> Result<Option<Guest>, StoreError> {
    let row: Option<Row> =
        sqlx::query_as("SELECT user_id, standing, first_name, since FROM access WHERE user_id = ?")
            .bind(user)
            .fetch_optional(db)
            .await?;
    Ok(row.map(Into::into))
}

#[derive(FromRow)]
struct Row {
    user_id: i64,
    standing: Standing,
    first_name: String,
    since: DateTime<Utc>,
}

impl From<Row> for Guest {
    fn from(row: Row) -> Self {
        Self {
            user: row.user_id,
            first_name: row.first_name,
            standing: row.standing,
            since: row.since,
        }
    }
}

/// The newest decisions and requests, at most `limit`.
pub(crate) async fn list(
    db: impl SqliteExecutor<'_>,
    limit: u32,
) -> Result<Vec<Guest>, StoreError> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT user_id, standing, first_name, since FROM access ORDER BY standing, since DESC LIMIT ?",
    )
    .bind(limit)
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// Everybody whom the owner let in, the newest first.
pub(crate) async fn granted(db: impl SqliteExecutor<'_>) -> Result<Vec<Guest>, StoreError> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT user_id, standing, first_name, since FROM access WHERE standing = 'granted' ORDER BY since DESC",
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(Into::into).collect())
}
