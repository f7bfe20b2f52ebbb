//! Signs a request with OAuth 1.0a (RFC 5849 §3); the nonce and the time are arguments.
//!
//! The body is never part of the signature: it is JSON, multipart, or empty (RFC 5849 §3.4.1.3.1). What the bot asks by
//! itself has no query, and `reqwest-oauth1` signs that. It sorts names before escaping them, so a query, which only programs
//! send, is signed here, by the letter of RFC 5849 §3.4. Its types print what they hold: none of them leaves this file.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit, Mac as _};
use reqwest::{
    Method,
    header::{AUTHORIZATION, HeaderValue},
};
use reqwest_oauth1::{OAuthClientProvider as _, OAuthParameters, SecretsProvider};
use sha1::Sha1;
use url::Url;
use zeroize::Zeroizing;

use crate::{
    domain::credentials::{ClientCredentials, TokenCredentials},
    support::{clock::Clock, random::Random},
};

/// Who signs: the app, and the user if there is one. Borrows everything, prints nothing.
#[derive(Clone, Copy)]
pub(super) struct Signatory<'a> {
    /// The app.
    client: &'a ClientCredentials,
    /// The user; none while a request token is asked for (RFC 5849 §2.1).
    token: Option<&'a TokenCredentials>,
    /// `oauth_callback` or `oauth_verifier`.
    besides: Option<(&'static str, &'a str)>,
}

impl<'a> Signatory<'a> {
    /// A user of the app.
    pub(super) fn user(client: &'a ClientCredentials, token: &'a TokenCredentials) -> Self {
        Self {
            token: Some(token),
            ..Self::app(client)
        }
    }

    /// The app alone.
    pub(super) fn app(client: &'a ClientCredentials) -> Self {
        Self {
            client,
            token: None,
            besides: None,
        }
    }

    /// The same, with one more of the protocol's parameters.
    pub(super) fn besides(self, name: &'static str, value: &'a str) -> Self {
        Self {
            besides: Some((name, value)),
            ..self
        }
    }
}

impl SecretsProvider for Signatory<'_> {
    fn get_consumer_key_pair(&self) -> (&str, &str) {
        (self.client.key.expose(), self.client.secret.expose())
    }

    fn get_token_pair_option(&self) -> Option<(&str, &str)> {
        let token = self.token?;
        Some((token.token.expose(), token.secret.expose()))
    }
}

/// What makes a signature valid once: a nonce and a time (RFC 5849 §3.3).
pub(super) struct Stamp {
    nonce: String,
    seconds: u64,
}

impl Stamp {
    /// A fresh stamp, or none if there is no randomness.
    pub(super) fn fresh(clock: &Clock, random: &Random) -> Option<Self> {
        let nonce = random.bytes::<16>().ok()?;
        Some(Self {
            nonce: format!("{:032x}", u128::from_be_bytes(nonce)),
            // RFC 5849 has positive numbers only, and the library reads the machine's clock where it is given a zero.
            seconds: u64::try_from(clock.now().timestamp()).unwrap_or(1).max(1),
        })
    }
}

/// The `Authorization` header of a request without a query, marked as sensitive.
pub(super) fn plain_authorization(
    http: &reqwest::Client,
    signatory: Signatory<'_>,
    stamp: &Stamp,
    method: &Method,
    url: &Url,
) -> Option<HeaderValue> {
    let parameters = OAuthParameters::new()
        .nonce(stamp.nonce.as_str())
        .timestamp(stamp.seconds)
        .version(true);
    let parameters = match signatory.besides {
        Some(("oauth_callback", callback)) => parameters.callback(callback),
        Some((_, verifier)) => parameters.verifier(verifier),
        None => parameters,
    };
    let request = http
        .clone()
        .oauth1_with_params(signatory, parameters)
        .request(method.clone(), url.clone());
    let request = request.generate_signature().ok()?.build().ok()?;
    let mut header = request.headers().get(AUTHORIZATION)?.clone();
    header.set_sensitive(true);
    Some(header)
}

