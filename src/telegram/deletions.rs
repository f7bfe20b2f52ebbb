//! Deletions that did not succeed at once: tried again until done, refused for good, or 48 hours old.

use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;

use super::{
    Telegram,
    reply::{self, CallError},
    whole,
};
use crate::{
    jobs::runner::{Outcome, Rules, Work},
    messages::{self, Message},
    store::{
        StoreError, Tx,
        deletions::{self, SECRET},
        jobs::{self, Job, Kind},
        outbox,
    },
    support::{backoff::Backoff, failpoint, metrics::DeletionOutcome},
};

const PAUSES: Backoff = Backoff::new(Duration::from_secs(1), Duration::from_mins(5));
/// After so many tries in vain the user is told that the message still stands.
const TELL_AFTER: u32 = 2;

/// Deletes messages of one kind: a user's, or the bot's own. Chats do not wait for each other.
pub(crate) struct Deleting(pub(crate) Telegram, pub(crate) Kind);

impl Work for Deleting {
    fn rules(&self) -> Rules {
        Rules {
            kind: self.1,
            concurrent: 64,
            limit: Duration::from_hours(24),
            tries: u32::MAX,
            pauses: PAUSES,
        }
    }

    fn run<'a>(&'a self, job: &'a Job) -> BoxFuture<'a, Result<Outcome, StoreError>> {
        Box::pin(async {
            let (chat, message) = job.about(deletions::message_of)?;
            failpoint::hit("queue.before_delete");
            let outcome = self.0.delete(chat, message).await;
            failpoint::hit("queue.deleted");
            // It is not done twice because the database is away.
            let settling = self.0.insist(|| self.0.settle(job, chat, outcome)).await;
            failpoint::hit("queue.noted");
            // The bot stops otherwise.
            Ok(settling.unwrap_or(Outcome::Done))
        })
    }

    /// Telegram refuses it, or will not do it any more.
    fn give_up<'a>(
        &'a self,
        job: &'a Job,
        _incident: Option<&'a str>,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async {
            let (chat, _) = job.about(deletions::message_of)?;
            let said = messages::deletions::not_deleted(false);
            self.0
                .end_deletion(job, chat, is_secret(job).then_some(said))
                .await
        })
    }
}

fn is_secret(job: &Job) -> bool {
    job.kind == SECRET.0
}

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

    async fn settle(
        &self,
        job: &Job,
        chat: i64,
        outcome: Result<(), CallError>,
    ) -> Result<Outcome, StoreError> {
        let now = self.clock.now();
        let in_time = job.give_up_at.is_none_or(|at| at > now);
        let was_told = is_secret(job) && job.tries >= TELL_AFTER;
        match outcome {
            Ok(()) => {
                let said = was_told.then(messages::deletions::deleted_at_last);
                self.end_deletion(job, chat, said).await?;
                Ok(Outcome::Done)
            }
            Err(CallError::RetryAfter(wait)) if in_time => {
                self.try_later(job, chat, now + whole(wait), true).await
            }
            Err(CallError::Unreachable | CallError::Unanswered) if in_time => {
                let at = now + PAUSES.pause(job.tries);
                self.try_later(job, chat, at, false).await
            }
            Err(error) => {
                if error.is_passing() {
                    self.metrics.deletion(DeletionOutcome::GivenUp);
                }
                Ok(Outcome::GiveUp)
            }
        }
    }

    /// `holds`: Telegram wants the whole chat to be left alone until then.
    async fn try_later(
        &self,
        job: &Job,
        chat: i64,
        at: DateTime<Utc>,
        holds: bool,
    ) -> Result<Outcome, StoreError> {
        let tell = is_secret(job) && job.tries + 1 == TELL_AFTER;
        let mut tx = self.store.begin().await?;
        jobs::postpone(&mut tx, job.id, at).await?;
        if holds {
            jobs::hold(&mut *tx, &job.subject, at).await?;
        }
        if tell {
            let said = messages::deletions::not_deleted(true);
            self.promise(&mut tx, chat, said).await?;
        }
        tx.commit().await?;
        if tell {
            self.wake_writing(chat);
        }
        Ok(Outcome::Done)
    }

    async fn promise(&self, tx: &mut Tx, chat: i64, said: Message) -> Result<(), StoreError> {
        outbox::push(tx, &self.vault, chat, || said, self.clock.now()).await
    }

    async fn end_deletion(
        &self,
        job: &Job,
        chat: i64,
        said: Option<Message>,
    ) -> Result<(), StoreError> {
        let mut tx = self.store.begin().await?;
        jobs::finish(&mut *tx, job.id).await?;
        let tells = said.is_some();
        if let Some(said) = said {
            self.promise(&mut tx, chat, said).await?;
        }
        tx.commit().await?;
        if tells {
            self.wake_writing(chat);
        }
        Ok(())
    }
}
