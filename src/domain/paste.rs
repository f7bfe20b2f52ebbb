//! What did this person paste? Reads any text as an answer to the question for one of the four values.
//!
//! A text is cleaned character by character, taken apart into labels and words, and each word is judged by its mark,
//! its label and its length. Nothing here does I/O, and no type shows a value: a text that is
//! taken ends in a [`Secret`], everything else is a kind, a count or a length. The sentences are written elsewhere.
//!
//! Lengths and shapes are habits of X, not promises (docs.x.com names none), so they only lead to a [`Warning`].
//! Firm are three marks: the Access Token's `digits-` form, the Bearer Token's leading `A`s, and the endings of the
//! OAuth 2.0 values.

mod clean;
mod judge;
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

pub(crate) use clean::{Repair, is_invisible};
pub(crate) use kind::Kind;
pub(crate) use scan::looks_secret;

use serde::{Deserialize, Serialize};

use clean::Cleaned;
use judge::secret;
use kind::Found;
use sort::{Placed, Sorted};
use words::Words;

use super::credentials::{Field, Secret};

/// The longest single value that is taken. X's longest, the Bearer Token, has about 116 characters.
pub(crate) const MAX_VALUE_CHARS: usize = 512;

/// The longest text that is read at all: Telegram's own limit for a message.
pub(crate) const MAX_TEXT_CHARS: usize = 4096;

/// What a text turned out to be.
#[derive(Debug)]
pub(crate) struct Paste {
    /// What was cleaned from the values that are offered; none twice.
    pub repairs: Vec<Repair>,
    /// What else was recognised and left out, because it is not needed or cannot be used; none twice.
    pub dropped: Vec<Kind>,
    /// What can be done with it.
    pub content: Content,
}

/// What can be done with a text.
#[derive(Debug)]
pub(crate) enum Content {
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
pub(crate) enum Rejection {
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
pub(crate) enum Warning {
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
pub(crate) struct Shape {
    /// How many characters it has.
    pub chars: usize,
    /// What it looks like by itself, if like anything known.
    pub looks_like: Option<Kind>,
    /// What is unusual about it as a value of its field.
    pub unusual: Option<Warning>,
}

/// Describes a stored value without showing it.
pub(crate) fn shape(field: Field, value: &str) -> Shape {
    Shape {
        chars: value.chars().count(),
        looks_like: shape::mark(value).or_else(|| shape::hint(value)),
        unusual: judge::warning(value, field),
    }
}

/// Reads a text that answers the question for `asked`.
pub(crate) fn read(text: &str, asked: Field) -> Paste {
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
    match found.as_slice() {
        [] if chars > MAX_VALUE_CHARS => return rejected(Rejection::TooLong { chars }),
        [] => {
            return match judge::sole_word(&words) {
                Some(found) => single(&found, &cleaned, &words, asked, Vec::new()),
                None => rejected(judge::without_values(&cleaned.text, &words)),
            };
        }
        [one] if judge::is_torn(one, &words, asked) => return rejected(Rejection::InnerSpace),
        _ => {}
    }
    match sort::without_repetitions(found) {
        Some(found) => sorted(sort::sort(found, asked), &cleaned, &words, asked),
        None => rejected(Rejection::SameTwice),
    }
}

/// The values with their fields: several, or one, or none that can be used.
fn sorted(sorted: Sorted, cleaned: &Cleaned, words: &Words<'_>, asked: Field) -> Paste {
    let Sorted {
        placed,
        dropped,
        left,
        clash,
    } = sorted;
    if placed.len() > 1 && !clash {
        return several(&placed, dropped, cleaned);
    }
    let torn = left.len() > 1;
    let mut found = placed.into_iter().map(|placed| placed.found).chain(left);
    let rejection = match (found.next(), found.next()) {
        _ if clash => Rejection::AmbiguousSeveral,
        (Some(found), None) => return single(&found, cleaned, words, asked, dropped),
        (Some(_), Some(_)) if torn => Rejection::InnerSpace,
        (Some(_), Some(_)) => Rejection::AmbiguousSeveral,
        (None, _) => return rejected(judge::without_use(&dropped, words)),
    };
    Paste {
        dropped,
        ..rejected(rejection)
    }
}

fn several(placed: &[Placed], dropped: Vec<Kind>, cleaned: &Cleaned) -> Paste {
    let repairs = noise::in_values(placed.iter().map(|placed| &placed.found), cleaned);
    let warning = |placed: &Placed| Some((placed.field, placed.warning?));
    let content = Content::Several {
        warnings: placed.iter().filter_map(warning).collect(),
        values: placed
            .iter()
            .map(|placed| (placed.field, secret(&placed.found)))
            .collect(),
    };
    Paste {
        repairs,
        dropped,
        content,
    }
}

fn single(
    found: &Found,
    cleaned: &Cleaned,
    words: &Words<'_>,
    asked: Field,
    dropped: Vec<Kind>,
) -> Paste {
    let content = judge::judge(found, asked);
    let repairs = match content {
        Content::Rejected(_) => Vec::new(),
        _ => noise::around(found, cleaned, words),
    };
    Paste {
        repairs,
        dropped,
        content,
    }
}

fn rejected(rejection: Rejection) -> Paste {
    Paste {
        repairs: Vec::new(),
        dropped: Vec::new(),
        content: Content::Rejected(rejection),
    }
}
