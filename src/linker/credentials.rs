//! An account's four values, opened for one request.

use chrono::{DateTime, Utc};
use sqlx::SqliteConnection;

use super::{Linker, checks::open_all};
use crate::{
    audit,
    domain::{
        account::{AccountId, LinkedAccount},
        audit::Act,
        client::TokenHash,
        credentials::{ClientCredentials, TokenCredentials},
        verdict::{Outcome, Verdict},
        watch::AppMark,
    },
    store::{
        StoreError, accounts,
        clients::{self, Entrance},
        values::{self, Slot},
    },
};

/// An account and the values in use.
pub(crate) struct Keys {
    /// The account.
    pub linked: LinkedAccount,
    /// API Key and Secret.
    pub client: ClientCredentials,
    /// Access Token and Secret.
    pub token: TokenCredentials,
}

impl Keys {
    /// Why they cannot be used: a verdict's code. Values that X has accepted once are tried again where it did not decide
    /// the last time, since the wallet may have been filled.
    pub(crate) fn obstacle(&self, only_reads: bool) -> Option<&'static str> {
        let Some(verdict) = &self.linked.verdict else {
            return Some("not_checked");
        };
        match verdict.outcome() {
            Outcome::Accepted if only_reads => None,
            // What a token may do was fixed when it was issued.
            Outcome::Accepted => {
                matches!(verdict, Verdict::ReadOnly { .. }).then_some(verdict.code())
            }
            Outcome::Undecided if self.linked.accepted_at.is_some() => None,
            Outcome::Undecided | Outcome::Refused => Some(verdict.code()),
        }
    }
}

impl Linker {
    /// The values in use of one of `owner`'s accounts. `None`: there is no such account, or it has not all four.
    pub(crate) async fn keys(
        &self,
        owner: i64,
        account: AccountId,
    ) -> Result<Option<Keys>, StoreError> {
        let mut reader = self.store.reader().lend().await?;
        self.keys_in(&mut reader, owner, account).await
    }

    /// The same, as a transaction sees them.
    pub(crate) async fn keys_in(
        &self,
        db: &mut SqliteConnection,
        owner: i64,
        account: AccountId,
    ) -> Result<Option<Keys>, StoreError> {
        let Some(linked) = accounts::by_id(&mut *db, owner, account).await? else {
            return Ok(None);
        };
        let Some(wrapped) = values::data_key(&mut *db, owner, account).await? else {
            return Ok(None);
        };
        // One statement: a rotation changes all of them or none.
        let current = values::list(&mut *db, account, Slot::Current).await?;
        let key = self
            .vault
            .data_key(owner, account, &wrapped.wrapped)
            .map_err(|source| StoreError::Open {
                table: "data_keys",
                source,
            })?;
        let opened = open_all(&key, owner, account, &[], &current)?;
        Ok(opened.map(|opened| Keys {
            linked,
            client: opened.client,
            token: opened.token,
        }))
    }

    /// The program whose token has this hash, and whether it may use `account`.
    pub(crate) async fn enter(
        &self,
        token: &TokenHash,
        account: Option<AccountId>,
    ) -> Result<Option<Entrance>, StoreError> {
        clients::enter(self.store.reader(), token, account).await
    }

    /// Notes what programs are about to do with accounts. It outlives the process at once, and the machine with the next
    /// thing that is forced to disk: that takes longer than everything else the proxy does.
    pub(crate) async fn note_uses(&self, acts: Vec<Act>) -> Result<(), StoreError> {
        let mut tx = self.store.begin_light().await?;
        audit::note_all(&mut tx, &self.audit, acts, self.clock.now()).await?;
        Ok(tx.commit().await?)
    }

    /// Which app an account's values are of, without saying which.
    pub(crate) fn app_mark(&self, keys: &Keys) -> AppMark {
        self.audit.app_mark(&keys.client)
    }

    /// Now.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }
}
