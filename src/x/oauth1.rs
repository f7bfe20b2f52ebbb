//! Signs a request with OAuth 1.0a (RFC 5849 §3); the nonce and the time are arguments.
//!
//! The signing itself is `reqwest-oauth1`'s. Its types print what they hold, so none of them leaves this file:
//! what comes out is a request whose `Authorization` header is marked as sensitive.
//!
//! It signs parameters of the query or of the form, not of both, and sorts their names before escaping them.
//! None of the bot's own calls to X has a query, a repeated name, or a name that needs escaping. What a program sends
//! through the proxy may have all of them, so [`authorization`] signs that, by the letter of RFC 5849 §3.4.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit, Mac as _};
use reqwest::{
    Method, Request,
    header::{AUTHORIZATION, HeaderValue},
};
use reqwest_oauth1::{DefaultSM, OAuthClientProvider, OAuthParameters, SecretsProvider};
use sha1::Sha1;
use url::Url;
use zeroize::Zeroizing;

use crate::{
    clock::Clock,
    domain::credentials::{ClientCredentials, TokenCredentials},
    random::Random,
};

/// Who signs: the app, and the user if there is one. Borrows everything, prints nothing.
#[derive(Clone, Copy)]
pub(super) struct Signatory<'a> {
    /// The app.
    pub(super) client: &'a ClientCredentials,
    /// The user; none while a request token is asked for (RFC 5849 §2.1).
    pub(super) token: Option<&'a TokenCredentials>,
}

impl SecretsProvider for Signatory<'_> {
    fn get_consumer_key_pair(&self) -> (&str, &str) {
        (self.client.key.expose(), self.client.secret.expose())
    }

    fn get_token_pair_option(&self) -> Option<(&str, &str)> {
        self.token
            .map(|token| (token.token.expose(), token.secret.expose()))
    }
}

/// What makes a signature valid once: a nonce and a time (RFC 5849 §3.3).
pub(super) struct Stamp {
    nonce: String,
    unix_seconds: u64,
}

impl Stamp {
    /// A fresh stamp, or none if there is no randomness.
    pub(super) fn fresh(clock: &Clock, random: &Random) -> Option<Self> {
        let nonce = random.bytes::<16>().ok()?;
        // The signer reads the machine's clock where it is given a zero.
        let unix_seconds = u64::try_from(clock.now().timestamp()).unwrap_or(1).max(1);
        Some(Self {
            nonce: format!("{:032x}", u128::from_be_bytes(nonce)),
            unix_seconds,
        })
    }

    /// The parameters X asks for, `oauth_version` among them (docs.x.com, "Authorizing a request").
    pub(super) fn parameters(&self) -> OAuthParameters<'_, DefaultSM> {
        OAuthParameters::new()
            .nonce(self.nonce.as_str())
            .timestamp(self.unix_seconds)
            .version(true)
    }
}

/// A request signed by `signatory`, ready to be sent; `form` becomes the body.
///
/// None if it could not be built; no text from outside can cause that, all of it is escaped.
pub(super) fn signed(
    http: &reqwest::Client,
    signatory: Signatory<'_>,
    parameters: OAuthParameters<'_, DefaultSM>,
    method: Method,
    url: Url,
    form: &[(&str, &str)],
) -> Option<Request> {
    let builder = http
        .clone()
        .oauth1_with_params(signatory, parameters)
        .request(method, url);
    let builder = if form.is_empty() {
        builder
    } else {
        builder.form(&form)
    };
    let mut request = builder.generate_signature().ok()?.build().ok()?;
    request
        .headers_mut()
        .get_mut(AUTHORIZATION)?
        .set_sensitive(true);
    Some(request)
}

