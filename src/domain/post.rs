//! The text of a post, as long as X counts it, and what became of it.
//!
//! X's rule is twitter-text's configuration 3 (docs.x.com/fundamentals/counting-characters): most scripts of the West weigh
//! 1, everything else 2, an emoji 2 however it is put together, a link 23.

use std::fmt;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization as _;
use unicode_segmentation::UnicodeSegmentation as _;

use super::{paste, verdict::Verdict};

/// The longest post of an ordinary account.
pub(crate) const MAX_WEIGHT: usize = 280;
/// What a link weighs, whatever its length.
const LINK_WEIGHT: usize = 23;

/// A text that X takes, as far as can be known here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PostText(String);

/// Why a text cannot be a post.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PostRejection {
    /// Nothing but blanks.
    Blank,
    /// X counts more than it takes.
    TooLong {
        /// What X counts.
        weight: usize,
    },
    /// It looks like a key or a token.
    LooksSecret,
    /// The message has no text of its own: a picture, a sticker.
    NotText,
    /// It is not a reply to a message.
    NotAReply,
    /// The message is somebody else's.
    NotYours,
}

impl PostText {
    /// Reads a text that a person wrote.
    pub fn parse(text: &str) -> Result<Self, PostRejection> {
        let text = text.trim();
        if text.is_empty() {
            return Err(PostRejection::Blank);
        }
        if paste::looks_secret(text) {
            return Err(PostRejection::LooksSecret);
        }
        let weight = weight(text);
        if weight > MAX_WEIGHT {
            return Err(PostRejection::TooLong { weight });
        }
        Ok(Self(text.to_owned()))
    }

    /// A text that was parsed before it was stored.
    pub fn trusted(text: String) -> Self {
        Self(text)
    }

    /// The text of a test post: no link, which would cost thirteen times as much, and never the same twice, which X refuses.
    pub fn test(varying: u32) -> Self {
        Self(format!("A test post, deleted at once. {varying:08x}"))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What X counts.
    pub fn weight(&self) -> usize {
        weight(&self.0)
    }

    /// Whether X makes a link of some of it, as far as that can be seen: then the post costs more.
    pub fn has_link(&self) -> bool {
        next_link(&self.0).is_some()
    }
}

/// What X counts. A name like `example.com` without `https://` counts by its letters here; X makes it a link if it knows
/// the ending, so the weight may be a little off, and X has the last word.
fn weight(text: &str) -> usize {
    let text: String = text.nfc().collect();
    let mut rest = text.as_str();
    let mut total = 0;
    while let Some((start, end)) = next_link(rest) {
        total += plain_weight(&rest[..start]) + LINK_WEIGHT;
        rest = &rest[end..];
    }
    total + plain_weight(rest)
}

/// Where the next link begins and ends.
fn next_link(text: &str) -> Option<(usize, usize)> {
    let mut from = 0;
    loop {
        // ASCII letters only, so the places are the same in both.
        let lower = text[from..].to_ascii_lowercase();
        let found = ["https://", "http://"]
            .iter()
            .filter_map(|scheme| Some((lower.find(scheme)?, scheme.len())))
            .min()?;
        let (start, scheme) = (from + found.0, found.1);
        let rest = &text[start + scheme..];
        let host = rest
            .find(|c: char| !(c.is_alphanumeric() || c == '.' || c == '-'))
            .unwrap_or(rest.len());
        // A word before it, and it is none: `xhttp://a.b`. A host without a dot is none either.
        let after_a_word = text[..start]
            .chars()
            .next_back()
            .is_some_and(char::is_alphanumeric);
        if !after_a_word && rest[..host].trim_matches('.').contains('.') {
            let path = &rest[host..];
            let end = path.find(|c: char| c.is_whitespace() || !c.is_ascii());
            let whole = &rest[..host + end.unwrap_or(path.len())];
            let trimmed = whole.trim_end_matches(['.', ',', ':', ';', '!', '?', '\'', '"']);
            return Some((start, start + scheme + without_open_end(trimmed).len()));
        }
        from = start + scheme;
    }
}

/// A closing bracket belongs to a link only if it was opened in it.
fn without_open_end(link: &str) -> &str {
    let mut link = link;
    while let Some(shorter) = link.strip_suffix(')') {
        if link.matches('(').count() >= link.matches(')').count() {
            break;
        }
        link = shorter;
    }
    link
}

fn plain_weight(text: &str) -> usize {
    text.graphemes(true)
        .map(|cluster| {
            if is_emoji(cluster) {
                2
            } else {
                cluster.chars().map(char_weight).sum()
            }
        })
        .sum()
}

fn char_weight(character: char) -> usize {
    match u32::from(character) {
        0..=0x10FF | 0x2000..=0x200D | 0x2010..=0x201F | 0x2032..=0x2037 => 1,
        _ => 2,
    }
}

/// Whether a cluster is drawn as one picture: a picture by itself, or something that a mark makes one.
fn is_emoji(cluster: &str) -> bool {
    cluster.chars().any(|c| {
        matches!(
            u32::from(c),
            0x1_F000
                ..=0x1_FAFF // pictures, flags, tints
                | 0x20E3 // a key
                | 0xFE0F // "as a picture"
        )
    })
}

/// X's number for a post.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PostId(String);

impl PostId {
    /// Reads X's number.
    pub fn parse(text: &str) -> Option<Self> {
        let digits =
            (1..=25).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| Self(text.to_owned()))
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Where people see it.
    pub fn link(&self) -> String {
        format!("https://x.com/i/status/{}", self.0)
    }
}

impl fmt::Display for PostId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What became of a post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PostOutcome {
    /// X published it.
    Published(PostId),
    /// X did not publish it.
    Refused(Verdict),
    /// X did not publish it, since it does not accept the values; which one, it does not say.
    ValuesRefused,
    /// X may have published it: it did not answer, or not so that one could tell.
    Unknown,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_weighs_what_x_counts() {
        for (text, expected) in [
            ("", 0),
            ("Hello", 5),
            ("日本", 4),
            ("Привет", 6),
            ("ｆｕｌｌ", 8),
            ("cafe\u{301}", 4),
            ("“quoted” – and…", 16),
            ("👍", 2),
            ("👍🏽", 2),
            ("👩\u{200d}👩\u{200d}👧", 2),
            ("🇺🇸🇺🇸", 4),
            ("1\u{fe0f}\u{20e3}", 2),
            ("⭐\u{fe0f}", 2),
            ("क्\u{200d}ष", 4),
            ("hi\nthere", 8),
            ("see https://example.com/a/very/long/path now", 31),
            ("HTTPS://EXAMPLE.COM", 23),
            ("http://t.co/abc.", 24),
            ("(https://x.com/a_(b)) ok", 28),
            ("https://a.io/日本", 27),
            ("xhttp://a.io", 12),
            ("http://localhost", 16),
            ("https://a.io https://b.io", 47),
            ("a@b.com", 7),
            ("#tag $cash @name", 16),
        ] {
            assert_eq!(weight(text), expected, "{text:?}");
        }
    }

