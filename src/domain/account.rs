//! A link: the name and id under which a user keeps it, and what is known of it.

use std::{fmt, str::FromStr};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

pub use super::x_account::{XAccount, XUserId, XUsername};

use super::verdict::Verdict;

/// Links a user may have.
pub(crate) const MAX_ACCOUNTS: i64 = 20;

/// The immutable id of a link, made at random when its flow begins. Part of what binds the sealed values to their row.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId([u8; 16]);

impl AccountId {
    /// An id from its bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub const fn bytes(self) -> [u8; 16] {
        self.0
    }
}

/// Base64url without padding, 22 characters: short enough for a button.
impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64_URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AccountId({self})")
    }
}

/// A text that is not an [`AccountId`].
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an account id")]
pub struct NotAnAccountId;

impl FromStr for AccountId {
    type Err = NotAnAccountId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut bytes = [0; 16];
        match BASE64_URL_SAFE_NO_PAD.decode_slice(text, &mut bytes) {
            Ok(16) => Ok(Self(bytes)),
            _ => Err(NotAnAccountId),
        }
    }
}

as_text!(AccountId);

/// The name under which a user keeps a link: 1 to 32 characters on one line, unique per user without regard to case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountName(String);

/// Why a text cannot be a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NameRejection {
    /// Nothing but blanks.
    Blank,
    /// More than [`AccountName::MAX_CHARS`] characters.
    TooLong,
    /// Several lines, or characters that cannot be seen.
    Unprintable,
    /// It looks like one of the values.
    LooksSecret,
    /// The user has a link of this name.
    Taken,
    /// It is a command, though an unknown one.
    UnknownCommand,
    /// It is no text at all.
    NotText,
    /// It is an edit of an earlier message.
    Edited,
}

impl AccountName {
    /// The longest name, in characters.
    pub(crate) const MAX_CHARS: usize = 32;

    /// Reads a name as a person typed it.
    pub fn parse(text: &str) -> Result<Self, NameRejection> {
        let text = text.trim();
        if text.is_empty() {
            return Err(NameRejection::Blank);
        }
        if super::paste::looks_secret(text) {
            return Err(NameRejection::LooksSecret);
        }
        if text.chars().count() > Self::MAX_CHARS {
            return Err(NameRejection::TooLong);
        }
        if text.chars().any(|c| c.is_control() || is_invisible(c)) {
            return Err(NameRejection::Unprintable);
        }
        Ok(Self(text.to_owned()))
    }

    /// A name that was parsed before it was stored.
    pub fn trusted(name: String) -> Self {
        Self(name)
    }

    /// The name as typed.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What two names are compared by.
    pub(crate) fn key(&self) -> String {
        self.0.to_lowercase()
    }
}

impl fmt::Display for AccountName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Characters that change how a line reads without being seen, or that are seen as nothing: bidirectional controls,
/// zero-width ones and fillers.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{180E}' | '\u{2800}' | '\u{3164}' | '\u{FFA0}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}')
}

/// A link as it is kept: who owns it, what X said of it, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkedAccount {
    /// Its id.
    pub id: AccountId,
    /// The Telegram user it belongs to.
    pub owner: i64,
    /// What the user calls it.
    pub name: AccountName,
    /// Whether the name gives way to the X handle once that is known.
    pub takes_x_handle: bool,
    /// The account on X; `None` until X first confirmed it.
    pub x_account: Option<XAccount>,
    /// X's last word on the values in use; `None` until X was asked.
    pub verdict: Option<Verdict>,
    /// Since when the verdict's code is the same.
    pub verdict_since: Option<DateTime<Utc>>,
    /// When X was last asked.
    pub checked_at: Option<DateTime<Utc>>,
    /// When X last accepted the values.
    pub accepted_at: Option<DateTime<Utc>>,
    /// Until when new values wait beside the ones in use.
    pub candidate_until: Option<DateTime<Utc>>,
    /// When the link was made.
    pub created_at: DateTime<Utc>,
}
