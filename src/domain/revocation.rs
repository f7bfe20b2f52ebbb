//! Ending a token at X: what became of it, and what a receipt says.

use serde::{Deserialize, Serialize};

use super::account::{AccountName, XAccount};

/// What became of a token at X.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Revocation {
    /// X had ended it before.
    AlreadyEnded,
    /// X ended it, and refuses it now.
    Proven,
    /// X says that it ended it; whether it refuses the token could not be seen.
    Unproven,
    /// X does not take the values, and does not say that the token has ended.
    Refused,
    /// X did not answer, or wants a pause.
    Unanswered,
}

impl Revocation {
    /// The name in logs, the audit trail and JSON.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::AlreadyEnded => "already_ended",
            Self::Proven => "proven",
            Self::Unproven => "unproven",
            Self::Refused => "refused",
            Self::Unanswered => "unanswered",
        }
    }
}

/// What a receipt says of an account that is gone from the list already.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gone {
    /// What it was called.
    pub name: AccountName,
    /// Whose it was on X, if known.
    pub x_account: Option<XAccount>,
}
