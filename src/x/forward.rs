//! Sends a program's request to X, signed with an account's values, and hands X's answer back as it is.

use std::{
    error::Error,
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use hyper::body::{Body as HttpBody, Bytes};
use reqwest::{
    Method, RequestBuilder, Response,
    header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue},
};

use super::{
    client::{XClient, without_body},
    judge,
    oauth1::Signatory,
    response::{Answer, NoAnswer},
};
use crate::domain::{
    client::{ApiPath, Rule},
    credentials::{ClientCredentials, TokenCredentials},
};

/// From the start to the last byte of X's answer: an upload takes longer than a question.
const FORWARD_LIMIT: Duration = Duration::from_mins(1);

/// A program's request, less everything that is the program's own business: its token, its cookies, its connection.
pub(crate) struct Forward<B> {
    /// How.
    pub method: Method,
    /// Where.
    pub path: ApiPath,
    /// The query's parameters, decoded, in the order in which they came.
    pub query: Vec<(String, String)>,
    /// `Content-Type`, as it came.
    pub content_type: Option<HeaderValue>,
    /// `Accept`, as it came.
    pub accept: Option<HeaderValue>,
    /// The body; none for a request that has none.
    pub body: Option<B>,
}

/// X's answer.
pub(crate) struct Forwarded {
    /// As X gave it; the body was read to judge it, or still streams.
    pub response: hyper::Response<reqwest::Body>,
    /// Whether it makes the account's standing doubtful.
    pub suspect: bool,
    /// Until when X wants no request of this kind, if it said so.
    pub limited_until: Option<DateTime<Utc>>,
}

/// Why there is no answer of X's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotForwarded {
    /// The request did not reach X.
    NotSent,
    /// It may have reached X.
    Unknown,
}

