//! The table `spending`: what re-checks asked in each month, and how often X charges for it.

use chrono::{DateTime, Utc};
use sqlx::SqliteExecutor;

use super::StoreError;
use crate::domain::budget;

/// How a month stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Spent {
    /// Questions to X.
    pub calls: u64,
    /// Those that X charges for.
    pub charged: u64,
}

/// What the month of `now` came to so far.
pub(crate) async fn this_month(
    db: impl SqliteExecutor<'_>,
    now: DateTime<Utc>,
) -> Result<Spent, StoreError> {
    let row: Option<(i64, i64)> =
        sqlx::query_as("SELECT calls, charged FROM spending WHERE month = ?")
            .bind(budget::month_of(now.date_naive()))
            .fetch_optional(db)
            .await?;
    let (calls, charged) = row.unwrap_or_default();
    Ok(Spent {
        calls: u64::try_from(calls).unwrap_or(0),
        charged: u64::try_from(charged).unwrap_or(0),
    })
}

/// Adds to the month of `now`.
pub async fn add(
    db: impl SqliteExecutor<'_>,
    now: DateTime<Utc>,
    calls: u8,
    charged: bool,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO spending (month, calls, charged) VALUES (?1, ?2, ?3)
         ON CONFLICT (month) DO UPDATE SET calls = calls + ?2, charged = charged + ?3",
    )
    .bind(budget::month_of(now.date_naive()))
    .bind(calls)
    .bind(charged)
    .execute(db)
    .await?;
    Ok(())
}
