//! `addx backup` and `addx restore`.

use std::path::Path;

use crate::{
    admin::backup::{self, BackupError, Checked, Copy, LetIn},
    config::{ConfigError, KEY_FILE},
    support::{clock::Clock, plural::count, random::Random},
};
use anyhow::Context as _;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::{
    answer, bar,
    database::{Place, refused},
};

/// People that a restore names.
const NAMED: usize = 20;
/// How often the bar of a running copy is drawn.
const TURN: std::time::Duration = std::time::Duration::from_millis(120);

pub(crate) async fn backup(file: &Path, json: bool, place: &Place) -> anyhow::Result<()> {
    let (clock, random) = (Clock::system(), Random::system());
    let stop = CancellationToken::new();
    let (database, key_file) = (&place.database, &place.key_file);
    let copying = backup::backup(database, file, key_file, &clock, &random, &stop);
    let made = watched(database, stoppable(&stop, copying)).await?;
    answer(
        json,
        &made,
        format!(
            "Wrote {} ({} KiB) of database {}. It needs encryption key {} ({}), which is not included.",
            made.file.display(),
            made.bytes / 1024,
            made.key_id,
            made.fingerprint,
            made.database
        ),
    )
}

/// Shows a person how much of the copy is written. SQLite does not tell, but the file grows.
async fn watched<T>(database: &Path, copying: impl Future<Output = T>) -> T {
    let size = |path: &Path| std::fs::metadata(path).map_or(0, |file| file.len());
    let partial = backup::partial_of(database);
    let bar = bar(size(database), "{bar:40} {bytes} of about {total_bytes}");
    tokio::pin!(copying);
    let mut turns = tokio::time::interval(TURN);
    loop {
        tokio::select! {
            copied = &mut copying => {
                bar.finish_and_clear();
                return copied;
            }
            _ = turns.tick() => bar.set_position(size(&partial)),
        }
    }
}

pub(crate) async fn check(copy: Copy<'_>, json: bool, place: &Place) -> anyhow::Result<()> {
    let stop = CancellationToken::new();
    let random = Random::system();
    let checking = backup::check(copy, &place.database, &place.key_file, &random, &stop);
    let checked = stoppable(&stop, checking).await?;
    let said = format!("Every value opens. {}", in_words(&checked));
    answer(json, &checked, said)
}

pub(crate) async fn restore(copy: Copy<'_>, json: bool, place: &Place) -> anyhow::Result<()> {
    let (clock, random) = (Clock::system(), Random::system());
    let stop = CancellationToken::new();
    let (database, key_file) = (&place.database, &place.key_file);
    let restoring = backup::restore(copy, database, key_file, &clock, &random, &stop);
    let checked = stoppable(&stop, restoring).await?;
    let mut text = format!(
        "{} is in place. {} All accounts count as unchecked now, until X is asked again.{}",
        place.database.display(),
        in_words(&checked),
        let_in_again(&checked.let_in)
    );
    if !checked.standing_posts.is_empty() {
        text += &format!(
            "\nIn a plain copy nothing proves whose test posts these are, so they are left to you: {}",
            checked.standing_posts.join(" ")
        );
    }
    answer(json, &checked, text)
}

/// A restore takes back what the owner decided since the copy was made, and cannot know what that was.
fn let_in_again(people: &[LetIn]) -> String {
    if people.is_empty() {
        return String::new();
    }
    let named: Vec<String> = people
        .iter()
        .take(NAMED)
        .map(|person| format!("{} ({})", person.first_name.escape_debug(), person.user))
        .collect();
    let more = people.len() - named.len();
    let more = if more > 0 {
        format!(", and {more} more")
    } else {
        String::new()
    };
    format!(
        "\nThe owner had let in {} when the copy was made, and they are in again: {}{more}. Whoever was blocked since is among them: \
         the owner sees them with /users and shuts them out with /block.",
        count(people.len(), "user"),
        named.join(", ")
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
    let made = match checked.made_at {
        Some(at) => {
            let hours = (Clock::system().now() - at).num_hours();
            let age = match u64::try_from(hours) {
                Ok(hours @ 0..48) => count(hours, "hour"),
                Ok(hours) => count(hours / 24, "day"),
                Err(_) => "made in the future".to_owned(),
            };
            format!("made {} (age: {age})", at.format("%F %H:%M UTC"))
        }
        None => "plain, so nothing proves when it was made".to_owned(),
    };
    let values = count(checked.values, "value");
    format!(
        "In the copy of database {}, {made}: {values}; accounts: {accounts}.",
        checked.database
    )
}

/// Lets a signal stop the work, which then removes what is half done.
async fn stoppable<T>(
    stop: &CancellationToken,
    work: impl Future<Output = Result<T, BackupError>>,
) -> anyhow::Result<T> {
    let cannot_listen = "cannot listen for signals";
    let mut interrupt = signal(SignalKind::interrupt()).context(cannot_listen)?;
    let mut terminate = signal(SignalKind::terminate()).context(cannot_listen)?;
    tokio::pin!(work);
    tokio::select! {
        done = &mut work => return done.map_err(error),
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    stop.cancel();
    work.await.map_err(error)
}

fn error(error: BackupError) -> anyhow::Error {
    match error {
        BackupError::Unlock(error) => refused(error),
        BackupError::Keyring(error) => ConfigError::new(KEY_FILE, error).into(),
        error => error.into(),
    }
}
