//! Every word a user reads, as functions that return a [`Reply`]: the card in `card`, verdicts in `verdicts`, the long pages in
//! `pages`, everything else in `notices`. Texts are Telegram's HTML; whatever is interpolated goes through [`escape`].

mod card;
mod notices;
mod pages;
mod paste;
mod pin;
mod publishing;
mod receipt;
pub(crate) mod verdicts;
mod watch;

pub(super) use self::{card::card, notices::notice};

use chrono::{DateTime, TimeDelta, Utc};
use teloxide::types::{InlineKeyboardButton, InlineKeyboardMarkup};
pub(crate) use teloxide::utils::html::escape;

use super::{action::Action, reply::Reply};

/// What texts depend on besides what they are about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Words<'a> {
    /// The bot's own name, without the `@`.
    pub(crate) bot_username: &'a str,
    /// Now: times are told relative to it.
    pub(crate) now: DateTime<Utc>,
}

/// The path to the values in X's console.
const KEYS: &str = "<a href=\"https://console.x.com\">console.x.com</a> → your app → Keys &amp; Tokens → OAuth 1.0 Keys";

/// A time of day, with the day where it is not today. The user's time zone is not known, so it is always UTC.
fn at(time: DateTime<Utc>, now: DateTime<Utc>) -> String {
    if time.date_naive() == now.date_naive() {
        format!("{} UTC", time.format("%H:%M"))
    } else {
        format!("{} UTC", time.format("%-d %b %H:%M"))
    }
}

/// The same, and yesterday by its name.
fn day_at(time: DateTime<Utc>, now: DateTime<Utc>) -> String {
    if Some(time.date_naive()) == now.date_naive().pred_opt() {
        format!("yesterday {} UTC", time.format("%H:%M"))
    } else {
        at(time, now)
    }
}

/// How long until `time`, rounded up, so that nobody comes too early.
fn wait(time: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let wait = (time - now).max(TimeDelta::seconds(1));
    match (wait.num_seconds(), wait.num_minutes()) {
        (seconds @ ..=90, _) => format!("in {seconds} s"),
        (seconds, ..=90) => format!("in {} min", round_up(seconds, 60)),
        (seconds, _) => format!("in {} h", round_up(seconds, 3600)),
    }
}

fn round_up(seconds: i64, unit: i64) -> i64 {
    seconds / unit + i64::from(seconds % unit > 0)
}

/// Before what is said once more, so that the card changes.
fn again(times: u32) -> String {
    match times {
        0 => String::new(),
        times => format!("Again ({}×): ", times.saturating_add(1)),
    }
}

fn button(label: impl Into<String>, action: Action) -> InlineKeyboardButton {
    InlineKeyboardButton::callback(label, action.to_string())
}

fn reply(html: String, rows: Vec<Vec<InlineKeyboardButton>>) -> Reply {
    Reply {
        html,
        keyboard: InlineKeyboardMarkup::new(rows.into_iter().filter(|row| !row.is_empty())),
    }
}

/// Words in a row: "a, b and c".
fn list<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let words: Vec<&str> = words.into_iter().collect();
    match words.split_last() {
        None => String::new(),
        Some((only, [])) => (*only).to_owned(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}

pub(super) mod toast {
    //! The short answers to taps.

    /// The button is of an earlier step, another version, or made up.
    pub(in crate::telegram) fn old_button() -> String {
        "This button belongs to an earlier step. Please use the newest message.".to_owned()
    }

    /// The account is erased, or was never this user's.
    pub(in crate::telegram) fn no_such_account() -> String {
        "This account is not here any more. /accounts shows what is.".to_owned()
    }
}