/// The `Authorization` header, marked as sensitive. `oauth_version` is among what X asks for (docs.x.com, "Authorizing a
/// request").
///
/// `url` is without its query; `query` holds the decoded parameters. None only if there is no HMAC for the key.
pub(super) fn authorization(
    signatory: Signatory<'_>,
    stamp: &Stamp,
    method: &Method,
    url: &Url,
    query: &[(String, String)],
) -> Option<HeaderValue> {
    let Signatory {
        client,
        token,
        besides,
    } = signatory;
    let seconds = stamp.seconds.to_string();
    let mut oauth = vec![
        ("oauth_consumer_key", client.key.expose()),
        ("oauth_nonce", &stamp.nonce),
        ("oauth_signature_method", "HMAC-SHA1"),
        ("oauth_timestamp", &seconds),
        ("oauth_version", "1.0"),
    ];
    oauth.extend(token.map(|token| ("oauth_token", token.token.expose())));
    oauth.extend(besides);
    let signed = query.iter().map(|(name, value)| (&**name, &**value));
    let signed = oauth.iter().copied().chain(signed);
    let token_secret = token.map_or("", |token| token.secret.expose());
    let secrets = [client.secret.expose(), token_secret];
    let signature = signature(method, url, signed, secrets)?;
    oauth.push(("oauth_signature", &signature));
    let mut header = Zeroizing::new(String::new());
    for (name, value) in oauth {
        let before = if header.is_empty() { "OAuth " } else { ", " };
        header.push_str(&format!("{before}{name}=\"{}\"", *escaped(value)));
    }
    let mut header = HeaderValue::from_str(&header).ok()?;
    header.set_sensitive(true);
    Some(header)
}

/// The signature over all parameters, the protocol's and the query's, by the secrets of the app and of the user
/// (RFC 5849 §3.4).
fn signature<'a>(
    method: &Method,
    url: &Url,
    parameters: impl Iterator<Item = (&'a str, &'a str)>,
    [secret, token_secret]: [&str; 2],
) -> Option<String> {
    let mut pairs = escaped_pairs(parameters);
    // Escaped first, then sorted by name and value (RFC 5849 §3.4.1.3.2).
    pairs.sort_by(|(name, value), (other, of_other)| {
        (name.as_str(), value.as_str()).cmp(&(other.as_str(), of_other.as_str()))
    });
    let base = Zeroizing::new(format!(
        "{method}&{}&{}",
        *escaped(url.as_str()),
        *escaped(&joined(&pairs))
    ));
    let key = Zeroizing::new(format!("{}&{}", *escaped(secret), *escaped(token_secret)));
    let mut mac = <Hmac<Sha1> as KeyInit>::new_from_slice(key.as_bytes()).ok()?;
    mac.update(base.as_bytes());
    Some(BASE64_STANDARD.encode(mac.finalize().into_bytes()))
}

/// A query as it is signed, in the order given: X must not read it otherwise.
pub(super) fn query_string(query: &[(String, String)]) -> Zeroizing<String> {
    let pairs = query.iter().map(|(name, value)| (&**name, &**value));
    joined(&escaped_pairs(pairs))
}

type Escaped = Zeroizing<String>;

fn escaped_pairs<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<(Escaped, Escaped)> {
    pairs
        .map(|(name, value)| (escaped(name), escaped(value)))
        .collect()
}

fn joined(pairs: &[(Escaped, Escaped)]) -> Zeroizing<String> {
    let mut joined = Zeroizing::new(String::new());
    for (name, value) in pairs {
        let before = if joined.is_empty() { "" } else { "&" };
        joined.extend([before, name, "=", value]);
    }
    joined
}

