//! What a user publishes in Telegram: a message of theirs, or a test post that is deleted at once.
//!
//! A post is handed to X once. Before that it is noted that it may have been, so that after a crash it is told as unknown
//! and never sent again; a test post is looked for at X before. A deletion is repeated until X has carried it out.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures::future::BoxFuture;

use super::{
    Context,
    runner::{Outcome, Rules, Work},
};
use crate::{
    domain::{
        account::LinkedAccount,
        audit::{Actor, Event},
        facts::{PostResult, PostSaid},
        post::PostOutcome,
    },
    linking::{Keys, choice},
    messages,
    store::{
        StoreError, Tx,
        jobs::{self, Job},
        outbox,
        posts::{self, Post, PostKind, PostState},
    },
    support::{backoff::Backoff, failpoint},
    x::Deletion,
};

/// Pauses between tries to delete a test post; after the last of so many the user is shown it.
const DELETION_PAUSES: Backoff =
    Backoff::new(Duration::from_secs(5), Duration::from_mins(10)).growing_by(5);
const DELETION_TRIES: u32 = 4;
/// A test post is not left standing longer than this, whatever X says about when to come back.
const LONGEST_PAUSE: TimeDelta = TimeDelta::minutes(15);
/// One that failed for a reason of ours waits this long, and the others do not wait for it.
const AFTER_A_FAILURE: Backoff = Backoff::steady(Duration::from_mins(1));
/// Longer than any failure of the database that is waited for.
const LIMIT: Duration = Duration::from_hours(24);

/// Publishes. Posts of different accounts do not wait for each other.
pub(crate) struct Publishing(pub(crate) Context);

/// Deletes test posts.
pub(crate) struct Unpublishing(pub(crate) Context);

impl Work for Publishing {
    fn rules(&self) -> Rules {
        Rules {
            kind: posts::PUBLICATION,
            concurrent: 8,
            limit: LIMIT,
            tries: u32::MAX,
            pauses: AFTER_A_FAILURE,
        }
    }

    fn run<'a>(&'a self, job: &'a Job) -> BoxFuture<'a, Result<Outcome, StoreError>> {
        Box::pin(async {
            if let Some((post, keys)) = self.0.post_and_keys(job).await? {
                // Whoever began it before is gone.
                if job.claims > 0 {
                    let asked_at = self.0.clock.now();
                    self.0.look_for(job, &post, &keys, asked_at).await?;
                } else {
                    self.0.send(job, &post, &keys).await?;
                }
            }
            Ok(Outcome::Done)
        })
    }

    fn give_up<'a>(
        &'a self,
        job: &'a Job,
        _incident: Option<&'a str>,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async {
            let Some((post, keys)) = self.0.post_and_keys(job).await? else {
                return Ok(());
            };
            let now = self.0.clock.now();
            let outcome = PostOutcome::Unknown;
            self.0
                .note_outcome(job, &post, &keys.linked, &outcome, now)
                .await
        })
    }
}

impl Work for Unpublishing {
    fn rules(&self) -> Rules {
        Rules {
            kind: posts::DELETION,
            concurrent: 8,
            limit: LIMIT,
            tries: u32::MAX,
            pauses: AFTER_A_FAILURE,
        }
    }

    fn run<'a>(&'a self, job: &'a Job) -> BoxFuture<'a, Result<Outcome, StoreError>> {
        Box::pin(async {
            match self.0.post_and_keys(job).await? {
                Some((post, keys)) => self.0.delete_test(job, &post, &keys).await,
                None => Ok(Outcome::Done),
            }
        })
    }

    /// X will not delete it, or was asked often enough.
    fn give_up<'a>(
        &'a self,
        job: &'a Job,
        _incident: Option<&'a str>,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async {
            let Some((post, keys)) = self.0.post_and_keys(job).await? else {
                return Ok(());
            };
            if let PostState::Posted(number) = &post.state {
                let said = PostSaid::NotDeleted {
                    post: number.clone(),
                };
                self.0.note_deletion(job, &post, &keys.linked, said).await?;
            }
            Ok(())
        })
    }
}

impl Context {
    /// The post of a job, and what it is published with. `None`: the account was erased, and its posts go with it.
    async fn post_and_keys(&self, job: &Job) -> Result<Option<(Post, Keys)>, StoreError> {
        let id = job.about(|key| key.parse().ok())?;
        let post = posts::get(self.store.reader(), id).await?;
        let keys = self.keys(job.owner, job.account()?).await?;
        if let (Some(post), Some(keys)) = (post, keys) {
            return Ok(Some((post, keys)));
        }
        let mut tx = self.store.begin().await?;
        posts::finish(&mut *tx, id).await?;
        jobs::finish(&mut *tx, job.id).await?;
        tx.commit().await?;
        Ok(None)
    }

