//! The one place that reads an answer of X's: three families of errors, HTML, nothing at all, and half of something.
//!
//! Bodies can hold tokens (`/oauth2/token`, `/oauth/request_token`): they are wiped, and no text is taken from them
//! except the fields that X writes for people to read.

use chrono::{DateTime, Utc};
use reqwest::header::HeaderMap;
use serde::{
    Deserialize,
    de::{DeserializeOwned, IgnoredAny},
};
use serde_json::Value;
use zeroize::Zeroizing;

use super::{
    headers::{self, Access, Wait},
    problem::{Problem, digits},
};
use crate::domain::{
    account::{XAccount, XUserId, XUsername},
    credentials::Secret,
    post::PostId,
};

/// What became of a request.
pub(super) type Reply = Result<Answer, NoAnswer>;

names! {
    /// Why there is no answer.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(super) enum NoAnswer {
        /// Too slow.
        Timeout = "timeout",
        /// No connection: no such name, refused, TLS.
        Connect = "connect",
        /// The connection broke before a status came.
        Broken = "broken",
        /// The request was never sent, because it could not be signed.
        Unsigned = "unsigned",
    }
}

impl NoAnswer {
    /// The kind of `error`; nothing else of it is kept, since it can hold the request.
    pub(super) fn of(error: &reqwest::Error) -> Self {
        if error.is_timeout() {
            Self::Timeout
        } else if error.is_connect() {
            Self::Connect
        } else {
            Self::Broken
        }
    }

    /// Whether X cannot have seen the request.
    pub(super) fn is_before_sending(self) -> bool {
        matches!(self, Self::Connect | Self::Unsigned)
    }
}

/// A body as it came: at most the allowed length, and whether that was all of it.
pub(super) struct Body {
    pub(super) bytes: Zeroizing<Vec<u8>>,
    pub(super) complete: bool,
}

/// An answer: a status, the headers that matter, and a body that is read on demand.
pub(super) struct Answer {
    /// HTTP status.
    pub(super) status: u16,
    /// What the token may do.
    pub(super) access: Access,
    /// Our clock minus X's, in seconds.
    pub(super) clock_difference: Option<i64>,
    /// When to come back.
    pub(super) wait: Wait,
    body: Body,
}

/// What a body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// A JSON object.
    Json,
    /// XML, an older family of errors of `/oauth/…`.
    Xml,
    /// A page made for people: never X's API itself.
    Html,
    /// Anything else: plain text, or a form.
    Text,
    /// Nothing.
    Empty,
    /// Cut off, or too long.
    Cut,
}

