//! Who a link is about: the account on X.

use std::{fmt, num::ParseIntError, str::FromStr};

use serde::{Deserialize, Serialize};

/// X's numeric user id. Above 2^53, so never a JSON number on the way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct XUserId(pub u64);

as_text!(XUserId);

impl XUserId {
    /// The id that an Access Token carries before its first dash, if the text has that form.
    pub fn of_access_token(token: &str) -> Option<Self> {
        let (digits, rest) = token.split_once('-')?;
        let shaped = !rest.is_empty()
            && digits.bytes().all(|byte| byte.is_ascii_digit())
            && rest.bytes().all(|byte| byte.is_ascii_alphanumeric());
        shaped.then(|| digits.parse().ok())?
    }
}

impl FromStr for XUserId {
    type Err = ParseIntError;

    fn from_str(digits: &str) -> Result<Self, ParseIntError> {
        digits.parse().map(Self)
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
