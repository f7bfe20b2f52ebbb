//! A cleaned text taken apart into labels and words, and put together again as named values.

use std::ops::Range;

use super::labels::{self, Name};
use super::pieces::{Piece, pieces};
use super::{kind::Kind, shape};
use crate::domain::credentials::Field;

/// A word of the text that is no label.
pub(super) struct Word<'t> {
    pub(super) text: &'t str,
    /// Where it stands.
    pub(super) at: Range<usize>,
    line: usize,
}

/// Labels that stand together, and the words after them up to the next label.
#[derive(Default)]
pub(super) struct Section<'t> {
    pub(super) names: Vec<Name>,
    pub(super) words: Vec<Word<'t>>,
    /// How many of the words come before the last label.
    preamble: usize,
    /// Where the first label stands.
    line: usize,
}

/// The whole text as sections, and where its labels stand.
pub(super) struct Words<'t> {
    pub(super) sections: Vec<Section<'t>>,
    pub(super) labels: Vec<Range<usize>>,
}

impl<'t> Words<'t> {
    pub(super) fn of(text: &'t str) -> Self {
        let pieces = pieces(text);
        let mut words = Self {
            sections: vec![Section::default()],
            labels: Vec::new(),
        };
        let mut rest = pieces.as_slice();
        let mut line = None;
        while let Some(piece) = rest.first() {
            let first_in_line = line != Some(piece.line);
            line = Some(piece.line);
            let (used, name) = label(rest, first_in_line);
            if let Some(name) = name {
                let end = rest.get(used - 1).map_or(piece.at.end, |last| last.at.end);
                words.labels.push(piece.at.start..end);
                words.name(name, piece.line);
            } else if let Some(section) = words.sections.last_mut() {
                section.words.push(Word {
                    text: piece.text,
                    at: piece.at.clone(),
                    line: piece.line,
                });
            }
            rest = rest.get(used..).unwrap_or_default();
        }
        if words.have_labels_behind() {
            words.pull_labels_forward();
        }
        words
    }

    /// Whether each label stands behind its value in the same line: `value (API Key)`.
    fn have_labels_behind(&self) -> bool {
        let [first, .., last] = self.sections.as_slice() else {
            return false;
        };
        let is_behind = |pair: &[Section<'_>]| match pair {
            [before, behind] => {
                let value = before.words.last().filter(|_| before.values().len() == 1);
                value.is_some_and(|word| word.line == behind.line)
            }
            _ => false,
        };
        first.names.is_empty() && last.words.is_empty() && self.sections.windows(2).all(is_behind)
    }

    fn pull_labels_forward(&mut self) {
        let mut names = self
            .sections
            .pop()
            .map(|last| last.names)
            .unwrap_or_default();
        for section in self.sections.iter_mut().rev() {
            std::mem::swap(&mut section.names, &mut names);
        }
    }

    /// All words that are no labels.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Word<'t>> {
        self.sections.iter().flat_map(|section| &section.words)
    }

    /// All labels.
    pub(super) fn names(&self) -> impl Iterator<Item = Name> {
        self.sections
            .iter()
            .flat_map(|section| section.names.iter().copied())
    }

    /// The words behind the same label as the one at `at`, or in the same text without labels.
    pub(super) fn beside(&self, at: &Range<usize>) -> impl Iterator<Item = &Word<'t>> {
        let is_there = |section: &&Section<'t>| section.words.iter().any(|word| word.at == *at);
        let section = self.sections.iter().find(is_there);
        section
            .into_iter()
            .flat_map(|section| section.words.iter().skip(section.preamble))
            .filter(move |word| word.at != *at)
    }

    fn name(&mut self, name: Name, line: usize) {
        let before = self.sections.iter().flat_map(|section| &section.names);
        let name = match name {
            Name::Secret => before
                .rev()
                .copied()
                .find_map(partner)
                .unwrap_or(Name::Unknown),
            Name::Kind(_) | Name::Vague(_) | Name::Unknown | Name::Unrelated => name,
        };
        match self.sections.last_mut() {
            Some(section) if section.values().is_empty() => {
                section.preamble = section.words.len();
                if section.names.is_empty() {
                    section.line = line;
                }
                if section.names.last() != Some(&name) {
                    section.names.push(name);
                }
            }
            _ => self.sections.push(Section {
                names: vec![name],
                line,
                ..Section::default()
            }),
        }
    }
}

