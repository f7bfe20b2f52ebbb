//! Is there anything secret-shaped in a text that nobody asked for? For chats outside a flow, captions and names.

use super::{
    clean::Cleaned,
    kind::Kind,
    labels::{self, Name},
    shape,
    words::{Word, Words},
};
use crate::domain::credentials::Field;

/// Whether the text holds something that looks like one of the values [`Kind`] knows, also within a sentence.
///
/// It rather finds too much than too little, but leaves alone what people and programs write every day: words, names,
/// numbers, dates, hashes and UUIDs (they have letters of one case; X's values mix both), and addresses, unless a
/// value stands in them.
pub(crate) fn looks_secret(text: &str) -> bool {
    let cleaned = Cleaned::new(text);
    let words = Words::of(&cleaned.text);
    let named = words.sections.iter().any(|section| {
        let values = section.values();
        let is_named = |(index, word): (usize, &&Word<'_>)| {
            let name = section.name_of(word, index, values.len());
            name.and_then(Name::kind).is_some_and(Kind::is_secret) && is_named_secret(word.text)
        };
        values.iter().enumerate().any(is_named)
    });
    named || words.iter().any(|word| is_secret(word.text))
}

fn is_secret(word: &str) -> bool {
    match shape::mark(word) {
        Some(Kind::Value(Field::AccessToken)) => shape::is_long_access_token(word),
        Some(Kind::Url) => holds_secret(word),
        Some(kind) => kind.is_secret(),
        None => runs(word).any(shape::is_secret_like),
    }
}

/// With a label before it, a word needs less to be a secret.
fn is_named_secret(word: &str) -> bool {
    word.len() >= 12
        && word.bytes().any(|byte| byte.is_ascii_digit())
        && word.bytes().any(|byte| byte.is_ascii_alphabetic())
        && shape::mark(word).is_none_or(Kind::is_secret)
}

/// An address may hold a value with a mark anywhere, and any value as a parameter with its name.
fn holds_secret(address: &str) -> bool {
    let is_marked = |run: &str| {
        shape::is_long_access_token(run)
            || shape::is_bearer_token(run)
            || shape::mark(run)
                .is_some_and(|kind| kind.is_secret() && kind != Kind::Value(Field::AccessToken))
    };
    let names_secret = |parameter: &str| {
        parameter.split_once('=').is_some_and(|(name, value)| {
            let name = labels::name_of(&[name]).and_then(Name::kind);
            name.is_some_and(Kind::is_secret) && is_named_secret(value)
        })
    };
    let query = address
        .split_once(['?', '#'])
        .map_or("", |(_, query)| query);
    runs(address).any(is_marked) || query.split(['&', '#']).any(names_secret)
}

/// The stretches of a word that have only characters of values.
fn runs(word: &str) -> impl Iterator<Item = &str> {
    word.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '%')))
}
