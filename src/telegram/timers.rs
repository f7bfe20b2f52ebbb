//! Wakes what is due: messages, cards, expired flows, and the housekeeping.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Telegram, handlers::fallback::COURTESY};
use crate::{
    store::{StoreError, agenda, checks, inbox, posts, reply_throttle, temporary, values},
    support::{failpoint, incident},
};

/// What is due is looked at no more often than this, so that a chat whose work is under way does not keep the timers busy.
const SHORTEST_PAUSE: TimeDelta = TimeDelta::seconds(1);
/// With nothing known to be due the timers look again after this long: a flow that was opened meanwhile may expire.
const LONGEST_PAUSE: TimeDelta = TimeDelta::minutes(1);
const HOUSEKEEPING_INTERVAL: TimeDelta = TimeDelta::hours(1);
/// Longer than Telegram keeps an update (24 hours): a handled one is recognised until then.
const KEEP_HANDLED: TimeDelta = TimeDelta::hours(50);
/// Values that no link and no flow knows of stay this long, for a person to look why.
const KEEP_ORPHANS: TimeDelta = TimeDelta::hours(1);
/// Longer than the window of the limit.
const KEEP_CHECK_LOG: TimeDelta = TimeDelta::hours(2);

/// A post that nobody confirmed is forgotten, text and all.
const KEEP_DRAFTS: TimeDelta = TimeDelta::hours(1);

impl Telegram {
    /// Runs until the bot stops.
    pub(super) async fn run_timers(&self) {
        let mut next_housekeeping = self.clock.now();
        loop {
            let now = self.clock.now();
            match incident::guard(self.look(now)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    tracing::error!(error = %error, "what is due could not be looked up; trying again");
                }
                Err(panicked) => {
                    incident::log(
                        &self.random,
                        "what is due could not be looked up",
                        &panicked,
                    );
                }
            }
            failpoint::hit("timers.looked");
            if next_housekeeping <= now {
                // One that fails, or panics, is not begun again before its time.
                next_housekeeping = now + HOUSEKEEPING_INTERVAL;
                match incident::guard(self.housekeeping(now)).await {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => {
                        tracing::error!(error = %error, "housekeeping failed; trying again in an hour");
                    }
                    Err(panicked) => {
                        incident::log(&self.random, "housekeeping failed", &panicked);
                    }
                }
            }
            let mut next = match agenda::next_due(self.store.reader()).await {
                Ok(Some(due)) => due.clamp(now + SHORTEST_PAUSE, now + LONGEST_PAUSE),
                Ok(None) => now + LONGEST_PAUSE,
                Err(_) => now + SHORTEST_PAUSE,
            };
            let sleeping = self.clock.sleep_until(next);
            tokio::pin!(sleeping);
            loop {
                tokio::select! {
                    () = self.stop.cancelled() => return,
                    () = &mut sleeping => break,
                    () = self.agenda_changed.notified() => {
                        if let Ok(Some(due)) = agenda::next_due(self.store.reader()).await {
                            let due = due.max(now + SHORTEST_PAUSE);
                            if due < next {
                                next = due;
                                sleeping.set(self.clock.sleep_until(next));
                            }
                        }
                    }
                }
            }
        }
    }

    async fn look(&self, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.linker.promise_reminders().await?;
        for chat in agenda::chats_to_write_to(self.store.reader(), now).await? {
            self.wake_writing(chat);
        }
        // Every update wakes its chat; these are the ones whose chat failed before it came to them.
        for chat in inbox::waiting_chats(self.store.reader()).await? {
            self.wake_reading(chat, None);
        }
        for chat in agenda::chats_to_expire(self.store.reader(), now).await? {
            self.wake_reading(chat, None);
        }
        self.linker.erase_expired_candidates().await
    }

    async fn housekeeping(&self, now: DateTime<Utc>) -> Result<(), StoreError> {
        let mut tx = self.store.begin().await?;
        inbox::purge(&mut *tx, now - KEEP_HANDLED).await?;
        checks::purge_log(&mut *tx, now - KEEP_CHECK_LOG).await?;
        reply_throttle::purge(&mut *tx, now - COURTESY).await?;
        posts::purge_drafts(&mut *tx, now - KEEP_DRAFTS).await?;
        temporary::purge(&mut *tx, now).await?;
        values::erase_orphans(&mut *tx, now - KEEP_ORPHANS).await?;
        failpoint::hit("timers.kept_house");
        tx.commit().await?;
        Ok(())
    }
}
