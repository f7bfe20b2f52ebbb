//! The sealed store's cryptography: who may open what. Knows nothing of SQL, Telegram or X.
//!
//! Two layers: the keyring's primary key wraps one data key per account, and the data key seals that account's four
//! values. Dialogue states and queued updates are sealed by the primary key itself. Everything sealed is bound to
//! its [`Place`], so that a value copied to another row, column or user does not open.

mod keyfile;
mod keyring;
mod seal;

pub use self::{
    keyfile::KeyFile,
    keyring::{Fingerprint, KeyId, KeyInfo, KeyState, Keyring, KeyringError},
    seal::{AuditKey, DataKey, Mac, OpenError, Place, Sealed, ValueFingerprint},
};

use std::{
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock},
};

use zeroize::Zeroizing;

use crate::{
    domain::account::AccountId,
    random::{NoRandomness, Random},
};

/// The keyring in use, with the randomness that nonces and data keys come from. Cheap to clone; clones change together
/// when the key file is read again.
#[derive(Clone)]
pub struct Vault {
    keyring: Arc<RwLock<Arc<Keyring>>>,
    key_file: Arc<PathBuf>,
    random: Random,
}

impl Vault {
    /// A vault that seals with the keyring's primary key and opens with any key that is not retired. `key_file` is where
    /// the keyring came from, to be read again when it changes.
    #[must_use]
    pub fn new(keyring: Keyring, key_file: PathBuf, random: Random) -> Self {
        Self {
            keyring: Arc::new(RwLock::new(Arc::new(keyring))),
            key_file: Arc::new(key_file),
            random,
        }
    }

    /// The keyring as it is now.
    #[must_use]
    pub fn keyring(&self) -> Arc<Keyring> {
        let keyring = self.keyring.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&keyring)
    }

    /// Reads the key file again. The keyring stays as it is if the file cannot be used.
    ///
    /// # Errors
    /// The file is missing, others may read it, or it is not a keyring.
    pub fn reload(&self) -> Result<(), KeyringError> {
        let fresh = Arc::new(Keyring::read(&self.key_file)?);
        *self.keyring.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }

    /// A vault of its own over the key file as it is now; this one stays as it is.
    ///
    /// # Errors
    /// As [`Vault::reload`].
    pub fn read_again(&self) -> Result<Self, KeyringError> {
        let keyring = Keyring::read(&self.key_file)?;
        Ok(Self::new(
            keyring,
            self.key_file.to_path_buf(),
            self.random.clone(),
        ))
    }

    /// Takes over the keyring of another vault.
    pub fn adopt(&self, other: &Self) {
        *self.keyring.write().unwrap_or_else(PoisonError::into_inner) = other.keyring();
    }

    /// Seals `plain` for `place` with the primary key, and says which key that was.
    ///
    /// # Errors
    /// The operating system gave no randomness.
    pub fn seal(&self, place: &Place, plain: &[u8]) -> Result<(KeyId, Sealed), NoRandomness> {
        let keyring = self.keyring();
        let (id, key) = keyring.primary_key();
        let sealed = seal::seal(key.bytes(), id, place, plain, self.random.bytes()?);
        Ok((id, sealed))
    }

    /// Opens what [`Vault::seal`] made for the same place. A key that is not known yet is looked for in the file.
    ///
    /// # Errors
    /// The key is not in the keyring or retired, or the bytes were made for another place, or altered.
    pub fn open(&self, place: &Place, sealed: &Sealed) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let id = sealed.key_id()?;
        let mut keyring = self.keyring();
        if keyring.key(id).is_none() && self.reload().is_ok() {
            keyring = self.keyring();
        }
        let key = keyring.key(id).ok_or(OpenError::UnknownKey(id))?;
        seal::open(key.bytes(), place, sealed)
    }

    /// A fresh data key for an account, and the same wrapped by the primary key.
    ///
    /// # Errors
    /// The operating system gave no randomness.
    pub fn new_data_key(
        &self,
        owner: i64,
        account: AccountId,
    ) -> Result<(DataKey, KeyId, Sealed), NoRandomness> {
        let key = DataKey::new(Zeroizing::new(self.random.bytes()?), self.random.clone());
        let (id, wrapped) = self.seal(&Place::data_key(owner, account), key.bytes())?;
        Ok((key, id, wrapped))
    }

    /// A fresh key for the audit trail, and the same wrapped by the primary key.
    ///
    /// # Errors
    /// The operating system gave no randomness.
    pub fn new_audit_key(&self) -> Result<(AuditKey, KeyId, Sealed), NoRandomness> {
        let bytes = Zeroizing::new(self.random.bytes()?);
        let (id, wrapped) = self.seal(&Place::audit_key(), &*bytes)?;
        Ok((AuditKey::new(bytes), id, wrapped))
    }

    /// Unwraps the key of the audit trail.
    ///
    /// # Errors
    /// As [`Vault::open`].
    pub fn audit_key(&self, wrapped: &Sealed) -> Result<AuditKey, OpenError> {
        let bytes = self.open(&Place::audit_key(), wrapped)?;
        let bytes: [u8; 32] = bytes
            .as_slice()
            .try_into()
            .map_err(|_| OpenError::Malformed)?;
        Ok(AuditKey::new(Zeroizing::new(bytes)))
    }

    /// Unwraps an account's data key.
    ///
    /// # Errors
    /// As [`Vault::open`].
    pub fn data_key(
        &self,
        owner: i64,
        account: AccountId,
        wrapped: &Sealed,
    ) -> Result<DataKey, OpenError> {
        let bytes = self.open(&Place::data_key(owner, account), wrapped)?;
        let bytes: [u8; 32] = bytes
            .as_slice()
            .try_into()
            .map_err(|_| OpenError::Malformed)?;
        Ok(DataKey::new(Zeroizing::new(bytes), self.random.clone()))
    }
}

#[cfg(test)]
mod tests;
