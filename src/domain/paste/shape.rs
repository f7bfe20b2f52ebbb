//! What a single word looks like, judged by its characters and its length alone.
//!
//! The shapes are those of docs.x.com and of the secret scanners (gitleaks, `TruffleHog`, Nosey Parker). X promises none
//! of them: only the Access Token's `digits-` form and the marks of the OAuth 2.0 values are firm, lengths are a hint.

use std::ops::RangeInclusive;

use base64::engine::{DecodePaddingMode, GeneralPurposeConfig};
use base64::{Engine as _, alphabet, engine::GeneralPurpose};
use zeroize::Zeroizing;

use super::kind::Kind;
use crate::domain::credentials::Field;

/// The length of the values that X issues today, and those that apps of earlier years have.
const fn lengths(field: Field) -> (usize, RangeInclusive<usize>) {
    match field {
        Field::ApiKey => (25, 18..=22),
        Field::ApiSecret => (50, 35..=44),
        Field::AccessToken => (50, 48..=50),
        Field::AccessSecret => (45, 40..=43),
    }
}

/// How many characters X gives a value of this field today.
pub(super) fn length_today(field: Field) -> usize {
    lengths(field).0
}

/// Whether the word has a length that values of this field are known to have.
pub(super) fn has_usual_length(word: &str, field: Field) -> bool {
    if field == Field::AccessToken
        && let Some((_, rest)) = split_access_token(word)
        && rest.len() == 40
    {
        return true;
    }
    let (today, before) = lengths(field);
    word.len() == today || before.contains(&word.len())
}

/// Whether the word could be this field's value and nothing about it is unusual.
pub(super) fn fits(word: &str, field: Field) -> bool {
    has_form(word, field) && has_usual_length(word, field)
}

/// Whether nothing speaks against this kind: it fits, or fits no field at all.
pub(super) fn may_be(word: &str, kind: Kind) -> bool {
    let fitting = |field: &Field| fits(word, *field);
    kind.field().is_some_and(|field| fits(word, field)) || !Field::ALL.iter().any(fitting)
}

/// Whether the word has the characters, and the Access Token its form.
pub(super) fn has_form(word: &str, field: Field) -> bool {
    match field {
        Field::AccessToken => split_access_token(word).is_some(),
        Field::ApiKey | Field::ApiSecret | Field::AccessSecret => is_alphanumeric(word),
    }
}

/// The field whose values look exactly like this today: 25, 50 or 45 characters, or the `digits-` form.
pub(super) fn exact(word: &str) -> Option<Field> {
    Field::ALL.into_iter().find(|field| {
        fits(word, *field) && (*field == Field::AccessToken || word.len() == length_today(*field))
    })
}

/// The kind the word certainly is, whatever was asked for.
pub(super) fn mark(word: &str) -> Option<Kind> {
    if is_masked(word) {
        return Some(Kind::Masked);
    }
    if word.contains("://") || is_domain(word) {
        return Some(Kind::Url);
    }
    if is_bearer_token(word) {
        return Some(Kind::BearerToken);
    }
    if is_bot_token(word) {
        return Some(Kind::TelegramBotToken);
    }
    if split_access_token(word).is_some() {
        return Some(Kind::Value(Field::AccessToken));
    }
    if let Some((name, host)) = word.split_once('@') {
        return match name {
            "" if host.len() <= 15 && host.bytes().all(is_handle) => Some(Kind::Username),
            "" => None,
            _ => host.contains('.').then_some(Kind::Email),
        };
    }
    oauth2(word)
}

/// Whether the word would be taken for a value without a label.
pub(super) fn is_value(word: &str) -> bool {
    mark(word).is_some() || is_secret_like(word)
}

