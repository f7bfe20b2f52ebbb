//! The HTTP client for X: how long it waits, how much it reads, and one method per call.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use reqwest::{
    Method, RequestBuilder, Response,
    header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE},
    redirect,
};
use tracing::{debug, error, info};
use url::Url;
use zeroize::Zeroizing;

use super::{
    oauth1::{Signatory, Stamp, authorization, escaped, plain_authorization, query_string},
    response::{Answer, Body, NoAnswer, Reply},
};
use crate::{
    domain::{
        credentials::{ClientCredentials, Secret},
        pin::Verifier,
    },
    support::{
        clock::Clock,
        metrics::{self, Metrics},
        random::Random,
    },
};

/// An idle connection to X is closed after this long.
const IDLE_LIMIT: Duration = Duration::from_secs(10);

/// The bounds of every single call to X. None is ever repeated.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// From the look-up of the name to the end of the TLS handshake.
    pub connect: Duration,
    /// From the start to the last byte of the body.
    pub total: Duration,
    /// Bytes of a body that are read; an answer that is longer counts as cut off.
    pub body: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            total: Duration::from_secs(10),
            body: 64 * 1024,
        }
    }
}

/// Why there is no client. What X answers is never one of these.
#[derive(Debug, thiserror::Error)]
pub enum XClientError {
    /// The URL is not one that paths can be added to.
    #[error(
        "the URL of the X API must be http(s)://host[:port][/path], without a user name, a query or a fragment"
    )]
    BaseUrl,
    /// TLS or the resolver could not be set up.
    #[error("cannot set up the HTTP client for X")]
    Http(#[source] reqwest::Error),
}

/// Where users authorise apps at X.
#[derive(Clone, Debug)]
pub(crate) struct AuthorizeUrl(Url);

impl AuthorizeUrl {
    /// Where a user authorises the app of this request token; `screen_name` is filled in for them.
    pub(crate) fn of(&self, token: &Secret, screen_name: Option<&str>) -> Url {
        let mut url = self.0.clone();
        url.query_pairs_mut()
            .append_pair("oauth_token", token.expose())
            .append_pair("force_login", "true")
            .extend_pairs(screen_name.map(|name| ("screen_name", name)));
        url
    }
}

/// Seconds by which this server's clock was ahead of X's when X last showed its own. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct ClockDifference(Arc<Mutex<Option<i64>>>);

impl ClockDifference {
    /// `None`: X has shown no time yet.
    pub(crate) fn seen(&self) -> Option<i64> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn note(&self, seconds: Option<i64>) {
        if seconds.is_some() {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = seconds;
        }
    }
}

/// A client for the X API (docs.x.com/x-api). Cheap to clone; clones share their connections.
///
/// It follows no redirect, keeps no cookie, and uses no proxy from the environment: a signed request goes to the
/// configured host or nowhere.
#[derive(Clone)]
pub struct XClient {
    http: reqwest::Client,
    base: Url,
    pub(super) clock: Clock,
    pub(super) random: Random,
    pub(super) limits: Limits,
    metrics: Metrics,
    clock_difference: ClockDifference,
}

impl XClient {
    /// A client for the API at `base`, such as `https://api.x.com`, with the default [`Limits`].
    pub fn new(base: Url, clock: Clock, random: Random) -> Result<Self, XClientError> {
        Self::with_limits(base, clock, random, Limits::default())
    }