/// `text`, percent-encoded (RFC 3986 §2.1, RFC 5849 §3.6).
pub(super) fn escaped(text: &str) -> Escaped {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut out = Zeroizing::new(String::with_capacity(text.len() * 3));
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(char::from(HEX[usize::from(byte >> 4)]));
            out.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::credentials::Secret;

    fn pair(key: &str, secret: &str) -> ClientCredentials {
        ClientCredentials {
            key: Secret::new(key.to_owned()),
            secret: Secret::new(secret.to_owned()),
        }
    }

    fn token(token: &str, secret: &str) -> TokenCredentials {
        TokenCredentials {
            token: Secret::new(token.to_owned()),
            secret: Secret::new(secret.to_owned()),
        }
    }

    /// X's published samples, long out of use (docs.x.com, "Creating a signature").
    fn sample_pair() -> ClientCredentials {
        pair(
            "xvz1evFS4wEEPTGEFPHBog",
            "kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw",
        )
    }

    fn sample_token() -> TokenCredentials {
        token(
            "370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb",
            "LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE",
        )
    }

    fn sample_stamp() -> Stamp {
        Stamp {
            nonce: "kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg".to_owned(),
            seconds: 1_318_622_958,
        }
    }

    fn query(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        pairs.iter().map(owned).collect()
    }

    fn header(
        signatory: Signatory<'_>,
        method: &Method,
        url: &str,
        pairs: &[(&str, &str)],
    ) -> HeaderValue {
        let url = url.parse().unwrap();
        let header = authorization(signatory, &sample_stamp(), method, &url, &query(pairs));
        let header = header.unwrap();
        assert!(header.is_sensitive());
        header
    }

    fn parameter(header: &HeaderValue, name: &str) -> Option<String> {
        let header = header.to_str().unwrap();
        let (_, rest) = header.split_once(&format!("{name}=\""))?;
        let value = rest.split_once('"')?.0;
        // Escaped as in a form, but for the plus sign, which is never left as it is.
        let form = format!("v={value}");
        let (_, text) = url::form_urlencoded::parse(form.as_bytes()).next()?;
        Some(text.into_owned())
    }

    /// The signature of the samples' user.
    fn sample(method: &Method, url: &str, pairs: &[(&str, &str)]) -> String {
        let (client, token) = (sample_pair(), sample_token());
        let header = header(Signatory::user(&client, &token), method, url, pairs);
        parameter(&header, "oauth_signature").unwrap()
    }

    const POST: [(&str, &str); 2] = [
        ("include_entities", "true"),
        (
            "status",
            "Hello Ladies + Gentlemen, a signed OAuth request!",
        ),
    ];

    fn sample_post(url: &str) -> String {
        sample(&Method::POST, url, &POST)
    }

    #[test]
    fn signs_the_sample_of_xs_own_page() {
        let base = "https://api.x.com/1.1/statuses/update.json";
        assert_eq!(sample_post(base), "Ls93hJiZbQ3akF3HF3x1Bz8/zU4=");
        // The order in which they stand is not the order in which they are signed.
        let turned: Vec<_> = POST.into_iter().rev().collect();
        let signature = sample(&Method::POST, base, &turned);
        assert_eq!(signature, "Ls93hJiZbQ3akF3HF3x1Bz8/zU4=");
    }

    #[test]
    fn signs_the_same_sample_for_the_older_host_and_the_older_path() {
        let host = "https://api.twitter.com/1.1/statuses/update.json";
        assert_eq!(sample_post(host), "hCtSmYh+iHYCEqBWrE7C7hYmtUk=");
        let path = "https://api.twitter.com/1/statuses/update.json";
        assert_eq!(sample_post(path), "tnnArxj06cWHq44gCs1OSKk/jLY=");
    }

    #[test]
    fn the_signature_printed_on_the_page_about_authorizing_is_not_the_one_of_its_url() {
        // docs.x.com, "Authorizing a request", prints the signature of an older URL.
        let base = "https://api.x.com/1.1/statuses/update.json";
        assert_ne!(sample_post(base), "tnnArxj06cWHq44gCs1OSKk/jLY=");
    }

    #[test]
    fn signs_the_question_who_the_token_belongs_to() {
        let (client, token) = (sample_pair(), sample_token());
        let user = Signatory::user(&client, &token);
        let header = header(user, &Method::GET, "https://api.x.com/2/users/me", &[]);
        let told = |name| parameter(&header, name);
        let signature = "s6npKHEFSxFN4Kn7jGHKfpcDUOI=";
        assert_eq!(told("oauth_signature").as_deref(), Some(signature));
        assert_eq!(told("oauth_version").as_deref(), Some("1.0"));
    }

    #[test]
    fn without_a_query_both_signers_agree() {
        let (client, token) = (sample_pair(), sample_token());
        let url = Url::parse("https://api.x.com/oauth/access_token").unwrap();
        let (app, user) = (Signatory::app(&client), Signatory::user(&client, &token));
        for signatory in [
            user,
            app.besides("oauth_callback", "oob"),
            user.besides("oauth_verifier", "1234567"),
        ] {
            let (http, stamp) = (reqwest::Client::default(), sample_stamp());
            let library = plain_authorization(&http, signatory, &stamp, &Method::POST, &url);
            let library = library.unwrap();
            assert!(library.is_sensitive());
            let ours = authorization(signatory, &stamp, &Method::POST, &url, &[]).unwrap();
            for name in [
                "oauth_signature",
                "oauth_timestamp",
                "oauth_nonce",
                "oauth_version",
            ] {
                assert_eq!(parameter(&library, name), parameter(&ours, name), "{name}");
                assert!(parameter(&ours, name).is_some(), "{name}");
            }
        }
    }

    #[test]
    fn signs_the_question_for_a_request_token_without_a_token() {
        let client = sample_pair();
        let app = Signatory::app(&client).besides("oauth_callback", "oob");
        let url = "https://api.x.com/oauth/request_token";
        let header = header(app, &Method::POST, url, &[]);
        let told = |name| parameter(&header, name);
        let signature = "jc/VgbxSHtvlecdtQHT0gEuVfe0=";
        assert_eq!(told("oauth_signature").as_deref(), Some(signature));
        assert_eq!(told("oauth_callback").as_deref(), Some("oob"));
        assert_eq!(told("oauth_token"), None);
    }

    #[test]
    fn signs_the_examples_of_rfc_5849_section_1_2() {
        let signed = |method, url: &str, parameters: &[(&'static str, &'static str)], secrets| {
            let of_all = [
                ("oauth_consumer_key", "dpf43f3p2l4k3l03"),
                ("oauth_signature_method", "HMAC-SHA1"),
            ];
            let all = of_all.into_iter().chain(parameters.iter().copied());
            signature(&method, &url.parse().unwrap(), all, secrets).unwrap()
        };
        let photos = signed(
            Method::GET,
            "http://photos.example.net/photos",
            &[
                ("file", "vacation.jpg"),
                ("size", "original"),
                ("oauth_token", "nnch734d00sl2jdk"),
                ("oauth_timestamp", "137131202"),
                ("oauth_nonce", "chapoH"),
            ],
            ["kd94hf93k423kf44", "pfkkdhi9sl3r4s00"],
        );
        assert_eq!(photos, "MdpQcU8iPSUjWoN/UDMsK2sui9I=");

        let exchange = signed(
            Method::POST,
            "https://photos.example.net/token",
            &[
                ("oauth_token", "hh5s93j4hdidpola"),
                ("oauth_timestamp", "137131201"),
                ("oauth_nonce", "walatlh"),
                ("oauth_verifier", "hfdp7dh39dks9884"),
            ],
            ["kd94hf93k423kf44", "hdhd0244k9j7ao03"],
        );
        assert_eq!(exchange, "gKgrFCywp7rO0OXSjdot/IHF7IU=");
    }

    #[test]
    fn a_signed_request_prints_neither_key_nor_token_nor_signature() {
        let (client, token) = (sample_pair(), sample_token());
        let url = "https://api.x.com/2/users/me";
        let mut request = reqwest::Request::new(Method::GET, url.parse().unwrap());
        let header = header(Signatory::user(&client, &token), &Method::GET, url, &[]);
        let headers = request.headers_mut();
        headers.insert(AUTHORIZATION, header);
        let printed = format!("{request:?}");
        for part in ["xvz1ev", "370773112", "oauth_signature", "kAcSOq", "Lswwdo"] {
            assert!(!printed.contains(part), "{printed}");
        }
    }

    #[test]
    fn a_stamp_takes_the_time_of_the_clock_and_a_new_nonce_each_time() {
        let clock = Clock::manual(chrono::DateTime::from_timestamp(1_800_000_000, 0).unwrap());
        let random = Random::seeded(1);
        let one = Stamp::fresh(&clock, &random).unwrap();
        let other = Stamp::fresh(&clock, &random).unwrap();
        assert_eq!(one.seconds, 1_800_000_000);
        assert_eq!(one.nonce.len(), 32);
        assert!(one.nonce.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        assert_ne!(one.nonce, other.nonce);
        let again = Stamp::fresh(&clock, &Random::seeded(1)).unwrap();
        assert_eq!(one.nonce, again.nonce);
    }

    #[test]
    fn a_clock_before_1970_gives_the_first_second_that_the_protocol_has() {
        let clock = Clock::manual(chrono::DateTime::from_timestamp(-5, 0).unwrap());
        let stamp = Stamp::fresh(&clock, &Random::seeded(1)).unwrap();
        assert_eq!(stamp.seconds, 1);
    }

    #[test]
    fn the_simulator_agrees_about_repeated_names_and_names_that_need_escaping() {
        let pairs = [
            ("a3", "2 q"),
            ("a3", "a"),
            ("c@", ""),
            ("a2", "r b"),
            ("b5", "=%3D"),
            ("tweet.fields", "id,text"),
            ("!*'()", "ä😀+&"),
            ("a", "1"),
            ("a!", "0"),
        ];
        let url = "https://api.x.com/2/tweets";
        let mut all = query(&pairs);
        for (name, value) in [
            ("oauth_consumer_key", "xvz1evFS4wEEPTGEFPHBog"),
            ("oauth_nonce", "kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg"),
            ("oauth_signature_method", "HMAC-SHA1"),
            ("oauth_timestamp", "1318622958"),
            (
                "oauth_token",
                "370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb",
            ),
            ("oauth_version", "1.0"),
        ] {
            all.push((name.to_owned(), value.to_owned()));
        }
        let base = addx_sim::x::oauth1::base_string("GET", url, &all);
        let expected = addx_sim::x::oauth1::hmac_sha1(
            &base,
            "kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw",
            "LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE",
        );
        assert_eq!(sample(&Method::GET, url, &pairs), expected);
    }
}
