//! Telegram's HTML parse mode: its few tags become entities, everything else is refused with Telegram's own words.

use serde_json::{Map, Value, json};

/// A text as a client shows it, with its formatting beside it.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Formatted {
    pub(super) text: String,
    pub(super) entities: Vec<Value>,
}

/// A start tag that waits for its end tag.
struct Open {
    tag: String,
    argument: Option<String>,
    offset: usize,
    byte: usize,
}

/// Parses the text of a message in HTML mode.
///
/// As in Telegram, a `&` that begins none of `&lt; &gt; &amp; &quot;` and no numeric entity stands for itself.
pub(super) fn parse(source: &str) -> Result<Formatted, String> {
    Parser {
        source,
        at: 0,
        out: String::new(),
        units: 0,
        open: Vec::new(),
        entities: Vec::new(),
    }
    .run()
}

/// Cuts the white space around a text, as Telegram does before it looks whether anything is left.
pub(super) fn trim(formatted: Formatted) -> Formatted {
    let leading = &formatted.text[..formatted.text.len() - formatted.text.trim_start().len()];
    let cut = utf16_len(leading);
    let text = formatted.text.trim().to_owned();
    let total = utf16_len(&text);
    let entities = formatted
        .entities
        .into_iter()
        .filter_map(|mut entity| {
            let offset = number(&entity, "offset");
            let end = (offset + number(&entity, "length"))
                .saturating_sub(cut)
                .min(total);
            let offset = offset.saturating_sub(cut);
            if end <= offset {
                return None;
            }
            entity["offset"] = json!(offset);
            entity["length"] = json!(end - offset);
            Some(entity)
        })
        .collect();
    Formatted { text, entities }
}

/// The length that Telegram counts entity offsets in.
pub(super) fn utf16_len(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

fn number(entity: &Value, field: &str) -> usize {
    entity[field]
        .as_u64()
        .and_then(|n| usize::try_from(n).ok())
        .unwrap_or(0)
}

struct Parser<'a> {
    source: &'a str,
    at: usize,
    out: String,
    units: usize,
    open: Vec<Open>,
    entities: Vec<Value>,
}

