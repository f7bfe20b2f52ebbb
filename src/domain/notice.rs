//! Everything the bot says besides the card, as data: kept until it is said, worded in `telegram/texts`.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{
    account::{AccountId, AccountName, NameRejection, XAccount, XUsername},
    client::ClientName,
    linking::{FlowId, Purpose},
    post::{PostId, PostRejection, PostText},
    report::Report,
    revocation::{Gone, Revocation},
    verdict::Verdict,
    watch::{Change, TroubleNews},
};

/// A message to a chat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "notice", rename_all = "snake_case")]
pub enum Notice {
    /// `/start`
    Welcome,
    /// `/help`
    Help,
    /// `/guide`
    Guide,
    /// `/privacy`
    Privacy,
    /// Why the bot writes unasked.
    WhatAreRechecks,
    /// `/accounts`; empty: how to make the first link.
    Accounts {
        /// In the order of their names.
        accounts: Vec<AccountSummary>,
    },
    /// A command needs an account and no name was given.
    ChooseAccount {
        /// What for.
        errand: Errand,
        /// Which there are.
        accounts: Vec<AccountChoice>,
    },
    /// No account has the name that was given.
    NoSuchAccount,
    /// What came after `/addx` cannot be a name.
    NameRejected {
        /// Why.
        reason: NameRejection,
    },
    /// The user has as many accounts as one may have.
    TooManyAccounts,
    /// `/addx`, `/rotate` … while a flow is open: continue or start over?
    FlowOpen {
        /// The open flow.
        flow: FlowId,
        /// Its [`super::linking::LinkingState::step`].
        step: usize,
        /// What it is for; `None` while it has no name.
        purpose: Option<Purpose>,
        /// Whether a new link may take its place; else it can only be left.
        may_start_over: bool,
    },
    /// `/cancel` with nothing to cancel.
    NothingToCancel,
    /// The flow was left.
    Cancelled {
        /// How many values were wiped.
        values: usize,
    },
    /// X gave out a token that is not kept, and that stays valid there.
    TokenStands {
        /// For whom.
        x_account: XAccount,
    },
    /// The flow had rested too long; said with the next message.
    Expired {
        /// What it was for.
        purpose: Option<Purpose>,
        /// Whether the message that came was deleted.
        deleted: bool,
    },
    /// A check was asked for.
    Checking {
        /// Of which account.
        name: AccountName,
        /// Set when it has to wait a moment.
        at: Option<DateTime<Utc>>,
    },
    /// The user caused as many checks as one may in an hour.
    CheckLimit {
        /// Which account stays unchecked.
        account: AccountChoice,
        /// Whether new values of a rotation are waiting for it.
        candidate: bool,
        /// When the next check is possible.
        until: DateTime<Utc>,
    },
    /// X's answer.
    Result(CheckResult),
    /// A link no longer works, or works again; nobody has asked.
    Watch(WatchNotice),
    /// To the owner: many links fail at once, or no longer.
    Trouble {
        /// What.
        news: TroubleNews,
    },
    /// `/rotate`: what was regenerated?
    AskRotate {
        /// Which account.
        account: AccountChoice,
    },
    /// "Check again" for new values that no longer wait.
    NoCandidate {
        /// Which account.
        name: AccountName,
    },
    /// When shall the user be reminded to rotate?
    AskReminder {
        /// Which account.
        account: AccountChoice,
        /// When the oldest of its values came.
        values_since: Option<DateTime<Utc>>,
        /// After how many days they are reminded now.
        days: Option<u32>,
    },
    /// The reminder is set, or off.
    ReminderSet {
        /// Of which account.
        name: AccountName,
        /// When it comes.
        due_at: Option<DateTime<Utc>>,
    },
    /// The reminder.
    RotateDue {
        /// Which account.
        account: AccountChoice,
        /// When the oldest of its values came.
        values_since: Option<DateTime<Utc>>,
    },
    /// `/unlink`: really?
    AskUnlink {
        /// Which account.
        account: AccountChoice,
        /// Whose it is on X, if known.
        x_account: Option<XAccount>,
    },
    /// The account was erased.
    Unlinked {
        /// What it was called.
        name: AccountName,
        /// When the last copy of the database that holds it is gone, if the operator has said so.
        #[serde(default)]
        backups_until: Option<DateTime<Utc>>,
    },
    /// The account is erased once its test post is deleted at X.
    ErasingAfterPost {
        /// What it was called.
        name: AccountName,
    },
    /// The account's tokens are being revoked at X.
    Revoking {
        /// What it was called.
        name: AccountName,
    },
    /// The account was erased after that.
    Receipt {
        /// Which account.
        gone: Gone,
        /// What X said; `None`: it was not asked.
        revocation: Option<Revocation>,
        /// When the last copy of the database that holds it is gone, if the operator has said so.
        #[serde(default)]
        backups_until: Option<DateTime<Utc>>,
    },
    /// The operator revoked and erased everything.
    Panic {
        /// The user's accounts, and what became of the tokens of each.
        accounts: Vec<(Gone, Option<Revocation>)>,
        /// Test posts that may still stand.
        #[serde(default)]
        posts: Vec<PostId>,
        /// When the last copy of the database that holds the values is gone, if the operator has said so.
        #[serde(default)]
        backups_until: Option<DateTime<Utc>>,
    },
    /// The account's values went over to the account that was there before.
    TwinUpdated {
        /// The one that was kept.
        name: AccountName,
    },
    /// A message that may hold a secret could not be deleted.
    NotDeleted {
        /// It is tried again; otherwise Telegram refused for good.
        trying: bool,
    },
    /// It could be deleted in the end.
    DeletedAtLast,
    /// A text that looks like a secret came while nothing was asked for. It was deleted, if that was possible.
    StraySecret {
        /// Whether it is gone.
        deleted: bool,
        /// Whether others may have seen it.
        in_group: bool,
    },
    /// A group wrote to the bot.
    PrivateChatsOnly,
    /// The user may not use this bot.
    NotAllowed {
        /// Their Telegram user id, to tell the operator.
        user: i64,
    },
    /// The user may not use this bot yet; its owner was asked.
    AccessAsked,
    /// To the owner: somebody wants to use the bot.
    AccessRequest {
        /// Their Telegram user id.
        user: i64,
        /// What Telegram calls them.
        first_name: String,
    },
    /// To somebody who asked: what the owner decided.
    AccessDecided {
        /// Granted or refused.
        standing: Standing,
    },
    /// To the owner: the decision is kept.
    AccessSet {
        /// About whom.
        user: i64,
        /// What.
        standing: Standing,
    },
    /// `/users`
    Guests {
        /// By standing, the newest first.
        guests: Vec<Guest>,
    },
    /// `/block` without an id.
    BlockWhom,
    /// `/history`
    History {
        /// The newest first.
        entries: Vec<Past>,
    },
    /// `/mydata`, in as many messages as it takes.
    MyData {
        /// Which one, from 1.
        part: usize,
        /// Of how many.
        of: usize,
        /// Whole lines of a JSON text.
        json: String,
    },
    /// A command the bot does not know.
    UnknownCommand,
    /// A text outside a flow.
    NothingAsked,
    /// Something failed on our side.
    Incident {
        /// Stands in the log too.
        id: String,
    },
    /// `/diagnose`
    Report(Report),
    /// `/testpost`: really?
    AskTestPost {
        /// The draft.
        draft: i64,
        /// Which account.
        account: AccountChoice,
        /// What will be posted.
        text: PostText,
    },
    /// `/post`: with which account?
    ChoosePostAccount {
        /// The draft.
        draft: i64,
        /// Which there are.
        accounts: Vec<AccountChoice>,
    },
    /// `/post`: what it will look like. Really?
    AskPost {
        /// The draft.
        draft: i64,
        /// With which account.
        account: AccountChoice,
        /// Whose it is on X, if known.
        x_username: Option<XUsername>,
        /// What will be published.
        text: PostText,
    },
    /// This cannot be published.
    PostRejected {
        /// Why.
        reason: PostRejection,
    },
    /// The account cannot publish as it is.
    CannotPost {
        /// Which account.
        account: AccountChoice,
        /// A verdict's code, or `not_checked`.
        code: String,
    },
    /// A post was confirmed.
    Posting {
        /// With which account.
        name: AccountName,
    },
    /// A draft was thrown away.
    PostDropped,
    /// What became of a post.
    PostResult(PostResult),
    /// The operator lets a program use an account.
    ProgramAdded {
        /// Which account.
        account: AccountChoice,
        /// Which program.
        program: ClientName,
    },
    /// Which programs may use an account.
    Programs {
        /// Which account.
        account: AccountChoice,
        /// By name.
        programs: Vec<Program>,
    },
    /// The user took an account back from a program.
    ProgramRemoved {
        /// Which account.
        account: AccountChoice,
        /// Which program.
        program: ClientName,
    },
    /// Stored by another version of this program and no longer understood. Says nothing.
    Unreadable,
}

