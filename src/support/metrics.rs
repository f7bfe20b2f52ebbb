//! What is counted for whoever watches the bot. Every label comes from a fixed set of names in the code: never an id, a name
//! or anything that a user sent.

use std::{sync::Arc, time::Duration};

use prometheus_client::{
    encoding::text,
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram, info::Info},
    registry::Registry,
};

/// The upper ends of the ranges that calls to X are sorted into, in seconds. A call is broken off after ten.
const RANGES: [f64; 9] = [0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0];

names! {
    /// What came from Telegram.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) enum UpdateKind {
        /// A message.
        Message = "message",
        /// A message that was changed.
        EditedMessage = "edited_message",
        /// A tap on a button.
        Tap = "tap",
        /// The bot was blocked, or its rights in a group changed.
        Membership = "membership",
        /// Something else.
        Other = "other",
    }
}

names! {
    /// What became of an update.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) enum UpdateOutcome {
        /// A handler did what there was to do.
        Handled = "handled",
        /// A handler failed, and it is tried again.
        Failed = "failed",
        /// A handler failed too often.
        GivenUp = "given_up",
        /// The bot has no use for it.
        Dropped = "dropped",
    }
}

names! {
    /// What became of a try to delete a message.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) enum DeletionOutcome {
        /// The message is gone.
        Deleted = "deleted",
        /// Telegram did not do it, or did not say so: again later.
        Postponed = "postponed",
        /// Telegram refuses it for good.
        Refused = "refused",
        /// The message became too old to be deleted.
        GivenUp = "given_up",
    }
}

names! {
    /// Why a promised message was not sent.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) enum Dropped {
        /// Telegram could not be reached for days.
        TooLate = "too_late",
        /// Telegram does not take it.
        Refused = "refused",
        /// The user blocked the bot, or is gone.
        Blocked = "blocked",
    }
}

/// One label, and two.
type One = [(&'static str, &'static str); 1];
type Two = [(&'static str, &'static str); 2];

/// The counters. Cheap to clone; clones count together.
#[derive(Clone)]
pub struct Metrics(Arc<Counters>);

struct Counters {
    registry: Registry,
    updates: Family<Two, Counter>,
    verdicts: Family<One, Counter>,
    deletions: Family<One, Counter>,
    dropped: Family<One, Counter>,
    refusals: Family<One, Counter>,
    listeners: Family<One, Gauge>,
    calls: Family<Two, Histogram, fn() -> Histogram>,
}

/// What is looked up when somebody asks, and not counted along the way.
#[derive(Clone, Debug, Default)]
pub(crate) struct Now {
    /// What waits, by the name of its queue; `None`: the database does not answer.
    pub waiting: Option<Vec<(&'static str, i64)>>,
    /// How many rows tables have, by their name.
    pub rows: Option<[(&'static str, i64); 3]>,
    /// Age of the oldest message that still has to be deleted, in seconds.
    pub oldest_deletion_s: Option<i64>,
    /// Seconds since Telegram answered this process; `None`: it never did.
    pub telegram_answered_s: Option<i64>,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("addx");
        let updates = Family::<Two, Counter>::default();
        let verdicts = Family::<One, Counter>::default();
        let deletions = Family::<One, Counter>::default();
        let dropped = Family::<One, Counter>::default();
        let refusals = Family::<One, Counter>::default();
        let listeners = Family::<One, Gauge>::default();
        let calls = Family::new_with_constructor(range as fn() -> Histogram);
        let version = Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]);
        let help = "Updates from Telegram, by kind and by what became of them";
        registry.register("updates", help, updates.clone());
        let help = "What X says of accounts, by code";
        registry.register("verdicts", help, verdicts.clone());
        let help = "Tries to delete a message, by outcome";
        registry.register("deletions", help, deletions.clone());
        let help = "Promised messages that were not sent, by reason";
        registry.register("messages_dropped", help, dropped.clone());
        let help = "Requests of programs that were turned away, by reason";
        registry.register("client_refusals", help, refusals.clone());
        let help = "Whether the bot listens where it was told to, by what for";
        registry.register("listener_up", help, listeners.clone());
        let help = "How long calls to X took, by endpoint and by class of the answer";
        registry.register("x_call_seconds", help, calls.clone());
        registry.register("build", "The program", version);
        // A series that begins at 0 shows its first event as a rise.
        for kind in UpdateKind::ALL {
            for outcome in UpdateOutcome::ALL {
                drop(updates.get_or_create(&of_update(kind, outcome)));
            }
        }
        for outcome in DeletionOutcome::ALL {
            drop(deletions.get_or_create(&[("outcome", outcome.as_str())]));
        }
        for reason in Dropped::ALL {
            drop(dropped.get_or_create(&[("reason", reason.as_str())]));
        }
        for reason in ["unauthorized", "client_limit"] {
            drop(refusals.get_or_create(&[("reason", reason)]));
        }
        Self(Arc::new(Counters {
            registry,
            updates,
            verdicts,
            deletions,
            dropped,
            refusals,
            listeners,
            calls,
        }))
    }
}

fn of_update(kind: UpdateKind, outcome: UpdateOutcome) -> Two {
    [("kind", kind.as_str()), ("outcome", outcome.as_str())]
}

fn range() -> Histogram {
    Histogram::new(RANGES)
}

impl Metrics {
    /// Something became of an update.
    pub(crate) fn update(&self, kind: UpdateKind, outcome: UpdateOutcome) {
        let updates = &self.0.updates;
        updates.get_or_create(&of_update(kind, outcome)).inc();
    }

