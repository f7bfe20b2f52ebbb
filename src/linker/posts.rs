//! What a user publishes in Telegram: a message of theirs, or a test post that is deleted at once.
//!
//! A post is handed to X once. Before that it is noted that it may have been, so that after a crash it is told as unknown
//! and never sent again; a test post is looked for at X before. A deletion is repeated until X has carried it out.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio_util::sync::CancellationToken;

use super::{Keys, Linker, choice};
use crate::{
    domain::{
        account::LinkedAccount,
        audit::{Actor, Event},
        client::ClientName,
        notice::{PostResult, PostSaid},
        post::{PostId, PostOutcome},
        verdict::{Outcome, Permission, Verdict},
    },
    failpoint, incident, messages,
    store::{
        StoreError, Tx, accounts,
        checks::{self, CheckKind},
        outbox,
        posts::{self, Post, PostKind, PostState},
    },
    x::Deletion,
};

/// Pause after a failure of ours.
const RETRY: TimeDelta = TimeDelta::seconds(5);
/// A post that failed for a reason of ours waits this long, and the others do not wait for it.
const AFTER_A_FAILURE: TimeDelta = TimeDelta::minutes(1);
/// Pauses between tries to delete a test post; after the last of them the user is shown it.
const DELETION_PAUSES: [TimeDelta; 4] = [
    TimeDelta::seconds(5),
    TimeDelta::seconds(30),
    TimeDelta::minutes(2),
    TimeDelta::minutes(10),
];
/// A test post is not left standing longer than this, whatever X says about when to come back.
const LONGEST_PAUSE: TimeDelta = TimeDelta::minutes(15);

