//! Every word a user reads, as functions that return a [`Message`]: one function for each thing the bot says, with one caller that
//! promises it. Texts are Telegram's HTML; whatever is interpolated goes through [`escape`]. Knows the domain, and nothing else.

pub(crate) mod access;
pub(crate) mod accounts;
pub(crate) mod action;
pub(crate) mod card;
pub(crate) mod checks;
pub(crate) mod deletions;
pub(crate) mod flow;
pub(crate) mod health;
pub(crate) mod pages;
mod paste;
mod pin;
pub(crate) mod publishing;
pub(crate) mod receipt;
pub(crate) mod records;
mod verdicts;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use self::action::Action;
use crate::domain::{account::AccountId, health::Change};

/// What the bot says in one message. Sealed with its buttons while it waits to be sent; what it is for stands beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Everything interpolated is escaped.
    pub(crate) html: String,
    /// In rows, none of them empty.
    pub(crate) buttons: Vec<Vec<Button>>,
    /// A file that it brings along.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) document: Option<Document>,
    /// What hangs on it besides its words.
    #[serde(skip)]
    pub(crate) role: Role,
}

/// A file with a text in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Document {
    pub(crate) name: String,
    pub(crate) text: String,
}

impl Message {
    fn with_role(self, role: Role) -> Self {
        Self { role, ..self }
    }

    /// The same, and it is said whatever becomes of the accounts.
    fn lasting(self) -> Self {
        self.with_role(Role::Lasting)
    }
}

/// A button below a message.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Button {
    /// What stands on it.
    pub(crate) label: String,
    /// What it does.
    pub(crate) press: Press,
}

/// What a button does.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) enum Press {
    /// Tells the bot: an [`Action`] as text.
    Tell(String),
    /// Opens an address.
    Open(String),
    /// Copies a text.
    Copy(String),
}

/// What hangs on a message besides its words. Stands readable beside the sealed message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Role {
    /// Nothing.
    #[default]
    Plain,
    /// It tells what only the user can do something about: it is said whatever becomes of the accounts.
    Lasting,
    /// It says that X is being asked.
    Progress(Asked),
    /// It is X's answer, and may take the place of the message that said that X is being asked.
    Answer(Asked),
    /// It tells how an account stands now: newer news take its place, and it is not said when it is no longer true.
    News(AccountId, Change),
}

/// What X is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// Whether the values work.
    Check,
    /// To end a token.
    Revocation,
    /// To publish.
    Post,
}

/// The path to the values in X's console.
const KEYS: &str = "<a href=\"https://console.x.com\">console.x.com</a> → your app → Keys &amp; Tokens → OAuth 1.0 Keys";

/// Makes a text safe inside Telegram's HTML.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

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

fn button(label: impl Into<String>, action: Action) -> Button {
    Button {
        label: label.into(),
        press: Press::Tell(action.to_string()),
    }
}

fn link(label: &str, address: impl Into<String>) -> Button {
    Button {
        label: label.to_owned(),
        press: Press::Open(address.into()),
    }
}

fn message(html: impl Into<String>, rows: Vec<Vec<Button>>) -> Message {
    Message {
        html: html.into(),
        buttons: rows.into_iter().filter(|row| !row.is_empty()).collect(),
        document: None,
        role: Role::Plain,
    }
}

fn plain(html: impl Into<String>) -> Message {
    message(html, Vec::new())
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

pub(crate) mod toast {
    //! The short answers to taps.

    /// The button is of an earlier step, another version, or made up.
    pub(crate) fn old_button() -> String {
        "This button belongs to an earlier step. Please use the newest message.".to_owned()
    }

    /// The account is erased, or was never this user's.
    pub(crate) fn no_such_account() -> String {
        "This account is not here any more. /accounts shows what is.".to_owned()
    }
}
