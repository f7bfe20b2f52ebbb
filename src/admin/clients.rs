//! Programs are made and ended here, each in one transaction with its audit entries and what the owners are told.

use chrono::{DateTime, Utc};

use crate::{
    audit,
    domain::{
        account::{AccountId, AccountName},
        audit::{Act, Actor, Event},
        client::{ClientName, MAX_CONCURRENT, MAX_PER_SECOND, Rule, Terms, TokenHash, new_token},
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
    terms: Terms,
) -> Result<Added, ClientError> {
    let token = new_token(vault.random().bytes()?);
    let mut tx = store.begin().await?;
    if clients::by_name(&mut *tx, name).await?.is_some() {
        return Err(ClientError::Taken(name.clone()));
    }
    let mut client = Client {
        id: 0,
        name: name.clone(),
        allowed: Rule::defaults(),
        max_concurrent: MAX_CONCURRENT,
        max_per_second: MAX_PER_SECOND,
        created_at: now,
        revoked_at: None,
    };
    change(&mut client, &terms);
    let hash = TokenHash::of(token.expose());
    client.id = clients::insert(&mut *tx, &client, &hash).await?;
    give(&mut tx, vault, audit, now, &client, &terms.accounts).await?;
    let accounts = clients::accounts_of(&mut *tx, client.id).await?;
    tx.commit().await?;
    Ok(Added {
        client,
        accounts,
        token,
    })
}

/// Changes what a program may do, at once. What it may use now.
pub(crate) async fn edit(
    store: &Store,
    vault: &Vault,
    audit: &AuditKey,
    now: DateTime<Utc>,
    name: &ClientName,
    terms: Terms,
) -> Result<(Client, Vec<Usable>), ClientError> {
    let mut tx = store.begin().await?;
    let Some(mut client) = clients::by_name(&mut *tx, name).await? else {
        return Err(ClientError::Unknown(name.clone()));
    };
    change(&mut client, &terms);
    clients::update(&mut *tx, &client).await?;
    if !terms.accounts.is_empty() {
        for account in clients::accounts_of(&mut *tx, client.id).await? {
            if !terms.accounts.contains(&account.id) {
                clients::take_back(&mut *tx, account.owner, account.id, client.id).await?;
                note(&mut tx, audit, now, &account, Event::ClientRevoke, name).await?;
            }
        }
        give(&mut tx, vault, audit, now, &client, &terms.accounts).await?;
    }
    let accounts = clients::accounts_of(&mut *tx, client.id).await?;
    tx.commit().await?;
    Ok((client, accounts))
}

fn change(client: &mut Client, terms: &Terms) {
    if !terms.allowed.is_empty() {
        client.allowed.clone_from(&terms.allowed);
    }
    client.max_concurrent = terms.max_concurrent.unwrap_or(client.max_concurrent);
    client.max_per_second = terms.max_per_second.unwrap_or(client.max_per_second);
}

/// Gives a program those of the accounts that it cannot use yet.
async fn give(
    tx: &mut Tx,
    vault: &Vault,
    audit: &AuditKey,
    now: DateTime<Utc>,
    client: &Client,
    accounts: &[AccountId],
) -> Result<(), ClientError> {
    let name = &client.name;
    for wanted in accounts {
        let Some(account) = clients::account(&mut **tx, *wanted).await? else {
            return Err(ClientError::NoSuchAccount(*wanted));
        };
        let has = clients::accounts_of(&mut **tx, client.id).await?;
        if has.iter().any(|has| has.id == account.id) {
            continue;
        }
        clients::give(&mut **tx, client.id, account.id, now).await?;
        note(tx, audit, now, &account, Event::ClientAdd, name).await?;
        let choice = AccountChoice {
            id: account.id,
            name: AccountName::trusted(account.name.clone()),
        };
        let given_to = || messages::publishing::program_added(&choice, name);
        outbox::push(tx, vault, account.owner, given_to, now).await?;
    }
    Ok(())
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
