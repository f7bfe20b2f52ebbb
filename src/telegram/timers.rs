//! Wakes what is due: messages, cards, deletions, expired flows, and the housekeeping.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::mpsc;

use super::Telegram;
use crate::store::{StoreError, agenda, checks, inbox};

/// What is due is looked at no more often than this, so that a chat whose work is under way does not keep the timers busy.
const SHORTEST_PAUSE: TimeDelta = TimeDelta::seconds(1);
/// With nothing known to be due the timers look again after this long: a flow that was opened meanwhile may expire.
const LONGEST_PAUSE: TimeDelta = TimeDelta::minutes(1);
const HOUSEKEEPING_INTERVAL: TimeDelta = TimeDelta::hours(1);
/// Longer than Telegram keeps an update (24 hours): a handled one is recognised until then.
const KEEP_HANDLED: TimeDelta = TimeDelta::hours(50);
/// Longer than the window of the limit.
const KEEP_CHECK_LOG: TimeDelta = TimeDelta::hours(2);

impl Telegram {
    /// Runs until the bot stops.
    pub(super) async fn run_timers(&self, mut to_write: mpsc::UnboundedReceiver<i64>) {
        let mut next_housekeeping = self.clock.now();
        loop {
            let now = self.clock.now();
            if let Err(error) = self.look(now).await {
                tracing::error!(error = %error, "what is due could not be looked up; trying again");
            }
            if next_housekeeping <= now {
                if let Err(error) = self.housekeeping(now).await {
                    tracing::error!(error = %error, "housekeeping failed; trying again in an hour");
                }
                next_housekeeping = now + HOUSEKEEPING_INTERVAL;
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
                            let due = due.max(self.clock.now());
                            if due < next {
                                next = due;
                                sleeping.set(self.clock.sleep_until(next));
                            }
                        }
                    }
                    Some(chat) = to_write.recv() => self.wake_writing(chat),
                }
            }
        }
    }

    async fn look(&self, now: DateTime<Utc>) -> Result<(), StoreError> {
        for chat in agenda::chats_to_write_to(self.store.reader(), now).await? {
            self.wake_writing(chat);
        }
        for chat in agenda::chats_to_expire(self.store.reader(), now).await? {
            self.wake_reading(chat, None);
        }
        self.retry_deletions().await?;
        if self.linker.erase_expired_candidates().await? {
            self.erased();
        }
        Ok(())
    }

    async fn housekeeping(&self, now: DateTime<Utc>) -> Result<(), StoreError> {
        let mut tx = self.store.begin().await?;
        inbox::purge(&mut *tx, now - KEEP_HANDLED).await?;
        checks::purge_log(&mut *tx, now - KEEP_CHECK_LOG).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Something was erased: empties the database's log too, so that it is erased there as well. Tried until it works.
    pub(super) fn erased(&self) {
        let telegram = self.clone();
        tokio::spawn(async move {
            let mut pause = Duration::from_millis(50);
            while !telegram.stop.is_cancelled() {
                if matches!(telegram.store.truncate_log().await, Ok(true)) {
                    return;
                }
                // A reader was in the way for a moment. Stopping truncates the log as well.
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(Duration::from_secs(60));
            }
        });
    }
}
