//! Asks X by itself about every link, spread over time, and tells when one no longer works or works again.
//!
//! What an answer comes to is decided in `domain/watch.rs`; here it is asked, written down and promised. A link is held by
//! a lease while it is asked about, so that no two questions about it run at once, the user's own included.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::Semaphore;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    Linker, Opened,
    checks::{judge_owner, open_all},
    choice,
};
use crate::{
    domain::{
        account::LinkedAccount,
        audit::{Actor, Event},
        budget,
        notice::{Notice, WatchNotice},
        pace::{Ask, Hearing, Pace, Plan},
        verdict::{KeyPairOutcome, Outcome, Verdict},
        watch::{
            Answer, AppMark, Change, Memory, Next, Rules, Sign, Standing, Trouble, TroubleKind,
            TroubleNews, Witness,
        },
    },
    failpoint, incident,
    store::{
        StoreError, Tx, accounts, outbox,
        schedule::{self, Claimed, Settled, Watch},
        spending, trouble, unreachable,
        values::{self, SealedValue, Slot},
    },
    x::Look,
};

/// Questions to X at the same time.
const CONCURRENT: usize = 4;
/// Links that are asked about in one second, at most.
const PER_SECOND: u32 = 5;
/// As for the checks that users ask for.
const LEASE: TimeDelta = TimeDelta::seconds(120);
/// With nothing known to be due, the schedule is looked at again after this long.
const LONGEST_PAUSE: TimeDelta = TimeDelta::minutes(1);
/// Pause after a failure of ours; a link that fails again and again waits for the interval.
const RETRY: TimeDelta = TimeDelta::seconds(30);
const MAX_ATTEMPTS: u32 = 3;
/// Links of an app that waited for X's pause to end come back spread over so many seconds.
const SPREAD: u32 = 60;
/// Links that are looked at together.
const BATCH: u32 = 500;
/// How often the links that work are counted, to stretch the interval.
const COUNT_INTERVAL: TimeDelta = TimeDelta::minutes(10);

/// What came of it.
enum Heard {
    Judged(Verdict),
    Refused,
    PairAccepted,
}

impl Heard {
    fn answer(&self) -> Answer<'_> {
        match self {
            Self::Judged(verdict) => Answer::Judged(verdict),
            Self::Refused => Answer::Refused,
            Self::PairAccepted => Answer::PairAccepted,
        }
    }
}

/// A link with everything that a question needs.
struct Subject {
    /// Since when it is as follows; whatever is asked is asked after it.
    read_at: DateTime<Utc>,
    linked: LinkedAccount,
    watch: Watch,
    opened: Opened,
    values: Vec<SealedValue>,
    app: AppMark,
}

/// An answer, and what else it showed.
struct Reply {
    heard: Heard,
    calls: u8,
    pause_until: Option<DateTime<Utc>>,
}

/// Asks about the links in turn. Cheap to clone.
#[derive(Clone)]
struct Rechecker {
    linker: Linker,
    owner: Option<i64>,
    rules: Rules,
    /// How many links work.
    working: Arc<AtomicU64>,
}

impl Linker {
    /// Asks X by itself until `stop`, if that is wanted; then what is under way is finished. `owner` is told of trouble
    /// that is no link's.
    pub async fn run_rechecks(&self, owner: Option<i64>, stop: CancellationToken) {
        let Some(interval) = self.rechecks.interval else {
            return stop.cancelled().await;
        };
        let rechecker = Rechecker {
            linker: self.clone(),
            owner,
            rules: Rules {
                interval,
                confirm: self.rechecks.confirm,
            },
            working: Arc::default(),
        };
        rechecker.run(stop).await;
    }

