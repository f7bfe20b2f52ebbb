//! Ending accounts: what is wanted at once, and what a job does at X, with tokens and the test posts that still stand there.

use super::{Linker, credentials::Opened};
use crate::{
    audit,
    domain::{
        account::{AccountId, AccountName, LinkedAccount},
        audit::{Act, Actor, Event},
        credentials::Field,
        linking::{Flow, LinkName, Purpose},
        post::PostId,
        revocation::{Ended, Farewell, Gone, Revocation},
    },
    messages,
    store::{
        StoreError, Tx, accounts, dialogues,
        jobs::{self, Kind, NewJob},
        outbox, posts, temporary, values,
    },
    support::failpoint,
    vault::{Place, Sealed},
};

/// The kind of the jobs that end accounts.
pub(crate) const KIND: Kind = Kind("revoke");

/// What came of erasing a link.
#[derive(Debug)]
pub(crate) enum Unlinked {
    /// It is gone.
    Erased(LinkedAccount),
    /// It is off the list, and erased once its test posts are deleted at X.
    AfterPosts(LinkedAccount),
}

/// The tokens of an account.
#[derive(Default)]
pub(crate) struct Tokens {
    /// The one in use.
    pub(crate) in_use: Option<Opened>,
    /// A new one, complete, that waits beside it.
    pub(crate) waiting: Option<Opened>,
    /// There is a new one, but of the key pair that it belongs to only one half.
    pub(crate) waits_without_key_pair: bool,
}

impl Linker {
    /// Erases a link for good, after its test posts if some still stand at X. Its tokens stay valid there. `None`: there is
    /// no such link of this user.
    pub(crate) async fn unlink(
        &self,
        tx: &mut Tx,
        owner: i64,
        account: AccountId,
    ) -> Result<Option<Unlinked>, StoreError> {
        let Some(linked) = accounts::by_id(&mut **tx, owner, account).await? else {
            return Ok(None);
        };
        let standing = posts::standing(&mut **tx, account).await?;
        self.note(tx, owner, Actor::User, Event::Unlink, account, "")
            .await?;
        if standing.is_empty() {
            values::erase(&mut **tx, owner, account).await?;
            failpoint::hit("unlink.erased");
            return Ok(Some(Unlinked::Erased(linked)));
        }
        let farewell = Farewell {
            tokens_stay: true,
            ..farewell(&linked, standing)
        };
        self.leave(tx, &linked, &farewell).await?;
        failpoint::hit("unlink.erased");
        Ok(Some(Unlinked::AfterPosts(linked)))
    }

    /// Takes an account off the list, and wants its tokens revoked; its values are erased after that. `open` is a flow that
    /// takes new values for it: what it has taken is revoked too. `None`: there is no such account of this user.
    pub(crate) async fn revoke_and_unlink(
        &self,
        tx: &mut Tx,
        owner: i64,
        account: AccountId,
        open: Option<&Flow>,
    ) -> Result<Option<LinkedAccount>, StoreError> {
        let Some(linked) = accounts::by_id(&mut **tx, owner, account).await? else {
            return Ok(None);
        };
        let standing = posts::standing(&mut **tx, account).await?;
        let has_token = |flow: &Flow| {
            let mut pair = Field::TOKEN_PAIR.iter();
            pair.all(|field| flow.received.contains(field))
        };
        let farewell = Farewell {
            // It is another app's, and nothing that X says about it with this app's keys would be true.
            foreign_token: open.is_some_and(|flow| {
                has_token(flow) && flow.asked.contains(&Field::ApiKey) && !flow.has_key_pair()
            }),
            ..farewell(&linked, standing)
        };
        self.leave(tx, &linked, &farewell).await?;
        self.note(tx, owner, Actor::User, Event::Unlink, account, "")
            .await?;
        failpoint::hit("revoke.wanted");
        Ok(Some(linked))
    }

    /// Takes an account off the list; what is left to do is done by a call.
    async fn leave(
        &self,
        tx: &mut Tx,
        linked: &LinkedAccount,
        farewell: &Farewell,
    ) -> Result<(), StoreError> {
        let account = linked.id;
        jobs::cancel_of(&mut **tx, account, None).await?;
        temporary::delete(&mut **tx, account).await?;
        accounts::delete(&mut **tx, linked.owner, account).await?;
        let about = serde_json::to_vec(farewell).unwrap_or_default();
        let place = Place::job(linked.owner, account);
        let job = NewJob {
            payload: Some(self.vault.seal(&place, &about)?),
            ..NewJob::with(account, KIND, account.to_string())
        };
        jobs::hand_over(tx, job).await
    }

