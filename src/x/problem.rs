//! What an error body of X's says: v2 problems, v1.1 `errors[]`, XML, plain text, and pages.

use chrono::NaiveDate;
use serde::Deserialize;
use serde_json::Value;

use crate::domain::verdict::XWords;

/// An error of X's, of whichever family. It cannot be printed: its words are cleaned only on the way out.
#[derive(Default)]
pub(super) struct Problem {
    /// The last path segment of `type`: its host is `api.twitter.com` or `api.x.com`, depending on the error.
    pub(super) kind: Option<String>,
    /// `title`
    pub(super) title: Option<String>,
    /// `reason`
    pub(super) reason: Option<String>,
    /// `reset_date`: when the billing cycle ends.
    pub(super) reset_date: Option<NaiveDate>,
    /// The numbers in `errors[].code`, or in XML `<error code="…">`.
    pub(super) codes: Vec<u64>,
    /// A body without a number complains about the callback: the form in which X really sends 417.
    pub(super) about_callback: bool,
    words: String,
}

/// The fields of both JSON families. Whatever else a body holds is not looked at.
#[derive(Deserialize)]
struct Wire {
    r#type: Option<Value>,
    title: Option<Value>,
    reason: Option<Value>,
    detail: Option<Value>,
    reset_date: Option<Value>,
    message: Option<Value>,
    code: Option<Value>,
    error: Option<Value>,
    errors: Option<Value>,
}

impl Problem {
    /// Reads both families of JSON. v2 puts its fields at the top or into `errors[]`, v1.1 always into `errors[]`.
    pub(super) fn of_json(text: &str) -> Self {
        let Ok(wire) = serde_json::from_str::<Wire>(text) else {
            return Self::default();
        };
        let errors = match wire.errors {
            Some(Value::Array(errors)) => errors,
            Some(other) => vec![other],
            None => Vec::new(),
        };
        let first = |outer: Option<Value>, name: &str| {
            let inner = || errors.iter().find_map(|error| as_text(error.get(name)));
            as_text(outer.as_ref()).or_else(inner)
        };
        let title = first(wire.title, "title");
        let words = first(wire.detail, "detail")
            .or_else(|| title.clone())
            .or_else(|| first(wire.message, "message"))
            .or_else(|| as_text(wire.error.as_ref()))
            .or_else(|| as_text(errors.first()))
            .unwrap_or_default();
        Self {
            kind: first(wire.r#type, "type").and_then(|kind| {
                let segment = kind.trim_end_matches('/').rsplit('/').next()?;
                Some(segment.to_owned())
            }),
            reason: first(wire.reason, "reason"),
            reset_date: first(wire.reset_date, "reset_date").and_then(|date| date.parse().ok()),
            codes: errors
                .iter()
                .map(|error| error.get("code"))
                .chain([wire.code.as_ref()])
                .filter_map(|code| digits(code?)?.parse().ok())
                .collect(),
            about_callback: false,
            title,
            words,
        }
    }

    /// Reads XML: `<errors><error code="415">…` or `<hash><error>…`.
    pub(super) fn of_xml(text: &str) -> Self {
        let error = text
            .split_once("<error ")
            .or_else(|| text.split_once("<error>"));
        let words = error.map_or("", |(_, rest)| {
            let inner = rest.split_once("</error>").map_or(rest, |(inner, _)| inner);
            inner.rsplit_once('>').map_or(inner, |(_, words)| words)
        });
        let codes = text
            .split("code=\"")
            .skip(1)
            .filter_map(|rest| rest.split('"').next()?.parse().ok())
            .collect();
        Self {
            codes,
            ..Self::of_text(words)
        }
    }

    /// Takes a plain text as it is.
    pub(super) fn of_text(text: &str) -> Self {
        Self {
            about_callback: text.contains("oauth_callback"),
            words: text.to_owned(),
            ..Self::default()
        }
    }

    /// Takes the title of a page.
    pub(super) fn of_html(text: &str) -> Self {
        let title = text
            .split_once("<title>")
            .and_then(|(_, rest)| rest.split_once("</title>"));
        Self {
            words: title.map_or_else(String::new, |(title, _)| title.to_owned()),
            ..Self::default()
        }
    }

    /// Whether X gave the number `code`.
    pub(super) fn has(&self, code: u64) -> bool {
        self.codes.contains(&code)
    }

    /// Whether X's words hold `part`, where it sends neither a number nor a type of its own.
    pub(super) fn says(&self, part: &str) -> bool {
        self.words.contains(part)
    }

    /// X's own words, or none: `detail`, else `title`, else `message`.
    pub(super) fn words(&self) -> XWords {
        XWords::new(&without_keys(&self.words))
    }
}

fn as_text(value: Option<&Value>) -> Option<String> {
    value?
        .as_str()
        .map(str::to_owned)
        .filter(|text| !text.trim().is_empty())
}

