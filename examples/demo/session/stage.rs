//! The stage: both simulators, the real bot between them, and the clock that all three go by.

use std::time::Duration;

use addx::testing::{
    app::{self, AppError},
    audit, clients as programs,
    clock::Clock,
    config::{Config, People, Rechecks},
    domain::{account::AccountId, client::Terms, credentials::Secret},
    random::Random,
    store::{Store, clients},
    unlock::unlock,
};
use addx_sim::{
    port::ReservedPort,
    telegram::{Person, TelegramSim},
    x::{XSim, answers},
};
use anyhow::{Context as _, bail};
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{
    SqlitePool,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions},
};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

use super::{Pace, program::Program};

/// 2026-11-24 12:00:00 UTC: when every script begins.
const NOON: i64 = 1_795_521_600;
/// The bot asks X about a link by itself this often: here nobody wants to wait for a day.
const RECHECK: TimeDelta = TimeDelta::minutes(1);
/// How long it waits before it asks again about a refusal.
const RECHECK_CONFIRM: TimeDelta = TimeDelta::seconds(10);
/// What the bot may take to come to rest before the demo gives up.
const PATIENCE: Duration = Duration::from_secs(20);
/// Pause between two looks into the database.
const LOOK_AGAIN: Duration = Duration::from_millis(5);
/// All that the bot asks X.
const X_PATHS: [&str; 8] = [
    "/2/tweets",
    "/2/tweets/{id}",
    "/2/users/me",
    "/oauth2/token",
    "/oauth/request_token",
    "/oauth/access_token",
    "/1.1/account/verify_credentials.json",
    "/1.1/oauth/invalidate_token.json",
];

/// Whether the bot has something to do now: an update to handle, a question to X, a message or card to send, …
const BUSY: &str = "SELECT EXISTS (SELECT 1 FROM inbox WHERE sealed IS NOT NULL)
    OR EXISTS (SELECT 1 FROM jobs WHERE ifnull(run_at, 0) <= ?1)
    OR EXISTS (SELECT 1 FROM health_checks WHERE due_at <= ?1)
    OR EXISTS (SELECT 1 FROM outbox WHERE due_at <= ?1)
    OR EXISTS (SELECT 1 FROM accounts WHERE candidate_until <= ?1)
    OR EXISTS (SELECT 1 FROM dialogues WHERE card_due_at <= ?1 OR expires_at <= ?1)";

/// When the bot will ask X for somebody who waits for the answer, or once more about a refusal.
const NEXT_CHECK: &str = "SELECT min(due_at) FROM (
    SELECT run_at AS due_at FROM jobs WHERE kind IN ('check', 'pin', 'revoke') AND give_up_at IS NULL
    UNION ALL SELECT due_at FROM health_checks WHERE memory -> '$.suspicion.held' = '0' AND memory -> 'vain' = '0')";

/// Everything that runs.
pub(super) struct Stage {
    pub(super) x: XSim,
    /// The person at the terminal, in a private chat with the bot.
    pub(super) person: Person,
    telegram: TelegramSim,
    clock: Clock,
    pace: Pace,
    folder: TempDir,
    /// Where programs publish.
    proxy: ReservedPort,
    bot: Option<RunningBot>,
    /// Moves the clock with the machine's.
    _ticking: Option<AbortOnDropHandle<()>>,
}

struct RunningBot {
    stop: CancellationToken,
    task: JoinHandle<Result<(), AppError>>,
    database: SqlitePool,
}

impl Stage {
    /// Starts the simulators and the bot, with an empty database in a temporary folder.
    pub(super) async fn start(pace: Pace, language: &str) -> anyhow::Result<Self> {
        let clock = Clock::manual(match pace {
            Pace::Live => Clock::system().now(),
            Pace::Scripted => DateTime::from_timestamp(NOON, 0).unwrap_or_default(),
        });
        let x = XSim::start().await.context("X could not be started")?;
        let telegram = TelegramSim::start()
            .await
            .context("Telegram could not be started")?;
        telegram.set_patience(PATIENCE);
        telegram.shift_clock(clock.now().timestamp() - telegram.now());
        let xs_clock = clock.clone();
        x.follow_clock(move || xs_clock.now().timestamp());
        let ticking = match pace {
            Pace::Live => Some(AbortOnDropHandle::new(tokio::spawn(tick(clock.clone())))),
            Pace::Scripted => None,
        };
        let person = telegram.new_user("Ada", Some("ada"));
        telegram.set_language(person.id(), language);
        let mut stage = Self {
            person,
            folder: tempfile::tempdir().context("no temporary folder")?,
            proxy: ReservedPort::new().context("no free port")?,
            x,
            telegram,
            clock,
            pace,
            bot: None,
            _ticking: ticking,
        };
        stage.start_bot().await?;
        Ok(stage)
    }

