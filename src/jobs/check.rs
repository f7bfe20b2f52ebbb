//! Answers the checks that were asked for: X is asked, and what it says is recorded and promised to the user.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures::future::BoxFuture;

use super::{
    Context,
    runner::{Outcome as Ended, Rules, Work},
};
use crate::{
    domain::{
        account::{AccountId, AccountName, LinkedAccount, XUsername},
        audit::{Actor, Event},
        credentials::Field,
        facts::{CheckResult, Occasion},
        health::AppMark,
        verdict::{KeyPairOutcome, Outcome, Verdict},
    },
    linking::{choice, flow::free_name, learn::judge_owner},
    messages,
    store::{
        StoreError, Tx, accounts,
        checks::{self, CheckKind},
        jobs::{self, Job},
        outbox, reminders,
        values::{self, Slot},
    },
    support::{backoff::Backoff, failpoint},
};

/// How long a good answer about the key pair is trusted.
const KEY_PAIR_FRESH: TimeDelta = TimeDelta::minutes(10);
/// How long X is asked again by itself about values that it did not judge: as long as those of a rotation are kept.
const UNDECIDED_FOR: TimeDelta = TimeDelta::hours(24);
/// The pauses of that: as long again as it has taken so far, within these.
const SHORTEST_PAUSE: TimeDelta = TimeDelta::minutes(1);
const LONGEST_PAUSE: TimeDelta = TimeDelta::hours(1);

/// Asks X about values, as often as need be.
pub(crate) struct Checking(pub(crate) Context);

/// A check that is under way.
struct Check<'a> {
    job: &'a Job,
    account: AccountId,
    owner: i64,
    kind: CheckKind,
}

impl<'a> Check<'a> {
    fn of(job: &'a Job) -> Result<Self, StoreError> {
        Ok(Self {
            job,
            account: job.account()?,
            owner: job.owner,
            kind: job.about(checks::kind_of)?,
        })
    }

    /// When to ask again by itself, and until when: a link or a rotation that X did not judge.
    fn again(
        &self,
        verdict: &Verdict,
        now: DateTime<Utc>,
    ) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        let is_first = matches!(self.kind, CheckKind::Link | CheckKind::Rotation);
        if !is_first || verdict.outcome() != Outcome::Undecided {
            return None;
        }
        let until = self.job.give_up_at.unwrap_or(now + UNDECIDED_FOR);
        let asked_for = UNDECIDED_FOR - (until - now);
        let mut at = now + asked_for.clamp(SHORTEST_PAUSE, LONGEST_PAUSE);
        if let Verdict::RateLimited { until: Some(limit) } = verdict {
            at = at.max(*limit);
        }
        (at < until).then_some((at, until))
    }

    /// Whether the user was told already that X did not decide.
    fn was_told(&self) -> bool {
        self.job.give_up_at.is_some()
    }
}

impl Work for Checking {
    fn rules(&self) -> Rules {
        Rules {
            kind: checks::KIND,
            concurrent: 8,
            limit: Duration::from_mins(2),
            tries: 3,
            pauses: Backoff::steady(Duration::from_secs(5)),
        }
    }

    fn run<'a>(&'a self, job: &'a Job) -> BoxFuture<'a, Result<Ended, StoreError>> {
        Box::pin(async {
            let check = Check::of(job)?;
            self.0.answer(&check).await?;
            Ok(Ended::Done)
        })
    }

    fn give_up<'a>(
        &'a self,
        job: &'a Job,
        incident: Option<&'a str>,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let check = Check::of(job)?;
            let mut tx = self.0.store.begin().await?;
            if jobs::finish(&mut *tx, job.id).await?
                && let Some(id) = incident
                && check.kind != CheckKind::KeyPair
            {
                let failed = || messages::pages::incident(id);
                let (vault, now) = (&self.0.vault, self.0.clock.now());
                outbox::push(&mut tx, vault, check.owner, failed, now).await?;
            }
            tx.commit().await?;
            self.0.wake(check.owner);
            Ok(())
        })
    }
}

