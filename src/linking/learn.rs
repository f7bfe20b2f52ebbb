//! What X's answers to posts say about the account that they were made with.

use chrono::{DateTime, TimeDelta, Utc};

use super::Linker;
use crate::{
    domain::{
        account::{AccountId, LinkedAccount},
        budget,
        client::ClientName,
        health::{AppMark, Memory, Standing},
        post::PostOutcome,
        verdict::{Outcome, Permission, Verdict},
    },
    store::{
        StoreError, Tx, accounts,
        checks::{self, CheckKind},
        health_checks::{self, HealthCheck},
        outbox,
    },
};

impl Linker {
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
            return self.suspect(posted_with.id, &program, status).await;
        }
        let mut tx = self.store.begin().await?;
        self.learn(&mut tx, posted_with, outcome, asked_at).await?;
        tx.commit().await
    }

    /// What a post says about the account: more than any question that was asked before it. The code of the verdict that was
    /// recorded.
    pub(crate) async fn learn(
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
                    checks::request(tx, linked.id, CheckKind::Verify, None).await?;
                }
                return Ok(None);
            }
            _ => return Ok(None),
        };
        if !accounts::record_verdict(&mut **tx, &linked, &verdict, asked_at, now).await? {
            return Ok(None);
        }
        self.learn_health(tx, &linked, &verdict, None).await?;
        Ok(Some(verdict.code()))
    }

    /// The schedule takes over what X said to a question of the user's, who sees the answer. `app`: whose app it was asked
    /// with, if that is at hand.
    pub(crate) async fn learn_health(
        &self,
        tx: &mut Tx,
        linked: &LinkedAccount,
        verdict: &Verdict,
        app: Option<AppMark>,
    ) -> Result<(), StoreError> {
        let account = linked.id;
        let Some(health) = health_checks::get(&mut **tx, account).await? else {
            return Ok(());
        };
        let now = self.clock.now();
        let had_news = health.memory.told.is_some();
        let memory = health.memory.shown(verdict, now);
        let accepted_at = match verdict.outcome() {
            Outcome::Accepted => Some(now),
            Outcome::Refused | Outcome::Undecided => linked.accepted_at,
        };
        let good_at = good_at(&memory, accepted_at);
        let due_at = now + self.jittered(self.rechecks.rules().interval)?;
        if had_news && verdict.outcome() != Outcome::Undecided {
            outbox::drop_news(&mut **tx, account).await?;
        }
        health_checks::learn(&mut **tx, account, &memory, app, good_at, now, due_at).await
    }

    /// X refused what a program asked for with an account: X is asked about the account, in a while.
    pub(crate) async fn suspect(
        &self,
        account: AccountId,
        program: &ClientName,
        status: u16,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        let rules = self.rechecks.rules();
        let suspected = |health: HealthCheck| {
            let HealthCheck {
                memory, asked_at, ..
            } = health;
            memory.refused_to(program, status, asked_at, now, rules)
        };
        // A program that goes on asking costs a look.
        let known = health_checks::get(self.store.reader(), account).await?;
        if known.and_then(suspected).is_none() {
            return Ok(());
        }
        let mut tx = self.store.begin().await?;
        let known = health_checks::get(&mut *tx, account).await?;
        let Some((memory, due_at)) = known.and_then(suspected) else {
            return Ok(());
        };
        health_checks::suspect(&mut *tx, account, &memory, due_at).await?;
        tx.commit().await?;
        self.suspected.notify_one();
        Ok(())
    }

    fn jittered(&self, pause: TimeDelta) -> Result<TimeDelta, StoreError> {
        let draw = u64::from_le_bytes(self.random.bytes()?);
        Ok(budget::jittered(pause, draw))
    }
}

/// X accepted the values, but for another X user than the one that was linked.
pub(crate) fn judge_owner(linked: &LinkedAccount, verdict: Verdict) -> Verdict {
    match (&linked.x_account, verdict.account()) {
        (Some(expected), Some(found)) if expected.id != found.id => Verdict::TokenOfOtherAccount {
            expected: expected.clone(),
            found: found.id,
        },
        _ => verdict,
    }
}

/// When X accepted a link last, for the choice of a witness.
pub(crate) fn good_at(
    memory: &Memory,
    accepted_at: Option<DateTime<Utc>>,
) -> Option<DateTime<Utc>> {
    accepted_at.filter(|_| memory.standing == Standing::Works)
}
