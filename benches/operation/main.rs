//! What an operator waits for with 100,000 accounts, beside the same with 100: starts, look-ups, a copy, a change of keys.
//! `docs/benchmarks.md` says what the figures mean.
//!
//! `cargo bench --bench operation`, or with `-- --quick` to see only that it works.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark speaks to the person at the terminal"
)]

mod accounts;

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, ExitCode, Stdio},
    time::{Duration, Instant},
};

use addx::testing::{
    clock::Clock,
    jobs,
    linking::{Accounts, Linker},
    random::Random,
    store::{accounts as links, values},
    x::XClient,
};
use addx_sim::{telegram::TelegramSim, x::XSim};
use anyhow::{Context as _, ensure};
use chrono::TimeDelta;
use clap::Parser;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use self::accounts::Maker;

/// Accounts of each owner.
const EACH: usize = 4;
/// Whatever happens, the benchmark is over after this long.
const LONGEST: Duration = Duration::from_mins(10);
const START_GOAL_MS: f64 = 200.0;
const GROWTH_GOAL: f64 = 1.5;

/// Measures what an operator waits for with few and with many accounts.
#[derive(Parser)]
struct Cli {
    /// Few accounts, once: shows that the benchmark works, its figures mean little
    #[arg(long)]
    quick: bool,
    /// Accounts of the large database
    #[arg(long, default_value = "100000")]
    accounts: usize,
    /// Makes a database with this many accounts in FOLDER, and ends
    #[arg(long, value_name = "FOLDER")]
    make: Option<PathBuf>,
    /// Given by cargo; without it, as under `cargo test --all-targets`, the run is a quick one
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let quick = cli.quick || !cli.bench;
    let many = if quick { 2_000 } else { cli.accounts };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    let ran = runtime.context("no runtime").and_then(|runtime| {
        runtime.block_on(async {
            match cli.make {
                Some(folder) => make(&folder, many).await,
                None => tokio::time::timeout(LONGEST, measure(many, quick))
                    .await
                    .context("the benchmark took too long")?,
            }
        })
    });
    match ran {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("operation: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn make(folder: &Path, count: usize) -> anyhow::Result<()> {
    let mut maker = Maker::open(&folder.join("addx.db"), &folder.join("addx.key")).await?;
    let owners = i64::try_from(count / EACH)?;
    maker.make(1..=owners, EACH).await?;
    maker.store.close().await?;
    Ok(())
}

/// A database, and what is measured of it. Times in milliseconds.
struct Subject {
    folder: TempDir,
    owners: i64,
    made_s: f64,
    starts: Vec<f64>,
    lists: Vec<f64>,
    verifications: Vec<f64>,
    backup_s: f64,
    mib: f64,
    check_s: f64,
    rewrap_s: f64,
    rewrap_beside_bot_s: f64,
}

async fn measure(many: usize, quick: bool) -> anyhow::Result<()> {
    let mut subjects = Vec::new();
    for count in [100, many] {
        let folder = tempfile::tempdir()?;
        let begun = Instant::now();
        make(folder.path(), count).await?;
        subjects.push(Subject {
            folder,
            owners: i64::try_from(count / EACH)?,
            made_s: begun.elapsed().as_secs_f64(),
            starts: Vec::new(),
            lists: Vec::new(),
            verifications: Vec::new(),
            backup_s: 0.0,
            mib: 0.0,
            check_s: 0.0,
            rewrap_s: 0.0,
            rewrap_beside_bot_s: 0.0,
        });
    }
    // The databases take turns, so that what changes on the machine meets both.
    for _ in 0..if quick { 2 } else { 11 } {
        for subject in &mut subjects {
            let bot = Bot::start(subject.folder.path()).await?;
            subject.starts.push(bot.took);
            bot.stop()?;
        }
    }
    for _ in 0..if quick { 1 } else { 5 } {
        for subject in &mut subjects {
            subject.look_up(if quick { 5 } else { 100 }).await?;
        }
    }
    for subject in &mut subjects {
        subject.operate().await?;
    }
    print(&subjects);
    Ok(())
}

impl Subject {
    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// `/accounts` and `/verify` as the bot does them: in its transactions, with its checks; X answers on loopback.
    async fn look_up(&mut self, times: i64) -> anyhow::Result<()> {
        let maker = Maker::open(&self.file("addx.db"), &self.file("addx.key")).await?;
        let (clock, random) = (Clock::system(), Random::system());
        let x = XSim::start().await?;
        let client = XClient::new(x.url().parse()?, clock.clone(), random.clone())
            .map_err(|error| anyhow::anyhow!("{error}"))?;
        let (to_write, mut told) = mpsc::unbounded_channel();
        let store = maker.store.clone();
        let accounts = Accounts::new(store.clone(), maker.vault, maker.audit, clock.clone());
        let linker = Linker::new(accounts, &client, random);
        let context =
            jobs::Context::new(linker.clone(), client, to_write, jobs::Metrics::default());
        let stop = CancellationToken::new();
        let checks = tokio::spawn({
            let (store, clock) = (store.clone(), clock.clone());
            let stop = stop.clone();
            async move { jobs::run_checks(&context, store, clock, Random::system(), stop).await }
        });
        for time in 0..times {
            // Far apart, so that each finds other pages than the one before.
            let owner = 1 + time * 7_919 % self.owners;
            let begun = Instant::now();
            let mut tx = store.begin().await?;
            let lines = linker.summaries(&mut tx, owner).await?;
            tx.commit().await?;
            self.lists.push(millis(begun.elapsed()));
            ensure!(lines.len() == EACH, "{} accounts", lines.len());

            let first = lines.first().context("no account")?.id;
            let begun = Instant::now();
            let mut tx = store.begin().await?;
            linker.verify(&mut tx, owner, first).await?;
            tx.commit().await?;
            told.recv().await.context("the checks ended")?;
            self.verifications.push(millis(begun.elapsed()));
            // The next round asks again: that it was asked is forgotten, as after an hour.
            let mut tx = store.begin().await?;
            addx::testing::store::checks::purge_log(&mut *tx, clock.now() + TimeDelta::hours(1))
                .await?;
            let account = links::by_id(&mut *tx, owner, first).await?;
            ensure!(account.is_some(), "the account is gone");
            let key = values::data_key(&mut *tx, owner, first).await?;
            ensure!(key.is_some(), "its key is gone");
            tx.commit().await?;
        }
        stop.cancel();
        checks.await?;
        store.close().await?;
        Ok(())
    }

    /// The commands, as an operator runs them.
    async fn operate(&mut self) -> anyhow::Result<()> {
        self.backup_s = self.run(&["backup", "copy.db"])?;
        self.check_s = self.run(&["restore", "--check", "copy.db"])?;
        #[expect(clippy::cast_precision_loss, reason = "a size for people")]
        let bytes = std::fs::metadata(self.file("copy.db"))?.len() as f64;
        self.mib = bytes / (1024.0 * 1024.0);
        self.run(&["key", "add"])?;
        self.rewrap_s = self.run(&["key", "rewrap"])?;
        self.run(&["key", "retire", "1"])?;
        let bot = Bot::start(self.folder.path()).await?;
        self.run(&["key", "add"])?;
        self.rewrap_beside_bot_s = self.run(&["key", "rewrap"])?;
        self.run(&["key", "retire", "2"])?;
        bot.stop()
    }

    fn run(&self, arguments: &[&str]) -> anyhow::Result<f64> {
        let begun = Instant::now();
        let mut command = program(self.folder.path());
        let done = command.args(arguments).stderr(Stdio::inherit()).status()?;
        ensure!(done.success(), "addx {}: {done}", arguments.join(" "));
        Ok(begun.elapsed().as_secs_f64())
    }
}

fn program(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_addx"));
    command
        .current_dir(folder)
        .env_clear()
        .env("DATABASE_URL", "sqlite://addx.db")
        .env("ADDX_KEY_FILE", "addx.key")
        .env("RUST_LOG", "error")
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    command
}

/// The real bot. It is killed when this is dropped.
struct Bot {
    child: Child,
    /// From its start to its first `getUpdates`.
    took: f64,
    sims: (TelegramSim, XSim),
}

impl Bot {
    async fn start(folder: &Path) -> anyhow::Result<Self> {
        let (telegram, x) = (TelegramSim::start().await?, XSim::start().await?);
        let begun = Instant::now();
        let child = program(folder)
            .env("TELOXIDE_TOKEN", telegram.token())
            .env("TELOXIDE_API_URL", telegram.url())
            .env("X_API_URL", x.url())
            .stderr(Stdio::null())
            .spawn()?;
        let mut bot = Self {
            child,
            took: 0.0,
            sims: (telegram, x),
        };
        bot.sims.0.wait_polling().await?;
        bot.took = millis(begun.elapsed());
        Ok(bot)
    }

    fn stop(mut self) -> anyhow::Result<()> {
        kill_process(Pid::from_child(&self.child), Signal::TERM)?;
        let status = self.child.wait()?;
        ensure!(status.success(), "the bot ended with {status}");
        Ok(())
    }
}

impl Drop for Bot {
    fn drop(&mut self) {
        // Fails only when it is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn median(times: &[f64]) -> f64 {
    let mut times = times.to_vec();
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn print(subjects: &[Subject]) {
    let [few, many] = subjects else { return };
    let rows = |subject: &Subject| subject.owners * i64::try_from(EACH).unwrap_or_default();
    println!(
        "| | {} accounts | {} accounts | ratio | goal |",
        rows(few),
        rows(many)
    );
    println!("|---|---|---|---|---|");
    let line = |what: &str, unit: &str, value: &dyn Fn(&Subject) -> f64, goal: &str| {
        let (a, b) = (value(few), value(many));
        println!(
            "| {what} | {a:.2} {unit} | {b:.2} {unit} | {:.2} | {goal} |",
            b / a
        );
    };
    let growth = |value: &dyn Fn(&Subject) -> f64| {
        let met = value(many) <= GROWTH_GOAL * value(few);
        format!(
            "at most {GROWTH_GOAL} times: {}",
            if met { "met" } else { "missed" }
        )
    };
    let start = |subject: &Subject| median(&subject.starts);
    let met = if start(many) < START_GOAL_MS {
        "met"
    } else {
        "missed"
    };
    line(
        "start to first `getUpdates`, median",
        "ms",
        &start,
        &format!("under {START_GOAL_MS} ms: {met}"),
    );
    let list = |subject: &Subject| median(&subject.lists);
    line(
        "`/accounts`, its transaction, median",
        "ms",
        &list,
        &growth(&list),
    );
    let verify = |subject: &Subject| median(&subject.verifications);
    line(
        "one verification, all transactions and X on loopback, median",
        "ms",
        &verify,
        &growth(&verify),
    );
    line("`addx backup`", "s", &|subject| subject.backup_s, "");
    line("size of the copy", "MiB", &|subject| subject.mib, "");
    line(
        "`addx restore --check`",
        "s",
        &|subject| subject.check_s,
        "",
    );
    line("`addx key rewrap`", "s", &|subject| subject.rewrap_s, "");
    line(
        "the same beside a running bot",
        "s",
        &|subject| subject.rewrap_beside_bot_s,
        "",
    );
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let rate = |subject: &Subject| rows(subject) as f64 / subject.rewrap_beside_bot_s;
    line("rows a second, beside a running bot", "", &rate, "");
    line("making the accounts", "s", &|subject| subject.made_s, "");
}