impl Parser<'_> {
    fn run(mut self) -> Result<Formatted, String> {
        while let Some(next) = self.peek() {
            match next {
                '&' => {
                    let character = self.entity().unwrap_or_else(|| {
                        self.at += 1;
                        '&'
                    });
                    self.push(character);
                }
                '<' if self.source[self.at..].starts_with("</") => self.end_tag()?,
                '<' => self.start_tag()?,
                other => {
                    self.at += other.len_utf8();
                    self.push(other);
                }
            }
        }
        if let Some(open) = self.open.pop() {
            return Err(format!(
                "Can't find end tag corresponding to start tag \"{}\"",
                open.tag
            ));
        }
        self.entities.sort_by_key(|entity| {
            (
                number(entity, "offset"),
                usize::MAX - number(entity, "length"),
            )
        });
        Ok(Formatted {
            text: self.out,
            entities: self.entities,
        })
    }

    fn peek(&self) -> Option<char> {
        self.source[self.at..].chars().next()
    }

    fn push(&mut self, character: char) {
        self.out.push(character);
        self.units += character.len_utf16();
    }

    fn skip_spaces(&mut self) {
        while self.peek().is_some_and(|c| c.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    fn take_while(&mut self, keep: impl Fn(char) -> bool) -> String {
        let rest = &self.source[self.at..];
        let end = rest.find(|c| !keep(c)).unwrap_or(rest.len());
        self.at += end;
        rest[..end].to_owned()
    }

    /// Reads a character reference at the cursor; leaves the cursor where it is when there is none.
    fn entity(&mut self) -> Option<char> {
        let rest = &self.source[self.at..];
        let body = &rest[1..];
        if let Some(numeric) = body.strip_prefix('#') {
            let (digits, radix, prefix) = match numeric.strip_prefix(['x', 'X']) {
                Some(hex) => (hex, 16, 3),
                None => (numeric, 10, 2),
            };
            let end = digits
                .find(|c: char| !c.is_digit(radix))
                .unwrap_or(digits.len());
            let character = u32::from_str_radix(&digits[..end], radix)
                .ok()
                .and_then(char::from_u32)?;
            if character == '\0' {
                return None;
            }
            let semicolon = usize::from(digits[end..].starts_with(';'));
            self.at += prefix + end + semicolon;
            return Some(character);
        }
        let end = body
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(body.len());
        let character = match &body[..end] {
            "lt" => '<',
            "gt" => '>',
            "amp" => '&',
            "quot" => '"',
            _ => return None,
        };
        self.at += 1 + end + usize::from(body[end..].starts_with(';'));
        Some(character)
    }

    fn start_tag(&mut self) -> Result<(), String> {
        let begin = self.at;
        self.at += 1;
        let tag = self
            .take_while(|c| !c.is_ascii_whitespace() && c != '>')
            .to_ascii_lowercase();
        if self.peek().is_none() {
            return Err(format!("Unclosed start tag at byte offset {begin}"));
        }
        if kind_of(&tag).is_none() {
            return Err(format!(
                "Unsupported start tag \"{tag}\" at byte offset {begin}"
            ));
        }
        let argument = self.attributes(&tag, begin)?;
        if tag == "span" && argument.as_deref() != Some("tg-spoiler") {
            return Err(format!(
                "Tag \"span\" must have class \"tg-spoiler\" at byte offset {begin}"
            ));
        }
        self.open.push(Open {
            tag,
            argument,
            offset: self.units,
            byte: self.out.len(),
        });
        Ok(())
    }

    /// Reads the attributes up to and with the closing bracket; returns the one that matters for the tag.
    fn attributes(&mut self, tag: &str, begin: usize) -> Result<Option<String>, String> {
        let unclosed = || format!("Unclosed start tag at byte offset {begin}");
        let mut argument = None;
        loop {
            self.skip_spaces();
            match self.peek() {
                None => return Err(unclosed()),
                Some('>') => {
                    self.at += 1;
                    return Ok(argument);
                }
                Some(_) => {}
            }
            let attribute = self.take_while(|c| !c.is_ascii_whitespace() && c != '=' && c != '>');
            if attribute.is_empty() {
                return Err(format!(
                    "Empty attribute name in the tag \"{tag}\" at byte offset {begin}"
                ));
            }
            self.skip_spaces();
            if self.peek() != Some('=') {
                if tag == "blockquote" && attribute == "expandable" {
                    argument = Some(attribute);
                    continue;
                }
                return Err(format!(
                    "Expected equal sign in declaration of an attribute of the tag \"{tag}\" at byte offset {begin}"
                ));
            }
            self.at += 1;
            self.skip_spaces();
            let value = self.attribute_value().ok_or_else(unclosed)?;
            match (tag, attribute.to_ascii_lowercase().as_str()) {
                ("a", "href") | ("span", "class") => argument = Some(value),
                ("code", "class") => argument = value.strip_prefix("language-").map(str::to_owned),
                _ => {}
            }
        }
    }

    fn attribute_value(&mut self) -> Option<String> {
        let quote = self.peek()?;
        if quote != '"' && quote != '\'' {
            return Some(self.take_while(|c| !c.is_ascii_whitespace() && c != '>'));
        }
        self.at += 1;
        let mut value = String::new();
        loop {
            match self.peek()? {
                c if c == quote => {
                    self.at += 1;
                    return Some(value);
                }
                '&' => value.push(self.entity().unwrap_or_else(|| {
                    self.at += 1;
                    '&'
                })),
                c => {
                    self.at += c.len_utf8();
                    value.push(c);
                }
            }
        }
    }

    fn end_tag(&mut self) -> Result<(), String> {
        let begin = self.at;
        self.at += 2;
        let tag = self
            .take_while(|c| !c.is_ascii_whitespace() && c != '>')
            .to_ascii_lowercase();
        self.skip_spaces();
        if self.peek() != Some('>') {
            return Err(format!("Unclosed end tag at byte offset {begin}"));
        }
        self.at += 1;
        let Some(open) = self.open.pop() else {
            return Err(format!("Unexpected end tag at byte offset {begin}"));
        };
        if !tag.is_empty() && tag != open.tag {
            return Err(format!(
                "Unmatched end tag at byte offset {begin}, expected \"</{}>\", found \"</{tag}>\"",
                open.tag
            ));
        }
        self.close(open);
        Ok(())
    }

    fn close(&mut self, open: Open) {
        let length = self.units - open.offset;
        let Some(kind) = kind_of(&open.tag) else {
            return;
        };
        if length == 0 {
            return;
        }
        let mut entity = Map::new();
        entity.insert("type".to_owned(), json!(kind));
        entity.insert("offset".to_owned(), json!(open.offset));
        entity.insert("length".to_owned(), json!(length));
        match open.tag.as_str() {
            "a" => {
                let url = open
                    .argument
                    .unwrap_or_else(|| self.out[open.byte..].to_owned());
                // Telegram keeps the words of a link that leads nowhere, without the link.
                let Some(url) = clean_url(&url) else { return };
                entity.insert("url".to_owned(), json!(url));
            }
            "blockquote" if open.argument.is_some() => {
                entity.insert("type".to_owned(), json!("expandable_blockquote"));
            }
            "pre" => {
                if let Some(language) = self.language_inside(open.offset, length) {
                    entity.insert("language".to_owned(), json!(language));
                }
            }
            "code" => {
                if let Some(language) = open.argument {
                    entity.insert("language".to_owned(), json!(language));
                }
            }
            _ => {}
        }
        self.entities.push(Value::Object(entity));
        if open.tag != "pre" {
            return;
        }
        // A code inside a pre of the same extent only names the language.
        self.entities.retain(|other| {
            other["type"] != "code"
                || number(other, "offset") != open.offset
                || number(other, "length") != length
        });
    }

    fn language_inside(&self, offset: usize, length: usize) -> Option<String> {
        self.entities
            .iter()
            .find(|entity| {
                entity["type"] == "code"
                    && number(entity, "offset") == offset
                    && number(entity, "length") == length
            })
            .and_then(|entity| entity["language"].as_str())
            .map(str::to_owned)
    }
}

/// The entity type of a tag; absent for tags that Telegram does not take.
fn kind_of(tag: &str) -> Option<&'static str> {
    Some(match tag {
        "b" | "strong" => "bold",
        "i" | "em" => "italic",
        "u" | "ins" => "underline",
        "s" | "strike" | "del" => "strikethrough",
        "code" => "code",
        "pre" => "pre",
        "a" => "text_link",
        "tg-spoiler" | "span" => "spoiler",
        "blockquote" => "blockquote",
        _ => return None,
    })
}

