//! A cleaned text cut at spaces, quotes, brackets and separators, without the punctuation around each piece.

use std::ops::Range;

use super::{labels, shape};

/// What stands between a name and its value without a space, or between two such pairs.
const SEPARATORS: [char; 3] = ['=', ':', '&'];
const QUOTES: &str = "\"'´‘’‚‛“”„‟′″«»‹›「」『』";
const BRACKETS: &str = "()[]{}<>【】《》〈〉〔〕";
/// What stands between the cells of a table, the items of a list, or a name and its value.
const DIVIDERS: &str = "\t,;|│┃、。→⇒➜➡⟶↦►▶👉";
/// What is written around a word without belonging to it.
const PUNCTUATION: &str = ".!?*~#$&@\\/-+^…•·●▪○◦¿¡";

/// A stretch without spaces, quotes, brackets or separators.
pub(super) struct Piece<'t> {
    pub(super) text: &'t str,
    pub(super) at: Range<usize>,
    pub(super) line: usize,
    /// The mark after it that ends a label: `=`, `:`, or one between two labels (`&`, `|`).
    pub(super) separator: Option<char>,
    /// It must not be read as part of a label: an address, or a token with a `:` inside.
    pub(super) whole: bool,
}

/// Takes a cleaned text apart.
pub(super) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces: Vec<Piece<'_>> = Vec::new();
    let mut end = 0;
    for (line, at) in chunks(text) {
        let Some(chunk) = text.get(at.clone()) else {
            continue;
        };
        let between = text.get(end..at.start).unwrap_or_default();
        end = at.end;
        if let Some(last) = pieces.last_mut() {
            last.separator = last
                .separator
                .or_else(|| between.chars().find(|c| is_divider(*c)));
        }
        let whole_from = whole_from(chunk);
        let (parts, whole) = chunk.split_at_checked(whole_from).unwrap_or((chunk, ""));
        let mut start = at.start;
        for part in parts.split_inclusive(SEPARATORS) {
            let separator = part.chars().next_back().filter(|c| SEPARATORS.contains(c));
            let before = part.trim_end_matches(SEPARATORS);
            push(&mut pieces, before, start, line, separator);
            start += part.len();
        }
        if !whole.is_empty() {
            let text = trim_whole(whole);
            pieces.push(Piece {
                text,
                at: start..start + text.len(),
                line,
                separator: None,
                whole: true,
            });
        }
    }
    pieces
}

/// Adds a piece without the punctuation around it; `secret-AbC…` and `key/secret` are two pieces.
fn push<'t>(
    pieces: &mut Vec<Piece<'t>>,
    part: &'t str,
    start: usize,
    line: usize,
    separator: Option<char>,
) {
    let text = trim(part);
    if !text.contains(char::is_alphanumeric) && !shape::is_masked(text) {
        // A separator that stands apart belongs to the piece before it.
        let mark = separator.or_else(|| part.chars().find(|c| matches!(c, '/' | '+' | '-')));
        if let Some(last) = pieces.last_mut().filter(|last| last.line == line) {
            last.separator = last.separator.or(mark);
        }
        return;
    }
    let start = start + offset(part, text);
    if let Some((before, after)) = halves(text) {
        push(pieces, before, start, line, Some('/'));
        push(pieces, after, start + before.len() + 1, line, separator);
        return;
    }
    pieces.push(Piece {
        text,
        at: start..start + text.len(),
        line,
        separator,
        whole: false,
    });
}

/// A name and a value, two names, or two values, with a mark between that could also be part of one.
fn halves(text: &str) -> Option<(&str, &str)> {
    let is_name = |word: &str| labels::name_of(&[word]).is_some();
    let at_dash = text
        .split_once('-')
        .filter(|(before, after)| is_name(before) && shape::is_secret_like(after));
    at_dash.or_else(|| {
        let is_either = |word: &str| is_name(word) || shape::is_value(word);
        text.split_once('/')
            .filter(|(before, after)| is_either(before) && is_either(after))
    })
}

/// Where `inner`, which is a part of `outer`, begins in it.
fn offset(outer: &str, inner: &str) -> usize {
    outer.find(inner).unwrap_or_default()
}

/// What stands between spaces, quotes and brackets, with the number of its line.
fn chunks(text: &str) -> Vec<(usize, Range<usize>)> {
    let mut chunks = Vec::new();
    let mut line = 0;
    let mut start = 0;
    let mut ideographs = false;
    for (at, c) in text.char_indices() {
        let here = is_ideograph(c);
        if here != ideographs || is_delimiter(c) {
            if start < at {
                chunks.push((line, start..at));
            }
            start = if is_delimiter(c) {
                at + c.len_utf8()
            } else {
                at
            };
        }
        ideographs = here;
        line += usize::from(c == '\n');
    }
    if start < text.len() {
        chunks.push((line, start..text.len()));
    }
    chunks
}

pub(super) fn is_quote(c: char) -> bool {
    QUOTES.contains(c)
}

pub(super) fn is_bracket(c: char) -> bool {
    BRACKETS.contains(c)
}

fn is_divider(c: char) -> bool {
    DIVIDERS.contains(c)
}

fn is_delimiter(c: char) -> bool {
    c.is_whitespace() || c == '`' || is_quote(c) || is_bracket(c) || is_divider(c)
}

/// Symbols of other scripts, such as emoji, count as punctuation.
fn is_punctuation(c: char) -> bool {
    PUNCTUATION.contains(c) || !(c.is_ascii() || c.is_alphanumeric())
}

/// Scripts that are written without spaces: a value beside them is its own word.
fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{3040}'..='\u{30ff}'
        | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{20000}'..='\u{3ffff}')
}

/// From where on the chunk is one word, although it has a `:` or `=` inside.
fn whole_from(chunk: &str) -> usize {
    let address = chunk.find("://").map(|at| {
        let scheme = chunk.get(..at).unwrap_or_default();
        scheme
            .rfind(|c: char| !c.is_ascii_alphabetic())
            .map_or(0, |before| before + 1)
    });
    let bearer = chunk.find("AAAAAAAAAAAAAAAAAAAA");
    let bot_token = || {
        chunk.match_indices(':').find_map(|(at, _)| {
            let digits = chunk
                .get(..at)?
                .bytes()
                .rev()
                .take_while(u8::is_ascii_digit)
                .count();
            let start = at - digits;
            shape::is_bot_token(trim_whole(chunk.get(start..)?)).then_some(start)
        })
    };
    address.or(bearer).or_else(bot_token).unwrap_or(chunk.len())
}

fn trim_whole(word: &str) -> &str {
    word.trim_end_matches(['.', '!', '?', '*', ':'])
}

/// The piece without punctuation and Markdown around it.
fn trim(piece: &str) -> &str {
    if shape::is_masked(piece) {
        return piece;
    }
    let bare = shape::without_emphasis(piece);
    bare.trim_start_matches(|c| is_punctuation(c) && c != '@')
        .trim_end_matches(is_punctuation)
}