names! {
    /// What the owner decided about somebody.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    pub enum Standing {
        /// Nothing yet.
        Asked = "asked",
        /// They may use the bot.
        Granted = "granted",
        /// They may not.
        Refused = "refused",
        /// They may no longer.
        Blocked = "blocked",
    }
}

/// Somebody who asked to use the bot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guest {
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Past {
    /// When.
    pub at: DateTime<Utc>,
    /// With which account, if it still is there.
    pub account: Option<AccountName>,
    /// The name of an [`super::audit::Event`].
    pub event: String,
    /// A verdict's code, a program, or empty.
    pub detail: String,
    /// For several uses by a program that are told as one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uses: Option<Uses>,
}

/// Several uses by a program, told as one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Uses {
    /// How many.
    pub times: i64,
    /// When the first of them was.
    pub since: DateTime<Utc>,
}

/// What became of a post.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostResult {
    /// With which account.
    pub account: AccountChoice,
    /// What.
    pub said: PostSaid,
}

/// What became of a post, as it is said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PostSaid {
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
        #[serde(default)]
        test: bool,
    },
}

/// A program that may use an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Program {
    /// Its number.
    pub id: i64,
    /// Its name.
    pub name: ClientName,
}

/// What an account is chosen for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Errand {
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountChoice {
    /// Its id.
    pub id: AccountId,
    /// Its name.
    pub name: AccountName,
}