/// The `Authorization` header for a request whose body is no part of the signature: JSON, multipart, or none.
///
/// `url` is without its query; `query` holds the decoded parameters. None only if there is no HMAC for the key.
pub(super) fn authorization(
    signatory: Signatory<'_>,
    stamp: &Stamp,
    method: &Method,
    url: &Url,
    query: &[(String, String)],
) -> Option<HeaderValue> {
    let (key, secret) = signatory.get_consumer_key_pair();
    let (token, token_secret) = signatory.get_token_pair_option().unwrap_or_default();
    let mut oauth = vec![
        ("oauth_consumer_key", escaped(key)),
        ("oauth_nonce", escaped(&stamp.nonce)),
        (
            "oauth_signature_method",
            Zeroizing::new("HMAC-SHA1".to_owned()),
        ),
        (
            "oauth_timestamp",
            Zeroizing::new(stamp.unix_seconds.to_string()),
        ),
        ("oauth_token", escaped(token)),
        ("oauth_version", Zeroizing::new("1.0".to_owned())),
    ];
    // RFC 5849 §3.4.1.3.2: escaped first, then sorted by name and value.
    let mut parameters: Vec<(Zeroizing<String>, Zeroizing<String>)> = query
        .iter()
        .map(|(name, value)| (escaped(name), escaped(value)))
        .collect();
    parameters.extend(
        oauth
            .iter()
            .map(|(name, value)| (escaped(name), value.clone())),
    );
    parameters.sort_by(|(name, value), (other, of_other)| {
        (&**name, &**value).cmp(&(&**other, &**of_other))
    });
    let mut joined = Zeroizing::new(String::new());
    for (name, value) in &parameters {
        if !joined.is_empty() {
            joined.push('&');
        }
        joined.push_str(name);
        joined.push('=');
        joined.push_str(value);
    }
    let base = Zeroizing::new(format!(
        "{method}&{}&{}",
        *escaped(url.as_str()),
        *escaped(&joined)
    ));
    let signing_key = Zeroizing::new(format!("{}&{}", *escaped(secret), *escaped(token_secret)));
    let mut mac = <Hmac<Sha1> as KeyInit>::new_from_slice(signing_key.as_bytes()).ok()?;
    mac.update(base.as_bytes());
    let signature = BASE64_STANDARD.encode(mac.finalize().into_bytes());
    oauth.push(("oauth_signature", escaped(&signature)));
    let mut header = Zeroizing::new("OAuth ".to_owned());
    for (index, (name, value)) in oauth.iter().enumerate() {
        let comma = if index == 0 { "" } else { ", " };
        header.push_str(&format!("{comma}{name}=\"{}\"", **value));
    }
    let mut header = HeaderValue::from_str(&header).ok()?;
    header.set_sensitive(true);
    Some(header)
}

