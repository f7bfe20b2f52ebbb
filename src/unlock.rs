//! The key against the database, at start: made with an empty one, wanted by one with data, and never replaced.

use std::path::Path;

use crate::{
    clock::Clock,
    config::{ConfigError, KEY_FILE},
    failpoint,
    random::Random,
    store::{
        Store, StoreError,
        canary::{self, Canary},
    },
    vault::{Keyring, Place, Vault},
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

/// What is sealed in the canary row.
const CANARY: &[u8] = b"addx";

/// Opens the vault with the key file, and makes sure that it is the one that this database wants.
///
/// # Errors
/// The key file is missing although there is data, or it is another one, or it cannot be used.
pub async fn unlock(
    store: &Store,
    key_file: &Path,
    clock: &Clock,
    random: &Random,
) -> Result<Vault, UnlockError> {
    let problem = |problem: String| UnlockError::Config(ConfigError::new(KEY_FILE, problem));
    let wanted = canary::get(store.reader()).await?;
    let exists = key_file.exists();
    let keyring = match &wanted {
        Some(Canary {
            key_id,
            fingerprint,
            ..
        }) if !exists => {
            return Err(problem(format!(
                "there is no key file at {}. The database wants key {key_id} with fingerprint {fingerprint}; put that file \
                 back. A new key would open nothing",
                key_file.display()
            )));
        }
        None if canary::has_sealed_rows(store.reader()).await? => {
            return Err(problem(
                "the database holds sealed values, but not which key they want (its canary row is gone). Restore it from a \
                 backup"
                    .to_owned(),
            ));
        }
        None if !exists => {
            let made = Keyring::create(key_file, random, clock.now());
            let keyring = made.map_err(|error| problem(error.to_string()))?;
            failpoint::hit("start.key_made");
            tracing::info!(
                "a key file was made; back it up, apart from the database: without it nothing can be opened"
            );
            keyring
        }
        Some(_) | None => Keyring::read(key_file).map_err(|error| problem(error.to_string()))?,
    };
    let there = wanted
        .as_ref()
        .and_then(|wanted| keyring.fingerprint(wanted.key_id));
    let vault = Vault::new(keyring, random.clone());
    match wanted {
        Some(wanted) => {
            if vault.open(&Place::canary(), &wanted.sealed).is_err() {
                let there = match there {
                    Some(fingerprint) => {
                        format!("the file has {fingerprint} as key {}", wanted.key_id)
                    }
                    None => format!("the file has no key {}", wanted.key_id),
                };
                return Err(problem(format!(
                    "this is not the key file of this database. It wants key {} with fingerprint {}; {there}",
                    wanted.key_id, wanted.fingerprint
                )));
            }
        }
        None => {
            let (key_id, fingerprint) = vault.primary();
            let sealed = vault
                .seal(&Place::canary(), CANARY)
                .map_err(StoreError::from)?;
            let canary = Canary {
                key_id,
                fingerprint,
                sealed,
            };
            let mut tx = store.begin().await?;
            canary::insert(&mut *tx, &canary).await?;
            tx.commit().await.map_err(StoreError::from)?;
        }
    }
    Ok(vault)
}