    async fn send(&self, job: &Job, post: &Post, keys: &Keys) -> Result<(), StoreError> {
        failpoint::hit("post.before_claim");
        if !jobs::claim(&self.store, job.id).await? {
            return Ok(());
        }
        failpoint::hit("post.claimed");
        let Keys {
            linked,
            client,
            token,
        } = keys;
        let whose = linked.x_account.as_ref();
        let asked_at = self.clock.now();
        let outcome = self.x.publish(client, token, whose, &post.text).await;
        failpoint::hit("post.sent");
        if outcome == PostOutcome::Unknown {
            return self.look_for(job, post, keys, asked_at).await;
        }
        // It is known here and nowhere else: the database has time to come back.
        loop {
            match self
                .note_outcome(job, post, linked, &outcome, asked_at)
                .await
            {
                Ok(()) => break,
                Err(error) if error.is_passing() => {
                    tracing::error!(%error, "what became of a post could not be noted; trying again");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
                Err(error) => return Err(error),
            }
        }
        failpoint::hit("post.noted");
        Ok(())
    }

    /// Nobody knows whether it was published. A test post is looked for, since it was to be deleted at once; once, because X
    /// charges for it. It is not looked for by posting the text again, which could publish it twice.
    async fn look_for(
        &self,
        job: &Job,
        post: &Post,
        keys: &Keys,
        asked_at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let Keys {
            linked,
            client,
            token,
        } = keys;
        let found = match (post.kind, &linked.x_account) {
            (PostKind::Test, Some(whose)) => {
                self.x.find_post(client, token, whose, &post.text).await
            }
            (PostKind::Test, None) | (PostKind::Message, _) => None,
        };
        let outcome = found.map_or(PostOutcome::Unknown, PostOutcome::Published);
        self.note_outcome(job, post, linked, &outcome, asked_at)
            .await
    }

    async fn note_outcome(
        &self,
        job: &Job,
        post: &Post,
        linked: &LinkedAccount,
        outcome: &PostOutcome,
        asked_at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        let learned = self.learn(&mut tx, linked, outcome, asked_at).await?;
        let said = match (outcome, post.kind) {
            (PostOutcome::Published(number), PostKind::Test) => {
                let kept = posts::posted(&mut tx, post.id, linked.id, number).await?;
                // Without the account there is nobody to delete it.
                (!kept).then(|| PostSaid::Stands {
                    post: number.clone(),
                })
            }
            (PostOutcome::Published(number), PostKind::Message) => Some(PostSaid::Published {
                post: number.clone(),
            }),
            (PostOutcome::Refused(verdict), _) => Some(PostSaid::Refused {
                verdict: verdict.clone(),
            }),
            (PostOutcome::ValuesRefused, _) => Some(PostSaid::ValuesRefused),
            (PostOutcome::Unknown, _) => Some(PostSaid::Unknown {
                text: post.text.clone(),
                whose: linked
                    .x_account
                    .as_ref()
                    .map(|account| account.username.clone()),
                test: post.kind == PostKind::Test,
            }),
        };
        let detail = match outcome {
            PostOutcome::Published(_) => "published",
            PostOutcome::Refused(verdict) => verdict.code(),
            PostOutcome::ValuesRefused => "values_refused",
            PostOutcome::Unknown => "unknown",
        };
        let event = match post.kind {
            PostKind::Test => Event::TestPost,
            PostKind::Message => Event::Post,
        };
        self.note(&mut tx, post.owner, Actor::User, event, linked.id, detail)
            .await?;
        jobs::finish(&mut *tx, job.id).await?;
        if let Some(said) = said {
            self.say_result(&mut tx, post, linked, said, now).await?;
        }
        tx.commit().await?;
        if let Some(code) = learned {
            self.metrics.verdict(code);
        }
        self.wake(post.owner);
        Ok(())
    }

    async fn delete_test(
        &self,
        job: &Job,
        post: &Post,
        keys: &Keys,
    ) -> Result<Outcome, StoreError> {
        let Keys {
            linked,
            client,
            token,
        } = keys;
        let PostState::Posted(number) = &post.state else {
            return Ok(Outcome::GiveUp);
        };
        failpoint::hit("post.before_delete");
        let deletion = self.x.delete_post(client, token, number).await;
        failpoint::hit("post.deleted");
        let now = self.clock.now();
        match deletion {
            Deletion::Later(until) if job.tries < DELETION_TRIES => {
                let pause = DELETION_PAUSES.pause(job.tries);
                let at = until.unwrap_or(now + pause).min(now + LONGEST_PAUSE);
                Ok(Outcome::Retry(at))
            }
            Deletion::Later(_) | Deletion::Refused(_) => Ok(Outcome::GiveUp),
            Deletion::Done => {
                self.note_deletion(job, post, linked, PostSaid::Tested)
                    .await?;
                Ok(Outcome::Done)
            }
        }
    }

    async fn note_deletion(
        &self,
        job: &Job,
        post: &Post,
        linked: &LinkedAccount,
        said: PostSaid,
    ) -> Result<(), StoreError> {
        let mut tx = self.store.begin().await?;
        let detail = match said {
            PostSaid::Tested => "deleted",
            _ => "not_deleted",
        };
        let event = Event::TestPostDelete;
        self.note(&mut tx, post.owner, Actor::Bot, event, linked.id, detail)
            .await?;
        jobs::finish(&mut *tx, job.id).await?;
        let now = self.clock.now();
        self.say_result(&mut tx, post, linked, said, now).await?;
        tx.commit().await?;
        self.wake(post.owner);
        Ok(())
    }

    async fn say_result(
        &self,
        tx: &mut Tx,
        post: &Post,
        linked: &LinkedAccount,
        said: PostSaid,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        posts::finish(&mut **tx, post.id).await?;
        let result = PostResult {
            account: choice(linked),
            said,
        };
        let answer = || messages::publishing::result(&result, now);
        outbox::push(tx, &self.vault, post.owner, answer, now).await
    }
}
