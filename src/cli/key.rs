//! `addx key`: add, rewrap, status, retire.

use std::path::Path;

use crate::{
    admin::{
        rekey::{self, Lost, RekeyError, Rewrapped, Unopened},
        unlock::{self, Wanted},
    },
    audit,
    domain::audit::{Act, Event},
    store::StoreError,
    support::plural::count,
    vault::{KeyFile, KeyId, KeyState},
};
use anyhow::Context as _;
use clap::Subcommand;

use super::{
    Exit, answer, bar,
    database::{Opened, Place},
};

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
    Add,
    /// Put everything that older keys seal under the primary key
    #[command(
        after_help = "May be broken off and run again, and the bot may run.\n\nExamples:\n  addx key rewrap\n  addx key rewrap --json | jq .rows"
    )]
    Rewrap,
    /// Show the keys, their fingerprints and what each seals
    #[command(
        after_help = "Examples:\n  addx key status\n  addx key status --json | jq '.[] | select(.state == \"primary\") | .id'"
    )]
    Status,
    /// Stop accepting a key that seals nothing any more
    #[command(
        after_help = "Refused while a row needs the key. Keep an old copy of the key file with old copies of the database.\n\nExample:\n  addx key retire 1"
    )]
    Retire {
        /// The number of the key
        id: u32,
    },
}

pub(crate) async fn run(command: KeyCommand, place: &Place, json: bool) -> anyhow::Result<Exit> {
    // These two show and mend that a key is not there.
    let wanted = match command {
        KeyCommand::Status | KeyCommand::Rewrap => Wanted::KeyCheck,
        KeyCommand::Add | KeyCommand::Retire { .. } => Wanted::Everything,
    };
    let key_file = &place.key_file;
    place
        .with(wanted, async |opened| match command {
            KeyCommand::Add => add(opened, key_file, json).await,
            KeyCommand::Rewrap => rewrap(opened, json).await,
            KeyCommand::Status => status(opened, json).await,
            KeyCommand::Retire { id } => retire(opened, key_file, KeyId(id), json).await,
        })
        .await
}

async fn add(opened: &Opened, key_file: &Path, json: bool) -> anyhow::Result<Exit> {
    let Opened {
        store,
        vault,
        clock,
        random,
    } = opened;
    let id = KeyFile::open(key_file)
        .and_then(|mut file| file.add(random, clock.now()))
        .context("cannot change the key file")?;
    unlock::take_up(store, vault)
        .await
        .context("cannot use the new key file")?;
    note_key_added(opened, id)
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

async fn note_key_added(opened: &Opened, id: KeyId) -> Result<(), StoreError> {
    let key = audit::open_key(&opened.store, &opened.vault).await?;
    let act = Act::of_operator(Event::KeyAdd, id.to_string());
    let mut tx = opened.store.begin().await?;
    audit::note(&mut tx, &key, act, opened.clock.now()).await?;
    tx.commit().await
}

async fn rewrap(opened: &Opened, json: bool) -> anyhow::Result<Exit> {
    let Opened { store, vault, .. } = opened;
    let primary = vault.keyring().primary();
    let waiting: i64 = rekey::status(store.reader(), &vault.keyring())
        .await
        .context("cannot count the rows")?
        .iter()
        .filter(|key| key.state != Some(KeyState::Primary))
        .map(|status| status.rows.total())
        .sum();
    let waiting = u64::try_from(waiting).unwrap_or(0);
    let bar = bar(waiting, "{bar:40} {pos}/{len} rows, {eta} left");
    let done = rekey::rewrap(store, vault, |done| bar.set_position(done)).await;
    bar.finish_and_clear();
    let done = done.context("cannot rewrap everything; what is done stays done")?;
    answer(json, &done, in_words(&done, primary))?;
    let keyring = vault.keyring();
    let mut lost = done.lost.iter();
    if let Some(&Lost { key: id, rows }) = lost.find(|lost| !keyring.has_given_up(lost.key)) {
        return Err(RekeyError::Lost { id, rows }.into());
    }
    Ok(Exit::done_if(done.unopened.is_empty()))
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

async fn status(opened: &Opened, json: bool) -> anyhow::Result<Exit> {
    let all = rekey::status(opened.store.reader(), &opened.vault.keyring())
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

async fn retire(opened: &Opened, key_file: &Path, id: KeyId, json: bool) -> anyhow::Result<Exit> {
    let Opened { store, vault, .. } = opened;
    let audit_key = opened.audit_key().await?;
    let now = opened.clock.now();
    rekey::retire(store, vault, key_file, id, &audit_key, now).await?;
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
