//! Whole conversations with the real binary, the same calls made by a bare HTTP client, and the same conversation with a bot
//! that others would build: what the bot costs, how much of that is the price of talking HTTP at all, and how it compares.
//! `docs/benchmarks.md` says what the figures mean.
//!
//! `cargo bench --bench conversations`, or with `-- --quick` to see only that it works.

mod counted;
mod driver;
mod floor;
mod report;
mod subject;

use std::{num::NonZeroUsize, process::ExitCode, time::Duration};

use anyhow::Context as _;
use clap::{Parser, Subcommand};

use self::{
    driver::{World, calls_of_one_conversation},
    report::{Counted, Measured, Report},
    subject::{Kind, Subject, peer_lacks},
};

/// Whatever happens, the benchmark is over after this long.
const LONGEST: Duration = Duration::from_mins(30);
/// The runtimes of all processes have as many workers as the bot's.
const WORKERS: usize = 2;

/// Measures whole conversations with the bot against a bare HTTP client that makes the same calls.
#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    role: Option<Role>,
    /// Few conversations, once: shows that the benchmark works, its figures mean little
    #[arg(long)]
    quick: bool,
    /// Conversations at once, one column for each
    #[arg(long, value_delimiter = ',', default_values = ["1", "20", "200"])]
    at_once: Vec<NonZeroUsize>,
    /// How often everything is measured; medians are shown
    #[arg(long, default_value = "5")]
    rounds: NonZeroUsize,
    /// Conversations of a column in a round; at least three for each of those at once
    #[arg(long, default_value = "60")]
    conversations: NonZeroUsize,
    /// Starts that are measured
    #[arg(long, default_value = "10")]
    starts: NonZeroUsize,
    /// How many milliseconds longer every call to Telegram takes
    #[arg(long, value_name = "MS", default_value = "0")]
    latency: u64,
    /// Conversations before each column that are not measured: they open connections and prepare statements, and the peer's
    /// runtime compiles what is used much
    #[arg(long, default_value = "400")]
    warm_up: NonZeroUsize,
    /// Given by cargo; without it, as under `cargo test --all-targets`, the run is a quick one
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Subcommand)]
enum Role {
    /// Be the bare client (how the benchmark starts itself once more)
    #[command(hide = true)]
    Floor,
    /// Be the bot, and count what its database does (the same)
    #[command(hide = true)]
    Counted,
}

/// How much is measured.
struct Plan {
    at_once: Vec<usize>,
    rounds: usize,
    conversations: usize,
    /// Conversations that each of those at once has one after another.
    waves: usize,
    starts: usize,
    latency: Duration,
    warm_up: usize,
}

impl Plan {
    fn of(cli: &Cli) -> Self {
        let latency = Duration::from_millis(cli.latency);
        if cli.quick || !cli.bench {
            return Self {
                at_once: vec![1, 5],
                rounds: 1,
                conversations: 5,
                waves: 1,
                starts: 1,
                latency,
                warm_up: 1,
            };
        }
        Self {
            at_once: cli.at_once.iter().map(|n| n.get()).collect(),
            rounds: cli.rounds.get(),
            conversations: cli.conversations.get(),
            waves: 3,
            starts: cli.starts.get(),
            latency,
            warm_up: cli.warm_up.get(),
        }
    }

    /// Gets ready for a column.
    async fn warm_up(&self, world: &World, at_once: usize) -> anyhow::Result<()> {
        world.set_latency(Duration::ZERO);
        world
            .converse(at_once, self.warm_up.div_ceil(at_once))
            .await?;
        world.set_latency(self.latency);
        Ok(())
    }

    fn waves_at(&self, at_once: usize) -> usize {
        self.conversations.div_ceil(at_once).max(self.waves)
    }
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let ran = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .enable_all()
        .build()
        .context("no runtime")
        .and_then(|runtime| {
            runtime.block_on(async {
                match cli.role {
                    Some(Role::Floor) => floor::serve().await,
                    Some(Role::Counted) => counted::serve().await,
                    None => tokio::time::timeout(LONGEST, measure(&Plan::of(&cli)))
                        .await
                        .context("the benchmark took too long")?,
                }
            })
        });
    match ran {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report::complain(&error);
            ExitCode::FAILURE
        }
    }
}

async fn measure(plan: &Plan) -> anyhow::Result<()> {
    let mut kinds = vec![Kind::Bot, Kind::Floor];
    match peer_lacks() {
        None => kinds.push(Kind::Peer),
        Some(reason) => report::goes_without_peer(reason),
    }
    let mut report = Report::new(kinds.clone());
    for &kind in &kinds {
        report.calls.push(calls_of_one_conversation(kind).await?);
    }
    report.counted = count(plan).await?;
    for _ in 0..plan.starts {
        for &kind in &kinds {
            report.add_starts(kind, driver::time_starts(kind).await?);
        }
    }
    for round in 1..=plan.rounds {
        for &kind in &kinds {
            for measured in measure_subject(kind, plan).await? {
                report.add(kind, measured);
            }
        }
        // A B C, then C B A: what changes steadily on the machine then favours none.
        kinds.reverse();
        report::progress(round, plan.rounds);
    }
    report.print(&plan.at_once);
    Ok(())
}

/// What the bot's database does for one conversation, for each column.
async fn count(plan: &Plan) -> anyhow::Result<Vec<Counted>> {
    let world = World::start().await?;
    let mut subject = Subject::start(Kind::Counted, &world)?;
    world.telegram.wait_polling().await?;
    let mut columns = Vec::with_capacity(plan.at_once.len());
    for &at_once in &plan.at_once {
        plan.warm_up(&world, at_once).await?;
        let before = subject.counts()?;
        let conversed = world.converse(at_once, plan.waves_at(at_once)).await?;
        let counts = subject.counts()?.since(before);
        columns.push(Counted {
            at_once,
            conversations: conversed.count,
            counts,
        });
    }
    subject.stop().await?;
    Ok(columns)
}

/// Every column once, with one process, so that its peak of memory grows from column to column.
async fn measure_subject(kind: Kind, plan: &Plan) -> anyhow::Result<Vec<Measured>> {
    let world = World::start().await?;
    let subject = Subject::start(kind, &world)?;
    world.telegram.wait_polling().await?;
    let mut columns = Vec::with_capacity(plan.at_once.len());
    for &at_once in &plan.at_once {
        plan.warm_up(&world, at_once).await?;
        let _ = world.telegram.take_latencies();
        let cpu_before = subject.cpu()?;
        let conversed = world.converse(at_once, plan.waves_at(at_once)).await?;
        let cpu = subject.cpu()?.saturating_sub(cpu_before);
        let (count, took) = (conversed.count, conversed.took);
        columns.push(Measured {
            at_once,
            cpu_ms: report::millis(cpu) / report::number(count),
            per_second: report::number(count) / took.as_secs_f64(),
            latencies: report::sorted(world.telegram.take_latencies()),
            verifications: conversed.verifications,
            peak_mib: subject.peak_memory_mib()?,
        });
    }
    subject.stop().await?;
    Ok(columns)
}
