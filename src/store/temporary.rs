//! The table `temporary_credentials`: authorisations at X that are under way.

use chrono::{DateTime, Utc};
use sqlx::{FromRow, SqliteExecutor};

use super::{StoreError, jobs::Kind};
use crate::{domain::account::AccountId, vault::Sealed};

/// What is kept of an authorisation.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct SealedTemporary {
    /// The request token.
    pub token: Sealed,
    /// Its secret.
    pub secret: Sealed,
    /// The PIN, once it came.
    pub verifier: Option<Sealed>,
}

/// Keeps new temporary credentials, in place of older ones.
pub(crate) async fn put(
    db: impl SqliteExecutor<'_>,
    account: AccountId,
    token: &Sealed,
    secret: &Sealed,
    expires_at: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT OR REPLACE INTO temporary_credentials (account_id, token, secret, expires_at)
         VALUES (?, ?, ?, ?)",
    )
    .bind(account)
    .bind(token)
    .bind(secret)
    .bind(expires_at.timestamp())
    .execute(db)
    .await?;
    Ok(())
}

/// Keeps the PIN beside them. `false`: there are none, or they are too old.
pub(crate) async fn put_verifier(
    db: impl SqliteExecutor<'_>,
    account: AccountId,
    verifier: &Sealed,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "UPDATE temporary_credentials SET verifier = ? WHERE account_id = ? AND expires_at > ?",
    )
    .bind(verifier)
    .bind(account)
    .bind(now.timestamp())
    .execute(db)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// The account's authorisation that is under way.
pub(crate) async fn get(
    db: impl SqliteExecutor<'_>,
    account: AccountId,
) -> Result<Option<SealedTemporary>, StoreError> {
    Ok(sqlx::query_as(
        "SELECT token, secret, verifier FROM temporary_credentials WHERE account_id = ?",
    )
    .bind(account)
    .fetch_optional(db)
    .await?)
}

/// Erases an account's temporary credentials.
pub(crate) async fn delete(
    db: impl SqliteExecutor<'_>,
    account: AccountId,
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM temporary_credentials WHERE account_id = ?")
        .bind(account)
        .execute(db)
        .await?;
    Ok(())
}

/// The same, and takes back what was to be done with them.
pub(crate) async fn leave(
    db: impl SqliteExecutor<'_>,
    account: AccountId,
    kind: Kind,
) -> Result<(), StoreError> {
    sqlx::query(
        "DELETE FROM jobs WHERE account_id = ?1 AND kind = ?2;
         DELETE FROM temporary_credentials WHERE account_id = ?1",
    )
    .bind(account)
    .bind(kind.0)
    .execute(db)
    .await?;
    Ok(())
}

/// Erases those that are too old. How many there were.
pub(crate) async fn purge(
    db: impl SqliteExecutor<'_>,
    now: DateTime<Utc>,
) -> Result<u64, StoreError> {
    let done = sqlx::query("DELETE FROM temporary_credentials WHERE expires_at <= ?")
        .bind(now.timestamp())
        .execute(db)
        .await?;
    Ok(done.rows_affected())
}
