//! Ends an account at X, test posts first, and then erases it here.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures::future::BoxFuture;

use super::{
    Context,
    runner::{Outcome, Rules, Work},
};
use crate::{
    domain::{
        account::AccountId,
        audit::{Actor, Event},
        facts::{AccountChoice, PostResult, PostSaid},
        post::PostId,
        revocation::{Cleaned, Ended, Farewell, Revocation},
    },
    linking::{
        credentials::Opened,
        revoke::{KIND, Tokens},
    },
    messages,
    store::{
        StoreError, Tx,
        jobs::{self, Job},
        outbox, posts, values,
    },
    support::{backoff::Backoff, failpoint},
    x::Deletion,
};

/// Pause between two tries.
const PAUSE: TimeDelta = TimeDelta::seconds(20);
/// X's limits are counted in windows of this length: whatever it says, it is asked again after that.
const LONGEST_PAUSE: TimeDelta = TimeDelta::minutes(15);

const RULES: Rules = Rules {
    kind: KIND,
    concurrent: 8,
    limit: Duration::from_mins(5),
    tries: 3,
    pauses: Backoff::steady(Duration::from_secs(5)),
};

/// Ends accounts.
pub(crate) struct Ending(pub(crate) Context);

impl Work for Ending {
    fn rules(&self) -> Rules {
        RULES
    }

    fn run<'a>(&'a self, job: &'a Job) -> BoxFuture<'a, Result<Outcome, StoreError>> {
        Box::pin(async {
            let ended = self.0.end(job).await?;
            self.0.wake(job.owner);
            Ok(ended)
        })
    }

    /// The user wanted it gone, whatever X says.
    fn give_up<'a>(
        &'a self,
        job: &'a Job,
        _incident: Option<&'a str>,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async {
            let linker = &self.0;
            let mut tx = linker.store.begin().await?;
            if jobs::finish(&mut *tx, job.id).await? {
                linker.erase_unasked(&mut tx, job).await?;
            }
            tx.commit().await?;
            linker.wake(job.owner);
            Ok(())
        })
    }
}

impl Context {
    /// The call that ends what is left of an account at X, then erases it.
    async fn end(&self, job: &Job) -> Result<Outcome, StoreError> {
        let (owner, account) = (job.owner, job.account()?);
        let farewell = self.farewell(owner, account, job.payload.as_ref());
        let (posts, tokens_stay, foreign_token) = match &farewell {
            Some(farewell) => (
                farewell.posts.as_slice(),
                farewell.tokens_stay,
                farewell.foreign_token,
            ),
            None => (&[][..], false, false),
        };
        let tokens = self.tokens(owner, account).await?;
        // As long as there is a token for it.
        let cleaned = self.delete_posts(&tokens, posts).await;
        if let Some(until) = cleaned.again
            && !RULES.is_last_try(job)
        {
            return Ok(Outcome::Retry(self.after(until)));
        }
        let revocation = if tokens_stay {
            None
        } else {
            if !jobs::claim(&self.store, job.id).await? {
                return Ok(Outcome::Done);
            }
            failpoint::hit("revoke.claimed");
            self.revoke_each(&tokens, foreign_token).await
        };
        failpoint::hit("revoke.answered");
        let revocation = match revocation {
            Some(Revocation::Unanswered) if !RULES.is_last_try(job) => {
                return Ok(Outcome::Retry(self.after(None)));
            }
            Some(Revocation::Limited { until }) if !RULES.is_last_try(job) => {
                return Ok(Outcome::Retry(self.after(until)));
            }
            // The answer to an earlier try of ours may have been lost.
            Some(Revocation::AlreadyEnded) if job.claims > 0 => Some(Revocation::Proven),
            revocation => revocation,
        };
        let ended = Ended {
            revocation,
            cleaned,
        };
        let mut tx = self.store.begin().await?;
        if jobs::finish(&mut *tx, job.id).await? {
            self.erase_with_receipt(&mut tx, job, farewell, ended)
                .await?;
        }
        failpoint::hit("revoke.before_commit");
        tx.commit().await?;
        failpoint::hit("revoke.committed");
        Ok(Outcome::Done)
    }

    /// When to try again, if X wants to be left alone until then.
    fn after(&self, until: Option<DateTime<Utc>>) -> DateTime<Utc> {
        let now = self.clock.now();
        until.map_or(now + PAUSE, |until| {
            until.clamp(now + TimeDelta::seconds(1), now + LONGEST_PAUSE)
        })
    }

