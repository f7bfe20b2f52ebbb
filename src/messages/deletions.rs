//! What is said of messages that may hold a secret and had to go.

use super::{Message, action::Action, button, message, pages::private_chat, plain};

/// A message that may hold a secret could not be deleted. `trying`: it is tried again; otherwise Telegram refused for good.
pub(crate) fn not_deleted(trying: bool) -> Message {
    plain(if trying {
        "⚠️ Telegram does not let me delete your message yet; I keep trying. To be safe, delete it yourself: press and hold \
         it → Delete, and tick “also delete for” if asked. Look on your other devices too."
    } else {
        "⚠️ I could not delete your message. Please delete it yourself: press and hold it → Delete, and tick “also delete \
         for” if asked. Look on your other devices too."
    })
    .lasting()
}

/// It could be deleted in the end.
pub(crate) fn deleted_at_last() -> Message {
    plain("✓ Your message is deleted now.")
}

/// A text that looks like a secret came while nothing was asked for. It was deleted, if that was possible; `group`: others may
/// have seen it, and this is the bot's own name.
pub(crate) fn stray_secret(deleted: bool, group: Option<&str>) -> Message {
    let done = if deleted {
        "🔒 That looked like a key or token, so I deleted it."
    } else {
        "🔒 That looks like a key or token, and I could not delete it. Please delete it yourself: press and hold it → Delete."
    };
    match group {
        Some(bot) => message(
            format!(
                "{done} Others could see it here: please regenerate this one in X. Keys belong in the private chat."
            ),
            vec![vec![private_chat(bot)]],
        ),
        None => message(
            format!("{done} I was not asking for one. To link an account, begin with /addx."),
            vec![vec![button("Link an X account", Action::Add)]],
        ),
    }
    .lasting()
}
