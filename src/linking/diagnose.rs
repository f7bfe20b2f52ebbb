//! `/diagnose`: collects what may be told in public about an account.

use super::{Linker, credentials::open};
use crate::{
    domain::{
        account::AccountId,
        paste,
        report::{Report, ValueReport},
        verdict::Verdict,
    },
    store::{
        StoreError, Tx, accounts, deletions,
        values::{self, Slot},
    },
};

impl Linker {
    /// The report about one of the user's links. `None`: there is no such link.
    pub(crate) async fn report(
        &self,
        tx: &mut Tx,
        owner: i64,
        account: AccountId,
    ) -> Result<Option<Report>, StoreError> {
        let (Some(linked), Some((key, wrapped))) = (
            accounts::by_id(&mut **tx, owner, account).await?,
            self.data_key(tx, owner, account).await?,
        ) else {
            return Ok(None);
        };
        let mut slots = [Vec::new(), Vec::new()];
        for (slot, reports) in [Slot::Current, Slot::Candidate].into_iter().zip(&mut slots) {
            for value in values::list(&mut **tx, account, slot).await? {
                let secret = open(&key, owner, account, &value)?;
                reports.push(ValueReport {
                    field: value.field,
                    shape: paste::shape(value.field, secret.expose()),
                    received_at: value.received_at,
                });
            }
            reports.sort_by_key(|report| report.field);
        }
        let [values, candidate] = slots;
        Ok(Some(Report {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            made_at: self.clock.now(),
            status: match &linked.verdict {
                Some(Verdict::Unexpected { status, .. }) => Some(*status),
                Some(_) | None => None,
            },
            verdict: linked.verdict.map(|verdict| verdict.code().to_owned()),
            since: linked.verdict_since,
            checked_at: linked.checked_at,
            accepted_at: linked.accepted_at,
            confirmed: linked.x_account.is_some(),
            key_pair: wrapped.key_pair,
            values,
            candidate,
            clock_difference: self.clock_difference.seen(),
            pending_deletions: deletions::count(&mut **tx, owner).await?,
        }))
    }
}