impl Context {
    async fn answer(&self, check: &Check<'_>) -> Result<(), StoreError> {
        let (owner, account) = (check.owner, check.account);
        let mut db = self.store.reader().lend().await?;
        let loaded = self.load(&mut db, owner, account).await?;
        let linked = match check.kind {
            CheckKind::KeyPair => None,
            _ => accounts::by_id(&mut *db, owner, account).await?,
        };
        drop(db);
        let Some(loaded) = loaded else {
            return self.drop_check(check).await;
        };
        if check.kind == CheckKind::KeyPair {
            let Some(client) = loaded.newest_client()? else {
                return self.drop_check(check).await;
            };
            let outcome = self.x.check_key_pair(&client).await;
            failpoint::hit("check.key_pair");
            return self.record_key_pair(check, outcome).await;
        }
        let opened = match check.kind {
            CheckKind::Rotation => loaded.newest()?,
            CheckKind::KeyPair | CheckKind::Link | CheckKind::Verify => loaded.in_use()?,
        };
        let (Some(linked), Some(opened)) = (linked, opened) else {
            return self.drop_check(check).await;
        };
        let asked_at = self.clock.now();
        let fresh = asked_at - KEY_PAIR_FRESH;
        let known_good_pair = matches!(
            loaded.key_pair,
            Some((KeyPairOutcome::Accepted, at)) if at >= fresh
        ) && check.kind != CheckKind::Verify;
        let diagnosis = self
            .x
            .diagnose(&opened.client, &opened.token, known_good_pair)
            .await;
        failpoint::hit("check.answered");
        tracing::info!(
            x.verdict = diagnosis.verdict.code(),
            x.calls = diagnosis.calls,
            check.kind = check.kind.as_str(),
            "a check was answered"
        );
        let app = self.audit.app_mark(&opened.client);
        let asked_about = (&linked, asked_at, app);
        self.record(check, asked_about, diagnosis.verdict, diagnosis.key_pair)
            .await
    }

    async fn drop_check(&self, check: &Check<'_>) -> Result<(), StoreError> {
        let mut tx = self.store.begin().await?;
        jobs::finish(&mut *tx, check.job.id).await?;
        tx.commit().await
    }

    async fn record_key_pair(
        &self,
        check: &Check<'_>,
        outcome: KeyPairOutcome,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        let (job, account) = (check.job.id, check.account);
        checks::settle_key_pair(&mut *tx, job, account, check.owner, outcome, now).await?;
        tx.commit().await?;
        self.wake(check.owner);
        Ok(())
    }

    /// Writes down what X said, swaps what it accepted, and promises the user the answer: all or nothing.
    async fn record(
        &self,
        check: &Check<'_>,
        (asked_about, asked_at, app): (&LinkedAccount, DateTime<Utc>, AppMark),
        verdict: Verdict,
        key_pair: Option<KeyPairOutcome>,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        let current = accounts::by_id(&mut *tx, check.owner, check.account).await?;
        let again = check.again(&verdict, now);
        let asked_still = match again {
            Some((at, until)) => jobs::repeat(&mut tx, check.job.id, at, until).await?,
            None => jobs::finish(&mut *tx, check.job.id).await?,
        };
        let (true, Some(linked)) = (asked_still, current) else {
            tx.commit().await?;
            return Ok(());
        };
        // A new key pair that is being entered, or waits, has an answer of its own.
        let candidate = values::list(&mut *tx, linked.id, Slot::Candidate).await?;
        let is_newest = check.kind == CheckKind::Rotation
            || !candidate
                .iter()
                .any(|value| Field::KEY_PAIR.contains(&value.field));
        if let Some(outcome) = key_pair
            && is_newest
        {
            values::set_key_pair(&mut *tx, linked.id, Some(outcome), now).await?;
        }
        // What is asked by itself is told when it is decided.
        let tell = verdict.outcome() != Outcome::Undecided || !check.was_told();
        let result = match check.kind {
            CheckKind::Rotation => self.record_rotation(&mut tx, &linked, verdict, app).await?,
            CheckKind::KeyPair | CheckKind::Link | CheckKind::Verify => {
                let verdict = judge_owner(&linked, verdict);
                if accounts::record_verdict(&mut *tx, &linked, &verdict, asked_at, now).await?
                    && tell
                {
                    self.learn_health(&mut tx, &linked, &verdict, Some(app))
                        .await?;
                }
                if check.kind == CheckKind::Verify && verdict.outcome() != Outcome::Undecided {
                    // One answer serves both.
                    checks::cancel(&mut *tx, linked.id, CheckKind::Link).await?;
                }
                self.result(&mut tx, check, asked_about, linked, verdict)
                    .await?
            }
        };
        let event = match (check.kind, &result.occasion) {
            (CheckKind::Rotation, Occasion::Swapped) => Event::Swap,
            (CheckKind::Rotation, _) => Event::Refuse,
            (CheckKind::KeyPair | CheckKind::Link | CheckKind::Verify, _) => Event::Check,
        };
        let code = result.verdict.code();
        if tell {
            self.note(&mut tx, check.owner, Actor::Bot, event, check.account, code)
                .await?;
            let answer = || messages::checks::result(&result, now);
            outbox::push(&mut tx, &self.vault, check.owner, answer, now).await?;
        }
        failpoint::hit("check.before_commit");
        tx.commit().await?;
        self.metrics.verdict(code);
        failpoint::hit("check.committed");
        self.wake(check.owner);
        Ok(())
    }