/// What the word may be although it is no mark: digits alone, or fifty characters with `-` and `_`.
pub(super) fn hint(word: &str) -> Option<Kind> {
    let digits = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
    match word.len() {
        50 if is_base64url(word) && !is_alphanumeric(word) => Some(Kind::ClientSecret),
        5..=7 if digits => Some(Kind::Pin),
        8..=10 if digits => Some(Kind::AppId),
        11..=20 if digits => Some(Kind::UserId),
        _ => exact(word).map(Kind::Value),
    }
}

/// Whether the word looks drawn at random, as secrets do, and not written by a person.
///
/// Values of X mix upper and lower case: eighteen random characters without one of them are a case in ten thousand.
/// So hashes, UUIDs, numbers and words in one case are left alone, unless they have exactly the length of a value.
pub(super) fn is_secret_like(word: &str) -> bool {
    let is_address = word.starts_with("0x")
        && word
            .bytes()
            .all(|byte| byte.is_ascii_hexdigit() || byte == b'x');
    if word.len() < 16 || !is_base64url(word) || is_address || is_prose(word) {
        return false;
    }
    let has = |test: fn(&u8) -> bool| word.bytes().any(|byte| test(&byte));
    let (upper, lower) = (has(u8::is_ascii_uppercase), has(u8::is_ascii_lowercase));
    let digit = has(u8::is_ascii_digit);
    (upper && lower && (digit || word.len() >= 18))
        || ((upper || lower) && digit && exact(word).is_some())
}

/// Whether the word could stand in a sentence, a name or a file name: `hello`, `my-shop_2`, `getUserName`, `NASA`.
pub(super) fn is_prose(word: &str) -> bool {
    if !word.is_ascii() {
        return word.chars().count() < 32
            && word.chars().any(char::is_alphabetic)
            && !word.chars().any(|c| c.is_ascii_digit());
    }
    let mut pieces = word.split(['-', '_', '.', '/', '\'', '+']);
    let has_digit = word.bytes().any(|byte| byte.is_ascii_digit());
    let short = match (word.contains(['-', '_', '.']), has_digit) {
        (true, _) => 6,
        (false, false) => 5,
        (false, true) => 4,
    };
    pieces.all(|piece| piece.len() <= short || is_written(piece))
}

/// Whether the word, standing alone, is a word: then it is no value, however it is labelled.
pub(super) fn is_plain(word: &str) -> bool {
    let short = !word.is_ascii() || word.len() < 16;
    short && is_prose(word) && !word.bytes().any(|byte| byte.is_ascii_digit())
}

/// Letters in humps (`getUserName`, `NASA`, `hello`) with at most one number, at the end.
fn is_written(piece: &str) -> bool {
    let letters = piece
        .trim_end_matches(|c: char| c.is_ascii_digit())
        .as_bytes();
    if letters.iter().any(|byte| !byte.is_ascii_alphabetic()) {
        return false;
    }
    if letters.iter().all(u8::is_ascii_uppercase) {
        return true;
    }
    // One key in thousands has such humps by chance: where the length fits, ask for longer ones.
    let least = if exact(piece).is_some() { 2 } else { 1 };
    (0..letters.len())
        .filter(|at| letters.get(*at).is_some_and(u8::is_ascii_uppercase))
        .all(|at| {
            let follow = letters.get(at + 1..=at + least);
            follow.is_some_and(|lower| lower.iter().all(u8::is_ascii_lowercase))
        })
}

/// `digits-alphanumerics`, the one form that only Access Tokens have. Dates and telephone numbers have no letters.
fn split_access_token(word: &str) -> Option<(&str, &str)> {
    let (digits, rest) = word.split_once('-')?;
    let shaped = (1..=25).contains(&digits.len())
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && is_alphanumeric(rest)
        && rest.bytes().any(|byte| byte.is_ascii_alphabetic());
    shaped.then_some((digits, rest))
}

/// Whether the part after the dash is long enough that no date, order number or file name has it.
pub(super) fn is_long_access_token(word: &str) -> bool {
    split_access_token(word).is_some_and(|(_, rest)| rest.len() >= 20)
}