/// A link's address as Telegram would store it; absent for what is no address.
pub(super) fn clean_url(url: &str) -> Option<String> {
    let url = url.trim();
    if url.is_empty() || url.chars().any(char::is_whitespace) {
        return None;
    }
    let (scheme, rest) = match url.split_once("://") {
        Some((scheme, rest)) => (scheme.to_ascii_lowercase(), rest),
        None => ("http".to_owned(), url),
    };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    match scheme.as_str() {
        "tg" | "ton" if !host.is_empty() => Some(url.to_owned()),
        "http" | "https"
            if host.contains('.') && !host.starts_with('.') && !host.ends_with('.') =>
        {
            let slash = if rest.len() == host.len() { "/" } else { "" };
            Some(format!("{scheme}://{rest}{slash}"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(source: &str) -> String {
        parse(source).unwrap().text
    }

    #[test]
    fn tags_become_entities_in_utf16_units() {
        let formatted =
            parse("🔑 <b>main</b> &amp; <a href=\"https://console.x.com\">console</a>").unwrap();
        assert_eq!(formatted.text, "🔑 main & console");
        assert_eq!(
            formatted.entities,
            [
                json!({"type": "bold", "offset": 3, "length": 4}),
                json!({"type": "text_link", "offset": 10, "length": 7, "url": "https://console.x.com/"}),
            ]
        );
    }

    #[test]
    fn every_tag_of_telegram_is_known() {
        for tag in [
            "b",
            "strong",
            "i",
            "em",
            "u",
            "ins",
            "s",
            "strike",
            "del",
            "code",
            "pre",
            "tg-spoiler",
            "blockquote",
        ] {
            assert_eq!(plain(&format!("<{tag}>x</{tag}>")), "x");
        }
        assert_eq!(plain("<span class=\"tg-spoiler\">x</span>"), "x");
        assert_eq!(
            parse("<blockquote expandable>x</blockquote>")
                .unwrap()
                .entities[0]["type"],
            "expandable_blockquote"
        );
        let pre = parse("<pre><code class=\"language-sh\">ls</code></pre>").unwrap();
        assert_eq!(
            pre.entities,
            [json!({"type": "pre", "offset": 0, "length": 2, "language": "sh"})]
        );
    }

    #[test]
    fn character_references_are_read_and_unknown_ones_stand_for_themselves() {
        assert_eq!(
            plain("&lt;b&gt; &quot;&#65;&#x1F511;&quot; &nbsp; Keys & Tokens"),
            "<b> \"A🔑\" &nbsp; Keys & Tokens"
        );
    }

    #[test]
    fn bad_markup_is_refused_in_telegrams_words() {
        let error = |source| parse(source).unwrap_err();
        assert_eq!(
            error("<br>"),
            "Unsupported start tag \"br\" at byte offset 0"
        );
        assert_eq!(
            error("a <script>"),
            "Unsupported start tag \"script\" at byte offset 2"
        );
        assert_eq!(
            error("1 < 2"),
            "Unsupported start tag \"\" at byte offset 2"
        );
        assert_eq!(
            error("<b>x"),
            "Can't find end tag corresponding to start tag \"b\""
        );
        assert_eq!(error("x</b>"), "Unexpected end tag at byte offset 1");
        assert_eq!(
            error("<b><i>x</b></i>"),
            "Unmatched end tag at byte offset 7, expected \"</i>\", found \"</b>\""
        );
        assert_eq!(
            error("<span>x</span>"),
            "Tag \"span\" must have class \"tg-spoiler\" at byte offset 0"
        );
    }

    #[test]
    fn trimming_moves_the_entities_along() {
        let formatted = trim(parse("\n <b>x </b> ").unwrap());
        assert_eq!(formatted.text, "x");
        assert_eq!(
            formatted.entities,
            [json!({"type": "bold", "offset": 0, "length": 1})]
        );
    }
}
