//! Who and what a link is about: the X account, and the name and id under which a user keeps it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// X's numeric user id. Above 2^53, so never a JSON number on the way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct XUserId(#[serde(with = "decimal")] pub u64);

impl XUserId {
    /// The id that an Access Token carries before its first dash, if the text has that form.
    #[must_use]
    pub fn of_access_token(token: &str) -> Option<Self> {
        let (digits, rest) = token.split_once('-')?;
        let shaped = !rest.is_empty()
            && digits.bytes().all(|byte| byte.is_ascii_digit())
            && rest.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if shaped {
            digits.parse().ok().map(Self)
        } else {
            None
        }
    }
}

impl fmt::Display for XUserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// X's handle, without the `@`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct XUsername(pub String);

impl fmt::Display for XUsername {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "@{}", self.0)
    }
}

/// An account on X, as `GET /2/users/me` names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct XAccount {
    /// `data.id`
    pub id: XUserId,
    /// `data.username`
    pub username: XUsername,
}

mod decimal {
    //! A `u64` as a decimal string.
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "the signature serde asks for"
    )]
    pub(super) fn serialize<S: Serializer>(id: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(id)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}