/// An account as a line of `/accounts`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    #[serde(default)]
    pub pair_checked_at: Option<DateTime<Utc>>,
    /// Whether new values wait beside the ones in use.
    pub candidate: bool,
    /// When the oldest of its values came.
    #[serde(default)]
    pub values_since: Option<DateTime<Utc>>,
    /// Since when X refuses it, though that is not confirmed.
    #[serde(default)]
    pub doubted_since: Option<DateTime<Utc>>,
    /// The code of an answer that decided nothing, if X was last asked in vain.
    #[serde(default)]
    pub asked_in_vain: Option<String>,
    /// After how many days with the same values the user wants to be reminded.
    #[serde(default)]
    pub remind_after_days: Option<u32>,
    /// The programs that may use it.
    #[serde(default)]
    pub programs: Vec<ClientName>,
}

/// X's answer about an account, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckResult {
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WatchNotice {
    /// Of which account.
    pub account: AccountChoice,
    /// What X says now.
    pub verdict: Verdict,
    /// What has changed.
    pub change: Change,
    /// Until when X is known to have accepted it.
    pub worked_until: Option<DateTime<Utc>>,
    /// The program whose request X refused first, if it was one.
    #[serde(default)]
    pub program: Option<ClientName>,
}

/// Why X was asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Occasion {
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
