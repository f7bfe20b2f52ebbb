//! The tables `clients` and `client_accounts`: programs, and the accounts that each may use.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::{FromRow, SqliteExecutor};

use super::StoreError;
use crate::domain::{
    account::AccountId,
    client::{ClientName, Rule, TokenHash},
    facts::Standing,
};

/// A program.
#[derive(Clone, Debug, Serialize)]
pub struct Client {
    /// Its number.
    pub id: i64,
    /// Its name.
    pub name: ClientName,
    /// What it may ask of X.
    pub allowed: Vec<Rule>,
    /// How many of its requests may be under way at the same time.
    pub max_concurrent: u32,
    /// How many may begin in a second.
    pub max_per_second: u32,
    /// Since when it is known.
    pub created_at: DateTime<Utc>,
    /// When it was revoked, if it was.
    pub revoked_at: Option<DateTime<Utc>>,
}

#[derive(FromRow)]
struct Row {
    client_id: i64,
    name: ClientName,
    allowed: String,
    max_concurrent: u32,
    max_per_second: u32,
    created_at: DateTime<Utc>,
    revoked_at: Option<DateTime<Utc>>,
}

impl TryFrom<Row> for Client {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let allowed = row
            .allowed
            .lines()
            .map(str::parse)
            .collect::<Result<_, _>>();
        Ok(Self {
            id: row.client_id,
            name: row.name,
            allowed: allowed.map_err(|_| StoreError::Corrupt {
                table: "clients",
                reason: "unknown rule",
            })?,
            max_concurrent: row.max_concurrent,
            max_per_second: row.max_per_second,
            created_at: row.created_at,
            revoked_at: row.revoked_at,
        })
    }
}

/// Keeps a new program, under a number of its own. The number.
pub(crate) async fn insert(
    db: impl SqliteExecutor<'_>,
    client: &Client,
    token: &TokenHash,
) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar(
        "INSERT INTO clients (name, token_hash, allowed, max_concurrent, max_per_second, created_at)
         VALUES (?, ?, ?, ?, ?, ?) RETURNING client_id",
    )
    .bind(&client.name)
    .bind(token)
    .bind(lines(&client.allowed))
    .bind(client.max_concurrent)
    .bind(client.max_per_second)
    .bind(client.created_at.timestamp())
    .fetch_one(db)
    .await?)
}

/// Changes what a program may ask for.
pub(crate) async fn update(db: impl SqliteExecutor<'_>, client: &Client) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE clients SET allowed = ?, max_concurrent = ?, max_per_second = ? WHERE client_id = ?",
    )
    .bind(lines(&client.allowed))
    .bind(client.max_concurrent)
    .bind(client.max_per_second)
    .bind(client.id)
    .execute(db)
    .await?;
    Ok(())
}

fn lines(rules: &[Rule]) -> String {
    let rules: Vec<String> = rules.iter().map(ToString::to_string).collect();
    rules.join("\n")
}

/// Lets a program use an account.
pub(crate) async fn give(
    db: impl SqliteExecutor<'_>,
    client: i64,
    account: AccountId,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO client_accounts (client_id, account_id, given_at) VALUES (?, ?, ?)")
        .bind(client)
        .bind(account)
        .bind(now.timestamp())
        .execute(db)
        .await?;
    Ok(())
}

/// Lets a program no longer use an account of `owner`'s. `false`: it could not use it.
pub(crate) async fn take_back(
    db: impl SqliteExecutor<'_>,
    owner: i64,
    account: AccountId,
    client: i64,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "DELETE FROM client_accounts WHERE client_id = ? AND account_id = (
             SELECT account_id FROM accounts WHERE account_id = ? AND owner = ?)",
    )
    .bind(client)
    .bind(account)
    .bind(owner)
    .execute(db)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// The program of this name that is not revoked.
pub(crate) async fn by_name(
    db: impl SqliteExecutor<'_>,
    name: &ClientName,
) -> Result<Option<Client>, StoreError> {
    sqlx::query_as::<_, Row>("SELECT * FROM clients WHERE name = ? AND revoked_at IS NULL")
        .bind(name)
        .fetch_optional(db)
        .await?
        .map(TryInto::try_into)
        .transpose()
}

/// Ends a program's token.
pub(crate) async fn revoke(
    db: impl SqliteExecutor<'_>,
    client: i64,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE clients SET revoked_at = ? WHERE client_id = ?")
        .bind(now.timestamp())
        .bind(client)
        .execute(db)
        .await?;
    Ok(())
}