impl Answer {
    /// An answer that came at `now` by our clock.
    pub(super) fn read(status: u16, headers: &HeaderMap, now: DateTime<Utc>, body: Body) -> Self {
        let date = headers::date(headers);
        Self {
            status,
            access: Access::read(headers),
            clock_difference: date.map(|date| (now - date).num_seconds()),
            wait: Wait::read(headers, now),
            body,
        }
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.body.bytes)
            .unwrap_or_default()
            .trim()
    }

    /// What the body is. What begins as JSON and does not parse is cut.
    pub(super) fn shape(&self) -> Shape {
        let text = self.text();
        if !self.body.complete {
            Shape::Cut
        } else if self.body.bytes.iter().all(u8::is_ascii_whitespace) {
            Shape::Empty
        } else if text.starts_with(['{', '[']) {
            match serde_json::from_str::<IgnoredAny>(text) {
                Ok(_) if text.starts_with('{') => Shape::Json,
                Ok(_) => Shape::Text,
                Err(_) => Shape::Cut,
            }
        } else if text.starts_with('<') {
            let page = text.get(..512).unwrap_or(text).to_ascii_lowercase();
            if page.contains("<html") || page.contains("<!doctype html") {
                Shape::Html
            } else {
                Shape::Xml
            }
        } else {
            Shape::Text
        }
    }

    /// Whether the body is one that X's API cannot have meant: a page, nothing, or half of something.
    pub(super) fn is_unreadable(&self) -> bool {
        matches!(self.shape(), Shape::Html | Shape::Empty | Shape::Cut)
    }

    /// The account that `GET /2/users/me` names (docs.x.com/x-api/users/get-my-user).
    pub(super) fn account(&self) -> Option<XAccount> {
        #[derive(Deserialize)]
        struct User {
            id: Value,
            username: String,
        }
        let User { id, username } = self.data()?;
        x_account(digits(&id)?.parse().ok()?, username)
    }

    /// The account that `POST /oauth/access_token` names.
    pub(super) fn authorized_account(&self) -> Option<XAccount> {
        let id = self.form("user_id")?.expose().parse().ok()?;
        x_account(id, self.form("screen_name")?.expose().to_owned())
    }

    /// The posts that a question for several was answered with, and their texts.
    pub(super) fn posts(&self) -> Vec<(PostId, String)> {
        #[derive(Deserialize)]
        struct Post {
            id: String,
            text: String,
        }
        let posts: Vec<Post> = self.data().unwrap_or_default();
        let read = |post: Post| Some((PostId::parse(&post.id)?, post.text));
        posts.into_iter().filter_map(read).collect()
    }

    /// The number of the post that `POST /2/tweets` made.
    pub(super) fn post(&self) -> Option<PostId> {
        #[derive(Deserialize)]
        struct Post {
            id: Value,
        }
        PostId::parse(&digits(&self.data::<Post>()?.id)?)
    }

    /// Whether `POST /oauth2/token` gave a bearer token. The token itself is never taken out of the body.
    pub(super) fn grants_bearer(&self) -> bool {
        #[derive(Deserialize)]
        struct Grant {
            token_type: String,
            #[serde(rename = "access_token")]
            _access_token: IgnoredAny,
        }
        self.json::<Grant>()
            .is_some_and(|grant| grant.token_type.eq_ignore_ascii_case("bearer"))
    }

    /// Whether `POST /oauth/request_token` gave a request token. The token itself stays in the body.
    pub(super) fn grants_request_token(&self) -> bool {
        self.field("oauth_token").is_some() && self.field("oauth_token_secret").is_some()
    }

    /// The value of this name in a form, as `/oauth/…` answers (RFC 5849 §2.1, §2.3).
    pub(super) fn form(&self, name: &str) -> Option<Secret> {
        // The values need no escaping: whatever X sends as it is goes into the next signature as it came.
        let plain = |value: &&str| !value.contains(['%', '+']);
        let value = self.field(name).filter(plain)?;
        Some(Secret::new(value.to_owned()))
    }

    fn field(&self, name: &str) -> Option<&str> {
        let mut pairs = self
            .text()
            .split('&')
            .filter_map(|pair| pair.split_once('='));
        let (_, value) = pairs.find(|(key, _)| *key == name)?;
        (self.body.complete && !value.is_empty()).then_some(value)
    }

    /// What X's API v2 puts under `data`.
    fn data<T: DeserializeOwned>(&self) -> Option<T> {
        #[derive(Deserialize)]
        struct Page<T> {
            data: T,
        }
        self.json().map(|page: Page<T>| page.data)
    }

    fn json<T: DeserializeOwned>(&self) -> Option<T> {
        let text = (self.shape() == Shape::Json).then(|| self.text())?;
        serde_json::from_str(text).ok()
    }

    /// What the body says is wrong; empty where it says nothing.
    pub(super) fn problem(&self) -> Problem {
        match self.shape() {
            Shape::Json => Problem::of_json(self.text()),
            Shape::Xml => Problem::of_xml(self.text()),
            Shape::Html => Problem::of_html(self.text()),
            // A text that is no error can be a form that holds a token.
            Shape::Text if self.status >= 400 => Problem::of_text(self.text()),
            Shape::Text | Shape::Empty | Shape::Cut => Problem::default(),
        }
    }
}

