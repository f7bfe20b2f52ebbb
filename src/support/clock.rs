//! The one place that reads the clock and waits on it. Tests move it by hand.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, SubsecRound, Utc};
use tokio::sync::Notify;

/// The time, passed in wherever it matters. Cheap to clone; clones share one clock.
#[derive(Clone, Debug)]
pub struct Clock(Kind);

#[derive(Clone, Debug)]
enum Kind {
    System,
    Manual(Arc<Hand>),
}

#[derive(Debug)]
struct Hand {
    unix_seconds: AtomicI64,
    moved: Notify,
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self(Kind::System)
    }

    /// A clock that stands at `start` until [`Clock::advance`] moves it.
    pub fn manual(start: DateTime<Utc>) -> Self {
        Self(Kind::Manual(Arc::new(Hand {
            unix_seconds: AtomicI64::new(start.timestamp()),
            moved: Notify::new(),
        })))
    }

    /// Now, to the second: that is what the database keeps.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the clock"
    )]
    pub fn now(&self) -> DateTime<Utc> {
        match &self.0 {
            Kind::System => Utc::now().trunc_subsecs(0),
            Kind::Manual(hand) => {
                DateTime::from_timestamp(hand.unix_seconds.load(Ordering::SeqCst), 0)
                    .unwrap_or_default()
            }
        }
    }

    /// Moves a manual clock forward and wakes whoever waits on it; the system's clock stays as it is.
    pub fn advance(&self, by: Duration) {
        if let Kind::Manual(hand) = &self.0 {
            let seconds = i64::try_from(by.as_secs()).unwrap_or(i64::MAX);
            hand.unix_seconds.fetch_add(seconds, Ordering::SeqCst);
            hand.moved.notify_waiters();
        }
    }

    /// Waits until `deadline`.
    pub async fn sleep_until(&self, deadline: DateTime<Utc>) {
        match &self.0 {
            Kind::System => {
                let wait = (deadline - self.now()).to_std().unwrap_or_default();
                tokio::time::sleep(wait).await;
            }
            Kind::Manual(hand) => loop {
                let moved = hand.moved.notified();
                tokio::pin!(moved);
                moved.as_mut().enable();
                if self.now() >= deadline {
                    return;
                }
                moved.await;
            },
        }
    }
}
