//! What messages tell of: accounts, answers, people, posts.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{
    account::{AccountId, AccountName, XAccount, XUsername},
    client::ClientName,
    health::Change,
    post::{PostId, PostText},
    verdict::Verdict,
};

/// What the owner decided about somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Nothing yet.
    Asked,
    /// They may use the bot.
    Granted,
    /// They may not.
    Refused,
    /// They may no longer.
    Blocked,
}

names!(Standing {
    Asked => "asked",
    Granted => "granted",
    Refused => "refused",
    Blocked => "blocked",
});

/// Somebody who asked to use the bot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Guest {
    /// Their Telegram user id.
    pub user: i64,
    /// What Telegram called them when they asked.
    pub first_name: String,
    /// What was decided.
    pub standing: Standing,
    /// When.
    pub since: DateTime<Utc>,
}

/// An entry of a user's own history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Past {
    /// When.
    pub at: DateTime<Utc>,
    /// With which account, if it still is there.
    pub account: Option<AccountName>,
    /// The name of an [`super::audit::Event`].
    pub event: String,
    /// A verdict's code, a program, or empty.
    pub detail: String,
    /// For several uses by a program that are told as one.
    pub uses: Option<Uses>,
}

/// Several uses by a program, told as one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Uses {
    /// How many.
    pub times: i64,
    /// When the first of them was.
    pub since: DateTime<Utc>,
}

/// What became of a post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PostResult {
    /// With which account.
    pub account: AccountChoice,
    /// What.
    pub said: PostSaid,
}

/// What became of a post, as it is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PostSaid {
    /// It is published.
    Published {
        /// X's number for it.
        post: PostId,
    },
    /// A test post was published and deleted.
    Tested,
    /// A test post was published and could not be deleted.
    NotDeleted {
        /// X's number for it.
        post: PostId,
    },
    /// A test post may still stand, and the account that could delete it is gone from here.
    Stands {
        /// X's number for it.
        post: PostId,
    },
    /// X refused it.
    Refused {
        /// With this.
        verdict: Verdict,
    },
    /// X does not accept the values; a check follows.
    ValuesRefused,
    /// Nobody knows whether it was published.
    Unknown {
        /// What to look for.
        text: PostText,
        /// Where to look.
        whose: Option<XUsername>,
        /// It was a test post, and was looked for in vain.
        test: bool,
    },
}

/// A program that may use an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Program {
    /// Its number.
    pub id: i64,
    /// Its name.
    pub name: ClientName,
}

/// What an account is chosen for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AccountCommand {
    /// `/verify`
    Verify,
    /// `/rotate`
    Rotate,
    /// `/unlink`
    Unlink,
    /// `/diagnose`
    Diagnose,
    /// The reminder to rotate.
    Remind,
    /// `/testpost`
    TestPost,
}

/// An account as a button.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AccountChoice {
    /// Its id.
    pub id: AccountId,
    /// Its name.
    pub name: AccountName,
}

/// An account as a line of `/accounts`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AccountSummary {
    /// Its id.
    pub id: AccountId,
    /// Its name.
    pub name: AccountName,
    /// Whose it is on X, once X has said so.
    pub x_account: Option<XAccount>,
    /// X's last word.
    pub verdict: Option<Verdict>,
    /// Since when the verdict's code is the same.
    pub since: Option<DateTime<Utc>>,
    /// When X last judged it.
    pub checked_at: Option<DateTime<Utc>>,
    /// When X was last asked about its key pair alone.
    pub pair_checked_at: Option<DateTime<Utc>>,
    /// Whether new values wait beside the ones in use.
    pub candidate: bool,
    /// When the oldest of its values came.
    pub values_since: Option<DateTime<Utc>>,
    /// Since when X refuses it, though that is not confirmed.
    pub suspected_since: Option<DateTime<Utc>>,
    /// The code of an answer that decided nothing, if X was last asked in vain.
    pub asked_in_vain: Option<String>,
    /// After how many days with the same values the user wants to be reminded.
    pub remind_after_days: Option<u32>,
    /// The programs that may use it.
    pub programs: Vec<ClientName>,
}

/// X's answer about an account, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CheckResult {
    /// Which account.
    pub account: AccountChoice,
    /// What X said.
    pub verdict: Verdict,
    /// On which occasion.
    pub occasion: Occasion,
    /// Another of the user's accounts that is the same X account.
    pub twin: Option<AccountName>,
}

/// A change that X was not asked about by anybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HealthChange {
    /// Of which account.
    pub account: AccountChoice,
    /// What X says now.
    pub verdict: Verdict,
    /// What has changed.
    pub change: Change,
    /// Until when X is known to have accepted it.
    pub worked_until: Option<DateTime<Utc>>,
    /// The program whose request X refused first, if it was one.
    pub program: Option<ClientName>,
}

/// Why X was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Occasion {
    /// A new link.
    Link,
    /// The values in use, again.
    Verify {
        /// The code before, and since when it stood.
        before: Option<(String, DateTime<Utc>)>,
        /// The handle before, if it is another one now.
        renamed_from: Option<XUsername>,
    },
    /// New values: accepted, and now in use.
    Swapped,
    /// New values: not accepted; the old ones stay.
    OldStay,
    /// New values: X did not decide. They are kept a while.
    Waiting {
        /// Until when.
        until: DateTime<Utc>,
    },
}
