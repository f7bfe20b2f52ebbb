//! Everything a chat shows, as functions that return a [`Message`]: one function for each thing the bot says, with one caller that
//! promises it. The words stand in the catalogues in `locales/`; a [`Text`] asks for them by id. Knows the domain, and nothing else.

#[macro_use]
mod text;

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
#[cfg(test)]
mod tests;
mod verdicts;

use chrono::{DateTime, Datelike, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

pub(crate) use self::text::{Form, Language, Text};
use self::{
    action::Action,
    text::{Join, words},
};
use crate::domain::{account::AccountId, health::Change};

/// What the bot says in one message, before it is worded for its reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    text: Text,
    buttons: Vec<Vec<(Text, Press)>>,
    document: Option<Document>,
    role: Role,
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

    /// Words of a test's own.
    #[cfg(test)]
    pub(crate) fn of_words(words: &str, role: Role) -> Self {
        plain(words.into()).with_role(role)
    }

    /// The same, and it is said whatever becomes of the accounts.
    fn lasting(self) -> Self {
        self.with_role(Role::Lasting)
    }

    /// In its reader's language.
    pub(crate) fn word(&self, language: Language) -> Worded {
        let button = |(label, press): &(Text, Press)| Button {
            label: label.word(language, Form::Plain),
            press: press.clone(),
        };
        let row = |row: &Vec<(Text, Press)>| row.iter().map(button).collect();
        Worded {
            html: self.text.word(language, Form::Html),
            buttons: self.buttons.iter().map(row).collect(),
            document: self.document.clone(),
            role: self.role,
        }
    }
}

/// A message in words. Sealed with its buttons while it waits to be sent; what it is for stands beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Worded {
    /// Telegram's HTML.
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

/// A button below a message.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Button {
    /// What stands on it.
    pub(crate) label: String,
    /// What it does.
    pub(crate) press: Press,
}

/// A button before it is worded.
type Key = (Text, Press);

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

/// A time of day, with the day where it is not today. The user's time zone is not known, so it is always UTC.
fn at(time: DateTime<Utc>, now: DateTime<Utc>) -> Text {
    let clock = time.format("%H:%M").to_string();
    if time.date_naive() == now.date_naive() {
        text!("at-time", time = clock)
    } else {
        text!(
            "at-day",
            day = time.day(),
            month = time.month(),
            time = clock
        )
    }
}

/// The same, and yesterday by its name.
fn day_at(time: DateTime<Utc>, now: DateTime<Utc>) -> Text {
    if Some(time.date_naive()) == now.date_naive().pred_opt() {
        text!("at-yesterday", time = time.format("%H:%M").to_string())
    } else {
        at(time, now)
    }
}

fn date(date: &impl Datelike) -> Text {
    text!(
        "date",
        day = date.day(),
        month = date.month(),
        year = words(date.year())
    )
}

/// How long until `time`, rounded up, so that nobody comes too early.
fn wait(time: DateTime<Utc>, now: DateTime<Utc>) -> Text {
    let wait = (time - now).max(TimeDelta::seconds(1));
    match (wait.num_seconds(), wait.num_minutes()) {
        (seconds @ ..=90, _) => text!("in-seconds", n = seconds),
        (seconds, ..=90) => text!("in-minutes", n = round_up(seconds, 60)),
        (seconds, _) => text!("in-hours", n = round_up(seconds, 3600)),
    }
}

fn round_up(seconds: i64, unit: i64) -> i64 {
    seconds / unit + i64::from(seconds % unit > 0)
}

/// A remark, which says how often it was made before, so that the card changes.
fn remark(what: Text, times: u32) -> Text {
    text!(
        "remark",
        what = what,
        times = times.saturating_add(u32::from(times > 0))
    )
}

/// The name that a value has in JSON: what an entry chooses its words by.
fn name_of(value: impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => name,
        Ok(serde_json::Value::Object(tagged)) => tagged.into_iter().map(|(name, _)| name).collect(),
        Ok(_) | Err(_) => String::new(),
    }
}

/// The id of the entry for a value of this kind.
fn id_of(kind: &str, value: impl Serialize) -> String {
    format!("{kind}-{}", name_of(value).replace('_', "-"))
}

/// What an entry chooses its words by.
fn yes(is: bool) -> &'static str {
    if is { "yes" } else { "no" }
}

/// A row of one button that does something, under the label that it has everywhere.
fn row(action: Action) -> Vec<Key> {
    vec![button(action)]
}

/// A button with the label that it has everywhere.
fn button(action: Action) -> Key {
    labelled(Text::entry(format!("button-{}", action.word())), action)
}

fn labelled(label: impl Into<Text>, action: Action) -> Key {
    (label.into(), Press::Tell(action.to_string()))
}

fn message(text: Text, rows: Vec<Vec<Key>>) -> Message {
    Message {
        text,
        buttons: rows.into_iter().filter(|row| !row.is_empty()).collect(),
        document: None,
        role: Role::Plain,
    }
}

fn plain(text: Text) -> Message {
    message(text, Vec::new())
}

pub(crate) mod toast {
    //! The short answers to taps.

    use super::Text;

    /// The button is of an earlier step, another version, or made up.
    pub(crate) fn old_button() -> Text {
        text!("old-button")
    }

    /// The account is erased, or was never this user's.
    pub(crate) fn no_such_account() -> Text {
        text!("account-gone")
    }
}
