//! The table `key_check`: the one row that tells a wrong keyring at start.

use sqlx::{FromRow, SqliteExecutor};

use super::StoreError;
use crate::vault::{Fingerprint, KeyId, Sealed};

/// Which key this database wants, and something it sealed.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct KeyCheck {
    /// The key's number.
    pub key_id: KeyId,
    /// Its fingerprint.
    pub fingerprint: Fingerprint,
    /// Sealed for [`crate::vault::Place::key_check`].
    pub sealed: Sealed,
}

/// The key check, if this database has one.
pub(crate) async fn get(db: impl SqliteExecutor<'_>) -> Result<Option<KeyCheck>, StoreError> {
    Ok(
        sqlx::query_as("SELECT key_id, fingerprint, sealed FROM key_check WHERE id = 1")
            .fetch_optional(db)
            .await?,
    )
}

/// Writes the key check of a new primary key.
pub(crate) async fn put(
    db: impl SqliteExecutor<'_>,
    key_check: &KeyCheck,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT OR REPLACE INTO key_check (id, key_id, fingerprint, sealed) VALUES (1, ?, ?, ?)",
    )
    .bind(key_check.key_id)
    .bind(&key_check.fingerprint.0)
    .bind(&key_check.sealed)
    .execute(db)
    .await?;
    Ok(())
}

/// Whether anything was ever sealed into this database.
pub(crate) async fn has_sealed_rows(db: impl SqliteExecutor<'_>) -> Result<bool, StoreError> {
    let found: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM data_keys) OR EXISTS (SELECT 1 FROM dialogues)
             OR EXISTS (SELECT 1 FROM inbox WHERE sealed IS NOT NULL) OR EXISTS (SELECT 1 FROM audit_key)",
    )
    .fetch_one(db)
    .await?;
    Ok(found)
}
