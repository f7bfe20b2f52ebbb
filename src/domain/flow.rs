//! A flow: which values are asked for, which have come, and what is asked next.

use serde::{Deserialize, Serialize};

use super::{
    account::{AccountId, AccountName},
    credentials::Field,
    paste::{Kind, Rejection, Repair, Warning},
};

/// Ties buttons to the flow they were made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FlowId(pub u32);

/// A flow that has its name and collects values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Flow {
    /// Ties buttons to it.
    pub id: FlowId,
    /// The account it works on; for a new link, the one that it will make.
    pub account: AccountId,
    /// What it is for.
    pub purpose: Purpose,
    /// The values it takes, in the order in which they are asked for.
    pub asked: Vec<Field>,
    /// The values it has, in the order in which they came.
    pub received: Vec<Field>,
    /// The name given with an `/addx` in mid-flow, for "Start over".
    pub restart_as: Option<AccountName>,
}

/// What a flow is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Purpose {
    /// A new link.
    Link(LinkName),
    /// New values for a link that exists.
    Rotate(AccountName),
}

/// What a new link will be called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LinkName {
    /// As the user said.
    Given(AccountName),
    /// After the X handle, once X has named it.
    XHandle,
}

/// What the card says about the last message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Remark {
    /// The text cannot be a value.
    Rejected(Rejection),
    /// Values were taken; what was cleaned, what is unusual, what was left out.
    Taken {
        /// Which values.
        fields: Vec<Field>,
        /// What was cleaned from the text.
        repairs: Vec<Repair>,
        /// Labelled values of unusual form, taken all the same.
        warnings: Vec<(Field, Warning)>,
        /// What else stood in the text and is not needed.
        dropped: Vec<Kind>,
    },
    /// It is the value of an earlier step again.
    SameAs(Field),
    /// It has the form of a value that this flow does not ask for.
    NotAsked(Field),
    /// An edit of an earlier message.
    Edited,
    /// A photo, sticker, voice message, document …
    NotText,
    /// A command the bot does not know.
    UnknownCommand,
    /// The user went back; this value is forgotten.
    Forgotten(Field),
}

/// Where a flow goes after values were taken.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// The next value is asked for.
    Next(AwaitingValue),
    /// All values are in; what is said about the last message.
    Complete(Flow, Option<Remark>),
}

/// See [`super::linking::LinkingState::AwaitingValue`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AwaitingValue {
    /// The flow.
    pub flow: Flow,
    /// The value that is asked for.
    pub field: Field,
    /// What is said about the last message.
    pub remark: Option<Remark>,
    /// How often the same was said before, in a row.
    pub again: u32,
}

impl AwaitingValue {
    /// The same question, with something said about the last message.
    pub(crate) fn remark(self, remark: Remark) -> Self {
        let again = times_again(self.remark.as_ref() == Some(&remark), self.again);
        Self {
            remark: Some(remark),
            again,
            ..self
        }
    }

    /// This state after `before`: the same once more is counted, so that the card changes.
    pub(crate) fn after(self, before: &Self) -> Self {
        let is_same = self.remark.is_some()
            && (&self.remark, &self.flow, self.field)
                == (&before.remark, &before.flow, before.field);
        Self {
            again: times_again(is_same, before.again),
            ..self
        }
    }
}

/// How often the same was said before, in a row.
pub(super) fn times_again(is_same: bool, before: u32) -> u32 {
    if is_same { before.saturating_add(1) } else { 0 }
}

impl Flow {
    /// A flow for a new link.
    pub(crate) fn link(id: FlowId, account: AccountId, name: LinkName) -> Self {
        Self::begin(id, account, Purpose::Link(name), &Field::ALL)
    }

    /// A flow that takes new values for a link.
    pub(crate) fn rotate(
        id: FlowId,
        account: AccountId,
        name: AccountName,
        asked: &[Field],
    ) -> Self {
        Self::begin(id, account, Purpose::Rotate(name), asked)
    }

    fn begin(id: FlowId, account: AccountId, purpose: Purpose, asked: &[Field]) -> Self {
        Self {
            id,
            account,
            purpose,
            asked: asked.to_vec(),
            received: Vec::new(),
            restart_as: None,
        }
    }

    /// Whether it makes a new link.
    pub(crate) fn is_link(&self) -> bool {
        matches!(self.purpose, Purpose::Link(_))
    }

    /// Whether both halves of the API key pair have come.
    pub(crate) fn has_key_pair(&self) -> bool {
        let mut pair = Field::KEY_PAIR.iter();
        pair.all(|field| self.received.contains(field))
    }

    /// The first value that is still missing.
    pub(crate) fn next_field(&self) -> Option<Field> {
        self.asked
            .iter()
            .copied()
            .find(|field| !self.received.contains(field))
    }

    /// Whether the token pair is all that is missing, so that X may give it out for a PIN.
    pub(crate) fn may_use_pin(&self) -> bool {
        self.next_field() == Some(Field::AccessToken)
            && !self.received.contains(&Field::AccessSecret)
    }

    /// Asks for the first missing value; for the last one again, if none is missing.
    pub(crate) fn ask(self, remark: Option<Remark>) -> AwaitingValue {
        let field = self
            .next_field()
            .or_else(|| self.asked.last().copied())
            .unwrap_or(Field::ApiKey);
        AwaitingValue {
            flow: self,
            field,
            remark,
            again: 0,
        }
    }

    /// Notes that these values are in. A value that came again keeps its place.
    pub(crate) fn receive(mut self, fields: &[Field], remark: Option<Remark>) -> Progress {
        add_missing(&mut self.received, fields);
        self.ask_also(fields);
        if self.next_field().is_none() {
            Progress::Complete(self, remark)
        } else {
            Progress::Next(self.ask(remark))
        }
    }

    /// Forgets the last value that came. `None` if there is none to forget.
    pub(crate) fn back(mut self) -> Option<(Field, AwaitingValue)> {
        let field = self.received.pop()?;
        Some((field, self.ask(Some(Remark::Forgotten(field)))))
    }

    /// Forgets these values, so that they are asked for again, also if they were not before.
    pub(crate) fn forget(mut self, fields: &[Field]) -> AwaitingValue {
        self.ask_also(fields);
        self.received.retain(|field| !fields.contains(field));
        self.ask(None)
    }

    fn ask_also(&mut self, fields: &[Field]) {
        add_missing(&mut self.asked, fields);
        self.asked.sort();
    }
}

fn add_missing(known: &mut Vec<Field>, fields: &[Field]) {
    for field in fields {
        if !known.contains(field) {
            known.push(*field);
        }
    }
}
