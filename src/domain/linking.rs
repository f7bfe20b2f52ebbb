//! The dialogue that takes the values: its states and the transitions between them. No value is ever part of a state.

use serde::{Deserialize, Serialize};

use super::flow::times_again;
pub(crate) use super::flow::{AwaitingValue, Flow, FlowId, LinkName, Progress, Purpose, Remark};

use super::{
    account::{AccountId, AccountName, NameRejection},
    credentials::Field,
    paste::{Repair, Warning},
    pin::AwaitingPin,
};

/// Where a chat's dialogue stands. A chat without a stored state is [`LinkingState::Idle`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub(crate) enum LinkingState {
    /// No flow.
    #[default]
    Idle,
    /// `/addx` without a name: the name is asked for.
    AwaitingName(AwaitingName),
    /// A value is asked for.
    AwaitingValue(AwaitingValue),
    /// A value came that looks unusual: it is kept apart, sealed, until the user decides.
    ConfirmingValue(ConfirmingValue),
    /// The token pair comes from X, with a PIN.
    AwaitingPin(Box<AwaitingPin>),
    /// The flow is over; its card still has to say so.
    Closed(Closed),
}

/// See [`LinkingState::AwaitingName`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AwaitingName {
    /// The flow's id.
    pub id: FlowId,
    /// The account the flow works on.
    pub account: AccountId,
    /// Why the last answer was not taken.
    pub rejection: Option<NameRejection>,
    /// How often the same was said before, in a row.
    pub again: u32,
}

/// See [`LinkingState::ConfirmingValue`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ConfirmingValue {
    /// The flow.
    pub flow: Flow,
    /// The value that was asked for.
    pub field: Field,
    /// What is unusual about the one that came.
    pub doubt: Doubt,
    /// What was cleaned from it.
    pub repairs: Vec<Repair>,
    /// Whether another message came instead of a tap.
    pub reminded: bool,
}

/// See [`LinkingState::Closed`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Closed {
    /// What the flow was for; `None` while it had no name yet.
    pub purpose: Option<Purpose>,
    /// How it ended.
    pub ending: Ending,
    /// Whether the user knows.
    pub told: bool,
    /// What is said about the last message.
    pub remark: Option<Remark>,
}

/// How a flow ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Ending {
    /// All values are in.
    Submitted,
    /// The user left it.
    Cancelled,
    /// It rested too long. The user is told with the next message.
    Expired,
    /// A failure of ours ended it, or another flow took its place.
    Abandoned,
}

/// Why a value is kept apart until the user decides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Doubt {
    /// Unusual for the value that was asked for.
    Unusual(Warning),
    /// It looks like the value of another step.
    OtherField {
        /// Which one.
        field: Field,
        /// The form decides: it cannot be the one that was asked for.
        firm: bool,
    },
}

impl LinkingState {
    /// The flow's id, while a flow is open.
    pub(crate) fn flow_id(&self) -> Option<FlowId> {
        match self {
            Self::AwaitingName(state) => Some(state.id),
            state => state.flow().map(|flow| flow.id),
        }
    }

    /// The account the open flow works on.
    pub(crate) fn account(&self) -> Option<AccountId> {
        match self {
            Self::AwaitingName(state) => Some(state.account),
            state => state.flow().map(|flow| flow.account),
        }
    }

    /// The open flow, once it has a name.
    pub(crate) fn flow(&self) -> Option<&Flow> {
        match self {
            Self::Idle | Self::AwaitingName(_) | Self::Closed(_) => None,
            Self::AwaitingValue(state) => Some(&state.flow),
            Self::ConfirmingValue(state) => Some(&state.flow),
            Self::AwaitingPin(state) => Some(&state.flow),
        }
    }

    /// The open flow, taken out of the state.
    pub(crate) fn into_flow(self) -> Option<Flow> {
        match self {
            Self::Idle | Self::AwaitingName(_) | Self::Closed(_) => None,
            Self::AwaitingValue(state) => Some(state.flow),
            Self::ConfirmingValue(state) => Some(state.flow),
            Self::AwaitingPin(state) => Some(state.flow),
        }
    }

    /// The same state, with the name that "Start over" takes.
    pub(crate) fn restart_as(mut self, name: Option<AccountName>) -> Self {
        match &mut self {
            Self::Idle | Self::AwaitingName(_) | Self::Closed(_) => {}
            Self::AwaitingValue(state) => state.flow.restart_as = name,
            Self::ConfirmingValue(state) => state.flow.restart_as = name,
            Self::AwaitingPin(state) => state.flow.restart_as = name,
        }
        self
    }

