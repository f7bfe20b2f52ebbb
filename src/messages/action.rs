//! What a button does, as the 64 bytes that Telegram keeps with it. Anybody can send anything here.

use std::{fmt, str::FromStr};

use crate::domain::{
    account::AccountId,
    credentials::Field,
    linking::{FlowId, LinkingState},
    notice::Errand,
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

/// A button of a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FlowAction {
    /// Forget the last value and ask for it again.
    Back,
    /// Leave the flow.
    Cancel,
    /// The X handle shall be the name.
    UseHandle,
    /// Take the unusual value as what was asked for.
    UseAnyway,
    /// Take the value as the other one that it looks like.
    UseAsOther,
    /// Ask again for the value.
    SendAgain,
    /// Ask again for the API key pair that X refused.
    ReenterKeyPair,
    /// Go on with the flow that is open.
    Continue,
    /// Leave it and begin a new link.
    StartOver,
    /// Get the token pair from X with a PIN.
    Pin,
    /// Get another link to X.
    NewLink,
    /// Ask X once more.
    PinAgain,
    /// X named the right account.
    ThisAccount,
    /// X named another account than the one that is meant.
    OtherAccount,
    /// The same, and its token is to end at X.
    RevokeOther,
}

/// A button of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AccountAction {
    /// An errand for which the account was chosen.
    Errand(Errand),
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

/// The owner's answer to somebody who asks to use the bot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// They may.
    Approve,
    /// They may not.
    Refuse,
    /// They may no longer.
    Block,
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

/// A button of a draft.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DraftAction {
    /// Publish it.
    Publish,
    /// Throw it away.
    Drop,
}

impl Action {
    /// Whether everybody may use it, on the list of allowed users or not: to leave, and to erase.
    pub(crate) fn is_for_everybody(&self) -> bool {
        match self {
            Self::Flow(FlowAction::Cancel, _)
            | Self::Account(
                AccountAction::Errand(Errand::Unlink)
                | AccountAction::Revoke
                | AccountAction::Erase
                | AccountAction::Keep
                | AccountAction::Programs,
                _,
            )
            | Self::TakeBack(..) => true,
            Self::Flow(..)
            | Self::Account(..)
            | Self::Guide
            | Self::Accounts
            | Self::Reminders
            | Self::Rechecks
            | Self::Add
            | Self::Draft(..)
            | Self::DraftWith(..)
            | Self::Access(..) => false,
        }
    }
}

/// A text that no button of this version has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotAnAction;

/// The form's version: buttons of another one are old.
const VERSION: &str = "v1";

const FLOW: [(&str, FlowAction); 15] = [
    ("back", FlowAction::Back),
    ("cancel", FlowAction::Cancel),
    ("handle", FlowAction::UseHandle),
    ("anyway", FlowAction::UseAnyway),
    ("other", FlowAction::UseAsOther),
    ("again", FlowAction::SendAgain),
    ("keypair", FlowAction::ReenterKeyPair),
    ("continue", FlowAction::Continue),
    ("over", FlowAction::StartOver),
    ("pin", FlowAction::Pin),
    ("new-link", FlowAction::NewLink),
    ("pin-again", FlowAction::PinAgain),
    ("this", FlowAction::ThisAccount),
    ("not-this", FlowAction::OtherAccount),
    ("revoke-this", FlowAction::RevokeOther),
];

const ACCOUNT: [(&str, AccountAction); 24] = [
    ("verify", AccountAction::Errand(Errand::Verify)),
    ("rotate", AccountAction::Errand(Errand::Rotate)),
    ("unlink", AccountAction::Errand(Errand::Unlink)),
    ("diagnose", AccountAction::Errand(Errand::Diagnose)),
    ("testpost", AccountAction::Errand(Errand::TestPost)),
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
    ("remind", AccountAction::Errand(Errand::Remind)),
    ("remind-30", AccountAction::Remind(Some(30))),
    ("remind-90", AccountAction::Remind(Some(90))),
    ("remind-180", AccountAction::Remind(Some(180))),
    ("remind-365", AccountAction::Remind(Some(365))),
    ("remind-off", AccountAction::Remind(None)),
    ("programs", AccountAction::Programs),
];

const DRAFT: [(&str, DraftAction); 2] = [
    ("publish", DraftAction::Publish),
    ("drop", DraftAction::Drop),
];

const DECISIONS: [(&str, Decision); 3] = [
    ("approve", Decision::Approve),
    ("refuse", Decision::Refuse),
    ("block", Decision::Block),
];

