//! `/verify`: asks X again about values in use, or about new ones that wait.

use super::{Linker, Submitted, VERIFY_INTERVAL, choice};
use crate::{
    domain::{account::AccountId, notice::Notice},
    store::{
        StoreError, Tx, accounts,
        checks::{self, CheckKind},
        values::{self, Slot},
    },
};

/// What came of a request to ask X.
#[derive(Debug)]
pub enum VerifyRequest {
    /// There is no such account of this user.
    NoSuchAccount,
    /// What to say now; X's answer follows, if it is asked.
    Said(Notice),
}

impl Linker {
    /// Asks X again about the values in use. Requests that come too soon after one another wait their turn.
    pub async fn verify(
        &self,
        tx: &mut Tx,
        owner: i64,
        account: AccountId,
    ) -> Result<VerifyRequest, StoreError> {
        let Some(linked) = accounts::by_id(&mut **tx, owner, account).await? else {
            return Ok(VerifyRequest::NoSuchAccount);
        };
        let now = self.clock.now();
        let checking = |at| {
            VerifyRequest::Said(Notice::Checking {
                name: linked.name.clone(),
                at,
            })
        };
        // X is being asked already: one answer serves both.
        for kind in [CheckKind::Link, CheckKind::Verify] {
            if let Some(due) = checks::waiting(&mut **tx, account, kind).await? {
                return Ok(checking(due.filter(|due| *due > now)));
            }
        }
        if let Some(until) = self.check_limit(tx, owner).await? {
            return Ok(VerifyRequest::Said(Notice::CheckLimit {
                account: choice(&linked),
                candidate: false,
                until,
            }));
        }
        let last = checks::last_verify(&mut **tx, owner, now - VERIFY_INTERVAL).await?;
        let at = last.map(|last| last + VERIFY_INTERVAL);
        checks::log(&mut **tx, owner, CheckKind::Verify, at.unwrap_or(now)).await?;
        checks::request(tx, account, CheckKind::Verify, at.filter(|at| *at > now)).await?;
        Ok(checking(at))
    }

    /// Asks X again about the new values of a rotation.
    pub(crate) async fn verify_candidate(
        &self,
        tx: &mut Tx,
        owner: i64,
        account: AccountId,
    ) -> Result<VerifyRequest, StoreError> {
        let Some(linked) = accounts::by_id(&mut **tx, owner, account).await? else {
            return Ok(VerifyRequest::NoSuchAccount);
        };
        let name = linked.name.clone();
        if values::list(&mut **tx, account, Slot::Candidate)
            .await?
            .is_empty()
        {
            return Ok(VerifyRequest::Said(Notice::NoCandidate { name }));
        }
        let checking = Notice::Checking { name, at: None };
        if checks::waiting(&mut **tx, account, CheckKind::Rotation)
            .await?
            .is_some()
        {
            return Ok(VerifyRequest::Said(checking));
        }
        Ok(VerifyRequest::Said(
            match self.ask(tx, &linked, CheckKind::Rotation).await? {
                Submitted::Checking => checking,
                Submitted::Said(notice) => notice,
            },
        ))
    }
}
