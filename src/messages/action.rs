//! What a button does, as the 64 bytes that Telegram keeps with it. Anybody can send anything here.

use std::{fmt, str::FromStr};

use crate::domain::{
    account::AccountId,
    credentials::Field,
    facts::AccountCommand,
    linking::{FlowId, LinkingState},
};

/// What was regenerated in X: the choices of `/rotate`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Regenerated {
    /// Access Token and Secret.
    TokenPair,
    /// API Key and Secret.
    KeyPair,
    /// Both pairs.
    All,
}

impl Regenerated {
    /// The values to ask for.
    pub(crate) fn fields(self) -> &'static [Field] {
        match self {
            Self::TokenPair => &Field::TOKEN_PAIR,
            Self::KeyPair => &Field::KEY_PAIR,
            Self::All => &Field::ALL,
        }
    }
}

/// A tap on a button of the card: good for one step of one flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StepTag {
    flow: FlowId,
    step: usize,
}

impl StepTag {
    /// The tag of a state with an open flow.
    pub(crate) fn of(state: &LinkingState) -> Option<Self> {
        let flow = state.flow_id()?;
        Some(Self {
            flow,
            step: state.step(),
        })
    }

    /// The tag of a step that a notice was made for.
    pub(crate) fn new(flow: FlowId, step: usize) -> Self {
        Self { flow, step }
    }
}

names! {
    /// A button of a flow.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) enum FlowAction {
        /// Forget the last value and ask for it again.
        Back = "back",
        /// Leave the flow.
        Cancel = "cancel",
        /// The X handle shall be the name.
        UseHandle = "handle",
        /// Take the unusual value as what was asked for.
        UseAnyway = "anyway",
        /// Take the value as the other one that it looks like.
        UseAsOther = "other",
        /// Ask again for the value.
        SendAgain = "again",
        /// Ask again for the API key pair that X refused.
        ReenterKeyPair = "keypair",
        /// Go on with the flow that is open.
        Continue = "continue",
        /// Leave it and begin a new link.
        StartOver = "over",
        /// Get the token pair from X with a PIN.
        Pin = "pin",
        /// Get another link to X.
        NewLink = "new-link",
        /// Ask X once more.
        PinAgain = "pin-again",
        /// X named the right account.
        ThisAccount = "this",
        /// X named another account than the one that is meant.
        OtherAccount = "not-this",
        /// The same, and its token is to end at X.
        RevokeOther = "revoke-this",
    }
}

/// A button of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AccountAction {
    /// A command for which the account was chosen.
    AccountCommand(AccountCommand),
    /// Check again the new values that wait.
    CheckCandidate,
    /// Ask for the values in doubt.
    Repair(Doubtful),
    /// Take new values.
    Rotate(Regenerated),
    /// A new link shall use this account's app.
    UseApp,
    /// Revoke the tokens at X, and erase the account.
    Revoke,
    /// Erase the account.
    Erase,
    /// Keep the account as it is.
    Keep,
    /// Give its values to the account that was there before.
    UpdateTwin,
    /// Remind the user to rotate once the values are so many days old, or no longer.
    Remind(Option<u32>),
    /// Show which programs may use it.
    Programs,
}

/// The values that a repair asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Doubtful {
    /// API Key and Secret.
    KeyPair,
    /// Access Token and Secret.
    TokenPair,
    /// The Access Secret alone.
    AccessSecret,
}

impl Doubtful {
    /// The repair for these values, if new values help at all.
    pub(crate) fn of(fields: &[Field]) -> Option<Self> {
        match fields {
            [Field::ApiKey, Field::ApiSecret] => Some(Self::KeyPair),
            [Field::AccessToken, Field::AccessSecret] => Some(Self::TokenPair),
            [Field::AccessSecret] => Some(Self::AccessSecret),
            _ => None,
        }
    }

    /// The values to ask for.
    pub(crate) fn fields(self) -> &'static [Field] {
        match self {
            Self::KeyPair => &Field::KEY_PAIR,
            Self::TokenPair => &Field::TOKEN_PAIR,
            Self::AccessSecret => &[Field::AccessSecret],
        }
    }
}

