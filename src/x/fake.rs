//! For the tests here: answers made by hand, and a small HTTP server on loopback that plays a script.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use chrono::{DateTime, Utc};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use url::Url;
use zeroize::Zeroizing;

use super::response::{Answer, Body};
use crate::domain::credentials::{ClientCredentials, Secret, TokenCredentials};

/// Sat, 30 May 2026 09:00:30 UTC
pub(super) const NOW: i64 = 1_780_131_630;
pub(super) const DATE: (&str, &str) = ("date", "Sat, 30 May 2026 09:00:30 GMT");

pub(super) const ME: &str =
    r#"{"data":{"id":"2244994945","name":"X Developers","username":"XDevelopers"}}"#;
pub(super) const UNAUTHORIZED: &str =
    r#"{"title":"Unauthorized","type":"about:blank","status":401,"detail":"Unauthorized"}"#;
pub(super) const GRANT: &str = r#"{"token_type":"bearer","access_token":"AAAA%2FAAA%3DAAA"}"#;
pub(super) const UNVERIFIED: &str = r#"{"errors":[{"code":99,"label":"authenticity_token_error","message":"Unable to verify your credentials"}]}"#;
pub(super) const CODE_32: &str =
    r#"{"errors":[{"code":32,"message":"Could not authenticate you."}]}"#;
pub(super) const CODE_89: &str =
    r#"{"errors":[{"code":89,"message":"Invalid or expired token."}]}"#;
pub(super) const CODE_135: &str =
    r#"{"errors":[{"code":135,"message":"Could not authenticate you."}]}"#;
pub(super) const CODE_416: &str =
    r#"{"errors":[{"code":416,"message":"Invalid / suspended application."}]}"#;

pub(super) fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(NOW, 0).unwrap()
}

pub(super) fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    pairs
        .iter()
        .map(|(name, value)| {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            (name, HeaderValue::from_str(value).unwrap())
        })
        .collect()
}

pub(super) fn answer(status: u16, pairs: &[(&str, &str)], body: &str) -> Answer {
    read(status, pairs, body, true)
}

pub(super) fn cut(status: u16, body: &str) -> Answer {
    read(status, &[], body, false)
}

fn read(status: u16, pairs: &[(&str, &str)], body: &str, complete: bool) -> Answer {
    let body = Body {
        bytes: Zeroizing::new(body.as_bytes().to_vec()),
        complete,
    };
    Answer::read(status, &headers(pairs), now(), body)
}

pub(super) fn client_credentials() -> ClientCredentials {
    ClientCredentials {
        key: Secret::new("MadeUpApiKey0000000000001".to_owned()),
        secret: Secret::new("made/up secret+~".to_owned()),
    }
}

pub(super) fn token_credentials() -> TokenCredentials {
    TokenCredentials {
        token: Secret::new("2244994945-MadeUpAccessToken0000000000001".to_owned()),
        secret: Secret::new("MadeUpAccessSecret0000000000000000000000000001".to_owned()),
    }
}

/// What the server does with a request.
#[derive(Clone)]
pub(super) enum Act {
    /// Writes these bytes and hangs up.
    Say(String),
    /// Writes these bytes and neither goes on nor hangs up.
    Stall(String),
}

/// A whole answer.
pub(super) fn say(status: u16, pairs: &[(&str, &str)], body: &str) -> Act {
    Act::Say(message(status, pairs, body.len(), body))
}

/// An answer that announces `length` bytes of body and sends `body`.
pub(super) fn message(status: u16, pairs: &[(&str, &str)], length: usize, body: &str) -> String {
    let mut text = format!("HTTP/1.1 {status} Whatever\r\n");
    for (name, value) in [("connection", "close")].iter().chain(pairs) {
        text.extend([name, ": ", value, "\r\n"]);
    }
    text + &format!("content-length: {length}\r\n\r\n{body}")
}

/// An HTTP server that answers each path as its script says, everything else with 404, and records the requests.
pub(super) struct Server {
    pub(super) url: Url,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub(super) fn play(script: &[(&'static str, Act)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (script, record) = (script.to_vec(), Arc::clone(&seen));
        thread::spawn(move || {
            let mut stalled = Vec::new();
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let Some(request) = request(&mut stream) else {
                    continue;
                };
                let path = request.split(' ').nth(1).unwrap().to_owned();
                record.lock().unwrap().push(request);
                let act = script.iter().find(|(scripted, _)| *scripted == path);
                match act.map(|(_, act)| act.clone()) {
                    Some(Act::Say(bytes)) => _ = stream.write_all(bytes.as_bytes()),
                    Some(Act::Stall(bytes)) => {
                        _ = stream.write_all(bytes.as_bytes());
                        stalled.push(stream);
                    }
                    None => _ = stream.write_all(message(404, &[], 2, "{}").as_bytes()),
                }
            }
        });
        Self {
            url: url.parse().unwrap(),
            seen,
        }
    }

    /// The requests so far, as they came.
    pub(super) fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }

    /// Their methods and paths.
    pub(super) fn calls(&self) -> Vec<String> {
        self.seen()
            .iter()
            .map(|request| request.split(' ').take(2).collect::<Vec<_>>().join(" "))
            .collect()
    }
}

fn request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .filter_map(|line| line.split_once(": "))
                .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
                .map_or(0, |(_, length)| length.parse().unwrap());
            if body.len() >= length {
                return Some(text);
            }
        }
        match stream.read(&mut chunk).unwrap_or(0) {
            0 => return None,
            read => bytes.extend_from_slice(&chunk[..read]),
        }
    }
}
