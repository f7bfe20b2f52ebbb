//! Ending a token at X: what became of it, and what a receipt says.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{
    account::{AccountName, XAccount},
    post::PostId,
};

/// What became of a token at X.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Revocation {
    /// X had ended it before.
    AlreadyEnded,
    /// X ended it, and refuses it now.
    Proven,
    /// X says that it ended it; whether it refuses the token could not be seen.
    Unproven,
    /// X does not take the values, and does not say that the token has ended.
    Refused,
    /// X could not be asked: the key pair of the token's app is missing.
    NotAsked,
    /// X wants no such request for a while.
    Limited {
        /// Until then, if X said so.
        until: Option<DateTime<Utc>>,
    },
    /// X did not answer.
    Unanswered,
}

impl Revocation {
    /// The name in logs, the audit trail and JSON.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::AlreadyEnded => "already_ended",
            Self::Proven => "proven",
            Self::Unproven => "unproven",
            Self::Refused => "refused",
            Self::NotAsked => "not_asked",
            Self::Limited { .. } => "limited",
            Self::Unanswered => "unanswered",
        }
    }
}

/// What a receipt says of an account that is gone from the list already.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Gone {
    /// What it was called.
    pub name: AccountName,
    /// Whose it was on X, if known.
    pub x_account: Option<XAccount>,
}

/// What is left to do for an account that is gone from the list already.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Farewell {
    /// What is said of it.
    #[serde(flatten)]
    pub gone: Gone,
    /// Its test posts that still stand at X.
    pub posts: Vec<PostId>,
    /// The user wants its tokens to stay valid.
    pub tokens_stay: bool,
    /// A new token came without the key pair of its app.
    pub foreign_token: bool,
}

/// What became of an account at X.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ended {
    /// The worst that came of its tokens; `None`: X was not asked, or there was nothing to revoke.
    pub revocation: Option<Revocation>,
    /// What became of its test posts.
    pub cleaned: Cleaned,
}

/// X may do it if it is asked again: not before this time, if it named one.
pub(crate) type Again = Option<DateTime<Utc>>;

/// What became of an account's test posts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cleaned {
    /// How many are gone now.
    pub deleted: usize,
    /// Those that may still stand.
    pub standing: Vec<PostId>,
    /// X may delete one of them if it is asked again, not before this time if it named one.
    pub again: Option<Again>,
}
