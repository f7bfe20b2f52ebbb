//! The table `canary`: the one row that tells a wrong keyring at start.

use sqlx::{FromRow, SqliteExecutor};

use super::StoreError;
use crate::vault::{Fingerprint, KeyId, Sealed};

/// Which key this database wants, and something it sealed.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct Canary {
    /// The key's number.
    pub key_id: KeyId,
    /// Its fingerprint.
    pub fingerprint: Fingerprint,
    /// Sealed for [`crate::vault::Place::canary`].
    pub sealed: Sealed,
}

/// The canary, if this database has one.
pub(crate) async fn get(db: impl SqliteExecutor<'_>) -> Result<Option<Canary>, StoreError> {
    Ok(
        sqlx::query_as("SELECT key_id, fingerprint, sealed FROM canary WHERE id = 1")
            .fetch_optional(db)
            .await?,
    )
}

/// Writes the canary of a new primary key.
pub(crate) async fn put(db: impl SqliteExecutor<'_>, canary: &Canary) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT OR REPLACE INTO canary (id, key_id, fingerprint, sealed) VALUES (1, ?, ?, ?)",
    )
    .bind(canary.key_id)
    .bind(&canary.fingerprint.0)
    .bind(&canary.sealed)
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