    /// What the user is told of values in use.
    async fn result(
        &self,
        tx: &mut Tx,
        check: &Check<'_>,
        asked_about: &LinkedAccount,
        linked: LinkedAccount,
        verdict: Verdict,
    ) -> Result<CheckResult, StoreError> {
        let linked = self.take_x_handle(tx, linked, &verdict).await?;
        let before = asked_about
            .verdict
            .as_ref()
            .map(|verdict| verdict.code().to_owned())
            .zip(asked_about.verdict_since);
        let occasion = match check.kind {
            CheckKind::Verify => Occasion::Verify {
                before,
                renamed_from: renamed(asked_about, &verdict),
            },
            CheckKind::KeyPair | CheckKind::Link | CheckKind::Rotation => Occasion::Link,
        };
        let twin = match verdict.account() {
            Some(user) => accounts::twin(&mut **tx, linked.owner, user.id, linked.id).await?,
            None => None,
        };
        Ok(CheckResult {
            account: choice(&linked),
            verdict,
            occasion,
            twin: twin.map(|twin| twin.name),
        })
    }

    async fn record_rotation(
        &self,
        tx: &mut Tx,
        linked: &LinkedAccount,
        verdict: Verdict,
        app: AppMark,
    ) -> Result<CheckResult, StoreError> {
        let now = self.clock.now();
        let verdict = judge_owner(linked, verdict);
        let occasion = match verdict.outcome() {
            Outcome::Accepted => {
                values::move_all(&mut **tx, linked.id, Slot::Candidate, Slot::Current).await?;
                failpoint::hit("swap.moved");
                accounts::set_candidate_until(&mut **tx, linked.owner, linked.id, None).await?;
                // Whatever was asked with the old values says nothing about these.
                accounts::record_verdict(&mut **tx, linked, &verdict, now, now).await?;
                self.learn_health(tx, linked, &verdict, Some(app)).await?;
                reminders::begin_again(&mut **tx, linked.id, now).await?;
                Occasion::Swapped
            }
            // The refused values stay a while: a repair asks only for those in doubt.
            Outcome::Refused => Occasion::OldStay,
            Outcome::Undecided => Occasion::Waiting {
                until: linked.candidate_until.unwrap_or(now),
            },
        };
        Ok(CheckResult {
            account: choice(linked),
            verdict,
            occasion,
            twin: None,
        })
    }

    /// Gives a link the X handle as its name, if the user wanted that and X has named it.
    async fn take_x_handle(
        &self,
        tx: &mut Tx,
        linked: LinkedAccount,
        verdict: &Verdict,
    ) -> Result<LinkedAccount, StoreError> {
        let Some(x_account) = verdict.account().filter(|_| linked.takes_x_handle) else {
            return Ok(linked);
        };
        let wanted = AccountName::trusted(x_account.username.0.clone());
        let name = free_name(tx, linked.owner, linked.id, wanted).await?;
        accounts::rename(&mut **tx, linked.owner, linked.id, &name).await?;
        Ok(LinkedAccount { name, ..linked })
    }
}

/// The handle that X gave the account before, if it gives another one now.
fn renamed(before: &LinkedAccount, verdict: &Verdict) -> Option<XUsername> {
    let (before, now) = (before.x_account.as_ref()?, verdict.account()?);
    (before.username != now.username).then(|| before.username.clone())
}
