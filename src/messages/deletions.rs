//! What is said of messages that may hold a secret and had to go.

use super::{Message, action::Action, message, pages::private_chat, plain, row, yes};

/// A message that may hold a secret could not be deleted. `trying`: it is tried again; otherwise Telegram refused for good.
pub(crate) fn not_deleted(trying: bool) -> Message {
    plain(text!("not-deleted", trying = yes(trying))).lasting()
}

/// It could be deleted in the end.
pub(crate) fn deleted_at_last() -> Message {
    plain(text!("deleted-at-last"))
}

/// A text that looks like a secret came while nothing was asked for. It was deleted, if that was possible; `group`: others may
/// have seen it, and this is the bot's own name.
pub(crate) fn stray_secret(deleted: bool, group: Option<&str>) -> Message {
    let deleted = yes(deleted);
    match group {
        Some(bot) => message(
            text!("stray-secret-in-group", deleted = deleted),
            vec![vec![private_chat(bot)]],
        ),
        None => message(
            text!("stray-secret", deleted = deleted),
            vec![row(Action::Add)],
        ),
    }
    .lasting()
}
