//! Every name under which a value is written down, as data: X's consoles of all years, RFC 5849, and the client libraries.

use super::{kind::Kind, shape};
use crate::domain::credentials::Field;

/// What a label says of the value after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Name {
    /// Which kind it is.
    Kind(Kind),
    /// "Key" or "Token" alone: this kind, unless the shape says otherwise.
    Vague(Kind),
    /// "Secret" alone: the partner of whatever was named before.
    Secret,
    /// A word this program does not know: the shape decides.
    Unknown,
    /// Something this program has no use for.
    Unrelated,
}

impl Name {
    /// The kind it names.
    pub(super) fn kind(self) -> Option<Kind> {
        match self {
            Self::Kind(kind) | Self::Vague(kind) => Some(kind),
            Self::Secret | Self::Unknown | Self::Unrelated => None,
        }
    }
}

const API_KEY: Name = Name::Kind(Kind::Value(Field::ApiKey));
const API_SECRET: Name = Name::Kind(Kind::Value(Field::ApiSecret));
const ACCESS_TOKEN: Name = Name::Kind(Kind::Value(Field::AccessToken));
const ACCESS_SECRET: Name = Name::Kind(Kind::Value(Field::AccessSecret));

/// Labels in lower case without spaces, dashes, dots and underscores: `API_KEY`, `apiKey` and "API Key" are one entry.
const LABELS: &[(&str, Name)] = &[
    ("apikey", API_KEY),
    ("appkey", API_KEY),
    ("applicationkey", API_KEY),
    ("clientkey", API_KEY),
    ("consumerapikey", API_KEY),
    ("consumerkey", API_KEY),
    ("key", Name::Vague(Kind::Value(Field::ApiKey))),
    ("oauthconsumerkey", API_KEY),
    ("apikeysecret", API_SECRET),
    ("apisecret", API_SECRET),
    ("apisecretkey", API_SECRET),
    ("appsecret", API_SECRET),
    ("applicationsecret", API_SECRET),
    ("consumerapikeysecret", API_SECRET),
    ("consumerapisecret", API_SECRET),
    ("consumerapisecretkey", API_SECRET),
    ("consumerkeysecret", API_SECRET),
    ("consumersecret", API_SECRET),
    ("consumersecretkey", API_SECRET),
    ("keysecret", API_SECRET),
    ("oauthconsumersecret", API_SECRET),
    ("secretkey", API_SECRET),
    ("accesskey", ACCESS_TOKEN),
    ("accesstoken", ACCESS_TOKEN),
    ("accesstokenkey", ACCESS_TOKEN),
    ("oauthaccesstoken", ACCESS_TOKEN),
    ("oauthtoken", ACCESS_TOKEN),
    ("resourceownerkey", ACCESS_TOKEN),
    ("token", Name::Vague(Kind::Value(Field::AccessToken))),
    ("tokenkey", ACCESS_TOKEN),
    ("useraccesstoken", ACCESS_TOKEN),
    ("accesskeysecret", ACCESS_SECRET),
    ("accesssecret", ACCESS_SECRET),
    ("accesssecretkey", ACCESS_SECRET),
    ("accesssecrettoken", ACCESS_SECRET),
    ("accesstokenkeysecret", ACCESS_SECRET),
    ("accesstokensecret", ACCESS_SECRET),
    ("accesstokensecretkey", ACCESS_SECRET),
    ("oauthaccesstokensecret", ACCESS_SECRET),
    ("oauthsecret", ACCESS_SECRET),
    ("oauthtokensecret", ACCESS_SECRET),
    ("resourceownersecret", ACCESS_SECRET),
    ("secrettoken", ACCESS_SECRET),
    ("tokensecret", ACCESS_SECRET),
    ("useraccesstokensecret", ACCESS_SECRET),
    ("secret", Name::Secret),
    ("appbearertoken", Name::Kind(Kind::BearerToken)),
    ("bearertoken", Name::Kind(Kind::BearerToken)),
    ("clientid", Name::Kind(Kind::ClientId)),
    ("oauth2clientid", Name::Kind(Kind::ClientId)),
    ("clientsecret", Name::Kind(Kind::ClientSecret)),
    ("clientidsecret", Name::Kind(Kind::ClientSecret)),
    ("oauth2clientsecret", Name::Kind(Kind::ClientSecret)),
    ("oauth20accesstoken", Name::Kind(Kind::UserToken)),
    ("oauth20token", Name::Kind(Kind::UserToken)),
    ("oauth20usertoken", Name::Kind(Kind::UserToken)),
    ("oauth2accesstoken", Name::Kind(Kind::UserToken)),
    ("oauth2token", Name::Kind(Kind::UserToken)),
    ("oauth2usertoken", Name::Kind(Kind::UserToken)),
    ("refreshtoken", Name::Kind(Kind::RefreshToken)),
    ("oauthverifier", Name::Kind(Kind::Pin)),
    ("pin", Name::Kind(Kind::Pin)),
    ("pincode", Name::Kind(Kind::Pin)),
    ("appid", Name::Kind(Kind::AppId)),
    ("applicationid", Name::Kind(Kind::AppId)),
    ("userid", Name::Kind(Kind::UserId)),
    ("bottoken", Name::Kind(Kind::TelegramBotToken)),
    ("telegramtoken", Name::Kind(Kind::TelegramBotToken)),
    ("teloxidetoken", Name::Kind(Kind::TelegramBotToken)),
    ("bearer", Name::Unknown),
    ("accesslevel", Name::Unrelated),
    ("appname", Name::Unrelated),
    ("callbackurl", Name::Unrelated),
    ("handle", Name::Unrelated),
    ("oauthcallback", Name::Unrelated),
    ("oauthnonce", Name::Unrelated),
    ("oauthsignature", Name::Unrelated),
    ("oauthsignaturemethod", Name::Unrelated),
    ("oauthtimestamp", Name::Unrelated),
    ("oauthversion", Name::Unrelated),
    ("ownerid", Name::Unrelated),
    ("projectid", Name::Unrelated),
    ("screenname", Name::Unrelated),
    ("username", Name::Unrelated),
    ("websiteurl", Name::Unrelated),
];

