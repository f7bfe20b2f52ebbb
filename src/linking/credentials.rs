//! An account's values, loaded and opened: the one place that does it.

use chrono::{DateTime, Utc};
use sqlx::SqliteConnection;

use crate::{
    audit,
    domain::{
        account::{AccountId, LinkedAccount},
        audit::{Act, Actor, Event},
        client::TokenHash,
        credentials::{ClientCredentials, Field, Secret, TokenCredentials},
        health::AppMark,
        verdict::{KeyPairOutcome, Outcome, Verdict},
    },
    store::{
        Store, StoreError, Tx, accounts,
        clients::{self, Entrance},
        values::{self, SealedValue, Slot, WrappedKey},
    },
    support::clock::Clock,
    vault::{AuditKey, DataKey, Vault},
};

/// The four values of an account, opened.
pub(crate) struct Opened {
    /// API Key and Secret.
    pub client: ClientCredentials,
    /// Access Token and Secret.
    pub token: TokenCredentials,
}

/// An account's data key, opened, and its values, sealed.
pub(crate) struct Loaded {
    /// The data key.
    pub key: DataKey,
    /// What X said of the newest key pair alone, and when.
    pub key_pair: Option<(KeyPairOutcome, DateTime<Utc>)>,
    /// Values in use.
    pub current: Vec<SealedValue>,
    /// New ones of a rotation.
    pub candidate: Vec<SealedValue>,
    owner: i64,
    account: AccountId,
}

impl Loaded {
    /// The values in use. `None`: one is missing.
    pub(crate) fn in_use(&self) -> Result<Option<Opened>, StoreError> {
        self.open_all(&[])
    }

    /// All four, new ones before those in use. `None`: one is missing.
    pub(crate) fn newest(&self) -> Result<Option<Opened>, StoreError> {
        self.open_all(&self.candidate)
    }

    /// The newest key pair. `None`: one of the two is missing.
    pub(crate) fn newest_client(&self) -> Result<Option<ClientCredentials>, StoreError> {
        let open = |field| self.open(&self.candidate, field);
        let pair = open(Field::ApiKey)?.zip(open(Field::ApiSecret)?);
        Ok(pair.map(|(key, secret)| ClientCredentials { key, secret }))
    }

    /// The values of a flow in the slot where it keeps them.
    pub(super) fn of_flow(&self, slot: Slot) -> &[SealedValue] {
        match slot {
            Slot::Current => &self.current,
            Slot::Candidate => &self.candidate,
            Slot::Held => &[],
        }
    }

    fn open_all(&self, new: &[SealedValue]) -> Result<Option<Opened>, StoreError> {
        let open = |field| self.open(new, field);
        let (Some(key), Some(secret), Some(token), Some(token_secret)) = (
            open(Field::ApiKey)?,
            open(Field::ApiSecret)?,
            open(Field::AccessToken)?,
            open(Field::AccessSecret)?,
        ) else {
            return Ok(None);
        };
        Ok(Some(Opened {
            client: ClientCredentials { key, secret },
            token: TokenCredentials {
                token,
                secret: token_secret,
            },
        }))
    }

    /// A value: of `new`, or the one in use.
    pub(crate) fn open(
        &self,
        new: &[SealedValue],
        field: Field,
    ) -> Result<Option<Secret>, StoreError> {
        let mut values = new.iter().chain(&self.current);
        let value = values.find(|value| value.field == field);
        value
            .map(|value| open(&self.key, self.owner, self.account, value))
            .transpose()
    }
}

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

/// Accounts and their sealed values. Cheap to clone.
#[derive(Clone)]
pub struct Accounts {
    pub(crate) store: Store,
    pub(crate) vault: Vault,
    pub(crate) audit: AuditKey,
    pub(crate) clock: Clock,
}

