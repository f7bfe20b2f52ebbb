//! Programs are made and ended here, each in one transaction with its audit entries and what the owners are told.

use chrono::{DateTime, Utc};

use crate::{
    audit,
    domain::{
        account::{AccountId, AccountName},
        audit::{Act, Actor, Event},
        client::{ClientName, Rule, TokenHash, new_token},
        credentials::Secret,
        facts::AccountChoice,
    },
    messages,
    store::{
        Store, StoreError, Tx,
        clients::{self, Client, Usable},
        outbox,
    },
    support::random::NoRandomness,
    vault::{AuditKey, Vault},
};

/// Why a program was not made or not ended.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// There is one.
    #[error("there is a client {0} already; revoke it first, or choose another name")]
    Taken(ClientName),
    /// There is none.
    #[error("there is no client {0} whose token works; addx client list shows them")]
    Unknown(ClientName),
    /// No account has this id.
    #[error("there is no account {0}; addx client accounts shows them")]
    NoSuchAccount(AccountId),
    /// The operating system gave no randomness.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for ClientError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// A program that was just made. Its token is shown once.
#[derive(Debug)]
pub struct Added {
    /// The program.
    pub client: Client,
    /// What it may use.
    pub accounts: Vec<Usable>,
    /// Its token.
    pub token: Secret,
}

/// Makes a program and gives it accounts. The owners are told.
pub async fn add(
    store: &Store,
    vault: &Vault,
    audit: &AuditKey,
    now: DateTime<Utc>,
    name: &ClientName,
    accounts: &[AccountId],
    allowed: &[Rule],
) -> Result<Added, ClientError> {
    let token = new_token(vault.random().bytes()?);
    let mut tx = store.begin().await?;
    if clients::by_name(&mut *tx, name).await?.is_some() {
        return Err(ClientError::Taken(name.clone()));
    }
    let hash = TokenHash::of(token.expose());
    let id = clients::insert(&mut tx, name, &hash, allowed, now).await?;
    let mut given: Vec<Usable> = Vec::new();
    for wanted in accounts {
        let Some(account) = clients::account(&mut *tx, *wanted).await? else {
            return Err(ClientError::NoSuchAccount(*wanted));
        };
        if given.iter().any(|given| given.id == account.id) {
            continue;
        }
        clients::give(&mut *tx, id, account.id, now).await?;
        note(&mut tx, audit, now, &account, Event::ClientAdd, name).await?;
        let choice = AccountChoice {
            id: account.id,
            name: AccountName::trusted(account.name.clone()),
        };
        let given_to = || messages::publishing::program_added(&choice, name);
        outbox::push(&mut tx, vault, account.owner, given_to, now).await?;
        given.push(account);
    }
    tx.commit().await?;
    Ok(Added {
        client: Client {
            id,
            name: name.clone(),
            allowed: allowed.to_vec(),
            created_at: now,
            revoked_at: None,
        },
        accounts: given,
        token,
    })
}

/// Ends a program's token, at once.
pub async fn revoke(
    store: &Store,
    audit: &AuditKey,
    now: DateTime<Utc>,
    name: &ClientName,
) -> Result<Client, ClientError> {
    let mut tx = store.begin().await?;
    let Some(client) = clients::by_name(&mut *tx, name).await? else {
        return Err(ClientError::Unknown(name.clone()));
    };
    clients::revoke(&mut *tx, client.id, now).await?;
    for account in clients::accounts_of(&mut *tx, client.id).await? {
        note(&mut tx, audit, now, &account, Event::ClientRevoke, name).await?;
    }
    tx.commit().await?;
    Ok(Client {
        revoked_at: Some(now),
        ..client
    })
}

/// Ends every program's token. How many there were.
pub(crate) async fn revoke_all(
    store: &Store,
    audit: &AuditKey,
    now: DateTime<Utc>,
) -> Result<usize, ClientError> {
    let all = clients::list(store.reader()).await?;
    let live: Vec<Client> = all
        .into_iter()
        .filter(|client| client.revoked_at.is_none())
        .collect();
    for client in &live {
        revoke(store, audit, now, &client.name).await?;
    }
    Ok(live.len())
}

async fn note(
    tx: &mut Tx,
    audit: &AuditKey,
    now: DateTime<Utc>,
    account: &Usable,
    event: Event,
    name: &ClientName,
) -> Result<(), StoreError> {
    let act = Act {
        owner: account.owner,
        actor: Actor::Operator,
        event,
        account: Some(account.id),
        detail: name.to_string(),
    };
    audit::note(tx, audit, act, now).await
}