    /// The schedule takes over what X said to a question of the user's, who sees the answer.
    pub(super) async fn watch_learns(
        &self,
        tx: &mut Tx,
        linked: &LinkedAccount,
        verdict: &Verdict,
    ) -> Result<(), StoreError> {
        let account = linked.id;
        let Some(watch) = schedule::get(&mut **tx, account).await? else {
            return Ok(());
        };
        let now = self.clock.now();
        let memory = watch.memory.shown(verdict, now);
        let accepted_at = match verdict.outcome() {
            Outcome::Accepted => Some(now),
            Outcome::Refused | Outcome::Undecided => linked.accepted_at,
        };
        let good_at = good_at(&memory, accepted_at);
        let interval = self.rechecks.interval.unwrap_or(TimeDelta::hours(24));
        let due_at = now + self.jittered(interval)?;
        schedule::learn(&mut **tx, account, &memory, good_at, due_at).await
    }

    fn jittered(&self, pause: TimeDelta) -> Result<TimeDelta, StoreError> {
        let draw = u64::from_le_bytes(self.random.bytes()?);
        Ok(budget::jittered(pause, draw))
    }
}

/// When X accepted a link last, for the choice of a witness.
fn good_at(memory: &Memory, accepted_at: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
    accepted_at.filter(|_| memory.standing == Standing::Works)
}

impl Rechecker {
    async fn run(&self, stop: CancellationToken) {
        let permits = Arc::new(Semaphore::new(CONCURRENT));
        let running = TaskTracker::new();
        let mut second = (DateTime::UNIX_EPOCH, 0);
        let mut next_count = DateTime::UNIX_EPOCH;
        if let Err(error) = self.pull_in().await {
            tracing::error!(error = %error, "the schedule could not be fitted to the interval");
        }
        loop {
            let permit = tokio::select! {
                () = stop.cancelled() => break,
                permit = Arc::clone(&permits).acquire_owned() => permit,
            };
            let now = self.linker.clock.now();
            if now >= next_count {
                self.count().await;
                next_count = now + COUNT_INTERVAL;
            }
            if second.0 != now {
                second = (now, 0);
            }
            let later = if second.1 >= PER_SECOND {
                now + TimeDelta::seconds(1)
            } else {
                match self.claim(now).await {
                    Ok(Some(claimed)) => {
                        second.1 += 1;
                        let rechecker = self.clone();
                        running.spawn(async move {
                            rechecker.answer(claimed).await;
                            drop(permit);
                            rechecker.linker.wake_checks();
                        });
                        continue;
                    }
                    Ok(None) => self.next_look(now).await,
                    Err(error) => {
                        tracing::error!(error = %error, "the schedule could not be looked up; trying again");
                        now + RETRY
                    }
                }
            };
            drop(permit);
            tokio::select! {
                () = stop.cancelled() => break,
                () = self.linker.rechecks_due.notified() => {}
                () = self.linker.clock.sleep_until(later) => {}
            }
        }
        running.close();
        running.wait().await;
    }

    async fn claim(&self, now: DateTime<Utc>) -> Result<Option<Claimed>, StoreError> {
        let store = &self.linker.store;
        // Looking before writing: an idle bot does not write.
        match schedule::next_due(store.reader()).await? {
            Some(due) if due <= now => {}
            Some(_) | None => return Ok(None),
        }
        let mut tx = store.begin().await?;
        let claimed = schedule::claim(&mut *tx, now, now + LEASE).await?;
        tx.commit().await?;
        failpoint::hit("recheck.claimed");
        Ok(claimed)
    }

    async fn next_look(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        let latest = now + LONGEST_PAUSE;
        match schedule::next_due(self.linker.store.reader()).await {
            Ok(Some(due)) => due.clamp(now + TimeDelta::seconds(1), latest),
            Ok(None) | Err(_) => latest,
        }
    }

    async fn count(&self) {
        if self.linker.rechecks.budget.is_none() {
            return;
        }
        match schedule::working(self.linker.store.reader()).await {
            Ok(working) => self.working.store(working, Ordering::Relaxed),
            Err(error) => tracing::warn!(error = %error, "the links could not be counted"),
        }
    }

    fn pace(&self) -> Pace {
        Pace {
            rules: self.rules,
            budget: self.linker.rechecks.budget,
            working: self.working.load(Ordering::Relaxed),
        }
    }

