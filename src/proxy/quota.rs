//! What one program may take of the proxy: requests at the same time, and requests in a second.

use std::{
    collections::HashMap,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use axum::body::{Body, HttpBody};
use chrono::{DateTime, Utc};
use hyper::body::{Bytes, Frame, SizeHint};

use crate::store::clients::Client;

/// What each program has taken, by its number. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Quotas(Arc<Mutex<HashMap<i64, Taken>>>);

#[derive(Default)]
struct Taken {
    under_way: u32,
    /// The second that is counted.
    second: i64,
    requests: u32,
}

/// A request under way. It counts until this is dropped.
pub(super) struct Turn {
    quotas: Quotas,
    client: i64,
}

impl Quotas {
    /// Lets a request begin, unless its program has enough of them.
    pub(super) fn begin(&self, client: &Client, now: DateTime<Utc>) -> Option<Turn> {
        let mut all = self.all();
        let taken = all.entry(client.id).or_default();
        if taken.second != now.timestamp() {
            taken.second = now.timestamp();
            taken.requests = 0;
        }
        if taken.requests >= client.max_per_second || taken.under_way >= client.max_concurrent {
            return None;
        }
        taken.requests += 1;
        taken.under_way += 1;
        Some(Turn {
            quotas: self.clone(),
            client: client.id,
        })
    }

    fn all(&self) -> MutexGuard<'_, HashMap<i64, Taken>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(taken) = self.quotas.all().get_mut(&self.client) {
            taken.under_way = taken.under_way.saturating_sub(1);
        }
    }
}

/// An answer that is under way until its program has taken the last of it.
pub(super) struct Held {
    pub(super) body: Body,
    pub(super) _turn: Turn,
}

impl HttpBody for Held {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::domain::client::ClientName;

    #[test]
    fn a_program_takes_no_more_than_it_was_given_and_nothing_of_anothers() {
        let client = |id| Client {
            id,
            name: ClientName::trusted("any".to_owned()),
            allowed: Vec::new(),
            max_concurrent: 2,
            max_per_second: 3,
            created_at: DateTime::UNIX_EPOCH,
            revoked_at: None,
        };
        let quotas = Quotas::default();
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(1);
        let first = quotas.begin(&client(1), now);
        let second = quotas.begin(&client(1), now);
        assert!(first.is_some() && second.is_some());
        assert!(quotas.begin(&client(1), now).is_none(), "three at a time");
        assert!(quotas.begin(&client(2), now).is_some());
        drop(second);
        let third = quotas.begin(&client(1), now);
        assert!(third.is_some());
        drop(third);
        assert!(quotas.begin(&client(1), now).is_none(), "four in a second");
        let later = now + TimeDelta::seconds(1);
        assert!(quotas.begin(&client(1), later).is_some());
        drop(first);
    }
}