    /// What X said of an account was written down.
    pub(crate) fn verdict(&self, code: &'static str) {
        self.0.verdicts.get_or_create(&[("code", code)]).inc();
    }

    /// A message was to be deleted.
    pub(crate) fn deletion(&self, outcome: DeletionOutcome) {
        let outcome = [("outcome", outcome.as_str())];
        self.0.deletions.get_or_create(&outcome).inc();
    }

    /// A promised message was dropped.
    pub(crate) fn message_dropped(&self, reason: Dropped) {
        let reason = [("reason", reason.as_str())];
        self.0.dropped.get_or_create(&reason).inc();
    }

    /// A program was turned away.
    pub(crate) fn client_refused(&self, reason: &'static str) {
        self.0.refusals.get_or_create(&[("reason", reason)]).inc();
    }

    /// The bot listens for `what`, or cannot yet.
    pub(crate) fn listens(&self, what: &'static str, is_up: bool) {
        let listener = self.0.listeners.get_or_create(&[("listener", what)]);
        listener.set(is_up.into());
    }

    /// X was called. `answer` is the class of its status, or why there was none.
    pub(crate) fn x_call(&self, endpoint: &'static str, answer: &'static str, took: Duration) {
        let call = [("endpoint", endpoint), ("answer", answer)];
        let call = self.0.calls.get_or_create(&call);
        call.observe(took.as_secs_f64());
    }

    /// Everything in Prometheus' own format, with what was looked up just now.
    pub(crate) fn text(&self, now: &Now) -> String {
        let mut looked_up = Registry::with_prefix("addx");
        let database = Gauge::<i64>::default();
        database.set(now.waiting.is_some().into());
        looked_up.register("database_up", "Whether the database answers", database);
        if let Some(waiting) = &now.waiting {
            let queues = Family::<One, Gauge>::default();
            for &(queue, depth) in waiting {
                queues.get_or_create(&[("queue", queue)]).set(depth);
            }
            looked_up.register("queue_depth", "What waits, by queue", queues);
        }
        if let Some(rows) = now.rows {
            let tables = Family::<One, Gauge>::default();
            for (table, rows) in rows {
                tables.get_or_create(&[("table", table)]).set(rows);
            }
            looked_up.register(
                "table_rows",
                "Rows of the tables that grow, by table",
                tables,
            );
        }
        for (name, help, seconds) in [
            (
                "oldest_deletion_seconds",
                "Age of the oldest message that still has to be deleted",
                now.oldest_deletion_s,
            ),
            (
                "telegram_answer_age_seconds",
                "How long ago Telegram answered a request for updates",
                now.telegram_answered_s,
            ),
        ] {
            if let Some(seconds) = seconds {
                let gauge = Gauge::<i64>::default();
                gauge.set(seconds);
                looked_up.register(name, help, gauge);
            }
        }
        let mut page = String::new();
        let written = text::encode_registry(&mut page, &self.0.registry)
            .and_then(|()| text::encode_registry(&mut page, &looked_up))
            .and_then(|()| text::encode_eof(&mut page));
        // Writing into a `String` does not fail; half a page must not look like a whole one.
        if written.is_err() {
            page.clear();
        }
        page
    }
}

/// The class of an HTTP status.
pub(crate) fn class_of(status: u16) -> &'static str {
    match status / 100 {
        1 => "1xx",
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        5 => "5xx",
        _ => "odd",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_what_was_counted_and_what_was_looked_up() {
        let metrics = Metrics::default();
        let clone = metrics.clone();
        clone.update(UpdateKind::Message, UpdateOutcome::Handled);
        clone.verdict("connected");
        clone.verdict("connected");
        clone.deletion(DeletionOutcome::Deleted);
        clone.x_call("/2/users/me", class_of(200), Duration::from_millis(200));
        let now = Now {
            rows: Some([("audit", 9), ("uses", 0), ("inbox", 0)]),
            waiting: Some(vec![("inbox", 3)]),
            oldest_deletion_s: Some(61),
            telegram_answered_s: Some(2),
        };
        let page = metrics.text(&now);
        for line in [
            "addx_updates_total{kind=\"message\",outcome=\"handled\"} 1",
            "addx_updates_total{kind=\"tap\",outcome=\"given_up\"} 0",
            "addx_verdicts_total{code=\"connected\"} 2",
            "addx_deletions_total{outcome=\"deleted\"} 1",
            "addx_x_call_seconds_bucket{le=\"0.25\",endpoint=\"/2/users/me\",answer=\"2xx\"} 1",
            "addx_x_call_seconds_bucket{le=\"0.1\",endpoint=\"/2/users/me\",answer=\"2xx\"} 0",
            "addx_queue_depth{queue=\"inbox\"} 3",
            "addx_oldest_deletion_seconds 61",
            "addx_telegram_answer_age_seconds 2",
            "addx_database_up 1",
        ] {
            assert!(
                page.lines().any(|found| found == line),
                "no {line}\nin\n{page}"
            );
        }
        let build = concat!(
            "addx_build_info{version=\"",
            env!("CARGO_PKG_VERSION"),
            "\"} 1"
        );
        assert!(page.contains(build), "{page}");
        assert!(page.ends_with("\n# EOF\n"));
        assert_eq!(page.matches("# EOF").count(), 1);
    }

    #[test]
    fn what_is_not_known_is_left_out_and_not_said_to_be_zero() {
        let page = Metrics::default().text(&Now::default());
        assert!(page.contains("\naddx_database_up 0\n"), "{page}");
        for name in ["queue_depth", "oldest_deletion", "telegram_answer_age"] {
            assert!(!page.contains(name), "{page}");
        }
    }
}
