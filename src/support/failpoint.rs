//! Places between two steps where a crash test lets the process die, or panic.
//!
//! Only with the feature `failpoints`, which is off unless a test asks for it; without it `hit` and `spill` are empty.
//! `ADDX_FAILPOINT=<point>:<n>` kills the process at the `n`-th time it comes by, `<point>:<n>:panic` panics there, and
//! `*` instead of a number means every time.

/// Every point there is. `tests/reliability/crash.rs` checks that this list and the calls in `src/` are the same.
pub const POINTS: [&str; 76] = [
    // Start.
    "start.key_made",
    "start.unlocked",
    "start.freed",
    // An update comes in.
    "poll.received",
    "poll.handed_over",
    "inbox.before_commit",
    "inbox.committed",
    "poll.confirmed",
    "delete.before",
    "delete.after",
    "handle.durable",
    "handle.spill",
    "unit.begun",
    "unit.before_commit",
    "unit.committed",
    // Inside a turn.
    "link.begun",
    "value.sealed",
    "submit.inserted",
    "unlink.erased",
    // What was promised goes out.
    "outbox.begun",
    "outbox.before_send",
    "outbox.before_edit",
    "outbox.edited",
    "outbox.sent",
    "outbox.noted",
    "card.before_send",
    "card.sent",
    "card.before_edit",
    "card.edited",
    "card.noted",
    // X is asked.
    "jobs.looked",
    "job.begun",
    "job.ended",
    "check.answered",
    "check.key_pair",
    "check.before_commit",
    "check.committed",
    "swap.moved",
    // A token pair for a PIN.
    "pin.wanted",
    "pin.copied",
    "pin.sealed",
    "pin.claimed",
    "pin.requested",
    "pin.before_open",
    "pin.exchanged",
    "pin.revoked",
    "pin.before_answer",
    "pin.committed",
    // Tokens are revoked.
    "revoke.wanted",
    "revoke.claimed",
    "revoke.answered",
    "revoke.before_commit",
    "revoke.committed",
    // The operator revokes and erases everything.
    "panic.answered",
    "panic.erased",
    // X is asked by itself.
    "recheck.claimed",
    "recheck.answered",
    "recheck.before_commit",
    "recheck.committed",
    // A post.
    "post.before_claim",
    "post.claimed",
    "post.sent",
    "post.noted",
    "post.before_delete",
    "post.deleted",
    // A deletion that did not succeed at once.
    "queue.before_delete",
    "queue.deleted",
    "queue.noted",
    // Time runs out.
    "expire.wiped",
    "expire.committed",
    "candidate.erased",
    // What is due is looked up, and the housekeeping.
    "timers.looked",
    "timers.kept_house",
    // What was erased leaves the log.
    "log.before_truncate",
    "log.truncated",
    // Stop.
    "stop.before_close",
];

/// A point between two steps.
#[cfg(not(feature = "failpoints"))]
pub(crate) fn hit(_point: &'static str) {}

/// A point that can panic with a text that a user sent.
#[cfg(not(feature = "failpoints"))]
pub(crate) fn spill(_point: &'static str, _text: impl FnOnce() -> String) {}

#[cfg(feature = "failpoints")]
pub(crate) use self::armed::{hit, spill};

#[cfg(feature = "failpoints")]
mod armed {
    use std::sync::{
        LazyLock,
        atomic::{AtomicU32, Ordering},
    };

    use rustix::process::{Signal, getpid, kill_process};

    struct Armed {
        point: String,
        /// `None`: every time.
        turn: Option<u32>,
        panics: bool,
    }

    static ARMED: LazyLock<Option<Armed>> = LazyLock::new(|| {
        let text = std::env::var("ADDX_FAILPOINT").ok()?;
        let mut parts = text.split(':');
        Some(Armed {
            point: parts.next()?.to_owned(),
            turn: parts.next()?.parse().ok(),
            panics: parts.next() == Some("panic"),
        })
    });
    static HITS: AtomicU32 = AtomicU32::new(0);

    /// Whether this is the point and the time.
    fn is_due(point: &str) -> Option<&'static Armed> {
        let armed = ARMED.as_ref().filter(|armed| armed.point == point)?;
        let hits = HITS.fetch_add(1, Ordering::SeqCst) + 1;
        armed.turn.is_none_or(|turn| turn == hits).then_some(armed)
    }

    /// A point between two steps.
    pub(crate) fn hit(point: &'static str) {
        spill(point, || point.to_owned());
    }

    /// A point that can panic with a text that a user sent.
    pub(crate) fn spill(point: &'static str, text: impl FnOnce() -> String) {
        let Some(armed) = is_due(point) else { return };
        assert!(!armed.panics, "{}", text());
        // Nothing runs after it: no destructor, no flush, as when the power fails.
        let _ = kill_process(getpid(), Signal::KILL);
        loop {
            std::thread::park();
        }
    }
}
