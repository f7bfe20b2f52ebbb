//! What X's answers to posts say about the account that they were made with.

use chrono::{DateTime, Utc};

use super::Linker;
use crate::{
    domain::{
        account::LinkedAccount,
        client::ClientName,
        post::PostOutcome,
        verdict::{Outcome, Permission, Verdict},
    },
    store::{
        StoreError, Tx, accounts,
        checks::{self, CheckKind},
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