/// Twenty or more `A` at the beginning.
pub(super) fn is_bearer_token(word: &str) -> bool {
    word.len() > 20 && word.bytes().take_while(|byte| *byte == b'A').count() >= 20
}

/// `digits:` and thirty or more of `[A-Za-z0-9_-]`.
pub(super) fn is_bot_token(word: &str) -> bool {
    word.split_once(':').is_some_and(|(id, secret)| {
        (6..=12).contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_digit())
            && secret.len() >= 30
            && is_base64url(secret)
    })
}

/// The values of OAuth 2.0 say what they are at the end of the text they encode.
fn oauth2(word: &str) -> Option<Kind> {
    const ENDS: [(&str, Kind); 5] = [
        (":ci", Kind::ClientId),
        (":at:1", Kind::UserToken),
        (":at:0", Kind::UserToken),
        (":rt:1", Kind::RefreshToken),
        (":ac:1", Kind::AuthorizationCode),
    ];
    let word = word.trim_end_matches('=');
    if word.len() < 20 || !is_base64url(word) {
        return None;
    }
    if word.ends_with("MTpjaQ") {
        return Some(Kind::ClientId);
    }
    let decoded = Zeroizing::new(BASE64URL.decode(word).ok()?);
    ENDS.into_iter()
        .find(|(end, _)| decoded.ends_with(end.as_bytes()))
        .map(|(_, kind)| kind)
}

/// Base64url without padding, not minding stray bits in the last character.
const BASE64URL: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Dots, stars or crosses in place of characters, or an omission (`AbCd...WxYz`).
pub(super) fn is_masked(word: &str) -> bool {
    let bare = without_emphasis(word);
    let crosses = bare.trim_matches(['x', 'X', '-', '_']).is_empty()
        && bare.to_ascii_lowercase().contains("xxx");
    let omission = bare.split_once("...").or_else(|| bare.split_once('…'));
    let omits = omission.is_some_and(|(before, after)| {
        !before.is_empty() && (is_alphanumeric(after) || (after.is_empty() && !is_prose(before)))
    });
    crosses
        || omits
        || longest_run(bare, |c| c != '*' && is_mask(c)) >= 2
        || longest_run(bare, |c| c == '*') >= 3
        || longest_run(bare, |c| c == '#') >= 4
        || longest_run(bare, |c| c == 'x') >= 6
        || longest_run(bare, |c| c == 'X') >= 6
}

/// A character that stands for a hidden one.
pub(super) fn is_mask(c: char) -> bool {
    matches!(
        c,
        '*' | '•' | '●' | '∙' | '⋅' | '·' | '▪' | '■' | '█' | '◦' | '○' | '✱' | '∗'
    )
}

/// `**word**` without the stars, if they are the same on both sides.
pub(super) fn without_emphasis(word: &str) -> &str {
    ["***", "**", "*", "__", "~~", "_"]
        .into_iter()
        .find_map(|mark| {
            let inner = word.strip_prefix(mark)?.strip_suffix(mark)?;
            (inner.contains(char::is_alphanumeric)
                && !inner.starts_with('*')
                && !inner.ends_with('*'))
            .then_some(inner)
        })
        .unwrap_or(word)
}

fn longest_run(word: &str, is_mark: impl Fn(char) -> bool) -> usize {
    let mut longest = 0;
    let mut run = 0;
    for c in word.chars() {
        run = if is_mark(c) { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

/// `console.x.com/apps`: labels in lower case, the last of letters alone.
fn is_domain(word: &str) -> bool {
    let host = word.split(['/', '?', '#']).next().unwrap_or_default();
    let is_label = |label: &str| {
        !label.is_empty()
            && label
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    host.rsplit_once('.').is_some_and(|(rest, top)| {
        (2..=10).contains(&top.len())
            && top.bytes().all(|byte| byte.is_ascii_lowercase())
            && rest.split('.').all(is_label)
    })
}

fn is_alphanumeric(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn is_base64url(word: &str) -> bool {
    word.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

fn is_handle(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}
