//! After a break-in: every token is revoked at X, every value erased, every user told. The one place that does not ask them.
//!
//! A user's accounts are erased in one transaction, after X was asked about each; a run that is broken off is taken up by the
//! next, since what is left is what has not been erased.

use std::{collections::BTreeMap, time::Duration};

use serde::Serialize;

use crate::{
    domain::{
        account::AccountId,
        revocation::{Gone, Revocation},
    },
    failpoint,
    linker::Linker,
    store::{Store, StoreError, keys},
};

/// Accounts that are looked up together.
const BATCH: u32 = 500;
/// After so many accounts in a row without an answer, X counts as out of reach.
const OUT_OF_REACH: usize = 3;
/// Of those that follow, every tenth is asked about all the same.
const PROBE: usize = 10;

/// How it is done.
#[derive(Clone, Copy, Debug)]
pub struct Manner {
    /// Pause between two accounts, to spare X.
    pub pause: Duration,
    /// Erases also what X did not answer about. Otherwise that is kept for the next run.
    pub erase_unanswered: bool,
}

/// How much there is, and how much is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Count {
    /// Accounts and beginnings of accounts that were erased.
    pub erased: usize,
    /// Tokens of accounts that X has ended, now or before.
    pub ended: usize,
    /// Accounts whose tokens X did not end for certain; erased all the same.
    pub uncertain: usize,
    /// Users who will be told when the bot starts.
    pub users_told: usize,
    /// Accounts that are kept because X did not answer.
    pub left: usize,
}

/// Everything there is to erase: by user, their accounts.
///
/// # Errors
/// The database failed.
pub async fn everything(store: &Store) -> Result<BTreeMap<i64, Vec<AccountId>>, StoreError> {
    let mut found: BTreeMap<i64, Vec<AccountId>> = BTreeMap::new();
    let mut after = None;
    loop {
        let batch = keys::data_keys_after(store.reader(), after, BATCH).await?;
        let Some(last) = batch.last() else {
            return Ok(found);
        };
        after = Some(last.account);
        for key in batch {
            found.entry(key.owner).or_default().push(key.account);
        }
    }
}

/// Revokes and erases all of it; `done` is told after each account.
///
/// # Errors
/// The database failed, or a value does not open. What was done until then stays done.
pub async fn revoke_and_erase(
    store: &Store,
    linker: &Linker,
    everything: BTreeMap<i64, Vec<AccountId>>,
    manner: Manner,
    mut done: impl FnMut(),
) -> Result<Count, StoreError> {
    let mut count = Count::default();
    let mut unanswered = 0;
    for (owner, accounts) in everything {
        let mut to_erase: Vec<(AccountId, Option<Revocation>)> = Vec::new();
        for account in accounts {
            // What is erased without an answer was asked about; else one in ten shows whether X is back, since an app that
            // asked too often gets no answer either.
            let out_of_reach =
                !manner.erase_unanswered && unanswered >= OUT_OF_REACH && unanswered % PROBE != 0;
            let revocation = if out_of_reach {
                Some(Revocation::Unanswered)
            } else {
                tokio::time::sleep(manner.pause).await;
                match linker.revoke_tokens(owner, account).await {
                    // Nobody can use what does not open; the others go on.
                    Err(error @ (StoreError::Open { .. } | StoreError::Corrupt { .. })) => {
                        tracing::warn!(error = %error, "values that do not open cannot be revoked");
                        Some(Revocation::Refused)
                    }
                    revocation => revocation?,
                }
            };
            failpoint::hit("panic.answered");
            match revocation {
                Some(Revocation::Unanswered) => unanswered += 1,
                Some(_) => unanswered = 0,
                None => {}
            }
            match revocation {
                Some(Revocation::Unanswered) if !manner.erase_unanswered => count.left += 1,
                revocation => to_erase.push((account, revocation)),
            }
            done();
        }
        if to_erase.is_empty() {
            continue;
        }
        for (_, revocation) in &to_erase {
            match revocation {
                Some(Revocation::Proven | Revocation::AlreadyEnded) => count.ended += 1,
                Some(_) => count.uncertain += 1,
                None => {}
            }
        }
        count.erased += to_erase.len();
        let told: Vec<(Gone, Option<Revocation>)> =
            linker.erase_in_emergency(owner, &to_erase).await?;
        failpoint::hit("panic.erased");
        count.users_told += usize::from(!told.is_empty());
    }
    // What was erased leaves the log too.
    store.truncate_log().await?;
    Ok(count)
}
