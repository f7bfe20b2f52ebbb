//! Every name under which a value is written down, as data: X's consoles of all years, RFC 5849, and the client libraries.

use std::sync::LazyLock;

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
const LABELS: &[(Name, &str)] = &[
    (
        API_KEY,
        "apikey appkey applicationkey clientkey consumerapikey consumerkey oauthconsumerkey",
    ),
    (Name::Vague(Kind::Value(Field::ApiKey)), "key"),
    (
        API_SECRET,
        "apikeysecret apisecret apisecretkey appsecret applicationsecret consumerapikeysecret \
         consumerapisecret consumerapisecretkey consumerkeysecret consumersecret consumersecretkey keysecret \
         oauthconsumersecret secretkey",
    ),
    (
        ACCESS_TOKEN,
        "accesskey accesstoken accesstokenkey oauthaccesstoken oauthtoken resourceownerkey tokenkey \
         useraccesstoken",
    ),
    (Name::Vague(Kind::Value(Field::AccessToken)), "token"),
    (
        ACCESS_SECRET,
        "accesskeysecret accesssecret accesssecretkey accesssecrettoken accesstokenkeysecret \
         accesstokensecret accesstokensecretkey oauthaccesstokensecret oauthsecret oauthtokensecret \
         resourceownersecret secrettoken tokensecret useraccesstokensecret",
    ),
    (Name::Secret, "secret"),
    (Name::Kind(Kind::BearerToken), "appbearertoken bearertoken"),
    (Name::Kind(Kind::ClientId), "clientid oauth2clientid"),
    (
        Name::Kind(Kind::ClientSecret),
        "clientsecret clientidsecret oauth2clientsecret",
    ),
    (
        Name::Kind(Kind::UserToken),
        "oauth20accesstoken oauth20token oauth20usertoken oauth2accesstoken oauth2token oauth2usertoken",
    ),
    (Name::Kind(Kind::RefreshToken), "refreshtoken"),
    (Name::Kind(Kind::Pin), "oauthverifier pin pincode"),
    (Name::Kind(Kind::AppId), "appid applicationid"),
    (Name::Kind(Kind::UserId), "userid"),
    (
        Name::Kind(Kind::TelegramBotToken),
        "bottoken telegramtoken teloxidetoken",
    ),
    (Name::Unknown, "bearer"),
    (
        Name::Unrelated,
        "accesslevel appname callbackurl handle oauthcallback oauthnonce oauthsignature oauthsignaturemethod \
         oauthtimestamp oauthversion ownerid projectid screenname username websiteurl",
    ),
];

/// [`LABELS`], one by one.
static KNOWN: LazyLock<Vec<(&str, Name)>> = LazyLock::new(|| {
    let each = |(name, labels): &(Name, &'static str)| {
        let name = *name;
        labels.split(' ').map(move |label| (label, name))
    };
    LABELS.iter().flat_map(each).collect()
});

/// Whose keys they also could be: `OPENAI_API_KEY` is not the API Key meant here.
const OTHER_SERVICES: &str = "anthropic aws azure bluesky discord facebook gemini github gitlab google instagram \
    linkedin mastodon openai reddit sendgrid slack stripe tiktok twilio";

/// What may stand after the name in an identifier or a placeholder: `API_KEY_PROD`, `your-api-key-here`.
const ENDINGS: &str = "dev here main prod test twitter value x";

/// Labels that say too little behind a word that is not one of [`PREFIXES`]: `SIGNING_KEY` is not the API Key.
const SHORT: &str = "key pin secret token";

const PREFIXES: &str = "my new the tw twitter x your";

/// What may be written before a label without a mark between them.
const GLUED: &str = "twitter x";

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
        KNOWN
            .iter()
            .filter(|(label, _)| label.len() == first.len() + rest_length)
            .find(|(label, _)| spells(first, rest, label))
            .map(|(_, name)| *name)
    };
    spelled(first).or_else(|| {
        GLUED.split(' ').find_map(|service| {
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
            let is = |at: usize, test: fn(&u8) -> bool| bytes.get(at).is_some_and(test);
            let next_is_lower = is(at + 1, u8::is_ascii_lowercase);
            let hump = is(at, u8::is_ascii_uppercase)
                && (!is(at - 1, u8::is_ascii_uppercase) || next_is_lower);
            if hump {
                parts.extend(piece.get(start..at));
                start = at;
            }
        }
        parts.extend(piece.get(start..).filter(|part| !part.is_empty()));
    }
    parts
}

fn is_one_of(part: &str, list: &str) -> bool {
    list.split(' ')
        .any(|entry| part.eq_ignore_ascii_case(entry))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_label_is_listed_once_and_in_its_plain_form() {
        for (at, (label, _)) in KNOWN.iter().enumerate() {
            assert!(
                label
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()),
                "{label}"
            );
            assert!(
                KNOWN.iter().skip(at + 1).all(|(other, _)| other != label),
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
