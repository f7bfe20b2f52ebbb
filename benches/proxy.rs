//! What the signing proxy costs: the same request to a simulated X, signed by the client itself and sent directly, and sent
//! through the release binary. `docs/benchmarks.md` says what the figures mean.
//!
//! `cargo bench --bench proxy`, or with `-- --quick` to see only that it works.
#![expect(
    clippy::print_stdout,
    reason = "a benchmark speaks to the person at the terminal"
)]

use std::{
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use addx_sim::{
    port::ReservedPort,
    telegram::{Person, TelegramSim},
    x::{AppPermission, FourValues, XSim},
};
use anyhow::{Context as _, bail, ensure};
use clap::Parser;
use reqwest_oauth1::{OAuthClientProvider as _, Secrets};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

/// The kernel counts a process's CPU time in these (`USER_HZ`).
const TICK: Duration = Duration::from_millis(10);
/// What the proxy may add at the median.
const GOAL_MS: f64 = 1.0;
/// Requests a second that it must carry.
const GOAL_PER_SECOND: f64 = 1000.0;

/// Measures requests through the signing proxy against the same requests signed and sent directly.
#[derive(Parser)]
struct Cli {
    /// Few requests, once: shows that the benchmark works, its figures mean little
    #[arg(long)]
    quick: bool,
    /// How often both are measured, in turns
    #[arg(long, default_value = "5")]
    rounds: usize,
    /// Requests one after another, in a round
    #[arg(long, default_value = "2000")]
    requests: usize,
    /// Requests at the same time, for the throughput
    #[arg(long, default_value = "32")]
    at_once: usize,
    /// How long the throughput is measured
    #[arg(long, default_value = "20")]
    seconds: u64,
    /// Given by cargo; without it, as under `cargo test --all-targets`, the run is a quick one
    #[arg(long, hide = true)]
    bench: bool,
}

/// How one request is made.
#[derive(Clone)]
enum Way {
    Direct {
        http: reqwest::Client,
        url: String,
        values: Arc<FourValues>,
    },
    Proxied {
        http: reqwest::Client,
        url: String,
        token: Arc<str>,
    },
}

impl Way {
    /// Whether X said 200.
    async fn ask(&self) -> bool {
        let sent = match self {
            Self::Direct { http, url, values } => {
                let secrets = Secrets::new(&values.consumer_key, &values.consumer_secret)
                    .token(&values.access_token, &values.access_token_secret);
                http.clone().oauth1(secrets).get(url).send().await.ok()
            }
            Self::Proxied { http, url, token } => {
                http.get(url).bearer_auth(token).send().await.ok()
            }
        };
        match sent {
            Some(response) => response.status() == 200 && response.bytes().await.is_ok(),
            None => false,
        }
    }
}

/// The simulators, the running bot with one linked account, and a client's token for it.
struct World {
    x: XSim,
    _telegram: TelegramSim,
    _folder: TempDir,
    bot: Child,
    values: FourValues,
    proxy: ReservedPort,
    account: String,
    token: String,
}

impl World {
    async fn start() -> anyhow::Result<Self> {
        let telegram = TelegramSim::start().await?;
        let x = XSim::start().await?;
        x.record(false);
        let folder = tempfile::tempdir()?;
        let port = ReservedPort::new()?;
        let proxy = port.address();
        let file = |name| folder.path().join(name).display().to_string();
        let program = || {
            let mut command = Command::new(env!("CARGO_BIN_EXE_addx"));
            command
                .env_clear()
                .env("TELOXIDE_TOKEN", telegram.token())
                .env("TELOXIDE_API_URL", telegram.url())
                .env("X_API_URL", x.url())
                .env("DATABASE_URL", format!("sqlite://{}", file("addx.db")))
                .env("ADDX_KEY_FILE", file("addx.key"))
                .env("ADDX_PROXY_ADDR", proxy.to_string())
                .current_dir(folder.path())
                .stdin(Stdio::null())
                .stderr(Stdio::null());
            command
        };
        let bot = program().stdout(Stdio::null()).spawn()?;
        let user = x.new_user("seedling");
        let app = x.new_app(&user, AppPermission::ReadWrite);
        let values = app.four_values(&user);
        link(&telegram.new_user("Ada", Some("ada")), &values).await?;
        let accounts = program().args(["client", "accounts", "--json"]).output()?;
        let accounts: Value = serde_json::from_slice(&accounts.stdout)?;
        let account = accounts[0]["id"].as_str().context("no account")?.to_owned();
        let option = format!("--accounts={account}");
        let added = program()
            .args(["client", "add", "bench", "--json", &option])
            .output()?;
        let added: Value = serde_json::from_slice(&added.stdout)?;
        let token = added["token"].as_str().context("no token")?.to_owned();
        Ok(Self {
            x,
            _telegram: telegram,
            _folder: folder,
            bot,
            values,
            proxy: port,
            account,
            token,
        })
    }

    fn ways(&self) -> anyhow::Result<[Way; 2]> {
        let http = || reqwest::Client::builder().no_proxy().build();
        Ok([
            Way::Direct {
                http: http()?,
                url: format!("{}/2/users/me", self.x.url()),
                values: Arc::new(self.values.clone()),
            },
            Way::Proxied {
                http: http()?,
                url: format!(
                    "http://{}/x/{}/2/users/me",
                    self.proxy.address(),
                    self.account
                ),
                token: self.token.as_str().into(),
            },
        ])
    }

    /// CPU time of the bot so far, in user mode and in the kernel.
    fn cpu(&self) -> anyhow::Result<Duration> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.bot.id()))?;
        // The second field is the name in parentheses, which may hold anything.
        let (_, fields) = stat.rsplit_once(')').context("an odd stat")?;
        let mut fields = fields.split_whitespace().skip(11);
        let mut ticks =
            || -> anyhow::Result<u32> { Ok(fields.next().context("a short stat")?.parse()?) };
        Ok(TICK * ticks()? + TICK * ticks()?)
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let id = i32::try_from(self.bot.id()).ok().and_then(Pid::from_raw);
        if let Some(id) = id {
            // Fails only when it is gone already.
            let _ = kill_process(id, Signal::TERM);
        }
        let _ = self.bot.wait();
    }
}