    #[test]
    fn the_longest_text_is_taken_and_one_more_is_not() {
        assert_eq!(
            PostText::parse(&"a".repeat(280)).map(|text| text.weight()),
            Ok(280)
        );
        let long = PostText::parse(&"a ".repeat(141));
        assert_eq!(long, Err(PostRejection::TooLong { weight: 281 }));
        let links = format!(
            "{} https://example.com/{}",
            "b ".repeat(128),
            "c".repeat(400)
        );
        assert_eq!(PostText::parse(&links).map(|text| text.weight()), Ok(280));
        let pictures = "🌱".repeat(141);
        assert_eq!(
            PostText::parse(&pictures),
            Err(PostRejection::TooLong { weight: 282 })
        );
    }

    #[test]
    fn what_must_not_be_published_is_not() {
        assert_eq!(PostText::parse(" \n "), Err(PostRejection::Blank));
        let key = "xvz1evFS4wEEPTGEFPHBog1234 370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb";
        assert_eq!(PostText::parse(key), Err(PostRejection::LooksSecret));
    }

    #[test]
    fn a_hostile_text_is_counted_in_no_time() {
        for part in [
            "http://",
            "http://a",
            "(",
            ")",
            "https://a.b(",
            "a.",
            "👩\u{200d}",
            "\u{301}",
        ] {
            let _ = weight(&part.repeat(2000));
        }
    }

    #[test]
    fn a_test_post_has_no_link_and_varies() {
        let (one, two) = (PostText::test(1), PostText::test(u32::MAX));
        assert_ne!(one, two);
        assert!(!one.has_link());
        assert_eq!(PostText::parse(two.as_str()), Ok(two));
    }

    #[test]
    fn only_digits_are_a_posts_number() {
        assert!(PostId::parse("1990000000000000000").is_some());
        for text in ["", "1a", "../1", "-1", &"1".repeat(26)] {
            assert_eq!(PostId::parse(text), None, "{text}");
        }
    }
}
