//! `addx key`: add, rewrap, status, retire.

use std::path::{Path, PathBuf};

use crate::{
    audit,
    clock::Clock,
    config::{ConfigError, DATABASE, KEY_FILE},
    domain::audit::{Act, Actor, Event},
    plural::count,
    random::Random,
    rekey::{self, Lost, RekeyError, Rewrapped, Unopened},
    store::{Store, StoreError},
    unlock::{self, UnlockError},
    vault::{KeyFile, KeyId, KeyState, Vault},
};
use anyhow::Context as _;
use clap::Subcommand;
use indicatif::{ProgressBar, ProgressStyle};

use super::{CliError, Exit, answer};

pub(crate) const EXAMPLES: &str = "\
A new key, from beginning to end, while the bot runs:
  addx key add
  addx key rewrap
  addx key status
  addx key retire 1";

#[derive(Subcommand)]
pub(crate) enum KeyCommand {
    /// Make a new primary key; the one before still opens what it sealed
    #[command(
        after_help = "Copy the key file afterwards.\n\nExample:\n  addx key add && addx key rewrap"
    )]
    Add {
        /// Print the answer as JSON
        #[arg(long)]
        json: bool,
    },
    /// Put everything that older keys seal under the primary key
    #[command(
        after_help = "May be broken off and run again, and the bot may run.\n\nExamples:\n  addx key rewrap\n  addx key rewrap --json | jq .rows"
    )]
    Rewrap {
        /// Print the answer as JSON
        #[arg(long)]
        json: bool,
    },
    /// Show the keys, their fingerprints and what each seals
    #[command(
        after_help = "Examples:\n  addx key status\n  addx key status --json | jq '.[] | select(.state == \"primary\") | .id'"
    )]
    Status {
        /// Print the answer as JSON
        #[arg(long)]
        json: bool,
    },
    /// Stop accepting a key that seals nothing any more
    #[command(
        after_help = "Refused while a row needs the key. Keep an old copy of the key file with old copies of the database.\n\nExample:\n  addx key retire 1"
    )]
    Retire {
        /// The number of the key
        id: u32,
        /// Print the answer as JSON
        #[arg(long)]
        json: bool,
    },
}

/// The database and the key file that the commands work on.
pub(crate) struct Place {
    pub(crate) database: PathBuf,
    pub(crate) key_file: PathBuf,
}

pub(crate) async fn run(command: KeyCommand, place: &Place) -> Result<Exit, CliError> {
    let (clock, random) = (Clock::system(), Random::system());
    let shows_or_mends = matches!(
        command,
        KeyCommand::Status { .. } | KeyCommand::Rewrap { .. }
    );
    let (store, vault) = if shows_or_mends {
        let store = open_store(place).await?;
        let vault = unlock::unlock_to_mend(&store, &place.key_file, &clock, &random).await;
        (store, vault.map_err(refused)?)
    } else {
        open(place, &clock, &random).await?
    };
    let key_file = &place.key_file;
    let done = match command {
        KeyCommand::Add { json } => add(&store, &vault, key_file, json).await,
        KeyCommand::Rewrap { json } => rewrap(&store, &vault, json).await,
        KeyCommand::Status { json } => status(&store, &vault, json).await,
        KeyCommand::Retire { id, json } => retire(&store, &vault, key_file, KeyId(id), json).await,
    };
    store.close().await.context("cannot close the database")?;
    done
}

pub(super) async fn open(
    place: &Place,
    clock: &Clock,
    random: &Random,
) -> Result<(Store, Vault), CliError> {
    let store = open_store(place).await?;
    let vault = unlock::unlock(&store, &place.key_file, clock, random).await;
    Ok((store, vault.map_err(refused)?))
}

fn refused(error: UnlockError) -> CliError {
    match error {
        UnlockError::Config(error) => error.into(),
        UnlockError::Store(error) => anyhow::Error::from(error).into(),
    }
}

async fn open_store(place: &Place) -> Result<Store, CliError> {
    if !place.key_file.exists() {
        let problem = format!("there is no key file at {}", place.key_file.display());
        return Err(ConfigError::new(KEY_FILE, problem).into());
    }
    if !place.database.exists() {
        let problem = format!("there is no database at {}", place.database.display());
        return Err(ConfigError::new(DATABASE, problem).into());
    }
    match Store::open(&place.database).await {
        Ok(store) => Ok(store),
        Err(error) if error.is_passing() => Err(anyhow::Error::from(error).into()),
        Err(error) => Err(ConfigError::new(DATABASE, error).into()),
    }
}

async fn add(store: &Store, vault: &Vault, key_file: &Path, json: bool) -> Result<Exit, CliError> {
    let id = {
        let mut file = KeyFile::open(key_file).context("cannot change the key file")?;
        file.add(&Random::system(), Clock::system().now())
            .context("cannot change the key file")?
    };
    unlock::take_up(store, vault)
        .await
        .context("cannot use the new key file")?;
    note_key_added(store, vault, id)
        .await
        .context("cannot note the new key in the audit trail")?;
    let key = vault.keyring().info(id);
    let fingerprint = key
        .as_ref()
        .map_or_else(String::new, |key| key.fingerprint.to_string());
    answer(
        json,
        &key,
        format!(
            "Key {id} ({fingerprint}) is the primary key now. Back up {}, then run: addx key rewrap",
            key_file.display()
        ),
    )?;
    Ok(Exit::Done)
}

