//! Changing keys: rewrapping everything to the primary key, and retiring a key that nothing needs any more.
//!
//! Works beside a running bot, in small transactions, and can be broken off and begun again at any point.

use std::{collections::BTreeSet, path::Path, time::Duration};

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::SqlitePool;
use tokio::time::Instant;

use crate::{
    audit as audit_trail,
    domain::audit::{Act, Actor, Event},
    store::{
        Store, StoreError, audit,
        keys::{self, Rows},
    },
    unlock,
    vault::{
        AuditKey, Fingerprint, KeyFile, KeyId, KeyState, Keyring, KeyringError, OpenError, Place,
        Vault,
    },
};

/// Rows a transaction: the bot waits for the write lock no longer than these take.
const BATCH: u32 = 200;
/// After a transaction the lock is left alone as long as it was held, and at least this long: who waits for it looks
/// from time to time only.
const SHORTEST_PAUSE: Duration = Duration::from_millis(5);

/// Why keys could not be changed.
#[derive(Debug, thiserror::Error)]
pub enum RekeyError {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The key file cannot be used or changed.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// Something is sealed by a key that cannot open it any more.
    #[error(
        "{rows} rows are sealed by key {id}, which the key file does not have or has as retired; put a key file back in which it is enabled"
    )]
    Lost {
        /// Its number.
        id: KeyId,
        /// How many.
        rows: i64,
    },
    /// The key still seals something.
    #[error("key {id} cannot be retired: it still seals {rows} rows; run: addx key rewrap")]
    InUse {
        /// Its number.
        id: KeyId,
        /// How many.
        rows: i64,
    },
}

/// A key and what it seals.
#[derive(Clone, Debug, Serialize)]
pub struct KeyStatus {
    /// Its number.
    pub id: KeyId,
    /// What the key file says of it; `None`: it is not there.
    pub state: Option<KeyState>,
    /// Its name, if the key file has it.
    pub fingerprint: Option<Fingerprint>,
    /// What it seals.
    pub rows: Rows,
}

impl KeyStatus {
    /// Whether rows wait for a key that cannot open them.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        matches!(self.state, None | Some(KeyState::Retired)) && self.rows.total() > 0
    }
}

/// Every key of the keyring, and every other that rows name, with the rows it seals.
///
/// # Errors
/// The database failed.
pub async fn status(db: &SqlitePool, keyring: &Keyring) -> Result<Vec<KeyStatus>, StoreError> {
    let listed = keyring.list().into_iter().map(|key| key.id);
    let ids: BTreeSet<KeyId> = keys::in_use(db).await?.into_iter().chain(listed).collect();
    let mut all = Vec::new();
    for id in ids {
        let key = keyring.info(id);
        all.push(KeyStatus {
            id,
            state: key.as_ref().map(|key| key.state),
            fingerprint: key.map(|key| key.fingerprint),
            rows: keys::rows_of(db, id).await?,
        });
    }
    Ok(all)
}

/// Puts everything that older keys seal under the primary key. `progress` gets the number of rows done so far.
///
/// Two of these at once do each row once.
///
/// # Errors
/// The database failed, or a row does not open.
pub async fn rewrap(
    store: &Store,
    vault: &Vault,
    mut progress: impl FnMut(u64),
) -> Result<u64, RekeyError> {
    unlock::note_primary(store, vault).await?;
    let mut done = 0;
    loop {
        let keyring = vault.keyring();
        let status = status(store.reader(), &keyring).await?;
        let Some(old) = status
            .iter()
            .find(|key| key.state != Some(KeyState::Primary) && key.rows.total() > 0)
        else {
            return Ok(done);
        };
        if old.is_lost() {
            let (id, rows) = (old.id, old.rows.total());
            return Err(RekeyError::Lost { id, rows });
        }
        done += rewrap_audit_key(store, vault).await?;
        loop {
            let begun = Instant::now();
            let rows = rewrap_batch(store, vault, old.id).await?;
            if rows == 0 {
                break;
            }
            done += rows;
            progress(done);
            tokio::time::sleep(begun.elapsed().max(SHORTEST_PAUSE)).await;
        }
    }
}

async fn rewrap_audit_key(store: &Store, vault: &Vault) -> Result<u64, StoreError> {
    let mut tx = store.begin().await?;
    let Some((id, wrapped)) = audit::key(&mut *tx).await? else {
        return Ok(0);
    };
    if id == vault.keyring().primary() {
        return Ok(0);
    }
    let place = Place::audit_key();
    let plain = vault
        .open(&place, &wrapped)
        .map_err(|source| StoreError::Open {
            table: "audit_key",
            source,
        })?;
    let (id, wrapped) = vault.seal(&place, &plain)?;
    audit::put_key(&mut *tx, id, &wrapped).await?;
    tx.commit().await?;
    Ok(1)
}

async fn rewrap_batch(store: &Store, vault: &Vault, old: KeyId) -> Result<u64, StoreError> {
    let open_error = |table| move |source: OpenError| StoreError::Open { table, source };
    let mut rows = 0;
    let mut tx = store.begin().await?;
    for stored in keys::data_keys_of(&mut tx, old, BATCH).await? {
        let place = Place::data_key(stored.owner, stored.account);
        let plain = vault
            .open(&place, &stored.wrapped)
            .map_err(open_error("data_keys"))?;
        let (id, wrapped) = vault.seal(&place, &plain)?;
        keys::set_data_key(&mut tx, stored.account, id, &wrapped).await?;
        rows += 1;
    }
    for (chat, sealed) in keys::dialogues_of(&mut tx, old, BATCH).await? {
        let place = Place::dialogue(chat);
        let plain = vault
            .open(&place, &sealed)
            .map_err(open_error("dialogues"))?;
        let (id, sealed) = vault.seal(&place, &plain)?;
        keys::set_dialogue(&mut tx, chat, id, &sealed).await?;
        rows += 1;
    }
    for (update, chat, sealed) in keys::updates_of(&mut tx, old, BATCH).await? {
        let place = Place::update(chat, update);
        let plain = vault.open(&place, &sealed).map_err(open_error("inbox"))?;
        let (id, sealed) = vault.seal(&place, &plain)?;
        keys::set_update(&mut tx, update, id, &sealed).await?;
        rows += 1;
    }
    tx.commit().await?;
    Ok(rows)
}

/// Retires a key that seals nothing any more. While its rows are counted and the file is changed nobody writes to the
/// database, and a bot that runs reads the file again before it seals.
///
/// # Errors
/// The key still seals something, or is the primary one, or there is no such key.
pub async fn retire(
    store: &Store,
    vault: &Vault,
    key_file: &Path,
    id: KeyId,
    audit_key: &AuditKey,
    now: DateTime<Utc>,
) -> Result<(), RekeyError> {
    let mut file = KeyFile::open(key_file)?;
    file.may_retire(id)?;
    unlock::note_primary(store, vault).await?;
    let mut tx = store.begin().await?;
    let rows = keys::rows_of(&mut *tx, id).await?.total();
    if rows > 0 {
        return Err(RekeyError::InUse { id, rows });
    }
    file.retire(id)?;
    let act = Act {
        owner: 0,
        actor: Actor::Operator,
        event: Event::KeyRetire,
        account: None,
        detail: id.to_string(),
    };
    audit_trail::note(&mut tx, audit_key, act, now).await?;
    Ok(tx.commit().await.map_err(StoreError::from)?)
}
