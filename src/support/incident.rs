//! Failures of ours: logged once, under an id that the user is shown. A panic is such a failure, and stops nothing.

use std::{
    cell::{Cell, RefCell},
    fmt::Display,
    future::{Future, poll_fn},
    panic::{self, AssertUnwindSafe},
    pin::pin,
    task::Poll,
    time::Duration,
};

use tokio_util::sync::CancellationToken;

use crate::support::{clock::Clock, random::Random};

/// The first pause before a part that panicked begins again.
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);
/// The longest one. A part that has run for longer begins with the shortest.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// Logs a failure and returns its id. `error` must not hold what a user sent.
pub(crate) fn log(random: &Random, what: &str, error: &dyn Display) -> String {
    let id = id(random);
    report(&id, what, error);
    id
}

/// A fresh id, for a failure that is reported once what is to be done about it is on disk.
pub(crate) fn id(random: &Random) -> String {
    random.bytes::<4>().map_or_else(
        |_| "none".to_owned(),
        |bytes| format!("{:08x}", u32::from_be_bytes(bytes)),
    )
}

/// Logs a failure under its id.
pub(crate) fn report(id: &str, what: &str, error: &dyn Display) {
    tracing::error!(incident = %id, error = %error, "{what}");
}

/// Where a panic happened, and its text if that is fixed: a formatted one may hold what a user sent.
#[derive(Debug, thiserror::Error)]
#[error("a panic at {0}")]
pub(crate) struct Panicked(String);

thread_local! {
    /// Whether [`guard`] catches a panic on this thread just now.
    static GUARDED: Cell<bool> = const { Cell::new(false) };
    /// The place of the last panic that was caught.
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Runs `work`; a panic in it becomes an error, which the caller logs: the panic hook says nothing of it.
pub(crate) async fn guard<T>(work: impl Future<Output = T>) -> Result<T, Panicked> {
    let mut work = pin!(work);
    poll_fn(|context| match catch(|| work.as_mut().poll(context)) {
        Ok(polled) => polled.map(Ok),
        Err(panicked) => Poll::Ready(Err(panicked)),
    })
    .await
}

/// The same for work that does not wait.
pub(crate) fn catch<T>(work: impl FnOnce() -> T) -> Result<T, Panicked> {
    let before = GUARDED.replace(true);
    let done = panic::catch_unwind(AssertUnwindSafe(work));
    GUARDED.set(before);
    done.map_err(|_| {
        let place = PLACE.take();
        Panicked(place.unwrap_or_else(|| "an unknown place".to_owned()))
    })
}

/// Keeps a part of the bot up that runs until `stop`: when it panics, that is logged, and it begins again after a pause.
/// Without this one panic would end it for good, while the rest looks well.
pub(crate) async fn keep_up<F: Future<Output = ()>>(
    what: &str,
    clock: &Clock,
    random: &Random,
    stop: &CancellationToken,
    part: impl Fn() -> F,
) {
    let mut pause = SHORTEST_PAUSE;
    loop {
        let began = clock.now();
        let Err(panicked) = Box::pin(guard(part())).await else {
            return;
        };
        log(random, what, &panicked);
        if (clock.now() - began).to_std().unwrap_or_default() > LONGEST_PAUSE {
            pause = SHORTEST_PAUSE;
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = clock.sleep_until(clock.now() + pause) => {}
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Keeps the place of a panic for [`guard`]. `false`: nobody catches it, so the hook must say it.
pub(crate) fn take_note(place: &str) -> bool {
    let guarded = GUARDED.get();
    if guarded {
        PLACE.set(Some(place.to_owned()));
    }
    guarded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_guarded_panic_is_an_error_that_names_its_place_and_no_text() {
        // The hook alone: another test needs the one logger that a process may have.
        panic::set_hook(Box::new(crate::support::telemetry::log_panic));
        let text = "hunter2".to_owned();
        let caught = guard(async {
            tokio::task::yield_now().await;
            panic::panic_any(text)
        });
        let Err::<(), _>(error) = caught.await else {
            panic!("it was not caught")
        };
        let shown = error.to_string();
        assert!(
            shown.starts_with("a panic at src/support/incident.rs:"),
            "{shown}"
        );
        assert!(!shown.contains("hunter2"), "{shown}");
    }

    #[tokio::test]
    async fn a_part_that_panics_begins_again_until_it_ends_by_itself_or_the_bot_stops() {
        panic::set_hook(Box::new(crate::support::telemetry::log_panic));
        let clock = Clock::manual(chrono::DateTime::from_timestamp(1_800_000_000, 0).unwrap());
        let (random, stop) = (Random::seeded(1), CancellationToken::new());
        let begun = Cell::new(0);
        let part = async || {
            begun.set(begun.get() + 1);
            assert!(begun.get() > 2, "not yet");
        };
        let mut keeping = pin!(keep_up("it ended", &clock, &random, &stop, part));
        for (pause, times) in [(1, 1), (2, 2)] {
            assert!(futures::poll!(&mut keeping).is_pending());
            assert_eq!(begun.get(), times);
            clock.advance(Duration::from_secs(pause));
        }
        keeping.await;
        assert_eq!(begun.get(), 3);

        let never = async || panic!("never");
        let mut keeping = pin!(keep_up("it ended", &clock, &random, &stop, never));
        assert!(futures::poll!(&mut keeping).is_pending());
        stop.cancel();
        keeping.await;
    }

    #[tokio::test]
    async fn what_does_not_panic_passes_through() {
        assert_eq!(guard(async { 7 }).await.unwrap(), 7);
    }
}
