//! What an answer leaves behind: written down and promised in one transaction.

use chrono::{DateTime, Utc};

use super::{
    Rechecker, SPREAD,
    question::{Heard, Reply, Subject},
};
use crate::{
    domain::{
        account::LinkedAccount,
        audit::{Actor, Event},
        budget,
        facts::HealthChange,
        health::{
            Answer, AppMark, Change, Memory, Next, Sign, Standing, Trouble, TroubleKind,
            TroubleNews, Witness,
        },
        pace::{Ask, Plan},
        verdict::{Outcome, Verdict},
    },
    linking::{choice, learn::good_at},
    messages,
    store::{
        StoreError, Tx, accounts,
        health_checks::{self, Claimed, HealthCheck, Settled},
        outbox, spending, trouble,
        values::{self, SealedValue, Slot},
    },
    support::failpoint,
};

impl Rechecker {
    /// Writes down what X said, and promises what is to be told: all or nothing.
    pub(super) async fn record(
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
        let (Some(linked), Some(health)) = (linked, health_checks::get(&mut *tx, account).await?)
        else {
            return tx.commit().await;
        };
        if !are_same(&values, &subject.values) {
            // The answer is about values that are gone.
            health_checks::postpone(&mut *tx, account, now + self.rules.confirm).await?;
            return tx.commit().await;
        }
        let before = health.memory.standing;
        let step = health.memory.clone().hear(answer, witness, now, self.rules);
        let verdict = match &reply.heard {
            Heard::Judged(verdict) => Some(with_known_permission(&linked, verdict)),
            Heard::Refused | Heard::PairAccepted => linked.verdict.clone(),
        };
        let times = (subject.read_at, now);
        self.keep_verdict(&mut tx, &linked, &reply.heard, &step.memory, times)
            .await?;
        let news = self
            .hear_sign(&mut tx, subject.app, answer, witness, now)
            .await?;
        let change = step
            .tell
            .or_else(|| lost_publishing(&linked, &reply.heard).then_some(Change::OnlyReads));
        let told = match (change, &verdict) {
            (Some(change), Some(verdict)) => {
                self.tell(&mut tx, &linked, &health, verdict, change)
                    .await?
            }
            _ => false,
        };
        let memory = match change {
            Some(change) if !told => step.memory.untold(change),
            _ => step.memory,
        };
        if let (true, Some(verdict)) = (memory.standing != before, &verdict) {
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
        let settled = self.plan(&health, subject, reply, memory, step.next, now)?;
        health_checks::settle(&mut *tx, account, &settled).await?;
        if let Some(until) = reply.pause_until {
            health_checks::postpone_app(&mut *tx, subject.app, until, SPREAD).await?;
        }
        failpoint::hit("recheck.before_commit");
        tx.commit().await?;
        if let Heard::Judged(verdict) = &reply.heard {
            base.metrics.verdict(verdict.code());
        }
        failpoint::hit("recheck.committed");
        if told {
            base.wake(claimed.owner);
        }
        if let (Some(_), Some(owner)) = (news, base.people.owner) {
            base.wake(owner);
        }
        Ok(())
    }

    /// Promises the user news of a link, if they can be told. Whether it was promised.
    async fn tell(
        &self,
        tx: &mut Tx,
        linked: &LinkedAccount,
        health: &HealthCheck,
        verdict: &Verdict,
        change: Change,
    ) -> Result<bool, StoreError> {
        let base = &self.linker;
        if !base.may_be_told(tx, linked.owner).await? {
            return Ok(false);
        }
        let now = base.clock.now();
        let died = change == Change::Died;
        let suspicion = health.memory.suspicion.as_ref().filter(|_| died);
        let notice = HealthChange {
            account: choice(linked),
            verdict: verdict.clone(),
            change,
            worked_until: linked.accepted_at.filter(|_| died),
            program: suspicion.and_then(|suspicion| suspicion.program.clone()),
        };
        let news = || messages::health::changed(&notice, now);
        outbox::push(tx, &base.vault, linked.owner, news, now).await?;
        Ok(true)
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
        if let (Some(news), Some(owner)) = (news, self.linker.people.owner) {
            let trouble = || messages::health::trouble(news, now);
            outbox::push(tx, &self.linker.vault, owner, trouble, now).await?;
        }
        Ok(news)
    }

    /// When to ask next, and from when on X may charge for it.
    fn plan(
        &self,
        before: &HealthCheck,
        subject: &Subject,
        reply: &Reply,
        memory: Memory,
        next: Next,
        now: DateTime<Utc>,
    ) -> Result<Settled, StoreError> {
        let is_accepted = matches!(&reply.heard, Heard::Judged(verdict) if verdict.outcome() == Outcome::Accepted);
        let draw = u64::from_le_bytes(self.linker.random.bytes()?);
        let Plan { due_at, charged_at } =
            self.pace()
                .plan(&memory, next, is_accepted, before.charged_at, now, draw);
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
            asked_at: now,
            pair_at: match reply.ask {
                Ask::KeyPair => Some(now),
                Ask::QuickCheck | Ask::Whole => before.pair_at,
            },
        })
    }
}

/// Whether X says that a link only reads which could publish, or of which that was not known.
fn lost_publishing(linked: &LinkedAccount, heard: &Heard) -> bool {
    let reads = |verdict: &Verdict| matches!(verdict, Verdict::ReadOnly { .. });
    matches!(heard, Heard::Judged(verdict) if reads(verdict))
        && linked
            .verdict
            .as_ref()
            .is_some_and(|before| before.outcome() == Outcome::Accepted && !reads(before))
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
