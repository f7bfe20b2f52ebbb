//! What is said around a flow, besides its card.

use super::{
    Join, Message, Press, Text, Worded,
    action::{Action, FlowAction, StepTag},
    button, labelled, message, plain, row,
};
use crate::domain::{
    account::XAccount,
    linking::{LinkName, LinkingState, Purpose},
};

/// `/addx`, `/rotate` … while a flow is open: continue or start over? `may_start_over`: a new link may take its place; else it
/// can only be left. The flow has no purpose while it has no name.
pub(crate) fn open(tag: StepTag, purpose: Option<&Purpose>, may_start_over: bool) -> Message {
    let other = if may_start_over {
        button(Action::Flow(FlowAction::StartOver, tag))
    } else {
        let cancel = Action::Flow(FlowAction::Cancel, tag);
        labelled(text!("button-cancel-it"), cancel)
    };
    let go_on = button(Action::Flow(FlowAction::Continue, tag));
    let (what, name) = about(purpose);
    let text = text!("flow-open", what = what, name = name);
    message(text, vec![vec![go_on, other]])
}

/// Whether a message asks whether to go on with the flow that is open, as it stands now: then it is the flow's card.
pub(crate) fn asks_about(message: &Worded, state: &LinkingState) -> bool {
    StepTag::of(state).is_some_and(|tag| {
        let go_on = Press::Tell(Action::Flow(FlowAction::Continue, tag).to_string());
        let mut buttons = message.buttons.iter().flatten();
        buttons.any(|button| button.press == go_on)
    })
}

/// `/cancel` with nothing to cancel.
pub(crate) fn nothing_to_cancel() -> Message {
    plain(text!("nothing-to-cancel"))
}

/// The flow was left, and so many values were wiped.
pub(crate) fn cancelled(values: usize) -> Message {
    plain(text!("cancelled", values = values))
}

/// X gave out a token that is not kept, and that stays valid there.
pub(crate) fn token_stands(whose: &XAccount) -> Message {
    plain(text!("token-stands", handle = &whose.username)).lasting()
}

/// The flow had rested too long; said with the next message, which was `deleted` or not.
pub(crate) fn expired(purpose: Option<&Purpose>, deleted: bool) -> Message {
    let (what, name) = about(purpose);
    let expired = text!("flow-expired", what = what, name = name);
    let deleted = deleted.then(|| text!("flow-deleted"));
    let parts = [expired].into_iter().chain(deleted);
    message(Text::joined(parts, Join::Sentences), vec![row(Action::Add)])
}

/// What a flow is for, and the name of what it is about, if it has one.
fn about(purpose: Option<&Purpose>) -> (&'static str, Text) {
    match purpose {
        Some(Purpose::Link(LinkName::Given(name))) => ("link", name.into()),
        Some(Purpose::Link(LinkName::XHandle)) | None => ("new", "".into()),
        Some(Purpose::Rotate(name)) => ("rotate", name.into()),
    }
}
