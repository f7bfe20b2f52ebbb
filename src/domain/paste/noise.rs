//! What stood around and inside a value and was cleaned away: the part of a repair that is told.

use std::ops::Range;

use super::clean::{Cleaned, Repair};
use super::kind::Found;
use super::pieces;
use super::words::{Word, Words};

/// What was repaired inside the values. What stands between several of them is layout, not a slip.
pub(super) fn in_values<'f>(
    found: impl Iterator<Item = &'f Found>,
    cleaned: &Cleaned,
) -> Vec<Repair> {
    let mut repairs = Vec::new();
    for found in found {
        add_inside(&mut repairs, found, cleaned);
    }
    repairs
}

/// What was cleaned inside and around a value that stands alone.
pub(super) fn around(found: &Found, cleaned: &Cleaned, words: &Words<'_>) -> Vec<Repair> {
    let mut repairs = Vec::new();
    add_inside(&mut repairs, found, cleaned);
    let text = cleaned.text.as_str();
    if text.trim().len() < text.len() {
        add(&mut repairs, Repair::Spaces);
    }
    for label in &words.labels {
        add(&mut repairs, of_label(text, label));
    }
    let is_other =
        |word: &&Word<'_>| word.at.end <= found.at.start || found.at.end <= word.at.start;
    for word in words.iter().filter(is_other) {
        add(&mut repairs, of_word(word.text, found));
    }
    let is_taken = |at: usize| {
        found.at.contains(&at)
            || words.labels.iter().any(|label| label.contains(&at))
            || words.iter().any(|word| word.at.contains(&at))
    };
    for (_, c) in text.char_indices().filter(|(at, _)| !is_taken(*at)) {
        let repair = match c {
            ':' | '=' | '-' | '→' if !words.labels.is_empty() => continue,
            '`' | '*' | '_' | '~' | '#' | '|' => Repair::Markup,
            _ if c.is_whitespace() => continue,
            _ if pieces::is_quote(c) => Repair::Quotes,
            _ if pieces::is_bracket(c) => Repair::Brackets,
            _ => Repair::Punctuation,
        };
        add(&mut repairs, repair);
    }
    repairs
}

fn of_label(text: &str, label: &Range<usize>) -> Repair {
    match text.get(label.clone()) {
        Some(word) if word.eq_ignore_ascii_case("bearer") => Repair::BearerPrefix,
        Some(_) | None => Repair::Label,
    }
}

fn of_word(word: &str, found: &Found) -> Repair {
    let is_number = word.len() <= 2 && word.bytes().all(|byte| byte.is_ascii_digit());
    match word {
        _ if word == *found.text => Repair::PastedTwice,
        _ if is_number => Repair::Markup,
        _ => Repair::Words,
    }
}

fn add_inside(repairs: &mut Vec<Repair>, found: &Found, cleaned: &Cleaned) {
    for repair in cleaned.repairs_in(found.at.start, found.at.end) {
        add(repairs, repair);
    }
    if found.wrapped {
        add(repairs, Repair::LineBreaks);
    }
    if found.doubled {
        add(repairs, Repair::PastedTwice);
    }
}

fn add(repairs: &mut Vec<Repair>, repair: Repair) {
    if !repairs.contains(&repair) {
        repairs.push(repair);
    }
}
