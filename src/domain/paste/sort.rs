//! Which of several values belongs to which field: by its mark, by its label, by its length, and last by its place.

use zeroize::Zeroizing;

use super::words::{Section, Words};
use super::{
    MAX_VALUE_CHARS, Warning, judge,
    kind::{Found, Kind},
    labels::Name,
    shape,
};
use crate::domain::credentials::Field;

/// Shorter than this, it is rather a damaged API Key.
const LEAST_SECRET: usize = 30;

/// A value and the field it is taken for.
pub(super) struct Placed {
    pub(super) field: Field,
    pub(super) found: Found,
    pub(super) warning: Option<Warning>,
    how: How,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    Label,
    Shape,
}

/// What became of all values.
#[derive(Default)]
pub(super) struct Sorted {
    pub(super) placed: Vec<Placed>,
    /// Recognised, and not to be used.
    pub(super) dropped: Vec<Kind>,
    /// Neither label nor length tells what they are.
    pub(super) left: Vec<Found>,
    /// Two different values claim one field.
    pub(super) clash: bool,
}

/// All values of the text, in its order.
pub(super) fn find(words: &Words<'_>, asked: Field) -> Vec<Found> {
    let mut all = Vec::new();
    for section in &words.sections {
        let alone = !section.names.is_empty() || words.sections.len() == 1;
        if let Some(found) = joined(section, asked).filter(|_| alone) {
            all.push(found);
            continue;
        }
        let values = section.values();
        for (index, word) in values.iter().enumerate() {
            let name = section.name_of(word, index, values.len());
            if name == Some(Name::Unrelated) {
                continue;
            }
            let once = half_of_doubled(word.text);
            all.push(Found {
                label: name.and_then(Name::kind),
                text: Zeroizing::new(once.unwrap_or(word.text).to_owned()),
                at: word.at.clone(),
                wrapped: false,
                doubled: once.is_some(),
            });
        }
    }
    all
}

/// The lines of a wrapped value as one, if that is exactly what its label or the question asks for.
fn joined(section: &Section<'_>, asked: Field) -> Option<Found> {
    let parts = section.wrapped()?;
    let label = section.names.last().copied().and_then(Name::kind);
    let length = parts.iter().map(|part| part.text.len()).sum();
    let mut text = Zeroizing::new(String::with_capacity(length));
    text.extend(parts.iter().map(|part| part.text));
    let wanted = label.and_then(Kind::field).unwrap_or(asked);
    let at = parts.first()?.at.start..parts.last()?.at.end;
    (shape::exact(&text) == Some(wanted)).then_some(Found {
        label,
        text,
        at,
        wrapped: true,
        doubled: false,
    })
}

/// Leaves one of each value that is written twice under one name. `None` if one value stands for two fields.
pub(super) fn without_repetitions(found: Vec<Found>) -> Option<Vec<Found>> {
    let mut kept: Vec<Found> = Vec::with_capacity(found.len());
    for next in found {
        let twin = kept.iter_mut().find(|before| *before.text == *next.text);
        let Some(twin) = twin else {
            kept.push(next);
            continue;
        };
        let is_value = shape::mark(&next.text).is_none_or(|kind| kind.field().is_some());
        let one_name = match (twin.label, next.label) {
            (Some(a), Some(b)) => a == b,
            (None, None) => false,
            (Some(_), None) | (None, Some(_)) => true,
        };
        if is_value && !one_name {
            return None;
        }
        twin.label = twin.label.or(next.label);
    }
    Some(kept)
}

/// Gives each value its field.
pub(super) fn sort(found: Vec<Found>, asked: Field) -> Sorted {
    let mut sorted = Sorted::default();
    let mut loose = Vec::new();
    for found in found {
        let usable = found.text.is_ascii() && found.text.len() <= MAX_VALUE_CHARS;
        match (shape::mark(&found.text), found.label) {
            (Some(Kind::Value(field)), _) => sorted.place(field, found, How::Label, None),
            (None, Some(Kind::Value(Field::AccessToken)) | None) if usable => loose.push(found),
            (None, Some(Kind::Value(field))) if usable && field != Field::AccessToken => {
                sorted.place(field, found, How::Label, None);
            }
            (Some(kind), _) | (None, Some(kind)) => sorted.drop_kind(kind),
            (None, None) => {}
        }
    }
    let mut unsure = Vec::new();
    for found in loose {
        match shape::exact(&found.text) {
            Some(field) => sorted.place(field, found, How::Shape, None),
            None => unsure.push(found),
        }
    }
    let mut secrets = Vec::new();
    for found in unsure {
        match candidates(&found, &sorted).as_slice() {
            [] if found.label.is_some() => sorted.drop_kind(Kind::Value(Field::AccessToken)),
            [] => sorted.left.push(found),
            [field] => sorted.place(*field, found, How::Shape, None),
            _ => secrets.push(found),
        }
    }
    sorted.place_by_order(secrets, asked);
    sorted.place_damaged();
    sorted.placed.sort_by_key(|placed| placed.field);
    sorted
}

