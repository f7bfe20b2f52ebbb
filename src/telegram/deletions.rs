//! Deletions that did not succeed at once: tried again until done, refused for good, or 48 hours old.

use std::time::Duration;

use futures::{StreamExt as _, stream};

use super::{
    Telegram,
    reply::{self, CallError},
};
use crate::{
    domain::notice::Notice,
    store::{
        StoreError,
        deletions::{self, Deletion},
        outbox,
    },
};

/// Taken up at a time.
const BATCH: u32 = 100;
const CONCURRENT: usize = 8;
const LONGEST_PAUSE: Duration = Duration::from_secs(300);
/// After so many tries in vain the user is told that the message still stands.
const TELL_AFTER: u32 = 2;

impl Telegram {
    /// Tries the deletions that are due, once each.
    pub(super) async fn retry_deletions(&self) -> Result<(), StoreError> {
        let due = deletions::due(self.store.reader(), self.clock.now(), BATCH).await?;
        let tried = stream::iter(due)
            .map(|deletion| async move {
                let outcome = reply::delete(&self.bot, deletion.chat, deletion.message).await;
                (deletion, outcome)
            })
            .buffer_unordered(CONCURRENT)
            .collect::<Vec<_>>()
            .await;
        for (deletion, outcome) in tried {
            self.settle(deletion, outcome).await?;
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
            Err(CallError::RetryAfter(wait)) => Some(wait),
            Err(CallError::Unreachable) if deletion.give_up_at > now => {
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
        } else {
            deletions::finish(&mut *tx, chat, message).await?;
            notice = match outcome {
                Ok(()) if deletion.told => Some(Notice::DeletedAtLast),
                Err(_) if deletion.secret => Some(Notice::NotDeleted { trying: false }),
                Ok(()) | Err(_) => None,
            };
        }
        if let Some(notice) = &notice {
            outbox::push(&mut *tx, chat, notice, now).await?;
        }
        tx.commit().await?;
        if notice.is_some() {
            self.wake_writing(chat);
        }
        Ok(())
    }
}
