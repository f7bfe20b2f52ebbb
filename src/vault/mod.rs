//! The sealed store's cryptography: who may open what. Knows nothing of SQL, Telegram or X.
//!
//! Two layers: the keyring's primary key wraps one data key per account, and the data key seals that account's four
//! values. Dialogue states and queued updates are sealed by the primary key itself. Everything sealed is bound to
//! its [`Place`], so that a value copied to another row, column or user does not open.

mod keyring;
mod seal;

pub use self::{
    keyring::{Fingerprint, KeyId, Keyring, KeyringError},
    seal::{DataKey, OpenError, Place, Sealed, ValueFingerprint},
};

use std::sync::Arc;

use zeroize::Zeroizing;

use crate::{
    domain::account::AccountId,
    random::{NoRandomness, Random},
};

/// The keyring in use, with the randomness that nonces and data keys come from. Cheap to clone.
#[derive(Clone)]
pub struct Vault {
    keyring: Arc<Keyring>,
    random: Random,
}

impl Vault {
    /// A vault that seals with the keyring's primary key and opens with any key that is not retired.
    #[must_use]
    pub fn new(keyring: Keyring, random: Random) -> Self {
        Self {
            keyring: Arc::new(keyring),
            random,
        }
    }

    /// The id and fingerprint of the key that seals.
    #[must_use]
    pub fn primary(&self) -> (KeyId, Fingerprint) {
        let (id, key) = self.keyring.primary();
        (id, key.fingerprint())
    }

    /// Seals `plain` for `place` with the primary key.
    ///
    /// # Errors
    /// The operating system gave no randomness.
    pub fn seal(&self, place: &Place, plain: &[u8]) -> Result<Sealed, NoRandomness> {
        let (id, key) = self.keyring.primary();
        Ok(seal::seal(
            key.bytes(),
            id,
            place,
            plain,
            self.random.bytes()?,
        ))
    }

    /// Opens what [`Vault::seal`] made for the same place.
    ///
    /// # Errors
    /// The key is not in the keyring or retired, or the bytes were made for another place, or altered.
    pub fn open(&self, place: &Place, sealed: &Sealed) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let id = sealed.key_id()?;
        let key = self.keyring.get(id).ok_or(OpenError::UnknownKey(id))?;
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
    ) -> Result<(DataKey, Sealed), NoRandomness> {
        let key = DataKey::new(Zeroizing::new(self.random.bytes()?), self.random.clone());
        let wrapped = self.seal(&Place::data_key(owner, account), key.bytes())?;
        Ok((key, wrapped))
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
