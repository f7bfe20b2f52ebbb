//! The table `trouble`: trouble that is X's or ours, while it lasts.

use sqlx::SqliteExecutor;

use super::{StoreError, types::Json};
use crate::domain::health::Trouble;

/// The trouble that there is.
pub(crate) async fn get(db: impl SqliteExecutor<'_>) -> Result<Option<Trouble>, StoreError> {
    let row: Option<Json<Trouble>> = sqlx::query_scalar("SELECT trouble FROM trouble WHERE id = 1")
        .fetch_optional(db)
        .await?;
    Ok(row.map(|Json(trouble)| trouble))
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
    sqlx::query("INSERT OR REPLACE INTO trouble (id, trouble) VALUES (1, ?)")
        .bind(Json(trouble))
        .execute(db)
        .await?;
    Ok(())
}
