//! The sealed store's cryptography: who may open what. Knows nothing of SQL, Telegram or X.
//!
//! Two layers: the keyring's primary key wraps one data key per account, and the data key seals that account's four
//! values. Dialogue states, queued updates and promised messages are sealed by the primary key itself. Everything sealed is bound to
//! its [`Place`], so that a value copied to another row, column or user does not open.

mod keyfile;
mod keyring;
mod seal;
mod stream;

pub use self::{
    keyfile::KeyFile,
    keyring::{KeyId, Keyring},
    seal::{AuditKey, Sealed, ValueFingerprint},
};
pub(crate) use self::{
    keyring::{Fingerprint, KeyState, KeyringError},
    seal::{DataKey, Mac, MessageFingerprint, OpenError, Place},
    stream::{SealedStream, StreamError},
};

use std::{
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock},
};

use zeroize::Zeroizing;

use crate::{
    domain::account::AccountId,
    support::random::{NoRandomness, Random},
};

impl Keyring {
    /// Opens what was sealed for this place by a key that is in here and not retired.
    pub(crate) fn open(
        &self,
        place: &Place,
        sealed: &Sealed,
    ) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let id = sealed.key_id()?;
        let key = self.key(id).ok_or(OpenError::UnknownKey(id))?;
        seal::open(key.bytes(), place, sealed)
    }
}

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
    pub fn new(keyring: Keyring, key_file: PathBuf, random: Random) -> Self {
        Self {
            keyring: Arc::new(RwLock::new(Arc::new(keyring))),
            key_file: Arc::new(key_file),
            random,
        }
    }

    /// The keyring as it is now.
    pub(crate) fn keyring(&self) -> Arc<Keyring> {
        let keyring = self.keyring.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&keyring)
    }

    /// The key file as it is now. The keyring in use stays as it is until [`Vault::adopt`]: whoever knows the database has to
    /// compare the two first.
    pub(crate) fn read_file(&self) -> Result<Keyring, KeyringError> {
        Keyring::read(&self.key_file)
    }

    /// Seals and opens with `keyring` from now on.
    pub(crate) fn adopt(&self, keyring: Keyring) {
        *self.keyring.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keyring);
    }

    /// Seals `plain` for `place` with the primary key, and says which key that was.
    pub(crate) fn seal(
        &self,
        place: &Place,
        plain: &[u8],
    ) -> Result<(KeyId, Sealed), NoRandomness> {
        let keyring = self.keyring();
        let (id, key) = keyring.primary_key();
        let sealed = seal::seal(key.bytes(), id, place, plain, self.random.bytes()?);
        Ok((id, sealed))
    }

    /// Tells that two messages to a chat are the same, as long as the primary key is.
    pub(crate) fn message_fingerprint(&self, chat: i64, message: &[u8]) -> MessageFingerprint {
        let keyring = self.keyring();
        seal::message_fingerprint(keyring.primary_key().1.bytes(), chat, message)
    }

    /// The randomness.
    pub(crate) fn random(&self) -> &Random {
        &self.random
    }

    /// Opens what [`Vault::seal`] made for the same place. A key that is not known yet is looked for in the file, for this
    /// once: that it opens the bytes proves this key, and nothing about the rest of the file.
    pub(crate) fn open(
        &self,
        place: &Place,
        sealed: &Sealed,
    ) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let opened = self.keyring().open(place, sealed);
        match opened {
            Err(OpenError::UnknownKey(id)) => match self.read_file() {
                Ok(file) => file.open(place, sealed),
                Err(_) => Err(OpenError::UnknownKey(id)),
            },
            opened => opened,
        }
    }

    /// A fresh data key for an account, and the same wrapped by the primary key.
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
    pub(crate) fn new_audit_key(&self) -> Result<(AuditKey, KeyId, Sealed), NoRandomness> {
        let bytes = Zeroizing::new(self.random.bytes()?);
        let (id, wrapped) = self.seal(&Place::audit_key(), &*bytes)?;
        Ok((AuditKey::new(bytes), id, wrapped))
    }

    /// Unwraps the key of the audit trail.
    pub(crate) fn audit_key(&self, wrapped: &Sealed) -> Result<AuditKey, OpenError> {
        let bytes = self.open(&Place::audit_key(), wrapped)?;
        let bytes: [u8; 32] = bytes
            .as_slice()
            .try_into()
            .map_err(|_| OpenError::Malformed)?;
        Ok(AuditKey::new(Zeroizing::new(bytes)))
    }

    /// Unwraps an account's data key.
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