async fn note_key_added(store: &Store, vault: &Vault, id: KeyId) -> Result<(), StoreError> {
    let key = audit::open_key(store, vault).await?;
    let act = Act {
        owner: 0,
        actor: Actor::Operator,
        event: Event::KeyAdd,
        account: None,
        detail: id.to_string(),
    };
    let mut tx = store.begin().await?;
    audit::note(&mut tx, &key, act, Clock::system().now()).await?;
    tx.commit().await
}

async fn rewrap(store: &Store, vault: &Vault, json: bool) -> Result<Exit, CliError> {
    let primary = vault.keyring().primary();
    let waiting: i64 = rekey::status(store.reader(), &vault.keyring())
        .await
        .context("cannot count the rows")?
        .iter()
        .filter(|key| key.state != Some(KeyState::Primary))
        .map(|status| status.rows.total())
        .sum();
    let bar = ProgressBar::new(u64::try_from(waiting).unwrap_or(0)).with_style(style());
    let done = rekey::rewrap(store, vault, |done| bar.set_position(done)).await;
    bar.finish_and_clear();
    let done = done.context("cannot rewrap everything; what is done stays done")?;
    answer(json, &done, in_words(&done, primary))?;
    let keyring = vault.keyring();
    let missed = done
        .lost
        .iter()
        .find(|lost| !keyring.has_given_up(lost.key));
    match missed {
        Some(Lost { key: id, rows }) => Err(anyhow::Error::from(RekeyError::Lost {
            id: *id,
            rows: *rows,
        })
        .into()),
        None if done.unopened.is_empty() => Ok(Exit::Done),
        None => Ok(Exit::Failed),
    }
}

fn in_words(done: &Rewrapped, primary: KeyId) -> String {
    let were = if done.rows == 1 { "was" } else { "were" };
    let mut text = format!("{} {were} put under key {primary}", count(done.rows, "row"));
    if done.unopened.is_empty() && done.lost.is_empty() {
        text += "; nothing is under an older one. Next, for each older key: addx key retire NUMBER";
        return text;
    }
    text += ". What follows stays under its older key, which cannot be retired until then:";
    for lost in &done.lost {
        let rows = count(lost.rows, "row");
        text += &format!("\n  {rows} of key {}, which is not there", lost.key);
    }
    for row in &done.unopened {
        let Unopened {
            table,
            row,
            owner,
            key,
        } = row;
        let owner = owner.map_or_else(String::new, |owner| format!(" of user {owner}"));
        text += &format!("\n  {table} {row}{owner}: does not open with key {key}");
    }
    if !done.unopened.is_empty() {
        text += "\nWhat does not open was altered. Bring it back with a copy, or let its user erase it with /unlink (an account) or \
                 /cancel (a dialogue).";
    }
    text
}

/// Drawn on standard error, and only when a person watches.
pub(super) fn style() -> ProgressStyle {
    ProgressStyle::with_template("{bar:40} {pos}/{len} rows, {eta} left")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
}

async fn status(store: &Store, vault: &Vault, json: bool) -> Result<Exit, CliError> {
    let all = rekey::status(store.reader(), &vault.keyring())
        .await
        .context("cannot count the rows")?;
    let mut text = format!(
        "{:>4}  {:<8}  {:<16}  {:>9}  {:>9}  {:>7}  {:>8}  {:>5}",
        "key", "state", "fingerprint", "accounts", "dialogues", "updates", "messages", "audit"
    );
    for key in &all {
        text += &format!(
            "\n{:>4}  {:<8}  {:<16}  {:>9}  {:>9}  {:>7}  {:>8}  {:>5}",
            key.id,
            key.state.map_or(
                if key.given_up { "lost" } else { "missing" },
                KeyState::as_str
            ),
            key.fingerprint.as_ref().map_or("-", |name| &name.0),
            key.rows.data_keys,
            key.rows.dialogues,
            key.rows.updates,
            key.rows.messages,
            key.rows.audit_key
        );
    }
    answer(json, &all, text)?;
    Ok(Exit::Done)
}

async fn retire(
    store: &Store,
    vault: &Vault,
    key_file: &Path,
    id: KeyId,
    json: bool,
) -> Result<Exit, CliError> {
    let audit_key = audit::open_key(store, vault)
        .await
        .context("cannot open the key of the audit trail")?;
    let now = Clock::system().now();
    rekey::retire(store, vault, key_file, id, &audit_key, now)
        .await
        .map_err(anyhow::Error::from)?;
    unlock::take_up(store, vault)
        .await
        .context("cannot use the new key file")?;
    answer(
        json,
        &vault.keyring().info(id),
        format!(
            "Key {id} is retired. Copies of the database from before may still need it: keep an old copy of the key file with them."
        ),
    )?;
    Ok(Exit::Done)
}