    /// Erases the account of a call, and promises the user a receipt.
    async fn erase_with_receipt(
        &self,
        tx: &mut Tx,
        job: &Job,
        farewell: Option<Farewell>,
        ended: Ended,
    ) -> Result<(), StoreError> {
        let (owner, account, now) = (job.owner, job.account()?, self.clock.now());
        values::erase(&mut **tx, owner, account).await?;
        let Some(Farewell {
            gone, tokens_stay, ..
        }) = farewell
        else {
            return Ok(());
        };
        let Ended {
            revocation,
            cleaned,
        } = ended;
        let choice = AccountChoice {
            id: account,
            name: gone.name.clone(),
        };
        let deleted = (cleaned.deleted > 0).then_some(PostSaid::Tested);
        let standing = cleaned.standing.into_iter();
        let posts = deleted
            .into_iter()
            .chain(standing.map(|post| PostSaid::Stands { post }));
        for said in posts {
            let detail = match said {
                PostSaid::Tested => "deleted",
                _ => "not_deleted",
            };
            let event = Event::TestPostDelete;
            self.note(tx, owner, Actor::Bot, event, account, detail)
                .await?;
            let account = choice.clone();
            let result = PostResult { account, said };
            let answer = || messages::publishing::result(&result, now);
            outbox::push(tx, &self.vault, owner, answer, now).await?;
        }
        let backups_until = self.backups_until();
        if !tokens_stay {
            let detail = revocation.map_or("", Revocation::code);
            let event = Event::Revoke;
            self.note(tx, owner, Actor::Bot, event, account, detail)
                .await?;
        }
        let receipt = || {
            if tokens_stay {
                messages::receipt::unlinked(&gone.name, backups_until)
            } else {
                messages::receipt::receipt(&gone, revocation, backups_until)
            }
        };
        outbox::push(tx, &self.vault, owner, receipt, now).await
    }

    /// Erases the account of a call that failed for good: the user wanted it gone, whatever X says.
    async fn erase_unasked(&self, tx: &mut Tx, job: &Job) -> Result<(), StoreError> {
        let farewell = self.farewell(job.owner, job.account()?, job.payload.as_ref());
        let ended = Ended {
            revocation: None,
            cleaned: Cleaned {
                standing: farewell
                    .as_ref()
                    .map_or_else(Vec::new, |farewell| farewell.posts.clone()),
                ..Cleaned::default()
            },
        };
        self.erase_with_receipt(tx, job, farewell, ended).await
    }

    /// Deletes an account's test posts, and revokes its tokens.
    pub(crate) async fn end_at_x(
        &self,
        owner: i64,
        account: AccountId,
    ) -> Result<Ended, StoreError> {
        let reader = self.store.reader();
        let mut posts = posts::standing(reader, account).await?;
        if let Some(farewell) = self.waiting_farewell(reader, owner, account).await? {
            posts.extend(farewell.posts);
        }
        let tokens = self.tokens(owner, account).await?;
        let cleaned = self.delete_posts(&tokens, &posts).await;
        Ok(Ended {
            revocation: self.revoke_each(&tokens, false).await,
            cleaned,
        })
    }

    /// Deletes posts with the token in use, else with the new one.
    async fn delete_posts(&self, tokens: &Tokens, posts: &[PostId]) -> Cleaned {
        let mut cleaned = Cleaned::default();
        let opened = tokens.in_use.as_ref().or(tokens.waiting.as_ref());
        for post in posts {
            let deletion = match opened {
                Some(Opened { client, token }) => self.x.delete_post(client, token, post).await,
                None => Deletion::Refused(0),
            };
            match deletion {
                Deletion::Done => cleaned.deleted += 1,
                Deletion::Later(until) => {
                    cleaned.again = Some(cleaned.again.flatten().max(until));
                    cleaned.standing.push(post.clone());
                }
                Deletion::Refused(_) => cleaned.standing.push(post.clone()),
            }
        }
        cleaned
    }

    /// Revokes the token in use, and a new one that waits beside it. The worst that came of them; `None`: there is nothing
    /// to revoke.
    async fn revoke_each(&self, tokens: &Tokens, foreign_token: bool) -> Option<Revocation> {
        let waiting = tokens.waiting.as_ref().filter(|_| !foreign_token);
        let not_asked = foreign_token || tokens.waits_without_key_pair;
        let mut worst = not_asked.then_some(Revocation::NotAsked);
        for Opened { client, token } in tokens.in_use.iter().chain(waiting) {
            worst = worst.max(Some(self.x.revoke(client, token).await));
        }
        worst
    }
}
