//! `addx key`: add, rewrap, status, retire.

use std::path::{Path, PathBuf};

use addx::{
    audit,
    clock::Clock,
    config::{ConfigError, DATABASE, KEY_FILE},
    domain::audit::{Act, Actor, Event},
    random::Random,
    rekey,
    store::{Store, StoreError},
    unlock::{self, UnlockError},
    vault::{KeyFile, KeyId, KeyState, Vault},
};
use anyhow::Context as _;
use clap::Subcommand;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::{CliError, answer};

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

pub(crate) async fn run(command: KeyCommand, place: &Place) -> Result<(), CliError> {
    let (clock, random) = (Clock::system(), Random::system());
    let (store, vault) = open(place, &clock, &random).await?;
    let done = match command {
        KeyCommand::Add { json } => add(&store, &vault, &place.key_file, json).await,
        KeyCommand::Rewrap { json } => rewrap(&store, &vault, json).await,
        KeyCommand::Status { json } => status(&store, &vault, json).await,
        KeyCommand::Retire { id, json } => {
            retire(&store, &vault, &place.key_file, KeyId(id), json).await
        }
    };
    store.close().await.context("cannot close the database")?;
    done
}

pub(super) async fn open(
    place: &Place,
    clock: &Clock,
    random: &Random,
) -> Result<(Store, Vault), CliError> {
    if !place.key_file.exists() {
        let problem = format!("there is no key file at {}", place.key_file.display());
        return Err(ConfigError::new(KEY_FILE, problem).into());
    }
    if !place.database.exists() {
        let problem = format!("there is no database at {}", place.database.display());
        return Err(ConfigError::new(DATABASE, problem).into());
    }
    let store = match Store::open(&place.database).await {
        Ok(store) => store,
        Err(error) if error.is_passing() => return Err(anyhow::Error::from(error).into()),
        Err(error) => return Err(ConfigError::new(DATABASE, error).into()),
    };
    match unlock::unlock(&store, &place.key_file, clock, random).await {
        Ok(vault) => Ok((store, vault)),
        Err(UnlockError::Config(error)) => Err(error.into()),
        Err(UnlockError::Store(error)) => Err(anyhow::Error::from(error).into()),
    }
}

async fn add(store: &Store, vault: &Vault, key_file: &Path, json: bool) -> Result<(), CliError> {
    let id = {
        let mut file = KeyFile::open(key_file).context("cannot change the key file")?;
        file.add(&Random::system(), Clock::system().now())
            .context("cannot change the key file")?
    };
    vault.reload().context("cannot read the new key file")?;
    unlock::note_primary(store, vault)
        .await
        .context("cannot note the new key in the database")?;
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
    )
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
    Ok(tx.commit().await?)
}

#[derive(Serialize)]
struct Rewrapped {
    rows: u64,
}

async fn rewrap(store: &Store, vault: &Vault, json: bool) -> Result<(), CliError> {
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
    let rows = done.context("cannot rewrap everything; what is done stays done")?;
    answer(
        json,
        &Rewrapped { rows },
        format!(
            "{rows} rows were put under key {primary}; nothing is under an older one. Next, for each older key: addx key retire NUMBER"
        ),
    )
}

/// Drawn on standard error, and only when a person watches.
pub(super) fn style() -> ProgressStyle {
    ProgressStyle::with_template("{bar:40} {pos}/{len} rows, {eta} left")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
}

async fn status(store: &Store, vault: &Vault, json: bool) -> Result<(), CliError> {
    let all = rekey::status(store.reader(), &vault.keyring())
        .await
        .context("cannot count the rows")?;
    let mut text = format!(
        "{:>4}  {:<8}  {:<16}  {:>9}  {:>9}  {:>7}  {:>5}",
        "key", "state", "fingerprint", "accounts", "dialogues", "updates", "audit"
    );
    for key in &all {
        text += &format!(
            "\n{:>4}  {:<8}  {:<16}  {:>9}  {:>9}  {:>7}  {:>5}",
            key.id,
            key.state.map_or("missing", KeyState::as_str),
            key.fingerprint.as_ref().map_or("-", |name| &name.0),
            key.rows.data_keys,
            key.rows.dialogues,
            key.rows.updates,
            key.rows.audit_key
        );
    }
    answer(json, &all, text)
}

async fn retire(
    store: &Store,
    vault: &Vault,
    key_file: &Path,
    id: KeyId,
    json: bool,
) -> Result<(), CliError> {
    let audit_key = audit::open_key(store, vault)
        .await
        .context("cannot open the key of the audit trail")?;
    let now = Clock::system().now();
    rekey::retire(store, vault, key_file, id, &audit_key, now)
        .await
        .map_err(anyhow::Error::from)?;
    vault.reload().context("cannot read the new key file")?;
    answer(
        json,
        &vault.keyring().info(id),
        format!(
            "Key {id} is retired. Copies of the database from before may still need it: keep an old copy of the key file with them."
        ),
    )
}
