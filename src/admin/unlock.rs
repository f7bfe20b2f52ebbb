//! The key against the database, at start: made with an empty one, wanted by one with data, and never replaced.

use std::{fmt::Display, path::Path};

use futures::future::BoxFuture;
use sqlx::SqliteConnection;

use crate::{
    admin::rekey::RekeyError,
    config::{ConfigError, KEY_FILE},
    store::{
        KeyringWatch, Store, StoreError,
        key_check::{self, KeyCheck},
        keys,
    },
    support::{clock::Clock, failpoint, random::Random},
    vault::{Fingerprint, KeyId, Keyring, Place, Vault},
};

/// Why the vault stays closed.
#[derive(Debug, thiserror::Error)]
pub enum UnlockError {
    /// The key file is missing, wrong or unusable: the operator has to act.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What is sealed in the row of the key check.
const CANARY: &[u8] = b"addx";

/// What the keyring has to open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Every row.
    Everything,
    /// The row that tells a wrong key file: enough for the commands that show and mend that a key is not there.
    KeyCheck,
}

/// Opens the vault with the key file, and makes sure that it is the one that this database wants. From then on the store
/// reads the key file again before it writes, when another process has made a new primary key.
pub async fn unlock(
    store: &Store,
    key_file: &Path,
    clock: &Clock,
    random: &Random,
) -> Result<Vault, UnlockError> {
    open(store, key_file, clock, random, Wanted::Everything).await
}

/// As [`unlock`]; only what is `wanted` of the keyring has to be there.
pub(crate) async fn open(
    store: &Store,
    key_file: &Path,
    clock: &Clock,
    random: &Random,
    wanted: Wanted,
) -> Result<Vault, UnlockError> {
    let mut db = store.reader().lend().await.map_err(StoreError::from)?;
    let keyring = match wanted_by(&mut db).await? {
        Some(wanted) if !key_file.exists() => {
            return Err(problem(format!(
                "there is no key file at {}. The database wants key {} with fingerprint {}; put that file back. A new key \
                 would open nothing",
                key_file.display(),
                wanted.key_id,
                wanted.fingerprint
            )));
        }
        None if !key_file.exists() => {
            let made = Keyring::create(key_file, random, clock.now()).map_err(problem)?;
            failpoint::hit("start.key_made");
            tracing::info!(
                "a key file was made; back it up, apart from the database: without it nothing can be opened"
            );
            made
        }
        Some(_) | None => Keyring::read(key_file).map_err(problem)?,
    };
    check(&mut db, &keyring, wanted).await?;
    drop(db);
    let vault = Vault::new(keyring, key_file.to_owned(), random.clone());
    note_primary(store, &vault).await?;
    store.watch_keyring(Watch(vault.clone(), wanted));
    Ok(vault)
}

/// Lets the store take up the key file again when another process has made a new primary key.
struct Watch(Vault, Wanted);

impl KeyringWatch for Watch {
    fn primary(&self) -> KeyId {
        self.0.keyring().primary()
    }

    fn take_up<'a>(&'a self, db: &'a mut SqliteConnection) -> BoxFuture<'a, ()> {
        Box::pin(async {
            match adopt(db, &self.0, self.1).await {
                Ok(()) => tracing::info!("the key file was read again: there is a new primary key"),
                Err(error) => {
                    tracing::error!(error = %error, "the key file could not be read again");
                }
            }
        })
    }
}

/// Takes up the key file as it is now, if it is still the one that this database wants. The keyring in use stays if not.
pub(crate) async fn take_up(store: &Store, vault: &Vault) -> Result<(), UnlockError> {
    let mut db = store.reader().lend().await.map_err(StoreError::from)?;
    adopt(&mut db, vault, Wanted::Everything).await?;
    drop(db);
    Ok(note_primary(store, vault).await?)
}

async fn adopt(
    db: &mut SqliteConnection,
    vault: &Vault,
    wanted: Wanted,
) -> Result<(), UnlockError> {
    let fresh = vault.read_file().map_err(problem)?;
    check(db, &fresh, wanted).await?;
    vault.adopt(fresh);
    Ok(())
}

/// Whether this keyring opens the database behind `db`.
pub(crate) async fn examine(
    db: &mut SqliteConnection,
    keyring: &Keyring,
) -> Result<(), UnlockError> {
    check(db, keyring, Wanted::Everything).await
}