    /// The bot's name in Telegram.
    pub(super) fn bot_username(&self) -> &'static str {
        self.telegram.bot_username()
    }

    /// Starts the bot on the database that is there, and waits until it listens.
    pub(super) async fn start_bot(&mut self) -> anyhow::Result<()> {
        let config = self.config()?;
        let database = looking_at(&config);
        let stop = CancellationToken::new();
        let running = app::run(config, self.clock.clone(), Random::system(), stop.clone());
        let mut task = tokio::spawn(running);
        tokio::select! {
            ended = &mut task => {
                ended.context("the bot panicked")??;
                bail!("the bot ended by itself");
            }
            listens = self.telegram.wait_polling() => {
                listens.map_err(|_| anyhow::anyhow!("the bot did not start"))?;
            }
        }
        self.bot = Some(RunningBot {
            stop,
            task,
            database,
        });
        Ok(())
    }

    /// Stops the bot as SIGTERM would.
    pub(super) async fn stop_bot(&mut self) -> anyhow::Result<()> {
        if let Some(bot) = self.bot.take() {
            bot.database.close().await;
            bot.stop.cancel();
            bot.task.await.context("the bot panicked")??;
        }
        Ok(())
    }

    fn config(&self) -> anyhow::Result<Config> {
        Ok(Config {
            token: Secret::new(self.telegram.token().to_owned()),
            telegram_url: self.telegram.url().parse()?,
            x_url: self.x.url().parse()?,
            database: self.folder.path().join("addx.db"),
            key_file: self.folder.path().join("addx.key"),
            people: People::default(),
            rechecks: Rechecks {
                interval: Some(RECHECK),
                confirm: RECHECK_CONFIRM,
                budget: None,
            },
            proxy: Some(self.proxy.address()),
            metrics: None,
            keeps_audit: None,
            keeps_backups: None,
        })
    }

    /// Lets a program use every account there is, as the operator would.
    pub(super) async fn new_program(&self) -> anyhow::Result<Option<Program>> {
        let config = self.config()?;
        let random = Random::system();
        let store = Store::open(&config.database).await?;
        let vault = unlock(&store, &config.key_file, &self.clock, &random).await?;
        let key = audit::open_key(&store, &vault).await?;
        let accounts: Vec<AccountId> = clients::all_accounts(store.reader())
            .await?
            .into_iter()
            .map(|account| account.id)
            .collect();
        let Some(account) = accounts.first().copied() else {
            store.close().await?;
            return Ok(None);
        };
        let number: u32 = u32::from_be_bytes(random.bytes()?);
        let name = format!("curl-{:04x}", number >> 16).parse()?;
        let now = self.clock.now();
        let terms = Terms {
            accounts,
            ..Terms::default()
        };
        let added = programs::add(&store, &vault, &key, now, &name, terms).await?;
        store.close().await?;
        Program::new(self.proxy.address(), account, added.token).map(Some)
    }

    /// X answers everything with 503, or as it should again.
    pub(super) fn set_x_down(&self, down: bool) {
        for path in X_PATHS {
            if down {
                self.x.force(path, answers::unavailable());
            } else {
                self.x.clear(path);
            }
        }
    }

    /// Lets time pass.
    pub(super) fn advance(&self, by: Duration) {
        self.telegram.advance(by);
        self.clock.advance(by);
    }

    /// Waits until the bot has nothing to do: every update is confirmed and handled, every question to X answered,
    /// every message sent and the card drawn.
    pub(super) async fn rest(&self) -> anyhow::Result<()> {
        let Some(bot) = &self.bot else {
            return Ok(());
        };
        let resting = async {
            loop {
                // First Telegram: what it still holds is not in the database yet.
                let settled = self.telegram.settled().await.is_ok();
                if settled && !bot.is_busy(self.clock.now()).await? {
                    return Ok(());
                }
                if bot.task.is_finished() {
                    bail!("the bot ended by itself");
                }
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        };
        match tokio::time::timeout(PATIENCE, resting).await {
            Ok(rested) => rested,
            Err(_) => bail!(
                "the bot did not come to rest within {PATIENCE:?}; RUST_LOG=addx=debug shows what it does"
            ),
        }
    }

    /// How long a script would have to wait for X's next answer. In a terminal time passes by itself.
    pub(super) async fn until_next_answer(&self) -> anyhow::Result<Option<Duration>> {
        let Some(bot) = &self.bot else {
            return Ok(None);
        };
        if self.pace == Pace::Live {
            return Ok(None);
        }
        let due: Option<i64> = sqlx::query_scalar(NEXT_CHECK)
            .fetch_one(&bot.database)
            .await?;
        let wait = due.map(|due| due - self.clock.now().timestamp());
        Ok(wait
            .and_then(|wait| u64::try_from(wait).ok())
            .map(Duration::from_secs))
    }
}

impl RunningBot {
    async fn is_busy(&self, now: DateTime<Utc>) -> anyhow::Result<bool> {
        let busy = sqlx::query_scalar(BUSY).bind(now.timestamp());
        Ok(busy.fetch_one(&self.database).await?)
    }
}

/// A view of the bot's database, opened when it is first looked at.
fn looking_at(config: &Config) -> SqlitePool {
    let options = SqliteConnectOptions::new()
        .filename(&config.database)
        .pragma("query_only", "ON");
    SqlitePoolOptions::new()
        .max_connections(1)
        .connect_lazy_with(options)
}

/// Keeps a manual clock with the machine's, so that it can be moved forward besides.
async fn tick(clock: Clock) {
    let machine = Clock::system();
    let mut seen = machine.now();
    let mut every_second = tokio::time::interval(Duration::from_secs(1));
    loop {
        every_second.tick().await;
        let now = machine.now();
        clock.advance((now - seen).to_std().unwrap_or_default());
        seen = now;
    }
}
