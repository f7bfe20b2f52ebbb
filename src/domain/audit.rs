//! Entries of the audit table: who did what with which account, and when. Never a value, never a text a user sent.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{account::AccountId, facts::Standing};

names! {
    /// Who did it.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Actor {
        /// The user whom the entry concerns.
        User = "user",
        /// The bot's owner, in Telegram.
        Owner = "owner",
        /// The operator, at the command line.
        Operator = "operator",
        /// The bot by itself.
        Bot = "bot",
        /// A program, through the signing proxy or the library.
        Program = "program",
    }
}

names! {
    /// What was done.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Event {
        /// A link was made, not yet judged by X.
        Link = "link",
        /// X was asked; the detail is the verdict's code.
        Check = "check",
        /// New values took the place of the old ones.
        Swap = "swap",
        /// New values were not accepted; the detail is the verdict's code.
        Refuse = "refuse",
        /// X gave out a token for a PIN, and the user said that it is the right account.
        Authorize = "authorize",
        /// A link was erased.
        Unlink = "unlink",
        /// A link's tokens were revoked at X, or it was tried; the detail says what came of it.
        Revoke = "revoke",
        /// The operator revoked and erased everything.
        Panic = "panic",
        /// A second link of the same X account gave its values to the first.
        Merge = "merge",
        /// New values that nobody decided about were erased.
        Expire = "expire",
        /// Somebody asked to use the bot.
        AccessRequest = "access_request",
        /// Their request was granted.
        AccessGrant = "access_grant",
        /// Their request was refused.
        AccessRefuse = "access_refuse",
        /// They may no longer use the bot.
        AccessBlock = "access_block",
        /// A new primary key was made; the detail is its number.
        KeyAdd = "key_add",
        /// A key was retired; the detail is its number.
        KeyRetire = "key_retire",
        /// Entries up to the one that the detail names were taken out.
        Prune = "prune",
        /// A copy of the database was put in place.
        Restore = "restore",
        /// A program may use an account; the detail is its name.
        ClientAdd = "client_add",
        /// A program's token was ended; the detail is its name.
        ClientRevoke = "client_revoke",
        /// The user let a program no longer use an account; the detail is its name.
        ClientTakeBack = "client_take_back",
        /// A program used an account; the detail is its name, the method and the path.
        Use = "use",
        /// The user published a message; the detail is `published`, `unknown`, or a verdict's code.
        Post = "post",
        /// A test post; the detail is as that of a post.
        TestPost = "test_post",
        /// A test post was to be deleted; the detail is `deleted` or `not_deleted`.
        TestPostDelete = "test_post_delete",
    }
}

impl Event {
    /// What it decided about who may use the bot.
    pub(crate) fn standing(self) -> Option<Standing> {
        match self {
            Self::AccessRequest => Some(Standing::Asked),
            Self::AccessGrant => Some(Standing::Granted),
            Self::AccessRefuse => Some(Standing::Refused),
            Self::AccessBlock => Some(Standing::Blocked),
            _ => None,
        }
    }
}

/// Something to be noted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act {
    /// The Telegram user it concerns; 0: nobody in particular.
    pub owner: i64,
    /// Who did it.
    pub actor: Actor,
    /// What.
    pub event: Event,
    /// With which account.
    pub account: Option<AccountId>,
    /// A verdict's code, a key's number, a program's name, or empty.
    pub detail: String,
}

impl Act {
    /// What the operator did at the command line, which concerns nobody in particular.
    pub(crate) fn of_operator(event: Event, detail: String) -> Self {
        Self {
            owner: 0,
            actor: Actor::Operator,
            event,
            account: None,
            detail,
        }
    }
}

/// An entry of the table, as it may be exported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// 1, 2, 3 … without a gap.
    pub number: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// See [`Act::owner`].
    pub owner: i64,
    /// The name of the [`Actor`].
    pub actor: String,
    /// The name of the [`Event`].
    pub event: String,
    /// With which account.
    pub account: Option<AccountId>,
    /// See [`Act::detail`].
    pub detail: String,
}

/// How often a program used an account on one day, in UTC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct UsesOfDay {
    /// Which account.
    pub account: Option<AccountId>,
    /// The program's name.
    pub program: String,
    /// How often.
    pub times: i64,
    /// When first.
    pub first_at: DateTime<Utc>,
    /// When last.
    pub last_at: DateTime<Utc>,
    /// The detail of the last one.
    pub last: String,
}

impl Entry {
    /// What the entry's mac covers besides the mac before: every field, each of fixed length or with its length before it.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(96);
        for number in [self.number, self.at.timestamp(), self.owner] {
            bytes.extend_from_slice(&number.to_be_bytes());
        }
        match self.account {
            Some(account) => {
                bytes.push(1);
                bytes.extend_from_slice(&account.bytes());
            }
            None => bytes.push(0),
        }
        for text in [&self.actor, &self.event, &self.detail] {
            let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
            bytes.extend_from_slice(&length.to_be_bytes());
            bytes.extend_from_slice(text.as_bytes());
        }
        bytes
    }
}
