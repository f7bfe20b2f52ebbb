//! What is said about a pasted text: what was cleaned, what is unusual, why it cannot be taken, and where the right one is.

use super::{Join, Text, id_of, name_of};
use crate::domain::{
    credentials::Field,
    paste::{Kind, Rejection, Repair, Warning},
};

/// What a kind of text is called.
pub(super) fn kind(kind: Kind) -> Text {
    text!("kind", kind = name_of(kind), label = kind.label())
}

/// Why a text cannot be the value that was asked for, and what to do.
pub(super) fn rejection(rejection: &Rejection, asked: Field) -> Text {
    let said = match rejection {
        Rejection::WrongKind(Kind::Masked) => return self::rejection(&Rejection::Masked, asked),
        Rejection::TooLong { chars } => text!("paste-too-long", chars = *chars),
        Rejection::WrongKind(found) => text!(
            "paste-wrong-kind",
            kind = name_of(found),
            label = kind(*found)
        ),
        Rejection::NotAnAccessToken { looks_like } => {
            text!("paste-not-an-access-token", label = looks_like.map(kind))
        }
        Rejection::LabelOnly { kind: named } => text!(
            "paste-label-only",
            label = named.map_or_else(|| asked.into(), kind)
        ),
        rejection => Text::entry(id_of("paste", rejection)),
    };
    said.with("field", asked)
}

/// What was cleaned from a value. Nothing if nothing was.
pub(super) fn repairs(repairs: &[Repair]) -> Option<Text> {
    let cleaned = repairs
        .iter()
        .map(|repair| text!("repair", what = name_of(repair)));
    (!repairs.is_empty()).then(|| text!("cleaned", what = Text::joined(cleaned, Join::And)))
}

/// What is unusual about a value.
pub(super) fn warning(warning: &Warning) -> Text {
    let (found, chars, usual) = match warning {
        Warning::UnusualLength { chars, usual } => (None, *chars, *usual),
        Warning::LooksLike(found) | Warning::LabelledAs(found) => (Some(kind(*found)), 0, 0),
        Warning::UnusualCharacters | Warning::ToldByOrder => (None, 0, 0),
    };
    text!(
        "unusual",
        what = name_of(warning),
        label = found,
        chars = chars,
        usual = usual
    )
}
