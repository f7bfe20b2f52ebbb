//! What is said about who may use the bot, to them and to its owner.

use chrono::{DateTime, Utc};

use super::{
    Message,
    action::{Action, Decision},
    at, button, escape, message, plain,
};
use crate::domain::facts::{Guest, Standing};

/// The user may not use this bot.
pub(crate) fn not_allowed(user: i64) -> Message {
    plain(format!(
        "This bot serves a fixed list of people, and you are not on it. If you should be, give its operator your Telegram \
         id: <code>{user}</code>. /privacy, /mydata, /cancel and /unlink work for everybody."
    ))
}

/// The user may not use this bot yet; its owner was asked.
pub(crate) fn asked() -> Message {
    plain(
        "This bot's owner decides who may use it. I have asked, and tell you the answer here. /privacy, /mydata, \
         /cancel and /unlink work for everybody.",
    )
}

/// To the owner: somebody wants to use the bot.
pub(crate) fn request(user: i64, first_name: &str) -> Message {
    message(
        format!(
            "🙋 <b>{}</b> (<code>{user}</code>) wants to use this bot.",
            escape(first_name)
        ),
        vec![vec![
            button("Approve", Action::Access(Decision::Approve, user)),
            button("Refuse", Action::Access(Decision::Refuse, user)),
        ]],
    )
}

/// To somebody who asked: what the owner decided.
pub(crate) fn decided(standing: Standing) -> Message {
    match standing {
        Standing::Granted => message(
            "✅ The owner of this bot let you in.",
            vec![vec![button("Link an X account", Action::Add)]],
        ),
        Standing::Asked | Standing::Refused | Standing::Blocked => plain(
            "The owner of this bot did not let you in. /privacy, /mydata, /cancel and /unlink work for everybody.",
        ),
    }
}

/// To the owner: the decision is kept.
pub(crate) fn set(user: i64, standing: Standing) -> Message {
    let (text, (label, decision)) = match standing {
        Standing::Granted => ("may use this bot now", ("Block", Decision::Block)),
        Standing::Asked | Standing::Refused => {
            ("may not use this bot", ("Approve", Decision::Approve))
        }
        Standing::Blocked => (
            "may no longer use this bot, nor may programs use their accounts, which stay until they /unlink them",
            ("Approve", Decision::Approve),
        ),
    };
    message(
        format!("<code>{user}</code> {text}."),
        vec![vec![button(label, Action::Access(decision, user))]],
    )
}

/// `/users`: by standing, the newest first.
pub(crate) fn guests(guests: &[Guest], now: DateTime<Utc>) -> Message {
    if guests.is_empty() {
        return plain("Nobody has asked to use this bot yet.");
    }
    let lines: Vec<String> = guests
        .iter()
        .map(|guest| {
            let standing = match guest.standing {
                Standing::Asked => "asks",
                Standing::Granted => "may use it",
                Standing::Refused => "refused",
                Standing::Blocked => "blocked",
            };
            format!(
                "<code>{}</code> {}: {standing}, since {}",
                guest.user,
                escape(&guest.first_name),
                at(guest.since, now)
            )
        })
        .collect();
    let waiting = guests
        .iter()
        .filter(|guest| guest.standing == Standing::Asked);
    let rows = waiting
        .take(10)
        .map(|guest| {
            vec![
                button(
                    format!("Approve {}", guest.first_name),
                    Action::Access(Decision::Approve, guest.user),
                ),
                button("Refuse", Action::Access(Decision::Refuse, guest.user)),
            ]
        })
        .collect();
    message(
        format!(
            "<b>People</b>\n\n{}\n\n/block takes it back.",
            lines.join("\n")
        ),
        rows,
    )
}

/// `/block` without an id.
pub(crate) fn block_whom() -> Message {
    plain(
        "Whom? Send the Telegram user id, like <code>/block 123456789</code>. /users lists who asked.",
    )
}
