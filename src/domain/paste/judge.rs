//! The judgement on one value, and on a text that has none.

use zeroize::Zeroizing;

use super::{
    Content, MAX_VALUE_CHARS, Rejection, Warning,
    kind::{Found, Kind},
    shape,
    words::Words,
};
use crate::domain::credentials::{Field, Secret};

/// What can be done with the only value of a text.
pub(super) fn judge(found: &Found, asked: Field) -> Content {
    let text = found.text.as_str();
    if let Some(kind) = shape::mark(text).filter(|kind| kind.field().is_none()) {
        return Content::Rejected(wrong_kind(kind));
    }
    if !text.is_ascii() {
        return Content::Rejected(Rejection::NotAscii);
    }
    if text.len() > MAX_VALUE_CHARS {
        return Content::Rejected(Rejection::TooLong { chars: text.len() });
    }
    let is_token = shape::has_form(text, Field::AccessToken);
    // The form is firm: a label that contradicts it counts for nothing.
    let label = found.label.and_then(Kind::field);
    let label = label.filter(|label| (*label == Field::AccessToken) == is_token);
    let by_shape = if is_token {
        Some(Field::AccessToken)
    } else {
        shape::exact(text)
    };
    let field = label.or(by_shape).unwrap_or(asked);
    let value = secret(found);
    if field != asked {
        let firm = is_token || asked == Field::AccessToken;
        return Content::OtherField { field, value, firm };
    }
    if asked == Field::AccessToken && !is_token {
        let looks_like = shape::hint(text);
        return Content::Rejected(Rejection::NotAnAccessToken { looks_like });
    }
    let warning = warning(text, asked);
    Content::Value { value, warning }
}

/// What is unusual about a text as a value of `field`.
pub(super) fn warning(text: &str, field: Field) -> Option<Warning> {
    let kind = shape::mark(text).or_else(|| shape::hint(text));
    if let Some(kind) = kind.filter(|kind| *kind != Kind::Value(field)) {
        return Some(Warning::LooksLike(kind));
    }
    if !shape::has_form(text, field) {
        return Some(Warning::UnusualCharacters);
    }
    let chars = text.chars().count();
    let usual = shape::length_today(field);
    (!shape::has_usual_length(text, field)).then_some(Warning::UnusualLength { chars, usual })
}

/// The only word of a text, if it may be a value: too short to look drawn at random, but no word of a language.
pub(super) fn sole_word(words: &Words<'_>) -> Option<Found> {
    let mut all = words.iter();
    let word = all.next().filter(|_| all.next().is_none())?;
    (!shape::is_plain(word.text)).then(|| Found {
        label: None,
        text: Zeroizing::new(word.text.to_owned()),
        at: word.at.clone(),
        wrapped: false,
        doubled: false,
    })
}

/// Whether words beside the value may belong to it: then a space was copied into it.
pub(super) fn is_torn(found: &Found, words: &Words<'_>, asked: Field) -> bool {
    let text = found.text.as_str();
    if found.wrapped || shape::mark(text).is_some_and(|kind| kind.field().is_none()) {
        return false;
    }
    let beside: Vec<_> = words.beside(&found.at).collect();
    let wanted = found.label.and_then(Kind::field).unwrap_or(asked);
    match beside.as_slice() {
        [] => false,
        [other] => shape::exact(text) != Some(wanted) || !shape::is_prose(other.text),
        others => {
            let whole = shape::exact(text).is_some() || shape::fits(text, wanted);
            !whole || others.iter().any(|word| !shape::is_prose(word.text))
        }
    }
}

/// Why a text without any value cannot be taken.
pub(super) fn without_values(text: &str, words: &Words<'_>) -> Rejection {
    let mut odd = words
        .iter()
        .filter(|word| !shape::is_prose(word.text))
        .peekable();
    if odd.peek().is_some() {
        let torn = odd.all(|word| word.text.is_ascii());
        return if torn {
            Rejection::InnerSpace
        } else {
            Rejection::NotAscii
        };
    }
    if words.iter().next().is_some() {
        return Rejection::Sentence;
    }
    if text.chars().filter(|c| shape::is_mask(*c)).count() >= 3 {
        return Rejection::Masked;
    }
    match words.names().last() {
        Some(name) => Rejection::LabelOnly { kind: name.kind() },
        None => Rejection::Sentence,
    }
}

/// Why none of the recognised values can be taken.
pub(super) fn without_use(dropped: &[Kind], words: &Words<'_>) -> Rejection {
    let longest = words.iter().map(|word| word.text.chars().count()).max();
    match (dropped.first(), longest) {
        (Some(Kind::Value(Field::AccessToken)), _) => {
            Rejection::NotAnAccessToken { looks_like: None }
        }
        (Some(Kind::Value(_)) | None, Some(chars)) if chars > MAX_VALUE_CHARS => {
            Rejection::TooLong { chars }
        }
        (Some(Kind::Value(_)) | None, _) => Rejection::NotAscii,
        (Some(kind), _) => wrong_kind(*kind),
    }
}

/// The value, in a copy that is wiped like all others.
pub(super) fn secret(found: &Found) -> Secret {
    Secret::new(found.text.as_str().to_owned())
}

fn wrong_kind(kind: Kind) -> Rejection {
    match kind {
        Kind::Masked => Rejection::Masked,
        kind => Rejection::WrongKind(kind),
    }
}
