//! What is said around a flow, besides its card.

use super::{
    Message,
    action::{Action, FlowAction, StepTag},
    button, escape, message, plain, receipt,
};
use crate::domain::{
    account::XAccount,
    linking::{LinkName, LinkingState, Purpose},
};

const CONTINUE: &str = "Continue";

/// `/addx`, `/rotate` … while a flow is open: continue or start over? `may_start_over`: a new link may take its place; else it
/// can only be left. The flow has no purpose while it has no name.
pub(crate) fn open(tag: StepTag, purpose: Option<&Purpose>, may_start_over: bool) -> Message {
    let other = if may_start_over {
        button("Start over", Action::Flow(FlowAction::StartOver, tag))
    } else {
        button("Cancel it", Action::Flow(FlowAction::Cancel, tag))
    };
    message(
        format!(
            "You are in the middle of {}. Go on with it?",
            what_for(purpose)
        ),
        vec![vec![
            button(CONTINUE, Action::Flow(FlowAction::Continue, tag)),
            other,
        ]],
    )
}

/// Whether a message asks whether to go on with the flow that is open, as it stands now: then it is the flow's card.
pub(crate) fn asks_about(message: &Message, state: &LinkingState) -> bool {
    let go_on =
        StepTag::of(state).map(|tag| button(CONTINUE, Action::Flow(FlowAction::Continue, tag)));
    go_on.is_some_and(|go_on| {
        message
            .buttons
            .iter()
            .flatten()
            .any(|there| *there == go_on)
    })
}

/// `/cancel` with nothing to cancel.
pub(crate) fn nothing_to_cancel() -> Message {
    plain("There is nothing to cancel.")
}

/// The flow was left, and so many values were wiped.
pub(crate) fn cancelled(values: usize) -> Message {
    plain(match values {
        0 => "Cancelled. You had not entered a value yet.".to_owned(),
        1 => "Cancelled. The value you had entered is wiped.".to_owned(),
        values => format!("Cancelled. The {values} values you had entered are wiped."),
    })
}

/// X gave out a token that is not kept, and that stays valid there.
pub(crate) fn token_stands(whose: &XAccount) -> Message {
    plain(format!(
        "ℹ️ X gave out a token for <b>{}</b>, and I have not kept it. At X it stays valid until you end it. {}",
        escape(&whose.username.to_string()),
        receipt::END_ALL_TOKENS
    ))
    .lasting()
}

/// The flow had rested too long; said with the next message, which was `deleted` or not.
pub(crate) fn expired(purpose: Option<&Purpose>, deleted: bool) -> Message {
    let deleted = if deleted {
        " I deleted your message, in case it was a value."
    } else {
        ""
    };
    message(
        format!(
            "⏳ I had stopped {}, because nothing came for 30 minutes; what you had entered is wiped.{deleted}",
            what_for(purpose)
        ),
        vec![vec![button("Link an X account", Action::Add)]],
    )
}

fn what_for(purpose: Option<&Purpose>) -> String {
    match purpose {
        Some(Purpose::Link(LinkName::Given(name))) => {
            format!("linking <b>{}</b>", escape(name.as_str()))
        }
        Some(Purpose::Link(LinkName::XHandle)) | None => "linking an account".to_owned(),
        Some(Purpose::Rotate(name)) => {
            format!("giving <b>{}</b> new values", escape(name.as_str()))
        }
    }
}
