//! X's rate limits, remembered per account and kind of request: after a 429 X is left alone until it takes requests again.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use chrono::{DateTime, Utc};
use hyper::header::{HeaderMap, RETRY_AFTER};

use crate::domain::account::AccountId;

/// The headers that tell a program when to come again.
const TELLING: [&str; 3] = ["x-rate-limit-", "x-app-limit-", "x-user-limit-"];

/// A kind of request: whose, how, and where, as X counts it.
pub(super) type Kind = (AccountId, String);

struct Limit {
    until: DateTime<Utc>,
    headers: HeaderMap,
}

/// Which kinds of requests X does not want now.
#[derive(Default)]
pub(super) struct Limits(Mutex<HashMap<Kind, Limit>>);

impl Limits {
    /// Until when X wants no request of this kind, and the headers with which it said so.
    pub(super) fn holds(
        &self,
        kind: &Kind,
        now: DateTime<Utc>,
    ) -> Option<(DateTime<Utc>, HeaderMap)> {
        let limits = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let limit = limits.get(kind).filter(|limit| limit.until > now)?;
        Some((limit.until, limit.headers.clone()))
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
