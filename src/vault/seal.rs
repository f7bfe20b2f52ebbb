//! XChaCha20-Poly1305 with associated data that names the place: the one file that encrypts.

use std::fmt;

use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use hkdf::Hkdf;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::KeyId;
use crate::{
    domain::{
        account::AccountId,
        credentials::{ClientCredentials, Field, Secret},
        health::AppMark,
        pin::TemporaryField,
    },
    support::random::{NoRandomness, Random},
};

/// The format of sealed bytes: version ‖ key id (4, big endian) ‖ nonce (24) ‖ ciphertext and tag (16).
const VERSION: u8 = 1;
const NONCE: usize = 24;
const HEADER: usize = 1 + 4 + NONCE;
/// The key id in the header of what a data key sealed: data keys have no number.
const DATA_KEY: KeyId = KeyId(0);

/// Encrypted bytes, safe to store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed(Vec<u8>);

impl Sealed {
    /// Bytes as they come from the database. Whether they open is seen when they are opened.
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes to store.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The id of the keyring's key that sealed this.
    pub(crate) fn key_id(&self) -> Result<KeyId, OpenError> {
        match self.0.get(..HEADER) {
            Some([VERSION, a, b, c, d, ..]) => Ok(KeyId(u32::from_be_bytes([*a, *b, *c, *d]))),
            _ => Err(OpenError::Malformed),
        }
    }
}

/// Why sealed bytes did not open.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The bytes are too short or of an unknown format.
    #[error("the sealed bytes are cut off or of an unknown format")]
    Malformed,
    /// The keyring has no such key, or it is retired.
    #[error("the keyring has no usable key {0}")]
    UnknownKey(KeyId),
    /// The wrong key, another place, or altered bytes: an AEAD does not say which.
    #[error("the sealed bytes do not belong to this key and place")]
    Refused,
}

/// Where sealed bytes belong: the associated data of the AEAD.
///
/// Format version, owner, row and field go into it, each of fixed length or with its length before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    owner: i64,
    row: [u8; 16],
    field: &'static str,
}

impl Place {
    /// One of an account's four values.
    pub(crate) fn value(owner: i64, account: AccountId, field: Field) -> Self {
        Self {
            owner,
            row: account.bytes(),
            field: field.as_str(),
        }
    }

    /// A part of an authorisation that is under way.
    pub(crate) fn temporary(owner: i64, account: AccountId, field: TemporaryField) -> Self {
        Self {
            owner,
            row: account.bytes(),
            field: field.as_str(),
        }
    }

    /// An account's data key.
    pub(crate) fn data_key(owner: i64, account: AccountId) -> Self {
        Self {
            owner,
            row: account.bytes(),
            field: "data_key",
        }
    }

    /// The state of a chat's dialogue.
    pub(crate) fn dialogue(chat: i64) -> Self {
        Self {
            owner: chat,
            row: [0; 16],
            field: "dialogue",
        }
    }

    /// An update of a chat that waits to be handled.
    pub(crate) fn update(chat: i64, update: i64) -> Self {
        let mut row = [0; 16];
        row[8..].copy_from_slice(&update.to_be_bytes());
        Self {
            owner: chat,
            row,
            field: "update",
        }
    }

    /// What is to be known for ending an account.
    pub(crate) fn job(owner: i64, account: AccountId) -> Self {
        Self {
            owner,
            row: account.bytes(),
            field: "job",
        }
    }

    /// A message that a chat was promised. Two of the same fingerprint say the same.
    pub(crate) fn message(chat: i64, fingerprint: MessageFingerprint) -> Self {
        Self {
            owner: chat,
            row: fingerprint.0,
            field: "message",
        }
    }

    /// The key of the audit trail's macs.
    pub(crate) fn audit_key() -> Self {
        Self {
            owner: 0,
            row: [0; 16],
            field: "audit_key",
        }
    }

    /// The row that tells a wrong key at start.
    pub(crate) fn key_check() -> Self {
        Self {
            owner: 0,
            row: [0; 16],
            field: "key_check",
        }
    }

    fn associated_data(&self) -> Vec<u8> {
        let field = self.field.as_bytes();
        let mut data = Vec::with_capacity(4 + 1 + 8 + 16 + 1 + field.len());
        data.extend_from_slice(b"addx");
        data.push(VERSION);
        data.extend_from_slice(&self.owner.to_be_bytes());
        data.extend_from_slice(&self.row);
        data.push(u8::try_from(field.len()).unwrap_or(u8::MAX));
        data.extend_from_slice(field);
        data
    }
}

pub(super) fn seal(
    key: &[u8; 32],
    id: KeyId,
    place: &Place,
    plain: &[u8],
    nonce: [u8; NONCE],
) -> Sealed {
    let cipher = XChaCha20Poly1305::new(key.into());
    let payload = Payload {
        msg: plain,
        aad: &place.associated_data(),
    };
    let Ok(ciphertext) = cipher.encrypt(&XNonce::from(nonce), payload) else {
        unreachable!("encryption fails above 256 GiB only")
    };
    let mut bytes = Vec::with_capacity(HEADER + ciphertext.len());
    bytes.push(VERSION);
    bytes.extend_from_slice(&id.0.to_be_bytes());
    bytes.extend_from_slice(&nonce);
    bytes.extend_from_slice(&ciphertext);
    Sealed(bytes)
}

pub(super) fn open(
    key: &[u8; 32],
    place: &Place,
    sealed: &Sealed,
) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    let (header, ciphertext) = sealed
        .0
        .split_at_checked(HEADER)
        .ok_or(OpenError::Malformed)?;
    if header[0] != VERSION {
        return Err(OpenError::Malformed);
    }
    let nonce = XNonce::try_from(&header[1 + 4..]).map_err(|_| OpenError::Malformed)?;
    XChaCha20Poly1305::new(key.into())
        .decrypt(
            &nonce,
            Payload {
                msg: ciphertext,
                aad: &place.associated_data(),
            },
        )
        .map(Zeroizing::new)
        .map_err(|_| OpenError::Refused)
}

