//! `addx panic`: for the day after a break-in.

use std::{
    io::{self, BufRead as _},
    time::Duration,
};

use crate::{
    audit, clients,
    clock::Clock,
    config::{ConfigError, X_URL},
    emergency::{self, Count, Manner, PAUSES, Step},
    instance::Instance,
    linker::Linker,
    plural::{are, count},
    random::Random,
    x::XClient,
};
use anyhow::{Context as _, anyhow};
use chrono::TimeDelta;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::sync::mpsc;
use url::Url;

use super::{CliError, Exit, answer, complain, key};

/// Five a second at most.
const PAUSE: Duration = Duration::from_millis(200);
/// What the operator has to type.
const SENTENCE: &str = "revoke everything";

pub(crate) const EXAMPLES: &str = "The bot must be stopped. A run that was broken off is taken up by the next one. Users are told \
                                   when the bot starts again. Exits with 0 if nothing is left, else with 1.\n\nExamples:\n  addx \
                                   panic\n  addx panic --yes-revoke-everything --json";

/// Revoke every token at X, erase every value, and tell every user
#[derive(Args)]
pub(crate) struct PanicCommand {
    /// Do not ask for the typed confirmation
    #[arg(long)]
    yes_revoke_everything: bool,
    /// Erase also what X does not answer about; otherwise that is kept for the next run
    #[arg(long)]
    erase_unanswered: bool,
    /// Print the answer as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(
    command: PanicCommand,
    place: &key::Place,
    x_url: Url,
    keeps_backups: Option<TimeDelta>,
) -> Result<Exit, CliError> {
    let (clock, random) = (Clock::system(), Random::system());
    let lock = Instance::claim(&place.database).context("cannot make the lock file")?;
    let Some(_lock) = lock else {
        return Err(anyhow!("the bot runs on this database; stop it first").into());
    };
    let (store, vault) = key::open(place, &clock, &random).await?;
    let audit = audit::open_key(&store, &vault)
        .await
        .context("cannot read the audit trail's key")?;
    let x = XClient::new(x_url, clock.clone(), random.clone())
        .map_err(|error| ConfigError::new(X_URL, error))?;
    let (to_write, _unread) = mpsc::unbounded_channel();
    let now = clock.now();
    let linker = Linker::new(
        store.clone(),
        vault.clone(),
        x,
        clock,
        random,
        audit.clone(),
        to_write,
    )
    .keeping_backups(keeps_backups);
    let everything = emergency::everything(&store)
        .await
        .context("cannot look up the accounts")?;
    let users = everything.len();
    let accounts: usize = everything.values().map(Vec::len).sum();
    if !command.yes_revoke_everything {
        complain(&format!(
            "this revokes the tokens of {} of {} at X and erases them here, without a way back; programs lose their tokens \
             too. Type: {SENTENCE}",
            count(accounts, "account"),
            count(users, "user")
        ));
        let mut line = String::new();
        let read = io::stdin().lock().read_line(&mut line);
        read.context("cannot read the confirmation")?;
        if line.trim() != SENTENCE {
            return Err(anyhow!("not confirmed; nothing was done").into());
        }
    }
    // First of all: whoever took a program's token publishes with it until then.
    clients::revoke_all(&store, &audit, now)
        .await
        .context("cannot end the programs' tokens")?;
    let bar = ProgressBar::new(accounts.try_into().unwrap_or(u64::MAX));
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos} of {len} accounts") {
        bar.set_style(style);
    }
    let manner = Manner {
        pause: PAUSE,
        erase_unanswered: command.erase_unanswered,
    };
    let tell = |step| match step {
        Step::Done => bar.inc(1),
        Step::Pause { accounts, until } => bar.suspend(|| {
            complain(&format!(
                "X wants a pause for {}; the next try is at {} UTC",
                count(accounts, "account"),
                until.format("%H:%M:%S")
            ));
        }),
    };
    let (updates_wiped, messages_dropped) = emergency::wipe_waiting(&store, &vault, now)
        .await
        .context("cannot wipe what waits to be handled")?;
    let done = emergency::revoke_and_erase(&store, &linker, everything, manner, tell).await;
    bar.finish_and_clear();
    let closed = store.close().await;
    let counted = Count {
        updates_wiped,
        messages_dropped,
        ..done.context("some accounts are left; run the command again")?
    };
    closed.context("cannot close the database")?;
    answer(command.json, &counted, in_words(&counted))?;
    Ok(if counted.left == 0 {
        Exit::Done
    } else {
        Exit::Failed
    })
}

fn in_words(counted: &Count) -> String {
    let Count {
        erased,
        ended,
        uncertain,
        users_told,
        left,
        limited,
        posts_standing,
        updates_wiped,
        messages_dropped,
    } = counted;
    let mut text = format!(
        "Erased {}. X has ended the tokens of {ended}; of {uncertain} it is not certain. {} told when the bot starts. Wiped {} that \
         waited to be handled, and dropped {} that waited to be sent.",
        count(*erased, "account"),
        are(*users_told, "user"),
        count(*updates_wiped, "update"),
        count(*messages_dropped, "message")
    );
    if *posts_standing > 0 {
        text += &format!(
            "\n{} may still stand at X; who posted is told where.",
            count(*posts_standing, "test post")
        );
    }
    if *limited > 0 {
        text += &format!(
            "\nFor {} X wanted a pause, and still did after {PAUSES} pauses.",
            count(*limited, "account")
        );
    }
    if *left > 0 {
        text += &format!(
            "\nX did not decide about {}, so that is kept. Run the command again, or with --erase-unanswered.",
            count(*left, "account")
        );
    }
    text + "\nStill to be done by hand: a new bot token from @BotFather, a new key (addx key add), and the copies of the database."
}
