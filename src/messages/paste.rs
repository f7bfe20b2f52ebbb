//! What is said about a pasted text: what was cleaned, what is unusual, why it cannot be taken, and where the right one is.

use super::{KEYS, list};
use crate::domain::{
    credentials::Field,
    paste::{Kind, Rejection, Repair, Warning},
};

/// Why a text cannot be the value that was asked for, and what to do.
pub(super) fn rejection(rejection: &Rejection, asked: Field) -> String {
    let asked = asked.label();
    match rejection {
        Rejection::Blank => format!("That message was empty. Copy the {asked} in X and paste it here."),
        Rejection::TooLong { chars } => format!(
            "That text has {chars} characters; no value is that long. Please copy the {asked} alone."
        ),
        Rejection::InnerSpace => format!(
            "There is a space or a line break inside that value. Copy the {asked} again with X's copy button."
        ),
        Rejection::Masked => format!(
            "That is the hidden form with dots or stars. X shows a value only once: if you no longer have the {asked}, \
             press Regenerate in X and copy it then."
        ),
        Rejection::NotAscii => format!(
            "That has letters X never uses. Is the page translated? Turn the translation off and copy the {asked} again."
        ),
        Rejection::WrongKind(kind) => wrong_kind(*kind, asked),
        Rejection::NotAnAccessToken { looks_like } => {
            let guess = looks_like
                .map(|kind| format!(" It looks more like your {}.", kind.label()))
                .unwrap_or_default();
            format!(
                "An Access Token begins with digits and a dash, and this does not.{guess} In X it stands under {KEYS} → \
                 Access Token."
            )
        }
        Rejection::LabelOnly { kind } => {
            let name = kind.map_or(asked, Kind::label);
            format!("That is only the name “{name}” without the value beside it. Please copy the {asked} itself.")
        }
        Rejection::SameTwice => {
            "The same value stands there for two different things. Please copy each one from its own line in X."
                .to_owned()
        }
        Rejection::AmbiguousSeveral => format!(
            "There are several values and I cannot tell which is which. Please send the {asked} alone."
        ),
        Rejection::Sentence => format!(
            "I read that as words, not as a value. Please send the {asked}; “Guide” below shows where it is."
        ),
    }
}

fn wrong_kind(kind: Kind, asked: &str) -> String {
    let label = kind.label();
    match kind {
        Kind::BearerToken
        | Kind::ClientId
        | Kind::ClientSecret
        | Kind::UserToken
        | Kind::RefreshToken
        | Kind::AuthorizationCode => format!(
            "That is the {label}, which this link does not use. The {asked} stands in another section: {KEYS}."
        ),
        Kind::Pin | Kind::AppId | Kind::UserId => format!(
            "That looks like a number ({label}), not like a value. The {asked} stands under {KEYS}."
        ),
        Kind::TelegramBotToken => format!(
            "That is the token of a Telegram bot. If it is yours, revoke it with @BotFather. The {asked} comes from X: {KEYS}."
        ),
        Kind::Email => {
            format!("That is an {label}, not a value. The {asked} stands under {KEYS}.")
        }
        Kind::Url | Kind::Username => {
            format!("That is a {label}, not a value. The {asked} stands under {KEYS}.")
        }
        Kind::Masked => rejection(&Rejection::Masked, Field::ApiKey).replace("API Key", asked),
        Kind::Value(_) => format!("That is the {label}, not the {asked}. Both stand under {KEYS}."),
    }
}

/// What was cleaned from a value, as the end of a sentence. Empty if nothing was.
pub(super) fn repairs(repairs: &[Repair]) -> String {
    if repairs.is_empty() {
        return String::new();
    }
    let words = repairs.iter().map(|repair| match repair {
        Repair::Spaces => "spaces around it",
        Repair::LineBreaks => "line breaks",
        Repair::InvisibleCharacters => "invisible characters",
        Repair::FullWidthCharacters => "full-width letters",
        Repair::LongDash => "a long dash",
        Repair::Escapes => "escaped characters",
        Repair::Markup => "formatting marks",
        Repair::Quotes => "quotes",
        Repair::Brackets => "brackets",
        Repair::Punctuation => "punctuation",
        Repair::Label => "its name in front of it",
        Repair::BearerPrefix => "the word Bearer",
        Repair::Words => "words around it",
        Repair::PastedTwice => "a second copy of it",
    });
    format!(" I cleaned up {}.", list(words))
}

/// What is unusual about a value.
pub(super) fn warning(warning: &Warning, field: Field) -> String {
    let field = field.label();
    match warning {
        Warning::UnusualLength { chars, usual } => {
            format!("it has {chars} characters, and an {field} usually has {usual}")
        }
        Warning::UnusualCharacters => {
            format!("it has characters that an {field} usually does not have")
        }
        Warning::LooksLike(kind) => format!("it looks like the {}", kind.label()),
        Warning::LabelledAs(kind) => format!("the name beside it says {}", kind.label()),
        Warning::ToldByOrder => "only the order told me which one it is".to_owned(),
    }
}