    /// Links that were planned with a longer interval come within this one.
    async fn pull_in(&self) -> Result<(), StoreError> {
        let base = &self.linker;
        let now = base.clock.now();
        loop {
            let latest = now + self.pace().charged_interval().max(self.rules.confirm);
            let reader = base.store.reader();
            let batch = schedule::due_after(reader, latest, BATCH).await?;
            if batch.is_empty() {
                return Ok(());
            }
            let mut tx = base.store.begin().await?;
            for account in batch {
                let draw = u64::from_le_bytes(base.random.bytes()?);
                let within = u64::try_from(self.rules.interval.num_seconds()).unwrap_or(1);
                let wait = i64::try_from(draw % within.max(1)).unwrap_or(0);
                schedule::postpone(&mut *tx, account, now + TimeDelta::seconds(wait)).await?;
            }
            tx.commit().await?;
        }
    }

    /// Asks about one link. A failure of ours, a panic included, is tried again later; the user has not asked, and is told
    /// nothing.
    #[tracing::instrument(name = "recheck", skip_all, fields(account = %claimed.account))]
    async fn answer(&self, claimed: Claimed) {
        let asked = incident::guard(Box::pin(self.try_answer(claimed, false))).await;
        let error = match asked {
            Ok(Ok(_)) => return,
            Ok(Err(error)) => error.to_string(),
            Err(panicked) => panicked.to_string(),
        };
        let base = &self.linker;
        let last = claimed.attempts >= MAX_ATTEMPTS;
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
            schedule::postpone(&mut *tx, claimed.account, base.clock.now() + pause).await?;
            Ok::<_, StoreError>(tx.commit().await?)
        };
        if let Err(again) = postponed.await {
            tracing::error!(error = %again, "a failed re-check could not be put back; its lease will end");
        }
    }

    /// Asks about one link, and writes down what came of it. As a witness it is asked with one call, and nothing is asked
    /// about others. What X said, if it was asked.
    async fn try_answer(
        &self,
        claimed: Claimed,
        as_witness: bool,
    ) -> Result<Option<(Heard, AppMark)>, StoreError> {
        let Some(subject) = self.subject(claimed).await? else {
            let mut tx = self.linker.store.begin().await?;
            let later = self.linker.clock.now() + self.rules.interval;
            schedule::postpone(&mut *tx, claimed.account, later).await?;
            tx.commit().await?;
            return Ok(None);
        };
        let ask = if as_witness {
            Ask::Glance
        } else {
            self.choose(&subject).await?
        };
        let reply = self.ask(&subject, ask).await;
        failpoint::hit("recheck.answered");
        let now = self.linker.clock.now();
        let answer = reply.heard.answer();
        let memory = &subject.watch.memory;
        let witness = if !as_witness && memory.needs_witness(answer, now, self.rules) {
            Box::pin(self.witness(&subject)).await?
        } else {
            Witness::NotAsked
        };
        self.record(claimed, &subject, &reply, witness).await?;
        Ok(Some((reply.heard, subject.app)))
    }

    /// Everything that a question about a link needs. `None`: a value is missing.
    async fn subject(&self, claimed: Claimed) -> Result<Option<Subject>, StoreError> {
        let Claimed { account, owner, .. } = claimed;
        let base = &self.linker;
        let read_at = base.clock.now();
        let mut lent = base.store.reader().lend().await?;
        let mut reading = lent.snapshot().await?;
        let key = values::data_key(&mut *reading, owner, account).await?;
        let linked = accounts::by_id(&mut *reading, owner, account).await?;
        let values = values::list(&mut *reading, account, Slot::Current).await?;
        let watch = schedule::get(&mut *reading, account).await?;
        reading.commit().await?;
        let (Some(wrapped), Some(linked), Some(watch)) = (key, linked, watch) else {
            return Ok(None);
        };
        let key = base
            .vault
            .data_key(owner, account, &wrapped.wrapped)
            .map_err(|source| StoreError::Open {
                table: "data_keys",
                source,
            })?;
        let Some(opened) = open_all(&key, owner, account, &[], &values)? else {
            return Ok(None);
        };
        let app = base.audit.app_mark(&opened.client);
        Ok(Some(Subject {
            read_at,
            linked,
            watch,
            opened,
            values,
            app,
        }))
    }

    /// The cheapest question that is enough.
    async fn choose(&self, subject: &Subject) -> Result<Ask, StoreError> {
        let base = &self.linker;
        let now = base.clock.now();
        let charged = if base.rechecks.budget.is_some() {
            spending::this_month(base.store.reader(), now)
                .await?
                .charged
        } else {
            0
        };
        let Watch { memory, charged_at } = &subject.watch;
        let accepted_at = subject.linked.accepted_at;
        Ok(self
            .pace()
            .choose(memory, accepted_at, *charged_at, charged, now))
    }

    async fn ask(&self, subject: &Subject, ask: Ask) -> Reply {
        let Opened { client, token } = &subject.opened;
        let x = &self.linker.x;
        match ask {
            Ask::Glance => {
                let glance = x.glance(client, token).await;
                self.note_clock(glance.clock_difference);
                let heard = match glance.look {
                    Look::Judged(verdict) => Heard::Judged(judge_owner(&subject.linked, verdict)),
                    Look::Refused => Heard::Refused,
                };
                Reply {
                    heard,
                    calls: 1,
                    pause_until: glance.pause_until,
                }
            }
            Ask::Whole => {
                let diagnosis = x.diagnose(client, token, false).await;
                self.note_clock(diagnosis.clock_difference);
                let pause_until = match &diagnosis.verdict {
                    Verdict::RateLimited { until } => *until,
                    _ => None,
                };
                Reply {
                    heard: Heard::Judged(judge_owner(&subject.linked, diagnosis.verdict)),
                    calls: diagnosis.calls,
                    pause_until,
                }
            }
            Ask::KeyPair => {
                let outcome = x.check_key_pair(client).await;
                let heard = match outcome {
                    KeyPairOutcome::Accepted => Heard::PairAccepted,
                    KeyPairOutcome::Rejected => Heard::Judged(Verdict::ApiKeyPairRejected),
                    KeyPairOutcome::AppSuspended => Heard::Judged(Verdict::AppSuspended),
                    KeyPairOutcome::Unknown => Heard::Judged(Verdict::XUnavailable),
                };
                Reply {
                    heard,
                    // What is not accepted is asked about in a second way.
                    calls: 1 + u8::from(outcome != KeyPairOutcome::Accepted),
                    pause_until: None,
                }
            }
        }
    }

    fn note_clock(&self, difference: Option<i64>) {
        if let Some(seconds) = difference {
            self.linker
                .clock_difference
                .store(seconds, Ordering::Relaxed);
        }
    }

    /// What X says now of links of other apps that worked a short while ago. Two of them that are refused too make it the
    /// failure of many; a single one may be dead as well.
    async fn witness(&self, subject: &Subject) -> Result<Witness, StoreError> {
        let base = &self.linker;
        let now = base.clock.now();
        let spent = spending::this_month(base.store.reader(), now).await?;
        let since = self.pace().witnesses_since(spent.charged, now);
        let mut apps = [subject.app; Hearing::APPS];
        let mut hearing = Hearing::default();
        for asked in 1..=apps.len() {
            let mut tx = base.store.begin().await?;
            let claimed = schedule::claim_witness(&mut *tx, apps, since, now, now + LEASE).await?;
            tx.commit().await?;
            let Some(claimed) = claimed else { break };
            let heard = match self.try_answer(claimed, true).await {
                Ok(heard) => heard,
                Err(error) => {
                    let mut tx = base.store.begin().await?;
                    schedule::postpone(&mut *tx, claimed.account, now + RETRY).await?;
                    tx.commit().await?;
                    return Err(error);
                }
            };
            let Some((heard, app)) = heard else { continue };
            if let Some(place) = apps.get_mut(asked) {
                *place = app;
            }
            let outcome = match &heard {
                Heard::Judged(verdict) => verdict.outcome(),
                Heard::Refused => Outcome::Refused,
                Heard::PairAccepted => Outcome::Undecided,
            };
            if let Some(witness) = hearing.hear(outcome) {
                return Ok(witness);
            }
        }
        // Those that are being asked about just now have an answer from a while ago, and will have another one soon.
        let (busy, suspected) = schedule::other_witnesses(base.store.reader(), apps, since).await?;
        Ok(hearing.close(busy, suspected))
    }

    /// Writes down what X said, and promises what is to be told: all or nothing.
    async fn record(
        &self,
        claimed: Claimed,
        subject: &Subject,
        reply: &Reply,
        witness: Witness,
    ) -> Result<(), StoreError> {
        let base = &self.linker;
        let now = base.clock.now();
        let account = claimed.account;
        let answer = reply.heard.answer();
        let mut tx = base.store.begin().await?;
        let linked = accounts::by_id(&mut *tx, claimed.owner, account).await?;
        let values = values::list(&mut *tx, account, Slot::Current).await?;
        let is_accepted = matches!(&reply.heard, Heard::Judged(verdict) if verdict.outcome() == Outcome::Accepted);
        // X charges for an answer whether the link is still there or not.
        let accepted_at = subject.linked.accepted_at;
        let is_charged = is_accepted && budget::is_charged(accepted_at, now);
        spending::add(&mut *tx, now, reply.calls, is_charged).await?;
        let (Some(linked), Some(watch)) = (linked, schedule::get(&mut *tx, account).await?) else {
            return Ok(tx.commit().await?);
        };
        if !are_same(&values, &subject.values) {
            // The answer is about values that are gone.
            schedule::postpone(&mut *tx, account, now + self.rules.confirm).await?;
            return Ok(tx.commit().await?);
        }
        let worked_until = linked.accepted_at;
        let before = watch.memory.standing;
        let step = watch.memory.hear(answer, witness, now, self.rules);
        let mut memory = step.memory;
        self.keep_verdict(
            &mut tx,
            &linked,
            &reply.heard,
            &memory,
            (subject.read_at, now),
        )
        .await?;
        let news = self
            .hear_sign(&mut tx, subject.app, answer, witness, now)
            .await?;
        let verdict = match &reply.heard {
            Heard::Judged(verdict) => Some(verdict),
            Heard::Refused | Heard::PairAccepted => linked.verdict.as_ref(),
        };
        let mut told = false;
        if let Some(change) = step.tell {
            let reachable = !unreachable::is_noted(&mut *tx, claimed.owner).await?;
            if let (true, Some(verdict)) = (reachable, verdict) {
                let notice = WatchNotice {
                    account: choice(&linked),
                    verdict: verdict.clone(),
                    change,
                    worked_until: worked_until.filter(|_| change == Change::Died),
                };
                outbox::push(&mut *tx, claimed.owner, &Notice::Watch(notice), now).await?;
                told = true;
            } else {
                memory = memory.untold(change);
            }
        }
        if let (true, Some(verdict)) = (memory.standing != before, verdict) {
            base.note(
                &mut tx,
                claimed.owner,
                Actor::Bot,
                Event::Check,
                account,
                verdict.code(),
            )
            .await?;
        }
        let settled = self.plan(
            &watch.charged_at,
            subject,
            &reply.heard,
            memory,
            step.next,
            now,
        )?;
        schedule::settle(&mut *tx, account, &settled).await?;
        if let Some(until) = reply.pause_until {
            schedule::postpone_app(&mut *tx, subject.app, until, SPREAD).await?;
        }
        failpoint::hit("recheck.before_commit");
        tx.commit().await?;
        if let Heard::Judged(verdict) = &reply.heard {
            base.metrics.verdict(verdict.code());
        }
        failpoint::hit("recheck.committed");
        // The receiver is gone only when the bot stops.
        if told {
            let _ = base.to_write.send(claimed.owner);
        }
        if let (Some(_), Some(owner)) = (news, self.owner) {
            let _ = base.to_write.send(owner);
        }
        Ok(())
    }

    /// Keeps what `/accounts` shows up to date. A refusal that is not confirmed, and what decides nothing, leaves it as it is.
    async fn keep_verdict(
        &self,
        tx: &mut Tx,
        linked: &LinkedAccount,
        heard: &Heard,
        memory: &Memory,
        (asked_at, now): (DateTime<Utc>, DateTime<Utc>),
    ) -> Result<(), StoreError> {
        match heard {
            Heard::Judged(verdict) => match verdict.outcome() {
                Outcome::Accepted => {
                    let verdict = with_known_permission(linked, verdict);
                    accounts::record_verdict(&mut **tx, linked, &verdict, asked_at, now).await?;
                    Ok(())
                }
                Outcome::Refused if memory.standing == Standing::Refused => {
                    accounts::record_verdict(&mut **tx, linked, verdict, asked_at, now).await?;
                    Ok(())
                }
                Outcome::Refused | Outcome::Undecided => Ok(()),
            },
            Heard::Refused if memory.standing == Standing::Refused => {
                accounts::note_checked(&mut **tx, linked.owner, linked.id, now).await
            }
            Heard::Refused | Heard::PairAccepted => Ok(()),
        }
    }

    /// What the answer says about X as a whole, and what the owner is promised about it.
    async fn hear_sign(
        &self,
        tx: &mut Tx,
        app: AppMark,
        answer: Answer<'_>,
        witness: Witness,
        now: DateTime<Utc>,
    ) -> Result<Option<TroubleNews>, StoreError> {
        let sign = match witness {
            Witness::Refused => Some(Sign::Mass),
            _ => Sign::of(answer),
        };
        let Some(sign) = sign else { return Ok(None) };
        let before = trouble::get(&mut **tx).await?;
        if before.is_none() && sign == Sign::Good {
            return Ok(None);
        }
        let (after, news) = Trouble::hear(before, sign, app, now, self.rules);
        trouble::set(&mut **tx, after.as_ref()).await?;
        match news {
            Some(TroubleNews::Began { kind, .. }) => tracing::error!(
                trouble = match kind {
                    TroubleKind::Refused => "refused",
                    TroubleKind::Away => "away",
                    TroubleKind::Clock => "clock",
                },
                "links of several apps fail at once; their users are not told"
            ),
            Some(TroubleNews::Over { .. }) => tracing::info!("X accepts links again"),
            None => {}
        }
        if let (Some(news), Some(owner)) = (news, self.owner) {
            outbox::push(&mut **tx, owner, &Notice::Trouble { news }, now).await?;
        }
        Ok(news)
    }

    /// When to ask next, and from when on X may charge for it.
    fn plan(
        &self,
        charged_before: &DateTime<Utc>,
        subject: &Subject,
        heard: &Heard,
        memory: Memory,
        next: Next,
        now: DateTime<Utc>,
    ) -> Result<Settled, StoreError> {
        let is_accepted =
            matches!(heard, Heard::Judged(verdict) if verdict.outcome() == Outcome::Accepted);
        let draw = u64::from_le_bytes(self.linker.random.bytes()?);
        let Plan { due_at, charged_at } =
            self.pace()
                .plan(&memory, next, is_accepted, *charged_before, now, draw);
        let accepted_at = if is_accepted {
            Some(now)
        } else {
            subject.linked.accepted_at
        };
        let good_at = good_at(&memory, accepted_at);
        Ok(Settled {
            memory,
            app: Some(subject.app),
            good_at,
            due_at,
            charged_at,
        })
    }
}

/// X does not always say what a token may do, but what it may do does not change.
fn with_known_permission(linked: &LinkedAccount, verdict: &Verdict) -> Verdict {
    match (verdict, &linked.verdict) {
        (
            Verdict::ConnectedPermissionUnknown { account },
            Some(Verdict::Connected { permission, .. }),
        ) => Verdict::Connected {
            account: account.clone(),
            permission: *permission,
        },
        (Verdict::ConnectedPermissionUnknown { account }, Some(Verdict::ReadOnly { .. })) => {
            Verdict::ReadOnly {
                account: account.clone(),
            }
        }
        _ => verdict.clone(),
    }
}

/// Whether two lists hold the same values.
fn are_same(one: &[SealedValue], other: &[SealedValue]) -> bool {
    one.len() == other.len()
        && one.iter().all(|value| {
            other
                .iter()
                .any(|same| same.field == value.field && same.fingerprint == value.fingerprint)
        })
}
