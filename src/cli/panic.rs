//! `addx panic`: for the day after a break-in.

use std::{io, time::Duration};

use crate::{
    admin::{
        clients,
        emergency::{self, Count, Manner, PAUSES, Step},
        unlock::Wanted,
    },
    config::{ConfigError, X_URL},
    jobs::Context,
    linking::{Accounts, Linker},
    support::{
        instance::Instance,
        metrics::Metrics,
        plural::{are, count},
    },
    x::XClient,
};
use anyhow::{Context as _, anyhow, bail};
use chrono::TimeDelta;
use clap::Args;
use indicatif::ProgressBar;
use tokio::sync::mpsc;
use url::Url;

use super::{
    Exit, answer, bar, complain,
    database::{Opened, Place},
};

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
}

pub(crate) async fn run(
    command: PanicCommand,
    place: &Place,
    x_url: Url,
    keeps_backups: Option<TimeDelta>,
    json: bool,
) -> anyhow::Result<Exit> {
    let lock = Instance::claim(&place.database).context("cannot make the lock file")?;
    let _lock = lock.ok_or_else(|| anyhow!("the bot runs on this database; stop it first"))?;
    let counted = place
        .with(Wanted::Everything, async |opened| {
            revoke_everything(opened, command, x_url, keeps_backups).await
        })
        .await?;
    answer(json, &counted, in_words(&counted))?;
    Ok(Exit::done_if(counted.left == 0))
}

async fn revoke_everything(
    opened: &Opened,
    command: PanicCommand,
    x_url: Url,
    keeps_backups: Option<TimeDelta>,
) -> anyhow::Result<Count> {
    let Opened {
        store,
        vault,
        clock,
        random,
    } = opened;
    let audit = opened.audit_key().await?;
    let x = XClient::new(x_url, clock.clone(), random.clone())
        .map_err(|error| ConfigError::new(X_URL, error))?;
    let (to_write, _unread) = mpsc::unbounded_channel();
    let now = clock.now();
    let accounts = Accounts::new(store.clone(), vault.clone(), audit.clone(), clock.clone());
    let linker = Linker::new(accounts, &x, random.clone()).keeping_backups(keeps_backups);
    let context = Context::new(linker, x, to_write, Metrics::default());
    let everything = emergency::everything(store)
        .await
        .context("cannot look up the accounts")?;
    let accounts: usize = everything.values().map(Vec::len).sum();
    if !command.yes_revoke_everything {
        confirm(accounts, everything.len())?;
    }
    // First of all: whoever took a program's token publishes with it until then.
    clients::revoke_all(store, &audit, now)
        .await
        .context("cannot end the programs' tokens")?;
    let wiped = emergency::wipe_waiting(store, vault, now)
        .await
        .context("cannot wipe what waits to be handled")?;
    let manner = Manner {
        pause: PAUSE,
        erase_unanswered: command.erase_unanswered,
    };
    let bar = bar(accounts as u64, "{bar:40} {pos} of {len} accounts");
    let tell = |step| tell(step, &bar);
    let done = emergency::revoke_and_erase(store, &context, everything, manner, tell).await;
    bar.finish_and_clear();
    Ok(Count {
        updates_wiped: wiped.updates,
        messages_dropped: wiped.messages,
        posts_discarded: wiped.posts,
        ..done.context("some accounts are left; run the command again")?
    })
}

/// Asks the person at the terminal to type [`SENTENCE`].
fn confirm(accounts: usize, users: usize) -> anyhow::Result<()> {
    complain(&format!(
        "this revokes the tokens of {} of {} at X and deletes them here. All client tokens are revoked. This cannot be \
         undone. Type {SENTENCE} to continue:",
        count(accounts, "account"),
        count(users, "user")
    ));
    let line = io::stdin().lines().next().transpose();
    let line = line.context("cannot read the confirmation")?;
    if line.unwrap_or_default().trim() != SENTENCE {
        bail!("not confirmed; nothing was done");
    }
    Ok(())
}

fn tell(step: Step, bar: &ProgressBar) {
    match step {
        Step::Done => bar.inc(1),
        Step::Pause { accounts, until } => bar.suspend(|| {
            complain(&format!(
                "X wants a pause for {}; the next try is at {} UTC",
                count(accounts, "account"),
                until.format("%H:%M:%S")
            ));
        }),
    }
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
        posts_discarded,
    } = counted;
    let mut text = format!(
        "Erased {}. X has ended the tokens of {ended}; of {uncertain} it is not certain. {} told when the bot starts. Wiped {} that \
         waited to be handled, and dropped {} that waited to be sent.",
        count(*erased, "account"),
        are(*users_told, "user"),
        count(*updates_wiped, "update"),
        count(*messages_dropped, "message")
    );
    if *posts_discarded > 0 {
        text += &format!(
            "\nThrew away {} that waited to be sent.",
            count(*posts_discarded, "post")
        );
    }
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