/// Whose keys they also could be: `OPENAI_API_KEY` is not the API Key meant here.
const OTHER_SERVICES: &[&str] = &[
    "anthropic",
    "aws",
    "azure",
    "bluesky",
    "discord",
    "facebook",
    "gemini",
    "github",
    "gitlab",
    "google",
    "instagram",
    "linkedin",
    "mastodon",
    "openai",
    "reddit",
    "sendgrid",
    "slack",
    "stripe",
    "tiktok",
    "twilio",
];

/// What may stand after the name in an identifier or a placeholder: `API_KEY_PROD`, `your-api-key-here`.
const ENDINGS: &[&str] = &[
    "dev", "here", "main", "prod", "test", "twitter", "value", "x",
];

/// Labels that say too little behind a word that is not one of [`PREFIXES`]: `SIGNING_KEY` is not the API Key.
const SHORT: &[&str] = &["key", "pin", "secret", "token"];

const PREFIXES: &[&str] = &["my", "new", "the", "tw", "twitter", "x", "your"];

/// What may be written before a label without a mark between them.
const GLUED: &[&str] = &["twitter", "x"];

/// No label has more words than this.
pub(super) const MAX_WORDS: usize = 6;

/// The label that these words, standing side by side in one line, are together.
///
/// A single word may be an identifier with more in front (`config.twitter.apiKey`) or behind.
pub(super) fn name_of(words: &[&str]) -> Option<Name> {
    match words {
        [identifier] => {
            let name = name_of_identifier(identifier)?;
            // A value may have such letters by chance: only a full name counts then.
            let is_full = matches!(name, Name::Kind(_));
            return (is_full || !shape::is_value(identifier)).then_some(name);
        }
        [service, label @ ..] if is_one_of(service, OTHER_SERVICES) => {
            return name_of(label).map(|_| Name::Unrelated);
        }
        _ => {}
    }
    let parts: Vec<Vec<&str>> = words.iter().map(|word| parts_of(word)).collect();
    let all_count = parts.iter().all(|parts| !parts.is_empty());
    all_count.then(|| find(&parts.concat())).flatten()
}