/// The one check that every keyring goes through before it is used: it opens the key check, neither it nor the database is an
/// old copy, and it has every key that rows need.
async fn check(
    db: &mut SqliteConnection,
    keyring: &Keyring,
    wanted: Wanted,
) -> Result<(), UnlockError> {
    if let Some(key_check) = wanted_by(&mut *db).await? {
        compare(keyring, &key_check)?;
    }
    if wanted == Wanted::KeyCheck {
        return Ok(());
    }
    for id in keys::in_use(&mut *db).await? {
        if !keyring.opens(id) && !keyring.has_given_up(id) {
            let rows = keys::rows_of(&mut *db, id).await?.total();
            return Err(problem(RekeyError::Lost { id, rows }));
        }
    }
    Ok(())
}

/// The row that tells which key the database wants; an empty database has none.
async fn wanted_by(db: &mut SqliteConnection) -> Result<Option<KeyCheck>, UnlockError> {
    let key_check = key_check::get(&mut *db).await?;
    if key_check.is_none() && key_check::has_sealed_rows(db).await? {
        return Err(problem(
            "the database holds sealed values, but not which key they want (the row of its key check is gone). Restore it from a backup",
        ));
    }
    Ok(key_check)
}

/// Whether the keyring is the one that the database wants, and neither of them an old copy.
pub(crate) fn compare(keyring: &Keyring, wanted: &KeyCheck) -> Result<(), UnlockError> {
    let newest_seen = wanted.key_id;
    if newest_seen > keyring.newest() || newest_seen > keyring.primary() {
        return Err(problem(format!(
            "this keyring is older than the database: its primary key is {}, and the database has seen key {newest_seen} with \
             fingerprint {}. Put the newer key file back",
            keyring.primary(),
            wanted.fingerprint
        )));
    }
    fits(keyring, newest_seen, &wanted.fingerprint)?;
    let opened = keyring.open(&Place::key_check(), &wanted.sealed);
    opened.map(|_| ()).map_err(|error| {
        problem(format!(
            "the row that tells which key the database wants was altered ({error}). Restore it from a backup"
        ))
    })
}

/// Whether the keyring opens what wants this key: a database, or a sealed copy of one.
pub(crate) fn fits(
    keyring: &Keyring,
    wanted: KeyId,
    fingerprint: &Fingerprint,
) -> Result<(), UnlockError> {
    if wanted < keyring.minimum() {
        return Err(problem(format!(
            "the database is older than this keyring: its newest key is {wanted} with fingerprint {fingerprint}, and the keyring \
             accepts keys from {}. It is an old copy; to use it nevertheless, use the key file of its time",
            keyring.minimum()
        )));
    }
    let there = match keyring.info(wanted) {
        Some(key) if key.fingerprint != *fingerprint => {
            format!("the file has {} as key {wanted}", key.fingerprint)
        }
        Some(_) if keyring.opens(wanted) => return Ok(()),
        Some(_) => format!("the file has key {wanted} as retired"),
        None => format!("the file has no key {wanted}"),
    };
    Err(problem(format!(
        "this is not the key file of this database. It wants key {wanted} with fingerprint {fingerprint}; {there}"
    )))
}

/// Notes in the database that this primary key is in use, if it is newer than what it has seen. From then on an older
/// keyring is refused, and a bot that runs reads its key file again before it seals.
pub(crate) async fn note_primary(store: &Store, vault: &Vault) -> Result<(), StoreError> {
    let primary = vault.keyring().primary();
    let newest_seen = |key_check: Option<KeyCheck>| key_check.map(|key_check| key_check.key_id);
    if newest_seen(key_check::get(store.reader()).await?) >= Some(primary) {
        return Ok(());
    }
    let mut tx = store.begin().await?;
    if newest_seen(key_check::get(&mut *tx).await?) < Some(primary) {
        let (key_id, sealed) = vault.seal(&Place::key_check(), CANARY)?;
        let fingerprint = vault.keyring().info(key_id).map(|key| key.fingerprint);
        let key_check = KeyCheck {
            key_id,
            fingerprint: fingerprint.unwrap_or_else(|| Fingerprint(String::new())),
            sealed,
        };
        key_check::put(&mut *tx, &key_check, vault.random().bytes()?).await?;
    }
    tx.commit().await
}

fn problem(problem: impl Display) -> UnlockError {
    UnlockError::Config(ConfigError::new(KEY_FILE, problem))
}
