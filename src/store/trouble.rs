//! The table `trouble`: trouble that is X's or ours, while it lasts.

use sqlx::SqliteExecutor;

use super::StoreError;
use crate::domain::watch::Trouble;

fn corrupt(reason: &'static str) -> StoreError {
    StoreError::Corrupt {
        table: "trouble",
        reason,
    }
}

/// The trouble that there is.
pub(crate) async fn get(db: impl SqliteExecutor<'_>) -> Result<Option<Trouble>, StoreError> {
    let json: Option<String> = sqlx::query_scalar("SELECT trouble FROM trouble WHERE id = 1")
        .fetch_optional(db)
        .await?;
    json.map(|json| serde_json::from_str(&json).map_err(|_| corrupt("unknown trouble")))
        .transpose()
}

/// Writes it down; `None`: it is over.
pub(crate) async fn set(
    db: impl SqliteExecutor<'_>,
    trouble: Option<&Trouble>,
) -> Result<(), StoreError> {
    let Some(trouble) = trouble else {
        sqlx::query("DELETE FROM trouble WHERE id = 1")
            .execute(db)
            .await?;
        return Ok(());
    };
    let json =
        serde_json::to_string(trouble).map_err(|_| corrupt("the trouble has no JSON form"))?;
    sqlx::query("INSERT OR REPLACE INTO trouble (id, trouble) VALUES (1, ?)")
        .bind(json)
        .execute(db)
        .await?;
    Ok(())
}
