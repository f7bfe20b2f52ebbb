//! What did this person paste? Reads any text as an answer to the question for one of the four values.
//!
//! A text is cleaned character by character ([`clean`](self)), taken apart into labels and words, and each word is
//! judged by its mark, its label and its length. Nothing here does I/O, and no type shows a value: a text that is
//! taken ends in a [`Secret`], everything else is a kind, a count or a length. The sentences are written elsewhere.
//!
//! Lengths and shapes are habits of X, not promises (docs.x.com names none), so they only lead to a [`Warning`].
//! Firm are three marks: the Access Token's `digits-` form, the Bearer Token's leading `A`s, and the endings of the
//! OAuth 2.0 values.

mod clean;
mod kind;
mod labels;
mod noise;
mod pieces;
mod scan;
mod shape;
mod sort;
#[cfg(test)]
mod tests;
mod words;

pub use clean::Repair;
pub use kind::Kind;
pub use scan::looks_secret;

use serde::{Deserialize, Serialize};

use clean::Cleaned;
use sort::{Found, Sorted};
use words::Words;

use super::credentials::{Field, Secret};

/// The longest single value that is taken. X's longest, the Bearer Token, has about 116 characters.
pub const MAX_VALUE_CHARS: usize = 512;

/// The longest text that is read at all: Telegram's own limit for a message.
pub const MAX_TEXT_CHARS: usize = 4096;

/// What a text turned out to be.
#[derive(Debug)]
pub struct Paste {
    /// What was cleaned from the values that are offered; none twice.
    pub repairs: Vec<Repair>,
    /// What else was recognised and left out, because it is not needed or cannot be used; none twice.
    pub dropped: Vec<Kind>,
    /// What can be done with it.
    pub content: Content,
}

/// What can be done with a text.
#[derive(Debug)]
pub enum Content {
    /// One value, to be taken as the one that was asked for.
    Value {
        /// The value, cleaned.
        value: Secret,
        /// What is unusual about it: ask before using it.
        warning: Option<Warning>,
    },
    /// One value that looks like another field's: offer to use it as that.
    OtherField {
        /// What it looks like, or what its label says.
        field: Field,
        /// The value, cleaned.
        value: Secret,
        /// It cannot be what was asked for: only Access Tokens have the `digits-` form, and all of them do.
        /// If false, "use it anyway" is a fair offer too.
        firm: bool,
    },
    /// Two, three or four values for different fields.
    Several {
        /// In the order of [`Field::ALL`].
        values: Vec<(Field, Secret)>,
        /// What is unusual about them; at most one for each field.
        warnings: Vec<(Field, Warning)>,
    },
    /// Nothing of it can be taken.
    Rejected(Rejection),
}

/// Why nothing of a text can be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rejection {
    /// No visible character.
    Blank,
    /// Longer than any value, or longer than any message.
    TooLong {
        /// How many characters there are.
        chars: usize,
    },
    /// Spaces or line breaks in the middle of what may be a value.
    InnerSpace,
    /// X showed dots or stars instead of the value: it shows each value once.
    Masked,
    /// Letters of another script: a translated page, or a keyboard of another language.
    NotAscii,
    /// Certainly something else than the four values.
    WrongKind(Kind),
    /// The Access Token was asked for, and this lacks the `digits-` form.
    NotAnAccessToken {
        /// What it may be instead.
        looks_like: Option<Kind>,
    },
    /// The name of a value, or a placeholder, without the value.
    LabelOnly {
        /// Which value is named, if that is clear.
        kind: Option<Kind>,
    },
    /// One value stands for two fields, or twice without a name.
    SameTwice,
    /// Several values, and neither labels nor lengths tell which is which.
    AmbiguousSeveral,
    /// Words: a question, an answer, a thank-you.
    Sentence,
}

/// What is unusual about a value. It may be right nevertheless: old apps differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Warning {
    /// No value of this field is known to have this length.
    UnusualLength {
        /// How many characters it has.
        chars: usize,
        /// How many X gives it today.
        usual: usize,
    },
    /// Other characters than letters and digits, or no `digits-` form where an Access Token is expected.
    UnusualCharacters,
    /// It looks like something else.
    LooksLike(Kind),
    /// The label beside it says otherwise; its form decided.
    LabelledAs(Kind),
    /// Two values could be one or the other; their order decided.
    ToldByOrder,
}