names! {
    /// The owner's answer to somebody who asks to use the bot.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) enum Decision {
        /// They may.
        Approve = "approve",
        /// They may not.
        Refuse = "refuse",
        /// They may no longer.
        Block = "block",
    }
}

/// A button.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Of the card of an open flow.
    Flow(FlowAction, StepTag),
    /// Of an account.
    Account(AccountAction, AccountId),
    /// The guide.
    Guide,
    /// The list of accounts.
    Accounts,
    /// Choose the account whose reminder is set.
    Reminders,
    /// Why the bot writes unasked.
    Rechecks,
    /// Begin a new link.
    Add,
    /// Let a Telegram user in, or not.
    Access(Decision, i64),
    /// Let a program no longer use an account.
    TakeBack(i64, AccountId),
    /// Of a draft of a post.
    Draft(DraftAction, i64),
    /// Publish a draft with this account.
    DraftWith(i64, AccountId),
}

names! {
    /// A button of a draft.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) enum DraftAction {
        /// Publish it.
        Publish = "publish",
        /// Throw it away.
        Drop = "drop",
    }
}

impl Action {
    /// Whether everybody may use it, on the list of allowed users or not: to leave, and to erase.
    pub(crate) fn is_for_everybody(&self) -> bool {
        matches!(
            self,
            Self::Flow(FlowAction::Cancel, _)
                | Self::Account(
                    AccountAction::AccountCommand(AccountCommand::Unlink)
                        | AccountAction::Revoke
                        | AccountAction::Erase
                        | AccountAction::Keep
                        | AccountAction::Programs,
                    _,
                )
                | Self::TakeBack(..)
        )
    }
}

/// A text that no button of this version has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotAnAction;

/// The form's version: buttons of another one are old.
const VERSION: &str = "v1";

const ACCOUNT: [(&str, AccountAction); 24] = [
    (
        "verify",
        AccountAction::AccountCommand(AccountCommand::Verify),
    ),
    (
        "rotate",
        AccountAction::AccountCommand(AccountCommand::Rotate),
    ),
    (
        "unlink",
        AccountAction::AccountCommand(AccountCommand::Unlink),
    ),
    (
        "diagnose",
        AccountAction::AccountCommand(AccountCommand::Diagnose),
    ),
    (
        "testpost",
        AccountAction::AccountCommand(AccountCommand::TestPost),
    ),
    ("candidate", AccountAction::CheckCandidate),
    ("fix-key", AccountAction::Repair(Doubtful::KeyPair)),
    ("fix-token", AccountAction::Repair(Doubtful::TokenPair)),
    ("fix-secret", AccountAction::Repair(Doubtful::AccessSecret)),
    ("new-token", AccountAction::Rotate(Regenerated::TokenPair)),
    ("new-key", AccountAction::Rotate(Regenerated::KeyPair)),
    ("new-all", AccountAction::Rotate(Regenerated::All)),
    ("use-app", AccountAction::UseApp),
    ("revoke", AccountAction::Revoke),
    ("erase", AccountAction::Erase),
    ("keep", AccountAction::Keep),
    ("twin", AccountAction::UpdateTwin),
    (
        "remind",
        AccountAction::AccountCommand(AccountCommand::Remind),
    ),
    ("remind-30", AccountAction::Remind(Some(30))),
    ("remind-90", AccountAction::Remind(Some(90))),
    ("remind-180", AccountAction::Remind(Some(180))),
    ("remind-365", AccountAction::Remind(Some(365))),
    ("remind-off", AccountAction::Remind(None)),
    ("programs", AccountAction::Programs),
];

/// Buttons that are about nothing in particular.
const PLAIN: [(&str, Action); 5] = [
    ("guide", Action::Guide),
    ("accounts", Action::Accounts),
    ("reminders", Action::Reminders),
    ("rechecks", Action::Rechecks),
    ("add", Action::Add),
];

