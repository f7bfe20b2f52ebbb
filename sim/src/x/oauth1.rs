//! OAuth 1.0a signatures (RFC 5849 §3.4) as pure functions, written apart from any client's so that they can judge one.

use std::fmt::Write as _;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

/// Percent-encodes everything outside the unreserved set of RFC 3986 (RFC 5849 §3.6).
#[must_use]
pub fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a `String` cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// The parameters, encoded, sorted by name and then by value, and joined (RFC 5849 §3.4.1.3.2).
#[must_use]
pub fn parameter_string(parameters: &[(String, String)]) -> String {
    let mut encoded: Vec<(String, String)> = parameters
        .iter()
        .map(|(name, value)| (encode(name), encode(value)))
        .collect();
    encoded.sort();
    encoded
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect::<Vec<_>>()
        .join("&")
}

/// The base string URI: scheme and host in lower case, no default port, no query, no fragment (RFC 5849 §3.4.1.2).
#[must_use]
pub fn base_uri(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let scheme = scheme.to_ascii_lowercase();
    let (authority, path) = match rest.find('/') {
        Some(at) => rest.split_at(at),
        None => (rest, "/"),
    };
    let authority = authority.to_ascii_lowercase();
    let default_port = match scheme.as_str() {
        "http" => ":80",
        "https" => ":443",
        _ => "",
    };
    let authority = match authority.strip_suffix(default_port) {
        Some(host) if !default_port.is_empty() => host,
        _ => &authority,
    };
    format!("{scheme}://{authority}{path}")
}

/// The query of `url`, or a form body, decoded as `application/x-www-form-urlencoded` (RFC 5849 §3.4.1.3.1).
#[must_use]
pub fn decode_form(text: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(text)
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect()
}

/// The signature base string (RFC 5849 §3.4.1.1) of a request.
///
/// `parameters` are the OAuth parameters of the header (without `realm` and `oauth_signature`) and those of a form
/// body; the ones in the query of `url` are added here. A JSON body contributes nothing.
#[must_use]
pub fn base_string(method: &str, url: &str, parameters: &[(String, String)]) -> String {
    let mut all = parameters.to_vec();
    if let Some((_, query)) = url.split('#').next().unwrap_or_default().split_once('?') {
        all.extend(decode_form(query.as_bytes()));
    }
    format!(
        "{}&{}&{}",
        encode(&method.to_ascii_uppercase()),
        encode(&base_uri(url)),
        encode(&parameter_string(&all)),
    )
}