    /// What a receipt says of an account whose tokens are to be revoked, if that can be read.
    pub(crate) fn farewell(
        &self,
        owner: i64,
        account: AccountId,
        about: Option<&Sealed>,
    ) -> Option<Farewell> {
        let place = Place::job(owner, account);
        let json = self.vault.open(&place, about?).ok()?;
        serde_json::from_slice(&json).ok()
    }

    pub(crate) async fn waiting_farewell(
        &self,
        db: impl sqlx::SqliteExecutor<'_>,
        owner: i64,
        account: AccountId,
    ) -> Result<Option<Farewell>, StoreError> {
        let about = jobs::payload(db, KIND, &account.to_string()).await?;
        Ok(self.farewell(owner, account, about.as_ref()))
    }

    /// Erases these accounts of a user, with the flow that is open, and promises them one message about those that were
    /// links or were to become one. Whether there is something to tell.
    pub(crate) async fn erase_in_emergency(
        &self,
        owner: i64,
        accounts: &[(AccountId, Ended)],
    ) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        let open = dialogues::get(&mut *tx, &self.vault, owner).await?;
        let open = open.map(|dialogue| dialogue.state);
        let (mut told, mut posts) = (Vec::new(), Vec::new());
        for (account, ended) in accounts {
            let linked = accounts::by_id(&mut *tx, owner, *account).await?;
            let begun = open
                .as_ref()
                .filter(|state| state.account() == Some(*account));
            let gone = match (linked, begun) {
                (Some(linked), _) => Some(gone(&linked)),
                (None, Some(state)) => Some(Gone {
                    name: name_of(state.flow()),
                    x_account: None,
                }),
                (None, None) => self
                    .waiting_farewell(&mut *tx, owner, *account)
                    .await?
                    .map(|farewell| farewell.gone),
            };
            if let Some(gone) = gone {
                told.push((gone, ended.revocation));
            }
            posts.extend(ended.cleaned.standing.iter().cloned());
            values::erase(&mut *tx, owner, *account).await?;
            let act = Act {
                owner,
                actor: Actor::Operator,
                event: Event::Panic,
                account: Some(*account),
                detail: ended.revocation.map_or("", Revocation::code).to_owned(),
            };
            audit::note(&mut tx, &self.audit, act, now).await?;
            if begun.is_some() {
                dialogues::remove(&mut *tx, owner).await?;
            }
        }
        let tell = !told.is_empty();
        if tell {
            let erased = || messages::receipt::panic(&told, &posts, self.backups_until());
            outbox::push(&mut tx, &self.vault, owner, erased, now).await?;
        }
        tx.commit().await?;
        Ok(tell)
    }

    pub(crate) async fn tokens(
        &self,
        owner: i64,
        account: AccountId,
    ) -> Result<Tokens, StoreError> {
        let Some(loaded) = self.load_now(owner, account).await? else {
            return Ok(Tokens::default());
        };
        let waits = |field: &Field| loaded.candidate.iter().any(|value| value.field == *field);
        let token_waits = Field::TOKEN_PAIR.iter().all(waits);
        let half_a_key_pair = waits(&Field::ApiKey) != waits(&Field::ApiSecret);
        Ok(Tokens {
            in_use: loaded.in_use()?,
            waiting: if token_waits && !half_a_key_pair {
                loaded.newest()?
            } else {
                None
            },
            waits_without_key_pair: token_waits && half_a_key_pair,
        })
    }
}

fn gone(linked: &LinkedAccount) -> Gone {
    Gone {
        name: linked.name.clone(),
        x_account: linked.x_account.clone(),
    }
}

fn farewell(linked: &LinkedAccount, posts: Vec<PostId>) -> Farewell {
    Farewell {
        gone: gone(linked),
        posts,
        tokens_stay: false,
        foreign_token: false,
    }
}

/// What a link that was only begun is called.
fn name_of(flow: Option<&Flow>) -> AccountName {
    match flow.map(|flow| &flow.purpose) {
        Some(Purpose::Link(LinkName::Given(name)) | Purpose::Rotate(name)) => name.clone(),
        Some(Purpose::Link(LinkName::XHandle)) | None => {
            AccountName::trusted("new account".to_owned())
        }
    }
}