/// All programs, the revoked ones too, by number.
pub(crate) async fn list(db: impl SqliteExecutor<'_>) -> Result<Vec<Client>, StoreError> {
    sqlx::query_as::<_, Row>("SELECT * FROM clients ORDER BY client_id")
        .fetch_all(db)
        .await?
        .into_iter()
        .map(TryInto::try_into)
        .collect()
}

/// An account as a program is given it.
#[derive(Clone, Debug, FromRow, Serialize)]
pub struct Usable {
    /// Its id, which stands in the proxy's paths.
    #[sqlx(rename = "account_id")]
    pub id: AccountId,
    /// Whose it is.
    pub owner: i64,
    /// What its owner calls it.
    pub name: String,
    /// Its handle, once X has named it.
    pub x_username: Option<String>,
}

/// The accounts that a program may use.
pub(crate) async fn accounts_of(
    db: impl SqliteExecutor<'_>,
    client: i64,
) -> Result<Vec<Usable>, StoreError> {
    Ok(sqlx::query_as(
        "SELECT account_id, owner, name, x_username FROM client_accounts
         JOIN accounts USING (account_id) WHERE client_id = ? ORDER BY owner, name_key",
    )
    .bind(client)
    .fetch_all(db)
    .await?)
}

/// Every account there is, for the operator to choose from.
pub async fn all_accounts(db: impl SqliteExecutor<'_>) -> Result<Vec<Usable>, StoreError> {
    Ok(sqlx::query_as(
        "SELECT account_id, owner, name, x_username FROM accounts ORDER BY owner, name_key",
    )
    .fetch_all(db)
    .await?)
}

/// An account by its id alone, for the operator and for programs. Users find theirs by owner and id.
pub(crate) async fn account(
    db: impl SqliteExecutor<'_>,
    account: AccountId,
) -> Result<Option<Usable>, StoreError> {
    Ok(sqlx::query_as(
        "SELECT account_id, owner, name, x_username FROM accounts WHERE account_id = ?",
    )
    .bind(account)
    .fetch_optional(db)
    .await?)
}

/// A program that may use one of `owner`'s accounts.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct Use {
    /// Which account.
    #[sqlx(rename = "account_id")]
    pub account: AccountId,
    /// The program's number.
    #[sqlx(rename = "client_id")]
    pub client: i64,
    /// The program's name.
    pub name: ClientName,
}

/// Which programs may use which of `owner`'s accounts.
pub(crate) async fn uses_of(
    db: impl SqliteExecutor<'_>,
    owner: i64,
) -> Result<Vec<Use>, StoreError> {
    Ok(sqlx::query_as(
        "SELECT account_id, client_id, clients.name FROM accounts
         JOIN client_accounts USING (account_id) JOIN clients USING (client_id)
         WHERE owner = ? AND revoked_at IS NULL ORDER BY clients.name",
    )
    .bind(owner)
    .fetch_all(db)
    .await?)
}

/// What a token opens.
#[derive(Clone, Debug)]
pub(crate) struct Entrance {
    /// Whose token it is.
    pub client: Client,
    /// The hash, to be compared once more.
    pub token: TokenHash,
    /// The owner of the account that was asked for, if the program may use that.
    pub owner: Option<i64>,
    /// What the bot's owner decided about that one.
    pub standing: Option<Standing>,
}

#[derive(FromRow)]
struct EntranceRow {
    #[sqlx(flatten)]
    client: Row,
    token_hash: TokenHash,
    account_owner: Option<i64>,
    standing: Option<Standing>,
}

/// The program whose token has this hash, unless it was revoked, and whether it may use `account`.
pub(crate) async fn enter(
    db: impl SqliteExecutor<'_>,
    token: &TokenHash,
    account: Option<AccountId>,
) -> Result<Option<Entrance>, StoreError> {
    let row: Option<EntranceRow> = sqlx::query_as(
        "SELECT clients.*, accounts.owner AS account_owner, access.standing
         FROM clients
         LEFT JOIN client_accounts ON client_accounts.client_id = clients.client_id
             AND client_accounts.account_id = ?
         LEFT JOIN accounts ON accounts.account_id = client_accounts.account_id
         LEFT JOIN access ON access.user_id = accounts.owner
         WHERE token_hash = ? AND revoked_at IS NULL",
    )
    .bind(account)
    .bind(token)
    .fetch_optional(db)
    .await?;
    row.map(|row| {
        Ok(Entrance {
            client: row.client.try_into()?,
            token: row.token_hash,
            owner: row.account_owner,
            standing: row.standing,
        })
    })
    .transpose()
}
