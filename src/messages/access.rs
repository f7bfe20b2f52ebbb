//! What is said about who may use the bot, to them and to its owner.

use chrono::{DateTime, Utc};

use super::{
    Join, Message, Text,
    action::{Action, Decision},
    at, button, labelled, message, plain, row, words,
};
use crate::domain::facts::{Guest, Standing};

/// The user may not use this bot.
pub(crate) fn not_allowed(user: i64) -> Message {
    plain(text!("not-allowed", user = words(user)))
}

/// The user may not use this bot yet; its owner was asked.
pub(crate) fn asked() -> Message {
    plain(text!("access-asked"))
}

/// To the owner: somebody wants to use the bot.
pub(crate) fn request(user: i64, first_name: &str) -> Message {
    message(
        text!("access-request", person = first_name, user = words(user)),
        vec![vec![
            button(Action::Access(Decision::Approve, user)),
            button(Action::Access(Decision::Refuse, user)),
        ]],
    )
}

/// To somebody who asked: what the owner decided.
pub(crate) fn decided(standing: Standing) -> Message {
    match standing {
        Standing::Granted => message(text!("access-granted"), vec![row(Action::Add)]),
        Standing::Asked | Standing::Refused | Standing::Blocked => plain(text!("access-refused")),
    }
}

/// To the owner: the decision is kept.
pub(crate) fn set(user: i64, standing: Standing) -> Message {
    let decision = match standing {
        Standing::Granted => Decision::Block,
        Standing::Asked | Standing::Refused | Standing::Blocked => Decision::Approve,
    };
    message(
        text!(
            "access-set",
            user = words(user),
            standing = standing.as_str()
        ),
        vec![row(Action::Access(decision, user))],
    )
}

/// `/users`: by standing, the newest first.
pub(crate) fn guests(guests: &[Guest], now: DateTime<Utc>) -> Message {
    if guests.is_empty() {
        return plain(text!("no-guests"));
    }
    let lines = guests.iter().map(|guest| {
        text!(
            "guest",
            user = words(guest.user),
            person = guest.first_name.as_str(),
            standing = guest.standing.as_str(),
            since = at(guest.since, now)
        )
    });
    let waiting = guests
        .iter()
        .filter(|guest| guest.standing == Standing::Asked);
    let rows = waiting.take(10).map(|guest| {
        let label = text!("button-approve-person", person = guest.first_name.as_str());
        vec![
            labelled(label, Action::Access(Decision::Approve, guest.user)),
            button(Action::Access(Decision::Refuse, guest.user)),
        ]
    });
    let lines = Text::joined(lines, Join::Lines);
    message(text!("guests", people = lines), rows.collect())
}

/// `/block` without an id.
pub(crate) fn block_whom() -> Message {
    plain(text!("block-whom"))
}