/// `text` without anything that has the shape of a key or a token: X does not repeat them, something between us might.
fn without_keys(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let alphanumeric = |c: char| c.is_ascii_alphanumeric();
        let end = rest.find(|c| !alphanumeric(c)).unwrap_or(rest.len());
        let (run, after) = rest.split_at(end);
        let mixed = run.bytes().any(|byte| byte.is_ascii_digit())
            && run.bytes().any(|byte| byte.is_ascii_alphabetic());
        let keylike = run.len() >= 25 || (run.len() >= 18 && mixed);
        clean.push_str(if keylike { "…" } else { run });
        let next = after.find(alphanumeric).unwrap_or(after.len());
        let (between, after) = after.split_at(next);
        clean.push_str(between);
        rest = after;
    }
    clean
}

/// A number that X writes as one or as a text.
pub(super) fn digits(value: &Value) -> Option<String> {
    match value {
        Value::Number(number) => Some(number.to_string()),
        Value::String(digits) => Some(digits.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_is_known_by_its_last_segment_on_either_host() {
        for host in ["api.x.com", "api.twitter.com"] {
            let body = format!(r#"{{"type":"https://{host}/2/problems/credits"}}"#);
            assert_eq!(Problem::of_json(&body).kind.as_deref(), Some("credits"));
        }
        let blank = Problem::of_json(r#"{"type":"about:blank"}"#);
        assert_eq!(blank.kind.as_deref(), Some("about:blank"));
    }

    #[test]
    fn v2_fields_are_found_inside_errors_too() {
        let wrapped = Problem::of_json(
            r#"{"errors":[{"title":"Unsupported Authentication","detail":"No.","type":"https://api.x.com/2/problems/unsupported-authentication"}]}"#,
        );
        assert_eq!(wrapped.kind.as_deref(), Some("unsupported-authentication"));
        assert_eq!(wrapped.words().as_str(), "No.");
    }

    #[test]
    fn codes_are_read_as_numbers_and_as_digits_inside_errors_and_beside_them() {
        for body in [
            r#"{"errors":[{"code":89,"message":"Invalid or expired token."}]}"#,
            r#"{"errors":[{"code":"89"}]}"#,
            r#"{"errors":[{"code":1},{"code":89}]}"#,
            r#"{"errors":{"code":89}}"#,
            r#"{"code":89,"message":"Invalid or expired token."}"#,
        ] {
            assert!(Problem::of_json(body).has(89), "{body}");
        }
        assert!(
            Problem::of_json(r#"{"errors":[{"code":true}],"code":1.5}"#)
                .codes
                .is_empty()
        );
    }

    #[test]
    fn xs_words_are_the_detail_else_the_title_else_the_message() {
        let words = |body| Problem::of_json(body).words();
        let all = r#"{"detail":"d","title":"t","errors":[{"message":"m"}]}"#;
        assert_eq!(words(all).as_str(), "d");
        assert_eq!(words(r#"{"title":"t","message":"m"}"#).as_str(), "t");
        assert_eq!(words(r#"{"errors":[{"message":"m"}]}"#).as_str(), "m");
        assert_eq!(words(r#"{"error":"e"}"#).as_str(), "e");
        assert_eq!(words(r#"{"errors":["e"]}"#).as_str(), "e");
        assert_eq!(words(r#"{"detail":" ","title":"t"}"#).as_str(), "t");
        assert_eq!(words(r#"{"detail":7,"errors":null}"#).as_str(), "");
    }

    #[test]
    fn xml_gives_its_number_and_its_words() {
        let numbered = Problem::of_xml(
            r#"<?xml version="1.0" encoding="UTF-8"?><errors><error code="415">Callback URL not approved.</error></errors>"#,
        );
        assert_eq!(numbered.codes, [415]);
        assert_eq!(numbered.words().as_str(), "Callback URL not approved.");
        let bare = Problem::of_xml(DESKTOP);
        assert!(bare.codes.is_empty() && bare.about_callback);
        assert!(
            bare.words()
                .as_str()
                .starts_with("Desktop applications only")
        );
        for odd in [
            "<",
            "<error",
            "<error>",
            "<error code=\"x\">",
            "<hash></hash>",
        ] {
            assert!(Problem::of_xml(odd).codes.is_empty(), "{odd}");
        }
    }

    const DESKTOP: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<hash>\n  <error>Desktop applications only support the oauth_callback value 'oob'</error>\n  <request>/oauth/request_token</request>\n</hash>";

    #[test]
    fn of_a_page_only_the_title_is_taken() {
        let page = "<html><head><title>Attention Required!</title></head><body>x</body></html>";
        assert_eq!(
            Problem::of_html(page).words().as_str(),
            "Attention Required!"
        );
        assert_eq!(Problem::of_html("<html><title>").words().as_str(), "");
    }

    #[test]
    fn nothing_that_looks_like_a_key_is_among_the_words() {
        let told = |text: &str| Problem::of_text(text).words().as_str().to_owned();
        assert_eq!(
            told("Bad key xvz1evFS4wEEPTGEFPHBog, sorry"),
            "Bad key …, sorry"
        );
        assert_eq!(
            told("token 370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb"),
            "token 370773112-…"
        );
        assert_eq!(told(&"a".repeat(25)), "…");
        // Account ids and long words stay readable.
        let account = "Your enrolled account [2036532529868496897] does not have any credits";
        assert_eq!(told(account), account);
        assert_eq!(told("Unverantwortlichkeiten"), "Unverantwortlichkeiten");
    }
}
