//! Finds values that must not be there, in every form in which they might be.

use std::fmt::Write as _;

use base64::{Engine as _, prelude::BASE64_STANDARD_NO_PAD, prelude::BASE64_URL_SAFE_NO_PAD};

/// A text that must not be found, in all its forms.
pub(crate) struct Canary {
    name: String,
    forms: Vec<(&'static str, Vec<u8>)>,
}

impl Canary {
    /// `value` must be long enough not to turn up by chance; `name` is what a report calls it.
    pub(crate) fn new(name: impl Into<String>, value: &str) -> Self {
        assert!(value.len() >= 8, "too short to search for");
        let (mut hex, mut percent) = (String::new(), String::new());
        for byte in value.bytes() {
            write!(hex, "{byte:02x}").unwrap();
            write!(percent, "%{byte:02X}").unwrap();
        }
        let escaped: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
        let utf16: Vec<u16> = value.encode_utf16().collect();
        let wide = |bytes: fn(u16) -> [u8; 2]| utf16.iter().flat_map(|unit| bytes(*unit)).collect();
        let json = serde_json::to_string(value).unwrap();
        let debug = format!("{value:?}");
        let mut forms = vec![
            ("plain", value.as_bytes().to_vec()),
            ("hexadecimal", hex.clone().into_bytes()),
            ("upper-case hexadecimal", hex.to_uppercase().into_bytes()),
            ("percent-encoded", percent.into_bytes()),
            ("form-encoded", escaped.into_bytes()),
            ("JSON", json.trim_matches('"').as_bytes().to_vec()),
            ("Debug", debug.trim_matches('"').as_bytes().to_vec()),
            ("UTF-16, little end first", wide(u16::to_le_bytes)),
            ("UTF-16, big end first", wide(u16::to_be_bytes)),
        ];
        for (form, engine) in [
            ("base64", &BASE64_STANDARD_NO_PAD),
            ("base64 for URLs", &BASE64_URL_SAFE_NO_PAD),
        ] {
            // Inside a longer text the value may begin at any of three places of a group.
            for before in 0..3 {
                let mut text = vec![0; before];
                text.extend(value.as_bytes());
                let whole = text.len() - text.len() % 3;
                let encoded = engine.encode(&text[..whole]);
                let first_own = if before == 0 { 0 } else { 4 };
                forms.push((form, encoded.as_bytes()[first_own..].to_vec()));
            }
        }
        Self {
            name: name.into(),
            forms,
        }
    }

    /// The form in which it stands in `haystack`, if it does.
    pub(crate) fn found_in(&self, haystack: &[u8]) -> Option<&'static str> {
        self.forms
            .iter()
            .find(|(_, form)| contains(haystack, form))
            .map(|(name, _)| *name)
    }
}

/// Every hit of every canary in these named texts.
pub(crate) fn search(canaries: &[Canary], texts: &[(String, Vec<u8>)]) -> Vec<String> {
    let mut hits = Vec::new();
    for (place, text) in texts {
        for canary in canaries {
            if let Some(form) = canary.found_in(text) {
                hits.push(format!("{} as {form} in {place}", canary.name));
            }
        }
    }
    hits
}

pub(crate) fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    let Some(first) = needle.first() else {
        return false;
    };
    let mut rest = haystack;
    while let Some(at) = rest.iter().position(|byte| byte == first) {
        if rest[at..].starts_with(needle) {
            return true;
        }
        rest = &rest[at + 1..];
    }
    false
}

#[test]
fn a_planted_canary_is_found_in_every_form() {
    let value = "kW9~x/\"7Qz é+tail";
    let canary = Canary::new("planted", value);
    assert!(canary.found_in(b"nothing of the kind").is_none());
    for (form, bytes) in &canary.forms {
        let mut text = b"... ".to_vec();
        text.extend(bytes);
        text.extend(b" ...");
        assert!(canary.found_in(&text).is_some(), "{form}");
    }
    for before in ["", "a", "ab", "abc"] {
        let encoded = BASE64_STANDARD_NO_PAD.encode(format!("{before}{value}{before}"));
        assert!(canary.found_in(encoded.as_bytes()).is_some(), "{before:?}");
    }
}
