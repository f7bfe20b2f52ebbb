//! Ending an account's tokens at X, and then the account here.

use chrono::TimeDelta;

use super::{Linker, Opened, checks::open_all};
use crate::{
    audit,
    domain::{
        account::{AccountId, LinkedAccount},
        audit::{Act, Actor, Event},
        credentials::Field,
        notice::Notice,
        revocation::{Gone, Revocation},
    },
    failpoint,
    store::{
        StoreError, Tx, accounts,
        calls::{self, Call, CallKind},
        checks::{self, CheckKind},
        outbox, temporary,
        values::{self, Slot},
    },
};

/// X is asked so often before the account is erased without its answer.
const MAX_ATTEMPTS: u32 = 3;
/// Pause between two tries.
const PAUSE: TimeDelta = TimeDelta::seconds(20);

impl Linker {
    /// Takes an account off the list, and wants its tokens revoked; its values are erased after that. `None`: there is no
    /// such account of this user.
    ///
    /// # Errors
    /// The database failed.
    pub async fn revoke_and_unlink(
        &self,
        tx: &mut Tx,
        owner: i64,
        account: AccountId,
    ) -> Result<Option<LinkedAccount>, StoreError> {
        let Some(linked) = accounts::by_id(&mut **tx, owner, account).await? else {
            return Ok(None);
        };
        for kind in [
            CheckKind::KeyPair,
            CheckKind::Link,
            CheckKind::Verify,
            CheckKind::Rotation,
        ] {
            checks::cancel(&mut **tx, account, kind).await?;
        }
        temporary::delete(&mut **tx, account).await?;
        accounts::delete(&mut **tx, owner, account).await?;
        let gone = Gone {
            name: linked.name.clone(),
            x_account: linked.x_account.clone(),
        };
        let about = serde_json::to_string(&gone).unwrap_or_default();
        let now = self.clock.now();
        calls::want(&mut **tx, account, CallKind::Revoke, Some(&about), now).await?;
        self.note(tx, owner, Actor::User, Event::Unlink, account, "")
            .await?;
        failpoint::hit("revoke.wanted");
        Ok(Some(linked))
    }

    /// The call that revokes.
    pub(super) async fn revoke(&self, call: &Call) -> Result<(), StoreError> {
        let revocation = self.revoke_tokens(call.owner, call.account).await?;
        failpoint::hit("revoke.answered");
        let revocation = match revocation {
            Some(Revocation::Unanswered) if call.attempts < MAX_ATTEMPTS => {
                return self.put_call_back(call.id, PAUSE).await;
            }
            // The answer to an earlier try of ours may have been lost.
            Some(Revocation::AlreadyEnded) if call.attempts > 1 => Some(Revocation::Proven),
            revocation => revocation,
        };
        let mut tx = self.store.begin().await?;
        if calls::finish(&mut *tx, call.id).await? {
            self.erase_with_receipt(&mut tx, call, revocation).await?;
        }
        failpoint::hit("revoke.before_commit");
        Ok(tx.commit().await?)
    }

    /// Revokes the token in use, and a new one that waits beside it. The worst that came of them; `None`: there is nothing
    /// to revoke.
    pub(crate) async fn revoke_tokens(
        &self,
        owner: i64,
        account: AccountId,
    ) -> Result<Option<Revocation>, StoreError> {
        let mut worst = None;
        for Opened { client, token } in self.tokens(owner, account).await? {
            worst = worst.max(Some(self.x.revoke(&client, &token).await));
        }
        Ok(worst)
    }

    /// Erases these accounts of a user, with the flow that is open, and promises them one message about those that were
    /// links. What it will say.
    pub(crate) async fn erase_in_emergency(
        &self,
        owner: i64,
        accounts: &[(AccountId, Option<Revocation>)],
    ) -> Result<Vec<(Gone, Option<Revocation>)>, StoreError> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        let mut told = Vec::new();
        for (account, revocation) in accounts {
            let linked = accounts::by_id(&mut *tx, owner, *account).await?;
            let gone = match linked {
                Some(linked) => Some(Gone {
                    name: linked.name,
                    x_account: linked.x_account,
                }),
                None => calls::about(&mut *tx, *account)
                    .await?
                    .and_then(|about| serde_json::from_str(&about).ok()),
            };
            if let Some(gone) = gone {
                told.push((gone, *revocation));
            }
            values::erase(&mut *tx, owner, *account).await?;
            let act = Act {
                owner,
                actor: Actor::Operator,
                event: Event::Panic,
                account: Some(*account),
                detail: revocation.map_or("", Revocation::code).to_owned(),
            };
            audit::note(&mut tx, &self.audit, act, now).await?;
        }
        let open = self.dialogues.get(&mut *tx, owner).await?;
        let account = open.and_then(|dialogue| dialogue.state.account());
        if account.is_some_and(|open| accounts.iter().any(|(account, _)| *account == open)) {
            self.dialogues.remove(&mut *tx, owner).await?;
        }
        if !told.is_empty() {
            let notice = Notice::Panic {
                accounts: told.clone(),
            };
            outbox::push(&mut *tx, owner, &notice, now).await?;
        }
        tx.commit().await?;
        Ok(told)
    }

    async fn tokens(&self, owner: i64, account: AccountId) -> Result<Vec<Opened>, StoreError> {
        let mut lent = self.store.reader().lend().await?;
        let mut reading = lent.snapshot().await?;
        let key = self.data_key(&mut reading, owner, account).await?;
        let current = values::list(&mut *reading, account, Slot::Current).await?;
        let candidate = values::list(&mut *reading, account, Slot::Candidate).await?;
        reading.commit().await?;
        let Some((key, _)) = key else {
            return Ok(Vec::new());
        };
        let in_use = open_all(&key, owner, account, &[], &current)?;
        let waiting = if Field::TOKEN_PAIR
            .iter()
            .all(|field| candidate.iter().any(|value| value.field == *field))
        {
            open_all(&key, owner, account, &candidate, &current)?
        } else {
            None
        };
        Ok(in_use.into_iter().chain(waiting).collect())
    }

    /// Erases the account of a call, and promises the user a receipt.
    pub(super) async fn erase_with_receipt(
        &self,
        tx: &mut Tx,
        call: &Call,
        revocation: Option<Revocation>,
    ) -> Result<(), StoreError> {
        values::erase(&mut **tx, call.owner, call.account).await?;
        self.store.note_erasure();
        let about = call.about.as_deref().unwrap_or_default();
        let Ok(gone) = serde_json::from_str::<Gone>(about) else {
            return Ok(());
        };
        let detail = revocation.map_or("", Revocation::code);
        self.note(
            tx,
            call.owner,
            Actor::Bot,
            Event::Revoke,
            call.account,
            detail,
        )
        .await?;
        let notice = Notice::Receipt { gone, revocation };
        outbox::push(&mut **tx, call.owner, &notice, self.clock.now()).await
    }
}
