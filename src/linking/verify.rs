//! `/verify`: asks X again about values in use, or about new ones that wait.

use super::{Linker, Submitted, VERIFY_INTERVAL, choice};
use crate::{
    domain::account::AccountId,
    messages::{Message, checks as words},
    store::{
        StoreError, Tx, accounts,
        checks::{self, CheckKind},
        values::{self, Slot},
    },
};

impl Linker {
    /// Asks X again about the values in use. Requests that come too soon after one another wait their turn. What to say now: X's
    /// answer follows, if it is asked. `None`: there is no such account of this user.
    pub async fn verify(
        &self,
        tx: &mut Tx,
        owner: i64,
        account: AccountId,
    ) -> Result<Option<Message>, StoreError> {
        let Some(linked) = accounts::by_id(&mut **tx, owner, account).await? else {
            return Ok(None);
        };
        let now = self.clock.now();
        let checking = |due| Some(words::checking(&linked.name, due, now));
        // X is being asked already: one answer serves both.
        for kind in [CheckKind::Link, CheckKind::Verify] {
            if let Some(due) = checks::waiting(&mut **tx, account, kind).await? {
                return Ok(checking(due.filter(|due| *due > now)));
            }
        }
        if let Some(until) = self.check_limit(tx, owner).await? {
            let limit = words::limit(&choice(&linked), false, until, now);
            return Ok(Some(limit));
        }
        let last = checks::last_verify(&mut **tx, owner, now - VERIFY_INTERVAL).await?;
        let at = last.map(|last| last + VERIFY_INTERVAL);
        checks::log(&mut **tx, owner, CheckKind::Verify, at.unwrap_or(now)).await?;
        checks::request(tx, account, CheckKind::Verify, at.filter(|at| *at > now)).await?;
        Ok(checking(at))
    }

    /// Asks X again about the new values of a rotation, and says the same.
    pub(crate) async fn verify_candidate(
        &self,
        tx: &mut Tx,
        owner: i64,
        account: AccountId,
    ) -> Result<Option<Message>, StoreError> {
        let Some(linked) = accounts::by_id(&mut **tx, owner, account).await? else {
            return Ok(None);
        };
        if values::list(&mut **tx, account, Slot::Candidate)
            .await?
            .is_empty()
        {
            return Ok(Some(words::no_candidate(&linked.name)));
        }
        let checking = words::checking(&linked.name, None, self.clock.now());
        if checks::waiting(&mut **tx, account, CheckKind::Rotation)
            .await?
            .is_some()
        {
            return Ok(Some(checking));
        }
        Ok(Some(
            match self.ask(tx, &linked, CheckKind::Rotation).await? {
                Submitted::Checking => checking,
                Submitted::Said(message) => message,
            },
        ))
    }
}