fn word_of<A: PartialEq>(table: &[(&'static str, A)], action: &A) -> &'static str {
    table
        .iter()
        .find(|(_, known)| known == action)
        .map_or("", |(word, _)| word)
}

fn action_of<A: Copy>(table: &[(&str, A)], word: &str) -> Option<A> {
    table
        .iter()
        .find(|(known, _)| *known == word)
        .map(|(_, action)| *action)
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flow(action, tag) => {
                let word = word_of(&FLOW, action);
                write!(f, "{VERSION}:{word}:{:08x}:{}", tag.flow.0, tag.step)
            }
            Self::Account(action, account) => {
                write!(f, "{VERSION}:{}:{account}", word_of(&ACCOUNT, action))
            }
            Self::Access(decision, user) => {
                write!(f, "{VERSION}:user:{}:{user}", word_of(&DECISIONS, decision))
            }
            Self::TakeBack(client, account) => write!(f, "{VERSION}:take:{client}:{account}"),
            Self::Draft(action, draft) => {
                write!(f, "{VERSION}:draft:{}:{draft}", word_of(&DRAFT, action))
            }
            Self::DraftWith(draft, account) => write!(f, "{VERSION}:with:{draft}:{account}"),
            Self::Guide => write!(f, "{VERSION}:guide"),
            Self::Accounts => write!(f, "{VERSION}:accounts"),
            Self::Reminders => write!(f, "{VERSION}:reminders"),
            Self::Rechecks => write!(f, "{VERSION}:rechecks"),
            Self::Add => write!(f, "{VERSION}:add"),
        }
    }
}

impl FromStr for Action {
    type Err = NotAnAction;

    fn from_str(data: &str) -> Result<Self, NotAnAction> {
        let parts: Vec<&str> = data.split(':').collect();
        match parts[..] {
            [VERSION, "guide"] => Ok(Self::Guide),
            [VERSION, "accounts"] => Ok(Self::Accounts),
            [VERSION, "reminders"] => Ok(Self::Reminders),
            [VERSION, "rechecks"] => Ok(Self::Rechecks),
            [VERSION, "add"] => Ok(Self::Add),
            [VERSION, "user", decision, user] => {
                let decision = action_of(&DECISIONS, decision).ok_or(NotAnAction)?;
                let user = user.parse().map_err(|_| NotAnAction)?;
                Ok(Self::Access(decision, user))
            }
            [VERSION, "take", client, account] => {
                let client = client.parse().map_err(|_| NotAnAction)?;
                let account = account.parse().map_err(|_| NotAnAction)?;
                Ok(Self::TakeBack(client, account))
            }
            [VERSION, "draft", word, draft] => {
                let action = action_of(&DRAFT, word).ok_or(NotAnAction)?;
                let draft = draft.parse().map_err(|_| NotAnAction)?;
                Ok(Self::Draft(action, draft))
            }
            [VERSION, "with", draft, account] => {
                let draft = draft.parse().map_err(|_| NotAnAction)?;
                let account = account.parse().map_err(|_| NotAnAction)?;
                Ok(Self::DraftWith(draft, account))
            }
            [VERSION, word, account] => {
                let action = action_of(&ACCOUNT, word).ok_or(NotAnAction)?;
                let account = account.parse().map_err(|_| NotAnAction)?;
                Ok(Self::Account(action, account))
            }
            [VERSION, word, flow, step] => {
                let action = action_of(&FLOW, word).ok_or(NotAnAction)?;
                let flow = u32::from_str_radix(flow, 16).map_err(|_| NotAnAction)?;
                let step = step.parse().map_err(|_| NotAnAction)?;
                Ok(Self::Flow(action, StepTag::new(FlowId(flow), step)))
            }
            _ => Err(NotAnAction),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every_action() -> Vec<Action> {
        let account = AccountId::from_bytes([0xff; 16]);
        let tag = StepTag::new(FlowId(u32::MAX), 100 + usize::from(u16::MAX) + 1000);
        let mut all = vec![
            Action::Guide,
            Action::Accounts,
            Action::Reminders,
            Action::Rechecks,
            Action::Add,
        ];
        all.push(Action::TakeBack(i64::MAX, account));
        all.push(Action::DraftWith(i64::MAX, account));
        all.extend(DRAFT.map(|(_, action)| Action::Draft(action, i64::MAX)));
        all.extend(DECISIONS.map(|(_, decision)| Action::Access(decision, i64::MAX)));
        all.extend(FLOW.map(|(_, action)| Action::Flow(action, tag)));
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
