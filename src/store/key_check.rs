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

/// Which database this is, in 32 hexadecimal digits; its copies keep them.
pub(crate) async fn database(db: impl SqliteExecutor<'_>) -> Result<String, StoreError> {
    let id: Option<String> =
        sqlx::query_scalar("SELECT lower(hex(database_id)) FROM key_check WHERE id = 1")
            .fetch_optional(db)
            .await?;
    Ok(id.unwrap_or_default())
}

/// Writes the key check of a new primary key. A database without one is `database` from now on.
pub(crate) async fn put(
    db: impl SqliteExecutor<'_>,
    key_check: &KeyCheck,
    database: [u8; 16],
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO key_check (id, key_id, fingerprint, sealed, database_id) VALUES (1, ?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE
             SET key_id = excluded.key_id, fingerprint = excluded.fingerprint, sealed = excluded.sealed",
    )
    .bind(key_check.key_id)
    .bind(&key_check.fingerprint.0)
    .bind(&key_check.sealed)
    .bind(database.as_slice())
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