fn name_of_identifier(identifier: &str) -> Option<Name> {
    let all = parts_of(identifier);
    let end = all.len() - all.iter().rev().take_while(|part| is_ending(part)).count();
    let parts = all.get(..end).filter(|parts| !parts.is_empty())?;
    if parts.len() > 1 && parts.iter().any(|part| is_one_of(part, OTHER_SERVICES)) {
        return Some(Name::Unrelated);
    }
    let earliest = parts.len().saturating_sub(MAX_WORDS);
    (earliest..parts.len()).find_map(|start| {
        let (prefix, label) = parts.split_at_checked(start)?;
        let name = find(label)?;
        let alone = label.len() == 1 && label.iter().any(|part| is_one_of(part, SHORT));
        if alone && !prefix.iter().all(|part| is_one_of(part, PREFIXES)) {
            return None;
        }
        Some(name)
    })
}

fn is_ending(part: &str) -> bool {
    is_one_of(part, ENDINGS) || part.bytes().all(|byte| byte.is_ascii_digit())
}

/// The entry that the parts spell together, or would without the service's name in front (`TWITTERAPIKEY`).
fn find(parts: &[&str]) -> Option<Name> {
    let (first, rest) = parts.split_first()?;
    let rest_length: usize = rest.iter().map(|part| part.len()).sum();
    let spelled = |first: &str| {
        LABELS
            .iter()
            .filter(|(label, _)| label.len() == first.len() + rest_length)
            .find(|(label, _)| spells(first, rest, label))
            .map(|(_, name)| *name)
    };
    spelled(first).or_else(|| {
        GLUED.iter().find_map(|service| {
            let (head, tail) = first.split_at_checked(service.len())?;
            let glued = head.eq_ignore_ascii_case(service) && !tail.is_empty();
            glued.then(|| spelled(tail)).flatten()
        })
    })
}

/// Compares letter by letter, so that nothing is copied: a part may be a piece of a secret.
fn spells(first: &str, rest: &[&str], label: &str) -> bool {
    let letters = first
        .bytes()
        .chain(rest.iter().flat_map(|part| part.bytes()));
    letters
        .map(|byte| byte.to_ascii_lowercase())
        .eq(label.bytes())
}

/// `accessTokenSecret`, `access-token.secret` and `ACCESS_TOKEN_SECRET` have the same three parts. Other scripts have none.
fn parts_of(word: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    if !word.is_ascii() {
        return parts;
    }
    for piece in word.split(|c: char| !c.is_ascii_alphanumeric()) {
        let bytes = piece.as_bytes();
        let mut start = 0;
        for at in 1..bytes.len() {
            let (before, here) = (bytes.get(at - 1), bytes.get(at));
            let next_is_lower = bytes.get(at + 1).is_some_and(u8::is_ascii_lowercase);
            let hump = here.is_some_and(u8::is_ascii_uppercase)
                && (before.is_some_and(u8::is_ascii_lowercase)
                    || before.is_some_and(u8::is_ascii_digit)
                    || (before.is_some_and(u8::is_ascii_uppercase) && next_is_lower));
            if hump {
                parts.extend(piece.get(start..at));
                start = at;
            }
        }
        parts.extend(piece.get(start..).filter(|part| !part.is_empty()));
    }
    parts
}

fn is_one_of(part: &str, list: &[&str]) -> bool {
    list.iter().any(|entry| part.eq_ignore_ascii_case(entry))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_label_is_listed_once_and_in_its_plain_form() {
        for (at, (label, _)) in LABELS.iter().enumerate() {
            assert!(
                label
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()),
                "{label}"
            );
            assert!(
                LABELS.iter().skip(at + 1).all(|(other, _)| other != label),
                "{label} twice"
            );
        }
    }

    #[test]
    fn an_identifier_is_split_at_humps_and_marks() {
        assert_eq!(parts_of("accessTokenSecret"), ["access", "Token", "Secret"]);
        assert_eq!(parts_of("TWITTER_API-KEY"), ["TWITTER", "API", "KEY"]);
        assert_eq!(parts_of("XAPIKey2"), ["XAPI", "Key2"]);
    }
}
