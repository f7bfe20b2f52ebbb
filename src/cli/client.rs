//! `addx client`: add, edit, list, accounts, revoke.

use crate::{
    admin::{
        clients::{self as programs, Added},
        unlock::Wanted,
    },
    domain::{
        account::{AccountId, NotAnAccountId},
        client::{ClientName, Rule, Terms},
    },
    store::{
        Store, StoreError,
        clients::{self, Client, Usable},
    },
};
use anyhow::Context as _;
use clap::Subcommand;
use serde::Serialize;

use super::{answer, database::Place};

pub(crate) const EXAMPLES: &str = "\
Let a program publish with an account, and end that:
  addx client accounts
  addx client add autoforward --accounts Zk3yR0cX1hQ2mVtN8bLp5w
  addx client list
  addx client revoke autoforward

More than publishing, or less:
  addx client add reader --accounts Zk3yR0cX1hQ2mVtN8bLp5w --allow 'GET /2/users/me' --allow 'GET /2/tweets/:id'";

#[derive(Subcommand)]
pub(crate) enum ClientCommand {
    /// Make a client and print its token, this once
    #[command(
        after_help = "Example:\n  addx client add autoforward --accounts Zk3yR0cX1hQ2mVtN8bLp5w"
    )]
    Add {
        /// What it is called: letters, digits, dots, dashes, underscores
        name: ClientName,
        /// The accounts it may use, by id (addx client accounts shows them); one that begins with a dash as --accounts=-…
        #[arg(long, required = true, num_args = 1.., value_delimiter = ',', value_parser = parse_id)]
        accounts: Vec<AccountId>,
        #[command(flatten)]
        limits: Limits,
    },
    /// Change what a client may do, at once; what is not named stays as it is
    #[command(after_help = "Example:\n  addx client edit autoforward --max-per-second 10")]
    Edit {
        /// What it is called
        name: ClientName,
        /// The accounts it may use, instead of those that it may use now
        #[arg(long, num_args = 1.., value_delimiter = ',', value_parser = parse_id)]
        accounts: Vec<AccountId>,
        #[command(flatten)]
        limits: Limits,
    },
    /// Show the clients, and what each may use
    #[command(after_help = "Example:\n  addx client list")]
    List,
    /// Show the accounts that a client can be given
    #[command(after_help = "Example:\n  addx client accounts --json | jq -r '.[].id'")]
    Accounts,
    /// End a client's token, at once
    #[command(after_help = "Example:\n  addx client revoke autoforward")]
    Revoke {
        /// What it is called
        name: ClientName,
    },
}

#[derive(clap::Args)]
pub(crate) struct Limits {
    /// What it may ask of X, as METHOD PATH; may be repeated. A new client: publish, with media
    #[arg(long, value_name = "METHOD PATH")]
    allow: Vec<Rule>,
    /// Requests that may be under way at the same time. A new client: 32
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    max_concurrent: Option<u32>,
    /// Requests that may begin in a second. A new client: 50
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    max_per_second: Option<u32>,
}

impl Limits {
    fn with(self, accounts: Vec<AccountId>) -> Terms {
        Terms {
            accounts,
            allowed: self.allow,
            max_concurrent: self.max_concurrent,
            max_per_second: self.max_per_second,
        }
    }
}

fn parse_id(text: &str) -> Result<AccountId, NotAnAccountId> {
    text.parse()
}

