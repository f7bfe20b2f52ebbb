//! Programs that use accounts through the signing proxy: their names, their tokens, and what each may ask of X.

use std::{fmt, str::FromStr};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{account::AccountId, credentials::Secret};

/// The name of a program, as the operator gave it: 1 to 32 letters, digits, dots, dashes and underscores.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClientName(String);

/// A text that cannot be a program's name.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("a name has 1 to 32 letters, digits, dots, dashes and underscores")]
pub struct NotAClientName;

impl ClientName {
    /// A name that was parsed before it was stored.
    pub(crate) fn trusted(name: String) -> Self {
        Self(name)
    }

    /// The name.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ClientName {
    type Err = NotAClientName;

    fn from_str(text: &str) -> Result<Self, NotAClientName> {
        let plain = |byte| is_plain(byte) || byte == b'.';
        if (1..=32).contains(&text.len()) && text.bytes().all(plain) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotAClientName)
        }
    }
}

impl fmt::Display for ClientName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What an operator says about a program; what is empty stays as it is, or as it is usual.
#[derive(Clone, Debug, Default)]
pub struct Terms {
    /// The accounts it may use.
    pub accounts: Vec<AccountId>,
    /// What it may ask of X.
    pub allowed: Vec<Rule>,
    /// How many of its requests may be under way at the same time.
    pub max_concurrent: Option<u32>,
    /// How many may begin in a second.
    pub max_per_second: Option<u32>,
}

/// [`Terms::max_concurrent`] when nothing is said.
pub(crate) const MAX_CONCURRENT: u32 = 32;
/// [`Terms::max_per_second`] when nothing is said.
pub(crate) const MAX_PER_SECOND: u32 = 50;

/// What is stored of a token. The token has 256 random bits, so a plain hash cannot be searched for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TokenHash(pub [u8; 32]);

impl TokenHash {
    /// The hash of a token.
    pub(crate) fn of(token: &str) -> Self {
        Self(Sha256::digest(token.as_bytes()).into())
    }

    /// The hash of what somebody shows as a token. `None`: no token looks like that, and everybody may know it.
    pub(crate) fn of_shown(shown: &str) -> Option<Self> {
        let secret = shown.strip_prefix(TOKEN_PREFIX)?;
        (secret.len() == TOKEN_CHARS && secret.bytes().all(is_plain)).then(|| Self::of(shown))
    }
}

/// A letter, a digit, a dash or an underscore.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

const TOKEN_PREFIX: &str = "addx_";
/// 32 bytes in base64.
const TOKEN_CHARS: usize = 43;

/// A new token from random bytes. It is shown once and never stored.
pub(crate) fn new_token(bytes: [u8; 32]) -> Secret {
    let secret = BASE64_URL_SAFE_NO_PAD.encode(bytes);
    Secret::new(format!("{TOKEN_PREFIX}{secret}"))
}

/// What a program may ask of X: a method and a path, in which a segment like `:id` stands for any one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Rule {
    method: String,
    path: String,
}

/// A text that is not a [`Rule`].
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("a rule is a method and a path, like: POST /2/tweets, or: DELETE /2/tweets/:id")]
pub struct NotARule;

impl Rule {
    /// What a program may do unless the operator says otherwise: publish, with media, and know who it is.
    ///
    /// docs.x.com/x-api/media lists the parts of an upload.
    pub const DEFAULT: [&'static str; 8] = [
        "POST /2/tweets",
        "DELETE /2/tweets/:id",
        "GET /2/users/me",
        "POST /2/media/upload",
        "GET /2/media/upload",
        "POST /2/media/upload/initialize",
        "POST /2/media/upload/:id/append",
        "POST /2/media/upload/:id/finalize",
    ];

    /// The path's pattern if it is one of [`Rule::DEFAULT`], else `other`: a label out of a fixed set.
    pub fn label_of(pattern: &str) -> &'static str {
        Self::DEFAULT
            .iter()
            .filter_map(|rule| rule.split_once(' '))
            .find_map(|(_, path)| (path == pattern).then_some(path))
            .unwrap_or("other")
    }

    /// [`Rule::DEFAULT`], parsed.
    pub fn defaults() -> Vec<Self> {
        Self::DEFAULT
            .iter()
            .filter_map(|rule| rule.parse().ok())
            .collect()
    }

    /// Whether it allows this method on this path.
    pub fn allows(&self, method: &str, path: &ApiPath) -> bool {
        let mut segments = path.0.split('/');
        self.method == method
            && self.path.split('/').all(|wanted| match segments.next() {
                Some(segment) => wanted.starts_with(':') || wanted == segment,
                None => false,
            })
            && segments.next().is_none()
    }
}

impl FromStr for Rule {
    type Err = NotARule;