/// An account with a handle that can be one.
fn x_account(id: u64, username: String) -> Option<XAccount> {
    // X's own pattern is [A-Za-z0-9_]{1,15}; the length has changed before, the letters have not.
    let plain = (1..=50).contains(&username.len())
        && username
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    plain.then_some(XAccount {
        id: XUserId(id),
        username: XUsername(username),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x::fake::{NOW, answer, cut, headers, now};

    fn shape(body: &str) -> Shape {
        answer(200, &[], body).shape()
    }

    #[test]
    fn every_shape_of_a_body_is_told_apart() {
        assert_eq!(shape(r#" {"data":{}} "#), Shape::Json);
        assert_eq!(shape(r#"{"data":{"id":"1"#), Shape::Cut);
        assert_eq!(shape("{} trailing"), Shape::Cut);
        assert_eq!(shape("[1]"), Shape::Text);
        assert_eq!(shape(""), Shape::Empty);
        assert_eq!(shape(" \r\n"), Shape::Empty);
        assert_eq!(shape("<!DOCTYPE html><p>"), Shape::Html);
        assert_eq!(shape("<HTML>"), Shape::Html);
        assert_eq!(shape("<?xml version=\"1.0\"?><hash/>"), Shape::Xml);
        assert_eq!(shape("oauth_token=a"), Shape::Text);
        assert_eq!(cut(200, "{}").shape(), Shape::Cut);
        let latin = Body {
            bytes: Zeroizing::new(vec![0xff, 0xfe]),
            complete: true,
        };
        let answer = Answer::read(200, &headers(&[]), now(), latin);
        assert_eq!(answer.shape(), Shape::Text);
    }

    fn account(body: &str) -> Option<XAccount> {
        answer(200, &[], body).account()
    }

    #[test]
    fn an_id_above_2_to_the_53_keeps_every_digit_as_text_and_as_a_number() {
        for id in [r#""2036532529868496897""#, "2036532529868496897"] {
            let body = format!(r#"{{"data":{{"id":{id},"username":"seedling"}}}}"#);
            assert_eq!(
                account(&body).unwrap().id,
                XUserId(2_036_532_529_868_496_897)
            );
        }
    }

    #[test]
    fn what_does_not_name_an_account_gives_none() {
        for body in [
            "{}",
            r#"{"data":null}"#,
            r#"{"data":{"id":"1"}}"#,
            r#"{"data":{"id":"x","username":"seedling"}}"#,
            r#"{"data":{"id":-1,"username":"seedling"}}"#,
            r#"{"data":{"id":1.5,"username":"seedling"}}"#,
            r#"{"data":{"id":"1","username":""}}"#,
            r#"{"data":{"id":"1","username":"<b>seedling</b>"}}"#,
            r#"{"data":{"id":"1","username":"seed\nling"}}"#,
            r#"[{"id":"1","username":"seedling"}]"#,
        ] {
            assert_eq!(account(body), None, "{body}");
        }
    }

    #[test]
    fn a_bearer_token_is_noticed_without_being_taken() {
        let grants = |body| answer(200, &[], body).grants_bearer();
        assert!(grants(
            r#"{"token_type":"bearer","access_token":"AAAA%2FAAA%3DAAA"}"#
        ));
        assert!(!grants(r#"{"token_type":"bearer"}"#));
        assert!(!grants(r#"{"token_type":"mac","access_token":"AAAA"}"#));
        assert!(!grants("<html>"));
    }

    #[test]
    fn a_request_token_is_noticed_only_whole() {
        let grants = |body| answer(200, &[], body).grants_request_token();
        let whole = "oauth_token=a&oauth_token_secret=b&oauth_callback_confirmed=true";
        assert!(grants(whole));
        assert!(!grants("oauth_token=a"));
        assert!(!grants("oauth_token=&oauth_token_secret=b"));
        assert!(!cut(200, whole).grants_request_token());
    }

    #[test]
    fn no_words_are_taken_from_a_text_that_is_no_error() {
        let form = "oauth_token=short&oauth_token_secret=";
        assert_eq!(answer(200, &[], form).problem().words().as_str(), "");
        assert_eq!(answer(401, &[], "No.").problem().words().as_str(), "No.");
    }

    #[test]
    fn the_difference_of_the_clocks_is_ours_minus_xs() {
        let read = |value| answer(401, &[("date", value)], "").clock_difference;
        assert_eq!(now().timestamp(), NOW);
        assert_eq!(read("Sat, 30 May 2026 09:00:30 GMT"), Some(0));
        assert_eq!(read("Sat, 30 May 2026 08:53:38 GMT"), Some(412));
        assert_eq!(read("Sat, 30 May 2026 09:01:30 UTC"), Some(-60));
        assert_eq!(answer(401, &[], "").clock_difference, None);
    }
}