impl Accounts {
    /// The accounts of this database.
    pub fn new(store: Store, vault: Vault, audit: AuditKey, clock: Clock) -> Self {
        Self {
            store,
            vault,
            audit,
            clock,
        }
    }

    /// The values in use of one of `owner`'s accounts. `None`: there is no such account, or it has not all four.
    pub(crate) async fn keys(
        &self,
        owner: i64,
        account: AccountId,
    ) -> Result<Option<Keys>, StoreError> {
        let mut db = self.store.reader().lend().await?;
        self.keys_in(&mut db, owner, account).await
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
        let Some(loaded) = self.load(db, owner, account).await? else {
            return Ok(None);
        };
        Ok(loaded.in_use()?.map(|opened| Keys {
            linked,
            client: opened.client,
            token: opened.token,
        }))
    }

    /// The data key of an account, opened, with its sealed values: the one way to them. `None`: there is no such account.
    pub(crate) async fn load(
        &self,
        db: &mut SqliteConnection,
        owner: i64,
        account: AccountId,
    ) -> Result<Option<Loaded>, StoreError> {
        let Some(stored) = values::load(db, owner, account).await? else {
            return Ok(None);
        };
        Ok(Some(Loaded {
            key: self.open_data_key(owner, account, &stored.key)?,
            key_pair: stored.key.key_pair,
            current: stored.current,
            candidate: stored.candidate,
            owner,
            account,
        }))
    }

    /// The same, read by itself.
    pub(crate) async fn load_now(
        &self,
        owner: i64,
        account: AccountId,
    ) -> Result<Option<Loaded>, StoreError> {
        let mut db = self.store.reader().lend().await?;
        self.load(&mut db, owner, account).await
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
        tx.commit().await
    }

    /// Which app an account's values are of, without saying which.
    pub(crate) fn app_mark(&self, keys: &Keys) -> AppMark {
        self.audit.app_mark(&keys.client)
    }

    /// Now.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// Appends to the audit trail what was done with an account.
    pub(crate) async fn note(
        &self,
        tx: &mut Tx,
        owner: i64,
        actor: Actor,
        event: Event,
        account: AccountId,
        detail: &str,
    ) -> Result<(), StoreError> {
        let act = Act {
            owner,
            actor,
            event,
            account: Some(account),
            detail: detail.to_owned(),
        };
        audit::note(tx, &self.audit, act, self.clock.now()).await
    }

    pub(crate) async fn data_key(
        &self,
        db: &mut SqliteConnection,
        owner: i64,
        account: AccountId,
    ) -> Result<Option<(DataKey, WrappedKey)>, StoreError> {
        let Some(wrapped) = values::data_key(db, owner, account).await? else {
            return Ok(None);
        };
        let key = self.open_data_key(owner, account, &wrapped)?;
        Ok(Some((key, wrapped)))
    }

    fn open_data_key(
        &self,
        owner: i64,
        account: AccountId,
        wrapped: &WrappedKey,
    ) -> Result<DataKey, StoreError> {
        self.vault
            .data_key(owner, account, &wrapped.wrapped)
            .map_err(|source| StoreError::Open {
                table: "data_keys",
                source,
            })
    }

    pub(crate) fn sealed(
        &self,
        key: &DataKey,
        owner: i64,
        account: AccountId,
        field: Field,
        value: &Secret,
    ) -> Result<SealedValue, StoreError> {
        Ok(SealedValue {
            field,
            sealed: key.seal(owner, account, field, value)?,
            fingerprint: key.fingerprint(field, value),
            chars: u32::try_from(value.expose().chars().count()).unwrap_or(u32::MAX),
            received_at: self.clock.now(),
        })
    }
}

pub(crate) fn open(
    key: &DataKey,
    owner: i64,
    account: AccountId,
    value: &SealedValue,
) -> Result<Secret, StoreError> {
    key.open(owner, account, value.field, &value.sealed)
        .map_err(|source| StoreError::Open {
            table: "sealed_values",
            source,
        })
}