    /// The same with other limits.
    pub(crate) fn with_limits(
        base: Url,
        clock: Clock,
        random: Random,
        limits: Limits,
    ) -> Result<Self, XClientError> {
        let plain = matches!(base.scheme(), "http" | "https")
            && base.has_host()
            && base.username().is_empty()
            && base.password().is_none()
            && base.query().is_none()
            && base.fragment().is_none();
        if !plain {
            return Err(XClientError::BaseUrl);
        }
        let http = reqwest::Client::builder()
            .user_agent(concat!("addx/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .no_proxy()
            .retry(reqwest::retry::never())
            .connect_timeout(limits.connect)
            .timeout(limits.total)
            // A connection keeps the head of the last request, and with it an API Key and a token, until it is closed.
            .pool_idle_timeout(IDLE_LIMIT)
            .build()
            .map_err(XClientError::Http)?;
        Ok(Self {
            http,
            base,
            clock,
            random,
            limits,
            metrics: Metrics::default(),
            clock_difference: ClockDifference::default(),
        })
    }

    /// The same client, whose calls are counted here.
    pub(crate) fn counted_by(mut self, metrics: Metrics) -> Self {
        self.metrics = metrics;
        self
    }

    /// `GET /2/users/me`: whose token it is (docs.x.com/x-api/users/get-my-user).
    pub(super) async fn users_me(&self, user: Signatory<'_>) -> Reply {
        self.get("/2/users/me", user).await
    }

    /// `GET /1.1/account/verify_credentials.json`: the older question, whose failures carry a number.
    pub(super) async fn verify_credentials(&self, user: Signatory<'_>) -> Reply {
        self.get("/1.1/account/verify_credentials.json", user).await
    }

    /// `POST /oauth2/token`: the key pair alone, with neither a signature nor a time
    /// (docs.x.com/fundamentals/authentication/oauth-2-0/application-only).
    pub(super) async fn bearer(&self, client: &ClientCredentials) -> Reply {
        const PATH: &str = "/oauth2/token";
        const FORM: &str = "application/x-www-form-urlencoded;charset=UTF-8";
        let secret = escaped(client.secret.expose());
        let request = self
            .http
            .post(self.url(PATH))
            .basic_auth(escaped(client.key.expose()).as_str(), Some(secret.as_str()))
            .header(CONTENT_TYPE, FORM)
            .body("grant_type=client_credentials");
        self.send(PATH, Some(request)).await
    }

    /// `POST /oauth/request_token` with `oauth_callback=oob`: the key pair alone, signed (RFC 5849 §2.1).
    pub(super) async fn request_token(&self, client: &ClientCredentials) -> Reply {
        let app = Signatory::app(client).besides("oauth_callback", "oob");
        self.post("/oauth/request_token", app).await
    }

    /// `POST /oauth/access_token`: the PIN for a token pair (RFC 5849 §2.3).
    pub(super) async fn access_token(
        &self,
        temporary: Signatory<'_>,
        verifier: &Verifier,
    ) -> Reply {
        let user = temporary.besides("oauth_verifier", verifier.0.expose());
        self.post("/oauth/access_token", user).await
    }

    /// `POST /1.1/oauth/invalidate_token.json`: ends the token it is signed with.
    pub(super) async fn invalidate_token(&self, user: Signatory<'_>) -> Reply {
        self.post("/1.1/oauth/invalidate_token.json", user).await
    }

    /// Makes links to the page where a user authorises an app.
    pub(crate) fn authorize_url(&self) -> AuthorizeUrl {
        AuthorizeUrl(self.url("/oauth/authorize"))
    }

    /// What X's answers show of its clock, as it goes on.
    pub(crate) fn clock_difference(&self) -> &ClockDifference {
        &self.clock_difference
    }

    async fn get(&self, path: &'static str, signatory: Signatory<'_>) -> Reply {
        let request = self.signed(Method::GET, path, &[], signatory);
        self.send(path, request).await
    }

    async fn post(&self, path: &'static str, signatory: Signatory<'_>) -> Reply {
        let request = self.signed(Method::POST, path, &[], signatory);
        self.send(path, request.map(without_body)).await
    }

    /// A request that carries its signature and nothing else. None if there is no randomness for one.
    pub(super) fn signed(
        &self,
        method: Method,
        path: &str,
        query: &[(String, String)],
        signatory: Signatory<'_>,
    ) -> Option<RequestBuilder> {
        let stamp = Stamp::fresh(&self.clock, &self.random)?;
        let mut url = self.url(path);
        let header = if query.is_empty() {
            plain_authorization(&self.http, signatory, &stamp, &method, &url)?
        } else {
            let header = authorization(signatory, &stamp, &method, &url, query)?;
            url.set_query(Some(&query_string(query)));
            header
        };
        Some(self.http.request(method, url).header(AUTHORIZATION, header))
    }

    pub(super) fn url(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        url.set_path(&format!("{}{path}", self.base.path().trim_end_matches('/')));
        url
    }

    /// Sends `request` once.
    pub(super) async fn send(&self, path: &'static str, request: Option<RequestBuilder>) -> Reply {
        let started = Instant::now();
        let reply = match request {
            Some(request) => self.exchange(request).await,
            None => Err(NoAnswer::Unsigned),
        };
        let status = reply.as_ref().map(|answer| answer.status);
        self.note_call(path, status, started.elapsed());
        reply
    }

    /// Counts and logs a call under a path out of a fixed set. The log gets the path, the status and the time it took, never
    /// anything of the request.
    pub(super) fn note_call(
        &self,
        path: &'static str,
        status: Result<u16, &NoAnswer>,
        took: Duration,
    ) {
        let answer = status.map_or_else(|why| why.as_str(), metrics::class_of);
        self.metrics.x_call(path, answer, took);
        let elapsed_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        match status {
            Ok(status) => debug!(
                target: "addx::x",
                { x.path = path, http.status = status, elapsed_ms },
                "X answered"
            ),
            Err(NoAnswer::Unsigned) => error!(
                target: "addx::x",
                { x.path = path },
                "a request to X could not be signed"
            ),
            Err(why) => info!(
                target: "addx::x",
                { x.path = path, x.failure = why.as_str(), elapsed_ms },
                "X did not answer"
            ),
        }
    }

    async fn exchange(&self, request: RequestBuilder) -> Reply {
        let sent = request.send().await;
        let mut response = sent.map_err(|error| NoAnswer::of(&error))?;
        let now = self.clock.now();
        let body = self.body(&mut response).await;
        let status = response.status().as_u16();
        Ok(Answer::read(status, response.headers(), now, body))
    }

    pub(super) async fn body(&self, response: &mut Response) -> Body {
        // Reserved at once: a buffer that grows leaves copies behind that nobody wipes.
        let mut bytes = Zeroizing::new(Vec::with_capacity(self.limits.body));
        let complete = loop {
            match response.chunk().await {
                Ok(Some(chunk)) if bytes.len() + chunk.len() <= self.limits.body => {
                    bytes.extend_from_slice(&chunk);
                }
                end => break matches!(end, Ok(None)),
            }
        };
        Body { bytes, complete }
    }
}

/// Some servers refuse a POST that does not say that it has no body.
pub(super) fn without_body(request: RequestBuilder) -> RequestBuilder {
    request.header(CONTENT_LENGTH, 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x::fake::{
        Act, DATE, ME, Server, UNAUTHORIZED, client_credentials, message, now, say,
        token_credentials,
    };

    fn client(base: &Url, limits: Limits) -> XClient {
        let clock = Clock::manual(now());
        XClient::with_limits(base.clone(), clock, Random::seeded(7), limits).unwrap()
    }

    async fn me(server: &Server, limits: Limits) -> Reply {
        let (key, token) = (client_credentials(), token_credentials());
        let client = client(&server.url, limits);
        let reply = client.users_me(Signatory::user(&key, &token));
        tokio::time::timeout(Duration::from_secs(5), reply)
            .await
            .expect("the client's own limit is shorter")
    }

    fn brief() -> Limits {
        Limits {
            total: Duration::from_millis(80),
            ..Limits::default()
        }
    }

    const PATH: &str = "/2/users/me";

    #[tokio::test]
    async fn a_redirect_is_an_answer_and_is_not_followed() {
        let elsewhere = Server::play(&[(PATH, say(200, &[], ME))]);
        let target = elsewhere.url.join(PATH).unwrap();
        let server = Server::play(&[(PATH, say(302, &[("location", target.as_str())], ""))]);
        let answer = me(&server, Limits::default()).await.unwrap();
        assert_eq!(answer.status, 302);
        assert_eq!(server.calls(), ["GET /2/users/me"]);
        assert!(elsewhere.calls().is_empty());
    }

    #[tokio::test]
    async fn a_server_that_does_not_answer_is_given_up_on() {
        let server = Server::play(&[(PATH, Act::Stall(String::new()))]);
        assert_eq!(me(&server, brief()).await.err(), Some(NoAnswer::Timeout));
        assert_eq!(server.calls().len(), 1);
    }

    #[tokio::test]
    async fn a_body_that_stalls_is_cut_off() {
        let half = message(200, &[], ME.len(), &ME[..20]);
        let server = Server::play(&[(PATH, Act::Stall(half))]);
        let answer = me(&server, brief()).await.unwrap();
        assert_eq!(answer.status, 200);
        assert!(answer.is_unreadable());
    }

    #[tokio::test]
    async fn a_connection_that_breaks_is_told_from_a_body_that_breaks() {
        let server = Server::play(&[(PATH, Act::Say(String::new()))]);
        let reply = me(&server, Limits::default()).await;
        assert_eq!(reply.err(), Some(NoAnswer::Broken));
        assert_eq!(server.calls().len(), 1, "never repeated");

        let half = message(200, &[], ME.len(), &ME[..20]);
        let server = Server::play(&[(PATH, Act::Say(half))]);
        let answer = me(&server, Limits::default()).await.unwrap();
        assert!(answer.is_unreadable());
    }

    #[tokio::test]
    async fn a_refused_connection_is_told_as_one() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        drop(listener);
        let reply = client(&base.parse().unwrap(), Limits::default())
            .users_me(Signatory::user(&client_credentials(), &token_credentials()))
            .await;
        assert_eq!(reply.err(), Some(NoAnswer::Connect));
    }

    #[tokio::test]
    async fn a_body_is_read_up_to_its_limit_and_not_a_byte_further() {
        let server = Server::play(&[(PATH, say(200, &[], ME))]);
        let limits = |body| Limits {
            body,
            ..Limits::default()
        };
        let whole = me(&server, limits(ME.len())).await.unwrap();
        assert!(whole.account().is_some());
        let longer = me(&server, limits(ME.len() - 1)).await.unwrap();
        assert!(longer.is_unreadable());

        let padded = format!("{ME}{}", " ".repeat(64 * 1024));
        let server = Server::play(&[(PATH, say(200, &[], &padded))]);
        let answer = me(&server, Limits::default()).await.unwrap();
        assert!(answer.is_unreadable());
    }

    #[tokio::test]
    async fn cookies_are_not_sent_back() {
        let cookie = ("set-cookie", "guest_id=v1; Path=/");
        let server = Server::play(&[(PATH, say(401, &[cookie, DATE], UNAUTHORIZED))]);
        let client = client(&server.url, Limits::default());
        for _ in 0..2 {
            let (key, token) = (client_credentials(), token_credentials());
            client
                .users_me(Signatory::user(&key, &token))
                .await
                .unwrap();
        }
        let seen = server.seen();
        assert_eq!(seen.len(), 2);
        for request in seen {
            assert!(!request.to_ascii_lowercase().contains("\r\ncookie:"));
        }
    }

    #[tokio::test]
    async fn every_call_says_who_we_are_and_signs_with_the_clock_and_a_nonce_of_its_own() {
        let server = Server::play(&[(PATH, say(200, &[], ME))]);
        let client = client(&server.url, Limits::default());
        for _ in 0..2 {
            let (key, token) = (client_credentials(), token_credentials());
            client
                .users_me(Signatory::user(&key, &token))
                .await
                .unwrap();
        }
        let seen = server.seen();
        let agent = concat!("user-agent: addx/", env!("CARGO_PKG_VERSION"), "\r\n");
        for request in &seen {
            assert!(request.contains(agent), "{request}");
            assert!(request.contains("oauth_timestamp=\"1780131630\""));
            assert!(request.contains("oauth_version=\"1.0\""));
            assert!(request.contains("oauth_consumer_key=\"MadeUpApiKey0000000000001\""));
            assert!(!request.contains("MadeUpAccessSecret"), "{request}");
        }
        let nonce =
            |request: &str| request.split("oauth_nonce=\"").nth(1).unwrap()[..32].to_owned();
        assert_ne!(nonce(&seen[0]), nonce(&seen[1]));
    }

    #[tokio::test]
    async fn the_bearer_question_is_asked_as_x_documents_it() {
        use base64::{Engine, prelude::BASE64_STANDARD};
        let server = Server::play(&[]);
        let client = client(&server.url, Limits::default());
        client.bearer(&client_credentials()).await.unwrap();
        let request = server.seen().remove(0);
        assert!(request.starts_with("POST /oauth2/token HTTP/1.1\r\n"));
        let basic = BASE64_STANDARD.encode("MadeUpApiKey0000000000001:made%2Fup%20secret%2B~");
        assert!(request.contains(&format!("authorization: Basic {basic}\r\n")));
        let form = "content-type: application/x-www-form-urlencoded;charset=UTF-8\r\n";
        assert!(request.contains(form), "{request}");
        assert!(request.ends_with("\r\n\r\ngrant_type=client_credentials"));
    }

    #[tokio::test]
    async fn a_request_token_is_asked_for_out_of_band_without_a_token_or_a_body() {
        let server = Server::play(&[]);
        let client = client(&server.url, Limits::default());
        client.request_token(&client_credentials()).await.unwrap();
        let request = server.seen().remove(0);
        assert!(request.starts_with("POST /oauth/request_token HTTP/1.1\r\n"));
        assert!(request.contains("oauth_callback=\"oob\""));
        assert!(!request.contains("oauth_token="));
        let lengths = request.matches("content-length: 0\r\n").count();
        assert_eq!(lengths, 1, "{request}");
    }

    #[tokio::test]
    async fn a_base_with_a_path_keeps_it() {
        let server = Server::play(&[]);
        for base in ["proxy/x", "proxy/x/"] {
            let base = server.url.join(base).unwrap();
            let client = client(&base, Limits::default());
            client.bearer(&client_credentials()).await.unwrap();
        }
        assert_eq!(server.calls(), ["POST /proxy/x/oauth2/token"; 2]);
    }

    #[test]
    fn a_base_that_paths_cannot_be_added_to_is_refused() {
        for base in [
            "mailto:x@example.com",
            "ftp://api.x.com",
            "https://user@api.x.com",
            "https://:word@api.x.com",
            "https://api.x.com/?a=b",
            "https://api.x.com/#top",
        ] {
            let clock = Clock::manual(now());
            let client = XClient::new(base.parse().unwrap(), clock, Random::seeded(1));
            assert!(
                matches!(client.err(), Some(XClientError::BaseUrl)),
                "{base}"
            );
        }
    }
}