/// A value described without showing it, for reports that may be published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shape {
    /// How many characters it has.
    pub chars: usize,
    /// What it looks like by itself, if like anything known.
    pub looks_like: Option<Kind>,
    /// What is unusual about it as a value of its field.
    pub unusual: Option<Warning>,
}

/// Describes a stored value without showing it.
#[must_use]
pub fn shape(field: Field, value: &str) -> Shape {
    Shape {
        chars: value.chars().count(),
        looks_like: shape::mark(value).or_else(|| shape::hint(value)),
        unusual: warning(value, field),
    }
}

/// Reads a text that answers the question for `asked`.
#[must_use]
pub fn read(text: &str, asked: Field) -> Paste {
    let chars = text.chars().count();
    if chars > MAX_TEXT_CHARS {
        return rejected(Rejection::TooLong { chars });
    }
    let cleaned = Cleaned::new(text);
    if cleaned.text.trim().is_empty() {
        return rejected(Rejection::Blank);
    }
    let words = Words::of(&cleaned.text);
    let found = sort::find(&words, asked);
    if found.is_empty() {
        let too_long = chars > MAX_VALUE_CHARS;
        return match sole_word(&words).filter(|_| !too_long) {
            Some(found) => single(&found, &cleaned, &words, asked, Vec::new()),
            None if too_long => rejected(Rejection::TooLong { chars }),
            None => rejected(without_values(&cleaned.text, &words)),
        };
    }
    if let [one] = found.as_slice()
        && is_torn(one, &words, asked)
    {
        return rejected(Rejection::InnerSpace);
    }
    match sort::without_repetitions(found) {
        Some(found) => several(sort::sort(found, asked), &cleaned, &words, asked),
        None => rejected(Rejection::SameTwice),
    }
}

fn several(sorted: Sorted, cleaned: &Cleaned, words: &Words<'_>, asked: Field) -> Paste {
    let Sorted {
        placed,
        dropped,
        left,
        clash,
    } = sorted;
    if clash {
        return Paste {
            dropped,
            ..rejected(Rejection::AmbiguousSeveral)
        };
    }
    if placed.len() > 1 {
        let found = placed.iter().map(|placed| &placed.found);
        let repairs = noise::in_values(found, cleaned);
        let warnings = placed
            .iter()
            .filter_map(|placed| Some((placed.field, placed.warning?)));
        let warnings = warnings.collect();
        let values = placed
            .into_iter()
            .map(|placed| (placed.field, secret(&placed.found)));
        let content = Content::Several {
            values: values.collect(),
            warnings,
        };
        return Paste {
            repairs,
            dropped,
            content,
        };
    }
    let rest = left.len();
    let mut single_values = placed.into_iter().map(|placed| placed.found).chain(left);
    match (single_values.next(), single_values.next()) {
        (Some(found), None) => single(&found, cleaned, words, asked, dropped),
        (Some(_), Some(_)) => {
            let reason = if rest > 1 {
                Rejection::InnerSpace
            } else {
                Rejection::AmbiguousSeveral
            };
            Paste {
                dropped,
                ..rejected(reason)
            }
        }
        (None, _) => rejected(match dropped.first() {
            Some(Kind::Masked) => Rejection::Masked,
            Some(Kind::Value(Field::AccessToken)) => {
                Rejection::NotAnAccessToken { looks_like: None }
            }
            Some(Kind::Value(_)) | None => not_ascii_or_too_long(words),
            Some(kind) => Rejection::WrongKind(*kind),
        }),
    }
}

/// One value, judged as what its label or the question says it is.
fn single(
    found: &Found,
    cleaned: &Cleaned,
    words: &Words<'_>,
    asked: Field,
    dropped: Vec<Kind>,
) -> Paste {
    Paste {
        repairs: noise::around(found, cleaned, words),
        dropped,
        content: judge(found, asked),
    }
}

