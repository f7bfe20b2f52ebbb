//! Asks X by itself about every link, spread over time, and tells when one no longer works or works again.
//!
//! What an answer comes to is decided in `domain/health.rs`; here it is asked, written down and promised. A link counts
//! as busy while it is asked about, so that no two calls about it run at once, the user's own included.

mod outcome;
mod question;
mod witness;

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::{Mutex, OwnedMutexGuard, Semaphore};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::Context;
use crate::{
    domain::{
        health::{AppMark, Rules, Witness},
        pace::{Ask, Pace},
    },
    jobs::busy::Held,
    store::{
        StoreError,
        health_checks::{self, Claimed},
        jobs::subject_of,
    },
    support::{failpoint, incident},
};

use self::question::Heard;

/// Questions to X at the same time.
const CONCURRENT: usize = 4;
/// Links that are asked about in one second, at most.
const PER_SECOND: u32 = 5;
/// With nothing known to be due, the schedule is looked at again after this long.
const LONGEST_PAUSE: TimeDelta = TimeDelta::minutes(1);
/// Pause after a failure of ours; a link that fails again and again waits for the interval.
const RETRY: TimeDelta = TimeDelta::seconds(30);
const MAX_ATTEMPTS: u32 = 3;
/// Links of an app that waited for X's pause to end come back spread over so many seconds.
const SPREAD: u32 = 60;
/// Links that are looked at together.
const BATCH: u32 = 500;
/// Longer than anybody waits: nothing is asked in turn.
const NEVER: TimeDelta = TimeDelta::days(36_500);
/// How often the links that work are counted, to stretch the interval.
const COUNT_INTERVAL: TimeDelta = TimeDelta::minutes(10);

/// Asks about the links in turn. Cheap to clone.
#[derive(Clone)]
struct Rechecker {
    linker: Context,
    rules: Rules,
    /// How many links work.
    working: Arc<AtomicU64>,
    /// Questions under way that X may charge for.
    charging: Arc<AtomicU64>,
    /// Held by the one question under way that is to confirm a refusal: links that came due together would be busy while each
    /// looks for a witness among the others.
    confirming: Arc<Mutex<()>>,
}

/// What a look at the schedule found.
enum Look {
    /// A link is due, and is held until it has been asked about.
    Claimed(Claimed, Held, Option<OwnedMutexGuard<()>>),
    /// None is; when to look again.
    Later(DateTime<Utc>),
}

impl Context {
    /// Asks X by itself until `stop`; then what is under way is finished. If that is not wanted, only links that X refused to
    /// a program are asked about.
    pub(crate) async fn run_rechecks(&self, stop: CancellationToken) {
        let rechecker = Rechecker {
            linker: self.clone(),
            rules: self.rechecks.rules(),
            working: Arc::default(),
            charging: Arc::default(),
            confirming: Arc::default(),
        };
        rechecker.run(stop).await;
    }
}

impl Rechecker {
    async fn run(&self, stop: CancellationToken) {
        let permits = Arc::new(Semaphore::new(CONCURRENT));
        let running = TaskTracker::new();
        let mut second = (DateTime::UNIX_EPOCH, 0);
        let mut next_count = DateTime::UNIX_EPOCH;
        self.count().await;
        if self.linker.rechecks.interval.is_some()
            && let Err(error) = self.pull_in().await
        {
            tracing::error!(error = %error, "the schedule could not be fitted to the interval");
        }
        let mut bell = self.linker.store.bell().listen();
        loop {
            let permit = tokio::select! {
                () = stop.cancelled() => break,
                permit = Arc::clone(&permits).acquire_owned() => permit,
            };
            bell.mark_unchanged();
            let now = self.linker.clock.now();
            if now >= next_count {
                self.count().await;
                next_count = now + COUNT_INTERVAL;
            }
            if second.0 != now {
                second = (now, 0);
            }
            let held_up = self.linker.busy.is_anybody();
            let later = if second.1 >= PER_SECOND {
                now + TimeDelta::seconds(1)
            } else {
                match self.claim(now).await {
                    Ok(Look::Claimed(claimed, held, confirming)) => {
                        second.1 += 1;
                        let rechecker = self.clone();
                        running.spawn(async move {
                            rechecker.answer(claimed).await;
                            drop((permit, confirming));
                            // Last, since it rings.
                            drop(held);
                        });
                        continue;
                    }
                    Ok(Look::Later(later)) => later,
                    Err(error) => {
                        tracing::error!(error = %error, "the schedule could not be looked up; trying again");
                        now + RETRY
                    }
                }
            };
            drop(permit);
            tokio::select! {
                () = stop.cancelled() => break,
                // Whoever was busy as the schedule was looked at is free again.
                _ = bell.changed(), if held_up => {}
                () = self.linker.suspected.notified() => {}
                () = self.linker.clock.sleep_until(later) => {}
            }
        }
        running.close();
        running.wait().await;
    }