impl Linker {
    /// Publishes and deletes until `stop`; what is under way then is finished. One after the other: they are rare.
    pub(crate) async fn run_posts(&self, stop: CancellationToken) {
        loop {
            let due = match posts::next(self.store.reader()).await {
                Ok(Some(post)) if post.due_at.is_some_and(|due| due <= self.clock.now()) => {
                    if stop.is_cancelled() {
                        return;
                    }
                    match incident::guard(self.carry_out(&post)).await {
                        Ok(Ok(())) => continue,
                        Ok(Err(error)) => {
                            tracing::error!(%error, "a post could not be seen to; trying again");
                        }
                        Err(panicked) => {
                            incident::log(&self.random, "a post could not be seen to", &panicked);
                        }
                    }
                    if self.put_back(&post).await.is_ok() {
                        continue;
                    }
                    Some(self.clock.now() + RETRY)
                }
                Ok(post) => post.and_then(|post| post.due_at),
                Err(error) => {
                    tracing::error!(%error, "posts could not be looked up; trying again");
                    Some(self.clock.now() + RETRY)
                }
            };
            let waiting = async {
                match due {
                    Some(due) => self.clock.sleep_until(due).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.posts_due.notified() => {}
                () = waiting => {}
            }
        }
    }

    /// Lets the others go first.
    async fn put_back(&self, post: &Post) -> Result<(), StoreError> {
        let mut tx = self.store.begin().await?;
        posts::postpone(&mut *tx, post.id, self.clock.now() + AFTER_A_FAILURE).await?;
        Ok(tx.commit().await?)
    }

    #[tracing::instrument(
        name = "post",
        skip_all,
        fields(post.id = post.id, account = post.account.map(tracing::field::display))
    )]
    async fn carry_out(&self, post: &Post) -> Result<(), StoreError> {
        let keys = match post.account {
            Some(account) => self.keys(post.owner, account).await?,
            None => None,
        };
        let Some(keys) = keys else {
            // The account was erased; its posts go with it.
            let mut tx = self.store.begin().await?;
            posts::finish(&mut *tx, post.id).await?;
            return Ok(tx.commit().await?);
        };
        match &post.state {
            PostState::Draft => Ok(()),
            PostState::Waiting => self.send(post, &keys).await,
            // Whoever had it in hand is gone.
            PostState::Sending => self.look_for(post, &keys, self.clock.now()).await,
            PostState::Posted(number) => self.delete_test(post, &keys, number).await,
        }
    }

    async fn send(&self, post: &Post, keys: &Keys) -> Result<(), StoreError> {
        failpoint::hit("post.before_claim");
        let mut tx = self.store.begin().await?;
        let claimed = posts::begin_sending(&mut *tx, post.id).await?;
        tx.commit().await?;
        if !claimed {
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
            return self.look_for(post, keys, asked_at).await;
        }
        // It is known here and nowhere else: the database has time to come back.
        loop {
            match self.note_outcome(post, linked, &outcome, asked_at).await {
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
        self.note_outcome(post, linked, &outcome, asked_at).await
    }

    async fn note_outcome(
        &self,
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
                let kept = posts::posted(&mut *tx, post.id, number, now).await?;
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
        if let Some(said) = said {
            self.say_result(&mut tx, post, linked, said, now).await?;
        }
        tx.commit().await?;
        if let Some(code) = learned {
            self.metrics.verdict(code);
        }
        self.wake_checks();
        let _ = self.to_write.send(post.owner);
        Ok(())
    }

    /// Notes what a program's post says about the account.
    pub(crate) async fn heard(
        &self,
        posted_with: &LinkedAccount,
        outcome: &PostOutcome,
        asked_at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        // Nobody is shown what a program hears: the schedule asks X, and tells what it says.
        let status = match outcome {
            PostOutcome::ValuesRefused => Some(401),
            PostOutcome::Refused(verdict) if verdict.outcome() == Outcome::Refused => Some(403),
            _ => None,
        };
        if let Some(status) = status {
            let program = ClientName::trusted("library".to_owned());
            return self.doubt(posted_with.id, &program, status).await;
        }
        let mut tx = self.store.begin().await?;
        self.learn(&mut tx, posted_with, outcome, asked_at).await?;
        Ok(tx.commit().await?)
    }

    /// What a post says about the account: more than any question that was asked before it. The code of the verdict that was
    /// recorded.
    async fn learn(
        &self,
        tx: &mut Tx,
        posted_with: &LinkedAccount,
        outcome: &PostOutcome,
        asked_at: DateTime<Utc>,
    ) -> Result<Option<&'static str>, StoreError> {
        let now = self.clock.now();
        // As it is now: it may have been checked meanwhile.
        let (owner, account) = (posted_with.owner, posted_with.id);
        let Some(linked) = accounts::by_id(&mut **tx, owner, account).await? else {
            return Ok(None);
        };
        let verdict = match (outcome, &linked.verdict) {
            (PostOutcome::Published(_), Some(Verdict::ConnectedPermissionUnknown { account })) => {
                Verdict::Connected {
                    account: account.clone(),
                    permission: Permission::ReadWrite,
                }
            }
            (
                PostOutcome::Refused(
                    verdict @ (Verdict::ReadOnly { .. }
                    | Verdict::NoCredits
                    | Verdict::SpendCapReached { .. }
                    | Verdict::NotEnrolled { .. }
                    | Verdict::AppSuspended
                    | Verdict::UserSuspended
                    | Verdict::UserLocked),
                ),
                _,
            ) => verdict.clone(),
            (PostOutcome::ValuesRefused, _) => {
                let waits = checks::waiting(&mut **tx, linked.id, CheckKind::Verify).await?;
                if waits.is_none() {
                    checks::request(&mut **tx, linked.id, CheckKind::Verify, now).await?;
                }
                return Ok(None);
            }
            _ => return Ok(None),
        };
        if !accounts::record_verdict(&mut **tx, &linked, &verdict, asked_at, now).await? {
            return Ok(None);
        }
        self.watch_learns(tx, &linked, &verdict, None).await?;
        Ok(Some(verdict.code()))
    }

    async fn delete_test(
        &self,
        post: &Post,
        keys: &Keys,
        number: &PostId,
    ) -> Result<(), StoreError> {
        let Keys {
            linked,
            client,
            token,
        } = keys;
        failpoint::hit("post.before_delete");
        let deletion = self.x.delete_post(client, token, number).await;
        failpoint::hit("post.deleted");
        let now = self.clock.now();
        let pause = usize::try_from(post.attempts)
            .ok()
            .and_then(|attempts| DELETION_PAUSES.get(attempts));
        let mut tx = self.store.begin().await?;
        let said = match (deletion, pause) {
            (Deletion::Later(until), Some(pause)) => {
                let due = until.unwrap_or(now + *pause).min(now + LONGEST_PAUSE);
                posts::postpone(&mut *tx, post.id, due).await?;
                return Ok(tx.commit().await?);
            }
            (Deletion::Done, _) => PostSaid::Tested,
            (Deletion::Later(_) | Deletion::Refused(_), _) => PostSaid::NotDeleted {
                post: number.clone(),
            },
        };
        let detail = if said == PostSaid::Tested {
            "deleted"
        } else {
            "not_deleted"
        };
        let event = Event::TestPostDelete;
        self.note(&mut tx, post.owner, Actor::Bot, event, linked.id, detail)
            .await?;
        self.say_result(&mut tx, post, linked, said, now).await?;
        tx.commit().await?;
        let _ = self.to_write.send(post.owner);
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