fn judge(found: &Found, asked: Field) -> Content {
    let text = found.text.as_str();
    let as_other = |field, firm| Content::OtherField {
        field,
        value: secret(found),
        firm,
    };
    let label = found.label.and_then(Kind::field);
    match shape::mark(text) {
        Some(Kind::Value(field)) if field != asked => return as_other(field, true),
        Some(Kind::Masked) => return Content::Rejected(Rejection::Masked),
        Some(kind) if kind.field().is_none() => {
            return Content::Rejected(Rejection::WrongKind(kind));
        }
        Some(_) | None => {}
    }
    if !text.is_ascii() {
        return Content::Rejected(Rejection::NotAscii);
    }
    if text.len() > MAX_VALUE_CHARS {
        return Content::Rejected(Rejection::TooLong { chars: text.len() });
    }
    let is_token = shape::mark(text).is_some();
    let exact = shape::exact(text);
    match label.filter(|label| *label != Field::AccessToken || is_token) {
        Some(field) if field != asked => return as_other(field, asked == Field::AccessToken),
        Some(_) => {}
        None => {
            if let Some(field) = exact.filter(|field| *field != asked) {
                return as_other(field, asked == Field::AccessToken);
            }
        }
    }
    if asked == Field::AccessToken && !is_token {
        let looks_like = shape::hint(text);
        return Content::Rejected(Rejection::NotAnAccessToken { looks_like });
    }
    Content::Value {
        value: secret(found),
        warning: warning(text, asked),
    }
}

/// What is unusual about a text as a value of `field`.
fn warning(text: &str, field: Field) -> Option<Warning> {
    let kind = shape::mark(text).or_else(|| shape::hint(text));
    if let Some(kind) = kind.filter(|kind| *kind != Kind::Value(field)) {
        return Some(Warning::LooksLike(kind));
    }
    if !shape::has_form(text, field) {
        return Some(Warning::UnusualCharacters);
    }
    let usual = shape::length_today(field);
    let chars = text.chars().count();
    (!shape::has_usual_length(text, field)).then_some(Warning::UnusualLength { chars, usual })
}

/// The only word of a text, if it may be a value: too short to look drawn at random, but no word of a language.
fn sole_word(words: &Words<'_>) -> Option<Found> {
    let mut all = words.iter();
    let word = all.next().filter(|_| all.next().is_none())?;
    (!shape::is_plain(word.text)).then(|| Found {
        label: None,
        text: zeroize::Zeroizing::new(word.text.to_owned()),
        at: word.at.clone(),
        wrapped: false,
        doubled: false,
    })
}

/// Why a text without any value cannot be taken.
fn without_values(text: &str, words: &Words<'_>) -> Rejection {
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
    if text
        .chars()
        .filter(|c| matches!(c, '•' | '●' | '*' | '·'))
        .count()
        >= 3
    {
        return Rejection::Masked;
    }
    match words.names().last() {
        Some(name) => Rejection::LabelOnly { kind: name.kind() },
        None => Rejection::Sentence,
    }
}

fn not_ascii_or_too_long(words: &Words<'_>) -> Rejection {
    let longest = words.iter().map(|word| word.text.chars().count()).max();
    match longest {
        Some(chars) if chars > MAX_VALUE_CHARS => Rejection::TooLong { chars },
        _ => Rejection::NotAscii,
    }
}

/// Whether words beside the value may belong to it: then a space was copied into it.
fn is_torn(found: &Found, words: &Words<'_>, asked: Field) -> bool {
    if found.wrapped || shape::mark(&found.text).is_some_and(|kind| kind.field().is_none()) {
        return false;
    }
    let beside: Vec<_> = words.beside(&found.at).collect();
    let whole = shape::exact(&found.text);
    let wanted = found.label.and_then(Kind::field).unwrap_or(asked);
    match beside.as_slice() {
        [] => false,
        [_] if whole != Some(wanted) => true,
        _ => whole.is_none() || beside.iter().any(|word| !shape::is_prose(word.text)),
    }
}

fn secret(found: &Found) -> Secret {
    Secret::new(found.text.as_str().to_owned())
}

fn rejected(rejection: Rejection) -> Paste {
    Paste {
        repairs: Vec::new(),
        dropped: Vec::new(),
        content: Content::Rejected(rejection),
    }
}
