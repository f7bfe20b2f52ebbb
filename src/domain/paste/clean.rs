//! The pasted text with everything undone that copying, translating and formatting do to single characters.
//!
//! Which of it is worth telling is decided later: only what touched a value that is taken.

use serde::{Deserialize, Serialize};

use zeroize::Zeroizing;

/// What was cleaned from a value. Told to the user, so that nothing changes behind their back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Repair {
    /// Spaces or line breaks before or after it.
    Spaces,
    /// Line breaks inside it, where it had been wrapped.
    LineBreaks,
    /// Zero-width and other invisible characters.
    InvisibleCharacters,
    /// Full-width letters and digits, as East Asian keyboards write them.
    FullWidthCharacters,
    /// A long dash where X has a hyphen.
    LongDash,
    /// HTML entities, or characters escaped with a backslash.
    Escapes,
    /// HTML tags or Markdown: backticks, stars, list marks.
    Markup,
    /// Quotes around it.
    Quotes,
    /// Brackets or braces around it.
    Brackets,
    /// Full stops, commas and the like around it.
    Punctuation,
    /// Its name in front of it: `API Key:`, `KEY=`.
    Label,
    /// The word `Bearer` in front of it.
    BearerPrefix,
    /// Other words around it.
    Words,
    /// The same value twice.
    PastedTwice,
}

/// A cleaned text, with the places where a character was changed or left out.
pub(super) struct Cleaned {
    pub(super) text: Zeroizing<String>,
    /// Byte positions in `text`.
    marks: Vec<(usize, Repair)>,
}

impl Cleaned {
    pub(super) fn new(pasted: &str) -> Self {
        // Never longer than what was pasted, so the text is not moved while it grows, and no copy stays behind.
        let text = Zeroizing::new(String::with_capacity(pasted.len()));
        let mut cleaned = Self {
            text,
            marks: Vec::new(),
        };
        let mut rest = pasted;
        while let Some(c) = rest.chars().next() {
            let skip = if let Some((c, len)) = entity(rest).or_else(|| backslash(rest)) {
                cleaned.mark(Repair::Escapes);
                cleaned.push(c);
                len
            } else if let Some((c, len)) = tag(rest) {
                cleaned.mark(Repair::Markup);
                cleaned.push(c);
                len
            } else if let Some(len) = fence(rest) {
                cleaned.push('`');
                len
            } else {
                cleaned.push(c);
                c.len_utf8()
            };
            rest = rest.get(skip..).unwrap_or_default();
        }
        cleaned
    }

    /// What was changed inside a stretch of the text or at its edges.
    pub(super) fn repairs_in(&self, start: usize, end: usize) -> impl Iterator<Item = Repair> {
        self.marks
            .iter()
            .filter(move |(at, _)| (start..=end).contains(at))
            .map(|(_, repair)| *repair)
    }

    fn push(&mut self, c: char) {
        match c {
            '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => {
                self.text.push('\n');
            }
            _ if c.is_whitespace() => self.text.push(if c == '\t' { '\t' } else { ' ' }),
            _ if is_invisible(c) => self.mark(Repair::InvisibleCharacters),
            '\u{ff01}'..='\u{ff5e}' => {
                self.mark(Repair::FullWidthCharacters);
                let ascii = char::from_u32(u32::from(c) - 0xfee0);
                self.text.extend(ascii);
            }
            '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe58}' | '\u{fe63}' => {
                self.mark(Repair::LongDash);
                self.text.push('-');
            }
            _ => self.text.push(c),
        }
    }

    fn mark(&mut self, repair: Repair) {
        self.marks.push((self.text.len(), repair));
    }
}