    /// Counts the states a flow goes through, so that a button of an earlier one is told apart from a current one.
    pub(crate) fn step(&self) -> usize {
        match self {
            Self::Idle | Self::Closed(_) | Self::AwaitingName(_) => 0,
            Self::AwaitingValue(state) => 1 + 2 * state.flow.received.len(),
            Self::ConfirmingValue(state) => 2 + 2 * state.flow.received.len(),
            // Above all the others: a flow has at most four values.
            Self::AwaitingPin(state) => 100 + state.round,
        }
    }

    /// Whether the next message may be a secret: a flow is open, or ended without the user knowing.
    pub(crate) fn expects_secret(&self) -> bool {
        match self {
            Self::AwaitingName(_)
            | Self::AwaitingValue(_)
            | Self::ConfirmingValue(_)
            | Self::AwaitingPin(_) => true,
            Self::Closed(closed) => closed.is_untold(),
            Self::Idle => false,
        }
    }
}

impl Closed {
    /// Whether it ended without the user knowing.
    pub(crate) fn is_untold(&self) -> bool {
        self.ending == Ending::Expired && !self.told
    }
}

impl AwaitingName {
    /// The same question, since the last answer was not taken.
    pub(crate) fn reject(self, reason: NameRejection) -> Self {
        let again = times_again(self.rejection == Some(reason), self.again);
        Self {
            rejection: Some(reason),
            again,
            ..self
        }
    }

    /// The flow with the name that was chosen, asking for its first value.
    pub(crate) fn named(self, name: LinkName) -> AwaitingValue {
        Flow::link(self.id, self.account, name).ask(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flow() -> Flow {
        Flow::link(FlowId(1), AccountId::from_bytes([0; 16]), LinkName::XHandle)
    }

    fn next(progress: Progress) -> AwaitingValue {
        match progress {
            Progress::Next(state) => state,
            Progress::Complete(..) => panic!("the flow is complete"),
        }
    }

    #[test]
    fn values_are_asked_for_in_the_order_of_the_field() {
        let mut state = flow().ask(None);
        for field in [Field::ApiKey, Field::ApiSecret, Field::AccessToken] {
            assert_eq!(state.field, field);
            state = next(state.flow.receive(&[field], None));
        }
        assert_eq!(state.field, Field::AccessSecret);
        let progress = state.flow.receive(&[Field::AccessSecret], None);
        assert!(matches!(progress, Progress::Complete(..)));
    }

    #[test]
    fn values_that_came_out_of_order_are_not_asked_for_again() {
        let state = next(flow().receive(&[Field::AccessToken, Field::ApiKey], None));
        assert_eq!(state.field, Field::ApiSecret);
        let state = next(state.flow.receive(&[Field::ApiSecret], None));
        assert_eq!(state.field, Field::AccessSecret);
    }

    #[test]
    fn back_forgets_the_last_value_and_asks_for_it_again() {
        let state = next(flow().receive(&[Field::ApiKey], None));
        let (forgotten, state) = state.flow.back().unwrap();
        assert_eq!((forgotten, state.field), (Field::ApiKey, Field::ApiKey));
        assert!(state.flow.back().is_none());
    }

    #[test]
    fn a_rotation_asks_for_its_own_values_only_and_takes_others_that_are_sent() {
        let name = AccountName::parse("main").unwrap();
        let flow = Flow::rotate(
            FlowId(1),
            AccountId::from_bytes([0; 16]),
            name,
            &Field::TOKEN_PAIR,
        );
        let state = next(flow.receive(&[Field::AccessToken], None));
        assert_eq!(state.field, Field::AccessSecret);
        let all = state.flow.receive(&Field::ALL, None);
        assert!(matches!(all, Progress::Complete(flow, _) if flow.asked == Field::ALL));
    }

    #[test]
    fn every_step_of_a_flow_has_its_own_number() {
        let mut steps = Vec::new();
        let mut state = flow().ask(None);
        for field in Field::ALL {
            let awaiting = LinkingState::AwaitingValue(state.clone());
            let confirming = LinkingState::ConfirmingValue(ConfirmingValue {
                flow: state.flow.clone(),
                field,
                doubt: Doubt::OtherField { field, firm: true },
                repairs: Vec::new(),
                reminded: false,
            });
            steps.extend([awaiting.step(), confirming.step()]);
            match state.flow.receive(&[field], None) {
                Progress::Next(next) => state = next,
                Progress::Complete(..) => break,
            }
        }
        assert_eq!(steps, (1..=8).collect::<Vec<_>>());
    }
}