    /// Takes the link that is due first.
    async fn claim(&self, now: DateTime<Utc>) -> Result<Look, StoreError> {
        let (store, busy) = (&self.linker.store, &self.linker.busy);
        let latest = now + LONGEST_PAUSE;
        let mut confirming = Arc::clone(&self.confirming).try_lock_owned().ok();
        let first = health_checks::first(store.reader(), &busy.all(), confirming.is_some()).await?;
        let Some(claimed) = first else {
            return Ok(Look::Later(latest));
        };
        if claimed.due_at > now {
            return Ok(Look::Later(claimed.due_at.min(latest)));
        }
        confirming = confirming.filter(|_| claimed.suspected);
        let held = busy.begin(&subject_of(claimed.account));
        failpoint::hit("recheck.claimed");
        Ok(match held {
            Some(held) => Look::Claimed(claimed, held, confirming),
            // Somebody else began just now.
            None => Look::Later(now + TimeDelta::seconds(1)),
        })
    }

    async fn count(&self) {
        if self.linker.rechecks.sum().is_none() {
            return;
        }
        match health_checks::working(self.linker.store.reader()).await {
            Ok(working) => self.working.store(working, Ordering::Relaxed),
            Err(error) => tracing::warn!(error = %error, "the links could not be counted"),
        }
    }

    fn pace(&self) -> Pace {
        Pace {
            rules: self.rules,
            budget: self.linker.rechecks.sum(),
            working: self.working.load(Ordering::Relaxed),
        }
    }

    /// Links that were planned with a longer interval come within this one.
    async fn pull_in(&self) -> Result<(), StoreError> {
        let base = &self.linker;
        let now = base.clock.now();
        let pace = self.pace();
        loop {
            let latest = now + pace.horizon();
            let batch = health_checks::due_after(base.store.reader(), latest, BATCH).await?;
            if batch.is_empty() {
                return Ok(());
            }
            let mut tx = base.store.begin().await?;
            for (account, pair_at) in batch {
                let draw = u64::from_le_bytes(base.random.bytes()?);
                let due_at = pace.pulled_in(pair_at, now, draw);
                health_checks::postpone(&mut *tx, account, due_at).await?;
            }
            tx.commit().await?;
        }
    }

    /// Asks about one link. A failure of ours, a panic included, is tried again later; the user has not asked, and is told
    /// nothing.
    #[tracing::instrument(name = "recheck", skip_all, fields(account = %claimed.account))]
    async fn answer(&self, claimed: Claimed) {
        let asked = incident::guard(Box::pin(self.try_answer(claimed, None))).await;
        let error = match asked {
            Ok(Ok(_)) => return,
            Ok(Err(error)) => error.to_string(),
            Err(panicked) => panicked.to_string(),
        };
        let base = &self.linker;
        let last = claimed.attempts + 1 >= MAX_ATTEMPTS;
        let pause = if last {
            self.rules.interval.max(RETRY)
        } else {
            RETRY
        };
        if last {
            incident::report(&incident::id(&base.random), "a re-check failed", &error);
        } else {
            tracing::warn!(error = %error, "a re-check failed; trying again");
        }
        let postponed = async {
            let mut tx = base.store.begin().await?;
            health_checks::fail(&mut *tx, claimed.account, base.clock.now() + pause).await?;
            tx.commit().await
        };
        if let Err(again) = postponed.await {
            tracing::error!(error = %again, "a failed re-check could not be put back; it comes again");
        }
    }

    /// Asks about one link, and writes down what came of it. As a witness it is asked what is said, and nothing is asked about
    /// others. What X said, if it was asked.
    async fn try_answer(
        &self,
        claimed: Claimed,
        as_witness: Option<Ask>,
    ) -> Result<Option<(Heard, AppMark)>, StoreError> {
        let Some(subject) = self.subject(claimed).await? else {
            self.leave(claimed).await?;
            return Ok(None);
        };
        if as_witness.is_none() && subject.health.due_at > subject.read_at {
            // Somebody else asked just before.
            return Ok(None);
        }
        let memory = &subject.health.memory;
        if as_witness.is_none()
            && !memory.is_suspected()
            && !self.is_worth_asking(claimed.owner).await?
        {
            self.leave(claimed).await?;
            return Ok(None);
        }
        let (ask, _charging) = self.choose(&subject, as_witness).await?;
        let reply = self.ask(&subject, ask).await;
        failpoint::hit("recheck.answered");
        let now = self.linker.clock.now();
        let answer = reply.heard.answer();
        let witness = if as_witness.is_none() && memory.needs_witness(answer, now, self.rules) {
            Box::pin(self.witness(&subject, answer)).await?
        } else {
            Witness::NotAsked
        };
        self.record(claimed, &subject, &reply, witness).await?;
        Ok(Some((reply.heard, subject.app)))
    }

    /// Whether it is wanted that X is asked in turn, and there is somebody to tell what it says.
    async fn is_worth_asking(&self, owner: i64) -> Result<bool, StoreError> {
        if self.linker.rechecks.interval.is_none() {
            return Ok(false);
        }
        let mut lent = self.linker.store.reader().lend().await?;
        self.linker.may_be_told(&mut lent, owner).await
    }

    /// Frees a link that is not asked about this time.
    async fn leave(&self, claimed: Claimed) -> Result<(), StoreError> {
        let mut tx = self.linker.store.begin().await?;
        let pause = self.linker.rechecks.interval.unwrap_or(NEVER);
        let later = self.linker.clock.now() + pause;
        health_checks::postpone(&mut *tx, claimed.account, later).await?;
        tx.commit().await
    }
}
