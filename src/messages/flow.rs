//! What is said around a flow, besides its card.

use super::{
    Message, Press, Text, Worded,
    action::{Action, FlowAction, StepTag},
    button, labelled, message, plain, row, yes,
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
    message(about(text!("flow-open"), purpose), vec![vec![go_on, other]])
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
    let text = about(text!("flow-expired", deleted = yes(deleted)), purpose);
    message(text, vec![row(Action::Add)])
}

/// Says what a flow is for: `$what`, and the `$name` if it has one.
fn about(text: Text, purpose: Option<&Purpose>) -> Text {
    match purpose {
        Some(Purpose::Link(LinkName::Given(name))) => text.with("what", "link").with("name", name),
        Some(Purpose::Link(LinkName::XHandle)) | None => text.with("what", "new").with("name", ""),
        Some(Purpose::Rotate(name)) => text.with("what", "rotate").with("name", name),
    }
}
