//! Who is asking: the judgement of an Authorization header, before anything is answered.

use std::collections::{BTreeMap, HashSet};

use axum::http::{HeaderMap, header};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use percent_encoding::percent_decode_str;

use super::{
    endpoints::Endpoint,
    log::Refusal,
    oauth1,
    world::{AppPermission, World},
};

/// How far a timestamp may be from X's clock.
const CLOCK_WINDOW_SECONDS: u64 = 300;

/// A request, taken apart.
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) path_and_query: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) form: Vec<(String, String)>,
    pub(crate) host: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    /// The parameters of an `Authorization: OAuth` header that could be read.
    pub(crate) oauth: Vec<(String, String)>,
}

impl Asked {
    pub(crate) fn header(&self, name: header::HeaderName) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// A parameter of the header, the query or the form.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        find(&self.oauth, name)
            .or_else(|| find(&self.query, name))
            .or_else(|| find(&self.form, name))
    }

    pub(crate) fn oauth(&self, name: &str) -> Option<&str> {
        find(&self.oauth, name)
    }
}

fn find<'a>(parameters: &'a [(String, String)], name: &str) -> Option<&'a str> {
    parameters
        .iter()
        .find(|(known, _)| known == name)
        .map(|(_, value)| value.as_str())
}

/// What an Authorization header proves.
pub(crate) enum Judged {
    /// A page that asks for nothing.
    Open,
    /// A signature that verifies.
    Signed(Signed),
    /// A bearer token of an app.
    Bearer,
    /// A bearer token of nobody.
    UnknownBearer,
    /// The key pair of this app, in a Basic header.
    KeyPair(usize),
    /// None of these.
    Refused(Refusal),
}

#[derive(Clone)]
pub(crate) struct Signed {
    pub(crate) app: usize,
    pub(crate) token: String,
    pub(crate) holder: Option<Holder>,
}

/// The user behind an access token, and what the token may do.
#[derive(Clone, Copy)]
pub(crate) struct Holder {
    pub(crate) user: usize,
    pub(crate) permission: AppPermission,
}

/// Nonces that were used, with their key and token, by timestamp, so that the old can be forgotten.
#[derive(Default)]
pub(crate) struct Nonces(BTreeMap<i64, HashSet<[String; 3]>>);

impl Nonces {
    /// Notes a nonce; whether it is new.
    fn note(&mut self, now: i64, timestamp: i64, used: [&str; 3]) -> bool {
        let window = i64::try_from(CLOCK_WINDOW_SECONDS).unwrap_or_default();
        if let Some((&oldest, _)) = self.0.first_key_value()
            && oldest < now - 4 * window
        {
            self.0 = self.0.split_off(&(now - 2 * window));
        }
        self.0
            .entry(timestamp)
            .or_default()
            .insert(used.map(str::to_owned))
    }
}

pub(crate) fn judge(
    world: &World,
    nonces: &mut Nonces,
    now: i64,
    endpoint: &Endpoint,
    asked: &Asked,
) -> Judged {
    if matches!(endpoint, Endpoint::Authorize | Endpoint::Unknown) {
        return Judged::Open;
    }
    let Some(header) = asked.header(header::AUTHORIZATION) else {
        return Judged::Refused(Refusal::Unsigned);
    };
    let scheme = header.split(' ').next().unwrap_or_default();
    if matches!(endpoint, Endpoint::BearerToken) {
        return match key_pair(world, header) {
            Ok(app) => Judged::KeyPair(app),
            Err(refusal) => Judged::Refused(refusal),
        };
    }
    if scheme.eq_ignore_ascii_case("bearer") {
        let token = header.get(7..).unwrap_or_default();
        return if world.apps.iter().any(|app| app.bearer == token) {
            Judged::Bearer
        } else {
            Judged::UnknownBearer
        };
    }
    if !scheme.eq_ignore_ascii_case("oauth") {
        return Judged::Refused(Refusal::OtherScheme);
    }
    match signed(world, nonces, now, endpoint, asked) {
        Ok(signed) => Judged::Signed(signed),
        Err(refusal) => Judged::Refused(refusal),
    }
}

fn key_pair(world: &World, header: &str) -> Result<usize, Refusal> {
    let encoded = match header.split_once(' ') {
        Some((scheme, encoded)) if scheme.eq_ignore_ascii_case("basic") => encoded,
        _ => return Err(Refusal::OtherScheme),
    };
    let decoded = STANDARD
        .decode(encoded.trim())
        .map_err(|_| Refusal::Malformed)?;
    let decoded = String::from_utf8(decoded).map_err(|_| Refusal::Malformed)?;
    let (key, secret) = decoded.split_once(':').ok_or(Refusal::Malformed)?;
    let key = percent_decode_str(key).decode_utf8_lossy();
    let secret = percent_decode_str(secret).decode_utf8_lossy();
    let app = *world.keys.get(&*key).ok_or(Refusal::UnknownKey)?;
    if world.apps[app].pair.secret == secret {
        Ok(app)
    } else {
        Err(Refusal::BadKeyPair)
    }
}

fn signed(
    world: &World,
    nonces: &mut Nonces,
    now: i64,
    endpoint: &Endpoint,
    asked: &Asked,
) -> Result<Signed, Refusal> {
    let needed = |name| asked.oauth(name).ok_or(Refusal::Malformed);
    let key = needed("oauth_consumer_key")?;
    let nonce = needed("oauth_nonce")?;
    let signature = needed("oauth_signature")?;
    let timestamp: i64 = needed("oauth_timestamp")?
        .parse()
        .map_err(|_| Refusal::Malformed)?;
    let version = asked.oauth("oauth_version").unwrap_or("1.0");
    if needed("oauth_signature_method")? != "HMAC-SHA1" || version != "1.0" || nonce.is_empty() {
        return Err(Refusal::Malformed);
    }
    let token = match endpoint {
        Endpoint::RequestToken => "",
        _ => needed("oauth_token")?,
    };
    let app = *world.keys.get(key).ok_or(Refusal::UnknownKey)?;
    let (issuer, token_secret, holder) = match endpoint {
        Endpoint::RequestToken => (app, "", None),
        Endpoint::AccessToken => {
            let temporary = world.temporaries.get(token).ok_or(Refusal::UnknownToken)?;
            (temporary.app, temporary.secret.as_str(), None)
        }
        _ => {
            let record = world.tokens.get(token).ok_or(Refusal::UnknownToken)?;
            let holder = Holder {
                user: record.user,
                permission: record.permission,
            };
            (record.app, record.secret.as_str(), Some(holder))
        }
    };
    if issuer != app {
        return Err(Refusal::TokenOfAnotherApp);
    }
    let mut parameters: Vec<(String, String)> = asked
        .oauth
        .iter()
        .filter(|(name, _)| name != "oauth_signature")
        .cloned()
        .collect();
    parameters.extend(asked.form.iter().cloned());
    let url = format!("http://{}{}", asked.host, asked.path_and_query);
    let secret = &world.apps[app].pair.secret;
    let expected = oauth1::signature(&asked.method, &url, &parameters, secret, token_secret);
    if signature != expected {
        return Err(Refusal::BadSignature);
    }
    let off = timestamp.saturating_sub(now);
    if off.unsigned_abs() > CLOCK_WINDOW_SECONDS {
        return Err(Refusal::ClockOff(off));
    }
    if !nonces.note(now, timestamp, [nonce, key, token]) {
        return Err(Refusal::NonceReused);
    }
    Ok(Signed {
        app,
        token: token.to_owned(),
        holder,
    })
}