impl Sorted {
    fn has(&self, field: Field) -> bool {
        self.placed.iter().any(|placed| placed.field == field)
    }

    fn drop_kind(&mut self, kind: Kind) {
        if !self.dropped.contains(&kind) {
            self.dropped.push(kind);
        }
    }

    /// A value that is told by its shape alone gives way to one with a label.
    fn place(&mut self, field: Field, found: Found, how: How, warning: Option<Warning>) {
        match self.placed.iter().find(|placed| placed.field == field) {
            Some(before) if how == How::Shape && before.how == How::Label => {}
            Some(_) => self.clash = true,
            None => {
                let mislabelled = found.label.filter(|label| *label != Kind::Value(field));
                let warning = mislabelled
                    .map(Warning::LabelledAs)
                    .or(warning)
                    .or_else(|| judge::warning(&found.text, field));
                self.placed.push(Placed {
                    field,
                    found,
                    warning,
                    how,
                });
            }
        }
    }

    /// The secret of the key right before the value, if only known values and those at `others` stand in the text.
    fn secret_behind(&self, found: &Found, others: &[usize]) -> Option<Field> {
        let keys = self
            .placed
            .iter()
            .map(|placed| (placed.found.at.start, Some(placed.field)));
        let all = keys.chain(others.iter().map(|start| (*start, None)));
        let before = all.filter(|(start, _)| *start < found.at.start);
        let (_, nearest) = before.max_by_key(|(start, _)| *start)?;
        secret_of(nearest?)
    }

    /// A secret that lost some characters still stands behind its key.
    fn place_damaged(&mut self) {
        for found in std::mem::take(&mut self.left) {
            let free = self
                .secret_behind(&found, &[])
                .filter(|field| !self.has(*field));
            match free.filter(|_| found.text.len() >= LEAST_SECRET) {
                Some(field) => self.place(field, found, How::Shape, None),
                None => self.left.push(found),
            }
        }
    }

    /// Two secrets of older apps cannot be told apart by length: each belongs to the key before it, or else the
    /// order is the console's.
    fn place_by_order(&mut self, secrets: Vec<Found>, asked: Field) {
        let starts: Vec<_> = secrets.iter().map(|found| found.at.start).collect();
        let behind = |found: &Found| self.secret_behind(found, &starts);
        let mut fields: Vec<_> = secrets.iter().map(behind).collect();
        match secrets.as_slice() {
            [] => return,
            [_] => {
                let keys = [Field::ApiKey, Field::AccessToken].into_iter();
                let mut partners = keys.filter(|key| self.has(*key)).filter_map(secret_of);
                let sole = partners.next().filter(|_| partners.next().is_none());
                let is_secret = matches!(asked, Field::ApiSecret | Field::AccessSecret);
                let fallback = sole.or_else(|| is_secret.then_some(asked));
                fields = vec![fields.first().copied().flatten().or(fallback)];
            }
            [_, _] => {
                if fields.iter().any(Option::is_none) || fields.first() == fields.last() {
                    fields = vec![Some(Field::ApiSecret), Some(Field::AccessSecret)];
                }
            }
            _ => {
                self.clash = true;
                return;
            }
        }
        for (found, field) in secrets.into_iter().zip(fields) {
            match field {
                Some(field) => self.place(field, found, How::Shape, Some(Warning::ToldByOrder)),
                None => self.left.push(found),
            }
        }
    }
}

/// The fields without a value whose values have such a length.
fn candidates(found: &Found, sorted: &Sorted) -> Vec<Field> {
    let fits = |field: &Field| shape::fits(&found.text, *field) && !sorted.has(*field);
    Field::ALL.into_iter().filter(fits).collect()
}

fn secret_of(key: Field) -> Option<Field> {
    match key {
        Field::ApiKey => Some(Field::ApiSecret),
        Field::AccessToken => Some(Field::AccessSecret),
        Field::ApiSecret | Field::AccessSecret => None,
    }
}

/// Half of a word that is twice the same: no value repeats itself.
fn half_of_doubled(word: &str) -> Option<&str> {
    let (first, second) = word.split_at_checked(word.len() / 2)?;
    (first.len() >= 16 && first == second && !shape::is_masked(word)).then_some(first)
}