/// Characters that take no room, or look like a space and are none: format characters, fillers, controls, tags.
pub(crate) fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{20e3}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// An HTML entity at the beginning: the character and how many bytes it takes.
fn entity(text: &str) -> Option<(char, usize)> {
    const NAMED: [(&str, char); 14] = [
        ("amp", '&'),
        ("lt", '<'),
        ("gt", '>'),
        ("quot", '"'),
        ("apos", '\''),
        ("nbsp", ' '),
        ("ensp", ' '),
        ("emsp", ' '),
        ("zwnj", '\u{200c}'),
        ("zwj", '\u{200d}'),
        ("shy", '\u{ad}'),
        ("colon", ':'),
        ("equals", '='),
        ("hyphen", '-'),
    ];
    let body = text.strip_prefix('&')?;
    let end = body.bytes().take(10).position(|byte| byte == b';')?;
    let name = body.get(..end)?;
    let c = match name.strip_prefix('#') {
        Some(number) => {
            let hex = number.strip_prefix(['x', 'X']);
            let code = hex.map_or_else(|| number.parse(), |hex| u32::from_str_radix(hex, 16));
            char::from_u32(code.ok()?)?
        }
        None => NAMED.into_iter().find(|(known, _)| *known == name)?.1,
    };
    Some((c, end + 2))
}

/// A character written with a backslash before it, as in JSON, a shell or Markdown.
fn backslash(text: &str) -> Option<(char, usize)> {
    let escaped = text.strip_prefix('\\')?;
    let c = escaped.chars().next()?;
    Some(match c {
        'n' | 'r' => ('\n', 2),
        't' => ('\t', 2),
        'u' => {
            let code = escaped
                .get(1..5)
                .and_then(|hex| u32::from_str_radix(hex, 16).ok());
            (code.and_then(char::from_u32)?, 6)
        }
        _ => (c, 1 + c.len_utf8()),
    })
}

/// An HTML tag at the beginning: what it does to the text around it, and its length. `<AbC…>` is none.
fn tag(text: &str) -> Option<(char, usize)> {
    const INLINE: [&str; 12] = [
        "a", "b", "code", "em", "font", "i", "kbd", "pre", "s", "span", "strong", "u",
    ];
    const BLOCK: [&str; 10] = [
        "br", "dd", "div", "dt", "li", "p", "table", "tr", "ul", "ol",
    ];
    const CELL: [&str; 4] = ["td", "th", "tbody", "thead"];
    let body = text.strip_prefix('<')?;
    let end = body.bytes().take(200).position(|byte| byte == b'>')?;
    let inside = body.get(..end)?.trim_matches('/');
    let name = inside.split([' ', '\n', '/']).next()?;
    let is_in = |list: &[&str]| list.iter().any(|known| name.eq_ignore_ascii_case(known));
    let c = if is_in(&INLINE) {
        '`'
    } else if is_in(&BLOCK) {
        '\n'
    } else if is_in(&CELL) {
        '|'
    } else {
        return None;
    };
    Some((c, end + 2))
}

/// The first line of a fenced code block, with the language it may name: its length without the line break.
fn fence(text: &str) -> Option<usize> {
    let language = text.strip_prefix("```")?;
    let end = language.find('\n')?;
    let is_language = language.get(..end)?.chars().all(char::is_alphabetic) && end <= 12;
    is_language.then_some(3 + end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cleaned(text: &str) -> String {
        Cleaned::new(text).text.to_string()
    }

    #[test]
    fn characters_are_put_back_to_what_was_copied() {
        for (pasted, expected) in [
            ("a\u{200b}b\u{feff}", "ab"),
            ("a\u{a0}b\u{3000}c", "a b c"),
            ("a\r\nb\u{2028}c", "a\n\nb\nc"),
            ("ＡＰＩ：ｋ", "API:k"),
            ("12–ab", "12-ab"),
            ("&quot;a&quot;&#58;&#x3a;&nbsp;&amp;", "\"a\":: &"),
            ("a\\nb\\u0041\\_c\\", "a\nbA_c\\"),
            ("<code>a</code><br/>b", "`a`\nb"),
            ("<a href=\"x\">b</a>", "`b`"),
            ("<AbC>", "<AbC>"),
            ("```json\na```", "`\na```"),
            ("AT&T; &unknown;", "AT&T; &unknown;"),
        ] {
            assert_eq!(cleaned(pasted), expected, "{pasted:?}");
        }
    }

    #[test]
    fn a_cleaned_text_is_never_longer_so_it_is_never_moved() {
        for text in [
            "&lt;",
            "\\u20ac",
            "<p>",
            "```x\n",
            "ｆ",
            "&#8364;",
            "&#128512;",
        ] {
            assert!(Cleaned::new(text).text.len() <= text.len(), "{text}");
        }
    }
}