    fn from_str(text: &str) -> Result<Self, NotARule> {
        let (method, path) = text.split_once(' ').ok_or(NotARule)?;
        let known = ["GET", "POST", "PUT", "PATCH", "DELETE"].contains(&method);
        // Holes are no part of a path: without their colons the rest must be one.
        let filled = path.replace("/:", "/");
        if known && ApiPath::parse(&filled).is_some() {
            Ok(Self {
                method: method.to_owned(),
                path: path.to_owned(),
            })
        } else {
            Err(NotARule)
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

as_text!(Rule);

/// A path of X's API that can be read in one way only: `/2/` and then plain segments. No escape, no empty segment and no
/// dots, so that no server on the way can take it for another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiPath(String);

impl ApiPath {
    /// Reads a path as it stands in a request.
    pub fn parse(path: &str) -> Option<Self> {
        let rest = path.strip_prefix("/2/")?;
        let is_segment = |segment: &str| !segment.is_empty() && segment.bytes().all(is_plain);
        (rest.split('/').all(is_segment) && path.len() <= 200).then(|| Self(path.to_owned()))
    }

    /// The path.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The path with numbers left out, as X counts its limits and as the audit trail names it.
    pub fn pattern(&self) -> String {
        let segments = self.0.split('/').enumerate().map(|(index, segment)| {
            // The first number is the API's version.
            if index > 1 && segment.bytes().all(|byte| byte.is_ascii_digit()) {
                ":id"
            } else {
                segment
            }
        });
        segments.collect::<Vec<_>>().join("/")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(method: &str, path: &str) -> bool {
        let Some(path) = ApiPath::parse(path) else {
            return false;
        };
        Rule::defaults()
            .iter()
            .any(|rule| rule.allows(method, &path))
    }

    #[test]
    fn the_defaults_are_rules() {
        assert_eq!(Rule::defaults().len(), Rule::DEFAULT.len());
        for (rule, text) in Rule::defaults().iter().zip(Rule::DEFAULT) {
            assert_eq!(rule.to_string(), text);
        }
    }

    #[test]
    fn publishing_is_allowed_and_nothing_beside_it() {
        for (method, path) in [
            ("POST", "/2/tweets"),
            ("DELETE", "/2/tweets/1990000000000000000"),
            ("GET", "/2/users/me"),
            ("POST", "/2/media/upload"),
            ("POST", "/2/media/upload/17/append"),
        ] {
            assert!(allowed(method, path), "{method} {path}");
        }
        for (method, path) in [
            ("GET", "/2/tweets"),
            ("post", "/2/tweets"),
            ("DELETE", "/2/tweets"),
            ("DELETE", "/2/tweets/1/2"),
            ("GET", "/2/users/1"),
            ("POST", "/2/users/me"),
            ("POST", "/2/dm_conversations"),
            ("POST", "/2/media/upload/17"),
            ("POST", "/2/tweetss"),
            ("POST", "/2/tweet"),
        ] {
            assert!(!allowed(method, path), "{method} {path}");
        }
    }

    #[test]
    fn a_path_that_could_be_read_in_two_ways_is_none() {
        for path in [
            "",
            "/",
            "/2",
            "/2/",
            "2/tweets",
            "/1.1/statuses",
            "/2//tweets",
            "/2/tweets/",
            "/2/../2/tweets",
            "/2/./tweets",
            "/2/tweets/..",
            "/2/%2e%2e/tweets",
            "/2/tweets%2f1",
            "/2/tweets/%31",
            "/2/tweets\\1",
            "/2/tweets;a=b",
            "/2/twëets",
            "/2/tweets#top",
            "/2/tweets@host",
            "/oauth2/token",
        ] {
            assert_eq!(ApiPath::parse(path), None, "{path}");
        }
        assert_eq!(ApiPath::parse(&format!("/2/{}", "a".repeat(200))), None);
    }

    #[test]
    fn a_pattern_names_no_post() {
        let pattern = |path| ApiPath::parse(path).unwrap().pattern();
        assert_eq!(pattern("/2/tweets/1990000000000000000"), "/2/tweets/:id");
        assert_eq!(pattern("/2/users/me"), "/2/users/me");
        assert_eq!(Rule::label_of(&pattern("/2/tweets/7")), "/2/tweets/:id");
        assert_eq!(Rule::label_of(&pattern("/2/lists/secret")), "other");
        assert_eq!(
            pattern("/2/media/upload/7/append"),
            "/2/media/upload/:id/append"
        );
    }

    #[test]
    fn other_texts_are_no_rules_and_no_names() {
        for text in [
            "",
            "POST",
            "post /2/tweets",
            "POST 2/tweets",
            "POST /2/../a",
            "POST  /2/tweets",
        ] {
            assert_eq!(text.parse::<Rule>(), Err(NotARule), "{text}");
        }
        for text in ["", "a b", "ä", "<b>", &"a".repeat(33)] {
            assert_eq!(text.parse::<ClientName>(), Err(NotAClientName), "{text}");
        }
    }

    #[test]
    fn a_token_has_every_bit_it_was_made_from_and_is_known_by_its_hash() {
        let token = new_token([7; 32]);
        assert_eq!(token.expose().len(), 5 + 43);
        assert_eq!(TokenHash::of(token.expose()), TokenHash::of(token.expose()));
        assert_ne!(TokenHash::of(token.expose()), TokenHash::of("addx_"));
    }

    #[test]
    fn what_does_not_look_like_a_token_is_not_looked_up() {
        for bytes in [[0; 32], [255; 32], [62; 32]] {
            let token = new_token(bytes);
            let hash = TokenHash::of(token.expose());
            assert_eq!(TokenHash::of_shown(token.expose()), Some(hash));
        }
        let letters = "A".repeat(43);
        for shown in [
            String::new(),
            "addx_".to_owned(),
            letters.clone(),
            format!("addx_{letters}A"),
            format!("addx-{letters}"),
            format!("addx_{}/", "A".repeat(42)),
            format!("addx_{}ä", "A".repeat(41)),
        ] {
            assert_eq!(TokenHash::of_shown(&shown), None, "{shown}");
        }
    }
}