/// The HMAC-SHA1 of a base string under the two secrets, in base64 (RFC 5849 §3.4.2).
#[must_use]
pub fn hmac_sha1(base_string: &str, client_secret: &str, token_secret: &str) -> String {
    let key = format!("{}&{}", encode(client_secret), encode(token_secret));
    // HMAC takes a key of any length; an error here would be a change of that.
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(key.as_bytes()) else {
        return String::new();
    };
    mac.update(base_string.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

/// The signature of a request: [`base_string`] under [`hmac_sha1`].
#[must_use]
pub fn signature(
    method: &str,
    url: &str,
    parameters: &[(String, String)],
    client_secret: &str,
    token_secret: &str,
) -> String {
    hmac_sha1(
        &base_string(method, url, parameters),
        client_secret,
        token_secret,
    )
}

/// The parameters of an `Authorization: OAuth …` header (RFC 5849 §3.5.1) without `realm`, or nothing if it is mangled.
#[must_use]
pub fn parse_authorization(header: &str) -> Option<Vec<(String, String)>> {
    let (scheme, rest) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("oauth") {
        return None;
    }
    let mut parameters: Vec<(String, String)> = Vec::new();
    for part in rest.split(',') {
        let (name, value) = part.trim().split_once('=')?;
        let value = value.strip_prefix('"')?.strip_suffix('"')?;
        let name = percent_encoding::percent_decode_str(name)
            .decode_utf8()
            .ok()?;
        let value = percent_encoding::percent_decode_str(value)
            .decode_utf8()
            .ok()?;
        if name == "realm" {
            continue;
        }
        if parameters.iter().any(|(known, _)| *known == name) {
            return None;
        }
        parameters.push((name.into_owned(), value.into_owned()));
    }
    Some(parameters)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "xvz1evFS4wEEPTGEFPHBog";
    const SECRET: &str = "kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw";
    const TOKEN: &str = "370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb";
    const TOKEN_SECRET: &str = "LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE";
    const NONCE: &str = "kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg";
    const FORM: &[u8] =
        b"status=Hello%20Ladies%20%2b%20Gentlemen%2c%20a%20signed%20OAuth%20request%21";

    fn pairs(parameters: &[(&str, &str)]) -> Vec<(String, String)> {
        parameters
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    fn sample(more: &[(&str, &str)]) -> Vec<(String, String)> {
        let mut parameters = pairs(&[
            ("oauth_consumer_key", KEY),
            ("oauth_nonce", NONCE),
            ("oauth_signature_method", "HMAC-SHA1"),
            ("oauth_timestamp", "1318622958"),
            ("oauth_version", "1.0"),
        ]);
        parameters.extend(pairs(more));
        parameters
    }

    fn status_update() -> Vec<(String, String)> {
        let mut parameters = sample(&[("oauth_token", TOKEN)]);
        parameters.extend(decode_form(FORM));
        parameters
    }

    #[test]
    fn the_parameter_string_is_the_one_x_publishes() {
        let mut parameters = status_update();
        parameters.extend(pairs(&[("include_entities", "true")]));
        assert_eq!(
            parameter_string(&parameters),
            "include_entities=true&oauth_consumer_key=xvz1evFS4wEEPTGEFPHBog&oauth_nonce=kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg&oauth_signature_method=HMAC-SHA1&oauth_timestamp=1318622958&oauth_token=370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb&oauth_version=1.0&status=Hello%20Ladies%20%2B%20Gentlemen%2C%20a%20signed%20OAuth%20request%21"
        );
    }

    #[test]
    fn the_base_string_is_the_one_x_publishes() {
        assert_eq!(
            base_string(
                "POST",
                "https://api.x.com/1.1/statuses/update.json?include_entities=true",
                &status_update()
            ),
            "POST&https%3A%2F%2Fapi.x.com%2F1.1%2Fstatuses%2Fupdate.json&include_entities%3Dtrue%26oauth_consumer_key%3Dxvz1evFS4wEEPTGEFPHBog%26oauth_nonce%3DkYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg%26oauth_signature_method%3DHMAC-SHA1%26oauth_timestamp%3D1318622958%26oauth_token%3D370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb%26oauth_version%3D1.0%26status%3DHello%2520Ladies%2520%252B%2520Gentlemen%252C%2520a%2520signed%2520OAuth%2520request%2521"
        );
    }

    #[test]
    fn the_three_hosts_give_the_three_published_signatures() {
        for (url, expected) in [
            (
                "https://api.x.com/1.1/statuses/update.json",
                "Ls93hJiZbQ3akF3HF3x1Bz8/zU4=",
            ),
            (
                "https://api.twitter.com/1.1/statuses/update.json",
                "hCtSmYh+iHYCEqBWrE7C7hYmtUk=",
            ),
            (
                "https://api.twitter.com/1/statuses/update.json",
                "tnnArxj06cWHq44gCs1OSKk/jLY=",
            ),
        ] {
            assert_eq!(
                signature(
                    "POST",
                    &format!("{url}?include_entities=true"),
                    &status_update(),
                    SECRET,
                    TOKEN_SECRET
                ),
                expected,
                "{url}"
            );
        }
    }

    #[test]
    fn the_two_examples_of_the_rfc_verify_without_a_version() {
        let photos = pairs(&[
            ("oauth_consumer_key", "dpf43f3p2l4k3l03"),
            ("oauth_token", "nnch734d00sl2jdk"),
            ("oauth_signature_method", "HMAC-SHA1"),
            ("oauth_timestamp", "137131202"),
            ("oauth_nonce", "chapoH"),
        ]);
        assert_eq!(
            signature(
                "GET",
                "http://photos.example.net/photos?file=vacation.jpg&size=original",
                &photos,
                "kd94hf93k423kf44",
                "pfkkdhi9sl3r4s00"
            ),
            "MdpQcU8iPSUjWoN/UDMsK2sui9I="
        );
        let token = pairs(&[
            ("oauth_consumer_key", "dpf43f3p2l4k3l03"),
            ("oauth_token", "hh5s93j4hdidpola"),
            ("oauth_signature_method", "HMAC-SHA1"),
            ("oauth_timestamp", "137131201"),
            ("oauth_nonce", "walatlh"),
            ("oauth_verifier", "hfdp7dh39dks9884"),
        ]);
        assert_eq!(
            signature(
                "POST",
                "https://photos.example.net/token",
                &token,
                "kd94hf93k423kf44",
                "hdhd0244k9j7ao03"
            ),
            "gKgrFCywp7rO0OXSjdot/IHF7IU="
        );
    }

    #[test]
    fn repeated_names_plus_signs_and_empty_values_are_normalised_as_the_rfc_shows() {
        let mut parameters = pairs(&[
            ("oauth_consumer_key", "9djdj82h48djs9d2"),
            ("oauth_token", "kkk9d7dh3k39sjv7"),
            ("oauth_signature_method", "HMAC-SHA1"),
            ("oauth_timestamp", "137131201"),
            ("oauth_nonce", "7d8f3e4a"),
        ]);
        parameters.extend(decode_form(b"c2&a3=2+q"));
        let base = base_string(
            "POST",
            "http://EXAMPLE.com:80/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b",
            &parameters,
        );
        assert_eq!(
            base,
            "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D%26c%2540%3D%26c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_method%3DHMAC-SHA1%26oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7"
        );
        assert_eq!(
            hmac_sha1(
                &base,
                "ECrDNoq1VYzzzzzzzzzyAK7TwZNtPnkqatqZZZZ",
                "just-a-string    asdasd"
            ),
            "wsdNmjGB7lvis0UJuPAmjvX/PXw="
        );
        assert_eq!(
            hmac_sha1(&base, "j49sk3j29djd", "dh893hdasih9"),
            "r6/TJjbCOr97/+UU0NsvSne7s5g="
        );
    }

    #[test]
    fn the_calls_a_linking_bot_makes_have_the_derived_signatures() {
        assert_eq!(
            signature(
                "GET",
                "https://api.x.com/2/users/me",
                &sample(&[("oauth_token", TOKEN)]),
                SECRET,
                TOKEN_SECRET
            ),
            "s6npKHEFSxFN4Kn7jGHKfpcDUOI="
        );
        assert_eq!(
            signature(
                "POST",
                "https://api.x.com/oauth/request_token",
                &sample(&[("oauth_callback", "oob")]),
                SECRET,
                ""
            ),
            "jc/VgbxSHtvlecdtQHT0gEuVfe0="
        );
    }

    #[test]
    fn the_base_uri_drops_default_ports_and_keeps_others() {
        assert_eq!(
            base_uri("HTTPS://Api.X.com:443/2/users/me?a=b#c"),
            "https://api.x.com/2/users/me"
        );
        assert_eq!(base_uri("http://127.0.0.1:8080"), "http://127.0.0.1:8080/");
        assert_eq!(base_uri("http://h:8080/"), "http://h:8080/");
    }

    #[test]
    fn a_header_is_parsed_without_its_realm_and_refused_when_mangled() {
        assert_eq!(
            parse_authorization(r#"OAuth realm="x", a="1%2B1",b="" "#),
            Some(pairs(&[("a", "1+1"), ("b", "")]))
        );
        for mangled in [
            "OAuth",
            "OAuth a=1",
            "Basic YQ==",
            r#"OAuth a="1",a="2""#,
            r#"OAuth a="%FF""#,
        ] {
            assert_eq!(parse_authorization(mangled), None, "{mangled}");
        }
    }
}