/// A keyed fingerprint of a value: tells that two values are the same without keeping either.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ValueFingerprint(pub [u8; 32]);

/// An account's own key. It seals what comes from X about that account, and nothing else.
pub struct DataKey {
    bytes: Zeroizing<[u8; 32]>,
    random: Random,
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey")
    }
}

impl DataKey {
    pub(super) fn new(bytes: Zeroizing<[u8; 32]>, random: Random) -> Self {
        Self { bytes, random }
    }

    pub(super) fn bytes(&self) -> &[u8; 32] {
        &self.bytes
    }

    /// Seals one value for its place.
    pub fn seal(
        &self,
        owner: i64,
        account: AccountId,
        field: Field,
        value: &Secret,
    ) -> Result<Sealed, NoRandomness> {
        self.seal_at(&Place::value(owner, account, field), value)
    }

    /// Seals something for any place of this account.
    pub(crate) fn seal_at(&self, place: &Place, value: &Secret) -> Result<Sealed, NoRandomness> {
        Ok(seal(
            &self.subkey(b"seal"),
            DATA_KEY,
            place,
            value.expose().as_bytes(),
            self.random.bytes()?,
        ))
    }

    /// Opens one value.
    pub fn open(
        &self,
        owner: i64,
        account: AccountId,
        field: Field,
        sealed: &Sealed,
    ) -> Result<Secret, OpenError> {
        self.open_at(&Place::value(owner, account, field), sealed)
    }

    /// Opens what was sealed for a place of this account.
    pub(crate) fn open_at(&self, place: &Place, sealed: &Sealed) -> Result<Secret, OpenError> {
        let mut plain = open(&self.subkey(b"seal"), place, sealed)?;
        String::from_utf8(std::mem::take(&mut *plain))
            .map(Secret::new)
            .map_err(|_| OpenError::Malformed)
    }

    /// The fingerprint of a value of this account (HMAC-SHA-256 under a key of its own).
    pub fn fingerprint(&self, field: Field, value: &Secret) -> ValueFingerprint {
        let key = self.subkey(b"fingerprint");
        let parts = [field.as_str().as_bytes(), &[0], value.expose().as_bytes()];
        ValueFingerprint(mac(&key, &parts))
    }

    /// One key per use (HKDF-SHA-256, RFC 5869), so that sealing and fingerprinting never share one.
    fn subkey(&self, purpose: &[u8]) -> Zeroizing<[u8; 32]> {
        derive(b"addx data key v1", &self.bytes, purpose)
    }
}

/// Another key made from `key` (HKDF-SHA-256, RFC 5869).
fn derive(salt: &[u8], key: &[u8; 32], purpose: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut derived = Zeroizing::new([0; 32]);
    if Hkdf::<Sha256>::new(Some(salt), key)
        .expand(purpose, &mut *derived)
        .is_err()
    {
        unreachable!("32 bytes are within HKDF's limit");
    }
    derived
}

/// HMAC-SHA-256 over these parts, one after the other.
fn mac(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    let Ok(mut mac) = <Hmac<Sha256> as KeyInit>::new_from_slice(key) else {
        unreachable!("HMAC takes a key of any length")
    };
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// Tells that two messages to a chat are the same without keeping either.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MessageFingerprint(pub [u8; 16]);

/// The fingerprint of a message, under a key of its own, derived from one of the keyring.
pub(super) fn message_fingerprint(key: &[u8; 32], chat: i64, message: &[u8]) -> MessageFingerprint {
    let key = derive(b"addx keyring key v1", key, b"message fingerprint");
    MessageFingerprint(first_half(mac(&key, &[&chat.to_be_bytes(), message])))
}

/// The key of sealed streams, derived from one of the keyring.
pub(super) fn stream_key(key: &[u8; 32]) -> Zeroizing<[u8; 32]> {
    derive(b"addx keyring key v1", key, b"stream")
}

fn first_half(whole: [u8; 32]) -> [u8; 16] {
    let mut half = [0; 16];
    half.copy_from_slice(&whole[..16]);
    half
}

/// A message authentication code of the audit trail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mac(pub [u8; 32]);

impl Mac {
    /// What the first entry's mac covers as the one before.
    pub const START: Self = Self([0; 32]);
}

/// 64 hexadecimal digits.
impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The key of the audit trail's macs. Cheap to clone.
#[derive(Clone)]
pub struct AuditKey(std::sync::Arc<Zeroizing<[u8; 32]>>);

impl fmt::Debug for AuditKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuditKey")
    }
}

impl AuditKey {
    pub(super) fn new(bytes: Zeroizing<[u8; 32]>) -> Self {
        Self(std::sync::Arc::new(bytes))
    }

    /// Tells one app's API key pair from another's, and stays the same: a fingerprint under a key of its own, derived from
    /// this one (HKDF-SHA-256, HMAC-SHA-256).
    pub(crate) fn app_mark(&self, client: &ClientCredentials) -> AppMark {
        let key = derive(b"addx audit key v1", &self.0, b"app mark");
        let parts = [
            client.key.expose().as_bytes(),
            &[0],
            client.secret.expose().as_bytes(),
        ];
        AppMark(first_half(mac(&key, &parts)))
    }

    /// The mac of an entry that follows the one with the mac `before` (HMAC-SHA-256).
    pub(crate) fn mac(&self, before: &Mac, entry: &[u8]) -> Mac {
        Mac(mac(&self.0, &[&before.0, entry]))
    }
}
