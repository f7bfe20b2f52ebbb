//! Telegram's HTML as lines for a terminal: with colours, or plain.

use std::fmt::Write as _;

/// How a character looks.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent marks that add up"
)]
struct Look {
    bold: bool,
    italic: bool,
    code: bool,
    link: bool,
}

type Text = Vec<(char, Look)>;

/// The lines of a message, at most `width` columns wide unless a word is wider.
pub(super) fn lines(html: &str, width: usize, color: bool) -> Vec<String> {
    parse(html.trim())
        .split(|(character, _)| *character == '\n')
        .flat_map(|line| wrap(line, width))
        .map(|line| if color { painted(&line) } else { plain(&line) })
        .collect()
}

/// Takes the tags off and notes what they mean. The bot's HTML was accepted by Telegram, so it is well-formed.
fn parse(html: &str) -> Text {
    let mut text = Text::new();
    let mut look = Look::default();
    let mut link = Link::default();
    let mut rest = html;
    while let Some(next) = rest.chars().next() {
        let tag = rest.strip_prefix('<').and_then(|rest| rest.split_once('>'));
        if let Some((tag, after)) = tag {
            match tag.strip_prefix("a href=") {
                Some(address) => link = Link::to(address.trim_matches('"'), text.len()),
                None if tag == "/a" => link.write_address(&mut text),
                None => {}
            }
            change(&mut look, tag);
            rest = after;
        } else {
            let (character, length) = entity(rest).unwrap_or_else(|| (next, next.len_utf8()));
            text.push((character, look));
            rest = &rest[length..];
        }
    }
    text
}

fn change(look: &mut Look, tag: &str) {
    let on = !tag.starts_with('/');
    let name = tag
        .trim_start_matches('/')
        .split(' ')
        .next()
        .unwrap_or_default();
    match name {
        "b" | "strong" => look.bold = on,
        "i" | "em" => look.italic = on,
        "code" | "pre" => look.code = on,
        "a" => look.link = on,
        _ => {}
    }
}

fn entity(text: &str) -> Option<(char, usize)> {
    [
        ("&lt;", '<'),
        ("&gt;", '>'),
        ("&amp;", '&'),
        ("&quot;", '"'),
    ]
    .into_iter()
    .find(|(entity, _)| text.starts_with(entity))
    .map(|(entity, character)| (character, entity.len()))
}

/// A link that is open, and where its words begin.
#[derive(Default)]
struct Link {
    address: String,
    begins: usize,
}

impl Link {
    fn to(address: &str, begins: usize) -> Self {
        Self {
            address: address.to_owned(),
            begins,
        }
    }

    /// Shows where the link leads, unless its words say so themselves.
    fn write_address(&self, text: &mut Text) {
        let words = text.get(self.begins..).unwrap_or_default();
        let words: String = words.iter().map(|(character, _)| *character).collect();
        let address = self.address.trim_start_matches("https://");
        if address != words {
            text.extend(
                format!(" ({address})")
                    .chars()
                    .map(|c| (c, Look::default())),
            );
        }
    }
}

fn wrap(line: &[(char, Look)], width: usize) -> Vec<Text> {
    let mut lines = Vec::new();
    let mut current = Text::new();
    for word in line.split_inclusive(|(character, _)| *character == ' ') {
        let visible = word.strip_suffix(&[(' ', Look::default())]).unwrap_or(word);
        if !current.is_empty() && columns(&current) + columns(visible) > width {
            lines.push(std::mem::take(&mut current));
        }
        current.extend_from_slice(word);
    }
    lines.push(current);
    for line in &mut lines {
        while line.last().is_some_and(|(character, _)| *character == ' ') {
            line.pop();
        }
    }
    lines
}

/// Columns in a terminal; near enough for emoji.
fn columns(text: &[(char, Look)]) -> usize {
    text.iter()
        .map(|(character, _)| match character {
            '\u{fe0f}' => 0,
            '\u{1f000}'.. | '✅' | '⛔' | '❌' | '❓' | '⏳' => 2,
            _ => 1,
        })
        .sum()
}

fn plain(line: &[(char, Look)]) -> String {
    line.iter().map(|(character, _)| *character).collect()
}

fn painted(line: &[(char, Look)]) -> String {
    let mut painted = String::new();
    for run in line.chunk_by(|(_, one), (_, next)| one == next) {
        let look = run.first().map(|(_, look)| *look).unwrap_or_default();
        let words = plain(run);
        let codes: Vec<&str> = [
            (look.bold, "1"),
            (look.italic, "3"),
            (look.code, "36"),
            (look.link, "4"),
        ]
        .into_iter()
        .filter_map(|(on, code)| on.then_some(code))
        .collect();
        let _ = match codes.as_slice() {
            [] => write!(painted, "{words}"),
            codes => write!(painted, "\x1b[{}m{words}\x1b[0m", codes.join(";")),
        };
    }
    painted
}
