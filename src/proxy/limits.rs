//! X's rate limits, remembered per account, app and kind of request: after a 429 X is left alone until it takes requests
//! again.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use chrono::{DateTime, Utc};
use hyper::header::{HeaderMap, HeaderValue, RETRY_AFTER};

use crate::domain::{account::AccountId, client::Rule, health::AppMark};

/// The headers that tell a program when to come again.
const TELLING: [&str; 3] = ["x-rate-limit-", "x-app-limit-", "x-user-limit-"];

/// A kind of request, as X counts it: whose, with which app, and what, by the rule that allows it.
pub(super) type Kind = (AccountId, AppMark, Rule);

struct Limit {
    until: DateTime<Utc>,
    headers: HeaderMap,
}

/// Which kinds of requests X does not want now.
#[derive(Default)]
pub(super) struct Limits(Mutex<HashMap<Kind, Limit>>);

impl Limits {
    /// Until when X wants no request of this kind, and the headers with which it said so, as they would be now.
    pub(super) fn holds(
        &self,
        kind: &Kind,
        now: DateTime<Utc>,
    ) -> Option<(DateTime<Utc>, HeaderMap)> {
        let limits = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let limit = limits.get(kind).filter(|limit| limit.until > now)?;
        let mut headers = limit.headers.clone();
        // It counts from the answer that it stands in.
        if headers.contains_key(RETRY_AFTER) {
            let left = (limit.until - now).as_seconds_f64().ceil();
            if let Ok(left) = HeaderValue::try_from(left.to_string()) {
                headers.insert(RETRY_AFTER, left);
            }
        }
        Some((limit.until, headers))
    }

    /// X said 429, and until when.
    pub(super) fn note(
        &self,
        kind: Kind,
        until: DateTime<Utc>,
        answer: &HeaderMap,
        now: DateTime<Utc>,
    ) {
        let telling = |name: &str| {
            name == RETRY_AFTER.as_str() || TELLING.iter().any(|start| name.starts_with(start))
        };
        let headers = answer
            .iter()
            .filter(|(name, _)| telling(name.as_str()))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        let mut limits = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        limits.retain(|_, limit| limit.until > now);
        limits.insert(kind, Limit { until, headers });
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn kind(app: u8, rule: &str) -> Kind {
        let account = AccountId::from_bytes([1; 16]);
        (account, AppMark([app; 16]), rule.parse().unwrap())
    }

    #[test]
    fn what_is_left_of_the_wait_counts_down() {
        let now = DateTime::from_timestamp(1_780_000_000, 500_000_000).unwrap();
        let until = now + TimeDelta::seconds(90);
        let mut said = HeaderMap::new();
        said.insert(RETRY_AFTER, HeaderValue::from_static("90"));
        said.insert("x-rate-limit-limit", HeaderValue::from_static("100"));
        said.insert("set-cookie", HeaderValue::from_static("made-up"));
        let limits = Limits::default();
        let posts = kind(1, "POST /2/tweets");
        limits.note(posts.clone(), until, &said, now);

        for (passed, left) in [(0, "90"), (30, "60"), (89, "1")] {
            let (_, headers) = limits
                .holds(&posts, now + TimeDelta::seconds(passed))
                .unwrap();
            assert_eq!(headers[RETRY_AFTER], left);
            assert_eq!(headers["x-rate-limit-limit"], "100");
            assert_eq!(headers.len(), 2);
        }
        assert!(limits.holds(&posts, until).is_none());
        let elsewhere = kind(1, "GET /2/users/me");
        assert!(limits.holds(&elsewhere, now).is_none());
        let other_app = kind(2, "POST /2/tweets");
        assert!(limits.holds(&other_app, now).is_none());
    }
}