fn word_of<A: PartialEq>(table: &[(&'static str, A)], action: &A) -> &'static str {
    let entry = table.iter().find(|(_, known)| known == action);
    entry.map_or("", |(word, _)| word)
}

fn action_of<A: Copy>(table: &[(&str, A)], word: &str) -> Option<A> {
    let entry = table.iter().find(|(known, _)| *known == word);
    entry.map(|(_, action)| *action)
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{VERSION}:")?;
        match self {
            Self::Flow(action, StepTag { flow, step }) => {
                write!(f, "{}:{:08x}:{step}", action.as_str(), flow.0)
            }
            Self::Account(action, account) => {
                write!(f, "{}:{account}", word_of(&ACCOUNT, action))
            }
            Self::Access(decision, user) => write!(f, "user:{}:{user}", decision.as_str()),
            Self::TakeBack(client, account) => write!(f, "take:{client}:{account}"),
            Self::Draft(action, draft) => write!(f, "draft:{}:{draft}", action.as_str()),
            Self::DraftWith(draft, account) => write!(f, "with:{draft}:{account}"),
            Self::Guide | Self::Accounts | Self::Reminders | Self::Rechecks | Self::Add => {
                f.write_str(word_of(&PLAIN, self))
            }
        }
    }
}

impl Action {
    fn read(data: &str) -> Option<Self> {
        let parts: Vec<&str> = data.split(':').collect();
        Some(match parts[..] {
            [VERSION, word] => action_of(&PLAIN, word)?,
            [VERSION, "take", client, account] => Self::TakeBack(number(client)?, id(account)?),
            [VERSION, "with", draft, account] => Self::DraftWith(number(draft)?, id(account)?),
            [VERSION, "user", word, user] => Self::Access(word.parse().ok()?, number(user)?),
            [VERSION, "draft", word, draft] => Self::Draft(word.parse().ok()?, number(draft)?),
            [VERSION, word, account] => Self::Account(action_of(&ACCOUNT, word)?, id(account)?),
            [VERSION, word, flow, step] => {
                let flow = FlowId(u32::from_str_radix(flow, 16).ok()?);
                let tag = StepTag::new(flow, step.parse().ok()?);
                Self::Flow(word.parse().ok()?, tag)
            }
            _ => return None,
        })
    }
}

fn number(text: &str) -> Option<i64> {
    text.parse().ok()
}

fn id(text: &str) -> Option<AccountId> {
    text.parse().ok()
}

impl FromStr for Action {
    type Err = NotAnAction;

    fn from_str(data: &str) -> Result<Self, NotAnAction> {
        Self::read(data).ok_or(NotAnAction)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every_action() -> Vec<Action> {
        let account = AccountId::from_bytes([0xff; 16]);
        let tag = StepTag::new(FlowId(u32::MAX), 100 + usize::from(u16::MAX) + 1000);
        let mut all = PLAIN.map(|(_, action)| action).to_vec();
        all.push(Action::TakeBack(i64::MAX, account));
        all.push(Action::DraftWith(i64::MAX, account));
        all.extend(DraftAction::ALL.map(|action| Action::Draft(action, i64::MAX)));
        all.extend(Decision::ALL.map(|decision| Action::Access(decision, i64::MAX)));
        all.extend(FlowAction::ALL.map(|action| Action::Flow(action, tag)));
        all.extend(ACCOUNT.map(|(_, action)| Action::Account(action, account)));
        all
    }

    #[test]
    fn every_action_fits_a_button_and_reads_back() {
        for action in every_action() {
            let data = action.to_string();
            assert!(data.len() <= 64, "{data} has {} bytes", data.len());
            assert_eq!(data.parse(), Ok(action));
        }
    }

    #[test]
    fn other_texts_are_no_actions() {
        for data in [
            "",
            "v0:guide",
            "v1",
            "v1:nothing",
            "v1:erase",
            "v1:erase:short",
            "v1:back:xyz:1",
            "v1:back:00000001:-1",
            "v1:back:00000001:1:1",
            "v1:erase:00000001:1",
        ] {
            assert_eq!(data.parse::<Action>(), Err(NotAnAction), "{data}");
        }
    }
}
