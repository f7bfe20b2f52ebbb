//! `addx backup` and `addx restore`.

use std::path::Path;

use addx::{
    backup::{self, BackupError, Checked},
    clock::Clock,
    config::{ConfigError, KEY_FILE},
    random::Random,
    unlock::UnlockError,
};
use anyhow::{Context as _, anyhow};
use indicatif::ProgressBar;
use tokio::signal::unix::{SignalKind, signal};

use super::{CliError, answer, key::Place};

/// How often the mark of a running copy turns.
const TURN: std::time::Duration = std::time::Duration::from_millis(120);

pub(crate) async fn backup(file: &Path, json: bool, place: &Place) -> Result<(), CliError> {
    let spinner = ProgressBar::new_spinner().with_message("copying");
    spinner.enable_steady_tick(TURN);
    let made = unless_stopped(backup::backup(&place.database, file)).await;
    spinner.finish_and_clear();
    let made = made?;
    answer(
        json,
        &made,
        format!(
            "{} holds {} KiB. It wants key {} ({}), which stands in the file beside it too; the key itself is not in it.",
            made.file.display(),
            made.bytes / 1024,
            made.key_id,
            made.fingerprint
        ),
    )
}

pub(crate) async fn check(file: &Path, json: bool, place: &Place) -> Result<(), CliError> {
    let checked = backup::check(file, &place.key_file, &Random::system())
        .await
        .map_err(error)?;
    answer(
        json,
        &checked,
        format!("Every value opens. {}", in_words(&checked)),
    )
}

pub(crate) async fn restore(file: &Path, json: bool, place: &Place) -> Result<(), CliError> {
    let (clock, random) = (Clock::system(), Random::system());
    let restoring = backup::restore(file, &place.database, &place.key_file, &clock, &random);
    let checked = unless_stopped(restoring).await?;
    answer(
        json,
        &checked,
        format!(
            "{} is in place. {} None counts as checked until its owner checks it.",
            place.database.display(),
            in_words(&checked)
        ),
    )
}

fn in_words(checked: &Checked) -> String {
    let accounts: Vec<String> = checked
        .accounts
        .iter()
        .map(|(code, count)| format!("{count} {code}"))
        .collect();
    let accounts = if accounts.is_empty() {
        "none".to_owned()
    } else {
        accounts.join(", ")
    };
    format!("{} values; accounts: {accounts}.", checked.values)
}

/// A signal drops the work, and with it what is half done.
async fn unless_stopped<T>(
    work: impl Future<Output = Result<T, BackupError>>,
) -> Result<T, CliError> {
    let cannot_listen = "cannot listen for signals";
    let mut interrupt = signal(SignalKind::interrupt()).context(cannot_listen)?;
    let mut terminate = signal(SignalKind::terminate()).context(cannot_listen)?;
    tokio::select! {
        done = work => done.map_err(error),
        _ = interrupt.recv() => Err(anyhow!("stopped; nothing was left behind").into()),
        _ = terminate.recv() => Err(anyhow!("stopped; nothing was left behind").into()),
    }
}

fn error(error: BackupError) -> CliError {
    match error {
        BackupError::Unlock(UnlockError::Config(error)) => error.into(),
        BackupError::Keyring(error) => ConfigError::new(KEY_FILE, error).into(),
        error => anyhow::Error::from(error).into(),
    }
}