impl<'t> Section<'t> {
    /// The words that are values: those that look like one, or else the only word beside the label.
    pub(super) fn values(&self) -> Vec<&Word<'t>> {
        let looks: Vec<_> = self
            .words
            .iter()
            .filter(|word| shape::is_value(word.text))
            .collect();
        if !looks.is_empty() || self.names.is_empty() {
            return looks;
        }
        let after = self.words.iter().skip(self.preamble);
        let line = after.clone().next().map(|word| word.line);
        let mut beside = after.filter(|word| Some(word.line) == line);
        match (beside.next(), beside.next()) {
            (Some(word), None) if !shape::is_plain(word.text) => vec![word],
            _ => Vec::new(),
        }
    }

    /// The label of the value at `index` of `count`.
    ///
    /// A row of labels over a row of values is read in order; labels too many are headings, and the last ones count.
    pub(super) fn name_of(&self, word: &Word<'_>, index: usize, count: usize) -> Option<Name> {
        let own = shape::exact(word.text).map(|field| Name::Kind(Kind::Value(field)));
        if count < self.names.len() && own.is_some_and(|own| self.names.contains(&own)) {
            return own;
        }
        let headings = self.names.len().saturating_sub(count);
        match self.names.get(headings + index).copied()? {
            Name::Vague(kind) if !shape::may_be(word.text, kind) => None,
            name => Some(name),
        }
    }

    /// The words, if they are the lines of one wrapped value: each alone in its line and no value by itself.
    pub(super) fn wrapped(&self) -> Option<&[Word<'t>]> {
        let words = self.words.get(self.preamble..)?;
        let lines = words.windows(2).all(|pair| match pair {
            [before, after] => before.line + 1 == after.line,
            _ => false,
        });
        let parts = words.iter().all(|word| {
            word.text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
                && shape::exact(word.text).is_none()
        });
        (words.len() > 1 && lines && parts).then_some(words)
    }
}

/// What "Secret" means after `name`.
fn partner(name: Name) -> Option<Name> {
    let secret = match name.kind()? {
        Kind::Value(Field::ApiKey) => Name::Kind(Kind::Value(Field::ApiSecret)),
        Kind::Value(Field::AccessToken) => Name::Kind(Kind::Value(Field::AccessSecret)),
        Kind::ClientId => Name::Kind(Kind::ClientSecret),
        _ => Name::Unknown,
    };
    Some(secret)
}

/// How many pieces belong together at the beginning, and which label they are.
fn label(pieces: &[Piece<'_>], first_in_line: bool) -> (usize, Option<Name>) {
    let Some(first) = pieces.first() else {
        return (1, None);
    };
    if first.whole {
        return (1, None);
    }
    let together = pieces
        .windows(2)
        .take(labels::MAX_WORDS)
        .take_while(
            |pair| matches!(pair, [a, b] if a.line == b.line && a.separator.is_none() && !b.whole),
        )
        .count();
    let most = (together + 1).min(labels::MAX_WORDS);
    let texts: Vec<&str> = pieces.iter().take(most).map(|piece| piece.text).collect();
    for used in (1..=most).rev() {
        if let Some(name) = texts.get(..used).and_then(labels::name_of) {
            return (used, Some(name));
        }
    }
    // `NAME=value` everywhere, `name: value` at the beginning of a line.
    let is_label = match first.separator {
        Some('=') => true,
        Some(':') => first_in_line,
        Some(_) | None => false,
    };
    let unknown = is_label && !shape::is_value(first.text);
    (1, unknown.then_some(Name::Unknown))
}
