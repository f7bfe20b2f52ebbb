//! What the simulator has seen: every call, the counts that outlive the recording, and what no test expected.

use std::collections::HashMap;

/// How deletions are counted and addressed, whatever the id.
pub(crate) const DELETE_PATTERN: &str = "/2/tweets/{id}";

/// The endpoint a path belongs to.
pub(crate) fn pattern_of(path: &str) -> &str {
    match path.strip_prefix("/2/tweets/") {
        Some(id) if !id.is_empty() && !id.contains('/') => DELETE_PATTERN,
        _ => path,
    }
}

/// Whether `wanted`, a path or a pattern, names `path`.
pub(crate) fn same_path(wanted: &str, path: &str) -> bool {
    wanted == path || wanted == pattern_of(path)
}

/// One request to the simulator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Counts from 1 over the life of the simulator.
    pub number: u64,
    /// `GET`, `POST`, …
    pub method: String,
    /// The path, without its query.
    pub path: String,
    /// Names of the query parameters.
    pub query_names: Vec<String>,
    /// What became of it.
    pub outcome: Outcome,
    /// The signature (or, on `/oauth2/token`, the key pair) was good.
    pub verified: bool,
    /// Why it was not.
    pub refusal: Option<Refusal>,
    /// Names of the OAuth parameters in the header.
    pub oauth_names: Vec<String>,
    /// `oauth_nonce`.
    pub nonce: Option<String>,
    /// `oauth_timestamp`.
    pub timestamp: Option<String>,
    /// The user whose token it carried, if verified.
    pub user_id: Option<u64>,
    /// The App ID whose key it carried, if verified.
    pub app_id: Option<u64>,
    /// `User-Agent`.
    pub user_agent: Option<String>,
}

impl Call {
    /// The status answered, if there was an answer.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self.outcome {
            Outcome::Answered(status) => Some(status),
            Outcome::Pending | Outcome::Dropped | Outcome::Abandoned => None,
        }
    }
}

/// What became of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Not answered yet: delayed or held.
    Pending,
    /// Answered with this status.
    Answered(u16),
    /// The simulator closed the connection ([`super::Fault::DropConnection`]).
    Dropped,
    /// The client went away before the answer.
    Abandoned,
}

/// Why a signature did not verify.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No Authorization header.
    Unsigned,
    /// An Authorization header that is not well-formed, lacks a parameter, or has an unknown version or method.
    Malformed,
    /// A Bearer or Basic header where a signature is needed.
    OtherScheme,
    /// The consumer key belongs to no app.
    UnknownKey,
    /// The token is unknown: never issued, regenerated, revoked, or spent.
    UnknownToken,
    /// The token was issued to another app.
    TokenOfAnotherApp,
    /// The signature does not match: one of the secrets is wrong, or the encoding is.
    BadSignature,
    /// The timestamp differs from X's clock by that many seconds (client minus X).
    ClockOff(i64),
    /// Nonce, timestamp and token were used before.
    NonceReused,
    /// Consumer key and secret of `/oauth2/token` are no pair.
    BadKeyPair,
}

/// A call that a correct client never makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unexpected {
    /// `GET`, `POST`, …
    pub method: String,
    /// The path, without its query.
    pub path: String,
    /// What is wrong with it.
    pub reason: UnexpectedReason,
}

/// What is wrong with an [`Unexpected`] call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnexpectedReason {
    /// X has no such path, or not with this method.
    UnknownPath,
    /// It must be signed and is not, or not in a well-formed way.
    Unsigned,
    /// Nonce, timestamp and token were used before.
    NonceReused,
    /// Query parameters on a call that takes none.
    ExtraParameters(Vec<String>),
}

#[derive(Default)]
pub(crate) struct Log {
    pub(crate) recording_off: bool,
    calls: Vec<Call>,
    unexpected: Vec<Unexpected>,
    arrived: HashMap<String, usize>,
    finished: HashMap<String, usize>,
    last: u64,
}

impl Log {
    pub(crate) fn arrive(&mut self, mut call: Call) -> u64 {
        let number = self.arrive_unrecorded(&call.path);
        call.number = number;
        self.calls.push(call);
        number
    }

    pub(crate) fn arrive_unrecorded(&mut self, path: &str) -> u64 {
        self.last += 1;
        count(&mut self.arrived, pattern_of(path));
        self.last
    }

    pub(crate) fn finish(&mut self, number: u64, path: &str, outcome: Outcome) {
        count(&mut self.finished, pattern_of(path));
        let call = self.calls.iter_mut().rev();
        if let Some(call) = call
            .take_while(|call| call.number >= number)
            .find(|call| call.number == number)
        {
            call.outcome = outcome;
        }
    }

    pub(crate) fn complain(&mut self, method: &str, path: &str, reason: UnexpectedReason) {
        self.unexpected.push(Unexpected {
            method: method.to_owned(),
            path: path.to_owned(),
            reason,
        });
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.calls.clone()
    }

    pub(crate) fn forget(&mut self) {
        self.calls.clear();
        self.arrived.clear();
        self.finished.clear();
    }

    pub(crate) fn take_unexpected(&mut self) -> Vec<Unexpected> {
        std::mem::take(&mut self.unexpected)
    }

    pub(crate) fn arrived(&self, path: &str) -> usize {
        if pattern_of(path) == path || path == DELETE_PATTERN {
            self.arrived.get(path).copied().unwrap_or_default()
        } else {
            self.calls.iter().filter(|call| call.path == path).count()
        }
    }

    pub(crate) fn finished(&self, path: &str) -> usize {
        if pattern_of(path) == path || path == DELETE_PATTERN {
            self.finished.get(path).copied().unwrap_or_default()
        } else {
            let calls = self.calls.iter().filter(|call| call.path == path);
            calls
                .filter(|call| call.outcome != Outcome::Pending)
                .count()
        }
    }
}

fn count(counts: &mut HashMap<String, usize>, name: &str) {
    if let Some(count) = counts.get_mut(name) {
        *count += 1;
    } else {
        counts.insert(name.to_owned(), 1);
    }
}