/// `text`, percent-encoded (RFC 3986 §2.1, RFC 5849 §3.6).
pub(super) fn escaped(text: &str) -> Zeroizing<String> {
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
            unix_seconds: 1_318_622_958,
        }
    }

    fn http() -> reqwest::Client {
        reqwest::Client::builder().build().unwrap()
    }

    fn request(
        client: &ClientCredentials,
        token: Option<&TokenCredentials>,
        parameters: OAuthParameters<'_, DefaultSM>,
        method: Method,
        url: &str,
        form: &[(&str, &str)],
    ) -> Request {
        let signatory = Signatory { client, token };
        let url = url.parse().unwrap();
        signed(&http(), signatory, parameters, method, url, form).unwrap()
    }

    fn parameter(request: &Request, name: &str) -> Option<String> {
        let header = request.headers()[AUTHORIZATION].to_str().unwrap();
        let (_, rest) = header.split_once(&format!("{name}=\""))?;
        let value = rest.split_once('"')?.0;
        // Escaped as in a form, but for the plus sign, which is never left as it is.
        let form = format!("v={value}");
        let (_, text) = url::form_urlencoded::parse(form.as_bytes()).next()?;
        Some(text.into_owned())
    }

    fn signature(request: &Request) -> String {
        parameter(request, "oauth_signature").unwrap()
    }

    const POST: [(&str, &str); 2] = [
        ("include_entities", "true"),
        (
            "status",
            "Hello Ladies + Gentlemen, a signed OAuth request!",
        ),
    ];

    fn sample_post(url: &str) -> String {
        signature(&request(
            &sample_pair(),
            Some(&sample_token()),
            sample_stamp().parameters(),
            Method::POST,
            url,
            &POST,
        ))
    }

    #[test]
    fn signs_the_sample_of_xs_own_page() {
        let base = "https://api.x.com/1.1/statuses/update.json";
        assert_eq!(sample_post(base), "Ls93hJiZbQ3akF3HF3x1Bz8/zU4=");
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
        let request = request(
            &sample_pair(),
            Some(&sample_token()),
            sample_stamp().parameters(),
            Method::GET,
            "https://api.x.com/2/users/me",
            &[],
        );
        assert_eq!(signature(&request), "s6npKHEFSxFN4Kn7jGHKfpcDUOI=");
        assert_eq!(parameter(&request, "oauth_version").as_deref(), Some("1.0"));
    }

    #[test]
    fn signs_the_question_for_a_request_token_without_a_token() {
        let request = request(
            &sample_pair(),
            None,
            sample_stamp().parameters().callback("oob"),
            Method::POST,
            "https://api.x.com/oauth/request_token",
            &[],
        );
        assert_eq!(signature(&request), "jc/VgbxSHtvlecdtQHT0gEuVfe0=");
        assert_eq!(parameter(&request, "oauth_token"), None);
    }

    #[test]
    fn signs_the_examples_of_rfc_5849_section_1_2() {
        let printer = pair("dpf43f3p2l4k3l03", "kd94hf93k423kf44");
        let photos = request(
            &printer,
            Some(&token("nnch734d00sl2jdk", "pfkkdhi9sl3r4s00")),
            OAuthParameters::new()
                .nonce("chapoH")
                .timestamp(137_131_202_u64),
            Method::GET,
            "http://photos.example.net/photos?file=vacation.jpg&size=original",
            &[],
        );
        assert_eq!(signature(&photos), "MdpQcU8iPSUjWoN/UDMsK2sui9I=");

        let exchange = request(
            &printer,
            Some(&token("hh5s93j4hdidpola", "hdhd0244k9j7ao03")),
            OAuthParameters::new()
                .nonce("walatlh")
                .timestamp(137_131_201_u64)
                .verifier("hfdp7dh39dks9884"),
            Method::POST,
            "https://photos.example.net/token",
            &[],
        );
        assert_eq!(signature(&exchange), "gKgrFCywp7rO0OXSjdot/IHF7IU=");
    }

    #[test]
    fn a_signed_request_prints_neither_key_nor_token_nor_signature() {
        let request = request(
            &sample_pair(),
            Some(&sample_token()),
            sample_stamp().parameters(),
            Method::GET,
            "https://api.x.com/2/users/me",
            &[],
        );
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
        assert_eq!(one.unix_seconds, 1_800_000_000);
        assert_eq!(one.nonce.len(), 32);
        assert!(one.nonce.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        assert_ne!(one.nonce, other.nonce);
        let again = Stamp::fresh(&clock, &Random::seeded(1)).unwrap();
        assert_eq!(one.nonce, again.nonce);
    }

    #[test]
    fn a_clock_before_1970_does_not_let_the_signer_read_the_machines_clock() {
        let clock = Clock::manual(chrono::DateTime::from_timestamp(-5, 0).unwrap());
        let stamp = Stamp::fresh(&clock, &Random::seeded(1)).unwrap();
        let request = request(
            &sample_pair(),
            None,
            stamp.parameters(),
            Method::GET,
            "https://api.x.com/2/users/me",
            &[],
        );
        assert_eq!(parameter(&request, "oauth_timestamp").as_deref(), Some("1"));
    }

    fn query(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        pairs.iter().map(owned).collect()
    }

    fn signature_of_query(method: &Method, url: &str, pairs: &[(&str, &str)]) -> String {
        let (client, token) = (sample_pair(), sample_token());
        let signatory = Signatory {
            client: &client,
            token: Some(&token),
        };
        let url = url.parse().unwrap();
        let header = authorization(signatory, &sample_stamp(), method, &url, &query(pairs));
        let header = header.unwrap();
        assert!(header.is_sensitive());
        let text = header.to_str().unwrap();
        let (_, rest) = text.split_once("oauth_signature=\"").unwrap();
        let escaped = rest.split_once('"').unwrap().0;
        escaped
            .replace("%2F", "/")
            .replace("%2B", "+")
            .replace("%3D", "=")
    }

    #[test]
    fn a_query_is_signed_like_xs_own_sample() {
        let base = "https://api.x.com/1.1/statuses/update.json";
        let signature = signature_of_query(&Method::POST, base, &POST);
        assert_eq!(signature, "Ls93hJiZbQ3akF3HF3x1Bz8/zU4=");
        // The order in which they stand is not the order in which they are signed.
        let turned: Vec<_> = POST.into_iter().rev().collect();
        let signature = signature_of_query(&Method::POST, base, &turned);
        assert_eq!(signature, "Ls93hJiZbQ3akF3HF3x1Bz8/zU4=");
    }

    #[test]
    fn without_a_query_both_signers_agree() {
        let url = "https://api.x.com/2/users/me";
        let signature = signature_of_query(&Method::GET, url, &[]);
        assert_eq!(signature, "s6npKHEFSxFN4Kn7jGHKfpcDUOI=");
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
        assert_eq!(signature_of_query(&Method::GET, url, &pairs), expected);
    }
}