impl XClient {
    /// Signs `request` with these values and sends it, once.
    pub(crate) async fn forward<B>(
        &self,
        client: &ClientCredentials,
        token: &TokenCredentials,
        request: Forward<B>,
    ) -> Result<Forwarded, NotForwarded>
    where
        B: HttpBody<Data = Bytes> + Send + Sync + 'static,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let label = Rule::label_of(&request.path.pattern());
        let signed = self.forwardable(client, token, request);
        let signed = signed.ok_or(NotForwarded::NotSent)?;
        let started = Instant::now();
        let sent = signed.send().await;
        let status = sent.as_ref().map(|response| response.status().as_u16());
        let status = status.map_err(NoAnswer::of);
        // Until X's answer begins: how fast the program takes the rest is not X's doing.
        self.note_call(label, status.as_ref().copied(), started.elapsed());
        let response = sent.map_err(|error| {
            if error.is_connect() {
                NotForwarded::NotSent
            } else {
                NotForwarded::Unknown
            }
        })?;
        Ok(self.read(response).await)
    }

    fn forwardable<B>(
        &self,
        client: &ClientCredentials,
        token: &TokenCredentials,
        forward: Forward<B>,
    ) -> Option<RequestBuilder>
    where
        B: HttpBody<Data = Bytes> + Send + Sync + 'static,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let signatory = Signatory::user(client, token);
        let is_get = forward.method == Method::GET;
        let path = forward.path.as_str();
        let request = self.signed(forward.method, path, &forward.query, signatory)?;
        let headers = [
            (CONTENT_TYPE, forward.content_type),
            (ACCEPT, forward.accept),
        ];
        let headers = headers.into_iter();
        let headers = headers.filter_map(|(name, value)| Some((name, value?)));
        let request = request.timeout(FORWARD_LIMIT).headers(headers.collect());
        Some(match forward.body {
            Some(body) => request.body(reqwest::Body::wrap(body)),
            None if is_get => request,
            None => without_body(request),
        })
    }

    /// Answers that say something about the account are read whole; all others stream. One of which only a part came counts by
    /// its status and headers, and is handed on as far as it came.
    async fn read(&self, response: Response) -> Forwarded {
        let status = response.status().as_u16();
        if !matches!(status, 401 | 403 | 429) {
            return Forwarded {
                response: hyper::Response::from(response),
                suspect: false,
                limited_until: None,
            };
        }
        let mut response = response;
        let body = self.body(&mut response).await;
        let bytes = Bytes::copy_from_slice(&body.bytes);
        let (mut parts, _) = hyper::Response::from(response).into_parts();
        if !body.complete {
            parts.headers.remove(CONTENT_LENGTH);
        }
        let answer = Answer::read(status, &parts.headers, self.clock.now(), body);
        Forwarded {
            suspect: judge::makes_doubtful(&answer),
            limited_until: judge::limited_until(&answer),
            response: hyper::Response::from_parts(parts, bytes.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::{BodyExt as _, Full};

    use super::*;
    use crate::{
        support::{clock::Clock, random::Random},
        x::fake::{Act, Server, client_credentials, message, now, say, token_credentials},
    };

    /// Path and query of [`forward`].
    const TARGET: &str = "/2/tweets?a%20b=%C3%A4%26%3D";

    fn forward(body: Option<&str>) -> Forward<Full<Bytes>> {
        Forward {
            method: Method::POST,
            path: ApiPath::parse("/2/tweets").unwrap(),
            query: vec![("a b".to_owned(), "ä&=".to_owned())],
            content_type: Some(HeaderValue::from_static("application/json")),
            accept: None,
            body: body.map(|body| Full::new(Bytes::from(body.to_owned()))),
        }
    }

    async fn forwarded(server: &Server, body: Option<&str>) -> Forwarded {
        let clock = Clock::manual(now());
        let client = XClient::new(server.url.clone(), clock, Random::seeded(7)).unwrap();
        let (key, token) = (client_credentials(), token_credentials());
        let forwarded = client.forward(&key, &token, forward(body)).await;
        forwarded.ok().unwrap()
    }

    async fn sent(body: Option<&str>) -> String {
        let server = Server::play(&[]);
        let forwarded = forwarded(&server, body).await;
        let body = forwarded.response.into_body().collect().await;
        assert_eq!(body.ok().unwrap().to_bytes(), "{}");
        server.seen().remove(0)
    }

    #[tokio::test]
    async fn x_gets_the_body_and_no_header_but_its_own() {
        let request = sent(Some(r#"{"text":"hello"}"#)).await;
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        let mut lines = head.lines();
        assert_eq!(
            lines.next(),
            Some("POST /2/tweets?a%20b=%C3%A4%26%3D HTTP/1.1")
        );
        let mut names: Vec<&str> = lines.map(|line| line.split(':').next().unwrap()).collect();
        names.sort_unstable();
        assert_eq!(
            names,
            [
                "accept",
                "authorization",
                "content-length",
                "content-type",
                "host",
                "user-agent"
            ]
        );
        assert!(head.contains("authorization: OAuth oauth_consumer_key="));
        assert_eq!(body, r#"{"text":"hello"}"#);
    }

    #[tokio::test]
    async fn a_post_without_a_body_says_so() {
        let request = sent(None).await;
        assert_eq!(
            request.matches("content-length: 0\r\n").count(),
            1,
            "{request}"
        );
    }

    #[tokio::test]
    async fn a_refusal_counts_though_its_body_breaks_off() {
        let reset = (now().timestamp() + 300).to_string();
        let half = r#"{"title":"Unauthor"#;
        for (status, suspect, limited) in
            [(401, true, false), (403, true, false), (429, false, true)]
        {
            let headers = [("x-rate-limit-reset", reset.as_str())];
            let broken = Act::Say(message(status, &headers, 100, half));
            let server = Server::play(&[(TARGET, broken)]);
            let Forwarded {
                response,
                suspect: suspected,
                limited_until,
            } = forwarded(&server, None).await;
            assert_eq!(response.status().as_u16(), status);
            assert_eq!((suspected, limited_until.is_some()), (suspect, limited));
            assert!(!response.headers().contains_key(CONTENT_LENGTH));
            let body = response.into_body().collect().await;
            assert_eq!(body.ok().unwrap().to_bytes(), half);
        }
    }

    #[tokio::test]
    async fn a_refusal_comes_back_as_it_is() {
        let server = Server::play(&[(TARGET, say(403, &[("a", "b")], r#"{"x":1}"#))]);
        let Forwarded { response, .. } = forwarded(&server, None).await;
        assert_eq!(response.headers()["a"], "b");
        assert_eq!(response.headers()[CONTENT_LENGTH], "7");
        let body = response.into_body().collect().await;
        assert_eq!(body.ok().unwrap().to_bytes(), r#"{"x":1}"#);
    }
}