pub(crate) async fn run(command: ClientCommand, place: &Place, json: bool) -> anyhow::Result<()> {
    place
        .with(Wanted::Everything, async |opened| {
            let store = &opened.store;
            let (key, now) = (opened.audit_key().await?, opened.clock.now());
            match command {
                ClientCommand::Add {
                    name,
                    accounts,
                    limits,
                } => {
                    let (vault, terms) = (&opened.vault, limits.with(accounts));
                    let added = programs::add(store, vault, &key, now, &name, terms).await?;
                    show_added(&added, json)
                }
                ClientCommand::Edit {
                    name,
                    accounts,
                    limits,
                } => {
                    let (vault, terms) = (&opened.vault, limits.with(accounts));
                    let (client, accounts) =
                        programs::edit(store, vault, &key, now, &name, terms).await?;
                    let text = in_words(&client, &accounts);
                    answer(json, &Shown::of(&client, &accounts), text)
                }
                ClientCommand::List => list(store, json).await,
                ClientCommand::Accounts => accounts(store, json).await,
                ClientCommand::Revoke { name } => {
                    let client = programs::revoke(store, &key, now, &name).await?;
                    let text = format!("{name} is revoked: its token opens nothing any more.");
                    answer(json, &client, text)
                }
            }
        })
        .await
}

#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    client: &'a Client,
    accounts: &'a [Usable],
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<&'a str>,
}

impl<'a> Shown<'a> {
    fn of(client: &'a Client, accounts: &'a [Usable]) -> Self {
        Self {
            client,
            accounts,
            token: None,
        }
    }
}

fn in_words(client: &Client, accounts: &[Usable]) -> String {
    let state = match client.revoked_at {
        Some(at) => format!("revoked {}", at.format("%F %H:%M UTC")),
        None => format!("since {}", client.created_at.format("%F %H:%M UTC")),
    };
    let allowed: Vec<String> = client.allowed.iter().map(ToString::to_string).collect();
    format!(
        "{}, {state}\n  accounts: {}\n  allowed: {}\n  limits: {} at the same time, {} a second",
        client.name,
        names(accounts),
        allowed.join(", "),
        client.max_concurrent,
        client.max_per_second
    )
}

fn show_added(added: &Added, json: bool) -> anyhow::Result<()> {
    let token = added.token.expose();
    let shown = Shown {
        client: &added.client,
        accounts: &added.accounts,
        token: Some(token),
    };
    let text = format!(
        "{} may use {}. Its token, shown only now:\n\n  {token}\n\nOnly its hash is kept. docs/publishing.md shows how a \
         program uses it.",
        added.client.name,
        names(&added.accounts)
    );
    answer(json, &shown, text)
}

async fn list(store: &Store, json: bool) -> anyhow::Result<()> {
    let all = everything(store).await.context("cannot list the clients")?;
    let shown: Vec<Shown<'_>> = all
        .iter()
        .map(|(client, accounts)| Shown::of(client, accounts))
        .collect();
    let lines: Vec<String> = all
        .iter()
        .map(|(client, accounts)| in_words(client, accounts))
        .collect();
    let text = if lines.is_empty() {
        "There is no client yet. addx client add makes one.".to_owned()
    } else {
        lines.join("\n")
    };
    answer(json, &shown, text)
}

async fn everything(store: &Store) -> Result<Vec<(Client, Vec<Usable>)>, StoreError> {
    let mut all = Vec::new();
    for client in clients::list(store.reader()).await? {
        let accounts = clients::accounts_of(store.reader(), client.id).await?;
        all.push((client, accounts));
    }
    Ok(all)
}

async fn accounts(store: &Store, json: bool) -> anyhow::Result<()> {
    let all = clients::all_accounts(store.reader())
        .await
        .context("cannot list the accounts")?;
    let mut text = format!("{:<22}  {:>14}  {:<16}  name", "id", "owner", "on X");
    for account in &all {
        let handle = match &account.x_username {
            Some(handle) => format!("@{handle}"),
            None => "not known yet".to_owned(),
        };
        text += &format!(
            "\n{:<22}  {:>14}  {handle:<16}  {}",
            account.id.to_string(),
            account.owner,
            account.name
        );
    }
    answer(json, &all, text)
}

fn names(accounts: &[Usable]) -> String {
    if accounts.is_empty() {
        return "none".to_owned();
    }
    let names: Vec<String> = accounts
        .iter()
        .map(|account| format!("{} ({})", account.name, account.id))
        .collect();
    names.join(", ")
}
