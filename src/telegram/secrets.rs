//! Which message of a stored update may be a secret: for `addx panic`, by the same rules as when it comes.

use chrono::{DateTime, Utc};
use teloxide::types::Update;

use super::inbox::{looks_secret, may_be_answer, message_of};

/// The number of the message, and when it was sent, if it may be a secret. `asked`: its chat's dialogue waits for one.
pub(crate) fn in_update(json: &[u8], asked: bool) -> Option<(i32, DateTime<Utc>)> {
    let update: Update = serde_json::from_slice(json).ok()?;
    let message = message_of(&update)?;
    // The bot's name is not known here: a command that is addressed to it counts as an answer.
    let may_be = looks_secret(message) || (asked && may_be_answer(message, ""));
    may_be.then_some((message.id.0, message.date))
}