async fn link(person: &Person, values: &FourValues) -> anyhow::Result<()> {
    person.say("/addx main");
    let in_order = [
        &values.consumer_key,
        &values.consumer_secret,
        &values.access_token,
        &values.access_token_secret,
    ];
    for (index, value) in in_order.into_iter().enumerate() {
        person
            .wait_text(&format!("Step {} of 4", index + 1))
            .await?;
        person.say(value);
    }
    person.wait_text("main is connected as").await?;
    Ok(())
}

/// The times of requests one after another, ascending, in milliseconds.
async fn latencies(way: &Way, requests: usize) -> anyhow::Result<Vec<f64>> {
    let mut times = Vec::with_capacity(requests);
    for _ in 0..requests {
        let begun = Instant::now();
        ensure!(way.ask().await, "a request failed");
        times.push(begun.elapsed().as_secs_f64() * 1000.0);
    }
    times.sort_by(f64::total_cmp);
    Ok(times)
}

fn quantile(ascending: &[f64], percent: usize) -> f64 {
    let last = ascending.len().saturating_sub(1);
    ascending.get(last * percent / 100).copied().unwrap_or(0.0)
}

/// Requests that were answered with 200 and those that were not, `at_once` at a time.
async fn throughput(way: &Way, at_once: usize, lasting: Duration) -> (usize, usize, Duration) {
    let (good, bad) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let begun = Instant::now();
    let mut asking = tokio::task::JoinSet::new();
    for _ in 0..at_once {
        let (way, good, bad) = (way.clone(), Arc::clone(&good), Arc::clone(&bad));
        asking.spawn(async move {
            while begun.elapsed() < lasting {
                let counter = if way.ask().await { &good } else { &bad };
                counter.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    while asking.join_next().await.is_some() {}
    let count = |counter: &AtomicUsize| counter.load(Ordering::Relaxed);
    (count(&good), count(&bad), begun.elapsed())
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
async fn run(cli: &Cli) -> anyhow::Result<()> {
    let quick = cli.quick || !cli.bench;
    let (rounds, requests, lasting) = if quick {
        (1, 50, Duration::from_secs(1))
    } else {
        (cli.rounds, cli.requests, Duration::from_secs(cli.seconds))
    };
    let world = World::start().await?;
    let [direct, proxied] = world.ways()?;
    for way in [&direct, &proxied] {
        latencies(way, 20).await?;
    }
    println!("{rounds} rounds of {requests} GET /2/users/me, one after another; times in ms\n");
    println!("| round | direct, median | proxied, median | added | direct, p99 | proxied, p99 |");
    println!("|---|---|---|---|---|---|");
    let mut added = Vec::new();
    let mut cpu = Duration::ZERO;
    for round in 1..=rounds {
        let plain = latencies(&direct, requests).await?;
        let before = world.cpu()?;
        let through = latencies(&proxied, requests).await?;
        cpu += world.cpu()?.saturating_sub(before);
        let more = quantile(&through, 50) - quantile(&plain, 50);
        println!(
            "| {round} | {:.3} | {:.3} | {more:.3} | {:.3} | {:.3} |",
            quantile(&plain, 50),
            quantile(&through, 50),
            quantile(&plain, 99),
            quantile(&through, 99)
        );
        added.push(more);
    }
    added.sort_by(f64::total_cmp);
    let median = quantile(&added, 50);
    let per_request = cpu.as_secs_f64() * 1e6 / (rounds * requests) as f64;
    println!("\nadded at the median: {median:.3} ms (goal: at most {GOAL_MS} ms)");
    println!("CPU of the bot a request: {per_request:.0} µs");
    println!("\n{} at once:", cli.at_once);
    for (name, way) in [("direct", &direct), ("proxied", &proxied)] {
        let before = world.cpu()?;
        let (good, bad, took) = throughput(way, cli.at_once, lasting).await;
        let cpu = world.cpu()?.saturating_sub(before);
        println!(
            "{name}: {:.0} a second, {bad} of {} failed, CPU of the bot a request {:.0} µs",
            good as f64 / took.as_secs_f64(),
            good + bad,
            cpu.as_secs_f64() * 1e6 / good.max(1) as f64
        );
        if bad > 0 {
            bail!("{bad} requests failed");
        }
    }
    println!("(goal: {GOAL_PER_SECOND} a second without an error; client and X share the machine)");
    Ok(())
}

fn main() -> anyhow::Result<()> {
    let cli = Cli::parse();
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?
        .block_on(run(&cli))
}
