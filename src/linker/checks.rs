//! The checks that were asked for: claimed with a lease, answered by X, and told to the user. They survive a crash.

use std::{sync::Arc, sync::atomic::Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::Semaphore;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{KEY_PAIR_FRESH, Linker, Opened, choice, flow::free_name, open};
use crate::{
    domain::{
        account::{AccountId, AccountName, LinkedAccount, XUsername},
        audit::{Actor, Event},
        credentials::{ClientCredentials, Field, Secret, TokenCredentials},
        notice::{CheckResult, Occasion},
        verdict::{KeyPairOutcome, Outcome, Verdict},
        watch::AppMark,
    },
    failpoint, incident, messages,
    store::{
        StoreError, Tx, accounts,
        checks::{self, Check, CheckKind},
        dialogues, outbox, reminders,
        values::{self, SealedValue, Slot},
    },
    vault::DataKey,
};

/// Questions to X at the same time.
const CONCURRENT: usize = 8;
/// Longer than X may take for every question of one check; after it, the check counts as lost and is claimed again.
const LEASE: TimeDelta = TimeDelta::seconds(120);
/// Another process may ask for a check, too: a program that publishes through the library.
const LONGEST_REST: TimeDelta = TimeDelta::minutes(1);
/// Pause after a failure of ours.
const RETRY: TimeDelta = TimeDelta::seconds(5);
/// After so many failures of ours the user is told instead.
const MAX_ATTEMPTS: u32 = 3;

impl Linker {
    /// Answers checks until `stop`; then those under way are finished.
    pub async fn run_checks(&self, stop: CancellationToken) {
        let permits = Arc::new(Semaphore::new(CONCURRENT));
        let running = TaskTracker::new();
        loop {
            let permit = tokio::select! {
                () = stop.cancelled() => break,
                permit = Arc::clone(&permits).acquire_owned() => permit,
            };
            match self.claim().await {
                Ok(Claim::Claimed(check)) => {
                    let linker = self.clone();
                    running.spawn(async move {
                        linker.answer(check).await;
                        drop(permit);
                        linker.wake_checks();
                    });
                }
                Ok(Claim::NothingUntil(due)) => {
                    drop(permit);
                    tokio::select! {
                        () = stop.cancelled() => break,
                        () = self.checks_due.notified() => {}
                        () = self.until(due) => {}
                    }
                }
                Err(error) => {
                    tracing::error!(error = %error, "checks could not be claimed; trying again");
                    let later = self.clock.now() + RETRY;
                    tokio::select! {
                        () = stop.cancelled() => break,
                        () = self.clock.sleep_until(later) => {}
                    }
                }
            }
        }
        running.close();
        running.wait().await;
    }

    async fn claim(&self) -> Result<Claim, StoreError> {
        let now = self.clock.now();
        // Looking before writing: an idle bot does not write.
        let due = checks::next_due(self.store.reader()).await?;
        if due.is_none_or(|due| due > now) {
            return Ok(Claim::NothingUntil(due));
        }
        failpoint::hit("check.before_claim");
        let mut tx = self.store.begin().await?;
        let check = checks::claim(&mut *tx, now, now + LEASE).await?;
        tx.commit().await?;
        Ok(check.map_or(Claim::NothingUntil(due), Claim::Claimed))
    }

    async fn until(&self, due: Option<DateTime<Utc>>) {
        let latest = self.clock.now() + LONGEST_REST;
        let due = due.map_or(latest, |due| due.min(latest));
        self.clock.sleep_until(due).await;
    }

    /// Answers one check. A failure of ours, a panic included, is tried again, then told.
    #[tracing::instrument(name = "check", skip_all, fields(account = %check.account, check.kind = check.kind.as_str()))]
    async fn answer(&self, check: Check) {
        let answered = incident::guard(async {
            failpoint::hit("check.claimed");
            self.try_answer(check).await
        });
        let error = match answered.await {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error.to_string(),
            Err(panicked) => panicked.to_string(),
        };
        let last = check.attempts >= MAX_ATTEMPTS;
        let id = incident::id(&self.random);
        let recovery = async {
            let mut tx = self.store.begin().await?;
            if !last {
                checks::postpone(&mut *tx, check.id, self.clock.now() + RETRY).await?;
            } else if checks::finish(&mut *tx, check.id).await? && check.kind != CheckKind::KeyPair
            {
                let failed = || messages::pages::incident(&id);
                outbox::push(&mut tx, &self.vault, check.owner, failed, self.clock.now()).await?;
            }
            tx.commit().await?;
            Ok::<_, StoreError>(())
        };
        match recovery.await {
            Ok(()) if last => incident::report(&id, "a check failed", &error),
            Ok(()) => {
                let attempts = check.attempts;
                tracing::warn!(error = %error, attempts, "a check failed; trying again");
            }
            Err(again) => {
                tracing::error!(error = %again, "a failed check could not be put back; its lease will end");
            }
        }
        // The receiver is gone only when the bot stops.
        let _ = self.to_write.send(check.owner);
    }

    async fn try_answer(&self, check: Check) -> Result<(), StoreError> {
        let (owner, account) = (check.owner, check.account);
        let mut lent = self.store.reader().lend().await?;
        let mut reading = lent.snapshot().await?;
        let key = values::data_key(&mut *reading, owner, account).await?;
        let linked = accounts::by_id(&mut *reading, owner, account).await?;
        let current = values::list(&mut *reading, account, Slot::Current).await?;
        let candidate = values::list(&mut *reading, account, Slot::Candidate).await?;
        reading.commit().await?;
        drop(lent);
        let Some(wrapped) = key else {
            return self.drop_check(check).await;
        };
        let data_key = self
            .vault
            .data_key(owner, account, &wrapped.wrapped)
            .map_err(|source| StoreError::Open {
                table: "data_keys",
                source,
            })?;
        let newest = |field| newest(&candidate, &current, field);
        let open = |value: &SealedValue| open(&data_key, owner, account, value);
        if check.kind == CheckKind::KeyPair {
            let (Some(key), Some(secret)) = (newest(Field::ApiKey), newest(Field::ApiSecret))
            else {
                return self.drop_check(check).await;
            };
            let client = ClientCredentials {
                key: open(key)?,
                secret: open(secret)?,
            };
            let outcome = self.x.check_key_pair(&client).await;
            failpoint::hit("check.key_pair");
            return self.record_key_pair(check, outcome).await;
        }
        let Some(linked) = linked else {
            return self.drop_check(check).await;
        };
        let values = match check.kind {
            CheckKind::Rotation => candidate.as_slice(),
            CheckKind::KeyPair | CheckKind::Link | CheckKind::Verify => &[],
        };
        let Some(opened) = open_all(&data_key, owner, account, values, &current)? else {
            return self.drop_check(check).await;
        };
        let asked_at = self.clock.now();
        let fresh = asked_at - KEY_PAIR_FRESH;
        let known_good_pair = matches!(
            wrapped.key_pair,
            Some((KeyPairOutcome::Accepted, at)) if at >= fresh
        ) && check.kind != CheckKind::Verify;
        let diagnosis = self
            .x
            .diagnose(&opened.client, &opened.token, known_good_pair)
            .await;
        failpoint::hit("check.answered");
        if let Some(seconds) = diagnosis.clock_difference {
            self.clock_difference.store(seconds, Ordering::Relaxed);
        }
        tracing::info!(
            x.verdict = diagnosis.verdict.code(),
            x.calls = diagnosis.calls,
            check.kind = ?check.kind,
            "a check was answered"
        );
        let app = self.audit.app_mark(&opened.client);
        let asked_about = (&linked, asked_at, app);
        self.record(check, asked_about, diagnosis.verdict, diagnosis.key_pair)
            .await
    }

    async fn drop_check(&self, check: Check) -> Result<(), StoreError> {
        let mut tx = self.store.begin().await?;
        checks::finish(&mut *tx, check.id).await?;
        Ok(tx.commit().await?)
    }

    async fn record_key_pair(
        &self,
        check: Check,
        outcome: KeyPairOutcome,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        if checks::finish(&mut *tx, check.id).await? {
            values::set_key_pair(&mut *tx, check.account, Some(outcome), now).await?;
            dialogues::redraw_shown(&mut *tx, check.owner, now).await?;
        }
        tx.commit().await?;
        let _ = self.to_write.send(check.owner);
        Ok(())
    }

    /// Writes down what X said, swaps what it accepted, and promises the user the answer: all or nothing.
    async fn record(
        &self,
        check: Check,
        (asked_about, asked_at, app): (&LinkedAccount, DateTime<Utc>, AppMark),
        verdict: Verdict,
        key_pair: Option<KeyPairOutcome>,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        let current = accounts::by_id(&mut *tx, check.owner, check.account).await?;
        let asked_still = checks::finish(&mut *tx, check.id).await?;
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
        let result = match check.kind {
            CheckKind::Rotation => self.record_rotation(&mut tx, &linked, verdict, app).await?,
            CheckKind::KeyPair | CheckKind::Link | CheckKind::Verify => {
                let verdict = judge_owner(&linked, verdict);
                if accounts::record_verdict(&mut *tx, &linked, &verdict, asked_at, now).await? {
                    self.watch_learns(&mut tx, &linked, &verdict, Some(app))
                        .await?;
                }
                let linked = self.take_x_handle(&mut tx, linked, &verdict).await?;
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
                    Some(user) => {
                        accounts::twin(&mut *tx, linked.owner, user.id, linked.id).await?
                    }
                    None => None,
                };
                CheckResult {
                    account: choice(&linked),
                    verdict,
                    occasion,
                    twin: twin.map(|twin| twin.name),
                }
            }
        };
        let event = match (check.kind, &result.occasion) {
            (CheckKind::Rotation, Occasion::Swapped) => Event::Swap,
            (CheckKind::Rotation, _) => Event::Refuse,
            (CheckKind::KeyPair | CheckKind::Link | CheckKind::Verify, _) => Event::Check,
        };
        let code = result.verdict.code();
        self.note(&mut tx, check.owner, Actor::Bot, event, check.account, code)
            .await?;
        let answer = || messages::checks::result(&result, now);
        outbox::push(&mut tx, &self.vault, check.owner, answer, now).await?;
        failpoint::hit("check.before_commit");
        tx.commit().await?;
        self.metrics.verdict(code);
        failpoint::hit("check.committed");
        let _ = self.to_write.send(check.owner);
        Ok(())
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
                self.watch_learns(tx, linked, &verdict, Some(app)).await?;
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

/// What came of looking for a check.
enum Claim {
    /// This one is to be answered now.
    Claimed(Check),
    /// There is none, or none before this time.
    NothingUntil(Option<DateTime<Utc>>),
}

/// X accepted the values, but for another X user than the one that was linked.
pub(super) fn judge_owner(linked: &LinkedAccount, verdict: Verdict) -> Verdict {
    match (&linked.x_account, verdict.account()) {
        (Some(expected), Some(found)) if expected.id != found.id => Verdict::TokenOfOtherAccount {
            expected: expected.clone(),
            found: found.id,
        },
        _ => verdict,
    }
}

/// The handle that X gave the account before, if it gives another one now.
fn renamed(before: &LinkedAccount, verdict: &Verdict) -> Option<XUsername> {
    let (before, now) = (before.x_account.as_ref()?, verdict.account()?);
    (before.username != now.username).then(|| before.username.clone())
}

/// A new value of this field, or the one in use.
pub(super) fn newest<'a>(
    candidate: &'a [SealedValue],
    current: &'a [SealedValue],
    field: Field,
) -> Option<&'a SealedValue> {
    candidate
        .iter()
        .chain(current)
        .find(|value| value.field == field)
}

/// All four values, new ones before those in use. `None`: one is missing.
pub(super) fn open_all(
    key: &DataKey,
    owner: i64,
    account: AccountId,
    candidate: &[SealedValue],
    current: &[SealedValue],
) -> Result<Option<Opened>, StoreError> {
    let mut opened: Vec<Secret> = Vec::with_capacity(Field::ALL.len());
    for field in Field::ALL {
        match newest(candidate, current, field) {
            Some(value) => opened.push(open(key, owner, account, value)?),
            None => return Ok(None),
        }
    }
    let Ok([key, secret, token, token_secret]) = <[Secret; 4]>::try_from(opened) else {
        return Ok(None);
    };
    Ok(Some(Opened {
        client: ClientCredentials { key, secret },
        token: TokenCredentials {
            token,
            secret: token_secret,
        },
    }))
}
