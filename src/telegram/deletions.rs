//! Deletions that did not succeed at once: tried again until done, refused for good, or 48 hours old.

use std::time::Duration;

use super::{
    Telegram,
    reply::{self, CallError},
    whole,
};
use crate::{
    domain::notice::Notice,
    failpoint, incident,
    metrics::DeletionOutcome,
    store::{
        StoreError,
        deletions::{self, Deletion},
        outbox,
    },
};

const LONGEST_PAUSE: Duration = Duration::from_mins(5);
/// After so many tries in vain the user is told that the message still stands.
const TELL_AFTER: u32 = 2;

impl Telegram {
    /// Deletes a message, and counts what became of that.
    pub(super) async fn delete(&self, chat: i64, message: i32) -> Result<(), CallError> {
        let deleted = reply::delete(&self.bot, chat, message).await;
        self.metrics.deletion(match deleted {
            Ok(()) => DeletionOutcome::Deleted,
            Err(error) if error.is_passing() => DeletionOutcome::Postponed,
            Err(_) => DeletionOutcome::Refused,
        });
        deleted
    }

    /// Lets a chat's deletions be tried that are due. A chat that Telegram is slow about holds up no other one.
    pub(super) fn wake_deleting(&self, chat: i64) {
        let telegram = self.clone();
        self.deleting.wake(chat, None::<()>, move |chat, _| {
            let telegram = telegram.clone();
            async move {
                match incident::guard(telegram.delete_due(chat)).await {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => {
                        tracing::error!(error = %error, "deletions could not be looked up; trying again");
                    }
                    Err(panicked) => {
                        incident::log(&telegram.random, "a deletion failed", &panicked);
                    }
                }
                telegram.agenda_changed.notify_one();
            }
        });
    }

    /// Tries the chat's deletions that are due, until none is or the bot stops.
    async fn delete_due(&self, chat: i64) -> Result<(), StoreError> {
        while !self.stop.is_cancelled() {
            let now = self.clock.now();
            let Some(deletion) = deletions::next(self.store.reader(), chat, now).await? else {
                break;
            };
            failpoint::hit("queue.before_delete");
            let outcome = self.delete(chat, deletion.message).await;
            failpoint::hit("queue.deleted");
            if self
                .insist(|| self.settle(deletion, outcome))
                .await
                .is_none()
            {
                break;
            }
            failpoint::hit("queue.noted");
        }
        Ok(())
    }

    async fn settle(
        &self,
        deletion: Deletion,
        outcome: Result<(), CallError>,
    ) -> Result<(), StoreError> {
        let Deletion { chat, message, .. } = deletion;
        let now = self.clock.now();
        let wait = match outcome {
            Err(CallError::RetryAfter(wait)) if deletion.give_up_at > now => Some(whole(wait)),
            Err(CallError::Unreachable | CallError::Unanswered) if deletion.give_up_at > now => {
                let pause = Duration::from_secs(1 << deletion.attempts.min(9));
                Some(pause.min(LONGEST_PAUSE))
            }
            Ok(()) | Err(_) => None,
        };
        let mut tx = self.store.begin().await?;
        let mut notice = None;
        if let Some(wait) = wait {
            let tell = deletion.secret && !deletion.told && deletion.attempts + 1 >= TELL_AFTER;
            if tell {
                notice = Some(Notice::NotDeleted { trying: true });
            }
            let told = deletion.told || tell;
            deletions::postpone(&mut *tx, chat, message, now + wait, told).await?;
            if matches!(outcome, Err(CallError::RetryAfter(_))) {
                deletions::hold(&mut *tx, chat, now + wait).await?;
            }
        } else {
            deletions::finish(&mut *tx, chat, message).await?;
            notice = match outcome {
                Ok(()) if deletion.told => Some(Notice::DeletedAtLast),
                Err(_) if deletion.secret => Some(Notice::NotDeleted { trying: false }),
                Ok(()) | Err(_) => None,
            };
        }
        if let Some(notice) = &notice {
            let word = || super::notices::word(notice, self.me.username(), now);
            outbox::push(&mut tx, &self.vault, chat, word, now).await?;
        }
        tx.commit().await?;
        if wait.is_none() && outcome.is_err_and(CallError::is_passing) {
            self.metrics.deletion(DeletionOutcome::GivenUp);
        }
        if notice.is_some() {
            self.wake_writing(chat);
        }
        Ok(())
    }
}
